// SPDX-License-Identifier: MIT
#pragma once
/// \file  Rewards, margins and gradient shares per term, as sums that merge over batches and ranks.

#include <cmath>

#include <prefopt/core/columns.hpp>
#include <prefopt/core/dual.hpp>
#include <prefopt/core/evaluate.hpp>

namespace prefopt {

/// Weighted sums over samples for one term of a loss. Divide by the weight of all ranks (their
/// count where no weights were given), once, at the end.
struct term_summary {
  char const* name = "";
  double value = 0;  ///< the term's share of the loss
  double positive_reward =
      0;  ///< TRL's rewards/chosen, where the positive branch is the chosen answer
  double negative_reward = 0;  ///< TRL's rewards/rejected; 0 for an anchor
  double margin = 0;           ///< TRL's rewards/margins, for this term's modality
  double wins = 0;             ///< weight with margin > 0: TRL's rewards/accuracies counts no ties
  double ties = 0;             ///< weight with margin = 0
  double pull = 0;             ///< |d value / d score|: what the term contributes to the gradient
};

/// The terms of a loss over a set of samples. `loss_summary{}` is the identity of `merge`.
template <int Terms>
struct loss_summary {
  index_t count = 0;  ///< samples, those of weight 0 excepted
  double weight = 0;  ///< sum of the samples' weights: `count` where none were given
  term_summary term[Terms]{};

  constexpr void merge(loss_summary const& other)
  {
    count += other.count;
    weight += other.weight;
    for (int k = 0; k < Terms; ++k) {
      term_summary& a = term[k];
      term_summary const& b = other.term[k];
      if (b.name[0] != '\0') { a.name = b.name; }
      a.value += b.value;
      a.positive_reward += b.positive_reward;
      a.negative_reward += b.negative_reward;
      a.margin += b.margin;
      a.wins += b.wins;
      a.ties += b.ties;
      a.pull += b.pull;
    }
  }

  /// Mean loss over the samples; NaN for none.
  constexpr double mean_value() const
  {
    double sum = 0;
    for (term_summary const& t : term) { sum += t.value; }
    return weight == 0 ? quiet_nan_v<double> : sum / weight;
  }

  /// The share of term k in the gradient, 0 to 1; NaN while there is no gradient.
  constexpr double gradient_share(int k) const
  {
    double sum = 0;
    for (term_summary const& t : term) { sum += t.pull; }
    return sum == 0 ? quiet_nan_v<double> : term[k].pull / sum;
  }
};

/// How a summary is taken.
template <class Real>
struct summary_options {
  /// One weight per sample for all sums; absent means 1. Weight 0 excludes the sample, even where
  /// its loss is NaN.
  vector_view<Real const> weight{};
};

namespace detail {

template <class Real, class Record>
struct add_to_summary {
  Record const& x;
  double weight;
  term_summary* next;

  template <class Term>
  void operator()(Term const& term)
  {
    using slope = dual<Real, 1>;
    Real const m = term.margin(x);
    slope const v = term.at_margin(slope::variable(m, 0), x);
    term_summary& to = *next++;
    to.name = term.name;
    to.value += weight * static_cast<double>(v.value);
    to.positive_reward +=
        weight * static_cast<double>(term.template reward<typename Term::positive>(x));
    to.negative_reward +=
        weight * static_cast<double>(term.template reward<typename Term::negative>(x));
    to.margin += weight * static_cast<double>(m);
    to.wins += m > Real(0) ? weight : 0;
    to.ties += m == Real(0) ? weight : 0;
    to.pull += weight * std::abs(static_cast<double>(term.beta * v.partial[0]));
  }
};

}  // namespace detail

/// Sums every term of a loss over a batch in host memory, in fp64 and in order. Throws
/// `std::invalid_argument` when a column is missing or of another length.
template <class Real = void, has_terms Loss>
auto summarize(Loss const& loss, input_columns<Loss, detail::precision<Real, Loss>> const& in,
               summary_options<detail::precision<Real, Loss>> const& options = {})
{
  using real = detail::precision<Real, Loss>;
  using record = record_of<Loss, real>;
  auto const terms = loss.terms();
  index_t const n =
      detail::checked_extent<Loss, real, host_memory>("summarize", loss, in, {}, {options.weight});
  loss_summary<detail::terms_of<Loss>::size> sums;
  for (index_t i = 0; i < n; ++i) {
    detail::load_element<real> const load{i};
    real weight(1);
    load.optional(column_name{"weight"}, weight, options.weight);
    if (weight == real(0)) { continue; }
    sums.count += 1;
    sums.weight += static_cast<double>(weight);
    record const x = detail::load_sample<Loss, real>(in, i);
    detail::add_to_summary<real, record> add{x, static_cast<double>(weight), sums.term};
    terms.for_each(add);
  }
  return sums;
}

}  // namespace prefopt
