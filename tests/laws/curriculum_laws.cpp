// SPDX-License-Identifier: MIT
/// \file  The laws that every schedule, pacing function and weighting obeys, checked for each
/// header below include/prefopt/curriculum.

#include "laws/curriculum_laws.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/core/permutation.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/ranking/rank.hpp>

#include "support/errors.hpp"

namespace prefopt::test {
namespace {

using column = std::vector<index_t>;
using sampler = curriculum_sampler<schedule_ref>;

std::size_t at(index_t i)
{
  return static_cast<std::size_t>(i);
}

/// A ranking that is not the identity, with levels.
struct ranked_set {
  column order, offsets;

  explicit ranked_set(column const& level_sizes) : offsets{0}
  {
    for (index_t const size : level_sizes) { offsets.push_back(offsets.back() + size); }
    order.resize(at(offsets.back()));
    rank_at_random(11, order);
  }
  level_view levels() const { return {offsets}; }
  index_t samples() const { return offsets.back(); }
};

/// Sizes of levels: equal ones, unequal ones, empty ones first, amid and last, one sample, fewer
/// samples than levels, one level, and none at all.
std::vector<ranked_set> const& sets()
{
  static std::vector<ranked_set> const all{
      ranked_set{{10, 10, 10}}, ranked_set{{7, 7, 6}},       ranked_set{{1, 20, 3}},
      ranked_set{{0, 5, 0, 4}}, ranked_set{{3, 0, 0, 2, 0}}, ranked_set{{1}},
      ranked_set{{0, 1, 0}},    ranked_set{{1, 1, 0, 0, 0}}, ranked_set{{37}},
      ranked_set{{0}},          ranked_set{{0, 0}},          ranked_set{{101, 53, 29, 211}}};
  return all;
}

sampler sampler_of(schedule_ref schedule, ranked_set const& set, index_t batch)
{
  return sampler(schedule, set.order, set.offsets, {.batch = batch, .seed = 3});
}

/// The samples that all ranks draw next, one rank after the other; none at the end of the run.
column next_batch(sampler& from, index_t ranks, drawn_batch& batch)
{
  column all, mine(64);
  sampler_state const before = from.state();
  for (index_t rank = 0; rank < ranks; ++rank) {
    from.restore(before);
    batch = from.next(mine, {rank, ranks});
    all.insert(all.end(), mine.begin(), mine.begin() + batch.count);
  }
  return all;
}

column rest_of(sampler from, index_t ranks = 1)
{
  column all;
  drawn_batch batch;
  do {
    column const samples = next_batch(from, ranks, batch);
    all.insert(all.end(), samples.begin(), samples.end());
  } while (batch);
  return all;
}

}  // namespace

void parts_add_up(schedule_ref schedule)
{
  for (ranked_set const& set : sets()) {
    CAPTURE(set.offsets);
    level_view const levels = set.levels();
    index_t const phases = schedule.phases(levels);
    REQUIRE(phases >= 1);
    index_t all = 0;
    for (index_t k = 0; k < phases; ++k) {
      index_t parts = 0;  // together they are what they are one by one
      for_each_part(schedule, k, levels, [&](open_part part) {
        REQUIRE(part == checked_part(schedule, k, parts++, levels));
      });
      REQUIRE(parts == schedule.parts(k, levels));
      all += schedule.epochs_of(k, levels) * draws_of(schedule, k, levels);
    }
    CHECK(static_cast<index_t>(rest_of(sampler_of(schedule, set, 7)).size()) == all);
    CHECK((all > 0) == (set.samples() > 0));
  }
}

void samples_come_as_often_as_their_parts_say(schedule_ref schedule)
{
  for (ranked_set const& set : sets()) {
    CAPTURE(set.offsets);
    level_view const levels = set.levels();
    column rank_of(set.order.size());
    for (index_t r = 0; r < set.samples(); ++r) { rank_of[at(set.order[at(r)])] = r; }
    sampler from = sampler_of(schedule, set, 64);
    drawn_batch batch;
    column samples = next_batch(from, 1, batch);
    while (batch) {
      index_t const phase = batch.phase, epoch = batch.epoch;
      column count(set.order.size()), least(set.order.size()), most(set.order.size());
      while (batch && batch.phase == phase && batch.epoch == epoch) {
        for (index_t const i : samples) { ++count[at(rank_of[at(i)])]; }
        samples = next_batch(from, 1, batch);
      }
      for (index_t j = 0; j < schedule.parts(phase, levels); ++j) {
        open_part const part = schedule.part(phase, j, levels);
        for (index_t r = part.first; r < part.last; ++r) {
          least[at(r)] += part.draws / part.size();
          most[at(r)] += (part.draws + part.size() - 1) / part.size();
        }
      }
      for (index_t r = 0; r < set.samples(); ++r) {
        CAPTURE(phase, epoch, r);
        REQUIRE(count[at(r)] >= least[at(r)]);
        REQUIRE(count[at(r)] <= most[at(r)]);
      }
    }
  }
}

void ranks_share_a_run(schedule_ref schedule)
{
  for (ranked_set const& set : sets()) {
    CAPTURE(set.offsets);
    column const alone = rest_of(sampler_of(schedule, set, 16));
    for (index_t const ranks : {2, 3, 7, 64}) {
      CAPTURE(ranks);
      CHECK(rest_of(sampler_of(schedule, set, 16), ranks) == alone);
    }
  }
}

void labels_play_no_role(schedule_ref schedule)
{
  for (ranked_set const& set : sets()) {
    CAPTURE(set.offsets);
    permutation const label(set.samples(), 5);
    ranked_set other = set;
    for (index_t& i : other.order) { i = label(i); }
    column expected = rest_of(sampler_of(schedule, set, 8));
    for (index_t& i : expected) { i = label(i); }
    CHECK(rest_of(sampler_of(schedule, other, 8)) == expected);
  }
}

void draws_nothing(schedule_ref schedule)
{
  for (ranked_set const& set : sets()) {
    CAPTURE(set.offsets);
    sampler const from = sampler_of(schedule, set, 8);
    CHECK(from.done());
    CHECK(from.batches() == 0);
    CHECK(rest_of(from).empty());
  }
}

void is_refused(schedule_ref schedule, char const* because)
{
  std::string const text =
      error_of<std::invalid_argument>([&] { sampler_of(schedule, sets()[0], 8); });
  CAPTURE(text);
  CHECK(mentions(text, {because}));
}

void a_run_goes_on_anywhere(schedule_ref schedule)
{
  ranked_set const& set = sets()[1];
  sampler from = sampler_of(schedule, set, 3);
  column const all = rest_of(from);
  index_t drawn = 0;
  drawn_batch batch;
  do {
    sampler resumed = sampler(schedule, set.order, set.offsets, {.batch = 3, .seed = 99});
    resumed.restore(from.state());
    REQUIRE(rest_of(resumed, drawn % 4 + 1) == column(all.begin() + drawn, all.end()));
    drawn += static_cast<index_t>(next_batch(from, 1, batch).size());
  } while (batch);
  CHECK(drawn == static_cast<index_t>(all.size()));
}

void pacing_rises_from_end_to_end(law_pacing const& pacing)
{
  CHECK(pacing.value(0) == Approx(pacing.lowest).epsilon(1e-15));
  CHECK(pacing.value(-0.5) == pacing.value(0));
  CHECK(pacing.value(1) == pacing.highest);
  CHECK(pacing.value(1.5) == pacing.highest);
  double before = pacing.lowest * (1 - 1e-15);
  for (int k = 0; k <= 10000; ++k) {
    double const now = pacing.value(k / 10000.0);
    CAPTURE(k, now, before);
    REQUIRE(now >= before);
    REQUIRE(now <= pacing.highest);
    before = now;
  }
  CHECK(std::isnan(pacing.value(std::numeric_limits<double>::quiet_NaN())));
}

void weights_fall_with_the_loss(law_weighting const& weighting)
{
  std::vector<double> losses, lambdas;
  for (double const x : {1e-300, 1e-9, 0.01, 0.3, 0.5, 0.693, 0.9, 1.0, 3.0, 700.0, 1e5, 1e300}) {
    losses.push_back(x);
    if (x > 1e-300 && x < weighting.largest) { lambdas.push_back(x); }
  }
  for (std::size_t l = 0; l < lambdas.size(); ++l) {
    CHECK(weighting.value(1e-300, lambdas[l]) == Approx(1).epsilon(1e-12));
    double easier = 1;
    for (double const loss : losses) {
      CAPTURE(loss, lambdas[l]);
      double const now = weighting.value(loss, lambdas[l]);
      REQUIRE(now >= 0);
      REQUIRE(now <= easier * (1 + 1e-15));
      easier = now;
      if (l > 0 && weighting.grows_with_lambda) {
        CHECK(now >= weighting.value(loss, lambdas[l - 1]) * (1 - 1e-15));
      }
    }
    CHECK(easier == 0);
  }
}

}  // namespace prefopt::test
