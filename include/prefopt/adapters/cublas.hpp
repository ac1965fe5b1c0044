// SPDX-License-Identifier: MIT
#pragma once
/// \file  cuBLAS as the matrix product of a head in device memory. Host code: needs cublas_v2.h, no
/// nvcc.

#include <cublas_v2.h>

#include <cstddef>
#include <initializer_list>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/head/gemm.hpp>
#include <prefopt/row/half.hpp>

namespace prefopt {

/// `cublasGemmEx` (CUDA 12 and later) for fp32, fp64 and 16-bit matrices, whose products are summed
/// in fp32; fp32 is not rounded to TF32 unless `single` says so (CUBLAS_COMPUTE_32F_FAST_TF32),
/// whatever the handle's math mode. cuBLAS gives the same bits for the same shapes, library, device
/// and workspace.
///
/// Borrows the handle, which one thread at a time may use. Its pointer and math modes are as before
/// when the call returns; `stream` and `workspace` it keeps. `workspace`: device memory, aligned to
/// 256 bytes (NVIDIA's advice: 32 MiB on sm_90, 4 MiB before). A workspace that the handle was
/// given before is lost with the change of stream; without one here cuBLAS takes memory of its own,
/// in a stream that is captured from a pool.
struct cublas_gemm {
  cublasHandle_t handle;
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;
  cublasComputeType_t single = CUBLAS_COMPUTE_32F;  ///< how fp32 matrices are multiplied

  template <class Stored, class Real>
    requires(std::is_same_v<Real, double> == std::is_same_v<Stored, double>)
  cudaError_t operator()(cudaStream_t stream, matrix_view<Stored const, device_memory> a,
                         matrix_view<Stored const, device_memory> b,
                         matrix_view<Real, device_memory> c, bool accumulate) const
  {
    auto const p = detail::product_by_columns::of("cublas_gemm", a, b, c);
    auto const operation = [](bool transpose) { return transpose ? CUBLAS_OP_T : CUBLAS_OP_N; };
    Real const one = 1;
    Real const sum = accumulate ? Real(1) : Real(0);
    cublasPointerMode_t pointers{};
    cublasMath_t math{};
    cublasStatus_t status =
        first_failure({cublasGetPointerMode(handle, &pointers), cublasGetMathMode(handle, &math)});
    if (status != CUBLAS_STATUS_SUCCESS) { return as_cuda_error(status); }
    status = first_failure({cublasSetPointerMode(handle, CUBLAS_POINTER_MODE_HOST),
                            cublasSetMathMode(handle, CUBLAS_DEFAULT_MATH),
                            cublasSetStream(handle, stream)});  // takes the workspace away
    if (status == CUBLAS_STATUS_SUCCESS && workspace != nullptr) {
      status = cublasSetWorkspace(handle, workspace, workspace_bytes);
    }
    if (status == CUBLAS_STATUS_SUCCESS) {
      status = cublasGemmEx_64(handle, operation(p.first.transpose), operation(p.second.transpose),
                               p.m, p.n, p.k, &one, b.data, type<Stored>(), p.first.pitch, a.data,
                               type<Stored>(), p.second.pitch, &sum, c.data, type<Real>(), p.pitch,
                               compute<Stored>(), CUBLAS_GEMM_DEFAULT);
    }
    return as_cuda_error(first_failure(
        {status, cublasSetPointerMode(handle, pointers), cublasSetMathMode(handle, math)}));
  }

 private:
  /// The calls are made in the order in which they stand.
  static cublasStatus_t first_failure(std::initializer_list<cublasStatus_t> results)
  {
    for (cublasStatus_t const status : results) {
      if (status != CUBLAS_STATUS_SUCCESS) { return status; }
    }
    return CUBLAS_STATUS_SUCCESS;
  }

  template <class Stored>
  cublasComputeType_t compute() const
  {
    if constexpr (std::is_same_v<Stored, double>) {
      return CUBLAS_COMPUTE_64F;
    } else if constexpr (std::is_same_v<Stored, float>) {
      return single;
    } else {
      return CUBLAS_COMPUTE_32F;
    }
  }

  template <class T>
  static constexpr cudaDataType_t type()
  {
    if constexpr (std::is_same_v<T, double>) {
      return CUDA_R_64F;
    } else if constexpr (std::is_same_v<T, float>) {
      return CUDA_R_32F;
    } else if constexpr (half_format_of<T> == half_format::bfloat16) {
      return CUDA_R_16BF;
    } else {
      static_assert(half_format_of<T> == half_format::float16,
                    "prefopt: cuBLAS multiplies float, double, bfloat16 and float16 for a head");
      return CUDA_R_16F;
    }
  }

  static cudaError_t as_cuda_error(cublasStatus_t status)
  {
    switch (status) {
      case CUBLAS_STATUS_SUCCESS:
        return cudaSuccess;
      case CUBLAS_STATUS_ALLOC_FAILED:
        return cudaErrorMemoryAllocation;
      case CUBLAS_STATUS_INVALID_VALUE:
        return cudaErrorInvalidValue;
      case CUBLAS_STATUS_NOT_SUPPORTED:
      case CUBLAS_STATUS_ARCH_MISMATCH:
        return cudaErrorNotSupported;
      case CUBLAS_STATUS_NOT_INITIALIZED:
        return cudaErrorInitializationError;
      case CUBLAS_STATUS_EXECUTION_FAILED:
        return cudaErrorLaunchFailure;
      default:
        return cudaErrorUnknown;
    }
  }
};
static_assert(enqueued_matrix_product<cublas_gemm, cudaStream_t, float, float>);
static_assert(enqueued_matrix_product<cublas_gemm, cudaStream_t, double, double>);
static_assert(enqueued_matrix_product<cublas_gemm, cudaStream_t, bfloat16, float>);

}  // namespace prefopt
