// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdint>
#include <vector>

#include <prefopt/core/dual.hpp>
#include <prefopt/row/rows.hpp>
#include <prefopt/row/sequence.hpp>
#include <prefopt/token/guidance.hpp>
#include <prefopt/token/humanline.hpp>
#include <prefopt/token/spans.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/row_cases.hpp"

namespace {

using namespace prefopt;
using ids = std::vector<std::int32_t>;
using reals = std::vector<double>;

constexpr double inf = infinity_v<double>;

}  // namespace

TEST_CASE("answers begin where either row leaves the prompt", "[token]")
{
  ids const prompt{1, 10, 11, 12};
  auto const spans_of = [&](ids const& chosen, ids const& rejected) {
    return find_completions(prompt, chosen, rejected);
  };
  // The prompt as it is; both answers begin with token 20, which stays answer.
  auto const plain = spans_of({1, 10, 11, 12, 20, 21}, {1, 10, 11, 12, 20, 22, 23});
  CHECK(plain.chosen.begin == 4);
  CHECK(plain.chosen.end == 6);
  CHECK(plain.rejected.begin == 4);
  CHECK(plain.rejected.size() == 3);
  CHECK(plain.merged_tokens == 0);
  // In one row, then in both alike, the prompt's last token merged with the answer's first.
  auto const one = spans_of({1, 10, 11, 99, 21}, {1, 10, 11, 12, 20});
  CHECK(one.chosen.begin == 3);
  CHECK(one.rejected.begin == 3);
  CHECK(one.merged_tokens == 1);
  CHECK(spans_of({1, 10, 11, 99, 21}, {1, 10, 11, 99, 20}).rejected.begin == 3);
  // Truncation left nothing of one answer.
  auto const cut = spans_of({1, 10, 11, 12}, {1, 10, 11, 12, 20});
  CHECK(cut.chosen.size() == 0);
  CHECK(cut.rejected.size() == 1);
  ids const nothing;
  CHECK(common_prefix(nothing, prompt) == 0);
  CHECK(common_prefix(prompt, prompt) == 4);
}

TEST_CASE("phrases are a layout: one sum each, and seeds on the way back", "[token]")
{
  reals const log_prob{-1, -2, -4, -8, -16, -32};
  std::vector<token_span> const phrases{{1, 3}, {3, 3}, {4, 6}};
  span_sequences<> const layout{phrases};
  reals sum(3), count(3), seeds(6, quiet_nan_v<double>);
  sequence_sums<double>(layout, {.log_prob = log_prob}, {.sum = sum, .count = count});
  CHECK(sum == reals{-6, 0, -48});
  CHECK(count == reals{2, 0, 2});
  reals const d_sum{0.5, 7, -2};
  token_seeds<double>(layout, {}, d_sum, seeds);
  CHECK(seeds == reals{0, 0.5, 0.5, 0, -2, -2});

  std::vector<std::uint8_t> mask(6, 9);
  mask_spans(phrases, mask);
  CHECK(mask == std::vector<std::uint8_t>{0, 1, 1, 0, 1, 1});
  reals whole(1);
  sequence_sums<double>(padded_sequences{1, 6}, {.log_prob = log_prob, .mask = mask},
                        {.sum = whole});
  CHECK(whole[0] == -54);

  std::vector<token_span> const outside{{0, 1}, {4, 7}}, overlapping{{0, 3}, {2, 4}};
  CHECK(mentions(error_of<std::invalid_argument>([&] { mask_spans(outside, mask); }),
                 {"mask_spans", "span 1", "[0, 6)", "[4, 7)"}));
  CHECK(mentions(error_of<std::invalid_argument>([&] {
                   sequence_sums<double>(span_sequences<>{overlapping}, {.log_prob = log_prob},
                                         {.sum = whole});
                 }),
                 {"sequence_sums", "sequence 1", "2 to 4"}));
}

TEST_CASE("humanline clamps log-ratios per token and stops their gradient", "[token]")
{
  humanline<double> const bounds{.log_epsilon_p = -1.5, .log_epsilon_r = 0.5};
  reals const policy{-1, -3, -0.25, -4, -inf, -2.5, -3, quiet_nan_v<double>};
  reals const reference{-1.25, -1, -2, -2.5, -1, -3, -inf, -1};
  reals const kept{1, 0, 0, 1, 0, 1, 0, 1};  // exactly on a bound at 3 and 5
  reals clamped(8), seeds(8, 2);
  humanline_log_probs(bounds, policy, reference, clamped);
  humanline_seeds(bounds, policy, reference, seeds);
  for (std::size_t t = 0; t < 7; ++t) {
    INFO("token " << t);
    CHECK(bounds.slope(policy[t], reference[t]) == kept[t]);
    CHECK(seeds[t] == 2 * kept[t]);
    bool const unclamped = kept[t] == 1;
    double const ratio = std::fmin(std::fmax(policy[t] - reference[t], -1.5), 0.5);
    CHECK((unclamped ? clamped[t] == policy[t] : clamped[t] == reference[t] + ratio));
  }
  CHECK(std::isnan(clamped[7]));

  reals unclamped(8);
  humanline_log_probs(humanline<double>{}, policy, reference, unclamped);
  for (std::size_t t = 0; t < 7; ++t) { CHECK(unclamped[t] == policy[t]); }
  CHECK(mentions(error_of<std::invalid_argument>(
                     [&] { humanline_seeds(humanline<double>{1, 0.5}, policy, reference, seeds); }),
                 {"humanline_seeds", "log_epsilon_p", "0.5", "got 1.0"}));
}

TEST_CASE("humanline seeds are the derivative of the sum of clamped log-ratios", "[token]")
{
  humanline<double> const bounds{.log_epsilon_p = -1, .log_epsilon_r = 1};
  reals policy{-0.5, -2, -4, -0.1}, out(4), seeds(4, 1);
  reals const reference{-0.25, -1.5, -2.5, -3};
  auto const total = [&] {
    humanline_log_probs(bounds, policy, reference, out);
    double sum = 0;
    for (std::size_t t = 0; t < 4; ++t) { sum += out[t] - reference[t]; }
    return sum;
  };
  humanline_seeds(bounds, policy, reference, seeds);
  for (std::size_t t = 0; t < 4; ++t) {
    double const step = 1e-4, before = policy[t];
    policy[t] = before + step;
    double const above = total();
    policy[t] = before - step;
    double const below = total();
    policy[t] = before;
    CHECK(seeds[t] == Approx((above - below) / (2 * step)).margin(1e-10));
  }
}

TEST_CASE("guided log-probabilities: strength 1 and 0 keep one model alone", "[token]")
{
  reals const with{-1, -inf, -3}, without{-2, -1, -inf};
  reals out(3);
  guided_log_probs(image_guidance<double>{}, with, without, out);
  CHECK(out == with);
  guided_log_probs(image_guidance<double>{.strength = 0}, with, without, out);
  CHECK(out == without);
  guided_log_probs(image_guidance<double>{.strength = 0.25}, with, without, out);
  CHECK(out[0] == 0.25 * -1 + 0.75 * -2);
  // The image-free log-probability is a constant: only `strength` comes through.
  using number = dual<double, 1>;
  auto const x = number::variable(-1.0, 0);
  number const guided = image_guidance<double>{.strength = 1.75}(x, -2.0);
  CHECK(guided.value == 1.75 * -1 + 0.75 * 2);
  CHECK(guided.partial[0] == 1.75);
}

TEST_CASE("guided logits are the guided distribution, normalised, with its gradient", "[token]")
{
  double const gamma = 1.75;
  index_t const size = 7, target = 4;
  reals x = test::random_logits(size, 1), z = test::random_logits(size, 2), y(7);
  x[2] = -inf;
  z[5] = -inf;
  std::vector<std::int32_t> const targets{static_cast<std::int32_t>(target)};
  auto const matrix = [&](reals& row) { return matrix_view<double>(row.data(), 1, size); };
  auto const guided_log_prob = [&] {
    reals log_prob(1);
    guided_logits(gamma, matrix(x), matrix(z), matrix(y));
    log_probs(matrix(y), targets, {.log_prob = log_prob});
    return log_prob[0];
  };
  auto const log_normalizer = [](reals const& row) {
    long double sum = 0;
    for (double v : row) { sum += std::exp(static_cast<long double>(v)); }
    return std::log(sum);
  };
  // From the definition: both models normalised, then p^gamma p0^(1 - gamma) over its sum.
  long double sum = 0, own = 0;
  for (std::size_t j = 0; j < 7; ++j) {
    if (j == 2 || j == 5) { continue; }
    long double const log_phi =
        gamma * (x[j] - log_normalizer(x)) - (gamma - 1) * (z[j] - log_normalizer(z));
    sum += std::exp(log_phi);
    if (j == 4) { own = log_phi; }
  }
  CHECK(guided_log_prob() == Approx(static_cast<double>(own - std::log(sum))).epsilon(1e-14));

  reals const seed{1};
  reals gradient(7);
  logit_gradients(matrix(y), targets, {.d_log_prob = seed}, matrix(gradient), {.scale = gamma});
  for (std::size_t j = 0; j < 7; ++j) {
    if (std::isinf(x[j])) {
      CHECK(gradient[j] == 0);
      continue;
    }
    double const step = 1e-5, before = x[j];
    x[j] = before + step;
    double const above = guided_log_prob();
    x[j] = before - step;
    double const below = guided_log_prob();
    x[j] = before;
    CHECK(gradient[j] == Approx((above - below) / (2 * step)).margin(1e-9));
  }
  reals short_row(3);
  CHECK(mentions(error_of<std::invalid_argument>([&] {
                   guided_logits(1.0, matrix(x), matrix_view<double>(short_row.data(), 1, 3),
                                 matrix(y));
                 }),
                 {"guided_logits", "image_free", "1 x 7", "1 x 3"}));
}
