// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <prefopt/row/sequence.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"

namespace {

using namespace prefopt;

/// Four answers (the third empty, the fourth fully masked) in both layouts. Padding holds NaN, so
/// that reading it would show.
template <class Real>
struct answers {
  static constexpr std::size_t pitch = 300;
  std::vector<std::size_t> const lengths{300, 17, 0, 5};

  std::vector<std::int32_t> offsets{0};
  std::vector<Real> packed_log_prob, packed_entropy, packed_weight;
  std::vector<std::uint8_t> packed_mask;
  std::vector<Real> log_prob, entropy, weight;
  std::vector<std::uint8_t> mask;

  answers()
  {
    for (std::size_t s = 0; s < lengths.size(); ++s) {
      for (std::size_t t = 0; t < pitch; ++t) {
        bool const real = t < lengths[s];
        auto const x = static_cast<double>(31 * s + t);
        bool const counts = real && t % 5 != 2 && s != 3;
        log_prob.push_back(real ? static_cast<Real>(-3 + 2.9 * std::sin(x)) : quiet_nan_v<Real>);
        entropy.push_back(real ? static_cast<Real>(1 + std::cos(x)) : quiet_nan_v<Real>);
        weight.push_back(real ? static_cast<Real>(t % 3 == 0 ? 3 : 1) : quiet_nan_v<Real>);
        mask.push_back(counts ? 1 : 0);
        if (!real) { continue; }
        packed_log_prob.push_back(log_prob.back());
        packed_entropy.push_back(entropy.back());
        packed_weight.push_back(weight.back());
        packed_mask.push_back(mask.back());
      }
      offsets.push_back(static_cast<std::int32_t>(packed_log_prob.size()));
    }
  }

  packed_sequences<std::int32_t> packed_layout() const { return make_packed(offsets); }
  padded_sequences padded_layout() const { return {.count = 4, .length = pitch}; }
  token_columns<Real> packed() const
  {
    return {.log_prob = packed_log_prob,
            .entropy = packed_entropy,
            .weight = packed_weight,
            .mask = packed_mask};
  }
  token_columns<Real> padded() const
  {
    return {.log_prob = log_prob, .entropy = entropy, .weight = weight, .mask = mask};
  }
};

template <class Real>
struct totals {
  std::vector<Real> sum = std::vector<Real>(4), mean = sum, count = sum, weight = sum,
                    entropy = sum, target_entropy = sum;

  sequence_columns<Real> columns()
  {
    return {.sum = sum,
            .mean = mean,
            .count = count,
            .weight = weight,
            .entropy = entropy,
            .target_entropy = target_entropy};
  }
  bool operator==(totals const&) const = default;
};

void check_message(auto const& call, std::vector<std::string> const& parts)
{
  std::string const message = error_of<std::invalid_argument>(call);
  for (auto const& part : parts) { CHECK_THAT(message, ContainsSubstring(part)); }
}

}  // namespace

TEMPLATE_TEST_CASE("packed and padded layouts give the same bits on 1, 2 and 8 threads",
                   "[sequence]", float, double)
{
  answers<TestType> const a;
  totals<TestType> packed, padded;
  sequence_sums<TestType, TestType>(a.packed_layout(), a.packed(), packed.columns());
  for (int const threads : {1, 2, 8}) {
    padded = {};
    sequence_sums<TestType, TestType>(a.padded_layout(), a.padded(), padded.columns(), threads);
    CHECK(padded == packed);
  }
}

TEMPLATE_TEST_CASE("sequence sums are sums over the tokens that count", "[sequence]", float, double)
{
  answers<TestType> const a;
  totals<TestType> got;
  sequence_sums<TestType>(a.packed_layout(), a.packed(), got.columns());
  for (std::size_t s = 0; s < 4; ++s) {
    double sum = 0, count = 0, weight = 0, entropy = 0, target_entropy = 0;
    for (std::size_t t = 0; t < a.lengths[s]; ++t) {
      std::size_t const i = s * answers<TestType>::pitch + t;
      if (a.mask[i] == 0) { continue; }
      double const lp = a.log_prob[i];
      sum += a.weight[i] * lp;
      weight += a.weight[i];
      entropy += a.entropy[i];
      target_entropy -= std::exp(lp) * lp;
      count += 1;
    }
    INFO("sequence " << s);
    // Sums are made in double: what is left is one rounding to TestType.
    auto const rounded = [](double v) { return static_cast<TestType>(v); };
    CHECK(got.count[s] == rounded(count));
    CHECK(got.weight[s] == rounded(weight));
    CHECK(got.sum[s] == Approx(sum).epsilon(1e-7));
    CHECK(got.mean[s] == Approx(count == 0 ? 0 : sum / weight).epsilon(1e-7));
    CHECK(got.entropy[s] == Approx(entropy).epsilon(1e-7));
    CHECK(got.target_entropy[s] == Approx(target_entropy).epsilon(1e-7));
  }
  CHECK(got.count[2] == 0);
  CHECK(got.count[3] == 0);
  CHECK(got.mean[2] == 0);
  CHECK(got.mean[3] == 0);
}

TEST_CASE("absent weights are 1, absent masks count everything, outputs are optional", "[sequence]")
{
  std::vector<float> const lp{-1, -2, -4};
  std::vector<std::int64_t> const offsets{0, 1, 3};
  std::vector<float> sum(2), count(2), score(2);
  sequence_sums<float>(make_packed(offsets), {.log_prob = lp}, {.sum = sum, .count = count});
  CHECK(sum == std::vector<float>{-1, -6});
  CHECK(count == std::vector<float>{1, 2});
  std::vector<float> const certain{0, -infinity_v<float>, 0};  // p log p -> 0 at both ends
  sequence_sums<float>(make_packed(offsets), {.log_prob = certain}, {.target_entropy = score});
  CHECK(score == std::vector<float>{0, 0});
}

TEST_CASE("a token of weight 0 counts but adds nothing, not even -inf", "[sequence]")
{
  std::vector<double> const lp{-1, -infinity_v<double>};
  std::vector<double> const weight{2, 0};
  std::vector<double> sum(1), count(1);
  sequence_sums<double>(padded_sequences{.count = 1, .length = 2},
                        {.log_prob = lp, .weight = weight}, {.sum = sum, .count = count});
  CHECK(sum[0] == -2);
  CHECK(count[0] == 2);
}

TEST_CASE("sequence statistics merge: parts of a sequence give the whole", "[sequence]")
{
  sequence_stats<double> whole, first, second;
  for (int t = 0; t < 9; ++t) {
    auto& part = t < 4 ? first : second;
    for (auto* stats : {&whole, &part}) { stats->push(-0.25 * t, 0.5, t == 5 ? 3 : 1); }
  }
  for (auto [a, b] : {std::pair{first, second}, std::pair{second, first}}) {
    a.merge(b);
    a.merge({});
    CHECK(a.sum == Approx(whole.sum));
    CHECK(a.weight == whole.weight);
    CHECK(a.entropy == whole.entropy);
    CHECK(a.target_entropy == Approx(whole.target_entropy));
    CHECK(a.count == whole.count);
    CHECK(a.mean() == Approx(whole.mean()));
  }
}

TEMPLATE_TEST_CASE("token seeds are the derivatives of sequence sums and means", "[sequence]",
                   float, double)
{
  answers<TestType> const a;
  std::vector<TestType> const d{1, -0.5, 2, 4};
  std::vector<TestType> seeds(a.packed_log_prob.size()), padded(a.log_prob.size(), 9);
  for (bool const mean : {false, true}) {
    totals<TestType> t;
    sequence_sums<TestType>(a.packed_layout(), a.packed(), t.columns());
    token_seeds<TestType>(a.packed_layout(), a.packed(), d, seeds, {.mean = mean, .scale = 2});
    token_seeds<TestType>(a.padded_layout(), a.padded(), d, padded,
                          {.mean = mean, .scale = 2, .threads = 2});
    std::size_t i = 0;
    for (std::size_t s = 0; s < 4; ++s) {
      for (std::size_t k = 0; k < answers<TestType>::pitch; ++k) {
        std::size_t const j = s * answers<TestType>::pitch + k;
        double const norm = mean ? t.weight[s] : 1;
        double const want = a.mask[j] != 0 ? 2 * d[s] * a.weight[j] / norm : 0;
        bool const good = std::abs(padded[j] - want) <= 1e-6 * std::abs(want) &&
                          (k >= a.lengths[s] || seeds[i++] == padded[j]);
        if (!good) { FAIL("sequence " << s << ", token " << k << ": " << padded[j]); }
      }
    }
    CHECK(i == seeds.size());
  }
}

TEST_CASE("token seeds are zero outside every sequence, and can be added up", "[sequence]")
{
  std::vector<std::int32_t> const offsets{1, 3};
  std::vector<float> const d{2};
  std::vector<float> seeds(5, 7.0f);
  token_seeds<float>(make_packed(offsets), {}, d, seeds);
  CHECK(seeds == std::vector<float>{0, 2, 2, 0, 0});
  token_seeds<float>(make_packed(offsets), {}, d, seeds, {.scale = 0.5f, .accumulate = true});
  CHECK(seeds == std::vector<float>{0, 3, 3, 0, 0});
}

TEST_CASE("tokens count unless their target is ignored or their mask is 0", "[sequence]")
{
  std::vector<std::int32_t> const targets{5, -100, 7, 0};
  std::vector<std::uint8_t> const mask{1, 1, 0, 2};
  std::vector<std::uint8_t> counted(4);
  counted_tokens(targets, counted, {.mask = mask});
  CHECK(counted == std::vector<std::uint8_t>{1, 0, 0, 1});
  counted_tokens(targets, counted, {.ignore_index = 0});
  CHECK(counted == std::vector<std::uint8_t>{1, 1, 1, 0});
}

TEST_CASE("ignored targets count in a mean unless the mask leaves them out", "[sequence]")
{
  std::vector<std::int32_t> const targets{-100, 5, 2};
  std::vector<float> const log_prob{0, -1, -3};  // what log_probs gives for the ignored row
  std::vector<std::uint8_t> counted(3);
  counted_tokens(targets, counted);
  std::vector<float> count(1), mean(1);
  padded_sequences const layout{.count = 1, .length = 3};
  sequence_sums<float>(layout, {.log_prob = log_prob, .mask = counted},
                       {.mean = mean, .count = count});
  CHECK(count[0] == 2);
  CHECK(mean[0] == -2);
  sequence_sums<float>(layout, {.log_prob = log_prob}, {.count = count});
  CHECK(count[0] == 3);
}

TEST_CASE("bad sequences are named", "[sequence]")
{
  std::vector<float> lp(5), sum(2), d(2), seeds(5);
  auto const add = [&](std::vector<std::int32_t> const& offsets) {
    return [&, offsets] {
      sequence_sums<float>(make_packed(offsets), {.log_prob = lp}, {.sum = sum});
    };
  };
  check_message(add({0, 3, 6}), {"sequence_sums", "sequence 1", "3 to 5", "3 to 6"});
  check_message(add({0, 3, 2}), {"sequence 1", "3 to 2"});
  check_message(add({-1, 3, 5}), {"sequence 0", "-1 to 3"});
  check_message(add({}), {"offsets", "one entry more"});
  check_message(add({0, 5}), {"'sum'", "1 elements", "2"});
  check_message(
      [&] {
        sequence_sums<float>(padded_sequences{.count = 2, .length = 3}, {.log_prob = lp}, {});
      },
      {"sequence 1", "3 to 6"});
  check_message([&] { sequence_sums<float>(padded_sequences{.count = 2, .length = 3}, {}, {}); },
                {"'log_prob'", "none"});
  std::vector<std::uint8_t> const mask(4);
  std::vector<std::int32_t> const offsets{0, 2, 5};
  check_message([&] { token_seeds<float>(make_packed(offsets), {.mask = mask}, d, seeds); },
                {"token_seeds", "'mask'", "5 elements", "4"});
  d.pop_back();
  check_message([&] { token_seeds<float>(make_packed(offsets), {}, d, seeds); },
                {"'d_sequence'", "2 elements", "1"});
}
