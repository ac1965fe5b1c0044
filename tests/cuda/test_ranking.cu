// SPDX-License-Identifier: MIT
/// \file  The easy-to-hard ranking on the device is that of the host.

#include "support/catch.hpp"

#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/system/cuda/execution_policy.h>

#include <limits>
#include <stdexcept>
#include <vector>

#include <prefopt/adapters/thrust_ranking.hpp>

#include "cuda/device.hpp"
#include "support/errors.hpp"
#include "support/ranking_cases.hpp"

using namespace prefopt;

TEMPLATE_TEST_CASE("scores on the device rank with the host's order", "[cuda][ranking]", float,
                   double)
{
  test::stream const stream;
  for (auto const& scores : test::score_columns<TestType>()) {
    CAPTURE(scores.size());
    auto const expected = test::order_on_host(scores);
    test::device_array<TestType> const device(scores);
    test::device_array<index_t> order(scores.size());
    rank_easy_to_hard(thrust::device, device.view(), order.view());
    CHECK(order.host() == expected);
    test::device_array<index_t> on_stream(scores.size());
    rank_easy_to_hard(thrust::cuda::par.on(stream), device.view(), on_stream.view());
    CHECK(on_stream.host() == expected);
  }
}

TEST_CASE("device vectors and strided columns rank on the device", "[cuda][ranking]")
{
  for (auto const& scores : test::score_columns<float>()) {
    auto const n = static_cast<index_t>(scores.size());
    std::vector<float> apart(2 * scores.size(), 7);
    for (std::size_t i = 0; i < scores.size(); ++i) { apart[2 * i] = scores[i]; }
    thrust::device_vector<float> const device(apart.begin(), apart.end());
    thrust::device_vector<index_t> order(scores.size());
    vector_view<float const, device_memory> const strided{thrust::raw_pointer_cast(device.data()),
                                                          n, 2};
    rank_easy_to_hard(thrust::device, strided, order);
    std::vector<index_t> host(scores.size());
    thrust::copy(order.begin(), order.end(), host.begin());
    CHECK(host == test::order_on_host(scores));
  }
}

TEST_CASE("a score on the device that is not a number is named by its sample", "[cuda][ranking]")
{
  std::vector<float> scores(1000, 1.0f);
  scores[437] = scores[612] = std::numeric_limits<float>::quiet_NaN();
  test::device_array<float> const device(scores);
  test::device_array<index_t> const order(scores.size()), too_short(999);
  CHECK(error_of<std::invalid_argument>([&] {
          rank_easy_to_hard(thrust::device, device.view(), order.view());
        }) == "prefopt::rank_easy_to_hard: score of sample 437: expected a number, got NaN");
  CHECK(error_of<std::invalid_argument>([&] {
          rank_easy_to_hard(thrust::device, device.view(), too_short.view());
        }) == "prefopt::rank_easy_to_hard: column 'order': expected 1000 elements, got 999");
}
