// SPDX-License-Identifier: MIT
#pragma once
/// \file  The passes of a head in device memory, chunk by chunk on one stream.

#include <cuda_runtime.h>

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/cuda/head_plan.cuh>
#include <prefopt/cuda/head_rows.cuh>
#include <prefopt/cuda/launch.cuh>
#include <prefopt/cuda/row_launch.cuh>
#include <prefopt/cuda/rows.cuh>
#include <prefopt/head/backward.hpp>
#include <prefopt/head/gemm.hpp>
#include <prefopt/head/pass.hpp>
#include <prefopt/row/log_prob.hpp>

namespace prefopt::gpu::detail {

/// Folds a chunk of logits into the statistics of its rows; the last chunk's are emitted.
template <class Real, class Target, class Emit>
struct chunk_stats_job {
  target_rows<Real, matrix_view<Real const, device_memory>, Target> in;
  selected_rows rows;
  token_stats<Real>* tokens;
  Emit emit;
  bool is_first;
  bool is_last;

  template <class Executor>
  __device__ void operator()(Executor& ex, index_t k) const
  {
    index_t const i = rows(k);
    if (i < 0) { return; }
    auto stats = row_stats<Real>(ex, in.logits.row(k), in.target(i), in.options.transform);
    if (!ex.leads()) { return; }
    if (!is_first) {
      token_stats<Real> so_far = tokens[k];
      so_far.merge(stats);
      stats = so_far;
    }
    tokens[k] = stats;
    if (is_last) { emit(in, i, stats); }
  }
};

template <class Real>
struct emit_columns {
  log_prob_columns<Real, device_memory> out;

  template <class Rows>
  __device__ void operator()(Rows const& rows, index_t i, token_stats<Real> const& token) const
  {
    prefopt::detail::write_row(out, i, rows.result(i, token));
  }
};
template <class Real>
struct emit_tokens {
  vector_view<token_stats<Real>, device_memory> tokens;

  template <class Rows>
  __device__ void operator()(Rows const&, index_t i, token_stats<Real> const& token) const
  {
    tokens[i].merge(token);
  }
};

/// `job` is a `logit_gradient_job` whose matrices hold the block's rows, and its columns all rows.
/// Behind the rows that count come ignored ones, which get zeros.
template <class Job>
struct chunk_gradient_job {
  selected_rows rows;
  Job job;

  template <class Executor>
  __device__ void operator()(Executor& ex, index_t k) const
  {
    job.differentiate(ex, rows.id[rows.before + k], k);
  }
};

/// One call, from checked arguments. Nothing more is enqueued once a status is not success.
template <class Gemm, class Stored, class Real, class Target>
class head_pass {
 public:
  head_pass(char const* function, cudaStream_t stream, Gemm const& gemm,
            matrix_view<Stored const, device_memory> const& hidden,
            matrix_view<Stored const, device_memory> const& weight,
            vector_view<Target const, device_memory> const& targets,
            head_options<Real, device_memory> const& options,
            vector_view<std::byte, device_memory> const& workspace)
      : stream_(stream),
        gemm_(gemm),
        hidden_(hidden),
        weight_(weight),
        targets_(targets),
        options_(options),
        plan_(plan_head<Stored, Real>(hidden.rows, hidden.cols, weight.rows, options)),
        counted_(counted_rows(hidden.rows, options)),
        memory_(workspace.data, plan_, hidden.rows, hidden.cols)
  {
    prefopt::detail::require_workspace(function, plan_, workspace);
  }

  index_t rows() const { return hidden_.rows; }

  template <class Emit>
  cudaError_t score(Emit const& emit)
  {
    select();
    each_block([&](index_t before, index_t count) {
      auto const h = gather(before, count);
      each_chunk([&](index_t first, index_t words) {
        auto const logits = chunk(before, count, first, words);
        multiply(h, first, logits);
        each_row(logits, chunk_stats_job<Real, Target, Emit>{
                             rows_of(logits, first), selected(before), memory_.tokens, emit,
                             first == 0, first + words == weight_.rows});
      });
    });
    return status_;
  }

  /// Columns of rows that no product has. After `score`.
  cudaError_t write_rest(log_prob_columns<Real, device_memory> const& out)
  {
    index_t const n = hidden_.rows;
    index_t const multiplied = weight_.rows > 0 ? counted_ : 0;
    enqueue([&] {
      return launch(stream_, blocks_for(n, block_threads), block_threads, rest_columns_kernel<Real>,
                    selected(0), n, multiplied, out);
    });
    return status_;
  }

  cudaError_t differentiate(log_prob_seed_columns<Real, device_memory> const& seeds,
                            head_gradient_columns<Real, device_memory> const& out)
  {
    select();
    fill(matrix_view<Stored, device_memory>(memory_.ones, 1, plan_.rows), Stored(1.0f));
    start(out);
    each_block([&](index_t before, index_t count) {
      auto const h = gather(before, count);
      matrix_view<Real, device_memory> const dh(memory_.d_hidden, count, hidden_.cols);
      each_chunk([&](index_t first, index_t words) {
        auto const logits = chunk(before, count, first, words);
        if (before >= plan_.kept) { multiply(h, first, logits); }
        matrix_view<Stored, device_memory> const dx(memory_.gradient, count, words, plan_.columns);
        using job = logit_gradient_job<true, Real, matrix_view<Real const, device_memory>, Target,
                                       matrix_view<Stored, device_memory>>;
        each_row(logits,
                 chunk_gradient_job<job>{selected(before), {rows_of(logits, first), seeds, dx}});
        multiply_gradient(before, first, dx, h, dh, out);
      });
      if (out.d_hidden && weight_.rows > 0) {
        each_row(dh, scatter_job<Real>{selected(before), dh, out.d_hidden});
      }
    });
    if (counted_ < hidden_.rows) {
      if (out.d_weight) { lack(out.d_weight); }
      if (out.d_bias) { lack(as_row(out.d_bias)); }
    }
    return status_;
  }

 private:
  template <class F>
  void enqueue(F const& f)
  {
    if (status_ == cudaSuccess) { status_ = f(); }
  }
  template <class T, class Job>
  void each_row(matrix_view<T, device_memory> const& m, Job const& job)
  {
    enqueue([&] { return for_each_row<logit_stats<Real>>(stream_, m.rows, m.cols, job); });
  }
  template <class T>
  void fill(matrix_view<T, device_memory> const& m, T value)
  {
    each_row(m, fill_job<T>{m, value});
  }
  void lack(matrix_view<Real, device_memory> const& sums)
  {
    each_row(sums, lacking_job<Real>{selected(counted_), sums});
  }
  template <class F>
  void each_block(F const& f)
  {
    for (index_t before = 0; before < counted_; before += plan_.rows) {
      f(before, min(plan_.rows, counted_ - before));
    }
  }
  template <class F>
  void each_chunk(F const& f)
  {
    prefopt::detail::for_each_chunk(plan_, weight_.rows, f);
  }
  selected_rows selected(index_t before) const { return {memory_.id, memory_.count, before}; }

  void select()
  {
    enqueue([&] {
      return launch(stream_, 1, selecting_threads, select_rows_kernel<Target, Real>, targets_,
                    options_.rows, memory_.id, memory_.count);
    });
  }

  matrix_view<Stored const, device_memory> gather(index_t before, index_t count)
  {
    matrix_view<Stored, device_memory> const to(memory_.hidden, count, hidden_.cols);
    each_row(to, gather_job<Stored>{selected(before), hidden_, to});
    return to;
  }

  /// The logits of a block in a chunk of words, in the workspace or where they are kept.
  matrix_view<Real, device_memory> chunk(index_t before, index_t count, index_t first,
                                         index_t words) const
  {
    if (before >= plan_.kept) { return {memory_.logits, count, words, plan_.columns}; }
    return {options_.kept.data + first * options_.kept.cols, count, words};
  }

  /// A chunk with the targets and options of all rows.
  target_rows<Real, matrix_view<Real const, device_memory>, Target> rows_of(
      matrix_view<Real, device_memory> const& logits, index_t first) const
  {
    auto how = options_.rows;
    how.shard = {options_.rows.shard.first + first,
                 prefopt::detail::vocabulary_of(options_.rows, weight_.rows)};
    return {logits, targets_, how};
  }

  /// logits = h W^T + bias for the words `first` ....
  void multiply(matrix_view<Stored const, device_memory> const& h, index_t first,
                matrix_view<Real, device_memory> const& logits)
  {
    auto const& bias = options_.bias;
    if (bias) { each_row(logits, broadcast_job<Real>{bias.part(first, logits.cols), logits}); }
    auto const w = prefopt::detail::row_block(weight_, first, logits.cols);
    enqueue(
        [&] { return gemm_(stream_, h, prefopt::detail::transposed(w), logits, bias.given()); });
  }

  /// What a chunk of logit gradients adds to the gradients.
  void multiply_gradient(index_t before, index_t first,
                         matrix_view<Stored const, device_memory> const& dx,
                         matrix_view<Stored const, device_memory> const& h,
                         matrix_view<Real, device_memory> const& dh,
                         head_gradient_columns<Real, device_memory> const& out)
  {
    using prefopt::detail::row_block;
    bool const adds = before > 0 || options_.accumulate;
    auto const by_word = prefopt::detail::transposed(dx);
    if (out.d_hidden) {
      enqueue(
          [&] { return gemm_(stream_, dx, row_block(weight_, first, dx.cols), dh, first > 0); });
    }
    if (out.d_weight) {
      enqueue([&] {
        return gemm_(stream_, by_word, h, row_block(out.d_weight, first, dx.cols), adds);
      });
    }
    if (out.d_bias) {  // the gradient of the weights of a hidden feature that is always 1
      matrix_view<Stored const, device_memory> const ones(memory_.ones, dx.rows, 1);
      matrix_view<Real, device_memory> const to(out.d_bias.data + first * out.d_bias.stride,
                                                dx.cols, 1, out.d_bias.stride);
      enqueue([&] { return gemm_(stream_, by_word, ones, to, adds); });
    }
  }

  static matrix_view<Real, device_memory> as_row(vector_view<Real, device_memory> const& v)
  {
    return {v.data, 1, v.extent, 0, v.stride};
  }

  /// Zeros where no product writes.
  void start(head_gradient_columns<Real, device_memory> const& out)
  {
    bool const has_products = counted_ > 0 && weight_.rows > 0;
    if (out.d_hidden && !has_products) { fill(out.d_hidden, Real(0)); }
    index_t const left = hidden_.rows - counted_;
    if (out.d_hidden && left > 0) {
      enqueue([&] {
        return for_each_row<logit_stats<Real>>(stream_, left, hidden_.cols,
                                               rest_job<Real>{selected(counted_), out.d_hidden});
      });
    }
    if (has_products || options_.accumulate) { return; }
    if (out.d_weight) { fill(out.d_weight, Real(0)); }
    if (out.d_bias) { fill(as_row(out.d_bias), Real(0)); }
  }

  cudaStream_t stream_;
  Gemm const& gemm_;
  matrix_view<Stored const, device_memory> hidden_;
  matrix_view<Stored const, device_memory> weight_;
  vector_view<Target const, device_memory> targets_;
  head_options<Real, device_memory> options_;
  head_plan plan_;
  index_t counted_;
  head_memory<Stored, Real> memory_;
  cudaError_t status_ = cudaSuccess;
};

/// A pass, once its arguments are checked as far as the host can see them.
template <class Real, class Gemm, class Hidden, class Weight, class Targets>
auto check_head(char const* function, cudaStream_t stream, Gemm const& gemm, Hidden&& hidden,
                Weight&& weight, Targets&& targets,
                head_options<Real, device_memory> const& options,
                vector_view<std::byte, device_memory> const& workspace)
{
  using stored = prefopt::detail::element_of<Hidden>;
  using target = prefopt::detail::element_of<Targets>;
  static_assert(
      enqueued_matrix_product<Gemm, cudaStream_t, stored, Real>,
      "prefopt: this GEMM has no const operator()(stream, a, b, c, accumulate) for device "
      "matrix views of these element types (hidden states and weights are of one type; "
      "sums are double for double and float for all others)");
  matrix_view<stored const, device_memory> const h(std::forward<Hidden>(hidden));
  matrix_view<stored const, device_memory> const w(std::forward<Weight>(weight));
  vector_view<target const, device_memory> const y(std::forward<Targets>(targets));
  prefopt::detail::check_head_shapes(function, h, w, y, options);
  if (options.counted < -1) {
    prefopt::detail::throw_invalid(function, "counted", "a number of rows, or -1 for all",
                                   std::to_string(options.counted));
  }
  if (options.head.width > 0) {
    prefopt::detail::throw_invalid(function, "head",
                                   "none (the weights lie where the host cannot read them)",
                                   prefopt::detail::identity_text(options.head));
  }
  return head_pass<Gemm, stored, Real, target>(function, stream, gemm, h, w, y, options, workspace);
}

}  // namespace prefopt::gpu::detail
