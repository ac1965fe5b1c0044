// SPDX-License-Identifier: MIT
#pragma once
/// \file  The rows of a head that count, brought together in device memory and back.

#include <cuda_runtime.h>
#include <cub/block/block_scan.cuh>

#include <prefopt/config.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/cuda/launch.cuh>
#include <prefopt/cuda/rows.cuh>
#include <prefopt/row/half.hpp>
#include <prefopt/row/row_options.hpp>

namespace prefopt::gpu::detail {

/// Threads of the one block that finds the rows that count.
inline constexpr int selecting_threads = 1024;

/// `id`: the rows that count in their order, behind them the others from last to first. One block,
/// since n flags are little beside n rows of a product.
template <class Target, class Real>
PREFOPT_KERNEL void __launch_bounds__(selecting_threads)
    select_rows_kernel(vector_view<Target const, device_memory> targets,
                       row_options<Real, device_memory> options, index_t* id, index_t* count)
{
  using scan = cub::BlockScan<int, selecting_threads>;
  __shared__ typename scan::TempStorage shared;
  index_t chosen = 0;
  for (index_t first = 0; first < targets.extent; first += selecting_threads) {
    index_t const i = first + threadIdx.x;
    bool const inside = i < targets.extent;
    bool const counts =
        inside && !prefopt::detail::is_ignored(targets, options.ignore_index, options.mask, i);
    int before = 0;
    int total = 0;
    scan(shared).ExclusiveSum(counts ? 1 : 0, before, total);
    index_t const place = chosen + before;
    if (inside) { id[counts ? place : targets.extent - 1 - (i - place)] = i; }
    chosen += total;
    __syncthreads();  // before the scan's memory is used again
  }
  if (threadIdx.x == 0) { *count = chosen; }
}

/// The rows of a block: those that count from number `before` on.
struct selected_rows {
  index_t const* id;
  index_t const* count;
  index_t before;

  /// -1 behind the last one that counts.
  __device__ index_t operator()(index_t k) const
  {
    return before + k < *count ? id[before + k] : -1;
  }
};

struct same_number {
  template <class T>
  __device__ T operator()(T const& x, index_t) const
  {
    return x;
  }
};
template <class T>
struct constant_number {
  T value;

  template <class U>
  __device__ T operator()(U const&, index_t) const
  {
    return value;
  }
};

/// Rows that count next to each other; zeros for those of the block that there are not.
template <class Stored>
struct gather_job {
  selected_rows rows;
  matrix_view<Stored const, device_memory> from;
  matrix_view<Stored, device_memory> to;

  template <class Executor>
  __device__ void operator()(Executor& ex, index_t k) const
  {
    index_t const i = rows(k);
    if (i >= 0) {
      ex.transform(from.row(i), to.row(k), same_number{});
    } else {
      ex.transform(to.row(k), to.row(k),
                   constant_number<Stored>{prefopt::detail::from_real<Stored>(0.0f)});
    }
  }
};

/// And back to where they belong; zeros where ignored rows do.
template <class Real>
struct scatter_job {
  selected_rows rows;
  matrix_view<Real, device_memory> from;
  matrix_view<Real, device_memory> to;

  template <class Executor>
  __device__ void operator()(Executor& ex, index_t k) const
  {
    auto const row = to.row(rows.id[rows.before + k]);
    if (rows(k) >= 0) {
      ex.transform(from.row(k), row, same_number{});
    } else {
      ex.transform(row, row, constant_number<Real>{Real(0)});
    }
  }
};

/// One row into each row.
template <class Real>
struct broadcast_job {
  vector_view<Real const, device_memory> from;
  matrix_view<Real, device_memory> to;

  template <class Executor>
  __device__ void operator()(Executor& ex, index_t k) const
  {
    ex.transform(from, to.row(k), same_number{});
  }
};

template <class T>
struct fill_job {
  matrix_view<T, device_memory> to;
  T value;

  template <class Executor>
  __device__ void operator()(Executor& ex, index_t k) const
  {
    ex.transform(to.row(k), to.row(k), constant_number<T>{value});
  }
};

/// What rows get that no product has: 0 where they do not count, NaN where more count than the
/// caller said, and where there are no words.
template <class Real>
__device__ Real without_product(selected_rows const& rows, index_t k)
{
  return rows(k) < 0 ? Real(0) : quiet_nan_v<Real>;
}

template <class Real>
struct rest_job {
  selected_rows rows;
  matrix_view<Real, device_memory> to;

  template <class Executor>
  __device__ void operator()(Executor& ex, index_t k) const
  {
    auto const row = to.row(rows.id[rows.before + k]);
    ex.transform(row, row, constant_number<Real>{without_product<Real>(rows, k)});
  }
};

/// Sums that lack a row: all NaN where more rows count than have a product, the first `before`.
template <class Real>
struct lacking_job {
  selected_rows rows;
  matrix_view<Real, device_memory> to;

  template <class Executor>
  __device__ void operator()(Executor& ex, index_t k) const
  {
    if (rows(0) < 0) { return; }
    ex.transform(to.row(k), to.row(k), constant_number<Real>{quiet_nan_v<Real>});
  }
};

/// For all rows but the first `multiplied` of those that count.
template <class Real>
PREFOPT_KERNEL void __launch_bounds__(block_threads)
    rest_columns_kernel(selected_rows rows, index_t count, index_t multiplied,
                        log_prob_columns<Real, device_memory> out)
{
  index_t const step = index_t(gridDim.x) * block_threads;
  index_t k = index_t(blockIdx.x) * block_threads + threadIdx.x;
  for (; k < count; k += step) {
    if (k < multiplied && rows(k) >= 0) { continue; }
    Real const x = without_product<Real>(rows, k);
    prefopt::detail::write_row(out, rows.id[k], row_log_prob_result<Real>{x, x, x});
  }
}

}  // namespace prefopt::gpu::detail
