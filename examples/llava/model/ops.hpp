// SPDX-License-Identifier: MIT
#pragma once
/// \file  The operations a model is made of; for those who build another one.

#include "llava/model/activation.hpp"
#include "llava/model/attention.hpp"
#include "llava/model/device.hpp"
#include "llava/model/embedding.hpp"
#include "llava/model/gemm.hpp"
#include "llava/model/linear.hpp"
#include "llava/model/norm.hpp"
#include "llava/model/reduce.hpp"
#include "llava/model/rope.hpp"
