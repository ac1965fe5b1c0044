// SPDX-License-Identifier: MIT
#pragma once
/// \file  Similarity of phrases from word vectors that the user has.

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>

namespace prefopt {

/// Gives the vector of a word in lower case, an empty span for a word it does not have. All
/// vectors have the same size.
template <class Lookup>
concept word_vector_lookup = requires(Lookup const& lookup, std::string_view word) {
  { lookup(word) } -> std::convertible_to<std::span<float const>>;
};

/// The cosine of the angle between two vectors; 0 where one is all zeros or empty. Throws
/// std::invalid_argument for two sizes.
inline double cosine_similarity(std::span<float const> a, std::span<float const> b)
{
  if (a.empty() || b.empty()) { return 0; }
  detail::require_extent("cosine_similarity", "second vector", static_cast<index_t>(a.size()),
                         static_cast<index_t>(b.size()));
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    double const x = a[k], y = b[k];
    ab += x * y, aa += x * x, bb += y * y;
  }
  double const norms = std::sqrt(aa) * std::sqrt(bb);
  return norms == 0 ? 0 : ab / norms;
}

/// S(k_i, k_j) of MFPO: the cosine of two phrases' vectors. The vector of a phrase is the sum of
/// its words' (the paper speaks of words only); words that the lookup does not have are left out,
/// and a phrase without any is similar to none (0).
template <word_vector_lookup Lookup>
struct word_vector_similarity {
  Lookup lookup;

  double operator()(std::string_view a, std::string_view b) const
  {
    return cosine_similarity(phrase(a), phrase(b));
  }

 private:
  std::vector<float> phrase(std::string_view text) const
  {
    std::vector<float> sum;
    while (!text.empty()) {
      std::size_t const end = std::min(text.find(' '), text.size());
      std::span<float const> const v = lookup(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      if (v.empty()) { continue; }
      sum.resize(sum.empty() ? v.size() : sum.size());
      detail::require_extent("word_vector_similarity", "vector of a word",
                             static_cast<index_t>(sum.size()), static_cast<index_t>(v.size()));
      for (std::size_t k = 0; k < v.size(); ++k) { sum[k] += v[k]; }
    }
    return sum;
  }
};

}  // namespace prefopt
