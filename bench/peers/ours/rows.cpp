// SPDX-License-Identifier: MIT
/// \file  Log-probabilities and gradients of logits behind C functions, see ours.hpp.

#include <prefopt/row/rows.hpp>

#include "logits.hpp"

using namespace prefopt;
using namespace peers;

void prefopt_log_probs(prefopt_rows const* in, float* log_prob, float* entropy,
                       float* log_normalizer)
{
  with_logits(*in, [&](auto logits, auto targets) {
    log_probs(logits, targets,
              {.log_prob = column(log_prob, in->rows),
               .entropy = entropy != nullptr ? column(entropy, in->rows) : column(),
               .log_normalizer = column(log_normalizer, in->rows)},
              {.threads = in->threads});
  });
}

void prefopt_gradients(prefopt_rows const* in, float const* log_prob, float const* entropy,
                       float const* log_normalizer, float const* d_log_prob, float const* d_entropy,
                       void* gradient)
{
  with_logits(*in, [&](auto logits, auto targets) {
    using stored = stored_in<decltype(logits)>;
    logit_gradients(
        logits, targets,
        {.d_log_prob = const_column(d_log_prob, in->rows),
         .d_entropy = d_entropy != nullptr ? const_column(d_entropy, in->rows) : const_column()},
        matrix_view<stored>(static_cast<stored*>(gradient), in->rows, in->vocabulary),
        {.forward = {.log_prob = const_column(log_prob, in->rows),
                     .entropy = const_column(entropy, in->rows),
                     .log_normalizer = const_column(log_normalizer, in->rows)},
         .threads = in->threads});
  });
}

void prefopt_log_probs_and_gradients(prefopt_rows const* in, float* log_prob, float* entropy,
                                     float* log_normalizer, float const* d_log_prob,
                                     float const* d_entropy, void* gradient)
{
  prefopt_log_probs(in, log_prob, entropy, log_normalizer);
  prefopt_gradients(in, log_prob, entropy, log_normalizer, d_log_prob, d_entropy, gradient);
}
