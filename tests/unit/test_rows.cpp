// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include <prefopt/row/rows.hpp>

#include "support/catch.hpp"
#include "support/peaked_rows.hpp"
#include "support/row_cases.hpp"
#include "support/thread_team.hpp"

namespace {

using namespace prefopt;
using test::as_double;
using test::check_gradient;
using test::check_result;
using test::compute_reference;
using test::random_logits;
using test::stored_as;

template <class T>
vector_view<T> view(std::vector<T>& x)
{
  return x;
}

row_log_prob_seeds<double> const seeds{
    .d_log_prob = 0.75, .d_entropy = -0.5, .d_log_normalizer = 0.25};

template <class Real>
row_log_prob_seeds<Real> seeds_in()
{
  return {static_cast<Real>(seeds.d_log_prob), static_cast<Real>(seeds.d_entropy),
          static_cast<Real>(seeds.d_log_normalizer)};
}

/// Result and gradient of one row on an executor against the reference on the same stored logits.
template <class Real, class Stored, class Executor>
void check_row(Executor& ex, std::vector<double> const& logits, index_t target,
               logit_transform<double> const& t = {})
{
  auto x = stored_as<Stored>(logits);
  auto const want = compute_reference(as_double(x), target, seeds, t);
  logit_transform<Real> const transform{static_cast<Real>(t.logit_scale),
                                        static_cast<Real>(t.softcap),
                                        static_cast<Real>(t.temperature)};
  INFO(x.size() << " logits, target " << target);
  auto const got = row_log_prob<Real>(ex, view(x), target, transform);
  check_result(got, want.result);
  std::vector<Stored> d(x.size());
  row_log_prob_gradient<Real>(ex, view(x), view(d), target, got, seeds_in<Real>(), transform);
  check_gradient<Real>(d, want);
  // In place: the same bits.
  row_log_prob_gradient<Real>(ex, view(x), view(x), target, got, seeds_in<Real>(), transform);
  CHECK(as_double(x) == as_double(d));
}

/// Around the sizes of lanes, packs, steps and tiles, primes, and a real vocabulary.
std::vector<index_t> const lengths{1,    2,    3,    31,   32,   33,   61,   63,    64,
                                   65,   127,  128,  129,  255,  256,  257,  509,   1021,
                                   1023, 1024, 1025, 1031, 2047, 2049, 4099, 32000, 32003};

}  // namespace

TEMPLATE_TEST_CASE("the host executor agrees with fp64 at every row length", "[row]", float,
                   bfloat16, float16, double)
{
  using real = std::conditional_t<std::is_same_v<TestType, double>, double, float>;
  host_executor ex;
  for (index_t const size : lengths) {
    for (index_t const target : {index_t(0), size / 2, size - 1}) {
      check_row<real, TestType>(ex, random_logits(size, static_cast<unsigned>(size)), target);
    }
    check_row<real, TestType>(ex, random_logits(size, 7, 8, 3), 0);
  }
}

TEMPLATE_TEST_CASE("the serial executor agrees with the reference", "[row]", float, double)
{
  serial_executor ex;
  for (index_t const size : {1, 2, 31, 32, 33, 255, 256, 257, 1021}) {
    check_row<TestType, TestType>(ex, random_logits(size, 5, 4, 5), size / 2 / 5 * 5);
    check_row<TestType, bfloat16>(ex, random_logits(size, 6), 0);
    check_row<TestType, float16>(ex, random_logits(size, 7), size - 1);
  }
}

TEMPLATE_TEST_CASE("a team of threads agrees with the reference", "[row]", float, double)
{
  for (int const lanes : {1, 3, 4}) {
    for (index_t const size : {1, 2, 31, 257}) {
      auto const logits = random_logits(size, 8);
      auto x = stored_as<TestType>(logits);
      auto const want = compute_reference(as_double(x), size / 2, seeds);
      std::vector<row_log_prob_result<TestType>> results(static_cast<std::size_t>(lanes));
      test::thread_team<logit_stats<TestType>> team(lanes);
      team.launch([&](auto& lane, int id) {
        auto const row = row_log_prob<TestType>(lane, view(x), size / 2);
        row_log_prob_gradient<TestType>(lane, view(x), view(x), size / 2, row,
                                        seeds_in<TestType>());
        results[static_cast<std::size_t>(id)] = row;
      });
      for (auto const& result : results) { check_result(result, want.result); }
      check_gradient<TestType>(x, want);
    }
  }
}

TEST_CASE("logit scale, soft cap and temperature act in this order", "[row]")
{
  host_executor simd;
  serial_executor serial;
  for (logit_transform<double> const t : {logit_transform<double>{.temperature = 0.7},
                                          {.softcap = 5},
                                          {.logit_scale = 0.0625},
                                          {.logit_scale = 0.5, .softcap = 3, .temperature = 2}}) {
    for (index_t const size : {5, 64, 1100}) {
      auto const logits = random_logits(size, 9, 6, 4);
      check_row<double, double>(serial, logits, 2, t);
      check_row<float, float>(simd, logits, 2, t);
      check_row<float, bfloat16>(simd, logits, 2, t);
    }
  }
}

TEST_CASE("a masked logit stays masked under a soft cap", "[row]")
{
  std::vector<double> x{1, -infinity_v<double>, 2};
  serial_executor ex;
  logit_transform<double> const cap{.softcap = 3};
  auto const with = row_log_prob<double>(ex, view(x), 0, cap);
  std::vector<double> y{1, 2};
  auto const without = row_log_prob<double>(ex, view(y), 0, cap);
  CHECK(with.log_prob == without.log_prob);
  CHECK(with.entropy == without.entropy);
}

TEST_CASE("the reference of a row follows its maximum wherever that is", "[row]")
{
  host_executor ex;
  index_t const size = 5003;
  std::vector<std::function<double(index_t)>> const shapes{
      [](index_t j) { return 0.01 * static_cast<double>(j); },
      [](index_t j) { return -0.01 * static_cast<double>(j); },
      [](index_t j) { return j < 3000 ? -infinity_v<double> : std::sin(static_cast<double>(j)); },
      [](index_t j) { return j > 100 ? -infinity_v<double> : std::sin(static_cast<double>(j)); },
      [](index_t j) { return j == 4000 ? 80.0 : -80.0; },
      [](index_t j) { return j % 1024 == 1023 ? 0.05 * static_cast<double>(j) : 0.0; },
      [](index_t j) { return j == 2500 ? 0.0 : -infinity_v<double>; },
      [](index_t) { return 3e38; },
      [](index_t) { return -3e38; },
      [](index_t j) { return j == 10 ? 1.5e38 : -1.5e38; },
      [](index_t j) { return j == 4000 ? 1.5e38 : -1.5e38; }};
  for (auto const& shape : shapes) {
    std::vector<double> logits;
    for (index_t j = 0; j < size; ++j) { logits.push_back(shape(j)); }
    for (index_t const target : {0, 10, 2500, 4000, 5002}) {
      auto x = stored_as<float>(logits);
      CAPTURE(target, logits[0], logits[4999]);
      auto const want = compute_reference(as_double(x), target);
      check_result(row_log_prob<float>(ex, view(x), target), want.result);
    }
  }
}

TEST_CASE("NaN and +inf anywhere in a row make its results NaN", "[row]")
{
  host_executor simd;
  serial_executor serial;
  for (index_t const size : {1, 65, 3000}) {
    for (index_t const place : {index_t(0), size / 2, size - 1}) {
      for (float const bad : {quiet_nan_v<float>, infinity_v<float>}) {
        for (bool const masked : {false, true}) {
          auto x = stored_as<float>(random_logits(size, 10));
          if (masked) { x.assign(x.size(), -infinity_v<float>); }
          x[static_cast<std::size_t>(place)] = bad;
          CAPTURE(size, place, bad, masked);
          for (auto const& r :
               {row_log_prob<float>(simd, view(x), 0), row_log_prob<float>(serial, view(x), 0)}) {
            CHECK(std::isnan(r.log_prob));
            CHECK(std::isnan(r.entropy));
            CHECK(std::isnan(r.log_normalizer));
          }
        }
      }
    }
  }
  auto x = stored_as<float>(random_logits(100, 10));
  x[3] = quiet_nan_v<float>;
  auto const row = row_log_prob<float>(simd, view(x), 5);
  row_log_prob_gradient<float>(simd, view(x), view(x), 5, row, seeds_in<float>());
  for (float const d : x) { CHECK(std::isnan(d)); }
}

TEST_CASE("a row of masked logits has no entropy and a zero gradient", "[row]")
{
  host_executor simd;
  serial_executor serial;
  auto const check = [](auto& ex, index_t size) {
    std::vector<float> x(static_cast<std::size_t>(size), -infinity_v<float>);
    auto const row = row_log_prob<float>(ex, view(x), size - 1);
    CHECK(row.log_prob == -infinity_v<float>);
    CHECK(row.entropy == 0.0f);
    CHECK(row.log_normalizer == -infinity_v<float>);
    row_log_prob_gradient<float>(ex, view(x), view(x), size - 1, row, seeds_in<float>());
    CHECK(as_double(x) == std::vector<double>(x.size(), 0.0));
  };
  for (index_t const size : {1, 64, 100, 3000}) {
    check(simd, size);
    check(serial, size);
  }
  std::vector<float> nothing;
  CHECK(row_stats<float>(simd, view(nothing), 0).result().log_normalizer == -infinity_v<float>);
  CHECK(row_stats<float>(serial, view(nothing), 0).result().entropy == 0.0f);
}

TEST_CASE("a target that is a masked logit has log-probability -inf and no gradient", "[row]")
{
  host_executor ex;
  for (index_t const size : {3, 200}) {
    auto x = stored_as<float>(random_logits(size, 11));
    x[1] = -infinity_v<float>;
    auto const row = row_log_prob<float>(ex, view(x), 1);
    CHECK(row.log_prob == -infinity_v<float>);
    CHECK(std::isfinite(row.entropy));
    std::vector<float> d(x.size());
    row_log_prob_gradient<float>(ex, view(x), view(d), 1, row, {.d_log_prob = 1});
    CHECK(d[1] == 0.0f);
    CHECK(d[0] < 0.0f);
  }
}

TEST_CASE("logits whose difference overflows still give finite results", "[row]")
{
  host_executor simd;
  serial_executor serial;
  for (std::size_t const place : {5u, 2000u}) {
    std::vector<float> x(3000, -3e38f);
    x[place] = 3e38f;
    for (auto const& r : {row_log_prob<float>(simd, view(x), static_cast<index_t>(place)),
                          row_log_prob<float>(serial, view(x), static_cast<index_t>(place))}) {
      CHECK(r.log_prob == 0.0f);
      CHECK(std::abs(r.entropy) < 1e-30f);  // e^-87 of each masked element is its share, at most
      CHECK(r.log_normalizer == 3e38f);
    }
    // log p of the others overflows to -inf: p = 0 has no share in the entropy's gradient.
    auto const row = row_log_prob<float>(serial, view(x), 3);
    auto d = x;
    row_log_prob_gradient<float>(serial, view(x), view(d), 3, row, seeds_in<float>());
    CHECK(d[0] == 0.0f);
    row_log_prob_gradient<float>(simd, view(x), view(d), 3, row, seeds_in<float>());
    CHECK(d[0] == 0.0f);
  }
}

TEST_CASE("the gradient of a nearly certain target keeps the digits of its log-probability",
          "[row]")
{
  serial_executor ex;
  std::vector<double> x(100, 0.0);
  x[7] = 20;
  // An offset makes the log-normaliser round coarsely; log_prob does not go through it.
  for (double& v : x) { v += 0x1p20; }
  auto const row = row_log_prob<double>(ex, view(x), 7);
  std::vector<double> d(x.size());
  row_log_prob_gradient<double>(ex, view(x), view(d), 7, row, {.d_log_prob = 1});
  // 1 - p = s / (1 + s) with s = 99 e^-20 = 2e-7, and the sum 1 + s has
  // an error of 1e-14. Through the log-normaliser 1 - p would have lost all but three digits.
  double const others = 99 * std::exp(-20.0);
  CHECK(std::abs(d[7] / (others / (1 + others)) - 1) < 1e-6);
}

TEMPLATE_TEST_CASE("a nearly certain target keeps its digits on every host executor", "[row]",
                   float, double)
{
  test::for_each_peaked_row([](std::vector<double> const& logits, index_t target,
                               logit_transform<double> t) {
    t.temperature = static_cast<TestType>(t.temperature);  // the reference takes what Real holds
    logit_transform<TestType> const transform{.temperature = static_cast<TestType>(t.temperature)};
    auto x = stored_as<TestType>(logits);
    CAPTURE(logits.size(), logits[static_cast<std::size_t>(target)], t.temperature);
    std::vector<TestType> d(x.size());
    auto const check = [&](auto& ex) {
      auto const row = row_log_prob<TestType>(ex, view(x), target, transform);
      row_log_prob_gradient<TestType>(ex, view(x), view(d), target, row, {.d_log_prob = 1},
                                      transform);
      test::check_peaked(row, d, logits, target, t);
    };
    serial_executor serial;
    host_executor simd;
    check(serial);
    check(simd);
    row_log_prob_result<TestType> row;
    test::thread_team<logit_stats<TestType>> team(3);
    team.launch([&](auto& lane, int id) {
      auto const mine = row_log_prob<TestType>(lane, view(x), target, transform);
      row_log_prob_gradient<TestType>(lane, view(x), view(d), target, mine, {.d_log_prob = 1},
                                      transform);
      if (id == 0) { row = mine; }
    });
    test::check_peaked(row, d, logits, target, t);
  });
}

TEST_CASE("rows keep the precision that is stated, at any temperature and offset", "[row]")
{
  // The bounds in simd_executor.hpp, of log_prob, entropy and the parts of a gradient element.
  struct bound {
    logit_transform<double> transform;
    double result;
    double gradient;
  };
  bound const bounds[] = {
      {{}, 1e-6, 5e-6},
      {{.temperature = 0.3}, 1e-6, 1e-5},
      {{.temperature = 0.05}, 1e-6, 2e-5},
      {{.softcap = 30}, 1e-6 + 0x1p-22 * 30, 5e-6 + 0x1p-22 * 30},
      {{.softcap = 30, .temperature = 0.3}, 1e-6 + 0x1p-22 * 100, 1e-5 + 0x1p-22 * 100}};
  host_executor simd;
  serial_executor serial;
  auto const check = [](auto& ex, std::vector<float>& x, bound const& b) {
    auto t = b.transform;
    logit_transform<float> const transform{.softcap = static_cast<float>(t.softcap),
                                           .temperature = static_cast<float>(t.temperature)};
    t.temperature = static_cast<double>(transform.temperature);
    index_t const target = 17;
    auto const want = compute_reference(as_double(x), target, {.d_log_prob = 1}, t);
    auto const got = row_log_prob<float>(ex, view(x), target, transform);
    std::vector<float> d(x.size());
    row_log_prob_gradient<float>(ex, view(x), view(d), target, got, {.d_log_prob = 1}, transform);
    auto const error = [](float value, double exact) {
      return std::abs(static_cast<double>(value) - exact) / std::max(1.0, std::abs(exact));
    };
    CHECK(error(got.log_prob, want.result.log_prob) < b.result);
    CHECK(error(got.entropy, want.result.entropy) < b.result);
    double worst = 0;
    for (std::size_t j = 0; j < d.size(); ++j) {
      if (want.terms[j] < 1e-30) { continue; }
      worst =
          std::max(worst, std::abs(static_cast<double>(d[j]) - want.gradient[j]) / want.terms[j]);
    }
    CHECK(worst < b.gradient);
  };
  for (bound const& b : bounds) {
    for (double const offset : {0.0, 100.0, 1e4}) {
      if (b.transform.softcap > 0 && offset > 0) { continue; }
      for (index_t const size : {1000, 32000}) {
        std::vector<double> logits;
        // Multiples of 2^-10, which fp32 holds exactly up to 2^14.
        for (double v : random_logits(size, 33)) {
          logits.push_back(std::round(v * 1024) / 1024 + offset);
        }
        auto x = stored_as<float>(logits);
        CAPTURE(b.transform.softcap, b.transform.temperature, offset, size);
        check(simd, x, b);
        check(serial, x, b);
      }
    }
  }
}

TEST_CASE("a row with two peaks, or with all logits equal, keeps its digits too", "[row]")
{
  host_executor simd;
  serial_executor serial;
  for (double const second : {0.0, 1e-3, 1.0, 8.0, 12.0}) {
    auto logits = test::peaked_logits(32000, 700, 25, 100);
    logits[20000] = 125 - second;
    for (index_t const target : {700, 20000}) {
      auto x = stored_as<float>(logits);
      auto const want = compute_reference(as_double(x), target, {.d_log_prob = 1});
      for (auto const& row : {row_log_prob<float>(simd, view(x), target),
                              row_log_prob<float>(serial, view(x), target)}) {
        CAPTURE(second, target, row.log_prob, want.result.log_prob);
        CHECK(test::same_to_the_last_digits<float>(row.log_prob, want.result.log_prob));
        CHECK(test::same_to_the_last_digits<float>(row.entropy, want.result.entropy));
      }
    }
  }
  std::vector<float> equal(32000, 1e4f);
  double const uniform = -std::log(32000.0);
  for (auto const& row :
       {row_log_prob<float>(simd, view(equal), 3), row_log_prob<float>(serial, view(equal), 3)}) {
    CHECK(test::same_to_the_last_digits<float>(row.log_prob, uniform));
    CHECK(test::same_to_the_last_digits<float>(row.entropy, -uniform));
  }
}

TEMPLATE_TEST_CASE("rows of unusual seeds or logits have the gradient that single elements have",
                   "[row]", float, bfloat16, float16, double)
{
  using real = std::conditional_t<std::is_same_v<TestType, double>, double, float>;
  host_executor simd;
  host_executor past_caches;
  if constexpr (has_packs) { past_caches.streams = true; }
  serial_executor serial;
  // bf16 and fp16 may round to the next number, and fp16 to the next subnormal one.
  double const relative = 1e-5 + 2 * test::rounding<TestType>::relative;
  double const absolute = 2 * test::rounding<TestType>::absolute;
  auto const check = [&](std::vector<double> const& logits, row_log_prob_seeds<real> const& seed) {
    auto x = stored_as<TestType>(logits);
    x[2] = TestType(-infinity_v<float>);
    auto const row = row_log_prob<real>(serial, view(x), 5);
    std::vector<TestType> d(x.size());
    row_log_prob_gradient<real>(serial, view(x), view(d), 5, row, seed);
    auto const want = as_double(d);
    CAPTURE(seed.d_log_prob, seed.d_entropy, logits[0]);
    auto const compare = [&](std::vector<double> const& got) {
      for (std::size_t j = 0; j < want.size(); ++j) {
        bool const same = std::isnan(want[j])
                              ? std::isnan(got[j])
                              : got[j] == want[j] || std::abs(got[j] - want[j]) <=
                                                         relative * std::abs(want[j]) + absolute;
        if (!same) { FAIL("element " << j << ": " << got[j] << " for " << want[j]); }
      }
      CHECK(got[2] == 0.0);
    };
    row_log_prob_gradient<real>(simd, view(x), view(d), 5, row, seed);
    compare(as_double(d));
    row_log_prob_gradient<real>(past_caches, view(x), view(d), 5, row, seed);
    compare(as_double(d));
    row_log_prob_gradient<real>(simd, view(x), view(x), 5, row, seed);
    compare(as_double(x));
  };
  auto const usual = random_logits(200, 14);
  for (real const seed : {quiet_nan_v<real>, real(1e35f), real(3e38f), real(1e-38f)}) {
    check(usual, {.d_log_prob = seed});
    check(usual, {.d_log_prob = 1, .d_entropy = seed * real(0.01f)});
  }
  for (double const size : {0x1p20, 0x1p24, 0x1p40, 1e30}) {
    if (std::is_same_v<TestType, float16>) { continue; }  // infinite there
    auto large = usual;
    for (double& v : large) { v = v > 0 ? size : size - size / 4; }
    check(large, {.d_log_prob = 1});
    check(large, {.d_log_prob = 1, .d_entropy = real(0.5)});
  }
}

TEST_CASE("beside an improbable target an entropy's gradient keeps an ulp of its log-probability",
          "[row]")
{
  // n = 3, the first logit all but certain: there log p + H cancels.
  std::vector<float> x{40.0f, 0.15f, 10.0f};
  auto const want = compute_reference(as_double(x), 1, {.d_entropy = 0.5});
  double const ulp_of_log_prob = 0x1p-18;
  host_executor simd;
  auto const row = row_log_prob<float>(simd, view(x), 1);
  CHECK(std::abs(row.log_prob) > 32.0f);
  CHECK(std::abs(row.log_prob) < 64.0f);
  row_log_prob_gradient<float>(simd, view(x), view(x), 1, row, {.d_entropy = 0.5f});
  for (std::size_t j = 0; j < x.size(); ++j) {
    CHECK(std::abs(as_double(x)[j] - want.gradient[j]) <= 0.5 * ulp_of_log_prob);
  }
}

TEST_CASE("an all but certain logit keeps its digits beside a large log-normaliser", "[row]")
{
  // The target is so improbable that all refer to the log-normaliser, which is rounded, and so is
  // the largest logit's product with 1 / temperature: single elements cancel both, unless the
  // compiler fuses product and sum. Vector registers cannot, so that rows of more than 64 nats are
  // no usual ones (simd_gradient.hpp).
  logit_transform<float> const transform{.temperature = 0.3f};
  logit_transform<double> const exactly{.temperature = static_cast<double>(transform.temperature)};
  auto const error = [&](auto& ex, std::vector<float>& x) {
    auto const want = compute_reference(as_double(x), 1, {.d_log_prob = 1}, exactly);
    auto const got = row_log_prob<float>(ex, view(x), 1, transform);
    CHECK(std::abs(got.log_prob) > got.log_normalizer);
    std::vector<float> d(x.size());
    row_log_prob_gradient<float>(ex, view(x), view(d), 1, got, {.d_log_prob = 1}, transform);
    return std::abs(static_cast<double>(d[0]) - want.gradient[0]) / want.terms[0];
  };
  host_executor simd;
  serial_executor serial;
  for (float const nats : {30.0f, 62.0f, 100.0f, 130.0f, 1e3f, 1e4f}) {
    for (int k = 0; k < 50; ++k) {
      std::vector<float> x(100, 0.0f);
      x[0] = nats * transform.temperature * (1 + static_cast<float>(k) * 0x1p-11f);
      x[1] = -1;
      CAPTURE(nats, x[0]);
      CHECK(error(serial, x) < 1e-6);
      CHECK(error(simd, x) < 1e-5);
    }
  }
}

TEST_CASE("probabilities beside a masked target keep the digits of the log-normaliser", "[row]")
{
  // The bounds in simd_executor.hpp: the log-normaliser's rounding, and with a temperature that of
  // the largest and of the own logit, beside those of a gradient element.
  struct bound {
    double temperature;
    double gradient;
    double ulps;
  };
  host_executor simd;
  serial_executor serial;
  auto const check = [](auto& ex, std::vector<double> const& logits, index_t target,
                        bound const& b) {
    auto x = stored_as<float>(logits);
    logit_transform<float> const transform{.temperature = static_cast<float>(b.temperature)};
    auto const want =
        compute_reference(as_double(x), target, {.d_log_prob = 1},
                          {.temperature = static_cast<double>(transform.temperature)});
    auto const got = row_log_prob<float>(ex, view(x), target, transform);
    std::vector<float> d(x.size());
    row_log_prob_gradient<float>(ex, view(x), view(d), target, got, {.d_log_prob = 1}, transform);
    double const ulp = std::nextafter(got.log_normalizer, 1e9f) - got.log_normalizer;
    double worst = 0;
    for (std::size_t j = 0; j < d.size(); ++j) {
      if (want.terms[j] < 1e-30) { continue; }
      worst =
          std::max(worst, std::abs(static_cast<double>(d[j]) - want.gradient[j]) / want.terms[j]);
    }
    CAPTURE(got.log_normalizer, target, b.temperature);
    CHECK(worst < b.gradient + b.ulps * ulp);
  };
  for (bound const& b : {bound{1, 5e-6, 0.5}, bound{0.3, 1e-5, 1.5}}) {
    for (double const offset : {0.0, 50.0, 1000.0, 1e4}) {
      for (unsigned const seed : {34u, 35u, 36u}) {
        std::vector<double> logits;
        for (double v : random_logits(1000, seed)) {
          logits.push_back(std::round(v * 1024) / 1024 + offset);
        }
        logits[17] = -infinity_v<double>;
        for (index_t const target : {17, 1000}) {  // masked, or in another shard
          check(simd, logits, target, b);
          check(serial, logits, target, b);
        }
      }
    }
  }
}

TEST_CASE("+inf under a soft cap makes a row NaN, as without one", "[row]")
{
  host_executor simd;
  serial_executor serial;
  logit_transform<float> const cap{.softcap = 30};
  for (index_t const place : {0, 70, 2999}) {
    auto x = stored_as<float>(random_logits(3000, 13));
    x[static_cast<std::size_t>(place)] = infinity_v<float>;
    for (auto const& row : {row_log_prob<float>(simd, view(x), 5, cap),
                            row_log_prob<float>(serial, view(x), 5, cap)}) {
      CHECK(std::isnan(row.log_prob));
      CHECK(std::isnan(row.entropy));
      CHECK(std::isnan(row.log_normalizer));
    }
  }
}

TEST_CASE("strided rows give what contiguous rows give", "[row]")
{
  host_executor ex;
  auto const logits = random_logits(300, 12);
  auto x = stored_as<float>(logits);
  std::vector<float> wide(900, 77.0f);
  for (std::size_t j = 0; j < 300; ++j) { wide[3 * j] = x[j]; }
  vector_view<float> const row(wide.data(), 300, 3);
  auto const want = compute_reference(as_double(x), 20, seeds);
  auto const got = row_log_prob<float>(ex, row, 20);
  check_result(got, want.result);
  row_log_prob_gradient<float>(ex, row, row, 20, got, seeds_in<float>());
  for (std::size_t j = 0; j < 300; ++j) { x[j] = wide[3 * j]; }
  check_gradient<float>(x, want);
  CHECK(wide[1] == 77.0f);
}
