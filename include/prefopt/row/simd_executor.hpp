// SPDX-License-Identifier: MIT
#pragma once
/// \file  The host's executor: one lane that works in vector registers where it can.

#include <type_traits>

#include <prefopt/core/registers.hpp>
#include <prefopt/row/double_pack.hpp>
#include <prefopt/row/executor.hpp>
#include <prefopt/row/half_pack.hpp>
#include <prefopt/row/kl.hpp>
#include <prefopt/row/log_prob.hpp>
#include <prefopt/row/peak_stats.hpp>
#include <prefopt/row/simd_gradient.hpp>
#include <prefopt/row/simd_kl.hpp>
#include <prefopt/row/simd_stats.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {
/// Computes contiguous rows of fp32, bf16 and fp16 logits with fp32 sums, and of fp64 logits with
/// fp64 sums, in vector registers, in one pass over memory; everything else (other sums, strided
/// rows, gradients of another width than their logits, other algorithms) as `serial_executor` does.
///
/// Errors against extended precision: the bounds that tests/unit/test_rows.cpp holds, for
/// `serial_executor` too, and in brackets the largest that were measured with registers of 32 or 64
/// bytes, which have fused multiply-add, and of 16 bytes without it (g++ 12 -O2; 16 rows of V =
/// 1000 and 32000, logits N(0, 3) moved by up to 1e4):
///
/// - log_prob and entropy: 1e-6, relative above 1 [1.8e-7; 1.8e-7]. Below, log_prob, entropy
///   and the target's gradient of a row that is all but certain (1 - p down to 1e-9) keep 1e-6 of
///   themselves.
/// - A gradient element, relative to the terms it is made of: 5e-6 [1.4e-6; 2.3e-6]; 1e-5 at
///   temperature 0.3 [7.0e-6; 1.0e-5] and 2e-5 at 0.05 [1.3e-5; 1.4e-5], where log p of a hundred
///   nats is rounded before e^x. In bf16 it has an e^x with an error of 3e-6 [2.9e-6; 6.7e-6]
///   before it is rounded, half way cases away from 0 (`detail::ties::away`; those of the target,
///   of strided rows and of unusual seeds to even, as `serial_executor` and devices round).
/// - Beside these terms: an entropy's seed adds |d_entropy| p_j ulp(log p of the target), which is
///   more where log p + H of an all but certain logit cancels beside an improbable target (n = 3,
///   log p = -40, d_entropy = 0.5: -8e-7 in place of -2e-16). Where the target is masked, in
///   another shard, or less probable than e^-|log-normaliser|, all refer to the log-normaliser, and
///   p_j has a relative error of up to half an ulp of that: 3e-5 for logits of a thousand. Scaled
///   logits are rounded, too: then 1.5 ulps.
/// - A soft cap adds 2^-22 cap / temperature to each: tanh is rounded as a number of that size.
/// - A probability below e^-87 may be a subnormal number or 0. `reduce` counts a logit 87 nats
///   below the largest as one at 87.
///
/// In fp64 the same test holds 1e-12 of each; a logit 708 nats below counts as one at 708.
template <class Registers>
struct simd_executor : serial_executor {
  using serial_executor::reduce;
  using serial_executor::transform;

  /// Whether fp32, bf16 and fp16 gradients go past the caches; then they may not be in place, and
  /// `detail::finish_streaming()` comes before another thread may read them.
  bool streams = false;

  template <class Width>
  using reals = typename Width::template pack_of<float>;

  template <class Stored, class Real>
    requires(detail::is_packable_in<std::remove_const_t<Stored>, Real>)
  logit_stats<Real> reduce(vector_view<Stored> in, logit_stats<Real> total,
                           detail::push_logit<Real> push) const
  {
    if (in.stride != 1) { return serial_executor::reduce(in, total, push); }
    return push.map.visit([&in, &total](auto const& map) {
      return Registers::call([&]<class Width>(Width) {
        using packs = typename Width::template pack_of<Real>;
        return detail::contiguous_row_stats<packs, false>(map, in.data, in.extent, total).logits;
      });
    });
  }

  template <class Stored, class Real>
    requires(detail::is_packable_in<std::remove_const_t<Stored>, Real>)
  peak_stats<Real> reduce(vector_view<Stored> in, peak_stats<Real> total,
                          detail::push_peak<Real> push) const
  {
    if (in.stride != 1) { return serial_executor::reduce(in, total, push); }
    total.merge(push.map.visit([&in](auto const& map) {
      return Registers::call([&]<class Width>(Width) {
        using packs = typename Width::template pack_of<Real>;
        return detail::contiguous_row_stats<packs, true>(map, in.data, in.extent);
      });
    }));
    return total;
  }

  template <class Stored>
    requires(detail::is_packable<std::remove_const_t<Stored>>)
  kl_stats<float> reduce(vector_view<Stored> in, kl_stats<float> total,
                         detail::push_row_logit<float> push) const
  {
    total.merge({reduce(in, logit_stats<float>{}, detail::push_logit<float>{push.map}), {}});
    return total;
  }

  template <class Policy, class Reference>
    requires(detail::are_paired<Policy, Reference>)
  kl_stats<float> reduce(vector_view<Policy> in, kl_stats<float> total,
                         detail::push_kl<float, vector_view<Reference>> push) const
  {
    if (in.stride != 1 || push.reference.stride != 1) {
      return serial_executor::reduce(in, total, push);
    }
    row_kl_result<float> const kl = push.pair.visit([&](auto const& pair) {
      return Registers::call([&]<class Width>(Width) {
        return detail::contiguous_kl<reals<Width>>(pair, in.data, push.reference.data, in.extent);
      });
    });
    total.merge({{}, kl});
    return total;
  }

  template <class Policy, class Reference, class Out>
    requires(detail::are_paired<Policy, Reference> && detail::is_packable<Out> &&
             sizeof(Policy) == sizeof(Out))
  void transform(
      vector_view<Policy> in, vector_view<Out> out,
      detail::kl_gradient<float, Out, vector_view<Reference>, vector_view<Out>> gradient) const
  {
    bool const contiguous = in.stride == 1 && out.stride == 1 && gradient.reference.stride == 1;
    if (!contiguous) {
      serial_executor::transform(in, out, gradient);
      return;
    }
    auto const& slope = gradient.slope;
    slope.pair.visit([&](auto const& pair) {
      using specific = std::remove_cvref_t<decltype(pair.map)>;
      detail::kl_slope<float, specific> const row{pair, slope.seeds, slope.policy_to_reference};
      Registers::call([&]<class Width>(Width) {
        detail::contiguous_kl_gradient<reals<Width>>(row, in.data, gradient.reference.data,
                                                     gradient.sum.data, out.data, in.extent);
      });
    });
  }

  template <class In, class Out>
    requires(detail::has_packed_gradient<In, Out>)
  void transform(vector_view<In> in, vector_view<Out> out,
                 detail::logit_gradient<float, Out> gradient) const
  {
    bool written = false;
    if (in.stride == 1 && out.stride == 1) {
      // The row's constants, too, are computed inside: what the call inlines is no function that
      // files of other targets could share.
      written = gradient.map.visit([&](auto const& map) {
        return Registers::call([&]<class Width>(Width) {
          return detail::contiguous_logit_gradient<reals<Width>>(in.data, out.data, in.extent,
                                                                 gradient, map, streams);
        });
      });
    }
    if (!written) { serial_executor::transform(in, out, gradient); }
  }

  /// fp64, as `logit_gradient::elsewhere` has it; it never streams.
  template <class In>
    requires(std::is_same_v<std::remove_const_t<In>, double>)
  void transform(vector_view<In> in, vector_view<double> out,
                 detail::logit_gradient<double, double> gradient) const
  {
    if (in.stride != 1 || out.stride != 1) {
      serial_executor::transform(in, out, gradient);
      return;
    }
    gradient.map.visit([&](auto const& map) {
      using specific = detail::logit_gradient<double, double, std::remove_cvref_t<decltype(map)>>;
      Registers::call([&]<class Width>(Width) {
        specific const row{map, gradient.target, gradient.row, gradient.seeds, gradient.known};
        detail::contiguous_gradient_as_is<typename Width::template pack_of<double>>(
            in.data, out.data, in.extent, row);
      });
    });
  }
};

/// The fastest executor that this translation unit can hold; a template argument of the functions
/// that use it, so that files compiled for different targets never share a name.
using host_executor =
    std::conditional_t<has_packs, simd_executor<widest_registers<>>, serial_executor>;

static_assert(check_row_executor<host_executor, logit_stats<float>>());

}  // namespace prefopt
PREFOPT_INLINED_END
