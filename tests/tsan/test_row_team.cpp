// SPDX-License-Identifier: MIT
/// \file  Row algorithms on a team of threads, for ThreadSanitizer. Run without arguments it must
/// exit with 0. With the argument `no-barrier` the executor's barrier does nothing, and the
/// sanitizer must report the race between reading logits[target] and the store in place.

#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include <prefopt/row/log_prob.hpp>

#include "support/thread_team.hpp"

namespace {

using prefopt::index_t;
using prefopt::vector_view;
using stats = prefopt::logit_stats<double>;

std::vector<double> logits_of(index_t size)
{
  std::vector<double> x;
  for (index_t j = 0; j < size; ++j) { x.push_back(3.0 * std::sin(static_cast<double>(7 * j))); }
  return x;
}

/// The gradient of one row, in place.
template <class Executor>
void differentiate(Executor& ex, vector_view<double> row, index_t target)
{
  auto const result = prefopt::row_log_prob<double>(ex, row, target);
  prefopt::row_log_prob_gradient<double>(ex, row, row, target, result,
                                         {.d_log_prob = 1.0, .d_entropy = 0.5});
}

/// Largest difference between the team's and the serial gradient over a few rows.
template <bool Barrier>
double team_error(int lanes)
{
  double error = 0;
  for (index_t const size : {1, 2, 31, 64, 257}) {
    for (index_t const target : {index_t(0), size / 2, size - 1}) {
      auto expected = logits_of(size);
      auto got = expected;
      prefopt::serial_executor serial;
      differentiate(serial, expected, target);
      prefopt::test::thread_team<stats, Barrier> team(lanes);
      team.launch([&](auto& lane, int) { differentiate(lane, got, target); });
      for (std::size_t j = 0; j < got.size(); ++j) {
        error = std::fmax(error, std::abs(got[j] - expected[j]));
      }
    }
  }
  return error;
}

}  // namespace

int main(int argc, char** argv)
{
  bool const barrier = !(argc > 1 && std::strcmp(argv[1], "no-barrier") == 0);
  for (int const lanes : {1, 2, 4}) {
    double const error = barrier ? team_error<true>(lanes) : team_error<false>(lanes);
    std::printf("%d lanes: largest difference from the serial gradient %.3g\n", lanes, error);
    if (barrier && !(error < 1e-14)) { return 1; }
  }
  return 0;
}
