// SPDX-License-Identifier: MIT
#pragma once
/// \file  Walking through JSON that is larger than memory should be.

#include <istream>
#include <string>
#include <string_view>

namespace llava {

/// Reads up to one of `marks` that stands outside texts, lists and objects, and returns it, or '\0'
/// at the end of the stream. `text` is what came before it. In a list, ",]" gives its elements one
/// by one; in an object, ":}" gives a key and then ",}" its value.
char read_json_until(std::istream& in, std::string_view marks, std::string& text);

/// The first byte that is no blank, which stays to be read; '\0' at the end of the stream.
char peek_json(std::istream& in);

}  // namespace llava
