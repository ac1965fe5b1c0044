// SPDX-License-Identifier: MIT
#pragma once
/// \file  Which words name one thing or one kind of thing, and how well two phrases agree by that.

#include <string>
#include <string_view>
#include <vector>

#include <prefopt/image/noun_phrase.hpp>

namespace prefopt {

/// Two names of one thing, or a thing and its kind.
struct name_pair {
  std::string name, other;
};

/// What words mean. `same` makes one name of both wherever they stand (a sofa is a couch); `kind`
/// lets a thing match its kind, either way round, but not another thing of that kind (a man and a
/// woman match person, but not each other). Single words, in any number.
struct word_relations {
  std::vector<name_pair> same;
  std::vector<name_pair> kind;
};

/// A few pairs for the classes that detectors trained on COCO know; our choice.
inline word_relations common_word_relations()
{
  return {
      {{"sofa", "couch"},           {"settee", "couch"},
       {"television", "tv"},        {"bike", "bicycle"},
       {"motorbike", "motorcycle"}, {"plane", "airplane"},
       {"aeroplane", "airplane"},   {"jet", "airplane"},
       {"cellphone", "phone"},      {"smartphone", "phone"},
       {"telephone", "phone"},      {"fridge", "refrigerator"},
       {"doughnut", "donut"},       {"puppy", "dog"},
       {"kitten", "cat"},           {"kitty", "cat"},
       {"automobile", "car"},       {"handbag", "purse"},
       {"rucksack", "backpack"},    {"kid", "child"},
       {"lady", "woman"},           {"guy", "man"},
       {"photo", "picture"},        {"photograph", "picture"}},
      {{"man", "person"},     {"woman", "person"},  {"child", "person"},  {"boy", "person"},
       {"girl", "person"},    {"baby", "person"},   {"player", "person"}, {"skier", "person"},
       {"surfer", "person"},  {"rider", "person"},  {"boy", "child"},     {"girl", "child"},
       {"taxi", "car"},       {"van", "car"},       {"pickup", "truck"},  {"seagull", "bird"},
       {"duck", "bird"},      {"parrot", "bird"},   {"mug", "cup"},       {"stool", "chair"},
       {"armchair", "chair"}, {"sailboat", "boat"}, {"canoe", "boat"}},
  };
}

namespace detail {

inline std::string canonical_name(std::string const& word, word_relations const& relations)
{
  for (auto const& pair : relations.same) {
    if (pair.name == word) { return pair.other; }
  }
  return word;
}

inline bool is_kind_of(std::string const& a, std::string const& b, word_relations const& relations)
{
  bool found = false;
  for (auto const& pair : relations.kind) {
    found = found || (canonical_name(pair.name, relations) == a &&
                      canonical_name(pair.other, relations) == b);
  }
  return found;
}

/// How many different words there are: phrases of a tagger may repeat one.
inline int count_words(std::vector<std::string> const& words)
{
  int count = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    bool seen = false;
    for (std::size_t k = 0; k < i; ++k) { seen = seen || words[k] == words[i]; }
    count += seen ? 0 : 1;
  }
  return count;
}

inline noun_phrase canonical_phrase(std::string_view text, word_relations const& relations)
{
  noun_phrase phrase = make_noun_phrase(text);
  for (auto& word : phrase.words) { word = canonical_name(word, relations); }
  return phrase;
}

inline std::string text_of(noun_phrase const& phrase)
{
  std::string text;
  for (auto const& word : phrase.words) { text += (text.empty() ? "" : " ") + word; }
  return text;
}

/// 1 for the same words; 1/2 to 1 for the same thing, by the share of all words that both have; 1/2
/// for a thing and its kind; else 0.
inline double phrase_match(noun_phrase const& a, noun_phrase const& b,
                           word_relations const& relations)
{
  if (a.words.empty() || b.words.empty()) { return 0; }
  if (a.words == b.words) { return 1; }
  auto const& head_a = a.words[a.head];
  auto const& head_b = b.words[b.head];
  if (head_a == head_b) {
    std::vector<std::string> all = a.words;
    all.insert(all.end(), b.words.begin(), b.words.end());
    int const either = count_words(all);
    int const both = count_words(a.words) + count_words(b.words) - either;
    return 0.5 + 0.5 * both / either;
  }
  bool const related =
      is_kind_of(head_a, head_b, relations) || is_kind_of(head_b, head_a, relations);
  return related ? 0.5 : 0;
}

}  // namespace detail

}  // namespace prefopt
