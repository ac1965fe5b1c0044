// SPDX-License-Identifier: MIT
#pragma once
/// \file  Numbers and lists from text, and the words of every error of this program.

#include <string>
#include <string_view>
#include <vector>

#include <prefopt/core/math.hpp>

namespace curriculum_lab {

using prefopt::index_t;

/// Throws std::invalid_argument "<where>: expected <expected>, got <got>".
[[noreturn]] void fail(std::string const& where, std::string const& expected,
                       std::string const& got);

std::string as_quote(std::string_view text);
/// "a, b, c"
std::string joined(std::vector<std::string> const& words);

/// The whole text is one number ("inf" and "nan" are numbers here). Blanks around it are let pass.
double parse_number(std::string_view text, std::string const& where);
index_t parse_count(std::string_view text, std::string const& where);
/// Numbers between commas; an empty text has none.
std::vector<double> parse_numbers(std::string_view text, std::string const& where);

}  // namespace curriculum_lab
