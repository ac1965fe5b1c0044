// SPDX-License-Identifier: MIT
#pragma once
/// \file  Log-probabilities of pairs, and all that is computed from them.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "library.hpp"

namespace compare {

/// Six columns of log-probabilities, and four of results, each kind one after another.
struct pair_case {
  std::int64_t count;
  std::vector<float> in, out;

  explicit pair_case(std::int64_t n)
      : count(n), in(static_cast<std::size_t>(6 * n)), out(static_cast<std::size_t>(4 * n))
  {
    for (std::size_t i = 0; i < in.size(); ++i) {
      in[i] = -static_cast<float>(i * 2654435761u % 3001u) * 0.1f;
    }
  }

  static double bytes(std::int64_t n) { return 4.0 * 10 * static_cast<double>(n); }
  float* input(std::int64_t k) { return in.data() + k * count; }
  float* output(std::int64_t k) { return out.data() + k * count; }

  prefopt_pairs columns(int threads)
  {
    prefopt_pairs p{};
    for (int k = 0; k < 6; ++k) { p.in[k] = input(k); }
    for (int k = 0; k < 4; ++k) { p.out[k] = output(k); }
    p.count = count;
    p.threads = threads;
    return p;
  }
  std::string name(char const* loss) const
  {
    return std::string(loss) + "/pairs=" + std::to_string(count);
  }

  /// Copies `columns` / 2 columns: as many bytes as a loss of so many columns reads and writes.
  template <class Copy>
  void copy(Copy const& copy_bytes, int columns, int threads)
  {
    std::int64_t const bytes = 4 * count * columns / 2;
    std::int64_t const room = 4 * 4 * count;
    copy_bytes(in.data(), out.data(), std::min(bytes, room), threads);
    if (bytes > room) { copy_bytes(input(4), out.data(), bytes - room, threads); }
  }

  /// Compares a thousand results of `run` with the scalar loop's.
  void check(decltype(&prefopt_dpo) run, decltype(&prefopt_dpo) scalar)
  {
    prefopt_pairs p = columns(1);
    run(&p);
    std::vector<float> ours[4];
    for (int k = 0; k < 4; ++k) { ours[k].assign(output(k), output(k) + 1000); }
    p.count = 1000;
    scalar(&p);
    for (int k = 0; k < 4; ++k) {
      for (int i = 0; i < 1000; ++i) {
        float const got = ours[k][static_cast<std::size_t>(i)];
        float const wanted = output(k)[i];
        if (!(std::abs(got - wanted) <= 2e-5f * std::max(1.0f, std::abs(wanted)))) {
          fail(name("pairs") + ": a wrong result");
        }
      }
    }
  }
};

}  // namespace compare
