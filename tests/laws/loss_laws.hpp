// SPDX-License-Identifier: MIT
#pragma once
/// \file  The laws that every loss obeys, checked for each header of include/prefopt/losses.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/core/self_check.hpp>

#include "support/catch.hpp"
#include "support/columns.hpp"
#include "support/tolerance.hpp"

namespace prefopt::test {

/// A repeatable number of [0, 1) for each (field, sample).
inline double uniform(std::size_t field, std::size_t sample)
{
  std::uint64_t z = (field * 1000003 + sample + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/// Whole lengths, small margins, and log-probabilities down to -200 nats.
inline double plausible(std::string const& field, double u)
{
  if (field.ends_with("_length")) { return 1 + std::floor(60 * u); }
  if (field == "target_margin") { return u; }
  return -200 * u;
}

template <class Loss, class Real>
owned_columns<Loss, Real> random_batch(std::size_t n)
{
  owned_columns<Loss, Real> batch;
  auto const list = columns_of<std::vector<Real>>(batch);
  for (std::size_t k = 0; k < list.columns.size(); ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      list.columns[k]->push_back(static_cast<Real>(plausible(list.names[k], uniform(k, i))));
    }
  }
  return batch;
}

/// The batch's samples in another order.
template <class Batch>
Batch permuted(Batch const& batch, std::vector<std::size_t> const& order)
{
  Batch result = batch;
  using column = std::remove_cvref_t<decltype(result.chosen)>;
  auto source = batch;
  auto const from = columns_of<column>(source).columns;
  auto const to = columns_of<column>(result).columns;
  for (std::size_t k = 0; k < from.size(); ++k) {
    for (std::size_t i = 0; i < order.size(); ++i) { (*to[k])[i] = (*from[k])[order[i]]; }
  }
  return result;
}

/// The host loop with options.
template <class Real>
struct with_options {
  evaluate_options<Real> options;

  template <class Loss, class Input, class Output>
  void operator()(Loss const& loss, Input const& in, Output const& out) const
  {
    prefopt::evaluate<Real>(loss, in, out, options);
  }
};

/// Columns whose elements are three apart; what lies between must not change.
template <class Real>
class strided_table {
 public:
  strided_table(std::size_t rows, std::size_t columns)
      : rows_(rows), columns_(columns, std::vector<Real>(3 * rows, gap))
  {
  }
  ~strided_table()
  {
    for (auto const& c : columns_) {
      for (std::size_t i = 0; i < c.size(); ++i) {
        if (i % 3 != 0) { CHECK(c[i] == gap); }
      }
    }
  }
  vector_view<Real> column(std::size_t k)
  {
    return {columns_[k].data(), static_cast<index_t>(rows_), 3};
  }

 private:
  static constexpr Real gap = Real(12345);
  std::size_t rows_;
  std::vector<std::vector<Real>> columns_;
};

/// The loss without its hand-written gradient, if it has one.
template <class Loss>
struct by_dual_numbers {
  template <class Policy, class Constant = Policy>
  using record = record_of<Loss, Policy, Constant>;
  Loss loss;

  template <class Record>
  auto operator()(Record const& x) const
  {
    return loss_value(loss, x);
  }
};

template <class Loss>
void gradient_is_the_derivative()
{
  Loss const loss{};
  auto const batch = random_batch<Loss, double>(200);
  for (std::size_t i = 0; i < 200; ++i) {
    auto const x = example<Loss, double>(batch, i);
    auto const got = outputs(loss, x);
    REQUIRE(got[0] == loss_value(loss, x));
    auto moved = x;
    field_list<double> policy;
    record_of<Loss, double>::visit_policy(policy, moved);
    for (std::size_t k = 0; k < policy.fields.size(); ++k) {
      double const h = 1e-4, before = *policy.fields[k];
      *policy.fields[k] = before + h;
      double const up = loss_value(loss, moved);
      *policy.fields[k] = before - h;
      double const down = loss_value(loss, moved);
      *policy.fields[k] = before;
      CAPTURE(i, k);
      // The quotient's own errors: h^2 of the third derivative, and rounding of the values over h.
      CHECK(got[k + 1] == Approx((up - down) / (2 * h)).epsilon(1e-6).margin(1e-8));
    }
    if constexpr (has_analytic_gradient<Loss, double>) {
      auto const dual = outputs(by_dual_numbers<Loss>{loss}, x);
      for (std::size_t k = 0; k < got.size(); ++k) {
        CAPTURE(i, k);
        CHECK(agrees(got[k], {dual[k], 0}));
      }
    }
  }
}

template <class Loss, class LossInDouble, class Real>
void packs_are_scalars()
{
  Loss const loss{};
  for (std::size_t n : {0u, 1u, 2u, 15u, 16u, 17u, 33u, 100u}) {
    auto const batch = random_batch<Loss, Real>(n);
    auto const got = evaluate_in<vector_table, Loss, Real>(loss, batch, on_host{});
    for (std::size_t i = 0; i < n; ++i) {
      auto scalar = value_and_gradient<Real>(loss, example<Loss, Real>(batch, i));
      field_list<Real> gradient;
      decltype(scalar.gradient)::visit_policy(gradient, scalar.gradient);
      auto const in_double =
          reference_outputs(LossInDouble{}, example<LossInDouble, double>(batch, i));
      for (std::size_t k = 0; k < got.size(); ++k) {
        Real const want = k == 0 ? scalar.value : *gradient.fields[k - 1];
        CAPTURE(n, i, k, got[k][i], want);
        // A few roundings: the pack's exp and log1p are not the C library's.
        CHECK(agrees(got[k][i], {static_cast<double>(want), in_double[k].largest_term},
                     8 * std::numeric_limits<Real>::epsilon()));
      }
    }
  }
}

/// All sign patterns of 1e4 nats.
template <class Loss, class Real>
void extreme_inputs_stay_finite()
{
  Loss const loss{};
  owned_columns<Loss, Real> batch;
  auto const list = columns_of<std::vector<Real>>(batch);
  for (unsigned signs = 0; signs < 1u << list.columns.size(); ++signs) {
    for (std::size_t k = 0; k < list.columns.size(); ++k) {
      bool const is_length = list.names[k].ends_with("_length");
      Real const extreme = (signs >> k & 1u) != 0 ? Real(1e4) : Real(-1e4);
      list.columns[k]->push_back(is_length ? Real(1) : extreme);
    }
  }
  for (auto const& column : evaluate_in<vector_table, Loss, Real>(loss, batch, on_host{})) {
    for (Real v : column) { REQUIRE(std::isfinite(v)); }
  }
}

template <class Loss, class Real>
void a_batch_is_its_samples()
{
  Loss const loss{};
  std::size_t const n = 100;
  auto const batch = random_batch<Loss, Real>(n);
  auto const evaluate_with = [&](evaluate_options<Real> const& options) {
    return evaluate_in<vector_table, Loss, Real>(loss, batch, with_options<Real>{options});
  };
  auto const got = evaluate_with({});

  SECTION("the order of the samples does not matter")
  {
    std::vector<std::size_t> order(n);
    for (std::size_t i = 0; i < n; ++i) { order[i] = (37 * i + 11) % n; }
    auto const moved =
        evaluate_in<vector_table, Loss, Real>(loss, permuted(batch, order), on_host{});
    for (std::size_t k = 0; k < got.size(); ++k) {
      for (std::size_t i = 0; i < n; ++i) { REQUIRE(moved[k][i] == got[k][order[i]]); }
    }
  }
  SECTION("strided columns give the bits of contiguous ones")
  {
    CHECK(evaluate_in<strided_table, Loss, Real>(loss, batch, on_host{}) == got);
  }
  SECTION("the number of threads does not matter")
  {
    CHECK(evaluate_with({.threads = 2}) == got);
    CHECK(evaluate_with({.threads = 8}) == got);
  }
  SECTION("micro-batches give the bits of one batch")
  {
    auto const in_parts = [](Loss const& l, auto const& in, auto const& out) {
      for (index_t first = 0, size = 1; first < in.chosen.extent;
           first += size, size = size * 2 + 1) {
        index_t const count = std::min(size, in.chosen.extent - first);
        auto in_part = in;
        auto out_part = out;
        for (auto* v : columns_of<vector_view<Real const>>(in_part).columns) {
          *v = v->part(first, count);
        }
        column_list<vector_view<Real>> gradients;
        decltype(out_part.gradient)::visit_policy(gradients, out_part.gradient);
        for (auto* v : gradients.columns) { *v = v->part(first, count); }
        out_part.value = out.value.part(first, count);
        prefopt::evaluate<Real>(l, in_part, out_part);
      }
    };
    CHECK(evaluate_in<vector_table, Loss, Real>(loss, batch, in_parts) == got);
  }
  SECTION("the scale multiplies the gradient, and only it")
  {
    auto const scaled = evaluate_with({.scale = Real(0.25)});
    CHECK(scaled[0] == got[0]);
    for (std::size_t k = 1; k < got.size(); ++k) {
      for (std::size_t i = 0; i < n; ++i) { REQUIRE(scaled[k][i] == Real(0.25) * got[k][i]); }
    }
  }
  SECTION("accumulating adds to the gradient, and twice is double")
  {
    auto const twice = [](Loss const& l, auto const& in, auto const& out) {
      prefopt::evaluate<Real>(l, in, out);
      prefopt::evaluate<Real>(l, in, out, {.accumulate = true});
    };
    auto const sum = evaluate_in<vector_table, Loss, Real>(loss, batch, twice);
    CHECK(sum[0] == got[0]);
    for (std::size_t k = 1; k < got.size(); ++k) {
      for (std::size_t i = 0; i < n; ++i) { REQUIRE(sum[k][i] == 2 * got[k][i]); }
    }
  }
  SECTION("weights multiply value and gradient, and weight 0 excludes a NaN")
  {
    std::vector<Real> weight(n);
    for (std::size_t i = 0; i < n; ++i) { weight[i] = static_cast<Real>(i % 4) / 2; }
    auto with_nan = batch;
    for (std::size_t i = 0; i < n; i += 4) { with_nan.chosen[i] = quiet_nan_v<Real>; }
    auto const weighted = evaluate_in<vector_table, Loss, Real>(
        loss, with_nan, with_options<Real>{{.weight = weight}});
    for (std::size_t k = 0; k < got.size(); ++k) {
      for (std::size_t i = 0; i < n; ++i) {
        REQUIRE(weighted[k][i] == (i % 4 == 0 ? Real(0) : weight[i] * got[k][i]));
      }
    }
  }
  SECTION("a NaN stays in its sample")
  {
    auto with_nan = batch;
    with_nan.chosen[5] = quiet_nan_v<Real>;
    auto const result = evaluate_in<vector_table, Loss, Real>(loss, with_nan, on_host{});
    for (std::size_t i = 0; i < n; ++i) {
      REQUIRE((i == 5 ? std::isnan(result[0][i]) : result[0][i] == got[0][i]));
    }
  }
}

/// Where policy = reference, a loss does not depend on the data.
template <class Loss>
void first_value_is_known()
{
  if constexpr (requires(record_of<Loss, double> x) { x.ref_chosen + 0.0; }) {
    Loss const loss{};
    auto batch = random_batch<Loss, double>(50);
    batch.ref_chosen = batch.chosen;
    batch.ref_rejected = batch.rejected;
    if constexpr (requires { batch.perturbed[0]; }) {
      for (int k = 0; k < record_of<Loss, double>::policy_arity - 2; ++k) {
        batch.ref_perturbed[k] = batch.perturbed[k];
      }
    }
    auto const got = evaluate_in<vector_table, Loss, double>(loss, batch, on_host{});
    for (double v : got[0]) { CHECK(v == Approx(expected_initial_loss(loss)).epsilon(1e-14)); }
  }
}

}  // namespace prefopt::test

#define LOSS_LAWS(name)                                                                       \
  TEST_CASE("laws of " #name ": the gradient is the derivative", "[laws]")                    \
  {                                                                                           \
    prefopt::test::gradient_is_the_derivative<prefopt::name<double>>();                       \
  }                                                                                           \
  TEST_CASE("laws of " #name ": packs give what scalars give", "[laws]")                      \
  {                                                                                           \
    prefopt::test::packs_are_scalars<prefopt::name<float>, prefopt::name<double>, float>();   \
    prefopt::test::packs_are_scalars<prefopt::name<double>, prefopt::name<double>, double>(); \
  }                                                                                           \
  TEST_CASE("laws of " #name ": inputs of 1e4 nats give finite numbers", "[laws]")            \
  {                                                                                           \
    prefopt::test::extreme_inputs_stay_finite<prefopt::name<float>, float>();                 \
    prefopt::test::extreme_inputs_stay_finite<prefopt::name<double>, double>();               \
  }                                                                                           \
  TEST_CASE("laws of " #name ": where policy = reference the value is known", "[laws]")       \
  {                                                                                           \
    prefopt::test::first_value_is_known<prefopt::name<double>>();                             \
  }                                                                                           \
  TEST_CASE("laws of " #name ": a batch is its samples", "[laws]")                            \
  {                                                                                           \
    prefopt::test::a_batch_is_its_samples<prefopt::name<float>, float>();                     \
  }
