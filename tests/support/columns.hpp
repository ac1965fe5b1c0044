// SPDX-License-Identifier: MIT
#pragma once
/// \file  Batches as plain vectors, and their evaluation in the memory of any tensor library.

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <prefopt/core/evaluate.hpp>

namespace prefopt::test {

/// A batch that owns its columns. A column that is left empty is not there.
template <class Loss, class Real>
using owned_columns = record_of<Loss, std::vector<Real>>;

template <class Column>
struct column_list {
  std::vector<Column*> columns;
  std::vector<std::string> names;

  void operator()(column_name name, Column& column)
  {
    columns.push_back(&column);
    names.push_back(prefopt::detail::text_of(name));
  }
  void optional(column_name name, Column& column) { (*this)(name, column); }
};

/// The policy columns of a batch followed by the constant ones.
template <class Column, class Record>
column_list<Column> columns_of(Record& record)
{
  column_list<Column> list;
  Record::visit_policy(list, record);
  if constexpr (requires { Record::visit_constant(list, record); }) {
    Record::visit_constant(list, record);
  }
  return list;
}

/// Row i of a batch as one example.
template <class Loss, class To, class From>
record_of<Loss, To> example(owned_columns<Loss, From> const& batch, std::size_t i)
{
  record_of<Loss, To> x;
  auto copy = batch;
  auto const from = columns_of<std::vector<From>>(copy).columns;
  auto const to = columns_of<To>(x).columns;
  for (std::size_t k = 0; k < from.size(); ++k) {
    if (!from[k]->empty()) { *to[k] = static_cast<To>((*from[k])[i]); }
  }
  return x;
}

/// What an evaluation wrote: the value column, then one gradient column per policy field.
template <class Real>
using owned_outputs = std::vector<std::vector<Real>>;

/// Calls `evaluate(loss, in, out)` on copies of the columns that lie in `Table`s, the storage of
/// some tensor library: `Table(rows, columns)` and `column(k)`, a rank-1 tensor. Outputs start as
/// NaN, so that what is not written shows.
template <template <class> class Table, class Loss, class Real, class Evaluate>
owned_outputs<Real> evaluate_in(Loss const& loss, owned_columns<Loss, Real> batch,
                                Evaluate const& evaluate)
{
  using input = input_columns<Loss, Real>;
  using output = gradient_columns<Loss, Real>;
  constexpr std::size_t arity = record_of<Loss, Real>::policy_arity;
  auto const columns = columns_of<std::vector<Real>>(batch).columns;
  std::size_t const n = columns[0]->size();
  Table<Real> in_memory(n, columns.size());
  Table<Real> out_memory(n, arity + 1);

  input in;
  auto const views = columns_of<vector_view<Real const>>(in).columns;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    if (columns[k]->empty() && n > 0) { continue; }
    vector_view<Real> const memory(in_memory.column(k));
    for (std::size_t i = 0; i < n; ++i) { memory[static_cast<index_t>(i)] = (*columns[k])[i]; }
    *views[k] = in_memory.column(k);
  }
  output gradient;
  column_list<vector_view<Real>> gradients;
  output::visit_policy(gradients, gradient);
  for (std::size_t k = 0; k <= arity; ++k) {
    vector_view<Real> const memory(out_memory.column(k));
    for (std::size_t i = 0; i < n; ++i) { memory[static_cast<index_t>(i)] = quiet_nan_v<Real>; }
    if (k > 0) { *gradients.columns[k - 1] = out_memory.column(k); }
  }

  evaluate(loss, in,
           output_columns<Loss, Real>{.value = out_memory.column(0), .gradient = gradient});

  owned_outputs<Real> result(arity + 1, std::vector<Real>(n));
  for (std::size_t k = 0; k <= arity; ++k) {
    vector_view<Real> const memory(out_memory.column(k));
    for (std::size_t i = 0; i < n; ++i) { result[k][i] = memory[static_cast<index_t>(i)]; }
  }
  return result;
}

/// Columns as they are without a tensor library.
template <class Real>
class vector_table {
 public:
  vector_table(std::size_t rows, std::size_t columns) : columns_(columns, std::vector<Real>(rows))
  {
  }
  std::vector<Real>& column(std::size_t k) { return columns_[k]; }

 private:
  std::vector<std::vector<Real>> columns_;
};

/// The host loop.
struct on_host {
  template <class Loss, class Input, class Output>
  void operator()(Loss const& loss, Input const& in, Output const& out) const
  {
    prefopt::evaluate<typename decltype(out.value)::element_type>(loss, in, out);
  }
};

}  // namespace prefopt::test
