// SPDX-License-Identifier: MIT
#pragma once
/// \file  The header of one safetensors file: parsed, and checked against the size of the file.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <prefopt/core/math.hpp>

#include "llava/checkpoint/dtype.hpp"

namespace llava {

inline constexpr index_t max_header_bytes = 100'000'000;  // the cap of the reference implementation
inline constexpr auto metadata_key = "__metadata__";

/// What a header says about one tensor.
struct tensor_info {
  dtype type = dtype::f32;
  std::vector<index_t> shape;  // empty for a scalar
  index_t bytes = 0;
  index_t offset = 0;  // of the first byte, from the start of the file
  std::filesystem::path file;
  std::string name_in_file;
};

/// All tensors of one file, and the string pairs of its `__metadata__`.
struct safetensors_layout {
  std::vector<tensor_info> tensors;
  std::map<std::string, std::string> metadata;
};

/// Reads and checks a header: its size, its JSON (no repeated keys), types, shapes, sizes without
/// overflow, and that the tensors tile the data without hole or overlap.
/// Throws std::runtime_error naming file, tensor, expected and got.
safetensors_layout read_safetensors_layout(std::filesystem::path const& file);

/// Bytes of a tensor, or -1 when they overflow 63 bits or end inside a byte.
index_t stored_bytes(std::vector<index_t> const& shape, dtype type);

/// "[2, 3]"
std::string shape_text(std::vector<index_t> const& shape);

/// "12 bytes"
std::string bytes_text(index_t bytes);

/// Throws std::runtime_error "<file>: <what>" or "<file>: tensor '<tensor>': <what>".
[[noreturn]] void fail_in_file(std::filesystem::path const& file, std::string const& what);
[[noreturn]] void fail_in_file(std::filesystem::path const& file, std::string const& tensor,
                               std::string const& what);

}  // namespace llava
