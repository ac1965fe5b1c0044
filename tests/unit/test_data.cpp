// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/data/empty_rows.hpp>
#include <prefopt/data/row_images.hpp>
#include <prefopt/data/truncation.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/margins/summary.hpp>
#include <prefopt/row/sequence.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace prefopt;

namespace {

using outcome = truncation_outcome;

/// A prompt of 20 tokens with two images, and answers of 10 and 6.
std::vector<token_span> const two_images{{2, 8}, {10, 16}};
truncation_row chosen_row()
{
  return {.length = 30, .completion = {20, 30}, .images = two_images};
}
truncation_row rejected_row()
{
  return {.length = 26, .completion = {20, 26}, .images = two_images};
}

pair_truncation plan(index_t limit, truncation_side side = truncation_side::keep_start)
{
  return plan_truncation(chosen_row(), rejected_row(), {.limit = limit, .side = side});
}

/// Image tokens of a row that lie within `kept`: what a model's tower must have features for.
index_t image_tokens(truncation_row const& row, token_span const& kept)
{
  index_t count = 0;
  for (index_t k = 0; k < row.images.extent; ++k) {
    index_t const first = std::max(row.images[k].begin, kept.begin);
    index_t const last = std::min(row.images[k].end, kept.end);
    count += std::max<index_t>(0, last - first);
  }
  return count;
}

/// Three rows with 1, 2 and 1 images.
struct image_batch {
  std::vector<index_t> ids{0, 1, 2, 1}, offsets{0, 1, 3, 4};
  std::vector<index_t> feature_offsets{0, 4, 10, 13};  // of images 0, 1, 2: 4, 6 and 3 features
  std::vector<token_span> placeholders{{1, 5}, {1, 7}, {9, 12}, {0, 6}};

  row_images images() const { return {.ids = ids, .offsets = offsets}; }
  std::string error() const
  {
    return error_of<std::invalid_argument>(
        [&] { check_row_images(images(), feature_offsets, placeholders); });
  }
};

}  // namespace

TEST_CASE("a pair that fits is kept whole", "[data]")
{
  for (auto const side : {truncation_side::keep_start, truncation_side::keep_end}) {
    auto const p = plan(30, side);
    CHECK(p.outcome == outcome::whole);
    CHECK(p.chosen == token_span{0, 30});
    CHECK(p.rejected == token_span{0, 26});
  }
}

TEST_CASE("no cut goes through an image, at any limit and from either side", "[data]")
{
  index_t naive_cuts = 0;
  for (auto const side : {truncation_side::keep_start, truncation_side::keep_end}) {
    for (index_t limit = 1; limit <= 31; ++limit) {
      CAPTURE(limit);
      auto const p = plan(limit, side);
      index_t const wanted = is_kept(p.outcome) ? 12 : 0;
      CHECK(image_tokens(chosen_row(), p.chosen) == wanted);
      CHECK(image_tokens(rejected_row(), p.rejected) == wanted);
      CHECK(p.chosen.size() <= limit);
      CHECK(p.rejected.size() <= limit);
      // A slice of the ids, as trainers take it, keeps part of an image at these limits.
      index_t const left = image_tokens(chosen_row(), {0, std::min<index_t>(limit, 30)});
      naive_cuts += left % 6 != 0 ? 1 : 0;
    }
  }
  CHECK(naive_cuts == 20);
}

TEST_CASE("keeping the start shortens answers only and says why a pair is dropped", "[data]")
{
  CHECK(plan(25).outcome == outcome::shortened);
  CHECK(plan(25).chosen == token_span{0, 25});
  CHECK(plan(25).rejected == token_span{0, 25});
  CHECK(plan(26).rejected == token_span{0, 26});
  CHECK(plan(21).outcome == outcome::shortened);
  CHECK(plan(20).outcome == outcome::no_completion);
  CHECK(plan(16).outcome == outcome::no_completion);
  CHECK(plan(15).outcome == outcome::image_cut);
  CHECK(plan(10).outcome == outcome::image_lost);
  CHECK(plan(10).chosen == token_span{0, 0});
}

TEST_CASE("keeping the end leaves both answers one prompt and refuses to touch an image", "[data]")
{
  auto const end = truncation_side::keep_end;
  CHECK(plan(28, end).outcome == outcome::shortened);
  CHECK(plan(28, end).chosen == token_span{2, 30});
  CHECK(plan(28, end).rejected == token_span{2, 26});  // 24 tokens: it fitted, and loses two too
  CHECK(plan(27, end).outcome == outcome::image_cut);
  CHECK(plan(22, end).outcome == outcome::image_lost);

  truncation_row const text{.length = 12, .completion = {5, 12}};
  truncation_row const other{.length = 9, .completion = {5, 9}};
  auto const text_plan = [&](index_t limit) {
    return plan_truncation(text, other, {.limit = limit, .side = end});
  };
  CHECK(text_plan(8).chosen == token_span{4, 12});
  CHECK(text_plan(8).rejected == token_span{4, 9});
  CHECK(text_plan(7).outcome == outcome::no_prompt);
}

TEST_CASE("an answer must keep as many tokens as are asked for, or be whole", "[data]")
{
  auto const outcome_at = [](index_t limit, index_t least) {
    return plan_truncation(chosen_row(), rejected_row(),
                           {.limit = limit, .least_completion = least})
        .outcome;
  };
  CHECK(outcome_at(24, 4) == outcome::shortened);
  CHECK(outcome_at(23, 4) == outcome::no_completion);
  CHECK(outcome_at(30, 8) == outcome::whole);  // the rejected answer has 6 tokens, all of them
  CHECK(outcome_at(29, 8) == outcome::shortened);
  truncation_row empty = rejected_row();
  empty.completion = {26, 26};
  CHECK(plan_truncation(chosen_row(), empty, {.limit = 30}).outcome == outcome::no_completion);
}

TEST_CASE("an image without tokens is not lost by a cut", "[data]")
{
  std::vector<token_span> const images{{2, 8}, {25, 25}};
  truncation_row chosen = chosen_row();
  chosen.images = images;
  CHECK(plan_truncation(chosen, rejected_row(), {.limit = 22}).outcome == outcome::shortened);
}

TEST_CASE("dropped pairs are counted by reason, over any number of ranks", "[data]")
{
  truncation_counts all, one, two;
  for (index_t limit = 1; limit <= 30; ++limit) {
    all.push(plan(limit).outcome);
    (limit % 2 == 0 ? one : two).push(plan(limit).outcome);
  }
  one.merge(two);
  for (int k = 0; k < truncation_outcomes; ++k) { CHECK(one.pairs[k] == all.pairs[k]); }
  CHECK(all.of(outcome::whole) == 1);
  CHECK(all.of(outcome::shortened) == 9);
  CHECK(all.of(outcome::no_completion) == 5);
  CHECK(all.of(outcome::image_cut) == 10);
  CHECK(all.of(outcome::image_lost) == 5);
  CHECK(all.dropped() == 20);
  CHECK(name_of(outcome::image_cut) == std::string("image cut"));
}

TEST_CASE("spans that do not fit their row are named", "[data]")
{
  auto const message = [](truncation_row const& row, truncation_options const& options) {
    return error_of<std::invalid_argument>([&] { plan_truncation(chosen_row(), row, options); });
  };
  auto row = rejected_row();
  CHECK(message(row, {}) == "prefopt::plan_truncation: limit: expected 1 or more, got 0");
  CHECK(mentions(message(row, {.limit = 9, .least_completion = 0}), {"least_completion"}));
  row.completion = {20, 27};
  CHECK(message(row, {.limit = 9}) ==
        "prefopt::plan_truncation: rejected.completion: expected a range within [0, 26), got [20, "
        "27)");
  row = rejected_row();
  std::vector<token_span> const overlapping{{2, 8}, {7, 9}};
  row.images = overlapping;
  CHECK(mentions(message(row, {.limit = 9}), {"rejected.images 1", "[8, 26)", "[7, 9)"}));
  row = rejected_row();
  row.completion = {26, 20};
  CHECK(mentions(message(row, {.limit = 9}), {"rejected.completion", "[0, 26)", "[26, 20)"}));
  row = {.length = -1};
  CHECK(mentions(message(row, {.limit = 9}), {"rejected.length"}));
}

TEST_CASE("every placeholder is filled by all of its own image", "[data]")
{
  image_batch const good;
  CHECK(good.error() == "no error");
  CHECK(good.images().row(1).extent == 2);
  CHECK(good.images().row(1)[1] == 2);

  // The first image of the batch for every row, as trainers take it that read one row of pixels.
  image_batch batch = good;
  batch.ids = {0, 0, 0, 0};
  CHECK(batch.error() ==
        "prefopt::check_row_images: row 1, image 0 (id 0): expected 4 placeholder tokens, one per "
        "feature, got 6");
  batch = good;
  std::swap(batch.ids[1], batch.ids[2]);
  CHECK(mentions(batch.error(), {"row 1, image 0 (id 2)"}));
  batch = good;
  batch.placeholders[2].end -= 1;  // truncated
  CHECK(mentions(batch.error(), {"row 1, image 1 (id 2)", "3 placeholder", "got 2"}));
  batch = good;
  batch.placeholders.pop_back();
  CHECK(mentions(batch.error(), {"placeholders", "4", "3"}));
  batch = good;
  batch.feature_offsets = {0, 4, 10, 10};  // no features for the third image
  batch.placeholders[2] = {9, 9};
  CHECK(mentions(batch.error(), {"row 1, image 1 (id 2): expected 1 feature or more, got 0"}));
  batch = good;
  batch.ids[3] = 3;
  CHECK(mentions(batch.error(), {"row 2, image 0", "an id below 3", "got 3"}));
  batch.ids[3] = -1;
  CHECK(mentions(batch.error(), {"got -1"}));
  for (auto const& offsets :
       {std::vector<index_t>{1, 1, 3, 4}, {0, 3, 1, 4}, {0, 1, 3, 3}, {0, 1, 3, 5}}) {
    batch = good;
    batch.offsets = offsets;
    CHECK(mentions(batch.error(), {"offsets["}));
  }
  batch = good;
  batch.offsets.clear();
  CHECK(mentions(batch.error(), {"offsets"}));
  batch = {.ids = {}, .offsets = {0, 0}, .feature_offsets = {0}, .placeholders = {}};
  CHECK(batch.error() == "no error");  // a row without an image
}

TEST_CASE("chosen and rejected, policy and reference, refer to the same images in order", "[data]")
{
  image_batch const one;
  image_batch other;
  auto const message = [&] {
    return error_of<std::invalid_argument>(
        [&] { check_same_images(one.images(), other.images()); });
  };
  CHECK(message() == "no error");
  std::swap(other.ids[1], other.ids[2]);
  CHECK(message() == "prefopt::check_same_images: row 1, image 0: expected id 1, got id 2");
  other = {};
  other.ids = {0, 1, 2};
  other.offsets = {0, 1, 2, 3};
  CHECK(message() == "prefopt::check_same_images: row 1: expected 2 images, got 1");
  other.ids = {0, 1, 2};
  other.offsets = {0, 1, 3};
  CHECK(mentions(message(), {"rows", "3", "2"}));
}

TEST_CASE("a perturbed row replaces images by ones of their own", "[data]")
{
  image_batch const clean;
  image_batch perturbed;
  auto const message = [&] {
    return error_of<std::invalid_argument>(
        [&] { check_perturbed_images(clean.images(), perturbed.images()); });
  };
  perturbed.ids = {3, 1, 5, 4};  // the second row keeps one of its images
  CHECK(message() == "no error");
  perturbed.ids = {3, 1, 2, 4};
  CHECK(message() ==
        "prefopt::check_perturbed_images: row 1: expected one perturbed image or more, got none");
  perturbed.ids = {3, 4, 5, 0};
  CHECK(mentions(message(), {"row 2, image 0", "id 1 or that of a perturbed image",
                             "id 0, another clean image"}));
  perturbed.ids = {3, 4, 5};
  perturbed.offsets = {0, 1, 2, 3};
  CHECK(mentions(message(), {"row 1: expected 2 images, got 1"}));
}

TEST_CASE("a sample without tokens is left out of loss and gradient, and is counted", "[data]")
{
  // Four samples of three tokens; the labels of the third were all ignored.
  std::vector<std::int32_t> targets(12, 5);
  std::fill(targets.begin() + 6, targets.begin() + 9, -100);
  std::vector<float> log_prob(12, -1.5f);
  std::fill(log_prob.begin() + 6, log_prob.begin() + 9, 0.0f);
  std::vector<std::uint8_t> counted(12);
  counted_tokens(targets, counted);
  std::vector<float> sum(4), mean(4), count(4), weight(4, 1.0f);
  sequence_sums<float>(padded_sequences{4, 3}, {.log_prob = log_prob, .mask = counted},
                       {.sum = sum, .mean = mean, .count = count});
  CHECK(count == std::vector<float>{3, 3, 0, 3});
  CHECK(std::isnan(sum[2] / count[2]));  // what a trainer that divides by it gets
  CHECK(mean[2] == 0);

  std::vector<float> const rejected_count{3, 3, 3, 0};
  sample_counts const n = skip_empty<float>({count, rejected_count}, weight);
  CHECK(n.kept == 2);
  CHECK(n.empty == 2);
  CHECK(weight == std::vector<float>{1, 1, 0, 0});

  std::vector<float> const rejected(4, -7.0f), reference(4, -5.0f);
  std::vector<float> poisoned = sum;
  poisoned[2] = quiet_nan_v<float>;
  input_columns<dpo<float>> const in{
      .chosen = poisoned, .rejected = rejected, .ref_chosen = reference, .ref_rejected = reference};
  std::vector<float> value(4), gradient(4);
  evaluate(dpo<float>{}, in, {.value = value, .gradient = {.chosen = gradient}},
           {.weight = weight, .scale = 1 / static_cast<float>(n.kept)});
  CHECK(value[2] == 0);
  CHECK(gradient[2] == 0);
  CHECK(gradient[3] == 0);
  CHECK(gradient[0] < 0);
  auto const summary = summarize(dpo<float>{}, in, {.weight = weight});
  CHECK(summary.count == n.kept);
  CHECK(summary.mean_value() == Approx(static_cast<double>(value[0])));  // not half of it
}

TEST_CASE("counts of samples merge, and samples that weigh 0 already are neither", "[data]")
{
  std::vector<double> const count{1, 0, 0, 4};  // one token is enough
  std::vector<double> weight{0.5, 1, 0, 2};
  auto const whole = skip_empty<double>({count}, weight);
  CHECK(whole.kept == 2);
  CHECK(whole.empty == 1);
  CHECK(weight == std::vector<double>{0.5, 0, 0, 2});
  sample_counts parts{1, 1};
  parts.merge({1, 0});
  CHECK(parts.kept == whole.kept);
  CHECK(parts.empty == whole.empty);

  std::vector<double> const short_count{2}, bad{2, -1, 0, 0}, nan{2, std::nan(""), 0, 0};
  auto const message = [&weight](std::vector<double> const& c) {
    return error_of<std::invalid_argument>([&] { skip_empty<double>({c}, weight); });
  };
  CHECK(mentions(message(short_count), {"skip_empty", "'count'", "4", "1"}));
  CHECK(mentions(message(bad), {"sample 1", "0 tokens or more"}));
  CHECK(mentions(message(nan), {"sample 1", "nan"}));
}

TEST_CASE("left padding, right padding and none give the same sums", "[data]")
{
  std::vector<float> const lp{-0.1f, -2.7f, -0.3f, -1.1f, -0.9f};  // answers of 2 and 3 tokens
  std::vector<index_t> const offsets{0, 2, 5};
  std::vector<float> packed(2), left(2), right(2);
  sequence_sums<float>(make_packed(offsets), {.log_prob = lp}, {.sum = packed});
  float const pad = quiet_nan_v<float>;
  std::vector<float> const left_lp{pad, pad, lp[0], lp[1], pad, lp[2], lp[3], lp[4]};
  std::vector<float> const right_lp{lp[0], lp[1], pad, pad, lp[2], lp[3], lp[4], pad};
  std::vector<std::uint8_t> const left_on{0, 0, 1, 1, 0, 1, 1, 1}, right_on{1, 1, 0, 0, 1, 1, 1, 0};
  padded_sequences const layout{2, 4};
  sequence_sums<float>(layout, {.log_prob = left_lp, .mask = left_on}, {.sum = left});
  sequence_sums<float>(layout, {.log_prob = right_lp, .mask = right_on}, {.sum = right});
  CHECK(left == packed);
  CHECK(right == packed);
  // A mask that multiplies lets padding through.
  float product = 0;
  for (std::size_t t = 0; t < 4; ++t) { product += left_lp[t] * static_cast<float>(left_on[t]); }
  CHECK(std::isnan(product));
}
