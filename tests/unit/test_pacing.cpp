// SPDX-License-Identifier: MIT
/// \file  Pacing functions against their closed forms in extended precision, and values that move.

#include <cmath>
#include <cstdint>
#include <limits>

#include <prefopt/curriculum/pacing/exponential_pacing.hpp>
#include <prefopt/curriculum/pacing/fixed_discrete_difficulty.hpp>
#include <prefopt/curriculum/pacing/fixed_root_difficulty.hpp>
#include <prefopt/curriculum/pacing/geometric_pacing.hpp>
#include <prefopt/curriculum/pacing/linear_pacing.hpp>
#include <prefopt/curriculum/pacing/logarithmic_pacing.hpp>
#include <prefopt/curriculum/pacing/power_pacing.hpp>
#include <prefopt/curriculum/pacing/root_pacing.hpp>
#include <prefopt/curriculum/pacing/step_pacing.hpp>
#include <prefopt/curriculum/ramped.hpp>

#include "support/catch.hpp"

namespace {

using extended = long double;

/// The formula as it is printed, clipped to [0, 1], in extended precision: 1e-15 holds what double
/// leaves of it.
template <class Pacing, class Formula>
void check_formula(Pacing const& pacing, Formula const& formula)
{
  static_assert(std::numeric_limits<extended>::digits >= 64, "the oracle needs more than double");
  for (int k = 0; k <= 1000; ++k) {
    extended const t = k / 1000.0L;
    extended const expected = std::fmin(formula(t), 1.0L);
    CAPTURE(k, expected);
    REQUIRE(std::fabs(pacing(k / 1000.0) - static_cast<double>(expected)) <=
            4e-15 * static_cast<double>(expected));
  }
}

/// DeepSpeed's `fixed_root` in integers: the difficulty after `step` of `total` steps.
std::int64_t deepspeed(std::int64_t step, std::int64_t total, double degree, std::int64_t low,
                       std::int64_t high, std::int64_t width)
{
  double const share = std::pow(static_cast<double>(step) / static_cast<double>(total), 1 / degree);
  auto d = static_cast<std::int64_t>(
      std::floor(share * static_cast<double>(high - low) + static_cast<double>(low)));
  d -= d % width;
  return d < high ? d : high;
}

}  // namespace

TEST_CASE("the six pacing functions are their formulas", "[curriculum]")
{
  for (extended const a : {0.25L, 0.5L, 1.0L}) {
    for (extended const b : {0.0L, 0.0625L, 0.5L, 1.0L}) {
      auto const start = static_cast<double>(b), full_at = static_cast<double>(a);
      CAPTURE(start, full_at);
      check_formula(prefopt::linear_pacing{start, full_at},
                    [=](extended t) { return b + (1 - b) * t / a; });
      check_formula(prefopt::power_pacing{start, full_at, 2},
                    [=](extended t) { return b + (1 - b) * (t / a) * (t / a); });
      check_formula(prefopt::power_pacing{start, full_at, 0.5},
                    [=](extended t) { return b + (1 - b) * std::sqrt(t / a); });
      check_formula(prefopt::step_pacing{start, full_at},
                    [=](extended t) { return std::floor(t / a) + b; });
      extended const c = 10;
      check_formula(prefopt::exponential_pacing{start, full_at, 10}, [=](extended t) {
        return b + (1 - b) * (std::exp(c * t / a) - 1) / (std::exp(c) - 1);
      });
      check_formula(prefopt::logarithmic_pacing{start, full_at, 10}, [=](extended t) {
        return b + (1 - b) * (1 + std::log(t / a + std::exp(-c)) / c);
      });
    }
  }
}

TEST_CASE("the competence functions are their formulas, for every p", "[curriculum]")
{
  for (extended const full : {0.25L, 0.5L, 1.0L}) {
    for (extended const c0 : {0.0078125L, 0.25L, 1.0L}) {
      auto const start = static_cast<double>(c0), full_at = static_cast<double>(full);
      CAPTURE(start, full_at);
      for (extended const p : {0.5L, 1.0L, 2.0L, 3.0L, 7.0L}) {
        auto const power = static_cast<double>(p);
        CAPTURE(power);
        check_formula(prefopt::root_pacing{start, full_at, power}, [=](extended t) {
          extended const s = std::pow(c0, p);
          return std::pow(t * (1 - s) / full + s, 1 / p);
        });
      }
      check_formula(prefopt::geometric_pacing{start, full_at},
                    [=](extended t) { return t >= full ? 1 : std::pow(c0, 1 - t / full); });
    }
  }
}

TEST_CASE("values of 40-digit arithmetic", "[curriculum]")
{
  // mpmath 1.3, 40 digits, b = .2, a = .5, t = 1/8.
  double const t = 0.125, b = 0.2, a = 0.5;
  CHECK(prefopt::exponential_pacing{b, a}(t) == Approx(0.200406165992215797).epsilon(1e-15));
  CHECK(prefopt::logarithmic_pacing{b, a}(t) == Approx(0.889110977768954109).epsilon(1e-15));
  CHECK(prefopt::root_pacing{b, a, 3}(t) == Approx(0.63496042078727979).epsilon(1e-15));
  CHECK(prefopt::root_pacing{b, a, 5}(t) == Approx(0.758003736202371136).epsilon(1e-15));
  CHECK(prefopt::geometric_pacing{b, a}(t) == Approx(0.299069756244244108).epsilon(1e-15));
}

TEST_CASE("the root of a root competence is its own, not always the square root", "[curriculum]")
{
  // CurML raises to 0.5 whatever p is: .0004 ^ .5 at the start where p = 2 gives .02, p = 3 gives
  // .0028 in the place of .02.
  for (double const p : {1.0, 3.0, 5.0}) {
    CHECK(prefopt::root_pacing{.start = 0.02, .power = p}(0) == Approx(0.02).epsilon(1e-13));
  }
}

TEST_CASE("pacing keeps its ends where its formula rounds", "[curriculum]")
{
  // The common code computes N (1 + log(e^-c) / c) as int and starts at -1 or 0 samples.
  CHECK(prefopt::logarithmic_pacing{.start = 0}(0) == 0);
  CHECK(prefopt::logarithmic_pacing{.start = 0.1}(0) == 0.1);
  CHECK(prefopt::logarithmic_pacing{.start = 0.1}(1) == 1);
  for (double const rate : {1e-3, 10.0, 700.0, 1e4}) {
    CAPTURE(rate);
    prefopt::exponential_pacing const late{.start = 0.1, .full_at = 1, .rate = rate};
    prefopt::logarithmic_pacing const early{.start = 0.1, .full_at = 1, .rate = rate};
    CHECK(late(0) == 0.1);
    CHECK(late(0.5) < 0.55);
    CHECK(late(1) == 1);
    CHECK(early(0) == 0.1);
    CHECK(early(0.5) > 0.55);
    CHECK(early(1) == 1);
  }
  CHECK(prefopt::step_pacing{.start = 0.25, .full_at = 0.5}(0.4999) == 0.25);
  CHECK(prefopt::step_pacing{.start = 0.25, .full_at = 0.5}(0.5) == 1);
  CHECK(prefopt::linear_pacing{.start = 0.25, .full_at = 0}(0) == 1);
}

TEST_CASE("DeepSpeed's difficulties are those of its steps", "[curriculum]")
{
  for (double const degree : {1.0, 2.0, 3.0}) {
    prefopt::fixed_root_difficulty const root{64, 2048, 8, degree};
    for (std::int64_t step = 0; step <= 15000; step += 7) {
      CAPTURE(degree, step);
      REQUIRE(root(static_cast<double>(step) / 15000) ==
              static_cast<double>(deepspeed(step, 15000, degree, 64, 2048, 8)));
    }
  }
  CHECK(prefopt::fixed_linear_difficulty(64, 2048, 8)(0.5) == 1056);
  CHECK(prefopt::fixed_linear_difficulty(64, 2048, 8, 0.5)(0.5) == 2048);

  prefopt::fixed_discrete_difficulty<3> const table{{1, 2, 3}, {0.25, 0.75}};
  CHECK(table(0) == 1);
  CHECK(table(0.25) == 1);  // max_step is the last step of its difficulty
  CHECK(table(0.26) == 2);
  CHECK(table(0.75) == 2);
  CHECK(table(0.76) == 3);
  CHECK(table(1) == 3);
}

TEST_CASE("a difficulty stays within its ends where its step does not divide them", "[curriculum]")
{
  prefopt::fixed_root_difficulty const odd{10, 1000, 64, 1};
  CHECK(deepspeed(0, 100, 1, 10, 1000, 64) == 0);      // below the least
  CHECK(deepspeed(100, 100, 1, 10, 1000, 64) == 960);  // below the largest at its end
  CHECK(odd(0) == 10);
  CHECK(odd(0.5) == 448);  // 505 rounded down
  CHECK(odd(1) == 1000);
}

TEST_CASE("a ramped number moves from one value to the other", "[curriculum]")
{
  CHECK(prefopt::ramped<>{.from = 0.3, .to = 1}(0) == 0.3);
  CHECK(prefopt::ramped<>{.from = 0.3, .to = 1}(0.5) == Approx(0.65));
  CHECK(prefopt::ramped<>{.from = 0.3, .to = 1}(1) == 1);
  CHECK(prefopt::ramped<>{.from = 0.3, .to = 0.3}(0.77) == 0.3);
  prefopt::ramped<prefopt::step_pacing> const at_once{
      .from = 2, .to = 1, .pacing = {.start = 0, .full_at = 0.5}};
  CHECK(at_once(0.4) == 2);
  CHECK(at_once(0.6) == 1);
}
