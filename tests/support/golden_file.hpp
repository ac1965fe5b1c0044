// SPDX-License-Identifier: MIT
#pragma once
/// \file  The cases of tests/golden/golden.json, and how an output is compared with one.

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "support/fixtures.hpp"
#include "support/tolerance.hpp"

namespace prefopt::test {

/// One case: a loss with parameters on a data set, with 400-digit results rounded to double.
struct golden_case {
  std::string name, dataset, kind;
  std::map<std::string, double> params;
  std::map<std::string, std::vector<double>> columns, gradient;
  std::vector<double> loss;

  double param(std::string const& key, double otherwise) const
  {
    auto const found = params.find(key);
    return found == params.end() ? otherwise : found->second;
  }
};

/// "inf", "-inf" and "nan" are strings in the file.
inline std::vector<double> numbers(nlohmann::json const& array)
{
  std::vector<double> result;
  for (auto const& item : array) {
    result.push_back(item.is_string() ? std::stod(item.get<std::string>()) : item.get<double>());
  }
  return result;
}

/// The file, read once.
inline nlohmann::json const& golden_json()
{
  static nlohmann::json const json = [] {
    std::string const path = golden_dir() + "/golden.json";
    std::ifstream file(path);
    if (!file) { throw std::runtime_error("cannot read " + path + "; set PREFOPT_GOLDEN_DIR"); }
    return nlohmann::json::parse(file);
  }();
  return json;
}

/// The cases of the named losses.
inline std::vector<golden_case> golden_cases(std::vector<std::string> const& names)
{
  auto const& json = golden_json();
  std::vector<golden_case> result;
  for (auto const& entry : json.at("cases")) {
    golden_case c;
    c.name = entry.at("name");
    if (std::find(names.begin(), names.end(), c.name) == names.end()) { continue; }
    c.dataset = entry.at("dataset");
    for (auto const& [key, value] : entry.at("params").items()) { c.params[key] = value; }
    for (auto const& [key, value] : json.at("datasets").at(c.dataset).items()) {
      c.columns[key] = numbers(value);
    }
    c.kind = entry.at("kind");
    auto const& loss = entry.at("loss_mp");
    c.loss = numbers(loss.is_array() ? loss : nlohmann::json::array({loss}));
    for (auto const& [key, value] : entry.at("grads_mp").items()) {
      c.gradient[key] = numbers(value);
    }
    result.push_back(c);
  }
  return result;
}

/// A record's field under the file's name: w chosen, l rejected, c given a perturbed image, n given
/// none, u unpaired.
inline std::string golden_name(std::string const& field)
{
  static std::map<std::string, std::string> const names{{"chosen", "pol_w"},
                                                        {"rejected", "pol_l"},
                                                        {"perturbed", "pol_wc"},
                                                        {"rejected_perturbed", "pol_lc"},
                                                        {"chosen_blind", "pol_wn"},
                                                        {"rejected_blind", "pol_ln"},
                                                        {"completion", "pol_u"},
                                                        {"chosen_kl", "kl_w"},
                                                        {"rejected_kl", "kl_l"},
                                                        {"ref_chosen", "ref_w"},
                                                        {"ref_rejected", "ref_l"},
                                                        {"ref_perturbed", "ref_wc"},
                                                        {"ref_rejected_perturbed", "ref_lc"},
                                                        {"ref_chosen_blind", "ref_wn"},
                                                        {"ref_rejected_blind", "ref_ln"},
                                                        {"ref_completion", "ref_u"},
                                                        {"chosen_length", "len_w"},
                                                        {"rejected_length", "len_l"},
                                                        {"completion_length", "len_u"},
                                                        {"label", "label"},
                                                        {"judge_gap", "delta"},
                                                        {"chosen_adjustment", "adj_w"},
                                                        {"rejected_adjustment", "adj_l"}};
  return names.at(field);
}

/// Compares one output with its references, row by row, in one assertion.
template <class Real>
void check_column(std::string const& what, std::vector<Real> const& got,
                  std::vector<reference_value> const& want)
{
  REQUIRE(got.size() == want.size());
  std::string wrong;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (!agrees(got[i], want[i])) {
      char line[160];
      std::snprintf(line, sizeof line, "\n  row %zu: got %.17g, want %.17g, largest term %.3g", i,
                    static_cast<double>(got[i]), want[i].value, want[i].largest_term);
      wrong += line;
    }
  }
  INFO(what << wrong);
  CHECK(wrong.empty());
}

}  // namespace prefopt::test
