// SPDX-License-Identifier: MIT
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/row/sequence.hpp>
#include <prefopt/token/matching_blocks.hpp>
#include <prefopt/token/weights.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/fixtures.hpp"

namespace {

using namespace prefopt;
using json = nlohmann::json;
using ids = std::vector<std::int32_t>;
using block_list = std::vector<std::vector<index_t>>;

/// Made by Python's difflib; the file names its origin.
json const& difflib_cases()
{
  static json const file = [] {
    std::ifstream in(golden_dir() + "/difflib_blocks.json");
    if (!in) { throw std::runtime_error("cannot read " + golden_dir() + "/difflib_blocks.json"); }
    return json::parse(in).at("cases");
  }();
  return file;
}

block_list as_list(std::vector<matching_block> const& blocks)
{
  block_list list;
  for (auto const& b : blocks) { list.push_back({b.first_begin, b.second_begin, b.size}); }
  return list;
}

/// Positions with this weight.
std::vector<index_t> positions_of(std::vector<double> const& weight, double value)
{
  std::vector<index_t> positions;
  for (std::size_t t = 0; t < weight.size(); ++t) {
    if (weight[t] == value) { positions.push_back(static_cast<index_t>(t)); }
  }
  return positions;
}

struct pair_weights {
  std::vector<double> first, second;

  pair_weights(ids const& a, ids const& b, changed_token_options<double> const& options)
      : first(a.size(), -1), second(b.size(), -1)
  {
    changed_token_weights<double>(a, b, first, second, options);
  }
};

}  // namespace

TEST_CASE("matching blocks are those of difflib, with and without autojunk", "[token]")
{
  REQUIRE(difflib_cases().size() > 20);
  int differ = 0;
  for (auto const& c : difflib_cases()) {
    INFO(c.at("name"));
    auto const first = c.at("first").get<ids>();
    auto const second = c.at("second").get<ids>();
    auto const with = c.at("blocks").get<block_list>();
    auto const without = c.at("blocks_without_autojunk").get<block_list>();
    CHECK(as_list(matching_blocks(first, second)) == with);
    CHECK(as_list(matching_blocks(first, second, false)) == without);
    differ += with != without ? 1 : 0;
  }
  CHECK(differ >= 2);  // else the file would not show what autojunk does
}

TEST_CASE("autojunk begins at 200 tokens, as in difflib", "[token]")
{
  // Python 3.11: SequenceMatcher(None, [9, 1], [1] * n).get_matching_blocks()
  ids const first{9, 1}, shorter(199, 1), longer(200, 1);
  CHECK(as_list(matching_blocks(first, shorter)) == block_list{{1, 0, 1}});
  CHECK(matching_blocks(first, longer).empty());
  CHECK(as_list(matching_blocks(first, longer, false)) == block_list{{1, 0, 1}});
}

TEST_CASE("replaced tokens are those that RLHF-V's code weighs", "[token]")
{
  for (auto const& c : difflib_cases()) {
    INFO(c.at("name"));
    pair_weights const w(c.at("first").get<ids>(), c.at("second").get<ids>(),
                         {.changed = 5, .replaced_only = true});
    CHECK(positions_of(w.first, 5) == c.at("replaced_first").get<std::vector<index_t>>());
    CHECK(positions_of(w.second, 5) == c.at("replaced_second").get<std::vector<index_t>>());
    CHECK(positions_of(w.first, -1).empty());  // every token has a weight
    CHECK(positions_of(w.second, -1).empty());
  }
}

TEST_CASE("tokens outside long blocks are changed, insertions and short matches included",
          "[token]")
{
  ids const a{1, 2, 3, 4, 70, 5, 6, 71, 7, 8, 9};
  ids const b{1, 2, 3, 4, 80, 5, 6, 81, 7, 8, 9, 82};
  pair_weights const w(a, b, {});
  CHECK(w.first == std::vector<double>{1, 1, 1, 1, 3, 3, 3, 3, 1, 1, 1});
  CHECK(w.second == std::vector<double>{1, 1, 1, 1, 3, 3, 3, 3, 1, 1, 1, 3});
  pair_weights const replaced(a, b, {.replaced_only = true});
  CHECK(replaced.second == std::vector<double>{1, 1, 1, 1, 3, 3, 3, 3, 1, 1, 1, 1});
  pair_weights const short_blocks(a, b, {.changed = 1, .unchanged = 0, .shortest_block = 1});
  CHECK(short_blocks.first == std::vector<double>{0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0});
}

TEST_CASE("CHiP's segment log-probability is a weighted mean", "[token]")
{
  double const gamma = 0.1;
  ids const a{1, 2, 3, 4, 5, 70, 71}, b{1, 2, 3, 4, 5, 80};
  pair_weights const w(a, b, {.changed = 1 + gamma});
  std::vector<double> const log_prob{-1, -2, -0.5, -4, -0.25, -3, -1.5};
  std::vector<double> mean(1);
  sequence_sums<double>(padded_sequences{1, 7}, {.log_prob = log_prob, .weight = w.first},
                        {.mean = mean});
  double const sum = -12.25, changed_sum = -4.5;  // tokens 70 and 71
  CHECK(mean[0] == Approx((sum + gamma * changed_sum) / (7 + gamma * 2)).epsilon(1e-15));
}

TEST_CASE("tokens beyond the shared length weigh alpha; masked ones do not count", "[token]")
{
  // Two pairs, interleaved: answers of 2 and 4 tokens, and of 3 and 0.
  std::vector<std::uint8_t> const mask{0, 1, 1, 0, 0, 0,  //
                                       0, 1, 1, 1, 1, 0,  //
                                       1, 0, 1, 1, 0, 0,  //
                                       0, 0, 0, 0, 0, 0};
  std::vector<index_t> const partner{1, 0, 3, 2};
  std::vector<float> weight(mask.size(), -1);
  shared_length_weights(padded_sequences{4, 6}, mask, partner, 0.25f, weight);
  CHECK(weight == std::vector<float>{0,    1, 1,    0,    0,    0,  //
                                     0,    1, 1,    .25f, .25f, 0,  //
                                     .25f, 0, .25f, .25f, 0,    0,  //
                                     0,    0, 0,    0,    0,    0});
  std::vector<float> all(4);
  std::vector<std::int32_t> const offsets{0, 1, 4};
  std::vector<index_t> const other{1, 0};
  shared_length_weights(make_packed(offsets), {}, other, 0.5f, all);
  CHECK(all == std::vector<float>{1, 1, .5f, .5f});
}

TEST_CASE("token weights refuse what does not fit, by name", "[token]")
{
  ids const a{1, 2, 3}, b{1, 2};
  std::vector<float> three(3), two(2);
  CHECK(
      mentions(error_of<std::invalid_argument>([&] { changed_token_weights(a, b, three, three); }),
               {"changed_token_weights", "second_weight", "2 elements", "got 3"}));
  for (index_t const outside : {7, -1}) {
    std::vector<index_t> const partner{1, outside};
    CHECK(mentions(error_of<std::invalid_argument>([&] {
                     shared_length_weights(padded_sequences{2, 1}, {}, partner, 0.5f, two);
                   }),
                   {"shared_length_weights", "partner of sequence 1", "below 2",
                    "got " + std::to_string(outside)}));
  }
}
