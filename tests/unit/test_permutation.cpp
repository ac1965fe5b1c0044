// SPDX-License-Identifier: MIT
/// \file  Permutations: bijections, the same everywhere, and random as far as tests tell.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include <prefopt/core/permutation.hpp>

#include "support/catch.hpp"
#include "support/sampler_cases.hpp"

namespace {

using namespace prefopt;
using namespace prefopt::test;

/// Chi-squared of counts that should be alike, in standard deviations from its mean: far above
/// they differ too much, far below they are too regular.
double surprise(std::vector<double> const& counts, double degrees_of_freedom)
{
  double const mean =
      std::accumulate(counts.begin(), counts.end(), 0.0) / static_cast<double>(counts.size());
  double chi_squared = 0;
  for (double const count : counts) { chi_squared += (count - mean) * (count - mean) / mean; }
  return (chi_squared - degrees_of_freedom) / std::sqrt(2 * degrees_of_freedom);
}
double surprise(std::vector<double> const& counts)
{
  return surprise(counts, static_cast<double>(counts.size()) - 1);
}

/// The bin of a value in [0, n) out of `bins`.
std::size_t bin_of(index_t value, index_t n, std::size_t bins)
{
  return static_cast<std::size_t>(static_cast<double>(value) / static_cast<double>(n) *
                                  static_cast<double>(bins));
}

/// Where `count` elements from 0 on go.
column images_of(permutation const& p, index_t count)
{
  column images(at(count));
  std::iota(images.begin(), images.end(), 0);
  p.apply(images.data(), count);
  return images;
}

}  // namespace

TEST_CASE("a permutation holds every element once", "[curriculum]")
{
  column sizes(200);
  std::iota(sizes.begin(), sizes.end(), 1);
  sizes.insert(sizes.end(), {255, 256, 257, 4095, 4096, 4097, 65536, 65537, 100003});
  for (index_t const n : sizes) {
    for (std::uint64_t const seed : {0ull, 1ull, 0xFFFFFFFFFFFFFFFFull}) {
      prefopt::permutation const p(n, seed);
      std::vector<bool> seen(static_cast<std::size_t>(n), false);
      for (index_t i = 0; i < n; ++i) {
        index_t const image = p(i);
        REQUIRE(image >= 0);
        REQUIRE(image < n);
        REQUIRE(!seen[static_cast<std::size_t>(image)]);
        seen[static_cast<std::size_t>(image)] = true;
      }
    }
  }
}

TEST_CASE("a permutation of 2^40 elements stays inside and repeats nothing", "[curriculum]")
{
  index_t const n = (index_t{1} << 40) + 1;
  prefopt::permutation const p(n, 5);
  column images;
  for (index_t i = 0; i < 1000; ++i) { images.push_back(p(i * (n / 1000))); }
  images = sorted(images);
  CHECK(images.front() >= 0);
  CHECK(images.back() < n);
  CHECK(std::adjacent_find(images.begin(), images.end()) == images.end());
}

TEST_CASE("a permutation is the same everywhere", "[curriculum]")
{
  // Frozen from this implementation: saved runs go on after an update of the library.
  constexpr prefopt::permutation p(10, 42);
  static_assert(p.size() == 10);
  column images(10);
  for (index_t i = 0; i < 10; ++i) { images[static_cast<std::size_t>(i)] = p(i); }
  CHECK(images == column{9, 1, 3, 6, 0, 4, 8, 5, 7, 2});
  CHECK(prefopt::permutation(1000000007, 42)(123456789) == 346492758);
  CHECK(prefopt::derived_seed(42, 3, -1) == 16851838504947796043u);
}

TEST_CASE("all orders of few elements are equally likely", "[curriculum]")
{
  // Chi-squared over the n! orders, 200 seeds for each; 5 standard deviations above its mean.
  for (index_t n = 2; n <= 6; ++n) {
    column identity(static_cast<std::size_t>(n));
    std::iota(identity.begin(), identity.end(), 0);
    std::vector<column> drawn_orders;
    double const orders = std::tgamma(static_cast<double>(n) + 1);
    for (std::uint64_t seed = 0; seed < 200 * static_cast<std::uint64_t>(orders); ++seed) {
      prefopt::permutation const p(n, seed);
      column o = identity;
      for (index_t& i : o) { i = p(i); }
      drawn_orders.push_back(o);
    }
    std::sort(drawn_orders.begin(), drawn_orders.end());
    double chi_squared = 0, seen = 0;
    for (auto first = drawn_orders.begin(); first != drawn_orders.end(); ++seen) {
      auto const last = std::upper_bound(first, drawn_orders.end(), *first);
      double const surplus = static_cast<double>(last - first) - 200;
      chi_squared += surplus * surplus / 200;
      first = last;
    }
    CAPTURE(n);
    CHECK(seen == orders);
    CHECK(chi_squared < orders - 1 + 5 * std::sqrt(2 * (orders - 1)));
  }
}

TEST_CASE("many elements are permuted as one by one", "[sampler]")
{
  column sizes(130);
  std::iota(sizes.begin(), sizes.end(), 1);
  sizes.insert(sizes.end(), {4095, 4096, 4097, 100003, index_t{1} << 32, (index_t{1} << 32) + 1,
                             (index_t{1} << 40) + 1, index_t{1} << 62});
  for (index_t const n : sizes) {
    for (std::uint64_t const seed : {0ull, 42ull, 0xFFFFFFFFFFFFFFFFull}) {
      permutation const p(n, seed);
      for (index_t const count : {0, 1, 15, 16, 17, 63, 64, 65, 333}) {
        column elements(at(count) + 1, -7);
        for (index_t i = 0; i < count; ++i) {
          elements[at(i)] = static_cast<index_t>(derived_seed(seed, i, count) >> 2) % n;
        }
        column expected = elements;
        for (index_t i = 0; i < count; ++i) { expected[at(i)] = p(expected[at(i)]); }
        p.apply(elements.data(), count);
        REQUIRE(elements == expected);
      }
    }
  }
}

// Each bound below is five standard deviations of what a random order gives.

TEST_CASE("over the seeds every element goes everywhere equally often", "[sampler]")
{
  for (index_t const n : {20, 257, 1000, 100003}) {
    constexpr std::uint64_t seeds = 4000;
    index_t const elements = min(n, index_t{20});
    std::size_t const bins = n == 257 ? 257 : 20;  // a whole number in each, or nearly so
    for (index_t i = 0; i < elements; ++i) {
      index_t const element = n == 20 ? i : i * (n / 20);
      std::vector<double> counts(bins);
      for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        counts[bin_of(permutation(n, seed)(element), n, bins)] += 1;
      }
      CAPTURE(n, element);
      CHECK(std::abs(surprise(counts)) < 5);
    }
  }
}

TEST_CASE("over the seeds as many elements stay in place as in a random order", "[sampler]")
{
  for (index_t const n : {12, 100, 3000}) {
    constexpr int seeds = 2000;
    double fixed = 0;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      column const images = images_of(permutation(n, seed), n);
      for (index_t i = 0; i < n; ++i) { fixed += images[at(i)] == i ? 1 : 0; }
    }
    CAPTURE(n);
    CHECK(std::abs(fixed / seeds - 1) < 5 / std::sqrt(double{seeds}));  // Poisson with mean 1
  }
}

TEST_CASE("neighbours do not stay neighbours", "[sampler]")
{
  for (index_t const n : {index_t{100003}, index_t{1} << 20, index_t{100000000}}) {
    index_t const count = min(n, index_t{1} << 18);
    permutation const p(n, 3);
    column const images = images_of(p, count);
    std::vector<double> places(256);
    for (index_t const image : images) { places[bin_of(image, n, places.size())] += 1; }
    // Without replacement the counts vary less; hence the share that is not drawn.
    double const free = 255 * max(0.0, 1 - static_cast<double>(count) / static_cast<double>(n));
    CAPTURE(n);
    if (count < n) {
      CHECK(std::abs(surprise(places, free)) < 5);
    } else {
      double const cell = static_cast<double>(n) / 256;
      for (double const inside : places) { REQUIRE(std::abs(inside - cell) <= 1); }
    }
    for (index_t lag = 1; lag <= 8; ++lag) {
      std::vector<double> pairs(32 * 32), steps(64);
      double product = 0, ascents = 0;
      for (index_t i = 0; i + lag < count; ++i) {
        index_t const a = images[at(i)], b = images[at(i + lag)];
        pairs[32 * bin_of(a, n, 32) + bin_of(b, n, 32)] += 1;
        steps[bin_of(b > a ? b - a : b - a + n, n, 64)] += 1;
        product += (static_cast<double>(a) / static_cast<double>(n) - 0.5) *
                   (static_cast<double>(b) / static_cast<double>(n) - 0.5) * 12;
        ascents += b > a ? 1 : 0;
      }
      auto const terms = static_cast<double>(count - lag);
      CAPTURE(lag);
      CHECK(std::abs(surprise(pairs)) < 5);
      CHECK(std::abs(surprise(steps)) < 5);
      CHECK(std::abs(product) < 5 * std::sqrt(terms));
      // Of pairs that share elements the variance is at most 1 / 4 each (1 / 12 for lag 1).
      CHECK(std::abs(ascents - terms / 2) < 5 * std::sqrt(terms / 4));
    }
  }
}

TEST_CASE("one epoch's order says nothing about the next one's", "[sampler]")
{
  for (index_t const n : {index_t{1000}, index_t{100003}, index_t{100000000}}) {
    index_t const count = min(n, index_t{1} << 17);
    double coincidences = 0, expected = 0;
    for (index_t epoch = 0; epoch < 20; ++epoch) {
      column const now = images_of(permutation(n, derived_seed(7, 0, epoch)), count);
      column const next = images_of(permutation(n, derived_seed(7, 0, epoch + 1)), count);
      std::vector<double> pairs(16 * 16);
      double product = 0;
      for (std::size_t i = 0; i < now.size(); ++i) {
        pairs[16 * bin_of(now[i], n, 16) + bin_of(next[i], n, 16)] += 1;
        product += (static_cast<double>(now[i]) / static_cast<double>(n) - 0.5) *
                   (static_cast<double>(next[i]) / static_cast<double>(n) - 0.5) * 12;
        coincidences += now[i] == next[i] ? 1 : 0;
      }
      expected += static_cast<double>(count) / static_cast<double>(n);
      CAPTURE(n, epoch);
      CHECK(std::abs(surprise(pairs)) < 5);
      CHECK(std::abs(product) < 5 * std::sqrt(static_cast<double>(count)));
    }
    CHECK(std::abs(coincidences - expected) < 5 * std::sqrt(max(expected, 1.0)));
  }
}
