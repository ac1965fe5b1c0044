// SPDX-License-Identifier: MIT
/// \file  Sequence sums and token seeds on the device: the host's bits, in either layout.

#include "support/catch.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <prefopt/cuda/sequence.cuh>
#include <prefopt/row/sequence.hpp>

#include "cuda/compare.hpp"
#include "cuda/device.hpp"

using namespace prefopt;

namespace {

using device_offsets = packed_sequences<std::int32_t, device_memory>;

/// Tokens with masks and weights, and a sequence without any token that counts.
struct tokens {
  std::vector<std::int32_t> offsets{0};
  std::vector<float> log_prob, entropy, weight;
  std::vector<std::uint8_t> mask;

  explicit tokens(int sequences)
  {
    for (int s = 0; s < sequences; ++s) { offsets.push_back(offsets.back() + s * 5 % 37); }
    auto const n = static_cast<std::size_t>(offsets.back());
    log_prob = test::random_column<float>(1, n);
    entropy = test::random_column<float>(2, n);
    weight = test::random_column<float>(3, n);
    for (std::size_t t = 0; t < n; ++t) {
      log_prob[t] /= 20.0f;  // some probabilities are worth adding
      entropy[t] /= -50.0f;
      weight[t] = t % 4 == 0 ? 0.0f : -weight[t];
      mask.push_back(t % 3 == 0 ? 0 : 1);
    }
  }
};

struct results {
  std::vector<float> sum, mean, count, weight, entropy, target_entropy;

  explicit results(std::size_t n)
      : sum(n), mean(n), count(n), weight(n), entropy(n), target_entropy(n)
  {
  }
};

}  // namespace

TEST_CASE("sequence sums on the device have the host's bits", "[cuda][sequence]")
{
  for (int const sequences : {0, 2, 7, 100}) {
    tokens const t(sequences);
    auto const n = static_cast<std::size_t>(sequences);
    results expected(n);
    sequence_sums<float>(
        make_packed(t.offsets),
        {.log_prob = t.log_prob, .entropy = t.entropy, .weight = t.weight, .mask = t.mask},
        {expected.sum, expected.mean, expected.count, expected.weight, expected.entropy,
         expected.target_entropy});

    test::device_array<std::int32_t> const offsets(t.offsets);
    test::device_array<float> const log_prob(t.log_prob), entropy(t.entropy), weight(t.weight);
    test::device_array<std::uint8_t> const mask(t.mask);
    test::device_array<float> const sum(n), mean(n), count(n), total(n), entropies(n), targets(n);
    test::stream const stream;
    REQUIRE(gpu::sequence_sums<float>(stream, device_offsets{offsets.view()},
                                      {.log_prob = log_prob.view(),
                                       .entropy = entropy.view(),
                                       .weight = weight.view(),
                                       .mask = mask.view()},
                                      {sum.view(), mean.view(), count.view(), total.view(),
                                       entropies.view(), targets.view()}) == cudaSuccess);
    stream.wait();
    CHECK(sum.host() == expected.sum);
    CHECK(mean.host() == expected.mean);
    CHECK(count.host() == expected.count);
    CHECK(total.host() == expected.weight);
    CHECK(entropies.host() == expected.entropy);
    test::require_close(targets.host(), expected.target_entropy);  // the device's own exp
  }
}

TEST_CASE("token seeds on the device have the host's bits", "[cuda][sequence]")
{
  bool const mean = GENERATE(false, true);
  bool const accumulate = GENERATE(false, true);
  tokens const t(40);
  std::vector<float> const d_sequence = test::random_column<float>(9, 40);
  std::vector<float> expected(t.log_prob.size() + 3, 7.0f);  // three tokens after the last sequence
  std::vector<float> weight = t.weight;
  std::vector<std::uint8_t> mask = t.mask;
  weight.resize(expected.size(), 1.0f);
  mask.resize(expected.size(), 1);
  token_seeds<float>(make_packed(t.offsets), {.weight = weight, .mask = mask}, d_sequence, expected,
                     {.mean = mean, .scale = 0.125f, .accumulate = accumulate});

  test::device_array<std::int32_t> const offsets(t.offsets);
  test::device_array<float> const device_weight(weight), device_d(d_sequence);
  test::device_array<std::uint8_t> const device_mask(mask);
  test::device_array<float> const seeds(std::vector<float>(expected.size(), 7.0f));
  test::stream const stream;
  REQUIRE(gpu::token_seeds<float>(stream, device_offsets{offsets.view()},
                                  {.weight = device_weight.view(), .mask = device_mask.view()},
                                  device_d.view(), seeds.view(),
                                  {.mean = mean, .scale = 0.125f, .accumulate = accumulate}) ==
          cudaSuccess);
  stream.wait();
  CHECK(seeds.host() == expected);
}

TEST_CASE("padded sequences give the sums of packed ones", "[cuda][sequence]")
{
  index_t const count = 5;
  index_t const length = 16;
  std::vector<float> const log_prob = test::random_column<float>(4, count * length);
  std::vector<std::uint8_t> mask(log_prob.size(), 1);
  std::vector<float> packed;
  std::vector<std::int32_t> offsets{0};
  for (index_t s = 0; s < count; ++s) {
    for (index_t t = 0; t < length; ++t) {
      auto const k = static_cast<std::size_t>(s * length + t);
      mask[k] = t < 3 * s ? 1 : 0;
      if (mask[k] != 0) { packed.push_back(log_prob[k]); }
    }
    offsets.push_back(static_cast<std::int32_t>(packed.size()));
  }
  test::device_array<float> const a(log_prob), b(packed), sum_a(count), sum_b(count);
  test::device_array<std::uint8_t> const device_mask(mask);
  test::device_array<std::int32_t> const device_cu(offsets);
  REQUIRE(gpu::sequence_sums<float>(nullptr, padded_sequences{count, length},
                                    {.log_prob = a.view(), .mask = device_mask.view()},
                                    {.sum = sum_a.view()}) == cudaSuccess);
  REQUIRE(gpu::sequence_sums<float>(nullptr, device_offsets{device_cu.view()},
                                    {.log_prob = b.view()}, {.sum = sum_b.view()}) == cudaSuccess);
  CHECK(sum_a.host() == sum_b.host());
  CHECK(sum_a.host()[0] == 0.0f);
}

TEST_CASE("seeds of padded sequences overwrite what was there", "[cuda][sequence]")
{
  padded_sequences const layout{3, 4};
  std::vector<std::uint8_t> const mask{1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0};
  test::device_array<float> const d(std::vector<float>{2.0f, 3.0f, 5.0f});
  for (std::size_t const after : {0u, 2u}) {  // tokens after the last sequence
    std::vector<std::uint8_t> longer = mask;
    longer.resize(mask.size() + after, 1);
    test::device_array<std::uint8_t> const counted(longer);
    test::device_array<float> const seeds(std::vector<float>(longer.size(), 7.0f));
    REQUIRE(gpu::token_seeds<float>(nullptr, layout, {.mask = counted.view()}, d.view(),
                                    seeds.view()) == cudaSuccess);
    std::vector<float> expected{2, 2, 0, 0, 3, 3, 3, 3, 0, 0, 0, 0};
    expected.resize(longer.size(), 0.0f);
    CHECK(seeds.host() == expected);
  }
}

TEST_CASE("offsets that leave the tokens give NaN, and are not followed", "[cuda][sequence]")
{
  test::device_array<std::int32_t> const offsets(std::vector<std::int32_t>{0, 2, 9, 1, -4});
  test::device_array<float> const log_prob(std::vector<float>(3, -1.0f));
  test::device_array<float> const sum(4), count(4), d(std::vector<float>(4, 1.0f)), seeds(3);
  REQUIRE(gpu::sequence_sums<float>(nullptr, device_offsets{offsets.view()},
                                    {.log_prob = log_prob.view()},
                                    {.sum = sum.view(), .count = count.view()}) == cudaSuccess);
  CHECK(sum.host()[0] == -2.0f);
  CHECK(count.host()[0] == 2.0f);
  for (std::size_t s = 1; s < 4; ++s) {
    CHECK(std::isnan(sum.host()[s]));
    CHECK(std::isnan(count.host()[s]));
  }
  REQUIRE(gpu::token_seeds<float>(nullptr, device_offsets{offsets.view()}, {}, d.view(),
                                  seeds.view()) == cudaSuccess);
  CHECK(seeds.host() == std::vector<float>{1.0f, 1.0f, 0.0f});
}

TEST_CASE("sequence columns that do not fit are refused", "[cuda][sequence]")
{
  test::device_array<std::int32_t> const offsets(3);
  test::device_array<float> const log_prob(8), one(1);
  device_offsets const layout{offsets.view()};
  CHECK_THROWS_AS((void)gpu::sequence_sums<float>(nullptr, layout, {}, {.sum = log_prob.view()}),
                  std::invalid_argument);
  CHECK_THROWS_AS((void)gpu::sequence_sums<float>(nullptr, layout, {.log_prob = log_prob.view()},
                                                  {.sum = one.view()}),
                  std::invalid_argument);
  CHECK_THROWS_AS(
      (void)gpu::sequence_sums<float>(nullptr, device_offsets{}, {.log_prob = log_prob.view()}, {}),
      std::invalid_argument);
  CHECK_THROWS_AS((void)gpu::token_seeds<float>(nullptr, layout, {}, one.view(), log_prob.view()),
                  std::invalid_argument);
}
