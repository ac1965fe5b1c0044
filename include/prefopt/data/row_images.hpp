// SPDX-License-Identifier: MIT
#pragma once
/// \file  Which images belong to which row, said in numbers: nothing is taken from the order in
/// which pixels happen to lie.

#include <string>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/data/token_span.hpp>

namespace prefopt {

/// The images of the rows of a batch. An id stands for pixels: a perturbed copy of an image has an
/// id of its own, made once and read by policy and reference alike.
struct row_images {
  /// Ids of row after row, each row's in the order of its placeholders.
  vector_view<index_t const> ids{};
  /// Row r has ids[offsets[r]] ... ids[offsets[r + 1] - 1]; one entry more than rows.
  vector_view<index_t const> offsets{};

  constexpr index_t rows() const { return offsets.extent - 1; }
  constexpr vector_view<index_t const> row(index_t r) const
  {
    return ids.part(offsets[r], offsets[r + 1] - offsets[r]);
  }
};

namespace detail {

inline void check_row_offsets(char const* function, row_images const& images)
{
  if (images.rows() < 0) {
    throw_invalid(function, "offsets", "one entry more than there are rows", "none");
  }
  index_t last = 0;
  for (index_t r = 0; r <= images.rows(); ++r) {
    bool const ends = r < images.rows() || images.offsets[r] == images.ids.extent;
    if (images.offsets[r] < last || images.offsets[r] > images.ids.extent || !ends ||
        (r == 0 && images.offsets[r] != 0)) {
      throw_invalid(
          function, "offsets[" + std::to_string(r) + "]",
          "offsets that ascend from 0 to the " + std::to_string(images.ids.extent) + " ids",
          std::to_string(images.offsets[r]));
    }
    last = images.offsets[r];
  }
}

inline std::string image_text(index_t row, index_t k)
{
  return "row " + std::to_string(row) + ", image " + std::to_string(k);
}

/// Throws unless both have the same number of images in every row.
inline void check_same_counts(char const* function, row_images const& a, row_images const& b)
{
  check_row_offsets(function, a);
  check_row_offsets(function, b);
  require_extent(function, "rows", a.rows(), b.rows());
  for (index_t r = 0; r < a.rows(); ++r) {
    if (a.row(r).extent != b.row(r).extent) {
      throw_invalid(function, "row " + std::to_string(r),
                    std::to_string(a.row(r).extent) + " images", std::to_string(b.row(r).extent));
    }
  }
}

}  // namespace detail

/// Throws `std::invalid_argument` unless every placeholder is filled by its own image and by all of
/// it: one placeholder per id, in order, as many tokens as the image has features. Features of
/// image k are feature_offsets[k] ... feature_offsets[k + 1] - 1 of the tower's output, as many as
/// its resolution gives; `placeholders` [number of ids] are the image spans of row after row.
inline void check_row_images(row_images const& images, vector_view<index_t const> feature_offsets,
                             vector_view<token_span const> placeholders)
{
  char const* const function = "check_row_images";
  detail::check_row_offsets(function, images);
  detail::require_extent(function, "placeholders", images.ids.extent, placeholders.extent);
  index_t const known = feature_offsets.extent - 1;
  for (index_t r = 0; r < images.rows(); ++r) {
    for (index_t at = images.offsets[r]; at < images.offsets[r + 1]; ++at) {
      std::string const where = detail::image_text(r, at - images.offsets[r]);
      index_t const id = images.ids[at];
      if (id < 0 || id >= known) {
        detail::throw_invalid(function, where, "an id below " + std::to_string(known),
                              std::to_string(id));
      }
      index_t const features = feature_offsets[id + 1] - feature_offsets[id];
      if (features < 1) {
        detail::throw_invalid(function, where + " (id " + std::to_string(id) + ")",
                              "1 feature or more", std::to_string(features));
      }
      if (features != placeholders[at].size()) {
        detail::throw_invalid(function, where + " (id " + std::to_string(id) + ")",
                              std::to_string(features) + " placeholder tokens, one per feature",
                              std::to_string(placeholders[at].size()));
      }
    }
  }
}

/// Throws `std::invalid_argument`, naming row and place, unless both list the same ids in the same
/// order: chosen and rejected of a pair, or the rows as the policy and as the reference saw them.
inline void check_same_images(row_images const& expected, row_images const& got)
{
  char const* const function = "check_same_images";
  detail::check_same_counts(function, expected, got);
  for (index_t r = 0; r < expected.rows(); ++r) {
    for (index_t k = 0; k < expected.row(r).extent; ++k) {
      if (expected.row(r)[k] != got.row(r)[k]) {
        detail::throw_invalid(function, detail::image_text(r, k),
                              "id " + std::to_string(expected.row(r)[k]),
                              "id " + std::to_string(got.row(r)[k]));
      }
    }
  }
}

/// Throws `std::invalid_argument` unless each row of `perturbed` is the row of `clean` with at
/// least one image replaced by one that is nobody's clean image. A row that lost its perturbation
/// would contrast an answer with itself, and its image term would stay at log 2.
inline void check_perturbed_images(row_images const& clean, row_images const& perturbed)
{
  char const* const function = "check_perturbed_images";
  detail::check_same_counts(function, clean, perturbed);
  auto const is_clean = [&clean](index_t id) {
    for (index_t at = 0; at < clean.ids.extent; ++at) {
      if (clean.ids[at] == id) { return true; }
    }
    return false;
  };
  for (index_t r = 0; r < clean.rows(); ++r) {
    index_t replaced = 0;
    for (index_t k = 0; k < clean.row(r).extent; ++k) {
      index_t const id = perturbed.row(r)[k];
      if (id == clean.row(r)[k]) { continue; }
      if (is_clean(id)) {
        detail::throw_invalid(
            function, detail::image_text(r, k),
            "id " + std::to_string(clean.row(r)[k]) + " or that of a perturbed image",
            "id " + std::to_string(id) + ", another clean image");
      }
      ++replaced;
    }
    if (replaced == 0) {
      detail::throw_invalid(function, "row " + std::to_string(r), "one perturbed image or more",
                            "none");
    }
  }
}

}  // namespace prefopt
