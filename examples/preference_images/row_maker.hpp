// SPDX-License-Identifier: MIT
#pragma once
/// \file  What becomes of one row of the pairs' file.

#include <string>

#include <nlohmann/json.hpp>

#include "llava/data/json_rows.hpp"
#include "llava/data/pair_row.hpp"
#include "preference_images/key_regions.hpp"
#include "preference_images/negative.hpp"
#include "preference_images/options.hpp"

namespace preference_images {

/// A line for a part's file, and the files that go with it.
struct made_row {
  std::string line;
  std::string negative, mask;  // bytes; empty = no file
};

/// Makes them; any number of threads may call at once. Both references outlive it.
class row_maker {
 public:
  row_maker(build_options const& options, key_region_finder const& finder)
      : options_(options), finder_(finder)
  {
  }

  /// A row that cannot be used becomes a line with its place and reason. Throws std::bad_alloc.
  made_row operator()(llava::json_row const& row, index_t number) const;

 private:
  made_row make(llava::json_row const& row, index_t number) const;
  /// A mask that comes with the pair is the answer to where; else keywords look for regions.
  key_region key_region_of(llava::pair_row const& pair, byte_image const& picture) const;
  nlohmann::ordered_json record(llava::pair_row const& pair, key_region const& key,
                                negative_recipe const& recipe, negative const& made,
                                index_t number) const;

  build_options const& options_;
  key_region_finder const& finder_;
};

}  // namespace preference_images
