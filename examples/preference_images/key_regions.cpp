// SPDX-License-Identifier: MIT
#include "preference_images/key_regions.hpp"

#include <fstream>
#include <functional>
#include <stdexcept>
#include <string_view>

#include <prefopt/image/mask.hpp>
#include <prefopt/image/region.hpp>
#include <prefopt/keyword/keywords.hpp>
#include <prefopt/keyword/lexicon.hpp>
#include <prefopt/keyword/word_vectors.hpp>

#include "llava/support/file.hpp"
#include "llava/support/json.hpp"

namespace preference_images {
namespace {

using similarity = prefopt::word_vector_similarity<std::reference_wrapper<vector_table const>>;

void add_names(nlohmann::json const& file, char const* key, std::vector<prefopt::name_pair>& names,
               std::string const& where)
try {
  if (!file.contains(key)) { return; }
  for (auto const& pair : file[key]) {
    names.push_back({pair.at(0).get<std::string>(), pair.at(1).get<std::string>()});
  }
} catch (nlohmann::json::exception const& error) {
  throw std::runtime_error(where + ": expected lists of two words under 'same' and 'kind', got " +
                           error.what());
}

}  // namespace

key_region_finder::key_region_finder(build_options const& o)
    : most_keywords_(o.keywords), regions_(o.regions)
{
  match_.least_similarity = o.least_similarity;
  match_.least_region_score = o.least_score;
  if (!o.lexicon.empty()) { tagger_.lexicon = prefopt::parse_lexicon(llava::read_file(o.lexicon)); }
  if (!o.vectors.empty()) {
    llava::file_bytes(o.vectors);  // throws unless it is a file
    std::ifstream in(o.vectors);
    vectors_ = read_vectors(in);
  }
  if (!o.synonyms.empty()) {
    auto const file = llava::parse_json(llava::read_file(o.synonyms), o.synonyms);
    add_names(file, "same", match_.relations.same, o.synonyms);
    add_names(file, "kind", match_.relations.kind, o.synonyms);
  }
}

std::vector<std::string> key_region_finder::keywords(std::string const& answer) const
{
  // Seconds of work, and far more than an answer says.
  prefopt::keyword_options const options{.max_candidates = 1000};
  auto const ranking =
      vectors_.rows.empty()
          ? prefopt::rank_keywords(answer, tagger_, options)
          : prefopt::rank_keywords(answer, tagger_, options, similarity{std::cref(vectors_)});
  std::vector<std::string> words;
  for (auto const& keyword : ranking.top(most_keywords_)) { words.push_back(keyword.text); }
  return words;
}

key_region key_region_finder::find(std::string const& answer, std::string const& image,
                                   index_t width, index_t height) const
{
  key_region key{.keywords = keywords(answer)};
  auto const shapes = regions_.of(image);
  // Matching looks at labels and scores only, so masks are made of what is found.
  std::vector<prefopt::region> labels;
  labels.reserve(shapes.size());
  for (auto const& shape : shapes) { labels.push_back({shape.label, shape.score, {}}); }
  auto const matches =
      vectors_.rows.empty()
          ? prefopt::match_keywords(key.keywords, labels, match_)
          : prefopt::match_keywords(key.keywords, labels, match_, similarity{std::cref(vectors_)});
  for (auto const& match : matches) {
    for (index_t const i : match.regions) {
      auto const& shape = shapes[static_cast<std::size_t>(i)];
      key.found.push_back(
          {{"keyword", match.keyword}, {"label", shape.label}, {"score", match.score}});
    }
  }
  for (index_t const i : prefopt::matched_regions(matches)) {
    byte_image mask = regions_.mask(shapes[static_cast<std::size_t>(i)], width, height);
    if (!key.mask) {
      key.mask = std::move(mask);
    } else {
      prefopt::unite(*key.mask, mask);
    }
  }
  if (key.mask && prefopt::mask_area(*key.mask) == 0) { key.mask.reset(); }
  return key;
}

}  // namespace preference_images
