// SPDX-License-Identifier: MIT
#pragma once
/// \file  Sums of terms: adding and scaling losses.

#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/record.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {

/// A sum of terms, each of which keeps its name. Its record is the smallest with every column that
/// a term reads.
template <class... Terms>
struct term_sum;

template <class First, class... Rest>
struct term_sum<First, Rest...> {
  using real = typename First::real;
  static constexpr int size = 1 + static_cast<int>(sizeof...(Rest));

  static constexpr column_set columns = First::columns | term_sum<Rest...>::columns;
  /// Whether the loss has the same value wherever policy = reference.
  static constexpr bool relative = First::relative && term_sum<Rest...>::relative;

  template <class Policy, class Constant = Policy>
  using record = preference_record<Policy, Constant, columns>;

  First first;
  term_sum<Rest...> rest;

  PREFOPT_HD constexpr term_sum const& terms() const { return *this; }

  template <class Record>
  PREFOPT_HD auto operator()(Record const& x) const
  {
    return rest.added_to(first(x), x);
  }
  /// The sum so far and these terms, from left to right as `evaluate` adds them.
  template <class Sum, class Record>
  PREFOPT_HD Sum added_to(Sum const& sum, Record const& x) const
  {
    return rest.added_to(Sum(sum + first(x)), x);
  }

  /// Calls `f(term)` for each term in order. Host code only.
  template <class Function>
  constexpr void for_each(Function& f) const
  {
    f(first);
    rest.for_each(f);
  }

  /// Calls `check` for each parameter that has a domain.
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.enter(first.name);
    first.check(check);
    rest.check(check);
  }
};
template <>
struct term_sum<> {
  static constexpr column_set columns{};
  static constexpr bool relative = true;

  template <class Sum, class Record>
  PREFOPT_HD Sum added_to(Sum const& sum, Record const&) const
  {
    return sum;
  }
  template <class Check>
  constexpr void check(Check&) const
  {
  }
  template <class Function>
  constexpr void for_each(Function&) const
  {
  }
};

/// A loss that is a sum of terms.
template <class Loss>
concept has_terms = requires(Loss const& loss) { loss.terms().first; };

namespace detail {

/// The type of a loss's sum of terms, whether `terms()` returns it by value or by reference.
template <has_terms Loss>
using terms_of = std::remove_cvref_t<decltype(std::declval<Loss const&>().terms())>;

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

/// Terms and losses made of terms add, if they compute in the same precision.
template <has_terms A, has_terms B>
PREFOPT_HD constexpr auto operator+(A const& a, B const& b)
{
  static_assert(
      std::is_same_v<typename detail::terms_of<A>::real, typename detail::terms_of<B>::real>,
      "prefopt: terms of different precision do not add; give both losses the same Real");
  return detail::join(a.terms(), b.terms());
}
/// `factor * loss` scales the weight of every term.
template <has_terms Loss>
PREFOPT_HD constexpr auto operator*(
    std::type_identity_t<typename detail::terms_of<Loss>::real> factor, Loss const& loss)
{
  return detail::scale(factor, loss.terms());
}

}  // namespace prefopt
PREFOPT_INLINED_END
