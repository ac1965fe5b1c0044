// SPDX-License-Identifier: MIT
#pragma once
/// \file  The loss concept, and the one function that differentiates any model of it.

#include <concepts>
#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/dual.hpp>
#include <prefopt/core/record.hpp>
#include <prefopt/core/term.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {

/// The loss is a formula over a record that it names:
/// `template <class Policy, class Constant = Policy> using record = pair_logps<Policy, Constant>;`
template <class Loss>
concept names_its_record = requires { Loss::template record<float, float>::policy_arity; };

namespace detail {

/// Where a loss's record and precision are declared: in itself, or in the sum of its terms.
template <class Loss>
struct declared {
  using type = Loss;
};
template <has_terms Loss>
struct declared<Loss> {
  using type = terms_of<Loss>;
};
template <class Loss>
using declared_in = typename declared<Loss>::type;

template <class Loss>
struct declared_real {
  using type = float;
};
template <class Loss>
  requires requires { typename declared_in<Loss>::real; }
struct declared_real<Loss> {
  using type = typename declared_in<Loss>::real;
};

}  // namespace detail

/// The type a loss computes in: that of its terms, its member `real`, or else float.
template <class Loss>
using real_of = typename detail::declared_real<Loss>::type;

/// The record of a loss over a policy and a constant type.
template <class Loss, class Policy, class Constant = Policy>
using record_of = typename detail::declared_in<Loss>::template record<Policy, Constant>;

/// The value of a loss on one example: its `operator()`, or the sum of its terms.
template <class Loss, class Record>
PREFOPT_HD auto loss_value(Loss const& loss, Record const& x)
{
  if constexpr (has_terms<Loss>) {
    return loss.terms()(x);
  } else {
    return loss(x);
  }
}

/// The dual number with one partial for each differentiated field of the loss's record.
template <class Loss, class Value>
using dual_of = dual<Value, record_of<Loss, Value>::policy_arity>;

/// `loss(record<Policy, Constant>)`, or the sum of the loss's terms, returns exactly Policy.
template <class Loss, class Policy, class Constant = Policy>
concept computes_a_value = requires(Loss const& loss, record_of<Loss, Policy, Constant> const& x) {
  { loss.terms()(x) } -> std::same_as<Policy>;
} || requires(Loss const& loss, record_of<Loss, Policy, Constant> const& x) {
  { loss(x) } -> std::same_as<Policy>;
};

/// The loss can be copied byte by byte into a kernel launch.
template <class Loss>
concept copyable_to_device = std::is_trivially_copyable_v<Loss>;

/// Value of a loss and its derivative by every differentiated field.
template <class Loss, class Value>
struct value_gradient {
  Value value;
  record_of<Loss, Value, absent> gradient;
};

/// Optional: a hand-written gradient, used instead of dual numbers.
template <class Loss, class Value>
concept has_analytic_gradient = requires(Loss const& loss, record_of<Loss, Value> const& x) {
  { loss.with_gradient(x) } -> std::same_as<value_gradient<Loss, Value>>;
};

/// A pointwise preference loss over `Real`.
template <class Loss, class Real>
concept preference_loss =
    copyable_to_device<Loss> && (has_terms<Loss> || names_its_record<Loss>) &&
    computes_a_value<Loss, Real> &&
    (has_analytic_gradient<Loss, Real> || computes_a_value<Loss, dual_of<Loss, Real>, Real>);

/// A loss that chooses by `select`, `max` and `min` only says so with
/// `static constexpr bool branch_free = true;` (terms always do) and is then evaluated a vector
/// register at a time.
template <class Loss>
inline constexpr bool is_branch_free = has_terms<Loss> || requires { requires Loss::branch_free; };

namespace detail {

/// Whether a loss, or a term of it, reads partners that a sorting of the batch gave.
template <class Loss>
constexpr bool reads_partners()
{
  if constexpr (requires { record_of<Loss, float>::columns.extra; }) {
    constexpr extra_set extra = record_of<Loss, float>::columns.extra;
    return extra.matched_reference || extra.matched_rewards;
  } else {
    return false;
  }
}

}  // namespace detail

/// A loss whose samples are coupled by sorting: it reads partners of the same rank, in any of its
/// terms, or says so with `static constexpr bool sorted = true;`. A weight per sample means nothing
/// in it: a weight would have to move the ranks of the others.
template <class Loss>
inline constexpr bool is_sorted_loss =
    detail::reads_partners<Loss>() || requires { requires Loss::sorted; };

/// The requirements of `preference_loss`, one sentence each, for compilers that do not explain
/// concepts (nvcc). Put `static_assert(check_loss<my_loss, float>());` below a loss.
template <class Loss, class Real>
consteval bool check_loss()
{
  static_assert(
      copyable_to_device<Loss>,
      "prefopt: a loss must be trivially copyable; hold parameters by value, tables by pointer");
  static_assert(has_terms<Loss> || names_its_record<Loss>,
                "prefopt: a loss must have terms(), or operator() and `template <class Policy, "
                "class Constant = Policy> using "
                "record = prefopt::pair_logps<Policy, Constant>;` (or another record)");
  if constexpr (has_terms<Loss> || names_its_record<Loss>) {
    static_assert(
        computes_a_value<Loss, Real>,
        "prefopt: loss(record<Policy, Constant>) must be const and return exactly Policy; "
        "declare the return type and keep parameters in the loss's own precision");
    static_assert(
        has_analytic_gradient<Loss, Real> || computes_a_value<Loss, dual_of<Loss, Real>, Real>,
        "prefopt: make operator() a template over Policy and Constant, or provide "
        "with_gradient(record)");
    return preference_loss<Loss, Real>;
  }
  return false;
}

namespace detail {

template <class Value, int N>
struct lift_policy {
  int next = 0;
  PREFOPT_HD constexpr void operator()(column_name, dual<Value, N>& lifted, Value const& plain)
  {
    lifted = dual<Value, N>::variable(plain, next++);
  }
};
struct copy_field {
  template <class T>
  PREFOPT_HD constexpr void operator()(column_name, T& to, T const& from) const
  {
    to = from;
  }
  template <class T>
  PREFOPT_HD constexpr void optional(column_name, T& to, T const& from) const
  {
    to = from;
  }
};
template <class Value, int N>
struct take_partial {
  dual<Value, N> const& result;
  int next = 0;
  PREFOPT_HD constexpr void operator()(column_name, Value& gradient)
  {
    gradient = result.partial[next++];
  }
};

/// Value and gradient of a loss at a record that has its columns, and maybe more.
template <class Value, class Loss, class Record>
PREFOPT_HD value_gradient<Loss, Value> by_dual_numbers(Loss const& loss, Record const& x)
{
  using record = record_of<Loss, Value>;
  constexpr int arity = record::policy_arity;
  record_of<Loss, dual<Value, arity>, Value> lifted;
  lift_policy<Value, arity> lift;
  copy_field copy;
  record::visit_policy(lift, lifted, x);
  record::visit_constant(copy, lifted, x);
  dual<Value, arity> const result = loss_value(loss, lifted);

  value_gradient<Loss, Value> out;
  out.value = result.value;
  take_partial<Value, arity> take{result};
  record::visit_policy(take, out.gradient);
  return out;
}

/// -0, because adding to it changes no number: not even -0.
struct start_sum {
  template <class Value>
  PREFOPT_HD constexpr void operator()(column_name, Value& sum) const
  {
    sum = Value(-0.0f);
  }
};
struct add_zero_to_sum {
  template <class Value>
  PREFOPT_HD constexpr void operator()(column_name, Value& sum) const
  {
    sum = sum + Value(0);
  }
};
struct add_to_sum {
  template <class Value>
  PREFOPT_HD constexpr void operator()(column_name, Value& sum, Value const& summand) const
  {
    sum = sum + summand;
  }
};

/// Adds value and gradient of each term. The dual numbers of a term have partials for its own
/// columns only.
template <class Terms, class Record, class Sum>
PREFOPT_HD void add_terms(Terms const& terms, Record const& x, Sum& sum)
{
  using value = decltype(sum.value);
  using alone = term_sum<std::remove_cvref_t<decltype(terms.first)>>;
  // Two branches, so that the sums of the terms that count stay next to their products.
  if (terms.first.weight != typename Terms::real(0)) {
    auto const term = by_dual_numbers<value>(alone{terms.first, {}}, x);
    add_to_sum add;
    sum.value = sum.value + term.value;
    record_of<alone, value>::visit_policy(add, sum.gradient, term.gradient);
  } else {
    add_zero_to_sum add;
    add(column_name{"value"}, sum.value);
    record_of<alone, value>::visit_policy(add, sum.gradient);
  }
  if constexpr (Terms::size > 1) { add_terms(terms.rest, x, sum); }
}

}  // namespace detail

/// Value and gradient of one example (or of one pack of them): the loss's own gradient where it has
/// one, dual numbers otherwise.
template <class Value, class Loss>
PREFOPT_HD value_gradient<Loss, Value> value_and_gradient(Loss const& loss,
                                                          record_of<Loss, Value> const& x)
{
  if constexpr (has_analytic_gradient<Loss, Value>) {
    return loss.with_gradient(x);
  } else if constexpr (has_terms<Loss>) {
    detail::start_sum start;
    value_gradient<Loss, Value> sum;
    start(column_name{"value"}, sum.value);
    record_of<Loss, Value>::visit_policy(start, sum.gradient);
    detail::add_terms(loss.terms(), x, sum);
    return sum;
  } else {
    return detail::by_dual_numbers<Value>(loss, x);
  }
}

}  // namespace prefopt
PREFOPT_INLINED_END
