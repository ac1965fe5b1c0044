// SPDX-License-Identifier: MIT
#pragma once
/// \file  Batches as columns: one view per field of a loss's record, named in designated
/// initialisers.

#include <string>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/loss.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

/// What a loss reads: a column for every field of its record. Any rank-1 tensor converts to a
/// column:
/// `{.chosen = a, .rejected = b, .ref_chosen = c, .ref_rejected = d}`.
template <class Loss, class Real = real_of<Loss>, class Space = host_memory>
using input_columns = record_of<Loss, vector_view<Real const, Space>>;

/// dL / d(policy column). A column that is left out is not written.
template <class Loss, class Real = real_of<Loss>, class Space = host_memory>
using gradient_columns = record_of<Loss, vector_view<Real, Space>, absent>;

/// What an evaluation writes: `value[i]` the loss of sample i, and its gradient. Each is optional.
template <class Loss, class Real = real_of<Loss>, class Space = host_memory>
struct output_columns {
  vector_view<Real, Space> value{};
  gradient_columns<Loss, Real, Space> gradient{};
};

/// How an evaluation writes.
template <class Real, class Space = host_memory>
struct evaluate_options {
  /// One weight per sample for value and gradient; absent means 1. Weight 0 excludes the sample,
  /// even where its loss is NaN.
  vector_view<Real const, Space> weight{};
  /// Multiplies the gradient only: the caller's loss scale over the caller's global sample count.
  Real scale = Real(1);
  /// Add to the gradient columns instead of overwriting them.
  bool accumulate = false;
  /// Host threads (with OpenMP), 1 or more. The results do not depend on it.
  int threads = 1;
};

namespace detail {

/// Finds the length of a batch: that of the first column that was given.
struct find_extent {
  index_t extent = 0;

  template <class View>
  void operator()(char const*, View const& view)
  {
    if (extent == 0) { extent = view.extent; }
  }
  template <class View>
  void optional(char const*, View const&) const
  {
  }
};

/// Checks that every input column is there and of the batch's length.
struct check_input {
  char const* function;
  index_t extent;

  template <class View>
  void operator()(char const* column, View const& view) const
  {
    if (!view.given() && extent > 0) {
      throw_invalid(function, "column '" + std::string(column) + "'",
                    "a column of " + std::to_string(extent) + " elements (this loss reads it)",
                    "none");
    }
    require_extent(function, column, extent, view.extent);
  }
  template <class View>
  void optional(char const* column, View const& view) const
  {
    if (view.given()) { require_extent(function, column, extent, view.extent); }
  }
};

/// Checks the gradient columns that were given.
struct check_gradient_column {
  check_input check;

  template <class View>
  void operator()(char const* column, View const& view) const
  {
    check.optional(("gradient of " + std::string(column)).c_str(), view);
  }
};

/// Throws unless every length of a sample whose weight is not 0 is a token or more: a mean over no
/// tokens is no number.
template <class Real>
void check_lengths(char const* function, char const* column, vector_view<Real const> length,
                   vector_view<Real const> weight)
{
  for (index_t i = 0; i < length.size(); ++i) {
    if (!(length[i] >= Real(1)) && (!weight || weight[i] != Real(0))) {
      throw_invalid(function, "column '" + std::string(column) + "', sample " + std::to_string(i),
                    "1 token or more", std::to_string(length[i]));
    }
  }
}

/// Number of samples; throws `std::invalid_argument` naming the column that does not fit.
template <class Loss, class Real, class Space>
index_t checked_extent(char const* function, input_columns<Loss, Real, Space> const& in)
{
  using record = input_columns<Loss, Real, Space>;
  find_extent find;
  record::visit_policy(find, in);
  record::visit_constant(find, in);
  check_input const check{function, find.extent};
  record::visit_policy(check, in);
  record::visit_constant(check, in);
  return find.extent;
}
template <class Loss, class Real, class Space>
index_t checked_extent(char const* function, input_columns<Loss, Real, Space> const& in,
                       output_columns<Loss, Real, Space> const& out,
                       evaluate_options<Real, Space> const& options)
{
  check_input const check{function, checked_extent<Loss, Real, Space>(function, in)};
  check.optional("value", out.value);
  check.optional("weight", options.weight);
  check_gradient_column const gradient{check};
  gradient_columns<Loss, Real, Space>::visit_policy(gradient, out.gradient);
  require_threads(function, options.threads);
  if constexpr (std::is_same_v<Space, host_memory> && requires { in.chosen_length.extent; }) {
    check_lengths<Real>(function, "chosen_length", in.chosen_length, options.weight);
    check_lengths<Real>(function, "rejected_length", in.rejected_length, options.weight);
  }
  return check.extent;
}

}  // namespace detail
}  // namespace prefopt
