// SPDX-License-Identifier: MIT
#pragma once
/// \file  CHiP (Fu et al. 2025, arXiv 2501.16629), as its authors' code adds its levels up.

#include <prefopt/core/loss.hpp>

namespace prefopt {

namespace adjust {

/// CHiP: the image's share of the margin.
struct plus_image_gap {
  static constexpr column_set columns =
      score::log_ratio::columns<branch::chosen> | score::log_ratio::columns<branch::perturbed<0>>;
  static constexpr bool relative = true;
  PREFOPT_HD auto shift(auto const& x) const
  {
    score::log_ratio const r{};
    return r.template of<branch::chosen>(x) - r.template of<branch::perturbed<0>>(x);
  }
};

/// CHiP: the same, less what the rejected answer's tokens diverge more than the chosen one's.
template <class Real>
struct plus_image_and_token_gap {
  static constexpr column_set columns = plus_image_gap::columns |
                                        score::sequence_kl::columns<branch::chosen> |
                                        score::sequence_kl::columns<branch::rejected>;
  static constexpr bool relative = true;
  Real token_beta = Real(0.1);

  PREFOPT_HD auto shift(auto const& x) const
  {
    return plus_image_gap{}.shift(x) - token_beta * (x.rejected_kl - detach(x.chosen_kl));
  }
  template <class Check>
  constexpr void check(Check& check) const
  {
    check.finite("token_beta", token_beta);
  }
};

}  // namespace adjust

/// Text, image and token preference in one sigmoid.
///
/// \f[ L = -\log\sigma(\beta[(r_w - r_l) + (r_w - r_{w|m'}) - \beta_t(k_l -
/// \mathrm{sg}(k_w))]),\quad
///     r = \log\frac{\pi}{\pi_{ref}} \f]
/// with k the answer's sum over tokens of KL(reference || policy), and sg a stop-gradient.
/// `Tokens` = false leaves k out: the loss then reads no divergence columns and has no
/// `token_beta`. At policy = reference L = log 2. Defaults are those of the authors' code; their
/// paper has the four levels as separate sigmoids with weights, and tries beta 0.5.
///
/// Also called: the authors' code counts changed words 4 times (LLaVA) or twice (Muffin): weight
/// the tokens when a row's sum is formed. Its divergences drop the last sample of a batch, so that
/// they are right for batches of one.
template <class Real, bool Tokens = true>
struct chip {
  Real beta = Real(0.1);
  Real token_beta = Real(0.1);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_ratio>(
        "text, image and tokens", link::logistic<Real>{}, beta, Real(0), Real(1), {},
        adjust::plus_image_and_token_gap<Real>{token_beta});
  }
};
template <class Real>
struct chip<Real, false> {
  Real beta = Real(0.1);

  PREFOPT_HD constexpr auto terms() const
  {
    return contrast<branch::chosen, branch::rejected, score::log_ratio>(
        "text and image", link::logistic<Real>{}, beta, Real(0), Real(1), {},
        adjust::plus_image_gap{});
  }
};
static_assert(check_loss<chip<float>, float>() && check_loss<chip<float, false>, float>());

}  // namespace prefopt
