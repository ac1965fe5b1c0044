#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""prefopt beside PyTorch, TRL and Liger, in turns in one process.

    compare.py LIBRARY RESULTS [--quick]

LIBRARY is bench/peers/ours as compare.sh builds it. What is not installed is skipped by name.
"""

import argparse

import torch  # before the library, which then finds the OpenMP runtime that PyTorch has loaded

from heads import heads
from library import load
from measure import Results, recycle_heap
from pairs import pairs
from row_case import by_cross_entropy, by_log_softmax, by_logsumexp, trl_functions
from rows import memory, rows
from steps import steps


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library")
    parser.add_argument("results")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=["memory", "rows", "steps", "heads", "pairs"])
    parser.add_argument("--compile", action="store_true", help="torch.compile too, with 2 threads (needs a C++ compiler)")
    options = parser.parse_args()

    library = load(options.library)
    results = Results(options.results, library.prefopt_build().decode())
    if options.quick:
        much = {"rounds": 7, "elements": 1 << 25, "vocabularies": [128256], "head_threads": [2]}
    else:
        much = {"rounds": 7, "elements": 1 << 26, "vocabularies": [32000, 128256, 151936], "head_threads": [1, 2]}
    trl = trl_functions()

    def wanted(part):
        return options.only in (None, part)

    if wanted("memory"):
        memory(library, results, much, trl)
    recycle_heap()
    for dtype in (torch.float32, torch.bfloat16) if wanted("rows") else ():
        for vocabulary in much["vocabularies"]:
            compiled = None
            if options.compile and vocabulary == 128256:
                compiled = {way.__name__[3:]: torch.compile(way, dynamic=False)
                            for way in (by_log_softmax, by_logsumexp, by_cross_entropy)}
            rows(library, results, much, dtype, vocabulary, trl, compiled)
    for dtype in (torch.float32, torch.bfloat16) if wanted("steps") else ():
        steps(library, results, much, dtype, trl)
    if wanted("heads"):
        heads(library, results, much, 1024, options.compile)
    if wanted("pairs"):
        pairs(library, results, 10**7, much["rounds"], options.compile)


if __name__ == "__main__":
    main()
