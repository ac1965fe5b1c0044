// SPDX-License-Identifier: MIT
/// \file  Rows of preference data sets: JSONL and arrays, in every form that is read.

#include "llava/data/pair_row.hpp"
#include "llava/data/json_rows.hpp"

#include "fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
  fuzz::memory_file const file(fuzz::text_of(data, size));
  fuzz::refused([&] {
    llava::json_rows rows(file.path());
    while (auto const row = rows.next()) {
      fuzz::refused([&] {
        auto const pair = llava::parse_pair_row(row->text, row->where);
        fuzz::require(pair.chosen != pair.rejected && !pair.image.empty());
      });
    }
  });
  return 0;
}
