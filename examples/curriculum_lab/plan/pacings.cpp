// SPDX-License-Identifier: MIT
#include "curriculum_lab/plan/pacings.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <prefopt/curriculum/pacing/exponential_pacing.hpp>
#include <prefopt/curriculum/pacing/fixed_discrete_difficulty.hpp>
#include <prefopt/curriculum/pacing/fixed_root_difficulty.hpp>
#include <prefopt/curriculum/pacing/geometric_pacing.hpp>
#include <prefopt/curriculum/pacing/linear_pacing.hpp>
#include <prefopt/curriculum/pacing/logarithmic_pacing.hpp>
#include <prefopt/curriculum/pacing/power_pacing.hpp>
#include <prefopt/curriculum/pacing/root_pacing.hpp>
#include <prefopt/curriculum/pacing/step_pacing.hpp>

namespace curriculum_lab {
namespace {

/// Every pacing function has a start and an end; some have a power or a rate.
template <class Pacing>
any_pacing make(keeper& values, parameters& given, std::optional<double> start)
{
  Pacing pacing;
  pacing.start = given.number("start", start.value_or(pacing.start));
  pacing.full_at = given.number("full_at", pacing.full_at);
  if constexpr (requires { pacing.power; }) { pacing.power = given.number("power", pacing.power); }
  if constexpr (requires { pacing.rate; }) { pacing.rate = given.number("rate", pacing.rate); }
  return erase(values, pacing);
}

any_difficulty fixed_root(keeper& values, parameters& given)
{
  prefopt::fixed_root_difficulty d;
  d.min_difficulty = given.number("min_difficulty", d.min_difficulty);
  d.max_difficulty = given.number("max_difficulty", d.max_difficulty);
  d.difficulty_step = given.number("difficulty_step", d.difficulty_step);
  d.degree = given.number("degree", d.degree);
  d.full_at = given.number("full_at", d.full_at);
  return erase_difficulty(values, d);
}

any_difficulty fixed_linear(keeper& values, parameters& given)
{
  prefopt::fixed_root_difficulty const d;
  double const low = given.number("min_difficulty", d.min_difficulty);
  double const high = given.number("max_difficulty", d.max_difficulty);
  double const step = given.number("difficulty_step", d.difficulty_step);
  double const full_at = given.number("full_at", d.full_at);
  return erase_difficulty(values, prefopt::fixed_linear_difficulty(low, high, step, full_at));
}

template <int Count>
any_difficulty table_of(keeper& values, std::vector<double> const& levels,
                        std::vector<double> const& until)
{
  prefopt::fixed_discrete_difficulty<Count> table;
  std::copy(levels.begin(), levels.end(), table.difficulty);
  std::copy(until.begin(), until.end(), table.until);
  return erase_difficulty(values, table);
}

any_difficulty fixed_discrete(keeper& values, parameters& given)
{
  auto const levels = given.numbers("difficulties", {64, 256, 1024});
  auto const until = given.numbers("until", {0.25, 0.5});
  constexpr std::size_t most = 8;
  if (levels.size() < 2 || levels.size() > most) {
    fail("--difficulties", "2 to 8 numbers", std::to_string(levels.size()));
  }
  if (until.size() + 1 != levels.size()) {
    fail("--until", std::to_string(levels.size() - 1) + " numbers, one fewer than difficulties",
         std::to_string(until.size()));
  }
  any_difficulty made;
  [&]<int... Fewer>(std::integer_sequence<int, Fewer...>) {
    ((levels.size() == Fewer + 2 ? void(made = table_of<Fewer + 2>(values, levels, until))
                                 : void()),
     ...);
  }(std::make_integer_sequence<int, most - 1>());
  return made;
}

constexpr entry<pacing_maker> all_pacings[] = {
    {"linear_pacing", "a straight line", make<prefopt::linear_pacing>},
    {"root_pacing", "root competence", make<prefopt::root_pacing>},
    {"geometric_pacing", "the same factor in the same time", make<prefopt::geometric_pacing>},
    {"power_pacing", "quad (power 2), root (power .5)", make<prefopt::power_pacing>},
    {"exponential_pacing", "late and steep", make<prefopt::exponential_pacing>},
    {"logarithmic_pacing", "early and steep", make<prefopt::logarithmic_pacing>},
    {"step_pacing", "everything from one step on", make<prefopt::step_pacing>},
};

constexpr entry<difficulty_maker> all_difficulties[] = {
    {"fixed_root_difficulty", "DeepSpeed's fixed_root", fixed_root},
    {"fixed_linear_difficulty", "DeepSpeed's fixed_linear", fixed_linear},
    {"fixed_discrete_difficulty", "DeepSpeed's fixed_discrete", fixed_discrete},
};

}  // namespace

std::span<entry<pacing_maker> const> pacings()
{
  return all_pacings;
}

std::span<entry<difficulty_maker> const> difficulties()
{
  return all_difficulties;
}

any_pacing chosen_pacing(keeper& values, parameters& given, std::optional<double> start)
{
  return find(pacings(), given.word("pacing", "linear_pacing"), "--pacing")
      .make(values, given, start);
}

any_difficulty chosen_difficulty(keeper& values, parameters& given)
{
  return find(difficulties(), given.word("difficulty", "fixed_root_difficulty"), "--difficulty")
      .make(values, given);
}

}  // namespace curriculum_lab
