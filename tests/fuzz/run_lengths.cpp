// SPDX-License-Identifier: MIT
/// \file  COCO's run lengths, compressed and plain: what is read can be written and read again.

#include <prefopt/image/run_lengths.hpp>

#include "fuzz/fuzz.hpp"

namespace {

void check(prefopt::run_lengths const& runs)
{
  auto const mask = prefopt::decode_runs(runs);
  auto const area = prefopt::mask_area(mask);
  fuzz::require(area == prefopt::run_area(runs));
  fuzz::require(prefopt::mask_bounds(mask) == prefopt::run_bounds(runs));
  auto const again = prefopt::read_counts(prefopt::write_counts(runs), runs.width, runs.height);
  fuzz::require(again.counts == runs.counts);
  fuzz::require(prefopt::decode_runs(prefopt::encode_runs(mask)).pixels == mask.pixels);
  auto const both = prefopt::unite_runs(runs, runs);
  fuzz::require(prefopt::run_area(both) == area);
}

}  // namespace

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
  fuzz::numbers in{fuzz::text_of(data, size)};
  bool const plain = in.next() % 2 == 1;
  auto const width = static_cast<prefopt::index_t>(in.next());
  auto const height = static_cast<prefopt::index_t>(in.next());
  fuzz::refused([&] {
    if (plain) {
      prefopt::run_lengths runs{width, height, {}};
      while (!in.bytes.empty()) {
        unsigned const low = in.next();
        // Mostly small, sometimes of any size and sign.
        auto const wide = static_cast<prefopt::index_t>(static_cast<std::uint64_t>(low) << 56);
        runs.counts.push_back(low == 255 || low == 127 ? wide : static_cast<prefopt::index_t>(low));
      }
      check(runs);
    } else {
      check(prefopt::read_counts(in.bytes, width, height));
    }
  });
  return 0;
}
