// SPDX-License-Identifier: MIT
#pragma once
/// \file  Scores: the number of a branch that terms compare, and which columns it takes.

#include <prefopt/config.hpp>

/// Scores: what of a branch is compared.
namespace prefopt::score {

/// log pi(y) - log pi_ref(y), DPO's implicit reward without beta.
struct log_ratio {
  static constexpr bool needs_reference = true;
  static constexpr bool needs_length = false;
  static constexpr bool needs_target = false;
  template <class Branch>
  PREFOPT_HD static auto of(auto const& x)
  {
    return Branch::policy(x) - Branch::reference(x);
  }
};
/// log pi(y).
struct log_prob {
  static constexpr bool needs_reference = false;
  static constexpr bool needs_length = false;
  static constexpr bool needs_target = false;
  template <class Branch>
  PREFOPT_HD static auto of(auto const& x)
  {
    return Branch::policy(x);
  }
};
/// log pi(y) / |y|.
struct mean_log_prob {
  static constexpr bool needs_reference = false;
  static constexpr bool needs_length = true;
  static constexpr bool needs_target = false;
  template <class Branch>
  PREFOPT_HD static auto of(auto const& x)
  {
    return Branch::policy(x) / Branch::length(x);
  }
};
/// (log pi(y) - log pi_ref(y)) / |y|.
struct mean_log_ratio {
  static constexpr bool needs_reference = true;
  static constexpr bool needs_length = true;
  static constexpr bool needs_target = false;
  template <class Branch>
  PREFOPT_HD static auto of(auto const& x)
  {
    return log_ratio::of<Branch>(x) / Branch::length(x);
  }
};

/// The scalar output of a reward model, which may come with a target margin per sample.
struct reward {
  static constexpr bool needs_reference = false;
  static constexpr bool needs_length = false;
  static constexpr bool needs_target = true;
  template <class Branch>
  PREFOPT_HD static auto of(auto const& x)
  {
    return Branch::policy(x);
  }
};

}  // namespace prefopt::score
