// SPDX-License-Identifier: MIT
/// \file  Every registered loss against 400-digit values, by packs, by plain scalars and by Thrust.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/golden_registry.hpp"
#include "support/reference.hpp"

using namespace prefopt;

namespace {

template <class Real>
test::table<Real> columns_of_case(test::golden_loss const& loss, test::golden_case const& c,
                                  std::vector<std::string> const& fields)
{
  test::table<Real> result;
  for (auto const& field : fields) {
    result.emplace_back();
    if (field == "target_margin") { continue; }
    for (double v : c.columns.at(loss.file_name(field))) {
      result.back().push_back(static_cast<Real>(v));
    }
  }
  return result;
}

/// Compares a result with its references. An undefined reference (NaN) is only let pass where the
/// loss says that it has such rows, at most two of a data set, and no number stands there.
template <class Real>
void check_table(std::string const& what, test::table<Real> const& got,
                 std::vector<std::vector<test::reference_value>> const& want, bool may_be_undefined)
{
  REQUIRE(got.size() == want.size());
  for (std::size_t k = 0; k < got.size(); ++k) {
    std::vector<Real> defined;
    std::vector<test::reference_value> defined_want;
    for (std::size_t i = 0; i < got[k].size(); ++i) {
      if (may_be_undefined && std::isnan(want[k][i].value)) {
        INFO(what << ", output " << k << " of undefined row " << i << ": " << got[k][i]);
        CHECK_FALSE(std::isfinite(got[k][i]));
        continue;
      }
      defined.push_back(got[k][i]);
      defined_want.push_back(want[k][i]);
    }
    CHECK(defined.size() + 2 >= got[k].size());
    test::check_column(what + (k == 0 ? ", value" : ", gradient " + std::to_string(k - 1)), defined,
                       defined_want);
  }
}

template <class Real>
test::table<Real> row_by_row(test::erased_loss<Real> const& loss, test::table<Real> const& columns)
{
  test::table<Real> result(loss.arity + 1);
  for (std::size_t i = 0; i < columns[0].size(); ++i) {
    auto const out = loss.row(test::row_of(columns, i));
    for (std::size_t k = 0; k < out.size(); ++k) { result[k].push_back(out[k]); }
  }
  return result;
}

}  // namespace

TEST_CASE("losses in double agree with 400-digit values", "[golden]")
{
  for (auto const& loss : test::golden_losses()) {
    auto const cases = test::golden_cases({loss.name});
    INFO(loss.name);
    REQUIRE(!cases.empty());
    for (auto const& c : cases) {
      auto const erased = loss.in_double(c);
      auto const columns = columns_of_case<double>(loss, c, erased.columns);
      auto want = test::references(erased, columns);
      for (std::size_t k = 0; k < want.size(); ++k) {
        auto const gradient =
            k > 0 ? c.gradient.find(loss.file_name(erased.columns[k - 1])) : c.gradient.end();
        for (std::size_t i = 0; i < want[k].size(); ++i) {
          want[k][i].value = k == 0                         ? c.loss.at(i)
                             : gradient == c.gradient.end() ? 0
                                                            : gradient->second.at(i);
        }
      }
      std::string const what = c.name + " on " + c.dataset;
      bool const undefined = loss.has_undefined_rows;
      check_table(what, erased.evaluate(columns, {}), want, undefined);
      check_table(what + ", scalars", row_by_row(erased, columns), want, undefined);
      check_table(what + ", " + test::other_driver_name,
                  loss.in_double_elsewhere(c).evaluate(columns, {}), want, undefined);
    }
  }
}

TEST_CASE("losses in float agree with double on the same rounded inputs", "[golden]")
{
  for (auto const& loss : test::golden_losses()) {
    for (auto const& c : test::golden_cases({loss.name})) {
      auto const erased = loss.in_float(c);
      auto const columns = columns_of_case<float>(loss, c, erased.columns);
      test::table<double> rounded;
      for (auto const& column : columns) { rounded.emplace_back(column.begin(), column.end()); }
      auto const want = test::references(loss.with_rounded_parameters(c), rounded);
      std::string const what = c.name + " in float on " + c.dataset;
      bool const undefined = loss.has_undefined_rows;
      check_table(what, erased.evaluate(columns, {}), want, undefined);
      check_table(what + ", scalars", row_by_row(erased, columns), want, undefined);
      check_table(what + ", " + test::other_driver_name,
                  loss.in_float_elsewhere(c).evaluate(columns, {}), want, undefined);
    }
  }
}

#ifndef PREFOPT_GOLDEN_ON_DEVICE
namespace {

/// The largest error of a result in roundings of the larger of value and largest term, over the
/// rows that are finite.
template <class Real>
double worst_error(test::table<Real> const& got,
                   std::vector<std::vector<test::reference_value>> const& want)
{
  double const rounding = static_cast<double>(std::numeric_limits<Real>::epsilon());
  double const floor = static_cast<double>(std::numeric_limits<Real>::min());
  double worst = 0;
  for (std::size_t k = 0; k < got.size(); ++k) {
    for (std::size_t i = 0; i < got[k].size(); ++i) {
      double const value = static_cast<double>(got[k][i]);
      if (!std::isfinite(value) || !std::isfinite(want[k][i].value)) { continue; }
      double const scale = std::max(std::abs(want[k][i].value), want[k][i].largest_term);
      double const error = std::max(0.0, std::abs(value - want[k][i].value) - floor);
      if (error > 0) { worst = std::max(worst, error / (rounding * scale)); }
    }
  }
  return worst;
}

}  // namespace

// Not run by default: prints the table of docs/accuracy.md.
TEST_CASE("accuracy of the losses in float", "[.accuracy]")
{
  std::map<std::string, std::pair<double, double>> worst;
  for (auto const& loss : test::golden_losses()) {
    auto& [packs, scalars] = worst[loss.name];
    for (auto const& c : test::golden_cases({loss.name})) {
      auto const erased = loss.in_float(c);
      auto const columns = columns_of_case<float>(loss, c, erased.columns);
      test::table<double> rounded;
      for (auto const& column : columns) { rounded.emplace_back(column.begin(), column.end()); }
      auto const want = test::references(loss.with_rounded_parameters(c), rounded);
      packs = std::max(packs, worst_error(erased.evaluate(columns, {}), want));
      scalars = std::max(scalars, worst_error(row_by_row(erased, columns), want));
    }
  }
  std::printf("| golden loss | packs | scalars |\n|---|--:|--:|\n");
  for (auto const& [name, error] : worst) {
    std::printf("| %s | %.1f | %.1f |\n", name.c_str(), error.first, error.second);
    CHECK(error.first < 100);
  }
}

TEST_CASE("every case of the golden file is tested", "[golden]")
{
  std::set<std::string> tested(test::golden_names_checked_elsewhere().begin(),
                               test::golden_names_checked_elsewhere().end());
  for (auto const& loss : test::golden_losses()) { tested.insert(loss.name); }
  std::string untested;
  std::size_t cases = 0;
  for (auto const& c : test::golden_json().at("cases")) {
    cases += 1;
    if (!tested.contains(c.at("name"))) { untested += " " + c.at("name").get<std::string>(); }
  }
  CHECK(untested == "");
  CHECK(cases >= 190);
}
#endif
