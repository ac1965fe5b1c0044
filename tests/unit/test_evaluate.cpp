// SPDX-License-Identifier: MIT
/// \file  The host's loop over blocks of samples, at every register width.

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/mfpo.hpp>

#include "support/catch.hpp"

using namespace prefopt;

namespace {

using loss_type = mfpo<float>;

/// Columns of `n` samples, `stride` elements apart.
struct batch {
  index_t n, stride;
  std::vector<std::vector<float>> in, out;

  batch(index_t samples, index_t step) : n(samples), stride(step)
  {
    std::mt19937 random(3);
    std::uniform_real_distribution<float> log_prob(-300, 0);
    for (int k = 0; k < 7; ++k) {
      in.emplace_back(static_cast<std::size_t>(n * stride));
      for (float& x : in.back()) { x = log_prob(random); }
    }
    for (float& w : in[6]) { w = w < -250 ? 0.0f : -w / 300; }
    out.assign(4, std::vector<float>(static_cast<std::size_t>(n * stride), 0.5f));
  }
  vector_view<float const> read(std::size_t k) const { return {in[k].data(), n, stride}; }
  vector_view<float> write(std::size_t k) { return {out[k].data(), n, stride}; }

  input_columns<loss_type> columns() const
  {
    return {.chosen = read(0),
            .rejected = read(1),
            .perturbed = {read(2)},
            .ref_chosen = read(3),
            .ref_rejected = read(4),
            .ref_perturbed = {read(5)}};
  }
  output_columns<loss_type> results()
  {
    return {.value = write(0),
            .gradient = {.chosen = write(1), .rejected = write(2), .perturbed = {write(3)}}};
  }
};

bool close(float a, float b)
{
  return std::abs(a - b) <= 2e-6f * std::max(1.0f, std::abs(b));
}

/// Every element of `got`, between the samples too, against one sample after the other.
template <class Evaluate>
void check(loss_type const& loss, bool weighted, index_t n, index_t stride, bool accumulate,
           Evaluate const& evaluate_all)
{
  CAPTURE(loss.text_weight, weighted, n, stride, accumulate);
  batch got(n, stride), want(n, stride);
  if (loss.text_weight == 0) {  // left out, even where it is NaN
    for (batch* const b : {&got, &want}) { b->in[1].assign(b->in[1].size(), quiet_nan_v<float>); }
  }
  evaluate_options<float> options{.scale = 0.25f, .accumulate = accumulate};
  if (weighted) { options.weight = got.read(6); }
  evaluate_all(loss, got, options);
  auto const sample = detail::make_evaluate_sample<loss_type, float, host_memory>(
      loss, want.columns(), want.results(), options);
  for (index_t i = 0; i < n; ++i) { sample(i); }
  index_t different = 0;
  for (std::size_t k = 0; k < want.out.size(); ++k) {
    for (std::size_t i = 0; i < want.out[k].size(); ++i) {
      different += close(got.out[k][i], want.out[k][i]) ? 0 : 1;
    }
  }
  CHECK(different == 0);
}
/// The same with every term and without one, and with weights of the samples and without.
template <class Evaluate>
void check(index_t n, index_t stride, bool accumulate, Evaluate const& evaluate_all)
{
  for (float const text_weight : {1.5f, 0.0f}) {
    loss_type const loss{.beta = 0.3f, .eta = 0.2f, .text_weight = text_weight};
    for (bool const weighted : {true, false}) {
      check(loss, weighted, n, stride, accumulate, evaluate_all);
    }
  }
}

template <int Bytes>
void check_width(index_t n)
{
  using width = registers<Bytes>;
  using chunk = typename width::template pack_of<float>;
  n = n / lanes_of<chunk> * lanes_of<chunk>;
  check(n, 1, false, [n](loss_type const& loss, batch& b, auto const& options) {
    auto const body = detail::make_evaluate_sample<loss_type, float, host_memory>(
        loss, b.columns(), b.results(), options);
    fixed_registers<Bytes>::call([&body, n](width) {
      bool const plain = body.is_plain();
      for (index_t i = 0; i < n; i += lanes_of<chunk>) {
        plain ? body.template at_plain<chunk>(i) : body.template at<chunk>(i);
      }
    });
  });
}

}  // namespace

TEST_CASE("a batch of any size and stride is its samples one by one", "[evaluate]")
{
  for (index_t n : {1, 15, 16, 255, 256, 257, 1000}) {
    for (index_t stride : {1, 3}) {
      for (bool accumulate : {false, true}) {
        check(n, stride, accumulate, [](loss_type const& loss, batch& b, auto const& options) {
          evaluate(loss, b.columns(), b.results(), options);
        });
      }
    }
  }
}

TEST_CASE("packs of every register width give the numbers of single samples", "[evaluate]")
{
  check_width<16>(200);
  if (!detail::compiles_for_others || detail::processor_has_avx2()) { check_width<32>(200); }
  if (!detail::compiles_for_others || detail::processor_has_avx512()) { check_width<64>(200); }
}

TEST_CASE("results are the same bits for any number of threads", "[evaluate]")
{
  batch one(20'000, 1), many(20'000, 1);
  evaluate(loss_type{}, one.columns(), one.results(), {.threads = 1});
  for (int threads : {2, 8}) {
    evaluate(loss_type{}, many.columns(), many.results(), {.threads = threads});
    CHECK(one.out == many.out);
  }
}

TEST_CASE("the parts of a run follow each other and cover the batch", "[evaluate]")
{
  for (index_t n : {1, 15, 256, 1000, 5000}) {
    for (index_t head : {0, 1, 15}) {
      detail::sample_run const run{.samples = 512, .head = min(head, n)};
      CAPTURE(n, head);
      index_t next = 0;
      for (index_t k = 0; k < run.parts(n); ++k) {
        detail::sample_block const part = run.part(k, n);
        CHECK(part.first == next);
        CHECK(part.count > 0);
        CHECK((head == 0 || k == 0 || (part.first - run.head) % 512 == 0));
        next = part.first + part.count;
      }
      CHECK(next == n);
    }
  }
}

namespace {

/// The run of a batch of `n` samples whose results begin `offsets` floats behind lines of the
/// cache. Nothing is read.
detail::sample_run run_at(index_t n, std::vector<index_t> const& offsets, index_t stride = 1)
{
  alignas(64) static float line[64];
  auto const column = [&](std::size_t k) {
    return vector_view<float>{line + offsets[k], n, stride};
  };
  vector_view<float const> const input{line, n};
  input_columns<loss_type> const in{.chosen = input,
                                    .rejected = input,
                                    .perturbed = {input},
                                    .ref_chosen = input,
                                    .ref_rejected = input,
                                    .ref_perturbed = {input}};
  output_columns<loss_type> const out{
      .value = column(0),
      .gradient = {.chosen = column(1), .rejected = column(2), .perturbed = {column(3)}}};
  auto const body =
      detail::make_evaluate_sample<loss_type, float, host_memory>(loss_type{}, in, out, {});
  return detail::run_of<input_columns<loss_type>, gradient_columns<loss_type>>(body, n);
}

}  // namespace

TEST_CASE("results are streamed where they are large and begin alike on lines", "[evaluate]")
{
  index_t const large = 10'000'000;
  CHECK(run_at(large, {0, 0, 0, 0}).streams == detail::has_streaming_stores);
  CHECK(run_at(large, {0, 0, 0, 0}).head == 0);
  if (detail::has_streaming_stores) { CHECK(run_at(large, {4, 4, 4, 20}).head == 12); }
  CHECK_FALSE(run_at(large, {4, 4, 8, 4}).streams);
  CHECK_FALSE(run_at(large, {0, 0, 0, 0}, 2).streams);
  CHECK_FALSE(run_at(1000, {0, 0, 0, 0}).streams);
  CHECK(run_at(large, {0, 0, 0, 0}, 2).samples == detail::host_block);
}

TEST_CASE("a batch of few blocks leaves one to every thread", "[evaluate]")
{
  CHECK(run_at(1000, {0, 0, 0, 0}).parts(1000) == 4);
  CHECK(run_at(100'000, {0, 0, 0, 0}).samples > detail::host_block);
}

TEST_CASE("where no term counts, value and gradient are 0 and not -0", "[evaluate]")
{
  batch b(5, 1);
  loss_type const none{.text_weight = 0, .modality_weight = {0}, .margin_weight = 0};
  evaluate(none, b.columns(), b.results());
  for (auto const& column : b.out) {
    for (float const x : column) {
      CHECK(x == 0);
      CHECK_FALSE(std::signbit(x));
    }
  }
}

TEST_CASE("streamed results are the bits of those that are not", "[evaluate]")
{
  for (index_t n : {3, 256, 300, 5000}) {
    for (index_t offset : {0, 1, 7}) {
      CAPTURE(n, offset);
      batch b(n, 1);
      evaluate(loss_type{}, b.columns(), b.results());
      index_t const room = (n + offset + 15) / 16 * 16;
      std::vector<float> space(static_cast<std::size_t>(4 * room + 16), 0.5f);
      auto const unaligned = reinterpret_cast<std::uintptr_t>(space.data()) % 64 / sizeof(float);
      float* const line = space.data() + (16 - unaligned) % 16;
      auto const column = [&](index_t k) {
        return vector_view<float>{line + k * room + offset, n};
      };
      output_columns<loss_type> const out{
          .value = column(0),
          .gradient = {.chosen = column(1), .rejected = column(2), .perturbed = {column(3)}}};
      detail::evaluate_part<detail::compile_target, loss_type, float> part{
          detail::make_evaluate_sample<loss_type, float, host_memory>(loss_type{}, b.columns(), out,
                                                                      {}),
          n};
      part.run = {.samples = 1024, .head = min((16 - offset) % 16, n), .streams = true};
      part.batch.streams = true;
      for (index_t k = 0; k < part.parts(); ++k) { part(k); }
      for (index_t k = 0; k < 4; ++k) {
        std::vector<float> const got(column(k).data, column(k).data + n);
        CHECK(got == b.out[static_cast<std::size_t>(k)]);
      }
    }
  }
}
