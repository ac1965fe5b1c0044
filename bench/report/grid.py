# SPDX-License-Identifier: MIT
"""The cost of an element over shapes."""


def grids(records):
    """{(name, threads): {(rows, vocabulary): ns per element}}"""
    return {(r["name"][len("rows_grid/"):], r["threads"]): {(rows, vocabulary): ns for rows, vocabulary, ns in r["points"]}
            for r in records if "points" in r}


def neighbours(records):
    """(grid, shape, its cost to that of a neighbour), where that is 1 at least"""
    result = []
    for grid, cost in grids(records).items():
        for (rows, vocabulary), ns in cost.items():
            odd = vocabulary % 2
            near = [(2 * rows, vocabulary), (rows, 2 * vocabulary + odd), (rows, vocabulary + (1 if odd else -1))]
            for other in near:
                if other in cost:
                    dearer = max(ns, cost[other])
                    result.append((grid, (rows, vocabulary), dearer / min(ns, cost[other])))
    return result


def grid_table(records):
    lines = ["| | threads | shapes | ns per element, least to most | worst neighbours | above 1.25 |", "|---|--:|--:|--:|--:|--:|"]
    pairs = neighbours(records)
    for (name, threads), cost in grids(records).items():
        ratios = [ratio for grid, _, ratio in pairs if grid == (name, threads)]
        lines.append(f"| {name.replace('/', ', ')} | {threads} | {len(cost)} | {min(cost.values()):.3f} … "
                     f"{max(cost.values()):.3f} | {max(ratios, default=1):.2f} | {sum(r > 1.25 for r in ratios)} |")
    return lines
