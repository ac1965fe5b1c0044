// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/core/self_check.hpp>
#include <prefopt/losses/aot.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/ipo.hpp>
#include <prefopt/losses/mfpo.hpp>
#include <prefopt/margins/fairness.hpp>
#include <prefopt/margins/summary.hpp>

using namespace prefopt;

namespace {

// Two rows of the MFPO test vectors, and one where policy = reference.
std::vector<double> const chosen{-40, -45, -42}, rejected{-55, -50, -50}, perturbed{-48, -44, -43};
std::vector<double> const ref_chosen(3, -42), ref_rejected(3, -50), ref_perturbed(3, -43);

auto columns(index_t first, index_t count)
{
  auto const part = [&](std::vector<double> const& c) {
    return vector_view<double const>(c).part(first, count);
  };
  return input_columns<mfpo<double>>{.chosen = part(chosen),
                                     .rejected = part(rejected),
                                     .perturbed = {part(perturbed)},
                                     .ref_chosen = part(ref_chosen),
                                     .ref_rejected = part(ref_rejected),
                                     .ref_perturbed = {part(ref_perturbed)}};
}

}  // namespace

TEST_CASE("a summary reports rewards, margins and gradient shares of each term", "[margins]")
{
  mfpo<double> const loss{.beta = 0.1};
  auto const s = summarize(loss, columns(0, 3));

  REQUIRE(s.count == 3);
  auto const names = term_names(loss);
  REQUIRE(std::string(names[0]) == "text");
  REQUIRE(std::string(names[1]) == "image");
  REQUIRE(std::string(names[2]) == "margin");
  REQUIRE(s.term[0].positive_reward == Approx(0.1 * (2 - 3 + 0)));
  REQUIRE(s.term[0].negative_reward == Approx(0.1 * (-5 + 0 + 0)));
  REQUIRE(s.term[0].margin == Approx(0.1 * (7 - 3 + 0)));
  REQUIRE(s.term[0].wins == 1);
  REQUIRE(s.term[0].ties == 1);
  REQUIRE(s.term[1].margin == Approx(0.1 * (7 - 2 + 0)));
  REQUIRE(s.term[2].negative_reward == 0);
  REQUIRE(s.mean_value() ==
          Approx((1.404510967 + 2.506849358 + 3 * std::log(2.0)) / 3).epsilon(1e-9));
  // Each sample pulls on the text score with beta sigmoid(-margin).
  auto const pull = [](double m) { return 1 / (1 + std::exp(m)); };
  REQUIRE(s.term[0].pull == Approx(0.1 * (pull(0.7) + pull(-0.3) + pull(0))));
  REQUIRE(s.gradient_share(0) + s.gradient_share(1) + s.gradient_share(2) == Approx(1));
}

TEST_CASE("sums of losses, and single terms, can be summarised", "[margins]")
{
  dpo<double> const text{.beta = 0.1};
  auto const sum = summarize(text + 0.5 * mfpo<double>{.beta = 0.1}, columns(0, 3));
  auto const parts = summarize(mfpo<double>{.beta = 0.1}, columns(0, 3));
  REQUIRE(std::string(term_names(text + 0.5 * mfpo<double>{})[3]) == "margin");
  REQUIRE(sum.term[1].value == Approx(0.5 * parts.term[0].value).epsilon(1e-14));
  REQUIRE(sum.mean_value() == Approx((1.5 * parts.term[0].value + 0.5 * parts.term[1].value +
                                      0.5 * parts.term[2].value) /
                                     3)
                                  .epsilon(1e-14));
  auto const one =
      summarize(anchor<branch::chosen, score::log_ratio>("alone", link::logistic<double>{}, 0.1),
                {.chosen = chosen, .ref_chosen = ref_chosen});
  REQUIRE(one.term[0].value == Approx(parts.term[2].value).epsilon(1e-14));
}

TEST_CASE("the share of a term in the gradient is by its score, whatever its beta", "[margins]")
{
  // At policy = reference a logistic term pulls with beta / 2 on the score.
  std::vector<double> const zero{0};
  auto const s =
      summarize(dpo<double>{.beta = 0.1} + dpo<double>{.beta = 0.3},
                {.chosen = zero, .rejected = zero, .ref_chosen = zero, .ref_rejected = zero});
  REQUIRE(s.term[0].pull == Approx(0.05).epsilon(1e-15));
  REQUIRE(s.gradient_share(0) == Approx(0.25).epsilon(1e-15));
  REQUIRE(s.gradient_share(1) == Approx(0.75).epsilon(1e-15));
}

TEST_CASE("a summary weighs its samples, and leaves out those of weight 0", "[margins]")
{
  dpo<double> const loss{.beta = 0.1};
  std::vector<double> padded = chosen;
  padded[1] = std::nan("");
  input_columns<dpo<double>> const in{.chosen = padded,
                                      .rejected = rejected,
                                      .ref_chosen = ref_chosen,
                                      .ref_rejected = ref_rejected};
  std::vector<double> const weight{2, 0, 1}, two(2);
  auto const s = summarize(loss, in, {.weight = weight});
  double const first = std::log1p(std::exp(-0.7)), third = std::log(2.0);
  REQUIRE(s.count == 2);
  REQUIRE(s.weight == 3);
  REQUIRE(s.mean_value() == Approx((2 * first + third) / 3).epsilon(1e-14));
  REQUIRE(s.term[0].margin == Approx(2 * 0.7).epsilon(1e-14));
  REQUIRE(s.term[0].wins == 2);
  REQUIRE(s.term[0].ties == 1);
  REQUIRE(s.term[0].pull == Approx(0.1 * (2 / (1 + std::exp(0.7)) + 0.5)).epsilon(1e-14));
  REQUIRE(std::isnan(summarize(loss, in).mean_value()));
  REQUIRE_THROWS_AS(summarize(loss, in, {.weight = two}), std::invalid_argument);
  REQUIRE(std::isnan(loss_summary<1>{}.mean_value()));
}

TEST_CASE("a sorted loss is summarised too, without weights", "[margins]")
{
  std::vector<double> const one{-1, -2}, other{-3, -1}, reference{0.5, 0};
  auto const s = summarize(aot<double>{.beta = 0.5},
                           {.chosen = one, .rejected = other, .matched_reference = reference});
  REQUIRE(s.weight == 2);
  REQUIRE(s.term[0].margin == Approx(0.5 * (2 - 0.5) + 0.5 * (-1 - 0)).epsilon(1e-15));
  REQUIRE(s.term[0].value ==
          Approx(std::log1p(std::exp(-0.75)) + std::log1p(std::exp(0.5))).epsilon(1e-15));
}

TEST_CASE("summaries of parts merge to the summary of the whole", "[margins]")
{
  mfpo<double> const loss{.beta = 0.3, .eta = 0.2};
  auto const whole = summarize(loss, columns(0, 3));
  loss_summary<3> merged;
  for (index_t i = 0; i < 3; ++i) { merged.merge(summarize(loss, columns(i, 1))); }
  REQUIRE(merged.count == whole.count);
  for (int k = 0; k < 3; ++k) {
    REQUIRE(merged.term[k].value == Approx(whole.term[k].value).epsilon(1e-14));
    REQUIRE(merged.term[k].margin == Approx(whole.term[k].margin).epsilon(1e-14));
    REQUIRE(merged.term[k].pull == Approx(whole.term[k].pull).epsilon(1e-14));
    REQUIRE(merged.weight == whole.weight);
    REQUIRE(merged.term[k].wins == whole.term[k].wins);
  }
}

TEST_CASE("the expected initial loss is that of policy = reference", "[margins]")
{
  double const log2 = std::log(2.0);
  REQUIRE(expected_initial_loss(dpo<double>{}) == Approx(log2).epsilon(1e-15));
  REQUIRE(expected_initial_loss(mfpo<double>{}) == Approx(3 * log2).epsilon(1e-15));
  REQUIRE(expected_initial_loss(mfpo<double, 2>{}) == Approx(4 * log2).epsilon(1e-15));
  REQUIRE(expected_initial_loss(ipo<double>{.beta = 0.1}) == Approx(25));
}

TEST_CASE("fairness compares the margins of two modalities", "[margins]")
{
  REQUIRE(margin_fairness(2, 1) == 0.5);
  REQUIRE(margin_fairness(1, 2) == 0.5);
  REQUIRE(margin_fairness(3, 3) == 1);
  REQUIRE(margin_fairness(2, -1) == 0);
  REQUIRE(std::isnan(margin_fairness(0, 0)));
  REQUIRE(std::isnan(margin_fairness(-1, -2)));
  double const nan = std::nan("");
  REQUIRE(std::isnan(margin_fairness(1, nan)));
  REQUIRE(std::isnan(margin_fairness(nan, 1)));
}
