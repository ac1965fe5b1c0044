// SPDX-License-Identifier: MIT
#pragma once
/// \file  English nouns in the singular, by rules and a table of exceptions.

#include <string>
#include <string_view>

namespace prefopt {
namespace detail {

struct irregular_noun {
  std::string_view plural, singular;
};

/// Nouns of things that are seen in pictures and whose plural the rules would get wrong.
inline constexpr irregular_noun irregular_nouns[] = {
    {"men", "man"},
    {"women", "woman"},
    {"children", "child"},
    {"people", "person"},
    {"persons", "person"},
    {"feet", "foot"},
    {"teeth", "tooth"},
    {"geese", "goose"},
    {"mice", "mouse"},
    {"oxen", "ox"},
    {"dice", "die"},
    {"knives", "knife"},
    {"wives", "wife"},
    {"wolves", "wolf"},
    {"leaves", "leaf"},
    {"loaves", "loaf"},
    {"shelves", "shelf"},
    {"halves", "half"},
    {"calves", "calf"},
    {"scarves", "scarf"},
    {"elves", "elf"},
    {"hooves", "hoof"},
    {"thieves", "thief"},
    {"buses", "bus"},
    {"minibuses", "minibus"},
    {"gases", "gas"},
    {"lenses", "lens"},
    {"irises", "iris"},
    {"atlases", "atlas"},
    {"canvases", "canvas"},
    {"octopuses", "octopus"},
    {"cacti", "cactus"},
    {"cactuses", "cactus"},
    {"fungi", "fungus"},
    {"movies", "movie"},
    {"cookies", "cookie"},
    {"brownies", "brownie"},
    {"hoodies", "hoodie"},
    {"smoothies", "smoothie"},
    {"selfies", "selfie"},
    {"calories", "calorie"},
    {"shoes", "shoe"},
    {"horseshoes", "horseshoe"},
    {"snowshoes", "snowshoe"},
    {"toes", "toe"},
    {"canoes", "canoe"},
    {"axes", "axe"},
    {"aches", "ache"},
    {"caches", "cache"},
    {"quiches", "quiche"},
    {"series", "series"},
    {"species", "species"},
    {"lens", "lens"},
    {"canvas", "canvas"},
    {"atlas", "atlas"},
    {"pajamas", "pajamas"},
    {"pyjamas", "pyjamas"},
    {"chassis", "chassis"},
};

}  // namespace detail

/// The singular of a word in lower case: irregular nouns by table, then -ies, -sses, -shes, -ches,
/// -xes, -zzes, -oes and -s; words in -ss, -us and -is are left, and a possessive 's goes. Words
/// that are not nouns may come out wrong, but the same on both sides of a comparison.
inline std::string singular_of(std::string_view word)
{
  if (word.ends_with("'s")) { word.remove_suffix(2); }
  if (word.ends_with("'")) { word.remove_suffix(1); }
  for (auto const& noun : detail::irregular_nouns) {
    if (word == noun.plural) { return std::string(noun.singular); }
  }
  auto const without = [&](std::size_t letters) {
    return std::string(word.substr(0, word.size() - letters));
  };
  bool const stays = word.size() < 4 || !word.ends_with("s") || word.ends_with("ss") ||
                     word.ends_with("us") || word.ends_with("is");
  if (stays) { return std::string(word); }
  if (word.ends_with("ies") && word.size() > 4) { return without(3) + "y"; }
  for (std::string_view const end : {"sses", "shes", "ches", "xes", "zzes", "oes"}) {
    if (word.ends_with(end)) { return without(end == "oes" && word.size() == 4 ? 1 : 2); }
  }
  return without(1);
}

}  // namespace prefopt
