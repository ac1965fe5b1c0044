# SPDX-License-Identifier: MIT
"""Charts in SVG."""

import math

from grid import grids
from records import OWN_LOOP, SCALAR, THRUST, TORCH, beside, having, of_memory, only

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
    if not groups:
        return None
    body = [f'<text class="title" x="10" y="20">{title}</text>']
    most = max(value for _, series in groups for _, _, value in series)
    left, width, y = 230, 400, 40
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


def threads_of(record):
    return f"{record['threads']} thread{'s' * (record['threads'] > 1)}"


def version_of(record):
    return f"{record['peer']} {record['peer_version'].split('+')[0]}"


COLOURS = {THRUST: "c0", "LibTorch": "c2", "PyTorch": "c3", "PyTorch compiled": "c5", "TRL": "c4", "Liger": "c5", SCALAR: "c4"}


def giga_per_s(record, seconds):
    return record["elements"] / seconds / 1e9


def milliseconds(_, seconds):
    return 1e3 * seconds


def group(label, records, mine, show):
    """Bars of `mine`, its roofline and all peers of the same; `show` makes a value of a record and seconds."""
    series = [("prefopt", "c0", show(mine, mine["ours_s"]))]
    if mine.get("roofline_fraction"):
        series.append(("roofline", "c1", show(mine, mine["ours_s"] * mine["roofline_fraction"])))
    for peer, colour in COLOURS.items():
        theirs = beside(records, mine, peer)
        if theirs:
            name = version_of(theirs) if peer in (*TORCH, "TRL", "Liger") else peer.replace("prefopt, ", "")
            series.append((name, colour, show(theirs, theirs["peer_s"])))
    return label, series


def row_chart(records, what, title):
    found = [only(records, what=what, dtype=dtype, vocabulary=128256, threads=threads)
             for dtype in ("fp32", "bf16") for threads in (1, 2)]
    return bars(f"{title}, vocabulary 128,256", "Gelem/s",
                [group(f"{r['name'].split('/')[1]}, {threads_of(r)}", records, r, giga_per_s) for r in found if r])


def pair_chart(records):
    return bars("Loss and gradient of 10,000,000 pairs", "Gpair/s",
                [group(f"{r['name'].split('/')[0].upper()}, {threads_of(r)}", records, r, giga_per_s)
                 for loss in ("dpo", "mfpo") for r in having(records, peer=OWN_LOOP, what=loss)
                 if r["name"].endswith("/pairs=10000000")])


def head_chart(records):
    """Forward and backward with entropy; a group for each peer's BLAS."""
    return bars("Head, forward + backward with entropy; roofline: its three products", "ms",
                [group(f"{dtype}, width {width[2:]}, {threads_of(r)}", [r], r, milliseconds)
                 for r in having(records, peer=TORCH, what="head log_prob+entropy forward+backward")
                 for _, dtype, width in [r["name"].split("/")]])


def memory_chart(records):
    series = {}
    for what, r in of_memory(records):
        series.setdefault(what, [("prefopt", "c0", r["ours_bytes"] / r["logits_bytes"])])
        series[what].append((version_of(r), COLOURS[r["peer"]], r["peer_bytes"] / r["logits_bytes"]))
    return bars("Memory beyond logits and gradient, forward + backward", "x logits", list(series.items()))


def ticks(most):
    """Round numbers from 0 up to `most`, six at most."""
    step = 10 ** math.floor(math.log10(most))
    step = next(step * k for k in (0.1, 0.2, 0.5, 1) if most / (step * k) < 6)
    return [k * step for k in range(int(most / step) + 1)]


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
        most = 1.05 * max(cost.values())
        body.append(f'<text x="{x0}" y="{y0 - 6}">{name.replace("/", ", ")}, ns per element</text>')
        for value in ticks(most):
            y = y0 + height * (1 - value / most)
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
    return svg(2 * (width + gap) + 10, 40 + panels * (height + gap), body)
