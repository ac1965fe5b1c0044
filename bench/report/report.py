#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Charts and tables from bench/results/*.json.

    report.py --results FOLDER [--write PAGE...]

Draws FOLDER/*.svg, prints what is claimed beside what was measured, and puts the tables between the marks
`<!-- BEGIN name -->` and `<!-- END name -->` of the pages. Needs Python's standard library only.
"""

import argparse
import pathlib
import re

import charts
import tables
from claims import claims_table, shortfalls
from grid import grid_table
from records import GPU, load


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--write", type=pathlib.Path, nargs="*", default=[])
    options = parser.parse_args()

    records = load(options.results)
    drawn = {
        "rows.svg": charts.row_chart(records, "log_prob+entropy", "Log-probability and entropy"),
        "rows_backward.svg": charts.row_chart(records, "log_prob+entropy forward+backward",
                                              "Log-probability, entropy and gradient"),
        "pairs.svg": charts.pair_chart(records),
        "head.svg": charts.head_chart(records),
        "memory.svg": charts.memory_chart(records),
        "rows_grid.svg": charts.grid_chart(records),
    }
    for name, chart in drawn.items():
        if chart:
            (options.results / name).write_text(chart)
    written = {
        "setting": tables.setting(records),
        "claims": claims_table(records),
        "shortfalls": shortfalls(records),
        "forward": tables.row_table(records, "log_prob+entropy", True, True),
        "forward-alone": tables.row_table(records, "log_prob", False, False),
        "both": tables.row_table(records, "log_prob+entropy forward+backward", False, True),
        "both-alone": tables.row_table(records, "log_prob forward+backward", False, False),
        "gradient": tables.gradient_table(records),
        "memory": tables.memory_table(records),
        "pairs": tables.pair_table(records),
        "step": tables.step_table(records),
        "head": tables.head_table(records),
        "ranking": tables.ranking_table(records),
        "gpu": tables.gpu_table(options.results / GPU),
        "grid": grid_table(records),
        "readme": tables.readme_table(records),
    }
    print("\n".join(written["claims"]))
    for page in options.write:
        text = page.read_text()
        for name, lines in written.items():
            mark = re.compile(f"(<!-- BEGIN {name} -->\n).*?(<!-- END {name} -->)", re.DOTALL)
            text = mark.sub(lambda found: found[1] + "\n".join(lines) + "\n" + found[2], text)
        page.write_text(text)


if __name__ == "__main__":
    main()
