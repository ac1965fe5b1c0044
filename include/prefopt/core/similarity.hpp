// SPDX-License-Identifier: MIT
#pragma once
/// \file  How alike two texts are, when nothing says so.

#include <string_view>

namespace prefopt {

/// A similarity of two phrases in [-1, 1] that knows nothing. In its place may stand any callable
/// with two texts, such as the cosine of word vectors (keyword/word_vectors.hpp).
struct no_similarity {
  constexpr double operator()(std::string_view, std::string_view) const { return 0; }
};

}  // namespace prefopt
