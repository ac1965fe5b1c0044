// SPDX-License-Identifier: MIT
#pragma once
/// \file  Matrix products without a BLAS: by element on a GPU, by register tile on the host.

#include "llava/model/device.hpp"

namespace llava {

/// Whether a matrix is used as it is stored or transposed.
enum class op { none, transpose };

namespace detail {

template <class Real>
struct gemm_problem {
  op trans_a;
  op trans_b;
  index_t m;
  index_t n;
  index_t k;
  Real alpha;
  Real const* a;
  index_t lda;
  index_t stride_a;
  Real const* b;
  index_t ldb;
  index_t stride_b;
  Real beta;
  Real* c;
  index_t ldc;
  index_t stride_c;
};

/// beta = 0 must not read C, which may be uninitialised memory.
template <class Real>
PREFOPT_HD void store_product(gemm_problem<Real> const& p, Real* c, Real sum)
{
  *c = p.beta == Real(0) ? p.alpha * sum : p.alpha * sum + p.beta * *c;
}

/// Index -> one element of one C.
template <class Real>
struct gemm_element {
  gemm_problem<Real> p;

  PREFOPT_HD void operator()(index_t index) const
  {
    index_t const problem = index / (p.m * p.n);
    index_t const i = index / p.n % p.m;
    index_t const j = index % p.n;
    index_t const step_a = p.trans_a == op::none ? 1 : p.lda;
    index_t const step_b = p.trans_b == op::none ? p.ldb : 1;
    Real const* a = p.a + problem * p.stride_a + i * (p.trans_a == op::none ? p.lda : 1);
    Real const* b = p.b + problem * p.stride_b + j * (p.trans_b == op::none ? 1 : p.ldb);
    Real sum = 0;
    for (index_t l = 0; l < p.k; ++l) sum += a[l * step_a] * b[l * step_b];
    store_product(p, p.c + problem * p.stride_c + i * p.ldc + j, sum);
  }
};

/// Index -> a tile of `rows` x `columns` of one C. A panel of B is copied into local memory first,
/// so that the inner loop runs over contiguous columns for either transposition and can be
/// vectorised.
template <class Real>
struct gemm_tile {
  static constexpr index_t rows = 32;
  static constexpr index_t columns = 16;
  static constexpr index_t depth = 128;  // of a panel: 8 KiB of float stay in the L1 cache
  static constexpr index_t strip = 4;    // rows in registers at a time

  gemm_problem<Real> p;

  static index_t tiles(gemm_problem<Real> const& p)
  {
    return ((p.m + rows - 1) / rows) * ((p.n + columns - 1) / columns);
  }

  void operator()(index_t index) const
  {
    index_t const column_tiles = (p.n + columns - 1) / columns;
    index_t const problem = index / tiles(p);
    index_t const tile = index % tiles(p);
    index_t const first_row = tile / column_tiles * rows;
    index_t const first_column = tile % column_tiles * columns;
    index_t const row_count = std::min(rows, p.m - first_row);
    index_t const column_count = std::min(columns, p.n - first_column);

    Real sums[rows][columns] = {};
    Real panel[depth][columns];
    for (index_t l0 = 0; l0 < p.k; l0 += depth) {
      index_t const length = std::min(depth, p.k - l0);
      load_panel(p.b + problem * p.stride_b, l0, length, first_column, column_count, panel);
      for (index_t i = 0; i < row_count; i += strip) {
        add_strip(p.a + problem * p.stride_a, first_row + i, l0, length, panel, sums + i);
      }
    }
    for (index_t i = 0; i < row_count; ++i) {
      Real* const c = p.c + problem * p.stride_c + (first_row + i) * p.ldc + first_column;
      for (index_t j = 0; j < column_count; ++j) store_product(p, c + j, sums[i][j]);
    }
  }

 private:
  /// Columns beyond the matrix are zero.
  void load_panel(Real const* b, index_t l0, index_t length, index_t first_column,
                  index_t column_count, Real (*panel)[columns]) const
  {
    index_t const step_l = p.trans_b == op::none ? p.ldb : 1;
    index_t const step_j = p.trans_b == op::none ? 1 : p.ldb;
    Real const* const b0 = b + l0 * step_l + first_column * step_j;
    for (index_t l = 0; l < length; ++l) {
      for (index_t j = 0; j < column_count; ++j) panel[l][j] = b0[l * step_l + j * step_j];
      for (index_t j = column_count; j < columns; ++j) panel[l][j] = 0;
    }
  }

  /// Rows beyond the matrix repeat its last one; their sums are never stored.
  void add_strip(Real const* a, index_t row, index_t l0, index_t length,
                 Real const (*panel)[columns], Real (*sums)[columns]) const
  {
    index_t const step_i = p.trans_a == op::none ? p.lda : 1;
    index_t const step_l = p.trans_a == op::none ? 1 : p.lda;
    Real const* const a0 = a + l0 * step_l;
    Real const* const r0 = a0 + row * step_i;
    Real const* const r1 = a0 + std::min(row + 1, p.m - 1) * step_i;
    Real const* const r2 = a0 + std::min(row + 2, p.m - 1) * step_i;
    Real const* const r3 = a0 + std::min(row + 3, p.m - 1) * step_i;
    Real s0[columns], s1[columns], s2[columns], s3[columns];
    for (index_t j = 0; j < columns; ++j) {
      s0[j] = sums[0][j];
      s1[j] = sums[1][j];
      s2[j] = sums[2][j];
      s3[j] = sums[3][j];
    }
    for (index_t l = 0; l < length; ++l) {
      Real const a_0 = r0[l * step_l], a_1 = r1[l * step_l];
      Real const a_2 = r2[l * step_l], a_3 = r3[l * step_l];
      for (index_t j = 0; j < columns; ++j) {
        s0[j] += a_0 * panel[l][j];
        s1[j] += a_1 * panel[l][j];
        s2[j] += a_2 * panel[l][j];
        s3[j] += a_3 * panel[l][j];
      }
    }
    for (index_t j = 0; j < columns; ++j) {
      sums[0][j] = s0[j];
      sums[1][j] = s1[j];
      sums[2][j] = s2[j];
      sums[3][j] = s3[j];
    }
  }
};

template <class Real>
void run_gemm_functor(gemm_problem<Real> const& p, index_t count)
{
  if constexpr (device_is_gpu) {
    for_each_index(count * p.m * p.n, p.k, gemm_element<Real>{p});
  } else {
    index_t const tiles = count * gemm_tile<Real>::tiles(p);
    // Vector lanes do about eight products in the time of one element of other work.
    for_each_index(tiles, gemm_tile<Real>::rows * gemm_tile<Real>::columns * p.k / 8,
                   gemm_tile<Real>{p});
  }
}

}  // namespace detail
}  // namespace llava
