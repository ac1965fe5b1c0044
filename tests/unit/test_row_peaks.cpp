// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <prefopt/row/peaks.hpp>
#include <prefopt/row/sequence.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/row_cases.hpp"
#include "support/thread_team.hpp"

namespace {

using namespace prefopt;
using test::as_double;
using test::random_logits;
using test::stored_as;
using reals = std::vector<double>;

struct exact_peak {
  double log_collision = 0;
  index_t greedy = -1;
};

/// From the definition in extended precision; relative to the largest, whose square is 1.
exact_peak compute_peak(reals const& raw, logit_transform<double> const& t = {})
{
  using wide = long double;
  std::vector<wide> y;
  exact_peak result;
  for (double x : raw) {
    wide const scaled = static_cast<wide>(x) * t.logit_scale;
    bool const capped = t.softcap > 0 && !std::isinf(x);
    y.push_back((capped ? t.softcap * std::tanh(scaled / t.softcap) : scaled) / t.temperature);
    if (!std::isinf(x) &&
        (result.greedy < 0 || y.back() > y[static_cast<std::size_t>(result.greedy)])) {
      result.greedy = static_cast<index_t>(y.size()) - 1;
    }
  }
  if (result.greedy < 0) { return result; }
  wide rest = 0, rest_square = 0;
  for (std::size_t j = 0; j < y.size(); ++j) {
    if (static_cast<index_t>(j) == result.greedy) { continue; }
    wide const e = std::exp(y[j] - y[static_cast<std::size_t>(result.greedy)]);
    rest += e;
    rest_square += e * e;
  }
  result.log_collision = static_cast<double>(std::log1p(rest_square) - 2 * std::log1p(rest));
  return result;
}

template <class T>
vector_view<T> view(std::vector<T>& x)
{
  return x;
}

template <class Real, class Executor, class Stored>
void check_peak(reals const& raw, logit_transform<double> const& t = {})
{
  auto x = stored_as<Stored>(raw);
  auto const want = compute_peak(as_double(x), t);
  logit_transform<Real> const transform{static_cast<Real>(t.logit_scale),
                                        static_cast<Real>(t.softcap),
                                        static_cast<Real>(t.temperature)};
  Executor ex;
  index_t const target = static_cast<index_t>(x.size()) / 2;
  auto const got = row_peak<Real>(ex, view(x), target, transform);
  INFO(x.size() << " logits, cap " << t.softcap << ": log collision " << got.log_collision
                << " for " << want.log_collision << ", greedy " << got.greedy << " for "
                << want.greedy);
  test::check_result(got.row, test::compute_reference(as_double(x), target, {}, t).result);
  // Relative also below 1, where the row is all but certain. Twice row_tolerance: the sum of
  // exponentials comes in squared.
  double const relative = std::is_same_v<Real, float> ? 4e-6 : 2e-13;
  CHECK(std::abs(static_cast<double>(got.log_collision) - want.log_collision) <=
        relative * std::abs(want.log_collision) + 1e-37);
  CHECK(got.greedy == want.greedy);
  CHECK(got.adjustment() == got.row.log_prob - got.log_collision);
}

template <class Real, class Executor, class Stored>
void check_many()
{
  for (index_t const size :
       {1, 2, 7, 31, 32, 33, 63, 64, 65, 255, 256, 257, 1023, 1024, 1025, 4099}) {
    for (index_t const masked_every : {0, 5}) {
      auto const x = random_logits(size, static_cast<unsigned>(size), 3, masked_every);
      check_peak<Real, Executor, Stored>(x);
      check_peak<Real, Executor, Stored>(x, {.logit_scale = 0.5, .temperature = 0.8});
      check_peak<Real, Executor, Stored>(x, {.softcap = 50});
    }
    for (double const gap : {10.0, 20.0, 40.0, 1e4}) {
      reals sure(static_cast<std::size_t>(size), 0.0);
      sure[sure.size() / 3] = gap;
      check_peak<Real, Executor, Stored>(sure);
    }
  }
}

peak_stats<double> stats_of(reals const& x, index_t first, index_t last)
{
  peak_stats<double> stats;
  for (index_t j = first; j < last; ++j) {
    double const v = x[static_cast<std::size_t>(j)];
    stats.push(v, v, j);
  }
  return stats;
}

}  // namespace

TEST_CASE("log sum p^2 and greedy token are those of the definition", "[row][peaks]")
{
  check_many<double, serial_executor, double>();
  check_many<float, serial_executor, float>();
  check_many<float, host_executor, float>();
  check_many<float, host_executor, bfloat16>();
  check_many<float, host_executor, float16>();
}

TEST_CASE("peak statistics are a commutative monoid", "[row][peaks]")
{
  auto x = random_logits(50, 3, 3, 7);
  x[20] = x[33] = 11;  // the largest, twice
  auto const whole = stats_of(x, 0, 50);
  CHECK(whole.greedy == 20);
  for (index_t const cut : {0, 1, 20, 21, 33, 34, 49, 50}) {
    auto low = stats_of(x, 0, cut), high = stats_of(x, cut, 50);
    auto swapped = high;
    swapped.merge(low);
    low.merge(high);
    for (auto const& merged : {low, swapped}) {
      CHECK(merged.greedy == 20);
      CHECK(merged.log_collision() == Approx(whole.log_collision()).epsilon(1e-14));
      CHECK(merged.logits.entropy() == Approx(whole.logits.entropy()).epsilon(1e-14));
    }
  }
  auto same = whole;
  same.merge(peak_stats<double>{});
  CHECK(same.rest_square == whole.rest_square);
}

TEMPLATE_TEST_CASE("ties, masked rows, NaN and ignored tokens", "[row][peaks]", serial_executor,
                   host_executor)
{
  TestType ex;
  float const m = -infinity_v<float>;
  auto const peak_of = [&ex](std::vector<float> row, index_t target) {
    return row_peak<float>(ex, view(row), target);
  };
  auto const uniform = peak_of(std::vector<float>(40, -2.5f), 39);
  CHECK(uniform.greedy == 0);
  CHECK(uniform.log_collision == Approx(-std::log(40.0)).epsilon(1e-6));
  CHECK(uniform.adjustment() == Approx(0).margin(1e-6));
  CHECK(peak_of({m, 3, 3}, 2).greedy == 1);
  // A soft cap rounds both to the same number; the model's own logits still differ.
  std::vector<float> saturated{0, 100, 101, 101};
  auto const capped = row_peak<float>(ex, view(saturated), 0, {.softcap = 5});
  CHECK(capped.greedy == 2);
  auto const masked = peak_of({m, m}, 1);
  CHECK(masked.greedy == -1);
  CHECK(masked.log_collision == 0);
  CHECK(masked.row.log_prob == m);
  for (float const bad : {quiet_nan_v<float>, infinity_v<float>}) {
    for (std::size_t const at : {std::size_t(0), std::size_t(3), std::size_t(66)}) {
      std::vector<float> row(67, 1);
      row[at] = bad;
      auto const peak = peak_of(row, 5);
      CHECK(std::isnan(peak.log_collision));
      CHECK(peak.greedy == -1);
    }
  }
  auto const ignored = peak_of({quiet_nan_v<float>}, -1);
  CHECK(ignored.row.log_prob == 0);
  CHECK(ignored.adjustment() == 0);
  CHECK(ignored.greedy == -1);
}

TEST_CASE("a team of threads finds the serial executor's peaks", "[row][peaks]")
{
  auto x = random_logits(257, 8);
  serial_executor serial;
  auto const want = row_peak<double>(serial, view(x), 3);
  test::thread_team<peak_stats<double>> team(3);
  std::vector<row_peak_result<double>> got(3);
  team.launch([&](auto& lane, int i) {
    got[static_cast<std::size_t>(i)] = row_peak<double>(lane, view(x), 3);
  });
  for (auto const& peak : got) {
    CHECK(peak.greedy == want.greedy);
    CHECK(peak.log_collision == Approx(want.log_collision).epsilon(1e-13));
  }
}

TEST_CASE("adjustments are averaged per answer, hits are counted", "[row][peaks]")
{
  index_t const rows = 6, cols = 11;
  auto x = stored_as<float>(random_logits(rows * cols, 4));
  std::vector<std::int32_t> targets{1, 2, -100, 3, 4, 5};
  matrix_view<float> const logits(x.data(), rows, cols);
  std::vector<index_t> greedy(6);
  row_peaks(logits, targets, {.greedy = greedy});
  CHECK(greedy[2] == -1);
  targets[0] = static_cast<std::int32_t>(greedy[0]);
  targets[4] = static_cast<std::int32_t>(greedy[4]);

  std::vector<float> log_prob(6), plain(6), entropy(6), plain_entropy(6), adjustment(6),
      collision(6), hit(6), mean(2);
  row_peaks(logits, targets,
            {.rows = {.log_prob = log_prob, .entropy = entropy},
             .adjustment = adjustment,
             .log_collision = collision,
             .hit = hit},
            {.threads = 2});
  log_probs(logits, targets, {.log_prob = plain, .entropy = plain_entropy});
  for (std::size_t t = 0; t < 6; ++t) {
    CHECK(log_prob[t] == Approx(plain[t]).epsilon(1e-6));
    CHECK(entropy[t] == Approx(plain_entropy[t]).epsilon(1e-6));
  }
  std::vector<std::uint8_t> counted(6);
  counted_tokens(targets, counted);
  sequence_sums(padded_sequences{2, 3}, {.log_prob = adjustment, .mask = counted}, {.mean = mean});
  CHECK(mean[0] == Approx((log_prob[0] - collision[0] + log_prob[1] - collision[1]) / 2));

  bool const lucky[] = {targets[1] == greedy[1], targets[3] == greedy[3], targets[5] == greedy[5]};
  index_t const hits = 2 + lucky[0] + lucky[1] + lucky[2];
  auto const accuracy = count_hits(hit, counted);
  CHECK(accuracy.hits == hits);
  CHECK(accuracy.tokens == 5);
  CHECK(hit[2] == 0);  // -1 is neither a token nor the greedy one
  CHECK(count_hits(hit).tokens == 6);
  token_accuracy total;
  CHECK(std::isnan(total.value()));
  total.merge(accuracy);
  total.merge({.hits = 0, .tokens = 3});
  CHECK(total.value() == Approx(static_cast<double>(hits) / 8));

  std::vector<float> five(5);
  CHECK(
      mentions(error_of<std::invalid_argument>([&] { row_peaks(logits, targets, {.hit = five}); }),
               {"row_peaks", "hit", "6 elements", "got 5"}));
  CHECK(mentions(error_of<std::invalid_argument>(
                     [&] { count_hits(hit, vector_view<std::uint8_t const>(counted).part(0, 4)); }),
                 {"count_hits", "mask", "6 elements", "got 4"}));
}
