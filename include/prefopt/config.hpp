// SPDX-License-Identifier: MIT
#pragma once
/// \file  Compiler configuration: the only header that may test compiler macros.

/// Marks a function callable from host and device; empty outside CUDA and HIP. It adds annotations
/// only: never layout, overloads or behaviour, so that .cpp and .cu files may share types.
#if defined(__CUDACC__) || defined(__HIPCC__)
#define PREFOPT_HD __host__ __device__
#define PREFOPT_KERNEL static __global__
#else
#define PREFOPT_HD
#endif

/// Before a PREFOPT_HD template that calls what its caller passes in: a host caller may pass a
/// host-only function, which nvcc would otherwise warn about.
#if defined(__CUDACC__)
#define PREFOPT_HD_CALLS_ARGUMENT _Pragma("nv_exec_check_disable")
#else
#define PREFOPT_HD_CALLS_ARGUMENT
#endif

/// Spreads the iterations of the following loop over `threads` host threads; without OpenMP the
/// loop runs on the calling thread.
#if defined(_OPENMP)
#define PREFOPT_PARALLEL_FOR(threads) \
  _Pragma("omp parallel for schedule(static) num_threads(threads)")
#else
#define PREFOPT_PARALLEL_FOR(threads) static_cast<void>(threads);
#endif

namespace prefopt {

/// Bytes in the widest vector register that this translation unit may use.
#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
#elif defined(__AVX__)
inline constexpr int vector_bytes = 32;
#else
inline constexpr int vector_bytes = 16;
#endif

/// Whether this translation unit can hold vector registers in variables. nvcc cannot where a
/// function is also compiled for the device, so host loops in .cu files go one sample at a time.
#if defined(__CUDACC__) || defined(__HIPCC__)
inline constexpr bool has_packs = false;
#else
inline constexpr bool has_packs = true;
#endif

}  // namespace prefopt
