// SPDX-License-Identifier: MIT
#pragma once
/// \file  Porter's stemmer (Porter 1980, "An algorithm for suffix stripping", Program 14(3)).

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace prefopt {
namespace detail {

/// One line of Porter's tables: (condition) suffix -> replacement.
struct suffix_rule {
  std::string_view suffix;
  std::string_view replacement;
};

inline constexpr suffix_rule porter_step_2[] = {
    {"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"},
    {"bli", "ble"},     {"alli", "al"},     {"entli", "ent"}, {"eli", "e"},     {"ousli", "ous"},
    {"ization", "ize"}, {"ation", "ate"},   {"ator", "ate"},  {"alism", "al"},  {"iveness", "ive"},
    {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"},  {"iviti", "ive"}, {"biliti", "ble"},
    {"logi", "log"}};
inline constexpr suffix_rule porter_step_3[] = {{"icate", "ic"}, {"ative", ""},  {"alize", "al"},
                                                {"iciti", "ic"}, {"ical", "ic"}, {"ful", ""},
                                                {"ness", ""}};
inline constexpr suffix_rule porter_step_4[] = {
    {"al", ""},  {"ance", ""},  {"ence", ""}, {"er", ""},  {"ic", ""},  {"able", ""}, {"ible", ""},
    {"ant", ""}, {"ement", ""}, {"ment", ""}, {"ent", ""}, {"ion", ""}, {"ou", ""},   {"ism", ""},
    {"ate", ""}, {"iti", ""},   {"ous", ""},  {"ive", ""}, {"ize", ""}};

constexpr bool is_vowel_letter(char c)
{
  return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

/// A word that loses its suffixes. Letters are ASCII; any other byte counts as a consonant.
class porter_word {
 public:
  explicit porter_word(std::string word) : word_(std::move(word)) {}

  std::string take() && { return std::move(word_); }

  void strip()
  {
    step_1a();
    step_1b();
    if (ends_with("y") && has_vowel(word_.size() - 1)) { word_.back() = 'i'; }
    apply(porter_step_2, 0);
    apply(porter_step_3, 0);
    apply(porter_step_4, 1);
    step_5();
  }

 private:
  bool ends_with(std::string_view suffix) const { return word_.ends_with(suffix); }
  void cut(std::size_t letters) { word_.resize(word_.size() - letters); }

  bool is_consonant(std::size_t i) const
  {
    // y is a vowel after a consonant: in a run of y they take turns.
    std::size_t run = 0;
    while (run <= i && word_[i - run] == 'y') { ++run; }
    if (run == 0) { return !is_vowel_letter(word_[i]); }
    bool const before_is_vowel = run > i || is_vowel_letter(word_[i - run]);
    return before_is_vowel == (run % 2 == 1);
  }
  /// m of Porter's [C](VC)^m[V] for the first `length` letters.
  int measure(std::size_t length) const
  {
    int count = 0;
    for (std::size_t i = 1; i < length; ++i) {
      count += !is_consonant(i - 1) && is_consonant(i) ? 1 : 0;
    }
    return count;
  }
  bool has_vowel(std::size_t length) const
  {
    for (std::size_t i = 0; i < length; ++i) {
      if (!is_consonant(i)) { return true; }
    }
    return false;
  }
  bool ends_with_double_consonant() const
  {
    std::size_t const n = word_.size();
    return n >= 2 && word_[n - 1] == word_[n - 2] && is_consonant(n - 1);
  }
  /// Porter's *o for the first n letters: consonant, vowel, consonant, the last no w, x or y.
  bool ends_short(std::size_t n) const
  {
    if (n < 3 || !is_consonant(n - 3) || is_consonant(n - 2) || !is_consonant(n - 1)) {
      return false;
    }
    char const last = word_[n - 1];
    return last != 'w' && last != 'x' && last != 'y';
  }

  void step_1a()
  {
    if (ends_with("sses") || ends_with("ies")) {
      cut(2);
    } else if (ends_with("s") && !ends_with("ss")) {
      cut(1);
    }
  }
  void step_1b()
  {
    if (ends_with("eed")) {
      if (measure(word_.size() - 3) > 0) { cut(1); }
      return;
    }
    std::size_t const suffix = ends_with("ed") ? 2 : ends_with("ing") ? 3 : 0;
    if (suffix == 0 || !has_vowel(word_.size() - suffix)) { return; }
    cut(suffix);
    char const last = word_.back();
    bool const undouble = ends_with_double_consonant() && last != 'l' && last != 's' && last != 'z';
    bool const wants_e = ends_with("at") || ends_with("bl") || ends_with("iz") ||
                         (!undouble && measure(word_.size()) == 1 && ends_short(word_.size()));
    if (wants_e) {
      word_ += 'e';
    } else if (undouble) {
      cut(1);
    }
  }
  /// Only the longest suffix of the step that fits is tried; its stem must have m > `above`.
  void apply(std::span<suffix_rule const> rules, int above)
  {
    suffix_rule const* best = nullptr;
    for (suffix_rule const& rule : rules) {
      bool const longer = best == nullptr || rule.suffix.size() > best->suffix.size();
      if (longer && ends_with(rule.suffix)) { best = &rule; }
    }
    if (best == nullptr) { return; }
    std::size_t const stem = word_.size() - best->suffix.size();
    if (measure(stem) <= above) { return; }
    if (best->suffix == "ion" && word_[stem - 1] != 's' && word_[stem - 1] != 't') { return; }
    word_.resize(stem);
    word_ += best->replacement;
  }
  void step_5()
  {
    if (ends_with("e")) {
      std::size_t const stem = word_.size() - 1;
      int const m = measure(stem);
      if (m > 1 || (m == 1 && !ends_short(stem))) { cut(1); }
    }
    if (ends_with("ll") && measure(word_.size()) > 1) { cut(1); }
  }

  std::string word_;
};

}  // namespace detail

/// The ASCII letters A to Z in lower case; other bytes, UTF-8 among them, as they are.
inline std::string lower_case(std::string_view word)
{
  std::string result(word);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') { c = static_cast<char>(c - 'A' + 'a'); }
  }
  return result;
}

/// The stem of an English word, in lower case: "relational" -> "relat". With the three departures
/// from the printed algorithm of Porter's own programs: words of one or two letters stay as they
/// are, "bli" -> "ble" in place of "abli" -> "able", and "logi" -> "log". Bytes that are no ASCII
/// letter count as consonants; any bytes are accepted. What has more than 64 bytes is no English
/// word and stays as it is.
inline std::string porter_stem(std::string_view word)
{
  detail::porter_word stem(lower_case(word));
  if (word.size() > 2 && word.size() <= 64) { stem.strip(); }
  return std::move(stem).take();
}

}  // namespace prefopt
