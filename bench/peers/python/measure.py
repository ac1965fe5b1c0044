# SPDX-License-Identifier: MIT
"""Timing in turns, memory, and the records that compare.sh collects."""

import ctypes
import ctypes.util
import json
import os
import statistics
import time


def recycle_heap():
    """Keeps freed memory, so that no contender pays page faults for its temporaries at every call."""
    libc = ctypes.CDLL(ctypes.util.find_library("c"))
    m_trim_threshold, m_top_pad, m_mmap_max = -1, -2, -4
    libc.mallopt(m_mmap_max, 0)
    libc.mallopt(m_trim_threshold, 2147483647)
    libc.mallopt(m_top_pad, 64 << 20)


def seconds_of(run):
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def medians(contenders, rounds):
    """Median seconds of each; all run once unmeasured, then in turns: `rounds` of them, 31 where they are short."""
    for run in contenders:
        run()
    turns = []
    while len(turns) < rounds:
        turns.append([seconds_of(run) for run in contenders])
        if 31 * sum(turns[0]) < 1:
            rounds = max(rounds, 31)
    return [statistics.median(taken) for taken in zip(*turns)]


def fastest(ways):
    """The name of the fastest of several ways to the same result: a peer is taken at its best. Each way's is the least of
    three turns, so that what slows the machine for a while does not choose for the peer."""
    for run in ways.values():
        run()
    turns = [[seconds_of(run) for run in ways.values()] for _ in range(3)]
    taken = dict(zip(ways, map(min, zip(*turns))))
    return min(taken, key=taken.get)


class OtherWork:
    """How many cores other processes keep busy, since the last call or, within a second of it, what that found; as
    other_work in bench/measure.hpp."""

    def __init__(self):
        self.last, self.found = self._take(), None

    @staticmethod
    def _take():
        with open("/proc/stat") as file:
            user, nice, system, _, _, irq, soft_irq, steal = map(int, file.readline().split()[1:9])
        busy = (user + nice + system + irq + soft_irq + steal) / os.sysconf("SC_CLK_TCK")
        own = os.times()
        return own.elapsed, busy - own.user - own.system - own.children_user - own.children_system

    def cores(self):
        now = self._take()
        passed = now[0] - self.last[0]
        if passed >= 1:
            self.found, self.last = round(max(0.0, (now[1] - self.last[1]) / passed), 2), now
        return self.found


class Results:
    def __init__(self, path, build):
        self.path, self.build, self.records = path, build, []
        self.others = OtherWork()

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
            "other_cores": self.others.cores(),
        })
        with open(self.path, "w") as file:
            file.write("[\n" + ",\n".join(json.dumps(each) for each in self.records) + "\n]\n")


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
