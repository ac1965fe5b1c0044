// SPDX-License-Identifier: MIT
#pragma once
/// \file  From an answer to the part of its picture that it speaks of.

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/image/keyword_match.hpp>
#include <prefopt/keyword/english_tagger.hpp>

#include "preference_images/options.hpp"
#include "preference_images/region_file.hpp"
#include "word_vector_file.hpp"

namespace preference_images {

/// What an answer's keywords found in its picture.
struct key_region {
  std::vector<std::string> keywords;
  nlohmann::ordered_json found = nlohmann::ordered_json::array();  // keyword, label, score of match
  std::optional<byte_image> mask{};                                // none where nothing was found
};

/// Finds them; any number of threads may ask at once.
class key_region_finder {
 public:
  /// Reads the options' files. Throws std::runtime_error or std::invalid_argument that names one.
  explicit key_region_finder(build_options const& options);

  std::vector<std::string> keywords(std::string const& answer) const;
  /// The union of the regions that the keywords of an answer find in a picture.
  key_region find(std::string const& answer, std::string const& image, index_t width,
                  index_t height) const;

 private:
  index_t most_keywords_;
  region_file regions_;
  prefopt::english_tagger tagger_;
  vector_table vectors_;
  prefopt::match_options match_;
};

}  // namespace preference_images
