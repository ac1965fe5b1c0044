// SPDX-License-Identifier: MIT
/// \file  Rankings, in memory and without all scores in memory.
///
///     bench_ranking select [SAMPLES = 10000000] [float|double] [RESULTS.json]
///     bench_ranking memory [SAMPLES = 10000000] [float|double]
///     bench_ranking sketch [SAMPLES = 1000000] [CAPACITY = 4096]
///     bench_ranking file [SAMPLES = 10000000] [float|double] [MEMORY, bytes = 1 GiB] [FOLDER = .]
///
/// select: exact tertiles beside nth_element and std::sort. memory: the whole order. sketch: error,
/// size and speed on five distributions, merged from 1 to 1,000 parts in several orders. file: a
/// file of scores ranked in limited memory, beside a copy of the file; its seconds count from the
/// disk to the disk. Prints a Markdown table. Every result is checked; it ends with 1 if one is
/// wrong.

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "measure.hpp"
#include "ranking/common.hpp"
#include "ranking/file.hpp"
#include "ranking/memory.hpp"
#include "ranking/sketch.hpp"

int main(int argc, char** argv)
{
  if (!measure::is_release(argv[0])) { return 1; }
  std::string const what = argc > 1 ? argv[1] : "sketch";
  auto const number = [&](int k, double other) {
    return static_cast<std::size_t>(argc > k ? std::strtod(argv[k], nullptr) : other);
  };
  bool const is_double = argc > 3 && std::string(argv[3]) == "double";
  std::size_t const samples = number(2, what == "sketch" ? 1e6 : 1e7);
  if (what == "select") {
    std::optional<measure::results> file;
    if (argc > 4) { file.emplace(argv[4]); }
    measure::results* const results = file ? &*file : nullptr;
    is_double ? bench::tertiles<double>(samples, 7, results)
              : bench::tertiles<float>(samples, 7, results);
  } else if (what == "memory") {
    is_double ? bench::orders<double>(samples, 3) : bench::orders<float>(samples, 3);
  } else if (what == "sketch") {
    bench::sketches(samples, static_cast<prefopt::index_t>(number(3, 4096)));
  } else if (what == "file") {
    std::string const folder = argc > 5 ? argv[5] : ".";
    std::size_t const memory = number(4, 0x1p30);
    is_double || argc < 4 ? bench::file<double>(samples, memory, folder)
                          : bench::file<float>(samples, memory, folder);
  } else {
    std::fprintf(stderr,
                 "usage: %s select|memory|sketch|file [SAMPLES] ... (see bench/ranking.cpp)\n",
                 argv[0]);
    return 2;
  }
  return bench::wrong ? 1 : 0;
}
