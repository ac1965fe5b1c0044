// SPDX-License-Identifier: MIT
/// \file  Difficulty scores of pairs and of sampled answers, and their ways to a ranking.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <prefopt/core/hash.hpp>
#include <prefopt/ranking/difficulty.hpp>
#include <prefopt/ranking/groups.hpp>
#include <prefopt/ranking/length_trend.hpp>
#include <prefopt/ranking/margin_difficulty.hpp>
#include <prefopt/ranking/rank.hpp>
#include <prefopt/ranking/semantic_entropy.hpp>
#include <prefopt/ranking/value_levels.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"

namespace {

using prefopt::index_t;
using column = std::vector<index_t>;
using numbers = std::vector<double>;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Semantic entropy of one prompt.
double entropy_of(column const& clusters, numbers const& log_prob = {})
{
  column const offsets{0, static_cast<index_t>(clusters.size())};
  numbers score(1);
  prefopt::answer_columns<double> answers{.cluster = clusters};
  if (!log_prob.empty()) { answers.log_prob = log_prob; }
  prefopt::score_semantic_entropy<double>(prefopt::make_packed(offsets), answers, score);
  return score[0];
}

std::string refusal(numbers const& scores)
{
  column order(scores.size());
  return error_of<std::invalid_argument>([&] { prefopt::rank_easy_to_hard(scores, order); });
}

}  // namespace

TEST_CASE("the pair with the widest reward margin is the easiest", "[ranking]")
{
  numbers const pc{-40, -45, -30}, pr{-55, -50, -31}, rc{-42, -42, -30}, rr{-50, -50, -30};
  numbers score(3);
  prefopt::score_margins<double>(
      {.chosen = pc, .rejected = pr, .ref_chosen = rc, .ref_rejected = rr}, score);
  CHECK(score == numbers{-7, 3, -1});
  column order(3);
  prefopt::rank_easy_to_hard(score, order);
  CHECK(order == column{0, 2, 1});
  // sDPO's: the reference's columns alone.
  prefopt::score_margins<double, prefopt::score::log_prob>({.chosen = rc, .rejected = rr}, score);
  CHECK(score == numbers{-8, -8, 0});
}

TEST_CASE("margins are free of length where their score is", "[ranking]")
{
  numbers const pc{-40}, pr{-60}, rc{-44}, rr{-50}, lc{20}, lr{40};
  numbers score(1);
  prefopt::score_margins<double, prefopt::score::mean_log_ratio>({.chosen = pc,
                                                                  .rejected = pr,
                                                                  .ref_chosen = rc,
                                                                  .ref_rejected = rr,
                                                                  .chosen_length = lc,
                                                                  .rejected_length = lr},
                                                                 score);
  CHECK(score[0] == Approx(-(4.0 / 20 - -10.0 / 40)).epsilon(1e-15));
  prefopt::score_margins<double, prefopt::score::mean_log_prob>(
      {.chosen = pc, .rejected = pr, .chosen_length = lc, .rejected_length = lr}, score);
  CHECK(score[0] == Approx(-(-40.0 / 20 - -60.0 / 40)).epsilon(1e-15));
}

TEST_CASE("image sensitivity is the answer's score with less without the image", "[ranking]")
{
  using image = prefopt::branch::perturbed<0>;
  numbers const with{-40, -30}, without{-48, -30}, ref_with{-42, -30}, ref_without{-43, -31};
  numbers score(2);
  prefopt::score_margins<double, prefopt::score::log_prob, image>(
      {.chosen = with, .perturbed = {without}}, score);
  CHECK(score == numbers{-8, 0});  // the second answer does not need its image: harder
  prefopt::score_margins<double, prefopt::score::log_ratio, image>({.chosen = with,
                                                                    .perturbed = {without},
                                                                    .ref_chosen = ref_with,
                                                                    .ref_perturbed = {ref_without}},
                                                                   score);
  CHECK(score == numbers{-7, 1});
}

TEST_CASE("the widest rating gap is the easiest", "[ranking]")
{
  std::vector<float> const good{9, 5, 8}, bad{2, 5, 7};
  std::vector<float> score(3);
  prefopt::score_gaps<float>(good, bad, score);
  CHECK(score == std::vector<float>{-7, 0, -1});
}

TEST_CASE("the ranking refuses undefined margins by their sample", "[ranking]")
{
  numbers const chosen{-1, -infinity, -2}, rejected{-3, -infinity, -4};
  numbers score(3);
  prefopt::score_margins<double, prefopt::score::log_prob>({.chosen = chosen, .rejected = rejected},
                                                           score);
  CHECK(refusal(score) ==
        "prefopt::rank_easy_to_hard: score of sample 1: expected a number, got NaN");
  numbers const length{1, 1, 0}, zero{0, 0, 0};
  prefopt::score_margins<double, prefopt::score::mean_log_prob>(
      {.chosen = zero, .rejected = zero, .chosen_length = length, .rejected_length = length},
      score);
  CHECK(mentions(refusal(score), {"sample 2", "NaN"}));
  CHECK(mentions(refusal({1, 2, std::nan("")}), {"sample 2", "NaN"}));  // any column of the user's
  CHECK(mentions(error_of<std::invalid_argument>([&] {
                   prefopt::score_margins<double>({.chosen = chosen, .rejected = rejected}, score);
                 }),
                 {"score_margins", "ref_chosen"}));
  numbers const one{1};
  CHECK_THROWS_AS(prefopt::score_gaps<double>(chosen, one, score), std::invalid_argument);
}

TEST_CASE("semantic entropy is that of the clusters' shares", "[ranking]")
{
  auto const exactly = [](double expected) { return Approx(expected).epsilon(1e-15); };
  CHECK(entropy_of({7, 7, 7, 7, 7}) == 0);
  CHECK(entropy_of({0, 1, 2, 3}) == exactly(std::log(4)));
  CHECK(entropy_of({0, 1, 1, 2}) == exactly(1.5 * std::log(2)));
  CHECK(entropy_of({-5, 1000, 1000, 3}) == exactly(1.5 * std::log(2)));  // any numbers
  CHECK(entropy_of({1, 2, 1, 0}) == entropy_of({1, 2, 1, 9}));
  CHECK(entropy_of({3}) == 0);
}

TEST_CASE("clusters may be weighted by their probability", "[ranking]")
{
  numbers const p{0.1, 0.2, 0.05, 0.05};  // clusters of .3, .05 and .05 of .4
  numbers log_prob;
  for (double const q : p) { log_prob.push_back(std::log(q)); }
  double const expected = -(0.75 * std::log(0.75) + 2 * 0.125 * std::log(0.125));
  CHECK(entropy_of({4, 4, 1, 2}, log_prob) == Approx(expected).epsilon(1e-15));
  // Likelihoods of long answers are below the smallest double: the usual exp-sum-log gives NaN.
  for (double& l : log_prob) { l -= 5000; }
  CHECK(entropy_of({4, 4, 1, 2}, log_prob) == Approx(expected).epsilon(1e-12));
  // Equal likelihoods are counts; an impossible answer adds nothing.
  CHECK(entropy_of({0, 1, 1, 2}, {-3, -3, -3, -3}) == entropy_of({0, 1, 1, 2}));
  CHECK(entropy_of({0, 1}, {-2, -infinity}) == 0);
}

TEST_CASE("prompts keep their answers apart", "[ranking]")
{
  column const offsets{0, 2, 2, 5}, cluster{1, 1, 1, 1, 2};
  numbers score(3);
  prefopt::score_semantic_entropy<double>(prefopt::make_packed(offsets), {.cluster = cluster},
                                          score);
  CHECK(score[0] == 0);
  CHECK(std::isnan(score[1]));
  CHECK(score[2] == Approx(std::log(3) - 2.0 / 3 * std::log(2)));
  CHECK(mentions(refusal(score), {"sample 1", "NaN"}));
  CHECK(std::isnan(entropy_of({0, 1}, {-infinity, -infinity})));
  CHECK(std::isnan(entropy_of({0, 1, 2}, {-1, std::nan(""), -2})));
  CHECK_THROWS_AS(entropy_of({0, 1, 2}, {-1}), std::invalid_argument);
}

TEST_CASE("scores without their length trend are uncorrelated with length", "[ranking]")
{
  numbers const length{10, 20, 30, 40};
  numbers exact{3, 5, 7, 9};  // 1 + .2 length
  prefopt::subtract_length_trend<double>(length, exact);
  for (double const s : exact) { CHECK(std::fabs(s) < 1e-15); }
  numbers score{3, 6, 6.5, 9.25};
  prefopt::subtract_length_trend<double>(length, score);
  double together = 0, sum = 0;
  for (std::size_t i = 0; i < 4; ++i) { together += score[i] * (length[i] - 25), sum += score[i]; }
  CHECK(std::fabs(together) < 1e-13);
  CHECK(std::fabs(sum) < 1e-14);
  CHECK(score[1] > score[2]);
  numbers same{1, 2, 4};
  numbers const equal{5, 5, 5}, two{1, 2};
  prefopt::subtract_length_trend<double>(equal, same);
  CHECK(same[2] - same[0] == 3);
  CHECK(error_of<std::invalid_argument>([&] {
          numbers bad{1, infinity};
          prefopt::subtract_length_trend<double>(two, bad);
        }) ==
        "prefopt::subtract_length_trend: score of sample 1: expected a finite number, got inf");
}

TEST_CASE("levels of equal width hold the scores up to their thresholds", "[ranking]")
{
  numbers const scores{24, 8, 9, 16, 17, 100, 1};
  column order(7), offsets(5);
  prefopt::rank_easy_to_hard(scores, order);
  prefopt::levels_of_equal_width(scores, order, 8, 8, offsets);
  CHECK(offsets == column{0, 2, 4, 6, 7});  // 1 8 | 9 16 | 17 24 | 100
  column one(2);
  prefopt::levels_of_equal_width(scores, order, 8, 8, one);
  CHECK(one == column{0, 7});
  CHECK(mentions(error_of<std::invalid_argument>(
                     [&] { prefopt::levels_of_equal_width(scores, order, 8, 0, offsets); }),
                 {"first and width", "above 0"}));
}

TEST_CASE("a ranking within groups is one ranking after the other", "[ranking]")
{
  numbers const scores{5, 1, 4, 2, 2, 0};
  column const group{1, 0, 1, 2, 2, 1};
  column order(6), begins(4), offsets(7);
  prefopt::rank_within_groups(scores, group, order, begins);
  CHECK(order == column{1, 5, 2, 0, 3, 4});
  CHECK(begins == column{0, 1, 4, 6});
  prefopt::levels_within_groups(begins, 2, offsets);
  CHECK(offsets == column{0, 1, 1, 3, 4, 5, 6});

  numbers const no_scores;
  column const no_groups;
  column none(4), no_order;
  prefopt::rank_within_groups(no_scores, no_groups, no_order, none);
  CHECK(none == column{0, 0, 0, 0});
  auto const message = [&](numbers const& s, column const& g) {
    return error_of<std::invalid_argument>(
        [&] { prefopt::rank_within_groups(s, g, order, begins); });
  };
  CHECK(message(scores, {1, 0, 3, 2, 2, 1}) ==
        "prefopt::rank_within_groups: group of sample 2: expected 0 or more and below 3, got 3");
  CHECK(mentions(message({5, 1, 4, std::nan(""), 2, 0}, group), {"sample 3", "NaN"}));
  CHECK_THROWS_AS(prefopt::levels_within_groups(begins, 0, offsets), std::invalid_argument);
  column const two_groups{0, 1, 4};
  index_t const too_many = std::numeric_limits<index_t>::max() / 2 + 1;  // times 2 there is none
  auto const refused = [&](index_t levels) {
    return error_of<std::invalid_argument>(
        [&] { prefopt::levels_within_groups(two_groups, levels, offsets); });
  };
  CHECK(refused(too_many) ==
        "prefopt::levels_within_groups: levels: expected 4611686018427387903 or fewer of 2 groups, "
        "got 4611686018427387904");
  CHECK(refused(too_many - 1) ==
        "prefopt::levels_within_groups: column 'offsets': expected 9223372036854775807 elements, "
        "got 7");
}

TEST_CASE("large groups rank as by comparison", "[ranking]")
{
  std::size_t const samples = 3000;
  numbers scores(samples);
  column group(samples), order(samples), expected(samples), begins(5);
  for (std::size_t i = 0; i < samples; ++i) {
    std::uint64_t const random = prefopt::detail::mix64(i);
    scores[i] = static_cast<double>(random % 70) - 35 + (random % 3 == 0 ? 0x1p-40 : 0.0);
    group[i] = random % 11 == 0 ? 3 : static_cast<index_t>((random >> 32) % 2);
    expected[i] = static_cast<index_t>(i);
  }
  auto const at = [](auto const& values, index_t i) { return values[static_cast<std::size_t>(i)]; };
  std::stable_sort(expected.begin(), expected.end(), [&](index_t a, index_t b) {
    return std::pair(at(group, a), at(scores, a)) < std::pair(at(group, b), at(scores, b));
  });
  prefopt::rank_within_groups(scores, group, order, begins);
  CHECK((order == expected));
  CHECK(begins[2] == begins[3]);  // group 2 is empty
  CHECK(begins[4] == 3000);
  std::vector<int> whole(scores.begin(), scores.end());
  std::stable_sort(expected.begin(), expected.end(), [&](index_t a, index_t b) {
    return std::tuple(at(group, a), at(whole, a), a) < std::tuple(at(group, b), at(whole, b), b);
  });
  prefopt::rank_within_groups(whole, group, order, begins);
  CHECK((order == expected));
}
