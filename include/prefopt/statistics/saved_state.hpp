// SPDX-License-Identifier: MIT
#pragma once
/// \file  Running states travel in checkpoints as a few doubles, the version of their layout first.

#include <string>

#include <prefopt/core/error.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt::detail {

inline void require_saved(char const* state, vector_view<double const> saved, index_t length,
                          int version)
{
  if (saved.size() != length) {
    throw_invalid(state, "saved state", std::to_string(length) + " numbers",
                  std::to_string(saved.size()));
  }
  if (saved[0] != static_cast<double>(version)) {
    throw_invalid(state, "saved state", "version " + std::to_string(version),
                  std::to_string(saved[0]));
  }
}

}  // namespace prefopt::detail
