// SPDX-License-Identifier: MIT
#pragma once
/// \file  Lines of comma-separated values.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "curriculum_lab/data/parse.hpp"

namespace curriculum_lab {

/// The fields of a line; "a ""quoted"" field, with a comma" is one.
inline std::vector<std::string> csv_fields(std::string_view line, std::string const& where)
{
  std::vector<std::string> fields(1);
  bool in_quotes = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      bool const doubled = in_quotes && i + 1 < line.size() && line[i + 1] == '"';
      if (doubled) { fields.back() += line[++i]; }
      in_quotes = doubled || !in_quotes;
    } else if (line[i] == ',' && !in_quotes) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  if (in_quotes) { fail(where, "a quote that ends on its line", "none"); }
  return fields;
}

inline std::size_t csv_column(std::vector<std::string> const& names, std::string const& name,
                              std::string const& where)
{
  auto const found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    fail(where, "a column '" + name + "' (--column, --group-column)", joined(names));
  }
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace curriculum_lab
