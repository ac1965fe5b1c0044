// SPDX-License-Identifier: MIT
#pragma once
/// \file  What the machine can do at most: reading memory, and copying it past the caches. Written
/// once, at the full width of the processor whatever the flags are, for all benchmarks to be
/// compared with in the same run.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <prefopt/config.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace roofline {
namespace detail {

/// How far ahead of a reader memory is asked for. Reads without asking reach two thirds of it,
/// since the processor's own prefetching starts anew on every page.
constexpr std::size_t ahead = 8192;

/// Adds all whole blocks of 256 bytes of [from, from + bytes). Four accumulators by name: GCC keeps
/// an array of them in memory at -O2.
#if defined(__x86_64__)
__attribute__((target("avx512f"))) inline std::uint64_t read_avx512(char const* from,
                                                                    std::size_t bytes)
{
  __m512i a{}, b{}, c{}, d{};
  for (std::size_t i = 0; i + 256 <= bytes; i += 256) {
    for (std::size_t k = 0; k < 256; k += 64) { __builtin_prefetch(from + i + ahead + k); }
    a = _mm512_add_epi64(a, _mm512_loadu_si512(from + i));
    b = _mm512_add_epi64(b, _mm512_loadu_si512(from + i + 64));
    c = _mm512_add_epi64(c, _mm512_loadu_si512(from + i + 128));
    d = _mm512_add_epi64(d, _mm512_loadu_si512(from + i + 192));
  }
  __m512i const sum = _mm512_add_epi64(_mm512_add_epi64(a, b), _mm512_add_epi64(c, d));
  return static_cast<std::uint64_t>(sum[0]);
}

__attribute__((target("avx2"))) inline __m256i load_avx2(char const* from)
{
  return _mm256_loadu_si256(reinterpret_cast<__m256i const*>(from));
}
__attribute__((target("avx2"))) inline std::uint64_t read_avx2(char const* from, std::size_t bytes)
{
  __m256i a{}, b{}, c{}, d{};
  for (std::size_t i = 0; i + 128 <= bytes; i += 128) {
    for (std::size_t k = 0; k < 128; k += 64) { __builtin_prefetch(from + i + ahead + k); }
    a = _mm256_add_epi64(a, load_avx2(from + i));
    b = _mm256_add_epi64(b, load_avx2(from + i + 32));
    c = _mm256_add_epi64(c, load_avx2(from + i + 64));
    d = _mm256_add_epi64(d, load_avx2(from + i + 96));
  }
  __m256i const sum = _mm256_add_epi64(_mm256_add_epi64(a, b), _mm256_add_epi64(c, d));
  return static_cast<std::uint64_t>(sum[0]);
}

/// Copies whole lines of 64 bytes to an aligned `to`, with stores that do not read the line first.
__attribute__((target("avx512f"))) inline void copy_avx512(char const* from, char* to,
                                                           std::size_t bytes)
{
  for (std::size_t i = 0; i + 64 <= bytes; i += 64) {
    _mm512_stream_si512(reinterpret_cast<__m512i*>(to + i), _mm512_loadu_si512(from + i));
  }
  _mm_sfence();
}

inline void copy_sse2(char const* from, char* to, std::size_t bytes)
{
  for (std::size_t i = 0; i + 64 <= bytes; i += 64) {
    for (std::size_t k = 0; k < 64; k += 16) {
      _mm_stream_si128(reinterpret_cast<__m128i*>(to + i + k),
                       _mm_loadu_si128(reinterpret_cast<__m128i const*>(from + i + k)));
    }
  }
  _mm_sfence();
}
#endif

inline std::uint64_t read_part(char const* from, std::size_t bytes)
{
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) { return read_avx512(from, bytes); }
  if (__builtin_cpu_supports("avx2")) { return read_avx2(from, bytes); }
#endif
  std::uint64_t sum[32] = {};
  for (std::size_t i = 0; i + sizeof sum <= bytes; i += sizeof sum) {
    std::uint64_t block[32];
    std::memcpy(block, from + i, sizeof block);
    for (std::size_t k = 0; k < 32; ++k) { sum[k] += block[k]; }
  }
  return sum[0];
}

inline void copy_part(char const* from, char* to, std::size_t bytes)
{
  std::size_t const head = std::min(bytes, (64 - reinterpret_cast<std::uintptr_t>(to) % 64) % 64);
  std::size_t const lines = (bytes - head) / 64 * 64;
  std::memcpy(to, from, head);
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    copy_avx512(from + head, to + head, lines);
  } else {
    copy_sse2(from + head, to + head, lines);
  }
#else
  std::memcpy(to + head, from + head, lines);
#endif
  std::memcpy(to + head + lines, from + head + lines, bytes - head - lines);
}

/// Calls part(first, count) for as many equal parts of `bytes` as there are threads.
template <class Part>
void in_parts(std::size_t bytes, int threads, Part part)
{
  std::size_t const each = (bytes / static_cast<std::size_t>(threads) + 4095) / 4096 * 4096;
  PREFOPT_PARALLEL_FOR(threads)
  for (int t = 0; t < threads; ++t) {
    std::size_t const first = std::min(bytes, static_cast<std::size_t>(t) * each);
    part(first, std::min(each, bytes - first));
  }
}

}  // namespace detail

/// Reads all bytes and does next to nothing with them: the floor of any forward pass.
inline void read(void const* from, std::size_t bytes, int threads)
{
  detail::in_parts(bytes, threads, [from](std::size_t first, std::size_t count) {
    std::uint64_t const sum = detail::read_part(static_cast<char const*>(from) + first, count);
    asm volatile("" : : "r"(sum));  // the sum is wanted
  });
}

/// Reads `bytes` and writes as many with streaming stores: the floor of what reads and writes.
inline void copy(void const* from, void* to, std::size_t bytes, int threads)
{
  detail::in_parts(bytes, threads, [from, to](std::size_t first, std::size_t count) {
    detail::copy_part(static_cast<char const*>(from) + first, static_cast<char*>(to) + first,
                      count);
  });
}

}  // namespace roofline
