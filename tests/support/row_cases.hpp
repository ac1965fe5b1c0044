// SPDX-License-Identifier: MIT
#pragma once
/// \file  Rows of logits for tests, and their results the long way round.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include <prefopt/row/rows.hpp>

#include "support/catch.hpp"

namespace prefopt::test {

/// The result and the gradient of one row from the defining formulas in extended precision: all
/// probabilities first, then every sum over them.
struct reference_row {
  row_log_prob_result<double> result{};
  std::vector<double> gradient;
  std::vector<double> terms;  ///< sum of the magnitudes that each gradient element is made of
};

/// `target` may be outside the row (a shard without it): then log_prob is not meant.
inline reference_row compute_reference(std::vector<double> const& raw, index_t target,
                                       row_log_prob_seeds<double> const& seed = {},
                                       logit_transform<double> const& t = {})
{
  using wide = long double;
  auto const transformed = [&t](wide x) {
    wide const scaled = x * t.logit_scale;
    bool const capped = t.softcap > 0 && std::isfinite(static_cast<double>(x));
    return (capped ? t.softcap * std::tanh(scaled / t.softcap) : scaled) / t.temperature;
  };
  auto const slope = [&t](wide x) {
    wide const cosh = t.softcap > 0 ? std::cosh(x * t.logit_scale / t.softcap) : wide(1);
    return t.logit_scale / t.temperature / (cosh * cosh);
  };
  wide top = -infinity_v<wide>;
  for (double x : raw) { top = std::max(top, transformed(x)); }
  // Relative to the largest, and without its e^0: neither its size nor its 1 may hide the rest.
  wide rest = 0;
  wide tops = 0;
  for (double x : raw) {
    wide const y = transformed(x);
    (y == top ? tops : rest) += std::isinf(x) ? 0 : std::exp(y - top);
  }
  wide const log_sum = std::log1p(rest + (tops - 1));
  auto const log_probability = [&](double x) { return (transformed(x) - top) - log_sum; };
  wide entropy = 0;
  for (double x : raw) {
    wide const log_p = log_probability(x);
    if (!std::isinf(x)) { entropy -= std::exp(log_p) * log_p; }
  }
  reference_row r;
  r.result.entropy = static_cast<double>(entropy);
  r.result.log_normalizer = static_cast<double>(top + log_sum);
  for (std::size_t j = 0; j < raw.size(); ++j) {
    bool const is_target = static_cast<index_t>(j) == target;
    wide const log_p = log_probability(raw[j]);
    if (is_target) { r.result.log_prob = static_cast<double>(log_p); }
    if (std::isinf(raw[j])) {
      r.gradient.push_back(0);
      r.terms.push_back(0);
      continue;
    }
    wide const p = std::exp(log_p);
    wide const own = is_target ? -std::expm1(log_p) : -p;
    wide const change = -p * (log_p + entropy);
    r.gradient.push_back(
        static_cast<double>(slope(raw[j]) * (seed.d_log_prob * own + seed.d_entropy * change +
                                             seed.d_log_normalizer * p)));
    wide const magnitude = std::abs(seed.d_log_prob * own) +
                           std::abs(seed.d_entropy) * p * (std::abs(log_p) + entropy) +
                           std::abs(seed.d_log_normalizer) * p;
    r.terms.push_back(static_cast<double>(slope(raw[j]) * magnitude));
  }
  return r;
}

/// Normal logits; one in `masked_every` (if above 0) is -inf, never the first.
inline std::vector<double> random_logits(index_t size, unsigned seed, double spread = 3,
                                         index_t masked_every = 0)
{
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal(0, spread);
  std::vector<double> x;
  for (index_t j = 0; j < size; ++j) {
    double const v = normal(generator);
    bool const masked = masked_every > 0 && j % masked_every == masked_every - 1;
    x.push_back(masked ? -infinity_v<double> : v);
  }
  return x;
}

/// Rounded to the type in which they are stored.
template <class Stored>
std::vector<Stored> stored_as(std::vector<double> const& x)
{
  std::vector<Stored> result;
  for (double v : x) { result.push_back(detail::from_real<Stored>(v)); }
  return result;
}
template <class Stored>
std::vector<double> as_double(std::vector<Stored> const& x)
{
  std::vector<double> result;
  for (Stored v : x) { result.push_back(detail::to_real<double>(v)); }
  return result;
}

/// Error of a row's results: 2e-6 in fp32 (1e-13 in fp64), plus what rounding the result to Real
/// and logits of this size costs.
template <class Real>
double row_tolerance(double value)
{
  double const epsilon = static_cast<double>(std::numeric_limits<Real>::epsilon());
  return (std::is_same_v<Real, float> ? 2e-6 : 1e-13) + 2 * epsilon * std::abs(value);
}

template <class Real>
bool same_number(Real got, double want)
{
  if (std::isnan(want)) { return std::isnan(got); }
  if (std::isinf(want)) { return static_cast<double>(got) == want; }
  return std::abs(static_cast<double>(got) - want) <= row_tolerance<Real>(want);
}

template <class Real>
void check_result(row_log_prob_result<Real> const& got, row_log_prob_result<double> const& want)
{
  INFO("log_prob " << got.log_prob << " for " << want.log_prob << ", entropy " << got.entropy
                   << " for " << want.entropy << ", log_normalizer " << got.log_normalizer
                   << " for " << want.log_normalizer);
  CHECK(same_number(got.log_prob, want.log_prob));
  CHECK(same_number(got.entropy, want.entropy));
  CHECK(same_number(got.log_normalizer, want.log_normalizer));
}

/// Half a unit in the last place of the stored type, relative and (for subnormals) absolute.
template <class Stored>
struct rounding {
  static constexpr double relative = std::numeric_limits<Stored>::epsilon() / 2;
  static constexpr double absolute = 0;
};
template <>
struct rounding<bfloat16> {
  static constexpr double relative = 0x1p-8;
  static constexpr double absolute = 0x1p-134;
};
template <>
struct rounding<float16> {
  static constexpr double relative = 0x1p-11;
  static constexpr double absolute = 0x1p-25;
};

/// Every element within rounding of the stored type and a few roundings in Real of its terms: the
/// log-normaliser, to which all probabilities refer, is rounded as a number of some ten nats.
template <class Real, class Stored>
void check_gradient(std::vector<Stored> const& got, reference_row const& want)
{
  double const epsilon = static_cast<double>(std::numeric_limits<Real>::epsilon());
  double const nats = 16 + std::abs(want.result.log_normalizer);
  std::string wrong;
  for (std::size_t j = 0; j < got.size(); ++j) {
    double const value = detail::to_real<double>(got[j]);
    double const allowed = rounding<Stored>::relative * std::abs(want.gradient[j]) +
                           rounding<Stored>::absolute + nats * epsilon * want.terms[j] + 1e-37;
    if (!(std::abs(value - want.gradient[j]) <= allowed) && wrong.size() < 400) {
      wrong += "\n  element " + std::to_string(j) + ": got " + std::to_string(value * 1e6) +
               "e-6, want " + std::to_string(want.gradient[j] * 1e6) + "e-6";
    }
  }
  INFO(wrong);
  CHECK(wrong.empty());
}

}  // namespace prefopt::test
