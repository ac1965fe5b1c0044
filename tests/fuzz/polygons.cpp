// SPDX-License-Identifier: MIT
/// \file  Polygons and boxes of any coordinates: refused, or a mask of the picture's size.

#include <array>
#include <cstring>
#include <vector>

#include <prefopt/image/box.hpp>
#include <prefopt/image/polygon.hpp>

#include "fuzz/fuzz.hpp"

namespace {

/// Near the picture, or any bits at all.
double coordinate(fuzz::numbers& in)
{
  unsigned const kind = in.next();
  if (kind < 250) { return static_cast<double>(kind) - 40 + in.next() / 256.0; }
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) { bits = bits << 8 | in.next(); }
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
  fuzz::numbers in{fuzz::text_of(data, size)};
  auto const width = static_cast<prefopt::index_t>(in.next());
  auto const height = static_cast<prefopt::index_t>(in.next());
  std::vector<std::vector<double>> polygons(1);
  while (!in.bytes.empty()) {
    if (in.bytes[0] == '\xff') {
      in.next();
      polygons.emplace_back();
    }
    polygons.back().push_back(coordinate(in));
  }
  fuzz::refused([&] {
    auto const mask = prefopt::mask_of_polygons(polygons, width, height);
    fuzz::require(mask.width == width && mask.height == height);
    prefopt::check_image(mask);
  });
  auto const& first = polygons[0];
  if (first.size() < 4) { return 0; }
  std::array<double, 4> const box{first[0], first[1], first[2], first[3]};
  fuzz::refused([&] { prefopt::mask_of_box(prefopt::box_of_corners(box), width, height); });
  fuzz::refused([&] { prefopt::mask_of_box(prefopt::box_of_sides(box), width, height); });
  fuzz::refused(
      [&] { prefopt::mask_of_box(prefopt::box_of_centre(box, width, height), width, height); });
  return 0;
}
