// SPDX-License-Identifier: MIT
/// \file  Levels cut by selection are those of the whole ranking.

#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/core/hash.hpp>
#include <prefopt/ranking/level_cuts.hpp>
#include <prefopt/ranking/levels.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/ranking_cases.hpp"

using namespace prefopt;

namespace {

using column = std::vector<index_t>;

column equal_parts(std::size_t samples, std::size_t levels)
{
  column offsets(levels + 1);
  levels_of_equal_size(static_cast<index_t>(samples), offsets);
  return offsets;
}

template <class Real>
std::vector<level_cut<Real>> cut(vector_view<Real const> scores, column const& offsets,
                                 int threads = 1)
{
  auto const inner = static_cast<index_t>(offsets.size()) - 2;
  std::vector<level_cut<Real>> cuts(offsets.size() - 2);
  column workspace(static_cast<std::size_t>(level_cuts_workspace<Real>(inner, threads)), -7);
  level_cuts(scores, {offsets}, cuts, workspace, threads);
  return cuts;
}

/// The cuts that the whole order gives.
template <class Real>
std::vector<level_cut<Real>> cuts_of_order(std::vector<Real> const& scores, column const& order,
                                           column const& offsets)
{
  std::vector<level_cut<Real>> cuts;
  for (std::size_t k = 1; k + 1 < offsets.size(); ++k) {
    auto const rank = static_cast<std::size_t>(offsets[k]);
    bool const beyond = rank == order.size();
    index_t const sample = beyond ? offsets[k] : order[rank];
    cuts.push_back({beyond ? infinity_v<Real> : scores[static_cast<std::size_t>(sample)], sample});
  }
  return cuts;
}

/// Whether every sample is in the level that its rank is in.
template <class Real>
bool levels_are_those_of(std::vector<Real> const& scores, column const& order,
                         column const& offsets, std::vector<level_cut<Real>> const& cuts)
{
  bool same = true;
  index_t level = 0;
  for (std::size_t r = 0; r < order.size(); ++r) {
    while (static_cast<index_t>(r) >= offsets[static_cast<std::size_t>(level) + 1]) { ++level; }
    Real const score = scores[static_cast<std::size_t>(order[r])];
    same =
        same && level_of_sample(score, order[r], vector_view<level_cut<Real> const>(cuts)) == level;
  }
  return same;
}

/// Many scores in a narrow range and few outside, with ties of all sizes.
template <class Real>
std::vector<Real> crowded(std::size_t n)
{
  std::vector<Real> scores(n);
  for (std::size_t i = 0; i < n; ++i) {
    std::uint64_t const random = detail::mix64(i);
    auto const fine = static_cast<Real>(random >> 40), coarse = static_cast<Real>(random >> 60);
    scores[i] = i % 3 == 0 ? coarse : i % 3 == 1 ? Real(7) + fine * Real(0x1p-23) : fine - 1e7f;
  }
  return scores;
}

}  // namespace

TEMPLATE_TEST_CASE("levels cut by selection are those of the stable ranking, on any threads",
                   "[ranking][level_cuts]", float, double)
{
  auto const check = [](std::vector<TestType> const& scores, std::size_t levels,
                        std::vector<int> const& more_threads) {
    CAPTURE(scores.size(), levels);
    column const order = test::order_on_host(scores);
    column const offsets = equal_parts(scores.size(), levels);
    auto const cuts = cut<TestType>(scores, offsets);
    CHECK((cuts == cuts_of_order(scores, order, offsets)));
    CHECK(levels_are_those_of(scores, order, offsets, cuts));
    for (int const threads : more_threads) {
      CHECK((cut<TestType>(scores, offsets, threads) == cuts));
    }
  };
  for (auto const& scores : test::score_columns<TestType>()) {
    for (std::size_t const levels : {1u, 2u, 3u, 6u}) { check(scores, levels, {2, 3}); }
  }
  auto const scores = crowded<TestType>(70001);
  for (std::size_t const levels : {3u, 5u, 40u, 3000u}) { check(scores, levels, {2, 3, 8}); }
}

TEST_CASE("cuts lie at any ranks, also several at one and at both ends", "[ranking][level_cuts]")
{
  auto const scores = crowded<float>(5000);
  column const order = test::order_on_host(scores);
  column offsets(9);
  std::vector<double> const fractions{0, 0, 1e-3, 0.29, 0.29, 0.9999, 1};
  levels_at_fractions(5000, fractions, offsets);
  auto const cuts = cut<float>(scores, offsets);
  CHECK((cuts == cuts_of_order(scores, order, offsets)));
  CHECK(levels_are_those_of(scores, order, offsets, cuts));
  CHECK(cuts.back().sample == 5000);
}

TEST_CASE("strided scores are cut as the scores they are", "[ranking][level_cuts]")
{
  auto const scores = crowded<double>(3000);
  std::vector<double> apart(3 * scores.size(), -1);
  for (std::size_t i = 0; i < scores.size(); ++i) { apart[3 * i] = scores[i]; }
  column const offsets = equal_parts(scores.size(), 3);
  CHECK((cut<double>({apart.data(), 3000, 3}, offsets) == cut<double>(scores, offsets)));
}

TEMPLATE_TEST_CASE("a score that is not a number is named before levels are cut",
                   "[ranking][level_cuts][errors]", float, double)
{
  using limits = std::numeric_limits<TestType>;
  column const offsets = equal_parts(3000, 3);
  for (TestType const undefined :
       {limits::quiet_NaN(), -limits::quiet_NaN(), limits::signaling_NaN()}) {
    auto scores = crowded<TestType>(3000);
    scores[5] = limits::infinity();
    scores[6] = -limits::infinity();
    CHECK(cut<TestType>(scores, offsets).size() == 2);
    scores[1234] = scores[2000] = undefined;
    for (int const threads : {1, 2}) {
      CHECK(error_of<std::invalid_argument>([&] { cut<TestType>(scores, offsets, threads); }) ==
            "prefopt::level_cuts: score of sample 1234: expected a number, got NaN");
    }
  }
}

TEMPLATE_TEST_CASE("a score that is not a number is named where no cut is looked for, too",
                   "[ranking][level_cuts][errors]", float, double)
{
  std::vector<TestType> scores{1, std::numeric_limits<TestType>::quiet_NaN(), 2};
  for (column const& offsets : {column{0, 3}, column{0, 3, 3}, column{0, 3, 3, 3}}) {
    CAPTURE(offsets);
    for (int const threads : {1, 2}) {
      CHECK(error_of<std::invalid_argument>([&] { cut<TestType>(scores, offsets, threads); }) ==
            "prefopt::level_cuts: score of sample 1: expected a number, got NaN");
    }
  }
  scores[1] = infinity_v<TestType>;
  CHECK(cut<TestType>(scores, {0, 3}).empty());
  CHECK((cut<TestType>(scores, {0, 3, 3}).front() == level_cut<TestType>{infinity_v<TestType>, 3}));
}

TEST_CASE("level_cuts says which argument does not fit", "[ranking][level_cuts][errors]")
{
  std::vector<float> const scores{3, 1, 2};
  column offsets = equal_parts(3, 3);
  std::vector<level_cut<float>> cuts(2), more(3);
  column workspace(static_cast<std::size_t>(level_cuts_workspace<float>(2)));
  auto const message = [&](vector_view<level_cut<float>> to, vector_view<index_t> memory,
                           int threads) {
    return error_of<std::invalid_argument>(
        [&] { level_cuts(scores, {offsets}, to, memory, threads); });
  };
  CHECK(message(cuts, workspace, 1) == "no error");
  CHECK(message(more, workspace, 1) ==
        "prefopt::level_cuts: column 'cuts': expected 2 elements, got 3");
  CHECK(mentions(message(cuts, workspace, 2), {"workspace", "elements or more, stride 1"}));
  CHECK(mentions(message(cuts, {workspace.data(), level_cuts_workspace<float>(2), 2}, 1),
                 {"workspace", "stride 2"}));
  CHECK(message(cuts, workspace, 0) == "prefopt::level_cuts: threads: expected 1 or more, got 0");
  offsets[3] = 4;
  CHECK(mentions(message(cuts, workspace, 1), {"check_levels", "last offset"}));
}

TEST_CASE("a workspace for tertiles is small and does not depend on the samples",
          "[ranking][level_cuts]")
{
  CHECK(level_cuts_workspace<float>(2) * 8 <= (3 << 19) + 1024);
  CHECK(level_cuts_workspace<float>(1000, 4) * 8 < (4 * 8 + 1) << 20);
}
