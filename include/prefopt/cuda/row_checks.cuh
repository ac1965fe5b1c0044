// SPDX-License-Identifier: MIT
#pragma once
/// \file  What the host can check of a call on rows and sequences before a kernel runs: shapes.
/// What lies in device memory it cannot read.

#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/row/row_options.hpp>
#include <prefopt/row/sequence_stats.hpp>

namespace prefopt::gpu::detail {

/// Checks the lengths of columns, those that were given.
struct check_extents {
  char const* function;
  index_t extent;

  template <class View>
  void operator()(char const* name, View const& view) const
  {
    prefopt::detail::require_optional_extent(function, name, bool(view), extent, view.extent);
  }
  template <class View>
  void required(char const* name, View const& view) const
  {
    if (!view && extent > 0) {
      prefopt::detail::throw_invalid(function, "column '" + std::string(name) + "'",
                                     "a column of " + std::to_string(extent) + " elements", "none");
    }
    prefopt::detail::require_extent(function, name, extent, view.extent);
  }

  template <class Real>
  void operator()(log_prob_columns<Real, device_memory> const& c) const
  {
    (*this)("log_prob", c.log_prob);
    (*this)("entropy", c.entropy);
    (*this)("log_normalizer", c.log_normalizer);
  }
  template <class Real>
  void operator()(log_prob_seed_columns<Real, device_memory> const& c) const
  {
    (*this)("d_log_prob", c.d_log_prob);
    (*this)("d_entropy", c.d_entropy);
    (*this)("d_log_normalizer", c.d_log_normalizer);
  }
  template <class Real>
  void operator()(token_columns<Real, device_memory> const& c) const
  {
    (*this)("entropy", c.entropy);
    (*this)("weight", c.weight);
    (*this)("mask", c.mask);
  }
  template <class Real>
  void operator()(sequence_columns<Real, device_memory> const& c) const
  {
    (*this)("sum", c.sum);
    (*this)("mean", c.mean);
    (*this)("count", c.count);
    (*this)("weight", c.weight);
    (*this)("entropy", c.entropy);
    (*this)("target_entropy", c.target_entropy);
  }
};

/// Size of the whole vocabulary of which the logits hold all or some columns.
template <class Real>
PREFOPT_HD index_t vocabulary(row_options<Real, device_memory> const& options, index_t columns)
{
  return options.shard.size > 0 ? options.shard.size : columns;
}

template <class Logit, class Target, class Real>
void check_rows(char const* function, matrix_view<Logit const, device_memory> const& logits,
                vector_view<Target const, device_memory> const& targets,
                row_options<Real, device_memory> const& options)
{
  static_assert(prefopt::detail::check_row_types<Logit, Target, Real>());
  using prefopt::detail::throw_invalid;
  if (!logits && logits.rows > 0 && logits.cols > 0) {
    throw_invalid(function, "logits",
                  "a matrix of " + prefopt::detail::shape_text(logits.rows, logits.cols), "none");
  }
  check_extents const check{function, logits.rows};
  check.required("targets", targets);
  check("mask", options.mask);
  check(options.forward);
  prefopt::detail::check_transform(function, options.transform);
  index_t const first = options.shard.first;
  index_t const size = vocabulary(options, logits.cols);
  if (first < 0 || first + logits.cols > size) {
    throw_invalid(function, "shard", "columns within a vocabulary of " + std::to_string(size),
                  std::to_string(first) + " to " + std::to_string(first + logits.cols));
  }
}

}  // namespace prefopt::gpu::detail
