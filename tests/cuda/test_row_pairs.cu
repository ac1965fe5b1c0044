// SPDX-License-Identifier: MIT
/// \file  Divergences, peaks and their gradients on the device against the host's in fp64.

#include "support/catch.hpp"

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <prefopt/cuda/kl_rows.cuh>
#include <prefopt/cuda/peaks.cuh>

#include "cuda/device.hpp"

using namespace prefopt;
using prefopt::detail::from_real;
using prefopt::detail::to_real;

namespace {

constexpr double inf = infinity_v<double>;

/// Rows of either kernel (a warp for up to 1024 logits, else a block), at addresses that are not
/// aligned; one in nine logits is masked. Padding is NaN, so that reading it shows.
struct shape {
  index_t rows, cols, pitch;
};
constexpr shape shapes[] = {{5, 1, 1}, {6, 33, 37}, {3, 257, 260}, {3, 1500, 1501}};

template <class Logit>
struct matrix {
  shape at;
  std::vector<Logit> host;

  matrix(shape const& s, unsigned seed)
      : at(s),
        host(static_cast<std::size_t>(s.rows * s.pitch), from_real<Logit>(quiet_nan_v<float>))
  {
    std::mt19937 bits(seed);
    for (index_t i = 0; i < at.rows; ++i) {
      for (index_t j = 0; j < at.cols; ++j) {
        float const x = static_cast<float>(bits() % 4001) / 250.0f - 8.0f;
        bool const masked = j % 9 == 4;
        host[static_cast<std::size_t>(i * at.pitch + j)] =
            from_real<Logit>(masked ? -infinity_v<float> : x);
      }
    }
  }

  std::vector<double> row(index_t i) const
  {
    std::vector<double> x;
    for (index_t j = 0; j < at.cols; ++j) {
      x.push_back(to_real<double>(host[static_cast<std::size_t>(i * at.pitch + j)]));
    }
    return x;
  }
};

template <class Logit>
matrix_view<Logit, device_memory> rows_of(test::device_array<Logit> const& a, shape const& s)
{
  return {a.data(), s.rows, s.cols, s.pitch};
}

vector_view<double> view(std::vector<double>& x)
{
  return x;
}

/// fp32 against fp64 results of the same logits: sums of up to 1500 terms.
constexpr double tolerance = 3e-6;

bool is_close(double got, double want, double rounding = 0)
{
  return std::abs(got - want) <= tolerance * std::fmax(1, std::abs(want)) + rounding;
}

template <class Policy, class Reference>
void check_pairs(shape const& s, logit_transform<float> const& transform)
{
  matrix<Policy> const x(s, 1);
  matrix<Reference> const z(s, 2);
  auto const n = static_cast<std::size_t>(s.rows);
  std::vector<float> d_kl, d_back;
  std::vector<std::uint8_t> mask;
  for (std::size_t i = 0; i < n; ++i) {
    d_kl.push_back(i % 3 == 2 ? 0.0f : 0.5f);
    d_back.push_back(i % 3 == 2 ? 0.0f : -0.25f);
    mask.push_back(i == 1 ? 0 : 1);
  }
  test::device_array<Policy> const policy(x.host);
  test::device_array<Reference> const reference(z.host);
  test::device_array<std::uint8_t> const counted(mask);
  test::device_array<float> const kl(n), back(n), seeds(d_kl), back_seeds(d_back);
  test::device_array<Policy> const gradient(
      std::vector<Policy>(x.host.size(), from_real<Policy>(2.0f)));
  kl_options<float, device_memory> options{.mask = counted.view(), .transform = transform};
  test::stream const stream;
  REQUIRE(gpu::kl_divergences(stream, rows_of(policy, s), rows_of(reference, s),
                              {kl.view(), back.view()}, options) == cudaSuccess);
  options.accumulate = true;
  REQUIRE(gpu::kl_gradients(stream, rows_of(policy, s), rows_of(reference, s),
                            {seeds.view(), back_seeds.view()}, rows_of(gradient, s),
                            options) == cudaSuccess);
  options.accumulate = false;  // in place
  REQUIRE(gpu::kl_gradients(stream, rows_of(policy, s), rows_of(reference, s),
                            {seeds.view(), back_seeds.view()}, rows_of(policy, s),
                            options) == cudaSuccess);
  stream.wait();
  auto const got = kl.host(), got_back = back.host();
  auto const sums = gradient.host(), in_place = policy.host();

  logit_transform<double> const exact{transform.logit_scale, transform.softcap,
                                      transform.temperature};
  serial_executor serial;
  for (index_t i = 0; i < s.rows; ++i) {
    auto const k = static_cast<std::size_t>(i);
    auto a = x.row(i), b = z.row(i);
    std::vector<double> d(a.size());
    auto const rows = row_kl<double>(serial, view(a), view(b), exact);
    row_kl_gradient<double>(serial, view(a), view(b), view(d), rows, {d_kl[k], d_back[k]}, false,
                            exact);
    bool const counts = mask[k] != 0;
    INFO("row " << i << " of " << s.cols);
    REQUIRE(is_close(got[k], counts ? rows.kl.reference_to_policy : 0));
    REQUIRE(is_close(got_back[k], counts ? rows.kl.policy_to_reference : 0));
    for (std::size_t j = 0; j < d.size(); ++j) {
      std::size_t const at = static_cast<std::size_t>(i * s.pitch) + j;
      double const want = counts ? d[j] : 0;
      double const half_unit = sizeof(Policy) == 2 ? 0x1p-8 : 0;
      double const sum = 2 + want;
      REQUIRE(is_close(to_real<double>(sums[at]), sum, half_unit * std::abs(sum)));
      REQUIRE(is_close(to_real<double>(in_place[at]), want, half_unit * std::abs(want)));
    }
  }
}

}  // namespace

TEST_CASE("divergences and their gradients on the device are the host's", "[cuda][kl]")
{
  for (auto const& s : shapes) {
    check_pairs<float, float>(s, {});
    check_pairs<bfloat16, bfloat16>(s, {});
  }
  for (bool const capped : {false, true}) {
    check_pairs<float, bfloat16>({3, 1500, 1501},
                                 {.softcap = capped ? 6.0f : 0.0f, .temperature = 0.8f});
  }
}

TEST_CASE("the same pair of rows has the same divergences again, and no rows have none",
          "[cuda][kl]")
{
  shape const s{3, 1500, 1501};
  matrix<float> const x(s, 4), z(s, 5);
  test::device_array<float> const policy(x.host), reference(z.host), first(3), second(3);
  test::stream const stream;
  for (auto const* kl : {&first, &second}) {
    REQUIRE(gpu::kl_divergences(stream, rows_of(policy, s), rows_of(reference, s),
                                {.reference_to_policy = kl->view()}) == cudaSuccess);
  }
  stream.wait();
  CHECK(first.host() == second.host());

  shape const none{0, 1500, 1501};
  CHECK(gpu::kl_divergences(stream, rows_of(policy, none), rows_of(reference, none), {}) ==
        cudaSuccess);
  CHECK(gpu::kl_gradients(stream, rows_of(policy, none), rows_of(reference, none), {},
                          rows_of(policy, none)) == cudaSuccess);
}

TEST_CASE("peaks on the device are the host's", "[cuda][peaks]")
{
  for (auto const& s : shapes) {
    matrix<float> const x(s, 3);
    auto const n = static_cast<std::size_t>(s.rows);
    std::vector<std::int64_t> targets(n, 0);
    targets[1] = -100;
    targets[2] = s.cols;  // not a token: NaN, as a kernel cannot throw
    test::device_array<float> const logits(x.host);
    test::device_array<std::int64_t> const ids(targets);
    test::device_array<float> const log_prob(n), adjustment(n), collision(n), hit(n);
    test::device_array<index_t> const greedy(n);
    test::stream const stream;
    REQUIRE(gpu::row_peaks(stream, rows_of(logits, s), ids.view(),
                           {.rows = {.log_prob = log_prob.view()},
                            .adjustment = adjustment.view(),
                            .log_collision = collision.view(),
                            .greedy = greedy.view(),
                            .hit = hit.view()}) == cudaSuccess);
    stream.wait();
    auto const lp = log_prob.host(), adj = adjustment.host(), sum = collision.host();
    auto const hits = hit.host();
    auto const tokens = greedy.host();
    serial_executor serial;
    for (std::size_t i = 0; i < n; ++i) {
      INFO("row " << i << " of " << s.cols);
      if (i == 2) {
        REQUIRE(std::isnan(adj[i]));
        REQUIRE(tokens[i] == -1);
        REQUIRE(hits[i] == 0);
        continue;
      }
      auto row = x.row(static_cast<index_t>(i));
      auto const want = row_peak<double>(serial, view(row), i == 1 ? -1 : 0);
      REQUIRE(is_close(lp[i], want.row.log_prob));
      REQUIRE(is_close(sum[i], want.log_collision));
      REQUIRE(is_close(adj[i], want.adjustment()));
      REQUIRE(tokens[i] == want.greedy);
      REQUIRE(hits[i] == (want.greedy == 0 ? 1 : 0));
    }
  }
}

TEST_CASE("a token that only one of the models can choose, on the device", "[cuda][kl]")
{
  shape const s{1, 3, 3};
  float const m = -infinity_v<float>;
  test::device_array<float> const policy(std::vector<float>{1, m, 2});
  test::device_array<float> const reference(std::vector<float>{0, 1, 3});
  test::device_array<float> const kl(1), back(1);
  test::stream const stream;
  REQUIRE(gpu::kl_divergences(stream, rows_of(policy, s), rows_of(reference, s),
                              {kl.view(), back.view()}) == cudaSuccess);
  stream.wait();
  REQUIRE(static_cast<double>(kl.host()[0]) == inf);
  std::vector<double> a{1, -inf, 2}, b{0, 1, 3};
  serial_executor serial;
  REQUIRE(
      is_close(back.host()[0], row_kl<double>(serial, view(a), view(b)).kl.policy_to_reference));
}
