# SPDX-License-Identifier: MIT
"""What is claimed, and what was measured."""

from grid import neighbours
from records import OWN_LOOP, SCALAR, THRUST, TORCH, having


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
    for peer, bound in (("std::nth_element twice", 8), ("std::sort", 60)):
        result.append(at_least(f"exact tertiles, beside {peer}", bound, times, "ratio", peer=peer))
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
