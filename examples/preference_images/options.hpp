// SPDX-License-Identifier: MIT
#pragma once
/// \file  What decides the bytes of a preference set, as the command line gives it and run.json
/// keeps it.

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include <prefopt/core/math.hpp>

#include "llava/image/decode.hpp"

namespace preference_images {

using prefopt::index_t;

/// The paper gives mode, step and the 20 %; the others are ours.
struct build_options {
  std::string pairs;    // JSONL or a JSON array
  std::string images;   // folder that the pairs' image names are relative to
  std::string regions;  // JSONL; empty: only the pairs' own masks

  std::string mode = "key";              // "random", "global", "crop"
  std::string corruption = "diffusion";  // "blur", "mask_out", "patch_shuffle"
  std::string noise_schedule = "sigmoid";
  index_t noise_step = 500;
  std::uint64_t seed = 0;
  double random_share = 0.2;  // of the picture's area, for mode random

  std::string form = "png";  // "npy"
  index_t size = 336;        // pixels; 0: as the picture is
  std::string image_mode = "pad";

  index_t keywords = 5;    // the best of an answer
  std::string lexicon;     // words and tags for the tagger
  std::string vectors;     // word vectors
  std::string synonyms;    // JSON: {"same": [["sofa", "couch"]], "kind": [["van", "car"]]}
  double least_score = 0;  // of a region
  double least_similarity = 0.7;

  index_t max_side = 16384;                // pixels of a picture
  index_t max_pixels = index_t{64} << 20;  // width x height
  index_t part = 64;                       // rows that are committed together
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(build_options, pairs, images, regions, mode, corruption,
                                   noise_schedule, noise_step, seed, random_share, form, size,
                                   image_mode, keywords, lexicon, vectors, synonyms, least_score,
                                   least_similarity, max_side, max_pixels, part)

/// Throws std::invalid_argument that names the first option out of its range.
void check_options(build_options const& options);

inline llava::decode_limits limits_of(build_options const& o)
{
  return {.max_side = o.max_side, .max_pixels = o.max_pixels};
}

}  // namespace preference_images
