# SPDX-License-Identifier: MIT
"""Tables in Markdown."""

import json

from records import OWN_LOOP, SCALAR, THRUST, TORCH, VOCABULARIES, at_roofline, beside, having, of_memory, only

PEERS = (*TORCH, "PyTorch compiled")


def table(heads, rows, texts=(0,)):
    """`texts`: the columns that are no numbers."""
    rules = ["---" if k in texts else "--:" for k in range(len(heads))]
    return [f"| {' | '.join(heads)} |", f"|{'|'.join(rules)}|", *(f"| {' | '.join(map(str, row))} |" for row in rows)]


def cell(record, show):
    return show(record) if record else "–"


def rate(record):
    return f"{record['giga_per_s']:.1f}"


def share(record, field="roofline_fraction"):
    return f"{100 * record[field]:.0f} %" if record.get(field) is not None else "–"


def ratio(record):
    return f"{record['ratio']:.1f}x"


def ratio_and_limit(record, digits=1):
    """The ratio, and what it would be at the roofline."""
    limit = at_roofline(record)
    return f"{record['ratio']:.{digits}f}x" + (f" ({limit:.{digits}f})" if limit is not None else "")


def row_table(records, what, with_own, with_trl):
    """`with_own`: whether it was measured without peers too."""
    peers = [*PEERS, "TRL"] if with_trl else PEERS
    versions = {peer: next((r["peer_version"] for r in having(records, peer=peer)), "") for peer in peers}
    rows = []
    for dtype in ("fp32", "bf16"):
        for vocabulary in VOCABULARIES:
            for threads in (1, 2):
                at = {"what": what, "dtype": dtype, "vocabulary": vocabulary, "threads": threads}
                found = [only(records, peer=peer, **at) for peer in peers]
                if with_own:
                    mine = only(records, peer=OWN_LOOP, **at)
                    own = [cell(mine, rate), cell(mine, share), cell(mine, lambda r: share(r, "ratio"))]
                else:
                    mine = next(filter(None, found), None)
                    own = [cell(mine, rate), cell(mine, share)]
                if mine:
                    rows.append([dtype, f"{vocabulary:,}", threads, *own, *(cell(r, ratio_and_limit) for r in found)])
    own_heads = ["Gelem/s", "of the roofline"] + (["to -march=native"] if with_own else [])
    return table(["logits", "vocabulary", "threads", *own_heads, *(f"{p} {versions[p]}".rstrip() for p in peers)], rows)


def gradient_table(records):
    rows = []
    for r in having(records, peer=OWN_LOOP, what="gradient"):
        _, dtype, vocabulary = r["name"].split("/")
        number = int(vocabulary[2:])
        place = only(records, peer=OWN_LOOP, what="gradient in place", dtype=dtype, vocabulary=number, threads=r["threads"])
        rows.append([dtype, f"{number:,}", r["threads"], rate(r), share(r), cell(place, rate), share(r, "ratio")])
    return table(["logits", "vocabulary", "threads", "Gelem/s", "of the copy", "in place", "to -march=native"], rows)


def step_table(records):
    return table(["logits", "threads", "prefopt", "of the roofline", "PyTorch", "TRL"],
                 [[r["name"].split("/")[1], r["threads"], f"{1e3 * r['ours_s']:.1f} ms", share(r), ratio_and_limit(r),
                   cell(beside(records, r, "TRL"), ratio_and_limit)] for r in having(records, peer="PyTorch", what="dpo step")])


def pair_table(records):
    peers = (SCALAR, *PEERS)
    rows = []
    for r in [r for loss in ("dpo", "mfpo") for r in having(records, peer=OWN_LOOP, what=loss)]:
        loss, count = r["name"].split("/pairs=")
        rows.append([loss.upper(), f"{int(count):,}", r["threads"], f"{r['giga_per_s']:.2f}", share(r), share(r, "ratio"),
                     *(cell(beside(records, r, peer), ratio_and_limit) for peer in peers),
                     cell(beside(records, r, THRUST), ratio)])
    return table(["loss", "pairs", "threads", "Gpair/s", "of the copy", "to -march=native", *peers, THRUST], rows)


def memory_table(records):
    return table(["forward + backward", "", "prefopt", "peer", "of the logits"],
                 [[what, f"{r['peer']} {r['peer_version']}", f"{r['ours_bytes'] / 1e6:.2f} MB",
                   f"{r['peer_bytes'] / 1e6:,.0f} MB", f"{r['peer_bytes'] / r['logits_bytes']:.1f}x"]
                  for what, r in of_memory(records)], texts=(0, 1))


def head_table(records):
    rows = []
    for r in records:
        if r["name"].startswith("head "):
            what, dtype, width = r["name"][len("head "):].split("/")
            rows.append([what.replace("_", "-"), dtype, f"{r['peer']} {r['peer_version']}", r["peer_way"], width[2:],
                         r["threads"], f"{1e3 * r['ours_s']:.0f} ms", share(r),
                         ratio_and_limit(r, 2)])
    return table(["head", "hidden", "peer", "as it is written", "width", "threads", "prefopt", "of the products",
                  "beside the peer"], rows, texts=range(4))


def ranking_table(records):
    nth = "std::nth_element twice"
    return table(["", "threads", "prefopt", "of the read bandwidth", nth, "std::sort"],
                 [[r["name"], r["threads"], f"{1e3 * r['ours_s']:.0f} ms", share(r), ratio(r),
                   cell(beside(records, r, "std::sort"), ratio)] for r in having(records, peer=nth)])


def gpu_table(path):
    """Of Google Benchmark's output, if there is one."""
    if not path.exists():
        return ["No GPU was there to measure on."]
    results = json.loads(path.read_text())
    return [f"{results['context'].get('machine', 'A GPU')}, {results['context']['date'][:10]}.", "",
            *table(["", "time", "of the roofline"],
                   [[r["name"], f"{r['real_time']:.4g} {r['time_unit']}", share(r, "roofline")]
                    for r in results["benchmarks"]])]


def readme_table(records):
    rows = []
    for dtype in ("fp32", "bf16"):
        for threads in (1, 2):
            at = {"what": "log_prob+entropy", "dtype": dtype, "vocabulary": 128256, "threads": threads}
            mine = only(records, peer=OWN_LOOP, **at)
            if mine:
                rows.append([f"{dtype}, {threads} thread{'s' * (threads > 1)}", f"{rate(mine)} Gelem/s", share(mine),
                             *(cell(only(records, peer=peer, **at), ratio) for peer in (*TORCH, "TRL"))])
    return table(["log-prob + entropy, V = 128,256", "prefopt", "of the read bandwidth", "beside LibTorch", "beside PyTorch",
                  "beside TRL"], rows) + ["", " ".join(places(records))]


def places(records):
    """Where and when it was measured."""
    seen = {}
    for r in records:
        seen.setdefault(r["machine"], set()).add(r["date"])
    return [f"{machine}; {', '.join(sorted(dates))}." for machine, dates in seen.items()]


def setting(records):
    """What was measured, where and when."""
    builds = sorted({r["flags"] for r in records if r["flags"] and r["peer"]}
                    | {r["peer_version"] for r in having(records, peer=OWN_LOOP)})
    peers = sorted({f"{r['peer']} {r['peer_version']}" for r in having(records, peer=(*TORCH, "TRL"))})
    lines = places(records)
    others = [r["other_cores"] for r in records if r.get("other_cores") is not None]
    disturbed = sum(cores >= 0.1 for cores in others)
    if disturbed:
        lines.append(f"**Other work ran while {disturbed} of {len(others)} figures were measured, "
                     f"on up to {max(others):.1f} cores: those of two threads mean little.**")
    elif others:
        lines.append(f"Nothing else ran: other processes took {max(others):.2f} of a core at most.")
    if len(others) < len(records):
        lines.append(f"What ran beside {len(records) - len(others)} of {len(records)} figures was not recorded: "
                     "those of two threads may mean little.")
    return [*lines, f"prefopt: {'; '.join(builds)}. Peers: {', '.join(peers) or 'none'}."]
