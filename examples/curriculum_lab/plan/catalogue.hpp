// SPDX-License-Identifier: MIT
#pragma once
/// \file  Lists of what the library has, by name.

#include <span>
#include <string>
#include <vector>

#include "curriculum_lab/data/parse.hpp"

namespace curriculum_lab {

/// A thing of the library, and what makes one of it.
template <class Maker>
struct entry {
  char const* name;   ///< of the library's type
  char const* about;  ///< in a few words
  Maker* make;
};

/// The entry of that name. Throws std::invalid_argument with the names that there are.
template <class Maker>
entry<Maker> const& find(std::span<entry<Maker> const> all, std::string const& name,
                         std::string const& option)
{
  std::vector<std::string> names;
  for (auto const& one : all) {
    if (one.name == name) { return one; }
    names.emplace_back(one.name);
  }
  fail(option, "one of " + joined(names), as_quote(name));
}

}  // namespace curriculum_lab
