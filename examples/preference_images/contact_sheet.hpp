// SPDX-License-Identifier: MIT
#pragma once
/// \file  A web page to look at a preference set.

#include <filesystem>

#include <prefopt/core/math.hpp>

namespace preference_images {

using prefopt::index_t;

/// Writes `set`/preview.html: for `count` pairs spread evenly over the set, the original, its
/// regions, the negative, the keywords and both answers. The page holds its pictures itself.
void write_contact_sheet(std::filesystem::path const& set, std::filesystem::path const& images,
                         index_t count);

}  // namespace preference_images
