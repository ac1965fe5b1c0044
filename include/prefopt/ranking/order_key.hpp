// SPDX-License-Identifier: MIT
#pragma once
/// \file  Whole numbers in the order of the scores that they are made of, for sorting by digits.

#include <cstdint>
#include <type_traits>

#include <prefopt/config.hpp>

namespace prefopt::detail {

/// Bits of a score in its order: a < b as numbers exactly if order_key(a) < order_key(b). -0 is 0;
/// not for NaN, so that no key has all bits set.
template <class Real>
PREFOPT_HD auto order_key(Real score)
{
  using key = std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>;
  static_assert(std::is_floating_point_v<Real> && sizeof(Real) == sizeof(key),
                "prefopt: scores that are sorted by their digits are float or double");
  key const sign = key(1) << (8 * sizeof(key) - 1);
  key const bits = __builtin_bit_cast(key, static_cast<Real>(score + Real(0)));
  key const negative = static_cast<key>(key(0) - (bits >> (8 * sizeof(key) - 1)));  // all or none
  return static_cast<key>(bits ^ (negative | sign));
}

template <class Real>
using score_key = decltype(order_key(Real()));

/// The score of a key.
template <class Real>
PREFOPT_HD Real score_of_key(score_key<Real> of)
{
  using key = score_key<Real>;
  key const sign = key(1) << (8 * sizeof(key) - 1);
  return __builtin_bit_cast(Real, static_cast<key>((of & sign) != 0 ? of ^ sign : ~of));
}

}  // namespace prefopt::detail
