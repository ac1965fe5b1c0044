// SPDX-License-Identifier: MIT
/// \file  A kernel that draws its own batches: the host's samples.

#include "support/catch.hpp"

#include <vector>

#include <prefopt/curriculum/pacing/linear_pacing.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/look_back.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/curriculum/schedules/paced.hpp>
#include <prefopt/ranking/levels.hpp>
#include <prefopt/ranking/rank.hpp>

#include "cuda/device.hpp"

using namespace prefopt;

namespace {

PREFOPT_KERNEL void draw_batch(epoch_order epoch, vector_view<index_t const, device_memory> order,
                               index_t position, vector_view<index_t, device_memory> samples)
{
  index_t const i = index_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < samples.size()) { samples[i] = draw(epoch, order, position + i); }
}

template <class Schedule>
void check(Schedule const& schedule)
{
  constexpr index_t samples = 1003, batch = 200;
  std::vector<index_t> order(samples), offsets(3 + 1), indices(batch);
  rank_at_random(5, order);
  levels_of_equal_size(samples, offsets);
  curriculum_sampler sampler(schedule, order, offsets, {.batch = batch, .seed = 3});
  test::device_array<index_t> const device_order(order);
  test::stream const stream;
  while (!sampler.done()) {
    epoch_order const epoch = sampler.epoch();
    index_t const position = sampler.state().position;
    auto const count = static_cast<std::size_t>(sampler.next(indices).count);
    test::device_array<index_t> const drawn(count);
    draw_batch<<<static_cast<unsigned>((count + 63) / 64), 64, 0, stream>>>(
        epoch, device_order.view(), position, drawn.view());
    test::check(cudaGetLastError());
    stream.wait();
    REQUIRE(drawn.host() ==
            std::vector<index_t>(indices.begin(), indices.begin() + static_cast<index_t>(count)));
  }
}

}  // namespace

TEST_CASE("a kernel draws the host's samples", "[cuda][sampler]")
{
  check(one_pass{.epochs = 2});
  check(look_back{.share = 3.4});  // two parts; the second is run through more than once
  check(paced<linear_pacing>{.pacing = {.start = 0.05}, .steps = 4, .epochs = 2});
}
