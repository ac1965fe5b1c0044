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
  double value = 0;            ///< the term's share of the loss
  double positive_reward = 0;  ///< of the branch that the term pulls up; 0 for none
  double negative_reward = 0;  ///< of the branch that it pushes down; 0 for none
  double margin = 0;           ///< by how much the first is above the second
  double wins = 0;             ///< weight with margin > 0: ties do not count
  double ties = 0;             ///< weight with margin = 0
  double pull = 0;             ///< |d value / d score|: what the term contributes to the gradient
};

/// The terms of a loss over a set of samples. `loss_summary{}` is the identity of `merge`; it is
/// trivially copyable and may be sent to other ranks as bytes.
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
template <class Real, class Weight = vector_view<Real const>>
struct summary_options {
  /// One weight per sample for all sums; absent means 1. Weight 0 excludes the sample, even where
  /// its loss is NaN. A sorted loss has none.
  Weight weight{};
};

namespace detail {

/// What a term says of a sample.
struct term_report {
  double value, positive_reward, negative_reward, margin, pull;
};

/// The report of a term that is a function of one margin, or what the term itself says.
template <class Real, class Term, class Record>
term_report report_of(Term const& term, Record const& x)
{
  if constexpr (requires { term.report(x); }) {
    return term.report(x);
  } else {
    using slope = dual<Real, 1>;
    Real const m = term.margin(x);
    slope const v = term.at_margin(slope::variable(m, 0), x);
    return {static_cast<double>(v.value),
            static_cast<double>(term.template reward<typename Term::positive>(x)),
            static_cast<double>(term.template reward<typename Term::negative>(x)),
            static_cast<double>(m),
            std::abs(static_cast<double>(term.sample_beta(x) * v.partial[0]))};
  }
}

template <class Real, class Record>
struct add_to_summary {
  Record const& x;
  double weight;
  term_summary* next;

  template <class Term>
  void operator()(Term const& term)
  {
    term_report const r = report_of<Real>(term, x);
    term_summary& to = *next++;
    to.value += weight * r.value;
    to.positive_reward += weight * r.positive_reward;
    to.negative_reward += weight * r.negative_reward;
    to.margin += weight * r.margin;
    to.wins += r.margin > 0 ? weight : 0;
    to.ties += r.margin == 0 ? weight : 0;
    to.pull += weight * r.pull;
  }
};

template <int Terms>
struct collect_names {
  per_modality<char const*, Terms>& names;
  int next = 0;

  template <class Term>
  constexpr void operator()(Term const& term)
  {
    names[next++] = term.name;
  }
};

}  // namespace detail

/// The names of a loss's terms, in the order of its summaries. Kept apart from the sums, which
/// travel between ranks.
template <has_terms Loss>
constexpr auto term_names(Loss const& loss)
{
  constexpr int size = detail::terms_of<Loss>::size;
  per_modality<char const*, size> names;
  detail::collect_names<size> collect{names};
  loss.terms().for_each(collect);
  return names;
}

/// The summary options of a loss: a sorted one takes no weights.
template <class Loss, class Real = real_of<Loss>>
using summary_options_of = summary_options<Real, decltype(options_of<Loss, Real>::weight)>;

/// Sums every term of a loss over a batch in host memory, in fp64 and in order. Throws
/// `std::invalid_argument` when a column is missing or of another length.
template <class Real = void, has_terms Loss>
auto summarize(Loss const& loss, input_columns<Loss, detail::precision<Real, Loss>> const& in,
               summary_options_of<Loss, detail::precision<Real, Loss>> const& options = {})
{
  using real = detail::precision<Real, Loss>;
  using record = record_of<Loss, real>;
  auto const terms = loss.terms();
  options_of<Loss, real> const as_evaluated{.weight = options.weight};
  index_t const n =
      detail::checked_extent<Loss, real, host_memory>("summarize", loss, in, {}, as_evaluated);
  vector_view<real const> const weights = detail::weights_of(as_evaluated);
  loss_summary<detail::terms_of<Loss>::size> sums;
  for (index_t i = 0; i < n; ++i) {
    detail::load_element<real> const load{i};
    real weight(1);
    load.optional(column_name{"weight"}, weight, weights);
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
