// SPDX-License-Identifier: MIT
#pragma once
/// \file  A part-of-speech tagger for English descriptions of pictures: word lists, endings and
/// the neighbours of a word. Built to find noun phrases, not to parse.

#include <cstddef>
#include <vector>

#include <prefopt/keyword/lexicon.hpp>
#include <prefopt/keyword/sentence_tagger.hpp>
#include <prefopt/keyword/word.hpp>

namespace prefopt {

/// Tags English words (of split_words, punctuation marked already). Without a lexicon it knows the
/// words of english_words.hpp, and takes any other for a noun unless its ending or its neighbours
/// say otherwise; with one (parse_lexicon) it asks that first. Measured in docs/keywords.md.
struct english_tagger {
  part_of_speech_lexicon lexicon{};

  void operator()(std::vector<tagged_word>& words) const
  {
    std::size_t first = 0;
    while (first < words.size()) {
      std::size_t last = first;
      while (last < words.size() && words[last].sentence == words[first].sentence) { ++last; }
      detail::sentence_tagger(words.data() + first, last - first, lexicon).run();
      first = last;
    }
  }
};
static_assert(part_of_speech_tagger<english_tagger>);

}  // namespace prefopt
