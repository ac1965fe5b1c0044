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
};

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
  /// backward().
  pair_columns<Real> const& forward(std::span<prepared_pair const* const> pairs,
                                    std::span<pair_pixels const> pixels,
                                    adapters use = adapters::on)
  {
    pack(pairs, pixels);
    model_.forward(batch_, state_, use);
    rows_.forward(state_.logits, targets(batch_), model_.config().text.vocab_size);
    index_t const n = static_cast<index_t>(pairs.size());
    policy_.resize(pairs.size());
    sum_answers(0, n, policy_.chosen);
    sum_answers(n, n, policy_.rejected);
    sum_answers(2 * n, n, policy_.perturbed);
    return policy_;
  }

  /// The difficulty of the chosen answers of the last forward().
  template <class Score>
  std::vector<double> difficulty() const
  {
    std::vector<double> scores(policy_.chosen.size());
    std::vector<index_t> const offsets(
        answer_offsets_.begin(), answer_offsets_.begin() + static_cast<long>(scores.size()) + 1);
    prefopt::score_sequences<Score, Real>(
        {.log_prob = rows_.log_prob(), .entropy = rows_.entropy(), .offsets = offsets}, scores);
    return scores;
  }

  /// Adds scale * dL/d(weights) of the last forward() to the model's gradients; returns the loss of
  /// every pair.
  std::vector<Real> backward(prefopt::mfpo<Real> const& loss, pair_columns<Real> const& reference,
                             Real scale)
  {
    std::vector<Real> value(policy_.chosen.size());
    gradient_.resize(value.size());
    prefopt::evaluate(loss, loss_input(policy_, reference),
                      {.value = value,
                       .gradient = {.chosen = gradient_.chosen,
                                    .rejected = gradient_.rejected,
                                    .perturbed = {gradient_.perturbed}}},
                      {.scale = scale});
    seed_answers();
    rows_.backward(state_.logits, token_seed_);
    model_.backward(state_, state_.logits.data());
    return value;
  }

  /// Mean entropy over the answer tokens of the last forward().
  double entropy_sum() const
  {
    double sum = 0;
    for (Real e : rows_.entropy()) { sum += static_cast<double>(e); }
    return sum;
  }
  index_t answer_tokens() const { return answer_offsets_.back(); }

 private:
  /// Sequences in the order chosen, rejected, perturbed; images in the order clean, noised.
  void pack(std::span<prepared_pair const* const> pairs, std::span<pair_pixels const> pixels)
  {
    batch_ = {};
    answer_offsets_ = {0};
    auto const n = static_cast<index_t>(pairs.size());
    auto const append = [&](answer_tokens_t const& answer, index_t image) {
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

  /// Sums of the answers of `count` sequences from `first`.
  void sum_answers(index_t first, index_t count, std::vector<Real>& sums) const
  {
    for (index_t i = 0; i < count; ++i) {
      auto const s = static_cast<std::size_t>(first + i);
      Real sum = 0;
      for (index_t t = answer_offsets_[s]; t < answer_offsets_[s + 1]; ++t)
        sum += rows_.log_prob()[static_cast<std::size_t>(t)];
      sums[static_cast<std::size_t>(i)] = sum;
    }
  }
  void seed_answers()
  {
    token_seed_.resize(rows_.log_prob().size());
    std::size_t const n = gradient_.chosen.size();
    for (std::size_t s = 0; s < 3 * n; ++s) {
      Real const g = s < n       ? gradient_.chosen[s]
                     : s < 2 * n ? gradient_.rejected[s - n]
                                 : gradient_.perturbed[s - 2 * n];
      for (index_t t = answer_offsets_[s]; t < answer_offsets_[s + 1]; ++t)
        token_seed_[static_cast<std::size_t>(t)] = g;
    }
  }

  using answer_tokens_t = llava::answer_tokens;

  llava_model<Real>& model_;
  packed_batch<Real> batch_;
  llava_state<Real> state_;
  logit_rows<Real> rows_;
  std::vector<index_t> answer_offsets_ = {0};  // of each sequence's answer among the logit rows
  pair_columns<Real> policy_, gradient_;
  std::vector<Real> token_seed_;
};

}  // namespace llava
