// SPDX-License-Identifier: MIT
#pragma once
/// \file  Which tokens of a pair that is too long are kept: images stay whole, both answers keep
/// one prompt, and a pair that cannot be kept is dropped with a reason.

#include <cstdint>
#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/data/token_span.hpp>

namespace prefopt {

/// One row of a pair: prompt and answer as token positions.
struct truncation_row {
  index_t length = 0;                      ///< tokens of the row, without padding
  token_span completion{};                 ///< the answer
  vector_view<token_span const> images{};  ///< placeholders of each image, in order
};

/// Which end survives.
enum class truncation_side : std::uint8_t {
  keep_start,  ///< the end of an answer is cut off
  keep_end,    ///< the beginning of the prompt is cut off, the same for both answers
};

struct truncation_options {
  index_t limit = 0;  ///< tokens that a row may have, 1 or more
  truncation_side side = truncation_side::keep_start;
  /// Tokens of an answer that must be left, 1 or more; an answer that is shorter must be whole.
  index_t least_completion = 1;
};

/// What became of a pair.
enum class truncation_outcome : std::uint8_t {
  whole,          ///< nothing to cut
  shortened,      ///< cut, and still a pair
  image_cut,      ///< dropped: the cut goes through an image
  image_lost,     ///< dropped: a whole image would go, and its pixels stay behind
  no_completion,  ///< dropped: too few tokens of an answer are left
  no_prompt,      ///< dropped: nothing of the prompt is left
};
constexpr int truncation_outcomes = 6;

constexpr bool is_kept(truncation_outcome outcome)
{
  return outcome == truncation_outcome::whole || outcome == truncation_outcome::shortened;
}

/// The reason as a log says it.
constexpr char const* name_of(truncation_outcome outcome)
{
  constexpr char const* names[truncation_outcomes] = {"whole",      "shortened",     "image cut",
                                                      "image lost", "no completion", "no prompt"};
  return names[static_cast<int>(outcome)];
}

/// The tokens to keep of each row; nothing of a pair that is dropped.
struct pair_truncation {
  truncation_outcome outcome = truncation_outcome::whole;
  token_span chosen{}, rejected{};
};

/// Pairs by what became of them: a monoid, merged over ranks.
struct truncation_counts {
  index_t pairs[truncation_outcomes]{};

  constexpr void push(truncation_outcome outcome) { pairs[static_cast<int>(outcome)] += 1; }
  constexpr void merge(truncation_counts const& other)
  {
    for (int k = 0; k < truncation_outcomes; ++k) { pairs[k] += other.pairs[k]; }
  }
  constexpr index_t of(truncation_outcome outcome) const
  {
    return pairs[static_cast<int>(outcome)];
  }
  constexpr index_t dropped() const
  {
    index_t sum = 0;
    for (int k = 0; k < truncation_outcomes; ++k) {
      sum += is_kept(static_cast<truncation_outcome>(k)) ? 0 : pairs[k];
    }
    return sum;
  }
};

namespace detail {

inline void check_row(char const* function, std::string const& which, truncation_row const& row)
{
  if (row.length < 0) {
    throw_invalid(function, which + ".length", "0 or more", std::to_string(row.length));
  }
  require_span(function, which + ".completion", row.completion, 0, row.length);
  require_spans(function, which + ".images", row.images, row.length);
}

/// What cutting a row down to `kept` does to it.
inline truncation_outcome outcome_of(truncation_row const& row, token_span const& kept,
                                     index_t least_completion)
{
  for (index_t k = 0; k < row.images.extent; ++k) {
    token_span const& image = row.images[k];
    bool const whole = image.begin >= kept.begin && image.end <= kept.end;
    if (whole || image.size() == 0) { continue; }
    bool const outside = image.end <= kept.begin || image.begin >= kept.end;
    return outside ? truncation_outcome::image_lost : truncation_outcome::image_cut;
  }
  token_span const& answer = row.completion;
  index_t const last = min(answer.end, kept.end);
  index_t const first = max(answer.begin, kept.begin);
  index_t const least = max(min(answer.size(), least_completion), index_t{1});
  if (last - first < least) { return truncation_outcome::no_completion; }
  bool const cuts_prompt = kept.begin > 0;
  if (cuts_prompt && kept.begin >= answer.begin) { return truncation_outcome::no_prompt; }
  return kept.size() == row.length ? truncation_outcome::whole : truncation_outcome::shortened;
}

}  // namespace detail

/// Plans a pair: at most `limit` tokens a row. keep_start cuts the end of each row by itself;
/// keep_end cuts the same number of tokens off the beginning of both, so that they go on answering
/// one prompt. A pair of which either row would lose any part of an image, or all of an answer, is
/// dropped: half an image is a number of features that the model does not have. Throws
/// `std::invalid_argument` for spans outside their row, out of order or overlapping, and for a
/// limit below 1.
inline pair_truncation plan_truncation(truncation_row const& chosen, truncation_row const& rejected,
                                       truncation_options const& options)
{
  char const* const function = "plan_truncation";
  if (options.limit < 1) {
    detail::throw_invalid(function, "limit", "1 or more", std::to_string(options.limit));
  }
  if (options.least_completion < 1) {
    detail::throw_invalid(function, "least_completion", "1 or more",
                          std::to_string(options.least_completion));
  }
  detail::check_row(function, "chosen", chosen);
  detail::check_row(function, "rejected", rejected);
  index_t const surplus = max(max(chosen.length, rejected.length) - options.limit, index_t{0});
  auto const kept_of = [&](truncation_row const& row) {
    return options.side == truncation_side::keep_start
               ? token_span{0, min(row.length, options.limit)}
               : token_span{min(surplus, row.length), row.length};
  };
  pair_truncation plan{.chosen = kept_of(chosen), .rejected = kept_of(rejected)};
  truncation_outcome const a = detail::outcome_of(chosen, plan.chosen, options.least_completion);
  truncation_outcome const b =
      detail::outcome_of(rejected, plan.rejected, options.least_completion);
  plan.outcome = a < b ? b : a;  // the enumerators are in order of damage
  if (!is_kept(plan.outcome)) { plan.chosen = plan.rejected = {}; }
  return plan;
}

}  // namespace prefopt
