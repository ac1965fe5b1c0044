// SPDX-License-Identifier: MIT
#pragma once
/// \file  Rows of a model that is nearly sure of the target: all that is left of 1 - p is small.

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <prefopt/row/log_prob.hpp>

#include "support/row_cases.hpp"

namespace prefopt::test {

/// `size` logits of a few nats with one `gap` above them, all moved by `offset`. They are rounded
/// to multiples of 2^-10, which fp32 holds up to 2^14: an offset changes nothing but their size.
inline std::vector<double> peaked_logits(index_t size, index_t peak, double gap, double offset)
{
  std::vector<double> x;
  for (double v : random_logits(size, 31, 0.5)) {
    x.push_back(std::round(v * 1024) / 1024 + offset);
  }
  x[static_cast<std::size_t>(peak)] = gap + offset;
  return x;
}

/// 1e-5 in fp32 and 1e-12 in fp64, of the number itself; numbers below the smallest normal fp32
/// number may vanish.
template <class Real>
bool same_to_the_last_digits(double got, double want)
{
  double const relative = std::is_same_v<Real, float> ? 1e-5 : 1e-12;
  return std::abs(got - want) <= relative * std::abs(want) + 1e-37;
}

/// The target's own log-probability and gradient, each relative to itself, and the sum of the
/// gradient, whose parts must cancel, relative to the target's.
template <class Real, class Stored>
void check_peaked(row_log_prob_result<Real> const& row, std::vector<Stored> const& gradient,
                  std::vector<double> const& logits, index_t target,
                  logit_transform<double> const& t = {})
{
  auto const want = compute_reference(logits, target, {.d_log_prob = 1}, t);
  auto const at = static_cast<std::size_t>(target);
  double const own = detail::to_real<double>(gradient[at]);
  double sum = 0;
  for (Stored g : gradient) { sum += detail::to_real<double>(g); }
  double const slope = t.logit_scale / t.temperature;
  INFO("log_prob " << row.log_prob << " for " << want.result.log_prob << ", gradient " << own
                   << " for " << want.gradient[at] << ", sum of gradient " << sum);
  CHECK(same_to_the_last_digits<Real>(row.log_prob, want.result.log_prob));
  CHECK(same_to_the_last_digits<Real>(own, want.gradient[at]));
  CHECK(same_to_the_last_digits<Real>(row.entropy, want.result.entropy));
  double const cancels = std::is_same_v<Real, float> ? 2e-5 : 2e-12;
  CHECK(std::abs(sum) <= cancels * std::abs(want.gradient[at]) +
                             1e-37 * static_cast<double>(gradient.size()) * slope);
}

/// Calls `check(logits, target, transform)` for gaps of 10 to 30 nats, offsets up to 1e4, and sharp
/// temperatures. Rows of 100 and of a real vocabulary; the peak is first, last, and within a tile.
template <class Check>
void for_each_peaked_row(Check check)
{
  for (double const gap : {10.0, 15.0, 20.0, 25.0, 27.0, 30.0}) {
    for (double const offset : {0.0, 100.0, 1e3, 1e4}) {
      check(peaked_logits(32000, 5003, gap, offset), 5003, logit_transform<double>{});
    }
    check(peaked_logits(32000, 31999, gap, -1e3), 31999, logit_transform<double>{});
    check(peaked_logits(100, 0, gap, 50), 0, logit_transform<double>{});
  }
  // The gap in nats is that of the logits over the temperature.
  for (double const temperature : {0.3, 0.05}) {
    for (double const gap : {10.0, 20.0, 30.0}) {
      for (double const offset : {0.0, 100.0, 1e3}) {
        check(peaked_logits(3001, 1000, gap * temperature, offset), 1000,
              logit_transform<double>{.temperature = temperature});
      }
    }
  }
}

}  // namespace prefopt::test
