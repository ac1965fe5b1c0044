// SPDX-License-Identifier: MIT
#pragma once
/// \file  The keywords of a text, best first: which regions of the picture to disturb.

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/similarity.hpp>
#include <prefopt/keyword/candidates.hpp>
#include <prefopt/keyword/english_tagger.hpp>
#include <prefopt/keyword/graph.hpp>
#include <prefopt/keyword/page_rank.hpp>
#include <prefopt/keyword/split_words.hpp>
#include <prefopt/keyword/topics.hpp>
#include <prefopt/keyword/word.hpp>

namespace prefopt {

/// MFPO's ranking. The paper prints the formulas without numbers: the defaults are ours.
struct keyword_options {
  candidate_options candidates{};
  double topic_threshold = 0.74;  ///< of average_linkage
  keyword_graph_options graph{};
  page_rank_options rank{.update = rank_update::printed};
  bool one_per_topic = true;      ///< of "wooden bench" and "bench" the better one
  index_t max_candidates = 4096;  ///< memory is 16 bytes times its square
};

/// MultipartiteRank as its authors' program has it: order and weights of all candidates.
inline keyword_options multipartite_rank_options()
{
  keyword_options o;
  o.candidates.shape = candidate_shape::adjacent_run;
  o.candidates.not_keywords = {};
  o.graph = {.position = position_weight::gap, .gamma = 0, .lambda = 0, .boost = 1.1};
  o.rank = {.update = rank_update::page_rank, .max_iterations = 100};
  o.one_per_topic = false;
  return o;
}

struct keyword {
  std::string text;                ///< in lower case
  std::vector<std::string> stems;  ///< of its words
  std::vector<index_t> positions;  ///< of its first word, in words of the text
  double weight = 0;
  index_t topic = 0;
};

/// Keywords best first, ties by position: a total order.
struct keyword_ranking {
  std::vector<keyword> keywords;
  index_t iterations = 0;
  bool converged = true;

  /// The best k, or all if there are fewer.
  std::span<keyword const> top(index_t k) const
  {
    auto const all = static_cast<index_t>(keywords.size());
    return std::span(keywords).first(static_cast<std::size_t>(k < 0 ? 0 : k < all ? k : all));
  }
};

/// Ranks the keywords of words that are tagged already. No candidate gives an empty ranking; a
/// single one has the weight that the update leaves it (1 - damping, or 1 for page_rank). The same
/// input gives the same bits. Throws std::invalid_argument where keyword_graph and page_rank do,
/// and for more than max_candidates candidates.
template <keyword_similarity Similarity = no_similarity>
keyword_ranking rank_keywords(std::span<tagged_word const> words,
                              keyword_options const& options = {},
                              Similarity const& similarity = {})
{
  std::vector<keyword_candidate> candidates = keyword_candidates(words, options.candidates);
  auto const n = static_cast<index_t>(candidates.size());
  if (n > options.max_candidates) {
    detail::throw_invalid("rank_keywords", "candidates in the text",
                          "at most " + std::to_string(options.max_candidates), std::to_string(n));
  }
  std::vector<index_t> const topics = keyword_topics(candidates, options.topic_threshold);
  std::vector<double> const weights = keyword_graph(candidates, topics, options.graph, similarity);
  page_rank_result const ranked = page_rank(weights, n, options.rank);

  keyword_ranking result{{}, ranked.iterations, ranked.converged};
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    keyword_candidate& c = candidates[i];
    result.keywords.push_back(
        {std::move(c.text), std::move(c.stems), std::move(c.positions), ranked.rank[i], topics[i]});
  }
  std::ranges::sort(result.keywords, [](keyword const& a, keyword const& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.positions[0] < b.positions[0];
  });
  if (options.one_per_topic) {
    std::vector<bool> seen(static_cast<std::size_t>(n), false);
    std::erase_if(result.keywords, [&](keyword const& k) {
      bool const again = seen[static_cast<std::size_t>(k.topic)];
      seen[static_cast<std::size_t>(k.topic)] = true;
      return again;
    });
  }
  return result;
}

/// The same from plain text: split_words, then the tagger (english_tagger, or the user's).
template <part_of_speech_tagger Tagger, keyword_similarity Similarity = no_similarity>
keyword_ranking rank_keywords(std::string_view text, Tagger const& tagger,
                              keyword_options const& options = {},
                              Similarity const& similarity = {})
{
  std::vector<tagged_word> words = split_words(text);
  tagger(words);
  return rank_keywords(std::span<tagged_word const>(words), options, similarity);
}

}  // namespace prefopt
