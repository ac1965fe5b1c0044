// SPDX-License-Identifier: MIT
/// \file  Any bytes as an answer: words, tags, keywords, and phrases that match labels.

#include <prefopt/image/keyword_match.hpp>
#include <prefopt/keyword/english_tagger.hpp>
#include <prefopt/keyword/keywords.hpp>
#include <prefopt/keyword/lexicon.hpp>

#include "fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
  std::string_view text = fuzz::text_of(data, size);
  std::string_view lexicon;
  // What comes before a zero byte is a lexicon.
  if (auto const zero = text.find('\0'); zero != text.npos) {
    lexicon = text.substr(0, zero);
    text = text.substr(zero + 1);
  }
  prefopt::english_tagger tagger;
  fuzz::refused([&] { tagger.lexicon = prefopt::parse_lexicon(lexicon); });
  fuzz::refused([&] {
    auto const ranking = prefopt::rank_keywords(text, tagger);
    std::vector<std::string> keywords;
    std::vector<prefopt::region> labels;
    for (auto const& keyword : ranking.top(5)) {
      fuzz::require(!keyword.text.empty());
      keywords.push_back(keyword.text);
      labels.push_back({keyword.text, 1, {}});
    }
    for (auto const& match : prefopt::match_keywords(keywords, labels)) {
      fuzz::require(match.score >= 0 && match.score <= 1);
    }
  });
  return 0;
}
