// SPDX-License-Identifier: MIT
#pragma once
/// \file  APO-zero without pairs (D'Oosterlinck et al. 2024, arXiv 2408.06266).

#include <prefopt/losses/kto.hpp>

namespace prefopt {

/// KTO against a baseline of 0: desirable answers up, undesirable ones down, each by itself.
///
/// \f[ L_D = \lambda_D\,\sigma(-\beta r),\quad L_U = \lambda_U\,\sigma(\beta r),\quad
///     r = \log\frac{\pi}{\pi_{ref}} \f]
/// At policy = reference L = lambda / 2.
///
/// Also called: TRL's KTOTrainer `apo_zero_unpaired`.
template <class Real>
struct apo_zero_unpaired {
  Real beta = Real(0.1);
  Real desirable_weight = Real(1);
  Real undesirable_weight = Real(1);

  PREFOPT_HD constexpr auto terms() const { return as_kto().terms(); }
  template <class Check>
  constexpr void check(Check& check) const
  {
    as_kto().check(check);
  }

 private:
  PREFOPT_HD constexpr kto<Real> as_kto() const
  {
    return {.beta = beta,
            .desirable_weight = desirable_weight,
            .undesirable_weight = undesirable_weight};
  }
};
static_assert(check_loss<apo_zero_unpaired<float>, float>());

}  // namespace prefopt
