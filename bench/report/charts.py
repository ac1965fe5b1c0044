# SPDX-License-Identifier: MIT
"""Charts in SVG."""

import math

from grid import grids
from records import OWN_LOOP, SCALAR, THRUST, having, only

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
