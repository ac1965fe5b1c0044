// SPDX-License-Identifier: MIT
#include "llava/train.hpp"

#include <cmath>
#include <csignal>
#include <cstdio>
#include <iostream>

#include <prefopt/core/self_check.hpp>
#include <prefopt/curriculum/sampler.hpp>
#include <prefopt/curriculum/schedules/all_at_once.hpp>
#include <prefopt/curriculum/schedules/baby_steps.hpp>
#include <prefopt/curriculum/schedules/one_pass.hpp>

#include "llava/checkpoint/export.hpp"
#include "llava/evaluation.hpp"
#include "llava/optimizer/schedule.hpp"
#include "llava/report/metrics.hpp"
#include "llava/report/progress.hpp"
#include "llava/report/step_metrics.hpp"
#include "llava/run_folder.hpp"
#include "llava/scoring.hpp"
#include "llava/session.hpp"

namespace llava {

namespace {

std::sig_atomic_t volatile stop_requested = 0;
extern "C" void request_stop(int signal)
{
  stop_requested = 1;
  std::signal(signal, SIG_DFL);  // the second one ends the program at once
}

/// SIGINT and SIGTERM ask for a stop while this lives, and do what they always do afterwards.
class stop_signals {
 public:
  stop_signals()
  {
    stop_requested = 0;
    std::signal(SIGINT, request_stop);
    std::signal(SIGTERM, request_stop);
  }
  ~stop_signals()
  {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
  }
  stop_signals(stop_signals const&) = delete;
  stop_signals& operator=(stop_signals const&) = delete;
};

/// Adds up what the micro-batches of one step give.
struct step_sums {
  prefopt::loss_summary<3> terms;
  pair_columns<real> policy;
  double chosen_entropy = 0;
  index_t chosen_tokens = 0;
  index_t answer_tokens = 0;
};

step_sums accumulate_gradients(session& s, std::span<index_t const> indices, index_t batch)
{
  auto const loss = make_loss<real>(s.options);
  step_sums sums;
  s.model.zero_gradients();
  for_each_micro_batch(s, indices, [&](auto part, auto const& pairs, auto const& pixels) {
    auto const& policy = s.step.forward(pairs, pixels);
    auto const reference = rows_of(columns_of(s.reference), part);
    sums.terms.merge(prefopt::summarize(loss, loss_input(policy, reference)));
    sums.policy.append(policy);
    sums.chosen_entropy += s.step.chosen_entropy();
    sums.chosen_tokens += s.step.chosen_tokens();
    sums.answer_tokens += s.step.answer_tokens();
    // The mean over the pairs of the whole step, whatever the micro-batches are.
    s.step.backward(loss, reference, 1 / static_cast<real>(batch));
  });
  return sums;
}

nlohmann::json to_json(prefopt::sampler_state const& p)
{
  return {{"seed", p.seed},   {"ranking", p.ranking},   {"phase", p.phase},
          {"epoch", p.epoch}, {"position", p.position}, {"plan", p.plan}};
}

prefopt::sampler_state sampler_state_from(nlohmann::json const& j)
{
  // Older checkpoints have no plan; 0 is not known.
  return {j.at("seed"),  j.at("ranking"),  j.at("phase"),
          j.at("epoch"), j.at("position"), j.value("plan", std::uint64_t{0})};
}

/// A first loss that is not the expected one means that policy and reference were scored
/// differently.
void check_first_loss(double expected, double got)
{
  if (!(std::abs(got - expected) <= 1e-3 * expected)) {  // NaN too
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
    try {
      sampler.restore(sampler_state_from(load_checkpoint(*file, s.model.trained(), adam)));
    } catch (std::exception const& error) {
      throw std::runtime_error(error.what() + older_checkpoint_hint(*file));
    }
    std::cerr << "resumed after step " << adam.steps << " of " << steps << " from "
              << file->string() << '\n';
  }
  log.rewind(adam.steps);

  index_t const first = adam.steps;
  progress bar(std::cerr, "training", steps, first);
  stop_signals const listening;
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

    nlohmann::json line = metrics_of(make_loss<real>(s.options), sums.terms, sums.policy);
    line["step"] = adam.steps;
    line["learning_rate"] = learning_rate;
    line["grad_norm"] = norm;
    line["answer_tokens"] = sums.answer_tokens;
    line["entropy"] = sums.chosen_entropy / static_cast<double>(sums.chosen_tokens);
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
  if (s.options.curriculum == "one_pass") {
    return run_schedule(s, control, prefopt::one_pass{epochs});
  }
  throw_unknown("curriculum", s.options.curriculum);
}

}  // namespace

bool train(run_options const& options, run_control const& control)
{
  check_options(options);
  check_run_folder(control.output, options);
  session s = open_session(options);
  run_folder const folder(control.output, options);
  compute_reference(s, control.output);
  rank_pairs(s, control.output);
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

}  // namespace llava
