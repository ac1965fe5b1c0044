// SPDX-License-Identifier: MIT
/// \file  Rankings and levels of scores in the columns of other libraries, and rankings by Thrust.

#ifndef THRUST_DEVICE_SYSTEM
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_OMP
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/host_vector.h>
#include <thrust/system/omp/execution_policy.h>

#include <Eigen/Core>
#if __has_include(<xtensor/containers/xtensor.hpp>)  // since 0.26
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
#endif

#include <prefopt/adapters/eigen.hpp>
#include <prefopt/adapters/thrust_ranking.hpp>
#include <prefopt/adapters/xtensor.hpp>
#include <prefopt/ranking/groups.hpp>
#include <prefopt/ranking/level_cuts.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/value_levels.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/ranking_cases.hpp"

using namespace prefopt;

namespace {

using column = std::vector<index_t>;

/// Order, and levels by value, by width and of groups, as one row of numbers.
template <class Scores>
column ranked(Scores const& scores, index_t samples)
{
  using real = typename tensor_traits<Scores>::element_type;
  auto const n = static_cast<std::size_t>(samples);
  std::vector<real> const thresholds{-1, 0, 100};
  column order(n), groups(n), group_offsets(4), offsets(5), all;
  for (std::size_t i = 0; i < n; ++i) { groups[i] = static_cast<index_t>(i % 3); }
  auto const keep = [&](column const& numbers) {
    all.insert(all.end(), numbers.begin(), numbers.end());
  };
  rank_easy_to_hard(scores, order);
  keep(order);
  levels_at_thresholds(scores, order, thresholds, offsets);
  keep(offsets);
  levels_of_equal_width(scores, order, 2.0, 50.0, offsets);
  keep(offsets);
  rank_within_groups(scores, groups, order, group_offsets);
  keep(order);
  keep(group_offsets);
  return all;
}

/// What `make(scores)` makes of every column of `least` samples or more ranks as the column itself.
template <class Real, class Make>
void check_columns(Make const& make, std::size_t least = 0)
{
  for (auto const& scores : test::score_columns<Real>()) {
    if (scores.size() < least) { continue; }
    auto const n = static_cast<index_t>(scores.size());
    CAPTURE(n);
    auto const other = make(scores);
    CHECK(ranked(other, n) == ranked(scores, n));
  }
}

/// A column of a matrix with other numbers beside it: strided.
template <class Real>
auto column_of_eigen(std::vector<Real> const& scores)
{
  using matrix = Eigen::Matrix<Real, Eigen::Dynamic, 3, Eigen::RowMajor>;
  matrix m = matrix::Constant(static_cast<Eigen::Index>(scores.size()), 3, Real(7));
  for (std::size_t i = 0; i < scores.size(); ++i) {
    m(static_cast<Eigen::Index>(i), 1) = scores[i];
  }
  return m;
}

template <class Real>
auto column_of_xtensor(std::vector<Real> const& scores)
{
  xt::xtensor<Real, 2> t(std::array<std::size_t, 2>{scores.size(), 3}, Real(7));
  for (std::size_t i = 0; i < scores.size(); ++i) { t(i, 2) = scores[i]; }
  return t;
}

template <class Real, class Policy>
void check_policy(Policy const& policy)
{
  for (auto const& scores : test::score_columns<Real>()) {
    CAPTURE(scores.size());
    thrust::device_vector<Real> const device(scores.begin(), scores.end());
    thrust::device_vector<index_t> order(scores.size());
    rank_easy_to_hard(policy, device, order);
    // Not through Thrust's references, whose conversion is undefined by the sanitizer's book.
    index_t const* const first = thrust::raw_pointer_cast(order.data());
    CHECK(column(first, first + scores.size()) == test::order_on_host(scores));
  }
}

}  // namespace

TEMPLATE_TEST_CASE("Eigen columns rank as the scores they hold", "[ranking][adapters]", float,
                   double)
{
  check_columns<TestType>([](std::vector<TestType> const& scores) {
    return Eigen::Array<TestType, Eigen::Dynamic, 1>(
        Eigen::Map<Eigen::Array<TestType, Eigen::Dynamic, 1> const>(
            scores.data(), static_cast<Eigen::Index>(scores.size())));
  });
  for (auto const& scores : test::score_columns<TestType>()) {
    auto const matrix = column_of_eigen(scores);
    auto const n = static_cast<index_t>(scores.size());
    auto const strided = matrix.col(1);
    CHECK(ranked(strided, n) == ranked(scores, n));
  }
}

TEMPLATE_TEST_CASE("xtensor columns rank as the scores they hold", "[ranking][adapters]", float,
                   double)
{
  for (auto const& scores : test::score_columns<TestType>()) {
    auto const tensor = column_of_xtensor(scores);
    auto const n = static_cast<index_t>(scores.size());
    auto const strided = xt::view(tensor, xt::all(), 2);
    CHECK(ranked(strided, n) == ranked(scores, n));
    xt::xtensor<TestType, 1> whole(std::array<std::size_t, 1>{scores.size()});
    std::copy(scores.begin(), scores.end(), whole.begin());
    CHECK(ranked(whole, n) == ranked(scores, n));
  }
}

TEMPLATE_TEST_CASE("Thrust vectors rank as the scores they hold", "[ranking][thrust]", float,
                   double)
{
  check_columns<TestType>([](std::vector<TestType> const& scores) {
    return thrust::device_vector<TestType>(scores.begin(), scores.end());
  });
  // Thrust itself binds a reference to the first element of an empty host_vector in data().
  check_columns<TestType>(
      [](std::vector<TestType> const& scores) {
        return thrust::host_vector<TestType>(scores.begin(), scores.end());
      },
      1);
}

TEMPLATE_TEST_CASE("Thrust's host systems rank with the host's order", "[ranking][thrust]", float,
                   double)
{
  check_policy<TestType>(thrust::seq);
  check_policy<TestType>(thrust::cpp::par);
  check_policy<TestType>(thrust::omp::par);
  check_policy<TestType>(thrust::device);
}

TEMPLATE_TEST_CASE("Thrust's host systems cut levels as the host does", "[ranking][thrust]", float,
                   double)
{
  auto const check = [](auto const& policy, std::vector<TestType> const& scores, int levels) {
    auto const n = static_cast<index_t>(scores.size());
    auto const inner = static_cast<std::size_t>(levels) - 1;
    column offsets(inner + 2);
    levels_of_equal_size(n, offsets);
    std::vector<level_cut<TestType>> expected(inner), cuts(inner);
    column workspace(
        static_cast<std::size_t>(level_cuts_workspace<TestType>(static_cast<index_t>(inner))));
    level_cuts(scores, {offsets}, expected, workspace);
    thrust::device_vector<TestType> const device(scores.begin(), scores.end());
    level_cuts(policy, device, {offsets}, cuts);
    CHECK((cuts == expected));
  };
  for (auto const& scores : test::score_columns<TestType>()) {
    for (int const levels : {1, 3, 50}) {
      CAPTURE(scores.size(), levels);
      check(thrust::seq, scores, levels);
      check(thrust::cpp::par, scores, levels);
      check(thrust::omp::par, scores, levels);
    }
  }
}

TEST_CASE("Thrust ranks strided columns of other libraries", "[ranking][thrust]")
{
  for (auto const& scores : test::score_columns<double>()) {
    auto const matrix = column_of_eigen(scores);
    column order(scores.size());
    rank_easy_to_hard(thrust::omp::par, matrix.col(1), order);
    CHECK(order == test::order_on_host(scores));
  }
}

TEST_CASE("Thrust's rankings refuse what the host's refuse, in the same words",
          "[ranking][thrust][errors]")
{
  float const undefined = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> const scores{1, undefined, 3, -undefined};
  column order(4), short_order(3), wide(8);
  vector_view<index_t> const strided{wide.data(), 4, 2};
  auto const same_words = [&](auto const& column_of_scores, vector_view<index_t> to) {
    std::string const host =
        error_of<std::invalid_argument>([&] { rank_easy_to_hard(column_of_scores, to); });
    CHECK(host != "no error");
    CHECK(error_of<std::invalid_argument>(
              [&] { rank_easy_to_hard(thrust::omp::par, column_of_scores, to); }) == host);
  };
  same_words(scores, order);
  same_words(scores, short_order);
  same_words(std::vector<float>(4), strided);
  CHECK(error_of([&] { rank_easy_to_hard(thrust::cpp::par, scores, order); }) ==
        "prefopt::rank_easy_to_hard: score of sample 1: expected a number, got NaN");
  column const offsets{0, 2, 4};
  std::vector<level_cut<float>> cuts(1);
  CHECK(error_of([&] { level_cuts(thrust::omp::par, scores, {offsets}, cuts); }) ==
        "prefopt::level_cuts: score of sample 1: expected a number, got NaN");
}
