// SPDX-License-Identifier: MIT
#pragma once
/// \file  The matrix product that a language-model head is given: any library's, as a small value.

#include <string>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

/// A value g with `g(a, b, c, accumulate)`: C = A B, or C += A B, for A [M, K] and B [K, N] of
/// `Stored` and C [M, N] of `Real`, in which all products are summed.
///
/// A and B have unit stride along one of their axes (a transposed matrix is a view with its strides
/// exchanged), C along its columns; along the other axis lines do not overlap: its stride is at
/// least a line's length, or there is one line. No extent is 0. The call returns when C is written;
/// how many threads work on it, and whether their number changes its bits, is the library's.
template <class Gemm, class Stored, class Real>
concept matrix_product =
    requires(Gemm const& gemm, matrix_view<Stored const> a, matrix_view<Real> c, bool accumulate) {
      gemm(a, a, c, accumulate);
    };

/// The same for matrices in device memory: `g(stream, a, b, c, accumulate)` enqueues the product
/// and returns its status, waits for nothing, and may be called while the stream is captured.
template <class Gemm, class Stream, class Stored, class Real>
concept enqueued_matrix_product = requires(
    Gemm const& gemm, Stream stream, matrix_view<Stored const, device_memory> a,
    matrix_view<Real, device_memory> c, bool accumulate) { gemm(stream, a, a, c, accumulate); };

namespace detail {

template <class Gemm, class Stored, class Real>
consteval bool check_matrix_product()
{
  static_assert(matrix_product<Gemm, Stored, Real>,
                "prefopt: this GEMM has no const operator()(a, b, c, accumulate) for matrix views "
                "of these element types (hidden states and weights are of one type; sums are "
                "double for double and float for all others)");
  return true;
}

template <class T, class Space>
constexpr matrix_view<T, Space> transposed(matrix_view<T, Space> const& m)
{
  return {m.data, m.cols, m.rows, m.col_stride, m.row_stride};
}
template <class T, class Space>
constexpr matrix_view<T, Space> row_block(matrix_view<T, Space> const& m, index_t first,
                                          index_t count)
{
  return {m.data + first * m.row_stride, count, m.cols, m.row_stride, m.col_stride};
}

/// Rows that lie one behind the other in memory, whole and apart: what a pitch can say.
template <class T, class Space>
constexpr bool has_pitch(matrix_view<T, Space> const& m)
{
  return (m.col_stride == 1 || m.cols <= 1) && (m.rows <= 1 || m.row_stride >= m.cols);
}

template <class T, class Space>
[[noreturn]] void throw_no_pitch(char const* function, char const* name, char const* axes,
                                 matrix_view<T, Space> const& m)
{
  throw_invalid(function, name,
                std::string("unit stride along its ") + axes +
                    ", and the other stride at least a line's length",
                std::to_string(m.rows) + " x " + std::to_string(m.cols) + " with strides " +
                    std::to_string(m.row_stride) + " and " + std::to_string(m.col_stride));
}

/// The pitch of a matrix that is stored by rows, as C is.
template <class T, class Space>
index_t pitch_of(char const* function, char const* name, matrix_view<T, Space> const& m)
{
  if (!has_pitch(m)) { throw_no_pitch(function, name, "rows", m); }
  return m.rows > 1 ? m.row_stride : m.cols;
}

/// A matrix as BLAS names it: row-major with a pitch, or the transpose of such a one.
struct blas_layout {
  bool transpose;
  index_t pitch;
};

template <class T, class Space>
blas_layout layout_of(char const* function, char const* name, matrix_view<T, Space> const& m)
{
  if (has_pitch(m)) { return {false, pitch_of(function, name, m)}; }
  if (has_pitch(transposed(m))) { return {true, pitch_of(function, name, transposed(m))}; }
  throw_no_pitch(function, name, "rows or columns", m);
}

/// C = A B for a library that knows matrices by columns only: the columns of C^T = B^T A^T are the
/// rows of C. B is its first operand and A its second, each transposed where that says so.
struct product_by_columns {
  blas_layout first;
  blas_layout second;
  index_t m, n, k;
  index_t pitch;  ///< of C

  template <class Stored, class Real, class Space>
  static product_by_columns of(char const* function, matrix_view<Stored const, Space> const& a,
                               matrix_view<Stored const, Space> const& b,
                               matrix_view<Real, Space> const& c)
  {
    return {layout_of(function, "b", b), layout_of(function, "a", a), c.cols, c.rows, a.cols,
            pitch_of(function, "c", c)};
  }
};

}  // namespace detail
}  // namespace prefopt
