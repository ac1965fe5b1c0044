// SPDX-License-Identifier: MIT
#include "preference_images/options.hpp"

#include "llava/support/option_check.hpp"

namespace preference_images {
namespace {

using llava::require_one_of;
using llava::require_option;

void require_whole(std::string const& option, index_t least, index_t most, index_t got)
{
  require_option(got >= least && got <= most, option,
                 std::to_string(least) + " to " + std::to_string(most), std::to_string(got));
}

}  // namespace

void check_options(build_options const& o)
{
  require_one_of("mode", {"key", "random", "global", "crop"}, o.mode);
  require_one_of("corruption", {"diffusion", "blur", "mask_out", "patch_shuffle"}, o.corruption);
  require_one_of("noise-schedule", {"sigmoid", "linear", "cosine"}, o.noise_schedule);
  require_one_of("form", {"png", "npy"}, o.form);
  require_one_of("image-mode", {"pad", "crop"}, o.image_mode);
  require_whole("noise-step", 0, 999, o.noise_step);
  require_whole("size", 0, 4096, o.size);
  require_whole("keywords", 1, 1000000, o.keywords);
  require_whole("max-side", 1, 1000000, o.max_side);
  require_whole("max-pixels", 1, index_t{1} << 28, o.max_pixels);
  require_whole("part", 1, 1000000, o.part);
  require_option(o.random_share > 0 && o.random_share <= 1, "random-share", "a number in (0, 1]",
                 std::to_string(o.random_share));
  require_option(o.least_score >= 0 && o.least_score <= 1, "least-score", "a number from 0 to 1",
                 std::to_string(o.least_score));
  require_option(o.least_similarity > 0 && o.least_similarity <= 1, "least-similarity",
                 "a number in (0, 1]", std::to_string(o.least_similarity));
}

}  // namespace preference_images
