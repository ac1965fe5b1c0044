// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/core/link.hpp>
#include <prefopt/core/score.hpp>
#include <prefopt/core/term_sum.hpp>
#include <prefopt/data/policy_is_reference.hpp>
#include <prefopt/data/reference_bytes.hpp>
#include <prefopt/data/reference_cache.hpp>
#include <prefopt/data/reference_file.hpp>
#include <prefopt/data/row_identity.hpp>
#include <prefopt/data/scoring_path.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/mfpo.hpp>
#include <prefopt/row/half.hpp>
#include <prefopt/row/rows.hpp>
#include <prefopt/row/sequence.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"

using namespace prefopt;

namespace {

scoring_path good_path()
{
  return {.code = "log_probs", .logits = number_type::bf16, .accumulation = number_type::fp32};
}

/// Answers of a model whose logits are a formula of (sample, token, word).
struct toy_answers {
  static constexpr index_t vocabulary = 50, length = 40, samples = 3;
  std::vector<float> logits;
  std::vector<std::int32_t> targets;
  std::vector<index_t> offsets{0};

  toy_answers()
  {
    for (index_t i = 0; i < samples * length; ++i) {
      targets.push_back(static_cast<std::int32_t>((7 * i + 3) % vocabulary));
      for (index_t v = 0; v < vocabulary; ++v) {
        logits.push_back(static_cast<float>(4 * std::sin(static_cast<double>(13 * i + 5 * v))));
      }
      if ((i + 1) % length == 0) { offsets.push_back(i + 1); }
    }
  }

  std::vector<float> token_log_probs(logit_transform<float> const& transform = {}) const
  {
    std::vector<float> lp(targets.size());
    log_probs(matrix_view<float const>(logits.data(), samples * length, vocabulary), targets,
              {.log_prob = lp}, {.transform = transform});
    return lp;
  }
  std::vector<float> sums(std::vector<float> const& lp) const
  {
    std::vector<float> sum(static_cast<std::size_t>(samples));
    sequence_sums<float>(make_packed(offsets), {.log_prob = lp}, {.sum = sum});
    return sum;
  }
  std::vector<std::int32_t> ids(index_t sample) const
  {
    auto const first = targets.begin() + sample * length;
    return {first, first + length};
  }
};

/// A cache of three rows, the answers above, and the request that fits it.
struct kept_rows {
  toy_answers answers;
  reference_cache cache{.model = "toy@1", .path = good_path(), .rows = {}};
  std::vector<index_t> samples{0, 1, 2};
  std::vector<row_identity> rows;
  std::vector<index_t> images{4, 9};

  kept_rows()
  {
    auto const sum = answers.sums(answers.token_log_probs());
    for (index_t s = 0; s < toy_answers::samples; ++s) {
      rows.push_back(identity(s, {.images = images}));
      cache.rows.push_back({rows.back(), static_cast<double>(sum[static_cast<std::size_t>(s)])});
    }
  }

  row_identity identity(index_t sample, identity_options<float> const& options) const
  {
    auto const ids = answers.ids(sample);
    return identify_row(ids, options);
  }
  reference_request request() const
  {
    return {.model = "toy@1", .path = good_path(), .samples = samples, .rows = rows};
  }
  std::string error(reference_request const& asked) const
  {
    std::vector<double> out(static_cast<std::size_t>(asked.samples.extent));
    return error_of<std::invalid_argument>(
        [&] { reference_log_probs<double>(cache, asked, {.sum = out}); });
  }
  std::string error() const { return error(request()); }
};

input_columns<dpo<float>> dpo_columns(std::vector<float> const& policy,
                                      std::vector<float> const& reference)
{
  return {.chosen = policy, .rejected = policy, .ref_chosen = reference, .ref_rejected = reference};
}

bool same_path(scoring_path const& a, scoring_path const& b)
{
  return error_of([&] { check_same_path(a, b); }) == "no error";
}

}  // namespace

TEST_CASE("policy and reference that were scored in different ways are refused by what differs",
          "[data]")
{
  CHECK(same_path(good_path(), good_path()));
  auto const message = [](auto const& change) {
    scoring_path policy = good_path();
    change(policy);
    return error_of<std::invalid_argument>([&] { check_same_path(policy, good_path()); });
  };
  CHECK(message([](auto& p) { p.code = "server 0.6"; }) ==
        "prefopt::check_same_path: path.code: expected that of the reference, 'log_probs', got "
        "'server 0.6' for the policy");
  CHECK(message([](auto& p) { p.logits = number_type::fp32; }) ==
        "prefopt::check_same_path: path.logits: expected that of the reference, bf16, got fp32 for "
        "the policy");
  CHECK(mentions(message([](auto& p) { p.accumulation = number_type::fp64; }),
                 {"path.accumulation", "fp32", "fp64"}));
  CHECK(mentions(message([](auto& p) { p.temperature = 0.7; }), {"path.temperature", "1", "0.69"}));
  CHECK(mentions(message([](auto& p) { p.logit_scale = 0.0625; }), {"logit_scale", "0.0625"}));
  CHECK(mentions(message([](auto& p) { p.softcap = 30; }), {"path.softcap", "30"}));
  // Numbers that six digits do not tell apart are told apart.
  CHECK(mentions(message([](auto& p) { p.temperature = 1 + 1e-15; }), {"got 1.00000000000000"}));
}

TEST_CASE("a scoring path that nobody filled in, or with sums in 16 bits, is refused", "[data]")
{
  auto const message = [](auto const& change) {
    scoring_path path = good_path();
    change(path);
    return error_of<std::invalid_argument>([&] { check_same_path(path, path); });
  };
  CHECK(error_of([] { check_same_path({}, {}); }) ==
        "prefopt::check_same_path: path.code: expected the name of the code that scores, got none");
  CHECK(mentions(message([](auto& p) { p.logits = number_type::unstated; }),
                 {"path.logits", "unstated"}));
  CHECK(mentions(message([](auto& p) { p.logits = static_cast<number_type>(77); }), {"unknown"}));
  for (auto const half : {number_type::bf16, number_type::fp16}) {
    CHECK(mentions(message([half](auto& p) { p.accumulation = half; }),
                   {"path.accumulation", "fp32 or fp64", name_of(half)}));
  }
  CHECK(mentions(message([](auto& p) { p.temperature = 0; }), {"path.temperature"}));
  CHECK(mentions(message([](auto& p) { p.temperature = std::nan(""); }), {"nan"}));
  CHECK(mentions(message([](auto& p) { p.logit_scale = -1; }), {"path.logit_scale"}));
  CHECK(mentions(message([](auto& p) { p.softcap = -1; }), {"path.softcap"}));
}

TEST_CASE("one code path gives the reference's bits, and a bf16 log-softmax does not", "[data]")
{
  toy_answers const answers;
  auto const policy = answers.token_log_probs();
  auto const reference = answers.sums(answers.token_log_probs());
  CHECK_NOTHROW(
      check_policy_is_reference(dpo<float>{}, dpo_columns(answers.sums(policy), reference)));

  // What a trainer gets that rounds each token's log-probability to bf16 on one side only.
  auto rounded = policy;
  for (float& lp : rounded) { lp = static_cast<float>(bfloat16(lp)); }
  auto const naive = answers.sums(rounded);
  CHECK(std::abs(naive[0] - reference[0]) > 1e-3f);
  CHECK(mentions(error_of<std::invalid_argument>([&] {
                   check_policy_is_reference(dpo<float>{}, dpo_columns(naive, reference), 1e-3f);
                 }),
                 {"check_policy_is_reference: column 'ref_chosen', sample 0"}));

  auto const warm = answers.sums(answers.token_log_probs({.temperature = 0.7f}));
  CHECK_THROWS_AS(check_policy_is_reference(dpo<float>{}, dpo_columns(warm, reference), 1e-3f),
                  std::invalid_argument);
}

TEST_CASE("before the first update every column of the policy is its reference's", "[data]")
{
  std::vector<double> const a{-40, -45}, b{-55, -50}, c{-48, -44};
  std::vector<double> off{-40, -45.5}, nan{-40, std::nan("")}, zero(2);
  input_columns<mfpo<double>> const same{.chosen = a,
                                         .rejected = b,
                                         .perturbed = {c},
                                         .ref_chosen = a,
                                         .ref_rejected = b,
                                         .ref_perturbed = {c}};
  auto const message = [](input_columns<mfpo<double>> const& in, double tolerance = 0) {
    return error_of<std::invalid_argument>(
        [&] { check_policy_is_reference(mfpo<double>{}, in, tolerance); });
  };
  CHECK(message(same) == "no error");

  auto changed = same;
  changed.ref_chosen = off;
  CHECK(message(changed) ==
        "prefopt::check_policy_is_reference: column 'ref_chosen', sample 1: expected -45 as for "
        "the policy, within 0, got -45.5");
  CHECK(message(changed, 0.5) == "no error");
  changed = same;
  changed.rejected = a;
  CHECK(mentions(message(changed, 0.5), {"column 'ref_rejected', sample 0"}));
  // mDPO's reference drew another random crop than its policy: the perturbed column differs.
  changed = same;
  changed.ref_perturbed[0] = off;
  CHECK(mentions(message(changed, 0.5), {"column 'ref_perturbed', sample 0"}));
  changed = same;
  changed.chosen = nan;
  changed.ref_chosen = nan;
  CHECK(mentions(message(changed, 1e9), {"column 'ref_chosen', sample 1"}));
  // D is 0 for columns that were never filled, too.
  changed = same;
  changed.chosen = zero;
  changed.ref_chosen = zero;
  CHECK(message(changed) ==
        "prefopt::check_policy_is_reference: the policy of 'ref_chosen': expected "
        "log-probabilities, got 0 for every sample: nothing was scored");
  changed = same;
  changed.ref_perturbed[0] = {};
  CHECK(mentions(message(changed), {"column 'ref_perturbed'", "got none"}));
  CHECK(mentions(message(same, -1), {"tolerance"}));
  CHECK(mentions(message(same, std::nan("")), {"tolerance"}));
  CHECK(message({}) == "no error");  // no samples
}

TEST_CASE("before the first update every divergence from the reference is 0", "[data]")
{
  auto const loss = contrast<branch::chosen, branch::rejected, score::log_ratio>(
                        "text", link::logistic<double>{}, 0.1) +
                    anchor<branch::chosen, score::sequence_kl>("kl", link::logistic<double>{}, 0.1);
  std::vector<double> const a{-40, -45}, zero(2), some{0, 1e-3};
  auto const message = [&](std::vector<double> const& kl, double tolerance) {
    return error_of<std::invalid_argument>([&] {
      check_policy_is_reference(
          loss, {.chosen = a, .rejected = a, .chosen_kl = kl, .ref_chosen = a, .ref_rejected = a},
          tolerance);
    });
  };
  CHECK(message(zero, 0) == "no error");
  CHECK(message(some, 1e-2) == "no error");
  CHECK(mentions(message(some, 1e-4), {"column 'chosen_kl', sample 1"}));
}

TEST_CASE("a row is the same row in a packed batch and padded on either side", "[data]")
{
  std::vector<std::int32_t> const ids{1, 15, 16, 17};
  std::vector<std::uint8_t> const mask{0, 0, 1, 1};
  std::vector<float> const weight{0, 0, 2, 0.5f};
  auto const packed = identify_row(ids, {.mask = mask, .weight = weight});
  CHECK(packed.count == 2);

  std::vector<std::int64_t> const right{1, 15, 16, 17, 0, 0}, left{0, 0, 1, 15, 16, 17};
  std::vector<std::uint8_t> const right_on{1, 1, 1, 1, 0, 0}, left_on{0, 0, 1, 1, 1, 1};
  std::vector<std::uint8_t> const right_mask{0, 0, 1, 1, 0, 0}, left_mask{0, 0, 0, 0, 1, 1};
  std::vector<float> const right_weight{9, 9, 2, 0.5f, 9, 9}, left_weight{9, 9, 9, 9, 2, 0.5f};
  CHECK(identify_row(right, {.attended = right_on, .mask = right_mask, .weight = right_weight}) ==
        packed);
  CHECK(identify_row(left, {.attended = left_on, .mask = left_mask, .weight = left_weight}) ==
        packed);
  // Padding that is taken for tokens makes another row.
  CHECK_FALSE(identify_row(left, {.mask = left_mask, .weight = left_weight}) == packed);

  CHECK(error_of([&] { identify_row(left, {.attended = left_on, .mask = right_mask}); }) ==
        "no error");  // counts tokens of the prompt: legal, another row
  std::vector<std::uint8_t> const all(6, 1);
  CHECK(error_of([&] { identify_row(left, {.attended = left_on, .mask = all}); }) ==
        "prefopt::identify_row: mask of token 0: expected 0, since it is padding, got 1");
  CHECK(mentions(error_of([&] { identify_row(ids, {.mask = all}); }), {"'mask'", "4", "6"}));
  CHECK(mentions(error_of([&] { identify_row(ids, {.attended = all}); }), {"'attended'"}));
  CHECK(mentions(error_of([&] { identify_row(ids, {.weight = left_weight}); }), {"'weight'"}));
}

TEST_CASE("every part of a row shows in its identity", "[data]")
{
  std::vector<std::int32_t> const ids{5, 6, 7};
  std::vector<std::uint8_t> const late{0, 1, 1}, early{1, 1, 0};
  std::vector<float> const ones{1, 1, 1}, heavy{1, 1, 2}, zero{0, 1, 1}, minus_zero{-0.0f, 1, 1};
  std::vector<std::int32_t> const moved{6, 5, 7}, two_ids{5, 6}, padded{5, 6, 0};
  std::vector<index_t> const clean{0}, noised{1}, two{0, 1}, swapped{1, 0};
  auto const base = identify_row(ids, {.mask = late});
  CHECK_FALSE(identify_row(moved, {.mask = late}).tokens == base.tokens);
  CHECK_FALSE(identify_row(two_ids).tokens == identify_row(padded).tokens);
  auto const other = identify_row(ids, {.mask = early});
  CHECK(other.count == base.count);
  CHECK_FALSE(other.counted == base.counted);
  CHECK(identify_row(ids, {.weight = ones}) == identify_row(ids));
  CHECK_FALSE(identify_row(ids, {.weight = heavy}).counted == identify_row(ids).counted);
  CHECK(identify_row(ids, {.weight = zero}) == identify_row(ids, {.weight = minus_zero}));
  // An answer under a perturbed image has the tokens of the answer under the clean one.
  CHECK_FALSE(identify_row(ids, {.images = clean}) == identify_row(ids, {.images = noised}));
  CHECK_FALSE(identify_row(ids, {.images = two}) == identify_row(ids, {.images = swapped}));
}

TEST_CASE("kept log-probabilities come out for the rows that they were made for", "[data]")
{
  kept_rows kept;
  kept.samples = {2, 0};
  kept.rows = {kept.rows[2], kept.rows[0]};
  std::vector<double> sum(2), count(2);
  reference_log_probs<double>(kept.cache, kept.request(), {.sum = sum, .count = count});
  CHECK(sum[0] == kept.cache.rows[2].sum);
  CHECK(sum[1] == kept.cache.rows[0].sum);
  CHECK(count[0] == toy_answers::length);
}

TEST_CASE("kept log-probabilities of other rows, weights or paths are refused by name", "[data]")
{
  kept_rows kept;
  REQUIRE(kept.error() == "no error");

  // The data was shuffled after the pass of the reference. Reading by index still works, and the
  // first loss is not log 2.
  auto shuffled = kept;
  std::swap(shuffled.rows[0], shuffled.rows[2]);
  std::vector<double> policy, reference, value(3);
  for (std::size_t i : {2u, 1u, 0u}) { policy.push_back(kept.cache.rows[i].sum); }
  for (auto const& row : kept.cache.rows) { reference.push_back(row.sum); }
  std::vector<double> const rejected(3, -9.0);
  evaluate(
      dpo<double>{.beta = 0.1},
      {.chosen = policy, .rejected = rejected, .ref_chosen = reference, .ref_rejected = rejected},
      {.value = value});
  CHECK(std::abs(value[0] - std::log(2.0)) > 1e-3);
  CHECK(mentions(shuffled.error(), {"reference_log_probs: row 0 (sample 0), hash of the token ids",
                                    "as in the cache"}));

  auto changed = kept;
  std::vector<std::uint8_t> late(static_cast<std::size_t>(toy_answers::length), 1), early = late;
  late.front() = 0;
  early.back() = 0;
  changed.rows[1] = kept.identity(1, {.mask = late, .images = kept.images});
  CHECK(mentions(changed.error(),
                 {"row 1 (sample 1), tokens that count: expected 40 as in the cache, got 39"}));
  changed.cache.rows[1].row = changed.rows[1];
  changed.rows[1] = kept.identity(1, {.mask = early, .images = kept.images});
  CHECK(mentions(changed.error(), {"row 1 (sample 1), hash of mask and weights"}));

  changed = kept;
  std::vector<index_t> const perturbed{4, 10};
  changed.rows[2] = kept.identity(2, {.images = perturbed});
  CHECK(mentions(changed.error(), {"row 2 (sample 2), hash of the image ids"}));

  changed = kept;
  changed.samples[1] = 3;
  CHECK(mentions(changed.error(), {"row 1 (sample 3): expected a sample below 3, got 3"}));
  changed.samples[1] = -1;
  CHECK(mentions(changed.error(), {"got -1"}));

  changed = kept;
  changed.cache.rows[0].sum = std::nan("");
  CHECK(mentions(changed.error(), {"row 0 (sample 0), log-probability", "NaN"}));

  auto request = kept.request();
  request.model = "toy@2";
  CHECK(kept.error(request) ==
        "prefopt::reference_log_probs: model: expected 'toy@1' as in the cache, got 'toy@2'");
  changed = kept;
  changed.cache.model = request.model = "";
  CHECK(mentions(changed.error(request), {"model"}));
  request = kept.request();
  request.path.softcap = 30;
  CHECK(mentions(kept.error(request), {"path.softcap"}));
  request = kept.request();
  request.rows = request.rows.part(0, 2);
  CHECK(mentions(kept.error(request), {"'rows'", "3", "2"}));
}

TEST_CASE("nothing is written when one row is refused", "[data]")
{
  kept_rows kept;
  kept.rows[2].tokens ^= 1;
  std::vector<double> sum(3, 7.0);
  CHECK_THROWS_AS(reference_log_probs<double>(kept.cache, kept.request(), {.sum = sum}),
                  std::invalid_argument);
  CHECK(sum == std::vector<double>(3, 7.0));
}

TEST_CASE("a saved cache comes back with all its bits", "[data]")
{
  temporary_folder const folder;
  std::string const file = (folder / "reference").string();
  kept_rows kept;
  kept.cache.rows[0].sum = -0x1.23456789abcdep+5;
  kept.cache.rows[1].sum = -std::numeric_limits<double>::infinity();
  kept.cache.path.softcap = 30;
  kept.cache.model = std::string("any\0 name", 9);
  save_reference_cache(file, kept.cache);
  auto const loaded = load_reference_cache(file);
  CHECK(loaded.model == kept.cache.model);
  CHECK(same_path(loaded.path, kept.cache.path));
  REQUIRE(loaded.rows.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(loaded.rows[i].row == kept.cache.rows[i].row);
    CHECK(loaded.rows[i].sum == kept.cache.rows[i].sum);
  }
  CHECK(decode_reference_cache(encode_reference_cache({})).rows.empty());

  save_reference_cache(file, {});  // replaces what is there
  CHECK(load_reference_cache(file).rows.empty());
  auto const entries = std::filesystem::directory_iterator(folder.path());
  CHECK(std::distance(begin(entries), end(entries)) == 1);  // and leaves nothing beside it
}

TEST_CASE("a cache that is cut short anywhere, or changed in any bit, is refused", "[data]")
{
  std::string const whole = encode_reference_cache(kept_rows().cache);
  REQUIRE(decode_reference_cache(whole).rows.size() == 3);
  auto const message = [](std::string const& bytes) {
    return error_of<std::invalid_argument>([&] { decode_reference_cache(bytes, "the file"); });
  };
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    bool const has_magic = size >= 8;
    REQUIRE(mentions(message(whole.substr(0, size)),
                     {"decode_reference_cache: the file", has_magic ? "cut short" : " bytes"}));
  }
  CHECK(mentions(message(whole + '\0'), {"cut short, or changed"}));
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string changed = whole;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    CAPTURE(bit);
    REQUIRE(message(changed) != "no error");
  }
  CHECK(message("") ==
        "prefopt::decode_reference_cache: the file: expected a reference cache (first bytes "
        "'prefoptR'), got 0 bytes");
  CHECK(mentions(message("a text file, no cache at all"), {"something else"}));
  std::string other = whole;
  other[8] = 2;
  CHECK(message(other) == "prefopt::decode_reference_cache: the file: expected version 1, got 2");
  CHECK(mentions(message(whole.substr(0, 100)),
                 {"expected " + std::to_string(whole.size()) + " bytes as its header says",
                  "got 100: cut short"}));
}

TEST_CASE("lengths and enumerators that lie are refused, even under a hash that fits", "[data]")
{
  reference_cache const cache = kept_rows().cache;
  std::string const whole = encode_reference_cache(cache);
  // After magic, version, size, the two texts and their lengths.
  std::size_t const model = 24, path = model + 8 + cache.model.size() + 8 + cache.path.code.size();
  std::size_t const rows = path + 5 * 8;
  auto const message = [&](std::size_t at, std::uint64_t word) {
    detail::byte_writer writer;
    writer.word(word);
    std::string bytes = whole;
    bytes.replace(at, 8, writer.bytes);
    bytes.resize(bytes.size() - 8);
    writer.bytes.clear();
    writer.word(detail::hash_of_bytes(bytes));
    return error_of<std::invalid_argument>([&] { decode_reference_cache(bytes + writer.bytes); });
  };
  REQUIRE(message(rows, 3) == "no error");
  for (std::uint64_t const lie : {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{4},
                                  std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
    CAPTURE(lie);
    CHECK(mentions(message(rows, lie), {std::to_string(lie) + " rows", "120 bytes"}));
  }
  for (std::uint64_t const lie : {std::uint64_t{1000}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    CAPTURE(lie);
    CHECK(mentions(message(model, lie), {std::to_string(lie) + " more bytes"}));
  }
  CHECK(mentions(message(path, 5), {"a number type", "got 5"}));
  CHECK(mentions(message(path + 8, 258), {"a number type", "got 258"}));  // 2 if cut to a byte
}

TEST_CASE("files that cannot be read or written are named, and what was there stays", "[data]")
{
  temporary_folder const folder;
  std::string const missing = (folder / "missing").string();
  CHECK(mentions(error_of<std::invalid_argument>([&] { load_reference_cache(missing); }),
                 {"load_reference_cache: file '" + missing + "'", "No such file"}));
  CHECK(mentions(
      error_of<std::invalid_argument>([&] { load_reference_cache(folder.path().string()); }),
      {"load_reference_cache", "directory"}));
  std::string const nowhere = (folder / "no folder" / "file").string();
  CHECK(mentions(error_of<std::invalid_argument>([&] { save_reference_cache(nowhere, {}); }),
                 {"save_reference_cache", nowhere}));

  // A folder of that name cannot be replaced; the file beside it is taken away again.
  std::filesystem::create_directory(folder / "taken");
  put_file(folder / "taken" / "inside", "x");
  CHECK(mentions(error_of<std::invalid_argument>(
                     [&] { save_reference_cache((folder / "taken").string(), {}); }),
                 {"save_reference_cache", "taken"}));
  CHECK(std::filesystem::exists(folder / "taken" / "inside"));
  auto const entries = std::filesystem::directory_iterator(folder.path());
  CHECK(std::distance(begin(entries), end(entries)) == 1);

  // What another process is writing, or left behind when it was killed, is not touched.
  put_file(folder / "cache.tmp0", "of another process");
  save_reference_cache((folder / "cache").string(), kept_rows().cache);
  CHECK(load_reference_cache((folder / "cache").string()).rows.size() == 3);
  std::ifstream in(folder / "cache.tmp0");
  CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == "of another process");
}
