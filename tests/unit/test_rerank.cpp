// SPDX-License-Identifier: MIT
/// \file  Ranking again between the levels of a run: what is seen, what is refused, and that such
/// runs go on from anywhere.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <prefopt/core/permutation.hpp>
#include <prefopt/curriculum/length_groups.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/anti_curriculum.hpp>
#include <prefopt/curriculum/schedules/baby_steps.hpp>
#include <prefopt/curriculum/schedules/look_back.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/curriculum/schedules/up_to_level.hpp>
#include <prefopt/curriculum/stages.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/rank.hpp>
#include <prefopt/ranking/rerank.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"

namespace {

using namespace prefopt;
using column = std::vector<index_t>;
using numbers = std::vector<double>;

std::size_t at(index_t i)
{
  return static_cast<std::size_t>(i);
}

/// Scores as the model after `phase` phases gives them; some are equal.
numbers scores_after(index_t samples, index_t phase)
{
  numbers scores(at(samples));
  for (index_t i = 0; i < samples; ++i) {
    scores[at(i)] = static_cast<double>(derived_seed(3, i, phase) % 50);
  }
  return scores;
}

/// All that a run is saved as.
struct checkpoint {
  column order;
  sampler_state state;
  stage_hooks hooks{.plan = {.rescore = true}};
};

/// A run that scores and ranks again between its phases, in the slices of some ranks.
template <class Schedule>
struct reranked_run {
  column offsets;
  checkpoint now;
  std::vector<std::int32_t> lengths;
  column workspace;
  curriculum_sampler<Schedule> sampler;
  index_t reranks = 0;

  static constexpr index_t batch = 8, window = 4 * batch;

  static sampler_options options(reranked_run& run, bool by_length)
  {
    sampler_options chosen{.batch = batch, .seed = 6};
    if (by_length) { chosen.lengths = {run.lengths, window, run.workspace}; }
    return chosen;
  }

  reranked_run(Schedule const& schedule, column const& levels, checkpoint const& from,
               bool by_length)
      : offsets(levels),
        now(from),
        lengths(from.order.size()),
        workspace(at(length_workspace(window))),
        sampler((std::iota(lengths.begin(), lengths.end(), 0), schedule), now.order, offsets,
                options(*this, by_length))
  {
  }
  reranked_run(reranked_run const&) = delete;

  /// The next batch over all ranks; empty at the end.
  column next(index_t ranks, drawn_batch& drawn)
  {
    // Looking ahead must not keep anything of the old ranking.
    column mine(batch), all;
    sampler.peek(mine);
    drawn = sampler.upcoming();
    if (now.hooks.before(drawn).rescore) {
      auto const samples = static_cast<index_t>(now.order.size());
      rerank_from(scores_after(samples, drawn.phase), now.order, sampler.first_unopened());
      sampler.rerank(now.order);
      ++reranks;
    }
    for (index_t rank = 0; rank < ranks; ++rank) {
      drawn_batch const part =
          rank + 1 < ranks ? sampler.peek(mine, {rank, ranks}) : sampler.next(mine, {rank, ranks});
      all.insert(all.end(), mine.begin(), mine.begin() + part.count);
    }
    REQUIRE(static_cast<index_t>(all.size()) == drawn.size);
    now.state = sampler.state();
    return all;
  }
};

checkpoint start_of(index_t samples)
{
  checkpoint start{.order = column(at(samples)), .state = {}};
  rank_easy_to_hard(scores_after(samples, 0), start.order);
  return start;
}

column sorted(column values)
{
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace

TEST_CASE("ranking again sorts what is not seen and leaves the rest", "[ranking]")
{
  numbers const scores{3, 1, 0.0, 2, -0.0, 1, std::numeric_limits<double>::infinity(), -1};
  column order{6, 1, 5, 4, 0, 2, 3, 7};
  rerank_from(scores, order, 3);
  CHECK(order == column{6, 1, 5, 7, 2, 4, 3, 0});  // equal scores by index
  rerank_from(scores, order, 8);
  CHECK(order == column{6, 1, 5, 7, 2, 4, 3, 0});
  column all(8);
  rank_easy_to_hard(scores, all);
  rerank_from(scores, order, 0);
  CHECK(order == all);

  // In any column of scores, and of any type.
  std::vector<float> const pairs{3, 9, 1, 9, 2, 9};
  column three{0, 1, 2};
  rerank_from(vector_view<float const>(pairs.data(), 3, 2), three, 0);
  CHECK(three == column{1, 2, 0});
}

TEMPLATE_TEST_CASE("a part ranked again has the order of a sort by comparison", "[ranking]", float,
                   double, int)
{
  for (index_t const samples : {150, 5000}) {
    column order(at(samples));
    rank_at_random(4, order);
    std::vector<TestType> scores(at(samples));
    for (index_t i = 0; i < samples; ++i) {
      std::uint64_t const random = derived_seed(8, i, 0);
      scores[at(i)] = static_cast<TestType>(random % 90) - TestType(40);
      if constexpr (std::is_floating_point_v<TestType>) {
        if (random % 3 == 0) { scores[at(i)] = std::nextafter(scores[at(i)], TestType(99)); }
        if (random % 7 == 0) { scores[at(i)] *= std::numeric_limits<TestType>::infinity(); }
        if (scores[at(i)] != scores[at(i)]) { scores[at(i)] = -TestType(0); }
      }
    }
    for (index_t const first : {index_t{0}, samples / 3, samples - 1, samples}) {
      column expected = order, ranked = order;
      std::sort(expected.begin() + first, expected.end(), [&](index_t a, index_t b) {
        return scores[at(a)] != scores[at(b)] ? scores[at(a)] < scores[at(b)] : a < b;
      });
      rerank_from(scores, ranked, first);
      CHECK((ranked == expected));
    }
  }
}

TEST_CASE("ranking again refuses scores without an order, and changes nothing", "[ranking]")
{
  numbers scores{4, std::nan(""), 2, 1};
  column order{1, 0, 2, 3};
  auto const message = [&](index_t first) {
    return error_of<std::invalid_argument>([&] { rerank_from(scores, order, first); });
  };
  CHECK(message(0) == "prefopt::rerank_from: score of sample 1: expected a number, got NaN");
  CHECK(message(-1) == "prefopt::rerank_from: first: expected a rank from 0 to 4, got -1");
  CHECK(message(5) == "prefopt::rerank_from: first: expected a rank from 0 to 4, got 5");
  CHECK(order == column{1, 0, 2, 3});
  CHECK(message(1) == "no error");  // the score of a sample that stays is not read
  CHECK(order == column{1, 3, 2, 0});
  order[3] = 4;
  CHECK(message(1) == "prefopt::rerank_from: order[3]: expected an index below 4, got 4");
  scores.pop_back();
  CHECK(message(1) == "prefopt::rerank_from: column 'order': expected 3 elements, got 4");
}

TEMPLATE_TEST_CASE("ranked again at every boundary, an epoch still holds each sample once",
                   "[sampler]", one_pass, baby_steps)
{
  constexpr index_t samples = 103, epochs = 2;
  column const offsets{0, 30, 30, 61, 103};  // one level is empty
  for (bool const by_length : {false, true}) {
    std::vector<column> alone;
    for (index_t const ranks : {1, 2, 3, 7, 64}) {
      CAPTURE(by_length, ranks);
      reranked_run<TestType> run({.epochs = epochs}, offsets, start_of(samples), by_length);
      std::vector<column> batches;
      column before;  // all that the last phase opened
      drawn_batch drawn;
      column batch = run.next(ranks, drawn);
      while (drawn) {
        drawn_batch const first = drawn;
        column seen;
        while (drawn && drawn.phase == first.phase && drawn.epoch == first.epoch) {
          seen.insert(seen.end(), batch.begin(), batch.end());
          batches.push_back(batch);
          batch = run.next(ranks, drawn);
        }
        seen = sorted(seen);
        REQUIRE(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
        index_t const open = offsets[at(first.phase) + 1];
        bool const cumulative = std::is_same_v<TestType, baby_steps>;
        REQUIRE(static_cast<index_t>(seen.size()) ==
                open - (cumulative ? 0 : offsets[at(first.phase)]));
        if (first.epoch > 0) {
          REQUIRE(seen == before);
          continue;
        }
        // All that was seen comes again or never, and the new ones are the easiest of the others
        // by the scores of their time.
        column fresh = seen;
        if (cumulative) {
          REQUIRE(std::includes(seen.begin(), seen.end(), before.begin(), before.end()));
          fresh.clear();
          std::set_difference(seen.begin(), seen.end(), before.begin(), before.end(),
                              std::back_inserter(fresh));
        }
        numbers const scores = scores_after(samples, first.phase);
        double hardest = 0;
        for (index_t const i : fresh) { hardest = max(hardest, scores[at(i)]); }
        for (index_t r = open; r < samples; ++r) {
          // `now.order` may be that of the next phase, which keeps what was open.
          REQUIRE(scores[at(run.now.order[at(r)])] >= hardest);
        }
        before = seen;
      }
      CHECK(run.reranks == (std::is_same_v<TestType, baby_steps> ? 3 : 2));
      CHECK(static_cast<index_t>(before.size()) ==
            (std::is_same_v<TestType, baby_steps> ? samples : 42));
      if (ranks == 1) { alone = batches; }
      CHECK(batches == alone);
      if constexpr (std::is_same_v<TestType, one_pass>) {
        column count(at(samples));
        for (column const& b : batches) {
          for (index_t const i : b) { ++count[at(i)]; }
        }
        CHECK(count == column(at(samples), epochs));
      }
    }
  }
}

TEMPLATE_TEST_CASE("a run that is ranked again goes on from any batch, on any number of ranks",
                   "[sampler]", one_pass, baby_steps)
{
  constexpr index_t samples = 57;
  column const offsets{0, 19, 38, 57};
  for (bool const by_length : {false, true}) {
    reranked_run<TestType> run({.epochs = 2}, offsets, start_of(samples), by_length);
    std::vector<column> batches;
    std::vector<checkpoint> saved{{run.now.order, run.sampler.state(), run.now.hooks}};
    drawn_batch drawn;
    while (!run.sampler.done()) {
      batches.push_back(run.next(1, drawn));
      saved.push_back(run.now);
    }
    REQUIRE(run.reranks == 2);
    constexpr index_t ranks[] = {1, 2, 3, 7, 64};
    for (std::size_t k = 0; k < saved.size(); ++k) {
      reranked_run<TestType> resumed({.epochs = 2}, offsets, saved[k], by_length);
      resumed.sampler.restore(saved[k].state);
      for (std::size_t step = k; step < batches.size(); ++step) {
        REQUIRE(resumed.next(ranks[k % 5], drawn) == batches[step]);
      }
      REQUIRE(resumed.sampler.done());
      REQUIRE(resumed.now.order == run.now.order);
      REQUIRE(resumed.now.state == run.now.state);
    }
  }
}

TEST_CASE("a state from before a ranking is refused after it", "[sampler]")
{
  column order(20), batch(10);
  column const offsets{0, 10, 20};
  rank_at_random(1, order);
  curriculum_sampler sampler(one_pass{}, order, offsets, {.batch = 10});
  sampler_state const start = sampler.state();
  sampler.next(batch);
  sampler_state const before = sampler.state();
  rerank_from(scores_after(20, 1), order, sampler.first_unopened());
  sampler.rerank(order);
  sampler_state const after = sampler.state();
  CHECK(after.phase == before.phase);
  CHECK(after.ranking != before.ranking);
  CHECK(after.plan == before.plan);
  for (sampler_state const& old : {start, before}) {
    CHECK(mentions(error_of<std::invalid_argument>([&] { sampler.restore(old); }),
                   {"restore: fingerprint of the ranking", std::to_string(old.ranking),
                    std::to_string(after.ranking), "or it was ranked again"}));
    CHECK(sampler.state() == after);
  }
  // The same fingerprint as of a sampler that had this ranking from the beginning.
  curriculum_sampler fresh(one_pass{}, order, offsets, {.batch = 10});
  fresh.restore(after);
  column other(10);
  fresh.next(other);
  sampler.next(batch);
  CHECK(batch == other);
}

TEST_CASE("a run is ranked again between phases only, and with the same samples", "[sampler]")
{
  column order(20), batch(4);
  column const offsets{0, 10, 20};
  rank_at_random(1, order);
  curriculum_sampler sampler(one_pass{}, order, offsets, {.batch = 4});
  sampler.next(batch);
  auto const message = [&](column const& ranked, column const& levels) {
    sampler_state const state = sampler.state();
    std::string const text =
        error_of<std::invalid_argument>([&] { sampler.rerank(ranked, levels); });
    CHECK((sampler.state() == state) == (text != "no error"));
    return text;
  };
  CHECK(message(order, offsets) ==
        "prefopt::curriculum_sampler::rerank: place of the run: expected the beginning of a phase, "
        "got epoch 0, position 4 of phase 0");
  CHECK(mentions(error_of<std::invalid_argument>([&] { sampler.reschedule({.epochs = 2}); }),
                 {"reschedule: place of the run", "the beginning of a phase"}));
  while (sampler.upcoming().phase == 0) { sampler.next(batch); }
  column fewer(order.begin(), order.end() - 1), twice = order;
  twice[0] = twice[1];
  CHECK(mentions(message(fewer, offsets), {"column 'order'", "20 elements", "got 19"}));
  CHECK(mentions(message(twice, offsets), {"every sample once"}));
  CHECK(mentions(message(order, {0, 10, 19}), {"last offset", "20"}));
  column const one_level{0, 20};
  curriculum_sampler late = sampler;
  while (late.next(batch)) {}
  CHECK(message(order, one_level) == "no error");  // phase 1 of 1: the run is over
  CHECK(sampler.done());
  CHECK(mentions(error_of<std::invalid_argument>([&] { late.rerank(order, one_level); }),
                 {"rerank: phase", "below 2", "got 2"}));
}

TEST_CASE("new levels come with a new ranking", "[sampler]")
{
  column order(30), batch(30);
  column const offsets{0, 10, 20, 30}, other{0, 10, 13, 30};
  rank_at_random(1, order);
  curriculum_sampler sampler(one_pass{}, order, offsets, {.batch = 30});
  sampler.next(batch);
  std::uint64_t const plan = sampler.state().plan;
  sampler.rerank(order, other);
  CHECK(sampler.state().plan != plan);
  CHECK(sampler.next(batch).size == 3);
  CHECK(sampler.next(batch).size == 17);
}

TEST_CASE("what has not been open is known from the schedule", "[sampler]")
{
  column order(30), batch(30);
  column const offsets{0, 10, 20, 30};
  rank_at_random(1, order);
  auto const firsts = [&](auto const& schedule) {
    curriculum_sampler sampler(schedule, order, offsets, {.batch = 30});
    column all;
    while (!sampler.done()) {
      all.push_back(sampler.first_unopened());
      sampler.next(batch);
    }
    return all;
  };
  CHECK(firsts(one_pass{}) == column{0, 10, 20});
  CHECK(firsts(baby_steps{}) == column{0, 10, 20});
  CHECK(firsts(anti_curriculum{}) == column{0, 30, 30});
  CHECK(firsts(look_back{.share = 0.5}) == column{0, 30, 30});
  CHECK(firsts(look_back{.share = 0}) == column{0, 10, 20});
}

TEST_CASE("a sampler goes on with another schedule without reading the ranking", "[sampler]")
{
  column order(12);
  column const offsets{0, 4, 8, 12};
  rank_at_random(1, order);
  up_to_level schedule{.level = 0, .rounds = 4};
  curriculum_sampler sampler(schedule, order, offsets, {.batch = 12, .seed = 2});
  curriculum_sampler restarted = sampler;
  for (index_t const level : {0, 2, 1, 2}) {
    schedule.level = level;
    sampler_state const state = sampler.state();
    index_t const kept = order[0];
    order[0] = -1;
    sampler.reschedule(schedule);
    order[0] = kept;
    restarted = curriculum_sampler(schedule, order, offsets, {.batch = 12});
    restarted.restore(state);
    CHECK(sampler.upcoming().size == 4 * (level + 1));
    column expected(12), drawn(12);
    restarted.next(expected);
    sampler.next(drawn);
    CHECK(drawn == expected);
  }
  REQUIRE(sampler.done());
  schedule.rounds = 5;
  sampler.reschedule(schedule);
  CHECK(sampler.upcoming().phase == 4);
  schedule.rounds = 3;
  CHECK(mentions(error_of<std::invalid_argument>([&] { sampler.reschedule(schedule); }),
                 {"reschedule: phase", "below 4", "got 4"}));

  // One that follows nothing may be changed on purpose; its states then belong to the new one.
  curriculum_sampler fixed(one_pass{}, order, offsets, {.batch = 12});
  sampler_state const old = fixed.state();
  fixed.reschedule({.epochs = 3});
  CHECK(fixed.batches() == 9);
  CHECK(fixed.state().plan != old.plan);
  CHECK(mentions(error_of<std::invalid_argument>([&] { fixed.restore(old); }),
                 {"fingerprint of the schedule"}));
}
