// SPDX-License-Identifier: MIT
#include "llava/checkpoint/safetensors_header.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <stdexcept>

#include "llava/support/file.hpp"
#include "llava/support/json.hpp"

namespace llava {
std::string shape_text(std::vector<index_t> const& shape)
{
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

std::string bytes_text(index_t bytes)
{
  return std::to_string(bytes) + " bytes";
}

void fail_in_file(std::filesystem::path const& file, std::string const& what)
{
  throw std::runtime_error(file.string() + ": " + what);
}

void fail_in_file(std::filesystem::path const& file, std::string const& tensor,
                  std::string const& what)
{
  fail_in_file(file, "tensor '" + tensor + "': " + what);
}

index_t stored_bytes(std::vector<index_t> const& shape, dtype type)
{
  index_t bits = bits_of(type);
  for (index_t const extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(bits, extent, &bits)) { return -1; }
  }
  return bits % 8 == 0 ? bits / 8 : -1;
}

namespace {

constexpr index_t prefix_bytes = 8;  // the header size itself

index_t read_size(nlohmann::json const& number, std::filesystem::path const& file,
                  std::string const& tensor, std::string const& what)
{
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<index_t>::max());
  if (!number.is_number_unsigned() || number.get<std::uint64_t>() > largest) {
    fail_in_file(file, tensor,
                 "expected a non-negative 64-bit integer in " + what + ", got " + number.dump());
  }
  return static_cast<index_t>(number.get<std::uint64_t>());
}

struct header {
  nlohmann::json entries;
  index_t data_begin = 0;  // offset of the first element's byte in the file
  index_t data_bytes = 0;
};

header read_header(std::filesystem::path const& file)
{
  index_t const total = file_bytes(file);
  if (total < prefix_bytes) {
    fail_in_file(file, "expected at least the 8 bytes of a header size, got " + bytes_text(total));
  }
  std::ifstream in(file, std::ios::binary);
  std::uint64_t stated = 0;
  std::array<char, prefix_bytes> prefix{};
  if (!in.read(prefix.data(), prefix_bytes)) { fail_in_file(file, "expected a readable file"); }
  std::memcpy(&stated, prefix.data(), prefix.size());
  if (stated > static_cast<std::uint64_t>(max_header_bytes)) {
    fail_in_file(file, "expected a header of at most " + bytes_text(max_header_bytes) + ", got " +
                           std::to_string(stated) + " bytes; is this a safetensors file?");
  }
  auto const size = static_cast<index_t>(stated);
  if (size > total - prefix_bytes) {
    fail_in_file(file, "expected a header of " + bytes_text(size) + ", got a file with only " +
                           bytes_text(total - prefix_bytes) + " after the header size");
  }
  std::string text(static_cast<std::size_t>(size), '\0');
  if (!in.read(text.data(), size)) { fail_in_file(file, "expected a readable header"); }
  if (text.empty() || text.front() != '{') {
    fail_in_file(file, "expected a header that starts with '{'");
  }
  return {parse_json(text, file.string()), prefix_bytes + size, total - prefix_bytes - size};
}

/// Reads one header entry; its offset is relative to the start of the file.
tensor_info read_entry(std::filesystem::path const& file, header const& head,
                       std::string const& name, nlohmann::json const& entry)
{
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets") || entry.size() != 3) {
    fail_in_file(file, name, "expected exactly dtype, shape and data_offsets, got " + entry.dump());
  }
  tensor_info info;
  info.file = file;
  info.name_in_file = name;
  auto const& type = entry["dtype"];
  auto const known = type.is_string() ? dtype_of(type.get_ref<std::string const&>()) : std::nullopt;
  if (!known) { fail_in_file(file, name, "expected a dtype of the format, got " + type.dump()); }
  info.type = *known;

  auto const& shape = entry["shape"];
  if (!shape.is_array()) {
    fail_in_file(file, name, "expected an array as shape, got " + shape.dump());
  }
  for (auto const& extent : shape) { info.shape.push_back(read_size(extent, file, name, "shape")); }

  auto const& offsets = entry["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2) {
    fail_in_file(file, name, "expected two data_offsets, got " + offsets.dump());
  }
  index_t const begin = read_size(offsets[0], file, name, "data_offsets");
  index_t const end = read_size(offsets[1], file, name, "data_offsets");
  if (begin > end || end > head.data_bytes) {
    fail_in_file(file, name,
                 "expected data_offsets inside the " + bytes_text(head.data_bytes) +
                     " of data, got " + offsets.dump());
  }
  index_t const bytes = stored_bytes(info.shape, info.type);
  std::string const described =
      "shape " + shape_text(info.shape) + " of " + std::string(name_of(info.type));
  if (bytes < 0) {
    fail_in_file(file, name, "expected a size of whole bytes below 2^63, got " + described);
  }
  if (bytes != end - begin) {
    fail_in_file(file, name,
                 "expected " + bytes_text(bytes) + " for " + described + ", got " +
                     bytes_text(end - begin) + " in data_offsets");
  }
  info.bytes = bytes;
  info.offset = head.data_begin + begin;
  return info;
}

std::map<std::string, std::string> read_metadata(std::filesystem::path const& file,
                                                 nlohmann::json const& entry)
{
  std::map<std::string, std::string> metadata;
  if (!entry.is_object()) {
    fail_in_file(file, "expected an object as __metadata__, got " + entry.dump());
  }
  for (auto const& [key, value] : entry.items()) {
    if (!value.is_string()) {
      fail_in_file(file,
                   "expected strings in __metadata__, got " + value.dump() + " for '" + key + "'");
    }
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

/// The tensors must cover the data exactly: a hole or an overlap is a sign of a damaged or hostile
/// file.
void check_tiling(std::filesystem::path const& file, header const& head,
                  std::vector<tensor_info> infos)
{
  std::sort(infos.begin(), infos.end(), [](tensor_info const& a, tensor_info const& b) {
    return a.offset != b.offset ? a.offset < b.offset : a.bytes < b.bytes;
  });
  index_t expected = head.data_begin;
  for (auto const& info : infos) {
    if (info.offset != expected) {
      fail_in_file(file, info.name_in_file,
                   std::string("expected data without ") +
                       (info.offset > expected ? "holes" : "overlap") + ", so at data offset " +
                       std::to_string(expected - head.data_begin) + ", got " +
                       std::to_string(info.offset - head.data_begin));
    }
    expected = info.offset + info.bytes;
  }
  if (expected != head.data_begin + head.data_bytes) {
    fail_in_file(file, "expected data of " + bytes_text(expected - head.data_begin) +
                           " as the header says, got " + bytes_text(head.data_bytes));
  }
}

}  // namespace

safetensors_layout read_safetensors_layout(std::filesystem::path const& file)
{
  header const head = read_header(file);
  safetensors_layout layout;
  for (auto const& [name, entry] : head.entries.items()) {
    if (name == metadata_key) {
      layout.metadata = read_metadata(file, entry);
    } else {
      layout.tensors.push_back(read_entry(file, head, name, entry));
    }
  }
  check_tiling(file, head, layout.tensors);
  return layout;
}

}  // namespace llava
