// SPDX-License-Identifier: MIT
/// \file  Losses that couple the samples of a batch, in both phases: golden values, and the laws of
/// whole batches.

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/losses/apo_zero_unpaired.hpp>
#include <prefopt/losses/cpo.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/sft.hpp>

#include "support/coupled_losses.hpp"
#include "support/errors.hpp"
#include "support/golden_registry.hpp"
#include "support/reference.hpp"

using namespace prefopt;
using test::named_columns;

using column = test::batch_column;

namespace {

/// The losses of this file by their golden names, and the phase 1 that each needs.
std::map<std::string, std::string> const golden_vectors{{"kto", "kto"},
                                                        {"bco_unpaired_first_batch", "bco"},
                                                        {"bco_pair_first_batch", "bco_pair"},
                                                        {"kto_pair_trl08", "kto_pair"},
                                                        {"aot", "aot"},
                                                        {"aot_unpaired", "aot_unpaired"},
                                                        {"napo_adaptive", "napo"},
                                                        {"beta_dpo_all", "beta_dpo"},
                                                        {"mpo_llamafactory", "mpo"}};
std::vector<std::string> const golden_means{"sft_token_mean", "sft_seq_mean",  "rpo_trl",
                                            "mpo_trl",        "cpo_total_trl", "nemo_rl_dpo"};

bool const registered = [] {
  auto& names = test::golden_names_checked_elsewhere();
  for (auto const& [golden, loss] : golden_vectors) { names.push_back(golden); }
  names.insert(names.end(), golden_means.begin(), golden_means.end());
  return true;
}();

/// The columns of a case by the names of our fields.
test::rank_batch batch_of(test::golden_case const& c)
{
  named_columns x;
  for (std::string const field : {"chosen", "rejected", "ref_chosen", "ref_rejected",
                                  "chosen_length", "completion", "ref_completion", "label"}) {
    auto const found = c.columns.find(test::golden_name(field));
    if (found != c.columns.end()) { x[field] = found->second; }
  }
  if (c.columns.contains("klp")) {
    x["mismatched"] = test::difference(c.columns.at("klp"), c.columns.at("klr"));
  }
  return {x, {0, x.begin()->second.size()}};
}

/// Values and gradients against 400-digit ones. Values of sorted losses are compared in order of
/// size, since the file has them by rank.
void check_vector(test::golden_case const& c, std::string const& loss,
                  test::rank_batch const& batch)
{
  auto const phase = test::first_phase(loss, serial_communicator{}, batch, c.params);
  auto const got = test::evaluate(phase, batch);

  auto all = batch.columns;
  for (auto const& [name, values] : phase.columns) { all[name] = values; }
  test::table<double> in;
  for (auto const& field : phase.loss.columns) { in.push_back(all.at(field)); }
  auto want = test::references(phase.loss, in);  // for the terms that cancel

  std::size_t const n = got.value.size();
  if (loss == "aot" || loss == "aot_unpaired") {
    auto ours = got.value, theirs = c.loss;
    std::sort(ours.begin(), ours.end());
    std::sort(theirs.begin(), theirs.end());
    std::vector<test::reference_value> ranked;
    for (double const v : theirs) { ranked.push_back({v, 0}); }
    test::check_column(c.name + ", values by size", ours, ranked);
  } else {
    for (std::size_t i = 0; i < n; ++i) {
      // The file's vector may be of both answers, one after the other.
      want[0][i].value = c.loss[i] + (c.loss.size() == 2 * n ? c.loss[n + i] : 0);
    }
    test::check_column(c.name + ", value", got.value, want[0]);
  }
  for (std::size_t k = 0; k < phase.loss.arity; ++k) {
    auto const& field = phase.loss.columns[k];
    auto const& gradient = c.gradient.at(test::golden_name(field));
    for (std::size_t i = 0; i < n; ++i) { want[k + 1][i].value = gradient[i]; }
    test::check_column(c.name + ", gradient of " + field, got.gradient.at(field), want[k + 1]);
  }
}

/// The mean of a loss over a batch of n, and its gradient, against 400-digit ones.
template <class Loss>
void check_mean(test::golden_case const& c, Loss const& loss, test::rank_batch const& batch,
                double divisor)
{
  test::second_phase const phase{test::erase<double>(loss)};
  auto const got = test::evaluate(phase, batch);
  double const sum = std::accumulate(got.value.begin(), got.value.end(), 0.0);
  CHECK(sum / divisor == Approx(c.loss.at(0)).epsilon(1e-12));
  for (auto const& [field, values] : got.gradient) {
    auto const& gradient = c.gradient.at(test::golden_name(field));
    std::vector<test::reference_value> want;
    for (double const g : gradient) { want.push_back({g * divisor, 0}); }
    test::check_column(c.name + ", gradient of " + field, values, want);
  }
}

std::vector<std::size_t> range(std::size_t n)
{
  std::vector<std::size_t> result(n);
  std::iota(result.begin(), result.end(), std::size_t{0});
  return result;
}

named_columns in_order(named_columns const& all, std::vector<std::size_t> const& order)
{
  named_columns result;
  for (auto const& [name, values] : all) {
    for (std::size_t const i : order) { result[name].push_back(values[i]); }
  }
  return result;
}

test::rank_batch whole(named_columns const& columns)
{
  return {columns, {0, columns.begin()->second.size()}};
}

bool all_finite(test::coupled_outputs const& out)
{
  auto const finite = [](column const& x) {
    return std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); });
  };
  return finite(out.value) && std::all_of(out.gradient.begin(), out.gradient.end(),
                                          [&](auto const& g) { return finite(g.second); });
}

}  // namespace

TEST_CASE("coupled losses agree with 400-digit values, in both phases", "[coupled]")
{
  for (auto const& [golden, loss] : golden_vectors) {
    auto const cases = test::golden_cases({golden});
    INFO(golden);
    REQUIRE(!cases.empty());
    for (auto c : cases) {
      c.params["filtered"] = 0;  // beta_dpo_all has no filter
      check_vector(c, loss, batch_of(c));
    }
  }
}

TEST_CASE("means over tokens and sequences agree with 400-digit values", "[coupled]")
{
  for (auto const& c : test::golden_cases(golden_means)) {
    auto const batch = batch_of(c);
    auto const n = static_cast<double>(batch.bounds.back());
    token_count tokens;
    for (double const length : batch.columns.at("chosen_length")) {
      tokens.push(static_cast<index_t>(length));
    }
    using per_token = reduction::per_token<double>;
    per_token const nll{.sequences_per_token = tokens.sequences_per_token()};
    double const beta = c.param("beta", 0.1);
    INFO(c.name);
    if (c.name == "sft_token_mean") {
      check_mean(c, sft<double, per_token>{.nll = nll}, batch, n);
    } else if (c.name == "sft_seq_mean") {
      check_mean(c, sft<double>{}, batch, n);
    } else if (c.name == "rpo_trl") {
      rpo<double, per_token> const loss{.beta = beta, .alpha = c.params.at("alpha"), .nll = nll};
      check_mean(c, loss, batch, n);
    } else if (c.name == "cpo_total_trl") {
      cpo<double, per_token> const loss{.beta = beta, .alpha = c.params.at("alpha"), .nll = nll};
      check_mean(c, loss, batch, n);
    } else if (c.name == "mpo_trl") {
      mpo<double, per_token> const loss{.beta = beta,
                                        .preference_weight = c.params.at("w_p"),
                                        .quality_weight = c.params.at("w_q"),
                                        .generation_weight = c.params.at("w_g"),
                                        .nll = nll};
      check_mean(c, loss, batch, n);
    } else {
      REQUIRE(c.name == "nemo_rl_dpo");
      rpo<double, reduction::summed> const loss{.beta = beta, .alpha = c.params.at("sft_w")};
      check_mean(c, loss, batch, n + 1e-8);
    }
  }
}

TEST_CASE("the gradient of a whole batch is the derivative of its total", "[coupled]")
{
  // Those whose partners move with the policy; what is a constant of the others is held fixed.
  for (auto const& loss : test::coupled_losses) {
    bool const moves = loss == "aot" || loss == "aot_unpaired" || loss == "kto_pair";
    // Once with positive means of both kinds of answer, once with a negative one.
    for (double const shift : {0.0, 9.0}) {
      auto columns = test::coupled_batch(23, 11);
      for (double& reference : columns["ref_rejected"]) { reference += shift; }
      auto const phase = test::first_phase(loss, serial_communicator{}, whole(columns));
      auto const gradient = test::evaluate(phase, whole(columns)).gradient;
      auto const total = [&](named_columns const& x) {
        auto const value = moves
                               ? test::evaluate_coupled(loss, serial_communicator{}, whole(x)).value
                               : test::evaluate(phase, whole(x)).value;
        return std::accumulate(value.begin(), value.end(), 0.0);
      };
      for (auto const& [field, slopes] : gradient) {
        for (std::size_t i = 0; i < slopes.size(); ++i) {
          double const h = 1e-4;
          auto up = columns, down = columns;
          up[field][i] += h;
          down[field][i] -= h;
          INFO(loss << ", " << field << "[" << i << "], shift " << shift);
          CHECK(slopes[i] ==
                Approx((total(up) - total(down)) / (2 * h)).epsilon(1e-6).margin(1e-8));
        }
      }
    }
  }
}

TEST_CASE("the paired KTO's gradient through its means is part of it", "[coupled]")
{
  auto const batch = whole(test::coupled_batch(23, 11));
  auto const phase = test::first_phase("kto_pair", serial_communicator{}, batch);
  kto_pair_means means;
  auto const w = test::log_ratios(batch.columns, "chosen");
  auto const l = test::log_ratios(batch.columns, "rejected");
  for (std::size_t i = 0; i < w.size(); ++i) { means.push(w[i], l[i]); }
  auto const baselines = means.baselines();
  CHECK(baselines.chosen > 0);
  CHECK(baselines.rejected > 0);
  auto const with = test::evaluate(phase, batch);
  auto const without = test::evaluate(
      {test::erase<double>(kto_pair<double>{.chosen_baseline = baselines.chosen,
                                            .rejected_baseline = baselines.rejected})},
      batch);
  CHECK(with.value == without.value);
  for (std::string const field : {"chosen", "rejected"}) {
    auto const through = test::difference(with.gradient.at(field), without.gradient.at(field));
    INFO(field);
    CHECK(std::abs(through[0]) > 1e-3);
    for (double const slope : through) { CHECK(slope == Approx(through[0]).epsilon(1e-12)); }
  }
}

TEST_CASE("micro-batches, their statistics merged first, give the bits of one batch", "[coupled]")
{
  auto const columns = test::coupled_batch(101, 3);
  for (auto const& loss : test::coupled_losses) {
    auto const one = test::evaluate_coupled(loss, serial_communicator{}, whole(columns));
    INFO(loss);
    for (auto const& bounds : {std::vector<std::size_t>{0, 1, 101}, {0, 40, 40, 77, 101}}) {
      CHECK(test::evaluate_coupled(loss, serial_communicator{}, {columns, bounds}) == one);
    }
    // Statistics of each micro-batch alone are another loss, for all but those that need none.
    auto const first = test::rows_between(columns, 0, 40);
    auto const alone = test::evaluate_coupled(loss, serial_communicator{}, whole(first)).value;
    CHECK_FALSE(alone == column(one.value.begin(), one.value.begin() + 40));
  }
}

TEST_CASE("the order of the samples of a batch does not matter", "[coupled]")
{
  auto const columns = test::coupled_batch(47, 19);
  auto order = range(47);
  for (std::size_t& i : order) { i = (18 * i + 5) % 47; }
  for (auto const& loss : test::coupled_losses) {
    test::parameters const everyone{{"filtered", 0}};  // a draw goes by place
    auto const in_place =
        test::evaluate_coupled(loss, serial_communicator{}, whole(columns), everyone);
    auto const moved = test::evaluate_coupled(loss, serial_communicator{},
                                              whole(in_order(columns, order)), everyone);
    INFO(loss);
    CHECK(in_order({{"value", in_place.value}}, order).at("value") == moved.value);
    CHECK(in_order(in_place.gradient, order) == moved.gradient);
  }
}

TEST_CASE("equal preferences of AOT go by place, whatever their own references are", "[coupled]")
{
  auto columns = test::coupled_batch(6, 2);
  for (std::string const answer : {"chosen", "rejected"}) {
    columns[answer][4] = columns[answer][1];
  }
  auto other_references = columns;
  for (std::string const answer : {"ref_chosen", "ref_rejected"}) {
    std::swap(other_references[answer][1], other_references[answer][4]);
  }
  auto const out = test::evaluate_coupled("aot", serial_communicator{}, whole(columns));
  CHECK(out == test::evaluate_coupled("aot", serial_communicator{}, whole(other_references)));
  CHECK(out.value[1] < out.value[4]);  // the first one has the smaller partner
}

TEST_CASE("batches of one class and of one sample are finite", "[coupled]")
{
  for (double const label : {0.0, 1.0}) {
    auto columns = test::coupled_batch(5, 23);
    columns["label"] = column(5, label);
    for (std::string const loss : {"kto", "bco"}) {
      INFO(loss << ", label " << label);
      CHECK(all_finite(test::evaluate_coupled(loss, serial_communicator{}, whole(columns))));
    }
  }
  auto const one = test::coupled_batch(1, 29);
  for (auto const& loss : test::coupled_losses) {
    INFO(loss);
    CHECK(all_finite(test::evaluate_coupled(loss, serial_communicator{}, whole(one))));
  }
  // KTO without any mismatched pair has the baseline 0.
  CHECK(kto_baseline{}.value() == 0);
}

TEST_CASE("AOT of one pair is DPO", "[coupled]")
{
  auto const one = whole(test::coupled_batch(1, 29));
  auto const want = test::evaluate({test::erase<double>(dpo<double>{})}, one);
  for (std::string const loss : {"aot", "aot_unpaired"}) {
    auto const got = test::evaluate_coupled(loss, serial_communicator{}, one);
    INFO(loss);
    CHECK(got.value[0] == Approx(want.value[0]).epsilon(1e-12));
    for (auto const& [field, slopes] : want.gradient) {
      CHECK(got.gradient.at(field)[0] == Approx(slopes[0]).epsilon(1e-12));
    }
  }
}

TEST_CASE("where policy = reference the first value of a batch is known", "[coupled]")
{
  column const policy{-20, -31, -7}, label{1, 0, 0};
  auto const first = [&](auto const& loss) {
    return expected_initial_loss(loss, {.completion = policy, .label = label});
  };
  CHECK(first(kto<double>{.undesirable_weight = 1.5}) == Approx((0.5 + 2 * 0.75) / 3));
  CHECK(first(apo_zero_unpaired<double>{.desirable_weight = 4}) == Approx((2 + 2 * 0.5) / 3));
  CHECK(first(bco<double>{}) == Approx(std::log(2.0)));
  CHECK(expected_initial_loss(kto_pair<double>{}) == Approx(1));
  CHECK(expected_initial_loss(beta_dpo<double>{}) == Approx(std::log(2.0)));
  CHECK(expected_initial_loss(dama<double>{}) == Approx(std::log(2.0)));
  CHECK(expected_initial_loss(napo<double>{.q = 0.5}) == Approx(2 - std::sqrt(2.0)));

  auto columns = test::coupled_batch(9, 37);
  for (std::string const answer : {"chosen", "rejected"}) {
    columns["ref_" + answer] = columns[answer];
  }
  for (std::string const loss : {"aot", "aot_unpaired"}) {
    for (double const v :
         test::evaluate_coupled(loss, serial_communicator{}, whole(columns)).value) {
      CHECK(v == Approx(std::log(2.0)).epsilon(1e-15));
    }
  }
}

TEST_CASE("a loss is sorted if one of its terms is", "[coupled]")
{
  auto const sum = aot<float>{} + anchor<branch::chosen, score::log_ratio>(
                                      "anchor", link::logistic<float>{}, 0.1f);
  STATIC_REQUIRE(is_sorted_loss<decltype(sum)>);
  STATIC_REQUIRE(is_sorted_loss<decltype(0.5f * aot_unpaired<float>{})>);
  STATIC_REQUIRE_FALSE(is_sorted_loss<dpo<float>>);
  STATIC_REQUIRE_FALSE(is_sorted_loss<kto<float>>);
}

TEST_CASE("NaPO goes from DPO at q = 0 to the sigmoid loss at q = 1", "[coupled]")
{
  for (double const margin : {-300.0, -20.0, -1.0, 0.0, 1.0, 20.0, 300.0}) {
    record_of<dpo<double>, double> const x{.chosen = margin};
    auto const want = value_and_gradient<double>(dpo<double>{.beta = 1}, x);
    // Across the bound below which q is taken for 0 nothing jumps.
    for (double const q : {0.0, 1e-31, 2e-30, 1e-18}) {
      auto const got = value_and_gradient<double>(napo<double>{.beta = 1, .q = q}, x);
      CHECK(got.value == Approx(want.value).epsilon(1e-14));
      CHECK(got.gradient.chosen == Approx(want.gradient.chosen).epsilon(1e-14));
    }
    auto const bounded = value_and_gradient<double>(napo<double>{.beta = 1, .q = 1}, x);
    CHECK(bounded.value == Approx(sigmoid(-margin)).epsilon(1e-14));
    CHECK(bounded.gradient.chosen ==
          Approx(-sigmoid(margin) * sigmoid(-margin)).epsilon(1e-13).margin(1e-300));
  }
}

TEST_CASE("NaPO's objective adds answers without image and without text", "[coupled]")
{
  auto const loss = 0.5 * dpo<double>{} + 0.3 * napo<double, branch::other_rejected<0>>{.q = 0.2} +
                    0.2 * napo<double, branch::other_rejected<1>>{.q = 0.7};
  record_of<decltype(loss), double> x;
  x.chosen = 3;
  x.rejected = 1;
  x.other_rejected = {{-2, 4}};
  auto const cost = [](double q, double margin) {
    return (1 - std::pow(sigmoid(0.1 * margin), q)) / q;
  };
  CHECK(loss_value(loss, x) ==
        Approx(-0.5 * log_sigmoid(0.2) + 0.3 * cost(0.2, 5) + 0.2 * cost(0.7, -1)).epsilon(1e-14));
}

TEST_CASE("UDM weights are clipped odds", "[coupled]")
{
  CHECK(udm_weight(0.5) == Approx(1).epsilon(1e-7));
  CHECK(udm_weight(0.75) == Approx(3).epsilon(1e-7));
  CHECK(udm_weight(0.0) == 0.5);
  CHECK(udm_weight(1.0) == 10);
  CHECK(udm_weight(1.0, 0.5, 1e9) == Approx(1e8).epsilon(1e-15));  // 1 / (1 - 1 + 1e-8)
  CHECK(udm_weight(1.0f) == 10);
  CHECK(udm_weight(0.9, 0.1, 5.0) == 5);
  CHECK(std::isnan(udm_weight(quiet_nan_v<double>)));

  // In the weight column: an undesirable sample of BCO counts three times.
  column const policy{-3, -3}, reference{-4, -4}, label{1, 0}, weight{1, udm_weight(0.75)};
  column plain(2), weighted(2);
  evaluate(bco<double>{}, {.completion = policy, .ref_completion = reference, .label = label},
           {.value = plain});
  evaluate(bco<double>{}, {.completion = policy, .ref_completion = reference, .label = label},
           {.value = weighted}, {.weight = weight});
  CHECK(weighted[0] == plain[0]);
  CHECK(weighted[1] == Approx(3 * plain[1]).epsilon(1e-7));
}

TEST_CASE("DAMA's betas follow the judge, and have a floor", "[coupled]")
{
  // beta S(g) / S(mean) M, worked by hand: S(0) = 1/2, S(log 3) = 3/4.
  dama<double> const loss{.beta = 0.2, .model_factor = 1.5, .mean_judge_gap = 0};
  auto const beta_of = [](dama<double> const& of, double gap) {
    record_of<dama<double>, double> x;
    x.judge_gap = gap;
    return of.terms().first.sample_beta(x);
  };
  CHECK(beta_of(loss, 0) == Approx(0.3).epsilon(1e-15));
  CHECK(beta_of(loss, std::log(3.0)) == Approx(0.45).epsilon(1e-15));
  CHECK(beta_of(loss, -20) == 1e-3);
  CHECK(beta_of(dama<double>{}, 0.0482190464911681) == Approx(0.1).epsilon(1e-15));
}

TEST_CASE("pairs that a draw leaves out have no loss and no gradient", "[coupled]")
{
  auto const batch = whole(test::coupled_batch(50, 31));
  for (std::string const loss : {"beta_dpo", "dama"}) {
    auto const phase = test::first_phase(loss, serial_communicator{}, batch);
    auto const out = test::evaluate(phase, batch);
    INFO(loss);
    CHECK(std::count(phase.weight.begin(), phase.weight.end(), 1.0) == 40);
    for (std::size_t i = 0; i < 50; ++i) {
      CHECK((out.value[i] == 0) == (phase.weight[i] == 0));
      CHECK((out.gradient.at("chosen")[i] == 0) == (phase.weight[i] == 0));
    }
  }
}

TEST_CASE("numbers of a batch that cannot be are refused by name", "[coupled]")
{
  column const x{-1};
  column value(1);
  auto const unpaired = [&](auto const& loss) {
    return error_of<std::invalid_argument>([&] {
      evaluate(loss, {.completion = x, .ref_completion = x, .label = x}, {.value = value});
    });
  };
  CHECK(mentions(unpaired(kto<double>{.baseline = -1}), {"baseline", "0 or more", "-1"}));
  CHECK(mentions(unpaired(kto<double>{.baseline = quiet_nan_v<double>}), {"baseline", "nan"}));
  CHECK(mentions(unpaired(kto<double>{.undesirable_weight = -2}), {"undesirable_weight", "-2"}));
  CHECK(mentions(unpaired(apo_zero_unpaired<double>{.desirable_weight = -2}),
                 {"desirable_weight", "-2"}));
  CHECK(mentions(unpaired(bco<double>{.delta = infinity_v<double>}), {"delta", "inf"}));
  auto const paired = [&](auto const& loss) {
    return error_of<std::invalid_argument>([&] {
      evaluate(loss, {.chosen = x, .rejected = x, .ref_chosen = x, .ref_rejected = x},
               {.value = value});
    });
  };
  CHECK(mentions(paired(napo<double>{.q = -0.1}), {"q", "-0.1"}));
  CHECK(mentions(paired(beta_dpo<double>{.batch_beta = 0}), {"batch_beta", "above 0"}));
  CHECK(mentions(paired(kto_pair<double>{.rejected_baseline = -3}), {"rejected_baseline", "-3"}));
}

TEST_CASE("a label is 1 or 0, and one that is NaN makes its sample NaN", "[coupled]")
{
  column const x{-1, -2}, y{-2, -1}, second_left_out{1, 0};
  column value(2);
  auto const complaint = [&](double label, column const& weight) {
    column const labels{1, label};
    return error_of<std::invalid_argument>([&] {
      evaluate(kto<double>{}, {.completion = x, .ref_completion = y, .label = labels},
               {.value = value}, {.weight = weight});
    });
  };
  column const both{1, 1};
  for (double const label : {-1.0, 0.5, 2.0, quiet_nan_v<double>}) {
    CHECK(mentions(complaint(label, both), {"'label', sample 1", "1 (desirable) or 0"}));
    CHECK(complaint(label, second_left_out) == "no error");
  }
  CHECK(complaint(0, both) == "no error");

  column const graded{1, 0.5};
  CHECK(mentions(error_of<std::invalid_argument>([&] {
                   expected_initial_loss(kto<double>{}, {.completion = x, .label = graded});
                 }),
                 {"expected_initial_loss", "'label', sample 1"}));

  // Device memory is not looked into, so the formula itself must not take NaN for a class.
  auto const unknown = value_and_gradient<double>(
      kto<double>{}, {.completion = -1, .ref_completion = -2, .label = quiet_nan_v<double>});
  CHECK(std::isnan(unknown.value));
  CHECK(std::isnan(unknown.gradient.completion));
}
