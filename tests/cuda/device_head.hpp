// SPDX-License-Identifier: MIT
#pragma once
/// \file  A head in device memory for tests, and a plain product for it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <prefopt/cuda/head.cuh>

#include "cuda/device.hpp"
#include "support/head_case.hpp"

namespace prefopt::test {

template <class Stored, class Real>
PREFOPT_KERNEL void product_kernel(matrix_view<Stored const, device_memory> a,
                                   matrix_view<Stored const, device_memory> b,
                                   matrix_view<Real, device_memory> c, bool accumulate)
{
  index_t const step = index_t(gridDim.x) * blockDim.x;
  index_t at = index_t(blockIdx.x) * blockDim.x + threadIdx.x;
  for (; at < c.rows * c.cols; at += step) {
    index_t const i = at / c.cols;
    index_t const j = at % c.cols;
    double sum = accumulate ? static_cast<double>(c.row(i)[j]) : 0.0;
    for (index_t k = 0; k < a.cols; ++k) {
      sum += detail::to_real<double>(a.row(i)[k]) * detail::to_real<double>(b.row(k)[j]);
    }
    c.row(i)[j] = static_cast<Real>(sum);
  }
}

/// The definition, and a log of the rows of each product.
struct kernel_gemm {
  std::vector<index_t>* rows = nullptr;

  template <class Stored, class Real>
  cudaError_t operator()(cudaStream_t stream, matrix_view<Stored const, device_memory> a,
                         matrix_view<Stored const, device_memory> b,
                         matrix_view<Real, device_memory> c, bool accumulate) const
  {
    if (rows != nullptr) { rows->push_back(a.rows); }
    return gpu::detail::launch(stream, gpu::detail::blocks_for(c.rows * c.cols, 64), 64,
                               product_kernel<Stored, Real>, a, b, c, accumulate);
  }
};

inline constexpr index_t small_device_workspace = 32'000;

/// The device's copy of a case.
template <class Stored, class Gemm = kernel_gemm>
struct device_head {
  using real = typename head_case<Stored>::real;
  using column = device_array<real>;

  head_case<Stored>& host;
  Gemm gemm;
  device_array<Stored> hidden{host.hidden}, weight{host.weight};
  device_array<std::int32_t> targets{host.targets};
  device_array<std::uint8_t> mask;
  column bias{host.bias}, seed{host.seed}, entropy_seed{host.entropy_seed},
      normalizer_seed{host.normalizer_seed};
  column log_prob{host.log_prob}, entropy{host.entropy}, log_normalizer{host.log_normalizer};
  column d_hidden{host.d_hidden}, d_weight{host.d_weight}, d_bias{host.d_bias};
  head_options<real, device_memory> options{};
  head_plan plan{};
  std::optional<device_array<std::byte>> memory{};
  stream stream{};

  explicit device_head(head_case<Stored>& c, Gemm const& product = {})
      : host(c), gemm(product), mask(mask_of(c))
  {
    auto const& rows = c.options.rows;
    options.rows.ignore_index = rows.ignore_index;
    if (rows.mask) { options.rows.mask = mask.view(); }
    options.rows.transform = rows.transform;
    options.rows.scale = rows.scale;
    if (c.options.bias) { options.bias = bias.view(); }
    options.accumulate = c.options.accumulate;
    options.workspace_bytes = small_device_workspace;
  }

  matrix_view<Stored const, device_memory> h() const
  {
    return {hidden.data(), host.rows, host.width};
  }
  matrix_view<Stored const, device_memory> w() const
  {
    return {weight.data(), host.vocabulary, host.width};
  }
  matrix_view<real, device_memory> dw() const
  {
    return {d_weight.data(), host.vocabulary, host.width};
  }
  matrix_view<real, device_memory> dh() const { return {d_hidden.data(), host.rows, host.width}; }
  log_prob_columns<real, device_memory> columns() const
  {
    return {log_prob.view(), entropy.view(), log_normalizer.view()};
  }
  log_prob_seed_columns<real, device_memory> seeds() const
  {
    return {seed.view(), entropy_seed.view(), normalizer_seed.view()};
  }

  vector_view<std::byte, device_memory> workspace() const { return memory->view(); }

  void take_workspace()
  {
    plan = gpu::plan_head<Stored>(host.rows, host.width, host.vocabulary, options);
    CHECK(plan.bytes <= options.workspace_bytes);
    memory.emplace(static_cast<std::size_t>(plan.bytes));
  }
  void forward()
  {
    take_workspace();
    check(gpu::head_log_probs(stream, gemm, h(), w(), targets.view(), columns(), options,
                              workspace()));
  }
  void backward()
  {
    auto how = options;
    how.rows.forward = {log_prob.view(), entropy.view(), log_normalizer.view()};
    check(gpu::head_gradients(stream, gemm, h(), w(), targets.view(), seeds(),
                              {dh(), dw(), d_bias.view()}, how, workspace()));
  }
  /// What is on the device goes to the case.
  void copy_back() const
  {
    stream.wait();
    host.log_prob = log_prob.host();
    host.entropy = entropy.host();
    host.log_normalizer = log_normalizer.host();
    host.d_hidden = d_hidden.host();
    host.d_weight = d_weight.host();
    host.d_bias = d_bias.host();
  }
  void run()
  {
    forward();
    backward();
    copy_back();
  }

 private:
  static std::vector<std::uint8_t> mask_of(head_case<Stored> const& c)
  {
    std::vector<std::uint8_t> bytes;
    for (index_t i = 0; i < c.options.rows.mask.extent; ++i) {
      bytes.push_back(c.options.rows.mask[i]);
    }
    return bytes;
  }
};

/// fp32's is that of `ex2.approx`; the gradient of a bias is a sum of rounded gradients.
template <class Stored>
void check_device_head(head_case<Stored> const& c, double factor = 1)
{
  double const gradient = factor * gradient_tolerance<Stored>;
  c.check(factor * forward_tolerance<Stored>, gradient, gradient);
}

}  // namespace prefopt::test
