// SPDX-License-Identifier: MIT
/// \file  A step of training captured into a graph: all calls only enqueue.

#include "support/catch.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

#include <prefopt/cuda/evaluate.cuh>
#include <prefopt/cuda/head.cuh>
#include <prefopt/cuda/kl_rows.cuh>
#include <prefopt/cuda/rows.cuh>
#include <prefopt/cuda/sequence.cuh>
#include <prefopt/losses/reward_model.hpp>

#include "cuda/device.hpp"
#include "cuda/device_head.hpp"

using namespace prefopt;

namespace {

constexpr index_t tokens = 12;
constexpr index_t cols = 1027;

/// Logits to loss and gradient, for two sequences of 6 tokens: chosen and rejected.
struct step {
  std::vector<float> const host = [] {
    std::vector<float> x;
    for (index_t k = 0; k < tokens * cols; ++k) {
      x.push_back(static_cast<float>(k * 37 % 101) / 9);
    }
    return x;
  }();
  test::device_array<float> logits{host}, gradient{host.size()}, fused{host.size()};
  test::device_array<std::int32_t> targets{std::vector<std::int32_t>(tokens, 5)};
  test::device_array<float> log_prob{tokens}, entropy{tokens}, normalizer{tokens}, seeds{tokens};
  test::device_array<float> sums{2}, loss{1}, d_sums{2};
  test::device_array<float> reference{std::vector<float>(host.rbegin(), host.rend())};
  test::device_array<float> kl{tokens}, kl_gradient{host.size()};
  test::head_case<float> head_numbers{tokens, 8, 40};
  test::device_head<float> head{head_numbers};

  step() { head.take_workspace(); }

  void enqueue(cudaStream_t stream) const
  {
    matrix_view<float const, device_memory> const x(logits.data(), tokens, cols);
    matrix_view<float, device_memory> const dx(gradient.data(), tokens, cols);
    matrix_view<float, device_memory> const dx_fused(fused.data(), tokens, cols);
    padded_sequences const layout{2, tokens / 2};
    auto const column = [](test::device_array<float> const& a, index_t i) {
      return vector_view<float, device_memory>(a.data() + i, 1);
    };
    test::check(gpu::log_probs(stream, x, targets.view(),
                               {log_prob.view(), entropy.view(), normalizer.view()}));
    test::check(gpu::sequence_sums<float>(stream, layout, {.log_prob = log_prob.view()},
                                          {.sum = sums.view()}));
    test::check(gpu::evaluate(
        stream, reward_model<float>{}, {.chosen = column(sums, 0), .rejected = column(sums, 1)},
        {.value = loss.view(),
         .gradient = {.chosen = column(d_sums, 0), .rejected = column(d_sums, 1)}}));
    test::check(gpu::token_seeds<float>(stream, layout, {}, d_sums.view(), seeds.view()));
    test::check(
        gpu::logit_gradients(stream, x, targets.view(), {.d_log_prob = seeds.view()}, dx,
                             {.forward = {log_prob.view(), entropy.view(), normalizer.view()}}));
    test::check(gpu::log_probs_and_gradients(stream, x, targets.view(),
                                             {.d_log_prob = seeds.view()}, {}, dx_fused));
    enqueue_divergence(stream, x);
    enqueue_head(stream);
  }

  void enqueue_divergence(cudaStream_t stream, matrix_view<float const, device_memory> x) const
  {
    matrix_view<float const, device_memory> const other(reference.data(), tokens, cols);
    matrix_view<float, device_memory> const dx(kl_gradient.data(), tokens, cols);
    test::check(gpu::kl_divergences(stream, x, other, {.policy_to_reference = kl.view()}));
    test::check(gpu::kl_gradients(stream, x, other, {.d_policy_to_reference = kl.view()}, dx));
  }

  void enqueue_head(cudaStream_t stream) const
  {
    auto how = head.options;
    test::check(gpu::head_log_probs(stream, head.gemm, head.h(), head.w(), head.targets.view(),
                                    head.columns(), how, head.workspace()));
    how.rows.forward = {head.log_prob.view(), head.entropy.view(), head.log_normalizer.view()};
    test::check(gpu::head_gradients(stream, head.gemm, head.h(), head.w(), head.targets.view(),
                                    head.seeds(), {head.dh(), head.dw(), head.d_bias.view()}, how,
                                    head.workspace()));
  }

  std::vector<std::vector<float>> results() const
  {
    return {gradient.host(),      fused.host(),         kl.host(),
            kl_gradient.host(),   head.log_prob.host(), head.d_hidden.host(),
            head.d_weight.host(), head.d_bias.host()};
  }
};

}  // namespace

TEST_CASE("a captured step has the bits of an enqueued one, and may be launched again", "[cuda]")
{
  step const plain;
  test::stream const stream;
  plain.enqueue(stream);
  stream.wait();
  std::vector<float> const expected = plain.gradient.host();
  std::vector<float> const fused = plain.fused.host();
  REQUIRE(expected[5] != 0.0f);
  auto const all = plain.results();
  for (auto const& numbers : all) {
    for (float const x : numbers) { REQUIRE(std::isfinite(x)); }
  }
  for (std::size_t k = 0; k < fused.size(); ++k) {
    REQUIRE(std::fabs(fused[k] - expected[k]) <= 3e-6f);
  }

  step const captured;
  cudaError_t const began = cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
  if (began == cudaErrorNotSupported) {
    (void)cudaGetLastError();
    WARN("this runtime cannot capture graphs: captured on a GPU only");
    return;
  }
  test::check(began);
  captured.enqueue(stream);
  cudaGraph_t graph{};
  cudaGraphExec_t runnable{};
  test::check(cudaStreamEndCapture(stream, &graph));
  test::check(cudaGraphInstantiate(&runnable, graph, 0));
  for (int launch = 0; launch < 2; ++launch) {
    test::check(cudaMemset(captured.gradient.data(), 0, expected.size() * sizeof(float)));
    test::check(cudaDeviceSynchronize());
    test::check(cudaGraphLaunch(runnable, stream));
    stream.wait();
    CHECK(captured.results() == all);
  }
  test::check(cudaGraphExecDestroy(runnable));
  test::check(cudaGraphDestroy(graph));
}
