// SPDX-License-Identifier: MIT
#pragma once
/// \file  COCO's run lengths: masks as counts of 0 and 1 down the columns, plain or as text.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/image/image.hpp>
#include <prefopt/image/mask.hpp>

namespace prefopt {

/// A mask in COCO's uncompressed run lengths (`"size": [height, width], "counts": [...]`): pixels
/// outside and inside by turns, beginning with outside (possibly 0), column by column from the
/// left and down each column. The counts sum to width * height.
struct run_lengths {
  index_t width = 0;
  index_t height = 0;
  std::vector<index_t> counts;
};

/// Throws std::invalid_argument unless the size is one that a mask may have, no count is negative
/// and all sum to width * height.
inline void check_runs(run_lengths const& runs)
{
  detail::require_mask_size("check_runs", runs.width, runs.height);
  index_t const pixels = runs.width * runs.height;
  index_t left = pixels;
  for (index_t const count : runs.counts) {
    if (count < 0 || count > left) {
      detail::throw_invalid(
          "check_runs", "counts", "no negative count and a sum of " + std::to_string(pixels),
          std::to_string(count) + " where " + std::to_string(left) + " pixels were left");
    }
    left -= count;
  }
  if (left != 0) {
    detail::throw_invalid("check_runs", "counts", "a sum of " + std::to_string(pixels),
                          std::to_string(pixels - left));
  }
}

namespace detail {

/// Adds `count` pixels to the runs, joined with the last run where that has the same value.
inline void append_run(std::vector<index_t>& counts, bool inside, index_t count)
{
  if (count == 0) { return; }
  bool const last_is_inside = counts.size() % 2 == 0;  // with no counts yet: a run inside begins
  if (counts.empty()) {
    if (inside) { counts.push_back(0); }
    counts.push_back(count);
  } else if (last_is_inside == inside) {
    counts.back() += count;
  } else {
    counts.push_back(count);
  }
}

/// Calls f(first, last) with the places of the first and last pixel of each run inside; the place
/// of a pixel is x * height + y.
template <class Function>
void for_each_run(run_lengths const& runs, Function f)
{
  index_t place = 0;
  for (std::size_t k = 0; k < runs.counts.size(); ++k) {
    index_t const count = runs.counts[k];
    if (k % 2 == 1 && count > 0) { f(place, place + count - 1); }
    place += count;
  }
}

}  // namespace detail

/// The runs of a mask, each as long as can be: what pycocotools' `encode` gives.
inline run_lengths encode_runs(byte_image const& mask)
{
  detail::require_mask("encode_runs", mask);
  run_lengths runs{mask.width, mask.height, {}};
  bool inside = false;
  index_t length = 0;
  for (index_t x = 0; x < mask.width; ++x) {
    for (index_t y = 0; y < mask.height; ++y) {
      bool const here = mask.at(x, y, 0) != 0;
      if (here != inside) {
        runs.counts.push_back(length);
        length = 0;
        inside = here;
      }
      ++length;
    }
  }
  runs.counts.push_back(length);
  return runs;
}

/// The mask of 0 and 1 that the runs describe. Throws std::invalid_argument as `check_runs`.
inline byte_image decode_runs(run_lengths const& runs)
{
  check_runs(runs);
  byte_image mask = make_mask(runs.width, runs.height);
  detail::for_each_run(runs, [&](index_t first, index_t last) {
    index_t x = first / runs.height, y = first % runs.height;
    for (index_t place = first; place <= last; ++place) {
      mask.at(x, y, 0) = 1;
      if (++y == runs.height) {
        y = 0;
        ++x;
      }
    }
  });
  return mask;
}

/// Number of pixels inside, without decoding.
inline index_t run_area(run_lengths const& runs)
{
  check_runs(runs);
  index_t area = 0;
  detail::for_each_run(runs, [&](index_t first, index_t last) { area += last - first + 1; });
  return area;
}

/// The box of the pixels inside, without decoding; all zero where there are none.
inline pixel_box run_bounds(run_lengths const& runs)
{
  check_runs(runs);
  pixel_box box{runs.width, runs.height, 0, 0};
  detail::for_each_run(runs, [&](index_t first, index_t last) {
    index_t const left = first / runs.height, right = last / runs.height;
    bool const wraps = left != right;  // through the foot of a column to the head of the next
    index_t const top = wraps ? 0 : first % runs.height;
    index_t const bottom = wraps ? runs.height - 1 : last % runs.height;
    box = {min(box.left, left), min(box.top, top), max(box.right, right + 1),
           max(box.bottom, bottom + 1)};
  });
  return box.right == 0 ? pixel_box{} : box;
}

/// The pixels that are in either, without decoding. Throws std::invalid_argument unless both are
/// valid and of one size.
inline run_lengths unite_runs(run_lengths const& a, run_lengths const& b)
{
  check_runs(a);
  check_runs(b);
  if (a.width != b.width || a.height != b.height) {
    detail::throw_invalid("unite_runs", "b", detail::size_text(a.width, a.height),
                          detail::size_text(b.width, b.height));
  }
  run_lengths both{a.width, a.height, {}};
  index_t left = a.width * a.height;
  std::size_t in_a = 0, in_b = 0;
  index_t of_a = a.counts[0], of_b = b.counts[0];
  while (left > 0) {
    while (of_a == 0) { of_a = a.counts[++in_a]; }
    while (of_b == 0) { of_b = b.counts[++in_b]; }
    index_t const step = min(of_a, of_b);
    detail::append_run(both.counts, in_a % 2 == 1 || in_b % 2 == 1, step);
    of_a -= step;
    of_b -= step;
    left -= step;
  }
  return both;
}

/// COCO's compressed counts. From the fourth on, a count is written as its difference to the count
/// two before. A number is written from its low end in groups of 5 bits, a character 48 + bits + 32
/// if more follow, until the rest is all sign. pycocotools' `counts`, character for character.
inline std::string write_counts(run_lengths const& runs)
{
  check_runs(runs);
  std::string text;
  for (std::size_t k = 0; k < runs.counts.size(); ++k) {
    index_t rest = k > 2 ? runs.counts[k] - runs.counts[k - 2] : runs.counts[k];
    bool more = true;
    while (more) {
      index_t const bits = rest & 31;
      rest >>= 5;
      more = rest != ((bits & 16) != 0 ? -1 : 0);
      text += static_cast<char>(48 + bits + (more ? 32 : 0));
    }
  }
  return text;
}

/// Reads compressed counts of a mask of width x height pixels, whoever wrote them. Throws
/// std::invalid_argument that names the place for a character of no group, a text that ends within
/// a number, a number of more than 7 characters and a count that is negative or too large, and
/// unless the counts sum to width * height.
inline run_lengths read_counts(std::string_view text, index_t width, index_t height)
{
  detail::require_mask_size("read_counts", width, height);
  run_lengths runs{width, height, {}};
  index_t left = width * height;
  std::size_t at = 0;
  auto const fail = [&](std::string const& expected, std::string const& got) {
    detail::throw_invalid("read_counts", "character " + std::to_string(at), expected, got);
  };
  while (at < text.size()) {
    index_t number = 0;
    bool more = true;
    for (int bits = 0; more; bits += 5) {
      if (at == text.size()) { fail("the rest of a number", "the end"); }
      if (bits == 35) { fail("the end of a number after 7 characters", "more"); }
      int const group = static_cast<unsigned char>(text[at]) - 48;
      if (group < 0 || group > 63) {
        fail("one from '0' to 'o'", "byte " + std::to_string(group + 48));
      }
      ++at;
      more = (group & 32) != 0;
      number += static_cast<index_t>(group & 31) << bits;
      if (!more && (group & 16) != 0) { number -= index_t{32} << bits; }  // the sign
    }
    std::size_t const k = runs.counts.size();
    index_t const count = k > 2 ? number + runs.counts[k - 2] : number;
    if (count < 0 || count > left) {
      fail("a count from 0 to the " + std::to_string(left) + " pixels left", std::to_string(count));
    }
    left -= count;
    runs.counts.push_back(count);
  }
  if (left != 0) { fail("counts of " + std::to_string(left) + " more pixels", "the end"); }
  return runs;
}

}  // namespace prefopt
