// SPDX-License-Identifier: MIT
#pragma once
/// \file  Terms: the parts that preference losses are sums of.
///
/// A branch is an answer scored under a condition. A term contrasts two branches, or anchors one:
/// `weight * link(beta * (score(positive) - score(negative)) - offset)`.

#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/record.hpp>

namespace prefopt {

namespace detail {

constexpr int largest(int a)
{
  return a;
}
constexpr int largest(int a, auto... rest)
{
  int const b = largest(rest...);
  return a > b ? a : b;
}

constexpr bool any(auto... flags)
{
  return (flags || ...);
}

}  // namespace detail

/// Branches: which answer, under which condition.
namespace branch {

struct chosen {
  static constexpr int modalities = 0;
  PREFOPT_HD static auto const& policy(auto const& x) { return x.chosen; }
  PREFOPT_HD static auto const& reference(auto const& x) { return x.ref_chosen; }
  PREFOPT_HD static auto const& length(auto const& x) { return x.chosen_length; }
};
struct rejected {
  static constexpr int modalities = 0;
  PREFOPT_HD static auto const& policy(auto const& x) { return x.rejected; }
  PREFOPT_HD static auto const& reference(auto const& x) { return x.ref_rejected; }
  PREFOPT_HD static auto const& length(auto const& x) { return x.rejected_length; }
};
/// The chosen answer with modality K perturbed. It is as long as the chosen one.
template <int K>
struct perturbed {
  static constexpr int modalities = K + 1;
  PREFOPT_HD static auto const& policy(auto const& x) { return x.perturbed[K]; }
  PREFOPT_HD static auto const& reference(auto const& x) { return x.ref_perturbed[K]; }
  PREFOPT_HD static auto const& length(auto const& x) { return x.chosen_length; }
};
/// No branch: turns a contrast into an anchor.
struct none {
  static constexpr int modalities = 0;
};

}  // namespace branch

/// Scores: what of a branch is compared.
namespace score {

/// log pi(y) - log pi_ref(y), DPO's implicit reward without beta.
struct log_ratio {
  static constexpr bool needs_reference = true;
  static constexpr bool needs_length = false;
  static constexpr bool needs_target = false;
  template <class Branch>
  PREFOPT_HD static auto of(auto const& x)
  {
    return Branch::policy(x) - Branch::reference(x);
  }
};
/// log pi(y).
struct log_prob {
  static constexpr bool needs_reference = false;
  static constexpr bool needs_length = false;
  static constexpr bool needs_target = false;
  template <class Branch>
  PREFOPT_HD static auto of(auto const& x)
  {
    return Branch::policy(x);
  }
};
/// log pi(y) / |y|.
struct mean_log_prob {
  static constexpr bool needs_reference = false;
  static constexpr bool needs_length = true;
  static constexpr bool needs_target = false;
  template <class Branch>
  PREFOPT_HD static auto of(auto const& x)
  {
    return Branch::policy(x) / Branch::length(x);
  }
};
/// (log pi(y) - log pi_ref(y)) / |y|.
struct mean_log_ratio {
  static constexpr bool needs_reference = true;
  static constexpr bool needs_length = true;
  static constexpr bool needs_target = false;
  template <class Branch>
  PREFOPT_HD static auto of(auto const& x)
  {
    return log_ratio::of<Branch>(x) / Branch::length(x);
  }
};

/// The scalar output of a reward model, which may come with a target margin per sample.
struct reward {
  static constexpr bool needs_reference = false;
  static constexpr bool needs_length = false;
  static constexpr bool needs_target = true;
  template <class Branch>
  PREFOPT_HD static auto of(auto const& x)
  {
    return Branch::policy(x);
  }
};

}  // namespace score

/// Links: from a margin u (larger is better) to a loss.
namespace link {

/// -(1 - e) log sigmoid(u) - e log sigmoid(-u), with label smoothing e in [0, 1/2).
template <class Real>
struct logistic {
  Real label_smoothing = Real(0);
  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& u) const
  {
    return label_smoothing * u - log_sigmoid(u);  // since log sigmoid(-u) = log sigmoid(u) - u
  }
};
/// max(0, 1 - u); the subgradient at the kink u = 1 is 0.
struct hinge {
  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& u) const
  {
    return max(Scalar(1) - u, Scalar(0));
  }
};
/// u^2.
struct square {
  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& u) const
  {
    return u * u;
  }
};

}  // namespace link

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

  /// The term's value where its margin is m.
  template <class Scalar, class Record>
  PREFOPT_HD Scalar at_margin(Scalar const& m, Record const& x) const
  {
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

/// A sum of terms, each of which keeps its name. Its record is the smallest with every column that
/// a term reads.
template <class... Terms>
struct term_sum;

template <class First, class... Rest>
struct term_sum<First, Rest...> {
  using real = typename First::real;
  static constexpr int size = 1 + static_cast<int>(sizeof...(Rest));

  template <class Policy, class Constant = Policy>
  using record =
      preference_record<Policy, Constant, detail::largest(First::modalities, Rest::modalities...),
                        detail::any(First::needs_reference, Rest::needs_reference...),
                        detail::any(First::needs_length, Rest::needs_length...),
                        detail::any(First::needs_target, Rest::needs_target...)>;

  First first;
  term_sum<Rest...> rest;

  PREFOPT_HD constexpr term_sum const& terms() const { return *this; }

  template <class Record>
  PREFOPT_HD auto operator()(Record const& x) const
  {
    if constexpr (sizeof...(Rest) == 0) {
      return first(x);
    } else {
      return first(x) + rest(x);
    }
  }

  /// Calls `f(term)` for each term in order. Host code only.
  template <class Function>
  constexpr void for_each(Function& f) const
  {
    f(first);
    rest.for_each(f);
  }
};
template <>
struct term_sum<> {
  template <class Function>
  constexpr void for_each(Function&) const
  {
  }
};

/// A loss that is a sum of terms.
template <class Loss>
concept has_terms = requires(Loss const& loss) { loss.terms().first; };

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

namespace detail {

template <class... Right>
PREFOPT_HD constexpr auto join(term_sum<> const&, term_sum<Right...> const& b)
{
  return b;
}
template <class First, class... Rest, class... Right>
PREFOPT_HD constexpr auto join(term_sum<First, Rest...> const& a, term_sum<Right...> const& b)
{
  return term_sum<First, Rest..., Right...>{a.first, join(a.rest, b)};
}

template <class Real>
PREFOPT_HD constexpr term_sum<> scale(Real, term_sum<> const& none)
{
  return none;
}
template <class Real, class First, class... Rest>
PREFOPT_HD constexpr term_sum<First, Rest...> scale(Real factor, term_sum<First, Rest...> sum)
{
  sum.first.weight *= factor;
  return {sum.first, scale(factor, sum.rest)};
}

}  // namespace detail

/// Terms and losses made of terms add.
template <has_terms A, has_terms B>
PREFOPT_HD constexpr auto operator+(A const& a, B const& b)
{
  return detail::join(a.terms(), b.terms());
}
/// `factor * loss` scales the weight of every term.
template <has_terms Loss>
PREFOPT_HD constexpr auto operator*(
    std::type_identity_t<typename decltype(std::declval<Loss>().terms())::real> factor,
    Loss const& loss)
{
  return detail::scale(factor, loss.terms());
}

}  // namespace prefopt
