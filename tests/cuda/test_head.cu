// SPDX-License-Identifier: MIT
/// \file  A head in device memory against its definition in double, with a plain product.

#include "support/catch.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <prefopt/cuda/head.cuh>

#include "cuda/device.hpp"
#include "cuda/device_head.hpp"
#include "support/errors.hpp"
#include "support/head_case.hpp"

using namespace prefopt;
using test::check_device_head;
using test::device_head;
using test::forward_tolerance;
using test::gradient_tolerance;
using test::head_case;
using test::kernel_gemm;

TEMPLATE_TEST_CASE("a head on the device gives the log-probabilities and gradients of its logits",
                   "[cuda]", double, float, bfloat16)
{
  for (auto const& [n, d, v] :
       {std::array<index_t, 3>{1, 1, 1}, {3, 5, 7}, {40, 17, 133}, {2, 8, 1100}}) {
    for (bool const small : {false, true}) {
      for (bool const keeps : {false, true}) {
        head_case<TestType> c(n, d, v);
        device_head<TestType> device(c);
        if (!small) { device.options.workspace_bytes = 1'000'000; }
        if (keeps) { device.options.kept = device.dw(); }
        CAPTURE(n, d, v, small, keeps);
        device.run();
        check_device_head(c);
      }
    }
  }
}

TEMPLATE_TEST_CASE("bias, soft cap, temperature and scales are a head's on the device too",
                   "[cuda]", float, bfloat16)
{
  for (auto const& transform :
       {logit_transform<float>{1.5f, 0, 0.7f}, logit_transform<float>{0.5f, 5, 2}}) {
    head_case<TestType> c(20, 9, 90);
    c.options.rows.transform = transform;
    c.options.rows.scale = 0.25f;
    c.options.bias = c.bias;
    device_head<TestType> device(c);
    CAPTURE(transform.softcap);
    device.run();
    check_device_head(c, 2);
  }
}

TEMPLATE_TEST_CASE("rows that are ignored on the device take part in no product", "[cuda]", double,
                   bfloat16)
{
  // None, all, all but one, runs, every other row, single rows.
  for (int const pattern : {0, 1, 2, 3, 4, 5}) {
    for (bool const told : {false, true}) {
      index_t const n = 50, d = 6, v = 70;
      head_case<TestType> c(n, d, v);
      std::vector<std::uint8_t> mask(static_cast<std::size_t>(n), 1);
      index_t counted = 0;
      for (index_t i = 0; i < n; ++i) {
        bool const want[] = {true,       false,      i == 41, i % 30 >= 4 && i % 30 < 27,
                             i % 2 == 1, i % 17 == 3};
        auto const k = static_cast<std::size_t>(i);
        counted += want[pattern] ? 1 : 0;
        if (want[pattern]) { continue; }
        if (i % 3 == 0) { c.targets[k] = -100; }
        if (i % 3 != 0) { mask[k] = 0; }
        for (index_t j = 0; j < d; ++j) {  // whatever they hold
          c.hidden[static_cast<std::size_t>(i * d + j)] =
              detail::from_real<TestType>(quiet_nan_v<float>);
        }
      }
      c.options.rows.mask = mask;
      std::vector<index_t> products;
      device_head<TestType> device(c, {&products});
      device.options.workspace_bytes = 16'000;
      if (told) { device.options.counted = counted; }
      CAPTURE(pattern, told);
      device.forward();
      index_t multiplied = 0;
      for (index_t const rows : products) { multiplied += rows; }
      index_t const chunks = (v + device.plan.columns - 1) / device.plan.columns;
      CHECK(multiplied == (told ? counted : n) * chunks);
      device.backward();
      device.copy_back();
      for (index_t i = 0; i < n; ++i) {
        if (c.counts(i)) { continue; }
        for (index_t j = 0; j < d; ++j) {
          REQUIRE(c.d_hidden[static_cast<std::size_t>(i * d + j)] == 0);
          c.hidden[static_cast<std::size_t>(i * d + j)] = detail::from_real<TestType>(0.0);
        }
      }
      check_device_head(c);
    }
  }
}

TEST_CASE("rows beyond the number that was told get NaN, as do sums that lack them", "[cuda]")
{
  for (bool const accumulate : {false, true}) {
    head_case<float> c(30, 6, 40);
    c.targets[3] = -100;
    c.options.accumulate = accumulate;
    device_head<float> device(c);
    device.options.counted = 20;  // rows 0 ... 20 but for row 3
    device.run();
    for (std::size_t i = 0; i < 30; ++i) {
      CHECK(std::isnan(c.log_prob[i]) == (i > 20));
      CHECK(std::isnan(c.d_hidden[i * 6]) == (i > 20));
    }
    CHECK(c.log_prob[3] == 0);
    for (float const x : c.d_weight) { REQUIRE(std::isnan(x)); }
    for (float const x : c.d_bias) { REQUIRE(std::isnan(x)); }
    c.d_weight.assign(c.d_weight.size(), 0);
    device_head<float> enough(c);
    enough.options.counted = 29;  // all that count
    enough.run();
    for (float const x : c.d_weight) { REQUIRE_FALSE(std::isnan(x)); }
  }
}

TEST_CASE("a target outside the vocabulary gives NaN in its row of a head", "[cuda]")
{
  head_case<float> c(5, 6, 40);
  c.targets[2] = 40;
  c.targets[4] = -1;
  device_head<float> device(c);
  device.run();
  for (std::size_t i = 0; i < 5; ++i) {
    bool const outside = i == 2 || i == 4;
    CHECK(std::isnan(c.log_prob[i]) == outside);
    CHECK(std::isnan(c.entropy[i]) == outside);
    CHECK(std::isnan(c.d_hidden[i * 6]) == outside);
  }
}

TEMPLATE_TEST_CASE("kept logits give the device's gradients with one product less", "[cuda]", float,
                   bfloat16)
{
  for (index_t const n : {index_t(30), index_t(90)}) {
    head_case<TestType> c(n, 40, 133);
    std::vector<index_t> products;
    device_head<TestType> device(c, {&products});
    device.options.workspace_bytes = 28'000;
    device.options.kept = device.dw();
    device.forward();
    auto const forward = products.size();
    device.backward();
    auto const backward = products.size() - forward;
    device.copy_back();
    check_device_head(c);
    REQUIRE(device.plan.kept == device.plan.rows);
    CHECK(device.plan.rows < 40);
    auto const chunks =
        static_cast<std::size_t>((133 + device.plan.columns - 1) / device.plan.columns);
    CHECK(backward == 4 * forward - chunks);  // the first block's are not made again
  }
}

TEST_CASE("the device adds to gradients when asked", "[cuda]")
{
  head_case<double> c(25, 7, 90);
  c.options.accumulate = true;
  std::vector<double> const before(c.d_weight.size(), 3), bias_before(c.d_bias.size(), 3);
  c.d_weight = before;
  c.d_bias = bias_before;
  device_head<double> device(c);
  device.run();
  for (double& x : c.d_weight) { x -= 3; }
  for (double& x : c.d_bias) { x -= 3; }
  c.check(forward_tolerance<double>, 1e-10);  // 3 has taken digits
}

TEMPLATE_TEST_CASE("shards of a head merge to the whole on the device", "[cuda]", double, bfloat16)
{
  using real = typename head_case<TestType>::real;
  index_t const n = 25, v = 150;
  head_case<TestType> c(n, 10, v);
  c.targets[7] = -100;
  c.options.bias = c.bias;
  device_head<TestType> device(c);
  device.take_workspace();
  test::device_array<token_stats<real>> const tokens(static_cast<std::size_t>(n));
  test::check(gpu::start_tokens(device.stream, tokens.view()));
  auto const shard = [&](index_t first, index_t count) {
    auto how = device.options;
    how.rows.shard = {.first = first, .size = v};
    how.bias = how.bias.part(first, count);
    return how;
  };
  index_t const cut[] = {0, 31, 90, v};
  for (int const s : {2, 0, 1}) {
    index_t const first = cut[s], count = cut[s + 1] - first;
    test::check(gpu::head_merge_shard(
        device.stream, kernel_gemm{}, device.h(), detail::row_block(device.w(), first, count),
        device.targets.view(), tokens.view(), shard(first, count), device.workspace()));
  }
  test::check(gpu::log_probs_of_shards<real>(device.stream, tokens.view(), device.targets.view(),
                                             device.columns(), {.shard = {.size = v}}));
  auto total = c.d_hidden;
  std::fill(total.begin(), total.end(), real(0));
  for (int const s : {0, 1, 2}) {
    index_t const first = cut[s], count = cut[s + 1] - first;
    auto how = shard(first, count);
    how.rows.forward = {device.log_prob.view(), device.entropy.view(),
                        device.log_normalizer.view()};
    test::check(gpu::head_gradients(device.stream, kernel_gemm{}, device.h(),
                                    detail::row_block(device.w(), first, count),
                                    device.targets.view(), device.seeds(),
                                    {.d_hidden = device.dh(),
                                     .d_weight = detail::row_block(device.dw(), first, count),
                                     .d_bias = device.d_bias.view().part(first, count)},
                                    how, device.workspace()));
    device.stream.wait();
    auto const part = device.d_hidden.host();
    for (std::size_t j = 0; j < total.size(); ++j) { total[j] += part[j]; }
  }
  device.copy_back();
  c.d_hidden = total;
  check_device_head(c);
}

TEST_CASE("logits of a sharded vocabulary merge to the whole rows' results on the device", "[cuda]")
{
  index_t const n = 9, v = 1500;
  std::vector<float> logits = test::stored_as<float>(test::random_logits(n * v, 1, 3));
  std::vector<std::int32_t> ids;
  for (index_t i = 0; i < n; ++i) { ids.push_back(static_cast<std::int32_t>(i * 173)); }
  ids[4] = -100;
  ids[5] = static_cast<std::int32_t>(v);  // outside
  test::device_array<float> const x(logits), whole(n), merged(n);
  test::device_array<std::int32_t> const targets(ids);
  test::device_array<token_stats<float>> const tokens(n);
  test::stream const stream;
  matrix_view<float const, device_memory> const rows(x.data(), n, v);
  test::check(gpu::log_probs(stream, rows, targets.view(), {.log_prob = whole.view()}));
  test::check(gpu::start_tokens(stream, tokens.view()));
  for (index_t const first : {index_t(1100), index_t(0)}) {
    index_t const count = first == 0 ? 1100 : v - 1100;
    matrix_view<float const, device_memory> const part(x.data() + first, n, count, v);
    test::check(gpu::merge_shard(stream, part, targets.view(), tokens.view(),
                                 {.shard = {.first = first, .size = v}}));
  }
  test::check(gpu::log_probs_of_shards<float>(stream, tokens.view(), targets.view(),
                                              {.log_prob = merged.view()}, {.shard = {.size = v}}));
  stream.wait();
  auto const want = whole.host();
  auto const got = merged.host();
  for (std::size_t i = 0; i < want.size(); ++i) {
    CAPTURE(i, want[i], got[i]);
    CHECK((got[i] == Approx(want[i]).epsilon(2e-6) ||
           (std::isnan(got[i]) && std::isnan(want[i]) && i == 5)));
  }
  CHECK(got[4] == 0.0f);
}

TEST_CASE("an empty batch, and a head of no words, give zeros on the device", "[cuda]")
{
  head_case<double> none(0, 4, 9);
  device_head<double> empty(none);
  empty.run();
  none.check(0, 0);
  head_case<double> ignored(3, 4, 9);
  ignored.targets.assign(3, -100);
  device_head<double> all_ignored(ignored);
  all_ignored.options.counted = 0;
  all_ignored.run();
  ignored.check(0, 0);
  head_case<double> no_words(2, 4, 0);
  no_words.targets.assign(2, -100);
  device_head<double> wordless(no_words);
  wordless.run();
  no_words.check(0, 0);
}

TEST_CASE("more rows than one block selects keep their order", "[cuda]")
{
  index_t const n = 2500;
  head_case<float> c(n, 1, 3);
  for (index_t i = 0; i < n; ++i) {
    if (i % 7 == 2 || i % 11 == 0) { c.targets[static_cast<std::size_t>(i)] = -100; }
  }
  device_head<float> device(c);
  device.options.workspace_bytes = 200'000;
  device.run();
  check_device_head(c);
}

TEST_CASE("a device head throws on the host for what the host can see", "[cuda]")
{
  head_case<float> c(6, 4, 20);
  device_head<float> device(c);
  device.forward();
  auto const forward = [&](auto const& change) {
    auto how = device.options;
    auto workspace = device.workspace();
    auto columns = device.columns();
    change(how, workspace, columns);
    return error_of<std::invalid_argument>([&] {
      (void)gpu::head_log_probs(device.stream, kernel_gemm{}, device.h(), device.w(),
                                device.targets.view(), columns, how, workspace);
    });
  };
  CHECK(mentions(forward([](auto&, auto& w, auto&) { --w.extent; }),
                 {"gpu::head_log_probs", "workspace", std::to_string(device.plan.bytes)}));
  CHECK(mentions(forward([](auto& how, auto&, auto&) { how.counted = -2; }), {"counted", "-2"}));
  CHECK(mentions(forward([](auto& how, auto&, auto&) { how.head = {20, 4, 1}; }),
                 {"head", "20 x 4"}));
  CHECK(mentions(forward([](auto& how, auto&, auto&) { how.workspace_bytes = 100; }),
                 {"gpu::plan_head", "workspace_bytes", "100"}));
  CHECK(mentions(forward([](auto&, auto&, auto& out) { out.entropy.extent = 5; }),
                 {"entropy", "6", "5"}));
  CHECK(mentions(error_of<std::invalid_argument>([&] {
                   (void)gpu::head_gradients(device.stream, kernel_gemm{}, device.h(), device.w(),
                                             device.targets.view(), device.seeds(),
                                             {.d_weight = device.dw()}, device.options,
                                             device.workspace());
                 }),
                 {"gpu::head_gradients", "rows.forward"}));
}

TEST_CASE("a product that fails ends a device head with its status", "[cuda]")
{
  head_case<float> c(3, 2, 5);
  device_head<float> device(c);
  device.take_workspace();
  auto const fails = [](auto&&...) { return cudaErrorNotSupported; };
  CHECK(gpu::head_log_probs(device.stream, fails, device.h(), device.w(), device.targets.view(),
                            device.columns(), device.options,
                            device.workspace()) == cudaErrorNotSupported);
}
