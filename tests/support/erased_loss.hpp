// SPDX-License-Identifier: MIT
#pragma once
/// \file  A loss without its type: tables of numbers in, tables of numbers out. What many losses
/// have in common is then tested by code that is compiled once.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/core/self_check.hpp>

#include "support/columns.hpp"

namespace prefopt::test {

/// Columns of numbers. A column that is left empty is not there.
template <class Real>
using table = std::vector<std::vector<Real>>;

/// How an erased loss evaluates.
template <class Real>
struct table_options {
  std::vector<Real> weight{};
  Real scale = Real(1);
  int threads = 1;
  index_t stride = 1;        ///< of every column; what lies between must stay untouched
  table<Real> accumulate{};  ///< gradients to add to; empty: overwrite
};

/// A loss over Real behind functions of tables. The rows of a result are the value and then one
/// derivative per policy column.
template <class Real>
struct erased_loss {
  std::vector<std::string> columns;  ///< names, the policy columns first
  std::size_t arity = 0;             ///< number of policy columns
  bool weighted = true;              ///< takes weights per sample
  bool known_at_reference = false;   ///< has an `expected_initial_loss` without data
  double initial_loss = 0;

  /// The host loop (packs), or another driver.
  std::function<table<Real>(table<Real> const&, table_options<Real> const&)> evaluate;
  /// One sample, plain scalars.
  std::function<std::vector<Real>(std::vector<Real> const&)> row;
  /// One sample with the reference made the policy.
  std::function<Real(std::vector<Real> const&)> at_reference;
};

/// What a batch is evaluated by: any callable (loss, in, out, options).
struct by_host_loop {
  template <class Loss, class In, class Out, class Options>
  void operator()(Loss const& loss, In const& in, Out const& out, Options const& options) const
  {
    prefopt::evaluate<typename decltype(out.value)::element_type>(loss, in, out, options);
  }
};

namespace detail_erased {

/// One column in memory with gaps that must not change.
template <class Real>
class spread_column {
 public:
  spread_column(std::vector<Real> const& values, index_t stride)
      : stride_(stride), memory_(values.size() * static_cast<std::size_t>(stride), gap)
  {
    for (std::size_t i = 0; i < values.size(); ++i) { memory_[i * step()] = values[i]; }
  }
  vector_view<Real> view()
  {
    return {memory_.data(), static_cast<index_t>(memory_.size()) / stride_, stride_};
  }
  std::vector<Real> values() const
  {
    std::vector<Real> result;
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      if (i % step() == 0) {
        result.push_back(memory_[i]);
      } else if (memory_[i] != gap) {
        throw std::runtime_error("an evaluation wrote between the elements of a column");
      }
    }
    return result;
  }

 private:
  static constexpr Real gap = Real(12345);
  std::size_t step() const { return static_cast<std::size_t>(stride_); }
  index_t stride_;
  std::vector<Real> memory_;
};

template <class Loss, class Real, class Driver>
table<Real> evaluate_table(Loss const& loss, table<Real> const& in,
                           table_options<Real> const& options, Driver const& driver)
{
  constexpr std::size_t arity = record_of<Loss, Real>::policy_arity;
  std::size_t const n = in.at(0).size();
  std::vector<spread_column<Real>> memory;
  memory.reserve(in.size() + arity + 1);
  input_columns<Loss, Real> inputs;
  auto const views = columns_of<vector_view<Real const>>(inputs).columns;
  for (std::size_t k = 0; k < in.size(); ++k) {
    memory.emplace_back(in[k], options.stride);
    if (!in[k].empty() || n == 0) { *views.at(k) = memory.back().view(); }
  }
  output_columns<Loss, Real> outputs;
  column_list<vector_view<Real>> gradients;
  decltype(outputs.gradient)::visit_policy(gradients, outputs.gradient);
  bool const add = !options.accumulate.empty();
  for (std::size_t k = 0; k <= arity; ++k) {
    std::vector<Real> const start =
        k > 0 && add ? options.accumulate.at(k) : std::vector<Real>(n, quiet_nan_v<Real>);
    memory.emplace_back(start, options.stride);
    (k == 0 ? outputs.value : *gradients.columns[k - 1]) = memory.back().view();
  }
  options_of<Loss, Real> how;
  how.scale = options.scale;
  how.threads = options.threads;
  how.accumulate = add;
  if constexpr (!is_sorted_loss<Loss>) {
    if (!options.weight.empty()) { how.weight = options.weight; }
  }
  driver(loss, inputs, outputs, how);
  table<Real> result;
  for (std::size_t k = 0; k <= arity; ++k) { result.push_back(memory[in.size() + k].values()); }
  return result;
}

template <class Loss, class Real>
record_of<Loss, Real> record_from(std::vector<Real> const& row)
{
  record_of<Loss, Real> x;
  auto const fields = columns_of<Real>(x).columns;
  for (std::size_t k = 0; k < fields.size(); ++k) { *fields[k] = row.at(k); }
  return x;
}

}  // namespace detail_erased

/// Erases the type of a loss, whose batches `driver` evaluates.
template <class Real, class Loss, class Driver = by_host_loop>
erased_loss<Real> erase(Loss const& loss, Driver const& driver = {})
{
  erased_loss<Real> result;
  record_of<Loss, Real> names;
  result.columns = columns_of<Real>(names).names;
  result.arity = record_of<Loss, Real>::policy_arity;
  result.weighted = !is_sorted_loss<Loss>;
  result.known_at_reference = prefopt::detail::known_at_reference<Loss>();
  if constexpr (prefopt::detail::known_at_reference<Loss>()) {
    result.initial_loss = static_cast<double>(expected_initial_loss(loss));
  }
  result.evaluate = [loss, driver](table<Real> const& in, table_options<Real> const& options) {
    return detail_erased::evaluate_table<Loss, Real>(loss, in, options, driver);
  };
  result.row = [loss](std::vector<Real> const& row) {
    auto r = value_and_gradient<Real>(loss, detail_erased::record_from<Loss, Real>(row));
    std::vector<Real> out{r.value};
    column_list<Real> gradient;
    decltype(r.gradient)::visit_policy(gradient, r.gradient);
    for (Real const* g : gradient.columns) { out.push_back(*g); }
    return out;
  };
  result.at_reference = [loss](std::vector<Real> const& row) {
    return loss_value(loss, prefopt::at_reference(detail_erased::record_from<Loss, Real>(row)));
  };
  return result;
}

}  // namespace prefopt::test
