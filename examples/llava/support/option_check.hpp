// SPDX-License-Identifier: MIT
#pragma once
/// \file  Errors of command-line options: "--name: expected ..., got ...".

#include <initializer_list>
#include <stdexcept>
#include <string>

namespace llava {

/// Throws std::invalid_argument that names the option unless `holds`.
inline void require_option(bool holds, std::string const& option, std::string const& expected,
                           std::string const& got)
{
  if (!holds) {
    throw std::invalid_argument("--" + option + ": expected " + expected + ", got " + got);
  }
}

/// The same unless `got` is one of the names.
inline void require_one_of(std::string const& option, std::initializer_list<char const*> names,
                           std::string const& got)
{
  std::string list;
  for (char const* name : names) {
    if (got == name) { return; }
    list += (list.empty() ? "" : ", ") + std::string(name);
  }
  require_option(false, option, "one of " + list, got);
}

}  // namespace llava
