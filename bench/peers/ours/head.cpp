// SPDX-License-Identifier: MIT
/// \file  A language-model head behind C functions, see ours.hpp, with a peer's matrix product.

#include <algorithm>
#include <cstddef>

#include <prefopt/head/gradients.hpp>
#include <prefopt/head/log_probs.hpp>

#include "logits.hpp"

using namespace prefopt;
using namespace peers;

namespace {

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

}  // namespace

std::int64_t prefopt_head_workspace(prefopt_head const* head)
{
  std::int64_t bytes = 0;
  with_head(*head, [&](auto hidden, auto weight, auto) {
    using stored = stored_in<decltype(hidden)>;
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
  with_head(*head, [&](auto hidden, auto weight, auto targets) {
    head_options<float> how{.rows = {.threads = head->threads}};
    // The logits are kept where the gradient of the weights is going to be.
    how.kept = {d_weight, head->vocabulary, head->width};
    how.head = head_log_probs(peers_gemm{*head}, hidden, weight, targets,
                              {.log_prob = column(log_prob, head->rows),
                               .entropy = column(entropy, head->rows),
                               .log_normalizer = column(log_normalizer, head->rows)},
                              how, workspace_of(*head, workspace));
    how.rows.forward = {const_column(log_prob, head->rows), const_column(entropy, head->rows),
                        const_column(log_normalizer, head->rows)};
    head_gradients(
        peers_gemm{*head}, hidden, weight, targets,
        {.d_log_prob = const_column(d_log_prob, head->rows),
         .d_entropy = d_entropy != nullptr ? const_column(d_entropy, head->rows) : const_column()},
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
