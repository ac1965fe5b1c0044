// SPDX-License-Identifier: MIT
#pragma once
/// \file  Scores: the number of a branch that terms compare, and which columns it takes.

#include <prefopt/config.hpp>
#include <prefopt/core/branch.hpp>
#include <prefopt/core/column_set.hpp>
#include <prefopt/core/math.hpp>

/// Scores: what of a branch is compared. `relative` ones are 0 where policy = reference.
PREFOPT_INLINED_BEGIN
namespace prefopt::score {

/// log pi(y) - log pi_ref(y), DPO's implicit reward without beta.
struct log_ratio {
  static constexpr bool relative = true;
  template <class Branch>
  static constexpr column_set columns{.policy = Branch::set, .reference = Branch::set};
  template <class Branch>
  PREFOPT_HD auto of(auto const& x) const
  {
    return Branch::policy(x) - Branch::reference(x);
  }
};
/// log pi(y).
struct log_prob {
  static constexpr bool relative = false;
  template <class Branch>
  static constexpr column_set columns{.policy = Branch::set};
  template <class Branch>
  PREFOPT_HD auto of(auto const& x) const
  {
    return Branch::policy(x);
  }
};
/// log pi(y) / |y|.
struct mean_log_prob {
  static constexpr bool relative = false;
  template <class Branch>
  static constexpr column_set columns{.policy = Branch::set, .length = Branch::sized_by};
  template <class Branch>
  PREFOPT_HD auto of(auto const& x) const
  {
    return Branch::policy(x) / Branch::length(x);
  }
};
/// (log pi(y) - log pi_ref(y)) / |y|.
struct mean_log_ratio {
  static constexpr bool relative = true;
  template <class Branch>
  static constexpr column_set columns{
      .policy = Branch::set, .reference = Branch::set, .length = Branch::sized_by};
  template <class Branch>
  PREFOPT_HD auto of(auto const& x) const
  {
    return log_ratio{}.of<Branch>(x) / Branch::length(x);
  }
};
/// sum over the answer's tokens of KL(reference || policy).
struct sequence_kl {
  static constexpr bool relative = true;
  template <class Branch>
  static constexpr column_set columns{.divergence = Branch::set};
  template <class Branch>
  PREFOPT_HD auto of(auto const& x) const
  {
    return Branch::divergence(x);
  }
};

}  // namespace prefopt::score

namespace prefopt::detail {

/// Whether a score is divided by the answer's length.
template <class Score>
inline constexpr bool per_token_score = Score::template columns<branch::chosen>.length.chosen;

/// e^a - e^b and its two derivatives. The difference is formed before the exponential is, so that
/// it keeps its digits where a and b are close, and is 0, not inf - inf, where they are equal.
template <class Scalar>
PREFOPT_HD Scalar exp_difference(Scalar const& a, Scalar const& b)
{
  using std::exp;
  using std::expm1;
  using value = value_t<Scalar>;
  value const u = value_of(a), v = value_of(b), gap = v - u;
  value const up = exp(u), down = exp(v);
  value const above = -(up * expm1(select(gap < value(0), gap, value(-1))));
  value const below = down * expm1(select(gap > value(0), -gap, value(-1)));
  value const f = select(gap < value(0), above, select(gap > value(0), below, gap));
  return chain(f, up, a, -down, b);
}

}  // namespace prefopt::detail

/// Scores of f-DPO (Wang et al. 2024, arXiv 2309.16240): f'(ratio) for a divergence f other than
/// the reverse KL, whose score is the plain log-ratio. They only mean something as differences of
/// two branches. `Base` is the log-ratio, summed or per token. Exponentials may leave Real's range:
/// the value is then infinite, and the derivative what it tends to.
namespace prefopt::score {

/// -e^-r: forward KL.
template <class Base = log_ratio>
struct forward_kl {
  static constexpr bool relative = Base::relative;
  static constexpr bool only_differences = true;
  template <class Branch>
  static constexpr column_set columns = Base::template columns<Branch>;
  template <class Branch>
  PREFOPT_HD auto of(auto const& x) const
  {
    using std::exp;
    return -exp(-Base{}.template of<Branch>(x));
  }
  template <class Positive, class Negative>
  PREFOPT_HD auto difference(auto const& x) const
  {
    return detail::exp_difference(-Base{}.template of<Negative>(x),
                                  -Base{}.template of<Positive>(x));
  }
};

/// log sigmoid(r): Jensen-Shannon, up to a constant.
template <class Base = log_ratio>
struct jensen_shannon {
  static constexpr bool relative = Base::relative;
  static constexpr bool only_differences = true;
  template <class Branch>
  static constexpr column_set columns = Base::template columns<Branch>;
  template <class Branch>
  PREFOPT_HD auto of(auto const& x) const
  {
    return log_sigmoid(Base{}.template of<Branch>(x));
  }
};

/// e^((a - 1) r) / (a - 1), and r at a = 1: alpha-divergence with TRL's sign of a since 0.29
/// (before, TRL called 1 - a alpha).
template <class Real, class Base = log_ratio>
struct alpha_divergence {
  static constexpr bool relative = Base::relative;
  static constexpr bool only_differences = true;
  template <class Branch>
  static constexpr column_set columns = Base::template columns<Branch>;

  Real alpha = Real(0.5);

  template <class Branch>
  PREFOPT_HD auto of(auto const& x) const
  {
    using std::exp;
    auto const r = Base{}.template of<Branch>(x);
    Real const c = alpha - Real(1);
    return c == Real(0) ? r : exp(c * r) / c;
  }
  template <class Positive, class Negative>
  PREFOPT_HD auto difference(auto const& x) const
  {
    auto const a = Base{}.template of<Positive>(x);
    auto const b = Base{}.template of<Negative>(x);
    Real const c = alpha - Real(1);
    return c == Real(0) ? a - b : detail::exp_difference(c * a, c * b) / c;
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("alpha", alpha);
  }
};

}  // namespace prefopt::score
PREFOPT_INLINED_END
