// SPDX-License-Identifier: MIT
/// \file  Command line of the preference image tool.

#include <cstdio>
#include <exception>
#include <iostream>
#include <thread>

#include <CLI/CLI.hpp>

#include "preference_images/build.hpp"
#include "preference_images/contact_sheet.hpp"
#include "preference_images/parquet_rows.hpp"
#include "preference_images/rebuild.hpp"

namespace {

namespace tool = preference_images;

void add_build_options(CLI::App& app, tool::build_options& o)
{
  app.add_option("--regions", o.regions, "regions of the pictures, JSONL");
  app.add_option("--mode", o.mode, "key, random, global or crop (mDPO's)")->capture_default_str();
  app.add_option("--corruption", o.corruption, "diffusion, blur, mask_out or patch_shuffle")
      ->capture_default_str();
  app.add_option("--noise-schedule", o.noise_schedule, "sigmoid, linear or cosine")
      ->capture_default_str();
  app.add_option("--noise-step", o.noise_step, "0 to 999")->capture_default_str();
  app.add_option("--seed", o.seed)->capture_default_str();
  app.add_option("--random-share", o.random_share, "of the picture, for --mode random")
      ->capture_default_str();
  app.add_option("--form", o.form, "png, or npy: the normalised tensor")->capture_default_str();
  app.add_option("--size", o.size, "side of the negatives in pixels; 0: the picture's own")
      ->capture_default_str();
  app.add_option("--image-mode", o.image_mode, "pad or crop: how a picture becomes a square")
      ->capture_default_str();
  app.add_option("--keywords", o.keywords, "the best of an answer that look for regions")
      ->capture_default_str();
  app.add_option("--lexicon", o.lexicon, "words and their tags, for the tagger");
  app.add_option("--vectors", o.vectors, "word vectors, as GloVe's text files have them");
  app.add_option("--synonyms", o.synonyms, R"(JSON: {"same": [["sofa", "couch"]], "kind": []})");
  app.add_option("--least-score", o.least_score, "of a region")->capture_default_str();
  app.add_option("--least-similarity", o.least_similarity, "of keyword and label, by vectors")
      ->capture_default_str();
  app.add_option("--max-side", o.max_side, "pixels; larger pictures are rejected")
      ->capture_default_str();
  app.add_option("--max-pixels", o.max_pixels, "of a picture")->capture_default_str();
  app.add_option("--part", o.part, "rows that are committed together")->capture_default_str();
}

}  // namespace

int main(int argc, char** argv)
try {
  CLI::App app{"Image negatives for preference pairs: noise where the answer looks"};
  app.require_subcommand(1);
  app.option_defaults()->take_last();

  tool::build_options options;
  tool::build_control control;
  control.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  tool::index_t preview = 0;
  std::filesystem::path set, output;
  auto const add_inputs = [&](CLI::App& command) {
    command.add_option("--pairs", options.pairs, "preference pairs, JSONL or a JSON array")
        ->required();
    command.add_option("--images", options.images, "folder of the pictures")->required();
  };
  auto* build = app.add_subcommand("build", "makes a set, or goes on with one that was stopped");
  add_inputs(*build);
  add_build_options(*build, options);
  build->add_option("--output", control.output, "folder of the set")->required();
  build->add_option("--threads", control.threads)->capture_default_str();
  build->add_option("--preview", preview, "pairs to show in preview.html");
  build->add_option("--stop-after", control.stop_after, "stop after this many parts; 0 = none");

  auto* rebuild = app.add_subcommand("rebuild", "makes a set's negatives again from its records");
  rebuild->add_option("--set", set, "folder of the set")->required();
  rebuild->add_option("--images", options.images, "folder of the pictures")->required();
  rebuild->add_option("--output", output)->required();

  auto* decoding = app.add_subcommand("time-decoding", "decodes the pictures and nothing else");
  add_inputs(*decoding);

  std::filesystem::path parquet;
  auto* unpack = app.add_subcommand("unpack", "Parquet to pairs.jsonl and photos/ (needs Arrow)");
  unpack->add_option("--parquet", parquet, "pairs, with their pictures inside or by path")
      ->required();
  unpack->add_option("--output", output)->required();

  CLI11_PARSE(app, argc, argv);
  if (*unpack) {
    std::printf("%lld rows\n", static_cast<long long>(tool::unpack_parquet(parquet, output)));
    return 0;
  }
  if (*rebuild) {
    std::printf("%lld negatives\n",
                static_cast<long long>(tool::rebuild(set, options.images, output)));
    return 0;
  }
  if (*decoding) {
    auto const time = tool::time_decoding(options);
    std::printf("%lld pictures in %.3f s\n", static_cast<long long>(time.pictures), time.seconds);
    return 0;
  }
  auto const report = tool::build(options, control, std::cerr);
  if (!report.complete) { return 3; }
  std::printf("%lld pairs (%lld with the whole picture), %lld rejected\n",
              static_cast<long long>(report.accepted), static_cast<long long>(report.whole),
              static_cast<long long>(report.rejected));
  if (preview > 0) { tool::write_contact_sheet(control.output, options.images, preview); }
  return 0;
} catch (std::exception const& error) {
  std::cerr << "preference_images: " << error.what() << '\n';
  return 1;
}
