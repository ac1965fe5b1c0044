// SPDX-License-Identifier: MIT
#pragma once
/// \file  Reproducible initial values: a tensor's numbers depend on its name and a seed only.

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "llava/model/parameter.hpp"

namespace llava {

/// FNV-1a, 64 bits.
constexpr std::uint64_t hash_name(std::string_view name)
{
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3u;
  }
  return hash;
}

/// The k-th uniform number in [0, 1) of a stream: splitmix64 (Steele et al. 2014) of seed + k, its
/// upper 53 bits.
constexpr double uniform_number(std::uint64_t seed, std::uint64_t k)
{
  std::uint64_t z = seed + k + 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-53;
}

/// `count` values offset + scale (2 u - 1), uniform in [offset - scale, offset + scale), rounded to
/// float so that float and double models start equal.
template <class Real>
std::vector<Real> uniform_values(std::string_view name, index_t count, double scale, double offset,
                                 std::uint64_t seed = 0)
{
  std::vector<Real> values(static_cast<std::size_t>(count));
  std::uint64_t const stream = hash_name(name) + seed * 0xd1342543de82ef95u;
  for (std::size_t k = 0; k < values.size(); ++k) {
    double const u = uniform_number(stream, k);
    values[k] = static_cast<Real>(static_cast<float>(offset + scale * (2 * u - 1)));
  }
  return values;
}

/// Whether a tensor is a norm's weight or bias ("layer_norm1", "pre_layrnorm", "input_layernorm",
/// "model.norm").
inline bool is_norm_name(std::string_view name)
{
  return name.find("norm") != std::string_view::npos;
}

inline bool is_bias_name(std::string_view name)
{
  return name.ends_with(".bias");
}

/// Weights of a model that has none yet: norm weights 1, biases 0, LoRA B 0, LoRA A uniform within
/// +-1 / sqrt(in) as PEFT draws it, everything else uniform with standard deviation `deviation`
/// (0.02 in Hugging Face configurations). Called as a model's `load`.
template <class Real>
struct initial_weights {
  std::uint64_t seed = 0;
  double deviation = 0.02;

  std::vector<Real> operator()(std::string const& name, std::vector<index_t> const& shape) const
  {
    index_t const count = element_count(shape);
    auto const size = static_cast<std::size_t>(count);
    if (is_bias_name(name) || name.ends_with(".lora_B.weight")) return std::vector<Real>(size, 0);
    if (is_norm_name(name)) return std::vector<Real>(size, 1);
    double const bound = name.ends_with(".lora_A.weight")
                             ? 1 / std::sqrt(static_cast<double>(shape.back()))
                             : deviation * std::sqrt(3.0);
    return uniform_values<Real>(name, count, bound, 0, seed);
  }
};

}  // namespace llava
