// SPDX-License-Identifier: MIT
#include "preference_images/rebuild.hpp"

#include <chrono>
#include <string>

#include "llava/data/json_rows.hpp"
#include "llava/data/pair_row.hpp"
#include "llava/image/decode.hpp"
#include "llava/support/file.hpp"
#include "llava/support/json.hpp"
#include "preference_images/negative.hpp"
#include "preference_images/part_files.hpp"
#include "preference_images/picture_path.hpp"

namespace preference_images {

namespace fs = std::filesystem;

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
