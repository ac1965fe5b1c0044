// SPDX-License-Identifier: MIT
#include "llava/train.hpp"

#include <cmath>
#include <csignal>
#include <iostream>
#include <numeric>

#include <prefopt/core/self_check.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/all_at_once.hpp>
#include <prefopt/curriculum/schedules/baby_steps.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>
#include <prefopt/margins/fairness.hpp>
#include <prefopt/ranking/rank.hpp>

#include "llava/checkpoint/export.hpp"
#include "llava/checkpoint/tensor_names.hpp"
#include "llava/loss/preference_step.hpp"
#include "llava/optimizer/schedule.hpp"
#include "llava/report/level_table.hpp"
#include "llava/report/metrics.hpp"
#include "llava/report/progress.hpp"

namespace llava {

namespace {

using real = float;

std::sig_atomic_t volatile stop_requested = 0;
extern "C" void request_stop(int)
{
  stop_requested = 1;
}

/// Everything a run works on.
struct session {
  run_options options;
  std::vector<prepared_pair> pairs;
  pixel_source pixels;
  llava_model<real> model;
  preference_step<real> step{model};
  reference_scores reference{};
  std::vector<index_t> order{};          // easy to hard
  std::vector<index_t> level_offsets{};  // levels + 1
};

training_options what_to_train(run_options const& o)
{
  if (o.train == "full") { return {.projector = true, .language_model = true}; }
  return {.projector = o.train == "lora_projector",
          .lora = {.rank = o.lora_rank, .alpha = o.lora_alpha, .seed = o.seed}};
}

session open_session(run_options const& options)
{
  model_config const config = read_model_config(options.model);
  tokenizer const tokens = tokenizer::open(options.model);
  prompt_options const prompt{
      .format = prompt_template_named(options.prompt),
      .image_tokens = config.image_tokens(),
      .image_token = static_cast<token_id>(config.image_token_index),
      .max_length = std::min(options.max_length, config.text.max_position_embeddings)};
  tensor_file const weights = tensor_file::open(options.model, canonical_name);
  initial_weights<real> const fresh{options.seed};
  auto const load = [&](std::string const& name, std::vector<index_t> const& shape) {
    bool const adapter = name.find(".lora_") != std::string::npos;
    return adapter ? fresh(name, shape) : weights.load<real>(name, shape);
  };
  return {options, prepare_pairs(options, tokens, prompt),
          pixel_source(options, config.vision.image_size),
          llava_model<real>(config, what_to_train(options), load)};
}

/// Calls f(first, pairs, pixels) for all pairs in `indices`, a micro-batch at a time.
template <class Function>
void for_each_micro_batch(session& s, std::span<index_t const> indices, Function f)
{
  auto const size = static_cast<std::size_t>(s.options.micro_batch);
  for (std::size_t first = 0; first < indices.size(); first += size) {
    auto const part = indices.subspan(first, std::min(size, indices.size() - first));
    std::vector<prepared_pair const*> pairs;
    std::vector<pair_pixels> pixels;
    for (index_t i : part) {
      pairs.push_back(&s.pairs[static_cast<std::size_t>(i)]);
      pixels.push_back(s.pixels.get(*pairs.back(), i));
    }
    f(part, pairs, pixels);
  }
}

std::vector<index_t> all_indices(session const& s)
{
  std::vector<index_t> indices(s.pairs.size());
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

std::vector<double> difficulty_of(session const& s)
{
  std::string const& name = s.options.difficulty;
  if (name == "entropy_mean") { return s.step.difficulty<prefopt::token_entropy_mean<double>>(); }
  if (name == "vocabulary_entropy") {
    return s.step.difficulty<prefopt::vocabulary_entropy_mean<double>>();
  }
  if (name == "nll_mean") { return s.step.difficulty<prefopt::nll_mean<double>>(); }
  return s.step.difficulty<prefopt::token_entropy_sum<double>>();
}

/// The frozen reference is the model as loaded: one pass over all pairs, or the kept result of it.
void compute_reference(session& s, std::filesystem::path const& output)
{
  std::string const id = run_fingerprint(s.options, s.pairs);
  auto const file = output / "reference.safetensors";
  if (std::filesystem::exists(file)) {
    s.reference = load_reference(file, s.pairs.size(), id);
    return;
  }
  progress bar(std::cerr, "reference log-probabilities", static_cast<index_t>(s.pairs.size()));
  index_t whole_images = 0;
  for_each_micro_batch(s, all_indices(s), [&](auto part, auto const& pairs, auto const& pixels) {
    auto const& scored = s.step.forward(pairs, pixels, adapters::off);
    auto const append = [](auto& to, auto const& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(s.reference.chosen, scored.chosen);
    append(s.reference.rejected, scored.rejected);
    append(s.reference.perturbed, scored.perturbed);
    append(s.reference.difficulty, difficulty_of(s));
    for (pair_pixels const& p : pixels) { whole_images += p.whole_image ? 1 : 0; }
    bar.update(part.back() + 1);
  });
  bar.finish();
  if (whole_images > 0) {
    std::cerr << whole_images << " pairs have no key region: their whole image is noised\n";
  }
  save_reference(file, s.reference, id);
}

void rank_pairs(session& s, std::filesystem::path const& output)
{
  auto const n = static_cast<index_t>(s.pairs.size());
  s.order.resize(s.pairs.size());
  s.level_offsets.resize(static_cast<std::size_t>(s.options.levels) + 1);
  prefopt::rank_easy_to_hard(s.reference.difficulty, s.order);
  prefopt::levels_of_equal_size(n, s.level_offsets);
  nlohmann::json levels = nlohmann::json::array();
  for (index_t k = 0; k < s.options.levels; ++k) {
    auto const first = s.order.begin() + s.level_offsets[static_cast<std::size_t>(k)];
    auto const last = s.order.begin() + s.level_offsets[static_cast<std::size_t>(k) + 1];
    levels.push_back(
        {{"name", level_name(k, s.options.levels)}, {"pairs", std::vector<index_t>(first, last)}});
  }
  nlohmann::json const text{
      {"difficulty", s.options.difficulty}, {"scores", s.reference.difficulty}, {"levels", levels}};
  write_file(output / "curriculum.json", text.dump(1) + "\n");
}

/// The reference columns of some pairs.
pair_columns<real> reference_of(session const& s, std::span<index_t const> indices)
{
  pair_columns<real> r;
  for (index_t i : indices) {
    auto const k = static_cast<std::size_t>(i);
    r.chosen.push_back(s.reference.chosen[k]);
    r.rejected.push_back(s.reference.rejected[k]);
    r.perturbed.push_back(s.reference.perturbed[k]);
  }
  return r;
}

level_scores scores_of(prefopt::mfpo<real> const& loss, pair_columns<real> const& policy,
                       pair_columns<real> const& reference)
{
  auto const sums = prefopt::summarize(loss, loss_input(policy, reference));
  auto const n = static_cast<double>(sums.count);
  level_scores scores{.loss = sums.mean_value(),
                      .text_margin = sums.term[0].margin / n,
                      .image_margin = sums.term[1].margin / n,
                      .text_accuracy = sums.term[0].wins / n,
                      .image_accuracy = sums.term[1].wins / n};
  for (std::size_t i = 0; i < policy.chosen.size(); ++i) {
    scores.prefers_chosen += policy.chosen[i] > policy.rejected[i] ? 1 / n : 0;
    scores.prefers_clean += policy.chosen[i] > policy.perturbed[i] ? 1 / n : 0;
  }
  return scores;
}

/// Scores every level with the model as it is now, and as the reference was.
std::vector<level_result> evaluate_levels(session& s)
{
  auto const loss = make_loss<real>(s.options);
  std::vector<level_result> results;
  progress bar(std::cerr, "evaluation", static_cast<index_t>(s.pairs.size()));
  index_t done = 0;
  pair_columns<real> all_policy, all_reference;
  for (index_t k = 0; k < s.options.levels; ++k) {
    auto const first = static_cast<std::size_t>(s.level_offsets[static_cast<std::size_t>(k)]);
    auto const last = static_cast<std::size_t>(s.level_offsets[static_cast<std::size_t>(k) + 1]);
    auto const indices = std::span<index_t const>(s.order).subspan(first, last - first);
    if (indices.empty()) { continue; }
    pair_columns<real> policy;
    for_each_micro_batch(s, indices, [&](auto part, auto const& pairs, auto const& pixels) {
      policy.append(s.step.forward(pairs, pixels));
      done += static_cast<index_t>(part.size());
      bar.update(done);
    });
    pair_columns<real> const reference = reference_of(s, indices);
    results.push_back({level_name(k, s.options.levels), static_cast<index_t>(indices.size()),
                       scores_of(loss, reference, reference), scores_of(loss, policy, reference)});
    all_policy.append(policy);
    all_reference.append(reference);
  }
  bar.finish();
  results.push_back({"all", static_cast<index_t>(s.pairs.size()),
                     scores_of(loss, all_reference, all_reference),
                     scores_of(loss, all_policy, all_reference)});
  return results;
}

/// What a step reports, under TRL's names and one for each further modality.
nlohmann::json metrics_of(prefopt::loss_summary<3> const& sums, pair_columns<real> const& policy)
{
  auto const n = static_cast<double>(sums.count);
  auto const& text = sums.term[0];
  auto const& image = sums.term[1];
  auto const mean = [&](std::vector<real> const& v) {
    return std::accumulate(v.begin(), v.end(), 0.0) / n;
  };
  nlohmann::json m{{"loss", sums.mean_value()},
                   {"rewards/chosen", text.positive_reward / n},
                   {"rewards/rejected", text.negative_reward / n},
                   {"rewards/perturbed_image", image.negative_reward / n},
                   {"rewards/margins", text.margin / n},
                   {"rewards/margins_image", image.margin / n},
                   {"rewards/accuracies", text.wins / n},
                   {"rewards/accuracies_image", image.wins / n},
                   {"logps/chosen", mean(policy.chosen)},
                   {"logps/rejected", mean(policy.rejected)},
                   {"logps/perturbed_image", mean(policy.perturbed)}};
  double const fairness = prefopt::margin_fairness(text.margin, image.margin);
  m["fairness"] = std::isnan(fairness) ? nlohmann::json(nullptr) : nlohmann::json(fairness);
  for (int k = 0; k < 3; ++k) {
    std::string const name = sums.term[k].name;
    m["loss/" + name] = sums.term[k].value / n;
    m["gradient_share/" + name] = sums.gradient_share(k);
  }
  return m;
}

/// Adds up what the micro-batches of one step give.
struct step_sums {
  prefopt::loss_summary<3> terms;
  pair_columns<real> policy;
  double entropy = 0;
  index_t answer_tokens = 0;
};

step_sums accumulate_gradients(session& s, std::span<index_t const> indices, index_t batch)
{
  auto const loss = make_loss<real>(s.options);
  step_sums sums;
  s.model.zero_gradients();
  for_each_micro_batch(s, indices, [&](auto part, auto const& pairs, auto const& pixels) {
    auto const& policy = s.step.forward(pairs, pixels);
    auto const reference = reference_of(s, part);
    sums.terms.merge(prefopt::summarize(loss, loss_input(policy, reference)));
    sums.policy.append(policy);
    sums.entropy += s.step.entropy_sum();
    sums.answer_tokens += s.step.answer_tokens();
    // The mean over the pairs of the whole step, whatever the micro-batches are.
    s.step.backward(loss, reference, 1 / static_cast<real>(batch));
  });
  return sums;
}

nlohmann::json to_json(prefopt::sampler_state const& p)
{
  return {{"seed", p.seed},
          {"ranking", p.ranking},
          {"phase", p.phase},
          {"epoch", p.epoch},
          {"position", p.position}};
}

prefopt::sampler_state sampler_state_from(nlohmann::json const& j)
{
  return {j.at("seed"), j.at("ranking"), j.at("phase"), j.at("epoch"), j.at("position")};
}

/// A first loss that is not the expected one means that policy and reference were scored
/// differently.
void check_first_loss(double expected, double got)
{
  if (std::abs(got - expected) > 1e-3 * expected) {
    throw std::runtime_error("self-check: policy = reference must give a loss of " +
                             std::to_string(expected) + " before the first update, got " +
                             std::to_string(got));
  }
}

template <class Schedule>
bool run_schedule(session& s, run_control const& control, Schedule const& schedule)
{
  auto const checkpoints = control.output / "checkpoints";
  metrics_log const log(control.output / "metrics.jsonl");
  prefopt::curriculum_sampler<Schedule> sampler(schedule, s.order, s.level_offsets,
                                                {.batch = s.options.batch, .seed = s.options.seed});
  index_t const steps = sampler.batches();
  warmup_cosine const rate{s.options.learning_rate, steps, s.options.warmup};
  adamw<real> adam{{.weight_decay = s.options.weight_decay}};
  if (auto const file = latest_checkpoint(checkpoints)) {
    sampler.restore(sampler_state_from(load_checkpoint(*file, s.model.trained(), adam)));
    std::cerr << "resumed after step " << adam.steps << " of " << steps << " from "
              << file->string() << '\n';
  }
  log.rewind(adam.steps);

  index_t const first = adam.steps;
  progress bar(std::cerr, "training", steps, first);
  std::vector<index_t> indices(static_cast<std::size_t>(s.options.batch));
  double const expected_loss = prefopt::expected_initial_loss(make_loss<double>(s.options));
  while (auto const drawn = sampler.next(indices)) {
    auto const batch =
        std::span<index_t const>(indices).first(static_cast<std::size_t>(drawn.count));
    step_sums const sums = accumulate_gradients(s, batch, drawn.size);
    if (adam.steps == 0) { check_first_loss(expected_loss, sums.terms.mean_value()); }
    double const norm = gradient_norm(s.model.trained());
    double const learning_rate = rate(adam.steps);
    adam.step(s.model.trained(), learning_rate, clip_scale(norm, s.options.max_grad_norm));

    nlohmann::json line = metrics_of(sums.terms, sums.policy);
    line["step"] = adam.steps;
    line["learning_rate"] = learning_rate;
    line["grad_norm"] = norm;
    line["num_tokens"] = sums.answer_tokens;
    line["entropy"] = sums.entropy / static_cast<double>(sums.answer_tokens);
    line["curriculum/phase"] = drawn.phase;
    line["curriculum/epoch"] = drawn.epoch;
    log.append(line);

    bool const stop =
        stop_requested != 0 || (control.stop_after > 0 && adam.steps - first >= control.stop_after);
    if (stop || sampler.done() || adam.steps % control.save_every == 0) {
      save_checkpoint(checkpoints, s.model.trained(), adam, to_json(sampler.state()));
      prune_checkpoints(checkpoints, 2);
    }
    char note[96];
    std::snprintf(note, sizeof note, "phase %lld  loss %.3f  margins %.3f text %.3f image",
                  static_cast<long long>(drawn.phase + 1), sums.terms.mean_value(),
                  line["rewards/margins"].get<double>(),
                  line["rewards/margins_image"].get<double>());
    bar.update(adam.steps, note);
    if (stop && !sampler.done()) {
      std::cerr << "\nstopped after step " << adam.steps << " of " << steps
                << "; the same command goes on\n";
      return false;
    }
  }
  bar.finish();
  return true;
}

bool run_curriculum(session& s, run_control const& control)
{
  index_t const epochs = s.options.epochs_per_level;
  if (s.options.curriculum == "baby_steps") {
    return run_schedule(s, control, prefopt::baby_steps{epochs});
  }
  if (s.options.curriculum == "all_at_once") {
    return run_schedule(s, control, prefopt::all_at_once{epochs});
  }
  return run_schedule(s, control, prefopt::one_pass{epochs});
}

}  // namespace

bool train(run_options const& options, run_control const& control)
{
  check_options(options);
  session s = open_session(options);
  claim_run_folder(control.output, options);
  compute_reference(s, control.output);
  rank_pairs(s, control.output);
  std::signal(SIGINT, request_stop);
  std::signal(SIGTERM, request_stop);
  if (!run_curriculum(s, control)) { return false; }

  auto const results = evaluate_levels(s);
  std::string const table = format_table(results);
  write_file(control.output / "report.json", nlohmann::json(results).dump(2) + "\n");
  write_file(control.output / "report.txt", table);
  if (options.train != "full") {
    export_adapter(control.output / "adapter", s.model, options);
  } else {
    export_model(control.output / "model", s.model, options.model);
  }
  std::cout << table;
  return true;
}

void make_tiny_model(std::filesystem::path const& folder,
                     std::filesystem::path const& tokenizer_file, std::uint64_t seed)
{
  index_t const words = tokenizer::open(tokenizer_file).size();
  model_config config;
  config.text.vocab_size = words + 64;  // room for the image token, as llava-hf has
  config.text.hidden_size = 96;
  config.text.intermediate_size = 256;
  config.text.num_hidden_layers = 3;
  config.text.num_attention_heads = 6;
  config.text.num_key_value_heads = 3;
  config.text.max_position_embeddings = 1024;
  config.text.rms_norm_eps = 1e-5;
  config.vision.hidden_size = 64;
  config.vision.intermediate_size = 128;
  config.vision.num_hidden_layers = 3;
  config.vision.num_attention_heads = 4;
  config.vision.image_size = 56;
  config.vision.patch_size = 14;
  config.image_token_index = words;
  llava_model<real> const model(config, {}, initial_weights<real>{seed, 0.1});
  export_model(folder, model, tokenizer_file);
}

}  // namespace llava
