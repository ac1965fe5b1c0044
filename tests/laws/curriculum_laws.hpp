// SPDX-License-Identifier: MIT
#pragma once
/// \file  The laws that every schedule, pacing function and weighting obeys, on values without
/// their types, so that they are compiled once.

#include <functional>
#include <string>

#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/draws.hpp>
#include <prefopt/curriculum/pacing.hpp>
#include <prefopt/curriculum/schedule_ref.hpp>
#include <prefopt/curriculum/schedules/level_mixture.hpp>
#include <prefopt/curriculum/self_paced.hpp>

#include "support/catch.hpp"

namespace prefopt::test {

/// A function of progress, and the ends of its range.
struct law_pacing {
  std::function<double(double)> value;
  double lowest, highest;
};

template <progress_function Pacing>
law_pacing erase_pacing(Pacing const& pacing)
{
  if constexpr (difficulty_function<Pacing>) {
    return {pacing, pacing.lowest(), pacing.highest()};
  } else {
    return {pacing, pacing.start, 1};
  }
}

/// A weight of (loss, lambda) with lambda in (0, largest).
struct law_weighting {
  std::function<double(double, double)> value;
  double largest;
  bool grows_with_lambda;
};

template <sample_weighting Weighting>
law_weighting erase_weighting(Weighting const& weighting)
{
  double largest = 1e6;
  if constexpr (requires { Weighting::largest_lambda; }) { largest = Weighting::largest_lambda; }
  bool grows = true;
  if constexpr (requires { Weighting::grows_with_lambda; }) {
    grows = Weighting::grows_with_lambda;
  }
  return {weighting, largest, grows};
}

void draws_nothing(schedule_ref schedule);
void is_refused(schedule_ref schedule, char const* because);

/// What a schedule does when it is asked for nothing, by those of the usual parameters that it has:
/// no epochs and no rounds draw nothing, no steps and less than no epochs are errors.
template <class Schedule>
void nothing_asked_is_nothing_drawn(Schedule schedule)
{
  Schedule const usual = schedule;
  if constexpr (requires { schedule.epochs; }) {
    schedule.epochs = 0;
    draws_nothing(schedule_ref::to(schedule));
    schedule.epochs = -1;
    is_refused(schedule_ref::to(schedule), "expected 0 or more, got -1");
    schedule = usual;
  }
  if constexpr (requires { schedule.rounds; }) {
    schedule.rounds = 0;
    draws_nothing(schedule_ref::to(schedule));
    schedule = usual;
  }
  if constexpr (requires { schedule.steps; }) {
    schedule.steps = 0;
    is_refused(schedule_ref::to(schedule), "steps: expected 1 or more, got 0");
  }
}

void parts_add_up(schedule_ref schedule);
void samples_come_as_often_as_their_parts_say(schedule_ref schedule);
void ranks_share_a_run(schedule_ref schedule);
void labels_play_no_role(schedule_ref schedule);
void a_run_goes_on_anywhere(schedule_ref schedule);
void pacing_rises_from_end_to_end(law_pacing const& pacing);
void weights_fall_with_the_loss(law_weighting const& weighting);

}  // namespace prefopt::test

#define LAWS_OF_schedules(name) SCHEDULE_LAWS(name, "schedule " #name, prefopt::name{})
#define LAWS_OF_mixture(name) \
  SCHEDULE_LAWS(name, "mixture by " #name, prefopt::level_mixture{prefopt::name{}})

/// The laws of the schedule that the last argument (which may hold commas) makes.
#define SCHEDULE_LAWS(name, title, ...)                                  \
  namespace {                                                            \
  auto const schedule_##name = __VA_ARGS__;                              \
  }                                                                      \
  TEST_CASE("laws of " title, "[laws][curriculum]")                      \
  {                                                                      \
    auto const schedule = prefopt::schedule_ref::to(schedule_##name);    \
    SECTION("parts lie in the ranking and their draws add up")           \
    {                                                                    \
      prefopt::test::parts_add_up(schedule);                             \
    }                                                                    \
    SECTION("every sample comes as often as its parts say")              \
    {                                                                    \
      prefopt::test::samples_come_as_often_as_their_parts_say(schedule); \
    }                                                                    \
    SECTION("any number of ranks shares the run of one")                 \
    {                                                                    \
      prefopt::test::ranks_share_a_run(schedule);                        \
    }                                                                    \
    SECTION("samples under other labels come in the same order")         \
    {                                                                    \
      prefopt::test::labels_play_no_role(schedule);                      \
    }                                                                    \
    SECTION("nothing asked is nothing drawn")                            \
    {                                                                    \
      prefopt::test::nothing_asked_is_nothing_drawn(schedule_##name);    \
    }                                                                    \
    SECTION("a run goes on from any batch")                              \
    {                                                                    \
      prefopt::test::a_run_goes_on_anywhere(schedule);                   \
    }                                                                    \
  }

#define LAWS_OF_pacing(name)                                       \
  TEST_CASE("laws of pacing " #name, "[laws][curriculum]")         \
  {                                                                \
    prefopt::test::pacing_rises_from_end_to_end(                   \
        prefopt::test::erase_pacing(decltype(prefopt::name{}){})); \
  }

#define LAWS_OF_weighting(name)                                                                 \
  TEST_CASE("laws of " #name, "[laws][curriculum]")                                             \
  {                                                                                             \
    prefopt::test::weights_fall_with_the_loss(prefopt::test::erase_weighting(prefopt::name{})); \
  }
