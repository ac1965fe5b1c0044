// SPDX-License-Identifier: MIT
#pragma once
/// \file  Any BLAS with a C interface (OpenBLAS, MKL, BLIS ...) as the matrix product of a head.

#include <limits>
#include <string>

#include <cblas.h>

#include <prefopt/head/gemm.hpp>

namespace prefopt {

/// `sgemm` and `dgemm`; BLAS has no bf16. Threads and determinism are the library's: OpenBLAS gives
/// the same bits for the same number of threads. An OpenBLAS with threads of its own (Debian's
/// libopenblas0-pthread) beside OpenMP loops takes the processors twice: set
/// OMP_WAIT_POLICY=passive or take libopenblas0-openmp. `OPENBLAS_CORETYPE` chooses its kernels
/// where it does not know the processor (0.3.21 on Zen 4 and 5: SkylakeX is twice as fast as its
/// own choice). OpenBLAS's header declares a `::bfloat16` of its own: say `prefopt::bfloat16`
/// beside it.
struct blas_gemm {
  template <class Real>
    requires(std::is_same_v<Real, float> || std::is_same_v<Real, double>)
  void operator()(matrix_view<Real const> a, matrix_view<Real const> b, matrix_view<Real> c,
                  bool accumulate) const
  {
    auto const [transpose_a, pitch_a] = detail::layout_of("blas_gemm", "a", a);
    auto const [transpose_b, pitch_b] = detail::layout_of("blas_gemm", "b", b);
    auto const operation = [](bool transpose) { return transpose ? CblasTrans : CblasNoTrans; };
    auto const run = [&](auto const& gemm) {
      gemm(CblasRowMajor, operation(transpose_a), operation(transpose_b), count(c.rows),
           count(c.cols), count(a.cols), Real(1), a.data, count(pitch_a), b.data, count(pitch_b),
           accumulate ? Real(1) : Real(0), c.data, count(detail::pitch_of("blas_gemm", "c", c)));
    };
    if constexpr (std::is_same_v<Real, float>) {
      run(cblas_sgemm);
    } else {
      run(cblas_dgemm);
    }
  }

 private:
  static int count(index_t n)
  {
    if (n > std::numeric_limits<int>::max()) {
      detail::throw_invalid("blas_gemm", "extent", "less than 2^31", std::to_string(n));
    }
    return static_cast<int>(n);
  }
};
static_assert(matrix_product<blas_gemm, float, float>);
static_assert(matrix_product<blas_gemm, double, double>);

}  // namespace prefopt
