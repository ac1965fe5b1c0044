// SPDX-License-Identifier: MIT
/// \file  The laws that every loss obeys, checked for each header of include/prefopt/losses.

#include "laws/laws.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/reference.hpp"

namespace prefopt::test {
namespace {

/// A repeatable number of [0, 1) for each (field, sample).
double uniform(std::size_t field, std::size_t sample)
{
  std::uint64_t z = (field * 1000003 + sample + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/// What a field may be, from a number of [0, 1): whole lengths, labels, small judgements, and
/// log-probabilities down to -200 nats.
double plausible(std::string const& field, double u)
{
  if (field.ends_with("_length")) { return 1 + std::floor(60 * u); }
  if (field.ends_with("_kl")) { return 10 * u; }
  if (field.ends_with("_adjustment")) { return -u; }
  if (field == "label") { return u < 0.5 ? 0 : 1; }
  if (field == "judge_gap") { return 4 * u - 1; }
  if (field == "target_margin" || field == "judge_score" || field == "similarity") { return u; }
  if (field.starts_with("matched_")) { return 100 * u - 50; }
  return -200 * u;
}

/// The ends of a field's domain: log-probabilities of (almost) 0 and of -2e4, so that margins of
/// policy and reference reach 4e4 nats each way.
std::pair<double, double> extremes(std::string const& field)
{
  if (field.ends_with("_length")) { return {1, 4096}; }
  if (field.ends_with("_kl")) { return {0, 1e4}; }
  if (field.ends_with("_adjustment")) { return {-1e4, 0.1}; }
  if (field == "label" || field == "judge_score" || field == "similarity") { return {0, 1}; }
  if (field == "judge_gap" || field == "target_margin" || field.starts_with("matched_")) {
    return {-1e4, 1e4};
  }
  return {-2e4, -1e-3};
}

template <class Real>
table<Real> random_table(erased_loss<Real> const& loss, std::size_t n)
{
  table<Real> result;
  for (std::size_t k = 0; k < loss.columns.size(); ++k) {
    result.emplace_back();
    for (std::size_t i = 0; i < n; ++i) {
      result.back().push_back(static_cast<Real>(plausible(loss.columns[k], uniform(k, i))));
    }
  }
  return result;
}

/// Rows of every column in another order, or some of them only.
template <class Real>
table<Real> rows_of(table<Real> const& columns, std::vector<std::size_t> const& rows)
{
  table<Real> result;
  for (auto const& column : columns) {
    result.emplace_back();
    for (std::size_t i : rows) { result.back().push_back(column[i]); }
  }
  return result;
}

std::vector<std::size_t> range(std::size_t first, std::size_t last)
{
  std::vector<std::size_t> rows;
  for (std::size_t i = first; i < last; ++i) { rows.push_back(i); }
  return rows;
}

/// Columns of some losses.
using named_columns = std::map<std::string, std::set<std::string>>;
bool has(named_columns const& columns, std::string const& loss, std::string const& column)
{
  auto const found = columns.find(loss);
  return found != columns.end() && found->second.contains(column);
}

/// Columns whose derivative a loss stops on purpose, and with which its value moves all the same.
named_columns const stopped{
#include "laws/stopped_gradients.inc"
};
/// Columns of sorted losses whose value stands at another sample of the batch: the gradient is
/// there, the value does not move. Whole batches are tested in test_coupled_losses.cpp.
named_columns const counted_elsewhere{{"aot_unpaired", {"rejected"}}};

/// Losses whose value leaves every floating-point range on inputs of 1e4 nats, because the number
/// itself does (an exponential of a log-probability).
bool may_overflow(std::string const& loss)
{
  static std::set<std::string> const losses{
#include "laws/overflowing_losses.inc"
  };
  return losses.contains(loss);
}

}  // namespace

void gradient_is_the_derivative(law_subject const& subject)
{
  auto const& loss = subject.in_double;
  auto const columns = random_table(loss, 200);
  std::set<std::string> stopped_that_move;
  for (std::size_t i = 0; i < 200; ++i) {
    auto row = row_of(columns, i);
    auto const got = loss.row(row);
    for (std::size_t k = 0; k < loss.arity; ++k) {
      double const h = 1e-4, before = row[k];
      row[k] = before + h;
      double const up = loss.row(row)[0];
      row[k] = before - h;
      double const down = loss.row(row)[0];
      row[k] = before;
      INFO(loss.columns[k] << " of sample " << i);
      if (has(stopped, subject.name, loss.columns[k])) {
        CHECK(got[k + 1] == 0);
        if (up != down) { stopped_that_move.insert(loss.columns[k]); }
      } else if (has(counted_elsewhere, subject.name, loss.columns[k])) {
        CHECK(up == down);
        CHECK(got[k + 1] != 0);
      } else {
        // The quotient's own errors: h^2 of the third derivative, and rounding of values over h.
        double const rounding = 4e-12 * std::max(1.0, std::abs(got[0]));
        CHECK(got[k + 1] == Approx((up - down) / (2 * h)).epsilon(1e-6).margin(1e-8 + rounding));
      }
    }
  }
  // An entry of stopped_gradients.inc for a column that the loss does not read would test nothing.
  auto const entry = stopped.find(subject.name);
  if (entry != stopped.end()) { CHECK(stopped_that_move == entry->second); }
}

namespace {

template <class Real>
void packs_are_scalars(erased_loss<Real> const& loss, erased_loss<double> const& in_double)
{
  for (std::size_t n : {0u, 1u, 2u, 15u, 16u, 17u, 33u, 100u}) {
    auto const columns = random_table(loss, n);
    auto const got = loss.evaluate(columns, {});
    for (std::size_t i = 0; i < n; ++i) {
      auto const row = row_of(columns, i);
      auto const scalar = loss.row(row);
      auto const want = reference_outputs(in_double.row, {row.begin(), row.end()});
      for (std::size_t k = 0; k < got.size(); ++k) {
        // A few roundings: the pack's exp and log1p are not the C library's.
        bool const same = agrees(got[k][i], {static_cast<double>(scalar[k]), want[k].largest_term},
                                 8 * static_cast<double>(std::numeric_limits<Real>::epsilon()));
        INFO("output " << k << " of sample " << i << " of " << n << ": " << got[k][i] << ", scalar "
                       << scalar[k] << ", largest term " << want[k].largest_term);
        CHECK(same);
      }
    }
  }
}

template <class Real>
void extreme_inputs_stay_finite(std::string const& name, erased_loss<Real> const& loss)
{
  // Every combination of extremes, or for many columns a regular choice of them.
  std::size_t const columns = loss.columns.size();
  std::size_t const combinations = std::size_t{1} << std::min<std::size_t>(columns, 12);
  table<Real> in(columns);
  for (std::size_t c = 0; c < combinations; ++c) {
    for (std::size_t k = 0; k < columns; ++k) {
      auto const [low, high] = extremes(loss.columns[k]);
      in[k].push_back(static_cast<Real>((c >> (k % 12) & 1u) != 0 ? high : low));
    }
  }
  auto const out = loss.evaluate(in, {});
  for (std::size_t c = 0; c < combinations; ++c) {
    for (std::size_t k = 0; k < out.size(); ++k) {
      INFO("output " << k << " of combination " << c << ": " << out[k][c]);
      if (may_overflow(name)) {
        REQUIRE_FALSE(std::isnan(out[k][c]));
      } else {
        REQUIRE(std::isfinite(out[k][c]));
      }
    }
  }
}

}  // namespace

void packs_are_scalars(law_subject const& subject)
{
  packs_are_scalars(subject.in_float, subject.in_double);
  packs_are_scalars(subject.in_double, subject.in_double);
}

void extreme_inputs_stay_finite(law_subject const& subject)
{
  extreme_inputs_stay_finite(subject.name, subject.in_float);
  extreme_inputs_stay_finite(subject.name, subject.in_double);
}

void first_value_is_known(law_subject const& subject)
{
  auto const& loss = subject.in_double;
  if (!loss.known_at_reference) { return; }
  auto const columns = random_table(loss, 50);
  for (std::size_t i = 0; i < 50; ++i) {
    CHECK(loss.at_reference(row_of(columns, i)) == Approx(loss.initial_loss).epsilon(1e-14));
  }
}

void a_batch_is_its_samples(law_subject const& subject)
{
  auto const& loss = subject.in_float;
  std::size_t const n = 100;
  auto const columns = random_table(loss, n);
  auto const got = loss.evaluate(columns, {});

  {
    INFO("the order of the samples does not matter");
    std::vector<std::size_t> order(n);
    for (std::size_t i = 0; i < n; ++i) { order[i] = (37 * i + 11) % n; }
    CHECK(loss.evaluate(rows_of(columns, order), {}) == rows_of(got, order));
  }
  {
    INFO("strided columns give the bits of contiguous ones");
    CHECK(loss.evaluate(columns, {.stride = 3}) == got);
  }
  {
    INFO("the number of threads does not matter");
    CHECK(loss.evaluate(columns, {.threads = 2}) == got);
    CHECK(loss.evaluate(columns, {.threads = 8}) == got);
  }
  {
    INFO("micro-batches give the bits of one batch");
    table<float> joined(got.size());
    for (std::size_t first = 0, size = 1; first < n; first += size, size = size * 2 + 1) {
      auto const part =
          loss.evaluate(rows_of(columns, range(first, std::min(first + size, n))), {});
      for (std::size_t k = 0; k < part.size(); ++k) {
        joined[k].insert(joined[k].end(), part[k].begin(), part[k].end());
      }
    }
    CHECK(joined == got);
  }
  {
    INFO("the scale multiplies the gradient, and only it");
    auto scaled = got;
    for (std::size_t k = 1; k < scaled.size(); ++k) {
      for (float& v : scaled[k]) { v *= 0.25f; }
    }
    CHECK(loss.evaluate(columns, {.scale = 0.25f}) == scaled);
  }
  {
    INFO("accumulating adds to the gradient, and twice is double");
    auto twice = got;
    for (std::size_t k = 1; k < twice.size(); ++k) {
      for (float& v : twice[k]) { v *= 2; }
    }
    CHECK(loss.evaluate(columns, {.accumulate = got}) == twice);
  }
  {
    auto others = range(0, n);
    others.erase(others.begin() + 5);
    for (std::size_t k = 0; k < loss.columns.size(); ++k) {
      if (loss.columns[k] == "label") { continue; }  // a class: 1, or any other
      INFO("a NaN in column " << loss.columns[k]
                              << " reaches its sample's loss, and no other's; a length is refused");
      auto with_nan = columns;
      with_nan[k][5] = quiet_nan_v<float>;
      if (loss.columns[k].ends_with("_length")) {
        CHECK_THROWS_AS(loss.evaluate(with_nan, {}), std::invalid_argument);
        continue;
      }
      auto const result = loss.evaluate(with_nan, {});
      CHECK(std::isnan(result[0][5]));
      CHECK(rows_of(result, others) == rows_of(got, others));
    }
  }
  if (!loss.weighted) { return; }
  INFO("weights multiply value and gradient, and weight 0 excludes a NaN");
  table_options<float> options;
  for (std::size_t i = 0; i < n; ++i) { options.weight.push_back(static_cast<float>(i % 4) / 2); }
  auto with_nan = columns;
  for (std::size_t i = 0; i < n; i += 4) { with_nan[0][i] = quiet_nan_v<float>; }
  auto weighted = got;
  for (auto& column : weighted) {
    for (std::size_t i = 0; i < n; ++i) {
      column[i] = i % 4 == 0 ? 0.0f : options.weight[i] * column[i];
    }
  }
  CHECK(loss.evaluate(with_nan, options) == weighted);
}

}  // namespace prefopt::test
