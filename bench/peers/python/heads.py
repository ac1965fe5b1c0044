# SPDX-License-Identifier: MIT
"""A language-model head by PyTorch and Liger; prefopt is given PyTorch's own matrix product."""

import ctypes
import os
import sys

import torch

from library import Head
from measure import fastest, medians
from row_case import by_cross_entropy, by_log_softmax, by_logsumexp


def torch_sgemm():
    """The address of the sgemm that torch multiplies with; None if it keeps it to itself."""
    try:
        library = ctypes.CDLL(os.path.join(os.path.dirname(torch.__file__), "lib", "libtorch_cpu.so"))
        return ctypes.cast(library.sgemm_, ctypes.c_void_p).value
    except (OSError, AttributeError):
        return None


def liger_dpo(pair_count):
    """Liger's chunked head and DPO loss, the faster of interpreted and compiled, and its version."""
    try:
        from importlib.metadata import version

        from liger_kernel.chunked_loss import LigerFusedLinearDPOLoss
    except ImportError as error:
        print(f"skipped: Liger ({error})")
        return None

    def loss(hidden, weight, targets, compiled):
        both = LigerFusedLinearDPOLoss(compiled=compiled, use_ref_model=False)
        shaped = hidden.view(2 * pair_count, -1, hidden.shape[-1])
        return both(weight, shaped, targets.view(2 * pair_count, -1))[0]

    return loss, version("liger_kernel")


def heads(library, results, much, width, compile):
    """A language-model head in fp32, with torch's own matrix product in prefopt too."""
    rows, vocabulary, pair_count = 512, 16000, 4
    sgemm = torch_sgemm()
    if sgemm is None:
        print("skipped: a head, since torch's sgemm cannot be reached")
        return
    torch.manual_seed(1)
    spread = (3 / width**0.5) ** 0.5
    hidden, weight = spread * torch.randn(rows, width), spread * torch.randn(vocabulary, width)
    targets = (torch.arange(rows) * 7919 % vocabulary).view(-1, 1)
    columns = [torch.zeros(rows) for _ in range(3)]
    seed = torch.full((rows,), 0.5)
    d_hidden, d_weight, logits = torch.empty_like(hidden), torch.empty_like(weight), torch.empty(rows, vocabulary)
    lp, h, lse = (column.data_ptr() for column in columns)

    def head(threads):
        return ctypes.byref(Head(hidden.data_ptr(), weight.data_ptr(), targets.data_ptr(), rows, width, vocabulary,
                                 sgemm, None, 0, threads))

    workspace = torch.empty(library.prefopt_head_workspace(head(1)), dtype=torch.uint8)

    def ours(threads, with_entropy, backward):
        if not backward:
            library.prefopt_head_log_probs(head(threads), lp, h, lse, workspace.data_ptr())
            return
        library.prefopt_head_log_probs_and_gradients(
            head(threads), lp, h, lse, seed.data_ptr(), seed.data_ptr() if with_entropy else None,
            d_hidden.data_ptr(), d_weight.data_ptr(), workspace.data_ptr())

    def differentiate(loss):
        for x in (hidden, weight):
            x.requires_grad_(True)
        loss().backward()
        gradients = hidden.grad, weight.grad
        for x in (hidden, weight):
            x.grad = None
            x.requires_grad_(False)
        return gradients

    def theirs(way, with_entropy, backward):
        if backward:
            return differentiate(
                lambda: sum(0.5 * column.sum() for column in way(hidden @ weight.T, targets, with_entropy)))
        with torch.no_grad():
            return way(hidden @ weight.T, targets, with_entropy)

    ours(2, True, True)
    pairs_of = [*zip(columns, theirs(by_log_softmax, True, False)),
                *zip((d_hidden, d_weight), theirs(by_log_softmax, True, True))]
    if not all((mine - other).abs().max() < 1e-3 for mine, other in pairs_of):
        sys.exit("torch and prefopt differ in a head")
    liger = liger_dpo(pair_count)
    for threads in much["head_threads"]:
        torch.set_num_threads(threads)
        for with_entropy in (True, False):
            ways = {"log_softmax": by_log_softmax, "logsumexp": by_logsumexp}
            if not with_entropy:
                ways["cross_entropy"] = by_cross_entropy
            for backward in (False, True):
                best = fastest({name: lambda way=way: theirs(way, with_entropy, backward) for name, way in ways.items()})
                peers = [("PyTorch", torch.__version__, best, lambda: theirs(ways[best], with_entropy, backward))]
                if liger and backward and not with_entropy:
                    modes = {"interpreted": False} | ({"compiled": True} if compile and threads == 2 else {})
                    runs = {mode: lambda compiled=compiled: differentiate(
                        lambda: liger[0](hidden, weight, targets, compiled)) for mode, compiled in modes.items()}
                    mode = fastest(runs)
                    peers.append(("Liger", liger[1], "fused linear DPO, " + mode, runs[mode]))
                product, mine, *seconds = medians(
                    [lambda: library.prefopt_head_product(head(threads), logits.data_ptr()),
                     lambda: ours(threads, with_entropy, backward), *(run for *_, run in peers)], much["rounds"])
                what = "head log_prob" + ("+entropy" if with_entropy else "") + (" forward+backward" if backward else "")
                for (peer, version, way, _), taken in zip(peers, seconds):
                    results.write(f"{what}/fp32/D={width}", threads, mine, peer, version, taken,
                                  (3 if backward else 1) * product, elements=rows * vocabulary,
                                  workspace=len(workspace), peer_way=way)
