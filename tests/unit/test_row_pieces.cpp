// SPDX-License-Identifier: MIT
/// \file  Long rows in pieces: the bits of one thread, whatever threads there are.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include <prefopt/row/rows.hpp>

#include "support/catch.hpp"
#include "support/row_cases.hpp"

using namespace prefopt;
using namespace prefopt::test;

namespace {

constexpr index_t shortest = detail::row_pieces::shortest;

template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b)
{
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

template <class T>
std::vector<T> first_of(std::vector<T> const& all, index_t count)
{
  return {all.begin(), all.begin() + count};
}

/// Rows with a masked piece, a target in the last piece, an ignored row and one without a seed.
template <class Stored>
struct few_rows {
  static constexpr index_t rows = 5;
  index_t size;
  std::vector<Stored> logits;
  std::vector<std::int64_t> targets;
  std::vector<float> d_log_prob{1.5f, -0.5f, 2, 1, 0};
  std::vector<float> d_entropy{0.25f, 0, 0, 1, 0};

  explicit few_rows(index_t vocabulary) : size(vocabulary)
  {
    std::vector<double> x;
    for (index_t i = 0; i < rows; ++i) {
      auto const row = random_logits(size, static_cast<unsigned>(20 + i));
      x.insert(x.end(), row.begin(), row.end());
    }
    for (index_t j = 0; j < shortest; ++j) {
      x[static_cast<std::size_t>(size + j)] = -infinity_v<double>;
    }
    logits = stored_as<Stored>(x);
    targets = {0, size - 1, size / 2, -100, 7};
  }
  matrix_view<Stored const> view(index_t count) const { return {logits.data(), count, size}; }
};

struct outcome {
  std::vector<float> log_prob, entropy, log_normalizer;
  explicit outcome(index_t rows)
      : log_prob(static_cast<std::size_t>(rows)),
        entropy(static_cast<std::size_t>(rows)),
        log_normalizer(static_cast<std::size_t>(rows))
  {
  }
  log_prob_columns<float> columns()
  {
    return {.log_prob = log_prob, .entropy = entropy, .log_normalizer = log_normalizer};
  }
};

}  // namespace

TEST_CASE("the pieces of a row cover it, and none but the last is short", "[row][pieces]")
{
  for (index_t const size :
       {index_t(1), index_t(32000), 2 * shortest - 1, 2 * shortest, index_t(128256), index_t(98305),
        index_t(151936), index_t(262144), index_t(3145729), index_t(10000019)}) {
    auto const pieces = detail::row_pieces::of(size);
    CAPTURE(size, pieces.count, pieces.size);
    CHECK((pieces.count - 1) * pieces.size < size);
    CHECK(pieces.count * pieces.size >= size);
    CHECK((pieces.count == 1 || pieces.size >= shortest));
    CHECK(pieces.count <= detail::row_pieces::most);
    CHECK((pieces.count > 1) == (size >= 2 * shortest));
  }
}

TEMPLATE_TEST_CASE("few long rows have the bits of one thread on any number", "[row][pieces]",
                   float, bfloat16)
{
  for (index_t const size : {2 * shortest, index_t(151936), index_t(100003)}) {
    few_rows<TestType> const x(size);
    row_options<float> options;
    outcome want(x.rows);
    log_probs(x.view(x.rows), x.targets, want.columns(), options);
    for (index_t const rows : {1, 2, 3, 5}) {
      std::vector<std::int64_t> const targets(x.targets.begin(), x.targets.begin() + rows);
      log_prob_seed_columns<float> const seeds{
          .d_log_prob = vector_view<float const>{x.d_log_prob.data(), rows},
          .d_entropy = vector_view<float const>{x.d_entropy.data(), rows}};
      auto const count = static_cast<std::size_t>(rows * size);
      std::vector<TestType> gradient(count);
      std::vector<TestType> in_place;
      for (int const threads : {1, 2, 8}) {
        CAPTURE(size, rows, threads);
        options.threads = threads;
        outcome got(rows);
        log_probs(x.view(rows), targets, got.columns(), options);
        CHECK(same_bits(got.log_prob, first_of(want.log_prob, rows)));
        CHECK(same_bits(got.entropy, first_of(want.entropy, rows)));
        CHECK(same_bits(got.log_normalizer, first_of(want.log_normalizer, rows)));

        auto saved = options;
        saved.forward = {
            .log_prob = got.log_prob, .entropy = got.entropy, .log_normalizer = got.log_normalizer};
        std::vector<TestType> mine(count, detail::from_real<TestType>(9.0f));
        logit_gradients(x.view(rows), targets, seeds,
                        matrix_view<TestType>{mine.data(), rows, size}, saved);
        if (threads == 1) { gradient = mine; }
        CHECK(same_bits(mine, gradient));

        in_place.assign(x.logits.begin(), x.logits.begin() + rows * size);
        matrix_view<TestType> const both{in_place.data(), rows, size};
        logit_gradients(both, targets, seeds, both, options);
        CHECK(same_bits(in_place, gradient));
      }
    }
  }
}

TEST_CASE("few rows whose gradients go past the caches have the bits of those in place",
          "[row][pieces]")
{
  index_t const size = 9'000'001;
  std::vector<float> x(static_cast<std::size_t>(size));
  for (std::size_t j = 0; j < x.size(); ++j) { x[j] = static_cast<float>(j * 7919 % 1000) * 0.01f; }
  std::vector<std::int64_t> const target{size - 2};
  std::vector<float> const d_log_prob{0.5f};
  auto in_place = x;
  matrix_view<float> const both{in_place.data(), 1, size};
  logit_gradients(both, target, {.d_log_prob = d_log_prob}, both, {.threads = 1});
  std::vector<float> apart(x.size() + 3);
  for (int const threads : {1, 4}) {
    CAPTURE(threads);
    logit_gradients(matrix_view<float const>{x.data(), 1, size}, target, {.d_log_prob = d_log_prob},
                    matrix_view<float>{apart.data() + 3, 1, size}, {.threads = threads});
    CHECK(std::memcmp(apart.data() + 3, in_place.data(), x.size() * sizeof(float)) == 0);
    std::fill(apart.begin(), apart.end(), 0.0f);
  }
}

TEST_CASE("a row in pieces is exact, and NaN anywhere in it is NaN", "[row][pieces]")
{
  index_t const size = 4 * shortest + 77;
  auto const logits = random_logits(size, 31);
  auto x = stored_as<float>(logits);
  auto const want = compute_reference(as_double(x), size - 5, {1, 0.5, 0});
  std::vector<std::int64_t> const target{size - 5};
  outcome got(1);
  log_probs(matrix_view<float const>{x.data(), 1, size}, target, got.columns(), {.threads = 4});
  CHECK(std::abs(got.log_prob[0] - want.result.log_prob) <= 2e-6);
  CHECK(std::abs(got.entropy[0] - want.result.entropy) <= 2e-6);
  x[static_cast<std::size_t>(3 * shortest)] = quiet_nan_v<float>;
  for (int const threads : {1, 4}) {
    log_probs(matrix_view<float const>{x.data(), 1, size}, target, got.columns(),
              {.threads = threads});
    CHECK(got.log_prob[0] != got.log_prob[0]);
    CHECK(got.entropy[0] != got.entropy[0]);
  }
}
