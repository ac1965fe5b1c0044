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

/// Adds all whole blocks of four vectors of [from, from + bytes). Four accumulators by name: GCC
/// keeps an array of them in memory at -O2.
template <std::size_t Bytes>
[[gnu::always_inline]] inline std::uint64_t read_vectors(char const* from, std::size_t bytes)
{
  typedef std::uint64_t words __attribute__((vector_size(Bytes)));
  words a{}, b{}, c{}, d{};
  for (std::size_t i = 0; i + 4 * Bytes <= bytes; i += 4 * Bytes) {
    for (std::size_t k = 0; k < 4 * Bytes; k += 64) { __builtin_prefetch(from + i + ahead + k); }
    words w, x, y, z;
    std::memcpy(&w, from + i, Bytes);
    std::memcpy(&x, from + i + Bytes, Bytes);
    std::memcpy(&y, from + i + 2 * Bytes, Bytes);
    std::memcpy(&z, from + i + 3 * Bytes, Bytes);
    a += w;
    b += x;
    c += y;
    d += z;
  }
  a += b + c + d;
  std::uint64_t first = 0;
  std::memcpy(&first, &a, sizeof first);
  return first;
}

#if defined(__x86_64__)
__attribute__((target("avx512f"))) inline std::uint64_t read_avx512(char const* from,
                                                                    std::size_t bytes)
{
  return read_vectors<64>(from, bytes);
}
__attribute__((target("avx2"))) inline std::uint64_t read_avx2(char const* from, std::size_t bytes)
{
  return read_vectors<32>(from, bytes);
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
  return read_vectors<16>(from, bytes);
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
