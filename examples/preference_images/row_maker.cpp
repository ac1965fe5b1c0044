// SPDX-License-Identifier: MIT
#include "preference_images/row_maker.hpp"

#include <exception>
#include <filesystem>
#include <new>
#include <utility>

#include <prefopt/image/random_region.hpp>

#include "llava/data/pair_noise.hpp"
#include "llava/image/decode.hpp"
#include "preference_images/part_files.hpp"
#include "preference_images/picture_path.hpp"
#include "preference_images/png.hpp"

namespace preference_images {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

made_row row_maker::operator()(llava::json_row const& row, index_t number) const
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

made_row row_maker::make(llava::json_row const& row, index_t number) const
{
  llava::pair_row const pair = llava::parse_pair_row(row.text, row.where);
  auto const limits = limits_of(options_);
  byte_image const picture = llava::decode_image(file_below(options_.images, pair.image), limits);
  negative_recipe recipe{.corruption = options_.corruption,
                         .schedule = options_.noise_schedule,
                         .step = options_.noise_step,
                         .seed = llava::noise_stream(options_.seed, number),
                         .form = options_.form,
                         .size = options_.size,
                         .image_mode = options_.image_mode,
                         .region = {},
                         .box = {}};
  key_region key;
  if (options_.mode == "key") {
    key = key_region_of(pair, picture);
    recipe.region = std::move(key.mask);
  } else {
    key.keywords = finder_.keywords(pair.chosen);
  }
  if (options_.mode == "random") {
    auto const box =
        prefopt::random_box(picture.width, picture.height, recipe.seed, options_.random_share);
    recipe.region = prefopt::mask_of_pixels(box, picture.width, picture.height);
  }
  if (options_.mode == "crop") {
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

key_region row_maker::key_region_of(llava::pair_row const& pair, byte_image const& picture) const
{
  if (!pair.mask) { return finder_.find(pair.chosen, pair.image, picture.width, picture.height); }
  auto const folder = fs::path(options_.pairs).parent_path();
  key_region key{.keywords = finder_.keywords(pair.chosen)};
  key.mask = llava::decode_mask(file_below(folder, *pair.mask), picture.width, picture.height, 128,
                                limits_of(options_));
  if (prefopt::mask_area(*key.mask) == 0) { key.mask.reset(); }
  return key;
}

ordered_json row_maker::record(llava::pair_row const& pair, key_region const& key,
                               negative_recipe const& recipe, negative const& made,
                               index_t number) const
{
  ordered_json line{{"question", pair.question},
                    {"chosen", pair.chosen},
                    {"rejected", pair.rejected},
                    {"image", pair.image}};
  if (recipe.region) { line["mask"] = "masks/" + numbered(number, ".png"); }
  line["row"] = number;
  line["mode"] = options_.mode;
  line["keywords"] = key.keywords;
  line["regions"] = key.found;
  line["whole_image"] = made.whole;
  line["share"] = made.share;
  line["negative"] = {{"file", "negatives/" + numbered(number, "." + recipe.form)}};
  line["negative"].update(to_record(recipe));
  return line;
}

}  // namespace preference_images
