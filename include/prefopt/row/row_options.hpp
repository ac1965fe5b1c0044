// SPDX-License-Identifier: MIT
#pragma once
/// \file  Columns and options of the matrix-level row functions, and their checks.

#include <cstdint>
#include <string>
#include <type_traits>

#include <prefopt/core/error.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/row/half.hpp>
#include <prefopt/row/logit_transform.hpp>

namespace prefopt {

/// One number per row; a column that is left out is not written (or, as input, reads as 0).
template <class Real, class Space = host_memory>
struct log_prob_columns {
  vector_view<Real, Space> log_prob{};        ///< log softmax(y)[target], nats
  vector_view<Real, Space> entropy{};         ///< -sum p log p, nats
  vector_view<Real, Space> log_normalizer{};  ///< log sum e^y
};

/// dL / d(each of the `log_prob_columns`); a column that is left out is 0.
template <class Real, class Space = host_memory>
struct log_prob_seed_columns {
  vector_view<Real const, Space> d_log_prob{};
  vector_view<Real const, Space> d_entropy{};
  vector_view<Real const, Space> d_log_normalizer{};
};

/// Which part of a vocabulary that is split by columns a matrix holds.
struct vocabulary_shard {
  index_t first = 0;  ///< token id of column 0
  index_t size = 0;   ///< of the whole vocabulary; 0: the matrix holds all of it
};

/// How rows are read.
template <class Real, class Space = host_memory>
struct row_options {
  /// A row with this target is ignored: zeros come out, its logits are not read.
  index_t ignore_index = -100;
  /// One byte per row; a row with 0 is ignored too, whatever its target. Absent means all count.
  vector_view<std::uint8_t const, Space> mask{};
  logit_transform<Real> transform{};
  vocabulary_shard shard{};
  /// For gradients: what the forward pass wrote for the same rows. With all three columns a row
  /// is read once, without them twice; shards cannot do without.
  log_prob_columns<Real const, Space> forward{};
  /// Multiplies gradients only: the caller's loss scale over the caller's global count.
  Real scale = Real(1);
  /// Host threads (with OpenMP). The results do not depend on it.
  int threads = 1;
};

namespace detail {

template <class Tensor>
struct element_type_of {
  using type = float;  // checked later, with a sentence
};
template <has_adapter Tensor>
struct element_type_of<Tensor> {
  using type = std::remove_const_t<typename traits_of<Tensor>::element_type>;
};
template <class Tensor>
using element_of = typename element_type_of<Tensor>::type;

/// Sums are fp64 for fp64 logits and fp32 for all others, unless the caller names a type.
template <class Real, class Logits>
using row_precision = std::conditional_t<
    std::is_void_v<Real>,
    std::conditional_t<std::is_same_v<element_of<Logits>, double>, double, float>, Real>;

template <class Logit, class Target, class Real>
consteval bool check_row_types()
{
  static_assert(std::is_floating_point_v<Logit> || half_format_of<Logit> != half_format::none,
                "prefopt: logits are float, double, bfloat16 or float16 (specialise half_format_of "
                "for another 16-bit type)");
  static_assert(std::is_integral_v<Target> && std::is_signed_v<Target>,
                "prefopt: targets are signed integers, so that they can hold ignore_index");
  static_assert(std::is_same_v<Real, float> || std::is_same_v<Real, double>,
                "prefopt: rows are summed in float or double");
  return true;
}

/// Index of the target within the columns at hand: -1 where the row is ignored, `columns` where
/// another shard holds it.
template <class Target, class Space, class Real>
PREFOPT_HD index_t row_target(vector_view<Target const, Space> const& targets,
                              row_options<Real, Space> const& options, index_t columns, index_t i)
{
  auto const target = static_cast<index_t>(targets[i]);
  if (target == options.ignore_index) { return -1; }
  if (options.mask.data != nullptr && options.mask[i] == 0) { return -1; }
  index_t const local = target - options.shard.first;
  return local >= 0 && local < columns ? local : columns;
}

inline std::string shape_text(index_t rows, index_t columns)
{
  return std::to_string(rows) + " x " + std::to_string(columns);
}

inline void require_optional_extent(char const* function, char const* name, bool given,
                                    index_t expected, index_t got)
{
  if (given) { require_extent(function, name, expected, got); }
}

template <class Real>
void check_columns(char const* function, index_t rows, log_prob_columns<Real> const& c)
{
  require_optional_extent(function, "log_prob", bool(c.log_prob), rows, c.log_prob.extent);
  require_optional_extent(function, "entropy", bool(c.entropy), rows, c.entropy.extent);
  require_optional_extent(function, "log_normalizer", bool(c.log_normalizer), rows,
                          c.log_normalizer.extent);
}

template <class Real>
void check_columns(char const* function, index_t rows, log_prob_seed_columns<Real> const& c)
{
  require_optional_extent(function, "d_log_prob", bool(c.d_log_prob), rows, c.d_log_prob.extent);
  require_optional_extent(function, "d_entropy", bool(c.d_entropy), rows, c.d_entropy.extent);
  require_optional_extent(function, "d_log_normalizer", bool(c.d_log_normalizer), rows,
                          c.d_log_normalizer.extent);
}

template <class Real>
void check_transform(char const* function, logit_transform<Real> const& t)
{
  auto const require = [function](char const* name, bool good, char const* range, Real got) {
    if (!good) { throw_invalid(function, name, range, std::to_string(got)); }
  };
  require("temperature", t.temperature > 0, "a number above 0", t.temperature);
  require("logit_scale", t.logit_scale > 0, "a number above 0", t.logit_scale);
  require("softcap", t.softcap >= 0, "a number above 0, or 0 for none", t.softcap);
}

/// Targets, mask and transform of `rows` rows; throws before anything is written.
template <class Target, class Real>
void check_targets(char const* function, index_t rows, index_t columns,
                   vector_view<Target const> const& targets, row_options<Real> const& options)
{
  require_extent(function, "targets", rows, targets.extent);
  require_optional_extent(function, "mask", bool(options.mask), rows, options.mask.extent);
  check_transform(function, options.transform);
  vocabulary_shard const& shard = options.shard;
  index_t const vocabulary = shard.size > 0 ? shard.size : columns;
  if (shard.first < 0 || shard.first + columns > vocabulary) {
    throw_invalid(function, "shard", "columns within a vocabulary of " + std::to_string(vocabulary),
                  std::to_string(shard.first) + " to " + std::to_string(shard.first + columns));
  }
  for (index_t i = 0; i < rows; ++i) {
    auto const target = static_cast<index_t>(targets[i]);
    bool const inside = target >= 0 && target < vocabulary;
    if (!inside && row_target(targets, options, columns, i) >= 0) {
      throw_invalid(function, "target of row " + std::to_string(i),
                    "a token id below the vocabulary size " + std::to_string(vocabulary) +
                        ", or ignore_index " + std::to_string(options.ignore_index),
                    std::to_string(target));
    }
  }
}

}  // namespace detail
}  // namespace prefopt
