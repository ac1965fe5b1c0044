// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <prefopt/row/rows.hpp>

#include "support/catch.hpp"
#include "support/peaked_rows.hpp"

using namespace prefopt;

namespace {

constexpr index_t tokens = 5, width = 8, vocabulary = 100, rank = 2;

/// Numbers of a formula; `stream` keeps the tensors apart.
std::vector<double> numbers(index_t count, int stream)
{
  std::vector<double> x;
  for (index_t i = 0; i < count; ++i) {
    x.push_back(std::sin(static_cast<double>(i) * 1.7 + stream));
  }
  return x;
}

/// Hidden states [tokens, width] and a head [vocabulary, width] with an adapter: its effective
/// weights are base + up down.
struct head {
  std::vector<double> hidden = numbers(tokens * width, 1);
  std::vector<double> base = numbers(vocabulary * width, 2);
  std::vector<double> up = numbers(vocabulary * rank, 3);
  std::vector<double> down = numbers(rank * width, 4);
  std::vector<std::int32_t> targets{3, 99, 16, 0, 47};
  std::vector<double> seed{1, -2, 0.5, 1, -1};

  std::vector<double> effective() const
  {
    auto w = base;
    for (index_t v = 0; v < vocabulary; ++v) {
      for (index_t k = 0; k < width; ++k) {
        for (index_t r = 0; r < rank; ++r) {
          w[at(v * width + k)] += up[at(v * rank + r)] * down[at(r * width + k)];
        }
      }
    }
    return w;
  }

  static std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

  /// Logits of the words `first` ... `first + count - 1`.
  void logits(std::vector<double> const& w, index_t first, index_t count, double* out) const
  {
    for (index_t t = 0; t < tokens; ++t) {
      for (index_t v = 0; v < count; ++v) {
        double sum = 0;
        for (index_t k = 0; k < width; ++k) {
          sum += hidden[at(t * width + k)] * w[at((first + v) * width + k)];
        }
        out[t * count + v] = sum;
      }
    }
  }

  /// sum over tokens of seed log p, all logits at once.
  double loss(std::vector<double> const& w) const
  {
    std::vector<double> all(at(tokens * vocabulary)), lp(at(tokens));
    logits(w, 0, vocabulary, all.data());
    log_probs(matrix_view<double const>(all.data(), tokens, vocabulary), targets, {.log_prob = lp});
    double sum = 0;
    for (index_t t = 0; t < tokens; ++t) { sum += seed[at(t)] * lp[at(t)]; }
    return sum;
  }

  /// d loss / d(effective weights), and adds d loss / d(hidden).
  std::vector<double> d_weights(std::vector<double> const& w, std::vector<double>& d_hidden) const
  {
    std::vector<double> all(at(tokens * vocabulary)), dw(w.size());
    logits(w, 0, vocabulary, all.data());
    matrix_view<double> const x(all.data(), tokens, vocabulary);
    logit_gradients(x, targets, {.d_log_prob = seed}, x);
    add_products(w, 0, vocabulary, all.data(), dw, d_hidden);
    return dw;
  }

  /// What a gradient of logits [tokens, count] means for weights and hidden states.
  void add_products(std::vector<double> const& w, index_t first, index_t count, double const* d,
                    std::vector<double>& dw, std::vector<double>& d_hidden) const
  {
    for (index_t t = 0; t < tokens; ++t) {
      for (index_t v = 0; v < count; ++v) {
        for (index_t k = 0; k < width; ++k) {
          dw[at((first + v) * width + k)] += d[t * count + v] * hidden[at(t * width + k)];
          d_hidden[at(t * width + k)] += d[t * count + v] * w[at((first + v) * width + k)];
        }
      }
    }
  }
};

}  // namespace

TEST_CASE("a head is scored and differentiated in tiles, without the logits of a whole row",
          "[row]")
{
  head const h;
  auto const w = h.effective();
  index_t const tile = 16;  // 100 is no multiple of it
  std::vector<double> memory(static_cast<std::size_t>(tokens * tile));
  std::vector<double> lp(static_cast<std::size_t>(tokens)), entropy(lp), lse(lp);
  std::vector<token_stats<double>> stats(lp.size());
  auto const each_tile = [&](auto const& work) {
    for (index_t first = 0; first < vocabulary; first += tile) {
      index_t const count = std::min(tile, vocabulary - first);
      h.logits(w, first, count, memory.data());
      work(first, count, matrix_view<double>(memory.data(), tokens, count));
    }
  };
  each_tile([&](index_t first, index_t, matrix_view<double> const& x) {
    merge_shard(x, h.targets, stats, {.shard = {.first = first, .size = vocabulary}});
  });
  log_probs_of_shards<double>(stats, h.targets,
                              {.log_prob = lp, .entropy = entropy, .log_normalizer = lse},
                              {.shard = {.size = vocabulary}});
  std::vector<double> dw(w.size()), d_hidden(h.hidden.size());
  each_tile([&](index_t first, index_t count, matrix_view<double> const& x) {
    logit_gradients(x, h.targets, {.d_log_prob = h.seed}, x,
                    {.shard = {.first = first, .size = vocabulary},
                     .forward = {.log_prob = lp, .entropy = entropy, .log_normalizer = lse}});
    h.add_products(w, first, count, memory.data(), dw, d_hidden);
  });

  double sum = 0;
  for (std::size_t t = 0; t < lp.size(); ++t) { sum += h.seed[t] * lp[t]; }
  CHECK(sum == Approx(h.loss(w)).epsilon(1e-12));
  std::vector<double> whole_hidden(h.hidden.size());
  auto const whole = h.d_weights(w, whole_hidden);
  // Sums of at most 100 products of about 1: thousands of roundings of 1 forgive their order.
  double const margin = 1e-12;
  for (std::size_t i = 0; i < w.size(); ++i) {
    CAPTURE(i);
    REQUIRE(dw[i] == Approx(whole[i]).epsilon(1e-12).margin(margin));
  }
  for (std::size_t i = 0; i < d_hidden.size(); ++i) {
    CAPTURE(i);
    REQUIRE(d_hidden[i] == Approx(whole_hidden[i]).epsilon(1e-12).margin(margin));
  }
}

TEST_CASE("gradients reach the head's adapter and what lies before the hidden states", "[row]")
{
  head h;
  std::vector<double> d_hidden(h.hidden.size());
  auto const dw = h.d_weights(h.effective(), d_hidden);
  double const step = 1e-5;
  auto const slope = [&](double& x, auto const& loss) {
    double const before = x;
    x = before + step;
    double const above = loss();
    x = before - step;
    double const below = loss();
    x = before;
    return (above - below) / (2 * step);
  };
  auto const effective_loss = [&] { return h.loss(h.effective()); };
  auto const base_loss = [&] { return h.loss(h.base); };  // a fused path that took the base weights
  for (index_t r = 0; r < rank; ++r) {
    for (index_t k = 0; k < width; ++k) {
      double want = 0;  // d loss / d down[r, k] through the effective weights
      for (index_t v = 0; v < vocabulary; ++v) {
        want += h.up[head::at(v * rank + r)] * dw[head::at(v * width + k)];
      }
      double& down = h.down[head::at(r * width + k)];
      CAPTURE(r, k);
      // The quotient's own error: step^2 of the third derivative, and rounding over the step.
      CHECK(slope(down, effective_loss) == Approx(want).epsilon(1e-6).margin(1e-7));
      CHECK(std::abs(want) > 1e-4);
      CHECK(slope(down, base_loss) == 0);
    }
  }
  for (std::size_t i = 0; i < d_hidden.size(); ++i) {
    CAPTURE(i);
    CHECK(slope(h.hidden[i], effective_loss) == Approx(d_hidden[i]).epsilon(1e-6).margin(1e-7));
  }
}

TEST_CASE("a row goes on from shard to shard, wherever its maximum lies", "[row]")
{
  index_t const size = 301;
  for (index_t const width : {index_t(16), index_t(70), index_t(160)}) {
    for (index_t const peak : {index_t(5), index_t(150), index_t(300)}) {
      for (double const gap : {1.0, 4.0, 9.0, 25.0, 60.0}) {
        for (bool const backwards : {false, true}) {
          auto const x = test::peaked_logits(size, peak, gap, 500);
          auto const stored = test::stored_as<float>(x);
          std::vector<std::int32_t> const target{static_cast<std::int32_t>(peak)};
          std::vector<token_stats<float>> tokens(1);
          std::vector<float> const masked(33, -infinity_v<float>);
          auto const add = [&](float const* from, index_t first, index_t count) {
            merge_shard(matrix_view<float const>(from, 1, count), target, tokens,
                        {.shard = {.first = first, .size = size + 33}});
          };
          index_t const shards = (size + width - 1) / width;
          for (index_t s = 0; s < shards; ++s) {
            index_t const first = (backwards ? shards - 1 - s : s) * width;
            add(stored.data() + first, first, std::min(width, size - first));
            add(masked.data(), size, 33);
          }
          auto const got = tokens[0].result();
          auto const want = test::compute_reference(x, peak).result;
          CAPTURE(width, peak, gap, backwards);
          CHECK(test::same_to_the_last_digits<float>(static_cast<double>(got.log_prob),
                                                     want.log_prob));
          CHECK(
              test::same_to_the_last_digits<float>(static_cast<double>(got.entropy), want.entropy));
          CHECK(test::same_number(got.log_normalizer, want.log_normalizer));
          std::vector<float> broken(stored.begin(), stored.begin() + 16);
          broken[3] = std::nanf("");
          add(broken.data(), size, 16);
          CHECK(std::isnan(tokens[0].result().log_prob));
          CHECK(std::isnan(tokens[0].result().entropy));
        }
      }
    }
  }
}
