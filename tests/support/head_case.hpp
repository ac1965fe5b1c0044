// SPDX-License-Identifier: MIT
#pragma once
/// \file  A language-model head for tests, and what should come out of it the long way round.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <prefopt/head/gradients.hpp>
#include <prefopt/head/log_probs.hpp>

#include "support/catch.hpp"
#include "support/row_cases.hpp"

namespace prefopt::test {

/// The definition, and a log of the rows of each product.
struct plain_gemm {
  std::vector<index_t>* rows = nullptr;

  template <class Stored, class Real>
  void operator()(matrix_view<Stored const> a, matrix_view<Stored const> b, matrix_view<Real> c,
                  bool accumulate) const
  {
    if (rows != nullptr) { rows->push_back(a.rows); }
    for (index_t i = 0; i < c.rows; ++i) {
      for (index_t j = 0; j < c.cols; ++j) {
        double sum = accumulate ? static_cast<double>(c.row(i)[j]) : 0.0;
        for (index_t k = 0; k < a.cols; ++k) {
          sum += detail::to_real<double>(a.row(i)[k]) * detail::to_real<double>(b.row(k)[j]);
        }
        c.row(i)[j] = static_cast<Real>(sum);
      }
    }
  }
};

/// Hidden states, a head, targets and seeds; what comes out of them, and what should.
template <class Stored>
struct head_case {
  using real = std::conditional_t<std::is_same_v<Stored, double>, double, float>;
  using columns = std::vector<real>;

  index_t rows, width, vocabulary;
  std::vector<Stored> hidden, weight;
  columns bias, seed, entropy_seed, normalizer_seed;
  std::vector<std::int32_t> targets;
  head_options<real> options{};

  columns log_prob, entropy, log_normalizer, d_hidden, d_weight, d_bias;
  std::vector<std::byte> workspace{};
  head_identity head{};

  head_case(index_t n, index_t d, index_t v) : rows(n), width(d), vocabulary(v)
  {
    auto const numbers = [](index_t count, unsigned stream) {
      return stored_as<Stored>(random_logits(count, stream, 0.6));
    };
    auto const reals = [](index_t count, unsigned stream) {
      return stored_as<real>(random_logits(count, stream, 1));
    };
    hidden = numbers(n * d, 1);
    weight = numbers(v * d, 2);
    bias = reals(v, 3);
    seed = reals(n, 4);
    entropy_seed = reals(n, 5);
    normalizer_seed = reals(n, 6);
    for (index_t i = 0; i < n; ++i) {
      targets.push_back(static_cast<std::int32_t>(v > 0 ? (i * 7919 + 5) % v : 0));
    }
    auto const size = [](index_t count) { return static_cast<std::size_t>(count); };
    log_prob = entropy = log_normalizer = columns(size(n), real(7));
    d_hidden = columns(size(n * d), real(7));
    d_weight = columns(size(v * d), real(7));
    d_bias = columns(size(v), real(7));
  }

  matrix_view<Stored const> h() const { return {hidden.data(), rows, width}; }
  matrix_view<Stored const> w() const { return {weight.data(), vocabulary, width}; }
  matrix_view<real> dw() { return {d_weight.data(), vocabulary, width}; }
  log_prob_columns<real> out()
  {
    return {.log_prob = log_prob, .entropy = entropy, .log_normalizer = log_normalizer};
  }
  log_prob_seed_columns<real> seeds() const
  {
    return {.d_log_prob = seed, .d_entropy = entropy_seed, .d_log_normalizer = normalizer_seed};
  }

  template <class Gemm>
  void forward(Gemm const& gemm)
  {
    auto const plan = plan_head<Stored>(rows, width, vocabulary, options);
    workspace.assign(static_cast<std::size_t>(plan.bytes), std::byte{0xFF});
    head = head_log_probs(gemm, h(), w(), targets, out(), options, workspace);
  }
  template <class Gemm>
  void backward(Gemm const& gemm)
  {
    auto how = options;
    how.rows.forward = {log_prob, entropy, log_normalizer};
    how.head = head;
    head_gradients(gemm, h(), w(), targets, seeds(),
                   {.d_hidden = {d_hidden.data(), rows, width}, .d_weight = dw(), .d_bias = d_bias},
                   how, workspace);
  }
  template <class Gemm>
  void run(Gemm const& gemm)
  {
    forward(gemm);
    backward(gemm);
  }

  bool counts(index_t i) const
  {
    auto const& mask = options.rows.mask;
    return targets[static_cast<std::size_t>(i)] != options.rows.ignore_index &&
           (!mask || mask[i] != 0);
  }
  void check(double forward_tolerance, double gradient_tolerance) const
  {
    check(forward_tolerance, gradient_tolerance, std::min(gradient_tolerance, 2e-5));
  }
  void check(double forward_tolerance, double gradient_tolerance, double bias_tolerance) const;
};

/// Everything at once in double. A gradient may be off by `gradient_tolerance` of the sizes of all
/// the products that it is a sum of.
template <class Stored>
void head_case<Stored>::check(double forward_tolerance, double gradient_tolerance,
                              double bias_tolerance) const
{
  auto const at = [](auto const& x, index_t i) {
    return detail::to_real<double>(x[static_cast<std::size_t>(i)]);
  };
  auto const sized = [](index_t n) { return std::vector<double>(static_cast<std::size_t>(n)); };
  auto dh = sized(rows * width), dh_size = dh, dw = sized(vocabulary * width), dw_size = dw,
       db = sized(vocabulary), db_size = db;
  auto const& t = options.rows.transform;
  for (index_t i = 0; i < rows; ++i) {
    CAPTURE(i);
    if (!counts(i)) {
      REQUIRE(at(log_prob, i) == 0);
      REQUIRE(at(entropy, i) == 0);
      REQUIRE(at(log_normalizer, i) == 0);
      continue;
    }
    std::vector<double> x;
    for (index_t v = 0; v < vocabulary; ++v) {
      double sum = options.bias ? at(bias, v) : 0;
      for (index_t k = 0; k < width; ++k) {
        sum += at(hidden, i * width + k) * at(weight, v * width + k);
      }
      x.push_back(sum);
    }
    double const scale = static_cast<double>(options.rows.scale);
    auto const want = compute_reference(
        x, targets[static_cast<std::size_t>(i)],
        {scale * at(seed, i), scale * at(entropy_seed, i), scale * at(normalizer_seed, i)},
        {t.logit_scale, t.softcap, t.temperature});
    auto const near = [&](double v) {
      return Approx(v).epsilon(forward_tolerance).margin(forward_tolerance);
    };
    REQUIRE(at(log_prob, i) == near(want.result.log_prob));
    REQUIRE(at(entropy, i) == near(want.result.entropy));
    REQUIRE(at(log_normalizer, i) == near(want.result.log_normalizer));
    for (index_t v = 0; v < vocabulary; ++v) {
      auto const j = static_cast<std::size_t>(v);
      db[j] += want.gradient[j];
      db_size[j] += want.terms[j];
      for (index_t k = 0; k < width; ++k) {
        auto const of_h = static_cast<std::size_t>(i * width + k);
        auto const of_w = static_cast<std::size_t>(v * width + k);
        dh[of_h] += want.gradient[j] * at(weight, v * width + k);
        dh_size[of_h] += want.terms[j] * std::abs(at(weight, v * width + k));
        dw[of_w] += want.gradient[j] * at(hidden, i * width + k);
        dw_size[of_w] += want.terms[j] * std::abs(at(hidden, i * width + k));
      }
    }
  }
  auto const compare = [&](columns const& got, std::vector<double> const& want,
                           std::vector<double> const& size, double tolerance) {
    for (std::size_t j = 0; j < want.size(); ++j) {
      CAPTURE(j, got[j], want[j], size[j]);
      REQUIRE(std::abs(static_cast<double>(got[j]) - want[j]) <= tolerance * size[j]);
    }
  };
  compare(d_hidden, dh, dh_size, gradient_tolerance);
  compare(d_weight, dw, dw_size, gradient_tolerance);
  compare(d_bias, db, db_size, bias_tolerance);
}

/// Relative to values and, for gradients, to the terms they are made of. fp32: dozens of roundings
/// of logits of size 10. bf16 hidden states and weights are exact numbers; the gradient of the
/// logits is rounded to 8 bits.
template <class Stored>
inline constexpr double forward_tolerance = std::is_same_v<Stored, double> ? 1e-13 : 4e-6;
template <class Stored>
inline constexpr double gradient_tolerance = std::is_same_v<Stored, double>  ? 1e-12
                                             : std::is_same_v<Stored, float> ? 2e-5
                                                                             : 0x1p-8;

/// Chunks of a few rows and words, as large matrices have with a workspace of megabytes.
inline constexpr index_t small_workspace = 24'000;

}  // namespace prefopt::test
