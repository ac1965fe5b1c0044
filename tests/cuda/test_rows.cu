// SPDX-License-Identifier: MIT
/// \file  Rows of logits on the device against the serial executor in fp64.

#include "support/catch.hpp"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <prefopt/cuda/rows.cuh>
#include <prefopt/row/executor.hpp>
#include <prefopt/row/log_prob.hpp>

#include "cuda/device.hpp"
#include "support/peaked_rows.hpp"

using namespace prefopt;
using prefopt::detail::from_real;
using prefopt::detail::to_real;

namespace {

constexpr float masked = -infinity_v<float>;
constexpr index_t ignored = -100;

/// Absolute, for numbers of the size of a log-probability: fp32 sums of up to 32000 terms. The
/// gradients lie in (-1, 1) and are rounded to the stored type besides.
template <class Real>
constexpr double row_tolerance = std::is_same_v<Real, double> ? 1e-13 : 3e-6;
template <class Stored>
constexpr double rounding = sizeof(Stored) == 8                               ? 0
                            : sizeof(Stored) == 4                             ? 0x1p-24
                            : half_format_of<Stored> == half_format::bfloat16 ? 0x1p-8
                                                                              : 0x1p-11;

/// fp16 has no numbers between multiples of 2^-24.
template <class Stored>
constexpr double half_step = half_format_of<Stored> == half_format::float16 ? 0x1p-25 : 0;

struct shape {
  index_t rows;
  index_t cols;
  index_t pitch;
  index_t offset = 0;
};

/// Logits, targets and seeds on the host; padding is NaN, so that reading it shows.
template <class Logit, class Target>
struct batch {
  shape at;
  std::vector<Logit> logits;
  std::vector<Target> targets;
  logit_transform<double> transform{};

  batch(shape const& s, unsigned seed)
      : at(s),
        logits(static_cast<std::size_t>(s.offset + s.rows * s.pitch),
               from_real<Logit>(quiet_nan_v<float>))
  {
    std::mt19937 bits(seed);
    for (index_t i = 0; i < at.rows; ++i) {
      for (index_t j = 0; j < at.cols; ++j) {
        row(i)[j] = from_real<Logit>(static_cast<float>(bits() % 4001) / 250.0f - 8.0f);
      }
      targets.push_back(static_cast<Target>(bits() % static_cast<unsigned>(at.cols)));
    }
  }
  vector_view<Logit> row(index_t i) { return {logits.data() + at.offset + i * at.pitch, at.cols}; }

  row_log_prob_result<double> expected(index_t i)
  {
    serial_executor serial;
    Target const target = targets[static_cast<std::size_t>(i)];
    return row_log_prob<double>(serial, row(i), static_cast<index_t>(target), transform);
  }
};

template <class Real>
std::vector<Real> seed_column(unsigned salt, index_t rows)
{
  std::vector<Real> column;
  for (index_t i = 0; i < rows; ++i) {
    column.push_back(Real(0.25) * static_cast<Real>((i * 7 + salt) % 5) - Real(0.5));
  }
  return column;
}

/// What a call left in device memory.
template <class Real, class Gradient>
struct outcome {
  std::vector<Real> log_prob, entropy, log_normalizer;
  std::vector<Gradient> gradient;  ///< laid out as the logits, padding included
  /// The same columns, from the call that gave the gradient too; empty where another gave it.
  std::vector<Real> fused_log_prob{}, fused_entropy{}, fused_log_normalizer{};
};

/// Forward and backward on a stream of its own. Without `Gradient` = the logits' type it can't be
/// in place.
template <class Real, class Gradient, class Logit, class Target>
outcome<Real, Gradient> run(batch<Logit, Target>& b, bool in_place = false)
{
  index_t const n = b.at.rows;
  test::device_array<Logit> const logits(b.logits);
  test::device_array<Target> const targets(b.targets);
  test::device_array<Real> const log_prob(static_cast<std::size_t>(n));
  test::device_array<Real> const entropy(static_cast<std::size_t>(n));
  test::device_array<Real> const log_normalizer(static_cast<std::size_t>(n));
  test::device_array<Real> const d_log_prob(seed_column<Real>(0, n));
  test::device_array<Real> const d_entropy(seed_column<Real>(1, n));
  test::device_array<Real> const d_log_normalizer(seed_column<Real>(3, n));
  test::device_array<Gradient> const gradient(
      std::vector<Gradient>(b.logits.size(), from_real<Gradient>(7.0f)));

  matrix_view<Logit, device_memory> const rows(logits.data() + b.at.offset, n, b.at.cols,
                                               b.at.pitch);
  matrix_view<Gradient, device_memory> out(gradient.data() + b.at.offset, n, b.at.cols, b.at.pitch);
  row_options<Real, device_memory> options{
      .transform = {static_cast<Real>(b.transform.logit_scale),
                    static_cast<Real>(b.transform.softcap),
                    static_cast<Real>(b.transform.temperature)}};
  test::stream const stream;
  REQUIRE(gpu::log_probs<Real>(stream, rows, targets.view(),
                               {.log_prob = log_prob.view(),
                                .entropy = entropy.view(),
                                .log_normalizer = log_normalizer.view()},
                               options) == cudaSuccess);
  // Every other batch gets forward results and gradient from one call.
  bool const fused = b.at.cols % 2 != 0;
  test::device_array<Real> const fused_log_prob(static_cast<std::size_t>(n));
  test::device_array<Real> const fused_entropy(static_cast<std::size_t>(n));
  test::device_array<Real> const fused_log_normalizer(static_cast<std::size_t>(n));
  if (!fused) {
    options.forward = {.log_prob = log_prob.view(),
                       .entropy = entropy.view(),
                       .log_normalizer = log_normalizer.view()};
  }
  options.scale = Real(0.5);
  auto const backward = [&](auto const& to) {
    log_prob_seed_columns<Real, device_memory> const seeds{
        .d_log_prob = d_log_prob.view(),
        .d_entropy = d_entropy.view(),
        .d_log_normalizer = d_log_normalizer.view()};
    return fused
               ? gpu::log_probs_and_gradients<Real>(stream, rows, targets.view(), seeds,
                                                    {.log_prob = fused_log_prob.view(),
                                                     .entropy = fused_entropy.view(),
                                                     .log_normalizer = fused_log_normalizer.view()},
                                                    to, options)
               : gpu::logit_gradients<Real>(stream, rows, targets.view(), seeds, to, options);
  };
  REQUIRE((in_place ? backward(rows) : backward(out)) == cudaSuccess);
  stream.wait();
  outcome<Real, Gradient> result{log_prob.host(), entropy.host(), log_normalizer.host(),
                                 gradient.host()};
  if constexpr (std::is_same_v<Logit, Gradient>) {
    if (in_place) { result.gradient = logits.host(); }
  }
  if (fused) {
    result.fused_log_prob = fused_log_prob.host();
    result.fused_entropy = fused_entropy.host();
    result.fused_log_normalizer = fused_log_normalizer.host();
  }
  return result;
}

bool close(double got, double expected, double absolute, double relative = 0)
{
  if (std::isnan(expected) || std::isinf(expected)) {
    return std::isnan(expected) ? std::isnan(got) : got == expected;
  }
  return std::fabs(got - expected) <= absolute + relative * std::fabs(expected);
}

/// Compares every result and every element of the gradient's allocation.
template <class Real, class Gradient, class Logit, class Target>
void compare(batch<Logit, Target>& b, bool in_place = false)
{
  outcome<Real, Gradient> const got = run<Real, Gradient>(b, in_place);
  double const tolerance = row_tolerance<Real>;
  std::vector<Gradient> expected = [&] {
    if constexpr (std::is_same_v<Logit, Gradient>) {
      if (in_place) { return b.logits; }
    }
    return std::vector<Gradient>(b.logits.size(), from_real<Gradient>(7.0f));
  }();
  std::vector<double> exact(b.logits.size());
  for (std::size_t k = 0; k < exact.size(); ++k) { exact[k] = to_real<double>(expected[k]); }

  std::vector<Real> const d[] = {seed_column<Real>(0, b.at.rows), seed_column<Real>(1, b.at.rows),
                                 seed_column<Real>(3, b.at.rows)};
  for (index_t i = 0; i < b.at.rows; ++i) {
    auto const k = static_cast<std::size_t>(i);
    row_log_prob_result<double> const row = b.expected(i);
    if (!close(got.log_prob[k], row.log_prob, tolerance, tolerance) ||
        !close(got.entropy[k], row.entropy, tolerance, tolerance) ||
        !close(got.log_normalizer[k], row.log_normalizer, tolerance, tolerance)) {
      FAIL("row " << i << " of " << b.at.rows << " x " << b.at.cols << ": " << got.log_prob[k]
                  << ", " << got.entropy[k] << ", " << got.log_normalizer[k] << " instead of "
                  << row.log_prob << ", " << row.entropy << ", " << row.log_normalizer);
    }

    if (!got.fused_log_prob.empty()) {
      bool const same =
          close(got.fused_log_prob[k], row.log_prob, tolerance, tolerance) &&
          close(got.fused_entropy[k], row.entropy, tolerance, tolerance) &&
          close(got.fused_log_normalizer[k], row.log_normalizer, tolerance, tolerance);
      INFO("row " << i << ", forward results beside the gradient");
      REQUIRE(same);
    }

    row_log_prob_seeds<double> const seeds{0.5 * d[0][k], 0.5 * d[1][k], 0.5 * d[2][k]};
    serial_executor serial;
    vector_view<double> const to(exact.data() + b.at.offset + i * b.at.pitch, b.at.cols);
    row_log_prob_gradient<double>(serial, b.row(i), to, static_cast<index_t>(b.targets[k]), row,
                                  seeds, b.transform);
  }
  // Off the target a gradient has the size of a probability, at most about 16 / cols here.
  double const absolute =
      tolerance * std::fmin(1.0, 64.0 / static_cast<double>(b.at.cols)) + half_step<Gradient>;
  std::size_t wrong = 0;
  while (wrong < exact.size() && close(to_real<double>(got.gradient[wrong]), exact[wrong], absolute,
                                       tolerance + rounding<Gradient>)) {
    ++wrong;
  }
  INFO("the gradient of " << b.at.rows << " x " << b.at.cols << " differs at element " << wrong);
  REQUIRE(wrong == exact.size());
}

template <class Real, class Logit, class Target = std::int32_t>
void compare_shapes()
{
  for (index_t const cols : {1, 2, 7, 31, 32, 33, 255, 257, 1000, 1024, 1025}) {
    batch<Logit, Target> b({3, cols, cols + 3, cols % 3}, static_cast<unsigned>(cols));
    b.targets[1] = static_cast<Target>(ignored);
    compare<Real, Logit>(b, false);
    compare<Real, Logit>(b, true);
  }
  batch<Logit, Target> large({2, 32'000, 32'001, 1}, 1);
  compare<Real, Logit>(large, true);
}

}  // namespace

TEST_CASE("rows of every length and type equal the serial reference", "[cuda][row]")
{
  SECTION("fp32")
  {
    compare_shapes<float, float>();
  }
  SECTION("fp64, 64-bit targets")
  {
    compare_shapes<double, double, std::int64_t>();
  }
  SECTION("bf16")
  {
    compare_shapes<float, __nv_bfloat16>();
  }
  SECTION("fp16, 64-bit targets")
  {
    compare_shapes<float, __half, std::int64_t>();
  }
  SECTION("bf16 logits summed in fp64, gradient in fp32")
  {
    batch<__nv_bfloat16, std::int32_t> b({3, 1027, 1030, 1}, 4);
    compare<double, float>(b);
  }
}

TEST_CASE("rows of the largest vocabularies equal the serial reference", "[cuda][row][large]")
{
  // Even and odd: the forward results are given, or come with the gradient. At a pitch of one more,
  // the second row starts elsewhere than the first. 304 KB a row do not fit shared memory.
  batch<__nv_bfloat16, std::int64_t> gpt2({2, 50'257, 50'258, 1}, 2);
  compare<float, __nv_bfloat16>(gpt2, true);
  batch<__nv_bfloat16, std::int64_t> qwen({2, 151'936, 151'937}, 3);
  compare<float, __nv_bfloat16>(qwen, true);
  batch<__nv_bfloat16, std::int64_t> beyond({2, 151'937, 151'939}, 14);
  compare<float, __nv_bfloat16>(beyond, true);
}

TEST_CASE("scale, soft cap and temperature are applied on the fly", "[cuda][row]")
{
  for (index_t const cols : {100, 1100}) {
    batch<float, std::int32_t> b({4, cols, cols}, 5);
    b.row(1)[3] = masked;
    b.transform = {0.5, 3.0, 0.7};
    compare<float, float>(b);
    b.transform = {0.5, 0.0, 2.0};
    compare<float, float>(b, true);
  }
}

TEST_CASE("masked logits contribute nothing, and a fully masked row is empty", "[cuda][row]")
{
  for (index_t const cols : {40, 1100}) {
    batch<float, std::int32_t> b({4, cols, cols}, 6);
    for (index_t j = 0; j < cols; ++j) {
      if (j % 3 != 0) { b.row(0)[j] = masked; }  // whole lanes see nothing but masked logits
      b.row(1)[j] = masked;
      if (j != cols - 1) { b.row(2)[j] = masked; }
    }
    b.targets = {3, 0, static_cast<std::int32_t>(cols - 1), 1};
    b.row(3)[1] = masked;  // a masked target
    compare<float, float>(b);
    outcome<float, float> const got = run<float, float>(b);
    CHECK(got.log_normalizer[1] == masked);
    CHECK(got.entropy[1] == 0.0f);
    CHECK(got.log_prob[2] == 0.0f);
    CHECK(got.entropy[2] == 0.0f);
    CHECK(got.log_prob[3] == masked);
    for (std::size_t j = 0; j < static_cast<std::size_t>(cols); ++j) {
      REQUIRE(got.gradient[static_cast<std::size_t>(cols) + j] == 0.0f);
    }
  }
}

TEST_CASE("NaN propagates to its own row only; an ignored row is zeros whatever it holds",
          "[cuda][row]")
{
  for (index_t const cols : {33, 1100}) {
    batch<float, std::int32_t> b({3, cols, cols}, 7);
    b.row(0)[cols - 1] = quiet_nan_v<float>;
    b.row(1)[0] = quiet_nan_v<float>;
    b.targets[1] = static_cast<std::int32_t>(ignored);
    outcome<float, float> const got = run<float, float>(b);
    CHECK(std::isnan(got.log_prob[0]));
    CHECK(std::isnan(got.entropy[0]));
    CHECK(std::isnan(got.log_normalizer[0]));
    CHECK(got.log_prob[1] == 0.0f);
    CHECK(got.entropy[1] == 0.0f);
    CHECK(got.log_normalizer[1] == 0.0f);
    CHECK(std::isfinite(got.log_prob[2]));
    for (std::size_t j = 0; j < static_cast<std::size_t>(cols); ++j) {
      REQUIRE(std::isnan(got.gradient[j]));
      REQUIRE(got.gradient[static_cast<std::size_t>(cols) + j] == 0.0f);
      REQUIRE(std::isfinite(got.gradient[static_cast<std::size_t>(2 * cols) + j]));
    }
  }
}

TEST_CASE("a target that is no column gives NaN, and touches nothing else", "[cuda][row]")
{
  for (index_t const cols : {33, 1100}) {
    batch<double, std::int64_t> b({4, cols, cols}, 8);
    b.targets = {0, cols, -1, std::int64_t(1) << 40};
    b.row(1)[5] = -2000.0;  // its probability underflows
    outcome<double, double> const got = run<double, double>(b);
    CHECK(std::isfinite(got.log_prob[0]));
    for (std::size_t i = 1; i < 4; ++i) {
      CHECK(std::isnan(got.log_prob[i]));
      CHECK(std::isnan(got.entropy[i]));
      CHECK(std::isnan(got.log_normalizer[i]));
      for (std::size_t j = 0; j < static_cast<std::size_t>(cols); ++j) {
        REQUIRE(std::isnan(got.gradient[i * static_cast<std::size_t>(cols) + j]));
      }
    }
  }
}

TEST_CASE("more rows than a grid may have blocks, and none", "[cuda][row]")
{
  batch<float, std::int32_t> many({70'000, 5, 5}, 9);
  compare<float, float>(many, true);

  test::device_array<float> const nothing(0);
  test::device_array<std::int32_t> const no_targets(0);
  matrix_view<float, device_memory> const rows(nothing.data(), 0, 5);
  CHECK(gpu::log_probs(nullptr, rows, no_targets.view(), {.log_prob = nothing.view()}) ==
        cudaSuccess);
  CHECK(gpu::logit_gradients(nullptr, rows, no_targets.view(), {}, rows) == cudaSuccess);
  CHECK(gpu::log_probs_and_gradients(nullptr, rows, no_targets.view(), {}, {}, rows) ==
        cudaSuccess);
}

TEST_CASE("where all seeds are 0, the log-probabilities still come", "[cuda][row]")
{
  for (index_t const cols : {33, 1100}) {
    batch<float, std::int32_t> b({2, cols, cols}, 15);
    b.targets[1] = static_cast<std::int32_t>(ignored);
    test::device_array<float> const logits(b.logits), log_prob(std::vector<float>(2, 7.0f));
    test::device_array<std::int32_t> const targets(b.targets);
    matrix_view<float, device_memory> const rows(logits.data(), 2, cols);
    REQUIRE(gpu::log_probs_and_gradients(nullptr, rows, targets.view(), {},
                                         {.log_prob = log_prob.view()}, rows) == cudaSuccess);
    CHECK(close(log_prob.host()[0], b.expected(0).log_prob, row_tolerance<float>));
    CHECK(log_prob.host()[1] == 0.0f);
    CHECK(logits.host() == std::vector<float>(b.logits.size(), 0.0f));
  }
}

TEST_CASE("row kernels stride over the grid", "[cuda][row]")
{
  batch<float, std::int32_t> b({20, 33, 33}, 13);
  outcome<float, float> const expected = run<float, float>(b);
  test::device_array<float> const logits(b.logits), by_block(20), by_warp(20);
  test::device_array<std::int32_t> const targets(b.targets);
  gpu::detail::log_prob_job<float, matrix_view<float const, device_memory>, std::int32_t> job{
      {{logits.data(), 20, 33}, targets.view(), {}}, {.log_prob = by_warp.view()}};
  using state = logit_stats<float>;
  CHECK(gpu::detail::launch(nullptr, 1, gpu::detail::block_threads,
                            gpu::detail::warp_row_kernel<state, decltype(job)>, job,
                            20) == cudaSuccess);
  job.out = {.log_prob = by_block.view()};
  CHECK(gpu::detail::launch(nullptr, 3, gpu::detail::block_threads,
                            gpu::detail::block_row_kernel<state, decltype(job)>, job,
                            20) == cudaSuccess);
  CHECK(by_warp.host() == expected.log_prob);
  std::vector<float> const blocks = by_block.host();
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(close(blocks[i], expected.log_prob[i], row_tolerance<float>));
  }
}

TEST_CASE("a masked row is ignored whatever its target and logits hold", "[cuda][row]")
{
  index_t const cols = 40;
  batch<float, std::int32_t> b({3, cols, cols}, 11);
  b.row(1)[2] = quiet_nan_v<float>;
  b.targets[1] = 1'000;
  test::device_array<float> const logits(b.logits), log_prob(3), d(std::vector<float>(3, 1.0f));
  test::device_array<std::int32_t> const targets(b.targets);
  test::device_array<std::uint8_t> const mask(std::vector<std::uint8_t>{1, 0, 1});
  matrix_view<float, device_memory> const rows(logits.data(), 3, cols);
  REQUIRE(gpu::log_probs(nullptr, rows, targets.view(), {.log_prob = log_prob.view()},
                         {.mask = mask.view()}) == cudaSuccess);
  REQUIRE(gpu::logit_gradients(nullptr, rows, targets.view(), {.d_log_prob = d.view()}, rows,
                               {.mask = mask.view()}) == cudaSuccess);
  CHECK(log_prob.host()[1] == 0.0f);
  CHECK(log_prob.host()[0] < 0.0f);
  std::vector<float> const gradient = logits.host();
  for (std::size_t j = 0; j < static_cast<std::size_t>(cols); ++j) {
    REQUIRE(gradient[static_cast<std::size_t>(cols) + j] == 0.0f);
    REQUIRE(gradient[j] != 0.0f);
  }
}

TEST_CASE("vocabulary shards get their columns of the gradient", "[cuda][row]")
{
  index_t const cols = 50;
  index_t const cut = 17;
  batch<float, std::int32_t> b({3, cols, cols}, 12);
  b.targets = {3, 40, 17};
  outcome<float, float> const whole = run<float, float>(b);

  test::device_array<float> const logits(b.logits);
  test::device_array<std::int32_t> const targets(b.targets);
  test::device_array<float> const log_prob(whole.log_prob), entropy(whole.entropy),
      log_normalizer(whole.log_normalizer);
  test::device_array<float> const d_log_prob(seed_column<float>(0, 3)),
      d_entropy(seed_column<float>(1, 3)), d_log_normalizer(seed_column<float>(3, 3));
  row_options<float, device_memory> options{.forward = {.log_prob = log_prob.view(),
                                                        .entropy = entropy.view(),
                                                        .log_normalizer = log_normalizer.view()},
                                            .scale = 0.5f};
  for (index_t const first : {index_t(0), cut}) {
    index_t const count = first == 0 ? cut : cols - cut;
    matrix_view<float, device_memory> const part(logits.data() + first, 3, count, cols);
    options.shard = {first, cols};
    REQUIRE(gpu::logit_gradients(nullptr, part, targets.view(),
                                 {.d_log_prob = d_log_prob.view(),
                                  .d_entropy = d_entropy.view(),
                                  .d_log_normalizer = d_log_normalizer.view()},
                                 part, options) == cudaSuccess);
  }
  // Not the bits of the whole row: a shard without the target refers to the log-normaliser.
  std::vector<float> const gradient = logits.host();
  for (std::size_t k = 0; k < gradient.size(); ++k) {
    CHECK(close(gradient[k], whole.gradient[k], row_tolerance<float>));
  }

  options.forward = {};
  matrix_view<float, device_memory> const part(logits.data(), 3, cut, cols);
  CHECK_THROWS_AS((void)gpu::logit_gradients(nullptr, part, targets.view(), {}, part, options),
                  std::invalid_argument);
}

TEST_CASE("a nearly certain target keeps its digits in warps and blocks", "[cuda][row]")
{
  test::for_each_peaked_row([](std::vector<double> const& logits, index_t target,
                               logit_transform<double> t) {
    t.temperature = static_cast<float>(t.temperature);  // the reference takes what fp32 holds
    row_options<float, device_memory> const options{
        .transform = {.temperature = static_cast<float>(t.temperature)}};
    test::device_array<float> const x(test::stored_as<float>(logits)), log_prob(1), entropy(1),
        log_normalizer(1), one(std::vector<float>{1});
    test::device_array<std::int32_t> const targets(
        std::vector<std::int32_t>{static_cast<std::int32_t>(target)});
    matrix_view<float, device_memory> const row(x.data(), 1, static_cast<index_t>(logits.size()));
    REQUIRE(gpu::log_probs(nullptr, row, targets.view(),
                           {.log_prob = log_prob.view(),
                            .entropy = entropy.view(),
                            .log_normalizer = log_normalizer.view()},
                           options) == cudaSuccess);
    REQUIRE(gpu::logit_gradients(nullptr, row, targets.view(), {.d_log_prob = one.view()}, row,
                                 options) == cudaSuccess);
    CAPTURE(logits.size(), logits[static_cast<std::size_t>(target)], t.temperature);
    row_log_prob_result<float> const result{log_prob.host()[0], entropy.host()[0],
                                            log_normalizer.host()[0]};
    test::check_peaked(result, x.host(), logits, target, t);
  });
}

TEST_CASE("the same launch gives the same bits", "[cuda][row]")
{
  batch<float, std::int32_t> b({3, 5000, 5001, 1}, 10);
  outcome<float, float> const first = run<float, float>(b);
  outcome<float, float> const second = run<float, float>(b);
  CHECK(first.log_prob == second.log_prob);
  CHECK(first.entropy == second.entropy);
  CHECK(first.gradient == second.gradient);
}

TEST_CASE("shapes that do not fit are refused before anything is enqueued", "[cuda][row]")
{
  test::device_array<float> const logits(12), column(3), short_column(2);
  test::device_array<std::int32_t> const targets(3), short_targets(2);
  matrix_view<float, device_memory> const rows(logits.data(), 3, 4);
  matrix_view<float, device_memory> const fewer(logits.data(), 2, 4);
  try {
    (void)gpu::log_probs(nullptr, rows, short_targets.view(), {});
    FAIL("expected std::invalid_argument");
  } catch (std::invalid_argument const& error) {
    CHECK(std::string(error.what()) ==
          "prefopt::gpu::log_probs: column 'targets': expected 3 elements, got 2");
  }
  CHECK_THROWS_AS(
      (void)gpu::log_probs(nullptr, rows, targets.view(), {.entropy = short_column.view()}),
      std::invalid_argument);
  CHECK_THROWS_AS((void)gpu::logit_gradients(nullptr, rows, targets.view(), {}, fewer),
                  std::invalid_argument);
  CHECK_THROWS_AS((void)gpu::logit_gradients(nullptr, rows, targets.view(),
                                             {.d_entropy = short_column.view()}, rows),
                  std::invalid_argument);
  CHECK_THROWS_AS((void)gpu::log_probs(nullptr, rows, targets.view(), {}, {.shard = {2, 5}}),
                  std::invalid_argument);
  CHECK_THROWS_AS(
      (void)gpu::log_probs(nullptr, rows, targets.view(), {}, {.transform = {.temperature = 0}}),
      std::invalid_argument);
}
