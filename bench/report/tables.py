# SPDX-License-Identifier: MIT
"""Tables in Markdown."""

import json

from records import OWN_LOOP, SCALAR, THRUST, TORCH, VOCABULARIES, having, only


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


def ranking_table(records):
    lines = ["| | threads | prefopt | of the read bandwidth | std::nth_element twice | std::sort |", "|---|--:|--:|--:|--:|--:|"]
    for r in having(records, peer="std::nth_element twice"):
        sort = next((o for o in having(records, peer="std::sort", threads=r["threads"]) if o["name"] == r["name"]), None)
        lines.append(f"| {r['name']} | {r['threads']} | {1e3 * r['ours_s']:.0f} ms | {100 * r['roofline_fraction']:.0f} % "
                     f"| {ratio_of(r)} | {cell(sort, ratio_of)} |")
    return lines


def gpu_table(path):
    """Of Google Benchmark's output, if there is one."""
    if not path.exists():
        return ["No GPU was there to measure on."]
    results = json.loads(path.read_text())
    lines = [f"{results['context'].get('machine', 'A GPU')}, {results['context']['date'][:10]}.", "",
             "| | time | of the roofline |", "|---|--:|--:|"]
    for r in results["benchmarks"]:
        share = f"{100 * r['roofline']:.0f} %" if "roofline" in r else "–"
        lines.append(f"| {r['name']} | {r['real_time']:.4g} {r['time_unit']} | {share} |")
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
    builds = sorted({r["flags"] for r in records if r["flags"] and r["peer"]} | {r["peer_version"] for r in having(records, peer=OWN_LOOP)})
    peers = sorted({f"{r['peer']} {r['peer_version']}" for r in having(records, peer=(*TORCH, "TRL"))})
    lines = [f"{machine}; {', '.join(sorted(dates))}." for machine, dates in seen.items()]
    others = [r["other_cores"] for r in records if r.get("other_cores") is not None]
    disturbed = sum(cores >= 0.1 for cores in others)
    if disturbed:
        lines.append(f"**Other work ran while {disturbed} of {len(others)} figures were measured, "
                     f"on up to {max(others):.1f} cores: those of two threads mean little.**")
    elif others:
        lines.append(f"Nothing else ran: other processes took {max(others):.2f} of a core at most.")
    if len(others) < len(records):
        lines.append(f"Of {len(records) - len(others)} of {len(records)} figures it is not known what ran beside them.")
    return [*lines, f"prefopt: {'; '.join(builds)}. Peers: {', '.join(peers) or 'none'}."]
