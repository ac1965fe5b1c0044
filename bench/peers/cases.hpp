// SPDX-License-Identifier: MIT
#pragma once
/// \file  What the C++ drivers of the comparison share: prefopt as a loaded library, the cases, and
/// their checks against float64.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <malloc.h>

#include "../measure.hpp"
#include "ours.hpp"

namespace compare {

[[noreturn]] inline void fail(std::string const& what)
{
  std::fprintf(stderr, "compare: %s\n", what.c_str());
  std::exit(1);
}

/// One build of ours.cpp. Libraries are loaded one beside another; none sees another's symbols.
struct library {
  decltype(&prefopt_log_probs) log_probs;
  decltype(&prefopt_log_probs_and_gradients) log_probs_and_gradients;
  decltype(&prefopt_gradients) gradients;
  decltype(&prefopt_dpo) dpo, mfpo, scalar_dpo, scalar_mfpo, thrust_dpo, thrust_mfpo;
  decltype(&prefopt_roofline_read) read;
  decltype(&prefopt_roofline_copy) copy;
  decltype(&prefopt_head_workspace) head_workspace;
  decltype(&prefopt_head_log_probs) head_log_probs;
  decltype(&prefopt_head_log_probs_and_gradients) head_log_probs_and_gradients;
  decltype(&prefopt_head_product) head_product;
  bool has_thrust;
  std::string build;

  explicit library(char const* path)
  {
    void* const handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) { fail(dlerror()); }
    auto const find = [handle](auto& function, char const* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, name));
      if (function == nullptr) { fail(std::string("no function ") + name); }
    };
    find(log_probs, "prefopt_log_probs");
    find(log_probs_and_gradients, "prefopt_log_probs_and_gradients");
    find(gradients, "prefopt_gradients");
    find(dpo, "prefopt_dpo");
    find(mfpo, "prefopt_mfpo");
    find(scalar_dpo, "prefopt_scalar_dpo");
    find(scalar_mfpo, "prefopt_scalar_mfpo");
    find(thrust_dpo, "prefopt_thrust_dpo");
    find(thrust_mfpo, "prefopt_thrust_mfpo");
    find(head_workspace, "prefopt_head_workspace");
    find(head_log_probs, "prefopt_head_log_probs");
    find(head_log_probs_and_gradients, "prefopt_head_log_probs_and_gradients");
    find(head_product, "prefopt_head_product");
    find(read, "prefopt_roofline_read");
    find(copy, "prefopt_roofline_copy");
    decltype(&prefopt_has_thrust) thrust;
    find(thrust, "prefopt_has_thrust");
    has_thrust = thrust() != 0;
    decltype(&prefopt_build) describe;
    find(describe, "prefopt_build");
    if (describe() == nullptr) { fail(std::string(path) + " has assertions: build with NDEBUG"); }
    build = describe();
  }
};

/// How much is measured.
struct extent {
  bool quick;
  int rounds;
  std::int64_t elements;  ///< logits of a case
  std::vector<std::int64_t> vocabularies;
  std::vector<std::int64_t> pairs;

  static extent of(bool quick)
  {
    if (quick) { return {true, 7, std::int64_t{1} << 25, {128256}, {10'000'000}}; }
    return {false, 7, std::int64_t{1} << 26, {32000, 128256, 151936}, {10'000'000, 100'000'000}};
  }
};

/// Keeps freed memory, so that no contender pays page faults for its temporaries at every call.
inline void recycle_heap()
{
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 2147483647);
  mallopt(M_TOP_PAD, 64 << 20);
}

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
  void copy(library const& lib, int columns, int threads)
  {
    std::int64_t const bytes = 4 * count * columns / 2;
    std::int64_t const room = 4 * 4 * count;
    lib.copy(in.data(), out.data(), std::min(bytes, room), threads);
    if (bytes > room) { lib.copy(input(4), out.data(), bytes - room, threads); }
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

/// Bytes of memory that can be had.
inline double available_bytes()
{
  std::FILE* const file = std::fopen("/proc/meminfo", "r");
  char line[128];
  double kibibytes = 0;
  while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
    if (std::sscanf(line, "MemAvailable: %lf", &kibibytes) == 1) { break; }
  }
  if (file != nullptr) { std::fclose(file); }
  return 1024 * kibibytes;
}

inline bool is_room_for(char const* what, double bytes)
{
  bool const fits = bytes <= available_bytes();
  if (!fits) { std::printf("skipped: %s, which would take %.1f GB\n", what, bytes / 1e9); }
  return fits;
}

/// Bytes that `run` held at most beyond what was held before it.
inline double peak_bytes(std::function<void()> const& run)
{
  auto const status = [](char const* field) {
    std::FILE* const file = std::fopen("/proc/self/status", "r");
    char line[128];
    double kibibytes = 0;
    std::string const format = std::string(field) + ": %lf";
    while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
      if (std::sscanf(line, format.c_str(), &kibibytes) == 1) { break; }
    }
    if (file != nullptr) { std::fclose(file); }
    return 1024 * kibibytes;
  };
  run();  // threads, and code that is loaded when it is first called
  malloc_trim(0);
  if (std::FILE* const file = std::fopen("/proc/self/clear_refs", "w")) {
    std::fputs("5", file);  // the peak is now what is held
    std::fclose(file);
  }
  double const before = status("VmRSS");
  run();
  return std::max(0.0, status("VmHWM") - before);
}

}  // namespace compare
