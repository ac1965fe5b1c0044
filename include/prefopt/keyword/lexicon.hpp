// SPDX-License-Identifier: MIT
#pragma once
/// \file  A list of words with their most likely part of speech, from a text that the user has.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <prefopt/keyword/porter_stem.hpp>
#include <prefopt/keyword/word.hpp>

namespace prefopt {

/// Words and tags, sorted. An empty lexicon knows no word.
class part_of_speech_lexicon {
 public:
  struct entry {
    std::string word;
    part_of_speech tag;
  };

  part_of_speech_lexicon() = default;
  /// Of several entries for a word the first counts.
  explicit part_of_speech_lexicon(std::vector<entry> const& entries)
  {
    std::vector<std::size_t> order(entries.size());
    for (std::size_t i = 0; i < order.size(); ++i) { order[i] = i; }
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
      int const words = entries[a].word.compare(entries[b].word);
      return words != 0 ? words < 0 : a < b;
    });
    for (std::size_t const i : order) {
      bool const again = !entries_.empty() && entries_.back().word == entries[i].word;
      if (!again) { entries_.push_back(entries[i]); }
    }
  }

  std::size_t size() const { return entries_.size(); }

  /// The entry of the word as it is written, null if there is none.
  entry const* find(std::string_view word) const
  {
    auto const at = std::ranges::lower_bound(entries_, word, {}, &entry::word);
    return at != entries_.end() && at->word == word ? &*at : nullptr;
  }

 private:
  std::vector<entry> entries_;
};

/// Reads lines "word TAG", more tags after the first ignored, tags universal or of the Penn
/// Treebank ("JJ|NN" counts as "JJ"). This is the format of Brill's lexicon (MIT licence), which
/// PyPI's textblob installs as textblob/en/en-lexicon.txt. Empty lines, lines that begin with
/// ";;;", and words with a tag that part_of_speech_named does not know are skipped.
inline part_of_speech_lexicon parse_lexicon(std::string_view text)
{
  std::vector<part_of_speech_lexicon::entry> entries;
  while (!text.empty()) {
    std::size_t const end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) { line.remove_suffix(1); }
    std::size_t const blank = line.find_first_of(" \t");
    if (blank == 0 || blank == std::string_view::npos || line.starts_with(";;;")) { continue; }
    std::string_view tag = line.substr(blank + 1);
    tag = tag.substr(0, tag.find_first_of(" \t|"));
    detail::tag_name const* const known = detail::find_tag(tag);
    if (known != nullptr) { entries.push_back({std::string(line.substr(0, blank)), known->tag}); }
  }
  return part_of_speech_lexicon(entries);
}

}  // namespace prefopt
