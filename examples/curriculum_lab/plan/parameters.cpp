// SPDX-License-Identifier: MIT
#include "curriculum_lab/plan/parameters.hpp"

#include <algorithm>

#include "curriculum_lab/chart/number.hpp"
#include "curriculum_lab/data/parse.hpp"
#include "curriculum_lab/plan/catalogue.hpp"

namespace curriculum_lab {

std::string option_of(std::string name)
{
  std::replace(name.begin(), name.end(), '_', '-');
  return "--" + name;
}

parameters::parameters(std::vector<std::string> const& arguments)
{
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string const& argument = arguments[i];
    if (argument.size() < 3 || !argument.starts_with("--")) {
      fail("command line", "an option --name value", as_quote(argument));
    }
    auto const equals = argument.find('=');
    std::string name = argument.substr(2, equals == argument.npos ? equals : equals - 2);
    std::replace(name.begin(), name.end(), '-', '_');
    if (equals == argument.npos && i + 1 == arguments.size()) {
      fail(option_of(name), "a value", "nothing");
    }
    std::string const value =
        equals == argument.npos ? arguments[++i] : argument.substr(equals + 1);
    if (!given_.emplace(name, value).second) { fail(option_of(name), "it once", "it again"); }
  }
}

std::string parameters::text(std::string const& name, std::string const& otherwise)
{
  auto const found = given_.find(name);
  std::string const value = found == given_.end() ? otherwise : found->second;
  bool const is_new = std::none_of(known_.begin(), known_.end(),
                                   [&](known_parameter const& p) { return p.name == name; });
  if (is_new) { known_.push_back({name, value}); }
  return value;
}

double parameters::number(std::string const& name, double otherwise)
{
  return parse_number(text(name, exact_number(otherwise)), option_of(name));
}

index_t parameters::count(std::string const& name, index_t otherwise)
{
  return parse_count(text(name, std::to_string(otherwise)), option_of(name));
}

std::vector<double> parameters::numbers(std::string const& name,
                                        std::vector<double> const& otherwise)
{
  std::string list;
  for (double const x : otherwise) { list += (list.empty() ? "" : ",") + exact_number(x); }
  return parse_numbers(text(name, list), option_of(name));
}

std::string parameters::word(std::string const& name, std::string const& otherwise)
{
  return text(name, otherwise);
}

void parameters::require_all_known(std::string const& owner) const
{
  for (auto const& [name, value] : given_) {
    bool const asked = std::any_of(known_.begin(), known_.end(),
                                   [&](known_parameter const& p) { return p.name == name; });
    if (asked) { continue; }
    std::vector<std::string> options;
    for (known_parameter const& p : known_) { options.push_back(option_of(p.name)); }
    fail(option_of(name),
         "an option of this command (--help) or a parameter of " + owner + ": " + joined(options),
         as_quote(value));
  }
}

}  // namespace curriculum_lab
