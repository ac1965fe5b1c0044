# SPDX-License-Identifier: MIT
"""Preference losses by PyTorch's autograd."""

import ctypes
import sys

import torch

from library import Pairs
from measure import medians

BETA = 0.1


def dpo(x):
    return -torch.nn.functional.logsigmoid(BETA * ((x[0] - x[3]) - (x[1] - x[4])))


def mfpo(x):
    w, l, n = (BETA * (x[k] - x[k + 3]) for k in range(3))
    log_sigmoid = torch.nn.functional.logsigmoid
    return -log_sigmoid(w - l) - log_sigmoid(w - n) - log_sigmoid(w)


def pairs(library, results, count, rounds, compile):
    needed = 200 * count  # of which autograd keeps about twenty columns for MFPO
    with open("/proc/meminfo") as file:
        available = next(1024 * int(line.split()[1]) for line in file if line.startswith("MemAvailable:"))
    if needed > available:
        print(f"skipped: {count} pairs, which would take {needed / 1e9:.1f} GB")
        return
    inputs = -0.1 * (torch.arange(6 * count) * 2654435761 % 3001).float().view(6, count)
    outputs = torch.zeros(4, count)
    one = torch.ones(count)
    for name, loss, policies, columns in (("dpo", dpo, 2, 7), ("mfpo", mfpo, 3, 10)):
        ours = getattr(library, "prefopt_" + name)
        copied = count * columns // 2 * 4

        def copy():
            room = 4 * 4 * count
            source, target = inputs.data_ptr(), outputs.data_ptr()
            library.prefopt_roofline_copy(source, target, min(room, copied), threads)
            if copied > room:
                library.prefopt_roofline_copy(source + room, target, copied - room, threads)

        def theirs(loss=loss):
            x = [column.detach().requires_grad_(k < policies) for k, column in enumerate(inputs)]
            value = loss(x)
            value.backward(one)
            return value.detach(), [x[k].grad for k in range(policies)]

        for threads in (1, 2):
            torch.set_num_threads(threads)
            columns_in = (ctypes.c_void_p * 6)(*(column.data_ptr() for column in inputs))
            columns_out = (ctypes.c_void_p * 4)(*(column.data_ptr() for column in outputs))
            arguments = ctypes.byref(Pairs(columns_in, columns_out, count, threads))
            ours(arguments)
            value, gradients = theirs()
            for got, wanted in zip(outputs, [value, *gradients]):
                if not (got - wanted).abs().max() < 1e-3:
                    sys.exit(f"{name}: torch and prefopt differ")
            del value, gradients
            peers = [("PyTorch", theirs)]
            if compile and threads == 2:
                fused = torch.compile(loss, dynamic=False)
                peers.append(("PyTorch compiled", lambda: theirs(fused)))
            roofline, mine, *seconds = medians([copy, lambda: ours(arguments), *(run for _, run in peers)], rounds)
            for (peer, _), taken in zip(peers, seconds):
                results.write(f"{name}/pairs={count}", threads, mine, peer, torch.__version__, taken, roofline,
                              elements=count)
