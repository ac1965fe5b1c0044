// SPDX-License-Identifier: MIT
/// \file  A loss on Thrust's device, whichever that is: a GPU when nvcc compiles this file
/// (nvcc -std=c++20 -x cu thrust.cpp), the host's threads otherwise.

#if !defined(__CUDACC__) && !defined(THRUST_DEVICE_SYSTEM)
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_OMP
#endif

#include <vector>

#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/host_vector.h>

#include <prefopt/adapters/thrust.hpp>
#include <prefopt/losses/dpo.hpp>

#include "expect.hpp"

int main()
{
  int wrong = 0;
  // [device]
  std::vector<float> const host_chosen{-40, -45}, host_rejected{-55, -50};
  thrust::device_vector<float> const chosen = host_chosen, rejected = host_rejected;
  thrust::device_vector<float> const ref_chosen(2, -42.0f), ref_rejected(2, -50.0f);
  thrust::device_vector<float> loss(2), d_chosen(2), d_rejected(2);

  prefopt::evaluate(thrust::device, prefopt::dpo<float>{.beta = 0.1f},
                    {.chosen = chosen,
                     .rejected = rejected,
                     .ref_chosen = ref_chosen,
                     .ref_rejected = ref_rejected},
                    {.value = loss, .gradient = {.chosen = d_chosen, .rejected = d_rejected}});
  // [device]
  thrust::host_vector<float> const on_host = loss, derivative = d_rejected;
  wrong |= expect("DPO, first pair", on_host[0], 0.403186049);
  wrong |= expect("DPO, second pair", on_host[1], 0.854355244);
  wrong |= expect("its derivative by the rejected log-prob", derivative[1], 0.057444252);
  return wrong;
}
