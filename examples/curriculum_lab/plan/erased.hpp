// SPDX-License-Identifier: MIT
#pragma once
/// \file  Schedules, pacing functions, difficulties and mixtures behind one type each, so that the
/// command line can choose them. Each is itself what it stands for.

#include <any>
#include <deque>
#include <utility>

#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/draws.hpp>
#include <prefopt/curriculum/pacing.hpp>

namespace curriculum_lab {

using prefopt::index_t;
using prefopt::level_view;
using prefopt::open_part;

/// Keeps the values that erased ones point to, at a fixed place.
class keeper {
 public:
  template <class Value>
  Value const* keep(Value value)
  {
    return std::any_cast<Value>(&values_.emplace_back(std::move(value)));
  }

 private:
  std::deque<std::any> values_;
};

struct any_pacing {
  void const* object = nullptr;
  double (*value)(void const*, double) = nullptr;

  double operator()(double t) const { return value(object, t); }
  friend bool operator==(any_pacing const&, any_pacing const&) = default;
};
static_assert(prefopt::pacing_function<any_pacing>);

struct any_difficulty {
  any_pacing function;
  double ends[2] = {};

  double operator()(double t) const { return function(t); }
  double lowest() const { return ends[0]; }
  double highest() const { return ends[1]; }
  friend bool operator==(any_difficulty const&, any_difficulty const&) = default;
};
static_assert(prefopt::difficulty_function<any_difficulty>);

struct any_mixture {
  void const* object = nullptr;
  double (*weight_of)(void const*, index_t, double, level_view) = nullptr;

  double weight(index_t level, double t, level_view levels) const
  {
    return weight_of(object, level, t, levels);
  }
  friend bool operator==(any_mixture const&, any_mixture const&) = default;
};
static_assert(prefopt::weighs_levels<any_mixture>);

struct any_schedule {
  void const* object = nullptr;
  index_t (*phases_of)(void const*, level_view) = nullptr;
  index_t (*epochs)(void const*, index_t, level_view) = nullptr;
  index_t (*parts_in)(void const*, index_t, level_view) = nullptr;
  open_part (*part_of)(void const*, index_t, index_t, level_view) = nullptr;

  index_t phases(level_view v) const { return phases_of(object, v); }
  index_t epochs_of(index_t phase, level_view v) const { return epochs(object, phase, v); }
  index_t parts(index_t phase, level_view v) const { return parts_in(object, phase, v); }
  open_part part(index_t phase, index_t j, level_view v) const
  {
    return part_of(object, phase, j, v);
  }
  friend bool operator==(any_schedule const&, any_schedule const&) = default;
};
static_assert(prefopt::check_schedule<any_schedule>());

template <prefopt::progress_function Function>
any_pacing erase(keeper& values, Function const& function)
{
  return {values.keep(function),
          [](void const* f, double t) { return (*static_cast<Function const*>(f))(t); }};
}

template <prefopt::difficulty_function Function>
any_difficulty erase_difficulty(keeper& values, Function const& function)
{
  return {erase(values, function), {function.lowest(), function.highest()}};
}

template <prefopt::weighs_levels Mixture>
any_mixture erase(keeper& values, Mixture const& mixture)
{
  return {values.keep(mixture), [](void const* m, index_t level, double t, level_view levels) {
            return static_cast<Mixture const*>(m)->weight(level, t, levels);
          }};
}

template <prefopt::curriculum_schedule Schedule>
any_schedule erase(keeper& values, Schedule const& schedule)
{
  using type = Schedule const*;
  return {values.keep(schedule),
          [](void const* s, level_view v) { return static_cast<type>(s)->phases(v); },
          [](void const* s, index_t phase, level_view v) {
            return static_cast<type>(s)->epochs_of(phase, v);
          },
          [](void const* s, index_t phase, level_view v) {
            return prefopt::parts_of(*static_cast<type>(s), phase, v);
          },
          [](void const* s, index_t phase, index_t j, level_view v) {
            return static_cast<type>(s)->part(phase, j, v);
          }};
}

}  // namespace curriculum_lab
