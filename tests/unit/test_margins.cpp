// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <prefopt/core/self_check.hpp>
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
  REQUIRE(std::string(s.term[0].name) == "text");
  REQUIRE(std::string(s.term[1].name) == "image");
  REQUIRE(std::string(s.term[2].name) == "margin");
  REQUIRE(s.term[0].positive_reward == Approx(0.1 * (2 - 3 + 0)));
  REQUIRE(s.term[0].negative_reward == Approx(0.1 * (-5 + 0 + 0)));
  REQUIRE(s.term[0].margin == Approx(0.1 * (7 - 3 + 0)));
  REQUIRE(s.term[0].wins == 1);
  REQUIRE(s.term[0].ties == 1);
  REQUIRE(s.term[1].margin == Approx(0.1 * (7 - 2 + 0)));
  REQUIRE(s.term[2].negative_reward == 0);
  REQUIRE(s.mean_value() ==
          Approx((1.404510967 + 2.506849358 + 3 * std::log(2.0)) / 3).epsilon(1e-9));
  // Each sample pulls on the text margin with sigmoid(-margin).
  auto const pull = [](double m) { return 1 / (1 + std::exp(m)); };
  REQUIRE(s.term[0].pull == Approx(pull(0.7) + pull(-0.3) + pull(0)));
  REQUIRE(s.gradient_share(0) + s.gradient_share(1) + s.gradient_share(2) == Approx(1));
}

TEST_CASE("summaries of parts merge to the summary of the whole", "[margins]")
{
  mfpo<double> const loss{.beta = 0.3, .eta = 0.2};
  auto const whole = summarize(loss, columns(0, 3));
  loss_summary<3> merged;
  for (index_t i = 0; i < 3; ++i) { merged.merge(summarize(loss, columns(i, 1))); }
  REQUIRE(merged.count == whole.count);
  for (int k = 0; k < 3; ++k) {
    REQUIRE(std::string(merged.term[k].name) == whole.term[k].name);
    REQUIRE(merged.term[k].value == Approx(whole.term[k].value).epsilon(1e-14));
    REQUIRE(merged.term[k].margin == Approx(whole.term[k].margin).epsilon(1e-14));
    REQUIRE(merged.term[k].pull == Approx(whole.term[k].pull).epsilon(1e-14));
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
}
