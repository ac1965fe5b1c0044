// SPDX-License-Identifier: MIT
#include "llava/options.hpp"

#include <initializer_list>
#include <stdexcept>

#include "llava/support/file.hpp"
#include "llava/support/json.hpp"

namespace llava {

namespace {

void require(bool holds, std::string const& option, std::string const& expected,
             std::string const& got)
{
  if (!holds) {
    throw std::invalid_argument("--" + option + ": expected " + expected + ", got " + got);
  }
}

void require_one_of(std::string const& option, std::initializer_list<char const*> names,
                    std::string const& got)
{
  std::string list;
  for (char const* name : names) {
    if (got == name) { return; }
    list += (list.empty() ? "" : ", ") + std::string(name);
  }
  require(false, option, "one of " + list, got);
}

void require_at_least(std::string const& option, double least, double got)
{
  require(got >= least, option, "at least " + nlohmann::json(least).dump(),
          nlohmann::json(got).dump());
}

}  // namespace

void check_options(run_options const& o)
{
  require_one_of("prompt", {"vicuna_v1", "llava_v1", "hugging_face"}, o.prompt);
  require_one_of("image-mode", {"pad", "crop"}, o.image_mode);
  require_one_of("noise-schedule", {"sigmoid", "linear", "cosine"}, o.noise_schedule);
  require_one_of("train", {"lora", "lora_projector", "full"}, o.train);
  require_one_of("curriculum", {"one_pass", "baby_steps", "all_at_once"}, o.curriculum);
  require_one_of("difficulty", {"entropy_sum", "entropy_mean", "vocabulary_entropy", "nll_mean"},
                 o.difficulty);
  require(o.beta > 0, "beta", "a number above 0", nlohmann::json(o.beta).dump());
  require_at_least("text-weight", 0, o.text_weight);
  require_at_least("image-weight", 0, o.image_weight);
  require_at_least("margin-weight", 0, o.margin_weight);
  require(o.noise_step >= 0 && o.noise_step < 1000, "noise-step", "0 to 999",
          std::to_string(o.noise_step));
  require_at_least("learning-rate", 0, o.learning_rate);
  require(o.warmup >= 0 && o.warmup <= 1, "warmup", "a share from 0 to 1",
          nlohmann::json(o.warmup).dump());
  require_at_least("weight-decay", 0, o.weight_decay);
  for (auto const& [name, value] : {std::pair{"lora-rank", o.lora_rank},
                                    {"levels", o.levels},
                                    {"epochs-per-level", o.epochs_per_level},
                                    {"batch", o.batch},
                                    {"micro-batch", o.micro_batch},
                                    {"max-length", o.max_length}}) {
    require_at_least(name, 1, static_cast<double>(value));
  }
}

void claim_run_folder(std::filesystem::path const& folder, run_options const& options)
{
  auto const file = folder / "run.json";
  nlohmann::json const wanted = options;
  if (!std::filesystem::exists(file)) {
    if (std::filesystem::exists(folder) && !std::filesystem::is_empty(folder)) {
      throw std::runtime_error(
          folder.string() + ": expected an empty folder or one that holds a run, got other files");
    }
    std::filesystem::create_directories(folder);
    write_file(file, wanted.dump(2) + "\n");
    return;
  }
  nlohmann::json const kept = parse_json(read_file(file), file.string());
  for (auto const& [name, value] : wanted.items()) {
    if (!kept.contains(name) || kept[name] != value) {
      throw std::runtime_error(file.string() + ": this folder holds a run with " + name + " " +
                               (kept.contains(name) ? kept[name].dump() : "unset") + ", got " +
                               value.dump() + "; resume with its options or choose another folder");
    }
  }
}

}  // namespace llava
