// SPDX-License-Identifier: MIT
#pragma once
/// \file  Difficulty scores: from a file, or made up.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <prefopt/core/math.hpp>

namespace curriculum_lab {

using prefopt::index_t;

struct sample_scores {
  std::vector<double> score;
  std::vector<index_t> group;  ///< of each sample, or none
  std::string origin;          ///< in a few words
};

struct score_file {
  std::filesystem::path path;
  std::string format = "auto";   ///< text, csv, jsonl, fp32, or auto: by the end of the name
  std::string column = "score";  ///< of csv and jsonl
  std::string group_column;      ///< the same, whole numbers from 0; none if empty
};

/// Reads a file:
/// - text (.txt): one number a line;
/// - csv (.csv): a line of names, then rows; fields may be quoted;
/// - jsonl (.jsonl): an object or a number a line;
/// - fp32 (.fp32, .f32, .bin): floats of 4 bytes, the least significant first.
/// Blank lines are let pass. Throws std::invalid_argument or std::runtime_error naming file and
/// line.
sample_scores read_scores(score_file const& file);

struct score_recipe {
  std::string kind = "normal";  ///< see `make_scores`
  index_t samples = 48000;
  std::uint64_t seed = 0;
  index_t groups = 0;  ///< above 0: also groups, the first ones larger
};

/// uniform (0 to 1), normal (0, 1), lognormal (skewed), bimodal (two humps), tied (ten values) or
/// tokens (whole numbers of 1 to 2048, skewed). A pure function of the recipe.
sample_scores make_scores(score_recipe const& recipe);

}  // namespace curriculum_lab
