// SPDX-License-Identifier: MIT
/// \file  gpu::evaluate against the host loop, which has its own tests.

#include "support/catch.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/cuda/evaluate.cuh>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/mfpo.hpp>
#include <prefopt/losses/reward_model.hpp>
#include <prefopt/losses/simpo.hpp>

#include "cuda/compare.hpp"
#include "cuda/device.hpp"

using namespace prefopt;
using test::random_column;
using test::require_close;

namespace user {

/// A user's loss: chooses with `?:`, names its record, has no terms and no gradient.
struct squared_hinge {
  template <class Policy, class Constant = Policy>
  using record = pair_logps<Policy, Constant>;

  float beta = 0.1f;
  float target = 1.0f;

  template <class Policy, class Constant>
  PREFOPT_HD Policy operator()(pair_logps<Policy, Constant> const& x) const
  {
    Policy const gap = target - beta * ((x.chosen - x.ref_chosen) - (x.rejected - x.ref_rejected));
    return gap > 0 ? gap * gap : Policy(0);
  }
};
static_assert(check_loss<squared_hinge, float>());

}  // namespace user

namespace {

/// One record of columns, filled, kept alive, and viewed from either side.
template <class Real>
struct fill_columns {
  std::size_t size;
  std::vector<std::vector<Real>>& host;
  std::vector<test::device_array<Real>>& device;

  void operator()(column_name name, vector_view<Real const>& a,
                  vector_view<Real const, device_memory>& b)
  {
    host.push_back(random_column<Real>(static_cast<unsigned>(host.size()) + 1, size));
    if (std::string(name.text).ends_with("length")) {
      for (Real& x : host.back()) { x = std::ceil(-x); }
    }
    device.emplace_back(host.back());
    a = {host.back().data(), static_cast<index_t>(size)};
    b = device.back().view();
  }
  void optional(column_name name, vector_view<Real const>& a,
                vector_view<Real const, device_memory>& b)
  {
    (*this)(name, a, b);
  }
};

template <class Real>
struct make_gradients {
  std::size_t size;
  std::vector<std::vector<Real>>& host;
  std::vector<test::device_array<Real>>& device;

  void operator()(column_name, vector_view<Real>& a, vector_view<Real, device_memory>& b)
  {
    host.emplace_back(size, Real(7));
    device.emplace_back(host.back());
    a = {host.back().data(), static_cast<index_t>(size)};
    b = device.back().view();
  }
};

/// Evaluates on both sides, with weights, a scale and accumulation or without, and compares.
template <class Loss>
void compare_with_host(Loss const& loss, std::size_t size, bool with_options)
{
  using real = real_of<Loss>;
  std::vector<std::vector<real>> host;
  std::vector<test::device_array<real>> device;
  host.reserve(32);
  device.reserve(32);

  input_columns<Loss> in;
  input_columns<Loss, real, device_memory> device_in;
  fill_columns<real> fill{size, host, device};
  input_columns<Loss>::visit_policy(fill, in, device_in);
  input_columns<Loss>::visit_constant(fill, in, device_in);

  std::size_t const first_output = host.size();
  output_columns<Loss> out;
  output_columns<Loss, real, device_memory> device_out;
  make_gradients<real> make{size, host, device};
  make(column_name{"value"}, out.value, device_out.value);
  gradient_columns<Loss>::visit_policy(make, out.gradient, device_out.gradient);

  evaluate_options<real> options;
  evaluate_options<real, device_memory> device_options;
  std::vector<real> weight = random_column<real>(99, size);
  for (std::size_t i = 0; i < size; i += 3) { weight[i] = real(0); }
  test::device_array<real> const device_weight(weight);
  if (with_options) {
    options = {.weight = weight, .scale = real(0.25), .accumulate = true};
    device_options = {.weight = device_weight.view(), .scale = real(0.25), .accumulate = true};
  }

  test::stream const stream;
  evaluate(loss, in, out, options);
  REQUIRE(gpu::evaluate(stream, loss, device_in, device_out, device_options) == cudaSuccess);
  stream.wait();
  for (std::size_t k = first_output; k < host.size(); ++k) {
    require_close(device[k].host(), host[k]);
  }
}

template <class Loss>
void compare_with_host(Loss const& loss)
{
  for (std::size_t const size : {0, 1, 31, 256, 1000}) {
    compare_with_host(loss, size, false);
    compare_with_host(loss, size, true);
  }
}

}  // namespace

TEST_CASE("losses on the device equal the host loop", "[cuda][losses]")
{
  SECTION("dpo")
  {
    compare_with_host(dpo<float>{.beta = 0.1f, .label_smoothing = 0.1f});
  }
  SECTION("dpo in fp64")
  {
    compare_with_host(dpo<double>{.beta = 0.1});
  }
  SECTION("mfpo")
  {
    compare_with_host(mfpo<float>{.beta = 0.1f, .eta = 0.2f});
  }
  SECTION("mfpo in fp64")
  {
    compare_with_host(mfpo<double>{.beta = 0.3});
  }
  SECTION("mfpo with two modalities")
  {
    compare_with_host(mfpo<float, 2>{.beta = 0.1f});
  }
  SECTION("simpo")
  {
    compare_with_host(simpo<float>{});
  }
  SECTION("reward model")
  {
    compare_with_host(reward_model<float>{.margin = 0.5f});
  }
  SECTION("a user's loss")
  {
    compare_with_host(user::squared_hinge{});
  }
  SECTION("a sum of losses")
  {
    compare_with_host(dpo<float>{} + 0.5f * mfpo<float>{});
  }
}

TEST_CASE("columns may be strided, and outputs left out", "[cuda][losses]")
{
  index_t const size = 100;
  std::vector<float> const table = random_column<float>(5, 4 * size);
  std::vector<float> expected(size);
  auto const column = [&](int k) { return vector_view<float const>(table.data() + k, size, 4); };
  evaluate(dpo<float>{},
           {.chosen = column(0),
            .rejected = column(1),
            .ref_chosen = column(2),
            .ref_rejected = column(3)},
           {.gradient = {.rejected = expected}});

  test::device_array<float> const device_table(table);
  test::device_array<float> const gradient(std::vector<float>(2 * size, 7.0f));
  auto const device_column = [&](int k) {
    return vector_view<float const, device_memory>(device_table.data() + k, size, 4);
  };
  test::stream const stream;
  REQUIRE(gpu::evaluate(stream, dpo<float>{},
                        {.chosen = device_column(0),
                         .rejected = device_column(1),
                         .ref_chosen = device_column(2),
                         .ref_rejected = device_column(3)},
                        {.gradient = {.rejected = {gradient.data(), size, 2}}}) == cudaSuccess);
  stream.wait();
  std::vector<float> got;
  for (std::size_t i = 0; float const x : gradient.host()) {
    if (i++ % 2 == 0) {
      got.push_back(x);
    } else {
      REQUIRE(x == 7.0f);  // between the elements of the column nothing is written
    }
  }
  require_close(got, expected);
}

TEST_CASE("a sample of weight 0 is excluded even where its loss is NaN", "[cuda][losses]")
{
  float const nan = std::numeric_limits<float>::quiet_NaN();
  test::device_array<float> const chosen(std::vector<float>{-1.0f, nan, nan});
  test::device_array<float> const rejected(std::vector<float>{-2.0f, -2.0f, -2.0f});
  test::device_array<float> const weight(std::vector<float>{1.0f, 0.0f, 1.0f});
  test::device_array<float> const value(3), gradient(3);
  REQUIRE(gpu::evaluate(nullptr, reward_model<float>{},
                        {.chosen = chosen.view(), .rejected = rejected.view()},
                        {.value = value.view(), .gradient = {.chosen = gradient.view()}},
                        {.weight = weight.view()}) == cudaSuccess);
  CHECK(value.host()[1] == 0.0f);
  CHECK(gradient.host()[1] == 0.0f);
  CHECK(std::isnan(value.host()[2]));
  CHECK(std::isnan(gradient.host()[2]));
  CHECK(value.host()[0] == Approx(0.3132616875));
}

TEST_CASE("columns that do not fit are refused before anything is enqueued", "[cuda][losses]")
{
  test::device_array<float> const a(5), b(4);
  try {
    (void)gpu::evaluate(nullptr, reward_model<float>{}, {.chosen = a.view(), .rejected = b.view()},
                        {.value = a.view()});
    FAIL("expected std::invalid_argument");
  } catch (std::invalid_argument const& error) {
    CHECK(std::string(error.what()) ==
          "prefopt::gpu::evaluate: column 'rejected': expected 5 elements, got 4");
  }
  CHECK_THROWS_AS((void)gpu::evaluate(nullptr, reward_model<float>{}, {.chosen = a.view()},
                                      {.value = a.view()}),
                  std::invalid_argument);
}

TEST_CASE("launches stride over any number of items and report their own status", "[cuda]")
{
  using gpu::detail::blocks_for;
  STATIC_REQUIRE(blocks_for(0, 256) == 0);
  STATIC_REQUIRE(blocks_for(1, 256) == 1);
  STATIC_REQUIRE(blocks_for(256, 256) == 1);
  STATIC_REQUIRE(blocks_for(257, 256) == 2);
  STATIC_REQUIRE(blocks_for(index_t(1) << 40, 256) == 65'535);

  test::device_array<float> const a(std::vector<float>(1000, -1.0f)), value(1000);
  auto const sample =
      prefopt::detail::make_evaluate_sample<reward_model<float>, float, device_memory>(
          {}, {.chosen = a.view(), .rejected = a.view()}, {.value = value.view()}, {});
  auto* const kernel = gpu::detail::evaluate_kernel<reward_model<float>, float>;
  CHECK(gpu::detail::launch(nullptr, 2, 256, kernel, sample, 1000) == cudaSuccess);
  CHECK(value.host() == std::vector<float>(1000, value.host()[0]));
  CHECK(value.host()[0] == Approx(std::log(2.0f)));

  CHECK(gpu::detail::launch(nullptr, 1, 4096, kernel, sample, 1000) != cudaSuccess);
  (void)cudaGetLastError();
  CHECK(gpu::detail::launch(nullptr, 0, 256, kernel, sample, 1000) == cudaSuccess);
}
