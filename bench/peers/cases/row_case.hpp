// SPDX-License-Identifier: MIT
#pragma once
/// \file  Logits and targets, and all that is computed from them.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "library.hpp"

namespace compare {

inline std::uint16_t to_bf16(float x)
{
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}
inline double from_bf16(std::uint16_t half)
{
  auto const bits = static_cast<std::uint32_t>(half) << 16;
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return static_cast<double>(x);
}

/// Logits of normal(0, 3), targets, and room for all results. The row count is even.
struct row_case {
  bool bf16;
  std::int64_t rows, vocabulary;
  std::vector<float> logits, gradient;
  std::vector<std::uint16_t> logits16, gradient16;
  std::vector<std::int64_t> targets;
  std::vector<float> log_prob, entropy, log_normalizer, seed;

  row_case(bool half, std::int64_t elements, std::int64_t columns)
      : bf16(half), rows(elements / columns / 2 * 2), vocabulary(columns)
  {
    std::mt19937 generator(1);
    std::normal_distribution<float> normal(0, 3);
    std::vector<float> pattern((1 << 20) - 3);  // so that no two rows are alike
    for (float& x : pattern) { x = normal(generator); }
    auto const size = static_cast<std::size_t>(rows * vocabulary);
    auto const fill = [&](auto& in, auto& out, auto convert) {
      in.resize(size);
      out.resize(size);
      for (std::size_t i = 0; i < size; ++i) { in[i] = convert(pattern[i % pattern.size()]); }
    };
    if (bf16) {
      fill(logits16, gradient16, to_bf16);
    } else {
      fill(logits, gradient, [](float x) { return x; });
    }
    for (std::int64_t i = 0; i < rows; ++i) { targets.push_back(i * 7919 % vocabulary); }
    log_prob.resize(targets.size());
    entropy = log_normalizer = log_prob;
    seed.assign(targets.size(), 0.5f);
  }

  void* logits_data() { return bf16 ? static_cast<void*>(logits16.data()) : logits.data(); }
  void* gradient_data() { return bf16 ? static_cast<void*>(gradient16.data()) : gradient.data(); }
  std::int64_t elements() const { return rows * vocabulary; }
  std::int64_t bytes() const { return elements() * (bf16 ? 2 : 4); }
  prefopt_rows in(int threads)
  {
    return {logits_data(), rows, vocabulary, targets.data(), bf16, threads};
  }
  std::string name(char const* what) const
  {
    return std::string(what) + "/" + (bf16 ? "bf16" : "fp32") + "/V=" + std::to_string(vocabulary);
  }

  void forward(library const& lib, int threads, bool with_entropy = true)
  {
    prefopt_rows const x = in(threads);
    lib.log_probs(&x, log_prob.data(), with_entropy ? entropy.data() : nullptr,
                  log_normalizer.data());
  }
  void gradients(library const& lib, int threads)
  {
    prefopt_rows const x = in(threads);
    lib.gradients(&x, log_prob.data(), entropy.data(), log_normalizer.data(), seed.data(),
                  seed.data(), gradient_data());
  }
  /// Of the last gradients, as if they were logits: the same work, and the logits stay.
  void gradients_in_place(library const& lib, int threads)
  {
    prefopt_rows x = in(threads);
    x.logits = gradient_data();
    lib.gradients(&x, log_prob.data(), entropy.data(), log_normalizer.data(), seed.data(),
                  seed.data(), gradient_data());
  }
  void forward_and_backward(library const& lib, int threads, bool with_entropy)
  {
    prefopt_rows const x = in(threads);
    lib.log_probs_and_gradients(&x, log_prob.data(), entropy.data(), log_normalizer.data(),
                                seed.data(), with_entropy ? seed.data() : nullptr, gradient_data());
  }

  double logit(std::int64_t i, std::int64_t j) const
  {
    auto const k = static_cast<std::size_t>(i * vocabulary + j);
    return bf16 ? from_bf16(logits16[k]) : static_cast<double>(logits[k]);
  }

  /// Runs forward and backward and compares some rows with float64; the largest error of
  /// log-probability and entropy.
  double check(library const& lib)
  {
    forward_and_backward(lib, 2, true);
    double worst = 0;
    for (std::int64_t i = 0; i < rows; i += std::max<std::int64_t>(1, rows / 16)) {
      double sum = 0, shifted = 0;
      for (std::int64_t j = 0; j < vocabulary; ++j) {
        sum += std::exp(logit(i, j));
        shifted += std::exp(logit(i, j)) * logit(i, j);
      }
      auto const row = static_cast<std::size_t>(i);
      double const h = std::log(sum) - shifted / sum;
      double const lp = logit(i, targets[row]) - std::log(sum);
      worst = std::max({worst, std::abs(static_cast<double>(log_prob[row]) - lp),
                        std::abs(static_cast<double>(entropy[row]) - h)});
      for (std::int64_t j = 0; j < vocabulary; j += 101) {
        double const log_p = logit(i, j) - std::log(sum);
        double const p = std::exp(log_p);
        double const wanted = 0.5 * ((j == targets[row] ? 1 - p : -p) - p * (log_p + h));
        auto const k = static_cast<std::size_t>(i * vocabulary + j);
        double const got = bf16 ? from_bf16(gradient16[k]) : static_cast<double>(gradient[k]);
        double const tolerance = (bf16 ? 0x1p-8 : 1e-5) * std::abs(wanted) + 1e-8;
        if (!(std::abs(got - wanted) <= tolerance)) { fail(name("gradient") + " is wrong"); }
      }
    }
    if (!(worst <= 1e-5)) { fail(name("log_probs") + " is off by " + std::to_string(worst)); }
    return worst;
  }
};

}  // namespace compare
