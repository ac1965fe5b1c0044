// SPDX-License-Identifier: MIT
#include "llava/options.hpp"

#include <stdexcept>

#include "llava/support/option_check.hpp"

namespace llava {

namespace {

void require_number(std::string const& option, double least, double most, double got)
{
  if (!(got >= least && got <= most)) {  // NaN is refused too
    require_option(false, option,
                   "a number from " + std::to_string(least) + " to " + std::to_string(most),
                   std::to_string(got));
  }
}

void require_count(std::string const& option, index_t most, index_t got)
{
  require_option(got >= 1 && got <= most, option, "1 to " + std::to_string(most),
                 std::to_string(got));
}

}  // namespace

void throw_unknown(std::string const& option, std::string const& got)
{
  throw std::invalid_argument("--" + option + ": expected a name that this program has, got " +
                              got);
}

void check_options(run_options const& o)
{
  require_one_of("prompt", {"vicuna_v1", "llava_v1", "hugging_face"}, o.prompt);
  require_one_of("image-mode", {"pad", "crop"}, o.image_mode);
  require_one_of("noise-schedule", {"sigmoid", "linear", "cosine"}, o.noise_schedule);
  require_one_of("train", {"lora", "lora_projector", "full"}, o.train);
  require_one_of("curriculum", {"one_pass", "baby_steps", "all_at_once"}, o.curriculum);
  require_one_of("difficulty", {"entropy_sum", "entropy_mean", "vocabulary_entropy", "nll_mean"},
                 o.difficulty);
  constexpr double huge = 1e6;  // far beyond what means anything; keeps infinity out
  require_number("beta", 1e-6, huge, o.beta);
  require_number("eta", -huge, huge, o.eta);
  require_number("text-weight", 0, huge, o.text_weight);
  require_number("image-weight", 0, huge, o.image_weight);
  require_number("margin-weight", 0, huge, o.margin_weight);
  require_option(o.text_weight + o.image_weight + o.margin_weight > 0, "text-weight",
                 "at least one of the three weights above 0", "all 0");
  require_option(o.noise_step >= 0 && o.noise_step < 1000, "noise-step", "0 to 999",
                 std::to_string(o.noise_step));
  require_number("learning-rate", 0, huge, o.learning_rate);
  require_number("warmup", 0, 1, o.warmup);
  require_number("weight-decay", 0, huge, o.weight_decay);
  require_number("max-grad-norm", 0, huge, o.max_grad_norm);
  require_number("lora-alpha", 1e-6, huge, o.lora_alpha);
  require_count("lora-rank", 65536, o.lora_rank);
  require_count("levels", 1000000, o.levels);
  require_count("epochs-per-level", 1000000, o.epochs_per_level);
  require_count("batch", 1000000, o.batch);
  require_count("micro-batch", 1000000, o.micro_batch);
  require_count("max-length", 1000000, o.max_length);
}

}  // namespace llava
