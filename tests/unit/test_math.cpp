// SPDX-License-Identifier: MIT
/// \file  The stable scalar functions, and dual numbers against closed forms.

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <prefopt/core/dual.hpp>
#include <prefopt/core/math.hpp>

#include "support/catch.hpp"

using namespace prefopt;

namespace {

/// log sigmoid in more precision than any scalar under test, stable on both sides.
long double reference_log_sigmoid(long double x)
{
  return x > 0 ? -std::log1p(std::exp(-x)) : x - std::log1p(std::exp(x));
}
long double reference_sigmoid(long double x)
{
  long double const e = std::exp(-std::abs(x));
  return (x > 0 ? 1 : e) / (1 + e);
}

/// Points of [-1e4, 1e4]: dense around 0, in powers of ten towards 0 and outwards.
template <class Real>
std::vector<Real> margins()
{
  std::vector<Real> points{0};
  for (int i = -4000; i <= 4000; ++i) { points.push_back(static_cast<Real>(i) / 40); }
  for (Real size = Real(1e-30); size <= Real(1e4); size *= Real(1.37)) {
    points.push_back(size);
    points.push_back(-size);
  }
  points.push_back(Real(1e4));
  points.push_back(Real(-1e4));
  return points;
}

/// |got - want| in units of Real's rounding error of `want`; below the normal numbers, of the
/// smallest normal one.
template <class Real>
double roundings(Real got, long double want)
{
  long double const unit =
      std::max(std::abs(want), static_cast<long double>(std::numeric_limits<Real>::min())) *
      std::numeric_limits<Real>::epsilon();
  return static_cast<double>(std::abs(got - want) / unit);
}

template <class Real>
void check_log_sigmoid()
{
  double worst_value = 0, worst_slope = 0, worst_sigmoid = 0;
  for (Real x : margins<Real>()) {
    auto const r = log_sigmoid_with_slope(x);
    worst_value = std::max(worst_value, roundings(r.value, reference_log_sigmoid(x)));
    worst_slope = std::max(worst_slope, roundings(r.slope, reference_sigmoid(-x)));
    worst_sigmoid = std::max(worst_sigmoid, roundings(sigmoid(x), reference_sigmoid(x)));
    REQUIRE(softplus(x) == -log_sigmoid(-x));
  }
  // One exponential (half an ulp), one log1p or one quotient, one sum.
  CHECK(worst_value < 2);
  CHECK(worst_slope < 2);
  CHECK(worst_sigmoid < 2);
}

/// Negative points: towards 0 down to the smallest number, dense about -ln 2, and outwards.
template <class Real>
std::vector<Real> log_probabilities()
{
  std::vector<Real> points{-std::numeric_limits<Real>::denorm_min(),
                           -std::numeric_limits<Real>::min()};
  for (Real size = std::numeric_limits<Real>::min(); size <= Real(1e4); size *= Real(1.37)) {
    points.push_back(-size);
  }
  for (int i = -200; i <= 200; ++i) {
    points.push_back(Real(-0.6931471805599453) * (1 + Real(i) / 2000));
  }
  return points;
}

long double reference_log1m_exp(long double x)
{
  return x > -0.5L ? std::log(-std::expm1(x)) : std::log1p(-std::exp(x));
}

template <class Real>
void check_log1m_exp()
{
  double worst_value = 0, worst_slope = 0;
  for (Real x : log_probabilities<Real>()) {
    auto const r = log1m_exp_with_slope(x);
    long double const wide = x;
    worst_value = std::max(worst_value, roundings(r.value, reference_log1m_exp(wide)));
    long double const slope = std::exp(wide) / std::expm1(wide);
    // Beyond the largest number (1 / x of a subnormal x) the slope is infinite.
    if (-slope <= static_cast<long double>(std::numeric_limits<Real>::max())) {
      worst_slope = std::max(worst_slope, roundings(r.slope, slope));
    } else {
      REQUIRE(r.slope == -infinity_v<Real>);
    }
    REQUIRE(log1m_exp(x) == r.value);
  }
  CAPTURE(worst_value, worst_slope);
  CHECK(worst_value < 2);  // one exponential and one logarithm
  CHECK(worst_slope < 2);  // two exponentials and a quotient
}

}  // namespace

TEST_CASE("log sigmoid and its slope keep full relative precision from -1e4 to 1e4", "[math]")
{
  check_log_sigmoid<float>();
  check_log_sigmoid<double>();
}

TEST_CASE("log sigmoid has its limits at infinity and passes NaN on", "[math]")
{
  double const inf = infinity_v<double>;
  CHECK(log_sigmoid(inf) == 0);
  CHECK(log_sigmoid(-inf) == -inf);
  CHECK(log_sigmoid_with_slope(inf).slope == 0);
  CHECK(log_sigmoid_with_slope(-inf).slope == 1);
  CHECK(std::isnan(log_sigmoid(quiet_nan_v<double>)));
  CHECK(std::isnan(log_sigmoid_with_slope(quiet_nan_v<double>).slope));
  CHECK(softplus(inf) == inf);
  CHECK(sigmoid(-inf) == 0);
  CHECK(sigmoid(0.0) == 0.5);
}

TEST_CASE("log(1 - e^x) and its slope keep full relative precision on both sides of -ln 2",
          "[math]")
{
  check_log1m_exp<float>();
  check_log1m_exp<double>();
  CHECK(log1m_exp(-1e-300) == std::log(1e-300));
  CHECK(log1m_exp(-700.0) == -std::exp(-700.0));
}

TEST_CASE("log(1 - e^x) is -infinity at 0, 0 at -infinity, NaN above 0 and for NaN", "[math]")
{
  double const inf = infinity_v<double>;
  CHECK(log1m_exp(0.0) == -inf);
  CHECK(log1m_exp(-0.0) == -inf);
  CHECK(log1m_exp_with_slope(0.0).slope == -inf);
  CHECK(log1m_exp_with_slope(-0.0).slope == -inf);
  CHECK(log1m_exp(-inf) == 0);
  CHECK(log1m_exp_with_slope(-inf).slope == 0);
  CHECK(std::isnan(log1m_exp(0.5)));
  CHECK(std::isnan(log1m_exp(quiet_nan_v<double>)));
  CHECK(std::isnan(log1m_exp_with_slope(quiet_nan_v<double>).slope));
}

TEST_CASE("abs of a plain scalar drops the sign, also of 0, and passes NaN on", "[math]")
{
  CHECK(prefopt::abs(-2.5f) == 2.5f);
  CHECK(prefopt::abs(2.5) == 2.5);
  CHECK(prefopt::abs(-infinity_v<double>) == infinity_v<double>);
  CHECK_FALSE(std::signbit(prefopt::abs(-0.0)));
  CHECK(std::isnan(prefopt::abs(quiet_nan_v<float>)));
  STATIC_REQUIRE(prefopt::abs(-1.0) == 1.0);
}

TEST_CASE("clamp bounds a plain scalar from both sides and passes NaN on", "[math]")
{
  CHECK(prefopt::clamp(-3.0f, -1, 2) == -1);
  CHECK(prefopt::clamp(0.5f, -1, 2) == 0.5f);
  CHECK(prefopt::clamp(infinity_v<double>, -1, 2) == 2);
  CHECK(std::isnan(prefopt::clamp(quiet_nan_v<double>, -1, 2)));
}

TEST_CASE("value_of, detach and chain leave a plain scalar alone", "[math]")
{
  CHECK(value_of(3.5f) == 3.5f);
  CHECK(detach(3.5f) == 3.5f);
  CHECK(chain(2.0f, 7, 3.5f) == 2.0f);
  CHECK(chain(2.0, 7, 3.5, 8, 4.5) == 2.0);
  CHECK(std::signbit(chain(-0.0, 7, 3.5, 8, 4.5)));
  STATIC_REQUIRE(std::is_same_v<value_t<float>, float>);
  STATIC_REQUIRE(std::is_same_v<value_t<dual<double, 3>>, double>);
}

TEST_CASE("max and min let a NaN in their first argument through", "[math]")
{
  CHECK(std::isnan(max(quiet_nan_v<float>, 1.0f)));
  CHECK(std::isnan(min(quiet_nan_v<float>, 1.0f)));
  CHECK(max(1.0f, 2.0f) == 2.0f);
  CHECK(min(1.0f, 2.0f) == 1.0f);
  STATIC_REQUIRE(select(true, 1.0, 2.0) == 1.0);
}

TEST_CASE("max and min with a whole number keep the other's type and its NaN", "[math]")
{
  CHECK(max(0, 0.5) == 0.5);
  CHECK(max(0.5, 0) == 0.5);
  CHECK(min(0.5f, 1) == 0.5f);
  CHECK(min(1, 0.5f) == 0.5f);
  CHECK(max(std::int64_t{2}, std::int64_t{3}) == 3);
  CHECK(std::isnan(max(0, quiet_nan_v<float>)));
  CHECK(std::isnan(min(quiet_nan_v<float>, 0)));
}

namespace {

using dual2 = dual<double, 2>;

/// Value and both partials, to rounding.
void check_dual(dual2 const& got, double value, double by_x, double by_y)
{
  CHECK(got.value == Approx(value).epsilon(1e-15));
  CHECK(got.partial[0] == Approx(by_x).epsilon(1e-14));
  CHECK(got.partial[1] == Approx(by_y).epsilon(1e-14));
}

}  // namespace

TEST_CASE("arithmetic of dual numbers has the closed-form partials", "[dual]")
{
  for (double a : {-3.5, 0.25, 7.0}) {
    for (double b : {-1.25, 0.5, 40.0}) {
      dual2 const x = dual2::variable(a, 0);
      dual2 const y = dual2::variable(b, 1);
      check_dual(x + y, a + b, 1, 1);
      check_dual(x - y, a - b, 1, -1);
      check_dual(x * y, a * b, b, a);
      check_dual(x / y, a / b, 1 / b, -a / (b * b));
      check_dual(-x, -a, -1, 0);
      check_dual(x * x * y, a * a * b, 2 * a * b, a * a);
      check_dual(x + 2.0, a + 2, 1, 0);
      check_dual(2.0 + y, b + 2, 0, 1);
      check_dual(x - 2.0, a - 2, 1, 0);
      check_dual(2.0 - y, 2 - b, 0, -1);
      check_dual(x * 3.0, 3 * a, 3, 0);
      check_dual(3.0 * y, 3 * b, 0, 3);
      check_dual(x / 4.0, a / 4, 0.25, 0);
      check_dual(dual2(5), 5, 0, 0);
    }
  }
}

TEST_CASE("functions of dual numbers have the closed-form partials", "[dual]")
{
  for (double a : {0.01, 0.5, 3.0, 20.0}) {
    dual2 const x = dual2::variable(a, 1);
    check_dual(exp(x), std::exp(a), 0, std::exp(a));
    check_dual(log(x), std::log(a), 0, 1 / a);
    check_dual(log1p(x), std::log1p(a), 0, 1 / (1 + a));
    check_dual(expm1(x), std::expm1(a), 0, std::exp(a));
    check_dual(expm1(-x), std::expm1(-a), 0, -std::exp(-a));
    check_dual(log1m_exp(-x), static_cast<double>(reference_log1m_exp(-a)), 0, 1 / std::expm1(a));
    check_dual(abs(x), a, 0, 1);
    check_dual(abs(-x), a, 0, 1);
    double const s = 1 / (1 + std::exp(-a));
    double const t = 1 / (1 + std::exp(a));  // 1 - s
    check_dual(log_sigmoid(x), -std::log1p(std::exp(-a)), 0, t);
    check_dual(log_sigmoid(-x), -a - std::log1p(std::exp(-a)), 0, -s);
    check_dual(sigmoid(x), s, 0, s * t);
    check_dual(sigmoid(-x), t, 0, -s * t);
    check_dual(softplus(x), a + std::log1p(std::exp(-a)), 0, s);
    check_dual(exp(log(x) * 2.0), a * a, 0, 2 * a);
  }
}

TEST_CASE("the branch of a dual number that is not taken contributes nothing", "[dual]")
{
  dual2 const x = dual2::variable(2, 0);
  dual2 const wrong = log(x - 2.0);  // -inf with an infinite slope
  check_dual(select(x > dual2(1), x * 3.0, wrong), 6, 3, 0);
  check_dual(max(x, dual2(0)), 2, 1, 0);
  check_dual(max(-x, dual2(0)), 0, 0, 0);
  check_dual(min(x, dual2(0)), 0, 0, 0);
  CHECK((x > 1.0 && x >= 2.0 && x < 3.0 && x <= 2.0));
  CHECK((x > dual2(1) && x >= dual2(2) && x < dual2(3) && x <= dual2(2)));
}

TEST_CASE("an infinite constant does not turn a zero partial into NaN", "[dual]")
{
  double const inf = infinity_v<double>;
  dual2 const x = dual2::variable(2, 0);
  CHECK((x + inf).partial[1] == 0);
  CHECK((x - inf).partial[0] == 1);
  CHECK(log_sigmoid(x - inf).value == -inf);
  CHECK(log_sigmoid(x - inf).partial[0] == 1);
  CHECK(log_sigmoid(x + inf).partial[0] == 0);
}

TEST_CASE("expm1 and log(1 - e^x) of a dual number keep their slopes where they all but vanish",
          "[dual]")
{
  dual2 const x = dual2::variable(-600, 0);
  CHECK(expm1(x).partial[0] == std::exp(-600.0));
  CHECK(log1m_exp(x).value == -std::exp(-600.0));
  CHECK(log1m_exp(x).partial[0] == -std::exp(-600.0));
  dual2 const near_zero = dual2::variable(-1e-300, 0);
  CHECK(log1m_exp(near_zero).partial[0] == Approx(-1e300).epsilon(1e-15));
}

TEST_CASE("log(1 - e^x) of a dual number is infinite at 0 only by what x depends on", "[dual]")
{
  dual2 const zero = dual2::variable(0, 1);
  for (dual2 const& r : {log1m_exp(zero), prefopt::log1m_exp(zero)}) {
    CHECK(r.value == -infinity_v<double>);
    CHECK(r.partial[0] == 0);
    CHECK(r.partial[1] == -infinity_v<double>);
  }
}

TEST_CASE("abs of a dual number has derivative 0 at 0", "[dual]")
{
  for (double zero : {0.0, -0.0}) {
    check_dual(abs(dual2::variable(zero, 0)), 0, 0, 0);
    check_dual(prefopt::abs(dual2::variable(zero, 0)), 0, 0, 0);
  }
  dual2 const steep = chain(0.0, infinity_v<double>, dual2::variable(1, 0));
  CHECK(abs(steep).partial[0] == 0);
  dual2 const nan = abs(dual2::variable(quiet_nan_v<double>, 0));
  CHECK(std::isnan(nan.value));
  CHECK(std::isnan(nan.partial[0]));
}

TEST_CASE("clamp passes the derivative on the closed interval and stops it outside", "[dual]")
{
  auto const clamped = [](double at) { return clamp(dual2::variable(at, 0), -1, 2); };
  check_dual(clamped(-1), -1, 1, 0);
  check_dual(clamped(0.5), 0.5, 1, 0);
  check_dual(clamped(2), 2, 1, 0);
  check_dual(clamped(-1.5), -1, 0, 0);
  check_dual(clamped(2.5), 2, 0, 0);
  CHECK(std::isnan(clamped(quiet_nan_v<double>).value));
  CHECK(clamped(quiet_nan_v<double>).partial[0] == 1);
}

TEST_CASE("a detached dual number keeps its value and loses its derivatives", "[dual]")
{
  dual2 const x = dual2::variable(3, 0);
  check_dual(detach(x), 3, 0, 0);
  check_dual(detach(x) * x, 9, 3, 0);
  CHECK(value_of(x) == 3);
  CHECK(prefopt::value_of(x) == 3);
}

TEST_CASE("chain takes a formula's value and slopes as they are given", "[dual]")
{
  dual2 const x = dual2::variable(3, 0);
  dual2 const y = dual2::variable(5, 1);
  check_dual(chain(7, 2, x), 7, 2, 0);
  check_dual(chain(7, 2, x, -4, y), 7, 2, -4);
  check_dual(chain(7, 2, x, -4, y, 10, x), 7, 12, -4);
  check_dual(chain(7, 2, x, -4, 5.0), 7, 2, 0);  // a constant has no derivative
  check_dual(chain(7, 2, 3.0, -4, y), 7, 0, -4);
  CHECK(std::signbit(chain(-0.0, 2, x, -4, y).value));
}

TEST_CASE("in chain 0 times an infinite derivative is 0", "[dual]")
{
  double const inf = infinity_v<double>;
  dual2 const steep = chain(1, inf, dual2::variable(1, 0));
  CHECK(steep.partial[0] == inf);
  CHECK(steep.partial[1] == 0);
  check_dual(chain(7, 0, steep), 7, 0, 0);
  check_dual(chain(7, 0, steep, 3, dual2::variable(5, 1)), 7, 0, 3);
  CHECK(chain(7, 2, steep).partial[0] == inf);
  CHECK(std::isnan(chain(7, quiet_nan_v<double>, steep).partial[0]));
}
