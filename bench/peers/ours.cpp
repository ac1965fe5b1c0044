// SPDX-License-Identifier: MIT
/// \file  prefopt behind C functions, see ours.hpp. PREFOPT_FLAGS names the flags it is built with.

#include "ours.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/head/gradients.hpp>
#include <prefopt/head/log_probs.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/mfpo.hpp>
#include <prefopt/row/rows.hpp>
#include <prefopt/row/sequence.hpp>

#if PREFOPT_WITH_THRUST
#include <thrust/system/omp/execution_policy.h>

#include <prefopt/adapters/thrust.hpp>
#endif

#include "../rooflines.hpp"

namespace {

using namespace prefopt;
using column = vector_view<float>;

template <class Call>
void with_logits(prefopt_rows const& in, Call call)
{
  auto const as = [&](auto const* logits) {
    call(matrix_view<std::remove_pointer_t<decltype(logits)>>(logits, in.rows, in.vocabulary),
         vector_view<std::int64_t const>(in.targets, in.rows));
  };
  if (in.bf16 != 0) {
    as(static_cast<bfloat16 const*>(in.logits));
  } else {
    as(static_cast<float const*>(in.logits));
  }
}

struct pair_columns {
  prefopt_pairs p;

  vector_view<float const> in(int k) const { return {p.in[k], p.count}; }
  column out(int k) const { return {p.out[k], p.count}; }
};

/// Calls evaluate(loss, inputs, outputs) of the columns.
template <class Evaluate>
void with_columns(dpo<float> const&, pair_columns const& c, Evaluate evaluate)
{
  evaluate(
      input_columns<dpo<float>, float>{
          .chosen = c.in(0), .rejected = c.in(1), .ref_chosen = c.in(3), .ref_rejected = c.in(4)},
      output_columns<dpo<float>, float>{.value = c.out(0),
                                        .gradient = {.chosen = c.out(1), .rejected = c.out(2)}});
}
template <class Evaluate>
void with_columns(mfpo<float> const&, pair_columns const& c, Evaluate evaluate)
{
  evaluate(input_columns<mfpo<float>, float>{.chosen = c.in(0),
                                             .rejected = c.in(1),
                                             .perturbed = {c.in(2)},
                                             .ref_chosen = c.in(3),
                                             .ref_rejected = c.in(4),
                                             .ref_perturbed = {c.in(5)}},
           output_columns<mfpo<float>, float>{
               .value = c.out(0),
               .gradient = {.chosen = c.out(1), .rejected = c.out(2), .perturbed = {c.out(3)}}});
}

template <class Loss>
void host_loop(prefopt_pairs const& pairs)
{
  with_columns(Loss{}, {pairs}, [&](auto const& in, auto const& out) {
    evaluate(Loss{}, in, out, {.threads = pairs.threads});
  });
}

template <class Loss>
void thrust_loop([[maybe_unused]] prefopt_pairs const& pairs)
{
#if PREFOPT_WITH_THRUST
  with_columns(Loss{}, {pairs}, [](auto const& in, auto const& out) {
    evaluate(thrust::omp::par, Loss{}, in, out);
  });
#endif
}

using fortran_sgemm = void(char const*, char const*, int const*, int const*, int const*,
                           float const*, float const*, int const*, float const*, int const*,
                           float const*, float*, int const*);

/// A peer's matrix product.
struct peers_gemm {
  prefopt_head head;

  void operator()(matrix_view<float const> a, matrix_view<float const> b, matrix_view<float> c,
                  bool accumulate) const
  {
    if (head.sgemm == nullptr) {
      call(a, b, c, accumulate);
      return;
    }
    // Fortran's matrices are transposed: C^T = B^T A^T.
    auto const layout = [](auto const& m) { return detail::layout_of("peers_gemm", "a", m); };
    auto const extent = [](index_t n) { return static_cast<int>(n); };
    int const m = extent(c.cols), n = extent(c.rows), k = extent(a.cols);
    int const lda = extent(layout(a).pitch), ldb = extent(layout(b).pitch),
              ldc = extent(c.row_stride);
    float const one = 1, before = accumulate ? 1 : 0;
    reinterpret_cast<fortran_sgemm*>(const_cast<void*>(head.sgemm))(
        layout(b).transpose ? "T" : "N", layout(a).transpose ? "T" : "N", &m, &n, &k, &one, b.data,
        &ldb, a.data, &lda, &before, c.data, &ldc);
  }
  void operator()(matrix_view<bfloat16 const> a, matrix_view<bfloat16 const> b,
                  matrix_view<float> c, bool accumulate) const
  {
    call(a, b, c, accumulate);
  }

 private:
  template <class A, class C>
  void call(A const& a, A const& b, C const& c, bool accumulate) const
  {
    auto const plain = [](auto const& m) {
      using element = std::remove_const_t<typename std::remove_cvref_t<decltype(m)>::element_type>;
      return prefopt_matrix{const_cast<element*>(m.data), m.rows, m.cols, m.row_stride,
                            m.col_stride};
    };
    prefopt_matrix const x = plain(a), y = plain(b), z = plain(c);
    head.product(&x, &y, &z, accumulate ? 1 : 0);
  }
};

template <class Call>
void with_head(prefopt_head const& in, Call call)
{
  auto const as = [&]<class Stored>(Stored const*) {
    call(matrix_view<Stored const>(static_cast<Stored const*>(in.hidden), in.rows, in.width),
         matrix_view<Stored const>(static_cast<Stored const*>(in.weight), in.vocabulary, in.width),
         vector_view<std::int64_t const>(in.targets, in.rows));
  };
  if (in.bf16 != 0) {
    as(static_cast<bfloat16 const*>(nullptr));
  } else {
    as(static_cast<float const*>(nullptr));
  }
}

vector_view<std::byte> workspace_of(prefopt_head const& head, void* memory)
{
  return {static_cast<std::byte*>(memory), prefopt_head_workspace(&head)};
}

float log_sigmoid(float x)
{
  return std::min(x, 0.0f) - std::log1p(std::exp(-std::abs(x)));
}
float sigmoid(float x)
{
  return 1 / (1 + std::exp(-x));
}

}  // namespace

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
  using seeds = vector_view<float const>;
  with_logits(*in, [&](auto logits, auto targets) {
    using stored = std::remove_const_t<typename decltype(logits)::element_type>;
    logit_gradients(logits, targets,
                    {.d_log_prob = seeds(d_log_prob, in->rows),
                     .d_entropy = d_entropy != nullptr ? seeds(d_entropy, in->rows) : seeds()},
                    matrix_view<stored>(static_cast<stored*>(gradient), in->rows, in->vocabulary),
                    {.forward = {.log_prob = seeds(log_prob, in->rows),
                                 .entropy = seeds(entropy, in->rows),
                                 .log_normalizer = seeds(log_normalizer, in->rows)},
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

void prefopt_dpo(prefopt_pairs const* pairs)
{
  host_loop<dpo<float>>(*pairs);
}
void prefopt_mfpo(prefopt_pairs const* pairs)
{
  host_loop<mfpo<float>>(*pairs);
}
void prefopt_thrust_dpo(prefopt_pairs const* pairs)
{
  thrust_loop<dpo<float>>(*pairs);
}
void prefopt_thrust_mfpo(prefopt_pairs const* pairs)
{
  thrust_loop<mfpo<float>>(*pairs);
}
std::int32_t prefopt_has_thrust()
{
#if PREFOPT_WITH_THRUST
  return 1;
#else
  return 0;
#endif
}

void prefopt_scalar_dpo(prefopt_pairs const* pairs)
{
  auto const& [in, out, count, threads] = *pairs;
  float const beta = dpo<float>{}.beta;
  PREFOPT_PARALLEL_FOR(threads)
  for (std::int64_t i = 0; i < count; ++i) {
    float const margin = beta * ((in[0][i] - in[3][i]) - (in[1][i] - in[4][i]));
    out[0][i] = -log_sigmoid(margin);
    out[1][i] = -beta * sigmoid(-margin);
    out[2][i] = beta * sigmoid(-margin);
  }
}

void prefopt_scalar_mfpo(prefopt_pairs const* pairs)
{
  auto const& [in, out, count, threads] = *pairs;
  float const beta = mfpo<float>{}.beta;
  PREFOPT_PARALLEL_FOR(threads)
  for (std::int64_t i = 0; i < count; ++i) {
    float const w = beta * (in[0][i] - in[3][i]);
    float const l = beta * (in[1][i] - in[4][i]);
    float const c = beta * (in[2][i] - in[5][i]);
    out[0][i] = -log_sigmoid(w - l) - log_sigmoid(w - c) - log_sigmoid(w);
    float const text = beta * sigmoid(l - w);
    float const image = beta * sigmoid(c - w);
    out[1][i] = -text - image - beta * sigmoid(-w);
    out[2][i] = text;
    out[3][i] = image;
  }
}

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
  vector_view<float const> const ref(reference, 2 * pairs);
  padded_sequences const layout{2 * pairs, n / (2 * pairs)};
  with_logits(*in, [&](auto logits, auto targets) {
    using stored = std::remove_const_t<typename decltype(logits)::element_type>;
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

std::int64_t prefopt_head_workspace(prefopt_head const* head)
{
  std::int64_t bytes = 0;
  with_head(*head, [&](auto hidden, auto weight, auto) {
    using stored = std::remove_const_t<typename decltype(hidden)::element_type>;
    float* const somewhere = nullptr;
    head_options<float> kept{};
    kept.kept = {somewhere, weight.rows, weight.cols};
    bytes = std::max(plan_head<stored>(hidden.rows, hidden.cols, weight.rows).bytes,
                     plan_head<stored>(hidden.rows, hidden.cols, weight.rows, kept).bytes);
  });
  return bytes;
}

void prefopt_head_log_probs(prefopt_head const* head, float* log_prob, float* entropy,
                            float* log_normalizer, void* workspace)
{
  with_head(*head, [&](auto hidden, auto weight, auto targets) {
    head_log_probs(peers_gemm{*head}, hidden, weight, targets,
                   {.log_prob = column(log_prob, head->rows),
                    .entropy = column(entropy, head->rows),
                    .log_normalizer = column(log_normalizer, head->rows)},
                   {.rows = {.threads = head->threads}}, workspace_of(*head, workspace));
  });
}

void prefopt_head_log_probs_and_gradients(prefopt_head const* head, float* log_prob, float* entropy,
                                          float* log_normalizer, float const* d_log_prob,
                                          float const* d_entropy, float* d_hidden, float* d_weight,
                                          void* workspace)
{
  using seeds = vector_view<float const>;
  with_head(*head, [&](auto hidden, auto weight, auto targets) {
    head_options<float> how{.rows = {.threads = head->threads}};
    // The logits are kept where the gradient of the weights is going to be.
    how.kept = {d_weight, head->vocabulary, head->width};
    how.head = head_log_probs(peers_gemm{*head}, hidden, weight, targets,
                              {.log_prob = column(log_prob, head->rows),
                               .entropy = column(entropy, head->rows),
                               .log_normalizer = column(log_normalizer, head->rows)},
                              how, workspace_of(*head, workspace));
    how.rows.forward = {seeds(log_prob, head->rows), seeds(entropy, head->rows),
                        seeds(log_normalizer, head->rows)};
    head_gradients(peers_gemm{*head}, hidden, weight, targets,
                   {.d_log_prob = seeds(d_log_prob, head->rows),
                    .d_entropy = d_entropy != nullptr ? seeds(d_entropy, head->rows) : seeds()},
                   {.d_hidden = matrix_view<float>(d_hidden, head->rows, head->width),
                    .d_weight = matrix_view<float>(d_weight, head->vocabulary, head->width)},
                   how, workspace_of(*head, workspace));
  });
}

void prefopt_head_product(prefopt_head const* head, float* logits)
{
  with_head(*head, [&](auto hidden, auto weight, auto) {
    peers_gemm{*head}(hidden, detail::transposed(weight),
                      matrix_view<float>(logits, head->rows, head->vocabulary), false);
  });
}

void prefopt_roofline_read(void const* from, std::int64_t bytes, std::int32_t threads)
{
  roofline::read(from, static_cast<std::size_t>(bytes), threads);
}
void prefopt_roofline_copy(void const* from, void* to, std::int64_t bytes, std::int32_t threads)
{
  roofline::copy(from, to, static_cast<std::size_t>(bytes), threads);
}

char const* prefopt_build()
{
#ifdef NDEBUG
#ifdef __clang__
  return "clang " __clang_version__ " " PREFOPT_FLAGS;
#else
  return "g++ " __VERSION__ " " PREFOPT_FLAGS;
#endif
#else
  return nullptr;
#endif
}
