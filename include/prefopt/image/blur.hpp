// SPDX-License-Identifier: MIT
#pragma once
/// \file  Gaussian blur of a region.

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/image/corruption.hpp>
#include <prefopt/image/tensor_layout.hpp>

namespace prefopt {

/// Along one axis, x' = sum over |k| <= radius of weight[|k|] x[at + k]; beyond the edge lies the
/// edge's pixel. Make it with `make_gaussian_blur`, whose weights sum to 1.
struct axis_blur {
  static constexpr bool reads_neighbours = true;
  static constexpr index_t most_radius = 64;

  index_t radius = 0;
  bool along_x = true;
  float weight[most_radius + 1] = {1};

  template <class Stored>
  PREFOPT_HD float operator()(tensor_reader<Stored> const& in, element_place const& at) const
  {
    using std::fma;
    float sum = weight[0] * in(at);
    for (index_t k = 1; k <= radius; ++k) {
      float const pair = neighbour(in, at, -k) + neighbour(in, at, k);
      sum = fma(weight[k], pair, sum);
    }
    return sum;
  }

 private:
  template <class Stored>
  PREFOPT_HD float neighbour(tensor_reader<Stored> const& in, element_place const& at,
                             index_t step) const
  {
    index_t const last_x = in.layout.width - 1, last_y = in.layout.height - 1;
    return along_x ? in.at(at, at.y, clamp(at.x + step, index_t{0}, last_x))
                   : in.at(at, clamp(at.y + step, index_t{0}, last_y), at.x);
  }
};
static_assert(corruption<axis_blur>);

/// The Gaussian of standard deviation `sigma` pixels, cut at 3 sigma. Throws std::invalid_argument
/// unless 0 < sigma <= 21 1/3.
inline axis_blur make_gaussian_blur(double sigma, bool along_x = true)
{
  if (!(sigma > 0 && sigma <= axis_blur::most_radius / 3.0)) {
    detail::throw_invalid("make_gaussian_blur", "sigma", "a number in (0, 21 1/3]",
                          std::to_string(sigma));
  }
  axis_blur blur;
  blur.radius = static_cast<index_t>(std::ceil(3 * sigma));
  blur.along_x = along_x;
  double exact[axis_blur::most_radius + 1], sum = 0;
  for (index_t k = 0; k <= blur.radius; ++k) {
    double const u = static_cast<double>(k) / sigma;
    exact[k] = std::exp(-u * u / 2);
    sum += k == 0 ? exact[k] : 2 * exact[k];
  }
  for (index_t k = 0; k <= blur.radius; ++k) {
    blur.weight[k] = static_cast<float>(exact[k] / sum);
  }
  return blur;
}

/// Blurs a region in both directions: along x everywhere into `workspace` (as many floats as
/// elements, apart from both), then along y inside the mask. The other arguments, report and errors
/// are those of `corrupt`, but `out` may be `in`.
template <class Stored>
corruption_report blur_regions(double sigma, std::type_identity_t<std::span<Stored const>> in,
                               std::type_identity_t<std::span<std::uint8_t const>> mask,
                               std::span<Stored> out, tensor_layout const& layout,
                               std::span<float> workspace, int threads = 1)
{
  corruption_report const report = corruption_extent(layout, mask);
  detail::require_tensor("in", in, layout);
  detail::require_tensor("out", out, layout);
  detail::require_tensor("workspace", workspace, layout);
  detail::require_threads("corrupt", threads);
  if (detail::overlap(workspace, in) || detail::overlap(workspace, out) ||
      (detail::overlap(in, out) && in.data() != out.data())) {
    detail::throw_invalid("blur_regions", "in, out and workspace",
                          "memory apart from each other, or 'in' as 'out'", "an overlap");
  }
  tensor_layout planes = layout;
  planes.interleaved = false;
  tensor_reader<float> const blurred{workspace.data(), planes};
  tensor_reader<Stored> const original{in.data(), layout};
  detail::corrupt_rows(
      corrupted_element<axis_blur, float, Stored>{make_gaussian_blur(sigma, true), original,
                                                  blurred, nullptr, false, workspace.data()},
      threads);
  bool const of_each = static_cast<index_t>(mask.size()) != layout.pixels();
  detail::corrupt_rows(
      corrupted_element<axis_blur, Stored, float>{make_gaussian_blur(sigma, false), blurred,
                                                  original, report.whole ? nullptr : mask.data(),
                                                  of_each, out.data()},
      threads);
  return report;
}

}  // namespace prefopt
