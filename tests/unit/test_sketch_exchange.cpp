// SPDX-License-Identifier: MIT
/// \file  Quantile sketches as bytes, and with score tables over ranks.

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/ranking/quantile_sketch.hpp>
#include <prefopt/ranking/sketch_exchange.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/rank_scores.hpp"
#include "support/score_distributions.hpp"
#include "support/thread_ranks.hpp"

using namespace prefopt;
using namespace prefopt::test;

namespace {

using column = score_column;

}  // namespace

TEST_CASE("a sketch goes on from its bytes, of the size that is stated", "[sketch]")
{
  column const scores = scores_of(distributions[3], 9001);
  quantile_sketch whole(64, 3);
  whole.push_column(scores);
  quantile_sketch first(64, 3);
  first.push_column(vector_view<double const>(scores.data(), 4444));
  std::string const bytes = encode_sketch(first);
  std::size_t stated = 80;
  for (auto const& level : first.levels()) {
    CHECK(level.scores.size() < 64);
    stated += 24 + 8 * level.scores.size();
  }
  CHECK(bytes.size() == stated);
  quantile_sketch second = decode_sketch(bytes);
  second.push_column(vector_view<double const>(scores.data() + 4444, 9001 - 4444));
  CHECK(encode_sketch(second) == encode_sketch(whole));

  auto const message = [](std::string const& changed) {
    return error_of<std::invalid_argument>([&] { decode_sketch(changed, "the file"); });
  };
  for (std::size_t size = 0; size < bytes.size(); size += size < 200 ? 1 : 97) {
    REQUIRE(mentions(message(bytes.substr(0, size)), {"decode_sketch: the file"}));
  }
  CHECK(mentions(message(bytes + '\0'), {"cut short, or changed"}));
  CHECK(mentions(message("something else altogether, it seems"), {"a quantile sketch"}));
  for (std::size_t k = 0; k < bytes.size(); k += k < 200 ? 1 : 97) {
    std::string changed = bytes;
    changed[k] = static_cast<char>(changed[k] ^ 4);
    REQUIRE(mentions(message(changed), {"the file"}));
  }
}

TEST_CASE("sketches and score tables over ranks are those of one process, bit for bit",
          "[sketch][score_table]")
{
  for (int const size : {1, 2, 3, 7, 64}) {
    for (index_t const samples : {0, 1, 63, 5000}) {
      thread_ranks ranks(size);
      std::vector<std::string> wrong(static_cast<std::size_t>(size));
      ranks.launch([&](auto const& member) {
        wrong[static_cast<std::size_t>(member.rank())] =
            prefopt::test::scores_that_differ_from_one_rank(member, samples);
      });
      CHECK(wrong == std::vector<std::string>(wrong.size()));
    }
  }
}
