// SPDX-License-Identifier: MIT
#pragma once
/// \file  The text of errors, for tests of what they say.

#include <exception>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

/// The message of the exception of type `Error` that `call` throws, or "no error".
template <class Error = std::exception, class Call>
std::string error_of(Call const& call)
{
  try {
    call();
  } catch (Error const& error) {
    return error.what();
  }
  return "no error";
}

/// Whether the text holds every part.
inline bool mentions(std::string const& text, std::initializer_list<std::string_view> parts)
{
  for (auto const part : parts) {
    if (text.find(part) == text.npos) { return false; }
  }
  return true;
}
