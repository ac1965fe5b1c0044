// SPDX-License-Identifier: MIT
/// \file  prefopt beside LibTorch, in turns in one process: log-probabilities with and without
/// entropy, forward and backward, preference losses, and the memory that each takes.
///
///     libtorch LIBRARY RESULTS [--quick] [--head THREADS]
///
/// With --head: a language-model head instead, with LibTorch's own matrix products in prefopt too.
/// Its BLAS has threads of its own: OPENBLAS_NUM_THREADS and OMP_NUM_THREADS are to be THREADS.

#include <cstring>

#include "head.hpp"
#include "pairs.hpp"
#include "rows.hpp"

int main(int argc, char** argv)
{
  using namespace compare;
  if (!measure::is_release(argv[0])) { return 1; }
  if (argc < 3) { fail("usage: libtorch LIBRARY RESULTS [--quick] [--head THREADS]"); }
  bool quick = false;
  int head_threads = 0;
  for (int i = 3; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) { quick = true; }
    if (std::strcmp(argv[i], "--head") == 0 && i + 1 < argc) {
      head_threads = std::atoi(argv[++i]);
    }
  }
  extent const much = extent::of(quick);
  library const lib(argv[1]);
  measure::results results(argv[2]);
  if (head_threads > 0) {
    recycle_heap();
    torch::set_num_threads(head_threads);
    for (bool const bf16 : {false, true}) {
      head(lib, bf16, 1024, head_threads, results);
      if (!quick && head_threads > 1) { head(lib, bf16, 4096, head_threads, results); }
    }
    return 0;
  }
  memory(lib, much, results);
  recycle_heap();
  for (bool const bf16 : {false, true}) {
    for (std::int64_t const vocabulary : much.vocabularies) {
      rows(lib, much, bf16, vocabulary, results);
    }
  }
  for (std::int64_t const count : much.pairs) { pairs(lib, count, much.rounds, results); }
}
