// SPDX-License-Identifier: MIT
/// \file  The parts of a phase are asked for once, as many as there are.

#include <stdexcept>

#include <prefopt/core/permutation.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/epoch_order.hpp>
#include <prefopt/curriculum/phase_table.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/sampler_cases.hpp"

namespace {

using namespace prefopt;
using namespace prefopt::test;

/// Two phases of two epochs over `count` parts, with the questions counted that are asked.
struct counting_parts : many_parts {
  static inline index_t asked_for_parts = 0, asked = 0;

  index_t phases(level_view) const { return ++asked, 2; }
  index_t epochs_of(index_t phase, level_view levels) const
  {
    return ++asked, many_parts::epochs_of(phase, levels);
  }
  index_t parts(index_t phase, level_view levels) const
  {
    return ++asked, many_parts::parts(phase, levels);
  }
  open_part part(index_t phase, index_t j, level_view levels) const
  {
    return ++asked_for_parts, many_parts::part(phase, j, levels);
  }
  friend bool operator==(counting_parts const&, counting_parts const&) = default;
};

}  // namespace

TEST_CASE("a batch asks nothing of the schedule, and a phase once for each part", "[sampler]")
{
  for (index_t const parts : {2, 64, 65, 1000}) {
    CAPTURE(parts);
    ranking const r(5000, 1);
    counting_parts const schedule{{parts}};
    curriculum_sampler sampler(schedule, r.order, r.offsets, {.batch = 3, .seed = 4});
    index_t batches = 0, phases = 0;
    while (!sampler.done()) {
      index_t const phase = sampler.state().phase;
      counting_parts::asked_for_parts = counting_parts::asked = 0;
      next_of(sampler, 3);
      bool const opens = sampler.state().phase != phase && !sampler.done();
      REQUIRE(counting_parts::asked_for_parts == (opens ? schedule.count : 0));
      REQUIRE(counting_parts::asked <= (opens ? 3 : 0));
      phases += opens ? 1 : 0;
      ++batches;
    }
    CHECK(phases == 1);
    CHECK(batches == sampler.batches());
    CHECK(batches > 4);
  }
}

TEST_CASE("a batch of any number of parts has the samples that its positions have by themselves",
          "[sampler]")
{
  for (index_t const parts : {2, 64, 65, 1000}) {
    CAPTURE(parts);
    ranking const r(5000, 1);
    many_parts const schedule{parts};
    curriculum_sampler sampler(schedule, r.order, r.offsets, {.batch = 700, .seed = 4});
    detail::phase_table phase;
    phase.open(schedule, r.levels(), 0);
    while (!sampler.done()) {
      sampler_state const state = sampler.state();
      phase.shuffle(derived_seed(4, 0, state.epoch));
      column const batch = next_of(sampler, 1);
      for (index_t i = 0; i < static_cast<index_t>(batch.size()); ++i) {
        REQUIRE(r.order[at(phase.view().rank_at(state.position + i))] == batch[at(i)]);
      }
    }
  }
}

TEST_CASE("a table of many parts forgets them with the next phase", "[sampler]")
{
  ranking const r(5000, 1);
  detail::phase_table phase;
  phase.open(many_parts{1000}, r.levels(), 0);
  CHECK(error_of<std::invalid_argument>([&] { phase.epoch("here"); }) ==
        "prefopt::here: parts of the phase: expected at most 64, got 1000");
  phase.open(one_pass{.epochs = 3}, r.levels(), 0);
  phase.shuffle(7);
  CHECK(phase.draws() == 5000);
  CHECK(phase.epochs() == 3);
  CHECK(phase.epoch("here").parts == 1);
  CHECK(phase.epoch("here").rank_at(11) == phase.view().rank_at(11));
  phase.open(one_pass{.epochs = 0}, r.levels(), 0);
  CHECK(phase.draws() == 0);
  phase.open(many_parts{1000}, r.levels(), 0);
  phase.close();
  CHECK(phase.draws() == 0);
  CHECK(phase.epoch("here").parts == 0);
}
