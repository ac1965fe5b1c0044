// SPDX-License-Identifier: MIT
#pragma once
/// \file  Parameters of a loss (beta, eta, modality weights) that move over the run, or change from
/// level to level.

#include <cmath>
#include <string>
#include <type_traits>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/record.hpp>
#include <prefopt/curriculum/pacing.hpp>
#include <prefopt/curriculum/ramped.hpp>

namespace prefopt {
namespace detail {

template <class Real>
  requires std::is_floating_point_v<Real>
Real between(Real from, Real to, double share)
{
  return static_cast<Real>(std::lerp(static_cast<double>(from), static_cast<double>(to), share));
}
template <class Real, int Count>
per_modality<Real, Count> between(per_modality<Real, Count> from,
                                  per_modality<Real, Count> const& to, double share)
{
  for (int k = 0; k < Count; ++k) { from[k] = between(from[k], to[k], share); }
  return from;
}

template <class Field>
struct owner_of;
template <class Aggregate, class Field>
struct owner_of<Field Aggregate::*> {
  using type = Aggregate;
};

}  // namespace detail

/// An aggregate, for example a loss, of which the named fields move from those of `from` to those
/// of `to` as the pacing says, linearly in each; the other fields are those of `from`. Called with
/// the progress of the run in [0, 1], it returns the aggregate to use now.
template <class Aggregate, pacing_function Pacing, auto... Fields>
struct scheduled_parameters {
  Aggregate from{};
  Aggregate to{};
  Pacing pacing{};

  Aggregate operator()(double t) const
  {
    double const share = pacing(t);
    Aggregate now = from;
    ((now.*Fields = detail::between(from.*Fields, to.*Fields, share)), ...);
    return now;
  }
};

/// The fields of an aggregate that move, by their members:
///
///     using loss = mfpo<float>;
///     auto const plan = scheduled<&loss::beta, &loss::modality_weight>(
///         loss{.beta = 0.05f}, loss{.beta = 0.2f}, linear_pacing{.start = 0});
///     loss const now = plan(t);
///
/// A pacing begins at its `start`: with `start` 0 the first loss is `from`.
template <auto First, auto... Rest, class Aggregate, pacing_function Pacing = linear_pacing>
constexpr auto scheduled(Aggregate const& from, Aggregate const& to,
                         Pacing const& pacing = linear_pacing{.start = 0})
{
  static_assert(std::is_same_v<typename detail::owner_of<decltype(First)>::type, Aggregate>,
                "prefopt: a scheduled field must be a member of the aggregate that is scheduled");
  return scheduled_parameters<Aggregate, Pacing, First, Rest...>{from, to, pacing};
}

/// One value per phase: a loss per level, a beta per level. Phases after the last entry keep it.
/// Throws `std::invalid_argument` for a negative phase.
template <class Value, int Count>
struct per_level {
  static_assert(Count >= 1, "prefopt: a table per level has one entry or more");
  Value value[Count];

  constexpr Value const& operator[](index_t phase) const
  {
    if (phase < 0) {
      detail::throw_invalid("per_level", "phase", "0 or more", std::to_string(phase));
    }
    return value[min(phase, index_t{Count - 1})];
  }
};
template <class First, class... Rest>
per_level(First, Rest...) -> per_level<First, 1 + static_cast<int>(sizeof...(Rest))>;

}  // namespace prefopt
