// SPDX-License-Identifier: MIT
#pragma once
/// \file  Host loops compiled for several register widths, and the choice among them at run time.
///
/// A build for any x86-64 machine (plain -O2) has 16-byte registers; most processors have 32 or 64.
/// A loop is therefore written as a body over the register width, and compiled once for each: what
/// it calls is inlined into a function that may use the wider registers.

#include <prefopt/config.hpp>
#include <prefopt/core/pack.hpp>

namespace prefopt {

/// Vector registers of `Bytes` bytes, as an argument of a loop's body.
template <int Bytes, class Target = detail::compile_target>
struct registers {
  template <class T>
  using pack_of = pack<T, Bytes / static_cast<int>(sizeof(T)), Target>;
};

namespace detail {

// `Target` is what the calling file is compiled for, which keeps the functions of files apart. The
// body is copied, so that what it captures by value stays in registers: stores cannot change it.

/// For the file's own registers. Inlined all the same: packs that are passed go through memory.
template <int Bytes, class Target, class Body>
PREFOPT_FLATTENED decltype(auto) with_own(Body const& body)
{
  Body const local = body;
  return local(registers<Bytes, Target>{});
}

template <class Target, class Body>
PREFOPT_COMPILED_FOR("avx2,fma,f16c,bmi,bmi2")
decltype(auto) with_avx2(Body const& body)
{
  Body const local = body;
  return local(registers<32, Target>{});
}

template <class Target, class Body>
PREFOPT_COMPILED_FOR("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,bmi,bmi2")
decltype(auto) with_avx512(Body const& body)
{
  Body const local = body;
  return local(registers<64, Target>{});
}

}  // namespace detail

/// Calls `body(registers<Bytes>{})` with one width, which the processor must have: for tests, and
/// for results that are the same on every machine.
template <int Bytes, class Target = detail::compile_target>
struct fixed_registers {
  template <class Body>
  static decltype(auto) call(Body const& body)
  {
    if constexpr (Bytes == 64 && Target::compiles_for_others) {
      return detail::with_avx512<Target>(body);
    } else if constexpr (Bytes == 32 && Target::compiles_for_others) {
      return detail::with_avx2<Target>(body);
    } else {
      return detail::with_own<Bytes, Target>(body);
    }
  }
};

/// Calls `body(registers<Bytes>{})` with the widest registers of the processor that this program
/// runs on, or with the file's own where those are wider or where there is no choice: without
/// optimisation, on other processors than x86-64, and in files that nvcc compiles.
template <class Target = detail::compile_target>
struct widest_registers {
  template <class Body>
  static decltype(auto) call(Body const& body)
  {
    if constexpr (Target::compiles_for_others && Target::vector_bytes < 64) {
      if (detail::processor_has_avx512()) { return fixed_registers<64, Target>::call(body); }
    }
    if constexpr (Target::compiles_for_others && Target::vector_bytes < 32) {
      if (detail::processor_has_avx2()) { return fixed_registers<32, Target>::call(body); }
    }
    return detail::with_own<Target::vector_bytes, Target>(body);
  }
};

}  // namespace prefopt
