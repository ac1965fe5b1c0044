// SPDX-License-Identifier: MIT
#pragma once
/// \file  Reader and writer of the safetensors weight format, single files and sharded checkpoints.
///
///     auto const weights = llava::tensor_file::open("llava-1.5-7b-hf", llava::canonical_name);
///     std::vector<float> const norm = weights.load<float>("language_model.model.norm.weight",
///     {4096});
///
///     std::vector<llava::named_tensor> out{llava::make_tensor<float>("w", {2, 3}, values)};
///     llava::write_safetensors("model.safetensors", out);
///
/// A file is a little-endian 64-bit header size, a JSON header {name: {dtype, shape,
/// data_offsets}}, and the elements in C order. Everything the header claims is checked against the
/// file before any element is read; every error is a std::runtime_error that names file, tensor,
/// expected and got.

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <prefopt/core/math.hpp>

#include "llava/checkpoint/dtype.hpp"
#include "llava/checkpoint/safetensors_header.hpp"

namespace llava {

/// Maps a tensor's name in a file to the name the program uses.
using rename_function = std::string (*)(std::string_view);

/// An opened checkpoint: names and shapes in memory, elements read on demand.
/// A value that is never changed after opening, so several threads may load from it.
class tensor_file {
 public:
  /// Opens a `.safetensors` file, a `.safetensors.index.json` of a sharded checkpoint, or a folder
  /// that holds `model.safetensors`, its index or `adapter_model.safetensors`. `rename`, if given,
  /// translates every name; two names that become one are an error.
  static tensor_file open(std::filesystem::path const& path, rename_function rename = nullptr);

  std::filesystem::path const& path() const { return path_; }

  /// All names, sorted.
  std::vector<std::string> names() const;

  bool contains(std::string_view name) const { return tensors_.find(name) != tensors_.end(); }

  /// Throws if there is no such tensor.
  tensor_info const& info(std::string_view name) const;
  std::vector<index_t> const& shape(std::string_view name) const { return info(name).shape; }

  /// The string pairs of `__metadata__` (of a sharded checkpoint: of all shards).
  std::map<std::string, std::string> const& metadata() const { return metadata_; }

  /// Elements as float or double (from F64, F32, F16, BF16). Throws if the tensor is missing, has
  /// another shape or type, or holds NaN or infinity (the error gives the flat index).
  template <class Real>
  std::vector<Real> load(std::string_view name, std::vector<index_t> const& expected_shape) const;

  /// Elements as stored, of any type, unchecked.
  std::vector<std::byte> load_bytes(std::string_view name) const;

 private:
  void add_file(std::filesystem::path const& file, rename_function rename,
                std::map<std::string, std::string> const* shard_of);
  void add_index(std::filesystem::path const& index, rename_function rename);

  std::filesystem::path path_;
  std::map<std::string, tensor_info, std::less<>> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// One tensor to write; `bytes` (C order, little-endian) are borrowed until the file is written.
struct named_tensor {
  std::string name;
  dtype type = dtype::f32;
  std::vector<index_t> shape;
  std::span<std::byte const> bytes;
};

/// A tensor that borrows `values` as F32 or F64; use encode() and the aggregate for 16-bit types.
template <class Real>
named_tensor make_tensor(std::string name, std::vector<index_t> shape, std::span<Real const> values)
{
  static_assert(sizeof(Real) == 4 || sizeof(Real) == 8, "llava: expected float or double");
  return {std::move(name), sizeof(Real) == 4 ? dtype::f32 : dtype::f64, std::move(shape),
          std::as_bytes(values)};
}

/// Writes a checkpoint in the order of the reference writer (larger element types first, then by
/// name), with `__metadata__` {"format": "pt"} plus `metadata`, through a temporary file.
/// Throws std::runtime_error for repeated names and for sizes that do not match the shape.
void write_safetensors(std::filesystem::path const& path, std::vector<named_tensor> tensors,
                       std::map<std::string, std::string> metadata = {});

}  // namespace llava
