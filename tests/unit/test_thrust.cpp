// SPDX-License-Identifier: MIT
/// \file  Thrust's host systems as drivers, and device_vector where the device is the host's
/// threads.

#ifndef THRUST_DEVICE_SYSTEM
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_OMP
#endif

#include <cstddef>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/host_vector.h>
#include <thrust/system/omp/execution_policy.h>

#include <prefopt/adapters/thrust.hpp>

#include "support/golden.hpp"

using namespace prefopt;

namespace {

template <class Real>
class device_table {
 public:
  device_table(std::size_t rows, std::size_t columns)
      : columns_(columns, thrust::device_vector<Real>(rows))
  {
  }
  thrust::device_vector<Real>& column(std::size_t k) { return columns_[k]; }

 private:
  std::vector<thrust::device_vector<Real>> columns_;
};

template <class Policy>
struct on_policy {
  Policy policy;

  template <class Loss, class Input, class Output>
  void operator()(Loss const& loss, Input const& in, Output const& out) const
  {
    prefopt::evaluate<typename decltype(out.value)::element_type>(policy, loss, in, out);
  }
};

/// Not marked branch_free: runs one sample at a time, also on Thrust's host systems.
struct squared_hinge {
  template <class Policy, class Constant = Policy>
  using record = pair_logps<Policy, Constant>;

  float beta = 0.1f;

  template <class Policy, class Constant>
  PREFOPT_HD Policy operator()(pair_logps<Policy, Constant> const& x) const
  {
    Policy const gap = 1 - beta * ((x.chosen - x.ref_chosen) - (x.rejected - x.ref_rejected));
    return gap > 0 ? gap * gap : Policy(0);
  }
};
static_assert(check_loss<squared_hinge, float>());

}  // namespace

TEST_CASE("losses on Thrust's CPP system agree with 400-digit values", "[thrust][losses]")
{
  on_policy const driver{thrust::cpp::par};
  test::check_golden_in_double<test::vector_table>(driver);
  test::check_golden_in_float<test::vector_table>(driver);
  test::check_golden_reward_model<test::vector_table>(driver);
}

TEST_CASE("losses on Thrust's OMP system and its device vectors agree with 400-digit values",
          "[thrust][losses]")
{
  on_policy const driver{thrust::omp::par};
  test::check_golden_in_double<device_table>(driver);
  test::check_golden_in_float<device_table>(driver);
  test::check_golden_reward_model<device_table>(driver);
}

TEST_CASE("Thrust's host systems give the host loop's bits", "[thrust]")
{
  for (std::size_t n : {0u, 1u, 2u, 15u, 16u, 17u, 33u, 1000u}) {
    test::owned_columns<mfpo<float>, float> batch;
    auto const columns = test::columns_of<std::vector<float>>(batch).columns;
    for (std::size_t k = 0; k < columns.size(); ++k) {
      for (std::size_t i = 0; i < n; ++i) {
        columns[k]->push_back(-static_cast<float>((i * 7919 + k * 104729) % 3001) / 10);
      }
    }
    mfpo<float> const loss{.eta = 0.2f};
    auto const host =
        test::evaluate_in<test::vector_table, mfpo<float>, float>(loss, batch, test::on_host{});
    auto const through = [&](auto policy) {
      return test::evaluate_in<device_table, mfpo<float>, float>(loss, batch, on_policy{policy});
    };
    CAPTURE(n);
    CHECK(through(thrust::seq) == host);
    CHECK(through(thrust::cpp::par) == host);
    CHECK(through(thrust::omp::par) == host);
    CHECK(through(thrust::device) == host);
  }
}

TEST_CASE("a loss that branches runs on Thrust's host systems", "[thrust]")
{
  thrust::device_vector<float> c(3, -40.0f), r(3, -40.0f), zero(3, 0.0f), value(3), gradient(3);
  evaluate(thrust::device, squared_hinge{},
           {.chosen = c, .rejected = r, .ref_chosen = zero, .ref_rejected = zero},
           {.value = value, .gradient = {.chosen = gradient}}, {.scale = 2});
  CHECK(as_vector(value)[2] == 1.0f);
  CHECK(as_vector(gradient)[2] == Approx(-0.4f));
}

TEST_CASE("vectors of Thrust are host memory where their system is the host", "[thrust]")
{
  using device = thrust::device_vector<float>;
  STATIC_REQUIRE(tensor_of_rank<device, 1> && tensor_traits<device>::owns);
  STATIC_REQUIRE(std::is_same_v<tensor_traits<device>::space, host_memory>);
  using host = thrust::host_vector<float>;
  STATIC_REQUIRE(tensor_of_rank<host, 1> && tensor_traits<host>::owns);
  STATIC_REQUIRE(std::is_same_v<tensor_traits<host>::space, host_memory>);
  device const constant(1);
  STATIC_REQUIRE(std::is_same_v<decltype(as_vector(constant).data), float const*>);
}

TEST_CASE("Thrust policies check their columns as the host loop does", "[thrust][errors]")
{
  thrust::device_vector<float> const two(2), three(3);
  thrust::device_vector<float> value(2);
  CHECK_THROWS_AS(
      evaluate(thrust::device, dpo<float>{},
               {.chosen = two, .rejected = three, .ref_chosen = two, .ref_rejected = two},
               {.value = value}),
      std::invalid_argument);
}
