// SPDX-License-Identifier: MIT
/// \file  Metrics under TRL's names, the stuck detector, and balanced modality weights.

#include <cmath>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/losses/mfpo.hpp>
#include <prefopt/margins/balance.hpp>
#include <prefopt/margins/metrics.hpp>
#include <prefopt/margins/stuck.hpp>

#include "support/golden_file.hpp"
#include "support/thread_ranks.hpp"

using namespace prefopt;

namespace {

std::vector<double> part(std::vector<double> const& column, std::size_t first, std::size_t last)
{
  return {column.begin() + static_cast<std::ptrdiff_t>(first),
          column.begin() + static_cast<std::ptrdiff_t>(last)};
}

/// The columns of a data set of the golden file.
struct data_set {
  std::map<std::string, std::vector<double>> columns;

  explicit data_set(std::string const& name)
  {
    for (auto const& [key, value] : test::golden_json().at("datasets").at(name).items()) {
      columns[key] = test::numbers(value);
    }
  }
  preference_metrics<1> measured(std::size_t first, std::size_t last) const
  {
    auto const at = [&](char const* key) { return part(columns.at(key), first, last); };
    auto const w = at("pol_w"), l = at("pol_l"), c = at("pol_wc");
    auto const qw = at("ref_w"), ql = at("ref_l"), qc = at("ref_wc");
    return measure<double, score::log_ratio, 1>({.chosen = w,
                                                 .rejected = l,
                                                 .perturbed = {{c}},
                                                 .ref_chosen = qw,
                                                 .ref_rejected = ql,
                                                 .ref_perturbed = {{qc}}},
                                                {.beta = 0.1});
  }
};

template <class Metrics, class... Names>
std::map<std::string, double> all_of(Metrics const& m, Names const&... names)
{
  std::map<std::string, double> result;
  m.for_each([&](std::string const& name, char const* suffix,
                 double value) { result[name + suffix] = value; },
             names...);
  return result;
}

template <int Modalities>
std::map<std::string, double> by_name(preference_metrics<Modalities> const& m,
                                      per_modality<char const*, Modalities> const& names)
{
  return all_of(m, names);
}

preference_metrics<> step(double chosen, double rejected, double ref_chosen, double ref_rejected)
{
  std::vector<double> const c{chosen}, r{rejected}, qc{ref_chosen}, qr{ref_rejected};
  return measure<double>({.chosen = c, .rejected = r, .ref_chosen = qc, .ref_rejected = qr});
}

}  // namespace

TEST_CASE("metrics have TRL's names, definitions and values", "[metrics]")
{
  for (auto const& want : test::golden_json().at("metrics")) {
    data_set const data(want.at("dataset"));
    auto const got = by_name<1>(data.measured(0, data.columns.at("pol_w").size()), {{"image"}});
    for (auto const* name : {"rewards/chosen", "rewards/rejected", "rewards/margins",
                             "logps/chosen", "logps/rejected"}) {
      INFO(name);
      CHECK(got.at(name) == Approx(want.at(name).get<double>()).epsilon(1e-12));
    }
    CHECK(got.at("rewards/accuracies") ==
          Approx(want.at("rewards/accuracies (strict >)").get<double>()).epsilon(1e-15));
    auto const n = static_cast<double>(data.columns.at("pol_w").size());
    CHECK(got.at("rewards/ties") ==
          Approx(want.at("rewards/ties").get<double>() / n).epsilon(1e-15));
  }
}

TEST_CASE("each modality has metrics of its own", "[metrics]")
{
  data_set const data("random64");
  auto const got = by_name<1>(data.measured(0, 64), {{"image"}});
  double margin = 0, wins = 0;
  for (std::size_t i = 0; i < 64; ++i) {
    auto const at = [&](char const* key) { return data.columns.at(key)[i]; };
    double const v = (at("pol_w") - at("ref_w")) - (at("pol_wc") - at("ref_wc"));
    margin += 0.1 * v / 64;
    wins += v > 0 ? 1.0 / 64 : 0;
  }
  CHECK(got.at("rewards/margins_image") == Approx(margin).epsilon(1e-12));
  CHECK(got.at("rewards/accuracies_image") == Approx(wins).epsilon(1e-12));
  CHECK(got.contains("logps/perturbed_image"));
}

TEST_CASE("metrics of unequal micro-batches merge to those of the batch", "[metrics]")
{
  data_set const data("random64");
  auto const whole = by_name<1>(data.measured(0, 64), {{"image"}});
  preference_metrics<1> merged;
  std::size_t first = 0;
  for (std::size_t size : {1u, 2u, 40u, 20u, 1u}) {
    merged.merge(data.measured(first, first + size));
    first += size;
  }
  merged.merge(preference_metrics<1>{});
  for (auto const& [name, value] : by_name<1>(merged, {{"image"}})) {
    INFO(name);
    CHECK(value == Approx(whole.at(name)).epsilon(1e-12));
  }
}

TEST_CASE("metrics merged over ranks of unequal batches are the whole batch's on every rank",
          "[metrics]")
{
  data_set const data("random64");
  auto const whole = by_name<1>(data.measured(0, 64), {{"image"}});
  std::size_t const bounds[] = {0, 3, 3, 64};  // the second rank has no sample
  std::vector<std::map<std::string, double>> merged(3);
  test::thread_ranks group(3);
  group.launch([&](test::thread_ranks::member const& self) {
    auto const rank = static_cast<std::size_t>(self.rank());
    auto const mine = data.measured(bounds[rank], bounds[rank + 1]);
    merged[rank] = by_name<1>(merge_over_ranks(self, mine), {{"image"}});
  });
  for (auto const& [name, value] : merged[0]) {
    INFO(name);
    CHECK(value == Approx(whole.at(name)).epsilon(1e-12));
  }
  CHECK(merged[1] == merged[0]);
  CHECK(merged[2] == merged[0]);
}

TEST_CASE("a sample of weight 0 is not measured, even where it is NaN", "[metrics]")
{
  std::vector<double> const c{-1, quiet_nan_v<double>}, r{-2, -2}, weight{2, 0};
  auto const m =
      measure<double, score::log_prob>({.chosen = c, .rejected = r}, {.beta = 1, .weight = weight});
  CHECK(m.text.margin.mean() == 1);
  CHECK(m.text.margin.weight.value() == 2);
  std::vector<double> const short_weight{1};
  CHECK_THROWS_AS(
      (measure<double, score::log_prob>({.chosen = c, .rejected = r}, {.weight = short_weight})),
      std::invalid_argument);
}

TEST_CASE("a batch with labels of one class says nothing of the other", "[metrics]")
{
  std::vector<double> const p{-1, -2, -4}, q{-2, -2, -2}, one_class{1, 1, 1}, both{1, 0, 0};
  auto const ones = measure_labelled<double>(
      {.completion = p, .ref_completion = q, .label = one_class}, {.beta = 1});
  CHECK(ones.chosen_reward.mean() == Approx(-1.0 / 3));
  CHECK(ones.rejected_reward.count == 0);
  CHECK(std::isnan(ones.rejected_reward.mean()));

  auto mixed =
      measure_labelled<double>({.completion = p, .ref_completion = q, .label = both}, {.beta = 1});
  mixed.merge(ones);
  CHECK(mixed.chosen_reward.mean() == Approx((1.0 + 1 + 0 - 2) / 4));
  CHECK(mixed.rejected_reward.mean() == Approx((0.0 - 2) / 2));

  auto const named = all_of(mixed);
  CHECK(named.at("rewards/chosen") == 0);
  CHECK(named.at("rewards/rejected") == -1);
  CHECK(named.at("rewards/margins") == 1);
  CHECK(named.at("logps/chosen") == Approx((-1.0 - 1 - 2 - 4) / 4));
  CHECK(named.at("logps/rejected") == Approx((-2.0 - 4) / 2));
  CHECK(named.at("count/chosen") == 4);
  CHECK(named.at("count/rejected") == 2);
}

TEST_CASE("token metrics of unequal micro-batches are means over all tokens", "[metrics]")
{
  auto const push = [](token_metrics& to, double entropy, bool first, double log_prob) {
    to.entropy.push(entropy);
    to.accuracy.push(first ? 1 : 0);
    to.negative_logp.push(-log_prob);
  };
  token_metrics one, three;
  push(one, 1, true, -0.5);
  for (double const log_prob : {-1.0, -2.0, -4.5}) { push(three, 5, false, log_prob); }
  one.merge(three);
  auto const named = all_of(one);
  CHECK(named.at("entropy") == 4);  // the mean of the two means is 3
  CHECK(named.at("mean_token_accuracy") == 0.25);
  CHECK(named.at("nll_loss") == 2);
  CHECK(named.at("num_tokens") == 4);
}

TEST_CASE("modalities without names in a report are image, audio and video", "[metrics]")
{
  std::string suffixes;
  preference_metrics<2>{}.for_each([&](char const* prefix, std::string const& suffix, double) {
    if (std::string(prefix) == "logps/perturbed_") { suffixes += suffix + " "; }
  });
  CHECK(suffixes == "image audio ");
}

TEST_CASE("a label that is neither 0 nor 1 belongs to no class", "[metrics]")
{
  std::vector<double> const p{-1, -2}, q{-2, -2}, labels{0, -1};
  CHECK_THROWS_AS(measure_labelled<double>({.completion = p, .ref_completion = q, .label = labels}),
                  std::invalid_argument);
}

TEST_CASE("a run that trains nothing is noticed, with its cause", "[metrics]")
{
  SECTION("the answers' tokens are all masked")
  {
    stuck_detector detector{.patience = 2};
    detector.push(step(0, 0, 0, 0));
    CHECK(detector.reason() == stuck_reason::none);
    detector.push(step(0, 0, 0, 0));
    CHECK(detector.reason() == stuck_reason::log_probs_are_zero);
    CHECK(std::string(describe(detector.reason())).find("masked") != std::string::npos);
  }
  SECTION("the reference moves with the policy")
  {
    stuck_detector detector{.patience = 2};
    for (int t = 0; t < 2; ++t) { detector.push(step(-10 - t, -20, -10 - t, -20)); }
    CHECK(detector.reason() == stuck_reason::none);  // the first step always has no margin
    detector.push(step(-15, -20, -15, -20));
    CHECK(detector.reason() == stuck_reason::policy_is_reference);
  }
  SECTION("the policy does not move")
  {
    stuck_detector detector{.patience = 2};
    for (int t = 0; t < 3; ++t) { detector.push(step(-10, -20, -11, -20)); }
    CHECK(detector.reason() == stuck_reason::nothing_changes);
  }
  SECTION("one thing that stands still is not enough")
  {
    stuck_detector only_rejected_moves{.patience = 2}, only_chosen_moves{.patience = 2};
    stuck_detector both_move_alike{.patience = 2};
    for (int t = 0; t < 9; ++t) {
      only_rejected_moves.push(step(-10, -20 - t, -10, -20));  // the chosen reward stays 0
      only_chosen_moves.push(step(-10 + t, -20, -11, -20));
      both_move_alike.push(step(-9 + t, -19 + t, -10, -20));  // the margin stays 0
    }
    CHECK(only_rejected_moves.reason() == stuck_reason::none);
    CHECK(only_chosen_moves.reason() == stuck_reason::none);
    CHECK(both_move_alike.reason() == stuck_reason::none);
  }
  SECTION("a run that learns, and empty steps, are left alone")
  {
    stuck_detector detector{.patience = 2};
    for (int t = 0; t < 9; ++t) {
      detector.push(step(-10 + t, -20 - t, -10, -20));
      detector.push(preference_metrics<>{});
    }
    CHECK(detector.reason() == stuck_reason::none);
  }
}

TEST_CASE("balanced weights favour the modality that is behind", "[metrics]")
{
  loss_summary<3> sums{.count = 4, .weight = 4};
  sums.term[0].margin = 8;   // mean 2
  sums.term[1].margin = -4;  // mean -1
  sums.term[0].pull = 3;
  sums.term[1].pull = 1;
  modality_balance<2> balance{.rate = 0.5};
  CHECK(balance.by_margin()[0] == 1);
  CHECK(balance.by_gradient_share({{1, 1}})[1] == 1);

  balance.update(sums);
  auto const by_margin = balance.by_margin(3);
  CHECK(by_margin[1] / by_margin[0] == Approx(std::exp(1.0)));  // (2 - -1) / 3
  CHECK(by_margin[0] + by_margin[1] == Approx(2));
  auto const by_share = balance.by_gradient_share({{1, 1}});
  CHECK(by_share[1] / by_share[0] == Approx(3));
  for (double const far : {-1e4, 1e4}) {  // exp of either is out of range
    auto const shifted = modality_balance<2>{.margin = {far, far - 3}}.by_margin(3);
    CHECK(shifted[1] / shifted[0] == Approx(std::exp(1.0)));
  }

  // A step that adds no gradient (no samples) changes nothing; the state is its bytes.
  modality_balance<2> copy;
  std::memcpy(&copy, &balance, sizeof copy);
  copy.update(loss_summary<3>{});
  CHECK(std::memcmp(&copy, &balance, sizeof copy) == 0);

  auto broken = sums;
  broken.term[1].margin = quiet_nan_v<double>;
  balance.update(broken);
  CHECK(std::memcmp(&copy, &balance, sizeof copy) == 0);

  sums.term[0].margin = 0;  // mean 0: the running mean halves
  balance.update(sums);
  CHECK(balance.margin[0] == Approx(1));

  auto const loss = with_weights(mfpo<float>{}, by_share);
  CHECK(loss.text_weight == Approx(0.5f));
  CHECK(loss.modality_weight[0] == Approx(1.5f));
}

TEST_CASE("a modality without gradient gets a bounded weight", "[metrics]")
{
  loss_summary<3> sums{.count = 1, .weight = 1};
  sums.term[0].pull = 1;
  modality_balance<2> balance;
  balance.update(sums);
  auto const w = balance.by_gradient_share({{1, 1}}, 0.1);
  CHECK(w[1] / w[0] == Approx(20));  // as if it had 0.1 / 2 of the gradient
}
