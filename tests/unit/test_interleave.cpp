// SPDX-License-Identifier: MIT
/// \file  Two rows of draws made one.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <prefopt/curriculum/interleave.hpp>

#include "support/catch.hpp"

namespace {

using prefopt::index_t;
using prefopt::detail::interleave;

}  // namespace

TEST_CASE("each row is gone through once and in order, wherever the pattern begins", "[sampler]")
{
  for (index_t draws = 1; draws <= 40; ++draws) {
    for (index_t first = 0; first <= draws; ++first) {
      for (index_t offset = 0; offset < draws; ++offset) {
        interleave const mix{first, draws, offset};
        REQUIRE(mix.at(0).of_first == 0);
        REQUIRE(mix.at(draws).of_first == first);
        for (index_t p = 0; p < draws; ++p) {
          index_t const step = mix.at(p + 1).of_first - mix.at(p).of_first;
          REQUIRE(step == (mix.is_first(mix.at(p)) ? 1 : 0));
          REQUIRE(mix.at(p).of_first == (p * first + offset) / draws);
        }
      }
    }
  }
}

TEST_CASE("long rows are interleaved as short ones in proportion", "[sampler]")
{
  // A common factor changes nothing, and leads to the product that does not fit.
  for (index_t const factor : {index_t{1} << 31, (index_t{1} << 40) - 1, index_t{1} << 56}) {
    for (index_t const draws : {1, 2, 3, 37, 63}) {
      for (index_t first = 0; first <= draws; ++first) {
        interleave const small{first, draws, draws / 3},
            large{first * factor, draws * factor, draws / 3 * factor};
        for (index_t p = 0; p <= draws; ++p) {
          auto const a = small.at(p), b = large.at(p);
          REQUIRE(b.of_first == a.of_first);
          REQUIRE(b.rest == a.rest * factor);
        }
        REQUIRE(large.at(draws * factor).of_first == first * factor);
        REQUIRE(large.at(draws * factor - 1).of_first >= first * factor - 1);
      }
    }
  }
  // Either side of where the product begins not to fit.
  constexpr index_t edge = index_t{1} << 31;
  for (index_t const draws : {edge - 1, edge, edge + 1}) {
    interleave const mix{draws / 3, draws, 5};
    auto const place = mix.at(draws / 7);
    auto const product =
        static_cast<std::uint64_t>(draws / 7) * static_cast<std::uint64_t>(draws / 3) + 5;
    CHECK(static_cast<std::uint64_t>(place.of_first) ==
          product / static_cast<std::uint64_t>(draws));
    CHECK(static_cast<std::uint64_t>(place.rest) == product % static_cast<std::uint64_t>(draws));
  }
}

TEST_CASE("rows are merged as their positions say", "[sampler]")
{
  constexpr index_t draws = 977;
  for (index_t const first : {1, 100, 488, 976}) {
    interleave const mix{first, draws, 321};
    std::vector<index_t> lower, upper, merged(draws);
    for (index_t i = 0; i < draws; ++i) {
      lower.push_back(i);
      upper.push_back(-1 - i);
    }
    for (index_t begin = 0; begin < draws; begin += 100) {
      index_t const count = draws - begin < 100 ? draws - begin : 100;
      auto const place = mix.at(begin);
      mix.merge(place, count, lower.data() + place.of_first,
                upper.data() + (begin - place.of_first), merged.data() + begin);
    }
    for (index_t p = 0; p < draws; ++p) {
      auto const place = mix.at(p);
      REQUIRE(merged[static_cast<std::size_t>(p)] ==
              (mix.is_first(place) ? place.of_first : -1 - (p - place.of_first)));
    }
  }
}
