// SPDX-License-Identifier: MIT
/// \file  The host's loop over blocks of samples, at every register width.

#include <cmath>
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
void check(index_t n, index_t stride, bool accumulate, Evaluate const& evaluate_all)
{
  CAPTURE(n, stride, accumulate);
  loss_type const loss{.beta = 0.3f, .eta = 0.2f};
  batch got(n, stride), want(n, stride);
  evaluate_options<float> const options{
      .weight = got.read(6), .scale = 0.25f, .accumulate = accumulate};
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
      for (index_t i = 0; i < n; i += lanes_of<chunk>) { body.template at<chunk>(i); }
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
  batch one(5000, 1), many(5000, 1);
  evaluate(loss_type{}, one.columns(), one.results(), {.threads = 1});
  for (int threads : {2, 8}) {
    evaluate(loss_type{}, many.columns(), many.results(), {.threads = threads});
    CHECK(one.out == many.out);
  }
}
