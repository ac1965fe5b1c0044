// SPDX-License-Identifier: MIT
/// \file  Command line of the curriculum lab: draws what a run with a curriculum would see.

#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>

#include <CLI/CLI.hpp>

#include "curriculum_lab/list.hpp"
#include "curriculum_lab/page/page.hpp"
#include "curriculum_lab/pictures/pictures.hpp"
#include "llava/support/file.hpp"

namespace {

namespace lab = curriculum_lab;

struct output {
  std::filesystem::path folder, picture;
};

void add_score_options(CLI::App& app, lab::plan_options& o)
{
  app.add_option("--scores", o.file.path, "file of difficulty scores; default: generated ones");
  app.add_option("--format", o.file.format, "text, csv, jsonl or fp32; auto goes by the name")
      ->capture_default_str();
  app.add_option("--column", o.file.column, "name of the scores in csv and jsonl")
      ->capture_default_str();
  app.add_option("--group-column", o.file.group_column, "of the samples' groups, for per_group");
  app.add_option("--generate", o.recipe.kind, "uniform, normal, lognormal, bimodal, tied or tokens")
      ->capture_default_str();
  app.add_option("--samples", o.recipe.samples, "to generate")->capture_default_str();
  app.add_option("--score-seed", o.recipe.seed, "of generated scores")->capture_default_str();
}

void add_plan_options(CLI::App& app, lab::plan_options& o)
{
  app.add_option("--schedule", o.schedule, "name of a schedule; 'list' lists them")
      ->capture_default_str();
  app.add_option("--ranking", o.ranking, "easy_to_hard, hard_to_easy or random")
      ->capture_default_str();
  app.add_option("--levels", o.levels, "of equal size")->capture_default_str();
  app.add_option("--fractions", o.fractions, "cut at these shares of the ranking instead: .2,.5");
  app.add_option("--thresholds", o.thresholds, "cut at these scores instead");
  app.add_option("--level-width", o.level_width, "first,width: levels of equal width instead");
  app.add_option("--batch", o.batch, "samples of a step")->capture_default_str();
  app.add_option("--seed", o.seed, "of the order")->capture_default_str();
}

void draw(lab::plan_options const& options, output const& to)
{
  auto const plan = lab::make_plan(options);
  auto const run = lab::observe(plan);
  if (!to.picture.empty()) { llava::write_file(to.picture, lab::heat_map_picture(plan, run)); }
  if (to.folder.empty()) { return; }
  std::vector<lab::captioned_picture> const pictures{
      {"heat_map.svg", "What the steps draw", lab::heat_map_picture(plan, run)},
      {"pacing.svg", "What is open", lab::pacing_picture(plan, run)},
      {"repeats.svg", "How often each sample is seen", lab::repeats_picture(plan, run)},
      {"levels.svg", "Scores and levels", lab::levels_picture(plan, run)}};
  std::filesystem::create_directories(to.folder);
  for (auto const& picture : pictures) { llava::write_file(to.folder / picture.file, picture.svg); }
  llava::write_file(to.folder / "index.html", lab::page_of(plan, run, pictures));
}

}  // namespace

int main(int argc, char** argv)
{
  CLI::App app{"Draws what a run with a curriculum would see."};
  app.require_subcommand(1);
  app.option_defaults()->take_last();

  lab::plan_options options;
  output to;
  auto* drawing = app.add_subcommand(
      "draw", "draws a schedule over scores; its parameters (see 'list') are options too");
  add_score_options(*drawing, options);
  add_plan_options(*drawing, options);
  drawing->add_option("--output", to.folder, "folder for all pictures and index.html");
  drawing->add_option("--picture", to.picture, "SVG file for the heat map alone");
  drawing->allow_extras();

  std::vector<std::string> names;
  std::filesystem::path curves_file;
  auto* curves = app.add_subcommand(
      "pacings", "draws the pacing functions; their parameters (see 'list') are options too");
  curves->add_option("--pacing", names, "some of them only")->delimiter(',');
  curves->add_option("--picture", curves_file, "SVG file")->required();
  curves->allow_extras();

  auto* listing = app.add_subcommand("list", "lists schedules, pacing functions and mixtures");

  CLI11_PARSE(app, argc, argv);
  try {
    if (*listing) {
      std::fputs(lab::list_of_everything().c_str(), stdout);
    } else if (*curves) {
      llava::write_file(curves_file, lab::pacing_curves_picture(names, curves->remaining()));
    } else {
      if (to.folder.empty() && to.picture.empty()) {
        lab::fail("command line", "--output FOLDER or --picture FILE", "neither");
      }
      options.parameters = drawing->remaining();
      draw(options, to);
    }
    return 0;
  } catch (std::exception const& error) {
    std::cerr << "curriculum_lab: " << error.what() << '\n';
    return 1;
  }
}
