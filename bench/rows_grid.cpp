// SPDX-License-Identifier: MIT
/// \file  Whether the cost of rows grows as their elements do: nanoseconds per element over
/// 2^8 ... 2^16 rows and vocabularies of 2^10 ... 2^18, and of one less with unaligned rows.
///
///     bench_rows_grid [RESULTS.json] [--quick]
///
/// Each point goes through an arena that no cache holds, as many rows to a call as the point has.
/// A result is checked before anything is timed. Points differ from their neighbours by 25 % at
/// most, or are named.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <prefopt/row/rows.hpp>

#include "measure.hpp"

namespace {

using namespace prefopt;

constexpr int first_rows = 8, last_rows = 16, first_vocabulary = 10, last_vocabulary = 18;
constexpr int most_elements = 26;  ///< of a point: 2^26

struct point {
  int log_rows, log_vocabulary;
  bool odd;
  std::vector<double> seconds = {};
  index_t elements = 0;
  double ns = 0;

  index_t rows() const { return index_t{1} << log_rows; }
  index_t vocabulary() const { return (index_t{1} << log_vocabulary) - (odd ? 1 : 0); }
};

template <class Stored>
struct arena {
  std::vector<Stored> logits, gradient;
  std::vector<std::int32_t> targets;
  std::vector<float> log_prob, entropy, log_normalizer, seed;

  explicit arena(index_t elements)
  {
    std::mt19937 generator(1);
    std::normal_distribution<float> normal(0, 3);
    std::vector<Stored> pattern((1 << 20) - 3);
    for (Stored& x : pattern) { x = detail::from_real<Stored>(normal(generator)); }
    logits.resize(static_cast<std::size_t>(elements) + 1);
    for (std::size_t i = 0; i < logits.size(); ++i) { logits[i] = pattern[i % pattern.size()]; }
    gradient.resize(logits.size());
    targets.resize(std::size_t{1} << last_rows);
    for (std::size_t i = 0; i < targets.size(); ++i) {
      targets[i] = static_cast<std::int32_t>(i * 7919 % 1000);
    }
    log_prob.resize(targets.size());
    entropy = log_normalizer = log_prob;
    seed.assign(targets.size(), 0.5f);
  }

  index_t elements() const { return static_cast<index_t>(logits.size()) - 1; }

  /// All calls of a point; returns the elements that were visited.
  index_t run(point const& p, bool backward, index_t wanted, int threads)
  {
    index_t const size = p.rows() * p.vocabulary();
    index_t const calls = std::max<index_t>(1, std::min(elements(), wanted) / size);
    auto const rows = [&](auto& column) { return as_vector(column).part(0, p.rows()); };
    for (index_t call = 0; call < calls; ++call) {
      index_t const first = call * size + (p.odd ? 1 : 0);
      matrix_view<Stored const> const x(logits.data() + first, p.rows(), p.vocabulary());
      vector_view<std::int32_t const> const y(targets.data(), p.rows());
      if (backward) {
        logit_gradients(x, y, {.d_log_prob = rows(seed), .d_entropy = rows(seed)},
                        matrix_view<Stored>(gradient.data() + first, p.rows(), p.vocabulary()),
                        {.forward = {.log_prob = rows(log_prob),
                                     .entropy = rows(entropy),
                                     .log_normalizer = rows(log_normalizer)},
                         .threads = threads});
      } else {
        log_probs(x, y,
                  {.log_prob = rows(log_prob),
                   .entropy = rows(entropy),
                   .log_normalizer = rows(log_normalizer)},
                  {.threads = threads});
      }
    }
    return calls * size;
  }

  bool check(point const& p)
  {
    run(p, false, 1, 1);
    for (index_t i = 0; i < p.rows(); i += 97) {
      double sum = 0, shifted = 0;
      Stored const* const row = logits.data() + (p.odd ? 1 : 0) + i * p.vocabulary();
      for (index_t j = 0; j < p.vocabulary(); ++j) {
        double const x = detail::to_real<double>(row[j]);
        sum += std::exp(x);
        shifted += std::exp(x) * x;
      }
      auto const k = static_cast<std::size_t>(i);
      double const lp = detail::to_real<double>(row[targets[k]]) - std::log(sum);
      if (!(std::abs(static_cast<double>(log_prob[k]) - lp) < 1e-5) ||
          !(std::abs(static_cast<double>(entropy[k]) - (std::log(sum) - shifted / sum)) < 1e-5)) {
        return false;
      }
    }
    return true;
  }
};

/// How many pairs of neighbours differ by more than 25 %.
int cliffs(std::vector<point> const& points, std::string const& name, double& worst)
{
  int count = 0;
  for (point const& a : points) {
    for (point const& b : points) {
      int const steps = std::abs(a.log_rows - b.log_rows) +
                        std::abs(a.log_vocabulary - b.log_vocabulary) + (a.odd != b.odd ? 1 : 0);
      if (steps != 1 || a.ns < b.ns) { continue; }
      worst = std::max(worst, a.ns / b.ns);
      if (a.ns > 1.25 * b.ns) {
        ++count;
        std::printf("  %s: %lld x %lld takes %.2f times as long per element as %lld x %lld\n",
                    name.c_str(), static_cast<long long>(a.rows()),
                    static_cast<long long>(a.vocabulary()), a.ns / b.ns,
                    static_cast<long long>(b.rows()), static_cast<long long>(b.vocabulary()));
      }
    }
  }
  return count;
}

template <class Stored>
bool measure_grid(char const* type, bool quick, measure::results& results)
{
  std::vector<point> grid;
  for (int r = first_rows; r <= last_rows; ++r) {
    for (int v = first_vocabulary; v <= last_vocabulary && r + v <= most_elements; ++v) {
      for (bool const odd : {false, true}) { grid.push_back({r, v, odd}); }
    }
  }
  arena<Stored> a(index_t{1} << most_elements);
  for (bool const odd : {false, true}) {
    if (!a.check({first_rows, 15, odd})) {
      std::fprintf(stderr, "rows_grid: a wrong result\n");
      return false;
    }
  }
  index_t const wanted = index_t{1} << (quick ? 24 : 25);
  for (bool const backward : {false, true}) {
    for (int const threads : {1, 2}) {
      std::vector<point> points = grid;
      // The whole grid in every round: a machine that slows down slows neighbours alike.
      for (int round = 0; round < 8; ++round) {
        for (point& p : points) {
          double const taken =
              measure::seconds_of([&] { p.elements = a.run(p, backward, wanted, threads); });
          if (round > 0) { p.seconds.push_back(taken); }  // the first one warms up
        }
      }
      std::string const name =
          std::string("rows_grid/") + (backward ? "gradient/" : "log_prob+entropy/") + type;
      std::string fields = "\"threads\": " + std::to_string(threads) +
                           ", \"points\": [";  // of rows, vocabulary, ns per element
      for (point& p : points) {
        p.ns = 1e9 * measure::median(p.seconds) / static_cast<double>(p.elements);
        char text[80];
        std::snprintf(text, sizeof text, "%s[%lld, %lld, %.4g]", &p == points.data() ? "" : ", ",
                      static_cast<long long>(p.rows()), static_cast<long long>(p.vocabulary()),
                      p.ns);
        fields += text;
      }
      results.add(name, fields + "]", "", "", measure::environment("COMPARE_FLAGS", "unknown"));
      double worst = 1;
      int const count = cliffs(points, name, worst);
      std::printf("%s, %d threads: %zu points, worst neighbours %.2fx, %d above 1.25x\n",
                  name.c_str(), threads, points.size(), worst, count);
      std::fflush(stdout);
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv)
{
  if (!measure::is_release(argv[0])) { return 1; }
  bool quick = false;
  char const* path = "rows_grid.json";
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) {
      quick = true;
    } else {
      path = argv[i];
    }
  }
  measure::results results(path);
  return measure_grid<float>("fp32", quick, results) &&
                 measure_grid<bfloat16>("bf16", quick, results)
             ? 0
             : 1;
}
