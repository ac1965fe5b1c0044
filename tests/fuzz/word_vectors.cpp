// SPDX-License-Identifier: MIT
/// \file  The text files of word vectors: refused, or rows of one length.

#include <sstream>

#include <prefopt/keyword/word_vectors.hpp>

#include "fuzz/fuzz.hpp"
#include "word_vector_file.hpp"

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
  std::istringstream in{std::string(fuzz::text_of(data, size))};
  fuzz::refused([&] {
    vector_table const table = read_vectors(in);
    for (auto const& [word, row] : table.rows) {
      fuzz::require(!word.empty() && row.size() == table.rows.begin()->second.size());
    }
    prefopt::word_vector_similarity const similarity{std::cref(table)};
    for (auto const& [word, row] : table.rows) {
      double const alike = similarity(word, table.rows.begin()->first);
      fuzz::require(alike >= -1 - 1e-6 && alike <= 1 + 1e-6);
    }
  });
  return 0;
}
