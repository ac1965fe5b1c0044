// SPDX-License-Identifier: MIT
/// \file  The keywords of an answer: from plain text, with word vectors, from words tagged
/// elsewhere.
///
/// keywords                      checks a few values
/// keywords TEXT [VECTORS.txt]   prints the keywords of a text; vectors as GloVe's files have them,
///                               "word 0.1 -0.2 ..." a line

#include <cstddef>
#include <cstdio>
#include <exception>
#include <fstream>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/keyword/keywords.hpp>
#include <prefopt/keyword/word_vectors.hpp>

#include "expect.hpp"
#include "word_vector_file.hpp"

namespace {

void print(prefopt::keyword_ranking const& ranking)
{
  for (auto const& keyword : ranking.keywords) {
    std::printf("%-44s %12.9f\n", keyword.text.c_str(), keyword.weight);
  }
}

int check()
{
  // [keywords]
  auto const ranking =
      prefopt::rank_keywords("A brown dog sits on a wooden bench.", prefopt::english_tagger{});
  for (prefopt::keyword const& k : ranking.top(3)) { std::printf("%s\n", k.text.c_str()); }
  // [keywords]
  int wrong = ranking.keywords.size() == 2 && ranking.keywords[0].text == "brown dog" ? 0 : 1;

  std::istringstream vectors("bench 1 0\ndog 0.6 0.8\nsofa 0.8 0.6\n");
  prefopt::word_vector_similarity<vector_table> const similarity{read_vectors(vectors)};
  wrong += expect("similarity of bench and sofa", similarity("bench", "sofa"), 0.8);

  // Tagged elsewhere: MultipartiteRank on two words, one as good as the other.
  using tag = prefopt::part_of_speech;
  std::vector<prefopt::tagged_word> const words{{"dogs", prefopt::part_of_speech_named("NNS"), 0},
                                                {"and", tag::conjunction, 0},
                                                {"cats", tag::noun, 0}};
  auto const both = prefopt::rank_keywords(words, prefopt::multipartite_rank_options());
  wrong += expect("MultipartiteRank of 'dogs'", both.keywords.at(0).weight, 0.5);
  return wrong;
}

int rank(std::string const& text, char const* vectors)
{
  prefopt::english_tagger const tagger;
  if (vectors == nullptr) {
    print(prefopt::rank_keywords(text, tagger));
    return 0;
  }
  std::ifstream in(vectors);
  if (!in) { throw std::runtime_error(std::string("cannot read ") + vectors); }
  prefopt::word_vector_similarity<vector_table> const similarity{read_vectors(in)};
  print(prefopt::rank_keywords(text, tagger, {}, similarity));
  return 0;
}

}  // namespace

int main(int argc, char** argv)
try {
  return argc < 2 ? check() : rank(argv[1], argc > 2 ? argv[2] : nullptr);
} catch (std::exception const& error) {
  std::fprintf(stderr, "keywords: %s\n", error.what());
  return 1;
}
