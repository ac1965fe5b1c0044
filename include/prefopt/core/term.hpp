// SPDX-License-Identifier: MIT
#pragma once
/// \file  Terms: the parts that preference losses are sums of.
///
/// A branch is an answer scored under a condition. A term contrasts two branches, or anchors one:
/// `weight * link(beta * (score(positive) - score(negative)) - offset)`.

#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/branch.hpp>
#include <prefopt/core/link.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/score.hpp>
#include <prefopt/core/term_sum.hpp>

namespace prefopt {

/// One term of a loss: `weight * link(margin - offset)`, `margin = beta * (score(+) - score(-))`.
///
/// `offset` is on the scale of the margin (MFPO's eta, SimPO's gamma); a record with a
/// `target_margin` adds it per sample. `name` must outlive the term; it labels the term in reports.
template <class Positive, class Negative, class Score, class Link, class Real>
struct preference_term {
  using real = Real;
  using positive = Positive;
  using negative = Negative;

  static constexpr int modalities =
      Positive::modalities > Negative::modalities ? Positive::modalities : Negative::modalities;
  static constexpr bool needs_reference = Score::needs_reference;
  static constexpr bool needs_length = Score::needs_length;
  static constexpr bool needs_target = Score::needs_target;

  Link link{};
  Real beta = Real(1);
  Real offset = Real(0);
  Real weight = Real(1);
  char const* name = "preference";

  /// The reward of a branch; 0 for no branch.
  template <class Branch, class Record>
  PREFOPT_HD auto reward(Record const& x) const
  {
    if constexpr (std::is_same_v<Branch, branch::none>) {
      return Real(0);
    } else {
      return beta * Score::template of<Branch>(x);
    }
  }

  /// By how much the positive branch is preferred: the difference of the two rewards.
  template <class Record>
  PREFOPT_HD auto margin(Record const& x) const
  {
    if constexpr (std::is_same_v<Negative, branch::none>) {
      return reward<Positive>(x);
    } else {  // subtract before scaling: scores are large and close
      return beta * (Score::template of<Positive>(x) - Score::template of<Negative>(x));
    }
  }

  /// The term's value where its margin is m. A term of weight 0 is left out, even where it is NaN.
  template <class Scalar, class Record>
  PREFOPT_HD Scalar at_margin(Scalar const& m, Record const& x) const
  {
    static_assert(std::is_same_v<std::remove_cvref_t<decltype(link(m))>, Scalar>,
                  "prefopt: a link must return the type of its argument; declare the return type "
                  "and keep its parameters in the loss's own precision");
    if (weight == Real(0)) { return Scalar(0); }
    if constexpr (needs_target) {
      return weight * link((m - offset) - x.target_margin);
    } else {
      return weight * link(m - offset);
    }
  }

  template <class Record>
  PREFOPT_HD auto operator()(Record const& x) const
  {
    return at_margin(margin(x), x);
  }
};

/// `-log sigmoid(beta * (score(+) - score(-)))` and its like.
template <class Positive, class Negative, class Score, class Link, class Real>
PREFOPT_HD constexpr auto contrast(char const* name, Link link, Real beta, Real offset = Real(0),
                                   Real weight = Real(1))
{
  return term_sum<preference_term<Positive, Negative, Score, Link, Real>>{
      {link, beta, offset, weight, name}, {}};
}

/// A term that holds one branch by itself: `link(beta * score(branch) - offset)`.
template <class Branch, class Score, class Link, class Real>
PREFOPT_HD constexpr auto anchor(char const* name, Link link, Real beta, Real offset = Real(0),
                                 Real weight = Real(1))
{
  return contrast<Branch, branch::none, Score>(name, link, beta, offset, weight);
}

}  // namespace prefopt
