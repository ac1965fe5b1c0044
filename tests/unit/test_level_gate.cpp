// SPDX-License-Identifier: MIT
/// \file  Gates that open levels, and competence from a running margin.

#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <vector>

#include <prefopt/curriculum/level_gate.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"

namespace {

using namespace prefopt;

using column = std::vector<index_t>;
using numbers = std::vector<double>;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The level after each measurement.
column levels_after(level_gate gate, numbers const& margins)
{
  column levels;
  for (double const margin : margins) {
    gate.update(margin);
    levels.push_back(gate.level);
  }
  return levels;
}

/// A copy through bytes, as a checkpoint makes it.
template <class State>
State stored(State const& state)
{
  unsigned char bytes[sizeof(State)];
  std::memcpy(bytes, &state, sizeof bytes);
  State loaded;
  std::memcpy(&loaded, bytes, sizeof bytes);
  return loaded;
}

}  // namespace

TEST_CASE("a gate opens a level after patient success", "[curriculum]")
{
  level_gate const gate{.open_at = 0.5, .patience = 2, .levels = 3};
  CHECK(levels_after(gate, {0.6, 0.4, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6}) ==
        column{0, 0, 0, 1, 1, 2, 2, 2});
  CHECK(levels_after(gate, {0.5, 0.5}) == column{0, 1});  // at the threshold counts
  CHECK(levels_after(gate, {infinity, infinity, -infinity, -infinity}) == column{0, 1, 1, 1});
}

TEST_CASE("a gate closes a level after patient failure only", "[curriculum]")
{
  level_gate const gate{.open_at = 0.5, .close_below = 0.2, .patience = 2, .levels = 3, .level = 2};
  CHECK(levels_after(gate, {0.1, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1}) == column{2, 2, 2, 1, 1, 0, 0});
  CHECK(levels_after(gate, {0.2, 0.2, 0.2}) == column{2, 2, 2});
}

TEST_CASE("a gate never flaps", "[curriculum]")
{
  // Noise between the thresholds moves nothing, whatever came before.
  level_gate gate{.open_at = 0.5, .close_below = 0.3, .patience = 1, .levels = 5, .level = 2};
  for (int k = 0; k < 1000; ++k) {
    CHECK(!gate.update(0.3 + 0.1999 * std::fabs(std::sin(static_cast<double>(k)))));
  }
  // Even noise across both changes at most one level per `patience` measurements.
  for (index_t const patience : {1, 2, 5}) {
    level_gate wild{
        .open_at = 0.5, .close_below = 0.3, .patience = patience, .levels = 9, .level = 4};
    index_t last = -patience;
    for (index_t k = 0; k < 5000; ++k) {
      index_t const before = wild.level;
      if (wild.update(0.5 + std::sin(0.37 * static_cast<double>(k * k % 101)))) {
        CHECK(std::abs(wild.level - before) == 1);
        CHECK(k - last >= patience);
        last = k;
      }
      REQUIRE(wild.level >= 0);
      REQUIRE(wild.level < 9);
    }
  }
}

TEST_CASE("a gate goes on from its bytes", "[curriculum]")
{
  level_gate gate{.open_at = 0.5, .close_below = 0.2, .patience = 3, .levels = 4};
  level_gate other = gate;
  index_t changes = 0;
  for (int k = 0; k < 60; ++k) {
    double const margin = 0.5 + 0.5 * std::sin(0.2 * k);
    changes += gate.update(margin);
    other = stored(other);
    other.update(margin);
    REQUIRE(other == gate);
  }
  CHECK(changes > 3);
}

TEST_CASE("a gate refuses what it cannot answer", "[curriculum]")
{
  auto const message = [](level_gate gate, double margin) {
    return error_of<std::invalid_argument>([&] { gate.update(margin); });
  };
  CHECK(message({}, std::nan("")) == "prefopt::level_gate: margin: expected a number, got NaN");
  CHECK(mentions(message({.open_at = 0.5, .close_below = 0.5}, 1), {"close_below", "open_at"}));
  CHECK(mentions(message({.patience = 0}, 1), {"patience", "got 0"}));
  CHECK(mentions(message({.levels = 0}, 1), {"levels", "got 0"}));
  CHECK(levels_after({.patience = 1, .levels = 1}, {9, 9}) == column{0, 0});
}

TEST_CASE("competence grows with the running margin and never falls", "[curriculum]")
{
  prefopt::margin_competence c{.start = 0.2, .low = 0, .high = 2, .rate = 0.5};
  CHECK(c.update(-1) == 0.2);
  CHECK(c.update(3) == Approx(0.6));  // average 1
  CHECK(stored(c) == c);
  CHECK(c.update(-5) == Approx(0.6));
  CHECK(c.update(100) == 1);
  CHECK(c.update(-100) == 1);
  auto const message = [](prefopt::margin_competence of, double margin) {
    return error_of<std::invalid_argument>([&] { of.update(margin); });
  };
  CHECK(mentions(message({}, infinity), {"margin", "finite"}));
  CHECK(mentions(message({.low = 1, .high = 1}, 0), {"low", "below high"}));
  CHECK(mentions(message({.low = -infinity}, 0), {"low", "finite", "-inf"}));
  CHECK(mentions(message({.high = infinity}, 0), {"low", "high = inf"}));
  CHECK(mentions(message({.rate = 0}, 0), {"rate", "(0, 1]"}));
  CHECK(mentions(message({.start = 2}, 0), {"start", "[0, 1]"}));
}
