// SPDX-License-Identifier: MIT
#pragma once
/// \file  Columns and options of the matrix-level row functions, in host or device memory.

#include <cstdint>
#include <type_traits>

#include <prefopt/core/view.hpp>
#include <prefopt/row/half.hpp>
#include <prefopt/row/logit_stats.hpp>
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
  /// A row with this target is ignored: zeros come out, its logits are not read. In
  /// `sequence_sums` a log_prob of 0 is a token as any other: `counted_tokens` makes the mask that
  /// leaves these rows out there too.
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
  /// Host threads (with OpenMP), which share rows; in `log_probs` and `logit_gradients`, where
  /// there are fewer rows than threads, the pieces of long rows. The results do not depend on it.
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

/// Whether row i, or token i, does not count.
template <class Target, class Space>
PREFOPT_HD bool is_ignored(vector_view<Target const, Space> const& targets, index_t ignore_index,
                           vector_view<std::uint8_t const, Space> const& mask, index_t i)
{
  return static_cast<index_t>(targets[i]) == ignore_index || (mask.data != nullptr && mask[i] == 0);
}

/// Index of the target within the columns at hand: -1 where the row is ignored, `columns` where
/// another shard holds it.
template <class Target, class Space, class Real>
PREFOPT_HD index_t row_target(vector_view<Target const, Space> const& targets,
                              row_options<Real, Space> const& options, index_t columns, index_t i)
{
  if (is_ignored(targets, options.ignore_index, options.mask, i)) { return -1; }
  index_t const local = static_cast<index_t>(targets[i]) - options.shard.first;
  return local >= 0 && local < columns ? local : columns;
}

/// Size of the whole vocabulary of which the logits hold all or some columns.
template <class Real, class Space>
PREFOPT_HD index_t vocabulary_of(row_options<Real, Space> const& options, index_t columns)
{
  return options.shard.size > 0 ? options.shard.size : columns;
}

template <class Real, class Space>
PREFOPT_HD Real read_or_zero(vector_view<Real const, Space> const& column, index_t i)
{
  return column.data != nullptr ? column[i] : Real(0);
}

template <class Real, class Space>
PREFOPT_HD void write_row(log_prob_columns<Real, Space> const& out, index_t i,
                          row_log_prob_result<Real> const& row)
{
  if (out.log_prob.data != nullptr) { out.log_prob[i] = row.log_prob; }
  if (out.entropy.data != nullptr) { out.entropy[i] = row.entropy; }
  if (out.log_normalizer.data != nullptr) { out.log_normalizer[i] = row.log_normalizer; }
}

}  // namespace detail
}  // namespace prefopt
