// SPDX-License-Identifier: MIT
#include "llava/checkpoint/safetensors.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <set>

#include "llava/support/file.hpp"
#include "llava/support/json.hpp"

namespace llava {
namespace {

std::filesystem::path find_in_folder(std::filesystem::path const& folder)
{
  constexpr std::array candidates{"model.safetensors", "model.safetensors.index.json",
                                  "adapter_model.safetensors"};
  for (auto const* name : candidates) {
    if (std::filesystem::exists(folder / name)) { return folder / name; }
  }
  fail_in_file(folder,
               "expected model.safetensors, model.safetensors.index.json or "
               "adapter_model.safetensors in this folder (pickle .bin files are not read)");
}

}  // namespace

tensor_file tensor_file::open(std::filesystem::path const& path, rename_function rename)
{
  tensor_file result;
  result.path_ = std::filesystem::is_directory(path) ? find_in_folder(path) : path;
  if (result.path_.extension() == ".json") {
    result.add_index(result.path_, rename);
  } else {
    result.add_file(result.path_, rename, nullptr);
  }
  return result;
}

void tensor_file::add_file(std::filesystem::path const& file, rename_function rename,
                           std::map<std::string, std::string> const* shard_of)
{
  auto layout = read_safetensors_layout(file);
  metadata_.merge(layout.metadata);
  for (auto const& info : layout.tensors) {
    if (shard_of != nullptr) {
      auto const listed = shard_of->find(info.name_in_file);
      // Tensors that the index does not place in this shard are left alone, as other readers do.
      if (listed == shard_of->end() || listed->second != file.filename()) { continue; }
    }
    std::string const name = rename != nullptr ? rename(info.name_in_file) : info.name_in_file;
    auto const [place, is_new] = tensors_.try_emplace(name, info);
    if (!is_new) {
      fail_in_file(file, info.name_in_file,
                   "expected one tensor for '" + name + "', got it a second time from '" +
                       place->second.name_in_file + "'");
    }
  }
}

void tensor_file::add_index(std::filesystem::path const& index, rename_function rename)
{
  auto const json = parse_json(read_file(index), index.string());
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    fail_in_file(index, "expected an object with a weight_map {tensor: file}");
  }
  std::map<std::string, std::string> shard_of;
  std::set<std::string> shards;
  for (auto const& [tensor, shard] : json["weight_map"].items()) {
    auto const name = shard.is_string() ? shard.get<std::string>() : std::string();
    // A plain file name, so that an index cannot reach outside its own folder.
    if (name.empty() || name == ".." || std::filesystem::path(name).filename() != name) {
      fail_in_file(index, tensor,
                   "expected the name of a file beside the index, got " + shard.dump());
    }
    shard_of[tensor] = name;
    shards.insert(name);
  }
  for (auto const& shard : shards) { add_file(index.parent_path() / shard, rename, &shard_of); }
  if (tensors_.size() == shard_of.size()) { return; }
  std::set<std::string> found;
  for (auto const& [name, info] : tensors_) { found.insert(info.name_in_file); }
  for (auto const& [tensor, shard] : shard_of) {
    if (!found.contains(tensor)) {
      fail_in_file(index, tensor, "expected it in " + shard + ", got nothing there");
    }
  }
}

std::vector<std::string> tensor_file::names() const
{
  std::vector<std::string> result;
  for (auto const& [name, info] : tensors_) { result.push_back(name); }
  return result;
}

tensor_info const& tensor_file::info(std::string_view name) const
{
  auto const found = tensors_.find(name);
  if (found == tensors_.end()) {
    fail_in_file(path_, std::string(name),
                 "expected it in this checkpoint of " + std::to_string(tensors_.size()) +
                     " tensors, got no such name");
  }
  return found->second;
}

std::vector<std::byte> tensor_file::load_bytes(std::string_view name) const
{
  tensor_info const& tensor = info(name);
  std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.bytes));
  std::ifstream in(tensor.file, std::ios::binary);
  in.seekg(tensor.offset);
  if (!in.read(reinterpret_cast<char*>(bytes.data()), tensor.bytes)) {
    fail_in_file(tensor.file, tensor.name_in_file,
                 "expected " + bytes_text(tensor.bytes) + " at offset " +
                     std::to_string(tensor.offset) + ", got " + bytes_text(in.gcount()));
  }
  return bytes;
}

template <class Real>
std::vector<Real> tensor_file::load(std::string_view name,
                                    std::vector<index_t> const& expected_shape) const
{
  tensor_info const& tensor = info(name);
  if (tensor.shape != expected_shape) {
    fail_in_file(
        tensor.file, tensor.name_in_file,
        "expected shape " + shape_text(expected_shape) + ", got " + shape_text(tensor.shape));
  }
  if (!is_floating_point(tensor.type)) {
    fail_in_file(tensor.file, tensor.name_in_file,
                 "expected F64, F32, F16 or BF16, got " + std::string(name_of(tensor.type)));
  }
  std::vector<Real> values = decode<Real>(load_bytes(name), tensor.type);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      fail_in_file(tensor.file, tensor.name_in_file,
                   "expected finite weights, got " + std::to_string(values[i]) + " at flat index " +
                       std::to_string(i));
    }
  }
  return values;
}

template std::vector<float> tensor_file::load<float>(std::string_view,
                                                     std::vector<index_t> const&) const;
template std::vector<double> tensor_file::load<double>(std::string_view,
                                                       std::vector<index_t> const&) const;

void write_safetensors(std::filesystem::path const& path, std::vector<named_tensor> tensors,
                       std::map<std::string, std::string> metadata)
{
  std::sort(tensors.begin(), tensors.end(), [](named_tensor const& a, named_tensor const& b) {
    return a.type != b.type ? a.type > b.type : a.name < b.name;
  });
  metadata.emplace("format", "pt");
  // An ordered object keeps the tensors in the order of their data.
  nlohmann::ordered_json entries;
  entries[metadata_key] = metadata;
  index_t offset = 0;
  for (auto const& tensor : tensors) {
    index_t const bytes = stored_bytes(tensor.shape, tensor.type);
    auto const given = static_cast<index_t>(tensor.bytes.size());
    if (bytes < 0 || bytes != given) {
      fail_in_file(path, tensor.name,
                   "expected " + (bytes >= 0 ? bytes_text(bytes) : "a valid size") + " for shape " +
                       shape_text(tensor.shape) + ", got " + bytes_text(given));
    }
    if (entries.contains(tensor.name)) { fail_in_file(path, tensor.name, "expected unique names"); }
    entries[tensor.name] = {{"dtype", name_of(tensor.type)},
                            {"shape", tensor.shape},
                            {"data_offsets", {offset, offset + given}}};
    offset += given;
  }
  std::string text = entries.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data starts at a multiple of 8 bytes
  if (static_cast<index_t>(text.size()) > max_header_bytes) {
    fail_in_file(path, "expected a header of at most " + bytes_text(max_header_bytes));
  }
  auto const size = static_cast<std::uint64_t>(text.size());
  write_file(path, [&](byte_sink const& sink) {
    sink(std::as_bytes(std::span(&size, 1)));
    sink(std::as_bytes(std::span<char const>(text)));
    for (auto const& tensor : tensors) { sink(tensor.bytes); }
  });
}

}  // namespace llava
