#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures preference_images on photographs: measure.py TOOL WORK PHOTOS... [-- options of build]

In three turns: decodes 220 pictures, on one thread, and builds sets of them with one thread and with one a core.
Then builds sets of 2,000 and of 10,000 pairs, then the larger once more, killed (SIGKILL) at a quarter, a half and
nine tenths, and resumed each time. Prints pictures a second, the ratio to decoding, peak memory, and whether both
sets have the same bytes. WORK needs about 5 GB; PREFOPT_PAIRS sets another number than 10,000, and 0 ends after the
turns.
"""
import hashlib
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def run(command, stop_when=None):
    """Wall seconds, peak resident MiB, and what it printed; `stop_when` says when to kill it."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    while stop_when and process.poll() is None:
        if stop_when():
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.05)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0) if process.returncode is None else (0, process.returncode, None)
    seconds = time.monotonic() - begin
    if not stop_when and status != 0:
        sys.exit(f"measure: failed: {' '.join(command)}")
    return seconds, usage.ru_maxrss / 1024 if usage else float("nan"), text


def digest(folder):
    total = hashlib.sha256()
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(root, name)
            total.update(os.path.relpath(path, folder).encode())
            with open(path, "rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def main():
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    tool, work, photos = sys.argv[1], sys.argv[2], sys.argv[3:split]
    options = sys.argv[split + 1 :]
    many = int(os.environ.get("PREFOPT_PAIRS", "10000"))

    def inputs(count):
        folder = os.path.join(work, f"in_{count}")
        subprocess.run([sys.executable, os.path.join(HERE, "photograph_set.py"), folder, str(count), *photos], check=True)
        return ["--pairs", f"{folder}/pairs.jsonl", "--images", f"{folder}/photos"], f"{folder}/regions.jsonl"

    def build(count, name, stop_when=None):
        given, regions = inputs(count)
        return run([tool, "build", *given, "--regions", regions, "--output", f"{work}/{name}", *options], stop_when)

    given, regions = inputs(220)
    rates = {}
    for _ in range(3):
        _, _, text = run([tool, "time-decoding", *given])
        count, seconds = re.match(r"(\d+) pictures in ([0-9.]+) s", text).groups()
        rates.setdefault("decoding alone, 1 thread", []).append(int(count) / float(seconds))
        for threads in sorted({1, os.cpu_count()}):
            seconds, _, _ = run([tool, "build", *given, "--regions", regions, "--output", f"{work}/turn",
                                 "--threads", str(threads), *options])
            rates.setdefault(f"build, {threads} threads", []).append(220 / seconds)
            shutil.rmtree(f"{work}/turn")
    decoding = statistics.median(rates["decoding alone, 1 thread"])
    for name, each in rates.items():
        rate = statistics.median(each)
        print(f"{name}: {rate:.1f} pictures/s ({min(each):.1f} to {max(each):.1f}), {decoding / rate:.2f} of the time "
              "of decoding alone")
    if many == 0:
        return

    for count, name in ((max(many // 5, 1), "few"), (many, "many")):
        seconds, peak, text = build(count, name)
        print(f"{count} pairs: {count / seconds:.1f} pictures/s in {seconds:.1f} s, peak {peak:.1f} MiB; {text.strip()}")
        shutil.rmtree(f"{work}/few", ignore_errors=True)
    whole = digest(f"{work}/many")
    shutil.rmtree(f"{work}/many")

    def made():
        folder = f"{work}/killed/negatives"
        return len(os.listdir(folder)) if os.path.isdir(folder) else 0

    kills = []
    for share in (0.25, 0.5, 0.9):
        build(many, "killed", lambda: made() >= share * many)
        if os.path.exists(f"{work}/killed/pairs.jsonl"):
            sys.exit(f"measure: the run ended before it was killed at {share} of it")
        kills.append(made())
        if kills[-1] < share * many:
            sys.exit(f"measure: the run failed before it was killed at {share} of it")
    seconds, peak, _ = build(many, "killed")
    # run.json alone says nothing of the folder's name, so all files are compared.
    same = digest(f"{work}/killed") == whole
    print(f"killed at {kills} of {many} and resumed, the last time in {seconds:.1f} s, peak {peak:.1f} MiB: "
          f"{'the same bytes' if same else 'OTHER BYTES'}")
    shutil.rmtree(f"{work}/killed")
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
