// SPDX-License-Identifier: MIT
/// \file  Thrust's CUDA system as a driver: device_vector columns, a policy on a stream.

#include "support/catch.hpp"

#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/system/cuda/execution_policy.h>

#include <vector>

#include <prefopt/adapters/thrust.hpp>
#include <prefopt/cuda/evaluate.cuh>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/mfpo.hpp>

#include "cuda/compare.hpp"
#include "cuda/device.hpp"

using namespace prefopt;

namespace {

struct mfpo_batch {
  std::vector<float> column[6];
  std::vector<float> value, d_chosen, d_rejected, d_perturbed;

  explicit mfpo_batch(std::size_t size)
      : value(size), d_chosen(size), d_rejected(size), d_perturbed(size)
  {
    for (unsigned k = 0; k < 6; ++k) { column[k] = test::random_column<float>(k, size); }
    evaluate(
        mfpo<float>{},
        {.chosen = column[0],
         .rejected = column[1],
         .perturbed = {column[2]},
         .ref_chosen = column[3],
         .ref_rejected = column[4],
         .ref_perturbed = {column[5]}},
        {.value = value,
         .gradient = {.chosen = d_chosen, .rejected = d_rejected, .perturbed = {d_perturbed}}});
  }
};

std::vector<float> copied(thrust::device_vector<float> const& v)
{
  std::vector<float> host(v.size());
  thrust::copy(v.begin(), v.end(), host.begin());
  return host;
}

/// Runs `drive(loss, in, out)` on device vectors and compares with the host loop.
template <class Drive>
void compare_with_host(Drive drive)
{
  for (std::size_t const size : {0, 1, 1000}) {
    mfpo_batch const expected(size);
    thrust::device_vector<float> in[6];
    for (int k = 0; k < 6; ++k) { in[k] = expected.column[k]; }
    thrust::device_vector<float> value(size), d_chosen(size), d_rejected(size), d_perturbed(size);
    drive(
        mfpo<float>{},
        input_columns<mfpo<float>, float, device_memory>{.chosen = in[0],
                                                         .rejected = in[1],
                                                         .perturbed = {in[2]},
                                                         .ref_chosen = in[3],
                                                         .ref_rejected = in[4],
                                                         .ref_perturbed = {in[5]}},
        output_columns<mfpo<float>, float, device_memory>{
            .value = value,
            .gradient = {.chosen = d_chosen, .rejected = d_rejected, .perturbed = {d_perturbed}}});
    test::require_close(copied(value), expected.value);
    test::require_close(copied(d_chosen), expected.d_chosen);
    test::require_close(copied(d_rejected), expected.d_rejected);
    test::require_close(copied(d_perturbed), expected.d_perturbed);
  }
}

}  // namespace

TEST_CASE("Thrust's CUDA policies evaluate device vectors", "[cuda][thrust]")
{
  test::stream const stream;
  SECTION("the device policy")
  {
    compare_with_host([](auto const&... arguments) { evaluate(thrust::device, arguments...); });
  }
  SECTION("a stream")
  {
    compare_with_host(
        [&](auto const&... arguments) { evaluate(thrust::cuda::par.on(stream), arguments...); });
  }
  SECTION("a stream, without waiting")
  {
    compare_with_host([&](auto const&... arguments) {
      evaluate(thrust::cuda::par_nosync.on(stream), arguments...);
      stream.wait();
    });
  }
  SECTION("the plain kernel on the same vectors")
  {
    compare_with_host([&](auto const&... arguments) {
      REQUIRE(gpu::evaluate(stream, arguments...) == cudaSuccess);
      stream.wait();
    });
  }
}

TEST_CASE("a device vector of another length is refused", "[cuda][thrust]")
{
  thrust::device_vector<float> a(3), b(2);
  CHECK_THROWS_AS(
      evaluate(thrust::device, dpo<float>{},
               {.chosen = a, .rejected = b, .ref_chosen = a, .ref_rejected = a}, {.value = a}),
      std::invalid_argument);
}
