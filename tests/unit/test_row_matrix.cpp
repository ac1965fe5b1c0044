// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <prefopt/row/rows.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/row_cases.hpp"

/// Another library's bf16: the bits, and conversions to several arithmetic types.
struct foreign_bfloat16 {
  std::uint16_t bits = 0;

  foreign_bfloat16() = default;
  explicit foreign_bfloat16(float v) : bits(prefopt::bfloat16(v).bits) {}
  operator float() const { return prefopt::detail::decode_bfloat16(bits); }
  operator int() const { return static_cast<int>(static_cast<float>(*this)); }
};
template <>
inline constexpr prefopt::half_format prefopt::half_format_of<foreign_bfloat16> =
    prefopt::half_format::bfloat16;

namespace {

using namespace prefopt;
using test::compute_reference;
using test::stored_as;

constexpr index_t rows = 9;
constexpr index_t vocabulary = 133;
constexpr index_t pitch = 150;

/// Logits with padding between the rows, targets of which two are ignored, and outputs.
template <class Stored>
struct matrix_case {
  std::vector<Stored> memory = stored_as<Stored>(test::random_logits(rows * pitch, 21, 3, 50));
  std::vector<std::int32_t> targets{3, 0, -100, 132, 50, 7, 8, -100, 1};
  std::vector<std::uint8_t> mask{1, 1, 1, 1, 0, 1, 1, 0, 1};
  std::vector<float> log_prob = std::vector<float>(rows), entropy = log_prob,
                     log_normalizer = log_prob;
  std::vector<float> seed{1, -0.5f, 2, 0.25f, 3, 0, 1, 1, -2};

  matrix_view<Stored> logits() { return {memory.data(), rows, vocabulary, pitch}; }
  log_prob_columns<float> out()
  {
    return {.log_prob = log_prob, .entropy = entropy, .log_normalizer = log_normalizer};
  }
  bool ignored(std::size_t i) const { return targets[i] == -100 || mask[i] == 0; }
  std::vector<double> row(std::size_t i) const
  {
    std::vector<Stored> const r(memory.data() + i * pitch, memory.data() + i * pitch + vocabulary);
    return test::as_double(r);
  }
};

void check_message(auto const& call, std::vector<std::string> const& parts)
{
  std::string const message = error_of<std::invalid_argument>(call);
  for (auto const& part : parts) { CHECK_THAT(message, ContainsSubstring(part)); }
}

}  // namespace

TEMPLATE_TEST_CASE("a matrix of any pitch is scored row by row", "[row]", float, bfloat16, float16,
                   double)
{
  matrix_case<TestType> c;
  std::vector<std::int64_t> const wide_targets(c.targets.begin(), c.targets.end());
  log_probs<float>(c.logits(), c.targets, c.out(), {.mask = c.mask});
  auto const narrow = c.log_prob;
  for (std::size_t i = 0; i < rows; ++i) {
    auto const want = c.ignored(i) ? row_log_prob_result<double>{}
                                   : compute_reference(c.row(i), c.targets[i]).result;
    INFO("row " << i);
    test::check_result<float>({c.log_prob[i], c.entropy[i], c.log_normalizer[i]}, want);
  }
  log_probs<float>(c.logits(), wide_targets, {.log_prob = c.log_prob}, {.mask = c.mask});
  CHECK(c.log_prob == narrow);
}

TEST_CASE("sums of fp64 logits are fp64 unless the caller says otherwise", "[row]")
{
  matrix_case<double> c;
  std::vector<double> lp(rows);
  log_probs(c.logits(), c.targets, {.log_prob = lp});
  double const want = compute_reference(c.row(0), c.targets[0]).result.log_prob;
  CHECK(std::abs(lp[0] - want) < 1e-13);
}

TEMPLATE_TEST_CASE("gradients through a matrix, in place and not, with saved results and without",
                   "[row]", float, bfloat16, float16)
{
  matrix_case<TestType> c;
  log_probs(c.logits(), c.targets, c.out(), {.mask = c.mask});
  log_prob_columns<float const> const forward{
      .log_prob = c.log_prob, .entropy = c.entropy, .log_normalizer = c.log_normalizer};
  log_prob_seed_columns<float> const seeds{.d_log_prob = c.seed, .d_entropy = c.seed};

  std::vector<TestType> d(rows * vocabulary);
  matrix_view<TestType> const dense(d.data(), rows, vocabulary);
  logit_gradients(c.logits(), c.targets, seeds, dense, {.mask = c.mask, .scale = 0.5f});
  for (std::size_t i = 0; i < rows; ++i) {
    INFO("row " << i);
    std::vector<TestType> const row(d.data() + i * vocabulary, d.data() + (i + 1) * vocabulary);
    if (c.ignored(i) || c.seed[i] == 0) {
      CHECK(test::as_double(row) == std::vector<double>(vocabulary, 0.0));
    } else {
      double const s = 0.5 * static_cast<double>(c.seed[i]);
      test::check_gradient<float>(
          row, compute_reference(c.row(i), c.targets[i], {.d_log_prob = s, .d_entropy = s}));
    }
  }

  auto const untouched = test::as_double(c.memory);
  std::vector<TestType> saved(d.size());
  logit_gradients(c.logits(), c.targets, seeds,
                  matrix_view<TestType>(saved.data(), rows, vocabulary),
                  {.mask = c.mask, .forward = forward, .scale = 0.5f});
  CHECK(test::as_double(saved) == test::as_double(d));
  CHECK(test::as_double(c.memory) == untouched);

  logit_gradients(c.logits(), c.targets, seeds, c.logits(), {.mask = c.mask, .scale = 0.5f});
  for (std::size_t i = 0; i < rows; ++i) {
    auto const row = c.row(i);
    CHECK(row == test::as_double(std::vector<TestType>(d.data() + i * vocabulary,
                                                       d.data() + (i + 1) * vocabulary)));
    CHECK(detail::to_real<double>(c.memory[i * pitch + vocabulary]) ==
          untouched[i * pitch + vocabulary]);
  }
}

TEST_CASE("a gradient may have another type than the logits", "[row]")
{
  matrix_case<bfloat16> c;
  std::vector<float> d(rows * vocabulary);
  logit_gradients(c.logits(), c.targets, {.d_log_prob = c.seed},
                  matrix_view<float>(d.data(), rows, vocabulary));
  std::vector<float> const row(d.begin(), d.begin() + vocabulary);
  test::check_gradient<float>(row, compute_reference(c.row(0), c.targets[0], {.d_log_prob = 1}));
}

TEMPLATE_TEST_CASE("a foreign 16-bit type gives the bits of ours", "[row]", float, double)
{
  matrix_case<bfloat16> ours;
  matrix_case<foreign_bfloat16> foreign;
  std::vector<TestType> want(rows), got(rows);
  log_probs<TestType>(ours.logits(), ours.targets, {.log_prob = want});
  log_probs<TestType>(foreign.logits(), foreign.targets, {.log_prob = got});
  CHECK(got == want);
  logit_gradients(ours.logits(), ours.targets, {.d_log_prob = ours.seed}, ours.logits());
  logit_gradients(foreign.logits(), foreign.targets, {.d_log_prob = ours.seed}, foreign.logits());
  CHECK(test::as_double(foreign.memory) == test::as_double(ours.memory));
}

TEST_CASE("column-major logits work", "[row]")
{
  matrix_case<float> c;
  std::vector<float> columns(rows * vocabulary), got(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < vocabulary; ++j) {
      columns[j * rows + i] = c.memory[i * pitch + j];
    }
  }
  log_probs(matrix_view<float>(columns.data(), rows, vocabulary, 1, rows), c.targets,
            {.log_prob = got});
  for (std::size_t i = 0; i < rows; ++i) {
    double const want =
        c.targets[i] < 0 ? 0 : compute_reference(c.row(i), c.targets[i]).result.log_prob;
    CHECK(test::same_number(got[i], want));
  }
}

TEMPLATE_TEST_CASE("1, 2 and 8 threads give the same bits", "[row]", float, bfloat16, double)
{
  matrix_case<TestType> one;
  matrix_case<TestType> other;
  auto const run = [](matrix_case<TestType>& c, int threads) {
    log_probs<float>(c.logits(), c.targets, c.out(), {.threads = threads});
    logit_gradients<float>(c.logits(), c.targets, {.d_log_prob = c.seed, .d_entropy = c.seed},
                           c.logits(), {.threads = threads});
  };
  run(one, 1);
  for (int const threads : {2, 8}) {
    other = {};
    run(other, threads);
    CHECK(other.log_prob == one.log_prob);
    CHECK(other.entropy == one.entropy);
    CHECK(other.log_normalizer == one.log_normalizer);
    CHECK(test::as_double(other.memory) == test::as_double(one.memory));
  }
}

TEST_CASE("vocabulary shards give the results and the gradient of the whole row", "[row]")
{
  matrix_case<float> c;
  log_probs(c.logits(), c.targets, c.out());
  std::vector<token_stats<float>> tokens(rows);
  std::vector<float> lp(rows), entropy(rows), lse(rows);
  std::vector<index_t> const cuts{0, 40, 41, vocabulary};
  for (std::size_t const k : {1u, 2u, 0u}) {
    matrix_view<float> const part(c.memory.data() + cuts[k], rows, cuts[k + 1] - cuts[k], pitch);
    merge_shard(part, c.targets, tokens, {.shard = {.first = cuts[k], .size = vocabulary}});
  }
  log_probs_of_shards<float>(tokens, c.targets,
                             {.log_prob = lp, .entropy = entropy, .log_normalizer = lse},
                             {.shard = {.size = vocabulary}});
  for (std::size_t i = 0; i < rows; ++i) {
    INFO("row " << i);
    auto const want = c.targets[i] < 0 ? row_log_prob_result<double>{}
                                       : compute_reference(c.row(i), c.targets[i]).result;
    test::check_result<float>({lp[i], entropy[i], lse[i]}, want);
  }

  std::vector<float> whole(rows * vocabulary), shards(whole.size());
  log_prob_columns<float const> const forward{
      .log_prob = c.log_prob, .entropy = c.entropy, .log_normalizer = c.log_normalizer};
  log_prob_seed_columns<float> const seeds{.d_log_prob = c.seed, .d_entropy = c.seed};
  logit_gradients(c.logits(), c.targets, seeds, matrix_view<float>(whole.data(), rows, vocabulary),
                  {.forward = forward});
  for (std::size_t k = 0; k < 3; ++k) {
    index_t const width = cuts[k + 1] - cuts[k];
    logit_gradients(matrix_view<float>(c.memory.data() + cuts[k], rows, width, pitch), c.targets,
                    seeds, matrix_view<float>(shards.data() + cuts[k], rows, width, vocabulary),
                    {.shard = {.first = cuts[k], .size = vocabulary}, .forward = forward});
  }
  // Not the bits of the whole row: a shard without the target refers to the log-normaliser.
  for (std::size_t i = 0; i < rows; ++i) {
    INFO("row " << i);
    if (c.targets[i] < 0) { continue; }
    auto const want = compute_reference(c.row(i), c.targets[i],
                                        {.d_log_prob = c.seed[i], .d_entropy = c.seed[i]});
    for (auto const& all : {whole, shards}) {
      test::check_gradient<float>(
          std::vector<float>(all.data() + i * vocabulary, all.data() + (i + 1) * vocabulary), want);
    }
  }
}

TEST_CASE("bad rows are named before anything is written", "[row]")
{
  matrix_case<float> c;
  auto const score = [&c](row_options<float> const& options = {}) {
    return [&c, options] { log_probs(c.logits(), c.targets, c.out(), options); };
  };
  c.log_prob.assign(rows, 42.0f);
  c.targets[6] = vocabulary;
  check_message(score(), {"log_probs", "row 6", "133"});
  c.targets[6] = -5;
  check_message(score(), {"row 6", "-5", "ignore_index -100"});
  CHECK(c.log_prob == std::vector<float>(rows, 42.0f));
  c.mask[6] = 0;
  CHECK(error_of<std::invalid_argument>(score({.mask = c.mask})) == "no error");
  c.targets[6] = -100;

  check_message(score({.transform = {.temperature = 0}}), {"temperature", "above 0"});
  check_message(score({.transform = {.softcap = -1}}), {"softcap"});
  check_message(score({.threads = 0}), {"log_probs", "threads", "0"});
  std::vector<std::uint8_t> const no_tokens;
  check_message(score({.mask = no_tokens}), {"'mask'", "9 elements", "0"});  // given, if empty
  check_message(score({.shard = {.first = 5, .size = 100}}), {"shard", "100"});
  check_message(score({.shard = {.size = 200}}), {"whole vocabulary of 200", "merge_shard"});
  c.mask.pop_back();
  check_message(score({.mask = c.mask}), {"'mask'", "9 elements", "8"});
  c.entropy.pop_back();
  check_message(score(), {"'entropy'", "9 elements", "8"});
  c.targets.pop_back();
  check_message(score(), {"'targets'", "9 elements", "8"});
  c.targets.push_back(1);

  std::vector<float> d(rows * vocabulary);
  auto const differentiate = [&](index_t columns, row_options<float> const& options = {}) {
    return [&c, &d, columns, options] {
      logit_gradients(c.logits(), c.targets, {.d_log_prob = c.seed},
                      matrix_view<float>(d.data(), rows, columns), options);
    };
  };
  check_message(differentiate(vocabulary - 1), {"d_logits", "9 x 133", "9 x 132"});
  check_message(differentiate(vocabulary, {.shard = {.size = 200}}), {"forward", "shard"});
  c.seed.pop_back();
  check_message(differentiate(vocabulary), {"'d_log_prob'", "logit_gradients"});
  check_message([&] { log_probs(matrix_view<float>(nullptr, 9, 3), c.targets, {}); },
                {"logits", "9 x 3", "none"});
}
