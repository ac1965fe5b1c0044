// SPDX-License-Identifier: MIT
#pragma once
/// \file  Reference values of an erased loss: plain scalars in double, with the size of their
/// terms.

#include <algorithm>
#include <cmath>
#include <vector>

#include "support/erased_loss.hpp"
#include "support/tolerance.hpp"

namespace prefopt::test {

/// Sample i of a table; a missing column is 0.
template <class Real>
std::vector<Real> row_of(table<Real> const& columns, std::size_t i)
{
  std::vector<Real> row;
  for (auto const& column : columns) { row.push_back(column.empty() ? Real(0) : column[i]); }
  return row;
}

/// The outputs of every sample with their largest terms, as `reference_outputs` defines them.
inline std::vector<std::vector<reference_value>> references(erased_loss<double> const& loss,
                                                            table<double> const& columns)
{
  std::vector<std::vector<reference_value>> result(loss.arity + 1);
  for (std::size_t i = 0; i < columns.at(0).size(); ++i) {
    auto const all = reference_outputs(loss.row, row_of(columns, i));
    for (std::size_t k = 0; k < all.size(); ++k) { result[k].push_back(all[k]); }
  }
  return result;
}

}  // namespace prefopt::test
