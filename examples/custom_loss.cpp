// SPDX-License-Identifier: MIT
/// \file  A loss of one's own: the formula is all there is to write. Its gradient, the loop over a
/// register of samples and every Thrust system follow from it.

#if !defined(__CUDACC__) && !defined(THRUST_DEVICE_SYSTEM)
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_OMP
#endif

#include <vector>

#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/host_vector.h>

#include <prefopt/adapters/thrust.hpp>
#include <prefopt/core/evaluate.hpp>

#include "expect.hpp"

// [loss]
/// max(0, target - margin)^2 on the reward margin.
struct squared_hinge {
  template <class Policy, class Constant = Policy>
  using record = prefopt::pair_logps<Policy, Constant>;
  static constexpr bool branch_free = true;  // chooses by max, min and select only

  float beta = 0.1f;
  float target = 1.0f;

  template <class Policy, class Constant>
  PREFOPT_HD Policy operator()(prefopt::pair_logps<Policy, Constant> const& x) const
  {
    auto const margin = beta * ((x.chosen - x.ref_chosen) - (x.rejected - x.ref_rejected));
    Policy const gap = prefopt::max(target - margin, Policy(0));
    return gap * gap;
  }
};
static_assert(prefopt::check_loss<squared_hinge, float>());
// [loss]

int main()
{
  int wrong = 0;
  // [one]
  // One example: margin 0.1 * (2 + 5) = 0.7, loss 0.3^2, derivative -2 * 0.3 * 0.1.
  auto const one = prefopt::value_and_gradient<float>(
      squared_hinge{}, {.chosen = -40, .rejected = -55, .ref_chosen = -42, .ref_rejected = -50});
  // [one]
  wrong |= expect("one example", one.value, 0.09);
  wrong |= expect("its derivative by the chosen log-prob", one.gradient.chosen, -0.06);

  std::vector<float> const chosen(100, -40.0f), rejected(100, -55.0f);
  std::vector<float> const ref_chosen(100, -42.0f), ref_rejected(100, -50.0f);
  std::vector<float> loss(100), d_rejected(100);
  prefopt::evaluate(squared_hinge{},
                    {.chosen = chosen,
                     .rejected = rejected,
                     .ref_chosen = ref_chosen,
                     .ref_rejected = ref_rejected},
                    {.value = loss, .gradient = {.rejected = d_rejected}}, {.threads = 2});
  wrong |= expect("host loop", loss[99], 0.09);
  wrong |= expect("its derivative by the rejected log-prob", d_rejected[99], 0.06);

  thrust::device_vector<float> const c = chosen, r = rejected, rc = ref_chosen, rr = ref_rejected;
  thrust::device_vector<float> value(100);
  prefopt::evaluate(thrust::device, squared_hinge{},
                    {.chosen = c, .rejected = r, .ref_chosen = rc, .ref_rejected = rr},
                    {.value = value});
  thrust::host_vector<float> const on_host = value;
  wrong |= expect("Thrust's device", on_host[99], 0.09);
  return wrong;
}
