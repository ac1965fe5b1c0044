#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the fuzzers for a time of the processor's: run.py BUILD SECONDS [--at-once N] [NAME...]

Each fuzzer gets SECONDS of CPU time, so that a busy machine does not shorten the run; N run at once (1). Prints a
line for each as it ends, in Markdown: executions, CPU seconds, edges covered, inputs kept, findings. The corpus
and what was found stay below BUILD/tests/fuzz/corpus and found. The exit code is the number of fuzzers with findings; one
that cannot be started, or that runs nothing, is a finding.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))


def cpu_seconds(process):
    """User and system time so far; nothing once it has ended."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def last(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def fuzz(build, name, seconds):
    """Whether there was a finding."""
    folder = os.path.join(build, "tests", "fuzz")
    corpus, found, log = (os.path.join(folder, *way) for way in (("corpus", name), ("found", name), (f"{name}.log",)))
    for needed in (corpus, found):
        os.makedirs(needed, exist_ok=True)
    command = [os.path.join(folder, f"fuzz_{name}"), "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
               f"-artifact_prefix={found}/", corpus, os.path.join(HERE, "seeds", name)]
    used = 0.0
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        while process.poll() is None:
            used = cpu_seconds(process.pid) or used
            if used >= seconds:
                process.send_signal(signal.SIGUSR1)  # libFuzzer ends after the input it is at
            time.sleep(0.5)
    with open(log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    runs = last(r"stat::number_of_executed_units:\s*(\d+)", text)
    failed = process.returncode != 0 or runs == 0
    finding = f"code {process.returncode}: {log}, {found}/" if failed else "none"
    edges = last(r" cov: (\d+)", text)
    print(f"| {name} | {runs:,} | {used:.0f} | {edges:,} | {len(os.listdir(corpus)):,} | {finding} |",
          flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("seconds", type=float)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("names", nargs="*")
    given = parser.parse_intermixed_args()
    names = given.names or sorted(name[:-4] for name in os.listdir(HERE) if name.endswith(".cpp"))

    def work(name):
        try:
            return fuzz(given.build, name, given.seconds)
        except OSError as error:
            print(f"| {name} | 0 | 0 | 0 | 0 | not run: {error} |", flush=True)
            return True

    print("| fuzzer | executions | CPU seconds | edges | corpus | findings |\n|---|--:|--:|--:|--:|---|", flush=True)
    with ThreadPoolExecutor(given.at_once) as team:
        findings = list(team.map(work, names))
    sys.exit(sum(findings))


if __name__ == "__main__":
    main()
