// SPDX-License-Identifier: MIT
/// \file  The sampler at scale: permutations of many elements, laws over ranks, resumption, batches
/// of similar length.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <prefopt/core/permutation.hpp>
#include <prefopt/core/word_sort.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/epoch_order.hpp>
#include <prefopt/curriculum/length_groups.hpp>
#include <prefopt/curriculum/pacing/linear_pacing.hpp>
#include <prefopt/curriculum/pacing/root_pacing.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/sampler_state.hpp>
#include <prefopt/curriculum/schedules/all_at_once.hpp>
#include <prefopt/curriculum/schedules/baby_steps.hpp>
#include <prefopt/curriculum/schedules/look_back.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/curriculum/schedules/paced.hpp>
#include <prefopt/curriculum/schedules/up_to_level.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/rank.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"

namespace {

using namespace prefopt;
using column = std::vector<index_t>;

std::size_t at(index_t i)
{
  return static_cast<std::size_t>(i);
}

struct ranking {
  column order, offsets;

  ranking(index_t samples, index_t levels) : order(at(samples)), offsets(at(levels + 1))
  {
    rank_at_random(11, order);
    levels_of_equal_size(samples, offsets);
  }
  level_view levels() const { return {offsets}; }
};

/// One phase over `count` parts of the ranking, drawn 0 to 3 times their size, not whole times.
struct many_parts {
  index_t count = 5;

  index_t phases(level_view) const { return 1; }
  index_t epochs_of(index_t, level_view) const { return 2; }
  index_t parts(index_t, level_view) const { return count; }
  open_part part(index_t, index_t j, level_view levels) const
  {
    index_t const n = levels.samples(), first = j * n / count, last = (j + 1) * n / count;
    return {first, last, last > first ? 7 * j % (3 * (last - first) + 1) : 0};
  }
  friend bool operator==(many_parts const&, many_parts const&) = default;
};
static_assert(check_schedule<many_parts>() && mixes_parts<many_parts>);

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

/// The next batch of a run, put together from the slices of `ranks` processes.
template <class Sampler>
column next_of(Sampler& sampler, index_t ranks)
{
  column whole, mine(4096);
  for (index_t rank = 0; rank + 1 < ranks; ++rank) {
    drawn_batch const batch = sampler.peek(mine, {rank, ranks});
    whole.insert(whole.end(), mine.begin(), mine.begin() + batch.count);
  }
  drawn_batch const batch = sampler.next(mine, {ranks - 1, ranks});
  whole.insert(whole.end(), mine.begin(), mine.begin() + batch.count);
  REQUIRE(static_cast<index_t>(whole.size()) == batch.size);
  return whole;
}

/// Lengths and workspace of a run that groups by length.
struct grouped {
  std::vector<std::int32_t> lengths;
  column workspace;
  index_t window;

  grouped(index_t samples, index_t samples_in_window)
      : lengths(at(samples)),
        workspace(at(length_workspace(samples_in_window))),
        window(samples_in_window)
  {
    for (index_t i = 0; i < samples; ++i) {
      lengths[at(i)] = static_cast<std::int32_t>(derived_seed(2, i, 0) % 700);
    }
  }
  length_grouping view() { return {lengths, window, workspace}; }
};

}  // namespace

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

TEST_CASE("words are sorted by their upper halves and equal ones keep their order", "[sampler]")
{
  for (index_t const count : {0, 1, 1000, 5000}) {
    for (std::uint32_t const largest : {0u, 1u, 255u, 256u, 2048u, 70000u, 0x7FFFFFFFu}) {
      column keys;
      for (index_t i = 0; i < count; ++i) {
        auto const upper = derived_seed(3, i, 0) % (std::uint64_t{largest} + 1);
        keys.push_back((static_cast<index_t>(upper) << 32) | (count - 1 - i));
      }
      column expected = keys, other(keys.size());
      std::sort(expected.begin(), expected.end(), [](index_t a, index_t b) {
        return (a >> 32) != (b >> 32) ? a < b : a > b;  // lower halves fall in the order of keys
      });
      index_t const* const sorted =
          detail::sort_by_upper_half(keys.data(), other.data(), count, largest);
      CHECK(column(sorted, sorted + count) == expected);
    }
  }
}

TEMPLATE_TEST_CASE("every rank of a part comes as often as the schedule says, over any ranks",
                   "[sampler]", one_pass, baby_steps, all_at_once, look_back, paced<linear_pacing>,
                   paced<root_pacing>, many_parts)
{
  for (index_t const n : {7, 403}) {
    ranking const r(n, 3);
    TestType schedule{};
    if constexpr (std::is_same_v<TestType, look_back>) { schedule.share = 2.7; }
    column rank_of(at(n));
    for (index_t k = 0; k < n; ++k) { rank_of[at(r.order[at(k)])] = k; }
    for (index_t const ranks : {1, 2, 3, 7, 64}) {
      curriculum_sampler sampler(schedule, r.order, r.offsets, {.batch = 10, .seed = 5});
      for (index_t batches = 0; !sampler.done();) {
        sampler_state const start = sampler.state();
        column drawn(at(n));
        while (!sampler.done() && sampler.state().phase == start.phase &&
               sampler.state().epoch == start.epoch) {
          for (index_t const sample : next_of(sampler, ranks)) {
            drawn[at(rank_of[at(sample)])] += 1;
          }
          REQUIRE(++batches <= sampler.batches());
        }
        column least(at(n)), most(at(n));
        index_t total = 0;
        for (index_t j = 0; j < parts_of(schedule, start.phase, r.levels()); ++j) {
          open_part const part = schedule.part(start.phase, j, r.levels());
          for (index_t k = part.first; k < part.last; ++k) {
            least[at(k)] += part.draws / part.size();
            most[at(k)] += (part.draws + part.size() - 1) / part.size();
          }
          total += part.draws;
        }
        for (std::size_t k = 0; k < drawn.size(); ++k) {
          REQUIRE(least[k] <= drawn[k]);
          REQUIRE(drawn[k] <= most[k]);
        }
        REQUIRE(std::accumulate(drawn.begin(), drawn.end(), index_t{0}) == total);
      }
    }
  }
}

TEST_CASE("a position of an epoch gives its sample by itself", "[sampler]")
{
  ranking const r(1003, 3);
  auto const check = [&](auto const& schedule) {
    curriculum_sampler sampler(schedule, r.order, r.offsets, {.batch = 700, .seed = 9});
    while (!sampler.done()) {
      epoch_order const epoch = sampler.epoch();
      index_t const position = sampler.state().position;
      REQUIRE(epoch.draws > position);
      column const batch = next_of(sampler, 1);
      for (index_t i = 0; i < static_cast<index_t>(batch.size()); ++i) {
        REQUIRE(draw(epoch, vector_view<index_t const>(r.order), position + i) == batch[at(i)]);
      }
    }
    CHECK(sampler.epoch().draws == 0);
  };
  check(one_pass{.epochs = 2});
  check(look_back{.share = 4.3});
  check(paced<root_pacing>{.pacing = {.start = 0.002}, .steps = 9, .epochs = 2});
  check(many_parts{2});
  check(many_parts{epoch_order::max_parts});
}

TEST_CASE("a phase of more parts than an epoch's table draws them all, but not on a device",
          "[sampler]")
{
  CHECK(many_parts{} == many_parts{});
  index_t const parts = 3 * epoch_order::max_parts + 1;
  ranking const r(2000, 1);
  curriculum_sampler sampler(many_parts{parts}, r.order, r.offsets, {.batch = 4096});
  CHECK(error_of<std::invalid_argument>([&] { sampler.epoch(); }) ==
        "prefopt::curriculum_sampler::epoch: parts of the phase: expected at most 64, got 193");
  column rank_of(2000);
  for (index_t k = 0; k < 2000; ++k) { rank_of[at(r.order[at(k)])] = k; }
  column drawn(2000);
  while (sampler.state().epoch == 0) {
    for (index_t const sample : next_of(sampler, 1)) { drawn[at(rank_of[at(sample)])] += 1; }
  }
  for (index_t j = 0; j < parts; ++j) {
    open_part const part = many_parts{parts}.part(0, j, r.levels());
    CHECK(std::accumulate(drawn.begin() + part.first, drawn.begin() + part.last, index_t{0}) ==
          part.draws);
  }
}

TEST_CASE("every stretch of an epoch holds the share of every part", "[sampler]")
{
  for (index_t const parts : {2, 5, 64, 130}) {
    index_t const n = 20000;
    ranking const r(n, 1);
    many_parts const schedule{parts};
    column part_of(at(n)), share(at(parts));
    index_t draws = 0;
    for (index_t j = 0; j < parts; ++j) {
      open_part const part = schedule.part(0, j, r.levels());
      for (index_t k = part.first; k < part.last; ++k) { part_of[at(r.order[at(k)])] = j; }
      share[at(j)] = part.draws;
      draws += part.draws;
    }
    // One for each time that the parts are halved, and for each table that holds some of them.
    double const bound = std::ceil(std::log2(min(parts, index_t{64}))) +
                         static_cast<double>((parts - 1) / epoch_order::max_parts);
    for (index_t const batch : {1, 7, 64, 500}) {
      curriculum_sampler sampler(schedule, r.order, r.offsets, {.batch = batch, .seed = 3});
      double most = 0;
      while (sampler.state().epoch == 0) {
        column count(at(parts));
        column const drawn = next_of(sampler, 1);
        for (index_t const sample : drawn) { ++count[at(part_of[at(sample)])]; }
        for (std::size_t j = 0; j < count.size(); ++j) {
          double const expected = static_cast<double>(drawn.size()) *
                                  static_cast<double>(share[j]) / static_cast<double>(draws);
          most = std::max(most, std::abs(static_cast<double>(count[j]) - expected));
        }
      }
      CAPTURE(parts, batch);
      CHECK(most < bound);
    }
  }
}

TEST_CASE("a run of 1,000 steps goes on from every one of them, onto other ranks", "[sampler]")
{
  auto const check = [](auto const& schedule, ranking const& r, sampler_options const& options) {
    curriculum_sampler sampler(schedule, r.order, r.offsets, options);
    REQUIRE(sampler.batches() == 1000);
    std::vector<column> batches;
    std::vector<sampler_state> states{sampler.state()};
    while (!sampler.done()) {
      batches.push_back(next_of(sampler, 1));
      states.push_back(sampler.state());
    }
    REQUIRE(batches.size() == 1000);
    // A resumed run that gives the next batch and then stands where the first did goes on as it.
    sampler_options other = options;
    other.seed = 999;  // the saved state has its own
    constexpr index_t ranks[] = {1, 2, 3, 7, 64};
    for (std::size_t k = 0; k < 1000; ++k) {
      for (std::size_t const choice : {k % 5, (k + 2) % 5}) {
        curriculum_sampler resumed(schedule, r.order, r.offsets, other);
        resumed.restore(states[k]);
        REQUIRE(next_of(resumed, ranks[choice]) == batches[k]);
        REQUIRE(resumed.state() == states[k + 1]);
      }
    }
  };
  ranking const r(999, 3);
  check(one_pass{.epochs = 2}, ranking(995, 5), {.batch = 2, .seed = 1});  // smaller last batches
  check(all_at_once{.epochs = 8}, r, {.batch = 8, .seed = 1});
  check(look_back{.epochs = 1, .share = 1.0}, ranking(1000, 5), {.batch = 2, .seed = 1});
  check(paced<linear_pacing>{.steps = 1000, .epochs = 3}, r, {.batch = 3, .seed = 1});
  grouped lengths(999, 10 * 8);
  check(all_at_once{.epochs = 8}, r, {.batch = 8, .seed = 1, .lengths = lengths.view()});
}

TEST_CASE("a state of another schedule is refused", "[sampler]")
{
  ranking const r(12, 3);
  curriculum_sampler once(one_pass{.epochs = 1}, r.order, r.offsets);
  curriculum_sampler twice(one_pass{.epochs = 2}, r.order, r.offsets);
  column indices(32);
  once.next(indices);
  sampler_state const before = twice.state();
  auto const refused = [&](auto& sampler, sampler_state const& saved) {
    sampler_state const state = sampler.state();
    std::string const text = error_of<std::invalid_argument>([&] { sampler.restore(saved); });
    CHECK(mentions(text, {"restore: fingerprint of the schedule", std::to_string(saved.plan),
                          std::to_string(state.plan)}));
    CHECK(sampler.state() == state);
  };
  refused(twice, once.state());
  sampler_state unknown = before;
  unknown.plan = 0;
  refused(twice, unknown);

  // One that the caller changes as the training goes is not held to what it was, but does not
  // become one that follows nothing, nor the other way round.
  curriculum_sampler easy(up_to_level{.level = 0, .rounds = 2}, r.order, r.offsets);
  curriculum_sampler harder(up_to_level{.level = 2, .rounds = 2}, r.order, r.offsets);
  easy.next(indices);
  harder.restore(easy.state());
  CHECK(harder.state() == easy.state());
  refused(twice, easy.state());
  refused(easy, before);

  // What a schedule does counts, not its type.
  CHECK(schedule_fingerprint(all_at_once{}, r.levels()) ==
        schedule_fingerprint(paced<linear_pacing>{.pacing = {.start = 1}, .steps = 1}, r.levels()));
  CHECK(schedule_fingerprint(look_back{.share = 0.5}, r.levels()) !=
        schedule_fingerprint(look_back{.share = 0.25}, r.levels()));
}

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
