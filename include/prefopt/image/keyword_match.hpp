// SPDX-License-Identifier: MIT
#pragma once
/// \file  Which regions of a picture show which keywords of an answer.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/similarity.hpp>
#include <prefopt/image/noun_phrase.hpp>
#include <prefopt/image/region.hpp>
#include <prefopt/image/word_relations.hpp>

namespace prefopt {

/// How keywords find regions.
struct match_options {
  word_relations relations = common_word_relations();
  double least_similarity = 0.7;    // from which two phrases without a relation match
  double least_region_score = 0.0;  // regions that the detector is less sure of are left out
};

/// What a keyword found.
struct keyword_match {
  std::string keyword;
  std::vector<index_t> regions;  // all with the best score, in order; empty where none matches
  double score = 0;  // 1 same words, (1/2, 1) same thing, 1/2 kind, below: similarity / 2
};

/// Finds the regions of every keyword by their labels: those that match best, and all of them where
/// several match alike. "brown dogs" finds "brown dog" before "dog" before "white dog", and never
/// "dog house". Where words and relations say nothing, `similarity` of the phrases decides, halved.
/// It gets words in the singular, by spaces.
/// Throws std::invalid_argument for a similarity that is NaN.
template <class Similarity = no_similarity>
std::vector<keyword_match> match_keywords(std::span<std::string const> keywords,
                                          std::span<region const> regions,
                                          match_options const& options = {},
                                          Similarity const& similarity = {})
{
  std::vector<noun_phrase> labels;
  labels.reserve(regions.size());
  for (auto const& r : regions) {
    labels.push_back(detail::canonical_phrase(r.label, options.relations));
  }
  std::vector<keyword_match> matches;
  matches.reserve(keywords.size());
  for (auto const& keyword : keywords) {
    noun_phrase const phrase = detail::canonical_phrase(keyword, options.relations);
    keyword_match match{keyword, {}, 0};
    for (std::size_t i = 0; i < regions.size(); ++i) {
      if (regions[i].score < options.least_region_score || labels[i].words.empty()) { continue; }
      double score = detail::phrase_match(phrase, labels[i], options.relations);
      if (score == 0 && !phrase.words.empty()) {
        double const alike = similarity(detail::text_of(phrase), detail::text_of(labels[i]));
        if (alike != alike) {
          detail::throw_invalid("match_keywords", "similarity", "a number",
                                "NaN for '" + keyword + "' and '" + regions[i].label + "'");
        }
        score = alike >= options.least_similarity ? min(alike, 1.0) / 2 : 0;
      }
      if (score <= 0 || score < match.score) { continue; }
      if (score > match.score) { match.regions.clear(); }
      match.score = score;
      match.regions.push_back(static_cast<index_t>(i));
    }
    matches.push_back(match);
  }
  return matches;
}

/// The regions that any keyword found, each once, in order; what `unite_regions` takes.
inline std::vector<index_t> matched_regions(std::span<keyword_match const> matches)
{
  std::vector<index_t> found;
  for (auto const& match : matches) {
    for (index_t const i : match.regions) {
      auto place = found.begin();
      while (place != found.end() && *place < i) { ++place; }
      if (place == found.end() || *place != i) { found.insert(place, i); }
    }
  }
  return found;
}

}  // namespace prefopt
