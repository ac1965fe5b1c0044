// SPDX-License-Identifier: MIT
#pragma once
/// \file  Gradients of hidden states, weights and bias of a head, without the logits of the batch.

#include <cstddef>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/head/backward.hpp>

namespace prefopt {

/// dL/d(hidden), dL/d(weight) and dL/d(bias) for the seeds dL/d(column of `head_log_probs`):
///
///     auto const head = head_log_probs(gemm, hidden, weight, targets, columns,
///                                      {.kept = d_weight}, workspace);
///     ... // the loss, and its seeds
///     head_gradients(gemm, hidden, weight, targets, {.d_log_prob = seed},
///                    {.d_hidden = d_hidden, .d_weight = d_weight},
///                    {.rows = {.forward = columns}, .kept = d_weight, .head = head}, workspace);
///
/// dX is that of `logit_gradients`, for one chunk of words at a time; dH = dX W, dW = dX^T H, both
/// summed in `Real`; for bf16 hidden states dX is rounded to bf16 once, as the products need it.
/// The logits come from `options.kept`, or from a product done again: for rows beyond those kept,
/// and where nothing is. A vocabulary shard takes the forward columns of the whole rows, and gives
/// its own rows of dW and its part of dH.
///
/// Ignored rows get zeros in `d_hidden` and add nothing to the others. Throws
/// `std::invalid_argument` as `head_log_probs` does, and for a head that is not the one recorded in
/// `options.head`. Allocates nothing.
template <class Real = void, class Executor = host_executor, class Gemm, class Hidden, class Weight,
          class Targets, class Target = detail::compile_target>
void head_gradients(Gemm const& gemm, Hidden&& hidden, Weight&& weight, Targets&& targets,
                    log_prob_seed_columns<detail::row_precision<Real, Hidden>> const& seeds,
                    head_gradient_columns<detail::row_precision<Real, Hidden>> const& out,
                    head_options<detail::row_precision<Real, Hidden>> const& options,
                    vector_view<std::byte> workspace)
{
  using real = detail::row_precision<Real, Hidden>;
  auto const pass = detail::check_head<real, Gemm>(
      "head_gradients", std::forward<Hidden>(hidden), std::forward<Weight>(weight),
      std::forward<Targets>(targets), options, workspace);
  detail::check_head_gradients("head_gradients", pass.hidden, pass.weight, options, seeds, out);
  detail::check_same_head("head_gradients", pass.weight, options);
  detail::run_head_backward<Executor>(gemm, pass, seeds, out);
}

}  // namespace prefopt
