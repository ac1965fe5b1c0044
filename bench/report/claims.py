# SPDX-License-Identifier: MIT
"""What is claimed, what was measured, and what could be."""

import dataclasses
from collections.abc import Callable

from grid import neighbours
from reasons import REASONS
from records import OWN_LOOP, SCALAR, THRUST, TORCH, at_roofline, having
from tables import table


@dataclasses.dataclass
class Figure:
    value: float
    record: dict = dataclasses.field(default_factory=dict)
    limit: float | None = None  # the value of a loop at the roofline


@dataclasses.dataclass
class Claim:
    sentence: str
    bound: float
    show: Callable  # prints a value
    figures: list
    floor: bool = True  # values are to be `bound` at least; else at most

    def holds(self, value):
        return value >= self.bound if self.floor else value <= self.bound

    @property
    def limits(self):
        return [f.limit for f in self.figures if f.limit is not None]

    @property
    def missed(self):
        return [f for f in self.figures if not self.holds(f.value)]

    def worst_to_best(self, values):
        ordered = sorted(values, reverse=not self.floor)
        return f"{self.show(ordered[0])} … {self.show(ordered[-1])}" if values else ""

    def measured(self):
        return self.worst_to_best([f.value for f in self.figures]) or "not measured"

    def verdict(self):
        if not self.figures:
            return ""
        count, missed = len(self.figures), len(self.missed)
        possible = f", at the roofline {sum(map(self.holds, self.limits))}" if missed and self.limits else ""
        return f"{'**no**:' if missed else 'yes,'} {count - missed} of {count}{possible}"


def share(value):
    return f"{100 * value:.0f} %"


def times(value):
    return f"{value:.1f}x" if value < 100 else f"{value:.0f}x"


def rate(value):
    return f"{value:.1f} G/s"


def claims(records):
    def at_least(sentence, bound, show, field, limited=False, **conditions):
        """`limited`: by the roofline, which is not 1 of `field` itself."""
        return Claim(sentence, bound, show, [Figure(r[field], r, at_roofline(r, field) if limited else None)
                                             for r in having(records, **conditions) if r.get(field) is not None])

    def beside(sentence, bound, peer, **conditions):
        return at_least(f"{sentence}, beside {peer}", bound, times, "ratio", True, peer=peer, **conditions)

    def at_most(sentence, bound, show, values):
        return Claim(sentence, bound, show, list(map(Figure, values)), floor=False)

    yield at_least("fp32 log-prob + entropy, of the read bandwidth", .85, share, "roofline_fraction",
                   peer=OWN_LOOP, what="log_prob+entropy", dtype="fp32")
    yield at_least("bf16 log-prob + entropy, elements per second and core", 8, rate, "giga_per_s_and_core", True,
                   peer=OWN_LOOP, what="log_prob+entropy", dtype="bf16")
    for dtype, both, alone in (("fp32", 9, 4.5), ("bf16", 8, 4)):
        for peer in TORCH:
            yield beside(f"{dtype} log-prob + entropy", both, peer, what="log_prob+entropy", dtype=dtype)
            yield beside(f"{dtype} log-prob alone", alone, peer, what="log_prob", dtype=dtype)
    yield at_least("log-prob + entropy, beside TRL's two functions, 2 threads", 20, times, "ratio", True,
                   peer="TRL", what="log_prob+entropy", threads=2)
    yield at_most("error of log-prob and entropy against float64", 2e-6, "{:.1e}".format,
                  [r["max_error"] for r in having(records, peer=OWN_LOOP, what="log_prob+entropy") if "max_error" in r])
    yield at_least("fp32 gradient, of the streaming copy", .9, share, "roofline_fraction",
                   peer=OWN_LOOP, what="gradient", dtype="fp32")
    yield at_least("bf16 gradient, elements per second and core", 7, rate, "giga_per_s_and_core", True,
                   peer=OWN_LOOP, what="gradient", dtype="bf16")
    for peer in TORCH:
        yield beside("forward + backward with entropy", 8, peer, what="log_prob+entropy forward+backward")
        yield beside("forward + backward of log-prob alone", 4, peer, what="log_prob forward+backward")
    yield at_most("extra memory of forward + backward", 1, "{:.2f} MB".format,
                  [r["ours_bytes"] / 1e6 for r in records if "ours_bytes" in r])
    for loss, roof in (("dpo", .85), ("mfpo", .75)):
        name = loss.upper()
        yield at_least(f"{name}, of the streaming copy", roof, share, "roofline_fraction", peer=OWN_LOOP, what=loss)
        for peer in TORCH:
            yield beside(f"{name}, forward + backward", 7, peer, what=loss)
        yield at_least(f"{name}, beside a scalar loop on libm", 20, times, "ratio", True, peer=SCALAR, what=loss)
        yield at_most(f"{name}, Thrust OMP's time to the host loop's", 1.1, "{:.2f}".format,
                      [r["ratio"] for r in having(records, peer=THRUST, what=loss)])
    yield at_least("fp32 head, forward, of the bare product", .95, share, "roofline_fraction",
                   peer="LibTorch", what="head log_prob+entropy", dtype="fp32")
    faster = []
    for r in having(records, peer="LibTorch", dtype="bf16"):
        if r["name"].startswith("head") and "backward" not in r["name"]:
            what, _, *size = r["name"].split("/")
            fp32 = next((o for o in having(records, peer="LibTorch", what=what, dtype="fp32", threads=r["threads"])
                         if o["name"].split("/")[2:] == size), None)
            if fp32:
                faster.append(Figure(fp32["ours_s"] / r["ours_s"]))
    yield Claim("head in bf16 to fp32, forward", 1.9, times, faster)
    for peer in TORCH:
        yield beside("head, forward + backward with entropy, equal BLAS", 1.4, peer,
                     what="head log_prob+entropy forward+backward")
        yield beside("head, forward + backward of log-prob alone, equal BLAS", 1, peer, what="head log_prob forward+backward")
    yield at_most("workspace of a head", 8, "{:.2f} MB".format,
                  sorted({r["workspace"] / 1e6 for r in records if "workspace" in r}))
    for peer, bound in (("std::nth_element twice", 8), ("std::sort", 60)):
        yield at_least(f"exact tertiles, beside {peer}", bound, times, "ratio", peer=peer)
    for what in ("log_prob+entropy", "gradient", "dpo", "mfpo"):
        yield at_least(f"{what}: plain -O2 to -O3 -march=native", .9, share, "ratio", peer=OWN_LOOP, what=what)
    yield at_most("rows: an element's cost to that of the next shape", 1.25, "{:.2f}".format,
                  [ratio for _, _, ratio in neighbours(records)])


def claims_table(records):
    rows = []
    for c in claims(records):
        sign = "≥" if c.floor else "≤"
        rows.append([c.sentence, f"{sign} {c.show(c.bound)}", c.measured(), c.worst_to_best(c.limits), c.verdict()])
    return table(["", "wanted", "measured, worst to best", "at the roofline", ""], rows, texts=(0, 4))


def shortfalls(records):
    """The claims that do not hold, each missed figure with the reason that its own numbers show, and those not measured."""
    all_claims = list(claims(records))
    missed = {c.sentence: c.missed for c in all_claims if c.missed}

    def listed(found):
        return "; ".join(f"{s} ({len(figures)} of {len(missed[s])} missed)" for s, figures in found.items())

    left, lines = dict(missed), []
    for reason in REASONS:
        found = {}
        for c in all_claims:
            if c.sentence in left and c.sentence.split(", beside ")[0] in reason.sentences:
                explained = [f for f in left[c.sentence] if reason.explains(c, f)]
                if explained:
                    found[c.sentence] = explained
                    left[c.sentence] = [f for f in left[c.sentence] if not any(f is e for e in explained)]
        if found:
            lines += [f"- {listed(found)}.", f"  {reason.text([f for figures in found.values() for f in figures])}"]
    left = {sentence: figures for sentence, figures in left.items() if figures}
    if left:
        lines.append(f"- No reason shows in the figures: {listed(left)}.")
    unmeasured = [c.sentence for c in all_claims if not c.figures]
    if unmeasured:
        lines.append(f"- Not measured: {'; '.join(unmeasured)}.")
    return lines or ["Nothing: all that is claimed holds."]
