// SPDX-License-Identifier: MIT
#include "llava/data/prepared_pairs.hpp"

#include <stdexcept>
#include <utility>

#include "llava/data/pair_noise.hpp"
#include "llava/data/preference_pairs.hpp"
#include "llava/image/decode.hpp"

namespace llava {

namespace {

answer_tokens widen(encoded_answer const& answer)
{
  return {{answer.ids.begin(), answer.ids.end()}, answer.answer_begin};
}

prefopt::square_mode square_mode_of(run_options const& o)
{
  if (o.image_mode == "pad") { return prefopt::square_mode::pad; }
  if (o.image_mode == "crop") { return prefopt::square_mode::centre_crop; }
  throw_unknown("image-mode", o.image_mode);
}

}  // namespace

std::vector<prepared_pair> prepare_pairs(run_options const& options, tokenizer const& tokens,
                                         prompt_options const& prompt)
{
  preference_pair_reader reader(options.pairs, options.images);
  std::vector<prepared_pair> pairs;
  while (auto pair = reader.next()) {
    auto const encode = [&](std::string const& answer) {
      return widen(encode_answer(tokens, prompt, pair->question, answer, pair->where));
    };
    pairs.push_back({encode(pair->chosen), encode(pair->rejected), std::move(pair->image),
                     std::move(pair->mask), pair->where});
  }
  if (pairs.empty()) {
    throw std::runtime_error(options.pairs + ": expected at least one preference pair, got none");
  }
  return pairs;
}

pixel_source::pixel_source(run_options const& options, index_t image_size, std::size_t cache_bytes)
    : preprocess_{.size = image_size, .mode = square_mode_of(options)},
      level_(noise_level_named(options.noise_schedule, options.noise_step)),
      seed_(options.seed),
      cache_left_(cache_bytes)
{
}

pair_pixels pixel_source::get(prepared_pair const& pair, index_t index)
{
  auto const found = cache_.find(index);
  if (found != cache_.end()) { return found->second; }
  pair_pixels made = make(pair, index);
  std::size_t const bytes = 2 * made.clean.size() * sizeof(float);
  if (bytes <= cache_left_) {
    cache_left_ -= bytes;
    cache_.emplace(index, made);
  }
  return made;
}

pair_pixels pixel_source::make(prepared_pair const& pair, index_t index) const
{
  byte_image const image = decode_image(pair.image);
  pair_pixels pixels;
  pixels.clean = prefopt::preprocess(image, preprocess_).values;
  pixels.noised.resize(pixels.clean.size());
  std::vector<std::uint8_t> mask;
  if (pair.mask) {
    mask = prefopt::preprocess_mask(decode_mask(*pair.mask, image.width, image.height), preprocess_)
               .pixels;
  }
  pixels.whole_image =
      prefopt::noise_regions(pixels.clean, mask, pixels.noised, preprocess_.size * preprocess_.size,
                             level_, noise_stream(seed_, index))
          .whole_image;
  return pixels;
}

}  // namespace llava
