// SPDX-License-Identifier: MIT
/// \file  What follows the model in a DPO step behind a C function, see ours.hpp.

#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/row/rows.hpp>
#include <prefopt/row/sequence.hpp>

#include "logits.hpp"

using namespace prefopt;
using namespace peers;

void prefopt_dpo_step(prefopt_rows const* in, std::int64_t pairs, float const* reference,
                      float* token, float* sequence, void* gradient)
{
  std::int64_t const n = in->rows;
  auto const tokens = [&](int k) { return column(token + k * n, n); };
  auto const sequences = [&](int k) { return column(sequence + 2 * k * pairs, 2 * pairs); };
  auto const chosen = [&](auto const& x) { return x.part(0, pairs); };
  auto const rejected = [&](auto const& x) { return x.part(pairs, pairs); };
  auto const lp = tokens(0), h = tokens(1), lse = tokens(2), seeds = tokens(3);
  auto const sums = sequences(0), d_sums = sequences(1), loss = chosen(sequences(2));
  const_column const ref(reference, 2 * pairs);
  padded_sequences const layout{2 * pairs, n / (2 * pairs)};
  with_logits(*in, [&](auto logits, auto targets) {
    using stored = stored_in<decltype(logits)>;
    log_probs(logits, targets, {.log_prob = lp, .entropy = h, .log_normalizer = lse},
              {.threads = in->threads});
    sequence_sums<float>(layout, {.log_prob = lp}, {.sum = sums});
    evaluate(dpo<float>{},
             {.chosen = chosen(sums),
              .rejected = rejected(sums),
              .ref_chosen = chosen(ref),
              .ref_rejected = rejected(ref)},
             {.value = loss, .gradient = {.chosen = chosen(d_sums), .rejected = rejected(d_sums)}});
    token_seeds<float>(layout, {}, d_sums, seeds, {.scale = 1 / static_cast<float>(pairs)});
    logit_gradients(
        logits, targets, {.d_log_prob = seeds},
        matrix_view<stored>(static_cast<stored*>(gradient), n, in->vocabulary),
        {.forward = {.log_prob = lp, .entropy = h, .log_normalizer = lse}, .threads = in->threads});
  });
}
