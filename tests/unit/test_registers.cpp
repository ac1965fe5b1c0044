// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include <prefopt/core/pack_math.hpp>
#include <prefopt/core/registers.hpp>
#include <prefopt/row/rows.hpp>

#include "support/catch.hpp"
#include "support/row_cases.hpp"

namespace {

using namespace prefopt;

/// Registers of `Bytes` bytes can be used: by the processor, or because the file makes do without.
template <int Bytes>
bool can_run()
{
  if (!detail::compile_target::compiles_for_others) { return true; }
  return Bytes == 16 || Bytes <= vector_bytes ||
         (Bytes == 32 ? detail::processor_has_avx2() : detail::processor_has_avx512());
}

template <class Registers>
int lanes_in()
{
  return Registers::call([]<class Width>(Width) {
    return static_cast<int>(lanes_of<typename Width::template pack_of<float>>);
  });
}

template <class T>
vector_view<T> view(std::vector<T>& x)
{
  return x;
}

template <int Bytes, class Stored>
void check_width()
{
  if (!can_run<Bytes>()) { return; }
  simd_executor<fixed_registers<Bytes>> ex;
  for (index_t const size : {5, 31, 64, 65, 1000, 4099}) {
    for (logit_transform<double> const t :
         {logit_transform<double>{}, {.temperature = 0.5}, {.softcap = 5}}) {
      CAPTURE(Bytes, size, t.temperature, t.softcap);
      auto x = test::stored_as<Stored>(test::random_logits(size, static_cast<unsigned>(size)));
      row_log_prob_seeds<double> const seeds{.d_log_prob = 0.75, .d_entropy = -0.5};
      auto const want = test::compute_reference(test::as_double(x), size / 2, seeds, t);
      logit_transform<float> const transform{.softcap = static_cast<float>(t.softcap),
                                             .temperature = static_cast<float>(t.temperature)};
      auto const row = row_log_prob<float>(ex, view(x), size / 2, transform);
      test::check_result(row, want.result);
      auto const peak = row_peak<float>(ex, view(x), size / 2, transform);
      CHECK(peak.row.log_prob == row.log_prob);
      serial_executor serial;
      CHECK(peak.greedy == row_peak<float>(serial, view(x), size / 2, transform).greedy);
      row_log_prob_seeds<float> const seeds_in_fp32{.d_log_prob = 0.75f, .d_entropy = -0.5f};
      std::vector<Stored> d(x.size());
      row_log_prob_gradient<float>(ex, view(x), view(d), size / 2, row, seeds_in_fp32, transform);
      test::check_gradient<float>(d, want);
      // Past the caches, from any address: the same bits, and nothing around them.
      ex.streams = true;
      for (std::size_t const offset : {0u, 1u, 5u}) {
        std::vector<Stored> past(x.size() + 16, Stored(7.0f));
        vector_view<Stored> const inner(past.data() + offset, size);
        row_log_prob_gradient<float>(ex, view(x), inner, size / 2, row, seeds_in_fp32, transform);
        CHECK(std::memcmp(inner.data, d.data(), d.size() * sizeof(Stored)) == 0);
        CHECK((offset == 0 || static_cast<float>(past[offset - 1]) == 7.0f));
        CHECK(static_cast<float>(past[offset + x.size()]) == 7.0f);
      }
      ex.streams = false;
    }
  }
}

/// The gradient of `x` written past the caches, in place and apart, wherever the target and the
/// first element are: the same bits, and nothing around them.
template <int Bytes, class Stored>
void check_writing(index_t size)
{
  if (!can_run<Bytes>()) { return; }
  auto const x = test::stored_as<Stored>(test::random_logits(size, 5));
  row_log_prob_seeds<float> const seeds{.d_log_prob = 0.75f, .d_entropy = -0.5f};
  for (index_t target = 0; target < size; ++target) {
    simd_executor<fixed_registers<Bytes>> ex;
    auto in_place = x;
    auto const row = row_log_prob<float>(ex, view(in_place), target);
    serial_executor serial;
    std::vector<Stored> apart(x.size());
    auto const write = [&](auto& executor, vector_view<Stored> out) {
      auto copy = x;
      row_log_prob_gradient<float>(executor, view(copy), out, target, row, seeds);
    };
    write(ex, view(apart));
    std::vector<Stored> one(x.size());
    write(serial, view(one));
    auto const at = static_cast<std::size_t>(target);
    row_log_prob_gradient<float>(ex, view(in_place), view(in_place), target, row, seeds);
    bool same = std::memcmp(in_place.data(), apart.data(), apart.size() * sizeof(Stored)) == 0;
    same = same && std::memcmp(&one[at], &apart[at], sizeof(Stored)) == 0;
    ex.streams = true;
    auto const offset = static_cast<std::size_t>(target % 33);
    std::vector<Stored> past(x.size() + 64, Stored(7.0f));
    write(ex, vector_view<Stored>(past.data() + offset, size));
    same =
        same && std::memcmp(past.data() + offset, apart.data(), apart.size() * sizeof(Stored)) == 0;
    for (std::size_t k = 0; k < past.size(); ++k) {
      bool const is_around = k < offset || k >= offset + x.size();
      same = same && (!is_around || static_cast<float>(past[k]) == 7.0f);
    }
    CAPTURE(Bytes, size, target);
    REQUIRE(same);
  }
}

}  // namespace

TEST_CASE("a loop runs with the registers it is called for, or the widest there are", "[row]")
{
  CHECK(lanes_in<fixed_registers<16>>() == 4);
  if (can_run<32>()) { CHECK(lanes_in<fixed_registers<32>>() == 8); }
  if (can_run<64>()) { CHECK(lanes_in<fixed_registers<64>>() == 16); }
  int widest = vector_bytes;
  if (detail::processor_has_avx2()) { widest = std::max(widest, 32); }
  if (detail::processor_has_avx512()) { widest = 64; }
  CHECK(lanes_in<widest_registers<>>() == widest / 4);
}

TEMPLATE_TEST_CASE("rows agree with the reference whatever the registers", "[row]", float, bfloat16,
                   float16)
{
  check_width<16, TestType>();
  check_width<32, TestType>();
  check_width<64, TestType>();
}

TEMPLATE_TEST_CASE("a gradient has the same bits past the caches, in place and apart", "[row]",
                   float, bfloat16, float16)
{
  for (index_t const size : {1, 63, 64, 65, 100, 255, 256, 290, 321, 1023}) {
    check_writing<16, TestType>(size);
    check_writing<32, TestType>(size);
    check_writing<64, TestType>(size);
  }
}

TEMPLATE_TEST_CASE("a number fills every lane as it is, also where registers are wider", "[row]",
                   float, double)
{
  auto const check = []<int Bytes>(std::integral_constant<int, Bytes>) {
    if (!can_run<Bytes>()) { return; }
    for (TestType const v : {TestType(1), TestType(-0.0), quiet_nan_v<TestType>,
                             -infinity_v<TestType>, std::numeric_limits<TestType>::denorm_min()}) {
      fixed_registers<Bytes>::call([v]<class Width>(Width) {
        using packs = typename Width::template pack_of<TestType>;
        packs const x(v);
        for (int k = 0; k < lanes_of<packs>; ++k) {
          TestType const lane = x.lanes[k];
          CHECK((std::isnan(v) ? std::isnan(lane) : lane == v));
          CHECK(std::signbit(lane) == std::signbit(v));
        }
        auto const below = x < packs(2);
        auto const above = x > packs(0);
        CHECK(any_lane(below && above) == (v > 0 && v < 2));
        CHECK(any_lane(below || above) == (v < 2 || v > 0));
      });
    }
  };
  check(std::integral_constant<int, 16>{});
  check(std::integral_constant<int, 32>{});
  check(std::integral_constant<int, 64>{});
}
