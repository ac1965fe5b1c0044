// SPDX-License-Identifier: MIT
#pragma once
/// \file  A set's negatives from its records, and what its rate is compared with.

#include <filesystem>

#include "preference_images/options.hpp"

namespace preference_images {

/// Makes the negatives of `set` again from its pairs.jsonl and the pictures, into
/// `output`/negatives/. Returns how many.
index_t rebuild(std::filesystem::path const& set, std::filesystem::path const& images,
                std::filesystem::path const& output);

/// Decodes all pictures that the pairs name, on one thread, and returns the seconds and how many:
/// what the rate of `build` is compared with.
struct decoding_time {
  double seconds = 0;
  index_t pictures = 0;
};
decoding_time time_decoding(build_options const& options);

}  // namespace preference_images
