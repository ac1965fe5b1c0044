#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Charts and tables from bench/results/*.json.

    report.py --results FOLDER [--write PAGE...]

Draws FOLDER/*.svg, prints what is claimed beside what was measured, and puts the tables between the marks
`<!-- BEGIN name -->` and `<!-- END name -->` of the pages. Needs Python's standard library only.
"""

import argparse
import json
import math
import pathlib
import re

OWN_LOOP = "prefopt, native"
THRUST = "prefopt, thrust::omp"
SCALAR = "scalar loop"
TORCH = ("LibTorch", "PyTorch")
VOCABULARIES = (32000, 128256, 151936)


def load(folder):
    records = []
    for path in sorted(folder.glob("*.json")):
        records += json.loads(path.read_text())
    for record in records:
        if "elements" in record and "ours_s" in record:
            record["giga_per_s"] = record["elements"] / record["ours_s"] / 1e9
            record["giga_per_s_and_core"] = record["giga_per_s"] / record["threads"]
    return records


def having(records, peer=None, what=None, dtype=None, vocabulary=None, threads=None):
    """Records of one peer (or one of several); `what` is the name up to its first slash."""
    def fits(record):
        parts = record["name"].split("/")
        return ((peer is None or record["peer"] in ([peer] if isinstance(peer, str) else peer))
                and (what is None or parts[0] == what) and (dtype is None or dtype in parts)
                and (vocabulary is None or f"V={vocabulary}" in parts)
                and (threads is None or record.get("threads") == threads))
    return [record for record in records if fits(record)]


def only(records, **conditions):
    found = having(records, **conditions)
    return found[0] if found else None


# ---------------------------------------------------------------------------------------------------------------------
# What is claimed


def claims(records):
    """(sentence, bound, whether it is a floor, the values measured, how to print one)"""
    def share(value):
        return f"{100 * value:.0f} %"

    def times(value):
        return f"{value:.1f}x" if value < 100 else f"{value:.0f}x"

    def rate(value):
        return f"{value:.1f} G/s"

    def at_least(sentence, bound, show, field, **conditions):
        return sentence, bound, True, [r[field] for r in having(records, **conditions) if field in r], show

    def at_most(sentence, bound, show, values):
        return sentence, bound, False, values, show

    result = [
        at_least("fp32 log-prob + entropy, of the read bandwidth", .85, share, "roofline_fraction",
                 peer=OWN_LOOP, what="log_prob+entropy", dtype="fp32"),
        at_least("bf16 log-prob + entropy, elements per second and core", 8, rate, "giga_per_s_and_core",
                 peer=OWN_LOOP, what="log_prob+entropy", dtype="bf16"),
    ]
    for dtype, both, alone in (("fp32", 9, 4.5), ("bf16", 8, 4)):
        for peer in TORCH:
            result.append(at_least(f"{dtype} log-prob + entropy, beside {peer}", both, times, "ratio",
                                   peer=peer, what="log_prob+entropy", dtype=dtype))
            result.append(at_least(f"{dtype} log-prob alone, beside {peer}", alone, times, "ratio",
                                   peer=peer, what="log_prob", dtype=dtype))
    result += [
        at_least("log-prob + entropy, beside TRL's two functions, 2 threads", 20, times, "ratio",
                 peer="TRL", what="log_prob+entropy", threads=2),
        at_most("error of log-prob and entropy against float64", 2e-6, "{:.1e}".format,
                [r["max_error"] for r in having(records, peer=OWN_LOOP, what="log_prob+entropy") if "max_error" in r]),
        at_least("fp32 gradient, of the streaming copy", .9, share, "roofline_fraction",
                 peer=OWN_LOOP, what="gradient", dtype="fp32"),
        at_least("bf16 gradient, elements per second and core", 7, rate, "giga_per_s_and_core",
                 peer=OWN_LOOP, what="gradient", dtype="bf16"),
    ]
    for peer in TORCH:
        result.append(at_least(f"forward + backward with entropy, beside {peer}", 8, times, "ratio",
                               peer=peer, what="log_prob+entropy forward+backward"))
        result.append(at_least(f"forward + backward of log-prob alone, beside {peer}", 4, times, "ratio",
                               peer=peer, what="log_prob forward+backward"))
    memory = [r["ours_bytes"] / 1e6 for r in records if "ours_bytes" in r]
    result.append(at_most("extra memory of forward + backward", 1, "{:.2f} MB".format, memory))
    for loss, roof in (("dpo", .85), ("mfpo", .75)):
        name = loss.upper()
        result.append(at_least(f"{name}, of the streaming copy", roof, share, "roofline_fraction",
                               peer=OWN_LOOP, what=loss))
        for peer in TORCH:
            result.append(at_least(f"{name}, beside forward + backward of {peer}", 7, times, "ratio",
                                   peer=peer, what=loss))
        result.append(at_least(f"{name}, beside a scalar loop on libm", 20, times, "ratio", peer=SCALAR, what=loss))
        result.append(at_most(f"{name}, Thrust OMP's time to the host loop's", 1.1, "{:.2f}".format,
                              [r["ratio"] for r in having(records, peer=THRUST, what=loss)]))
    result.append(at_least("fp32 head, forward, of the bare product", .95, share, "roofline_fraction",
                           peer="LibTorch", what="head log_prob+entropy", dtype="fp32"))
    both = {True: [], False: []}
    for r in having(records, peer="LibTorch"):
        if r["name"].startswith("head") and "/bf16/" in r["name"]:
            fp32 = next(o for o in having(records, peer="LibTorch", threads=r["threads"])
                        if o["name"] == r["name"].replace("bf16", "fp32"))
            both["backward" in r["name"]].append(fp32["ours_s"] / r["ours_s"])
    result.append(("head in bf16 to fp32, forward", 1.9, True, both[False], times))
    for peer in TORCH:
        result.append(at_least(f"head, forward + backward with entropy, equal BLAS, beside {peer}", 1.4, times, "ratio",
                               peer=peer, what="head log_prob+entropy forward+backward"))
        result.append(at_least(f"head, forward + backward of log-prob alone, equal BLAS, beside {peer}", 1, times, "ratio",
                               peer=peer, what="head log_prob forward+backward"))
    result.append(at_most("workspace of a head", 8, "{:.2f} MB".format,
                          sorted({r["workspace"] / 1e6 for r in records if "workspace" in r})))
    for what in ("log_prob+entropy", "gradient", "dpo", "mfpo"):
        result.append(at_least(f"{what}: plain -O2 to -O3 -march=native", .9, share, "ratio",
                               peer=OWN_LOOP, what=what))
    result.append(at_most("rows: an element's cost to that of the next shape", 1.25, "{:.2f}".format,
                          [ratio for _, _, ratio in neighbours(records)]))
    return result


def claims_table(records):
    lines = ["| | wanted | measured, worst to best | |", "|---|--:|--:|---|"]
    for sentence, bound, floor, values, show in claims(records):
        if not values:
            lines.append(f"| {sentence} | {show(bound)} | not measured | |")
            continue
        worst, best = (min(values), max(values)) if floor else (max(values), min(values))
        holds = worst >= bound if floor else worst <= bound
        kept = sum(value >= bound if floor else value <= bound for value in values)
        verdict = "yes" if holds else f"**no**: {kept} of {len(values)}"
        lines.append(f"| {sentence} | {'≥' if floor else '≤'} {show(bound)} | {show(worst)} … {show(best)} | {verdict} |")
    return lines


# ---------------------------------------------------------------------------------------------------------------------
# Tables


def cell(record, show):
    return show(record) if record else "–"


def ratio_of(record):
    return f"{record['ratio']:.1f}x"


def row_table(records, what, own, with_trl):
    """`own`: what the measurement without peers is called; None where there is none."""
    peers = [*TORCH, "PyTorch compiled"] + (["TRL"] if with_trl else [])
    versions = {peer: next((r["peer_version"] for r in having(records, peer=peer)), "") for peer in peers}
    own_columns = ["Gelem/s", "of the roofline", "to -march=native"] if own else ["Gelem/s"]
    heads = ["logits", "vocabulary", "threads", *own_columns, *(f"{p} {versions[p]}" for p in peers)]
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "--:|" * (len(heads) - 1)]
    for dtype in ("fp32", "bf16"):
        for vocabulary in VOCABULARIES:
            for threads in (1, 2):
                at = {"dtype": dtype, "vocabulary": vocabulary, "threads": threads}
                found = [only(records, peer=p, what=what, **at) for p in peers]
                if own:
                    mine = only(records, peer=OWN_LOOP, what=own, **at)
                    cells = [cell(mine, lambda r: f"{r['giga_per_s']:.1f}"),
                             cell(mine, lambda r: f"{100 * r['roofline_fraction']:.0f} %"),
                             cell(mine, lambda r: f"{100 * r['ratio']:.0f} %")]
                else:
                    mine = next((r for r in found if r), None)
                    cells = [cell(mine, lambda r: f"{r['giga_per_s']:.1f}")]
                if mine:
                    cells += [cell(r, ratio_of) for r in found]
                    lines.append(f"| {dtype} | {vocabulary:,} | {threads} | " + " | ".join(cells) + " |")
    return lines


def gradient_table(records):
    lines = ["| logits | vocabulary | threads | Gelem/s | of the copy | in place | to -march=native |",
             "|---|--:|--:|--:|--:|--:|--:|"]
    for r in having(records, peer=OWN_LOOP, what="gradient"):
        _, dtype, vocabulary = r["name"].split("/")
        place = only(records, peer=OWN_LOOP, what="gradient in place", dtype=dtype, vocabulary=int(vocabulary[2:]),
                     threads=r["threads"])
        lines.append(f"| {dtype} | {int(vocabulary[2:]):,} | {r['threads']} | {r['giga_per_s']:.1f} "
                     f"| {100 * r['roofline_fraction']:.0f} % | {cell(place, lambda p: format(p['giga_per_s'], '.1f'))} "
                     f"| {100 * r['ratio']:.0f} % |")
    return lines


def step_table(records):
    lines = ["| logits | threads | prefopt | of the roofline | PyTorch | TRL |", "|---|--:|--:|--:|--:|--:|"]
    for r in having(records, peer="PyTorch", what="dpo step"):
        trl = next((o for o in having(records, peer="TRL", threads=r["threads"]) if o["name"] == r["name"]), None)
        lines.append(f"| {r['name'].split('/')[1]} | {r['threads']} | {1e3 * r['ours_s']:.1f} ms "
                     f"| {100 * r['roofline_fraction']:.0f} % | {ratio_of(r)} | {cell(trl, ratio_of)} |")
    return lines


def pair_table(records):
    peers = [SCALAR, *TORCH, "PyTorch compiled", THRUST]
    lines = ["| loss | pairs | threads | Gpair/s | of the copy | to -march=native | " + " | ".join(peers) + " |",
             "|---|" + "--:|" * (5 + len(peers))]
    for mine in [r for loss in ("dpo", "mfpo") for r in having(records, peer=OWN_LOOP, what=loss)]:
        loss, count = mine["name"].split("/pairs=")
        found = [next((r for r in having(records, peer=p, threads=mine["threads"]) if r["name"] == mine["name"]), None)
                 for p in peers]
        lines.append(f"| {loss.upper()} | {int(count):,} | {mine['threads']} | {mine['giga_per_s']:.2f} "
                     f"| {100 * mine['roofline_fraction']:.0f} % | {100 * mine['ratio']:.0f} % | "
                     + " | ".join(cell(r, ratio_of) for r in found) + " |")
    return lines


def memory_table(records):
    lines = ["| forward + backward | prefopt | peer | | of the logits |", "|---|--:|--:|---|--:|"]
    for r in records:
        if "ours_bytes" in r:
            what = r["name"].split(" forward")[0].replace("_", "-").replace("+", " + ")
            lines.append(f"| {what} | {r['ours_bytes'] / 1e6:.2f} MB | {r['peer_bytes'] / 1e6:,.0f} MB "
                         f"| {r['peer']} {r['peer_version']} | {r['peer_bytes'] / r['logits_bytes']:.1f}x |")
    return lines


def head_table(records):
    lines = ["| head | hidden | width | threads | prefopt | of the products | peer | | as it is written |",
             "|---|---|--:|--:|--:|--:|--:|---|---|"]
    for r in records:
        if r["name"].startswith("head "):
            what, dtype, width = r["name"][len("head "):].split("/")
            lines.append(f"| {what.replace('_', '-')} | {dtype} | {width[2:]} | {r['threads']} | {1e3 * r['ours_s']:.0f} ms "
                         f"| {100 * r['roofline_fraction']:.0f} % | {r['ratio']:.2f}x | {r['peer']} {r['peer_version']} "
                         f"| {r['peer_way']} |")
    return lines


def readme_table(records):
    lines = ["| log-prob + entropy, V = 128,256 | prefopt | of the read bandwidth | beside LibTorch "
             "| beside PyTorch | beside TRL |", "|---|--:|--:|--:|--:|--:|"]
    for dtype in ("fp32", "bf16"):
        for threads in (1, 2):
            at = {"what": "log_prob+entropy", "dtype": dtype, "vocabulary": 128256, "threads": threads}
            mine = only(records, peer=OWN_LOOP, **at)
            if mine:
                lines.append(f"| {dtype}, {threads} thread{'s' * (threads > 1)} | {mine['giga_per_s']:.1f} Gelem/s "
                             f"| {100 * mine['roofline_fraction']:.0f} % | "
                             + " | ".join(cell(only(records, peer=p, **at), ratio_of) for p in (*TORCH, "TRL")) + " |")
    return lines


def setting(records):
    """What was measured, where and when."""
    seen = {}
    for r in records:
        seen.setdefault(r["machine"], set()).add(r["date"])
    builds = sorted({r["flags"] for r in records if r["peer"]} | {r["peer_version"] for r in having(records, peer=OWN_LOOP)})
    peers = sorted({f"{r['peer']} {r['peer_version']}" for r in having(records, peer=(*TORCH, "TRL"))})
    lines = [f"{machine}; {', '.join(sorted(dates))}." for machine, dates in seen.items()]
    return [*lines, f"prefopt: {'; '.join(builds)}. Peers: {', '.join(peers) or 'none'}."]


# ---------------------------------------------------------------------------------------------------------------------
# The grid of shapes


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
                     f"{max(cost.values()):.3f} | {max(ratios):.2f} | {sum(r > 1.25 for r in ratios)} |")
    return lines


# ---------------------------------------------------------------------------------------------------------------------
# Charts

STYLE = """<style>
text{font:12px system-ui,sans-serif;fill:#1f2328} .title{font-weight:600;font-size:14px} .small{font-size:11px;fill:#59636e}
.grid{stroke:#d1d9e0} .c0{fill:#0969da} .c1{fill:#8c959f} .c2{fill:#bf8700} .c3{fill:#cf222e} .c4{fill:#8250df} .c5{fill:#1a7f37}
.l{fill:none;stroke-width:1.2;stroke:#0969da} .l.odd{stroke:#cf222e;stroke-dasharray:3 3}
@media(prefers-color-scheme:dark){text{fill:#f0f6fc} .small{fill:#9198a1} .grid{stroke:#3d444d} .c0{fill:#4493f8} .c1{fill:#656c76}
.c2{fill:#d29922} .c3{fill:#f85149} .c4{fill:#ab7df8} .c5{fill:#3fb950} .l{stroke:#4493f8} .l.odd{stroke:#f85149}}
</style>"""


def svg(width, height, body):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
            f"{STYLE}\n" + "\n".join(body) + "\n</svg>\n")


def bars(title, unit, groups):
    """groups: [(label, [(series, class, value)])], drawn as horizontal bars from 0."""
    body = [f'<text class="title" x="10" y="20">{title}</text>']
    most = max(value for _, series in groups for _, _, value in series)
    left, width, y = 190, 420, 40
    for label, series in groups:
        body.append(f'<text x="10" y="{y + 12}">{label}</text>')
        for name, colour, value in series:
            length = max(1, width * value / most)
            body.append(f'<text class="small" x="{left - 8}" y="{y + 12}" text-anchor="end">{name}</text>'
                        f'<rect class="{colour}" x="{left}" y="{y + 2}" width="{length:.1f}" height="12" rx="2"/>'
                        f'<text class="small" x="{left + length + 6:.1f}" y="{y + 12}">{value:.3g} {unit}</text>')
            y += 17
        y += 12
    return svg(left + width + 110, y, body)


def row_chart(records, what, title):
    groups = []
    for dtype in ("fp32", "bf16"):
        for threads in (1, 2):
            at = {"what": what, "dtype": dtype, "vocabulary": 128256, "threads": threads}
            mine = only(records, peer=OWN_LOOP, **at)
            if not mine:
                continue
            series = [("prefopt", "c0", mine["giga_per_s"]),
                      ("roofline", "c1", mine["giga_per_s"] / mine["roofline_fraction"])]
            for peer, colour in (("LibTorch", "c2"), ("PyTorch", "c3"), ("PyTorch compiled", "c5"), ("TRL", "c4")):
                theirs = only(records, peer=peer, **at)
                if theirs:
                    series.append((f"{peer} {theirs['peer_version'].split('+')[0]}" if peer != "PyTorch compiled" else peer,
                                   colour, theirs["elements"] / theirs["peer_s"] / 1e9))
            groups.append((f"{dtype}, {threads}T", series))
    return bars(title, "Gelem/s", groups) if groups else None


def pair_chart(records):
    groups = []
    for loss in ("dpo", "mfpo"):
        for threads in (1, 2):
            mine = only(records, peer=OWN_LOOP, what=loss, threads=threads)
            if not mine:
                continue
            series = [("prefopt", "c0", mine["giga_per_s"]),
                      ("roofline", "c1", mine["giga_per_s"] / mine["roofline_fraction"])]
            for peer, colour in ((THRUST, "c0"), ("LibTorch", "c2"), ("PyTorch", "c3"), ("PyTorch compiled", "c5"),
                                 (SCALAR, "c4")):
                theirs = next((r for r in having(records, peer=peer, threads=threads) if r["name"] == mine["name"]), None)
                if theirs:
                    series.append((peer.replace("prefopt, ", ""), colour, theirs["elements"] / theirs["peer_s"] / 1e9))
            groups.append((f"{loss.upper()}, {threads}T", series))
    return bars("Loss and gradient of 10,000,000 pairs", "Gpair/s", groups) if groups else None


def memory_chart(records):
    series = {}
    for r in records:
        if "ours_bytes" in r:
            what = r["name"].split(" forward")[0].replace("_", "-").replace("+", " + ")
            series.setdefault(what, {"prefopt": ("c0", r["ours_bytes"] / r["logits_bytes"])})
            colour = {"LibTorch": "c2", "PyTorch": "c3"}.get(r["peer"], "c4")
            series[what][f"{r['peer']} {r['peer_version'].split('+')[0]}"] = (colour, r["peer_bytes"] / r["logits_bytes"])
    groups = [(what, [(name, *value) for name, value in each.items()]) for what, each in series.items()]
    return bars("Memory beyond logits and gradient, forward + backward", "x logits", groups) if groups else None


def grid_chart(records):
    """One panel for each operation and dtype with one thread; a line per number of rows."""
    shown = {name: cost for (name, threads), cost in grids(records).items() if threads == 1}
    if not shown:
        return None
    body = ['<text class="title" x="10" y="20">Cost per element over vocabulary, a line for each number of rows</text>',
            '<text class="small" x="10" y="36">rows 2^8 … 2^16; solid: vocabulary 2^k, dashed: 2^k - 1 with unaligned rows; '
            '1 thread, from memory</text>']
    width, height, gap = 320, 150, 60
    for index, (name, cost) in enumerate(shown.items()):
        x0, y0 = 50 + index % 2 * (width + gap), 62 + index // 2 * (height + gap)
        most = 1.1 * max(cost.values())
        body.append(f'<text x="{x0}" y="{y0 - 6}">{name.replace("/", ", ")}, ns per element</text>')
        for tick in range(5):
            value = most * tick / 4
            y = y0 + height * (1 - tick / 4)
            body.append(f'<line class="grid" x1="{x0}" x2="{x0 + width}" y1="{y:.1f}" y2="{y:.1f}"/>'
                        f'<text class="small" x="{x0 - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.2f}</text>')
        for power in range(10, 19, 2):
            body.append(f'<text class="small" text-anchor="middle" x="{x0 + width * (power - 10) / 8:.1f}" '
                        f'y="{y0 + height + 16}">2^{power}</text>')
        for rows in sorted({rows for rows, _ in cost}):
            for odd in (0, 1):
                points = sorted((v, ns) for (r, v), ns in cost.items() if r == rows and v % 2 == odd)
                path = " ".join(f"{x0 + width * (math.log2(v) - 10) / 8:.1f},{y0 + height * (1 - ns / most):.1f}"
                                for v, ns in points)
                body.append(f'<polyline class="l{" odd" if odd else ""}" points="{path}"/>')
    panels = (len(shown) + 1) // 2
    return svg(2 * (width + gap) + 10, 62 + panels * (height + gap), body)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--write", type=pathlib.Path, nargs="*", default=[])
    options = parser.parse_args()

    records = load(options.results)
    charts = {
        "rows.svg": row_chart(records, "log_prob+entropy", "Log-probability and entropy, vocabulary 128,256"),
        "pairs.svg": pair_chart(records),
        "memory.svg": memory_chart(records),
        "rows_grid.svg": grid_chart(records),
    }
    for name, chart in charts.items():
        if chart:
            (options.results / name).write_text(chart)
    tables = {
        "setting": setting(records),
        "claims": claims_table(records),
        "forward": row_table(records, "log_prob+entropy", "log_prob+entropy", True),
        "forward-alone": row_table(records, "log_prob", None, False),
        "both": row_table(records, "log_prob+entropy forward+backward", None, True),
        "both-alone": row_table(records, "log_prob forward+backward", None, False),
        "gradient": gradient_table(records),
        "memory": memory_table(records),
        "pairs": pair_table(records),
        "step": step_table(records),
        "head": head_table(records),
        "grid": grid_table(records),
        "readme": readme_table(records),
    }
    print("\n".join(tables["claims"]))
    for page in options.write:
        text = page.read_text()
        for name, lines in tables.items():
            mark = re.compile(f"(<!-- BEGIN {name} -->\n).*?(<!-- END {name} -->)", re.DOTALL)
            text = mark.sub(lambda found: found[1] + "\n".join(lines) + "\n" + found[2], text)
        page.write_text(text)


if __name__ == "__main__":
    main()
