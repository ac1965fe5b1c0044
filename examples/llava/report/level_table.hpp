// SPDX-License-Identifier: MIT
#pragma once
/// \file  What a run achieved, level by level: margins, fairness and accuracy, before and after.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/core/math.hpp>

namespace llava {

using prefopt::index_t;

/// Means over the pairs of one level.
struct level_scores {
  double loss = 0;
  double text_margin = 0;     // beta times (log-ratio of chosen - of rejected), nats
  double image_margin = 0;    // beta times (log-ratio of chosen - of chosen with the noised image)
  double text_accuracy = 0;   // share of pairs with text_margin > 0; a tie does not count
  double image_accuracy = 0;  // share of pairs with image_margin > 0
  double prefers_chosen = 0;  // share with log p(chosen) > log p(rejected)
  double prefers_clean = 0;   // share with log p(chosen | image) > log p(chosen | noised image)
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(level_scores, loss, text_margin, image_margin, text_accuracy,
                                   image_accuracy, prefers_chosen, prefers_clean)

struct level_result {
  std::string name;  // "easy", "medium", "hard", "all"
  index_t pairs = 0;
  level_scores before, after;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(level_result, name, pairs, before, after)

/// "easy", "medium", "hard" for three levels, else "level 1" and so on.
std::string level_name(index_t level, index_t levels);

/// The final table as plain text.
std::string format_table(std::vector<level_result> const& results);

}  // namespace llava
