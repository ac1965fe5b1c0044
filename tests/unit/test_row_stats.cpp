// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <prefopt/core/registers.hpp>
#include <prefopt/row/double_pack.hpp>
#include <prefopt/row/half_pack.hpp>
#include <prefopt/row/logit_stats.hpp>

#include "support/catch.hpp"
#include "support/row_cases.hpp"

namespace {

using namespace prefopt;
using stats = logit_stats<double>;

stats of(std::vector<double> const& logits)
{
  stats s;
  for (double x : logits) { s.push(x); }
  return s;
}

stats merged(stats a, stats const& b)
{
  a.merge(b);
  return a;
}

// A handful of roundings of sums that are at most a few hundred.
bool equal(stats const& a, stats const& b)
{
  auto const close = [](double x, double y) { return x == y || std::abs(x - y) <= 1e-13; };
  return close(a.log_normalizer(), b.log_normalizer()) && close(a.entropy(), b.entropy());
}

}  // namespace

TEST_CASE("logit statistics are a commutative monoid", "[row]")
{
  std::vector<std::vector<double>> const sets{{},
                                              {2.5},
                                              {-infinity_v<double>},
                                              {0, 0, 0},
                                              {1000, -1000, 3},
                                              {-1e4, -1.00001e4},
                                              test::random_logits(100, 1)};
  for (auto const& x : sets) {
    stats const a = of(x);
    CHECK(equal(merged(a, stats{}), a));
    CHECK(equal(merged(stats{}, a), a));
    for (auto const& y : sets) {
      stats const b = of(y);
      CHECK(equal(merged(a, b), merged(b, a)));
      for (auto const& z : sets) {
        stats const c = of(z);
        CHECK(equal(merged(merged(a, b), c), merged(a, merged(b, c))));
      }
    }
  }
}

TEST_CASE("logit statistics do not depend on how a row is split", "[row]")
{
  auto const x = test::random_logits(97, 2, 10, 5);
  stats const whole = of(x);
  for (std::size_t cut = 0; cut <= x.size(); ++cut) {
    auto const middle = x.begin() + static_cast<std::ptrdiff_t>(cut);
    CHECK(equal(merged(of({x.begin(), middle}), of({middle, x.end()})), whole));
  }
}

TEST_CASE("a row without a finite logit is empty and NaN never vanishes", "[row]")
{
  double const nan = quiet_nan_v<double>;
  double const masked = -infinity_v<double>;
  stats const empty = of({masked, masked});
  CHECK(empty.log_normalizer() == masked);
  CHECK(empty.entropy() == 0);
  CHECK(empty.log_prob(masked) == masked);
  for (auto const& x : std::vector<std::vector<double>>{{nan},
                                                        {nan, 1},
                                                        {1, nan},
                                                        {masked, nan},
                                                        {infinity_v<double>},
                                                        {1, infinity_v<double>, 2}}) {
    CHECK(std::isnan(of(x).log_normalizer()));
    CHECK(std::isnan(of(x).entropy()));
    CHECK(std::isnan(merged(of({3}), of(x)).log_normalizer()));
    CHECK(std::isnan(merged(of(x), of({3})).log_normalizer()));
  }
}

TEST_CASE("vocabulary shards of a token merge whoever holds the target", "[row]")
{
  auto const x = test::random_logits(30, 3);
  auto const want = test::compute_reference(x, 17).result;
  for (bool const backwards : {false, true}) {
    token_stats<double> token;
    for (int k = 0; k < 3; ++k) {
      int const shard = backwards ? 2 - k : k;
      vector_view<double const> const part(x.data() + 10 * shard, 10);
      serial_executor ex;
      token.merge(row_stats<double>(ex, part, 17 - 10 * shard));
    }
    test::check_result(token.result(), want);
  }
}

TEST_CASE("every 16-bit pattern survives a round trip through fp32", "[row]")
{
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    auto const half = static_cast<std::uint16_t>(bits);
    float const b = detail::decode_bfloat16(half);
    float const h = detail::decode_float16(half);
    bool const good =
        (std::isnan(b) ? std::isnan(detail::decode_bfloat16(detail::encode_bfloat16(b)))
                       : detail::encode_bfloat16(b) == half) &&
        (std::isnan(h) ? std::isnan(detail::decode_float16(detail::encode_float16(h)))
                       : detail::encode_float16(h) == half);
    if (!good) { FAIL("pattern " << bits); }
  }
  CHECK(detail::decode_float16(0x3c00) == 1.0f);
  CHECK(detail::decode_float16(0x7bff) == 65504.0f);
  CHECK(detail::decode_float16(0x0001) == 0x1p-24f);
  CHECK(detail::decode_float16(0xfc00) == -infinity_v<float>);
  CHECK(detail::decode_bfloat16(0x3f80) == 1.0f);
  CHECK(sizeof(bfloat16) == 2);
  CHECK(sizeof(float16) == 2);
}

TEST_CASE("16-bit types round to nearest with ties to even", "[row]")
{
  // Between neighbours a < b of either type: a quarter of the way, half way, three quarters.
  auto const check = [](auto decode, auto encode, std::uint16_t last) {
    for (std::uint16_t low = 0; low < last; ++low) {
      double const a = decode(low);
      double const b = decode(static_cast<std::uint16_t>(low + 1));
      auto const at = [&](double t) { return encode(static_cast<float>(a + t * (b - a))); };
      std::uint16_t const even = low % 2 == 0 ? low : static_cast<std::uint16_t>(low + 1);
      bool const good = at(0.25) == low && at(0.75) == low + 1 && at(0.5) == even;
      if (!good) { FAIL("pattern " << low); }
    }
  };
  check(detail::decode_float16, detail::encode_float16, 0x7bff);
  // From the first normal number: a quarter between subnormal bf16 numbers is no fp32 number.
  auto const shifted_decode = [](std::uint16_t i) {
    return detail::decode_bfloat16(static_cast<std::uint16_t>(i + 0x80));
  };
  auto const shifted_encode = [](float v) {
    return static_cast<std::uint16_t>(detail::encode_bfloat16(v) - 0x80);
  };
  check(shifted_decode, shifted_encode, 0x7f7f - 0x80);
  CHECK(detail::encode_float16(65519.0f) == 0x7bff);
  CHECK(detail::encode_float16(65520.0f) == 0x7c00);
  CHECK(detail::encode_bfloat16(3.4e38f) == 0x7f80);
}

TEMPLATE_TEST_CASE("packs convert 16-bit types as single numbers do", "[row]", bfloat16, float16)
{
  using reals = native_pack<float>;
  constexpr index_t pair = detail::pack_pair<reals>::size;
  std::vector<TestType> in(65536), out(65536);
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    in[bits].bits = static_cast<std::uint16_t>(bits);
  }
  for (index_t i = 0; i < 65536; i += pair) {
    detail::store_pair(out.data() + i, detail::load_pair<reals>(in.data() + i));
  }
  for (std::size_t i = 0; i < 65536; ++i) {
    float const want = static_cast<float>(in[i]);
    float const got = static_cast<float>(out[i]);
    if (!(std::isnan(want) ? std::isnan(got) : out[i].bits == in[i].bits)) {
      FAIL("pattern " << i << " became " << out[i].bits);
    }
  }
  // Numbers that have to be rounded.
  auto const x = test::random_logits(4096, 4, 1e-3);
  auto values = test::stored_as<float>(x);
  for (std::size_t i = 0; i < values.size(); i += 7) { values[i] *= 1e-4f; }
  values[0] = 65519.0f;
  values[1] = 65520.0f;
  values[2] = 1e9f;
  for (std::size_t i = 0; i < values.size(); i += static_cast<std::size_t>(pair)) {
    // Even places lie in the first pack, odd ones in the second.
    std::vector<float> split(static_cast<std::size_t>(pair));
    for (std::size_t k = 0; k < split.size(); ++k) {
      split[k % 2 * split.size() / 2 + k / 2] = values[i + k];
    }
    detail::pack_pair<reals> const packs = detail::load_pair<reals>(split.data());
    TestType got[static_cast<std::size_t>(pair)];
    detail::store_pair(got, packs);
    for (std::size_t k = 0; k < static_cast<std::size_t>(pair); ++k) {
      if (got[k].bits != TestType(values[i + k]).bits) { FAIL("value " << values[i + k]); }
    }
  }
}

TEST_CASE("tanh and the probability of a pack keep fp32 precision", "[row]")
{
  using reals = native_pack<float>;
  double worst_tanh = 0;
  double worst_probability = 0;
  for (float x = -100; x < 100; x += 0.01f) {
    double const t = std::tanh(static_cast<double>(x));
    double const got = static_cast<double>(tanh(reals(x)).lanes[0]);
    worst_tanh = std::max(worst_tanh, std::abs(got - t) / std::max(std::abs(t), 1e-30));
    if (x > -87 && x < 0) {
      double const p = std::exp(static_cast<double>(x));
      double const e = static_cast<double>(detail::probability(reals(x)).lanes[0]);
      worst_probability = std::max(worst_probability, std::abs(e - p) / p);
    }
  }
  CHECK(worst_tanh < 2.5e-7);
  // Without fused multiply-add, which takes the instruction and -O2, the fraction loses three bits
  // at the far end.
  float const volatile factor = 1 + 0x1p-12f;
  bool const fuses =
      mul_add(reals(factor), reals(factor), reals(-1 - 0x1p-11f)).lanes[0] == 0x1p-24f;
  CHECK(worst_probability < (fuses ? 4e-7 : 5e-6));
  CHECK(detail::probability(reals(0.0f)).lanes[0] == 1.0f);
  CHECK(detail::probability(reals(-88.0f)).lanes[0] == 0.0f);
  CHECK(detail::probability(reals(-infinity_v<float>)).lanes[0] == 0.0f);
  CHECK(std::isnan(detail::probability(reals(quiet_nan_v<float>)).lanes[0]));
  CHECK(tanh(reals(-infinity_v<float>)).lanes[0] == -1.0f);
  CHECK(std::isnan(tanh(reals(quiet_nan_v<float>)).lanes[0]));
}

namespace {

/// Largest relative error of `scaled_exp` from `from` up to a little above 0, in every lane.
template <class Reals, class Coefficients>
double worst_scaled_exp(float from)
{
  double const factor = -0.75;
  detail::scaled_exp<Reals, Coefficients> const scaled(factor);
  double worst = 0;
  for (float x = from; x < 0.5f; x += 0x1p-9f) {
    Reals const near(x - 0x1p-11f);
    auto const y = scaled({Reals(x), near, Reals(x), near});
    double const want = factor * std::exp(static_cast<double>(x));
    double const beside = factor * std::exp(static_cast<double>(near.lanes[0]));
    for (int k = 0; k < lanes_of<Reals>; ++k) {
      worst = std::max({worst, std::abs(static_cast<double>(y.first.lanes[k]) / want - 1),
                        std::abs(static_cast<double>(y.second.lanes[k]) / beside - 1),
                        std::abs(static_cast<double>(y.third.lanes[k]) / want - 1),
                        std::abs(static_cast<double>(y.fourth.lanes[k]) / beside - 1)});
    }
  }
  return worst;
}

/// What registers of one width make of e^x with a factor.
struct scaled_exp_results {
  bool fuses;
  double fp32_from_30, fp32, bfloat16_from_30, bfloat16;
  float one_value, at_lowest, of_nan, of_zero, of_tiny;
};

template <class Reals>
scaled_exp_results scaled_exp_in()
{
  using in_fp32 = detail::scaled_exp<Reals, detail::exp_for_fp32>;
  float const volatile factor = 1 + 0x1p-12f;
  Reals const square = mul_add(Reals(factor), Reals(factor), Reals(-1 - 0x1p-11f));
  auto const ends =
      in_fp32(-2)({Reals(in_fp32::lowest), Reals(quiet_nan_v<float>), Reals(0.0f), Reals(-87.5f)});
  Reals const x(-1.234375f);
  return {square.lanes[0] == 0x1p-24f,
          worst_scaled_exp<Reals, detail::exp_for_fp32>(-30),
          worst_scaled_exp<Reals, detail::exp_for_fp32>(-87.3f),
          worst_scaled_exp<Reals, detail::exp_for_bfloat16>(-30),
          worst_scaled_exp<Reals, detail::exp_for_bfloat16>(-87.3f),
          in_fp32(1)({x, x, x, x}).first.lanes[0],
          ends.first.lanes[0],
          ends.second.lanes[0],
          ends.third.lanes[0],
          ends.fourth.lanes[0]};
}

/// With registers of `Bytes`, where the processor has them.
template <int Bytes>
void check_scaled_exp()
{
  bool const can_run = Bytes <= vector_bytes || (Bytes == 32 && detail::processor_has_avx2()) ||
                       (Bytes == 64 && detail::processor_has_avx512());
  if (!can_run) { return; }
  auto const r = fixed_registers<Bytes>::call(
      []<class Width>(Width) { return scaled_exp_in<typename Width::template pack_of<float>>(); });
  CAPTURE(Bytes, r.fuses);
  CHECK(r.fp32_from_30 < (r.fuses ? 3e-7 : 1.5e-6));
  CHECK(r.fp32 < (r.fuses ? 5e-7 : 5e-6));
  CHECK(r.bfloat16_from_30 < (r.fuses ? 3e-6 : 4e-6));
  CHECK(r.bfloat16 < (r.fuses ? 3.2e-6 : 7e-6));
  double const digits = 0.29101659090983197174566880873148;  // e^-1.234375, Python's decimal
  CHECK(std::abs(static_cast<double>(r.one_value) / digits - 1) < 3e-7);
  CHECK(r.at_lowest == 0.0f);
  CHECK(std::isnan(r.of_nan));
  CHECK(r.of_zero == -2.0f);
  CHECK(std::abs(r.of_tiny) < 2.1f * std::numeric_limits<float>::min());
}

}  // namespace

TEST_CASE("e^x with a factor keeps the precision that is stated, whatever the registers", "[row]")
{
  check_scaled_exp<16>();
  check_scaled_exp<32>();
  check_scaled_exp<64>();
}

TEST_CASE("ties of bf16 go away from 0 where that is asked for", "[row]")
{
  using reals = native_pack<float>;
  bfloat16 got[static_cast<std::size_t>(detail::pack_pair<reals>::size)];
  for (float const sign : {1.0f, -1.0f}) {
    // 1 and the next number, half way between the two and a little below.
    detail::pack_pair<reals> const half{reals(sign * (1 + 0x1p-8f)),
                                        reals(sign * (1 + 0x1p-8f - 0x1p-20f))};
    detail::store_pair<reals, detail::ties::away>(got, half);
    CHECK(static_cast<float>(got[0]) == sign * (1 + 0x1p-7f));
    CHECK(static_cast<float>(got[1]) == sign);
    detail::store_pair<reals>(got, half);
    CHECK(static_cast<float>(got[0]) == sign);
    CHECK(static_cast<float>(got[1]) == sign);
  }
  detail::pack_pair<reals> const odd{reals(quiet_nan_v<float>), reals(infinity_v<float>)};
  detail::store_pair<reals, detail::ties::away>(got, odd);
  CHECK(std::isnan(static_cast<float>(got[0])));
  CHECK(static_cast<float>(got[1]) == infinity_v<float>);
}

TEST_CASE("e^x of fp64 packs keeps the precision that is stated", "[row]")
{
  double worst = 0;
  for (double x = -708; x < 709; x += 0.00571) {
    long double const want = std::exp(static_cast<long double>(x));
    double const got = detail::exp_in_range(pack<double, 2>(x)).lanes[0];
    worst = std::max(worst, static_cast<double>(std::abs((got - want) / want)));
  }
  CHECK(worst < 5e-16);
}
