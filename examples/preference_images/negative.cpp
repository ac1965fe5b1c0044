// SPDX-License-Identifier: MIT
#include "preference_images/negative.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <stdexcept>
#include <vector>

#include <prefopt/image/blur.hpp>
#include <prefopt/image/corruption.hpp>
#include <prefopt/image/mask_out.hpp>
#include <prefopt/image/noise.hpp>
#include <prefopt/image/patch_shuffle.hpp>
#include <prefopt/image/preprocess.hpp>
#include <prefopt/image/random_region.hpp>
#include <prefopt/image/resize.hpp>
#include <prefopt/image/run_lengths.hpp>

#include "llava/data/pair_noise.hpp"
#include "preference_images/png.hpp"

namespace preference_images {
namespace {

prefopt::preprocess_options options_of(negative_recipe const& recipe)
{
  return {.size = recipe.size,
          .mode = recipe.image_mode == "crop" ? prefopt::square_mode::centre_crop
                                              : prefopt::square_mode::pad};
}

/// Corrupts in place. `colours` are the channels' mean and `spread` their standard deviation, in
/// the units of the elements.
template <class Stored>
prefopt::corruption_report corrupt_with(negative_recipe const& recipe, std::vector<Stored>& values,
                                        std::vector<std::uint8_t> const& mask,
                                        prefopt::tensor_layout const& layout,
                                        std::array<float, 3> const& mean,
                                        std::array<float, 3> const& spread)
{
  std::span<Stored> const out(values);
  if (recipe.corruption == "diffusion") {
    prefopt::diffusion_noise const noise{
        .level = llava::noise_level_named(recipe.schedule, recipe.step),
        .seed = recipe.seed,
        .centre = {mean[0], mean[1], mean[2]},
        .spread = {spread[0], spread[1], spread[2]}};
    return prefopt::corrupt(noise, out, mask, out, layout);
  }
  if (recipe.corruption == "mask_out") {
    return prefopt::corrupt(prefopt::mask_out{{mean[0], mean[1], mean[2]}}, out, mask, out, layout);
  }
  if (recipe.corruption == "patch_shuffle") {
    std::vector<Stored> const original = values;
    auto const shuffle =
        prefopt::make_patch_shuffle(layout, recipe.seed, std::min(layout.width, index_t{14}),
                                    std::min(layout.height, index_t{14}));
    return prefopt::corrupt(shuffle, original, mask, out, layout);
  }
  if (recipe.corruption == "blur") {
    std::vector<float> workspace(values.size());
    constexpr double sigma = 8;  // pixels
    return prefopt::blur_regions(sigma, std::span<Stored const>(out), mask, out, layout,
                                 std::span(workspace));
  }
  throw std::runtime_error(
      "corruption: expected diffusion, blur, mask_out, patch_shuffle or crop, got " +
      recipe.corruption);
}

/// NumPy's file of a float32 array in C order, version 1.0.
std::string npy_file(prefopt::plane_image const& image)
{
  static_assert(std::endian::native == std::endian::little);
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                       std::to_string(image.channels) + ", " + std::to_string(image.height) + ", " +
                       std::to_string(image.width) + "), }";
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size() % 256);
  bytes += static_cast<char>(header.size() / 256);
  bytes += header;
  std::size_t const begin = bytes.size();
  bytes.resize(begin + image.values.size() * sizeof(float));
  std::memcpy(bytes.data() + begin, image.values.data(), image.values.size() * sizeof(float));
  return bytes;
}

byte_image pixels_of(prefopt::plane_image const& image, prefopt::preprocess_options const& options)
{
  byte_image pixels = prefopt::make_byte_image(image.width, image.height, 3);
  auto const plane = static_cast<std::size_t>(image.width * image.height);
  for (std::size_t i = 0; i < plane; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      float const unit =
          image.values[c * plane + i] * options.standard_deviation[c] + options.mean[c];
      pixels.pixels[3 * i + c] = prefopt::element_codec<std::uint8_t>::encode(unit);
    }
  }
  return pixels;
}

}  // namespace

byte_image framed(byte_image const& picture, negative_recipe const& recipe)
{
  return recipe.size == 0 ? picture : prefopt::square_image(picture, options_of(recipe));
}

byte_image framed_region(negative_recipe const& recipe)
{
  if (!recipe.region) { return {0, 0, 1, {}}; }
  return recipe.size == 0 ? *recipe.region
                          : prefopt::preprocess_mask(*recipe.region, options_of(recipe));
}

negative make_negative(byte_image const& picture, negative_recipe const& recipe)
{
  auto const options = options_of(recipe);
  if (recipe.region &&
      (recipe.region->width != picture.width || recipe.region->height != picture.height)) {
    throw std::runtime_error("expected a region of the size of its picture");
  }
  bool const cuts = recipe.corruption == "crop";
  if (cuts && !recipe.box) { throw std::runtime_error("expected a box to cut out, got none"); }
  byte_image look = framed(cuts ? prefopt::resize_bicubic(prefopt::crop(picture, *recipe.box),
                                                          picture.width, picture.height)
                                : picture,
                           recipe);
  prefopt::tensor_layout layout{.channels = 3, .height = look.height, .width = look.width};
  std::vector<std::uint8_t> const mask = framed_region(recipe).pixels;
  prefopt::corruption_report report{.corrupted_pixels = layout.pixels(), .whole = true};
  negative made;
  if (recipe.form == "npy") {
    prefopt::plane_image tensor = prefopt::normalise(look, options);
    if (!cuts) { report = corrupt_with(recipe, tensor.values, mask, layout, {0, 0, 0}, {1, 1, 1}); }
    made.bytes = npy_file(tensor);
    made.look = pixels_of(tensor, options);
  } else {
    layout.interleaved = true;
    if (!cuts) {
      report =
          corrupt_with(recipe, look.pixels, mask, layout, options.mean, options.standard_deviation);
    }
    made.bytes = png_file(look);
    made.look = std::move(look);
  }
  made.whole = report.whole;
  made.share = static_cast<double>(report.corrupted_pixels) / static_cast<double>(layout.pixels());
  return made;
}

nlohmann::ordered_json to_record(negative_recipe const& recipe)
{
  nlohmann::ordered_json record;
  record["corruption"] = recipe.corruption;
  if (recipe.corruption == "diffusion") {
    record["schedule"] = recipe.schedule;
    record["step"] = recipe.step;
  }
  record["seed"] = recipe.seed;
  record["form"] = recipe.form;
  record["size"] = recipe.size;
  record["image_mode"] = recipe.image_mode;
  if (recipe.region) {
    record["region"] = {{"size", {recipe.region->height, recipe.region->width}},
                        {"counts", prefopt::write_counts(prefopt::encode_runs(*recipe.region))}};
  }
  if (recipe.box) {
    record["box"] = {recipe.box->left, recipe.box->top, recipe.box->right, recipe.box->bottom};
  }
  return record;
}

negative_recipe from_record(nlohmann::json const& record)
try {
  negative_recipe recipe;
  recipe.corruption = record.at("corruption").get<std::string>();
  recipe.schedule = record.value("schedule", recipe.schedule);
  recipe.step = record.value("step", recipe.step);
  recipe.seed = record.at("seed").get<std::uint64_t>();
  recipe.form = record.at("form").get<std::string>();
  recipe.size = record.at("size").get<index_t>();
  recipe.image_mode = record.at("image_mode").get<std::string>();
  if (record.contains("region")) {
    auto const& region = record["region"];
    recipe.region = prefopt::decode_runs(prefopt::read_counts(
        region.at("counts").get<std::string>(), region.at("size").at(1).get<index_t>(),
        region.at("size").at(0).get<index_t>()));
  }
  if (record.contains("box")) {
    auto const box = record["box"].get<std::array<index_t, 4>>();
    recipe.box = {box[0], box[1], box[2], box[3]};
  }
  return recipe;
} catch (nlohmann::json::exception const& error) {
  throw std::runtime_error(std::string("expected the record of a negative, got ") + error.what());
}

}  // namespace preference_images
