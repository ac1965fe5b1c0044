// SPDX-License-Identifier: MIT
/// \file  Block and warp visit each element of a row once, wherever it starts: exact, in integers.

#include "support/catch.hpp"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <vector>

#include <prefopt/cuda/block_executor.cuh>
#include <prefopt/cuda/warp_executor.cuh>
#include <prefopt/row/half.hpp>

#include "cuda/device.hpp"

using namespace prefopt;

namespace check_rows {

constexpr int block_threads = 96;

/// What a lane saw: exact, so that every missed, doubled or misplaced element shows.
struct census {
  index_t count = 0;
  index_t values = 0;
  index_t products = 0;  ///< sum of value * index

  PREFOPT_HD void merge(census const& other)
  {
    count += other.count;
    values += other.values;
    products += other.products;
  }
};

struct push_census {
  template <class T>
  PREFOPT_HD void operator()(census& seen, T const& x, index_t j) const
  {
    auto const value = static_cast<index_t>(prefopt::detail::to_real<float>(x));
    seen.merge({1, value, value * (j + 1)});
  }
};

/// The map writes what every lane knows of the whole row, so it also tests the broadcast.
template <class Out>
struct spread {
  census total;

  template <class T>
  PREFOPT_HD Out operator()(T const& x, index_t j) const
  {
    float const own = prefopt::detail::to_real<float>(x);
    return prefopt::detail::from_real<Out>(own + static_cast<float>((total.values + j) % 16));
  }
};

template <class Executor, class In, class Out>
__device__ void visit_row(Executor& ex, In in, Out out, census* result)
{
  census const seen = ex.reduce(in, census{}, push_census{});
  ex.barrier();
  ex.transform(in, out, spread<typename Out::element_type>{seen});
  if (ex.leads()) { *result = seen; }
}

template <class T, class U>
__global__ void block_kernel(matrix_view<T const, device_memory> in,
                             matrix_view<U, device_memory> out, census* result)
{
  using executor = gpu::block_executor<block_threads, census>;
  __shared__ typename executor::shared_storage shared;
  executor ex(shared);
  for (index_t i = blockIdx.x; i < in.rows; i += gridDim.x) {
    visit_row(ex, in.row(i), out.row(i), result + i);
  }
}

template <class T, class U>
__global__ void warp_kernel(matrix_view<T const, device_memory> in,
                            matrix_view<U, device_memory> out, census* result)
{
  using executor = gpu::warp_executor<census>;
  __shared__ typename executor::shared_storage shared[block_threads / 32];
  executor ex(shared[threadIdx.x / 32]);
  constexpr index_t rows_per_block = block_threads / 32;
  for (index_t i = blockIdx.x * rows_per_block + threadIdx.x / 32; i < in.rows;
       i += gridDim.x * rows_per_block) {
    visit_row(ex, in.row(i), out.row(i), result + i);
  }
}

template <class T>
T small(index_t k)
{
  return prefopt::detail::from_real<T>(static_cast<float>(k * 7919 % 31));
}

/// Rows of `cols` elements, `pitch` apart, that start `offset` elements into an allocation.
struct layout {
  index_t cols;
  index_t offset;
  index_t pitch;
  index_t stride = 1;
};

template <class T, class U, class Kernel>
void visit_rows(Kernel* kernel, layout const& in_at, layout const& out_at, bool in_place)
{
  constexpr index_t rows = 3;
  auto const fill = [](layout const& at, auto sample) {
    std::vector<decltype(sample)> all(static_cast<std::size_t>(at.offset + rows * at.pitch));
    for (index_t k = 0; auto& x : all) { x = small<decltype(sample)>(k++); }
    return all;
  };
  std::vector<T> const input = fill(in_at, T{});
  std::vector<U> expected = fill(out_at, U{});
  test::device_array<T> const device_in(input);
  test::device_array<U> const device_out(expected);
  test::device_array<census> const device_census(rows);

  matrix_view<T const, device_memory> const in(device_in.data() + in_at.offset, rows, in_at.cols,
                                               in_at.pitch, in_at.stride);
  matrix_view<U, device_memory> out(device_out.data() + out_at.offset, rows, out_at.cols,
                                    out_at.pitch, out_at.stride);
  if constexpr (std::is_same_v<T, U>) {
    if (in_place) {
      out = {device_in.data() + in_at.offset, rows, in_at.cols, in_at.pitch, in_at.stride};
      expected = input;
    }
  }
  kernel<<<2, block_threads>>>(in, out, device_census.data());
  test::check(cudaGetLastError());
  std::vector<census> const seen = device_census.host();

  layout const& written = in_place ? in_at : out_at;
  for (index_t i = 0; i < rows; ++i) {
    vector_view<T const> const row(input.data() + in_at.offset + i * in_at.pitch, in_at.cols,
                                   in_at.stride);
    serial_executor serial;
    census const total = serial.reduce(row, census{}, push_census{});
    census const& got = seen[static_cast<std::size_t>(i)];
    REQUIRE(got.count == total.count);
    REQUIRE(got.values == total.values);
    REQUIRE(got.products == total.products);
    vector_view<U> const to(expected.data() + written.offset + i * written.pitch, in_at.cols,
                            written.stride);
    for (index_t j = 0; j < in_at.cols; ++j) { to[j] = spread<U>{total}(row[j], j); }
  }
  // The whole allocation is compared: nothing may be written beside a row.
  std::vector<U> result = device_out.host();
  if constexpr (std::is_same_v<T, U>) {
    if (in_place) { result = device_in.host(); }
  }
  for (std::size_t k = 0; k < expected.size(); ++k) {
    REQUIRE(prefopt::detail::to_real<float>(result[k]) ==
            prefopt::detail::to_real<float>(expected[k]));
  }
}

template <class T, class U>
void visit_all()
{
  for (auto* kernel : {&block_kernel<T, U>, &warp_kernel<T, U>}) {
    for (index_t const cols : {0, 1, 2, 7, 31, 32, 33, 95, 96, 97, 257, 1021}) {
      for (index_t const offset : {0, 1, 3, 5}) {
        INFO("cols " << cols << " offset " << offset);
        layout const at{cols, offset, cols + 1};
        visit_rows<T, U>(kernel, at, at, false);
      }
    }
    visit_rows<T, U>(kernel, {257, 3, 260}, {257, 3, 260}, true);
    visit_rows<T, U>(kernel, {257, 0, 257}, {257, 1, 300}, false);
    visit_rows<T, U>(kernel, {257, 3, 800, 3}, {257, 0, 257}, false);
    visit_rows<T, U>(kernel, {257, 3, 257}, {257, 0, 600, 2}, false);
  }
}

}  // namespace check_rows

TEMPLATE_TEST_CASE("block and warp visit each element of a row once", "[cuda][row]", float, double,
                   __nv_bfloat16, __half, bfloat16)
{
  check_rows::visit_all<TestType, TestType>();
}

TEST_CASE("a row may be written in another type than it is read", "[cuda][row]")
{
  check_rows::visit_all<__nv_bfloat16, float>();
  check_rows::visit_all<float, double>();
}
