# SPDX-License-Identifier: MIT
"""The records of bench/results/*.json."""

import json

OWN_LOOP = "prefopt, native"
THRUST = "prefopt, thrust::omp"
SCALAR = "scalar loop"
TORCH = ("LibTorch", "PyTorch")
GPU = "gpu.json"  # Google Benchmark's own format
VOCABULARIES = (32000, 128256, 151936)


def load(folder):
    records = []
    for path in sorted(folder.glob("*.json")):
        if path.name != GPU:
            records += json.loads(path.read_text())
    for record in records:
        if "elements" in record and "ours_s" in record:
            record["giga_per_s"] = record["elements"] / record["ours_s"] / 1e9
            record["giga_per_s_and_core"] = record["giga_per_s"] / record["threads"]
    return records


def at_roofline(record, field="ratio"):
    """What a field (`ratio`, a rate) would be if our time were the roofline's; None where there is none."""
    fraction = record.get("roofline_fraction")
    return record[field] / fraction if fraction else None


def having(records, peer=None, what=None, dtype=None, vocabulary=None, threads=None):
    """Records of one peer (or one of several); `what` is the name up to its first slash."""
    def fits(record):
        parts = record["name"].split("/")
        return ((peer is None or record["peer"] in ([peer] if isinstance(peer, str) else peer))
                and (what is None or parts[0] == what) and (dtype is None or dtype in parts)
                and (vocabulary is None or f"V={vocabulary}" in parts)
                and (threads is None or record.get("threads") == threads))
    return [record for record in records if fits(record)]


def only(records, **conditions):
    found = having(records, **conditions)
    return found[0] if found else None


def beside(records, mine, peer):
    """What was measured of the same as `mine`, beside another peer."""
    return next((r for r in having(records, peer=peer, threads=mine["threads"]) if r["name"] == mine["name"]), None)


def of_memory(records):
    """[(what, record)] of the records of memory."""
    return [(r["name"].split(" forward")[0].replace("_", "-").replace("+", " + "), r) for r in records if "ours_bytes" in r]
