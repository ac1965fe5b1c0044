// SPDX-License-Identifier: MIT
#pragma once
/// \file  Device memory, clocks and rooflines of the GPU's benchmarks.

#include <cuda_runtime.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <benchmark/benchmark.h>

#include <prefopt/core/view.hpp>
#include <prefopt/row/half.hpp>

namespace {

using namespace prefopt;

void check(cudaError_t status)
{
  if (status != cudaSuccess) {
    std::fprintf(stderr, "CUDA: %s\n", cudaGetErrorString(status));
    std::exit(1);
  }
}

void expect(bool good, char const* what)
{
  if (good) { return; }
  std::fprintf(stderr, "wrong result: %s\n", what);
  std::exit(1);
}

bool near(double got, double want)
{
  return std::abs(got - want) <= 1e-5 * (1 + std::abs(want));
}

/// Device memory, with `size` elements that repeat a pattern.
template <class T>
class device_column {
 public:
  device_column(index_t size, std::vector<T> const& pattern) : size_(size)
  {
    auto const n = static_cast<std::size_t>(size);
    check(cudaMalloc(&data_, n * sizeof(T)));
    for (std::size_t at = 0; at < n; at += pattern.size()) {
      std::size_t const part = std::min(pattern.size(), n - at);
      check(cudaMemcpy(data_ + at, pattern.data(), part * sizeof(T), cudaMemcpyHostToDevice));
    }
  }
  device_column(device_column const&) = delete;
  device_column& operator=(device_column const&) = delete;
  ~device_column() { cudaFree(data_); }

  T* data() const { return data_; }
  vector_view<T, device_memory> view() const { return {data_, size_}; }
  std::vector<T> host(std::size_t count) const
  {
    std::vector<T> copy(count);
    check(cudaDeviceSynchronize());
    check(cudaMemcpy(copy.data(), data_, count * sizeof(T), cudaMemcpyDeviceToHost));
    return copy;
  }

 private:
  T* data_ = nullptr;
  index_t size_;
};

/// Numbers in (-low, high) that do not repeat soon.
template <class T>
std::vector<T> pattern(float low, float high)
{
  std::vector<T> x;
  std::uint32_t bits = 1;
  for (int k = 0; k < 1 << 20; ++k) {
    bits = bits * 1664525u + 1013904223u;
    float const unit = static_cast<float>(bits >> 8) / static_cast<float>(1 << 24);
    x.push_back(detail::from_real<T>(low + (high - low) * unit));
  }
  return x;
}

__global__ void read_kernel(uint4 const* from, index_t count, unsigned* out)
{
  unsigned sum = 0;
  index_t const step = index_t(gridDim.x) * blockDim.x;
#pragma unroll 4
  for (index_t i = index_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    uint4 const v = from[i];
    sum ^= v.x ^ v.y ^ v.z ^ v.w;
  }
  if (sum == 0x12345678u) { *out = sum; }
}

class timer {
 public:
  timer()
  {
    check(cudaEventCreate(&begin_));
    check(cudaEventCreate(&end_));
  }
  timer(timer const&) = delete;
  timer& operator=(timer const&) = delete;
  ~timer()
  {
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
  }
  template <class Work>
  double seconds(Work const& work)
  {
    check(cudaEventRecord(begin_));
    work();
    check(cudaEventRecord(end_));
    check(cudaEventSynchronize(end_));
    float ms = 0;
    check(cudaEventElapsedTime(&ms, begin_, end_));
    return 1e-3 * static_cast<double>(ms);
  }

 private:
  cudaEvent_t begin_{};
  cudaEvent_t end_{};
};

/// Times the work and its roofline by turns. `read` and `written` are the bytes that the work
/// cannot do without.
template <class Work>
void measure(benchmark::State& state, double read, double written, Work const& work)
{
  auto const bytes = static_cast<index_t>(written > 0 ? (read + written) / 2 : read) / 16 * 16;
  device_column<unsigned char> const from(bytes, std::vector<unsigned char>(1 << 20, 1));
  device_column<unsigned char> const to(written > 0 ? bytes : 16,
                                        std::vector<unsigned char>(1 << 20, 2));
  auto const roof = [&] {
    if (written > 0) {
      check(cudaMemcpyAsync(to.data(), from.data(), static_cast<std::size_t>(bytes),
                            cudaMemcpyDeviceToDevice));
    } else {
      read_kernel<<<4096, 256>>>(reinterpret_cast<uint4 const*>(from.data()), bytes / 16,
                                 reinterpret_cast<unsigned*>(to.data()));
      check(cudaGetLastError());
    }
  };
  timer clock;
  work();
  roof();
  double worked = 0;
  double roofed = 0;
  for (auto _ : state) {
    double const s = clock.seconds(work);
    state.SetIterationTime(s);
    worked += s;
    roofed += clock.seconds(roof);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(read + written) *
                          static_cast<std::int64_t>(state.iterations()));
  state.counters["roofline"] = roofed / worked;
}

}  // namespace
