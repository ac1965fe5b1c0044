// SPDX-License-Identifier: MIT
#include <prefopt/curriculum/mixture/annealed_weights.hpp>
#include <prefopt/curriculum/mixture/temperature_weights.hpp>

#include "curriculum_lab/plan/pacings.hpp"
#include "curriculum_lab/plan/schedules.hpp"

namespace curriculum_lab {
namespace {

/// A ramp from and to, at the pace of --pacing.
template <class Ramp>
prefopt::ramped<any_pacing> ramp(keeper& values, parameters& given, std::string const& name,
                                 Ramp const& otherwise)
{
  return {.from = given.number(name + "_from", otherwise.from),
          .to = given.number(name + "_to", otherwise.to),
          .pacing = chosen_pacing(values, given, 0.0)};
}

any_mixture temperature(keeper& values, parameters& given)
{
  auto const alpha = prefopt::temperature_weights<>{}.alpha;
  return erase(values, prefopt::temperature_weights<any_pacing>{
                           .alpha = ramp(values, given, "alpha", alpha)});
}

any_mixture annealed(keeper& values, parameters& given)
{
  auto const inverse = prefopt::annealed_weights<>{}.inverse_temperature;
  return erase(values,
               prefopt::annealed_weights<any_pacing>{
                   .inverse_temperature = ramp(values, given, "inverse_temperature", inverse)});
}

constexpr entry<mixture_maker> all[] = {
    {"temperature_weights", "by size to the power of alpha", temperature},
    {"annealed_weights", "mostly easy at first, all alike at last", annealed},
};

}  // namespace

std::span<entry<mixture_maker> const> mixtures()
{
  return all;
}

}  // namespace curriculum_lab
