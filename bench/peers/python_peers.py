#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""prefopt beside PyTorch, TRL and Liger, in turns in one process.

    python_peers.py LIBRARY RESULTS [--quick]

LIBRARY is bench/peers/ours.cpp as compare.sh builds it. What is not installed is skipped by name.
"""

import argparse
import ctypes
import ctypes.util
import json
import os
import statistics
import sys
import time

import torch

BETA = 0.1


class Rows(ctypes.Structure):
    _fields_ = [
        ("logits", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        ("vocabulary", ctypes.c_int64),
        ("targets", ctypes.c_void_p),
        ("bf16", ctypes.c_int32),
        ("threads", ctypes.c_int32),
    ]


class Head(ctypes.Structure):
    _fields_ = [
        ("hidden", ctypes.c_void_p),
        ("weight", ctypes.c_void_p),
        ("targets", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        ("width", ctypes.c_int64),
        ("vocabulary", ctypes.c_int64),
        ("sgemm", ctypes.c_void_p),
        ("product", ctypes.c_void_p),
        ("bf16", ctypes.c_int32),
        ("threads", ctypes.c_int32),
    ]


class Pairs(ctypes.Structure):
    _fields_ = [
        ("inputs", ctypes.c_void_p * 6),
        ("outputs", ctypes.c_void_p * 4),
        ("count", ctypes.c_int64),
        ("threads", ctypes.c_int32),
    ]


def load(path):
    # After torch, so that both use the one OpenMP runtime that is loaded by then.
    library = ctypes.CDLL(os.path.abspath(path))
    library.prefopt_build.restype = ctypes.c_char_p
    if library.prefopt_build() is None:
        sys.exit(f"{path} has assertions: build with NDEBUG")
    library.prefopt_roofline_read.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32]
    library.prefopt_roofline_copy.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32]
    library.prefopt_log_probs.argtypes = [ctypes.POINTER(Rows)] + [ctypes.c_void_p] * 3
    library.prefopt_log_probs_and_gradients.argtypes = [ctypes.POINTER(Rows)] + [ctypes.c_void_p] * 6
    library.prefopt_dpo_step.argtypes = [ctypes.POINTER(Rows), ctypes.c_int64] + [ctypes.c_void_p] * 4
    library.prefopt_head_workspace.argtypes = [ctypes.POINTER(Head)]
    library.prefopt_head_workspace.restype = ctypes.c_int64
    library.prefopt_head_log_probs.argtypes = [ctypes.POINTER(Head)] + [ctypes.c_void_p] * 4
    library.prefopt_head_log_probs_and_gradients.argtypes = [ctypes.POINTER(Head)] + [ctypes.c_void_p] * 8
    library.prefopt_head_product.argtypes = [ctypes.POINTER(Head), ctypes.c_void_p]
    for name in ("prefopt_dpo", "prefopt_mfpo"):
        getattr(library, name).argtypes = [ctypes.POINTER(Pairs)]
    return library


def recycle_heap():
    """Keeps freed memory, so that no contender pays page faults for its temporaries at every call."""
    libc = ctypes.CDLL(ctypes.util.find_library("c"))
    m_trim_threshold, m_top_pad, m_mmap_max = -1, -2, -4
    libc.mallopt(m_mmap_max, 0)
    libc.mallopt(m_trim_threshold, 2147483647)
    libc.mallopt(m_top_pad, 64 << 20)


def medians(contenders, rounds):
    """Median seconds of each; all run twice unmeasured, then in turns: `rounds` at least, 31 where they are short."""
    for run in contenders:
        run()
    begin = time.perf_counter()
    for run in contenders:
        run()
    if 31 * (time.perf_counter() - begin) < 1:
        rounds = max(rounds, 31)
    seconds = [[] for _ in contenders]
    for _ in range(rounds):
        for run, taken in zip(contenders, seconds):
            begin = time.perf_counter()
            run()
            taken.append(time.perf_counter() - begin)
    return [statistics.median(taken) for taken in seconds]


def fastest(ways):
    """The name of the fastest of several ways to the same result: a peer is taken at its best."""
    taken = medians(list(ways.values()), 3)
    return min(zip(taken, ways))[1]


class Results:
    def __init__(self, path, build):
        self.path, self.build, self.records = path, build, []

    def write(self, name, threads, ours, peer, version, theirs, roofline, **extra):
        record = {
            "name": name, "ours_s": ours, "peer_s": theirs, "ratio": theirs / ours,
            "roofline_fraction": roofline / ours, "threads": threads, **extra,
        }
        self._add(record, peer, version)
        print(f"{name:48} {threads} threads  {1e3 * ours:9.3f} ms  {100 * roofline / ours:5.1f} % of the roofline"
              f"  {theirs / ours:6.2f}x {peer}", flush=True)

    def write_bytes(self, name, ours, peer, version, theirs, logits):
        self._add({"name": name, "ours_bytes": ours, "peer_bytes": theirs, "logits_bytes": logits}, peer, version)
        print(f"{name:48} {ours / 1e6:.1f} MB beside {theirs / 1e6:.1f} MB of {peer}", flush=True)

    def _add(self, record, peer, version):
        self.records.append(record | {
            "peer": peer, "peer_version": version, "flags": self.build,
            "machine": os.environ.get("COMPARE_MACHINE", "unknown"), "date": os.environ.get("COMPARE_DATE", "unknown"),
        })
        with open(self.path, "w") as file:
            file.write("[\n" + ",\n".join(json.dumps(each) for each in self.records) + "\n]\n")


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
                if trl and with_entropy:
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


def held_bytes(field):
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith(field + ":"))


def peak_bytes(run):
    """Bytes that `run` holds at most beyond what was held before."""
    run()  # threads, and code that is loaded when it is first called
    ctypes.CDLL(ctypes.util.find_library("c")).malloc_trim(0)
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak is now what is held
    before = held_bytes("VmRSS")
    run()
    return max(0, held_bytes("VmHWM") - before)


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


def dpo(x):
    return -torch.nn.functional.logsigmoid(BETA * ((x[0] - x[3]) - (x[1] - x[4])))


def mfpo(x):
    w, l, n = (BETA * (x[k] - x[k + 3]) for k in range(3))
    log_sigmoid = torch.nn.functional.logsigmoid
    return -log_sigmoid(w - l) - log_sigmoid(w - n) - log_sigmoid(w)


def pairs(library, results, count, rounds, compile):
    needed = 4 * 4 * 10 * count  # autograd keeps about twenty columns for MFPO
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


def heads(library, results, rounds, width, vocabulary, compile):
    """A language-model head in fp32, with torch's own matrix product in prefopt too."""
    rows, pair_count = 512, 4
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
    for threads in (1, 2):
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
                     lambda: ours(threads, with_entropy, backward), *(run for *_, run in peers)], rounds)
                what = "head log_prob" + ("+entropy" if with_entropy else "") + (" forward+backward" if backward else "")
                for (peer, version, way, _), taken in zip(peers, seconds):
                    results.write(f"{what}/fp32/D={width}", threads, mine, peer, version, taken,
                                  (3 if backward else 1) * product, elements=rows * vocabulary,
                                  workspace=len(workspace), peer_way=way)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library")
    parser.add_argument("results")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=["memory", "rows", "steps", "heads", "pairs"])
    parser.add_argument("--compile", action="store_true", help="torch.compile too, with 2 threads (needs a C++ compiler)")
    options = parser.parse_args()

    library = load(options.library)
    results = Results(options.results, library.prefopt_build().decode())
    if options.quick:
        much = {"rounds": 7, "elements": 1 << 25, "vocabularies": [128256], "pairs": [10**7],
                "widths": [1024], "head_words": 16000}
    else:
        much = {"rounds": 7, "elements": 1 << 26, "vocabularies": [32000, 128256, 151936],
                "pairs": [10**7, 10**8], "widths": [1024], "head_words": 16000}
    trl = trl_functions()

    def wanted(part):
        return options.only in (None, part)

    if wanted("memory"):
        memory(library, results, much, trl)
    recycle_heap()
    for dtype in (torch.float32, torch.bfloat16) if wanted("rows") else ():
        for vocabulary in much["vocabularies"]:
            compiled = None
            if options.compile and vocabulary == 128256:
                compiled = {way.__name__[3:]: torch.compile(way, dynamic=False)
                            for way in (by_log_softmax, by_logsumexp, by_cross_entropy)}
            rows(library, results, much, dtype, vocabulary, trl, compiled)
    for dtype in (torch.float32, torch.bfloat16) if wanted("steps") else ():
        steps(library, results, much, dtype, trl)
    for width in much["widths"] if wanted("heads") else ():
        heads(library, results, 7, width, much["head_words"], options.compile)
    for count in much["pairs"] if wanted("pairs") else ():
        pairs(library, results, count, much["rounds"], options.compile and count == 10**7)


if __name__ == "__main__":
    main()
