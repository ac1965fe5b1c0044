// SPDX-License-Identifier: MIT
/// \file  Pacing functions against their closed forms in extended precision, and values that move.

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

#include <prefopt/core/parameters.hpp>
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
#include "support/errors.hpp"

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

/// What a schedule named "asked" says of the parameters.
template <class Function>
std::string refusal(Function const& function)
{
  return error_of<std::invalid_argument>(
      [&] { prefopt::detail::check_parameters("asked", function); });
}

std::string refused(std::string const& parameter, std::string const& expected,
                    std::string const& got)
{
  return "prefopt::asked: parameter '" + parameter + "': expected " + expected + ", got " + got;
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

TEST_CASE("a root of any order keeps its digits", "[curriculum]")
{
  // mpmath 1.3, 60 digits: (c0^p + (1 - c0^p) x)^(1/p).
  struct {
    double start, power, x, expected;
  } const cases[] = {{0.25, 1e-9, 0.5, 0.500000000120113253},
                     {0.25, 1e-3, 0.5, 0.500120127672208107},
                     {0.25, 0.5, 0.5, 0.5625},
                     {0.25, 0.75, 0.5, 0.594192538494343626},
                     {0.0078125, 300, 0.0009765625, 0.977159968434245955},
                     {0.0078125, 0x1p20, 0.0009765625, 0.999993389655212531},
                     {0.0078125, 1e-17, 0.0009765625, 0.00784960589336490011},
                     {0.9921875, 64, 0.125, 0.993402813196207185},
                     {0.9921875, 256, 0.125, 0.994480964050372443}};
  for (auto const& c : cases) {
    CAPTURE(c.start, c.power, c.x);
    CHECK(prefopt::root_pacing{.start = c.start, .power = c.power}(c.x) ==
          Approx(c.expected).epsilon(2e-15));
  }
}

TEST_CASE("a root of any order rises from its start to 1", "[curriculum]")
{
  // c0^p underflows from p = 68 on for .00002; 1 - c0^p is rounded away below p = 1e-16.
  for (double const start : {0.0, 2e-5, 0.3, 0.999, 1.0}) {
    for (double const power : {1e-300, 1e-17, 1e-5, 0.09, 0.1, 1.0, 67.0, 500.0, 1e6, 1e300}) {
      CAPTURE(start, power);
      prefopt::root_pacing const pacing{.start = start, .full_at = 0.75, .power = power};
      CHECK(pacing(0) == start);
      CHECK(pacing(-1) == start);
      CHECK(pacing(0.75) == 1);
      CHECK(pacing(1) == 1);
      double before = start;
      for (int k = 1; k <= 1000; ++k) {
        double const now = pacing(k / 1000.0);
        REQUIRE(now >= before * (1 - 1e-15));
        REQUIRE(now <= 1);
        before = now;
      }
    }
    // The ends of the family: geometric near p = 0, all at once for a large one.
    prefopt::root_pacing const least{.start = start, .power = 1e-17}, most{start, 1, 1e17};
    CHECK(least(0.4) == Approx(prefopt::geometric_pacing{.start = start}(0.4)).epsilon(4e-15));
    CHECK(most(1e-9) == Approx(1).epsilon(1e-15));
  }
}

TEST_CASE("pacing is a share at both ends for every parameter of its domain", "[curriculum]")
{
  auto const holds = [](auto const& pacing, double start) {
    CAPTURE(start, pacing.full_at);
    CHECK(pacing(0) == (pacing.full_at == 0 ? 1 : start));
    CHECK(pacing(-2) == start);
    CHECK(pacing(pacing.full_at) == 1);
    CHECK(pacing(1) == 1);
    CHECK(pacing(7) == 1);
    double const middle = pacing(pacing.full_at / 2);
    CHECK((start <= middle && middle <= 1));
    CHECK((start == 1 || std::isnan(pacing(std::nan("")))));  // 1 may be 1 at any time
  };
  for (double const start : {0.0, 1e-300, 0.3, 1.0}) {
    for (double const full_at : {0.0, 1e-300, 0.5, 1.0}) {
      holds(prefopt::linear_pacing{start, full_at}, start);
      holds(prefopt::step_pacing{start, full_at}, start);
      holds(prefopt::geometric_pacing{start, full_at}, start);
      for (double const parameter : {1e-300, 1e-9, 0.5, 1.0, 30.0, 1e9, 1e300}) {
        CAPTURE(parameter);
        holds(prefopt::power_pacing{start, full_at, parameter}, start);
        holds(prefopt::root_pacing{start, full_at, parameter}, start);
        holds(prefopt::exponential_pacing{start, full_at, parameter}, start);
        holds(prefopt::logarithmic_pacing{start, full_at, parameter}, start);
      }
    }
  }
  // The limits that their formulas have.
  CHECK(prefopt::power_pacing{.start = 0, .power = 1e300}(0.999) == 0);
  CHECK(prefopt::power_pacing{.start = 0, .power = 1e-300}(1e-9) == 1);
  CHECK(prefopt::exponential_pacing{.start = 0, .rate = 1e-12}(0.25) == Approx(0.25));
  CHECK(prefopt::exponential_pacing{.start = 0, .rate = 1e300}(0.999) == 0);
  CHECK(prefopt::logarithmic_pacing{.start = 0, .rate = 1e300}(1e-9) == Approx(1));
  CHECK(prefopt::geometric_pacing{.start = 0}(0.999) == 0);
}

TEMPLATE_TEST_CASE("a pacing refuses a start or an end out of its domain", "[curriculum]",
                   prefopt::linear_pacing, prefopt::step_pacing, prefopt::geometric_pacing,
                   prefopt::power_pacing, prefopt::root_pacing, prefopt::exponential_pacing,
                   prefopt::logarithmic_pacing)
{
  constexpr double infinite = std::numeric_limits<double>::infinity();
  std::string const share = "a number in [0, 1]", length = "a finite number of 0 or more";
  CHECK(refusal(TestType{.start = -0.1}) == refused("start", share, "-0.1"));
  CHECK(refusal(TestType{.start = 1.5}) == refused("start", share, "1.5"));
  CHECK(mentions(refusal(TestType{.start = std::nan("")}), {"'start'", share}));
  CHECK(refusal(TestType{.full_at = -1}) == refused("full_at", length, "-1"));
  CHECK(refusal(TestType{.full_at = infinite}) == refused("full_at", length, "inf"));
  CHECK(mentions(refusal(TestType{.full_at = std::nan("")}), {"'full_at'", length}));
  CHECK(refusal(TestType{}) == "no error");
  CHECK(refusal(TestType{.start = 0, .full_at = 0}) == "no error");
  CHECK(refusal(TestType{.start = 1, .full_at = 1.6}) == "no error");  // behind the end of the run
}

TEST_CASE("a pacing refuses a power or rate that is not above 0", "[curriculum]")
{
  std::string const above = "a finite number above 0";
  for (double const wrong : {0.0, -1.0, -5.0}) {
    std::string const got = wrong == 0 ? "0" : wrong == -1 ? "-1" : "-5";
    CHECK(refusal(prefopt::power_pacing{.power = wrong}) == refused("power", above, got));
    CHECK(refusal(prefopt::root_pacing{.power = wrong}) == refused("power", above, got));
    CHECK(refusal(prefopt::exponential_pacing{.rate = wrong}) == refused("rate", above, got));
    CHECK(refusal(prefopt::logarithmic_pacing{.rate = wrong}) == refused("rate", above, got));
  }
  for (double const wrong : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    CHECK(mentions(refusal(prefopt::power_pacing{.power = wrong}), {"'power'", above}));
    CHECK(mentions(refusal(prefopt::root_pacing{.power = wrong}), {"'power'", above}));
    CHECK(mentions(refusal(prefopt::exponential_pacing{.rate = wrong}), {"'rate'", above}));
    CHECK(mentions(refusal(prefopt::logarithmic_pacing{.rate = wrong}), {"'rate'", above}));
  }
  for (double const right : {1e-300, 1e300}) {
    CHECK(refusal(prefopt::power_pacing{.power = right}) == "no error");
    CHECK(refusal(prefopt::root_pacing{.power = right}) == "no error");
    CHECK(refusal(prefopt::exponential_pacing{.rate = right}) == "no error");
    CHECK(refusal(prefopt::logarithmic_pacing{.rate = right}) == "no error");
  }
}

TEST_CASE("a difficulty refuses parameters out of its domain", "[curriculum]")
{
  using root = prefopt::fixed_root_difficulty;
  constexpr double infinite = std::numeric_limits<double>::infinity();
  std::string const above = "a finite number above 0";
  CHECK(refusal(root{}) == "no error");
  CHECK(refusal(root{.min_difficulty = 8, .max_difficulty = 8}) == "no error");
  CHECK(refusal(root{.degree = 0}) == refused("degree", above, "0"));
  CHECK(refusal(root{.degree = -2}) == refused("degree", above, "-2"));
  CHECK(refusal(root{.difficulty_step = 0}) == refused("difficulty_step", above, "0"));
  CHECK(refusal(root{.min_difficulty = 9, .max_difficulty = 8}) ==
        refused("max_difficulty", "a number in [9, inf)", "8"));
  CHECK(refusal(root{.max_difficulty = infinite}) ==
        refused("max_difficulty", "a number in [8, inf)", "inf"));
  CHECK(refusal(root{.min_difficulty = -infinite}) ==
        refused("min_difficulty", "a finite number", "-inf"));
  CHECK(refusal(root{.full_at = -1}) == refused("full_at", "a finite number of 0 or more", "-1"));
  for (double root::* const field : {&root::min_difficulty, &root::max_difficulty,
                                     &root::difficulty_step, &root::degree, &root::full_at}) {
    root wrong{};
    wrong.*field = std::nan("");
    CHECK(mentions(refusal(wrong), {"prefopt::asked: parameter '", "nan"}));
  }

  using table = prefopt::fixed_discrete_difficulty<3>;
  CHECK(refusal(table{{1, 2, 2}, {0, 0}}) == "no error");
  CHECK(refusal(table{{1, 3, 2}, {0.2, 0.4}}) ==
        refused("difficulty", "a number in [3, inf)", "2"));
  CHECK(refusal(table{{1, 2, infinite}, {0.2, 0.4}}) ==
        refused("difficulty", "a number in [2, inf)", "inf"));
  CHECK(refusal(table{{1, 2, 3}, {-0.2, 0.4}}) == refused("until", "a number in [0, inf)", "-0.2"));
  CHECK(refusal(table{{1, 2, 3}, {0.5, 0.4}}) == refused("until", "a number in [0.5, inf)", "0.4"));
  CHECK(mentions(refusal(table{{std::nan(""), 2, 3}, {0.2, 0.4}}), {"'difficulty'", "nan"}));
  CHECK(mentions(refusal(table{{1, 2, 3}, {0.2, std::nan("")}}), {"'until'", "nan"}));
}

TEST_CASE("parameters out of the domain of a pacing give no share", "[curriculum]")
{
  // For callers that ask a pacing without a schedule.
  auto const is_no_share = [](auto const& pacing, double t) {
    double const share = pacing(t);
    CHECK_FALSE((share >= 0 && share <= 1));
  };
  is_no_share(prefopt::root_pacing{.power = 0}, 0.5);
  is_no_share(prefopt::exponential_pacing{.rate = 0}, 0.5);
  is_no_share(prefopt::logarithmic_pacing{.rate = 0}, 0);
  is_no_share(prefopt::power_pacing{.power = -1}, 0);
  for (double const start : {-0.1, 1.5, std::nan("")}) {
    CAPTURE(start);
    is_no_share(prefopt::linear_pacing{.start = start}, 0);
    is_no_share(prefopt::power_pacing{.start = start}, 0);
    is_no_share(prefopt::root_pacing{.start = start}, 0);
    is_no_share(prefopt::exponential_pacing{.start = start}, 0);
    is_no_share(prefopt::logarithmic_pacing{.start = start}, 0);
    is_no_share(prefopt::step_pacing{.start = start}, 0);
  }
  is_no_share(prefopt::geometric_pacing{.start = -0.1}, 0);
  is_no_share(prefopt::linear_pacing{.full_at = std::nan("")}, 0.5);
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

TEST_CASE("a difficulty has its ends for every degree, step and ramp", "[curriculum]")
{
  for (double const degree : {1e-300, 0.5, 1.0, 2.0, 1e300}) {
    for (double const step : {1e-3, 8.0, 1e6}) {
      for (double const full_at : {0.0, 0.5, 1.0}) {
        CAPTURE(degree, step, full_at);
        prefopt::fixed_root_difficulty const d{8, 1024, step, degree, full_at};
        CHECK(d(0) == (full_at == 0 ? 1024 : 8));
        CHECK(d(full_at) == 1024);
        CHECK(d(1) == 1024);
        CHECK((d(full_at / 2) >= 8 && d(full_at / 2) <= 1024));
      }
    }
  }
  // One difficulty only; a table whose times coincide, or lie at the ends.
  CHECK(prefopt::fixed_linear_difficulty(64, 64, 8)(0.5) == 64);
  prefopt::fixed_discrete_difficulty<3> const table{{1, 2, 3}, {0, 0}};
  CHECK(table(0) == 1);
  CHECK(table(1e-300) == 3);
  CHECK(prefopt::fixed_discrete_difficulty<2>{{1, 2}, {1}}(1) == 1);
  CHECK(std::isnan(table(std::nan(""))));
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
