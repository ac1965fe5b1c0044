// SPDX-License-Identifier: MIT
/// \file  UniMax: its paper's shares in whole draws.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <prefopt/curriculum/curriculum.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/unimax.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/schedule_draws.hpp"

namespace {

using namespace prefopt;
using namespace prefopt::test;

/// UniMax as its paper writes it: real numbers, smallest source first.
numbers unimax_of_paper(column sizes, double budget, double max_epochs)
{
  std::vector<std::size_t> by_size(sizes.size());
  std::iota(by_size.begin(), by_size.end(), std::size_t{0});
  std::sort(by_size.begin(), by_size.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(sizes[a], a) < std::pair(sizes[b], b);
  });
  numbers share(sizes.size());
  for (std::size_t i = 0; i < by_size.size(); ++i) {
    double const even = budget / static_cast<double>(by_size.size() - i);
    double const cap = max_epochs * static_cast<double>(sizes[by_size[i]]);
    share[by_size[i]] = even > cap ? cap : even;
    budget -= share[by_size[i]];
  }
  return share;
}

}  // namespace

TEST_CASE("UniMax divides its budget as its paper does, in whole draws", "[curriculum]")
{
  for (column const& sizes : {column{10, 100, 1000}, column{1000, 10, 100}, column{7, 7, 7},
                              column{1, 2, 3, 500, 2}, column{12, 0, 5}, column{3}}) {
    for (index_t const epochs : {1, 2, 3, 5}) {
      for (index_t const most : {1, 2, 4, 9}) {
        CAPTURE(sizes, epochs, most);
        column const offsets = offsets_of(sizes);
        column const draws = draws_in(prefopt::unimax{most, epochs}, 0, offsets);
        index_t const budget = std::min(epochs, most) * offsets.back();
        CHECK(total(draws) == budget);
        numbers const exact =
            unimax_of_paper(sizes, static_cast<double>(budget), static_cast<double>(most));
        for (std::size_t k = 0; k < sizes.size(); ++k) {
          CHECK(std::fabs(static_cast<double>(draws[k]) - exact[k]) < 1);
          CHECK(draws[k] <= most * sizes[k]);
        }
      }
    }
  }
}

TEST_CASE("UniMax fills small levels first, in whatever order they come", "[curriculum]")
{
  // The largest first, as in one port, would leave 600 of the budget of 1110 unspent.
  CHECK(draws_in(prefopt::unimax{.max_epochs = 4, .epochs = 1}, 0, offsets_of({1000, 100, 10})) ==
        column{670, 400, 40});
  // A budget above all caps is cut to them, not drawn beyond them.
  CHECK(draws_in(prefopt::unimax{.max_epochs = 2, .epochs = 9}, 0, offsets_of({3, 5})) ==
        column{6, 10});
  CHECK(visits(prefopt::unimax{.max_epochs = 2, .epochs = 9}, offsets_of({3, 5})) == column(8, 2));
  // No cap at all.
  constexpr index_t any = std::numeric_limits<index_t>::max();
  CHECK(draws_in(prefopt::unimax{.max_epochs = any, .epochs = 1}, 0, offsets_of({10, 1, 0, 4})) ==
        column{5, 5, 0, 5});
  CHECK(mentions(error_of<std::invalid_argument>([] {
                   column const offsets{0, 3};
                   (void)prefopt::unimax{.max_epochs = any, .epochs = any}.part(0, 0, {offsets});
                 }),
                 {"unimax", "epochs", "2^62 draws"}));
  CHECK(mentions(error_of<std::invalid_argument>([] {
                   column const offsets{0, 3};
                   (void)prefopt::unimax{.max_epochs = -1}.phases({offsets});
                 }),
                 {"unimax", "0 or more", "-1"}));
}
