// SPDX-License-Identifier: MIT
/// \file  Words of keywords: the stemmer, sentences and words, the English tagger and its lists,
/// and how many of the keywords that it leads to are right.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/keyword/keywords.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/fixtures.hpp"

namespace {

using namespace prefopt;
using tag = part_of_speech;

nlohmann::json fixture(std::string const& name)
{
  std::ifstream in(keyword_fixture_dir() + "/" + name);
  REQUIRE(in);
  return nlohmann::json::parse(in);
}

std::vector<std::string> texts(std::vector<tagged_word> const& words)
{
  std::vector<std::string> result;
  for (auto const& word : words) { result.push_back(word.text); }
  return result;
}

std::vector<std::string> words_of(word_list list)
{
  std::istringstream in{std::string(list)};
  std::vector<std::string> result;
  for (std::string word; in >> word;) { result.push_back(word); }
  return result;
}

/// The texts of a caption's keywords, in the order of the text.
std::vector<std::string> phrases(std::string const& text)
{
  auto words = split_words(text);
  english_tagger{}(words);
  std::vector<std::string> result;
  for (auto const& c : keyword_candidates(words)) { result.push_back(c.text); }
  return result;
}

tag tag_of(std::string const& text, std::string const& word)
{
  auto words = split_words(text);
  english_tagger{}(words);
  for (auto const& w : words) {
    if (w.text == word) { return w.tag; }
  }
  FAIL("no word " << word << " in " << text);
  return tag::other;
}

std::string stem_of_last_word(std::string const& phrase)
{
  std::size_t const blank = phrase.rfind(' ');
  return porter_stem(blank == phrase.npos ? phrase : phrase.substr(blank + 1));
}

std::string stem_of_all(std::string const& phrase)
{
  std::istringstream in(phrase);
  std::string result;
  for (std::string word; in >> word;) { result += porter_stem(word) + " "; }
  return result;
}

/// Of the best k keywords of each caption: how many name a labelled one by their last word, and how
/// many with all their words. Of the labelled ones: how many are named.
struct keyword_quality {
  int keywords = 0, right = 0, exact = 0, labelled = 0, named = 0;

  double precision() const { return static_cast<double>(right) / keywords; }
  double exact_precision() const { return static_cast<double>(exact) / keywords; }
  double recall() const { return static_cast<double>(named) / labelled; }
};

keyword_quality quality(nlohmann::json const& captions, index_t k, english_tagger const& tagger,
                        keyword_options const& options)
{
  keyword_quality q;
  for (auto const& caption : captions) {
    std::vector<std::string> heads, wholes, found;
    for (std::string const label : caption["keywords"]) {
      heads.push_back(stem_of_last_word(label));
      wholes.push_back(stem_of_all(label));
    }
    auto const has = [](std::vector<std::string> const& all, std::string const& one) {
      return std::find(all.begin(), all.end(), one) != all.end() ? 1 : 0;
    };
    auto const ranking = rank_keywords(caption["text"].get<std::string>(), tagger, options);
    for (auto const& keyword : ranking.top(k)) {
      found.push_back(stem_of_last_word(keyword.text));
      q.keywords += 1;
      q.right += has(heads, found.back());
      q.exact += has(wholes, stem_of_all(keyword.text));
    }
    for (auto const& head : heads) {
      q.labelled += 1;
      q.named += has(found, head);
    }
  }
  return q;
}

}  // namespace

TEST_CASE("stems are Porter's published ones", "[keyword]")
{
  auto const pairs = fixture("porter_pairs.json");
  REQUIRE(pairs["published"].size() > 200);
  for (char const* part : {"published", "paper"}) {
    for (auto const& pair : pairs[part]) {
      CAPTURE(pair[0].get<std::string>());
      CHECK(porter_stem(pair[0].get<std::string>()) == pair[1].get<std::string>());
    }
  }
}

TEST_CASE("stems of short, foreign and endless words", "[keyword]")
{
  CHECK(porter_stem("").empty());
  CHECK(porter_stem("is") == "is");
  CHECK(porter_stem("BENCHES") == "bench");
  CHECK(porter_stem("caf\xC3\xA9s") == "caf\xC3\xA9");
  CHECK(porter_stem("\xff\xfe\xfd") == "\xff\xfe\xfd");
  CHECK(porter_stem("yyy") == "yyi");  // y, vowel y, and a last y behind a vowel
  std::string const endless(1000000, 'y');
  CHECK(porter_stem(endless) == endless);
}

TEST_CASE("texts are split into words, marks and sentences", "[keyword]")
{
  using list = std::vector<std::string>;
  CHECK(split_words("").empty());
  CHECK(texts(split_words("A well-lit room, isn't it?")) ==
        list{"A", "well-lit", "room", ",", "isn't", "it", "?"});
  CHECK(texts(split_words("The dog's ball costs 3.50 (1,000 yen).")) ==
        list{"The", "dog", "'s", "ball", "costs", "3.50", "(", "1,000", "yen", ")", "."});
  CHECK(texts(split_words("The dog\xE2\x80\x99s \xE2\x80\x9C"
                          "caf\xC3\xA9\xE2\x80\x9D \xE2\x80\x94 here\xC2\xA0now")) ==
        list{"The", "dog", "'s", "\xE2\x80\x9C", "caf\xC3\xA9", "\xE2\x80\x9D", "\xE2\x80\x94",
             "here", "now"});

  auto const sentences = [](std::string const& text) {
    auto const words = split_words(text);
    return words.empty() ? 0 : words.back().sentence + 1;
  };
  CHECK(sentences("One dog. Two cats! Three?") == 3);
  CHECK(sentences("Mr. Smith has e.g. 3.5 dogs.") == 1);
  CHECK(sentences("He said \"stop.\" Then he left.") == 2);
  CHECK(sentences("a red\nfire hydrant") == 1);  // wrapped
  CHECK(sentences("A title\n\nA text") == 2);    // an empty line
  CHECK(sentences("Seen:\n- a dog\n- a cat\n1. a bird") == 5);
  CHECK(sentences("...") == 1);
}

TEST_CASE("the lists of English words agree with each other", "[keyword]")
{
  for (auto const& word : words_of(english::noun_verbs)) {
    CAPTURE(word);
    CHECK(contains_word(english::verbs, word));
  }
  for (auto const& word : words_of(english::mostly_nouns)) {
    CAPTURE(word);
    CHECK(contains_word(english::noun_verbs, word));
  }
  CHECK(contains_word(" a bench ", "bench"));
  CHECK(contains_word(" workbench bench ", "bench"));
  CHECK_FALSE(contains_word(" workbench benches ", "bench"));
  CHECK_FALSE(contains_word(" a bench ", ""));
  CHECK_FALSE(contains_word(" a bench ", "a bench"));
}

TEST_CASE("the tagger tells nouns from verbs by their neighbours", "[keyword]")
{
  CHECK(tag_of("The man stands near a music stand.", "stands") == tag::verb);
  CHECK(tag_of("The man stands near a music stand.", "stand") == tag::noun);
  CHECK(tag_of("Two dogs play in the park.", "play") == tag::verb);
  CHECK(tag_of("The play is long.", "play") == tag::noun);
  CHECK(tag_of("Children are building a tower.", "building") == tag::verb);
  CHECK(tag_of("A tall building.", "building") == tag::noun);
  CHECK(tag_of("She wears a striped shirt.", "striped") == tag::adjective);
  CHECK(tag_of("The bench is painted green.", "painted") == tag::verb);
  CHECK(tag_of("A tailor mends the coat.", "mends") == tag::verb);  // in no list
  CHECK(tag_of("He can see a trash can.", "see") == tag::verb);
  CHECK(tag_of("A dog can be seen.", "can") == tag::auxiliary);
  CHECK(tag_of("A lamp can clearly be seen.", "can") == tag::auxiliary);
  CHECK(tag_of("A trash can is near the door.", "can") == tag::noun);
  CHECK(tag_of("The bus is bright orange.", "orange") == tag::adjective);
  CHECK(tag_of("An orange on a plate.", "orange") == tag::noun);
  CHECK(tag_of("His arms are up, which shows his joy.", "shows") == tag::verb);
  CHECK(tag_of("A cat sits on a chair and looks at a bird.", "looks") == tag::verb);
  CHECK(tag_of("We visit Paris today.", "Paris") == tag::proper_noun);
}

TEST_CASE("phrases of captions, whatever their bytes", "[keyword]")
{
  using list = std::vector<std::string>;
  CHECK(phrases("A brown dog sits on a wooden bench next to a red fire hydrant.") ==
        list{"brown dog", "wooden bench", "red fire hydrant"});
  CHECK(phrases("The image shows a group of people.") == list{"people"});
  CHECK(
      phrases(
          "A waiter brings cr\xC3\xAApes and \xE3\x83\xA9\xE3\x83\xBC\xE3\x83\xA1\xE3\x83\xB3.") ==
      list{"waiter", "cr\xC3\xAApes", "\xE3\x83\xA9\xE3\x83\xBC\xE3\x83\xA1\xE3\x83\xB3"});
  CHECK(phrases("A dog can be seen beside a bench.") == list{"dog", "bench"});
  CHECK(phrases("").empty());
}

TEST_CASE("a lexicon of the user's is read and asked", "[keyword]")
{
  auto const lexicon = parse_lexicon(
      ";;; comment\n\nflurb VB NN\r\nglim\tJJ|NN\nzap XYZ\n"
      "glim NN\nnoend");
  CHECK(lexicon.size() == 2);
  REQUIRE(lexicon.find("flurb") != nullptr);
  CHECK(lexicon.find("flurb")->tag == tag::verb);
  CHECK(lexicon.find("glim")->tag == tag::adjective);
  CHECK(lexicon.find("zap") == nullptr);
  CHECK(parse_lexicon("").size() == 0);

  std::string const text = "Two dogs flurb.";
  auto plain = split_words(text), listed = split_words(text);
  english_tagger{}(plain);
  english_tagger{lexicon}(listed);
  CHECK(plain[2].tag == tag::noun);
  CHECK(listed[2].tag == tag::verb);
}

TEST_CASE("tags have universal and Penn names", "[keyword]")
{
  CHECK(part_of_speech_named("NOUN") == tag::noun);
  CHECK(part_of_speech_named("NNS") == tag::noun);
  CHECK(part_of_speech_named("PRP$") == tag::determiner);
  CHECK(mentions(error_of([] { part_of_speech_named("NOPE"); }), {"tag", "'NOPE'"}));
}

TEST_CASE("a tagger of the user's takes the place of ours", "[keyword]")
{
  auto const all_nouns = [](std::vector<tagged_word>& words) {
    for (auto& word : words) { word.tag = tag::noun; }
  };
  auto const r = rank_keywords("sits stands", all_nouns);
  REQUIRE(r.keywords.size() == 1);
  CHECK(r.keywords[0].text == "sits stands");
}

TEST_CASE("the keywords of the captions are right as often as the paper's", "[keyword]")
{
  // MFPO, section 4.3: 86 % of the keyphrases of 100 samples.
  auto const captions = fixture("captions.json");
  REQUIRE(captions["test"].size() >= 100);
  for (char const* part : {"test", "long"}) {
    CAPTURE(part);
    CHECK(quality(captions[part], 3, {}, {}).precision() >= 0.86);
    CHECK(quality(captions[part], 5, {}, {}).precision() >= 0.86);
  }
}

// Prints the table of docs/keywords.md. PREFOPT_LEXICON names a lexicon to use.
TEST_CASE("precision of the keywords", "[.precision]")
{
  auto const captions = fixture("captions.json");
  english_tagger tagger;
  if (char const* const path = std::getenv("PREFOPT_LEXICON"); path != nullptr) {
    std::ifstream in(path);
    REQUIRE(in);
    std::ostringstream text;
    text << in.rdbuf();
    tagger.lexicon = parse_lexicon(text.str());
  }
  std::printf(
      "| ranking | captions | keywords of each | keywords | right | all words | recall |\n");
  std::printf("|---|---|--:|--:|--:|--:|--:|\n");
  std::pair<char const*, keyword_options> const rankings[] = {
      {"MFPO", {}}, {"MultipartiteRank", multipartite_rank_options()}};
  for (auto const& [name, options] : rankings) {
    for (char const* part : {"test", "long"}) {
      for (index_t const k : {3, 5, 100}) {
        auto const q = quality(captions[part], k, tagger, options);
        REQUIRE(q.keywords > 0);
        std::string const each = k == 100 ? "all" : "best " + std::to_string(k);
        std::printf("| %s | %s (%zu) | %s | %d | %.1f %% | %.1f %% | %.1f %% |\n", name, part,
                    captions[part].size(), each.c_str(), q.keywords, 100 * q.precision(),
                    100 * q.exact_precision(), 100 * q.recall());
      }
    }
  }
}
