// SPDX-License-Identifier: MIT
#pragma once
/// \file  The preference step: pairs -> log-probabilities -> loss -> gradients of the model.
///
/// A pair is three sequences: the chosen and the rejected answer to the image, and the chosen
/// answer to the noised image. Their answer tokens' log-probabilities come from the library's rows,
/// the sums from its sequences, value and gradient from its losses, and the gradient of the logits
/// from its rows again.

#include <span>
#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/mfpo.hpp>
#include <prefopt/margins/summary.hpp>
#include <prefopt/ranking/difficulty.hpp>
#include <prefopt/row/sequence.hpp>

#include "llava/data/prepared_pairs.hpp"
#include "llava/data/reference.hpp"
#include "llava/loss/logit_rows.hpp"
#include "llava/model/llava.hpp"
#include "llava/options.hpp"

namespace llava {

/// Per pair, in the order of the batch: log-probabilities of whole answers.
template <class Real>
struct pair_columns {
  std::vector<Real> chosen, rejected, perturbed;

  void resize(std::size_t pairs)
  {
    for (auto* column : {&chosen, &rejected, &perturbed}) { column->resize(pairs); }
  }
  void append(pair_columns const& other)
  {
    chosen.insert(chosen.end(), other.chosen.begin(), other.chosen.end());
    rejected.insert(rejected.end(), other.rejected.begin(), other.rejected.end());
    perturbed.insert(perturbed.end(), other.perturbed.begin(), other.perturbed.end());
  }
};

/// The columns of the pairs that `indices` names.
template <class Real>
pair_columns<Real> rows_of(pair_columns<Real> const& all, std::span<index_t const> indices)
{
  pair_columns<Real> rows;
  for (index_t i : indices) {
    auto const k = static_cast<std::size_t>(i);
    rows.chosen.push_back(all.chosen[k]);
    rows.rejected.push_back(all.rejected[k]);
    rows.perturbed.push_back(all.perturbed[k]);
  }
  return rows;
}

inline pair_columns<float> columns_of(reference_scores const& r)
{
  return {r.chosen, r.rejected, r.perturbed};
}

/// The loss of a run.
template <class Real>
prefopt::mfpo<Real> make_loss(run_options const& o)
{
  return {.beta = static_cast<Real>(o.beta),
          .eta = static_cast<Real>(o.eta),
          .text_weight = static_cast<Real>(o.text_weight),
          .modality_weight = {{static_cast<Real>(o.image_weight)}},
          .margin_weight = static_cast<Real>(o.margin_weight)};
}

/// Policy and reference columns as the loss reads them.
template <class Real>
prefopt::input_columns<prefopt::mfpo<Real>> loss_input(pair_columns<Real> const& policy,
                                                       pair_columns<Real> const& reference)
{
  return {.chosen = policy.chosen,
          .rejected = policy.rejected,
          .perturbed = {policy.perturbed},
          .ref_chosen = reference.chosen,
          .ref_rejected = reference.rejected,
          .ref_perturbed = {reference.perturbed}};
}

/// Forward and backward passes over pairs; keeps its memory from call to call.
template <class Real>
class preference_step {
 public:
  explicit preference_step(llava_model<Real>& model) : model_(model) {}

  /// Log-probabilities of the three answers of every pair. The state of the pass is kept for
  /// backward(), unless `kept` says that there will be none.
  pair_columns<Real> const& forward(std::span<prepared_pair const* const> pairs,
                                    std::span<pair_pixels const> pixels,
                                    adapters use = adapters::on, keep kept = keep::everything)
  {
    pack(pairs, pixels);
    model_.forward(batch_, state_, use, kept);
    rows_.forward(state_.logits, targets(batch_), model_.config().text.vocab_size);
    index_t const n = static_cast<index_t>(pairs.size());
    policy_.resize(pairs.size());
    sum_answers(0, policy_.chosen);
    sum_answers(n, policy_.rejected);
    sum_answers(2 * n, policy_.perturbed);
    return policy_;
  }

  /// The difficulty of the chosen answers of the last forward().
  template <class Score>
  std::vector<double> difficulty() const
  {
    std::vector<double> scores(policy_.chosen.size());
    prefopt::score_sequences<Score, Real>(
        layout(0, static_cast<index_t>(scores.size())),
        {.log_prob = rows_.log_prob(), .entropy = rows_.entropy()}, scores);
    return scores;
  }

  /// Adds scale * dL/d(weights) of the last forward() to the model's gradients; returns the loss of
  /// every pair.
  std::vector<Real> backward(prefopt::mfpo<Real> const& loss, pair_columns<Real> const& reference,
                             Real scale)
  {
    std::vector<Real> value(policy_.chosen.size());
    auto const n = static_cast<index_t>(value.size());
    d_answer_.resize(3 * value.size());  // in the order of the sequences
    prefopt::vector_view<Real> const d(d_answer_);
    prefopt::evaluate(loss, loss_input(policy_, reference),
                      {.value = value,
                       .gradient = {.chosen = d.part(0, n),
                                    .rejected = d.part(n, n),
                                    .perturbed = {d.part(2 * n, n)}}},
                      {.scale = scale});
    token_seed_.resize(rows_.log_prob().size());
    prefopt::token_seeds<Real>(layout(0, 3 * n), {}, d_answer_, token_seed_);
    rows_.backward(state_.logits, token_seed_);
    model_.backward(state_, state_.logits.data());
    return value;
  }

  /// Sum of the vocabulary entropies at the tokens of the chosen answers of the last forward().
  double chosen_entropy() const
  {
    double sum = 0;
    for (index_t t = 0; t < chosen_tokens(); ++t) {
      sum += static_cast<double>(rows_.entropy()[static_cast<std::size_t>(t)]);
    }
    return sum;
  }
  index_t chosen_tokens() const { return answer_offsets_[policy_.chosen.size()]; }
  /// Answer tokens of all three sequences of every pair.
  index_t answer_tokens() const { return answer_offsets_.back(); }

 private:
  /// Sequences in the order chosen, rejected, perturbed; images in the order clean, noised.
  void pack(std::span<prepared_pair const* const> pairs, std::span<pair_pixels const> pixels)
  {
    batch_ = {};
    answer_offsets_ = {0};
    auto const n = static_cast<index_t>(pairs.size());
    auto const append = [&](llava::answer_tokens const& answer, index_t image) {
      append_sequence(batch_, answer.ids, answer.answer_begin, image);
      answer_offsets_.push_back(answer_offsets_.back() + answer.labels());
    };
    for (index_t i = 0; i < n; ++i) { append(pairs[static_cast<std::size_t>(i)]->chosen, i); }
    for (index_t i = 0; i < n; ++i) { append(pairs[static_cast<std::size_t>(i)]->rejected, i); }
    for (index_t i = 0; i < n; ++i) { append(pairs[static_cast<std::size_t>(i)]->chosen, n + i); }
    for (auto const& p : pixels) {
      batch_.pixels.insert(batch_.pixels.end(), p.clean.begin(), p.clean.end());
    }
    for (auto const& p : pixels) {
      batch_.pixels.insert(batch_.pixels.end(), p.noised.begin(), p.noised.end());
    }
  }

  /// Sums of the answers of `sums.size()` sequences from `first`.
  void sum_answers(index_t first, std::vector<Real>& sums) const
  {
    auto const count = static_cast<index_t>(sums.size());
    prefopt::sequence_sums<Real>(layout(first, count), {.log_prob = rows_.log_prob()},
                                 {.sum = sums});
  }

  prefopt::packed_sequences<index_t> layout(index_t first, index_t count) const
  {
    return {prefopt::vector_view<index_t const>(answer_offsets_).part(first, count + 1)};
  }

  llava_model<Real>& model_;
  packed_batch<Real> batch_;
  llava_state<Real> state_;
  logit_rows<Real> rows_;
  std::vector<index_t> answer_offsets_ = {0};  // of each sequence's answer among the logit rows
  pair_columns<Real> policy_;
  std::vector<Real> d_answer_;
  std::vector<Real> token_seed_;
};

}  // namespace llava
