// SPDX-License-Identifier: MIT
#pragma once
/// \file  What is checked of a call on rows before anything is written. Shapes can be checked in
/// any memory; what device memory holds, the host cannot read.

#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/row/row_options.hpp>

namespace prefopt::detail {

inline std::string shape_text(index_t rows, index_t columns)
{
  return std::to_string(rows) + " x " + std::to_string(columns);
}

/// Checks the lengths of columns, those that were given.
struct check_extents {
  char const* function;
  index_t extent;

  template <class View>
  void operator()(char const* name, View const& view) const
  {
    if (view.given()) { require_extent(function, name, extent, view.extent); }
  }
  template <class View>
  void required(char const* name, View const& view) const
  {
    if (!view.given() && extent > 0) {
      throw_invalid(function, "column '" + std::string(name) + "'",
                    "a column of " + std::to_string(extent) + " elements", "none");
    }
    require_extent(function, name, extent, view.extent);
  }

  template <class Real, class Space>
  void operator()(log_prob_columns<Real, Space> const& c) const
  {
    (*this)("log_prob", c.log_prob);
    (*this)("entropy", c.entropy);
    (*this)("log_normalizer", c.log_normalizer);
  }
  template <class Real, class Space>
  void operator()(log_prob_seed_columns<Real, Space> const& c) const
  {
    (*this)("d_log_prob", c.d_log_prob);
    (*this)("d_entropy", c.d_entropy);
    (*this)("d_log_normalizer", c.d_log_normalizer);
  }
};

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

/// Types, shapes and options, in any memory.
template <class Logit, class Target, class Real, class Space>
void check_rows(char const* function, matrix_view<Logit const, Space> const& logits,
                vector_view<Target const, Space> const& targets,
                row_options<Real, Space> const& options)
{
  static_assert(check_row_types<Logit, Target, Real>());
  if (logits.data == nullptr && logits.rows > 0 && logits.cols > 0) {
    throw_invalid(function, "logits", "a matrix of " + shape_text(logits.rows, logits.cols),
                  "none");
  }
  check_extents const check{function, logits.rows};
  check.required("targets", targets);
  check("mask", options.mask);
  check(options.forward);
  check_transform(function, options.transform);
  index_t const first = options.shard.first;
  index_t const vocabulary = vocabulary_of(options, logits.cols);
  if (first < 0 || first + logits.cols > vocabulary) {
    throw_invalid(function, "shard", "columns within a vocabulary of " + std::to_string(vocabulary),
                  std::to_string(first) + " to " + std::to_string(first + logits.cols));
  }
}

/// Every target that is not ignored is a token of the vocabulary. Host memory only.
template <class Target, class Real>
void check_target_ids(char const* function, index_t columns,
                      vector_view<Target const> const& targets, row_options<Real> const& options)
{
  index_t const vocabulary = vocabulary_of(options, columns);
  for (index_t i = 0; i < targets.extent; ++i) {
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

template <class Real, class Space>
void check_whole_rows(char const* function, index_t columns,
                      row_options<Real, Space> const& options)
{
  if (options.shard.size > columns) {
    throw_invalid(function, "logits",
                  "the whole vocabulary of " + std::to_string(options.shard.size) +
                      " columns (merge_shard takes parts)",
                  std::to_string(columns) + " columns");
  }
}

/// Checks a gradient against its logits; says whether the forward pass's results are all there.
template <class Logit, class Stored, class Real, class Space>
bool check_gradient(char const* function, matrix_view<Logit const, Space> const& logits,
                    matrix_view<Stored, Space> const& gradient,
                    row_options<Real, Space> const& options)
{
  bool const missing = gradient.data == nullptr && logits.rows > 0 && logits.cols > 0;
  if (missing || gradient.rows != logits.rows || gradient.cols != logits.cols) {
    throw_invalid(function, "d_logits",
                  "the shape of the logits, " + shape_text(logits.rows, logits.cols),
                  missing ? "none" : shape_text(gradient.rows, gradient.cols));
  }
  auto const& forward = options.forward;
  bool const saved = forward.log_prob && forward.entropy && forward.log_normalizer;
  if (!saved && options.shard.size > logits.cols) {
    throw_invalid(function, "forward",
                  "log_prob, entropy and log_normalizer of the whole row (these logits are a "
                  "vocabulary shard)",
                  "not all of them");
  }
  return saved;
}

}  // namespace prefopt::detail
