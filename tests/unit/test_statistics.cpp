// SPDX-License-Identifier: MIT
/// \file  Batch statistics: their laws, the golden losses that rest on them, and their edges.

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/core/permutation.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/fixtures.hpp"
#include "support/rank_statistics.hpp"
#include "support/thread_ranks.hpp"

using namespace prefopt;
using namespace prefopt::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
double const undefined = std::numeric_limits<double>::quiet_NaN();
using column = std::vector<double>;

double sum_of(column const& values)
{
  exact_sum sum;
  for (double const x : values) { sum.push(x); }
  return sum.value();
}

/// The same values, split into `parts` and merged, in an order chosen by `seed`.
template <class Statistic, class Value>
Statistic in_parts(std::vector<Value> const& values, std::size_t parts, std::uint64_t seed)
{
  std::vector<Statistic> part(parts);
  permutation const order(static_cast<index_t>(values.size()), seed);
  for (std::size_t i = 0; i < values.size(); ++i) {
    part[i % parts].push(values[static_cast<std::size_t>(order(static_cast<index_t>(i)))]);
  }
  Statistic total;
  for (auto const& each : part) { total.merge(each); }
  return total;
}

nlohmann::json const& golden()
{
  static nlohmann::json const file =
      nlohmann::json::parse(std::ifstream(golden_dir() + "/golden.json"));
  return file;
}

column golden_column(std::string const& dataset, std::string const& name)
{
  return golden().at("datasets").at(dataset).at(name).get<column>();
}

column differences(column a, column const& b)
{
  for (std::size_t i = 0; i < a.size(); ++i) { a[i] -= b[i]; }
  return a;
}

/// Log-ratios of the chosen ("w") or rejected ("l") answers of random64.
column golden_log_ratios(std::string const& answer)
{
  return differences(golden_column("random64", "pol_" + answer),
                     golden_column("random64", "ref_" + answer));
}

/// Every case of the name, with its parameters.
template <class Check>
void each_golden_case(std::string const& name, Check check)
{
  int found = 0;
  for (auto const& c : golden().at("cases")) {
    if (c.at("name") != name) { continue; }
    ++found;
    INFO(name << " " << c.at("params"));
    check(c.at("params"), c.at("loss_mp").get<column>(), c.at("grads_mp"));
  }
  CHECK(found > 0);
}

/// Relative to the larger of the value and what it is a difference of.
void check_close(column const& got, column const& want, double terms = 0)
{
  REQUIRE(got.size() == want.size());
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    worst = std::max(worst, std::abs(got[i] - want[i]) / std::max(std::abs(want[i]), terms));
  }
  CHECK(worst < 1e-12);
}

}  // namespace

TEST_CASE("an exact sum is rounded once, to nearest even", "[statistics]")
{
  CHECK(sum_of({}) == 0);
  CHECK(sum_of({0.1, 0.2, -0.3}) == 0x1p-55);  // of the three doubles; 0x1p-54 with rounding
  CHECK(sum_of({1e300, 1, -1e300}) == 1);
  CHECK(sum_of({1, 0x1p-53}) == 1);                       // half way: to even
  CHECK(sum_of({1, 0x1p-53, 0x1p-1074}) == 1 + 0x1p-52);  // just above half way
  CHECK(sum_of({1 + 0x1p-52, 0x1p-53}) == 1 + 0x1p-51);   // half way: to even
  CHECK(sum_of({-1, -0x1p-53}) == -1);
  CHECK(sum_of({-1, -0x1p-53, -0x1p-1074}) == -1 - 0x1p-52);
  CHECK(sum_of({0x1p-1074, 0x1p-1074}) == 0x1p-1073);
  CHECK(sum_of({0x1p-1022, -0x1p-1074}) == 0x1p-1022 - 0x1p-1074);
  double const largest = std::numeric_limits<double>::max();
  CHECK(sum_of({largest, largest, -largest}) == largest);
  CHECK(sum_of({largest, largest}) == infinity);
  CHECK(sum_of({-largest, -largest}) == -infinity);
}

TEST_CASE("an exact sum adds infinities and NaN as IEEE does", "[statistics]")
{
  CHECK(sum_of({infinity, 1}) == infinity);
  CHECK(sum_of({-infinity, 1}) == -infinity);
  CHECK(std::isnan(sum_of({infinity, -infinity})));
  CHECK(std::isnan(sum_of({1, undefined, 2})));
}

TEST_CASE("an exact sum equals a long double sum where that is exact", "[statistics]")
{
  // Multiples of 2^-10 below 2^40: 64-bit integers hold every partial sum.
  exact_sum sum;
  std::int64_t integer = 0;
  for (index_t i = 0; i < 5000; ++i) {
    auto const words = philox4x32({{static_cast<std::uint32_t>(i), 0, 0, 0}}, 1, 2);
    auto const value = static_cast<std::int64_t>(words.word[0]) * 200 -
                       static_cast<std::int64_t>(words.word[1]) * 199;
    integer += value;
    sum.push(static_cast<double>(value) * 0x1p-10);
    if (i % 100 == 0) { CHECK(sum.value() == static_cast<double>(integer) * 0x1p-10); }
  }
}

TEST_CASE("value and rest of an exact sum hold twice the digits", "[statistics]")
{
  exact_sum sum;
  for (double const x : {1e20, 1.0, 0x1p-40}) { sum.push(x); }
  CHECK(sum.value() == 1e20);
  CHECK(sum.rest() == 1 + 0x1p-40);
  for (double const x : {1e308, 1e308}) { sum.push(x); }
  CHECK(sum.value() == infinity);
  CHECK(sum.rest() == 0);
}

TEST_CASE("no split and no order changes a bit of any statistic", "[statistics]")
{
  auto const batch = sample_batch(193, 11);
  auto const whole = in_parts<batch_statistics>(batch, 1, 0);
  for (std::size_t const parts : {2u, 3u, 16u, 193u}) {
    CHECK(in_parts<batch_statistics>(batch, parts, 40 + parts) == whole);
  }
  batch_statistics with_identity = whole;
  with_identity.merge({});
  CHECK(with_identity == whole);
  batch_statistics identity_first;
  identity_first.merge(whole);
  CHECK(identity_first == whole);
}

TEST_CASE("ranks made of threads get the bits of one rank", "[statistics]")
{
  for (int const ranks : {1, 2, 4, 7}) {
    for (index_t const size : {index_t{3}, index_t{64}, index_t{193}}) {
      std::vector<std::string> wrong(static_cast<std::size_t>(ranks));
      thread_ranks group(ranks);
      group.launch([&](thread_ranks::member const& self) {
        wrong[static_cast<std::size_t>(self.rank())] = differences_from_one_rank(self, size);
      });
      for (auto const& text : wrong) { CHECK(text == ""); }
    }
  }
}

TEST_CASE("a weighted mean leaves out weight 0 and keeps NaN that counts", "[statistics]")
{
  weighted_mean mean;
  CHECK(mean.count == 0);
  CHECK(std::isnan(mean.mean()));
  CHECK(mean.mean_or(7) == 7);
  mean.push(undefined, 0);
  CHECK(mean == weighted_mean{});
  mean.push(1, 3);
  mean.push(5);
  CHECK(mean.mean() == 2);
  CHECK(mean.count == 2);
  mean.push(undefined);
  CHECK(std::isnan(mean.mean()));
  auto const message = error_of<std::invalid_argument>([&] { mean.push(1, -2); });
  CHECK(mentions(message, {"weighted_mean", "weight", "-2"}));
}

TEST_CASE("KTO's baseline gives the golden losses", "[statistics]")
{
  auto const klr =
      differences(golden_column("unpaired64", "klp"), golden_column("unpaired64", "klr"));
  auto const log_ratio =
      differences(golden_column("unpaired64", "pol_u"), golden_column("unpaired64", "ref_u"));
  auto const label = golden_column("unpaired64", "label");
  double const z = in_parts<kto_baseline>(klr, 5, 1).value();
  each_golden_case("kto", [&](auto const& p, column const& want, auto const&) {
    column got;
    for (std::size_t i = 0; i < label.size(); ++i) {
      double const u = p.at("beta").template get<double>() * (log_ratio[i] - z);
      got.push_back(label[i] == 1 ? p.at("w_d").template get<double>() * sigmoid(-u)
                                  : p.at("w_u").template get<double>() * sigmoid(u));
    }
    check_close(got, want);
  });
}

TEST_CASE("KTO's baseline is never negative and 0 without mismatched pairs", "[statistics]")
{
  kto_baseline baseline;
  CHECK(baseline.value() == 0);
  CHECK(baseline.count() == 0);
  baseline.push(-3);
  baseline.push(1);
  CHECK(baseline.value() == 0);  // of the mean, not of each
  CHECK(baseline.count() == 2);
  baseline.push(undefined);
  CHECK(std::isnan(baseline.value()));
}

TEST_CASE("the cyclic mismatch is a permutation without fixed points, odd batches too",
          "[statistics]")
{
  for (index_t const n : {2, 3, 4, 7}) {
    std::vector<int> hits(static_cast<std::size_t>(n));
    for (index_t i = 0; i < n; ++i) {
      CHECK(cyclic_mismatch(i, n) != i);
      ++hits[static_cast<std::size_t>(cyclic_mismatch(i, n))];
    }
    CHECK(std::count(hits.begin(), hits.end(), 1) == n);
  }
  for (index_t const n : {0, 1}) {
    CHECK(mentions(error_of<std::invalid_argument>([&] { cyclic_mismatch(0, n); }),
                   {"count", "2 or more", std::to_string(n)}));
  }
  CHECK(mentions(error_of<std::invalid_argument>([&] { cyclic_mismatch(3, 3); }), {"i", "3"}));
}

TEST_CASE("BCO's delta is the golden running mean, over two batches and a checkpoint",
          "[statistics]")
{
  bco_delta delta;
  for (auto const& step : golden().at("bco_running")) {
    std::string const dataset = step.at("dataset");
    double const beta = step.at("beta");
    weighted_mean rewards;
    for (double const r :
         differences(golden_column(dataset, "pol_u"), golden_column(dataset, "ref_u"))) {
      rewards.push(beta * r);
    }
    CHECK(rewards.mean() == Approx(step.at("batch_mean").get<double>()).epsilon(1e-12));
    delta.update(rewards);
    CHECK(delta.value() == Approx(step.at("delta_after_update").get<double>()).epsilon(1e-12));
    CHECK(delta.weight == step.at("count").get<double>());
    auto const saved = delta.save();
    CHECK(bco_delta::load(saved) == delta);
    delta = bco_delta::load(saved);
  }
}

TEST_CASE("batches of BCO weigh by their size, and empty ones nothing", "[statistics]")
{
  column const rewards{1, 2, 3, 4, 5, 9};
  bco_delta delta;
  CHECK(delta.value() == 0);
  weighted_mean first, second;
  for (std::size_t i = 0; i < 6; ++i) { (i < 5 ? first : second).push(rewards[i]); }
  delta.update(first);
  delta.update({});
  delta.update(second);
  CHECK(delta.value() == Approx(4).epsilon(1e-15));
  CHECK(delta.weight == 6);
}

TEST_CASE("a class without samples adds nothing, on one rank or on all", "[statistics]")
{
  // Rank 0 has desirable answers only, the others none at all or both.
  std::vector<column> const desirable{{1, 2}, {}, {6}};
  std::vector<column> const undesirable{{}, {}, {-4}};
  for (std::size_t const size : {1u, 2u, 3u}) {
    std::vector<weighted_mean> good(size), bad(size);
    std::vector<double> delta(size);
    thread_ranks group(static_cast<int>(size));
    group.launch([&](thread_ranks::member const& self) {
      auto const r = static_cast<std::size_t>(self.rank());
      for (double const reward : desirable[r]) { good[r].push(reward); }
      for (double const reward : undesirable[r]) { bad[r].push(reward); }
      good[r] = merge_over_ranks(self, good[r]);
      bad[r] = merge_over_ranks(self, bad[r]);
      weighted_mean all = good[r];
      all.merge(bad[r]);
      bco_delta running;
      running.update(all);
      delta[r] = running.value();
    });
    for (std::size_t r = 0; r < size; ++r) {
      CHECK(good[r].mean() == (size == 3 ? 3 : 1.5));
      CHECK(bad[r].count == (size == 3 ? 1 : 0));
      CHECK(bad[r].mean_or(0) == (size == 3 ? -4 : 0));
      CHECK(delta[r] == (size == 3 ? 1.25 : 1.5));
    }
  }
}

TEST_CASE("saved states of another layout are refused", "[statistics]")
{
  column const shorter{1, 0};
  column const newer{2, 0, 0};
  CHECK(mentions(error_of<std::invalid_argument>([&] { bco_delta::load(shorter); }),
                 {"bco_delta", "3 numbers", "2"}));
  CHECK(mentions(error_of<std::invalid_argument>([&] { bco_delta::load(newer); }),
                 {"bco_delta", "version 1", "2"}));
  CHECK(mentions(error_of<std::invalid_argument>([&] { gap_average::load(newer); }),
                 {"gap_average", "4 numbers"}));
}

TEST_CASE("the mean of BCO's first batch gives the golden losses", "[statistics]")
{
  each_golden_case("bco_unpaired_first_batch", [](auto const& p, column const& want, auto const&) {
    double const beta = p.at("beta");
    auto const label = golden_column("unpaired64", "label");
    auto reward =
        differences(golden_column("unpaired64", "pol_u"), golden_column("unpaired64", "ref_u"));
    for (auto& r : reward) { r *= beta; }
    bco_delta delta;
    delta.update(in_parts<weighted_mean>(reward, 3, 2));
    column got;
    for (std::size_t i = 0; i < label.size(); ++i) {
      double const u = reward[i] - delta.value();
      got.push_back(-log_sigmoid(label[i] == 1 ? u : -u));
    }
    check_close(got, want);
  });
  each_golden_case("bco_pair_first_batch", [](auto const& p, column const& want, auto const&) {
    double const beta = p.at("beta");
    auto const w = golden_log_ratios("w");
    auto const l = golden_log_ratios("l");
    weighted_mean rewards;
    for (std::size_t i = 0; i < w.size(); ++i) {
      rewards.push(beta * w[i]);
      rewards.push(beta * l[i]);
    }
    bco_delta delta;
    delta.update(rewards);
    column got;
    for (std::size_t i = 0; i < w.size(); ++i) {
      got.push_back(-log_sigmoid(beta * w[i] - delta.value()) -
                    log_sigmoid(-(beta * l[i] - delta.value())));
    }
    check_close(got, want);
  });
}

TEST_CASE("the paired KTO's baselines and slopes give golden losses and gradients", "[statistics]")
{
  each_golden_case("kto_pair_trl08", [](auto const& p, column const& want, auto const& gradient) {
    double const beta = p.at("beta");
    auto const w = golden_log_ratios("w");
    auto const l = golden_log_ratios("l");
    std::size_t const n = w.size();
    kto_pair_means means;
    for (std::size_t i = 0; i < n; ++i) { means.push(w[i], l[i]); }
    auto const k = means.baselines();
    kto_pair_coupling coupling;
    for (std::size_t i = 0; i < n; ++i) { coupling.push(k, beta, w[i], l[i]); }
    auto const slopes = coupling.slopes(k);
    column got(2 * n), d_w(n), d_l(n);
    auto const slope = [](double x) { return sigmoid(x) * sigmoid(-x); };
    for (std::size_t i = 0; i < n; ++i) {
      double const u = beta * (w[i] - k.rejected);
      double const v = beta * (k.chosen - l[i]);
      got[i] = sigmoid(-u);
      got[n + i] = sigmoid(-v);
      d_w[i] = -beta * slope(u) + slopes.chosen;
      d_l[i] = beta * slope(v) + slopes.rejected;
    }
    check_close(got, want);
    // The two parts of a gradient are of size beta / 4 and may cancel.
    check_close(d_w, gradient.at("pol_w").template get<column>(), beta / 4);
    check_close(d_l, gradient.at("pol_l").template get<column>(), beta / 4);
  });
}

TEST_CASE("the paired KTO's slope stops where its baseline does", "[statistics]")
{
  kto_pair_means means;
  means.push(-2, 3);
  auto const k = means.baselines();
  CHECK(k.chosen == 0);
  CHECK(k.rejected == 3);
  CHECK_FALSE(k.chosen_moves);
  CHECK(k.rejected_moves);
  kto_pair_coupling coupling;
  coupling.push(k, 0.5, -2, 3);
  CHECK(coupling.slopes(k).chosen == 0);
  // d/d r_l of 1 - sigmoid(.5 (-2 - r_l)) at r_l = 3
  CHECK(coupling.slopes(k).rejected == Approx(0.5 * sigmoid(-2.5) * sigmoid(2.5)).epsilon(1e-14));
  kto_pair_means at_zero;
  at_zero.push(0, 0);
  CHECK(at_zero.baselines().chosen_moves);  // as torch.clamp does
  CHECK(at_zero.baselines().rejected_moves);
  auto const none = kto_pair_means{}.baselines();
  CHECK(kto_pair_coupling{}.slopes(none).chosen == 0);
  means.push(undefined, 0);
  CHECK(std::isnan(means.baselines().chosen));
}

TEST_CASE("the deviation of gaps far from 0 keeps its digits", "[statistics]")
{
  gap_moments gaps;
  for (double const d : {1.0, 2.0, 3.0, 4.0}) { gaps.push(1e9 + d); }
  CHECK(gaps.mean() == 1e9 + 2.5);
  CHECK(gaps.deviation() == Approx(std::sqrt(5.0 / 3)).epsilon(1e-15));

  gap_moments large, larger;
  for (double const d : {-1e149, 1e149}) { large.push(d); }
  for (double const d : {-0.8e154, 0.9e154}) { larger.push(d); }  // twice their squares overflow
  CHECK(large.deviation() == Approx(1e149 * std::sqrt(2.0)).epsilon(1e-15));
  CHECK(larger.deviation() == infinity);
}

TEST_CASE("gaps have no deviation where there are fewer than two, or all are equal", "[statistics]")
{
  gap_moments gaps;
  CHECK(gaps.mean() == 0);
  CHECK(gaps.deviation() == 0);
  gaps.push(0.1);
  CHECK(gaps.deviation() == 0);
  for (int i = 0; i < 6; ++i) { gaps.push(0.1); }
  CHECK(gaps.deviation() == 0);
  gaps.push(undefined);
  CHECK(std::isnan(gaps.mean()));
  CHECK(std::isnan(gaps.deviation()));
}

TEST_CASE("running averages of gaps move by a tenth and survive a checkpoint", "[statistics]")
{
  gap_moments batch;
  batch.push(1);
  batch.push(3);
  gap_average average;
  average.update(batch);
  CHECK(average.mean == Approx(0.2).epsilon(1e-14));
  CHECK(average.deviation == Approx(0.1 * std::sqrt(2.0)).epsilon(1e-14));
  gap_average const before = average;
  average.update({});
  CHECK(average == before);
  gap_moments single;
  single.push(5);
  average.update(single);
  CHECK(average.mean == Approx(0.9 * 0.2 + 0.5).epsilon(1e-14));
  CHECK(average.deviation == before.deviation);
  auto const saved = average.save();
  CHECK(gap_average::load(saved) == average);
}

TEST_CASE("beta of beta-DPO gives the golden losses, and has a floor", "[statistics]")
{
  each_golden_case("beta_dpo_all", [](auto const& p, column const& want, auto const&) {
    auto const gaps = differences(golden_log_ratios("w"), golden_log_ratios("l"));
    double const mean = in_parts<gap_moments>(gaps, 4, 3).mean();
    double const beta = beta_dpo_beta(p.at("beta"), mean, p.at("m0"), p.at("a"));
    column got;
    for (double const d : gaps) { got.push_back(-log_sigmoid(beta * d)); }
    check_close(got, want);
  });
  CHECK(beta_dpo_beta(0.1, -100, 0) == 1e-3);
  CHECK(beta_dpo_beta(0.1, 2, 1) == Approx(0.16).epsilon(1e-15));
  CHECK(std::isnan(beta_dpo_beta(0.1, undefined, 0)));
}

namespace {

column draw(column const& gaps, gap_selection_options const& how)
{
  column selected(gaps.size());
  gap_selection_workspace workspace;
  auto const drawn = select_by_gap(serial_communicator{}, gaps, how, workspace, selected);
  CHECK(drawn.pairs == static_cast<index_t>(gaps.size()));
  weighted_mean chosen;
  for (std::size_t i = 0; i < gaps.size(); ++i) { chosen.push(gaps[i], selected[i]); }
  CHECK(drawn.gap == chosen);
  return selected;
}

}  // namespace

TEST_CASE("a draw keeps the share that the authors' code keeps, at least one", "[statistics]")
{
  for (auto const& [size, kept] :
       std::vector<std::array<int, 2>>{{0, 0}, {1, 1}, {2, 1}, {4, 3}, {5, 4}, {10, 8}, {64, 51}}) {
    column const gaps(static_cast<std::size_t>(size), 1.5);
    auto const selected = draw(gaps, {.center = 1.5, .deviation = 0, .seed = 4});
    CHECK(std::count(selected.begin(), selected.end(), 1.0) == kept);
  }
  column const gaps(10, 0);
  CHECK(draw(gaps, {.filtered = 0}) == column(10, 1));
}

TEST_CASE("a draw repeats for a seed and step and differs for others", "[statistics]")
{
  column gaps;
  for (index_t i = 0; i < 64; ++i) { gaps.push_back(static_cast<double>(philox_normal(1, i))); }
  auto const first = draw(gaps, {.seed = 4, .step = 1});
  CHECK(draw(gaps, {.seed = 4, .step = 1}) == first);
  CHECK(draw(gaps, {.seed = 4, .step = 2}) != first);
  CHECK(draw(gaps, {.seed = 5, .step = 1}) != first);
  CHECK(draw(gaps, {.seed = 4 + (std::uint64_t{1} << 32), .step = 1}) != first);
}

TEST_CASE("pairs are drawn with the probabilities of their Gaussian weights", "[statistics]")
{
  // Two of three without replacement leave one out: P(out = k) by enumeration of both orders.
  column const gaps{0, 1, 2};
  double const w[] = {1, std::exp(-0.5), std::exp(-2.0)};
  double const total = w[0] + w[1] + w[2];
  constexpr int draws = 20000;
  int out[3] = {};
  for (int s = 0; s < draws; ++s) {
    auto const selected = draw(gaps, {.filtered = 0.3, .seed = 77, .step = s});
    for (int k = 0; k < 3; ++k) { out[k] += selected[static_cast<std::size_t>(k)] == 0 ? 1 : 0; }
  }
  for (int k = 0; k < 3; ++k) {
    double const a = w[(k + 1) % 3], b = w[(k + 2) % 3];
    double const p = a / total * b / (total - a) + b / total * a / (total - b);
    // Five standard deviations of a binomial; the draws are fixed, so this cannot flicker.
    CHECK(std::abs(out[k] - draws * p) < 5 * std::sqrt(draws * p * (1 - p)));
  }
}

TEST_CASE("pairs whose weights would underflow are still ordered by their distance", "[statistics]")
{
  column const gaps{1000, 2000, 3000, 4000, 100000};
  CHECK(draw(gaps, {.seed = 8}) == column{1, 1, 1, 1, 0});
  // Infinite gaps have no order but their place.
  double const inf = infinity_v<double>;
  CHECK(draw({inf, 1, -inf, inf, -inf}, {.filtered = 0.4}) == column{1, 1, 1, 0, 0});
}

TEST_CASE("a draw refuses what it cannot weigh", "[statistics]")
{
  column const gaps{1, undefined, 2};
  CHECK(mentions(error_of<std::invalid_argument>([&] { draw(gaps, {}); }),
                 {"select_by_gap", "gap of sample 1 of rank 0", "NaN"}));
  column const good{1, 2};
  CHECK(mentions(error_of<std::invalid_argument>([&] { draw(good, {.deviation = -1}); }),
                 {"deviation", "-1"}));
  CHECK(mentions(error_of<std::invalid_argument>([&] { draw(good, {.deviation = undefined}); }),
                 {"deviation", "nan"}));
  CHECK(mentions(error_of<std::invalid_argument>([&] { draw(good, {.center = undefined}); }),
                 {"center", "nan"}));
  CHECK(mentions(error_of<std::invalid_argument>([&] { draw(good, {.filtered = 1}); }),
                 {"filtered", "[0, 1)"}));
  column selected(3);
  gap_selection_workspace workspace;
  CHECK(mentions(error_of<std::invalid_argument>(
                     [&] { select_by_gap(serial_communicator{}, good, {}, workspace, selected); }),
                 {"selected", "2 elements", "3"}));
}

TEST_CASE("DAMA's factor is a quotient of mean preferences, far below 0 too", "[statistics]")
{
  log_mean_exp preference;
  for (double const d : {0.5, -1.0, 2.0}) { preference.push(log_sigmoid(d)); }
  double const mean = (sigmoid(0.5) + sigmoid(-1.0) + sigmoid(2.0)) / 3;
  CHECK(dama_model_factor(preference, 0.3) == Approx(mean / sigmoid(0.3)).epsilon(1e-14));
  log_mean_exp far;
  far.push(log_sigmoid(-2000.0));
  CHECK(dama_model_factor(far, -2001) == Approx(std::exp(1.0)).epsilon(1e-12));
  CHECK(std::isnan(dama_model_factor({}, 0)));
}

TEST_CASE("NaPO's q gives the golden losses and stays within its bounds", "[statistics]")
{
  each_golden_case("napo_adaptive", [](auto const& p, column const& want, auto const&) {
    double const beta = p.at("beta");
    auto const gaps = differences(golden_log_ratios("w"), golden_log_ratios("l"));
    weighted_mean margin;
    for (double const d : gaps) { margin.push(beta * d); }
    napo_robustness const robustness{.alpha = p.at("alpha"), .low = p.at("lo"), .high = p.at("hi")};
    double const q = robustness.q(margin.mean());
    column got;
    for (double const d : gaps) { got.push_back(-std::expm1(q * log_sigmoid(beta * d)) / q); }
    check_close(got, want);
  });
  CHECK(napo_robustness{}.q(1e6) == 0.01);
  CHECK(napo_robustness{}.q(-1e6) == 1);
  CHECK(napo_robustness{}.q(0) == 0.5);
  CHECK(std::isnan(napo_robustness{}.q(undefined)));
}

TEST_CASE("NaPO's shares follow the margins, negative ones too", "[statistics]")
{
  auto const shares = [](column const& margins) {
    column result(margins.size());
    napo_shares(margins, result);
    return result;
  };
  CHECK(shares({1, 3}) == column{0.25, 0.75});
  CHECK(shares({2}) == column{1});
  CHECK(shares({-1, 2, 2}) == column{0.01, 0.5, 0.5});
  CHECK(shares({1e-9, 1}) == column{0.01, 1 / (1 + 1e-9)});
  CHECK(shares({-1, -2}) == column{0.5, 0.5});
  CHECK(shares({0, 0, 0, 0}) == column(4, 0.25));
  for (double const share : shares({1, undefined})) { CHECK(std::isnan(share)); }
  column one(1);
  column const two{1, 2};
  CHECK(mentions(error_of<std::invalid_argument>([&] { napo_shares(two, one); }),
                 {"shares", "2 elements", "1"}));
}

TEST_CASE("a weight of sequences makes the golden token means", "[statistics]")
{
  auto const pol_w = golden_column("random64", "pol_w");
  token_count count;
  for (double const length : golden_column("random64", "len_w")) {
    count.push(static_cast<index_t>(length));
  }
  double const weight = count.sequences_per_token();
  auto const n = static_cast<double>(count.sequences);
  weighted_mean nll;
  for (double const p : pol_w) { nll.push(-p * weight); }
  each_golden_case("sft_token_mean", [&](auto const&, column const& want, auto const& gradient) {
    check_close({nll.mean()}, want);
    check_close(column(64, -weight / n), gradient.at("pol_w").template get<column>());
  });
  each_golden_case("rpo_trl", [&](auto const& p, column const& want, auto const&) {
    auto const gaps = differences(golden_log_ratios("w"), golden_log_ratios("l"));
    double const alpha = p.at("alpha"), beta = p.at("beta");
    weighted_mean loss;
    for (std::size_t i = 0; i < gaps.size(); ++i) {
      loss.push(-log_sigmoid(beta * gaps[i]) + alpha * -pol_w[i] * weight);
    }
    check_close({loss.mean()}, want);
  });
  // NeMo-RL sums the NLL over tokens and divides by pairs: its weight is 1.
  each_golden_case("nemo_rl_dpo", [&](auto const& p, column const& want, auto const&) {
    auto const gaps = differences(golden_log_ratios("w"), golden_log_ratios("l"));
    double const beta = p.at("beta"), pref = p.at("pref_w"), sft = p.at("sft_w");
    weighted_mean loss;
    for (std::size_t i = 0; i < gaps.size(); ++i) {
      loss.push(-pref * log_sigmoid(beta * gaps[i]) - sft * pol_w[i]);
    }
    check_close({loss.mean() * n / (n + 1e-8)}, want);
  });
}

TEST_CASE("sequences without tokens are counted and weigh nothing", "[statistics]")
{
  token_count count;
  CHECK(count.sequences_per_token() == 0);
  count.push(0);
  CHECK(count.sequences_per_token() == 0);
  CHECK(count.empty == 1);
  count.push(8);
  CHECK(count.sequences_per_token() == 0.25);
  CHECK(mentions(error_of<std::invalid_argument>([&] { count.push(-1); }), {"token_count", "-1"}));
}

TEST_CASE("a log mean exp is right at every size", "[statistics]")
{
  auto const of = [](column const& values) { return in_parts<log_mean_exp>(values, 1, 0).value(); };
  CHECK(of({0.25}) == Approx(0.25).epsilon(4e-16));
  CHECK(of({std::log(1.0), std::log(3.0)}) == Approx(std::log(2.0)).epsilon(1e-15));
  for (double const shift : {-1e8, -10000.0, -400.0, -177.5, -100.0, 177.4, 355.0, 10000.0, 1e8}) {
    INFO(shift);
    double const want = shift + std::log((1 + std::exp(-1.0)) / 2);
    CHECK(of({shift, shift - 1}) == Approx(want).epsilon(4e-16));
  }
  CHECK(of({0, -1e4, -1e6}) == Approx(-std::log(3.0)).epsilon(1e-15));
  CHECK(of({1e300, 0, -1e300}) == Approx(1e300).epsilon(1e-15));
}

TEST_CASE("a log mean exp does not depend on which of its bins came first", "[statistics]")
{
  // 256 ln 2 = 177.45 parts two bins; the third number lies in one that no longer counts.
  column values{-300, 177, 178};
  double const want = 178 + std::log((1 + std::exp(-1.0)) / 3);
  do {
    log_mean_exp pushed, merged;
    for (double const x : values) {
      pushed.push(x);
      log_mean_exp one;
      one.push(x);
      merged.merge(one);
    }
    CHECK(pushed.value() == Approx(want).epsilon(4e-16));
    CHECK(merged == pushed);
    CHECK(pushed == in_parts<log_mean_exp>(values, 2, 3));
  } while (std::next_permutation(values.begin(), values.end()));
}

TEST_CASE("a log mean exp of nothing is NaN, of impossible things -infinity", "[statistics]")
{
  log_mean_exp mean;
  CHECK(std::isnan(mean.value()));
  mean.push(-infinity);
  CHECK(mean.value() == -infinity);
  mean.push(0);
  CHECK(mean.value() == Approx(-std::log(2.0)).epsilon(1e-15));
  mean.push(infinity);
  CHECK(mean.value() == infinity);
  mean.push(undefined);
  CHECK(std::isnan(mean.value()));
}

namespace {

struct partners {
  column of_a, of_b;
};

partners match(column const& a, column const& b)
{
  partners result{column(a.size()), column(b.size())};
  sorted_match_workspace workspace;
  sorted_match(serial_communicator{}, a, b, workspace, result.of_a, result.of_b);
  return result;
}

}  // namespace

TEST_CASE("sorted columns are matched in order, ties by place", "[statistics]")
{
  auto const simple = match({3, 1, 2}, {10, 30, 20});
  CHECK(simple.of_a == column{30, 10, 20});
  CHECK(simple.of_b == column{1, 3, 2});
  auto const ties = match({5, 5, 0.0, -0.0}, {4, 3, 2, 1});
  CHECK(ties.of_a == column{3, 4, 1, 2});
  auto const extremes = match({infinity, -infinity}, {0, 1});
  CHECK(extremes.of_a == column{1, 0});
  CHECK(match({}, {}).of_a.empty());
}

TEST_CASE("a matching gives the golden AOT losses and gradients", "[statistics]")
{
  auto const cost = [](double eps, double u) {
    return -(1 - eps) * log_sigmoid(u) - eps * log_sigmoid(-u);
  };
  // d cost / d u
  auto const slope = [](double eps, double u) { return eps - sigmoid(-u); };
  each_golden_case("aot", [&](auto const& p, column const& want, auto const& gradient) {
    double const beta = p.at("beta"), eps = p.at("eps");
    auto const policy =
        differences(golden_column("random64", "pol_w"), golden_column("random64", "pol_l"));
    auto const reference =
        differences(golden_column("random64", "ref_w"), golden_column("random64", "ref_l"));
    auto const partner = match(policy, reference).of_a;
    column got, d_w;
    double largest = 0;
    for (std::size_t i = 0; i < policy.size(); ++i) {
      double const u = beta * (policy[i] - partner[i]);
      got.push_back(cost(eps, u));
      d_w.push_back(beta * slope(eps, u));
      largest = std::max(largest, std::abs(u));
    }
    auto sorted = want;  // the golden values stand in sorted order
    std::sort(sorted.begin(), sorted.end());
    std::sort(got.begin(), got.end());
    check_close(got, sorted);
    check_close(d_w, gradient.at("pol_w").template get<column>(), beta * largest);
  });
  each_golden_case("aot_unpaired", [&](auto const& p, column const& want, auto const& gradient) {
    double const beta = p.at("beta"), eps = p.at("eps");
    auto const w = golden_log_ratios("w");
    auto const l = golden_log_ratios("l");
    auto const partner = match(w, l);
    column got, d_w, d_l;
    for (std::size_t i = 0; i < w.size(); ++i) {
      got.push_back(cost(eps, beta * (w[i] - partner.of_a[i])));
      d_w.push_back(beta * slope(eps, beta * (w[i] - partner.of_a[i])));
      d_l.push_back(-beta * slope(eps, beta * (partner.of_b[i] - l[i])));
    }
    auto sorted = want;
    std::sort(sorted.begin(), sorted.end());
    std::sort(got.begin(), got.end());
    check_close(got, sorted);
    check_close(d_w, gradient.at("pol_w").template get<column>());
    check_close(d_l, gradient.at("pol_l").template get<column>());
  });
}

TEST_CASE("a matching refuses NaN and batches of two sizes", "[statistics]")
{
  CHECK(mentions(error_of<std::invalid_argument>([] { match({1, 2}, {1, undefined}); }),
                 {"sorted_match", "b of sample 1 of rank 0", "NaN"}));
  CHECK(mentions(error_of<std::invalid_argument>([] { match({1, 2}, {1}); }),
                 {"b of all ranks", "2 elements", "1"}));
  column const a{1, 2};
  column one(1), two(2);
  sorted_match_workspace workspace;
  CHECK(mentions(error_of<std::invalid_argument>(
                     [&] { sorted_match(serial_communicator{}, a, a, workspace, one, two); }),
                 {"partner_of_a", "2 elements", "1"}));
}

TEST_CASE("a NaN on one rank is an error on every rank", "[statistics]")
{
  thread_ranks group(3);
  std::vector<std::string> message(3);
  group.launch([&](thread_ranks::member const& self) {
    column gaps(4, 1.0), selected(4);
    if (self.rank() == 1) { gaps[2] = undefined; }
    gap_selection_workspace workspace;
    message[static_cast<std::size_t>(self.rank())] = error_of<std::invalid_argument>(
        [&] { select_by_gap(self, gaps, {}, workspace, selected); });
  });
  for (auto const& text : message) { CHECK(mentions(text, {"gap of sample 2 of rank 1", "NaN"})); }
}
