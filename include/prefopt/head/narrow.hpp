// SPDX-License-Identifier: MIT
#pragma once
/// \file  fp32 rows to 16 bits in memory order, for products of 16-bit matrices.

#include <cstdint>
#include <cstring>

#include <prefopt/core/pack.hpp>
#include <prefopt/core/registers.hpp>
#include <prefopt/row/half.hpp>
#include <prefopt/row/half_pack.hpp>

namespace prefopt::detail {

/// out[j] = in[j] rounded to nearest, ties to even, for j < size.
template <class Stored, class Target = compile_target>
void narrow_row(float const* in, Stored* out, index_t size)
{
  index_t done = 0;
  if constexpr (Target::has_packs && half_format_of<Stored> == half_format::bfloat16) {
    done = widest_registers<Target>::call([in, out, size]<class Width>(Width) {
      using reals = typename Width::template pack_of<float>;
      constexpr index_t lanes = lanes_of<reals>;
      typedef std::uint16_t halves __attribute__((vector_size(2 * lanes)));
      index_t const whole = size / lanes * lanes;
      for (index_t j = 0; j < whole; j += lanes) {
        reals x;
        x.load(in + j, 1, lanes);
        halves const half = __builtin_convertvector(encode_bfloat16_lanes(x).lanes >> 16, halves);
        std::memcpy(static_cast<void*>(out + j), &half, sizeof half);
      }
      return whole;
    });
  }
  for (; done < size; ++done) { out[done] = from_real<Stored>(in[done]); }
}

}  // namespace prefopt::detail
