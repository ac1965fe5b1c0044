// SPDX-License-Identifier: MIT
#pragma once
/// \file  The domains of a loss's parameters, and errors that name them.

#include <cstdio>
#include <string>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/loss.hpp>

namespace prefopt::detail {

/// Throws `std::invalid_argument` where a parameter of a loss or a curriculum is outside its
/// domain.
struct check_parameter {
  char const* function;
  char const* term = nullptr;

  void enter(char const* name) { term = name; }

  /// A number.
  void finite(char const* parameter, double value) const
  {
    if (value - value == 0) { return; }
    refuse(parameter, "a finite number", value);
  }
  /// Above 0.
  void positive(char const* parameter, double value) const
  {
    if (value > 0 && value - value == 0) { return; }
    refuse(parameter, "a finite number above 0", value);
  }
  /// 0 or more.
  void not_negative(char const* parameter, double value) const
  {
    if (value >= 0 && value - value == 0) { return; }
    refuse(parameter, "a finite number of 0 or more", value);
  }
  /// In [low, high].
  void in_closed(char const* parameter, double value, double low, double high) const
  {
    if (value >= low && value <= high) { return; }
    refuse(parameter, "a number in [" + brief(low) + ", " + brief(high) + "]", value);
  }
  /// In [low, high).
  void in_half_open(char const* parameter, double value, double low, double high) const
  {
    if (value >= low && value < high) { return; }
    refuse(parameter, "a number in [" + brief(low) + ", " + brief(high) + ")", value);
  }
  /// In (low, high).
  void in_open(char const* parameter, double value, double low, double high) const
  {
    if (value > low && value < high) { return; }
    refuse(parameter, "a number in (" + brief(low) + ", " + brief(high) + ")", value);
  }

 private:
  /// Texts are made here only: a schedule is checked at every batch.
  [[noreturn]] void refuse(char const* parameter, std::string const& expected, double value) const
  {
    std::string subject = std::string("parameter '") + parameter + "'";
    if (term != nullptr) { subject = std::string("term '") + term + "', " + subject; }
    throw_invalid(function, subject, expected, brief(value));
  }
  static std::string brief(double value)
  {
    char text[32];
    std::snprintf(text, sizeof text, "%g", value);
    return text;
  }
};

/// Checks the parameters of a loss that have a domain: those of its terms, and its own if it has
/// `check(checker)`.
template <class Loss>
void check_parameters(char const* function, Loss const& loss)
{
  check_parameter check{function};
  if constexpr (requires { loss.check(check); }) { loss.check(check); }
  if constexpr (has_terms<Loss>) {
    if constexpr (!std::is_same_v<terms_of<Loss>, Loss>) { loss.terms().check(check); }
  }
}

}  // namespace prefopt::detail
