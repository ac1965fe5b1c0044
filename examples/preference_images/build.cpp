// SPDX-License-Identifier: MIT
#include "preference_images/build.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <mutex>
#include <new>
#include <ostream>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include <prefopt/image/random_region.hpp>

#include "llava/data/json_rows.hpp"
#include "llava/data/pair_noise.hpp"
#include "llava/data/pair_row.hpp"
#include "llava/report/progress.hpp"
#include "llava/run_folder.hpp"
#include "llava/support/file.hpp"
#include "llava/support/json.hpp"
#include "preference_images/key_regions.hpp"
#include "preference_images/negative.hpp"
#include "preference_images/picture_path.hpp"
#include "preference_images/png.hpp"

namespace preference_images {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr char accepted_mark = 'A', rejected_mark = 'R';  // before each line of a part

std::string numbered(index_t number, std::string const& extension)
{
  char text[32];
  std::snprintf(text, sizeof text, "%06lld", static_cast<long long>(number));
  return text + extension;
}

/// What a row became: a line for a part's file, and the files that go with it.
struct made_row {
  std::string line;
  std::string negative, mask;  // bytes; empty = no file
};

struct row_maker {
  build_options const& options;
  key_region_finder const& finder;

  made_row operator()(llava::json_row const& row, index_t number) const
  {
    try {
      return make(row, number);
    } catch (std::bad_alloc const&) {
      throw;  // says nothing about the row
    } catch (std::exception const& error) {
      ordered_json const rejected{{"row", number}, {"where", row.where}, {"reason", error.what()}};
      constexpr auto replace = ordered_json::error_handler_t::replace;
      return {rejected_mark + rejected.dump(-1, ' ', false, replace), {}, {}};
    }
  }

 private:
  made_row make(llava::json_row const& row, index_t number) const
  {
    llava::pair_row const pair = llava::parse_pair_row(row.text, row.where);
    auto const limits = limits_of(options);
    byte_image const picture = llava::decode_image(file_below(options.images, pair.image), limits);
    negative_recipe recipe{.corruption = options.corruption,
                           .schedule = options.noise_schedule,
                           .step = options.noise_step,
                           .seed = llava::noise_stream(options.seed, number),
                           .form = options.form,
                           .size = options.size,
                           .image_mode = options.image_mode,
                           .region = {},
                           .box = {}};
    key_region key;
    if (options.mode == "key") {
      key = key_region_of(pair, picture);
      recipe.region = std::move(key.mask);
    } else {
      key.keywords = finder.keywords(pair.chosen);
    }
    if (options.mode == "random") {
      auto const box =
          prefopt::random_box(picture.width, picture.height, recipe.seed, options.random_share);
      recipe.region = prefopt::mask_of_pixels(box, picture.width, picture.height);
    }
    if (options.mode == "crop") {
      recipe.corruption = "crop";
      recipe.box = prefopt::random_crop_box(picture.width, picture.height, recipe.seed);
    }
    negative const made = make_negative(picture, recipe);
    made_row out;
    out.negative = made.bytes;
    if (recipe.region) { out.mask = mask_png_file(*recipe.region); }
    out.line = accepted_mark + record(pair, key, recipe, made, number).dump();
    return out;
  }

  /// A mask that comes with the pair is the answer to where; else keywords look for regions.
  key_region key_region_of(llava::pair_row const& pair, byte_image const& picture) const
  {
    if (!pair.mask) { return finder.find(pair.chosen, pair.image, picture.width, picture.height); }
    auto const folder = fs::path(options.pairs).parent_path();
    key_region key{.keywords = finder.keywords(pair.chosen)};
    key.mask = llava::decode_mask(file_below(folder, *pair.mask), picture.width, picture.height,
                                  128, limits_of(options));
    if (prefopt::mask_area(*key.mask) == 0) { key.mask.reset(); }
    return key;
  }

  ordered_json record(llava::pair_row const& pair, key_region const& key,
                      negative_recipe const& recipe, negative const& made, index_t number) const
  {
    ordered_json line{{"question", pair.question},
                      {"chosen", pair.chosen},
                      {"rejected", pair.rejected},
                      {"image", pair.image}};
    if (recipe.region) { line["mask"] = "masks/" + numbered(number, ".png"); }
    line["row"] = number;
    line["mode"] = options.mode;
    line["keywords"] = key.keywords;
    line["regions"] = key.found;
    line["whole_image"] = made.whole;
    line["share"] = made.share;
    line["negative"] = {{"file", "negatives/" + numbered(number, "." + recipe.form)}};
    line["negative"].update(to_record(recipe));
    return line;
  }
};

/// A file of a part that is not committed yet: no rename needed, since nobody looks before.
void put(fs::path const& path, std::string const& bytes)
{
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) { throw std::runtime_error(path.string() + ": writing failed"); }
}

/// Waits until what was written below a folder is on the disk, so that a part's file never says
/// that there are pictures which a power failure has taken.
void sync_to_disk(fs::path const& folder)
{
#ifdef __linux__
  int const handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle >= 0) {
    ::syncfs(handle);
    ::close(handle);
  }
#else
  static_cast<void>(folder);
  ::sync();
#endif
}

/// Makes the rows of a part, `threads` at a time, and writes their files; the lines in order.
std::vector<std::string> make_part(std::span<llava::json_row const> rows, index_t first,
                                   row_maker const& make, build_control const& control)
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
          put(control.output / "negatives" / numbered(number, "." + make.options.form),
              made.negative);
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

/// The lines with one mark of all parts, in order.
void merge(fs::path const& folder, index_t parts, char mark, fs::path const& target)
{
  llava::write_file(target, [&](llava::byte_sink const& sink) {
    for (index_t part = 0; part < parts; ++part) {
      std::ifstream in(folder / numbered(part, ".jsonl"), std::ios::binary);
      for (std::string line; std::getline(in, line);) {
        if (line.empty() || line[0] != mark) { continue; }
        line += '\n';
        sink(std::as_bytes(std::span(line).subspan(1)));
      }
    }
  });
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

  row_maker const make{options, finder};
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
    for (auto const& line : make_part(batch, part * options.part, make, control)) {
      text += line + '\n';
    }
    sync_to_disk(control.output);
    llava::write_file(parts / numbered(part, ".jsonl"), text);
    ++made_now;
    progress.update(std::min((part + 1) * options.part, total));
  }
  progress.finish();
  merge(parts, part_count, rejected_mark, control.output / "rejected.jsonl");
  merge(parts, part_count, accepted_mark, control.output / "pairs.jsonl");
  fs::remove_all(parts);
  return report_of(control.output);
}

index_t rebuild(fs::path const& set, fs::path const& images, fs::path const& output)
{
  llava::json_rows rows(set / "pairs.jsonl");
  auto const settings =
      llava::parse_json(llava::read_file(set / "run.json"), (set / "run.json").string());
  llava::decode_limits const limits = limits_of(settings.get<build_options>());
  fs::create_directories(output / "negatives");
  index_t count = 0;
  for (; auto const row = rows.next(); ++count) {
    auto const line = llava::parse_json(row->text, row->where);
    negative_recipe const recipe = from_record(line.at("negative"));
    byte_image const picture =
        llava::decode_image(file_below(images, line.at("image").get<std::string>()), limits);
    auto const name = numbered(line.at("row").get<index_t>(), "." + recipe.form);
    put(output / "negatives" / name, make_negative(picture, recipe).bytes);
  }
  return count;
}

decoding_time time_decoding(build_options const& options)
{
  llava::json_rows rows(options.pairs);
  decoding_time time;
  while (auto const row = rows.next()) {
    auto const pair = llava::parse_pair_row(row->text, row->where);
    auto const path = file_below(options.images, pair.image);
    auto const start = std::chrono::steady_clock::now();
    llava::decode_image(path, limits_of(options));
    time.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    ++time.pictures;
  }
  return time;
}

}  // namespace preference_images
