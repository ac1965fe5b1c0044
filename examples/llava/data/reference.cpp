// SPDX-License-Identifier: MIT
#include "llava/data/reference.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "llava/checkpoint/safetensors.hpp"
#include "llava/support/file.hpp"

namespace llava {

void fingerprint::add(std::span<std::byte const> bytes)
{
  auto const mix = [this](std::uint64_t word) {  // FNV-1a on words, with the high bits folded back
    hash_ = (hash_ ^ word) * 0x100000001b3u;
    hash_ ^= hash_ >> 29;
  };
  while (bytes.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    mix(word);
    bytes = bytes.subspan(sizeof word);
  }
  for (std::byte b : bytes) { mix(std::to_integer<std::uint64_t>(b)); }
}

void fingerprint::add(std::string const& text)
{
  add(std::as_bytes(std::span(text)));
  add_numbers({static_cast<index_t>(text.size())});
}

void fingerprint::add_numbers(std::vector<index_t> const& numbers)
{
  add(std::as_bytes(std::span(numbers)));
}

void fingerprint::add_file(std::filesystem::path const& path)
{
  constexpr index_t chunk = index_t{1} << 20;
  index_t const size = file_bytes(path);
  std::ifstream in(path, std::ios::binary);
  std::vector<char> bytes(static_cast<std::size_t>(chunk));
  for (index_t at = 0; at < size; at += chunk) {
    index_t const count = std::min(chunk, size - at);
    if (!in.read(bytes.data(), count)) {
      throw std::runtime_error(path.string() + ": reading failed");
    }
    add(std::as_bytes(std::span(bytes).first(static_cast<std::size_t>(count))));
  }
  add_numbers({size});
}

std::string fingerprint::text() const
{
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(hash_));
  return digits.data();
}

std::string run_fingerprint(run_options const& options, std::vector<prepared_pair> const& pairs)
{
  fingerprint f;
  for (auto const* text :
       {&options.prompt, &options.image_mode, &options.noise_schedule, &options.difficulty}) {
    f.add(*text);
  }
  f.add_numbers({options.noise_step, static_cast<index_t>(options.seed)});
  std::vector<std::filesystem::path> files;  // in an order of their own, not the folder's
  for (auto const& entry : std::filesystem::directory_iterator(options.model)) {
    auto const& path = entry.path();
    if (path.extension() == ".safetensors" || path.filename() == "config.json") {
      files.push_back(path);
    }
  }
  std::sort(files.begin(), files.end());
  for (auto const& file : files) { f.add_file(file); }
  std::filesystem::path last;
  for (prepared_pair const& pair : pairs) {
    for (answer_tokens const* answer : {&pair.chosen, &pair.rejected}) {
      f.add_numbers(answer->ids);
      f.add_numbers({answer->answer_begin});
    }
    if (pair.image != last) { f.add_file(pair.image); }
    last = pair.image;
    if (pair.mask) { f.add_file(*pair.mask); }
  }
  return f.text();
}

void save_reference(std::filesystem::path const& file, reference_scores const& scores,
                    std::string const& fingerprint)
{
  auto const n = static_cast<index_t>(scores.chosen.size());
  write_safetensors(file,
                    {make_tensor<float>("chosen", {n}, scores.chosen),
                     make_tensor<float>("rejected", {n}, scores.rejected),
                     make_tensor<float>("perturbed", {n}, scores.perturbed),
                     make_tensor<double>("difficulty", {n}, scores.difficulty)},
                    {{"fingerprint", fingerprint}});
}

reference_scores load_reference(std::filesystem::path const& file, std::size_t pairs,
                                std::string const& fingerprint)
{
  tensor_file const kept = tensor_file::open(file);
  auto const& metadata = kept.metadata();
  std::string const made_for =
      metadata.contains("fingerprint") ? metadata.at("fingerprint") : std::string("nothing");
  if (made_for != fingerprint) {
    throw std::runtime_error(file.string() + ": expected reference scores for data and weights " +
                             fingerprint + ", got some for " + made_for +
                             "; pairs, images, masks, noise or weights have changed since");
  }
  std::vector<index_t> const shape{static_cast<index_t>(pairs)};
  return {kept.load<float>("chosen", shape), kept.load<float>("rejected", shape),
          kept.load<float>("perturbed", shape), kept.load<double>("difficulty", shape)};
}

}  // namespace llava
