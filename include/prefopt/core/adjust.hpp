// SPDX-License-Identifier: MIT
#pragma once
/// \file  Adjustments: what a term takes from each sample besides the scores of its branches.

#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/column_set.hpp>
#include <prefopt/core/math.hpp>

/// Adjustments. Each names the extra `columns` it reads, says whether it leaves a term's value
/// known where policy = reference (`relative`), and has one or more of
///
/// - `beta(beta, x)`: the sample's own beta;
/// - `shift(x)`: added to the difference of the scores, before beta;
/// - `offset(x)`: subtracted from the margin, after beta;
/// - `weight(x)`: multiplies the term;
/// - `sign(x)`: +1 or -1, which way the margin should go.
///
/// An adjustment of one loss only lies in that loss's header.
PREFOPT_INLINED_BEGIN
namespace prefopt::adjust {

struct nothing {
  static constexpr column_set columns{};
  static constexpr bool relative = true;
};

/// The record's `target_margin`, which counts as 0 where the column is missing.
struct by_target_margin {
  static constexpr column_set columns{.extra = {.target_margin = true}};
  static constexpr bool relative = false;
  PREFOPT_HD auto offset(auto const& x) const { return x.target_margin; }
};

/// The record's `judge_gap`, `alpha` times.
template <class Real>
struct by_judge_gap {
  static constexpr column_set columns{.extra = {.judge_gap = true}};
  static constexpr bool relative = false;
  Real alpha = Real(1);

  PREFOPT_HD auto offset(auto const& x) const { return x.judge_gap * alpha; }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("alpha", alpha);
  }
};

/// Desirable samples (label 1) want a high margin, the others (label 0) a low one; each class has
/// its weight. A label that is NaN makes the sample NaN.
template <class Real>
struct by_label {
  static constexpr column_set columns{.extra = {.label = true}};
  static constexpr bool relative = false;
  Real desirable_weight = Real(1);
  Real undesirable_weight = Real(1);

  PREFOPT_HD auto sign(auto const& x) const
  {
    using value = std::remove_cvref_t<decltype(x.label)>;
    return select(x.label > value(0), value(1), select(x.label <= value(0), value(-1), x.label));
  }
  PREFOPT_HD auto weight(auto const& x) const
  {
    using value = std::remove_cvref_t<decltype(x.label)>;
    return select(x.label > value(0), value(desirable_weight), value(undesirable_weight));
  }
};

}  // namespace prefopt::adjust
PREFOPT_INLINED_END
