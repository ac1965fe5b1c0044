// SPDX-License-Identifier: MIT
#pragma once
/// \file  Any schedule behind one type, for programs that choose it as they run.

#include <prefopt/core/math.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// `schedule_ref::to(schedule)` refers to a schedule of any type, which must outlive it, and is
/// itself that schedule: for a sampler, or inside another schedule such as `per_group`. A function
/// call behind a pointer for each part, none for each sample. Whether a schedule follows the
/// training is part of its type and not carried over: a sampler of a `schedule_ref` takes up a
/// saved run only where the schedule is still the same. One that refers to nothing has no phases.
class schedule_ref {
 public:
  /// No constructor: an implicit one would make every type ask whether it is a schedule.
  template <curriculum_schedule Schedule>
  static schedule_ref to(Schedule const& schedule)
  {
    schedule_ref made;
    made.schedule_ = &schedule;
    made.calls_ = &calls_of<Schedule>;
    return made;
  }
  template <class Schedule>
  static schedule_ref to(Schedule const&&) = delete;  // a temporary would be gone

  index_t phases(level_view levels) const
  {
    return calls_ == nullptr ? 0 : calls_->phases(schedule_, levels);
  }
  index_t epochs_of(index_t phase, level_view levels) const
  {
    return calls_->epochs_of(schedule_, phase, levels);
  }
  index_t parts(index_t phase, level_view levels) const
  {
    return calls_->parts(schedule_, phase, levels);
  }
  open_part part(index_t phase, index_t j, level_view levels) const
  {
    return calls_->part(schedule_, phase, j, levels);
  }
  template <class Visit>
  void each_part(index_t phase, level_view levels, Visit const& visit) const
  {
    calls_->each_part(schedule_, phase, levels, &visit, [](void const* to, open_part part) {
      (*static_cast<Visit const*>(to))(part);
    });
  }
  friend bool operator==(schedule_ref const&, schedule_ref const&) = default;

 private:
  using visitor = void(void const* visit, open_part part);
  struct calls {
    index_t (*phases)(void const*, level_view);
    index_t (*epochs_of)(void const*, index_t phase, level_view);
    index_t (*parts)(void const*, index_t phase, level_view);
    open_part (*part)(void const*, index_t phase, index_t j, level_view);
    void (*each_part)(void const*, index_t phase, level_view, void const* visit, visitor* call);
  };

  template <class Schedule>
  static Schedule const& as(void const* schedule)
  {
    return *static_cast<Schedule const*>(schedule);
  }

  template <class S>
  static constexpr calls calls_of{
      [](void const* s, level_view v) { return as<S>(s).phases(v); },
      [](void const* s, index_t phase, level_view v) { return as<S>(s).epochs_of(phase, v); },
      [](void const* s, index_t phase, level_view v) { return parts_of(as<S>(s), phase, v); },
      [](void const* s, index_t phase, index_t j, level_view v) {
        return as<S>(s).part(phase, j, v);
      },
      [](void const* s, index_t phase, level_view v, void const* visit, visitor* call) {
        for_each_part(as<S>(s), phase, v, [=](open_part part) { call(visit, part); });
      }};

  void const* schedule_ = nullptr;
  calls const* calls_ = nullptr;
};
static_assert(check_schedule<schedule_ref>() && mixes_parts<schedule_ref> &&
              gives_parts_together<schedule_ref>);

}  // namespace prefopt
