# SPDX-License-Identifier: MIT
"""Runs the losses of TRL, Liger-Kernel and LLaMA-Factory on golden.json and says where they deviate.

  python3 tests/peers/compare_peers.py --golden tests/golden/golden.json [--only trl liger llamafactory]
      [--save FILE] [--load FILE ...] [--no-run] [--write docs/coverage.md]

Compares whatever of `trl`, `liger-kernel`, `llamafactory` the running Python has (README.md beside this file lists the
environments), prints Markdown, and with --write replaces the text between the markers of that file. Results of other
environments are merged from the files that --save wrote there. Needs torch and mpmath; a GPU is not used.
"""

import argparse
import datetime
import importlib
import json
import logging
import math
import os
import platform
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import exact  # noqa: E402
import report  # noqa: E402
import torch  # noqa: E402
from peer import Refused  # noqa: E402
from mpmath import mpf  # noqa: E402

PRECISIONS = {"fp64": (torch.float64, 1e-9), "fp32": (torch.float32, 1e-3)}
SLACK = 16  # roundings of an input (and of beta) that any program may be off by


def golden_number(x):
    return float(x)  # "inf", "-inf" and "nan" are strings


def rounded(columns, params, i, dtype):
    """Row i as the program sees it: every input, and every real parameter, rounded to its precision."""
    cast = lambda x: mpf(torch.tensor(x, dtype=dtype).item())  # noqa: E731
    return {k: cast(v[i]) for k, v in columns.items()} | {k: cast(v) for k, v in params.items()}


def judge(got, want, dtype, tolerance, slack):
    """(problem, relative deviation): problem is '' if right, 'nan', 'inf', '0' or 'digits'. `slack()` is asked only
    where the plain tolerance fails."""
    info = torch.finfo(dtype)
    if math.isnan(want):
        return "", 0.0
    if math.isnan(got):
        return "nan", math.inf
    if abs(want) > float(info.max):
        return "", 0.0  # an infinity, or a clamp, is as good as it gets
    if math.isinf(got):
        return "inf", math.inf
    if abs(want) < float(info.tiny):
        want = 0.0  # not representable without loss
    difference = abs(got - want)
    if difference <= 2 * float(info.tiny):
        return "", 0.0
    deviation = difference / abs(want) if want else math.inf
    if deviation <= tolerance:
        return "", deviation
    allowed = float(slack())
    if difference <= SLACK * allowed:
        return "", 0.0
    return ("0" if got == 0 and want != 0 else "digits"), deviation


def check_formulas(golden):
    """Stops where exact.py and golden.json disagree by more than the roundings inside the golden formulas."""
    checked = 0
    for case in golden["cases"]:
        name, data = case["name"], golden["datasets"][case["dataset"]]
        if name not in exact.FORMULAS or case["kind"] != "per_sample":
            continue
        for i in range(len(case["loss_mp"])):
            columns = rounded(data, case["params"], i, torch.float64)
            parts = [(lambda c: exact.value(name, c), case["loss_mp"][i])]
            for column, wanted in case["grads_mp"].items():
                parts.append((lambda c, column=column: exact.partial(name, c, column), wanted[i]))
            for function, wanted in parts:
                got, want = float(function(columns)), golden_number(wanted)
                slack = lambda: exact.sensitivity(function, columns, mpf(2) ** -53)  # noqa: B023,E731
                problem, _ = judge(got, want, torch.float64, 1e-12, slack)
                if problem and not (math.isnan(got) and math.isnan(want)):
                    sys.exit(f"exact.py and golden.json disagree: {name} {case['dataset']} row {i}: {got} {want}")
                checked += 1
    return checked


def run_row(function, columns, params, i, dtype, leaves):
    tensors = {}
    for name, column in columns.items():
        tensors[name] = torch.tensor([column[i]], dtype=dtype, requires_grad=name in leaves)
    loss = function(tensors, params)
    grads = torch.autograd.grad(loss.sum(), [tensors[k] for k in leaves], allow_unused=True)
    numbers = {"value": float(loss.sum().detach())}
    for name, g in zip(leaves, grads):
        numbers[name] = 0.0 if g is None else float(g)
    return numbers, loss.dtype


def compare_rows(case, golden, function, precision):
    """Problems of one per_sample case: [{row, what, problem, deviation, exact}], rows checked, worst deviation."""
    dtype, tolerance = PRECISIONS[precision]
    data, leaves = golden["datasets"][case["dataset"]], list(case["grads_mp"])
    problems, worst, name = [], 0.0, case["name"]
    for i in range(len(case["loss_mp"])):
        numbers, computed_in = run_row(function, data, case["params"], i, dtype, leaves)
        if computed_in != dtype:
            return {"error": f"computes in {str(computed_in).removeprefix('torch.')}"}
        columns = rounded(data, case["params"], i, dtype)
        for what, got in numbers.items():
            of = (lambda c: exact.value(name, c)) if what == "value" else (lambda c: exact.partial(name, c, what))
            if precision == "fp64":
                want = golden_number(case["loss_mp"][i] if what == "value" else case["grads_mp"][what][i])
            else:
                want = float(of(columns))
            unit = mpf(float(torch.finfo(dtype).eps)) / 2
            slack = lambda: exact.sensitivity(of, columns, unit)  # noqa: B023,E731
            problem, deviation = judge(got, want, dtype, tolerance, slack)
            if problem:
                problems.append({"row": i, "what": what, "problem": problem, "deviation": deviation, "exact": want})
            else:
                worst = max(worst, deviation)
    return {"rows": len(case["loss_mp"]), "problems": problems, "worst": worst}


def compare_batch(case, golden, function, precision):
    """The same for a case whose rows are coupled: deviations relative to the largest element."""
    dtype, tolerance = PRECISIONS[precision]
    data, leaves = golden["datasets"][case["dataset"]], list(case["grads_mp"])
    tensors = {k: torch.tensor(v, dtype=dtype, requires_grad=k in leaves) for k, v in data.items()}
    loss = function(tensors, case["params"])
    grads = torch.autograd.grad(loss, [tensors[k] for k in leaves])
    whole = case["loss_mp"]
    want = math.fsum(map(golden_number, whole)) if isinstance(whole, list) else golden_number(whole)
    worst = abs(float(loss) - want) / abs(want)
    for name, g in zip(leaves, grads):
        wanted = torch.tensor([golden_number(x) for x in case["grads_mp"][name]], dtype=torch.float64)
        worst = max(worst, float((g.double() - wanted).abs().max() / wanted.abs().max()))
    bad = not worst <= (1e-6 if precision == "fp64" else tolerance)  # running statistics are kept in float32
    problems = [{"row": -1, "what": "sum", "problem": "digits", "deviation": worst, "exact": want}] if bad else []
    return {"rows": len(next(iter(data.values()))), "problems": problems, "worst": worst}


def compare(peer, golden):
    results = []
    for functions, compare_case in ((peer.rows, compare_rows), (peer.batches, compare_batch)):
        for name, function in functions.items():
            for case in (c for c in golden["cases"] if c["name"] == name):
                for precision in PRECISIONS:
                    try:
                        outcome = compare_case(case, golden, function, precision)
                    except Refused as error:
                        outcome = {"refused": str(error)}
                    except Exception as error:  # noqa: BLE001  what the library raises is the result
                        lines = str(error).strip().splitlines() or [""]
                        outcome = {"error": f"raises {type(error).__name__}: {lines[0][:90]}"}
                    outcome |= {
                        "peer": peer.name,
                        "version": peer.version,
                        "what": peer.what[name],
                        "name": name,
                        "params": case["params"],
                        "dataset": case["dataset"],
                        "precision": precision,
                    }
                    results.append(outcome)
    for loss, title, function in peer.situations:
        results.append(
            {"peer": peer.name, "version": peer.version, "name": loss, "situation": title, "outcome": function()}
        )
    return results


def installed_peers(wanted):
    for name in wanted:
        try:
            yield from importlib.import_module(f"{name}_peer").peers()
        except ImportError as error:
            print(f"{name}: not run here ({error})", file=sys.stderr)


def machine():
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    return f"{os.cpu_count()} CPUs ({model}), {platform.system()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", default="tests/golden/golden.json")
    parser.add_argument("--only", nargs="*", default=["trl", "liger", "llamafactory"], help="which of these to run")
    parser.add_argument("--save", help="write the results of this run as JSON")
    parser.add_argument("--load", nargs="*", default=[], help="results of other environments")
    parser.add_argument("--write", help="replace the generated part of this Markdown file")
    parser.add_argument("--no-run", action="store_true", help="only render what --load brings")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    golden = json.loads(Path(arguments.golden).read_text())

    document = {"environments": [], "results": []}
    for path in arguments.load:
        other = json.loads(Path(path).read_text())
        document["environments"] += other["environments"]
        document["results"] += other["results"]
    if not arguments.no_run:
        print(f"{check_formulas(golden)} values of exact.py agree with golden.json", file=sys.stderr)
        for peer in installed_peers(arguments.only):
            print(f"{peer.name} {peer.version}", file=sys.stderr)
            document["results"] += compare(peer, golden)
            packages = f"{peer.name} {peer.version}, torch {torch.__version__}, Python {platform.python_version()}"
            document["environments"].append(f"{packages}; {machine()}; {datetime.date.today()}")
    if arguments.save:
        Path(arguments.save).write_text(json.dumps(document))
    text = report.render(document, golden)
    print(text)
    if arguments.write:
        report.replace_between_markers(Path(arguments.write), text)


if __name__ == "__main__":
    main()
