// SPDX-License-Identifier: MIT
#include "curriculum_lab/list.hpp"

#include "curriculum_lab/plan/pacings.hpp"
#include "curriculum_lab/plan/schedules.hpp"

namespace curriculum_lab {
namespace {

template <class Maker, class... Argument>
std::string list_of(char const* title, std::span<entry<Maker> const> all,
                    Argument const&... arguments)
{
  std::string text = std::string(title) + "\n";
  for (auto const& one : all) {
    keeper values;
    parameters asked;
    one.make(values, asked, arguments...);
    text += "  " + std::string(one.name) + ": " + one.about + "\n";
    for (auto const& p : asked.known()) {
      text += "      " + option_of(p.name) + " " + p.value + "\n";
    }
  }
  return text;
}

}  // namespace

std::string list_of_everything()
{
  return list_of("schedules (--schedule; --inner of per_group)", schedules()) +
         list_of("pacing functions (--pacing)", pacings(), std::optional<double>()) +
         list_of("difficulties (--difficulty)", difficulties()) +
         list_of("mixtures (--mixture of level_mixture, --group-mixture of per_group)", mixtures());
}

}  // namespace curriculum_lab
