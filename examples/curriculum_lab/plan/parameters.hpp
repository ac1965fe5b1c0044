// SPDX-License-Identifier: MIT
#pragma once
/// \file  The parameters of a schedule as the command line gives them, by name.

#include <map>
#include <string>
#include <vector>

#include <prefopt/core/math.hpp>

namespace curriculum_lab {

using prefopt::index_t;

/// One parameter that was asked for.
struct known_parameter {
  std::string name;
  std::string value;  ///< given, or the default
};

/// Names and texts. Who makes a schedule asks for each of its parameters with the default of the
/// library's type, so what there is and what it is by default stands in one place, and what was
/// given but never asked for is an error. '-' and '_' in names are the same.
class parameters {
 public:
  parameters() = default;
  /// From "--name value" and "--name=value". Throws std::invalid_argument for anything else.
  explicit parameters(std::vector<std::string> const& arguments);

  double number(std::string const& name, double otherwise);
  index_t count(std::string const& name, index_t otherwise);
  std::vector<double> numbers(std::string const& name, std::vector<double> const& otherwise);
  std::string word(std::string const& name, std::string const& otherwise);

  /// Everything asked for so far, once.
  std::vector<known_parameter> const& known() const { return known_; }

  /// Throws std::invalid_argument naming what `owner` has if something given was not asked for.
  void require_all_known(std::string const& owner) const;

 private:
  std::string text(std::string const& name, std::string const& otherwise);

  std::map<std::string, std::string> given_;
  std::vector<known_parameter> known_;
};

/// The option of a parameter: "full_at" is "--full-at".
std::string option_of(std::string name);

}  // namespace curriculum_lab
