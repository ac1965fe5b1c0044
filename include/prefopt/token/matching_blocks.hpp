// SPDX-License-Identifier: MIT
#pragma once
/// \file  What two token sequences have in common, as Python's difflib finds it.

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <prefopt/core/view.hpp>
#include <prefopt/row/row_options.hpp>

namespace prefopt {

/// first[first_begin + k] == second[second_begin + k] for k below size.
struct matching_block {
  index_t first_begin = 0;
  index_t second_begin = 0;
  index_t size = 0;

  constexpr index_t first_end() const { return first_begin + size; }
  constexpr index_t second_end() const { return second_begin + size; }
};

namespace detail {

/// Finds longest matches of parts of two sequences (Ratcliff and Metzener, "Pattern Matching: The
/// Gestalt Approach", 1988, in the variant that the documentation of difflib describes).
template <class Token>
class block_finder {
 public:
  block_finder(vector_view<Token const> a, vector_view<Token const> b, bool autojunk)
      : a_(a),
        b_(b),
        run_(static_cast<std::size_t>(b.size()) + 1),
        next_run_(static_cast<std::size_t>(b.size()) + 1)
  {
    for (index_t j = 0; j < b.size(); ++j) { places_.push_back({b[j], j}); }
    std::sort(places_.begin(), places_.end());
    if (autojunk && b.size() >= 200) { drop_popular(b.size() / 100 + 1); }
  }

  /// The longest block within a[a_span) and b[b_span): of several the one that starts earliest in
  /// a, then in b. It neither starts from a popular token nor stops at one.
  matching_block longest(index_t a_begin, index_t a_end, index_t b_begin, index_t b_end)
  {
    matching_block best{a_begin, b_begin, 0};
    std::vector<std::size_t> last;  // positions in run_ that are not 0
    std::vector<std::size_t> current;
    for (index_t i = a_begin; i < a_end; ++i) {
      for (auto place = first_place(a_[i], b_begin); place != places_.end(); ++place) {
        auto const [token, j] = *place;
        if (token != a_[i] || j >= b_end) { break; }
        auto const at = static_cast<std::size_t>(j);
        index_t const size = run_[at] + 1;
        next_run_[at + 1] = size;
        current.push_back(at + 1);
        if (size > best.size) { best = {i + 1 - size, j + 1 - size, size}; }
      }
      for (std::size_t const at : last) { run_[at] = 0; }
      run_.swap(next_run_);
      last.swap(current);
      current.clear();
    }
    for (std::size_t const at : last) { run_[at] = 0; }
    while (best.first_begin > a_begin && best.second_begin > b_begin &&
           a_[best.first_begin - 1] == b_[best.second_begin - 1]) {
      best = {best.first_begin - 1, best.second_begin - 1, best.size + 1};
    }
    while (best.first_end() < a_end && best.second_end() < b_end &&
           a_[best.first_end()] == b_[best.second_end()]) {
      ++best.size;
    }
    return best;
  }

 private:
  using token_place = std::pair<Token, index_t>;

  auto first_place(Token token, index_t b_begin) const
  {
    return std::lower_bound(places_.begin(), places_.end(), token_place{token, b_begin});
  }

  void drop_popular(index_t most)
  {
    std::vector<token_place> kept;
    for (std::size_t i = 0; i < places_.size();) {
      std::size_t end = i;
      while (end < places_.size() && places_[end].first == places_[i].first) { ++end; }
      if (static_cast<index_t>(end - i) <= most) {
        kept.insert(kept.end(), places_.begin() + static_cast<std::ptrdiff_t>(i),
                    places_.begin() + static_cast<std::ptrdiff_t>(end));
      }
      i = end;
    }
    places_.swap(kept);
  }

  vector_view<Token const> a_;
  vector_view<Token const> b_;
  std::vector<token_place> places_;  ///< tokens of b with their places, in order
  /// run_[j + 1]: length of the match that ends with b[j] and the last token of a.
  std::vector<index_t> run_;
  std::vector<index_t> next_run_;
};

}  // namespace detail

/// The matching blocks of two token sequences, in order: the longest block, then the same on both
/// sides of it. No two blocks touch, since each was extended as far as its tokens agree. The
/// numbers are those of Python's `difflib.SequenceMatcher(None, first, second,
/// autojunk).get_matching_blocks()` without its closing block of size 0; as there, exchanging the
/// sequences may give other blocks.
///
/// With `autojunk` (Python's default) a token that makes up more than 1 % of a `second` of 200 or
/// more tokens starts no block. Takes time |first| times the repeats of a token, at most |first|
/// |second|, per level of splitting; allocates |second| numbers.
template <class First, class Second>
std::vector<matching_block> matching_blocks(First&& first, Second&& second, bool autojunk = true)
{
  using token = detail::element_of<First>;
  static_assert(std::is_same_v<token, detail::element_of<Second>>,
                "prefopt: both token sequences must have the same element type");
  vector_view<token const> const a(std::forward<First>(first));
  vector_view<token const> const b(std::forward<Second>(second));
  detail::block_finder<token> finder(a, b, autojunk);

  struct part {
    index_t a_begin, a_end, b_begin, b_end;
  };
  std::vector<part> parts{{0, a.size(), 0, b.size()}};
  std::vector<matching_block> found;
  while (!parts.empty()) {
    part const p = parts.back();
    parts.pop_back();
    matching_block const block = finder.longest(p.a_begin, p.a_end, p.b_begin, p.b_end);
    if (block.size == 0) { continue; }
    found.push_back(block);
    parts.push_back({p.a_begin, block.first_begin, p.b_begin, block.second_begin});
    parts.push_back({block.first_end(), p.a_end, block.second_end(), p.b_end});
  }
  std::sort(found.begin(), found.end(), [](matching_block const& x, matching_block const& y) {
    return x.first_begin < y.first_begin;
  });
  return found;
}

}  // namespace prefopt
