# SPDX-License-Identifier: MIT
"""What compare_peers.py asks of a library: its name, its version, and a function for each golden case it can run."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Callable

import torch


@dataclass
class Peer:
    """`rows[name](columns, params)` gives the loss of ONE example, from columns of length 1; `batches[name]` the number
    that a golden case of kind batch_vector (the sum over the vector) or batch_scalar names. `what` says which function
    of the library that is."""

    name: str
    version: str
    rows: dict[str, Callable] = field(default_factory=dict)
    batches: dict[str, Callable] = field(default_factory=dict)
    what: dict[str, str] = field(default_factory=dict)
    situations: list[tuple[str, str, Callable]] = field(default_factory=list)

    def row(self, name, function, what):
        self.rows[name], self.what[name] = function, what

    def batch(self, name, function, what):
        self.batches[name], self.what[name] = function, what

    def situation(self, loss, title, function):
        """Something that no golden row shows; `function` returns one line that says what happened."""
        self.situations.append((loss, title, function))


class Refused(Exception):
    """The library has no such setting, or its configuration rejects it: no deviation, but no support either."""


def stub_accelerator():
    """Stands in for accelerate's Accelerator on one process: nothing to gather."""
    same = lambda x: x  # noqa: E731
    return SimpleNamespace(device=torch.device("cpu"), gather=same, gather_for_metrics=same, use_distributed=False)


def reraise(function):
    """One line about what `function` does: the value, or the error that it raises."""
    try:
        result = function()
    except Exception as error:  # noqa: BLE001  the error is the finding
        return f"raises {type(error).__name__}: {str(error).strip().splitlines()[0][:80]}"
    return result if isinstance(result, str) else f"{float(result):.6g}"
