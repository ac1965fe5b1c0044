// SPDX-License-Identifier: MIT
// expected-error "or give the tensor a fixed rank"
// skipped-by "nvcc Clang"
// needs-header "xtensor/xtensor_config.hpp"
/// \file  An xarray, whose rank is known at run time only.

#include <vector>

#include <prefopt/adapters/xtensor.hpp>
#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/dpo.hpp>
#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xarray.hpp>
#include <xtensor/xtensor.hpp>
#endif

#ifdef PREFOPT_SHOULD_FAIL
using tensor = xt::xarray<float>;
#else
using tensor = xt::xtensor<float, 1>;
#endif

void call(std::vector<float>& column, tensor const& other)
{
  prefopt::evaluate(
      prefopt::dpo<float>{},
      {.chosen = other, .rejected = column, .ref_chosen = column, .ref_rejected = column},
      {.value = column});
}
