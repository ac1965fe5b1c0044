// SPDX-License-Identifier: MIT
/// \file  Difficulty scores, the easy-to-hard order and its levels.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/core/hash.hpp>
#include <prefopt/ranking/difficulty.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/rank.hpp>

#if __has_include(<Eigen/Core>) && __has_include(<prefopt/adapters/eigen.hpp>)
#include <Eigen/Core>

#include <prefopt/adapters/eigen.hpp>
#define PREFOPT_TEST_EIGEN
#endif

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/ranking_cases.hpp"

namespace {

using prefopt::index_t;
using column = std::vector<index_t>;

constexpr double infinity = std::numeric_limits<double>::infinity();
double const undefined = std::numeric_limits<double>::quiet_NaN();

template <class Score>
double score_of(std::vector<double> const& probabilities, double entropy = 0)
{
  Score score;
  for (double const p : probabilities) { score.push(std::log(p), entropy); }
  return score.score();
}

std::vector<double> repeated(int count, double p)
{
  return std::vector<double>(static_cast<std::size_t>(count), p);
}

column ranked(std::vector<double> const& scores)
{
  column order(scores.size());
  prefopt::rank_easy_to_hard(scores, order);
  return order;
}

column equal_levels(index_t samples, std::size_t levels)
{
  column offsets(levels + 1);
  prefopt::levels_of_equal_size(samples, offsets);
  return offsets;
}

column fraction_levels(index_t samples, std::vector<double> const& fractions)
{
  column offsets(fractions.size() + 2);
  prefopt::levels_at_fractions(samples, fractions, offsets);
  return offsets;
}

column threshold_levels(std::vector<double> const& scores, std::vector<double> const& thresholds)
{
  column const order = ranked(scores);
  column offsets(thresholds.size() + 2);
  prefopt::levels_at_thresholds(scores, order, thresholds, offsets);
  return offsets;
}

}  // namespace

TEST_CASE("thresholds are not looked up beyond the scores", "[ranking]")
{
  std::vector<double> const scores{1, 2, 3}, thresholds{2};
  column const order{0, 77, 2}, negative{0, -1, 2};
  column offsets(3);
  CHECK(error_of<std::invalid_argument>([&] {
          prefopt::levels_at_thresholds(scores, order, thresholds, offsets);
        }) == "prefopt::levels_at_thresholds: order[1]: expected an index from 0, below 3, got 77");
  CHECK_THROWS_AS(prefopt::levels_at_thresholds(scores, negative, thresholds, offsets),
                  std::invalid_argument);
}

TEST_CASE("the paper's score is the sum of -p log p over the answer's tokens", "[ranking]")
{
  using score = prefopt::token_entropy_sum<double>;
  // n (-p ln p) by hand, as given to three decimals; the tolerance is half a unit of the last one.
  CHECK(score_of<score>(repeated(10, 0.9)) == Approx(0.948).margin(5e-4));
  CHECK(score_of<score>(repeated(20, 0.9)) == Approx(1.896).margin(5e-4));
  CHECK(score_of<score>(repeated(20, 0.05)) == Approx(2.996).margin(5e-4));
  CHECK(score_of<score>(repeated(20, 0.37)) == Approx(7.357).margin(5e-4));
  CHECK(score_of<prefopt::token_entropy_mean<double>>(repeated(20, 0.37)) ==
        Approx(-0.37 * std::log(0.37)));
}

TEST_CASE("other scores follow their formulas", "[ranking]")
{
  std::vector<double> const p{0.5, 0.25, 0.125};
  double const log2 = std::log(2.0);
  CHECK(score_of<prefopt::nll_sum<double>>(p) == Approx(6 * log2));
  CHECK(score_of<prefopt::nll_mean<double>>(p) == Approx(2 * log2));
  CHECK(score_of<prefopt::vocabulary_entropy_mean<double>>(p, 1.5) == Approx(1.5));
}

TEST_CASE("scores of certain, impossible and undefined tokens", "[ranking]")
{
  prefopt::token_entropy const term;
  CHECK(term(0.0, 0.0) == 0);
  CHECK(term(-infinity, 0.0) == 0);
  CHECK(term(-800.0, 0.0) == 0);  // e^-800 is 0 in double
  CHECK(std::isnan(term(undefined, 0.0)));
  CHECK(term(-1.0, 0.0) == Approx(std::exp(-1.0)));
  CHECK(prefopt::negative_log_likelihood{}(-infinity, 0.0) == infinity);
}

TEST_CASE("an answer without tokens has sum 0 and no mean", "[ranking]")
{
  CHECK(prefopt::token_entropy_sum<float>{}.score() == 0);
  CHECK(prefopt::nll_sum<float>{}.score() == 0);
  CHECK(std::isnan(prefopt::token_entropy_mean<float>{}.score()));
}

TEMPLATE_TEST_CASE("a score of parts is the score of the whole", "[ranking]",
                   prefopt::token_entropy_sum<double>, prefopt::token_entropy_mean<double>,
                   prefopt::vocabulary_entropy_mean<double>, prefopt::nll_mean<double>,
                   prefopt::nll_sum<double>)
{
  // Powers of two: every sum is exact where the score has no exponential.
  TestType whole, left, right, identity;
  for (int t = 0; t < 7; ++t) {
    double const log_prob = -0.25 * t;
    double const entropy = 0.5 * t;
    whole.push(log_prob, entropy);
    (t < 3 ? left : right).push(log_prob, entropy);
  }
  TestType left_right = left, right_left = right, same = whole;
  left_right.merge(right);
  right_left.merge(left);
  same.merge(identity);
  CHECK(left_right.score() == Approx(whole.score()).epsilon(1e-15));  // a few roundings of the sum
  CHECK(left_right.score() == right_left.score());
  CHECK(same.score() == whole.score());
}

TEST_CASE("packed answers are scored one by one, in the score's precision", "[ranking]")
{
  std::vector<float> const log_prob{-1, -2, -3, -4, -5};
  std::vector<float> const entropy{1, 2, 3, 4, 6};
  column const offsets{0, 2, 2, 5};
  std::vector<double> scores(3);
  prefopt::score_sequences<prefopt::nll_sum<double>, float>(prefopt::make_packed(offsets),
                                                            {.log_prob = log_prob}, scores);
  CHECK(scores == std::vector<double>{3, 0, 12});
  prefopt::score_sequences<prefopt::vocabulary_entropy_mean<double>, float>(
      prefopt::make_packed(offsets), {.log_prob = log_prob, .entropy = entropy}, scores);
  CHECK(scores[0] == 1.5);
  CHECK(std::isnan(scores[1]));
  CHECK(scores[2] == Approx(13.0 / 3));
}

TEST_CASE("scoring names the column or offset that is wrong", "[ranking]")
{
  std::vector<double> const log_prob{-1, -2, -3};
  std::vector<double> scores(2);
  auto const score = [&](column const& offsets) {
    return error_of<std::invalid_argument>([&] {
      prefopt::score_sequences<prefopt::nll_sum<double>>(prefopt::make_packed(offsets),
                                                         {.log_prob = log_prob}, scores);
    });
  };
  std::string const from = "prefopt::score_sequences: ";
  CHECK(score({0, 3}) == from + "column 'scores': expected 1 elements, got 2");
  CHECK(score({0, 2, 1}) == from + "sequence 1: expected tokens within 2 to 3, got 2 to 1");
  CHECK(score({0, 2, 4}) == from + "sequence 1: expected tokens within 2 to 3, got 2 to 4");
  CHECK(score({-1, 2, 3}) == from + "sequence 0: expected tokens within 0 to 3, got -1 to 2");
  column const offsets{0, 1, 3};
  CHECK(error_of<std::invalid_argument>([&] {
          prefopt::score_sequences<prefopt::vocabulary_entropy_mean<double>>(
              prefopt::make_packed(offsets), {.log_prob = log_prob}, scores);
        }) == "prefopt::score_sequences: column 'entropy': expected 3 elements, got 0");
}

TEST_CASE("the order is ascending, with ties by index", "[ranking]")
{
  CHECK(ranked({3, 1, 2}) == column{1, 2, 0});
  CHECK(ranked({1, 0, 1, 0, 1}) == column{1, 3, 0, 2, 4});
  CHECK(ranked({0.0, -0.0, 0.0}) == column{0, 1, 2});
  CHECK(ranked({}).empty());
  CHECK(ranked(repeated(100, 7)) == ranked(repeated(100, 8)));
}

TEST_CASE("infinite scores rank first and last", "[ranking]")
{
  CHECK(ranked({infinity, 5, -infinity, infinity, -infinity}) == column{2, 4, 1, 0, 3});
}

TEST_CASE("a score that is not a number is named by its sample", "[ranking]")
{
  CHECK(error_of<std::invalid_argument>([] { ranked({1, undefined, 2, undefined}); }) ==
        "prefopt::rank_easy_to_hard: score of sample 1: expected a number, got NaN");
}

TEST_CASE("the order column must fit the scores", "[ranking]")
{
  std::vector<float> const scores{1, 2, 3};
  column order(6);
  CHECK(error_of<std::invalid_argument>([&] { prefopt::rank_easy_to_hard(scores, order); }) ==
        "prefopt::rank_easy_to_hard: column 'order': expected 3 elements, got 6");
  prefopt::vector_view<index_t> const every_second(order.data(), 3, 2);
  CHECK(error_of<std::invalid_argument>([&] {
          prefopt::rank_easy_to_hard(scores, every_second);
        }) == "prefopt::rank_easy_to_hard: column 'order': expected stride 1, got 2");
}

TEMPLATE_TEST_CASE(
    "sorting by digits gives the order of a stable sort, with a workspace and without", "[ranking]",
    float, double)
{
  auto columns = prefopt::test::score_columns<TestType>();
  std::vector<TestType> crowded(70001);  // ties, and many that differ in their last bits only
  for (std::size_t i = 0; i < crowded.size(); ++i) {
    std::uint64_t const random = prefopt::detail::mix64(i);
    TestType const next = std::nextafter(TestType(random % 5), TestType(9));
    crowded[i] = i % 3 == 0 ? static_cast<TestType>(random % 5) : next;
    if (i % 3 == 1) { crowded[i] -= static_cast<TestType>(random >> 20); }
  }
  columns.push_back(crowded);
  for (auto const& scores : columns) {
    CAPTURE(scores.size());
    column expected(scores.size()), order(scores.size()), workspace(scores.size());
    for (std::size_t i = 0; i < scores.size(); ++i) { expected[i] = static_cast<index_t>(i); }
    std::stable_sort(expected.begin(), expected.end(), [&](index_t a, index_t b) {
      return scores[static_cast<std::size_t>(a)] < scores[static_cast<std::size_t>(b)];
    });
    prefopt::rank_easy_to_hard(scores, order);
    CHECK((order == expected));
    std::fill(order.begin(), order.end(), -1);
    prefopt::rank_easy_to_hard(scores, order, workspace);
    CHECK((order == expected));
  }
}

TEST_CASE("scores of other types rank by comparison", "[ranking]")
{
  std::vector<int> const scores{3, -1, 3, 0};
  column order(4), again(4), workspace(4);
  prefopt::rank_easy_to_hard(scores, order);
  CHECK(order == column{1, 3, 0, 2});
  prefopt::rank_easy_to_hard(scores, again, workspace);
  CHECK(again == order);
}

TEST_CASE("the workspace of a ranking must be large enough and contiguous", "[ranking]")
{
  std::vector<double> const scores{1, 2, 3};
  column order(3), memory(6);
  CHECK(prefopt::rank_workspace(3) == 3);
  CHECK(error_of<std::invalid_argument>(
            [&] { prefopt::rank_easy_to_hard(scores, order, {memory.data(), 2}); }) ==
        "prefopt::rank_easy_to_hard: workspace: expected 3 elements or more, stride 1, got 2 "
        "elements, stride 1");
  CHECK_THROWS_AS(prefopt::rank_easy_to_hard(scores, order, {memory.data(), 3, 2}),
                  std::invalid_argument);
}

TEST_CASE("scores may be strided", "[ranking]")
{
  std::vector<float> const table{3, 0, 1, 0, 2, 0};
  column order(3);
  prefopt::rank_easy_to_hard(prefopt::vector_view<float const>(table.data(), 3, 2), order);
  CHECK(order == column{1, 2, 0});
}

TEST_CASE("equal levels differ by at most one sample, the easiest get more", "[ranking]")
{
  CHECK(equal_levels(9, 3) == column{0, 3, 6, 9});
  CHECK(equal_levels(10, 3) == column{0, 4, 7, 10});
  CHECK(equal_levels(11, 3) == column{0, 4, 8, 11});
  CHECK(equal_levels(5, 1) == column{0, 5});
  for (index_t n = 0; n <= 50; ++n) {
    for (std::size_t levels = 1; levels <= 12; ++levels) {
      column const offsets = equal_levels(n, levels);
      REQUIRE(offsets.front() == 0);
      REQUIRE(offsets.back() == n);
      for (std::size_t k = 0; k < levels; ++k) {
        index_t const size = offsets[k + 1] - offsets[k];
        index_t const floor = n / static_cast<index_t>(levels);
        REQUIRE((size == floor || size == floor + 1));
        if (k > 0) { REQUIRE(size <= offsets[k] - offsets[k - 1]); }
      }
    }
  }
}

TEST_CASE("with more levels than samples the hardest levels are empty", "[ranking]")
{
  CHECK(equal_levels(2, 4) == column{0, 1, 2, 2, 2});
  CHECK(equal_levels(0, 3) == column{0, 0, 0, 0});
}

TEST_CASE("fractions cut at the nearest sample, halves up", "[ranking]")
{
  CHECK(fraction_levels(10, {0.5, 0.8}) == column{0, 5, 8, 10});
  CHECK(fraction_levels(5, {0.5}) == column{0, 3, 5});
  CHECK(fraction_levels(50, {0.14}) == column{0, 7, 50});
  CHECK(fraction_levels(100, {0.29}) == column{0, 29, 100});
  CHECK(fraction_levels(4, {0, 0.5, 0.5, 1}) == column{0, 0, 2, 2, 4, 4});
  CHECK(fraction_levels(9, {1.0 / 3, 2.0 / 3}) == equal_levels(9, 3));
}

TEST_CASE("thresholds put a score that equals one into the harder level", "[ranking]")
{
  std::vector<double> const scores{5, 1, 3, 3, 2};
  CHECK(threshold_levels(scores, {3}) == column{0, 2, 5});
  CHECK(threshold_levels(scores, {2.5, 4}) == column{0, 2, 4, 5});
  CHECK(threshold_levels(scores, {0, 3, 3, 9}) == column{0, 0, 2, 2, 5, 5});
  CHECK(threshold_levels(scores, {-infinity, infinity}) == column{0, 0, 5, 5});
  CHECK(threshold_levels({}, {1}) == column{0, 0, 0});
}

TEST_CASE("cuts that make no levels are refused", "[ranking]")
{
  CHECK(error_of<std::invalid_argument>([] { fraction_levels(5, {0.5, 0.4}); }) ==
        "prefopt::levels_at_fractions: fractions[1]: expected at least 0.500000, got 0.400000");
  CHECK(error_of<std::invalid_argument>([] { fraction_levels(5, {1.5}); }) ==
        "prefopt::levels_at_fractions: fractions[0]: expected a share in [0, 1], got 1.500000");
  CHECK(error_of<std::invalid_argument>([] {
          fraction_levels(5, {undefined});
        }).find("expected a number") != std::string::npos);
  CHECK(error_of<std::invalid_argument>([] {
          threshold_levels({1, 2}, {1, undefined});
        }).find("thresholds[1]") != std::string::npos);
  CHECK(error_of<std::invalid_argument>([] { equal_levels(5, 0); }).find("at least 2") !=
        std::string::npos);
  CHECK(error_of<std::invalid_argument>([] {
          equal_levels(-1, 3);
        }).find("samples: expected 0 or more, got -1") != std::string::npos);
  CHECK(error_of<std::invalid_argument>([] { fraction_levels(-1, {}); }) ==
        "prefopt::levels_at_fractions: samples: expected 0 or more, got -1");
  column const decreasing{0, 3, 2, 5}, late{1, 5}, short_of{0, 4};
  CHECK(error_of<std::invalid_argument>([&] {
          prefopt::check_levels({decreasing}, 5);
        }).find("offsets[2]") != std::string::npos);
  CHECK(error_of<std::invalid_argument>([&] {
          prefopt::check_levels({late}, 5);
        }).find("offsets[0]") != std::string::npos);
  CHECK(error_of<std::invalid_argument>([&] { prefopt::check_levels({short_of}, 5); }) ==
        "prefopt::check_levels: last offset: expected 5 (samples ranked), got 4");
}

#ifdef PREFOPT_TEST_EIGEN
TEST_CASE("scores may be a column of an Eigen matrix", "[ranking][eigen]")
{
  Eigen::MatrixXf scores(3, 2);
  scores << 9, 3, 9, 1, 9, 2;
  column order(3);
  auto const second = scores.col(1);
  prefopt::rank_easy_to_hard(second, order);
  CHECK(order == column{1, 2, 0});
}
#endif
