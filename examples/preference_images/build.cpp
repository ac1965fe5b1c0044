// SPDX-License-Identifier: MIT
#include "preference_images/build.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <fstream>
#include <mutex>
#include <ostream>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include "llava/data/json_rows.hpp"
#include "llava/report/progress.hpp"
#include "llava/run_folder.hpp"
#include "llava/support/file.hpp"
#include "llava/support/json.hpp"
#include "preference_images/key_regions.hpp"
#include "preference_images/part_files.hpp"
#include "preference_images/row_maker.hpp"

namespace preference_images {
namespace {

namespace fs = std::filesystem;

/// Makes the rows of a part, `threads` at a time, and writes their files; the lines in order.
std::vector<std::string> make_part(std::span<llava::json_row const> rows, index_t first,
                                   row_maker const& make, std::string const& form,
                                   build_control const& control)
{
  std::vector<std::string> lines(rows.size());
  std::atomic<std::size_t> next = 0;
  std::exception_ptr failure;
  std::mutex failing;
  auto const work = [&] {
    try {
      for (std::size_t i = next++; i < rows.size(); i = next++) {
        index_t const number = first + static_cast<index_t>(i);
        made_row made = make(rows[i], number);
        if (!made.negative.empty()) {
          put(control.output / "negatives" / numbered(number, "." + form), made.negative);
        }
        if (!made.mask.empty()) {
          put(control.output / "masks" / numbered(number, ".png"), made.mask);
        }
        lines[i] = std::move(made.line);
      }
    } catch (...) {
      std::lock_guard const lock(failing);
      failure = std::current_exception();
      next = rows.size();
    }
  };
  {
    std::vector<std::jthread> team;
    for (int t = 1; t < control.threads; ++t) { team.emplace_back(work); }
    work();
  }
  if (failure) { std::rethrow_exception(failure); }
  return lines;
}

index_t count_rows(std::string const& file)
{
  llava::json_rows rows(file);
  index_t count = 0;
  while (rows.next()) { ++count; }
  return count;
}

build_report report_of(fs::path const& folder)
{
  build_report report{.complete = true};
  std::ifstream accepted(folder / "pairs.jsonl", std::ios::binary);
  for (std::string line; std::getline(accepted, line);) {
    ++report.accepted;
    report.whole += nlohmann::json::parse(line).at("whole_image") == true ? 1 : 0;
  }
  std::ifstream rejected(folder / "rejected.jsonl", std::ios::binary);
  for (std::string line; std::getline(rejected, line);) { ++report.rejected; }
  return report;
}

nlohmann::json settings_of(build_options const& options)
{
  nlohmann::json settings = options;
  // A file that changed between two calls would give a set of two halves.
  settings["pairs_bytes"] = llava::file_bytes(options.pairs);
  settings["regions_bytes"] = options.regions.empty() ? 0 : llava::file_bytes(options.regions);
  return settings;
}

}  // namespace

build_report build(build_options const& options, build_control const& control, std::ostream& log)
{
  check_options(options);
  if (control.threads < 1) {
    throw std::invalid_argument("--threads: expected 1 or more, got " +
                                std::to_string(control.threads));
  }
  key_region_finder const finder(options);
  llava::run_folder const held(control.output, settings_of(options));
  fs::path const parts = control.output / "parts";
  if (fs::exists(control.output / "pairs.jsonl")) {
    fs::remove_all(parts);
    return report_of(control.output);
  }
  for (char const* const name : {"parts", "negatives", "masks"}) {
    fs::create_directories(control.output / name);
  }
  index_t const total = count_rows(options.pairs);
  index_t const part_count = (total + options.part - 1) / options.part;
  index_t done = 0, made_now = 0;
  while (done < part_count && fs::exists(parts / numbered(done, ".jsonl"))) { ++done; }

  row_maker const make(options, finder);
  llava::json_rows rows(options.pairs);
  llava::progress progress(log, "pairs", total, std::min(done * options.part, total));
  for (index_t part = 0; part < part_count; ++part) {
    std::vector<llava::json_row> batch;
    for (index_t i = 0; i < options.part; ++i) {
      auto row = rows.next();
      if (!row) { break; }
      if (part >= done) { batch.push_back(std::move(*row)); }
    }
    if (part < done) { continue; }
    if (control.stop_after > 0 && made_now == control.stop_after) { return {}; }
    std::string text;
    for (auto const& line : make_part(batch, part * options.part, make, options.form, control)) {
      text += line + '\n';
    }
    sync_to_disk(control.output);
    llava::write_file(parts / numbered(part, ".jsonl"), text);
    ++made_now;
    progress.update(std::min((part + 1) * options.part, total));
  }
  progress.finish();
  merge_parts(parts, part_count, rejected_mark, control.output / "rejected.jsonl");
  merge_parts(parts, part_count, accepted_mark, control.output / "pairs.jsonl");
  fs::remove_all(parts);
  return report_of(control.output);
}

}  // namespace preference_images
