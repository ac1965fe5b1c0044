# SPDX-License-Identifier: MIT
"""Why claims do not hold everywhere. A reason is given for a missed figure only where that figure's own numbers show it."""

import dataclasses
from collections.abc import Callable

NEAR = 0.85  # of the roofline: from here on a loop counts as one as fast as memory


@dataclasses.dataclass
class Reason:
    sentences: list  # of claims, without the peer
    explains: Callable  # (claim, missed figure) -> bool
    text: Callable  # of the figures it explains


def out_of_reach(claim, figure):
    """A loop at the roofline would miss the bound as well."""
    return figure.limit is not None and not claim.holds(figure.limit)


def by_arithmetic(claim, figure):
    """A loop at the roofline would keep the bound, and ours is far from it."""
    return not out_of_reach(claim, figure) and (figure.record.get("roofline_fraction") or NEAR) < NEAR


def half_the_bytes(claim, figure):
    return by_arithmetic(claim, figure) and "bf16" in figure.record["name"].split("/")


def percents(values):
    least, most = (f"{100 * value:.0f}" for value in (min(values), max(values)))
    return f"{least} %" if least == most else f"{least} % to {most} %"


def of_the_roofline(figures):
    return f"{percents([f.record['roofline_fraction'] for f in figures])} of the roofline"


def products(figures):
    """What the products alone take of the peer's time: the roofline's to the peer's."""
    return percents([f.record["roofline_fraction"] / f.record["ratio"] for f in figures])


LOG_PROB_ALONE = ["fp32 log-prob alone", "bf16 log-prob alone", "forward + backward of log-prob alone"]
ROWS = [*LOG_PROB_ALONE, "fp32 log-prob + entropy", "bf16 log-prob + entropy", "forward + backward with entropy",
        "bf16 log-prob + entropy, elements per second and core", "bf16 gradient, elements per second and core"]
LOSSES = [name + rest for name in ("DPO", "MFPO") for rest in (", of the streaming copy", ", forward + backward", "")]

REASONS = [
    Reason(LOG_PROB_ALONE, out_of_reach, lambda _:
           "Without entropy the fastest of the peer's ways goes through the logits few times, and those times are all the "
           "ratio there can be: a loop as fast as memory would miss it too."),
    Reason([*ROWS, *LOSSES], out_of_reach, lambda _: "A loop as fast as memory was here would miss it too."),
    Reason(ROWS, half_the_bytes, lambda figures:
           f"Half the bytes are all of the exponentials: in bf16 and at {of_the_roofline(figures)}, arithmetic is the limit, "
           "not memory."),
    Reason(LOSSES, by_arithmetic, lambda figures:
           "Between load and store each log-sigmoid, of which DPO has one and MFPO three, is an exponential, a logarithm and "
           f"a division, to 2.5 units in the last place: at {of_the_roofline(figures)}, arithmetic is the limit."),
    Reason(["head, forward + backward with entropy, equal BLAS", "head, forward + backward of log-prob alone, equal BLAS"],
           out_of_reach, lambda figures:
           f"Both multiply three times, with the same library, and that is {products(figures)} of the peer's time: the rest "
           "is all there is to win."),
]
