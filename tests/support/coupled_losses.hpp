// SPDX-License-Identifier: MIT
#pragma once
/// \file  Losses that couple the samples of a batch: phase 1 over any micro-batches and ranks, then
/// phase 2 sample by sample. No assertions: it may run on the ranks of MPI.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <prefopt/core/communicator.hpp>
#include <prefopt/losses/aot.hpp>
#include <prefopt/losses/aot_unpaired.hpp>
#include <prefopt/losses/bco.hpp>
#include <prefopt/losses/bco_pair.hpp>
#include <prefopt/losses/beta_dpo.hpp>
#include <prefopt/losses/dama.hpp>
#include <prefopt/losses/kto.hpp>
#include <prefopt/losses/kto_pair.hpp>
#include <prefopt/losses/mpo.hpp>
#include <prefopt/losses/napo.hpp>
#include <prefopt/losses/rpo.hpp>
#include <prefopt/statistics/bco_delta.hpp>
#include <prefopt/statistics/dynamic_beta.hpp>
#include <prefopt/statistics/gap_moments.hpp>
#include <prefopt/statistics/gap_selection.hpp>
#include <prefopt/statistics/kto_baseline.hpp>
#include <prefopt/statistics/kto_pair.hpp>
#include <prefopt/statistics/napo.hpp>
#include <prefopt/statistics/sorted_match.hpp>
#include <prefopt/statistics/token_count.hpp>

#include "support/erased_loss.hpp"
#include "support/rank_statistics.hpp"

namespace prefopt::test {

using batch_column = std::vector<double>;

/// Columns by the names of a record's fields, and `mismatched`: KTO's log-ratios of mismatched
/// pairs.
using named_columns = std::map<std::string, batch_column>;

/// A rank's part of a batch; micro-batch k is the rows from bounds[k] to bounds[k + 1].
struct rank_batch {
  named_columns columns;
  std::vector<std::size_t> bounds;
};

/// Rows [first, last) of each column.
inline named_columns rows_between(named_columns const& all, std::size_t first, std::size_t last)
{
  named_columns result;
  for (auto const& [name, values] : all) {
    auto const begin = values.begin();
    result[name] = batch_column(begin + static_cast<std::ptrdiff_t>(first),
                                begin + static_cast<std::ptrdiff_t>(last));
  }
  return result;
}

inline batch_column difference(batch_column const& a, batch_column const& b)
{
  batch_column result;
  for (std::size_t i = 0; i < a.size(); ++i) { result.push_back(a[i] - b[i]); }
  return result;
}
/// log pi - log pi_ref of an answer.
inline batch_column log_ratios(named_columns const& x, std::string const& answer)
{
  return difference(x.at(answer), x.at("ref_" + answer));
}

/// The parameters of a case, by the golden file's names.
using parameters = std::map<std::string, double>;

/// What phase 1 leaves to do: a pointwise loss with the batch's numbers in it, columns that it
/// reads besides, and weights.
struct second_phase {
  erased_loss<double> loss;
  named_columns columns{};
  batch_column weight{};
};

namespace detail_coupled {

inline double value_or(parameters const& p, char const* key, double otherwise)
{
  auto const found = p.find(key);
  return found == p.end() ? otherwise : found->second;
}

/// A statistic of all micro-batches of all ranks; `push(statistic, i)` takes in a row.
template <class Statistic, communicator Ranks, class Push>
Statistic over_all(Ranks const& ranks, rank_batch const& batch, Push push)
{
  Statistic total;
  for (std::size_t k = 0; k + 1 < batch.bounds.size(); ++k) {
    Statistic part;
    for (std::size_t i = batch.bounds[k]; i < batch.bounds[k + 1]; ++i) { push(part, i); }
    total.merge(part);
  }
  return merge_over_ranks(ranks, total);
}

struct partners {
  batch_column of_a, of_b;
};
template <communicator Ranks>
partners match(Ranks const& ranks, batch_column const& a, batch_column const& b)
{
  partners result{batch_column(a.size()), batch_column(b.size())};
  sorted_match_workspace workspace;
  sorted_match(ranks, a, b, workspace, result.of_a, result.of_b);
  return result;
}

}  // namespace detail_coupled

/// The losses of `first_phase`.
inline std::vector<std::string> const coupled_losses{"kto",      "bco",  "bco_pair",     "mpo",
                                                     "kto_pair", "aot",  "aot_unpaired", "napo",
                                                     "beta_dpo", "dama", "rpo"};

/// Phase 1 of a loss.
template <communicator Ranks>
second_phase first_phase(std::string const& loss, Ranks const& ranks, rank_batch const& batch,
                         parameters const& p = {})
{
  using namespace detail_coupled;
  auto const& x = batch.columns;
  double const beta = value_or(p, "beta", 0.1), eps = value_or(p, "eps", 0);
  auto const done = [](auto const& with_numbers) {
    return second_phase{erase<double>(with_numbers)};
  };

  if (loss == "kto") {
    auto const& mismatched = x.at("mismatched");
    auto const baseline = over_all<kto_baseline>(
        ranks, batch, [&](auto& all, std::size_t i) { all.push(mismatched[i]); });
    return done(kto<double>{.beta = beta,
                            .baseline = baseline.value(),
                            .desirable_weight = value_or(p, "w_d", 1),
                            .undesirable_weight = value_or(p, "w_u", 1)});
  }
  if (loss == "bco") {
    auto const r = log_ratios(x, "completion");
    bco_delta delta;
    delta.update(over_all<weighted_mean>(ranks, batch,
                                         [&](auto& all, std::size_t i) { all.push(beta * r[i]); }));
    return done(bco<double>{.beta = beta, .delta = delta.value()});
  }

  auto const w = log_ratios(x, "chosen");
  auto const l = log_ratios(x, "rejected");
  auto const gaps = difference(w, l);
  if (loss == "bco_pair" || loss == "mpo") {
    bco_delta delta;
    delta.update(over_all<weighted_mean>(ranks, batch, [&](auto& all, std::size_t i) {
      all.push(beta * w[i]);
      all.push(beta * l[i]);
    }));
    if (loss == "bco_pair") { return done(bco_pair<double>{.beta = beta, .delta = delta.value()}); }
    double const g = value_or(p, "bco_w", 0.25);  // LLaMA-Factory's mixture
    return done(mpo<double>{.beta = beta,
                            .preference_weight = 1 / (1 + g),
                            .quality_weight = g / (1 + g),
                            .generation_weight = value_or(p, "ftx", 1.25),
                            .delta = delta.value()});
  }
  if (loss == "kto_pair") {
    auto const baselines = over_all<kto_pair_means>(ranks, batch, [&](auto& all, std::size_t i) {
                             all.push(w[i], l[i]);
                           }).baselines();
    auto const slopes = over_all<kto_pair_coupling>(ranks, batch, [&](auto& all, std::size_t i) {
                          all.push(baselines, beta, w[i], l[i]);
                        }).slopes(baselines);
    return done(kto_pair<double>{.beta = beta,
                                 .chosen_baseline = baselines.chosen,
                                 .rejected_baseline = baselines.rejected,
                                 .chosen_slope = slopes.chosen,
                                 .rejected_slope = slopes.rejected});
  }
  if (loss == "aot") {
    auto const policy = difference(x.at("chosen"), x.at("rejected"));
    auto const reference = difference(x.at("ref_chosen"), x.at("ref_rejected"));
    return {erase<double>(aot<double>{.beta = beta, .label_smoothing = eps}),
            {{"matched_reference", match(ranks, policy, reference).of_a}}};
  }
  if (loss == "aot_unpaired") {
    auto const matched = match(ranks, w, l);
    return {erase<double>(aot_unpaired<double>{.beta = beta, .label_smoothing = eps}),
            {{"matched_for_chosen", matched.of_a}, {"matched_for_rejected", matched.of_b}}};
  }
  if (loss == "napo") {
    auto const margin = over_all<weighted_mean>(
        ranks, batch, [&](auto& all, std::size_t i) { all.push(beta * gaps[i]); });
    napo_robustness const robustness{.alpha = value_or(p, "alpha", 0.01),
                                     .low = value_or(p, "lo", 0.01),
                                     .high = value_or(p, "hi", 1)};
    return done(napo<double>{.beta = beta, .q = robustness.q(margin.mean())});
  }
  if (loss == "beta_dpo" || loss == "dama") {
    gap_average average{.mean = value_or(p, "m0", 0.5), .deviation = 1};
    if (loss == "beta_dpo" && !p.contains("m0")) {
      average.update(over_all<gap_moments>(ranks, batch,
                                           [&](auto& all, std::size_t i) { all.push(gaps[i]); }));
    }
    second_phase result;
    result.weight.resize(gaps.size());
    gap_selection_workspace draw;
    auto const drawn = select_by_gap(ranks, gaps,
                                     {.center = average.mean,
                                      .deviation = average.deviation,
                                      .filtered = value_or(p, "filtered", 0.2)},
                                     draw, result.weight);
    if (loss == "beta_dpo") {
      double const batch_beta =
          beta_dpo_beta(beta, drawn.gap.mean(), average.mean, value_or(p, "a", 0.6));
      result.loss = erase<double>(beta_dpo<double>{.batch_beta = batch_beta});
    } else {
      double const factor = dama_model_factor(drawn.log_preference, average.mean);
      result.loss = erase<double>(dama<double>{.beta = beta, .model_factor = factor});
    }
    return result;
  }
  if (loss == "rpo") {
    auto const tokens = over_all<token_count>(ranks, batch, [&](auto& all, std::size_t i) {
      all.push(static_cast<index_t>(x.at("chosen_length")[i]));
    });
    return done(rpo<double, reduction::per_token<double>>{
        .beta = beta,
        .alpha = value_or(p, "alpha", 1),
        .nll = {.sequences_per_token = tokens.sequences_per_token()}});
  }
  throw std::runtime_error("no coupled loss " + loss);
}

/// Values, and the gradient by each policy column.
struct coupled_outputs {
  batch_column value;
  named_columns gradient;

  bool operator==(coupled_outputs const&) const = default;
};

/// Phase 2, micro-batch by micro-batch.
inline coupled_outputs evaluate(second_phase const& phase, rank_batch const& batch)
{
  auto all = batch.columns;
  for (auto const& [name, values] : phase.columns) { all[name] = values; }
  coupled_outputs result;
  for (std::size_t m = 0; m + 1 < batch.bounds.size(); ++m) {
    std::size_t const first = batch.bounds[m], last = batch.bounds[m + 1];
    auto const rows = rows_between(all, first, last);
    table<double> in;
    for (auto const& field : phase.loss.columns) { in.push_back(rows.at(field)); }
    table_options<double> options;
    if (!phase.weight.empty()) {
      options.weight = rows_between({{"", phase.weight}}, first, last).at("");
    }
    auto const out = phase.loss.evaluate(in, options);
    result.value.insert(result.value.end(), out[0].begin(), out[0].end());
    for (std::size_t k = 0; k < phase.loss.arity; ++k) {
      auto& to = result.gradient[phase.loss.columns[k]];
      to.insert(to.end(), out[k + 1].begin(), out[k + 1].end());
    }
  }
  return result;
}

/// Both phases.
template <communicator Ranks>
coupled_outputs evaluate_coupled(std::string const& loss, Ranks const& ranks,
                                 rank_batch const& batch, parameters const& p = {})
{
  return evaluate(first_phase(loss, ranks, batch, p), batch);
}

/// Pairs and single answers of all sizes of log-ratio, none of them twice.
inline named_columns coupled_batch(std::size_t size, std::uint64_t seed)
{
  named_columns x;
  auto add = [&, k = index_t{0}](std::string const& name, auto make) mutable {
    batch_column values;
    for (std::size_t i = 0; i < size; ++i) {
      index_t const at = static_cast<index_t>(32 * i) + k;
      values.push_back(make(static_cast<double>(philox_normal(seed, at)), i));
    }
    x[name] = values;
    k += 1;
  };
  for (std::string const name : {"ref_chosen", "ref_rejected", "ref_completion"}) {
    add(name, [](double z, std::size_t) { return -60 + 12 * z; });
  }
  add("chosen", [&](double z, std::size_t i) { return x["ref_chosen"][i] + 6 + 8 * z; });
  add("rejected", [&](double z, std::size_t i) { return x["ref_rejected"][i] + 5 + 8 * z; });
  add("completion", [&](double z, std::size_t i) { return x["ref_completion"][i] + 8 * z; });
  add("mismatched", [](double z, std::size_t) { return 1 + 3 * z; });
  add("label", [](double z, std::size_t) { return z > 0 ? 1 : 0; });
  add("judge_gap", [](double z, std::size_t) { return z; });
  add("chosen_length", [](double z, std::size_t) { return 1 + std::floor(40 * z * z); });
  return x;
}

/// The losses that differ in a bit, in value or gradient, between these ranks and one; empty where
/// none do.
template <communicator Ranks>
std::string losses_that_differ_from_one_rank(Ranks const& ranks, std::size_t size)
{
  auto const all = coupled_batch(size, 7);
  std::size_t const first = part_begin(size, ranks.rank(), ranks.size());
  std::size_t const last = part_begin(size, ranks.rank() + 1, ranks.size());
  rank_batch const mine{rows_between(all, first, last), {0, (last - first) / 3, last - first}};
  auto const same = [&](batch_column const& got, batch_column const& want) {
    bool equal = got.size() == last - first;
    for (std::size_t i = 0; equal && i < got.size(); ++i) {
      equal = std::bit_cast<std::uint64_t>(got[i]) == std::bit_cast<std::uint64_t>(want[first + i]);
    }
    return equal;
  };
  std::string wrong;
  for (auto const& loss : coupled_losses) {
    auto const want = evaluate_coupled(loss, serial_communicator{}, {all, {0, size}});
    auto const got = evaluate_coupled(loss, ranks, mine);
    bool equal = same(got.value, want.value);
    for (auto const& [name, values] : want.gradient) {
      equal = equal && same(got.gradient.at(name), values);
    }
    if (!equal) { wrong += loss + "; "; }
  }
  return wrong;
}

}  // namespace prefopt::test
