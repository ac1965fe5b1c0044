// SPDX-License-Identifier: MIT
/// \file  Permutations, pacing, schedules and the sampler.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/core/permutation.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/pacing/geometric_pacing.hpp>
#include <prefopt/curriculum/pacing/linear_pacing.hpp>
#include <prefopt/curriculum/pacing/root_pacing.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/all_at_once.hpp>
#include <prefopt/curriculum/schedules/baby_steps.hpp>
#include <prefopt/curriculum/schedules/difficulty_paced.hpp>
#include <prefopt/curriculum/schedules/level_mixture.hpp>
#include <prefopt/curriculum/schedules/look_back.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/curriculum/schedules/paced.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/rank.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"

namespace {

using prefopt::curriculum_sampler;
using prefopt::drawn_batch;
using prefopt::index_t;
using prefopt::sampler_options;
using prefopt::sampler_state;
using column = std::vector<index_t>;

/// `samples` ranked in some order that is not the identity, cut into equal levels.
struct ranking {
  column order, offsets;

  ranking(index_t samples, std::size_t levels)
      : order(static_cast<std::size_t>(samples)), offsets(levels + 1)
  {
    prefopt::rank_at_random(11, order);
    prefopt::levels_of_equal_size(samples, offsets);
  }
  prefopt::level_view levels() const { return {offsets}; }
  column ranks(index_t first, index_t last) const
  {
    column part(order.begin() + first, order.begin() + last);
    std::sort(part.begin(), part.end());
    return part;
  }
};

struct drawn {
  drawn_batch batch;
  column samples;

  bool operator==(drawn const& other) const
  {
    return samples == other.samples && batch.phase == other.batch.phase &&
           batch.epoch == other.batch.epoch && batch.position == other.batch.position &&
           batch.size == other.batch.size;
  }
};
using run = std::vector<drawn>;

/// The next batch, put together from what `ranks` samplers at the same place give.
template <class Sampler>
drawn next_of(Sampler& sampler, index_t ranks)
{
  drawn whole;
  sampler_state const before = sampler.state();
  for (index_t rank = 0; rank < ranks; ++rank) {
    column mine(64, -1);
    sampler.restore(before);
    whole.batch = sampler.next(mine, {rank, ranks});
    whole.samples.insert(whole.samples.end(), mine.begin(), mine.begin() + whole.batch.count);
  }
  return whole;
}

template <class Sampler>
run rest_of(Sampler sampler, index_t ranks = 1)
{
  run all;
  for (drawn d = next_of(sampler, ranks); d.batch; d = next_of(sampler, ranks)) {
    all.push_back(d);
  }
  return all;
}

template <class Schedule>
run run_of(Schedule const& schedule, ranking const& r, sampler_options const& options)
{
  return rest_of(curriculum_sampler(schedule, r.order, r.offsets, options));
}

column samples_of(run const& all, index_t phase, index_t epoch)
{
  column samples;
  for (drawn const& d : all) {
    if (d.batch.phase == phase && d.batch.epoch == epoch) {
      samples.insert(samples.end(), d.samples.begin(), d.samples.end());
    }
  }
  return samples;
}

column sorted(column values)
{
  std::sort(values.begin(), values.end());
  return values;
}

/// A user's own: hardest level first; a `shift` makes it leave the ranking.
struct hard_first {
  index_t shift = 0;

  index_t phases(prefopt::level_view levels) const { return levels.count(); }
  index_t epochs_of(index_t, prefopt::level_view) const { return 1; }
  prefopt::open_part part(index_t phase, index_t, prefopt::level_view levels) const
  {
    index_t const level = levels.count() - 1 - phase;
    return prefopt::whole(levels.first(level) + shift, levels.last(level) + shift);
  }
  friend bool operator==(hard_first const&, hard_first const&) = default;
};
static_assert(prefopt::check_schedule<hard_first>());

/// Three samples of the easiest level among all the others.
struct three_and_rest {
  index_t phases(prefopt::level_view) const { return 1; }
  index_t epochs_of(index_t, prefopt::level_view) const { return 1; }
  index_t parts(index_t, prefopt::level_view) const { return 2; }
  prefopt::open_part part(index_t, index_t j, prefopt::level_view levels) const
  {
    if (j == 0) { return {0, levels.last(0), 3}; }
    return prefopt::whole(levels.last(0), levels.samples());
  }
  friend bool operator==(three_and_rest const&, three_and_rest const&) = default;
};

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

TEST_CASE("pacing functions follow their closed forms", "[curriculum]")
{
  using Catch::Matchers::WithinAbs;
  prefopt::linear_pacing const linear{.start = 0.2, .full_at = 0.5};
  prefopt::root_pacing const root{.start = 0.2, .full_at = 0.5, .power = 2};
  prefopt::root_pacing const cubic{.start = 0.2, .full_at = 0.5, .power = 3};
  prefopt::geometric_pacing const geometric{.start = 0.01, .full_at = 1};
  CHECK(linear(0.25) == Approx(0.6));
  CHECK(root(0.25) == Approx(std::sqrt(0.52)));  // (.04 + .96 / 2)^(1/2)
  CHECK(cubic(0.25) == Approx(std::cbrt(0.504)));
  CHECK(geometric(0.5) == Approx(0.1));
  for (double const start : {0.01, 0.2, 1.0}) {
    for (double const full_at : {0.0, 0.3, 1.0}) {
      auto const check = [&](auto const& pacing) {
        CHECK(pacing(0.0) == Approx(full_at == 0 ? 1 : start));
        CHECK(pacing(full_at) == 1);
        double before = 0;
        for (int k = 0; k <= 100; ++k) {
          double const now = pacing(k / 100.0);
          REQUIRE(now >= before);
          REQUIRE(now <= 1);
          before = now;
        }
        CHECK(before == 1);
      };
      check(prefopt::linear_pacing{start, full_at});
      check(prefopt::root_pacing{start, full_at, 1.0});
      check(prefopt::root_pacing{start, full_at, 2.0});
      check(prefopt::root_pacing{start, full_at, 5.0});
      check(prefopt::geometric_pacing{start, full_at});
    }
  }
}

TEST_CASE("one pass goes through each level in its phase, epochs times", "[curriculum]")
{
  ranking const r(20, 3);
  run const all = run_of(prefopt::one_pass{.epochs = 2}, r, {.batch = 4, .seed = 1});
  index_t place = 0;  // phases and epochs come in order
  for (drawn const& d : all) {
    REQUIRE(d.batch.phase * 2 + d.batch.epoch >= place);
    place = d.batch.phase * 2 + d.batch.epoch;
  }
  CHECK(place == 5);
  for (index_t level = 0; level < 3; ++level) {
    column const expected = r.ranks(r.levels().first(level), r.levels().last(level));
    CHECK(sorted(samples_of(all, level, 0)) == expected);
    CHECK(sorted(samples_of(all, level, 1)) == expected);
    CHECK(samples_of(all, level, 0) != samples_of(all, level, 1));
  }
}

TEST_CASE("baby steps add a level in every phase", "[curriculum]")
{
  ranking const r(20, 3);
  run const all = run_of(prefopt::baby_steps{.epochs = 2}, r, {.batch = 4, .seed = 1});
  for (index_t phase = 0; phase < 3; ++phase) {
    for (index_t epoch = 0; epoch < 2; ++epoch) {
      CHECK(sorted(samples_of(all, phase, epoch)) == r.ranks(0, r.levels().last(phase)));
    }
  }
  CHECK(all.back().batch.phase == 2);
}

TEST_CASE("all at once is one phase of everything", "[curriculum]")
{
  ranking const r(20, 3);
  run const all = run_of(prefopt::all_at_once{.epochs = 3}, r, {.batch = 6, .seed = 1});
  for (index_t epoch = 0; epoch < 3; ++epoch) {
    CHECK(sorted(samples_of(all, 0, epoch)) == r.ranks(0, 20));
  }
  CHECK(all.size() == 12);
  CHECK(all.back().batch.phase == 0);
}

TEST_CASE("looking back draws the level and a share of everything", "[curriculum]")
{
  ranking const r(24, 3);
  run const all = run_of(prefopt::look_back{.epochs = 1, .share = 0.5}, r, {.batch = 5});
  for (index_t phase = 0; phase < 3; ++phase) {
    column const samples = sorted(samples_of(all, phase, 0));
    REQUIRE(samples.size() == 12);
    column twice;  // what remains without one pass of the level are 4 different samples
    column const level = r.ranks(8 * phase, 8 * phase + 8);
    std::set_difference(samples.begin(), samples.end(), level.begin(), level.end(),
                        std::back_inserter(twice));
    CHECK(twice.size() == 4);
    CHECK(std::adjacent_find(twice.begin(), twice.end()) == twice.end());
  }
}

TEST_CASE("the parts of a phase are mixed, and none draws more than it says", "[curriculum]")
{
  ranking const r(30, 3);
  CHECK(three_and_rest{} == three_and_rest{});
  run const all = run_of(three_and_rest{}, r, {.batch = 23});
  REQUIRE(all.size() == 1);
  column const easy = r.ranks(0, 10), harder = r.ranks(10, 30);
  column const samples = all[0].samples, all_sorted = sorted(samples);
  column drawn_easy, drawn_harder;
  std::set_intersection(all_sorted.begin(), all_sorted.end(), easy.begin(), easy.end(),
                        std::back_inserter(drawn_easy));
  std::set_intersection(all_sorted.begin(), all_sorted.end(), harder.begin(), harder.end(),
                        std::back_inserter(drawn_harder));
  CHECK(drawn_easy.size() == 3);
  CHECK(drawn_harder == harder);
  CHECK(sorted(column(samples.begin(), samples.begin() + 3)) != drawn_easy);
}

TEST_CASE("a part that is run through again comes in another order", "[curriculum]")
{
  ranking const r(8, 1);
  prefopt::paced<prefopt::linear_pacing> const schedule{
      .pacing = {.start = 1}, .steps = 1, .epochs = 2};
  column const samples = run_of(schedule, r, {.batch = 16})[0].samples;
  REQUIRE(samples.size() == 16);
  column const first(samples.begin(), samples.begin() + 8),
      second(samples.begin() + 8, samples.end());
  CHECK(sorted(first) == sorted(second));
  CHECK(first != second);
}

TEST_CASE("a paced run opens the share that its pacing says and draws whole epochs", "[curriculum]")
{
  ranking const r(30, 1);
  prefopt::paced<prefopt::linear_pacing> const schedule{
      .pacing = {.start = 0.1, .full_at = 0.5}, .steps = 11, .epochs = 2};
  prefopt::level_view const levels = r.levels();
  CHECK(schedule.part(0, 0, levels).last == 3);
  CHECK(schedule.part(1, 0, levels).last == 8);   // c = .28, 8.4 samples
  CHECK(schedule.part(3, 0, levels).last == 19);  // c = .64, 19.2 samples
  CHECK(schedule.part(5, 0, levels).last == 30);
  CHECK(schedule.part(10, 0, levels).last == 30);
  index_t draws = 0;
  for (index_t k = 0; k < 11; ++k) { draws += schedule.part(k, 0, levels).draws; }
  CHECK(draws == 60);
  // The first phase draws 5 of 3 open samples: each once before any comes twice.
  run const all = run_of(schedule, r, {.batch = 64});
  REQUIRE(all.front().samples.size() == 5);
  column const first_three(all.front().samples.begin(), all.front().samples.begin() + 3);
  CHECK(sorted(first_three) == r.ranks(0, 3));
}

TEST_CASE("a pace of as many steps as batches gives every phase one batch", "[curriculum]")
{
  for (index_t const n : {1, 31, 32, 33, 1003}) {
    constexpr index_t batch = 32, epochs = 3;
    index_t const steps = (epochs * n + batch - 1) / batch;
    ranking const r(n, 1);
    CAPTURE(n, steps);
    run const all = run_of(prefopt::paced<>{.steps = steps, .epochs = epochs}, r, {.batch = batch});
    REQUIRE(static_cast<index_t>(all.size()) == steps);
    for (index_t k = 0; k < steps; ++k) {
      CHECK(all[static_cast<std::size_t>(k)].batch.phase == k);
      CHECK(all[static_cast<std::size_t>(k)].batch.begins_phase());
    }
  }
}

TEST_CASE("a schedule of one's own is a struct of three functions", "[curriculum]")
{
  ranking const r(20, 3);
  CHECK(hard_first{} == hard_first{0});
  run const all = run_of(hard_first{}, r, {.batch = 4});
  for (index_t phase = 0; phase < 3; ++phase) {
    CHECK(sorted(samples_of(all, phase, 0)) ==
          r.ranks(r.levels().first(2 - phase), r.levels().last(2 - phase)));
  }
  // Only the last phase leaves the ranking; the sampler says so before the first.
  CHECK(
      error_of<std::invalid_argument>(
          [&] { curriculum_sampler(hard_first{-1}, r.order, r.offsets); }) ==
      "prefopt::checked_part: phase 2: expected draws from ranks within 0 to 20, got 7 draws from "
      "-1 to 6");
}

TEST_CASE("a batch never crosses an epoch and the last one is kept", "[curriculum]")
{
  ranking const r(10, 2);
  run const all = run_of(prefopt::one_pass{.epochs = 1}, r, {.batch = 4});
  REQUIRE(all.size() == 4);
  CHECK(all[0].samples.size() == 4);
  CHECK(all[1].samples.size() == 1);
  CHECK(all[0].batch.begins_phase());
  CHECK(!all[1].batch.begins_phase());
  CHECK(all[2].batch.begins_phase());
  CHECK(all[2].batch.phase == 1);
  CHECK(!prefopt::drawn_batch{}.begins_phase());  // what comes after the last one
  CHECK(curriculum_sampler(prefopt::one_pass{}, r.order, r.offsets, {.batch = 4}).batches() == 4);
}

TEST_CASE("the sequence depends on the seed alone", "[curriculum]")
{
  ranking const r(40, 3);
  prefopt::one_pass const schedule{.epochs = 2};
  CHECK(run_of(schedule, r, {.batch = 4, .seed = 9}) ==
        run_of(schedule, r, {.batch = 4, .seed = 9}));
  CHECK(run_of(schedule, r, {.batch = 4, .seed = 9}) !=
        run_of(schedule, r, {.batch = 4, .seed = 8}));
}

TEMPLATE_TEST_CASE("any number of ranks draws the same batches", "[curriculum]", prefopt::one_pass,
                   prefopt::baby_steps, prefopt::all_at_once, prefopt::look_back,
                   prefopt::paced<prefopt::root_pacing>)
{
  ranking const r(37, 3);
  curriculum_sampler const sampler(TestType{.epochs = 2}, r.order, r.offsets,
                                   {.batch = 8, .seed = 3});
  run const alone = rest_of(sampler);
  CHECK(static_cast<index_t>(alone.size()) == sampler.batches());
  for (index_t const ranks : {2, 3, 7, 64}) { CHECK(rest_of(sampler, ranks) == alone); }
}

TEMPLATE_TEST_CASE("a run goes on from any batch, also with other ranks", "[curriculum]",
                   prefopt::one_pass, prefopt::baby_steps, prefopt::all_at_once, prefopt::look_back,
                   prefopt::paced<prefopt::root_pacing>)
{
  ranking const r(23, 3);
  curriculum_sampler sampler(TestType{.epochs = 2}, r.order, r.offsets, {.batch = 5, .seed = 3});
  run const all = rest_of(sampler);
  for (std::size_t step = 0; step <= all.size(); ++step) {
    unsigned char saved[sizeof(sampler_state)];
    std::memcpy(saved, &sampler.state(), sizeof saved);
    sampler_state loaded;
    std::memcpy(&loaded, saved, sizeof saved);
    curriculum_sampler resumed(TestType{.epochs = 2}, r.order, r.offsets, {.batch = 5});
    resumed.restore(loaded);
    REQUIRE(rest_of(resumed, static_cast<index_t>(step % 4) + 1) ==
            run(all.begin() + static_cast<std::ptrdiff_t>(step), all.end()));
    column indices(5);
    REQUIRE(sampler.done() == (step == all.size()));
    sampler.next(indices);
  }
}

TEST_CASE("empty levels, empty rankings and no epochs draw nothing", "[curriculum]")
{
  ranking const few(2, 4), none(0, 3), some(9, 3);
  run const all = run_of(prefopt::one_pass{}, few, {.batch = 4});
  REQUIRE(all.size() == 2);
  CHECK(all[0].batch.phase == 0);
  CHECK(all[1].batch.phase == 1);
  column const gap{0, 0, 2};
  curriculum_sampler skips(prefopt::one_pass{}, few.order, gap, {.batch = 4});
  column indices(4);
  CHECK(skips.next(indices).phase == 1);
  CHECK(skips.done());
  CHECK(run_of(prefopt::one_pass{}, none, {}).empty());
  CHECK(run_of(prefopt::all_at_once{}, none, {}).empty());
  CHECK(run_of(prefopt::one_pass{.epochs = 0}, some, {}).empty());
  CHECK_THROWS_WITH(run_of(prefopt::paced<prefopt::linear_pacing>{.steps = 0}, some, {}),
                    "prefopt::paced: steps: expected 1 or more, got 0");
}

TEST_CASE("a saved state of another ranking is refused", "[curriculum]")
{
  ranking const r(12, 3), other_levels(12, 4);
  curriculum_sampler const saved(prefopt::one_pass{}, r.order, r.offsets);
  curriculum_sampler same(prefopt::one_pass{}, r.order, r.offsets);
  CHECK_NOTHROW(same.restore(saved.state()));

  column swapped = r.order;
  std::swap(swapped[3], swapped[4]);
  curriculum_sampler changed(prefopt::one_pass{}, swapped, r.offsets);
  std::string const text = error_of<std::invalid_argument>([&] { changed.restore(saved.state()); });
  CHECK(text.find("expected " + std::to_string(saved.state().ranking)) != std::string::npos);
  CHECK(text.find("got " + std::to_string(changed.state().ranking)) != std::string::npos);

  curriculum_sampler cut(prefopt::one_pass{}, r.order, other_levels.offsets);
  CHECK(error_of<std::invalid_argument>([&] { cut.restore(saved.state()); }).find("fingerprint") !=
        std::string::npos);
}

TEST_CASE("a saved state outside the schedule is refused and changes nothing", "[curriculum]")
{
  ranking const r(12, 3);
  curriculum_sampler sampler(prefopt::one_pass{.epochs = 2}, r.order, r.offsets);
  sampler_state const start = sampler.state();
  auto const restore = [&](index_t phase, index_t epoch, index_t position) {
    sampler_state s = start;
    s.phase = phase, s.epoch = epoch, s.position = position;
    std::string const text = error_of<std::invalid_argument>([&] { sampler.restore(s); });
    CHECK(sampler.state() == start);
    return text;
  };
  std::string const name = "prefopt::curriculum_sampler::restore: ";
  CHECK(restore(4, 0, 0) == name + "phase: expected 0 or more and below 3, got 4");
  CHECK(restore(3, 0, 1) == name + "phase: expected 0 or more and below 3, got 3");
  CHECK(restore(1, 2, 0) == name + "epoch: expected 0 or more and below 2, got 2");
  CHECK(restore(1, 0, 4) == name + "position: expected 0 or more and below 4, got 4");
  CHECK(restore(1, 0, -1) == name + "position: expected 0 or more and below 4, got -1");
}

TEST_CASE("an order with missing or repeated samples is refused", "[curriculum]")
{
  column const offsets{0, 4};
  auto const start = [&](column const& order) {
    return error_of<std::invalid_argument>(
        [&] { curriculum_sampler(prefopt::one_pass{}, order, offsets); });
  };
  CHECK(start({0, 1, 1, 3}) ==
        "prefopt::ranking_fingerprint: order: expected every sample once, got missing and repeated "
        "samples");
  CHECK(start({0, 1, 4, 3}) ==
        "prefopt::ranking_fingerprint: order[2]: expected an index below 4, got 4");
  CHECK(start({0, 1, 2}).find("last offset: expected 3 (samples ranked), got 4") !=
        std::string::npos);
}

TEST_CASE("more draws than can be counted are refused", "[curriculum]")
{
  ranking const r(12, 3);
  constexpr index_t most = std::numeric_limits<index_t>::max();
  auto const message = [&](auto const& schedule) {
    return error_of<std::invalid_argument>(
        [&] { curriculum_sampler(schedule, r.order, r.offsets); });
  };
  CHECK(message(prefopt::one_pass{.epochs = most}) ==
        "prefopt::draws_of: draws up to phase 0: expected at most 2^62, got 0 + "
        "9223372036854775807 x 4");
  constexpr index_t half = index_t{1} << 59;  // in each of two phases; the third is too much
  CHECK(message(prefopt::one_pass{.epochs = half}) ==
        "prefopt::draws_of: draws up to phase 2: expected at most 2^62, got 4611686018427387904 + "
        "576460752303423488 x 4");
  CHECK(message(prefopt::one_pass{.epochs = half / 2}) == "no error");
  CHECK(message(prefopt::paced<>{.epochs = most}) ==
        "prefopt::paced: epochs: expected at most 384307168202282325, 2^62 draws, got "
        "9223372036854775807");
  CHECK(mentions(message(prefopt::difficulty_paced<>{.epochs = most}),
                 {"difficulty_paced: epochs: expected at most"}));
  CHECK(mentions(message(prefopt::level_mixture<>{.epochs = most}),
                 {"level_mixture: epochs: expected at most"}));
}

TEST_CASE("wrong sampler arguments are named", "[curriculum]")
{
  ranking const r(12, 3);
  CHECK(error_of<std::invalid_argument>([&] {
          curriculum_sampler(prefopt::one_pass{}, r.order, r.offsets, {.batch = 0});
        }) == "prefopt::curriculum_sampler: batch: expected 1 or more, got 0");
  CHECK(error_of<std::invalid_argument>([&] {
          curriculum_sampler(prefopt::one_pass{.epochs = -1}, r.order, r.offsets);
        }) == "prefopt::draws_of: epochs of phase 0: expected 0 or more, got -1");
  CHECK(error_of<std::invalid_argument>([&] {
          curriculum_sampler(prefopt::look_back{.share = -0.5}, r.order, r.offsets);
        }).find("share: expected 0 or more and finite") != std::string::npos);
  curriculum_sampler sampler(prefopt::one_pass{}, r.order, r.offsets, {.batch = 4});
  column small(1), right(2);
  CHECK(error_of<std::invalid_argument>([&] { sampler.next(small, {0, 2}); }) ==
        "prefopt::curriculum_sampler: column 'indices': expected at least 2, got 1");
  CHECK(error_of<std::invalid_argument>([&] { sampler.next(right, {2, 2}); }) ==
        "prefopt::curriculum_sampler: shard: expected 0 <= rank < ranks, got 2 of 2");
  CHECK(sampler.next(right, {1, 2}).count == 2);
}
