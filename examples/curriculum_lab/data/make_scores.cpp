// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <iterator>

#include <prefopt/core/hash.hpp>
#include <prefopt/core/philox.hpp>

#include "curriculum_lab/data/parse.hpp"
#include "curriculum_lab/data/scores.hpp"

namespace curriculum_lab {
namespace {

/// In [0, 1).
double uniform(std::uint64_t seed, index_t index)
{
  auto const word =
      prefopt::detail::mix64(seed ^ prefopt::detail::mix64(static_cast<std::uint64_t>(index) + 1));
  return static_cast<double>(word >> 11) * 0x1p-53;
}

double normal(std::uint64_t seed, index_t index)
{
  return static_cast<double>(prefopt::philox_normal(seed, index));
}

struct kind {
  char const* name;
  double (*score)(std::uint64_t, index_t);
};

constexpr kind kinds[] = {
    {"normal", normal},
    {"uniform", uniform},
    {"lognormal", [](std::uint64_t s, index_t i) { return std::exp(0.8 * normal(s, i)); }},
    {"bimodal",
     [](std::uint64_t s, index_t i) {
       return 0.5 * normal(s, i) + (uniform(s + 1, i) < 0.6 ? -1.0 : 2.0);
     }},
    {"tied", [](std::uint64_t s, index_t i) { return std::floor(10 * uniform(s, i)); }},
    {"tokens",
     [](std::uint64_t s, index_t i) {
       return std::clamp(std::round(200 * std::exp(0.8 * normal(s, i))), 1.0, 2048.0);
     }},
};

}  // namespace

sample_scores make_scores(score_recipe const& recipe)
{
  auto const* const found = std::find_if(std::begin(kinds), std::end(kinds),
                                         [&](kind const& k) { return recipe.kind == k.name; });
  if (found == std::end(kinds)) {
    std::vector<std::string> names;
    for (kind const& k : kinds) { names.emplace_back(k.name); }
    fail("--generate", "one of " + joined(names), as_quote(recipe.kind));
  }
  constexpr index_t most = 100'000'000;
  if (recipe.samples < 1 || recipe.samples > most) {
    fail("--samples", "1 to " + std::to_string(most), std::to_string(recipe.samples));
  }
  sample_scores made;
  made.origin = recipe.kind + " scores, generated";
  for (index_t i = 0; i < recipe.samples; ++i) {
    made.score.push_back(found->score(recipe.seed, i));
    if (recipe.groups > 0) {
      double const u = uniform(recipe.seed + 2, i);
      made.group.push_back(static_cast<index_t>(static_cast<double>(recipe.groups) * u * u));
    }
  }
  return made;
}

}  // namespace curriculum_lab
