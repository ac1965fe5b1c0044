// SPDX-License-Identifier: MIT
#pragma once
/// \file  Compiler configuration: the only header that may test compiler macros.

#if !defined(__GNUC__)
#error "prefopt: needs GCC or Clang (nvcc on top of either): packs use their vector extension"
#endif
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error \
    "prefopt: masked logits are -infinity and NaN marks what is undefined; compile without -ffast-math, -Ofast and -ffinite-math-only"
#endif

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
namespace detail {

/// Inlines all that a host function calls, and all that this calls. Not without optimisation, and
/// not under sanitizers, whose checks would be in every copy.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PREFOPT_FLATTENED __attribute__((flatten))
#else
#define PREFOPT_FLATTENED
#endif

/// `PREFOPT_COMPILED_FOR(instructions)` compiles a flattened host function for more instructions
/// than the file (core/registers.hpp).
#if defined(__x86_64__) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__CUDACC__) && !defined(__HIPCC__)
#define PREFOPT_COMPILED_FOR(instructions) __attribute__((target(instructions))) PREFOPT_FLATTENED
constexpr bool compiles_for_others = true;
inline bool processor_has_avx2()
{
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi2");
}
inline bool processor_has_avx512()
{
  return processor_has_avx2() && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#else
#define PREFOPT_COMPILED_FOR(instructions)
constexpr bool compiles_for_others = false;
inline bool processor_has_avx2()
{
  return false;
}
inline bool processor_has_avx512()
{
  return false;
}
#endif

/// Around the functions that such loops call: gcc inlines them by itself, clang when told.
#if defined(__clang__)
#define PREFOPT_INLINED_BEGIN \
  _Pragma("clang attribute push(__attribute__((always_inline)), apply_to = function)")
#define PREFOPT_INLINED_END _Pragma("clang attribute pop")
#else
#define PREFOPT_INLINED_BEGIN
#define PREFOPT_INLINED_END
#endif

/// Whether this is the device's version of a PREFOPT_HD function.
#if defined(__CUDA_ARCH__) || defined(__HIP_DEVICE_COMPILE__)
constexpr bool for_device = true;
#else
constexpr bool for_device = false;
#endif

/// A product that no compiler fuses with the sum it goes into. clang fuses within an expression
/// only, not across functions.
template <class Real>
inline Real rounded(Real product)
{
#if defined(__clang__)
  return product;
#elif defined(__CUDACC__) || __GNUC__ < 12
  Real const volatile stored = product;
  return stored;
#else
  return __builtin_assoc_barrier(product);
#endif
}

/// product + addend, of a product that is rounded first: a log-normaliser and what is measured from
/// it round alike, so that these roundings cancel. Packs are left to the compiler.
template <class Scalar>
PREFOPT_HD Scalar sum_of_rounded(Scalar const& product, Scalar const& addend)
{
  return product + addend;
}
PREFOPT_HD inline float sum_of_rounded(float product, float addend)
{
#if defined(__CUDA_ARCH__)
  return __fadd_rn(product, addend);
#else
  return rounded(product) + addend;
#endif
}
PREFOPT_HD inline double sum_of_rounded(double product, double addend)
{
#if defined(__CUDA_ARCH__)
  return __dadd_rn(product, addend);
#else
  return rounded(product) + addend;
#endif
}

/// Results of more bytes are found in no cache by whoever reads them next.
constexpr long largest_cache = 32L << 20;

/// Stores that go past the caches, for what nobody reads soon. `to` is a multiple of the vector's
/// bytes.
#if defined(__x86_64__) && !defined(__CUDACC__) && !defined(__HIPCC__)
constexpr bool has_streaming_stores = true;
#if !defined(__clang__)
// Not for the file's own registers, so these are calls where their caller is not inlined either.
__attribute__((target("avx512f"))) inline void stream_64_bytes(void* to, void const* from)
{
  typedef float lanes __attribute__((vector_size(64)));
  lanes x;
  __builtin_memcpy(&x, from, sizeof x);
  __builtin_ia32_movntps512(static_cast<float*>(to), x);
}
__attribute__((target("avx"))) inline void stream_32_bytes(void* to, void const* from)
{
  typedef float lanes __attribute__((vector_size(32)));
  lanes x;
  __builtin_memcpy(&x, from, sizeof x);
  __builtin_ia32_movntps256(static_cast<float*>(to), x);
}
inline void stream_16_bytes(void* to, void const* from)
{
  typedef float lanes __attribute__((vector_size(16)));
  lanes x;
  __builtin_memcpy(&x, from, sizeof x);
  __builtin_ia32_movntps(static_cast<float*>(to), x);
}
#endif
PREFOPT_INLINED_BEGIN
template <class Vector>
inline void stream_vector(void* to, Vector const& vector)
{
#if defined(__clang__)
  __builtin_nontemporal_store(vector, static_cast<Vector*>(to));
#else
  if constexpr (sizeof vector == 64) {
    stream_64_bytes(to, &vector);
  } else if constexpr (sizeof vector == 32) {
    stream_32_bytes(to, &vector);
  } else {
    stream_16_bytes(to, &vector);
  }
#endif
}
PREFOPT_INLINED_END
#else
constexpr bool has_streaming_stores = false;
template <class Vector>
inline void stream_vector(void* to, Vector const& vector)
{
  __builtin_memcpy(to, &vector, sizeof vector);
}
#endif

/// Before others may read what was streamed. One body for all files: the linker keeps any.
inline void finish_streaming()
{
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
}

/// Bytes in the widest vector register that this translation unit may use.
#if defined(__AVX512F__)
constexpr int register_bytes = 64;
#elif defined(__AVX__)
constexpr int register_bytes = 32;
#else
constexpr int register_bytes = 16;
#endif

/// Whether this translation unit can hold vector registers in variables. nvcc cannot where a
/// function is also compiled for the device, so host loops in .cu files go one sample at a time.
#if defined(__CUDACC__) || defined(__HIPCC__)
constexpr bool holds_packs = false;
#else
constexpr bool holds_packs = true;
#endif

#if defined(_OPENMP)
constexpr bool uses_openmp = true;
#else
constexpr bool uses_openmp = false;
#endif

/// The vector instructions that this translation unit may use beyond its machine's first, a bit
/// for each set.
constexpr unsigned instruction_sets = 0
#if defined(__SSE4_1__)
                                      | 1u
#endif
#if defined(__AVX__)
                                      | 2u
#endif
#if defined(__F16C__)
                                      | 4u
#endif
#if defined(__FMA__)
                                      | 8u
#endif
#if defined(__AVX2__)
                                      | 16u
#endif
#if defined(__AVX512F__)
                                      | 32u
#endif
#if defined(__AVX512VL__) && defined(__AVX512BW__) && defined(__AVX512DQ__)
                                      | 64u
#endif
#if defined(__AVX512FP16__) || defined(__ARM_FEATURE_FP16_VECTOR_ARITHMETIC)
                                      | 128u
#endif
    ;

/// What a translation unit is compiled for, as a type. Host loops and packs carry it in their
/// names: the files of a program may be compiled with different flags (.cpp and .cu files always
/// are), and of two functions of one name the linker would keep either.
template <int VectorBytes, bool Packs, bool OpenMP, unsigned Instructions, bool Others>
struct compiled_for {
  static constexpr int vector_bytes = VectorBytes;
  static constexpr bool has_packs = Packs;
  static constexpr bool compiles_for_others = Others;
};
using compile_target =
    compiled_for<register_bytes, holds_packs, uses_openmp, instruction_sets, compiles_for_others>;

}  // namespace detail

/// `detail::register_bytes` and `detail::holds_packs` of this translation unit.
constexpr int vector_bytes = detail::compile_target::vector_bytes;
constexpr bool has_packs = detail::compile_target::has_packs;

}  // namespace prefopt
