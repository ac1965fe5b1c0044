// SPDX-License-Identifier: MIT
#pragma once
/// \file  Terms: the parts that preference losses are sums of.
///
/// A branch is an answer scored under a condition. A term contrasts two branches, or anchors one:
/// `weight * link(beta * (score(positive) - score(negative)) - offset)`.

#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/adjust.hpp>
#include <prefopt/core/branch.hpp>
#include <prefopt/core/dual.hpp>
#include <prefopt/core/link.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/score.hpp>
#include <prefopt/core/term_sum.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {

namespace detail {

template <class Score, class Branch>
constexpr column_set columns_of_branch()
{
  if constexpr (std::is_same_v<Branch, branch::none>) {
    return {};
  } else {
    return Score::template columns<Branch>;
  }
}

template <class Score>
inline constexpr bool only_differences = requires { requires Score::only_differences; };

// What a score or an adjustment offers. Concepts, because nvcc takes a requires-expression inside a
// member function for false in device code, without a word, where it is true on the host.
template <class Score, class Positive, class Negative, class Record>
concept forms_difference = requires(Score const& score, Record const& x) {
  score.template difference<Positive, Negative>(x);
};
template <class Adjust, class Real, class Record>
concept sets_beta =
    requires(Adjust const& adjust, Real beta, Record const& x) { adjust.beta(beta, x); };
template <class Adjust, class Record>
concept shifts = requires(Adjust const& adjust, Record const& x) { adjust.shift(x); };
template <class Adjust, class Record>
concept offsets = requires(Adjust const& adjust, Record const& x) { adjust.offset(x); };
template <class Adjust, class Record>
concept weighs = requires(Adjust const& adjust, Record const& x) { adjust.weight(x); };
template <class Adjust, class Record>
concept turns = requires(Adjust const& adjust, Record const& x) { adjust.sign(x); };

}  // namespace detail

/// One term of a loss: `weight * link(margin - offset)`, `margin = beta * (score(+) - score(-))`.
///
/// `offset` is on the scale of the margin (MFPO's eta, SimPO's gamma). What differs from sample to
/// sample is the adjustment's part. `name` must outlive the term; it labels the term in reports.
template <class Positive, class Negative, class Score, class Link, class Real,
          class Adjust = adjust::nothing>
struct preference_term {
  static_assert(!std::is_same_v<Positive, branch::none> || !std::is_same_v<Negative, branch::none>,
                "prefopt: a term needs a branch");
  static_assert(!detail::only_differences<Score> || (!std::is_same_v<Positive, branch::none> &&
                                                     !std::is_same_v<Negative, branch::none>),
                "prefopt: an f-divergence score only means something as the difference of two "
                "branches (dpo, hinge, ipo, exo, robust, discopop); an anchor takes "
                "score::log_ratio");

  using real = Real;
  using positive = Positive;
  using negative = Negative;

  static constexpr column_set columns = detail::columns_of_branch<Score, Positive>() |
                                        detail::columns_of_branch<Score, Negative>() |
                                        Adjust::columns;
  /// Whether the term has the same value wherever policy = reference.
  static constexpr bool relative = Score::relative && Adjust::relative;

  Link link{};
  Real beta = Real(1);
  Real offset = Real(0);
  Real weight = Real(1);
  char const* name = "preference";
  Score score{};
  Adjust adjust{};

  /// The beta of one sample.
  template <class Record>
  PREFOPT_HD auto sample_beta(Record const& x) const
  {
    if constexpr (detail::sets_beta<Adjust, Real, Record>) {
      return adjust.beta(beta, x);
    } else {
      return beta;
    }
  }

  /// The reward of a branch; 0 for no branch.
  template <class Branch, class Record>
  PREFOPT_HD auto reward(Record const& x) const
  {
    if constexpr (std::is_same_v<Branch, branch::none>) {
      return Real(0);
    } else {
      return sample_beta(x) * score.template of<Branch>(x);
    }
  }

  /// By how much the positive branch is preferred: the difference of the two rewards, and what the
  /// adjustment shifts it by.
  template <class Record>
  PREFOPT_HD auto margin(Record const& x) const
  {
    auto const gap = difference(x);  // before scaling: scores are large and close
    if constexpr (detail::shifts<Adjust, Record>) {
      return sample_beta(x) * (gap + adjust.shift(x));
    } else {
      return sample_beta(x) * gap;
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
    Scalar const u = to_link(m, x);
    if constexpr (detail::weighs<Adjust, Record>) {
      auto const own = weight * adjust.weight(x);
      return select(own == decltype(own)(0), Scalar(0), own * linked(u));
    } else {
      return scale_value(weight, linked(scale_partials(weight, u)));
    }
  }

  template <class Record>
  PREFOPT_HD auto operator()(Record const& x) const
  {
    return at_margin(margin(x), x);
  }

  /// Calls `check` for each parameter that has a domain.
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("beta", beta);
    check.finite("offset", offset);
    check.finite("weight", weight);
    if constexpr (requires { link.check(check); }) { link.check(check); }
    if constexpr (requires { score.check(check); }) { score.check(check); }
    if constexpr (requires { adjust.check(check); }) { adjust.check(check); }
  }

 private:
  template <class Record>
  PREFOPT_HD auto difference(Record const& x) const
  {
    if constexpr (std::is_same_v<Negative, branch::none>) {
      return score.template of<Positive>(x);
    } else if constexpr (std::is_same_v<Positive, branch::none>) {
      return -score.template of<Negative>(x);
    } else if constexpr (detail::forms_difference<Score, Positive, Negative, Record>) {
      return score.template difference<Positive, Negative>(x);
    } else {
      return score.template of<Positive>(x) - score.template of<Negative>(x);
    }
  }

  template <class Scalar, class Record>
  PREFOPT_HD Scalar to_link(Scalar const& m, Record const& x) const
  {
    Scalar u = m - offset;
    if constexpr (detail::offsets<Adjust, Record>) { u = u - adjust.offset(x); }
    if constexpr (detail::turns<Adjust, Record>) { u = adjust.sign(x) * u; }
    return u;
  }

  /// link(u). Where a score's derivative may be infinite the link's own slope decides: once that is
  /// 0 the term does not move.
  template <class Scalar>
  PREFOPT_HD Scalar linked(Scalar const& u) const
  {
    using value = value_t<Scalar>;
    if constexpr (detail::only_differences<Score> && !std::is_same_v<value, Scalar>) {
      auto const f = link(dual<value, 1>::variable(value_of(u), 0));
      return chain(f.value, f.partial[0], u);
    } else {
      return link(u);
    }
  }
};

/// `-log sigmoid(beta * (score(+) - score(-)))` and its like, as a sum of one term.
template <class Positive, class Negative, class Score, class Link, class Real,
          class Adjust = adjust::nothing>
PREFOPT_HD constexpr auto contrast(char const* name, Link link, Real beta,
                                   std::type_identity_t<Real> offset = Real(0),
                                   std::type_identity_t<Real> weight = Real(1), Score score = {},
                                   Adjust adjust = {})
{
  return term_sum<preference_term<Positive, Negative, Score, Link, Real, Adjust>>{
      {link, beta, offset, weight, name, score, adjust}, {}};
}

/// A term that pulls one branch up by itself: `link(beta * score(branch) - offset)`.
template <class Branch, class Score, class Link, class Real>
PREFOPT_HD constexpr auto anchor(char const* name, Link link, Real beta,
                                 std::type_identity_t<Real> offset = Real(0),
                                 std::type_identity_t<Real> weight = Real(1), Score score = {})
{
  return contrast<Branch, branch::none, Score>(name, link, beta, offset, weight, score);
}

/// A term that pushes one branch down by itself: `link(-beta * score(branch) - offset)`.
template <class Branch, class Score, class Link, class Real>
PREFOPT_HD constexpr auto repel(char const* name, Link link, Real beta,
                                std::type_identity_t<Real> offset = Real(0),
                                std::type_identity_t<Real> weight = Real(1), Score score = {})
{
  return contrast<branch::none, Branch, Score>(name, link, beta, offset, weight, score);
}

}  // namespace prefopt
PREFOPT_INLINED_END
