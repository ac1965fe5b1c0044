// SPDX-License-Identifier: MIT
#pragma once
/// \file  Word vectors from the text files of GloVe and word2vec.

#include <cstddef>
#include <functional>
#include <istream>
#include <map>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Word vectors of a text file, all of one size.
struct vector_table {
  std::map<std::string, std::vector<float>, std::less<>> rows;

  std::span<float const> operator()(std::string_view word) const
  {
    auto const at = rows.find(word);
    return at == rows.end() ? std::span<float const>() : std::span<float const>(at->second);
  }
};

inline vector_table read_vectors(std::istream& in)
{
  vector_table table;
  std::size_t size = 0;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    std::istringstream fields(line);
    std::string word;
    std::vector<float> values;
    fields >> word;
    for (float value = 0; fields >> value;) { values.push_back(value); }
    if (word.empty()) { continue; }
    bool const header = number == 1 && values.size() == 1;  // word2vec: how many words, their size
    if (header) { continue; }
    size = table.rows.empty() ? values.size() : size;
    if (!fields.eof() || values.empty() || values.size() != size) {
      throw std::runtime_error("word vectors, line " + std::to_string(number) +
                               ": expected a word and " +
                               (size == 0 ? "numbers" : std::to_string(size) + " numbers"));
    }
    table.rows.emplace(word, values);
  }
  return table;
}
