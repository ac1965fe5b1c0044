# SPDX-License-Identifier: MIT
"""What follows the model in a DPO step."""

import sys

import torch

from measure import fastest, medians
from pairs import BETA
from row_case import RowCase, by_cross_entropy, by_log_softmax, by_logsumexp


def steps(library, results, much, dtype, trl):
    """What follows the model in a DPO step: four pairs, a quarter of each sequence its prompt."""
    case = RowCase(library, dtype, much["elements"], 128256)
    pair_count, length = 4, case.rows // 8
    case.targets.view(8, length)[:, : length // 4] = -100
    counted = case.targets != -100
    labels = case.targets.clamp(min=0)
    reference = -4.0 * length * torch.ones(2 * pair_count)
    token, sequence = torch.zeros(4, case.rows), torch.zeros(3, 2 * pair_count)

    def ours(threads):
        library.prefopt_dpo_step(case.argument(threads), pair_count, reference.data_ptr(), token.data_ptr(),
                                 sequence.data_ptr(), case.gradient.data_ptr())

    def all_rows(way):
        return way(case.logits, labels, False)[0].view(-1, 1).masked_fill(~counted, 0)

    def counted_rows(way):
        rows = counted.squeeze(-1)
        log_probs = way(case.logits[rows], labels[rows], False)[0]
        return torch.zeros_like(rows, dtype=log_probs.dtype).masked_scatter(rows, log_probs)

    def theirs(of_rows, way):
        case.logits.requires_grad_(True)
        sums = of_rows(way).view(2 * pair_count, length).float().sum(-1) - reference
        loss = -torch.nn.functional.logsigmoid(BETA * (sums[:pair_count] - sums[pair_count:])).mean()
        loss.backward()
        gradient = case.logits.grad
        case.logits.grad = None
        case.logits.requires_grad_(False)
        return gradient

    ours(2)
    if not (theirs(all_rows, by_log_softmax) - case.gradient)[:: case.rows // 16].abs().max() < 1e-2:
        sys.exit(f"{case.name('dpo step')}: torch and prefopt differ")
    for threads in (1, 2):
        torch.set_num_threads(threads)
        ways = {f"{way.__name__[3:]}, {of_rows.__name__}": lambda way=way, of_rows=of_rows: theirs(of_rows, way)
                for way in (by_log_softmax, by_logsumexp, by_cross_entropy) for of_rows in (all_rows, counted_rows)}
        best = fastest(ways)
        peers = [("PyTorch", torch.__version__, best, ways[best])]
        if trl:
            peers.append(("TRL", trl[1], "selective_log_softmax", lambda: theirs(all_rows, trl[0])))
        read, copy, mine, *seconds = medians([lambda: case.read(threads), lambda: case.copy(threads),
                                              lambda: ours(threads), *(run for *_, run in peers)], much["rounds"])
        for (peer, version, way, _), taken in zip(peers, seconds):
            # Rows that do not count are not read, but their gradients are written.
            results.write(case.name("dpo step"), threads, mine, peer, version, taken, 0.75 * read + copy,
                          elements=case.logits.numel(), peer_way=way)
