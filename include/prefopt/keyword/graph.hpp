// SPDX-License-Identifier: MIT
#pragma once
/// \file  The keyword graph: MFPO's (Jiang et al. 2024, arXiv 2410.15334, section 3.1) and that of
/// MultipartiteRank (Boudin 2018, NAACL, arXiv 1803.08721).

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/similarity.hpp>
#include <prefopt/keyword/candidates.hpp>

namespace prefopt {

/// How a pair of occurrences counts.
enum class position_weight : std::uint8_t {
  /// 1 / (1 + |l_i - l_j|^phi), l the positions of the first words: MFPO's.
  decay,
  /// 1 / g, g the words from the end of the earlier phrase to the next one's start, at least 1:
  /// MultipartiteRank's.
  gap,
};

/// Which occurrence of a repeated keyword the decay kappa looks at; MFPO does not say.
enum class decay_position : std::uint8_t { first, last, mean };

/// The weights of the graph. MFPO gives no numbers and no formula for tau: the defaults are ours.
struct keyword_graph_options {
  position_weight position = position_weight::decay;
  double phi = 1;        ///< exponent of the distance, positive
  double gamma = 1;      ///< weight of the similarity, 0 or more; 0 without word vectors
  double lambda = 0.02;  ///< kappa_i = exp(-lambda l_i), 0 or more
  decay_position kappa = decay_position::first;
  double boost = 1.1;  ///< MultipartiteRank's alpha, 0 or more; 0 leaves tau = mu
  bool edges_inside_topics = false;
};

/// Similarity of two candidates' texts ("red fire hydrant", "bench"), a number that is not NaN;
/// word_vector_similarity makes one of word vectors; with no_similarity sigma is 0.
template <class Similarity>
concept keyword_similarity = requires(Similarity const& s, std::string_view a) {
  { s(a, a) } -> std::convertible_to<double>;
};

namespace detail {

/// Sum over all pairs of occurrences.
inline double position_sum(keyword_candidate const& a, keyword_candidate const& b,
                           std::span<double const> weight_at, bool by_gap)
{
  auto const length = [](keyword_candidate const& c) {
    return static_cast<index_t>(c.stems.size());
  };
  double sum = 0;
  for (index_t const p : a.positions) {
    for (index_t const q : b.positions) {
      index_t distance = p < q ? q - p : p - q;
      if (by_gap) {
        distance -= (p < q ? length(a) : length(b)) - 1;
        distance = distance < 1 ? 1 : distance;
      }
      sum += weight_at[static_cast<std::size_t>(distance)];
    }
  }
  return sum;
}

inline void check(keyword_graph_options const& o)
{
  auto const require = [](char const* option, char const* expected, bool holds, double got) {
    if (!holds) { throw_invalid("keyword_graph", option, expected, std::to_string(got)); }
  };
  require("phi", "a positive number", o.phi > 0 && std::isfinite(o.phi), o.phi);
  require("gamma", "0 or more", o.gamma >= 0 && std::isfinite(o.gamma), o.gamma);
  require("lambda", "0 or more", o.lambda >= 0 && std::isfinite(o.lambda), o.lambda);
  require("boost", "0 or more", o.boost >= 0 && std::isfinite(o.boost), o.boost);
}

/// The adjustment of MultipartiteRank: whatever pointed from a later candidate of a topic to a
/// neighbour also pulls the neighbour to the topic's earliest candidate.
inline void boost_first_of_topics(std::span<keyword_candidate const> candidates,
                                  std::span<index_t const> topics, double boost,
                                  std::span<double> weights)
{
  std::size_t const n = candidates.size();
  std::vector<double> added(n * n, 0.0);
  // Candidates are in the order of their first occurrence.
  for (std::size_t first = 0; first < n; ++first) {
    bool earliest = true;
    for (std::size_t v = 0; v < first; ++v) { earliest = earliest && topics[v] != topics[first]; }
    if (!earliest) { continue; }
    auto const position = static_cast<double>(candidates[first].positions[0]);
    double const factor = boost * std::exp(1 / (1 + position));
    for (std::size_t end = 0; end < n; ++end) {
      if (topics[end] == topics[first] || !(weights[first * n + end] > 0)) { continue; }
      double sum = 0;
      for (std::size_t v = first + 1; v < n; ++v) {
        if (topics[v] == topics[first]) { sum += weights[v * n + end]; }
      }
      added[end * n + first] += factor * sum;
    }
  }
  for (std::size_t k = 0; k < n * n; ++k) { weights[k] += added[k]; }
}

}  // namespace detail

/// The n x n weights omega_ij of the edges from candidate i to j:
/// \f[ \theta_{ij} = \sum_{l_i} \sum_{l_j} \frac{1}{1 + |l_i - l_j|^\phi}, \quad
///     \mu_{ij} = \max(0, \theta_{ij} + \gamma S_{ij}), \quad
///     \omega_{ij} = \tau_{ij}\, e^{-\lambda l_i} \f]
/// between candidates of different topics. tau, which the paper describes ("adjusted contextually
/// using related words") and does not define, is mu with MultipartiteRank's adjustment:
/// \f[ \tau_{n f} = \mu_{n f} + \alpha e^{1 / (1 + l_f)} \sum_{v \neq f} \mu_{v n} \f]
/// for f the earliest candidate of its topic, v the others of it, n a neighbour of f. Negative mu
/// count as 0 (our choice). Candidates must be in the order of their first occurrence, as
/// keyword_candidates gives them. Positions are divided by nothing: l counts words and punctuation
/// from the start of the text. O(n^2) memory; time O(occurrences^2).
/// Throws std::invalid_argument for options out of their domain, as many topics as there are not
/// candidates, a similarity that is NaN or infinite, and lambda times the text's length above 600
/// (the weights would leave double's range).
template <keyword_similarity Similarity = no_similarity>
std::vector<double> keyword_graph(std::span<keyword_candidate const> candidates,
                                  std::span<index_t const> topics,
                                  keyword_graph_options const& options = {},
                                  Similarity const& similarity = {})
{
  detail::check(options);
  std::size_t const n = candidates.size();
  detail::require_extent("keyword_graph", "topics", static_cast<index_t>(n),
                         static_cast<index_t>(topics.size()));
  index_t length = 1;
  for (keyword_candidate const& c : candidates) {
    length = c.positions.back() + 1 > length ? c.positions.back() + 1 : length;
  }
  if (options.lambda * static_cast<double>(length) > 600) {
    detail::throw_invalid("keyword_graph", "lambda times the length of the text", "at most 600",
                          std::to_string(options.lambda * static_cast<double>(length)));
  }
  bool const by_gap = options.position == position_weight::gap;
  std::vector<double> weight_at(static_cast<std::size_t>(length) + 1);
  for (std::size_t k = 0; k < weight_at.size(); ++k) {
    auto const d = static_cast<double>(k);
    weight_at[k] = by_gap ? 1 / d : 1 / (1 + std::pow(d, options.phi));
  }

  std::vector<double> weights(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (topics[i] == topics[j] && !options.edges_inside_topics) { continue; }
      double mu = detail::position_sum(candidates[j], candidates[i], weight_at, by_gap);
      if (options.gamma > 0) {
        auto const s = static_cast<double>(similarity(candidates[j].text, candidates[i].text));
        if (!std::isfinite(s)) {
          detail::throw_invalid(
              "keyword_graph",
              "similarity of '" + candidates[j].text + "' and '" + candidates[i].text + "'",
              "a finite number", std::to_string(s));
        }
        mu += options.gamma * s;
      }
      weights[i * n + j] = weights[j * n + i] = mu > 0 ? mu : 0;
    }
  }
  if (options.boost > 0) {
    detail::boost_first_of_topics(candidates, topics, options.boost, weights);
  }
  for (std::size_t i = 0; i < n; ++i) {
    auto const& at = candidates[i].positions;
    auto l = static_cast<double>(at.front());
    if (options.kappa == decay_position::last) { l = static_cast<double>(at.back()); }
    if (options.kappa == decay_position::mean) {
      double sum = 0;
      for (index_t const p : at) { sum += static_cast<double>(p); }
      l = sum / static_cast<double>(at.size());
    }
    double const kappa = std::exp(-options.lambda * l);
    for (std::size_t j = 0; j < n; ++j) { weights[i * n + j] *= kappa; }
  }
  return weights;
}

}  // namespace prefopt
