// SPDX-License-Identifier: MIT
/// \file  Whole runs of the trainer on two small pictures: resuming, refusing, reporting.

#include "support/catch.hpp"
#include "support/files.hpp"
#include "support/png.hpp"

#include <sentencepiece_trainer.h>

#include <cmath>
#include <fstream>
#include <iostream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "llava/checkpoint/safetensors.hpp"
#include "llava/run_folder.hpp"
#include "llava/support/file.hpp"
#include "llava/train.hpp"

using llava::index_t;

namespace {

/// A tokenizer, a tiny model, two pictures with masks, and nine pairs.
class small_world {
 public:
  small_world()
  {
    std::string corpus, pairs;
    char const* const colors[] = {"red",   "green", "blue", "white", "black",
                                  "brown", "pink",  "grey", "gold"};
    for (int i = 0; i < 9; ++i) {
      std::string const color = colors[i];
      corpus += "USER: What color is the box? ASSISTANT: The box on the left is " + color + ".\n";
      pairs += R"({"question": "What color is the box?", "chosen": "The box on the left is )" +
               color + R"(.", "rejected": "The ball is )" + colors[(i + 4) % 9] +
               R"( and small.", "image": ")" + (i % 2 == 0 ? "a.png" : "b.png") +
               R"(", "mask": "mask.png"})" + "\n";
    }
    put_file(folder / "corpus.txt", corpus);
    put_file(folder / "pairs.jsonl", pairs);
    auto const status = sentencepiece::SentencePieceTrainer::Train(
        "--input=" + (folder / "corpus.txt").string() +
        " --model_prefix=" + (folder / "tokenizer").string() +
        " --model_type=bpe --vocab_size=340 --byte_fallback=true --hard_vocab_limit=false"
        " --normalization_rule_name=identity --remove_extra_whitespaces=false --minloglevel=2");
    if (!status.ok()) { throw std::runtime_error(status.ToString()); }
    llava::make_tiny_model(folder / "base", folder / "tokenizer.model", 3);
    for (int k = 0; k < 3; ++k) {
      int const channels = k == 2 ? 1 : 3;
      std::vector<std::uint8_t> pixels(static_cast<std::size_t>(40 * 30 * channels));
      for (std::size_t i = 0; i < pixels.size(); ++i) {
        auto const shade = (i * static_cast<std::size_t>(k + 3)) % 251;
        pixels[i] = static_cast<std::uint8_t>(k < 2 ? shade : i % 40 < 20 ? 255 : 0);
      }
      char const* const names[] = {"a.png", "b.png", "mask.png"};
      put_png(folder / names[k], 40, 30, channels, pixels);
    }
  }

  llava::run_options options() const
  {
    llava::run_options o;
    o.model = (folder / "base").string();
    o.pairs = (folder / "pairs.jsonl").string();
    o.images = folder.path().string();
    o.prompt = "hugging_face";
    o.lora_rank = 4;
    o.lora_alpha = 8;
    o.batch = 2;
    o.micro_batch = 1;
    o.learning_rate = 5e-3;
    return o;
  }

  temporary_folder folder;
};

small_world const& world()
{
  static small_world const once;
  return once;
}

/// Nobody wants the progress of a test.
bool quiet_train(llava::run_options const& options, llava::run_control const& control)
{
  std::ostringstream sink;
  auto* const out = std::cout.rdbuf(sink.rdbuf());
  auto* const err = std::cerr.rdbuf(sink.rdbuf());
  struct restore {
    std::streambuf *out, *err;
    ~restore()
    {
      std::cout.rdbuf(out);
      std::cerr.rdbuf(err);
    }
  } const restored{out, err};
  return llava::train(options, control);
}

}  // namespace

TEST_CASE("a run that is stopped after every step ends with the bits of an unbroken one", "[train]")
{
  temporary_folder const runs;
  REQUIRE(quiet_train(world().options(), {.output = runs / "whole"}));

  int parts = 1;
  while (!quiet_train(world().options(), {.output = runs / "parts", .stop_after = 1})) { ++parts; }
  // Three levels of three pairs, two at a time: six steps; the last one ends the run.
  REQUIRE(parts == 6);
  for (char const* file : {"metrics.jsonl", "report.json", "adapter/adapter_model.safetensors",
                           "curriculum.json", "reference.safetensors"}) {
    INFO(file);
    REQUIRE(llava::read_file(runs / "whole" / file) == llava::read_file(runs / "parts" / file));
  }
}

TEST_CASE("a run that was killed after its last checkpoint repeats what is lost", "[train]")
{
  temporary_folder const runs;
  auto options = world().options();
  REQUIRE(quiet_train(options, {.output = runs / "whole"}));
  REQUIRE_FALSE(
      quiet_train(options, {.output = runs / "killed", .save_every = 2, .stop_after = 4}));
  // As after SIGKILL in step 6: lines beyond the checkpoint, the last one cut off, a stray file.
  std::ofstream(runs / "killed/metrics.jsonl", std::ios::app)
      << R"({"step": 5, "loss": 9})" << "\n{\"st";
  auto const half =
      put_file(runs / "killed/checkpoints/step-0000000006.safetensors.tmp123", "half");
  REQUIRE(quiet_train(options, {.output = runs / "killed"}));
  REQUIRE_FALSE(std::filesystem::exists(half));
  REQUIRE(llava::read_file(runs / "whole/metrics.jsonl") ==
          llava::read_file(runs / "killed/metrics.jsonl"));
}

TEST_CASE("micro-batches do not change the run", "[train]")
{
  temporary_folder const runs;
  auto options = world().options();
  REQUIRE(quiet_train(options, {.output = runs / "one"}));
  options.micro_batch = 2;
  REQUIRE(quiet_train(options, {.output = runs / "two"}));
  auto const loss = [&](char const* run) {
    std::ifstream in(runs / run / "metrics.jsonl");
    double last = 0;
    for (std::string line; std::getline(in, line);) { last = nlohmann::json::parse(line)["loss"]; }
    return last;
  };
  REQUIRE(loss("one") == Approx(loss("two")).epsilon(1e-4));
}

TEST_CASE("a run reports that it learnt the preferences, and starts from 3 log 2", "[train]")
{
  temporary_folder const runs;
  for (std::string const mode : {"lora_projector", "full"}) {
    auto options = world().options();
    options.train = mode;
    options.epochs_per_level = 3;
    options.curriculum = mode == "full" ? "baby_steps" : "one_pass";
    REQUIRE(quiet_train(options, {.output = runs / mode}));
    auto const report = nlohmann::json::parse(llava::read_file(runs / mode / "report.json"));
    REQUIRE(report.size() == 4);
    auto const& all = report[3];
    REQUIRE(all["name"] == "all");
    REQUIRE(all["pairs"] == 9);
    REQUIRE(all["before"]["loss"].get<double>() == Approx(3 * std::log(2.0)).epsilon(1e-6));
    REQUIRE(all["before"]["text_margin"] == 0);
    REQUIRE(all["after"]["text_margin"].get<double>() > 0.1);
    REQUIRE(all["after"]["text_accuracy"].get<double>() > 0.7);
    REQUIRE(all["after"]["loss"].get<double>() < 2.0);
  }
  auto const adapter = llava::tensor_file::open(runs / "lora_projector/adapter");
  REQUIRE(adapter.contains("base_model.model.multi_modal_projector.linear_1.weight"));
  // What a full run writes is a checkpoint that the trainer itself can start from.
  auto again = world().options();
  again.model = (runs / "full/model").string();
  REQUIRE(quiet_train(again, {.output = runs / "again"}));
}

TEST_CASE("a folder with another run, or changed data, is refused with the difference", "[train]")
{
  temporary_folder const runs;
  auto options = world().options();
  REQUIRE_FALSE(quiet_train(options, {.output = runs / "run", .stop_after = 1}));

  auto other = options;
  other.beta = 0.5;
  auto const error = error_of([&] { quiet_train(other, {.output = runs / "run"}); });
  REQUIRE(mentions(error, {"run.json", "beta", "0.1", "0.5"}));

  put_file(runs / "thesis.txt", "not a run");
  REQUIRE(mentions(error_of([&] { quiet_train(options, {.output = runs.path()}); }),
                   {"expected an empty folder", "run"}));

  // The reference was scored on other pictures.
  std::filesystem::copy(world().folder / "b.png", runs / "b.png");
  std::filesystem::copy(world().folder / "b.png", runs / "a.png");
  std::filesystem::copy(world().folder / "mask.png", runs / "mask.png");
  std::filesystem::copy(world().folder / "pairs.jsonl", runs / "pairs.jsonl");
  auto kept = nlohmann::json::parse(llava::read_file(runs / "run/run.json"));
  kept["images"] = runs.path().string();
  put_file(runs / "run/run.json", kept.dump());
  auto moved = options;
  moved.images = runs.path().string();
  REQUIRE(mentions(error_of([&] { quiet_train(moved, {.output = runs / "run"}); }),
                   {"reference.safetensors", "expected", "got", "changed"}));
}

TEST_CASE("options out of range name themselves", "[train]")
{
  temporary_folder const runs;
  auto const complaint = [&](auto change) {
    auto options = world().options();
    change(options);
    return error_of([&] { quiet_train(options, {.output = runs / "run"}); });
  };
  REQUIRE(mentions(complaint([](auto& o) { o.beta = 0; }), {"--beta", "0.000001", "got"}));
  REQUIRE(
      mentions(complaint([](auto& o) { o.noise_step = 1000; }), {"--noise-step", "999", "1000"}));
  REQUIRE(mentions(complaint([](auto& o) { o.train = "none"; }), {"--train", "lora", "none"}));
  REQUIRE(mentions(complaint([](auto& o) { o.levels = 0; }), {"--levels", "1", "0"}));
  REQUIRE(mentions(complaint([](auto& o) { o.eta = std::nan(""); }), {"--eta", "nan"}));
  REQUIRE(
      mentions(complaint([](auto& o) { o.learning_rate = HUGE_VAL; }), {"--learning-rate", "inf"}));
  REQUIRE(mentions(complaint([](auto& o) { o.text_weight = o.image_weight = o.margin_weight = 0; }),
                   {"weight", "above 0"}));
  REQUIRE(mentions(complaint([](auto& o) { o.max_length = 20; }), {"pairs.jsonl:1", "20"}));
  REQUIRE(mentions(complaint([](auto& o) { o.model += "/nowhere"; }), {"nowhere"}));
  REQUIRE_FALSE(std::filesystem::exists(runs / "run"));
}

TEST_CASE("a run that learns nothing reports margins of exactly 0", "[train]")
{
  temporary_folder const runs;
  auto options = world().options();
  options.learning_rate = 0;
  options.micro_batch = 2;
  REQUIRE(quiet_train(options, {.output = runs / "run"}));
  auto const report = nlohmann::json::parse(llava::read_file(runs / "run/report.json"));
  REQUIRE(report.back()["name"] == "all");
  for (auto const& level : report) {
    REQUIRE(level["before"] == level["after"]);
    REQUIRE(level["after"]["text_margin"] == 0);
    REQUIRE(level["after"]["image_accuracy"] == 0);
  }
}

TEST_CASE("changed weights of a sharded checkpoint are noticed", "[train]")
{
  temporary_folder const runs;
  auto const base = runs / "base";
  std::filesystem::create_directory(base);
  for (char const* file : {"config.json", "tokenizer.model"}) {
    std::filesystem::copy(world().folder / "base" / file, base / file);
  }
  std::filesystem::copy(world().folder / "base/model.safetensors", base / "model-1.safetensors");
  auto const whole = llava::tensor_file::open(base / "model-1.safetensors");
  nlohmann::json index{{"metadata", {{"total_size", 0}}}, {"weight_map", nlohmann::json::object()}};
  for (auto const& name : whole.names()) { index["weight_map"][name] = "model-1.safetensors"; }
  put_file(base / "model.safetensors.index.json", index.dump());
  auto options = world().options();
  options.model = base.string();
  REQUIRE_FALSE(quiet_train(options, {.output = runs / "run", .stop_after = 1}));

  std::string bytes = llava::read_file(base / "model-1.safetensors");
  bytes[bytes.size() / 2] ^= 1;
  put_file(base / "model-1.safetensors", bytes);
  REQUIRE(mentions(error_of([&] { quiet_train(options, {.output = runs / "run"}); }),
                   {"reference.safetensors", "weights have changed"}));
}

TEST_CASE("a damaged checkpoint is refused, and the one before it named", "[train]")
{
  temporary_folder const runs;
  auto const options = world().options();
  REQUIRE_FALSE(quiet_train(options, {.output = runs / "run", .save_every = 1, .stop_after = 3}));
  std::filesystem::resize_file(runs / "run/checkpoints/step-0000000003.safetensors", 5000);
  REQUIRE(mentions(error_of([&] { quiet_train(options, {.output = runs / "run"}); }),
                   {"step-0000000003", "goes on from", "step-0000000002"}));
}

TEST_CASE("one process at a time works in a folder", "[train]")
{
  temporary_folder const runs;
  auto const options = world().options();
  llava::run_folder const held(runs / "run", options);
  REQUIRE(mentions(error_of([&] { quiet_train(options, {.output = runs / "run"}); }),
                   {"run", "another process"}));
}
