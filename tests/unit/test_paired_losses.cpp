// SPDX-License-Identifier: MIT
/// \file  Losses of pairs with a reference: parameters, options, identities and worked values.
/// Their golden values are in golden_paired.cpp, their laws in laws/.

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/core/self_check.hpp>
#include <prefopt/losses/a2po.hpp>
#include <prefopt/losses/apo_down.hpp>
#include <prefopt/losses/apo_zero.hpp>
#include <prefopt/losses/bco_pair.hpp>
#include <prefopt/losses/cal_dpo.hpp>
#include <prefopt/losses/chi_po.hpp>
#include <prefopt/losses/da_dpo.hpp>
#include <prefopt/losses/discopop.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/dpo_norm.hpp>
#include <prefopt/losses/dpop.hpp>
#include <prefopt/losses/exo_pair.hpp>
#include <prefopt/losses/hinge.hpp>
#include <prefopt/losses/ipo.hpp>
#include <prefopt/losses/ipo_sum.hpp>
#include <prefopt/losses/mm_dpo.hpp>
#include <prefopt/losses/nash_md.hpp>
#include <prefopt/losses/nca_pair.hpp>
#include <prefopt/losses/odpo.hpp>
#include <prefopt/losses/r_dpo.hpp>
#include <prefopt/losses/robust.hpp>
#include <prefopt/losses/rpo.hpp>
#include <prefopt/losses/rrpo.hpp>
#include <prefopt/losses/similarity_dpo.hpp>
#include <prefopt/losses/sppo_hard.hpp>
#include <prefopt/losses/tdpo1.hpp>
#include <prefopt/losses/tdpo2.hpp>
#include <prefopt/losses/wpo.hpp>
#include <prefopt/losses/xpo.hpp>
#include <prefopt/margins/summary.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace prefopt;

namespace {

double const infinity = infinity_v<double>;
double const undefined = quiet_nan_v<double>;

/// What `evaluate` says about a loss's parameters, on an empty batch.
template <class Loss>
std::string complaint(Loss const& loss)
{
  return error_of<std::invalid_argument>([&] { evaluate(loss, {}, {}); });
}

auto nearly(double value)
{
  return Approx(value).epsilon(1e-14);
}

pair_logps<double> const pair{
    .chosen = -40, .rejected = -55, .ref_chosen = -42, .ref_rejected = -50};
double const gap = 7, dpo_value = std::log1p(std::exp(-0.1 * gap));

/// The pair as the record of a loss that reads more columns.
template <class Loss>
record_of<Loss, double> as_record()
{
  record_of<Loss, double> x;
  x.chosen = pair.chosen;
  x.rejected = pair.rejected;
  x.ref_chosen = pair.ref_chosen;
  x.ref_rejected = pair.ref_rejected;
  return x;
}

template <class Loss>
double value_on_pair(Loss const& loss)
{
  return loss_value(loss, as_record<Loss>());
}

}  // namespace

TEST_CASE("an error names the term, the parameter, what was expected and what came", "[losses]")
{
  CHECK(complaint(robust<double>{.label_smoothing = 0.5}) ==
        "prefopt::evaluate: term 'text', parameter 'label_smoothing': expected a number in [0, "
        "0.5), got 0.5");
  CHECK(complaint(exo_pair<double>{.label_smoothing = 0}) ==
        "prefopt::evaluate: term 'text', parameter 'label_smoothing': expected a number in (0, "
        "0.5), got 0");
  CHECK(complaint(discopop<double>{.tau = 1}) ==
        "prefopt::evaluate: term 'text', parameter 'tau': expected a number in (0, 1), got 1");
  CHECK(complaint(chi_po<double>{.clip = 0}) ==
        "prefopt::evaluate: term 'text', parameter 'clip': expected a finite number above 0, got "
        "0");
  CHECK(complaint(dpop<double>{.lambda = -1}) ==
        "prefopt::evaluate: term 'text', parameter 'lambda': expected a finite number of 0 or "
        "more, got -1");
  CHECK(complaint(sppo_hard<double>{.beta = 0}) ==
        "prefopt::evaluate: parameter 'beta': expected a finite number above 0, got 0");
}

TEST_CASE("parameters outside their domain are errors, those at its edge are not", "[losses]")
{
  CHECK(mentions(complaint(dpo<double>{.label_smoothing = -0.1}), {"label_smoothing", "-0.1"}));
  CHECK(mentions(complaint(dpo_norm<double>{.label_smoothing = undefined}),
                 {"label_smoothing", "nan"}));
  CHECK(mentions(complaint(ipo<double>{.beta = 0}), {"'beta'", "above 0"}));
  CHECK(mentions(complaint(ipo_sum<double>{.beta = -1}), {"'beta'", "above 0", "-1"}));
  CHECK(mentions(complaint(cal_dpo<double>{.beta = 0}), {"'beta'", "above 0"}));
  CHECK(mentions(complaint(bco_pair<double>{.delta = undefined}), {"'delta'", "finite"}));
  CHECK(mentions(complaint(wpo<double>{.max_weight = 0}), {"'max_weight'", "above 0"}));
  CHECK(mentions(complaint(wpo<double>{.mean_weight = 0}), {"'mean_weight'", "above 0"}));
  CHECK(mentions(complaint(odpo<double>{.alpha = undefined}), {"'alpha'", "finite"}));
  CHECK(mentions(complaint(r_dpo<double>{.alpha = infinity}), {"'alpha'", "finite"}));
  CHECK(mentions(complaint(mm_dpo<double>{.w = -1}), {"'w'", "0 or more"}));
  CHECK(mentions(complaint(mm_dpo<double>{.k = -1}), {"'k'", "0 or more"}));
  CHECK(mentions(complaint(mm_dpo<double>{.smallest_beta = -1}), {"'smallest_beta'", "-1"}));
  CHECK(mentions(complaint(similarity_dpo<double>{.factor = undefined}), {"'factor'", "finite"}));
  CHECK(mentions(complaint(tdpo2<double>{.alpha = undefined}), {"term 'text'", "'alpha'"}));
  CHECK(mentions(complaint(a2po<double>{.optimal_value = undefined}), {"'optimal_value'"}));
  CHECK(mentions(complaint(hinge<double>{.beta = infinity}), {"term 'text'", "'beta'"}));

  auto const term = [](double offset, double weight) {
    return contrast<branch::chosen, branch::rejected, score::log_ratio>(
        "text", link::hinge<double>{}, 0.1, offset, weight);
  };
  CHECK(mentions(complaint(term(undefined, 1)), {"term 'text'", "'offset'", "finite"}));
  CHECK(mentions(complaint(term(0, infinity)), {"term 'text'", "'weight'", "finite"}));
  CHECK(complaint(term(-1, -1)) == "no error");

  CHECK(complaint(robust<double>{.label_smoothing = 0}) == "no error");
  CHECK(complaint(wpo<double>{.max_weight = infinity}) == "no error");
  CHECK(complaint(mm_dpo<double>{.smallest_beta = -infinity}) == "no error");
  CHECK(complaint(dpop<double>{.lambda = 0}) == "no error");
}

TEST_CASE("a per-token likelihood must be told how many sequences a token is", "[losses]")
{
  using per_token = rpo<double, reduction::per_token<double>>;
  CHECK(complaint(per_token{}) ==
        "prefopt::evaluate: term 'nll', parameter 'sequences_per_token': expected a finite number "
        "above 0, got 0");
  CHECK(complaint(per_token{.nll = {.sequences_per_token = 0.25}}) == "no error");
}

TEST_CASE("every paired loss starts at the value that its documentation gives", "[losses]")
{
  double const ln2 = std::numbers::ln2;
  CHECK(expected_initial_loss(robust<double>{.label_smoothing = 0.3}) == nearly(ln2));
  CHECK(expected_initial_loss(hinge<double>{}) == 1);
  CHECK(expected_initial_loss(exo_pair<double>{.label_smoothing = 0.1}) ==
        nearly(-ln2 - std::log(0.1 * 0.9) / 2));
  CHECK(expected_initial_loss(nca_pair<double>{}) == nearly(2 * ln2));
  CHECK(expected_initial_loss(bco_pair<double>{}) == nearly(2 * ln2));
  CHECK(expected_initial_loss(sppo_hard<double>{.beta = 0.1}) == nearly(50));
  CHECK(expected_initial_loss(apo_zero<double>{}) == 1);
  CHECK(expected_initial_loss(apo_down<double>{}) == 1);
  CHECK(expected_initial_loss(discopop<double>{}) == nearly((1 + ln2) / 2));
  CHECK(expected_initial_loss(dpo_norm<double>{}) == nearly(ln2));
  CHECK(expected_initial_loss(dpop<double>{}) == nearly(ln2));
  CHECK(expected_initial_loss(cal_dpo<double>{.beta = 0.1}) == nearly(ln2 + 50));
  CHECK(expected_initial_loss(chi_po<double>{}) == nearly(ln2));
  CHECK(expected_initial_loss(mm_dpo<double>{}) == nearly(ln2));
  CHECK(expected_initial_loss(da_dpo<double>{}) == nearly(ln2));
  CHECK(expected_initial_loss(tdpo1<double>{}) == nearly(ln2));
  CHECK(expected_initial_loss(tdpo2<double>{}) == nearly(ln2));
  CHECK(expected_initial_loss(rrpo<double>{}) == nearly(ln2));
}

TEST_CASE("extensions of DPO are DPO where what they add is nothing", "[losses]")
{
  CHECK(value_on_pair(dpo<double>{}) == nearly(dpo_value));
  CHECK(value_on_pair(robust<double>{.label_smoothing = 0}) == nearly(dpo_value));
  CHECK(value_on_pair(dpop<double>{.beta = 0.1}) == nearly(dpo_value));  // the chosen reward is > 0
  CHECK(value_on_pair(odpo<double>{}) == nearly(dpo_value));             // a gap of 0
  CHECK(value_on_pair(r_dpo<double>{}) == nearly(dpo_value));            // lengths alike
  CHECK(value_on_pair(da_dpo<double>{}) == nearly(dpo_value));           // a gap of 0
  CHECK(value_on_pair(similarity_dpo<double>{.factor = 0}) == nearly(dpo_value));
  CHECK(value_on_pair(wpo<double>{}) == nearly(dpo_value));    // adjustments of 0
  CHECK(value_on_pair(tdpo1<double>{}) == nearly(dpo_value));  // divergences of 0
  CHECK(value_on_pair(tdpo2<double>{}) == nearly(dpo_value));
  CHECK(value_on_pair(rrpo<double>{}) == nearly(dpo_value));
  CHECK(value_on_pair(xpo<double>{.alpha = 0}) == nearly(dpo_value));
  CHECK(value_on_pair(rpo<double>{.alpha = 0}) == nearly(dpo_value));

  auto judged = as_record<mm_dpo<double>>();
  for (double judge_gap : {-3.0, 0.0, 5.0, -1e4}) {
    judged.judge_gap = judge_gap;
    CHECK(loss_value(mm_dpo<double>{.w = 0}, judged) == nearly(dpo_value));
  }
}

TEST_CASE("an alpha-divergence of alpha 1 is the plain log-ratio in every difference loss",
          "[losses]")
{
  using plain = score::alpha_divergence<double>;
  using per_token = score::alpha_divergence<double, score::mean_log_ratio>;
  auto const same = []<class A, class B>(A const& a, B const& b) {
    auto x = as_record<A>();
    if constexpr (requires { x.chosen_length = 4.0; }) {
      x.chosen_length = 4;
      x.rejected_length = 8;
    }
    auto const want = value_and_gradient<double>(a, x);
    auto const got = value_and_gradient<double>(b, x);
    CHECK(got.value == want.value);
    CHECK(got.gradient.chosen == nearly(want.gradient.chosen));
    CHECK(got.gradient.rejected == nearly(want.gradient.rejected));
  };
  same(dpo<double>{}, dpo<double, plain>{.score = {.alpha = 1}});
  same(robust<double>{}, robust<double, plain>{.score = {.alpha = 1}});
  same(hinge<double>{}, hinge<double, plain>{.score = {.alpha = 1}});
  same(exo_pair<double>{}, exo_pair<double, plain>{.score = {.alpha = 1}});
  same(discopop<double>{}, discopop<double, plain>{.score = {.alpha = 1}});
  same(ipo_sum<double>{}, ipo_sum<double, plain>{.score = {.alpha = 1}});
  same(ipo<double>{}, ipo<double, per_token>{.score = {.alpha = 1}});
  same(dpo_norm<double>{}, dpo_norm<double, per_token>{.score = {.alpha = 1}});
}

TEST_CASE("scores beyond the largest number make difference losses 0 or infinite, not NaN",
          "[losses]")
{
  using forward = score::forward_kl<>;
  auto const at = [](auto const& loss, float chosen, float rejected) {
    return value_and_gradient<float>(
        loss, {.chosen = chosen, .rejected = rejected, .ref_chosen = 0, .ref_rejected = 0});
  };
  auto const no_nan = [&](auto const& loss) {
    for (float rejected : {-200.0f, 0.0f}) {
      auto const r = at(loss, -200 - rejected, rejected);
      CHECK_FALSE(std::isnan(r.value));
      CHECK_FALSE(std::isnan(r.gradient.chosen));
      CHECK_FALSE(std::isnan(r.gradient.rejected));
    }
  };
  no_nan(dpo<float, forward>{.label_smoothing = 0.1f});
  no_nan(robust<float, forward>{});
  no_nan(exo_pair<float, forward>{});
  no_nan(discopop<float, forward>{});
  no_nan(ipo_sum<float, forward>{});
  no_nan(hinge<float, forward>{});
  // The chosen answer wins by e^200: nothing is left to learn.
  CHECK(at(hinge<float, forward>{}, 0, -200).value == 0);
  CHECK(at(hinge<float, forward>{}, 0, -200).gradient.rejected == 0);
  CHECK(at(exo_pair<float, forward>{}, 0, -200).value == Approx(-std::log1p(-1e-3)));
  CHECK(at(exo_pair<float, forward>{}, 0, -200).gradient.rejected == 0);
  CHECK(at(discopop<float, forward>{}, 0, -200).value == 0);
}

TEST_CASE("rewards under an f-divergence are beta times f' of the ratio", "[losses]")
{
  std::vector<double> const chosen{-1}, rejected{-4}, ref_chosen{-1.5}, ref_rejected{-3};
  auto const rewards = [&](auto const& loss, double positive, double negative) {
    auto const term = summarize(loss, {.chosen = chosen,
                                       .rejected = rejected,
                                       .ref_chosen = ref_chosen,
                                       .ref_rejected = ref_rejected})
                          .term[0];
    CHECK(term.positive_reward == nearly(0.1 * positive));
    CHECK(term.negative_reward == nearly(0.1 * negative));
    CHECK(term.margin == nearly(0.1 * (positive - negative)));
  };
  // r = 0.5 and -1.
  rewards(dpo<double, score::forward_kl<>>{}, -std::exp(-0.5), -std::exp(1.0));
  rewards(dpo<double, score::jensen_shannon<>>{}, -std::log1p(std::exp(-0.5)),
          -std::log1p(std::exp(1.0)));
  rewards(dpo<double, score::alpha_divergence<double>>{.score = {.alpha = 0.25}},
          std::exp(-0.75 * 0.5) / -0.75, std::exp(0.75) / -0.75);
}

TEST_CASE("a pair whose own weight is 0 costs nothing, even where its loss is infinite", "[losses]")
{
  auto x = as_record<similarity_dpo<double>>();
  x.chosen = -infinity;
  x.similarity = 0.25;
  similarity_dpo<double> const left_out{.window_low = 0.2, .window_high = 0.3};
  CHECK(loss_value(similarity_dpo<double>{}, x) == infinity);
  auto const r = value_and_gradient<double>(left_out, x);
  CHECK(r.value == 0);
  CHECK(r.gradient.chosen == 0);
  CHECK(r.gradient.rejected == 0);
}

TEST_CASE("robust DPO falls without bound", "[losses]")
{
  double const e = 0.1;
  robust<double> const loss{.beta = 1, .label_smoothing = e};
  auto const r = value_and_gradient<double>(loss, {.chosen = 1000, .rejected = 0});
  CHECK(r.value == nearly(-1000 * e / (1 - 2 * e)));
  CHECK(r.gradient.chosen == nearly(-e / (1 - 2 * e)));
}

TEST_CASE("EXO is smallest, and 0, where the policy's preference is the smoothed label's",
          "[losses]")
{
  exo_pair<double> const loss{.beta = 1, .label_smoothing = 0.2};
  double const target = std::log(4.0);
  auto const at = [&](double margin) {
    return value_and_gradient<double>(loss, {.chosen = margin, .rejected = 0});
  };
  CHECK(std::abs(at(target).value) < 1e-16);
  CHECK(std::abs(at(target).gradient.chosen) < 1e-16);
  // KL(p || q) = (p - q)^2 / (2 q (1 - q)) to second order, p - q = q (1 - q) d.
  double const d = 1e-4;
  CHECK(at(target + d).value == Approx(0.2 * 0.8 * d * d / 2).epsilon(1e-3));
  CHECK(at(target - d).value == Approx(0.2 * 0.8 * d * d / 2).epsilon(1e-3));
}

TEST_CASE("APO-down's own gradient is that of its terms", "[losses]")
{
  apo_down<double> const loss{.beta = 0.3};
  for (double chosen : {-7.0, -0.5, 0.25, 6.0}) {
    for (double rejected : {-9.0, -0.25, 0.5, 3.0}) {
      pair_logps<double> const x{.chosen = chosen, .rejected = rejected};
      auto const own = value_and_gradient<double>(loss, x);
      auto const terms = value_and_gradient<double>(loss.terms(), x);
      CHECK(own.value == terms.value);
      CHECK(own.gradient.chosen == Approx(terms.gradient.chosen).epsilon(1e-10));
      CHECK(own.gradient.rejected == nearly(terms.gradient.rejected));
    }
  }
}

TEST_CASE("BCO's delta is what rewards are measured from", "[losses]")
{
  bco_pair<double> const loss{.beta = 0.1, .delta = 0.37};
  double const chosen = 0.2 - 0.37, rejected = -0.5 - 0.37;
  CHECK(value_on_pair(loss) ==
        nearly(std::log1p(std::exp(-chosen)) + std::log1p(std::exp(rejected))));
}

TEST_CASE("WPO's weight is clamped at max_weight and divided by the mean", "[losses]")
{
  auto x = as_record<wpo<double>>();
  x.chosen_adjustment = -0.1;
  x.rejected_adjustment = 0.3;
  double const w = std::exp(0.2);
  CHECK(loss_value(wpo<double>{}, x) == nearly(dpo_value));
  CHECK(loss_value(wpo<double>{.max_weight = 1.1}, x) == nearly(1.1 * dpo_value));
  CHECK(loss_value(wpo<double>{.max_weight = infinity}, x) == nearly(w * dpo_value));
  CHECK(loss_value(wpo<double>{.max_weight = infinity, .mean_weight = 2}, x) ==
        nearly(w / 2 * dpo_value));
  x.rejected_adjustment = -0.4;
  CHECK(loss_value(wpo<double>{}, x) == nearly(std::exp(-0.5) * dpo_value));
}

TEST_CASE("RPO's likelihood is a mean per sequence, per token of the batch, or a sum", "[losses]")
{
  auto x = as_record<rpo<double>>();
  x.chosen_length = 8;
  CHECK(loss_value(rpo<double>{.alpha = 0.5}, x) == nearly(dpo_value + 0.5 * 40 / 8));
  CHECK(value_on_pair(rpo<double, reduction::summed>{.alpha = 0.5}) ==
        nearly(dpo_value + 0.5 * 40));

  // Two answers of 8 and 32 tokens: the mean over samples is the mean over 40 tokens.
  using per_token = rpo<double, reduction::per_token<double>>;
  per_token const loss{.beta = 0, .alpha = 1, .nll = {.sequences_per_token = 2.0 / 40}};
  std::vector<double> const chosen{-40, -96}, zero{0, 0};
  std::vector<double> value(2), slope(2);
  evaluate(loss, {.chosen = chosen, .rejected = zero, .ref_chosen = zero, .ref_rejected = zero},
           {.value = value, .gradient = {.chosen = slope}}, {.scale = 0.5});
  CHECK((value[0] + value[1]) / 2 - std::numbers::ln2 == nearly((40.0 + 96) / 40));
  CHECK(slope[0] == nearly(-1.0 / 40));
}

TEST_CASE("RPO's likelihood may span a column of its own", "[losses]")
{
  using with_prompt = rpo<double, reduction::summed, branch::gold>;
  auto x = as_record<with_prompt>();
  x.gold = -70;
  auto const r = value_and_gradient<double>(with_prompt{.alpha = 0.5}, x);
  CHECK(r.value == nearly(dpo_value + 35));
  CHECK(r.gradient.gold == -0.5);
  CHECK(r.gradient.chosen == -r.gradient.rejected);
}

TEST_CASE("DPO-Positive charges for a chosen answer below the reference", "[losses]")
{
  dpop<double> const loss{.beta = 0.1, .lambda = 5};
  auto const below = value_and_gradient<double>(loss, {.chosen = -1, .rejected = -3});
  double const u = 0.1 * (2 - 5);
  CHECK(below.value == nearly(std::log1p(std::exp(-u))));
  CHECK(below.gradient.chosen == nearly(-6 * below.gradient.rejected));
  auto const kink = value_and_gradient<double>(loss, {.chosen = 0, .rejected = -3});
  CHECK(kink.gradient.chosen == -kink.gradient.rejected);
}

TEST_CASE("chi-PO has no gradient beyond its clip", "[losses]")
{
  chi_po<double> const loss{.beta = 0.1, .clip = 1};
  auto const inside = value_and_gradient<double>(loss, {.chosen = 1, .rejected = 0});
  double const u = 0.1 * (1 + std::exp(1.0) - 1);
  CHECK(inside.value == nearly(std::log1p(std::exp(-u))));
  CHECK(inside.gradient.chosen == nearly(-0.1 / (1 + std::exp(u)) * (1 + std::exp(1.0))));
  auto const outside = value_and_gradient<double>(loss, {.chosen = 900, .rejected = 0});
  CHECK(outside.value == nearly(std::log1p(std::exp(-1.0))));
  CHECK(outside.gradient.chosen == 0);
  CHECK(outside.gradient.rejected == 0);
}

TEST_CASE("MM-DPO's beta has a floor, unless it is taken away", "[losses]")
{
  auto x = as_record<mm_dpo<double>>();
  x.judge_gap = -10;
  CHECK(loss_value(mm_dpo<double>{}, x) == nearly(std::log1p(std::exp(-1e-3 * gap))));
  double const beta = 0.1 * (1 + 0.5 * (1 - std::exp(5.0)));
  CHECK(loss_value(mm_dpo<double>{.smallest_beta = -infinity}, x) ==
        nearly(std::log1p(std::exp(-beta * gap))));
}

TEST_CASE("similarity sets the scale and the weight of a pair, and windows leave pairs out",
          "[losses]")
{
  auto x = as_record<similarity_dpo<double>>();
  x.similarity = 0.25;
  double const want = std::exp(0.75) * std::log1p(std::exp(-0.125 * gap));
  CHECK(loss_value(similarity_dpo<double>{}, x) == nearly(want));
  CHECK(loss_value(similarity_dpo<double>{.window_low = 0.25, .window_high = 0.3}, x) == 0);
  CHECK(loss_value(similarity_dpo<double>{.window_low = 0.2, .window_high = 0.25}, x) == 0);
  CHECK(loss_value(similarity_dpo<double>{.window_low = 0.3, .window_high = 0.4}, x) ==
        nearly(want));
  x.similarity = 1;  // beta would be negative
  CHECK(loss_value(similarity_dpo<double>{.factor = 4}, x) ==
        nearly(std::log1p(std::exp(-1e-3 * gap))));
}

TEST_CASE("TDPO's second form weights the divergences and stops the chosen one's gradient",
          "[losses]")
{
  auto x = as_record<tdpo2<double>>();
  x.chosen_kl = 3;
  x.rejected_kl = 5;
  double const u = 0.1 * (gap - 0.5 * (5 - 3));
  auto const second = value_and_gradient<double>(tdpo2<double>{}, x);
  CHECK(second.value == nearly(std::log1p(std::exp(-u))));
  CHECK(second.gradient.chosen_kl == 0);
  CHECK(second.gradient.rejected_kl == nearly(0.05 / (1 + std::exp(u))));
  auto const first = value_and_gradient<double>(tdpo1<double>{}, x);
  CHECK(first.value == nearly(std::log1p(std::exp(-0.1 * (gap - 2)))));
  CHECK(first.gradient.chosen_kl == first.gradient.chosen);
  CHECK(first.gradient.rejected_kl == first.gradient.rejected);
}

TEST_CASE("XPO lowers the reference model's sample, whichever of the pair it is", "[losses]")
{
  auto const lost = value_and_gradient<double>(xpo<double>{.alpha = 0.01}, pair);
  auto const alone = value_and_gradient<double>(dpo<double>{}, pair);
  CHECK(lost.value == nearly(dpo_value - 0.55));
  CHECK(lost.gradient.rejected == nearly(alone.gradient.rejected + 0.01));

  using either = xpo<double, branch::completion>;
  auto x = as_record<either>();
  x.completion = pair.chosen;  // the reference's sample won
  auto const won = value_and_gradient<double>(either{.alpha = 0.01}, x);
  CHECK(won.value == nearly(dpo_value - 0.40));
  CHECK(won.gradient.completion == 0.01);
  CHECK(won.gradient.rejected == alone.gradient.rejected);
}

TEST_CASE("A*-PO regresses beta r on R - V*", "[losses]")
{
  // r = 2, beta r = 1; R - V* = 0.5.
  a2po<double> const loss{.beta = 0.5, .optimal_value = 0.25};
  auto const r = value_and_gradient<double>(
      loss, {.completion = -3, .ref_completion = -5, .judge_score = 0.75});
  CHECK(r.value == 0.25);
  CHECK(r.gradient.completion == 0.5);
}

TEST_CASE("Nash-MD's gradient is beta times the log-ratio less the advantage", "[losses]")
{
  // rho = 1; P - 1/2 = 0.3.
  auto const r = value_and_gradient<double>(
      nash_md<double>{.beta = 0.1}, {.completion = -3, .ref_completion = -4, .judge_score = 0.8});
  CHECK(r.value == nearly(0.05 + 0.3 * 3));
  CHECK(r.gradient.completion == nearly(0.1 - 0.3));
}
