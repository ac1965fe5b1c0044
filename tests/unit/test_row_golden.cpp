// SPDX-License-Identifier: MIT
/// \file  tests/golden/golden_logps.json: log-probabilities, entropies, sequence sums, gradients
/// and vocabulary shards in four temperature and soft-cap configurations, computed in float64.

#include <cmath>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/row/peaks.hpp>
#include <prefopt/row/rows.hpp>
#include <prefopt/row/sequence.hpp>
#include <prefopt/token/weights.hpp>

#include "support/catch.hpp"
#include "support/fixtures.hpp"
#include "support/row_cases.hpp"

namespace {

using namespace prefopt;
using json = nlohmann::json;

constexpr index_t sequences = 5, length = 7, vocabulary = 13;
constexpr index_t tokens = sequences * length;
constexpr padded_sequences layout{.count = sequences, .length = length};

/// All numbers of a nested array in order; "-inf" is a string in the file.
void flatten(json const& item, std::vector<double>& to)
{
  if (item.is_array()) {
    for (auto const& part : item) { flatten(part, to); }
  } else {
    to.push_back(item.is_string() ? std::stod(item.get<std::string>()) : item.get<double>());
  }
}
std::vector<double> numbers(json const& item)
{
  std::vector<double> result;
  flatten(item, result);
  return result;
}

json const& golden()
{
  static json const file = [] {
    std::ifstream in(golden_dir() + "/golden_logps.json");
    if (!in) { throw std::runtime_error("cannot read " + golden_dir() + "/golden_logps.json"); }
    return json::parse(in);
  }();
  return file;
}

template <class Real>
struct configuration {
  std::vector<double> exact_logits;
  std::vector<Real> logits, log_prob, entropy, log_normalizer;
  std::vector<std::int32_t> targets;
  std::vector<std::uint8_t> counted = std::vector<std::uint8_t>(tokens);
  row_options<Real> options;

  /// The file's float64 code soft-caps a masked logit of -inf to -cap, which unmasks it. A logit
  /// far below the cap is the same number there; that ours stays masked is tested in test_rows.cpp.
  explicit configuration(json const& config)
      : exact_logits(numbers(golden().at("logits"))),
        log_prob(tokens),
        entropy(tokens),
        log_normalizer(tokens)
  {
    options.transform.temperature = config.at("temperature").template get<Real>();
    if (!config.at("softcap").is_null()) {
      options.transform.softcap = config.at("softcap").template get<Real>();
      for (double& x : exact_logits) { x = std::isinf(x) ? -1e6 : x; }
    }
    logits = test::stored_as<Real>(exact_logits);
    for (double target : numbers(golden().at("labels"))) {
      targets.push_back(static_cast<std::int32_t>(target));
    }
    counted_tokens(targets, counted);
    log_probs<Real>(view(), targets,
                    {.log_prob = log_prob, .entropy = entropy, .log_normalizer = log_normalizer},
                    options);
  }

  matrix_view<Real> view() { return {logits.data(), tokens, vocabulary}; }
};

/// 1e-12 in double and 1e-5 in float, of numbers up to 10 and relative above, plus two roundings of
/// the largest logit of the row (or sequence): float rounds the logits of the file, and both round
/// the log-normaliser. Some logits are 1e4.
template <class Real>
void check_all(char const* what, configuration<Real> const& c, std::vector<Real> const& got,
               std::vector<double> const& want)
{
  REQUIRE(got.size() == want.size());
  auto const cap = static_cast<double>(c.options.transform.softcap);
  auto const temperature = static_cast<double>(c.options.transform.temperature);
  double const relative = std::is_same_v<Real, float> ? 1e-6 : 1e-13;
  std::size_t const share = c.logits.size() / got.size();  // logits that one number comes from
  for (std::size_t i = 0; i < got.size(); ++i) {
    std::size_t const first = i * share / vocabulary * vocabulary;
    std::size_t const last = std::max((i + 1) * share, first + vocabulary);
    double largest = 0;
    for (std::size_t k = first; k < last; ++k) {
      double const logit = std::isinf(c.exact_logits[k]) ? 0 : std::abs(c.exact_logits[k]);
      largest = std::max(largest, cap > 0 ? std::min(cap, logit) : logit);
    }
    double const rounding = static_cast<double>(std::numeric_limits<Real>::epsilon());
    double const allowed =
        relative * std::max(10.0, std::abs(want[i])) + 2 * rounding * largest / temperature;
    double const value = static_cast<double>(got[i]);
    INFO(what << " " << i << ": got " << value << ", want " << want[i]);
    CHECK((std::isinf(want[i]) ? value == want[i] : std::abs(value - want[i]) <= allowed));
  }
}

/// 1e-12 in double and 1e-5 in float against the formulas on the stored logits, whatever their
/// size. Relative to the number itself or, where it is a difference of larger terms, to those; log
/// p in the entropy's gradient is one of a logit and the log-normaliser or the target. In double
/// also against the file, whose own 1 - p and 1 - tanh^2 have the absolute precision of a 1.
template <class Real>
void check_gradients(char const* what, configuration<Real> const& c, std::vector<Real> const& got,
                     log_prob_seed_columns<Real> const& seeds, std::vector<double> const& want)
{
  REQUIRE(got.size() == want.size());
  bool const is_double = std::is_same_v<Real, double>;
  auto const& t = c.options.transform;
  logit_transform<double> const transform{static_cast<double>(t.logit_scale),
                                          static_cast<double>(t.softcap),
                                          static_cast<double>(t.temperature)};
  for (index_t i = 0; i < tokens; ++i) {
    if (c.counted[static_cast<std::size_t>(i)] == 0) {
      for (index_t j = 0; j < vocabulary; ++j) {
        CHECK(got[static_cast<std::size_t>(i * vocabulary + j)] == Real(0));
      }
      continue;
    }
    auto const row = c.logits.begin() + static_cast<std::ptrdiff_t>(i * vocabulary);
    auto const logits = test::as_double(std::vector<Real>(row, row + vocabulary));
    auto const target = c.targets[static_cast<std::size_t>(i)];
    auto const seed = [i](vector_view<Real const> const& column) {
      return column ? static_cast<double>(column[i]) : 0;
    };
    row_log_prob_seeds<double> const d{seed(seeds.d_log_prob), seed(seeds.d_entropy),
                                       seed(seeds.d_log_normalizer)};
    auto const exact = test::compute_reference(logits, target, d, transform);
    auto const& result = exact.result;
    double const nats = std::min(std::abs(result.log_prob), std::abs(result.log_normalizer));
    auto const share =
        test::compute_reference(logits, target, {.d_log_normalizer = d.d_entropy}, transform);
    double const ones = 4 * std::numeric_limits<double>::epsilon() / transform.temperature *
                        (std::abs(d.d_log_prob) + std::abs(d.d_log_normalizer) +
                         std::abs(d.d_entropy) * (1 + result.entropy));
    for (std::size_t j = 0; j < vocabulary; ++j) {
      double const terms = exact.terms[j] + (share.terms[j] > 0 ? nats * share.terms[j] : 0);
      double const allowed = (is_double ? 1e-12 : 1e-5) * terms + 1e-37;
      std::size_t const k = static_cast<std::size_t>(i * vocabulary) + j;
      double const value = static_cast<double>(got[k]);
      INFO(what << " of token " << i << ", logit " << j << ": got " << value << ", want "
                << exact.gradient[j] << ", in the file " << want[k]);
      CHECK(std::abs(value - exact.gradient[j]) <= allowed);
      CHECK((!is_double || std::abs(value - want[k]) <= allowed + ones));
    }
  }
}

/// Zero where the token is ignored: the file lists those too, from their logits.
std::vector<double> where_counted(std::vector<double> values,
                                  std::vector<std::uint8_t> const& counted)
{
  for (std::size_t i = 0; i < values.size(); ++i) { values[i] = counted[i] != 0 ? values[i] : 0; }
  return values;
}

}  // namespace

TEMPLATE_TEST_CASE("golden token log-probabilities, entropies and z-losses", "[golden][row]",
                   double, float)
{
  for (auto const& config : golden().at("configs")) {
    configuration<TestType> c(config);
    // Logits reach 1e4, but log_prob refers to the row's maximum.
    check_all("log_prob", c, c.log_prob, numbers(config.at("token_logp")));
    check_all("entropy", c, c.entropy, where_counted(numbers(config.at("entropy")), c.counted));
    std::vector<TestType> z_loss;
    auto const coefficient = golden().at("zcoef").get<TestType>();
    for (TestType v : c.log_normalizer) { z_loss.push_back(coefficient * v * v); }
    check_all("z-loss", c, z_loss, where_counted(numbers(config.at("zloss")), c.counted));
  }
}

TEMPLATE_TEST_CASE("golden sequence sums, means and counts", "[golden][row]", double, float)
{
  for (auto const& config : golden().at("configs")) {
    configuration<TestType> c(config);
    std::vector<TestType> sum(sequences), mean(sequences), count(sequences);
    sequence_sums<TestType>(layout, {.log_prob = c.log_prob, .mask = c.counted},
                            {.sum = sum, .mean = mean, .count = count});
    check_all("sum", c, sum, numbers(config.at("seq_sum")));
    check_all("mean", c, mean, numbers(config.at("seq_mean")));
    CHECK(test::as_double(count) == numbers(config.at("seq_count")));
  }
}

TEMPLATE_TEST_CASE("golden gradients with respect to the raw logits", "[golden][row]", double,
                   float)
{
  for (auto const& config : golden().at("configs")) {
    configuration<TestType> c(config);
    std::vector<TestType> d(tokens * vocabulary), seeds(tokens);
    auto const weights = test::stored_as<TestType>(numbers(golden().at("wseq")));
    matrix_view<TestType> const gradient(d.data(), tokens, vocabulary);
    token_columns<TestType> const columns{.mask = c.counted};

    token_seeds<TestType>(layout, columns, weights, seeds);
    logit_gradients<TestType>(c.view(), c.targets, {.d_log_prob = seeds}, gradient, c.options);
    check_gradients("grad_sum", c, d, {.d_log_prob = seeds}, numbers(config.at("grad_sum")));

    token_seeds<TestType>(layout, columns, weights, seeds, {.mean = true});
    logit_gradients<TestType>(c.view(), c.targets, {.d_log_prob = seeds}, gradient, c.options);
    check_gradients("grad_mean", c, d, {.d_log_prob = seeds}, numbers(config.at("grad_mean")));

    std::vector<TestType> const ones(tokens, TestType(1));
    logit_gradients<TestType>(c.view(), c.targets, {.d_entropy = ones}, gradient, c.options);
    check_gradients("grad_entropy", c, d, {.d_entropy = ones}, numbers(config.at("grad_entropy")));

    auto const coefficient = golden().at("zcoef").get<TestType>();
    for (std::size_t t = 0; t < seeds.size(); ++t) {
      seeds[t] = 2 * coefficient * c.log_normalizer[t];
    }
    logit_gradients<TestType>(c.view(), c.targets, {.d_log_normalizer = seeds}, gradient,
                              c.options);
    check_gradients("grad_zloss", c, d, {.d_log_normalizer = seeds},
                    numbers(config.at("grad_zloss")));
  }
}

TEST_CASE("golden vocabulary shards merge to the whole row", "[golden][row]")
{
  for (auto const& config : golden().at("configs")) {
    configuration<double> c(config);
    std::vector<token_stats<double>> merged(tokens);
    for (auto const& golden_shard : config.at("shards3")) {
      index_t const low = golden_shard.at("lo"), high = golden_shard.at("hi");
      std::vector<token_stats<double>> part(tokens);
      auto options = c.options;
      options.shard = {.first = low, .size = vocabulary};
      matrix_view<double> const columns(c.logits.data() + low, tokens, high - low, vocabulary);
      merge_shard<double>(columns, c.targets, part, options);
      auto const max = numbers(golden_shard.at("max"));
      auto const sum = numbers(golden_shard.at("sumexp_rel_to_shard_max"));
      auto const target = numbers(golden_shard.at("target_logit_or_0"));
      for (std::size_t t = 0; t < tokens; ++t) {
        if (c.counted[t] == 0) { continue; }
        INFO("token " << t << " of shard " << low);
        auto const& logits = part[t].logits;
        double const top = logits.scale * logits.max;
        bool const same_max = top == max[t];  // also where both are -inf
        CHECK((same_max || std::abs(top - max[t]) <= 1e-13 * std::abs(max[t])));
        double const sum_exp = logits.is_empty() ? 0 : 1 + logits.rest;
        CHECK(std::abs(sum_exp - sum[t]) <= 1e-13 * std::max(sum[t], 1.0) * 10);
        bool const holds_target = c.targets[t] >= low && c.targets[t] < high;
        double const got = holds_target ? logits.scale * part[t].target_logit : 0;
        CHECK(std::abs(got - target[t]) <= 1e-13 * std::abs(target[t]));
        merged[t].merge(part[t]);
      }
    }
    std::vector<double> log_prob(tokens);
    auto options = c.options;
    options.shard = {.size = vocabulary};
    log_probs_of_shards<double>(merged, c.targets, {.log_prob = log_prob}, options);
    check_all("log_prob", c, log_prob, numbers(config.at("token_logp")));
  }
}

TEST_CASE("golden token weights of DDPO", "[golden][row]")
{
  configuration<double> c(golden().at("configs")[0]);
  auto const& want = golden().at("ddpo_weighted");
  auto const weight = numbers(want.at("token_weight"));
  std::vector<double> sum(sequences), mean(sequences);
  sequence_sums<double>(layout, {.log_prob = c.log_prob, .weight = weight, .mask = c.counted},
                        {.sum = sum, .mean = mean});
  check_all("weighted sum", c, sum, numbers(want.at("weighted_sum")));
  check_all("weighted mean", c, mean, numbers(want.at("weighted_mean")));
}

TEST_CASE("golden LD-DPO: tokens beyond the shared length weigh alpha", "[golden][row][token]")
{
  configuration<double> c(golden().at("configs")[0]);
  std::vector<index_t> partner{0, 1, 2, 3, 4};
  for (auto const& want : golden().at("ld_dpo")) {
    auto const pair = want.at("pair").get<std::vector<std::size_t>>();
    partner[pair[0]] = static_cast<index_t>(pair[1]);
    partner[pair[1]] = static_cast<index_t>(pair[0]);
  }
  for (auto const& want : golden().at("ld_dpo")) {
    std::vector<double> weight(tokens), sum(sequences);
    shared_length_weights(layout, c.counted, partner, want.at("alpha").get<double>(), weight);
    sequence_sums<double>(layout, {.log_prob = c.log_prob, .weight = weight, .mask = c.counted},
                          {.sum = sum});
    auto const pair = want.at("pair").get<std::vector<std::size_t>>();
    for (std::size_t k = 0; k < 2; ++k) {
      double const expected = want.at(k == 0 ? "w" : "l");
      CHECK(std::abs(sum[pair[k]] / expected - 1) < 1e-13);
    }
  }
}

TEMPLATE_TEST_CASE("golden sums of p^2 and greedy tokens", "[golden][row][peaks]", double, float)
{
  for (auto const& config : golden().at("configs")) {
    configuration<TestType> c(config);
    std::vector<TestType> collision(tokens), hit(tokens);
    row_peaks<TestType>(c.view(), c.targets, {.log_collision = collision, .hit = hit}, c.options);
    check_all("log sum p^2", c, collision,
              where_counted(numbers(config.at("sum_p2_log")), c.counted));
    auto const correct = config.at("argmax_correct");
    for (std::size_t t = 0; t < tokens; ++t) {
      INFO("token " << t);
      CHECK((hit[t] != 0) == correct[t / length][t % length].template get<bool>());
    }
  }
}

TEST_CASE("golden causal shift: the caller views the targets from 1", "[golden][row]")
{
  configuration<double> c(golden().at("configs")[0]);
  vector_view<std::int32_t const> const targets(c.targets);
  std::vector<std::uint8_t> mask(tokens - 1, 1);  // the last token of a sequence predicts none
  for (index_t t = length - 1; t < tokens - 1; t += length) {
    mask[static_cast<std::size_t>(t)] = 0;
  }
  std::vector<std::uint8_t> counted(tokens);
  counted_tokens(targets.part(1, tokens - 1),
                 vector_view<std::uint8_t>(counted).part(0, tokens - 1), {.mask = mask});
  matrix_view<double> const logits(c.logits.data(), tokens - 1, vocabulary);
  log_probs(logits, targets.part(1, tokens - 1),
            {.log_prob = vector_view<double>(c.log_prob).part(0, tokens - 1)}, {.mask = mask});
  std::vector<double> sum(sequences), count(sequences);
  sequence_sums<double>(layout, {.log_prob = c.log_prob, .mask = counted},
                        {.sum = sum, .count = count});
  check_all("shifted sum", c, sum, numbers(golden().at("shifted").at("seq_sum")));
  CHECK(count == numbers(golden().at("shifted").at("seq_count")));
}

TEST_CASE("bf16 logits give fp32 log-probabilities, not bf16 ones", "[golden][row]")
{
  // As in the file's bf16_probe, with logits of our own: rounding log softmax itself to bf16 errs
  // by max_abs_err_bf16 = 0.06 per token, sums of the rounded logits in fp32 by 1e-6.
  constexpr index_t wide = 4096;
  double worst = 0;
  double worst_rounded = 0;
  for (unsigned row = 0; row < 8; ++row) {
    auto const x = test::stored_as<bfloat16>(test::random_logits(wide, row));
    std::vector<std::int32_t> const target{static_cast<std::int32_t>(row) * 97};
    std::vector<float> log_prob(1);
    log_probs(matrix_view<bfloat16 const>(x.data(), 1, wide), target, {.log_prob = log_prob});
    double const want = test::compute_reference(test::as_double(x), target[0]).result.log_prob;
    worst = std::max(worst, std::abs(log_prob[0] - want));
    worst_rounded =
        std::max(worst_rounded,
                 std::abs(static_cast<double>(static_cast<float>(bfloat16(log_prob[0]))) - want));
  }
  CHECK(worst < 2e-6);
  CHECK(worst_rounded > 100 * worst);
}
