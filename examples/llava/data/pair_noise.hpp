// SPDX-License-Identifier: MIT
#pragma once
/// \file  The noise of a pair: its level by the schedule's name, and its seed.

#include <cstdint>
#include <stdexcept>
#include <string>

#include <prefopt/core/math.hpp>
#include <prefopt/image/noise_schedule.hpp>

namespace llava {

/// Throws std::invalid_argument for another name than sigmoid, linear and cosine.
inline prefopt::noise_level noise_level_named(std::string const& schedule, prefopt::index_t step)
{
  using prefopt::noise_level_at;
  if (schedule == "sigmoid") { return noise_level_at(prefopt::sigmoid_noise_schedule{}, step); }
  if (schedule == "linear") { return noise_level_at(prefopt::linear_noise_schedule{}, step); }
  if (schedule == "cosine") { return noise_level_at(prefopt::cosine_noise_schedule{}, step); }
  throw std::invalid_argument("--noise-schedule: expected sigmoid, linear or cosine, got " +
                              schedule);
}

/// One stream of noise per pair; the odd factor keeps the streams of two seeds apart.
inline std::uint64_t noise_stream(std::uint64_t seed, prefopt::index_t pair)
{
  return seed * 0x9e3779b97f4a7c15u + static_cast<std::uint64_t>(pair);
}

}  // namespace llava
