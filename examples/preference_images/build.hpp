// SPDX-License-Identifier: MIT
#pragma once
/// \file  From preference pairs and regions to a preference set with image negatives.

#include <filesystem>
#include <iosfwd>

#include "preference_images/options.hpp"

namespace preference_images {

/// What does not change the result.
struct build_control {
  std::filesystem::path output;
  int threads = 1;
  index_t stop_after = 0;  // parts; 0 = at the end
};

struct build_report {
  bool complete = false;
  index_t accepted = 0;
  index_t rejected = 0;
  index_t whole = 0;  // accepted, with the whole picture corrupted
};

/// Writes `output`/pairs.jsonl (the trainer's pairs, with keywords, regions and all that the
/// negative depends on), negatives/, masks/ and rejected.jsonl. Work is committed in parts of
/// options.part rows: a run that was stopped or killed goes on with the same call, and the bytes
/// depend neither on that nor on the number of threads. A row that cannot be used goes to
/// rejected.jsonl with its reason. Memory: a part's texts, and the pictures in work, one a thread.
/// Throws std::runtime_error or std::invalid_argument for files and options that cannot be used.
build_report build(build_options const& options, build_control const& control, std::ostream& log);

}  // namespace preference_images
