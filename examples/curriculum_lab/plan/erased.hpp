// SPDX-License-Identifier: MIT
#pragma once
/// \file  Pacing functions, difficulties and mixtures behind one type each, as schedules are behind
/// the library's `schedule_ref`, so that the command line can choose them. Each is itself what it
/// stands for.

#include <any>
#include <deque>
#include <utility>

#include <prefopt/core/parameters.hpp>
#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/draws.hpp>
#include <prefopt/curriculum/pacing.hpp>
#include <prefopt/curriculum/schedule_ref.hpp>

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

using prefopt::schedule_ref;

template <prefopt::progress_function Function>
any_pacing erase(keeper& values, Function const& function)
{
  prefopt::detail::check_parameters("curriculum_lab", function);  // the erased one has none
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
  prefopt::detail::check_parameters("curriculum_lab", mixture);
  return {values.keep(mixture), [](void const* m, index_t level, double t, level_view levels) {
            return static_cast<Mixture const*>(m)->weight(level, t, levels);
          }};
}

template <prefopt::curriculum_schedule Schedule>
schedule_ref erase(keeper& values, Schedule const& schedule)
{
  return schedule_ref::to(*values.keep(schedule));
}

}  // namespace curriculum_lab
