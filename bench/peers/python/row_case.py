# SPDX-License-Identifier: MIT
"""Logits, targets and the ways in which PyTorch and TRL score them."""

import ctypes
import sys

import torch

from library import Rows


def by_log_softmax(logits, targets, with_entropy):
    log_p = torch.log_softmax(logits, -1)
    lp = log_p.gather(-1, targets).squeeze(-1)
    return (lp, -(log_p.exp() * log_p).sum(-1)) if with_entropy else (lp,)


def by_logsumexp(logits, targets, with_entropy):
    lse = torch.logsumexp(logits, -1)
    lp = logits.gather(-1, targets).squeeze(-1) - lse
    return (lp, lse - (torch.softmax(logits, -1) * logits).sum(-1)) if with_entropy else (lp,)


def by_cross_entropy(logits, targets, with_entropy):
    assert not with_entropy
    return (-torch.nn.functional.cross_entropy(logits, targets.squeeze(-1), reduction="none"),)


def trl_functions():
    """selective_log_softmax and entropy_from_logits, and TRL's version; None without TRL."""
    try:
        import trl
        from trl.trainer.utils import entropy_from_logits, selective_log_softmax
    except ImportError as error:
        print(f"skipped: TRL ({error})")
        return None

    def both(logits, targets, with_entropy):
        batch = 8 if logits.shape[0] % 8 == 0 else 2  # sequences; TRL goes through them one by one
        shaped = logits.view(batch, -1, logits.shape[-1])
        lp = selective_log_softmax(shaped, targets.view(batch, -1))
        return (lp, entropy_from_logits(shaped)) if with_entropy else (lp,)

    return both, trl.__version__


class RowCase:
    def __init__(self, library, dtype, elements, vocabulary):
        self.library, self.dtype, self.vocabulary = library, dtype, vocabulary
        self.rows = elements // vocabulary // 8 * 8
        torch.manual_seed(1)
        pattern = 3 * torch.randn((1 << 20) - 3)
        count = self.rows * vocabulary
        self.logits = pattern.repeat(count // len(pattern) + 1)[:count].to(dtype).view(self.rows, vocabulary)
        self.gradient = torch.empty_like(self.logits)
        self.targets = (torch.arange(self.rows) * 7919 % vocabulary).view(-1, 1)
        self.columns = [torch.zeros(self.rows) for _ in range(3)]
        self.seed = torch.full((self.rows,), 0.5)
        self.bytes = self.logits.numel() * self.logits.element_size()

    def name(self, what):
        return f"{what}/{'bf16' if self.dtype == torch.bfloat16 else 'fp32'}/V={self.vocabulary}"

    def argument(self, threads):
        return ctypes.byref(Rows(self.logits.data_ptr(), self.rows, self.vocabulary, self.targets.data_ptr(),
                                 self.dtype == torch.bfloat16, threads))

    def read(self, threads):
        self.library.prefopt_roofline_read(self.logits.data_ptr(), self.bytes, threads)

    def copy(self, threads):
        self.library.prefopt_roofline_copy(self.logits.data_ptr(), self.gradient.data_ptr(), self.bytes, threads)

    def forward(self, threads, with_entropy):
        lp, h, lse = (column.data_ptr() for column in self.columns)
        self.library.prefopt_log_probs(self.argument(threads), lp, h if with_entropy else None, lse)

    def forward_and_backward(self, threads, with_entropy):
        lp, h, lse = (column.data_ptr() for column in self.columns)
        seed = self.seed.data_ptr()
        self.library.prefopt_log_probs_and_gradients(
            self.argument(threads), lp, h, lse, seed, seed if with_entropy else None, self.gradient.data_ptr())

    def peer_forward(self, way, with_entropy):
        with torch.no_grad():
            way(self.logits, self.targets, with_entropy)

    def peer_forward_and_backward(self, way, with_entropy):
        """The gradient of the logits, of their dtype."""
        self.logits.requires_grad_(True)
        loss = sum(0.5 * column.sum() for column in way(self.logits, self.targets, with_entropy))
        loss.backward()
        gradient = self.logits.grad
        self.logits.grad = None
        self.logits.requires_grad_(False)
        return gradient

    def check(self, ways):
        """Log-probability, entropy and gradient of every way against ours, and ours against float64."""
        self.forward_and_backward(2, True)
        some = slice(0, None, self.rows // 8)
        exact = torch.log_softmax(self.logits[some].double(), -1)
        expected = [exact.gather(-1, self.targets[some]).squeeze(-1), -(exact.exp() * exact).sum(-1)]
        error = max((got[some] - wanted).abs().max().item() for got, wanted in zip(self.columns, expected))
        if not error < 1e-5:
            sys.exit(f"{self.name('prefopt')} is off by {error}")
        tolerance = 0.2 if self.dtype == torch.bfloat16 else 1e-3
        for name, way in ways.items():
            with torch.no_grad():
                theirs = way(self.logits, self.targets, True)
            for mine, other in zip(self.columns, theirs):
                if not (mine - other.flatten()).abs().max() < tolerance:
                    sys.exit(f"{self.name(name)} and prefopt differ")
        gradient = self.peer_forward_and_backward(by_log_softmax, True)
        if not (gradient - self.gradient)[some].abs().max() < tolerance / 10:
            sys.exit(f"{self.name('gradient')}: torch and prefopt differ")
        return error
