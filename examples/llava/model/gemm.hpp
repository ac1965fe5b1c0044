// SPDX-License-Identifier: MIT
#pragma once
/// \file  Matrix products, row-major on device pointers: C = alpha op(A) op(B) + beta C.
///
/// Backends: cuBLAS (LLAVA_USE_CUBLAS, CUDA device), CBLAS (LLAVA_USE_CBLAS, host device), and
/// otherwise a product written as a Thrust functor, which runs on every device.

#include <limits>
#include <stdexcept>
#include <string>

#include "llava/model/device.hpp"
#include "llava/model/gemm_functor.hpp"

#if defined(LLAVA_USE_CUBLAS)
#include <cublas_v2.h>
#elif defined(LLAVA_USE_CBLAS)
#include <cblas.h>
#endif

namespace llava {

namespace detail {

/// The BLAS interfaces count in 32 bits.
inline int blas_int(index_t value)
{
  if (value > std::numeric_limits<int>::max()) {
    throw std::invalid_argument("gemm: expected a matrix dimension below 2^31, got " +
                                std::to_string(value));
  }
  return static_cast<int>(value);
}

#if defined(LLAVA_USE_CUBLAS)

inline void check_cublas(cublasStatus_t status, char const* what)
{
  if (status != CUBLAS_STATUS_SUCCESS) {
    throw std::runtime_error(std::string(what) + ": " + cublasGetStatusString(status));
  }
}

/// One handle for each host thread, kept until the process ends: its workspace is expensive to
/// create, and at thread exit the CUDA context may already be gone.
inline cublasHandle_t cublas_handle()
{
  thread_local cublasHandle_t const handle = [] {
    cublasHandle_t created = nullptr;
    check_cublas(cublasCreate(&created), "cublasCreate");
    return created;
  }();
  return handle;
}

template <class Real>
void run_gemm(gemm_problem<Real> const& p, index_t count)
{
  // cuBLAS is column-major, in which a row-major C is its transpose: C^T = op(B)^T op(A)^T.
  cublasOperation_t const op_a = p.trans_a == op::none ? CUBLAS_OP_N : CUBLAS_OP_T;
  cublasOperation_t const op_b = p.trans_b == op::none ? CUBLAS_OP_N : CUBLAS_OP_T;
  int const m = blas_int(p.m), n = blas_int(p.n), k = blas_int(p.k), batch = blas_int(count);
  int const lda = blas_int(p.lda), ldb = blas_int(p.ldb), ldc = blas_int(p.ldc);
  if constexpr (sizeof(Real) == sizeof(float)) {
    check_cublas(cublasSgemmStridedBatched(cublas_handle(), op_b, op_a, n, m, k, &p.alpha, p.b, ldb,
                                           p.stride_b, p.a, lda, p.stride_a, &p.beta, p.c, ldc,
                                           p.stride_c, batch),
                 "cublasSgemmStridedBatched");
  } else {
    check_cublas(cublasDgemmStridedBatched(cublas_handle(), op_b, op_a, n, m, k, &p.alpha, p.b, ldb,
                                           p.stride_b, p.a, lda, p.stride_a, &p.beta, p.c, ldc,
                                           p.stride_c, batch),
                 "cublasDgemmStridedBatched");
  }
}

#elif defined(LLAVA_USE_CBLAS)

static_assert(!device_is_gpu, "llava: LLAVA_USE_CBLAS needs a host device; use LLAVA_USE_CUBLAS");

template <class Real>
void run_gemm(gemm_problem<Real> const& p, index_t count)
{
  CBLAS_TRANSPOSE const op_a = p.trans_a == op::none ? CblasNoTrans : CblasTrans;
  CBLAS_TRANSPOSE const op_b = p.trans_b == op::none ? CblasNoTrans : CblasTrans;
  int const m = blas_int(p.m), n = blas_int(p.n), k = blas_int(p.k);
  int const lda = blas_int(p.lda), ldb = blas_int(p.ldb), ldc = blas_int(p.ldc);
  for (index_t i = 0; i < count; ++i) {
    Real const* const a = p.a + i * p.stride_a;
    Real const* const b = p.b + i * p.stride_b;
    Real* const c = p.c + i * p.stride_c;
    if constexpr (sizeof(Real) == sizeof(float)) {
      cblas_sgemm(CblasRowMajor, op_a, op_b, m, n, k, p.alpha, a, lda, b, ldb, p.beta, c, ldc);
    } else {
      cblas_dgemm(CblasRowMajor, op_a, op_b, m, n, k, p.alpha, a, lda, b, ldb, p.beta, c, ldc);
    }
  }
}

#else

template <class Real>
void run_gemm(gemm_problem<Real> const& p, index_t count)
{
  run_gemm_functor(p, count);
}

#endif

}  // namespace detail

/// C_i = alpha op(A_i) op(B_i) + beta C_i for `count` problems whose matrices lie `stride_*`
/// elements apart. op(A) is m x k, op(B) k x n, C m x n, all row-major with leading dimensions
/// `ld*`. With beta = 0, C is not read.
template <class Real>
void gemm_batched(op trans_a, op trans_b, index_t m, index_t n, index_t k, Real alpha,
                  Real const* a, index_t lda, index_t stride_a, Real const* b, index_t ldb,
                  index_t stride_b, Real beta, Real* c, index_t ldc, index_t stride_c,
                  index_t count)
{
  if (m == 0 || n == 0 || count == 0) return;
  detail::run_gemm(detail::gemm_problem<Real>{trans_a, trans_b, m, n, k, alpha, a, lda, stride_a, b,
                                              ldb, stride_b, beta, c, ldc, stride_c},
                   count);
}

/// One such product.
template <class Real>
void gemm(op trans_a, op trans_b, index_t m, index_t n, index_t k, Real alpha, Real const* a,
          index_t lda, Real const* b, index_t ldb, Real beta, Real* c, index_t ldc)
{
  gemm_batched(trans_a, trans_b, m, n, k, alpha, a, lda, index_t{0}, b, ldb, index_t{0}, beta, c,
               ldc, index_t{0}, index_t{1});
}

}  // namespace llava
