// SPDX-License-Identifier: MIT
/// \file  Batches of samples of similar length.

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <prefopt/curriculum/length_groups.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/all_at_once.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/curriculum/schedules/up_to_level.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/sampler_cases.hpp"

namespace {

using namespace prefopt;
using namespace prefopt::test;

}  // namespace

TEST_CASE("batches of similar length hold each sample once, and little padding", "[sampler]")
{
  constexpr index_t n = 1003, batch = 16, window = 10 * batch;
  ranking const r(n, 1);
  grouped lengths(n, window);
  for (index_t const ranks : {1, 2, 3, 7, 64}) {
    curriculum_sampler plain(all_at_once{.epochs = 2}, r.order, r.offsets, {.batch = batch});
    curriculum_sampler sampler(all_at_once{.epochs = 2}, r.order, r.offsets,
                               {.batch = batch, .lengths = lengths.view()});
    index_t padding = 0, plain_padding = 0;
    auto const padding_of = [&](column const& samples) {
      std::int32_t longest = 0;
      index_t sum = 0;
      for (index_t const s : samples) {
        longest = max(longest, lengths.lengths[at(s)]);
        sum += lengths.lengths[at(s)];
      }
      return longest * static_cast<index_t>(samples.size()) - sum;
    };
    while (!sampler.done()) {
      column drawn, random;
      std::vector<std::pair<std::int32_t, std::int32_t>> ranges;
      index_t sorted_batches = 0;
      do {
        column const samples = next_of(sampler, ranks), others = next_of(plain, ranks);
        REQUIRE(samples.size() == others.size());
        padding += padding_of(samples);
        plain_padding += padding_of(others);
        column by_length = samples;
        auto const shorter = [&](index_t a, index_t b) {
          return lengths.lengths[at(a)] < lengths.lengths[at(b)];
        };
        sorted_batches += std::is_sorted(samples.begin(), samples.end(), shorter) ? 1 : 0;
        std::sort(by_length.begin(), by_length.end(), shorter);
        ranges.emplace_back(lengths.lengths[at(by_length.front())],
                            lengths.lengths[at(by_length.back())]);
        drawn.insert(drawn.end(), samples.begin(), samples.end());
        random.insert(random.end(), others.begin(), others.end());
      } while (sampler.state().position % window != 0);
      // The samples of the window in the random order, cut by length, the cuts in random order.
      std::sort(drawn.begin(), drawn.end());
      std::sort(random.begin(), random.end());
      REQUIRE(drawn == random);
      if (ranges.size() > 4) { CHECK(!std::is_sorted(ranges.begin(), ranges.end())); }
      std::sort(ranges.begin(), ranges.end());
      for (std::size_t k = 1; k < ranges.size(); ++k) {
        REQUIRE(ranges[k - 1].second <= ranges[k].first);
      }
      CHECK(sorted_batches <= 1);  // one sample may be left over
    }
    CHECK(plain.done());
    CHECK(padding * 5 < plain_padding);
  }
}

TEST_CASE("every rank's slice of a batch of similar length has its short and its long samples",
          "[sampler]")
{
  for (index_t const batch : {64, 500, 512}) {
    index_t const n = 4 * batch, ranks = 4;
    ranking const r(n, 1);
    grouped lengths(n, n);
    std::iota(lengths.lengths.begin(), lengths.lengths.end(), 0);
    curriculum_sampler sampler(all_at_once{}, r.order, r.offsets,
                               {.batch = batch, .lengths = lengths.view()});
    while (!sampler.done()) {
      column mine(at(batch)), whole(at(batch));
      index_t const count = sampler.peek(whole).count;
      index_t const shortest = *std::min_element(whole.begin(), whole.end());
      for (index_t rank = 0; rank < ranks; ++rank) {
        index_t const size = sampler.peek(mine, {rank, ranks}).count;
        column quarters(4);  // of the batch, whose lengths are a row of numbers
        for (index_t i = 0; i < size; ++i) {
          quarters[at((mine[at(i)] - shortest) * 4 / count)] += 1;
        }
        // A slice at random would be off by that much on average.
        for (index_t const inside : quarters) { CHECK(std::abs(inside - size / 4) <= 4); }
      }
      sampler.next(mine);
    }
  }
}

TEST_CASE("samplers that share a workspace draw what they draw alone", "[sampler]")
{
  ranking const r(300, 2);
  grouped lengths(300, 40), own(300, 40);
  curriculum_sampler alone(one_pass{}, r.order, r.offsets,
                           {.batch = 8, .seed = 1, .lengths = own.view()});
  curriculum_sampler first(one_pass{}, r.order, r.offsets,
                           {.batch = 8, .seed = 1, .lengths = lengths.view()});
  curriculum_sampler other(one_pass{}, r.order, r.offsets,
                           {.batch = 8, .seed = 2, .lengths = lengths.view()});
  while (!alone.done()) {
    column const expected = next_of(alone, 1);
    CHECK(next_of(first, 1) == expected);
    next_of(other, 1);
  }
}

TEST_CASE("a window that was looked at is not taken for that of another schedule", "[sampler]")
{
  constexpr index_t n = 40;
  ranking const r(n, 4);
  grouped lengths(n, 20), own(n, 20);
  auto const up_to = [](index_t level) {
    return up_to_level{.level = level, .rounds = 2, .draws = 10};
  };
  auto const start = [&](index_t level, grouped& groups, index_t batch = 5) {
    return curriculum_sampler(up_to(level), r.order, r.offsets,
                              {.batch = batch, .seed = 3, .lengths = groups.view()});
  };
  auto sampler = start(0, lengths), fresh = start(0, own);
  while (sampler.state().phase == 0) { next_of(sampler, 1), next_of(fresh, 1); }
  column ignored(5);
  sampler.peek(ignored);  // fills the workspace for level 0
  sampler.reschedule(up_to(3));
  fresh.reschedule(up_to(3));
  while (!fresh.done()) { CHECK(next_of(sampler, 1) == next_of(fresh, 1)); }

  // The same seed, ranking and workspace, but other levels and other batches.
  auto low = start(0, lengths), all = start(3, lengths), large = start(3, lengths, 10);
  auto alone = start(3, own);
  while (!alone.done()) {
    if (!low.done()) { next_of(low, 1); }
    if (!large.done()) { next_of(large, 1); }
    CHECK(next_of(all, 1) == next_of(alone, 1));
  }
}

TEST_CASE("a batch of everything at once needs the room of the whole batch", "[sampler]")
{
  ranking const r(20, 1);
  curriculum_sampler const sampler(all_at_once{}, r.order, r.offsets, {.batch = INT64_MAX});
  column one(1, -7);
  CHECK_THROWS_AS(sampler.peek(one, {0, 2}), std::invalid_argument);
  CHECK(one[0] == -7);
}

TEST_CASE("wrong groupings by length are named", "[sampler]")
{
  ranking const r(20, 2);
  grouped lengths(20, 8);
  auto const start = [&](index_t batch, length_grouping const& groups) {
    return error_of<std::invalid_argument>([&] {
      curriculum_sampler(one_pass{}, r.order, r.offsets, {.batch = batch, .lengths = groups});
    });
  };
  std::string const name = "prefopt::curriculum_sampler: ";
  length_grouping groups = lengths.view();
  CHECK(start(4, groups) == "no error");
  CHECK(start(3, groups) == name + "window: expected a multiple of the batch, 3, got 8");
  groups.window = -4;
  CHECK(start(4, groups) == name + "window: expected a multiple of the batch, 4, got -4");
  groups.window = 12;
  CHECK(start(4, groups) ==
        name +
            "column 'workspace': expected at least 40 contiguous elements, got 28 with stride 1");
  groups = lengths.view();
  groups.lengths = groups.lengths.part(0, 19);
  CHECK(start(4, groups) == name + "column 'lengths': expected 20 elements, got 19");
  lengths.lengths[7] = -1;
  CHECK(start(4, lengths.view()) == name + "lengths[7]: expected 0 or more, got -1");
  lengths.lengths[7] = 0;

  // Another batch size would cut the window elsewhere; without a grouping it may change.
  curriculum_sampler four(one_pass{}, r.order, r.offsets, {.batch = 4, .lengths = lengths.view()});
  sampler_state const saved = four.state();
  grouped two_lengths(20, 8), changed(20, 8);
  changed.lengths[19] += 1;
  curriculum_sampler two(one_pass{}, r.order, r.offsets,
                         {.batch = 2, .lengths = two_lengths.view()});
  curriculum_sampler longer(one_pass{}, r.order, r.offsets,
                            {.batch = 4, .lengths = changed.view()});
  for (auto* const sampler : {&two, &longer}) {
    CHECK(mentions(error_of<std::invalid_argument>([&] { sampler->restore(saved); }),
                   {"fingerprint of the schedule", "lengths, window or batch"}));
  }
  sampler_state amid = saved;
  amid.position = 2;
  CHECK(error_of<std::invalid_argument>([&] { four.restore(amid); }) ==
        "prefopt::curriculum_sampler::restore: position: expected a multiple of the batch, 4, got "
        "2");
  // Nor may they change where the schedule may.
  curriculum_sampler follows(up_to_level{.rounds = 2}, r.order, r.offsets,
                             {.batch = 4, .lengths = lengths.view()});
  curriculum_sampler other(up_to_level{.level = 1, .rounds = 2}, r.order, r.offsets,
                           {.batch = 4, .lengths = changed.view()});
  CHECK(mentions(error_of<std::invalid_argument>([&] { other.restore(follows.state()); }),
                 {"fingerprint of the schedule", "lengths, window or batch"}));
}
