// SPDX-License-Identifier: MIT
#pragma once
/// \file  CUDA's 16-bit types as logits.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <prefopt/row/half.hpp>

namespace prefopt {

template <>
inline constexpr half_format half_format_of<__nv_bfloat16> = half_format::bfloat16;
template <>
inline constexpr half_format half_format_of<__half> = half_format::float16;

}  // namespace prefopt
