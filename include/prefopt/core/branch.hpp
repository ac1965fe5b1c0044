// SPDX-License-Identifier: MIT
#pragma once
/// \file  Branches: an answer under a condition, as the columns of a record that belong to it.

#include <prefopt/config.hpp>

/// Branches: which answer, under which condition.
namespace prefopt::branch {

struct chosen {
  static constexpr int modalities = 0;
  PREFOPT_HD static auto const& policy(auto const& x) { return x.chosen; }
  PREFOPT_HD static auto const& reference(auto const& x) { return x.ref_chosen; }
  PREFOPT_HD static auto const& length(auto const& x) { return x.chosen_length; }
};
struct rejected {
  static constexpr int modalities = 0;
  PREFOPT_HD static auto const& policy(auto const& x) { return x.rejected; }
  PREFOPT_HD static auto const& reference(auto const& x) { return x.ref_rejected; }
  PREFOPT_HD static auto const& length(auto const& x) { return x.rejected_length; }
};
/// The chosen answer with modality K perturbed. It is as long as the chosen one.
template <int K>
struct perturbed {
  static constexpr int modalities = K + 1;
  PREFOPT_HD static auto const& policy(auto const& x) { return x.perturbed[K]; }
  PREFOPT_HD static auto const& reference(auto const& x) { return x.ref_perturbed[K]; }
  PREFOPT_HD static auto const& length(auto const& x) { return x.chosen_length; }
};
/// No branch: turns a contrast into an anchor.
struct none {
  static constexpr int modalities = 0;
};

}  // namespace prefopt::branch
