// SPDX-License-Identifier: MIT
#pragma once
/// \file  Batches as columns: one view per field of a loss's record, named in designated
/// initialisers.

#include <string>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/loss.hpp>
#include <prefopt/core/parameters.hpp>
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

/// The type of the weights of a loss that takes none. Setting them is a compile-time error.
struct no_weight {
  no_weight() = default;
  template <class Column>
    requires(!std::is_same_v<std::remove_cvref_t<Column>, no_weight>)
  constexpr no_weight(Column&&)
  {
    static_assert(std::is_same_v<Column, no_weight>,
                  "prefopt: a sorted loss takes no weight per sample: its samples are matched by "
                  "rank, and a weight of one would have to move the others");
  }
};

/// How an evaluation writes.
template <class Real, class Space = host_memory, class Weight = vector_view<Real const, Space>>
struct evaluate_options {
  /// One weight per sample for value and gradient; absent means 1. Weight 0 excludes the sample,
  /// even where its loss is NaN.
  Weight weight{};
  /// Multiplies the gradient only: the caller's loss scale over the caller's global sample count.
  Real scale = Real(1);
  /// Add to the gradient columns instead of overwriting them.
  bool accumulate = false;
  /// Host threads (with OpenMP), 1 or more. The results do not depend on it.
  int threads = 1;
};

/// The options of a loss: a sorted one takes no weights.
template <class Loss, class Real = real_of<Loss>, class Space = host_memory>
using options_of = evaluate_options<
    Real, Space,
    std::conditional_t<is_sorted_loss<Loss>, no_weight, vector_view<Real const, Space>>>;

namespace detail {

/// The weights of any loss, none for a sorted one.
template <class Real, class Space>
constexpr vector_view<Real const, Space> weights_of(evaluate_options<Real, Space> const& options)
{
  return options.weight;
}
template <class Real, class Space>
constexpr vector_view<Real const, Space> weights_of(evaluate_options<Real, Space, no_weight> const&)
{
  return {};
}

/// "perturbed[1]", or "chosen".
inline std::string text_of(column_name name)
{
  std::string text = name.text;
  if (name.count > 1) { text += '[' + std::to_string(name.index) + ']'; }
  return text;
}

/// Finds the length of a batch: that of the first column that was given.
struct find_extent {
  index_t extent = 0;

  template <class View>
  void operator()(column_name, View const& view)
  {
    if (extent == 0) { extent = view.extent; }
  }
  template <class View>
  void optional(column_name, View const&) const
  {
  }
};

/// Checks that every input column is there and of the batch's length.
struct check_input {
  char const* function;
  index_t extent;

  template <class View>
  void operator()(column_name column, View const& view) const
  {
    if (!view.given() && extent > 0) {
      throw_invalid(function, "column '" + text_of(column) + "'",
                    "a column of " + std::to_string(extent) + " elements (this loss reads it)",
                    "none");
    }
    require_extent(function, text_of(column).c_str(), extent, view.extent);
  }
  template <class View>
  void optional(column_name column, View const& view) const
  {
    if (view.given()) { require_extent(function, text_of(column).c_str(), extent, view.extent); }
  }
};

/// Checks the gradient columns that were given.
struct check_gradient_column {
  check_input check;

  template <class View>
  void operator()(column_name column, View const& view) const
  {
    if (!view.given()) { return; }
    require_extent(check.function, ("gradient of " + text_of(column)).c_str(), check.extent,
                   view.extent);
  }
};

/// Throws unless every length of a sample whose weight is not 0 is a token or more: a mean over no
/// tokens is no number.
template <class Real>
struct check_lengths {
  char const* function;
  vector_view<Real const> weight;

  void operator()(column_name column, vector_view<Real const> const& length) const
  {
    for (index_t i = 0; i < length.size(); ++i) {
      if (!(length[i] >= Real(1)) && (!weight || weight[i] != Real(0))) {
        throw_invalid(function, "column '" + text_of(column) + "', sample " + std::to_string(i),
                      "1 token or more", std::to_string(length[i]));
      }
    }
  }
};

/// Throws unless every label of a sample whose weight is not 0 is 1 (desirable) or 0: any other
/// number, -1 or a probability, would be taken for one of the two.
template <class Real>
struct check_labels {
  char const* function;
  vector_view<Real const> weight;

  void operator()(vector_view<Real const> const& label) const
  {
    for (index_t i = 0; i < label.size(); ++i) {
      if (label[i] != Real(0) && label[i] != Real(1) && (!weight || weight[i] != Real(0))) {
        throw_invalid(function, "column 'label', sample " + std::to_string(i), "1 (desirable) or 0",
                      std::to_string(label[i]));
      }
    }
  }
};

/// Checks the numbers of a batch in host memory that have a domain.
template <class Columns, class Real>
void check_samples(char const* function, Columns const& in, vector_view<Real const> const& weight)
{
  check_lengths<Real> const lengths{function, weight};
  Columns::visit_length(lengths, in);
  if constexpr (requires { requires Columns::columns.extra.label; }) {
    check_labels<Real>{function, weight}(in.label);
  }
}

/// Number of samples; throws `std::invalid_argument` naming the column that does not fit.
template <class Columns>
index_t batch_extent(char const* function, Columns const& in)
{
  find_extent find;
  Columns::visit_policy(find, in);
  Columns::visit_constant(find, in);
  check_input const check{function, find.extent};
  Columns::visit_policy(check, in);
  Columns::visit_constant(check, in);
  return find.extent;
}
template <class Loss, class Real, class Space>
index_t checked_extent(char const* function, Loss const& loss,
                       input_columns<Loss, Real, Space> const& in,
                       output_columns<Loss, Real, Space> const& out,
                       options_of<Loss, Real, Space> const& options)
{
  check_parameters(function, loss);
  check_input const check{function, batch_extent(function, in)};
  auto const weight = weights_of(options);
  check.optional(column_name{"value"}, out.value);
  check.optional(column_name{"weight"}, weight);
  check_gradient_column const gradient{check};
  gradient_columns<Loss, Real, Space>::visit_policy(gradient, out.gradient);
  require_threads(function, options.threads);
  if constexpr (std::is_same_v<Space, host_memory>) { check_samples(function, in, weight); }
  return check.extent;
}

}  // namespace detail
}  // namespace prefopt
