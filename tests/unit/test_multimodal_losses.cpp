// SPDX-License-Identifier: MIT
/// \file  Losses over several modalities, and those without reference: worked values, and what they
/// have in common.

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/core/self_check.hpp>
#include <prefopt/losses/alphapo.hpp>
#include <prefopt/losses/chip.hpp>
#include <prefopt/losses/conditional_preference.hpp>
#include <prefopt/losses/cpo.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/halva.hpp>
#include <prefopt/losses/mdpo.hpp>
#include <prefopt/losses/mfpo.hpp>
#include <prefopt/losses/mpo.hpp>
#include <prefopt/losses/opa_dpo.hpp>
#include <prefopt/losses/opa_dpo_pair.hpp>
#include <prefopt/losses/orpo.hpp>
#include <prefopt/losses/plackett_luce.hpp>
#include <prefopt/losses/povid.hpp>
#include <prefopt/losses/re_align.hpp>
#include <prefopt/losses/reference_kl.hpp>
#include <prefopt/losses/sft.hpp>
#include <prefopt/losses/simpo.hpp>
#include <prefopt/losses/slic_hf.hpp>
#include <prefopt/losses/svco.hpp>
#include <prefopt/losses/symmpo.hpp>
#include <prefopt/losses/tpo.hpp>
#include <prefopt/losses/tpo_l.hpp>
#include <prefopt/losses/vdpo_image.hpp>
#include <prefopt/losses/vdpo_text.hpp>
#include <prefopt/margins/summary.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace prefopt;

namespace {

template <class Loss>
using record_for = record_of<Loss, double>;

template <class Loss>
auto differentiate(Loss const& loss, record_for<Loss> const& x)
{
  return value_and_gradient<double>(loss, x);
}

/// -log sigmoid by its definition, for arguments of a few units.
double cost(double margin)
{
  return std::log(1 + std::exp(-margin));
}

double const log_2 = std::numbers::ln2;

}  // namespace

TEST_CASE("mfpo with eta 0 is mdpo, and so is one pair of opa-dpo with weights 1", "[losses]")
{
  record_for<mfpo<double>> const x{.chosen = -40,
                                   .rejected = -55,
                                   .perturbed = {{-48}},
                                   .ref_chosen = -42,
                                   .ref_rejected = -50,
                                   .ref_perturbed = {{-43}}};
  auto const a = differentiate(mfpo<double>{}, x);
  auto const b = differentiate(mdpo<double>{}, x);
  auto const c = differentiate(opa_dpo_pair<double>{.copo_weight = 1}, x);
  CHECK(a.value == b.value);
  CHECK(a.value == c.value);
  CHECK(a.gradient.chosen == b.gradient.chosen);
  CHECK(a.gradient.chosen == c.gradient.chosen);
  CHECK(a.gradient.perturbed[0] == b.gradient.perturbed[0]);
}

TEST_CASE("dpo, a conditional preference and an anchor add up to mfpo, and without it to re-align",
          "[losses]")
{
  record_for<mfpo<double>> const x{.chosen = -40,
                                   .rejected = -55,
                                   .perturbed = {{-48}},
                                   .ref_chosen = -42,
                                   .ref_rejected = -50,
                                   .ref_perturbed = {{-43}}};
  auto const pair = dpo<double>{} + 0.5 * conditional_preference<double>{};
  auto const anchored =
      pair + anchor<branch::chosen, score::log_ratio>("margin", link::logistic<double>{}, 0.1, 0.2);
  mfpo<double> const loss{.eta = 0.2, .modality_weight = {{0.5}}};
  CHECK(differentiate(anchored, x).value == differentiate(loss, x).value);
  CHECK(differentiate(anchored, x).gradient.chosen == differentiate(loss, x).gradient.chosen);
  re_align<double> const without{.image_weight = 0.5};
  CHECK(differentiate(pair, x).value == differentiate(without, x).value);
  // beta_v multiplies beta: 0.1 * 2 * ((-40 + 42) - (-48 + 43)) = 1.4.
  re_align<double> const scaled{.beta_v = 2, .image_weight = 1};
  CHECK(differentiate(scaled, x).value == Approx(cost(0.7) + cost(1.4)).epsilon(1e-14));
}

TEST_CASE("a conditional preference is for any modality and any score of two branches", "[losses]")
{
  using video = conditional_preference<double, 2>;
  record_for<video> const x{.chosen = -40,
                            .perturbed = {{-1, -2, -48}},
                            .ref_chosen = -42,
                            .ref_perturbed = {{-3, -4, -43}}};
  auto const got = differentiate(video{.gamma = 0.2, .name = "video"}, x);
  CHECK(got.value == Approx(cost(0.1 * (2 + 5) - 0.2)).epsilon(1e-14));
  CHECK(got.gradient.perturbed[0] == 0);
  CHECK(got.gradient.perturbed[1] == 0);
  CHECK(got.gradient.perturbed[2] == Approx(0.1 / (1 + std::exp(0.5))).epsilon(1e-14));

  using forward = conditional_preference<double, 0, score::forward_kl<>>;
  record_for<forward> const y{
      .chosen = -1, .perturbed = {{-3}}, .ref_chosen = -2, .ref_perturbed = {{-2.5}}};
  CHECK(differentiate(forward{}, y).value ==
        Approx(cost(0.1 * (std::exp(0.5) - std::exp(-1.0)))).epsilon(1e-14));
}

TEST_CASE("every modality has its own weight and margin in the summary", "[losses]")
{
  using three = mfpo<double, 3>;
  three const loss{.modality_weight = {{1, 2, 0}}, .margin_weight = 0};
  std::vector<double> const chosen{-40}, rejected{-55}, image{-48}, audio{-41}, video{-400};
  std::vector<double> const ref_chosen{-42}, ref_rejected{-50}, ref{-43};
  input_columns<three> const in{.chosen = chosen,
                                .rejected = rejected,
                                .perturbed = {{image, audio, video}},
                                .ref_chosen = ref_chosen,
                                .ref_rejected = ref_rejected,
                                .ref_perturbed = {{ref, ref, ref}}};
  auto const summary = summarize(loss, in);
  CHECK(term_names(loss)[2] == std::string("audio"));
  CHECK(summary.term[1].margin == Approx(0.1 * (2 + 5)).epsilon(1e-14));
  CHECK(summary.term[2].margin == Approx(0.1 * (2 - 2)).margin(1e-14));
  CHECK(summary.term[2].value == Approx(2 * log_2).epsilon(1e-14));
  CHECK(summary.term[3].value == 0);
}

TEST_CASE("chip is one sigmoid over text, image and tokens", "[losses]")
{
  using with_tokens = chip<double>;
  using without = chip<double, false>;
  record_for<with_tokens> const x{.chosen = -40,
                                  .rejected = -55,
                                  .perturbed = {{-48}},
                                  .chosen_kl = 3,
                                  .rejected_kl = 5,
                                  .ref_chosen = -42,
                                  .ref_rejected = -50,
                                  .ref_perturbed = {{-43}}};
  // D = 2 + 5, V = 2 + 5, kl_l - kl_w = 2.
  auto const got = differentiate(with_tokens{.beta = 0.1, .token_beta = 0.25}, x);
  CHECK(got.value == Approx(cost(0.1 * (7 + 7 - 0.5))).epsilon(1e-14));
  double const slope = 0.1 / (1 + std::exp(1.35));
  CHECK(got.gradient.chosen == Approx(-2 * slope).epsilon(1e-14));
  CHECK(got.gradient.rejected_kl == Approx(0.25 * slope).epsilon(1e-14));
  CHECK(got.gradient.chosen_kl == 0);  // a stop-gradient

  STATIC_REQUIRE(record_for<without>::columns.divergence.size() == 0);
  record_for<without> const y{.chosen = -40,
                              .rejected = -55,
                              .perturbed = {{-48}},
                              .ref_chosen = -42,
                              .ref_rejected = -50,
                              .ref_perturbed = {{-43}}};
  CHECK(differentiate(without{}, y).value == differentiate(with_tokens{.token_beta = 0}, x).value);
  CHECK(expected_initial_loss(with_tokens{}) == Approx(log_2).epsilon(1e-15));
}

TEST_CASE("v-dpo stops the gradient of what it corrupts, and not its value", "[losses]")
{
  record_for<vdpo_image<double>> const x{
      .chosen = -40, .perturbed = {{-48}}, .ref_chosen = -42, .ref_perturbed = {{-43}}};
  auto const stopped = differentiate(vdpo_image<double>{}, x);
  auto const moving = differentiate(conditional_preference<double>{}, x);
  CHECK(stopped.value == moving.value);
  CHECK(stopped.gradient.chosen == moving.gradient.chosen);
  CHECK(stopped.gradient.perturbed[0] == 0);
  CHECK(moving.gradient.perturbed[0] > 0);
}

TEST_CASE("guidance 1 is dpo, guidance 0 leaves no gradient, and between them blind answers count",
          "[losses]")
{
  record_for<vdpo_text<double>> const x{.chosen = -40,
                                        .rejected = -55,
                                        .chosen_blind = -60,
                                        .rejected_blind = -57,
                                        .ref_chosen = -42,
                                        .ref_rejected = -50};
  auto const plain = differentiate(
      dpo<double>{}, {.chosen = -40, .rejected = -55, .ref_chosen = -42, .ref_rejected = -50});
  auto const one = differentiate(vdpo_text<double>{.guidance = 1}, x);
  CHECK(one.value == plain.value);
  CHECK(one.gradient.chosen == plain.gradient.chosen);
  CHECK(differentiate(vdpo_text<double>{.guidance = 0}, x).gradient.chosen == 0);

  // f_w = 1.5 * -40 - 0.5 * -60 + 42 = 12, f_l = 1.5 * -55 - 0.5 * -57 + 50 = -4.
  auto const guided = differentiate(vdpo_text<double>{.guidance = 1.5}, x);
  CHECK(guided.value == Approx(cost(1.6)).epsilon(1e-14));
  CHECK(guided.gradient.chosen == Approx(-0.15 / (1 + std::exp(1.6))).epsilon(1e-14));
  CHECK(guided.gradient.chosen_blind == 0);
  CHECK(guided.gradient.rejected_blind == 0);
}

TEST_CASE("s-vco's closed form is what its terms give, with weights and betas of its own",
          "[losses]")
{
  svco<double> loss{.attend_beta = 0.1,
                    .reject_beta = 0.3,
                    .rejected_attend_beta = 0.2,
                    .rejected_reject_beta = 0.05,
                    .attend_weight = 2,
                    .rejected_attend_weight = 0.5};
  record_for<svco<double>> const x{.chosen = -40,
                                   .rejected = -55,
                                   .perturbed = {{-48}},
                                   .rejected_perturbed = {{-52}},
                                   .chosen_blind = -45,
                                   .rejected_blind = -51,
                                   .ref_chosen = -42,
                                   .ref_rejected = -50,
                                   .ref_perturbed = {{-43}},
                                   .ref_rejected_perturbed = {{-49}},
                                   .ref_chosen_blind = -44,
                                   .ref_rejected_blind = -53};
  auto const check_against_terms = [&] {
    auto const got = differentiate(loss, x);
    auto const want = differentiate(loss.terms(), x);
    CHECK(got.value == want.value);
    auto const same = [](double a, double b) {
      CHECK(a == Approx(b).epsilon(1e-13).margin(1e-15));
    };
    same(got.gradient.chosen, want.gradient.chosen);
    same(got.gradient.rejected, want.gradient.rejected);
    same(got.gradient.perturbed[0], want.gradient.perturbed[0]);
    same(got.gradient.rejected_perturbed[0], want.gradient.rejected_perturbed[0]);
    same(got.gradient.chosen_blind, want.gradient.chosen_blind);
    same(got.gradient.rejected_blind, want.gradient.rejected_blind);
  };
  check_against_terms();
  // r_w = 2, r_wn = -1, r_wc = -5, r_l = -5, r_ln = 2, r_lc = -3.
  CHECK(differentiate(loss, x).value ==
        Approx(2 * cost(0.1 * 3) + cost(0.3 * 4) + 0.5 * cost(0.2 * -7) + cost(0.05 * 5))
            .epsilon(1e-14));
  loss.reject_weight = 0;
  check_against_terms();
  loss.rejected_attend_weight = 0;
  check_against_terms();
  CHECK(expected_initial_loss(svco<double>{}) == Approx(4 * log_2).epsilon(1e-15));
}

TEST_CASE("a branch that s-vco's weights leave out may be missing from the numbers", "[losses]")
{
  svco<double> const loss{.reject_weight = 0};
  record_for<svco<double>> x{};
  x.perturbed[0] = quiet_nan_v<double>;
  auto const got = differentiate(loss, x);
  CHECK(got.value == Approx(3 * log_2).epsilon(1e-15));
  CHECK(got.gradient.chosen_blind == Approx(0.05).epsilon(1e-15));
  CHECK(got.gradient.perturbed[0] == 0);
}

TEST_CASE("opa-dpo has two text pairs, two image pairs, and anchors on either side", "[losses]")
{
  record_for<opa_dpo<double>> const x{.chosen = -40,
                                      .rejected = -55,
                                      .perturbed = {{-48}},
                                      .rejected_perturbed = {{-52}},
                                      .other_rejected = {{-61}},
                                      .ref_chosen = -42,
                                      .ref_rejected = -50,
                                      .ref_perturbed = {{-43}},
                                      .ref_rejected_perturbed = {{-49}},
                                      .ref_other_rejected = {{-58}}};
  // r_s = 2, r_a = -5, r_o = -3, r_s|m' = -5, r_a|m' = -3.
  double const pairs = cost(0.1 * 5) + cost(0.1 * -2) + 0.2 * (cost(0.1 * 7) + cost(0.1 * -2));
  CHECK(differentiate(opa_dpo<double>{.anchor = 0.1}, x).value ==
        Approx(pairs + 2 * cost(0.2 - 0.1) + 2 * cost(0.1 + 0.5)).epsilon(1e-14));
  CHECK(differentiate(opa_dpo<double, link::square>{.anchor = 0.1}, x).value ==
        Approx(pairs + 2 * 0.1 * 0.1 + 2 * 0.6 * 0.6).epsilon(1e-14));
}

TEST_CASE("povid is the mean of dpo against either rejected answer", "[losses]")
{
  record_for<povid<double>> const x{.chosen = -40,
                                    .rejected = -55,
                                    .other_rejected = {{-48}},
                                    .ref_chosen = -42,
                                    .ref_rejected = -50,
                                    .ref_other_rejected = {{-43}}};
  CHECK(differentiate(povid<double>{}, x).value ==
        Approx(0.5 * cost(0.7) + 0.5 * cost(0.7)).epsilon(1e-14));
  CHECK(expected_initial_loss(povid<double>{}) == Approx(log_2).epsilon(1e-15));
}

TEST_CASE("mpo starts at (w_p + 2 w_q) log 2 and its likelihood", "[losses]")
{
  // InternVL's weights; r_w = 2, r_l = -5, 20 tokens.
  record_for<mpo<double>> const x{
      .chosen = -40, .rejected = -55, .ref_chosen = -42, .ref_rejected = -50, .chosen_length = 20};
  CHECK(differentiate(mpo<double>{.delta = 0.1}, x).value ==
        Approx(0.8 * cost(0.7) + 0.2 * (cost(0.2 - 0.1) + cost(0.1 + 0.5)) + 2).epsilon(1e-14));
  std::vector<double> const chosen{-40, -10}, rejected{-55, -3}, length{20, 5};
  CHECK(expected_initial_loss(mpo<double>{},
                              {.chosen = chosen, .rejected = rejected, .chosen_length = length}) ==
        Approx(1.2 * log_2 + 2).epsilon(1e-14));
}

TEST_CASE("halva with its divergence is a sum of two losses", "[losses]")
{
  auto const loss = halva<double>{} + reference_kl<double>{.alpha = 0.5};
  auto const got = differentiate(loss, {.chosen = -3, .rejected = -4, .chosen_kl = 0.25});
  CHECK(got.value == Approx(cost(1) + 0.125).epsilon(1e-14));
  CHECK(got.gradient.chosen_kl == 0.5);
}

TEST_CASE("one negative in a softmax is dpo", "[losses]")
{
  using one = plackett_luce<double, branch::any_of<branch::rejected>>;
  for (double rejected : {-55.0, -30.0, -1e4, 0.0}) {
    record_for<one> const x{
        .chosen = -40, .rejected = rejected, .ref_chosen = -42, .ref_rejected = -50};
    auto const got = differentiate(one{}, x);
    auto const want = differentiate(dpo<double>{}, x);
    CHECK(got.value == Approx(want.value).epsilon(1e-15));
    CHECK(got.gradient.chosen == Approx(want.gradient.chosen).epsilon(1e-15));
    CHECK(got.gradient.rejected == Approx(want.gradient.rejected).epsilon(1e-15));
  }
}

TEST_CASE("several negatives share one softmax, whatever their branches", "[losses]")
{
  using three = plackett_luce<double, branch::any_of<branch::perturbed<0>, branch::perturbed<1>,
                                                     branch::other_rejected<0>>>;
  record_for<three> const x{.chosen = -40,
                            .perturbed = {{-48, -41}},
                            .other_rejected = {{-60}},
                            .ref_chosen = -42,
                            .ref_perturbed = {{-43, -44}},
                            .ref_other_rejected = {{-59}}};
  // r - r_w: -5 - 2, 3 - 2, -1 - 2.
  double const e[] = {std::exp(-0.7), std::exp(0.1), std::exp(-0.3)};
  double const sum = 1 + e[0] + e[1] + e[2];
  auto const got = differentiate(three{}, x);
  CHECK(got.value == Approx(std::log(sum)).epsilon(1e-14));
  CHECK(got.gradient.chosen == Approx(0.1 * (1 / sum - 1)).epsilon(1e-14));
  CHECK(got.gradient.perturbed[0] == Approx(0.1 * e[0] / sum).epsilon(1e-14));
  CHECK(got.gradient.perturbed[1] == Approx(0.1 * e[1] / sum).epsilon(1e-14));
  CHECK(got.gradient.other_rejected[0] == Approx(0.1 * e[2] / sum).epsilon(1e-14));
  CHECK(expected_initial_loss(three{}) == Approx(std::log(4)).epsilon(1e-15));
}

TEST_CASE("a softmax of negatives keeps its digits where a naive one has none", "[losses]")
{
  using loss = plackett_luce<double>;
  auto const far =
      differentiate(loss{.beta = 1}, {.chosen = -10, .rejected = -500, .perturbed = {{-600}}});
  CHECK(far.value == Approx(std::exp(-490.0)).epsilon(1e-12));
  CHECK(far.gradient.rejected == Approx(std::exp(-490.0)).epsilon(1e-12));
  CHECK(far.gradient.perturbed[0] == Approx(std::exp(-590.0)).epsilon(1e-12));

  double const never = -infinity_v<double>;
  auto const one_impossible =
      differentiate(loss{.beta = 1}, {.chosen = -10, .rejected = -10, .perturbed = {{never}}});
  CHECK(one_impossible.value == Approx(log_2).epsilon(1e-15));
  auto const all_impossible =
      differentiate(loss{.beta = 1}, {.chosen = -10, .rejected = never, .perturbed = {{never}}});
  CHECK(all_impossible.value == 0);
  CHECK(all_impossible.gradient.chosen == 0);
  auto const unknown =
      differentiate(loss{}, {.chosen = -10, .rejected = -10, .perturbed = {{quiet_nan_v<double>}}});
  CHECK(std::isnan(unknown.value));
}

TEST_CASE("the summary of a softmax of negatives sets the chosen answer against all of them",
          "[losses]")
{
  using loss = plackett_luce<double>;
  std::vector<double> const chosen{-40, -40}, rejected{-55, -20}, perturbed{-48, -48}, zero{0, 0};
  input_columns<loss> const in{.chosen = chosen,
                               .rejected = rejected,
                               .perturbed = {{perturbed}},
                               .ref_chosen = zero,
                               .ref_rejected = zero,
                               .ref_perturbed = {{zero}}};
  auto const summary = summarize(loss{}, in);
  double const first = std::log(std::exp(-5.5) + std::exp(-4.8));
  double const second = std::log(std::exp(-2.0) + std::exp(-4.8));
  CHECK(term_names(loss{})[0] == std::string("top choice"));
  CHECK(summary.term[0].positive_reward == Approx(-8).epsilon(1e-14));
  CHECK(summary.term[0].negative_reward == Approx(first + second).epsilon(1e-14));
  CHECK(summary.term[0].margin == Approx(-8 - first - second).epsilon(1e-14));
  CHECK(summary.term[0].wins == 1);
  CHECK(summary.term[0].value == Approx(cost(-4 - first) + cost(-4 - second)).epsilon(1e-14));
  CHECK_THROWS_AS(summarize(loss{.beta = quiet_nan_v<double>}, in), std::invalid_argument);
}

TEST_CASE("symmpo's worked value", "[losses]")
{
  record_for<symmpo<double>> const x{.chosen = -40,
                                     .rejected = -55,
                                     .perturbed = {{-48}},
                                     .rejected_perturbed = {{-52}},
                                     .other_rejected = {{-61}},
                                     .ref_chosen = -42,
                                     .ref_rejected = -50,
                                     .ref_perturbed = {{-43}},
                                     .ref_rejected_perturbed = {{-53}},
                                     .ref_other_rejected = {{-58}}};
  // r_1w = 2, r_1l = -3, r_12 = -5, r_2w = -5, r_22 = 1: D0 = 5, D1 = 7, D2 = 6.
  symmpo<double> const loss{.counterpart_beta = 0.3, .lambda = 0.5};
  auto const got = differentiate(loss, x);
  CHECK(got.value ==
        Approx(cost(0.5) + 0.5 * (cost(0.7) + cost(0.6)) + cost(0.2) + cost(0.3) + 1e-4)
            .epsilon(1e-14));
  auto const slope = [](double u) { return -1 / (1 + std::exp(u)); };
  CHECK(got.gradient.chosen ==
        Approx(0.1 * (slope(0.5) + 0.5 * slope(0.7) + slope(0.2)) + 2e-4).epsilon(1e-14));
  CHECK(got.gradient.rejected == Approx(-0.05 * slope(0.7) - 2e-4).epsilon(1e-14));
  CHECK(got.gradient.perturbed[0] == Approx(-0.05 * slope(0.6) + 2e-4).epsilon(1e-14));
  CHECK(got.gradient.rejected_perturbed[0] ==
        Approx(0.05 * slope(0.6) + 0.3 * slope(0.3) - 2e-4).epsilon(1e-14));
  CHECK(got.gradient.other_rejected[0] == Approx(-0.1 * slope(0.5)).epsilon(1e-14));
  CHECK(expected_initial_loss(symmpo<double>{}) == Approx(5 * log_2).epsilon(1e-15));
}

TEST_CASE("tpo is cpo and the likelihood of the gold answer, tpo-l the same on means", "[losses]")
{
  record_for<tpo<double>> const x{.chosen = -40, .rejected = -55, .gold = -30, .gold_length = 20};
  auto const sum = cpo<double, reduction::summed>{.beta = 0.01, .alpha = 0} +
                   2 * sft<double, reduction::per_sequence, branch::gold>{};
  CHECK(differentiate(tpo<double>{.alpha = 2}, x).value == differentiate(sum, x).value);
  CHECK(differentiate(tpo<double>{.alpha = 2}, x).value == Approx(cost(0.15) + 3).epsilon(1e-14));

  record_for<tpo_l<double>> const y{.chosen = -40,
                                    .rejected = -55,
                                    .gold = -30,
                                    .chosen_length = 10,
                                    .rejected_length = 11,
                                    .gold_length = 20};
  CHECK(differentiate(tpo_l<double>{.beta = 0.2, .gamma = 0.1}, y).value ==
        Approx(cost(0.2 * (-4 + 5) - 0.1) + 1.5).epsilon(1e-14));
}

TEST_CASE("likelihoods per token and summed", "[losses]")
{
  using per_token = sft<double, reduction::per_token<double>>;
  per_token const loss{.alpha = 1, .nll = {.sequences_per_token = 0.25}};
  CHECK(differentiate(loss, {.chosen = -8}).value == 2);
  CHECK(differentiate(sft<double, reduction::summed, branch::completion>{}, {.completion = -8})
            .value == 8);
  std::vector<double> const chosen{-8};
  std::vector<double> value{0};
  CHECK_THROWS_AS(evaluate(per_token{}, {.chosen = chosen}, {.value = value}),
                  std::invalid_argument);
}

TEST_CASE("alphapo is simpo at alpha 0, and near it close to simpo", "[losses]")
{
  record_for<alphapo<double>> const x{
      .chosen = -40, .rejected = -55, .chosen_length = 10, .rejected_length = 11};
  auto const want = differentiate(simpo<double>{.beta = 2.5, .gamma = 0.25}, x);
  auto const at_zero = differentiate(alphapo<double>{.alpha = 0}, x);
  CHECK(at_zero.value == want.value);
  CHECK(at_zero.gradient.chosen == want.gradient.chosen);
  for (double alpha : {1e-6, -1e-6, 1e-12, -1e-12, 1e-300}) {
    // The reward's next term is alpha a^2 / 2, 12.5 alpha here.
    auto const near = differentiate(alphapo<double>{.alpha = alpha}, x);
    CHECK(near.value == Approx(want.value).epsilon(50 * std::abs(alpha) + 1e-15));
    CHECK(near.gradient.rejected ==
          Approx(want.gradient.rejected).epsilon(50 * std::abs(alpha) + 1e-15));
  }
}

TEST_CASE("an answer that is almost certain has an odds ratio to full precision", "[losses]")
{
  // p_w = 1 - 1e-12, p_l = 1/2: the loss is log(1 + p_l (1 - p_w) / (p_w (1 - p_l))) = 1e-12, and
  // d/dw is -p_l / (p_l (1 - p_w) + p_w (1 - p_l)) = -1 to 12 digits.
  auto const got = differentiate(
      orpo<double>{.beta = 1, .alpha = 0},
      {.chosen = -1e-12, .rejected = -log_2, .chosen_length = 1, .rejected_length = 1});
  CHECK(got.value == Approx(1e-12).epsilon(1e-11));
  CHECK(got.gradient.chosen == Approx(-1).epsilon(1e-11));
  CHECK(got.gradient.rejected == Approx(2e-12).epsilon(1e-11));
}

TEST_CASE("an answer that is certain has no odds, unless they have a ceiling", "[losses]")
{
  record_of<orpo<double>, double> const x{
      .chosen = 0, .rejected = -log_2, .chosen_length = 1, .rejected_length = 1};
  CHECK_FALSE(std::isfinite(differentiate(orpo<double>{.beta = 1, .alpha = 0}, x).gradient.chosen));
  auto const got = differentiate(orpo<double>{.beta = 1, .alpha = 0, .ceiling = -1e-12}, x);
  CHECK(got.value == Approx(1e-12).epsilon(1e-11));  // that of the ceiling
  CHECK(got.gradient.chosen == 0);
  CHECK(got.gradient.rejected == Approx(2e-12).epsilon(1e-11));
}

TEST_CASE("a parameter that is no number is refused, wherever its term keeps it", "[losses]")
{
  auto const complaint = [](auto const& loss) {
    return error_of<std::invalid_argument>([&] { evaluate(loss, {}, {}); });
  };
  double const undefined = quiet_nan_v<double>;
  using alpha = score::alpha_divergence<double>;
  CHECK(mentions(complaint(chip<double>{.token_beta = undefined}), {"'token_beta'", "finite"}));
  CHECK(mentions(complaint(vdpo_text<double>{.guidance = undefined}), {"'guidance'", "finite"}));
  CHECK(mentions(complaint(slic_hf<double>{.delta = undefined}), {"'target'", "finite"}));
  CHECK(mentions(complaint(dpo<double, alpha>{.score = {.alpha = undefined}}),
                 {"'alpha'", "finite"}));
}
