// SPDX-License-Identifier: MIT
#pragma once
/// \file  fp32 rows to 16 bits in the same memory, for products of 16-bit matrices.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <prefopt/core/pack.hpp>
#include <prefopt/core/registers.hpp>
#include <prefopt/row/half.hpp>
#include <prefopt/row/half_pack.hpp>

namespace prefopt::detail {

/// Rounds `size` numbers to nearest, ties to even, and packs them at the front of their memory.
template <class Stored, class Target = compile_target>
void narrow_row(float* row, index_t size)
{
  auto* const bytes = reinterpret_cast<std::byte*>(row);
  constexpr auto narrow = static_cast<index_t>(sizeof(Stored));
  index_t done = 0;
  if constexpr (Target::has_packs && half_format_of<Stored> == half_format::bfloat16) {
    done = widest_registers<Target>::call([row, bytes, size]<class Width>(Width) {
      using reals = typename Width::template pack_of<float>;
      constexpr index_t lanes = lanes_of<reals>;
      typedef std::uint16_t halves __attribute__((vector_size(2 * lanes)));
      index_t const whole = size / lanes * lanes;
      for (index_t j = 0; j < whole; j += lanes) {
        reals x;
        x.load(row + j);
        auto const rounded = rounded_bfloat16_lanes(x).lanes;
        auto const bits = x.lanes == x.lanes ? rounded : as_bits(x).lanes | 0x400000u;  // any NaN
        halves const half = __builtin_convertvector(bits >> 16, halves);
        std::memcpy(bytes + j * narrow, &half, sizeof half);
      }
      return whole;
    });
  }
  for (; done < size; ++done) {  // through copies: both types lie in the same memory
    float x;
    std::memcpy(&x, row + done, sizeof x);
    Stored const rounded = from_real<Stored>(x);
    std::memcpy(bytes + done * narrow, &rounded, sizeof rounded);
  }
}

}  // namespace prefopt::detail
