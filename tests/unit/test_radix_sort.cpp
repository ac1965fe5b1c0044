// SPDX-License-Identifier: MIT
/// \file  Records sorted by their keys, digit by digit.

#include <algorithm>
#include <cstdint>
#include <vector>

#include <prefopt/core/permutation.hpp>
#include <prefopt/core/radix_sort.hpp>

#include "support/catch.hpp"
#include "support/sampler_cases.hpp"

namespace {

using namespace prefopt;
using namespace prefopt::test;

}  // namespace

TEST_CASE("words are sorted by their upper halves and equal ones keep their order", "[sampler]")
{
  for (index_t const count : {0, 1, 700, 1000, 5000}) {
    for (std::uint32_t const largest :
         {0u, 1u, 255u, 256u, 2048u, 65535u, 70000u, 5000000u, 0x7FFFFFFFu}) {
      column keys;
      for (index_t i = 0; i < count; ++i) {
        auto const upper = derived_seed(3, i, 0) % (std::uint64_t{largest} + 1);
        keys.push_back((static_cast<index_t>(upper) << 32) | (count - 1 - i));
      }
      column expected = keys, other(keys.size());
      std::sort(expected.begin(), expected.end(), [](index_t a, index_t b) {
        return (a >> 32) != (b >> 32) ? a < b : a > b;  // lower halves fall in the order of keys
      });
      auto const upper_half = [](index_t word) { return static_cast<std::uint32_t>(word >> 32); };
      index_t const* const sorted =
          detail::radix_sort(keys.data(), other.data(), count, upper_half, largest);
      CHECK(column(sorted, sorted + count) == expected);
    }
  }
}
