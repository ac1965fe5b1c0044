# SPDX-License-Identifier: MIT
"""Log-probabilities of logits, forward and backward, and the memory that they take."""

import torch

from measure import fastest, medians, peak_bytes
from row_case import RowCase, by_cross_entropy, by_log_softmax, by_logsumexp


def rows(library, results, much, dtype, vocabulary, trl, compiled):
    case = RowCase(library, dtype, much["elements"], vocabulary)
    eager = {"log_softmax": by_log_softmax, "logsumexp": by_logsumexp}
    error = case.check(eager | ({"TRL": trl[0]} if trl else {}))
    for threads in (1, 2):
        torch.set_num_threads(threads)
        for with_entropy in (True, False):
            ways = eager if with_entropy else eager | {"cross_entropy": by_cross_entropy}
            for backward in (False, True):
                run = case.peer_forward_and_backward if backward else case.peer_forward
                ours = case.forward_and_backward if backward else case.forward
                best = fastest({name: lambda way=way: run(way, with_entropy) for name, way in ways.items()})
                peers = [("PyTorch", torch.__version__, ways[best], best)]
                # Forward with 2 threads is what is claimed of TRL.
                if trl and with_entropy and (vocabulary == 128256 or (threads == 2 and not backward)):
                    peers.append(("TRL", trl[1], trl[0], "selective_log_softmax, entropy_from_logits"))
                if compiled and threads == 2:
                    peers.append(("PyTorch compiled", torch.__version__, compiled[best], best))
                contenders = [lambda: case.read(threads), lambda: case.copy(threads), lambda: ours(threads, with_entropy)]
                contenders += [lambda way=way: run(way, with_entropy) for _, _, way, _ in peers]
                read, copy, mine, *theirs = medians(contenders, much["rounds"])
                what = ("log_prob+entropy" if with_entropy else "log_prob") + (" forward+backward" if backward else "")
                for (peer, version, _, way), seconds in zip(peers, theirs):
                    results.write(case.name(what), threads, mine, peer, version, seconds,
                                  read + copy if backward else read, elements=case.logits.numel(), max_error=error,
                                  peer_way=way)


def memory(library, results, much, trl):
    case = RowCase(library, torch.float32, much["elements"], 128256)
    case.forward_and_backward(2, True)
    for with_entropy in (True, False):
        ours = peak_bytes(lambda: case.forward_and_backward(2, with_entropy))
        peers = [("PyTorch", torch.__version__, way) for way in (by_log_softmax, by_logsumexp)]
        if trl:
            peers.append(("TRL", trl[1], trl[0]))
        least = {}
        for peer, version, way in peers:
            # The gradient itself is a result.
            theirs = peak_bytes(lambda: case.peer_forward_and_backward(way, with_entropy)) - case.bytes
            least[peer, version] = min(theirs, least.get((peer, version), theirs))
        what = "log_prob+entropy" if with_entropy else "log_prob"
        for (peer, version), theirs in least.items():
            results.write_bytes(case.name(what + " forward+backward memory"), ours, peer, version, theirs, case.bytes)
