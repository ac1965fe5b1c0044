// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <prefopt/row/kl_rows.hpp>
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
using wide = long double;
using reals = std::vector<double>;

constexpr double inf = infinity_v<double>;

/// Divergences and gradient of one pair of rows from the defining formulas in extended precision.
struct reference_pair {
  row_kl_result<double> kl{};
  reals gradient;
  reals terms;  ///< sum of the magnitudes that each gradient element is made of
};

struct wide_row {
  std::vector<wide> log_p;
  std::vector<wide> slope;

  wide_row(reals const& raw, logit_transform<double> const& t)
  {
    wide top = -inf;
    std::vector<wide> y;
    for (double x : raw) {
      wide const scaled = static_cast<wide>(x) * t.logit_scale;
      bool const capped = t.softcap > 0 && !std::isinf(x);
      y.push_back((capped ? t.softcap * std::tanh(scaled / t.softcap) : scaled) / t.temperature);
      wide const cosh = capped ? std::cosh(scaled / t.softcap) : wide(1);
      slope.push_back(t.logit_scale / t.temperature / (cosh * cosh));
      top = std::max(top, y.back());
    }
    wide rest = -1;
    for (wide v : y) { rest += std::exp(v - top); }
    for (wide v : y) { log_p.push_back(v - top - std::log1p(rest)); }
  }
};

reference_pair compute_pair(reals const& policy, reals const& reference,
                            row_kl_seeds<double> const& seeds = {},
                            logit_transform<double> const& t = {})
{
  wide_row const p(policy, t), q(reference, t);
  auto const divergence = [](wide_row const& a, wide_row const& b) {
    wide sum = 0;
    for (std::size_t j = 0; j < a.log_p.size(); ++j) {
      wide const share = std::exp(a.log_p[j]);
      if (share > 0) { sum += share * (a.log_p[j] - b.log_p[j]); }
    }
    return sum;
  };
  wide const to_reference = divergence(p, q);
  reference_pair r;
  r.kl = {static_cast<double>(divergence(q, p)), static_cast<double>(to_reference)};
  for (std::size_t j = 0; j < policy.size(); ++j) {
    wide const own = std::exp(p.log_p[j]), other = std::exp(q.log_p[j]);
    wide const log_ratio = p.log_p[j] - q.log_p[j];
    wide const change = own > 0 ? own * (log_ratio - to_reference) : wide(0);
    wide const magnitude = own > 0 ? own * (std::abs(log_ratio) + to_reference) : wide(0);
    bool const masked = std::isinf(policy[j]);
    wide const d1 = seeds.d_reference_to_policy, d2 = seeds.d_policy_to_reference;
    r.gradient.push_back(
        masked ? 0 : static_cast<double>(p.slope[j] * (d1 * (own - other) + d2 * change)));
    r.terms.push_back(masked ? 0
                             : static_cast<double>(p.slope[j] * (std::abs(d1) * (own + other) +
                                                                 std::abs(d2) * magnitude)));
  }
  return r;
}

template <class T>
vector_view<T> view(std::vector<T>& x)
{
  return x;
}

/// Divergences to 1e-5 (fp32) or 1e-12 (fp64) of themselves; and 4e-18, what the formula above
/// loses in extended precision where its terms cancel.
template <class Real>
void check_kl(row_kl_result<Real> const& got, row_kl_result<double> const& want)
{
  double const relative = std::is_same_v<Real, float> ? 1e-5 : 1e-12;
  auto const close = [relative](Real value, double expected) {
    if (std::isinf(expected)) { return static_cast<double>(value) == expected; }
    return std::abs(static_cast<double>(value) - expected) <= relative * expected + 4e-18;
  };
  INFO("reference_to_policy " << got.reference_to_policy << " for " << want.reference_to_policy
                              << ", policy_to_reference " << got.policy_to_reference << " for "
                              << want.policy_to_reference);
  CHECK(close(got.reference_to_policy, want.reference_to_policy));
  CHECK(close(got.policy_to_reference, want.policy_to_reference));
}

/// Elements to 1e-5 (fp32) or 1e-12 (fp64) of their terms, and half a unit of the stored type.
template <class Real, class Stored>
void check_pair_gradient(std::vector<Stored> const& got, reference_pair const& want)
{
  double const relative = std::is_same_v<Real, float> ? 1e-5 : 1e-12;
  std::string wrong;
  for (std::size_t j = 0; j < got.size(); ++j) {
    double const value = detail::to_real<double>(got[j]);
    double const allowed = relative * want.terms[j] + test::rounding<Stored>::absolute +
                           test::rounding<Stored>::relative * std::abs(want.gradient[j]) + 1e-37;
    if (!(std::abs(value - want.gradient[j]) <= allowed) && wrong.size() < 400) {
      wrong += "\n  element " + std::to_string(j) + ": got " + std::to_string(value * 1e6) +
               "e-6, want " + std::to_string(want.gradient[j] * 1e6) + "e-6";
    }
  }
  INFO(wrong);
  CHECK(wrong.empty());
}

row_kl_seeds<double> const both_seeds{.d_reference_to_policy = 0.75, .d_policy_to_reference = -0.5};

template <class Real>
row_kl_seeds<Real> seeds_in(row_kl_seeds<double> const& s)
{
  return {static_cast<Real>(s.d_reference_to_policy), static_cast<Real>(s.d_policy_to_reference)};
}

/// One pair of rows through one executor, in the stored type; `Stored` rounds before both.
template <class Real, class Executor, class Stored>
void check_pair(reals const& policy, reals const& reference, logit_transform<double> const& t = {})
{
  auto x = stored_as<Stored>(policy), z = stored_as<Stored>(reference);
  auto const want = compute_pair(as_double(x), as_double(z), both_seeds, t);
  logit_transform<Real> const transform{static_cast<Real>(t.logit_scale),
                                        static_cast<Real>(t.softcap),
                                        static_cast<Real>(t.temperature)};
  Executor ex;
  auto const rows = row_kl<Real>(ex, view(x), view(z), transform);
  INFO(policy.size() << " logits, cap " << t.softcap << ", temperature " << t.temperature);
  check_kl(rows.kl, want.kl);
  if (std::isinf(want.kl.policy_to_reference)) { return; }
  std::vector<Stored> d(x.size());
  row_kl_gradient<Real>(ex, view(x), view(z), view(d), rows, seeds_in<Real>(both_seeds), false,
                        transform);
  check_pair_gradient<Real>(d, want);
  row_kl_gradient<Real>(ex, view(x), view(z), view(x), rows, seeds_in<Real>(both_seeds), false,
                        transform);
  CHECK(as_double(x) == as_double(d));  // in place, the same bits
}

template <class Real, class Executor, class Stored>
void check_many()
{
  for (index_t const size : {1, 2, 7, 31, 32, 33, 255, 256, 257, 1000, 1023, 1024, 1025, 4099}) {
    auto const seed = static_cast<unsigned>(size);
    for (index_t const masked_every : {0, 5}) {
      auto const x = random_logits(size, seed, 3, masked_every);
      auto const z = random_logits(size, seed + 1, 3, masked_every);
      check_pair<Real, Executor, Stored>(x, z);
      check_pair<Real, Executor, Stored>(x, z, {.logit_scale = 0.5, .temperature = 0.8});
      check_pair<Real, Executor, Stored>(x, z, {.softcap = 5});
    }
  }
}

}  // namespace

TEST_CASE("divergences of rows are those of the formula, on every executor and type", "[row][kl]")
{
  check_many<double, serial_executor, double>();
  check_many<float, serial_executor, float>();
  check_many<float, host_executor, float>();
  check_many<float, host_executor, bfloat16>();
  check_many<float, host_executor, float16>();
}

TEST_CASE("divergences keep their digits where policy and reference nearly agree", "[row][kl]")
{
  // Here -sum p_ref (log p_pol - log p_ref) in fp32 would be noise of 1e-6.
  auto const reference = random_logits(3001, 5);
  for (double const distance : {1e-1, 1e-2, 1e-3}) {
    auto policy = reference;
    auto const moves = random_logits(3001, 6, distance);
    for (std::size_t j = 0; j < policy.size(); ++j) { policy[j] += moves[j]; }
    INFO("distance " << distance);
    auto x = stored_as<float>(policy), z = stored_as<float>(reference);
    auto const want = compute_pair(as_double(x), as_double(z)).kl;
    CHECK(want.reference_to_policy < distance * distance);
    host_executor wide_lanes;
    serial_executor one_lane;
    check_kl(row_kl<float>(wide_lanes, view(x), view(z)).kl, want);
    check_kl(row_kl<float>(one_lane, view(x), view(z)).kl, want);
  }
  // Equal rows, the start of every training: exactly nothing, and no gradient.
  auto x = stored_as<float>(reference);
  auto z = x;
  std::vector<float> d(x.size(), 1);
  host_executor ex;
  auto const rows = row_kl<float>(ex, view(x), view(z));
  CHECK(rows.kl.reference_to_policy == 0);
  CHECK(rows.kl.policy_to_reference == 0);
  row_kl_gradient<float>(ex, view(x), view(z), view(d), rows, seeds_in<float>(both_seeds));
  CHECK(d == std::vector<float>(x.size(), 0));
}

TEST_CASE("divergences of saturated rows", "[row][kl]")
{
  for (double const gap : {20.0, 60.0, 90.0, 1e4}) {
    reals sure(100, 0), other(100, 0), half(100, 0);
    sure[3] = gap;
    other[17] = gap;
    half[3] = gap / 2;
    INFO("gap " << gap);
    check_pair<double, serial_executor, double>(sure, other);  // about `gap` nats
    check_pair<float, serial_executor, float>(sure, other);
    check_pair<float, host_executor, float>(sure, other);
    check_pair<double, serial_executor, double>(sure, half);  // tiny: both sure of token 3
    check_pair<float, serial_executor, float>(sure, half);
    check_pair<float, host_executor, float>(half, sure);
  }
}

TEMPLATE_TEST_CASE("masked vocabulary in both rows, or in one", "[row][kl]", serial_executor,
                   host_executor)
{
  TestType ex;
  auto const kl_of = [&ex](std::vector<float> policy, std::vector<float> reference) {
    return row_kl<float>(ex, view(policy), view(reference)).kl;
  };
  float const m = -infinity_v<float>, nan = quiet_nan_v<float>;
  // Both: as if the token were not there.
  auto const both = kl_of({1, m, 2, m}, {0, m, 3, m});
  auto const without = kl_of({1, 2}, {0, 3});
  CHECK(both.reference_to_policy == Approx(without.reference_to_policy).epsilon(1e-6));
  CHECK(both.policy_to_reference == Approx(without.policy_to_reference).epsilon(1e-6));
  // One: what the other can choose and this cannot is infinitely surprising, one way only.
  std::vector<float> policy{1, m, 2}, reference{0, 1, 3}, d(3);
  auto const rows = row_kl<float>(ex, view(policy), view(reference));
  CHECK(rows.kl.reference_to_policy == infinity_v<float>);
  check_pair<float, TestType, float>({1, 0, 2}, {0, -inf, 3});  // finite: KL(reference || policy)
  double const want = compute_pair({1, -inf, 2}, {0, 1, 3}).kl.policy_to_reference;
  CHECK(rows.kl.policy_to_reference == Approx(want).epsilon(1e-6));
  // Its gradient is finite all the same: softmax(policy) - softmax(reference), 0 if masked.
  row_kl_gradient<float>(ex, view(policy), view(reference), view(d), rows,
                         {.d_reference_to_policy = 1});
  auto const exact = compute_pair({1, -inf, 2}, {0, 1, 3}, {.d_reference_to_policy = 1});
  check_pair_gradient<float>(d, exact);
  CHECK(d[1] == 0);
  // The infinite one has no gradient to give.
  auto const swapped = row_kl<float>(ex, view(reference), view(policy));
  CHECK(swapped.kl.policy_to_reference == infinity_v<float>);
  row_kl_gradient<float>(ex, view(reference), view(policy), view(d), swapped,
                         {.d_policy_to_reference = 1});
  CHECK(std::isnan(d[1]));
  // A token that underflows counts as masked for its own row, so -1e30 may stand for -inf.
  auto const underflow = kl_of({1, m, 2}, {0, -1e30f, 3});
  auto const two = kl_of({1, 2}, {0, 3});
  CHECK(underflow.reference_to_policy == Approx(two.reference_to_policy).epsilon(1e-6));
  std::vector<float> low{0, -1e30f, 3}, without_it{1, m, 2};
  auto const low_rows = row_kl<float>(ex, view(low), view(without_it));
  row_kl_gradient<float>(ex, view(low), view(without_it), view(d), low_rows,
                         {.d_policy_to_reference = 1});
  CHECK(d[1] == 0);
  CHECK(std::isfinite(d[0]));
  // Rows without any token.
  CHECK(kl_of({m, m}, {m, m}).reference_to_policy == 0);
  CHECK(kl_of({1, 2}, {m, m}).reference_to_policy == 0);
  CHECK(kl_of({1, 2}, {m, m}).policy_to_reference == infinity_v<float>);
  CHECK(kl_of({m, m}, {1, 2}).reference_to_policy == infinity_v<float>);
  CHECK(kl_of({}, {}).reference_to_policy == 0);
  // NaN and +inf in either.
  for (float const bad : {nan, infinity_v<float>}) {
    CHECK(std::isnan(kl_of({1, bad, 2}, {0, 1, 3}).reference_to_policy));
    CHECK(std::isnan(kl_of({1, 0, 2}, {0, bad, 3}).reference_to_policy));
    CHECK(std::isnan(kl_of({1, bad, 2}, {m, m, m}).reference_to_policy));
    CHECK(std::isnan(kl_of({1, 0, 2}, {0, bad, 3}).policy_to_reference));
  }
}

TEST_CASE("gradients of divergences are central differences", "[row][kl]")
{
  for (logit_transform<double> const t :
       {logit_transform<double>{},
        logit_transform<double>{.logit_scale = 2, .softcap = 4, .temperature = 0.7}}) {
    auto x = random_logits(9, 3, 2, 4), z = random_logits(9, 4, 2, 4);
    serial_executor ex;
    auto const loss = [&] {
      auto const kl = row_kl<double>(ex, view(x), view(z), t).kl;
      return both_seeds.d_reference_to_policy * kl.reference_to_policy +
             both_seeds.d_policy_to_reference * kl.policy_to_reference;
    };
    reals d(9);
    row_kl_gradient<double>(ex, view(x), view(z), view(d), row_kl<double>(ex, view(x), view(z), t),
                            both_seeds, false, t);
    for (std::size_t j = 0; j < x.size(); ++j) {
      double const step = 1e-5, before = x[j];
      x[j] = before + step;
      double const above = loss();
      x[j] = before - step;
      double const below = loss();
      x[j] = before;
      INFO("logit " << j);
      CHECK(d[j] == Approx(std::isinf(before) ? 0 : (above - below) / (2 * step)).margin(2e-9));
    }
  }
}

TEST_CASE("a team of threads computes the serial executor's divergences", "[row][kl]")
{
  for (index_t const size : {1, 3, 64, 257}) {
    auto x = random_logits(size, 8), z = random_logits(size, 9);
    reals want(x.size(), 1), got(x.size(), 1);
    serial_executor serial;
    auto const rows = row_kl<double>(serial, view(x), view(z));
    row_kl_gradient<double>(serial, view(x), view(z), view(want), rows, both_seeds, true);
    test::thread_team<kl_stats<double>> team(3);
    team.launch([&](auto& lane, int) {
      auto const mine = row_kl<double>(lane, view(x), view(z));
      row_kl_gradient<double>(lane, view(x), view(z), view(got), mine, both_seeds, true);
    });
    for (std::size_t j = 0; j < x.size(); ++j) {
      CHECK(got[j] == Approx(want[j]).epsilon(1e-13).margin(1e-15));
    }
  }
}

// A reference of the policy's size takes packs of both, another one does not.
TEMPLATE_TEST_CASE("divergences of matrices: masks, sums over answers, accumulated gradients",
                   "[row][kl]", float, bfloat16)
{
  index_t const rows = 6, cols = 37, pitch = 40;
  auto const flat_x = random_logits(rows * pitch, 11), flat_z = random_logits(rows * pitch, 12);
  auto x = stored_as<float>(flat_x);
  auto z = stored_as<TestType>(flat_z);
  std::vector<std::uint8_t> const mask{1, 1, 0, 1, 1, 0};
  for (index_t j = 0; j < cols; ++j) {
    x[static_cast<std::size_t>(2 * pitch + j)] = quiet_nan_v<float>;  // masked: not read
  }
  matrix_view<float> const policy(x.data(), rows, cols, pitch);
  matrix_view<TestType> const reference(z.data(), rows, cols, pitch);
  std::vector<float> kl(6, -1), back(6, -1), again(6, -1), sum(2);
  kl_divergences(policy, reference, {.reference_to_policy = kl, .policy_to_reference = back},
                 {.mask = mask});
  kl_divergences(policy, reference, {.reference_to_policy = again}, {.mask = mask, .threads = 2});
  CHECK(again == kl);
  CHECK(kl[2] == 0);
  CHECK(back[5] == 0);
  sequence_sums(padded_sequences{2, 3}, {.log_prob = kl, .mask = mask}, {.sum = sum});
  CHECK(sum[0] == Approx(kl[0] + kl[1]).epsilon(1e-6));

  // The rows as doubles, one by one.
  auto const row_of = [&](auto const& from, index_t i) {
    auto const first = from.begin() + static_cast<std::ptrdiff_t>(i * pitch);
    return as_double(std::vector(first, first + static_cast<std::ptrdiff_t>(cols)));
  };
  std::vector<float> const d_kl{1, -2, 3, 0, 0.5f, 1}, d_back{0, 0.5f, 1, 0, 0, 0};
  std::vector<float> d(x.size(), 10), written(x.size(), 10);
  matrix_view<float> const sums(d.data(), rows, cols, pitch);
  matrix_view<float> const plain(written.data(), rows, cols, pitch);
  kl_seed_columns<float> const seeds{.d_reference_to_policy = d_kl,
                                     .d_policy_to_reference = d_back};
  kl_gradients(policy, reference, seeds, plain, {.mask = mask, .scale = 0.5f});
  kl_gradients(policy, reference, seeds, sums, {.mask = mask, .scale = 0.5f, .accumulate = true});
  for (index_t i = 0; i < rows; ++i) {
    auto const k = static_cast<std::size_t>(i);
    INFO("row " << i);
    if (mask[k] != 0) {
      auto const want =
          compute_pair(row_of(x, i), row_of(z, i),
                       {0.5 * static_cast<double>(d_kl[k]), 0.5 * static_cast<double>(d_back[k])});
      check_kl<float>({kl[k], back[k]}, want.kl);
      auto const got = plain.row(i);
      check_pair_gradient<float>(std::vector<float>(got.data, got.data + cols), want);
    }
    for (index_t j = 0; j < cols; ++j) {
      float const gradient = plain.row(i)[j];
      if (mask[k] == 0 || i == 3) { CHECK(gradient == 0); }
      CHECK(sums.row(i)[j] == 10 + gradient);
    }
    CHECK(written[static_cast<std::size_t>(i * pitch + cols)] == 10);  // padding is not touched
  }
}

TEST_CASE("divergences of matrices refuse what does not fit, by name", "[row][kl]")
{
  std::vector<float> a(12), b(12), three(3);
  matrix_view<float> const policy(a.data(), 3, 4), narrow(b.data(), 4, 3), same(b.data(), 3, 4);
  auto const refuses = [](auto call, std::initializer_list<std::string_view> parts) {
    return mentions(error_of<std::invalid_argument>(call), parts);
  };
  std::vector<float> two(2);
  CHECK(refuses([&] { kl_divergences(policy, narrow, {.reference_to_policy = three}); },
                {"kl_divergences", "reference", "3 x 4", "4 x 3"}));
  CHECK(refuses([&] { kl_divergences(policy, same, {.reference_to_policy = two}); },
                {"kl_divergences", "reference_to_policy", "3 elements", "got 2"}));
  CHECK(refuses([&] { kl_gradients(policy, same, {.d_reference_to_policy = two}, same); },
                {"kl_gradients", "d_reference_to_policy", "3 elements"}));
  CHECK(refuses(
      [&] {
        kl_gradients(policy, same, {.d_reference_to_policy = three}, policy, {.accumulate = true});
      },
      {"kl_gradients", "d_logits", "another matrix"}));
  CHECK(refuses([&] { kl_divergences(policy, same, {}, {.transform = {.temperature = 0}}); },
                {"kl_divergences", "temperature"}));
}
