// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <prefopt/head/gradients.hpp>
#include <prefopt/head/log_probs.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/head_case.hpp"

#if __has_include(<Eigen/Core>)
#include <prefopt/adapters/eigen_gemm.hpp>
#define HAS_EIGEN
#endif
#if defined(PREFOPT_HAS_CBLAS)
#include <prefopt/adapters/blas.hpp>
#endif
#if defined(PREFOPT_HAS_ONEDNN)
#include <prefopt/adapters/onednn.hpp>
#endif

using namespace prefopt;
using bf16 = prefopt::bfloat16;  // OpenBLAS has a ::bfloat16
using test::forward_tolerance;
using test::gradient_tolerance;
using test::head_case;
using test::plain_gemm;
using test::small_workspace;

TEMPLATE_TEST_CASE("a head gives the log-probabilities and gradients of its logits", "[head]",
                   double, float, bf16)
{
  for (auto const& [n, d, v] : {std::array<index_t, 3>{1, 1, 1}, {3, 5, 7}, {70, 33, 301}}) {
    for (bool const small : {false, true}) {
      head_case<TestType> c(n, d, v);
      if (small) { c.options.workspace_bytes = small_workspace; }
      CAPTURE(n, d, v, small);
      c.run(plain_gemm{});
      c.check(forward_tolerance<TestType>, gradient_tolerance<TestType>);
    }
  }
}

TEMPLATE_TEST_CASE(
    "bias, soft cap, temperature, logit scale and loss scale are a head's as they are "
    "a row's",
    "[head]", double, float, bf16)
{
  using real = typename head_case<TestType>::real;
  for (auto const& transform :
       {logit_transform<real>{}, logit_transform<real>{real(1.5), 0, real(0.7)},
        logit_transform<real>{real(0.5), 5, 2}}) {
    head_case<TestType> c(40, 20, 130);
    c.options.rows.transform = transform;
    c.options.rows.scale = real(0.25);
    c.options.bias = c.bias;
    c.options.workspace_bytes = small_workspace;
    CAPTURE(transform.softcap, transform.temperature);
    c.run(plain_gemm{});
    c.check(2 * forward_tolerance<TestType>, 2 * gradient_tolerance<TestType>);
  }
}

TEMPLATE_TEST_CASE("ignored rows take part in no product, whatever lies between them", "[head]",
                   double, bf16)
{
  // None, all, all but one, runs of answers between prompts, every other row, single rows.
  for (int const pattern : {0, 1, 2, 3, 4, 5}) {
    for (bool const keeps : {false, true}) {
      head_case<TestType> c(90, 6, 70);
      std::vector<std::uint8_t> mask(90, 1);
      index_t counted = 0;
      for (index_t i = 0; i < 90; ++i) {
        bool const runs = i % 30 >= 4 && i % 30 < 27;
        bool const want[] = {true, false, i == 41, runs, i % 2 == 1, i % 17 == 3};
        bool const counts = want[pattern];
        auto const k = static_cast<std::size_t>(i);
        if (!counts && i % 3 == 0) { c.targets[k] = -100; }
        if (!counts && i % 3 != 0) { mask[k] = 0; }
        if (!counts) {  // whatever they hold
          for (index_t j = 0; j < 6; ++j) {
            c.hidden[static_cast<std::size_t>(i * 6 + j)] =
                detail::from_real<TestType>(std::nan(""));
          }
        }
        counted += counts ? 1 : 0;
      }
      c.options.rows.mask = mask;
      c.options.workspace_bytes = small_workspace;
      if (keeps) { c.options.kept = c.dw(); }
      CAPTURE(pattern, keeps);
      std::vector<index_t> product_rows;
      c.forward(plain_gemm{&product_rows});
      auto const plan = plan_head<TestType>(90, 6, 70, c.options);
      index_t multiplied = 0;
      for (index_t const n : product_rows) { multiplied += n; }
      index_t const chunks = (70 + plan.columns - 1) / plan.columns;
      CHECK(multiplied == counted * chunks);
      c.backward(plain_gemm{});
      for (index_t i = 0; i < 90; ++i) {
        if (c.counts(i)) { continue; }
        for (index_t j = 0; j < 6; ++j) {
          REQUIRE(c.d_hidden[static_cast<std::size_t>(i * 6 + j)] == 0);
          c.hidden[static_cast<std::size_t>(i * 6 + j)] = detail::from_real<TestType>(0.0);
        }
      }
      c.check(forward_tolerance<TestType>, gradient_tolerance<TestType>);
    }
  }
}

TEMPLATE_TEST_CASE("kept logits give the same gradients with one product less", "[head]", double,
                   float, bf16)
{
  // All rows of 30 fit beside 40 columns of the weights' gradient; of 90 rows, 40 do.
  for (index_t const n : {index_t(30), index_t(90)}) {
    head_case<TestType> c(n, 40, 133);
    c.options.workspace_bytes = 100'000;
    c.options.kept = c.dw();
    std::vector<index_t> products;
    c.forward(plain_gemm{});
    c.backward(plain_gemm{&products});
    c.check(forward_tolerance<TestType>, gradient_tolerance<TestType>);
    auto const plan = plan_head<TestType>(n, 40, 133, c.options);
    CHECK(plan.kept == std::min<index_t>(n, 40));
    if (n == 30) {
      auto const chunks = static_cast<std::size_t>((133 + plan.columns - 1) / plan.columns);
      auto const blocks = static_cast<std::size_t>((30 + plan.rows - 1) / plan.rows);
      CHECK(products.size() == 2 * chunks * blocks);  // and none for the logits
    }
  }
}

TEST_CASE("logits kept in other memory allow gradients to be added up", "[head]")
{
  head_case<double> c(50, 12, 133);
  c.options.workspace_bytes = small_workspace;
  std::vector<double> kept(133 * 20), twice(c.d_weight.size(), 3), twice_bias(c.d_bias.size(), 3);
  c.options.kept = matrix_view<double>(kept.data(), 133, 20);
  c.run(plain_gemm{});
  c.check(forward_tolerance<double>, gradient_tolerance<double>);
  auto const once = c.d_weight;
  auto const once_bias = c.d_bias;
  c.options.accumulate = true;
  c.d_weight = twice;
  c.d_bias = twice_bias;
  c.backward(plain_gemm{});
  for (std::size_t j = 0; j < once.size(); ++j) {
    REQUIRE(c.d_weight[j] == Approx(3 + once[j]).epsilon(1e-12));
  }
  for (std::size_t j = 0; j < once_bias.size(); ++j) {
    REQUIRE(c.d_bias[j] == Approx(3 + once_bias[j]).epsilon(1e-12));
  }
}

TEST_CASE("gradients of a head are central differences of its columns", "[head]")
{
  head_case<double> c(7, 4, 19);
  c.options.bias = c.bias;
  c.options.rows.transform = {1.2, 6, 0.8};
  c.targets[2] = -100;
  c.options.kept = c.dw();
  c.run(plain_gemm{});
  auto const d_hidden = c.d_hidden, d_weight = c.d_weight, d_bias = c.d_bias;
  c.options.kept = {};
  auto const loss = [&c] {
    c.forward(plain_gemm{});
    double sum = 0;
    for (std::size_t i = 0; i < c.log_prob.size(); ++i) {
      sum += c.seed[i] * c.log_prob[i] + c.entropy_seed[i] * c.entropy[i] +
             c.normalizer_seed[i] * c.log_normalizer[i];
    }
    return sum;
  };
  auto const check = [&loss](std::vector<double>& x, std::vector<double> const& gradient) {
    double const step = 1e-5;
    for (std::size_t j = 0; j < x.size(); ++j) {
      double const before = x[j];
      x[j] = before + step;
      double const above = loss();
      x[j] = before - step;
      double const below = loss();
      x[j] = before;
      CAPTURE(j);
      // The quotient's own error: step^2 of the third derivative, and rounding over the step.
      REQUIRE((above - below) / (2 * step) == Approx(gradient[j]).epsilon(1e-6).margin(1e-8));
    }
  };
  check(c.hidden, d_hidden);
  check(c.weight, d_weight);
  check(c.bias, d_bias);
}

TEMPLATE_TEST_CASE("shards of a head merge to the whole, forward and backward", "[head]", double,
                   bf16)
{
  using real = typename head_case<TestType>::real;
  head_case<TestType> c(45, 10, 150);
  c.targets[7] = -100;
  c.options.bias = c.bias;
  c.options.workspace_bytes = small_workspace;
  std::vector<token_stats<real>> tokens(45);
  auto const shard = [&c](index_t first, index_t count) {
    auto how = c.options;
    how.rows.shard = {.first = first, .size = 150};
    how.bias = how.bias.part(first, count);
    return how;
  };
  c.workspace.resize(static_cast<std::size_t>(plan_head<TestType>(45, 10, 150, c.options).bytes));
  index_t const cut[] = {0, 31, 90, 150};
  for (int const s : {2, 0, 1}) {
    index_t const first = cut[s], count = cut[s + 1] - first;
    head_merge_shard(plain_gemm{}, c.h(), detail::row_block(c.w(), first, count), c.targets, tokens,
                     shard(first, count), c.workspace);
  }
  log_probs_of_shards<real>(tokens, c.targets, c.out(), {.shard = {.size = 150}});
  std::vector<real> d_hidden(c.d_hidden.size()), total(c.d_hidden.size());
  for (int const s : {0, 1, 2}) {
    index_t const first = cut[s], count = cut[s + 1] - first;
    auto how = shard(first, count);
    how.rows.forward = {c.log_prob, c.entropy, c.log_normalizer};
    head_gradients(plain_gemm{}, c.h(), detail::row_block(c.w(), first, count), c.targets,
                   c.seeds(),
                   {.d_hidden = {d_hidden.data(), 45, 10},
                    .d_weight = detail::row_block(c.dw(), first, count),
                    .d_bias = vector_view<real>(c.d_bias).part(first, count)},
                   how, c.workspace);
    for (std::size_t j = 0; j < total.size(); ++j) { total[j] += d_hidden[j]; }
  }
  c.d_hidden = total;
  c.check(forward_tolerance<TestType>, gradient_tolerance<TestType>);
}

TEST_CASE("the bits of a head do not depend on the number of threads", "[head]")
{
  auto const run = [](int threads, bool keeps) {
    head_case<bf16> c(200, 24, 333);
    c.options.rows.threads = threads;
    c.options.bias = c.bias;
    for (std::size_t i = 0; i < c.targets.size(); i += 3) { c.targets[i] = -100; }
    c.options.workspace_bytes = small_workspace;
    if (keeps) { c.options.kept = c.dw(); }
    c.run(plain_gemm{});
    return c;
  };
  for (bool const keeps : {false, true}) {
    auto const one = run(1, keeps);
    for (int const threads : {2, 8}) {
      auto const many = run(threads, keeps);
      CHECK(many.log_prob == one.log_prob);
      CHECK(many.entropy == one.entropy);
      CHECK(many.d_hidden == one.d_hidden);
      CHECK(many.d_weight == one.d_weight);
      CHECK(many.d_bias == one.d_bias);
    }
  }
}

TEST_CASE("chunks of any size give the same results", "[head]")
{
  for (index_t const bytes : {2'048, 10'000, 64'000, 8'000'000}) {
    head_case<double> c(37, 9, 211);
    c.options.workspace_bytes = bytes;
    CAPTURE(bytes);
    c.run(plain_gemm{});
    c.check(forward_tolerance<double>, gradient_tolerance<double>);
  }
}

TEST_CASE("a head takes and touches as much memory as its plan says", "[head]")
{
  for (bool const keeps : {false, true}) {
    for (index_t const shift : {0, 1, 63}) {
      head_case<bf16> c(100, 12, 400);
      for (std::size_t i = 0; i < c.targets.size(); i += 2) { c.targets[i] = -100; }
      c.options.workspace_bytes = small_workspace;
      if (keeps) { c.options.kept = c.dw(); }
      auto const plan = plan_head<bf16>(100, 12, 400, c.options);
      CHECK(plan.bytes <= small_workspace);
      std::vector<std::byte> memory(static_cast<std::size_t>(plan.bytes + 200), std::byte{0xA5});
      vector_view<std::byte> const workspace(memory.data() + 100 + shift, plan.bytes);
      c.head = head_log_probs(plain_gemm{}, c.h(), c.w(), c.targets, c.out(), c.options, workspace);
      auto how = c.options;
      how.rows.forward = {c.log_prob, c.entropy, c.log_normalizer};
      head_gradients(plain_gemm{}, c.h(), c.w(), c.targets, c.seeds(),
                     {{c.d_hidden.data(), 100, 12}, c.dw(), c.d_bias}, how, workspace);
      for (index_t i = 0; i < plan.bytes + 200; ++i) {
        bool const outside = i < 100 + shift || i >= 100 + shift + plan.bytes;
        if (outside) { REQUIRE(memory[static_cast<std::size_t>(i)] == std::byte{0xA5}); }
      }
      c.check(forward_tolerance<bf16>, gradient_tolerance<bf16>);
      vector_view<std::byte> const less(memory.data(), plan.bytes - 1);
      auto const message = error_of<std::invalid_argument>(
          [&] { head_log_probs(plain_gemm{}, c.h(), c.w(), c.targets, c.out(), c.options, less); });
      CHECK(mentions(message, {"head_log_probs", "workspace", std::to_string(plan.bytes),
                               std::to_string(plan.bytes - 1)}));
    }
  }
}

TEST_CASE("the default plan holds 512 rows in 8 MB, of any width and vocabulary", "[head]")
{
  for (index_t const width : {1024, 4096, 8192}) {
    for (index_t const vocabulary : {32'000, 151'936}) {
      auto const fp32 = plan_head<float>(8192, width, vocabulary);
      auto const half = plan_head<bf16>(8192, width, vocabulary);
      CHECK(fp32.rows == 512);
      CHECK(fp32.columns == 1920);
      CHECK(half.columns == 1920);
      CHECK(fp32.gathered >= 110);
      CHECK(half.gathered >= 220);
      CHECK(fp32.bytes <= 8'000'000);
      CHECK(half.bytes <= 8'000'000);
      CHECK(fp32.bytes == plan_head<float>(100'000, width, vocabulary).bytes);
    }
  }
}

TEST_CASE("an empty batch is scored, and its gradients are zeros", "[head]")
{
  head_case<double> none(0, 4, 9);
  none.run(plain_gemm{});
  none.check(0, 0);
  head_case<double> ignored(3, 4, 9);
  ignored.targets.assign(3, -100);
  ignored.run(plain_gemm{});
  ignored.check(0, 0);
  head_case<double> no_words(2, 4, 0);
  no_words.targets.assign(2, -100);
  no_words.run(plain_gemm{});
  no_words.check(0, 0);
}

TEST_CASE("hidden states and weights may have any pitch, or be stored by columns", "[head]")
{
  head_case<double> c(40, 11, 90);
  c.options.workspace_bytes = small_workspace;
  c.targets[4] = c.targets[20] = -100;
  std::vector<double> by_columns(40 * 11), pitched(90 * 15 + 1), dw(90 * 13), dh(40 * 12);
  for (index_t i = 0; i < 40; ++i) {
    for (index_t k = 0; k < 11; ++k) {
      by_columns[static_cast<std::size_t>(k * 40 + i)] = c.h().row(i)[k];
    }
  }
  for (index_t v = 0; v < 90; ++v) {
    for (index_t k = 0; k < 11; ++k) {
      pitched[static_cast<std::size_t>(v * 15 + k + 1)] = c.w().row(v)[k];
    }
  }
  matrix_view<double const> const h(by_columns.data(), 40, 11, 1, 40);
  matrix_view<double const> const w(pitched.data() + 1, 90, 11, 15);
  c.workspace.resize(static_cast<std::size_t>(plan_head<double>(40, 11, 90, c.options).bytes));
  head_log_probs(plain_gemm{}, h, w, c.targets, c.out(), c.options, c.workspace);
  auto how = c.options;
  how.rows.forward = {c.log_prob, c.entropy, c.log_normalizer};
  head_gradients(plain_gemm{}, h, w, c.targets, c.seeds(),
                 {{dh.data(), 40, 11, 12}, {dw.data(), 90, 11, 13}, c.d_bias}, how, c.workspace);
  for (index_t j = 0; j < 11; ++j) {
    for (index_t i = 0; i < 40; ++i) {
      c.d_hidden[static_cast<std::size_t>(i * 11 + j)] = dh[static_cast<std::size_t>(i * 12 + j)];
    }
    for (index_t v = 0; v < 90; ++v) {
      c.d_weight[static_cast<std::size_t>(v * 11 + j)] = dw[static_cast<std::size_t>(v * 13 + j)];
    }
  }
  c.check(forward_tolerance<double>, gradient_tolerance<double>);
}

TEST_CASE("gradients that are not asked for are not computed", "[head]")
{
  head_case<double> c(20, 8, 30);
  c.run(plain_gemm{});
  auto const whole = c;
  std::vector<index_t> products;
  auto how = c.options;
  how.rows.forward = {c.log_prob, c.entropy, c.log_normalizer};
  std::fill(c.d_hidden.begin(), c.d_hidden.end(), 7.0);
  head_gradients(plain_gemm{&products}, c.h(), c.w(), c.targets, c.seeds(),
                 {.d_hidden = {c.d_hidden.data(), 20, 8}}, how, c.workspace);
  CHECK(products.size() == 2);  // the logits again, and the frozen head's only gradient
  CHECK(c.d_hidden == whole.d_hidden);
}

TEST_CASE("NaN reaches its row's columns, and no other row's", "[head]")
{
  head_case<float> c(5, 8, 30);
  c.hidden[8 * 2 + 3] = std::nanf("");
  c.run(plain_gemm{});
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(std::isnan(c.log_prob[i]) == (i == 2));
    CHECK(std::isnan(c.entropy[i]) == (i == 2));
    CHECK(std::isnan(c.d_hidden[i * 8]) == (i == 2));
  }
}

TEST_CASE("a head's record tells its weights, adapters included", "[head]")
{
  index_t const n = 9, d = 6, v = 40, rank = 2;
  head_case<double> c(n, d, v);
  auto const base = c.weight;
  auto const up = test::random_logits(v * rank, 11, 1);
  auto down = test::random_logits(rank * d, 12, 1);
  auto const at = [](index_t i) { return static_cast<std::size_t>(i); };
  auto const merge = [&] {
    c.weight = base;
    for (index_t i = 0; i < v * d; ++i) {
      for (index_t r = 0; r < rank; ++r) {
        c.weight[at(i)] += up[at(i / d * rank + r)] * down[at(r * d + i % d)];
      }
    }
  };
  auto const loss = [&] {
    merge();
    c.forward(plain_gemm{});
    double sum = 0;
    for (std::size_t i = 0; i < c.log_prob.size(); ++i) { sum += c.seed[i] * c.log_prob[i]; }
    return sum;
  };
  c.entropy_seed.assign(at(n), 0);
  c.normalizer_seed.assign(at(n), 0);
  loss();
  c.backward(plain_gemm{});
  auto const d_weight = c.d_weight;
  auto const acted = c.head;

  c.weight = base;  // a fused path that passes by the adapter
  auto const message = error_of<std::invalid_argument>([&] { c.backward(plain_gemm{}); });
  CHECK(mentions(message, {"head_gradients", "weight", "the head of the forward pass", "40 x 6"}));
  CHECK(identify_head(c.w()) != acted);
  merge();
  CHECK(identify_head(c.w()) == acted);
  CHECK(identify_head(c.w(), c.bias) != acted);

  for (std::size_t j = 0; j < down.size(); ++j) {
    double want = 0;  // through the effective weights
    for (index_t i = 0; i < v; ++i) {
      want += up[at(i * rank) + j / at(d)] * d_weight[at(i * d) + j % at(d)];
    }
    double const before = down[j], step = 1e-5;
    down[j] = before + step;
    double const above = loss();
    down[j] = before - step;
    double const below = loss();
    down[j] = before;
    // The quotient's own error: step^2 of the third derivative, and rounding over the step.
    CHECK((above - below) / (2 * step) == Approx(want).epsilon(1e-6).margin(1e-7));
    CHECK(std::abs(want) > 1e-4);
  }
}

TEST_CASE("a head's errors name the argument, what was expected and what came", "[head]")
{
  head_case<float> c(6, 4, 20);
  c.forward(plain_gemm{});
  auto const forward = [&](auto const& change) {
    auto other = c;
    change(other);
    return error_of<std::invalid_argument>([&other] {
      head_log_probs(plain_gemm{}, other.h(), other.w(), other.targets, other.out(), other.options,
                     other.workspace);
    });
  };
  auto const backward = [&](auto const& change) {
    auto other = c;
    auto how = other.options;
    how.rows.forward = {other.log_prob, other.entropy, other.log_normalizer};
    head_gradient_columns<float> out{
        {other.d_hidden.data(), 6, 4}, {other.d_weight.data(), 20, 4}, other.d_bias};
    change(how, out);
    return error_of<std::invalid_argument>([&] {
      head_gradients(plain_gemm{}, other.h(), other.w(), other.targets, other.seeds(), out, how,
                     other.workspace);
    });
  };
  CHECK(
      mentions(forward([](auto& x) { x.targets[3] = 20; }), {"row 3", "vocabulary size 20", "20"}));
  CHECK(mentions(forward([](auto& x) { x.targets.pop_back(); }), {"targets", "6", "5"}));
  CHECK(mentions(forward([](auto& x) { x.log_prob.pop_back(); }), {"log_prob", "6", "5"}));
  CHECK(mentions(forward([](auto& x) { x.options.bias = vector_view<float>(x.bias).part(0, 19); }),
                 {"bias", "20", "19"}));
  CHECK(mentions(forward([](auto& x) { x.options.rows.threads = 0; }), {"threads", "1", "0"}));
  CHECK(mentions(forward([](auto& x) { x.options.rows.transform.temperature = 0; }),
                 {"temperature"}));
  CHECK(mentions(forward([](auto& x) { x.options.workspace_bytes = 10; }),
                 {"workspace_bytes", "10"}));
  CHECK(mentions(forward([](auto& x) { x.options.rows.shard.size = 40; }), {"40", "20"}));
  CHECK(mentions(forward([](auto& x) { x.options.kept = {x.d_weight.data(), 20, 3, 4}; }),
                 {"kept", "contiguous"}));
  CHECK(mentions(forward([](auto& x) { x.width = 0; }), {"weight", "1 column"}));
  CHECK(mentions(backward([](auto& how, auto&) { how.rows.forward.entropy = {}; }),
                 {"head_gradients", "rows.forward", "entropy"}));
  CHECK(mentions(backward([](auto&, auto& out) { --out.d_hidden.rows; }),
                 {"d_hidden", "6 x 4", "5 x 4"}));
  CHECK(mentions(backward([](auto&, auto& out) { --out.d_weight.cols; }),
                 {"d_weight", "20 x 4", "20 x 3"}));
  CHECK(mentions(backward([](auto&, auto& out) { out.d_bias = out.d_bias.part(0, 3); }),
                 {"d_bias", "20", "3"}));
  CHECK(mentions(backward([](auto& how, auto& out) {
                   how.kept = out.d_weight;
                   how.accumulate = true;
                 }),
                 {"kept", "d_weight"}));
  matrix_view<float const> const narrow(c.hidden.data(), 6, 3);
  CHECK(mentions(error_of<std::invalid_argument>([&] {
                   head_log_probs(plain_gemm{}, narrow, c.w(), c.targets, c.out(), {}, c.workspace);
                 }),
                 {"hidden", "6 x 4", "6 x 3"}));
  matrix_view<float const> const scattered(c.hidden.data(), 6, 4, 8, 2);  // is not read
  CHECK(mentions(error_of<std::invalid_argument>([&] {
                   head_log_probs(plain_gemm{}, scattered, c.w(), c.targets, c.out(), {},
                                  c.workspace);
                 }),
                 {"hidden", "unit stride", "8 and 2"}));
  // Broadcast, overlapping and reversed rows have no pitch: a BLAS would read past them.
  for (index_t const stride : {0, 2, -4}) {
    matrix_view<float const> const odd(c.hidden.data() + 20, 6, 4, stride);  // is not read
    CHECK(mentions(error_of<std::invalid_argument>([&] {
                     head_log_probs(plain_gemm{}, odd, c.w(), c.targets, c.out(), {}, c.workspace);
                   }),
                   {"hidden", "a line's length", "6 x 4", std::to_string(stride) + " and 1"}));
    CHECK(mentions(backward([stride](auto&, auto& out) { out.d_weight.row_stride = stride; }),
                   {"d_weight", "unit stride along its rows,", "20 x 4"}));
  }
}

TEST_CASE("a library's product is asked for pitches that its operands have", "[head]")
{
  std::vector<double> memory(64);
  auto const view = [&](index_t rows, index_t cols, index_t row_stride, index_t col_stride) {
    return matrix_view<double const>(memory.data() + 20, rows, cols, row_stride, col_stride);
  };
  auto const layout = [](matrix_view<double const> const& m) {
    auto const [transpose, pitch] = detail::layout_of("layout", "a", m);
    return std::array<index_t, 2>{transpose ? 1 : 0, pitch};
  };
  using expected = std::array<index_t, 2>;
  CHECK(layout(view(3, 4, 4, 1)) == expected{0, 4});
  CHECK(layout(view(3, 4, 7, 1)) == expected{0, 7});
  CHECK(layout(view(3, 4, 1, 3)) == expected{1, 3});
  CHECK(layout(view(3, 4, 1, 5)) == expected{1, 5});
  CHECK(layout(view(1, 4, 0, 1)) == expected{0, 4});  // one row has no next one
  CHECK(layout(view(1, 4, 9, 5)) == expected{1, 5});
  CHECK(layout(view(3, 1, 6, 9)) == expected{0, 6});
  CHECK(layout(view(3, 1, 1, 0)) == expected{0, 1});
  auto const refused = [](auto const& call) { return error_of<std::invalid_argument>(call); };
  for (index_t const stride : {2, 0, -4}) {
    CAPTURE(stride);
    auto const got = "with strides " + std::to_string(stride) + " and 1";
    CHECK(mentions(refused([&] { layout(view(3, 4, stride, 1)); }), {"layout", "3 x 4", got}));
    CHECK(mentions(refused([&] { layout(view(4, 3, 1, stride)); }), {"4 x 3"}));
  }
  CHECK(mentions(refused([&] { layout(view(3, 4, 1, 1)); }), {"1 and 1"}));
  CHECK(mentions(refused([&] { layout(view(3, 4, 8, 2)); }), {"8 and 2"}));
  CHECK(mentions(refused([&] { layout(view(3, 1, 0, 1)); }), {"0 and 1"}));

  auto const result = [&](index_t row_stride, index_t col_stride) {
    return refused([&] {
      (void)detail::product_by_columns::of(
          "product", view(4, 2, 2, 1), view(2, 4, 4, 1),
          matrix_view<double>(memory.data(), 4, 4, row_stride, col_stride));
    });
  };
  CHECK(result(4, 1) == "no error");
  CHECK(mentions(result(1, 4), {"product", "c", "unit stride along its rows,", "1 and 4"}));
  CHECK(mentions(result(0, 1), {"product", "c", "0 and 1"}));
}

namespace {

/// Through the library's product, with every layout that a head asks it for.
template <class Stored, class Gemm>
void check_library(Gemm const& gemm)
{
  for (bool const keeps : {false, true}) {
    for (index_t const width : {index_t(1), index_t(40)}) {
      head_case<Stored> c(70, width, 301);
      c.options.workspace_bytes = small_workspace;
      c.options.bias = c.bias;
      c.targets[30] = c.targets[33] = -100;
      if (keeps) { c.options.kept = c.dw(); }
      CAPTURE(keeps, width);
      c.run(gemm);
      c.check(forward_tolerance<Stored>, gradient_tolerance<Stored>);
    }
  }
}

}  // namespace

#if defined(HAS_EIGEN)
TEST_CASE("Eigen multiplies for a head", "[head]")
{
  check_library<float>(eigen_gemm{});
  check_library<double>(eigen_gemm{});
}
#endif
#if defined(PREFOPT_HAS_CBLAS)
namespace {

/// As a library that knows matrices by columns only multiplies (cuBLAS is one).
struct column_gemm {
  void operator()(matrix_view<double const> a, matrix_view<double const> b, matrix_view<double> c,
                  bool accumulate) const
  {
    auto const p = detail::product_by_columns::of("column_gemm", a, b, c);
    auto const operation = [](bool transpose) { return transpose ? CblasTrans : CblasNoTrans; };
    auto const count = [](index_t n) { return static_cast<int>(n); };
    cblas_dgemm(CblasColMajor, operation(p.first.transpose), operation(p.second.transpose),
                count(p.m), count(p.n), count(p.k), 1, b.data, count(p.first.pitch), a.data,
                count(p.second.pitch), accumulate ? 1 : 0, c.data, count(p.pitch));
  }
};

}  // namespace

TEST_CASE("a product by columns is the product, for every layout of its operands", "[head]")
{
  for (auto const& [m, k, n] :
       {std::array<index_t, 3>{1, 1, 1}, {5, 7, 4}, {1, 6, 3}, {6, 1, 3}, {6, 3, 1}}) {
    for (int const layouts : {0, 1, 2, 3}) {
      index_t const padding = 2;
      auto const numbers = test::random_logits(400, static_cast<unsigned>(layouts), 1);
      auto const stored = [padding](double const* data, index_t rows, index_t cols,
                                    bool by_columns) {
        return by_columns ? matrix_view<double const>(data, rows, cols, 1, rows + padding)
                          : matrix_view<double const>(data, rows, cols, cols + padding);
      };
      auto const a = stored(numbers.data(), m, k, layouts % 2 != 0);
      auto const b = stored(numbers.data() + 200, k, n, layouts / 2 != 0);
      for (bool const accumulate : {false, true}) {
        std::vector<double> got(static_cast<std::size_t>(m * (n + padding)), 3), want = got;
        column_gemm{}(a, b, {got.data(), m, n, n + padding}, accumulate);
        plain_gemm{}(a, b, matrix_view<double>(want.data(), m, n, n + padding), accumulate);
        CAPTURE(m, k, n, layouts, accumulate);
        for (std::size_t j = 0; j < got.size(); ++j) {
          REQUIRE(got[j] == Approx(want[j]).epsilon(1e-13).margin(1e-13));
        }
      }
    }
  }
  head_case<double> c(30, 8, 40);
  c.options.bias = c.bias;
  c.run(column_gemm{});
  c.check(forward_tolerance<double>, gradient_tolerance<double>);
}

TEST_CASE("a BLAS multiplies for a head", "[head]")
{
  check_library<float>(blas_gemm{});
  check_library<double>(blas_gemm{});
}
#endif
#if defined(PREFOPT_HAS_ONEDNN)
TEST_CASE("oneDNN multiplies for a head", "[head]")
{
  onednn_gemm const gemm;
  check_library<float>(gemm);
  check_library<prefopt::bfloat16>(gemm);
}
#endif
