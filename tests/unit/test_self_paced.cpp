// SPDX-License-Identifier: MIT
/// \file  Self-paced weights and their thresholds.

#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/curriculum/ramped.hpp>
#include <prefopt/curriculum/self_paced.hpp>
#include <prefopt/curriculum/weighting/hard_weighting.hpp>
#include <prefopt/curriculum/weighting/linear_weighting.hpp>
#include <prefopt/curriculum/weighting/logarithmic_weighting.hpp>
#include <prefopt/curriculum/weighting/logistic_weighting.hpp>
#include <prefopt/curriculum/weighting/mixture_weighting.hpp>
#include <prefopt/curriculum/weighting/polynomial_weighting.hpp>
#include <prefopt/losses/dpo.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"

namespace {

using prefopt::self_paced_weights;
using numbers = std::vector<double>;

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class Weighting>
numbers weights_of(Weighting const& weighting, numbers const& losses, double lambda)
{
  numbers weights(losses.size());
  self_paced_weights(weighting, losses, lambda, weights);
  return weights;
}

double threshold(numbers const& losses, double share)
{
  numbers scratch(losses.size());
  return prefopt::lambda_of_share<double>(losses, share, scratch);
}

}  // namespace

TEST_CASE("self-paced weights are their formulas", "[curriculum]")
{
  // mpmath 1.3, 40 digits: L = .25, lambda = .7.
  double const l = 0.25, lambda = 0.7;
  auto const exactly = [](double expected) { return Approx(expected).epsilon(1e-15); };
  CHECK(prefopt::hard_weighting{}(l, lambda) == 1);
  CHECK(prefopt::linear_weighting{}(l, lambda) == exactly(0.64285714285714285714));
  CHECK(prefopt::logarithmic_weighting{}(l, lambda) == exactly(0.49655357546911480474));
  CHECK(prefopt::logistic_weighting{}(l, lambda) == exactly(0.91387370344684997575));
  CHECK(prefopt::mixture_weighting{.full_below = 0.2}(l, lambda) == exactly(0.45));
  CHECK(prefopt::mixture_weighting{.full_below = 0.5}(l, lambda) == 1);
}

TEST_CASE("the polynomial weight takes a root, it does not divide", "[curriculum]")
{
  // CurML writes x ** 1.0 / (t - 1.0), which is x / (t - 1): .32 for t = 3 in the place of .80.
  CHECK(prefopt::polynomial_weighting{.order = 2}(0.25, 0.7) ==
        Approx(0.64285714285714285714).epsilon(1e-15));
  CHECK(prefopt::polynomial_weighting{.order = 3}(0.25, 0.7) ==
        Approx(0.80178372573727315405).epsilon(1e-15));
  CHECK(prefopt::polynomial_weighting{.order = 5}(0.25, 0.7) ==
        Approx(0.89542376880294681736).epsilon(1e-15));
}

TEST_CASE("hard weights select the easy samples, not the first ones", "[curriculum]")
{
  // CurML's hard mode once took range(n) of the samples in place of the n easiest.
  numbers const losses{3, 0.5, 2, 0.1, 1};
  CHECK(threshold(losses, 0.4) == std::nextafter(0.5, 1.0));
  CHECK(weights_of(prefopt::hard_weighting{}, losses, threshold(losses, 0.4)) ==
        numbers{0, 1, 0, 1, 0});
  CHECK(weights_of(prefopt::hard_weighting{}, losses, threshold(losses, 1)) ==
        numbers{1, 1, 1, 1, 1});
  CHECK(weights_of(prefopt::hard_weighting{}, losses, threshold(losses, 0)) ==
        numbers{0, 0, 0, 0, 0});
  // Ties with the last that is admitted are admitted.
  numbers const ties{1, 1, 1, 2, 3};
  CHECK(weights_of(prefopt::hard_weighting{}, ties, threshold(ties, 0.2)) ==
        numbers{1, 1, 1, 0, 0});
  CHECK(std::isnan(threshold({}, 0.5)));
}

TEST_CASE("self-paced weights go to an evaluation as its weight column", "[curriculum]")
{
  std::vector<double> const chosen{-10, -40}, rejected{-20, -10}, zero{-15, -15};
  prefopt::dpo<double> const loss{.beta = 0.1};
  prefopt::input_columns<prefopt::dpo<double>> const in{
      .chosen = chosen, .rejected = rejected, .ref_chosen = zero, .ref_rejected = zero};
  std::vector<double> value(2), weight(2), gradient(2);
  prefopt::evaluate<double>(loss, in, {.value = value});
  REQUIRE(value[0] < 1);
  REQUIRE(value[1] > 1);
  self_paced_weights(prefopt::hard_weighting{}, value, 1.0, weight);
  prefopt::evaluate<double>(loss, in, {.value = value, .gradient = {.chosen = gradient}},
                            {.weight = weight});
  CHECK(gradient[0] < 0);
  CHECK(gradient[1] == 0);
  // The threshold may follow a pacing.
  prefopt::ramped<> const lambda{.from = 0.5, .to = 4};
  CHECK(lambda(1) == 4);
}

TEST_CASE("losses at the ends of their range have a weight", "[curriculum]")
{
  numbers const losses{-1, 0, infinity, 1e300, 1e-300};
  numbers const hard{1, 1, 0, 0, 1};
  CHECK(weights_of(prefopt::hard_weighting{}, losses, 0.5) == hard);
  CHECK(weights_of(prefopt::linear_weighting{}, losses, 0.5) == hard);
  CHECK(weights_of(prefopt::logarithmic_weighting{}, losses, 0.5) == hard);
  CHECK(weights_of(prefopt::logistic_weighting{}, losses, 0.5) == hard);
  CHECK(weights_of(prefopt::polynomial_weighting{}, losses, 0.5) == hard);
  CHECK(weights_of(prefopt::mixture_weighting{}, losses, 0.5) == hard);
  CHECK(weights_of(prefopt::linear_weighting{}, {}, 0.5).empty());
}

TEMPLATE_TEST_CASE("weights are numbers in [0, 1] for every loss and lambda", "[curriculum]", float,
                   double)
{
  // Powers of two over the whole range of the type, subnormal ones too; products of two overflow.
  using limits = std::numeric_limits<TestType>;
  std::vector<TestType> sizes;
  for (int e = limits::min_exponent - limits::digits; e < limits::max_exponent; e += 7) {
    sizes.push_back(std::ldexp(TestType(1.25), e));
  }
  std::vector<TestType> weights(sizes.size());
  auto const hold = [&](auto const& weighting, TestType largest_lambda) {
    for (TestType const lambda : sizes) {
      if (!(lambda < largest_lambda)) { continue; }
      self_paced_weights(weighting, sizes, lambda, weights);
      for (std::size_t i = 0; i < sizes.size(); ++i) {
        CAPTURE(lambda, sizes[i], weights[i]);
        REQUIRE((weights[i] >= 0 && weights[i] <= 1 + 4 * limits::epsilon()));
        if (i > 0) { REQUIRE(weights[i] <= weights[i - 1] * (1 + 4 * limits::epsilon())); }
      }
    }
  };
  hold(prefopt::hard_weighting{}, limits::max());
  hold(prefopt::linear_weighting{}, limits::max());
  hold(prefopt::logistic_weighting{}, limits::max());
  hold(prefopt::logarithmic_weighting{}, TestType(1));
  for (double const order : {1 + 1e-9, 2.0, 1e300}) {
    CAPTURE(order);
    hold(prefopt::polynomial_weighting{.order = order}, limits::max());
  }
  for (double const full_below : {1e-300, 0.01, 0.5, 1 - 1e-12}) {
    CAPTURE(full_below);
    hold(prefopt::mixture_weighting{.full_below = full_below}, limits::max());
  }
}

TEST_CASE("mixture weights do not depend on the scale of losses", "[curriculum]")
{
  prefopt::mixture_weighting const weighting{.full_below = 0.25};
  for (double const scale : {0x1p-1000, 0x1p-520, 1.0, 0x1p520, 0x1p1000}) {
    CAPTURE(scale);
    CHECK(weighting(0.5 * scale, scale) == Approx(1.0 / 3).epsilon(1e-15));
  }
}

TEST_CASE("self-paced weights refuse what has no weight", "[curriculum]")
{
  numbers const losses{1, std::nan(""), 2};
  auto const message = [&](auto const& weighting, numbers const& of, double lambda) {
    return error_of<std::invalid_argument>([&] { weights_of(weighting, of, lambda); });
  };
  CHECK(message(prefopt::hard_weighting{}, losses, 1) ==
        "prefopt::self_paced_weights: loss of sample 1: expected a number, got NaN");
  CHECK(mentions(message(prefopt::hard_weighting{}, {1}, 0), {"lambda", "above 0", "got 0.0"}));
  CHECK(mentions(message(prefopt::linear_weighting{}, {1}, infinity), {"lambda", "finite", "inf"}));
  CHECK(mentions(message(prefopt::linear_weighting{}, {1}, std::nan("")), {"lambda", "nan"}));
  CHECK(mentions(message(prefopt::logarithmic_weighting{}, {1}, 1), {"lambda", "below 1"}));
  CHECK(message(prefopt::polynomial_weighting{.order = 1}, {1}, 1) ==
        "prefopt::self_paced_weights: parameter 'order': expected a number in (1, inf), got 1");
  CHECK(mentions(message(prefopt::polynomial_weighting{.order = infinity}, {1}, 1), {"'order'"}));
  CHECK(mentions(message(prefopt::mixture_weighting{.full_below = 1}, {1}, 1), {"'full_below'"}));
  CHECK(mentions(message(prefopt::mixture_weighting{.full_below = 0}, {1}, 1), {"'full_below'"}));
  CHECK(error_of<std::invalid_argument>([&] { threshold(losses, 0.5); }) ==
        "prefopt::lambda_of_share: loss of sample 1: expected a number, got NaN");
  CHECK(mentions(error_of<std::invalid_argument>([&] { threshold({1}, 1.5); }), {"share", "1.5"}));
  numbers const two{1, 2};
  numbers shorter(1);
  CHECK_THROWS_AS(self_paced_weights(prefopt::hard_weighting{}, two, 1.0, shorter),
                  std::invalid_argument);
}
