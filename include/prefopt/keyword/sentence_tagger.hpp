// SPDX-License-Identifier: MIT
#pragma once
/// \file  The tags of one English sentence, from its words and their neighbours.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <prefopt/keyword/english_words.hpp>
#include <prefopt/keyword/lexicon.hpp>
#include <prefopt/keyword/porter_stem.hpp>
#include <prefopt/keyword/word.hpp>
#include <prefopt/keyword/word_form.hpp>

namespace prefopt::detail {

/// One sentence, tagged from left to right.
class sentence_tagger {
 public:
  using tag = part_of_speech;

  sentence_tagger(tagged_word* first, std::size_t words, part_of_speech_lexicon const& lexicon)
      : words_(first), lexicon_(lexicon)
  {
    lower_.reserve(words);
    closed_.reserve(words);
    for (std::size_t i = 0; i < words; ++i) {
      bool const mark = first[i].tag == tag::punctuation;
      lower_.push_back(lower_case(first[i].text));
      closed_.push_back(mark                    ? tag::punctuation
                        : lower_.back() == "'s" ? tag::particle
                                                : closed_class(lower_.back()));
    }
  }

  void run()
  {
    for (i_ = 0; i_ < lower_.size(); ++i_) {
      words_[i_].tag = decide();
      count_verbs();
    }
  }

 private:
  // What stands before and after; outside the sentence is punctuation.
  tag before() const { return i_ == 0 ? tag::punctuation : words_[i_ - 1].tag; }
  bool before_is(word_list list) const { return i_ > 0 && contains_word(list, lower_[i_ - 1]); }
  tag after() const { return i_ + 1 < closed_.size() ? closed_[i_ + 1] : tag::punctuation; }
  bool open_word_follows() const
  {
    return after() == tag::other && !lower_[i_ + 1].ends_with("ly");
  }
  bool object_follows() const
  {
    return after() == tag::determiner || after() == tag::pronoun || after() == tag::numeral;
  }
  bool after_modifier() const
  {
    bool const possessive = i_ > 0 && lower_[i_ - 1] == "'s";
    return possessive || before() == tag::determiner || before() == tag::adjective ||
           before() == tag::numeral;
  }
  bool after_noun() const { return before() == tag::noun || before() == tag::proper_noun; }
  bool after_plural() const
  {
    return after_noun() && (contains_word(english::plural_nouns, lower_[i_ - 1]) ||
                            verb_form_of(lower_[i_ - 1]).ending == verb_ending::s);
  }
  bool after_be() const
  {
    constexpr word_list be =
        " is are was were be been being it's there's that's he's she's they're "
        "looks look appears appear seems seem remains isn't aren't ";
    return before_is(be) ||
           (before() == tag::adverb && i_ > 1 && contains_word(be, lower_[i_ - 2]));
  }

  tag decide() const
  {
    std::string const& word = lower_[i_];
    tag const closed = closed_[i_];
    if (closed == tag::punctuation) { return closed; }
    if (word == "to") { return bare_verb_follows() ? tag::particle : tag::adposition; }
    bool const relative = word == "that" || word == "which" || word == "whose" || word == "who";
    bool const after_comma = i_ > 0 && before() == tag::punctuation && word == "which";
    if (relative && (after_noun() || after_comma)) { return tag::pronoun; }
    if (word == "can" && (after_modifier() || after_noun()) && !infinitive_follows()) {
      return tag::noun;
    }
    // "the back of", "a well"
    if (closed == tag::adverb && after_modifier() && !open_word_follows()) { return tag::noun; }
    return closed != tag::other ? closed : decide_open();
  }

  bool bare_verb_follows() const
  {
    return i_ + 1 < lower_.size() && after() == tag::other &&
           verb_form_of(lower_[i_ + 1]).ending == verb_ending::bare;
  }

  /// "can be seen", "can also be", "can clearly run" against "a trash can is".
  bool infinitive_follows() const
  {
    std::size_t k = i_ + 1;
    auto const modifies = [&] {
      return closed_[k] == tag::adverb || lower_[k] == "not" || lower_[k].ends_with("ly");
    };
    while (k < lower_.size() && modifies()) { ++k; }
    if (k == lower_.size()) { return false; }
    bool const bare =
        closed_[k] == tag::other && verb_form_of(lower_[k]).ending == verb_ending::bare;
    return bare || contains_word(" be have do ", lower_[k]);
  }

  tag decide_open() const
  {
    std::string const& word = lower_[i_];
    verb_form const form = verb_form_of(word);
    bool const continuous = form.ending == verb_ending::ing && !form.base.empty() && after_be();
    if (contains_word(english::nouns, word) && !continuous) { return tag::noun; }
    if (form.base.empty() || form.ending == verb_ending::bare) {
      if (contains_word(english::adjectives, word)) { return adjective_or_noun(); }
    }
    if (contains_word(english::adverb_like_adjectives, word)) { return tag::adjective; }
    if (form.base.empty() && is_degree_of_adjective(word)) { return adjective_or_noun(); }
    if (word.size() > 4 && word.ends_with("ly")) { return tag::adverb; }
    if (word.find('-') != std::string::npos) {
      return open_word_follows() || after_be() ? tag::adjective : tag::noun;
    }
    auto const* const entry = known_entry();
    bool const listed = entry != nullptr && form.base.empty();
    if (listed && entry->tag != tag::verb) { return listed_tag(entry->tag); }
    switch (form.ending) {
      case verb_ending::ing:
        return with_ing();
      case verb_ending::ed:
        return with_ed();
      case verb_ending::s:
        return form.base.empty() ? unknown_s(listed) : known_verb_s(form.base);
      case verb_ending::bare:
        return known_verb_bare(word);
      case verb_ending::none:
        break;
    }
    return unknown(listed);
  }

  part_of_speech_lexicon::entry const* known_entry() const
  {
    auto const* const as_written = lexicon_.find(words_[i_].text);
    return as_written != nullptr ? as_written : lexicon_.find(lower_[i_]);
  }
  /// Closed classes are those of our lists; the lexicon is asked for open ones.
  tag listed_tag(tag listed) const
  {
    if (listed == tag::proper_noun) { return unknown(false); }
    if (listed == tag::adjective) { return adjective_or_noun(); }
    return listed == tag::adverb || listed == tag::noun ? listed : unknown(false);
  }
  /// Whether the adjectives before the word belong to a noun phrase: "a bright", not "is bright".
  bool inside_noun_phrase() const
  {
    std::size_t k = i_;
    while (k > 0 && words_[k - 1].tag == tag::adjective) { --k; }
    if (k == 0) { return false; }
    tag const opens = words_[k - 1].tag;
    return opens == tag::determiner || opens == tag::numeral || lower_[k - 1] == "'s";
  }
  /// "an orange on the plate" against "is bright orange" and "an orange vest".
  tag adjective_or_noun() const
  {
    bool const ends_phrase = after() == tag::adposition || after() == tag::auxiliary ||
                             i_ + 1 == lower_.size() || lower_[i_ + 1] == ".";
    return ends_phrase && inside_noun_phrase() ? tag::noun : tag::adjective;
  }
  tag with_ing() const
  {
    if (after_modifier()) { return open_word_follows() ? tag::adjective : tag::noun; }
    bool const inside = before() == tag::adposition || before() == tag::verb;
    return inside && open_word_follows() ? tag::adjective : tag::verb;
  }
  tag with_ed() const
  {
    if (after_modifier() && before_is(" a an the its his her their ") && !open_word_follows()) {
      return tag::noun;
    }
    bool const verb = after_noun() || before() == tag::pronoun || before() == tag::auxiliary ||
                      before() == tag::adverb || !open_word_follows();
    return verb ? tag::verb : tag::adjective;
  }
  tag known_verb_s(std::string const& base) const
  {
    if (!contains_word(english::noun_verbs, base)) {
      return before_is(articles) ? tag::noun : tag::verb;
    }
    if (after_modifier() || before() == tag::adposition || before() == tag::verb) {
      return tag::noun;
    }
    if (before() == tag::pronoun || before() == tag::adverb) { return tag::verb; }
    if (object_follows()) { return tag::verb; }
    bool const mostly_noun = contains_word(english::mostly_nouns, base);
    if (!after_noun()) {
      // "sits and looks at"
      bool const second = before() == tag::conjunction && after() == tag::adposition;
      return second && !mostly_noun && !next_is_of() ? tag::verb : tag::noun;
    }
    bool const insists = !mostly_noun || after() == tag::adposition || after() == tag::adverb;
    return verbs_due_ > 0 && insists && !next_is_of() ? tag::verb : tag::noun;
  }
  tag known_verb_bare(std::string const& word) const
  {
    bool const infinitive = before_is(" to not ") || before_is(modals);
    if (infinitive) { return tag::verb; }
    if (!contains_word(english::noun_verbs, word)) {
      if (after_be()) { return tag::adjective; }  // "is open", "is clean"
      return before_is(articles) || before() == tag::adjective ? adjective_or_noun() : tag::verb;
    }
    if (before() == tag::pronoun) { return tag::verb; }
    bool const plural_subject = before_is(" both all many some others ") || after_plural();
    if (after_modifier() && !plural_subject) { return tag::noun; }
    if (before() == tag::adposition || before() == tag::verb) { return tag::noun; }
    if (before() == tag::conjunction) { return object_follows() ? tag::verb : tag::noun; }
    bool const mostly_noun = contains_word(english::mostly_nouns, word);
    if (plural_subject || (before() == tag::adverb && i_ > 1)) {
      return verbs_due_ > 0 && (!mostly_noun || object_follows()) ? tag::verb : tag::noun;
    }
    // "Passengers on the deck look at": a plural before, no verb yet.
    bool const far_subject = after_noun() && plural_seen_ && verbs_due_ > 0 && !mostly_noun;
    bool const complement = object_follows() || after() == tag::adposition;
    return far_subject && complement && !next_is_of() ? tag::verb : tag::noun;
  }
  tag unknown_s(bool listed_verb) const
  {
    bool const subject = after_noun() || before() == tag::pronoun;
    bool const verb = subject && verbs_due_ > 0 && (object_follows() || listed_verb);
    return verb ? tag::verb : tag::noun;
  }
  tag unknown(bool listed_verb) const
  {
    std::string const& word = lower_[i_];
    if (before_is(" to ") && listed_verb) { return tag::verb; }
    if (before_is(modals)) { return tag::verb; }
    if (after_plural() && verbs_due_ > 0 && (after() == tag::determiner || listed_verb)) {
      return tag::verb;
    }
    if (after_be() && !open_word_follows()) { return tag::adjective; }
    constexpr std::string_view endings[] = {"ful", "ous", "less", "able", "ible"};
    for (auto const ending : endings) {
      if (word.size() > ending.size() + 2 && word.ends_with(ending)) { return adjective_or_noun(); }
    }
    char const initial = words_[i_].text[0];
    return i_ > 0 && initial >= 'A' && initial <= 'Z' ? tag::proper_noun : tag::noun;
  }

  bool next_is_of() const { return i_ + 1 < lower_.size() && lower_[i_ + 1] == "of"; }

  /// How many finite verbs may still come in this clause.
  void count_verbs()
  {
    tag const now = words_[i_].tag;
    std::string const& word = lower_[i_];
    bool const relative =
        now == tag::pronoun && after_noun() && (word == "that" || word == "which" || word == "who");
    if (now == tag::punctuation || now == tag::conjunction || word == "as") {
      verbs_due_ = 1;
      plural_seen_ = false;
    } else if (relative) {
      verbs_due_ = verbs_due_ > 0 ? 2 : 1;
    } else if (now == tag::auxiliary) {
      verbs_due_ -= 1;
    } else if (now == tag::verb) {
      verb_ending const ending = verb_form_of(word).ending;
      bool const finite = ending == verb_ending::s || ending == verb_ending::bare;
      if (finite && before() != tag::particle) { verbs_due_ -= 1; }
    }
    plural_seen_ =
        plural_seen_ || (now == tag::noun && (contains_word(english::plural_nouns, word) ||
                                              (word.size() > 3 && word.back() == 's')));
  }

  static constexpr word_list articles = " a an the its his her their this my your our ";
  static constexpr word_list modals =
      " can could will would shall should may might must cannot can't do does did don't doesn't "
      "didn't won't couldn't ";

  tagged_word* words_;
  part_of_speech_lexicon const& lexicon_;
  std::vector<std::string> lower_;
  std::vector<tag> closed_;
  std::size_t i_ = 0;
  int verbs_due_ = 1;
  bool plural_seen_ = false;
};

}  // namespace prefopt::detail
