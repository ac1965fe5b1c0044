// SPDX-License-Identifier: MIT
#pragma once
/// \file  AOT's coupling: two columns of the global batch, matched by order.

#include <algorithm>
#include <string>
#include <vector>

#include <prefopt/core/communicator.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

/// Memory of the matching, kept from step to step.
struct sorted_match_workspace {
  gathered_column a, b;
  std::vector<index_t> order_a, order_b;
};

namespace detail {

inline void sort_column(gathered_column const& column, std::vector<index_t>& order)
{
  order.clear();
  for (index_t i = 0; i < column.size(); ++i) { order.push_back(i); }
  std::ranges::sort(order, [&](index_t i, index_t j) {
    double const x = column.value[static_cast<std::size_t>(i)];
    double const y = column.value[static_cast<std::size_t>(j)];
    return x < y || (!(y < x) && i < j);
  });
}

/// partner[i] = the value that the other column has in the place of local element i.
inline void write_partners(gathered_column const& column, std::vector<index_t> const& order,
                           gathered_column const& other, std::vector<index_t> const& other_order,
                           int rank, vector_view<double> partner)
{
  index_t const first = column.first[static_cast<std::size_t>(rank)];
  for (std::size_t k = 0; k < order.size(); ++k) {
    index_t const i = order[k] - first;
    if (i < 0 || i >= partner.size()) { continue; }
    partner[i] = other.value[static_cast<std::size_t>(other_order[k])];
  }
}

}  // namespace detail

/// Matches the k-th smallest `a` of the global batch with its k-th smallest `b`, for every k.
/// partner_of_a[i] is the b that local a[i] is matched with, partner_of_b[j] the a of local b[j].
///
/// Phase 1 of AOT (Melnyk et al., "Distributional preference alignment of LLMs via optimal
/// transport", arXiv 2406.05882): `aot` matches the policy's log p(y_w) - log p(y_l) with the
/// reference's, `aot_unpaired` the chosen log-ratios with the rejected. Phase 2 is pointwise, with
/// the matching held constant. For `aot_unpaired`, where both columns depend on the policy, each
/// side takes its gradient against its partner and the value is counted on one side only.
///
/// Ties go by place in the global batch: rank, then index. Infinities sort as usual. Collective.
/// Trap it avoids: TRL sorts on each device, which with one pair per device is DPO. Throws
/// `std::invalid_argument` for a NaN, naming the sample, and where the global batch has not as many
/// `a` as `b` (both on every rank alike), and for outputs of other lengths than the local columns.
template <communicator Communicator>
void sorted_match(Communicator const& ranks, vector_view<double const> a,
                  vector_view<double const> b, sorted_match_workspace& workspace,
                  vector_view<double> partner_of_a, vector_view<double> partner_of_b)
{
  constexpr char const* name = "sorted_match";
  detail::require_extent(name, "partner_of_a", a.size(), partner_of_a.size());
  detail::require_extent(name, "partner_of_b", b.size(), partner_of_b.size());
  all_gather_column(ranks, a, workspace.a);
  all_gather_column(ranks, b, workspace.b);
  require_no_nan(name, "a", workspace.a);
  require_no_nan(name, "b", workspace.b);
  if (workspace.a.size() != workspace.b.size()) {
    detail::throw_invalid(name, "b of all ranks",
                          std::to_string(workspace.a.size()) + " elements, as a",
                          std::to_string(workspace.b.size()));
  }
  detail::sort_column(workspace.a, workspace.order_a);
  detail::sort_column(workspace.b, workspace.order_b);
  detail::write_partners(workspace.a, workspace.order_a, workspace.b, workspace.order_b,
                         ranks.rank(), partner_of_a);
  detail::write_partners(workspace.b, workspace.order_b, workspace.a, workspace.order_a,
                         ranks.rank(), partner_of_b);
}

}  // namespace prefopt
