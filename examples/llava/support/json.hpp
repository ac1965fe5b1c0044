// SPDX-License-Identifier: MIT
#pragma once
/// \file  Strict JSON reading: duplicate keys and malformed text are errors that name their source.

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace llava {

/// Parses one JSON value (UTF-8, nothing but white space after it).
/// Throws std::runtime_error "<where>: ..." for malformed text, invalid UTF-8 and repeated keys,
/// since a repeated key means that two readers may see two different files.
nlohmann::json parse_json(std::string_view text, std::string const& where);

}  // namespace llava
