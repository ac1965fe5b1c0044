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

// An emulated device takes seconds for thousands of scores: few columns are that long.

TEMPLATE_TEST_CASE("scores on the device rank with the host's order", "[cuda][ranking]", float,
                   double)
{
  auto columns = test::score_columns<TestType>({33});
  columns.push_back(test::score_columns<TestType>({5000}).back());  // more than one block sorts
  for (auto const& scores : columns) {
    CAPTURE(scores.size());
    test::device_array<TestType> const device(scores);
    test::device_array<index_t> order(scores.size());
    rank_easy_to_hard(thrust::device, device.view(), order.view());
    CHECK(order.host() == test::order_on_host(scores));
  }
}

TEST_CASE("device vectors and strided columns rank on the device, on a stream", "[cuda][ranking]")
{
  auto const scores = test::score_columns<float>({257}).back();
  auto const n = static_cast<index_t>(scores.size());
  std::vector<float> apart(2 * scores.size(), 7);
  for (std::size_t i = 0; i < scores.size(); ++i) { apart[2 * i] = scores[i]; }
  thrust::device_vector<float> const device(apart.begin(), apart.end());
  thrust::device_vector<index_t> order(scores.size());
  vector_view<float const, device_memory> const strided{thrust::raw_pointer_cast(device.data()), n,
                                                        2};
  std::vector<index_t> host(scores.size());
  rank_easy_to_hard(thrust::device, strided, order);
  thrust::copy(order.begin(), order.end(), host.begin());
  CHECK(host == test::order_on_host(scores));

  test::stream const stream;
  test::device_array<index_t> on_stream(scores.size());
  rank_easy_to_hard(thrust::cuda::par.on(stream), strided, on_stream.view());
  CHECK(on_stream.host() == host);
}

namespace {

/// The level of sample i, as a device functor.
struct level_of {
  vector_view<float const, device_memory> scores;
  vector_view<level_cut<float> const, device_memory> cuts;

  PREFOPT_HD index_t operator()(index_t i) const { return level_of_sample(scores[i], i, cuts); }
};

}  // namespace

TEMPLATE_TEST_CASE("scores on the device are cut into the host's levels", "[cuda][ranking]", float,
                   double)
{
  auto const check = [](std::vector<TestType> const& scores, std::vector<index_t> const& offsets) {
    CAPTURE(scores.size(), offsets);
    std::vector<level_cut<TestType>> expected(offsets.size() - 2), cuts(offsets.size() - 2);
    std::vector<index_t> workspace(static_cast<std::size_t>(
        level_cuts_workspace<TestType>(static_cast<index_t>(expected.size()))));
    level_cuts(scores, {offsets}, expected, workspace);
    test::device_array<TestType> const device(scores);
    level_cuts(thrust::device, device.view(), {offsets}, cuts);
    CHECK((cuts == expected));
  };
  for (auto const& scores : test::score_columns<TestType>({33})) {
    std::vector<index_t> offsets(4);
    levels_of_equal_size(static_cast<index_t>(scores.size()), offsets);
    check(scores, offsets);
  }
  auto const scores = test::score_columns<TestType>({600}).back();  // more than one block counts
  for (auto const& offsets :
       std::vector<std::vector<index_t>>{{0, 600}, {0, 600, 600}, {0, 0, 200, 201, 600, 600}}) {
    check(scores, offsets);
  }
}

TEST_CASE("a kernel finds the level of a sample by comparing it with the cuts", "[cuda][ranking]")
{
  std::vector<float> const scores{4, 1, 4, 2, 4, 0};
  std::vector<level_cut<float>> const cuts{{2, 3}, {4, 2}};
  test::device_array<float> const device(scores);
  test::device_array<level_cut<float>> const device_cuts(cuts);
  test::device_array<index_t> levels(scores.size());
  thrust::transform(thrust::device, thrust::counting_iterator<index_t>(0),
                    thrust::counting_iterator<index_t>(6), levels.view().data,
                    level_of{device.view(), device_cuts.view()});
  CHECK(levels.host() == std::vector<index_t>{1, 0, 2, 1, 2, 0});
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
  for (auto const& offsets :
       std::vector<std::vector<index_t>>{{0, 500, 1000}, {0, 1000, 1000}, {0, 1000}}) {
    std::vector<level_cut<float>> cuts(offsets.size() - 2);
    CHECK(error_of<std::invalid_argument>([&] {
            level_cuts(thrust::device, device.view(), {offsets}, cuts);
          }) == "prefopt::level_cuts: score of sample 437: expected a number, got NaN");
  }
}
