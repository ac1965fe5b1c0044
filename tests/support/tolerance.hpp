// SPDX-License-Identifier: MIT
#pragma once
/// \file  How close a computed loss or gradient must be to its reference, decided here only.

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <prefopt/core/loss.hpp>

namespace prefopt::test {

/// Relative error allowed: a few thousand roundings in double, a hundred in float.
template <class Real>
inline constexpr double relative_tolerance = 1e-12;
template <>
inline constexpr double relative_tolerance<float> = 1e-5;

/// A value and the size of the largest term that it is computed from.
struct reference_value {
  double value = 0;
  double largest_term = 0;
};

/// Roundings of the largest term that a value may be off by, where its terms cancel.
inline constexpr double roundings_of_terms = 4;

/// Whether `got` is as close as rounding allows: relative to the value, and a few roundings of its
/// largest term, which count only where terms cancel to a value far below them. `floor` forgives
/// what the smallest normal number cannot hold; a value beyond the largest must be infinite. NaN
/// never passes.
template <class Real>
bool agrees(Real got, reference_value const& want, double relative = relative_tolerance<Real>)
{
  double const largest = static_cast<double>(std::numeric_limits<Real>::max());
  if (std::abs(want.value) > largest) {
    return std::isinf(static_cast<double>(got)) && (got > Real(0)) == (want.value > 0);
  }
  double const rounding = static_cast<double>(std::numeric_limits<Real>::epsilon());
  double const floor = static_cast<double>(std::numeric_limits<Real>::min());
  return std::abs(static_cast<double>(got) - want.value) <=
         relative * std::abs(want.value) + roundings_of_terms * rounding * want.largest_term +
             floor;
}

/// Collects the addresses of a record's fields in the order in which they are visited.
template <class Real>
struct field_list {
  std::vector<Real*> fields;

  void operator()(column_name, Real& field) { fields.push_back(&field); }
  void optional(column_name, Real& field) { fields.push_back(&field); }

  template <class Record>
  static std::vector<Real*> of(Record& record)
  {
    field_list list;
    Record::visit_policy(list, record);
    Record::visit_constant(list, record);
    return list.fields;
  }
};

/// The loss of one example and its gradient in the order of the record's policy fields.
template <class Loss>
std::vector<double> outputs(Loss const& loss, record_of<Loss, double> const& x)
{
  auto r = value_and_gradient<double>(loss, x);
  field_list<double> gradient;
  decltype(r.gradient)::visit_policy(gradient, r.gradient);
  std::vector<double> result{r.value};
  for (double const* g : gradient.fields) { result.push_back(*g); }
  return result;
}

/// The outputs of `f`, a function of one sample's fields, with the largest term of each: the most
/// that any one input x contributes to it, |x df/dx|. Rounding an input, or an intermediate result
/// of its size, by one part in 1/e moves the output by e times that; so an output that is a
/// difference of large terms is judged by those terms, and any other by itself. The derivative is a
/// difference quotient: its error, about 1e-7 of the term, does not matter in a tolerance.
template <class Function>
std::vector<reference_value> reference_outputs(Function const& f, std::vector<double> row)
{
  double const step = 1e-7;
  std::vector<double> const value = f(row);
  std::vector<reference_value> result;
  for (double v : value) { result.push_back({v, 0}); }
  for (double& field : row) {
    double const before = field;
    field = before * (1 + step);
    std::vector<double> const after = f(row);
    field = before;
    for (std::size_t k = 0; k < value.size(); ++k) {
      double const term = std::abs(after[k] - value[k]) / step;
      // An infinite neighbour says nothing about the rounding of a finite value.
      if (std::isfinite(term)) { result[k].largest_term = std::max(result[k].largest_term, term); }
    }
  }
  return result;
}

/// The same for a loss.
template <class Loss>
std::vector<reference_value> reference_outputs(Loss const& loss, record_of<Loss, double> const& x)
{
  auto copy = x;
  std::vector<double> row;
  for (double const* field : field_list<double>::of(copy)) { row.push_back(*field); }
  auto const at = [&](std::vector<double> const& fields) {
    auto moved = x;
    auto const to = field_list<double>::of(moved);
    for (std::size_t k = 0; k < to.size(); ++k) { *to[k] = fields[k]; }
    return outputs(loss, moved);
  };
  return reference_outputs(at, row);
}

}  // namespace prefopt::test
