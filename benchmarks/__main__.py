"""The command line: runs cases in processes of their own and reports."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# Behind the installed package: the one in the source tree is not compiled.
sys.path.append(str(ROOT))

from benchmarks.cases import TOPICS  # noqa: E402

#: What sets the number of threads of the peers, read when they are imported.
THREADS = "OMP OPENBLAS MKL NUMEXPR NUMBA RAYON RUST_NUMPY_EXAMPLE".split()


def worker(topic: str, threads: int, budget: float) -> None:
    """Measure the cases of a topic and print a line of JSON for each."""
    import rust_numpy_example as rne
    from benchmarks import limits
    from benchmarks.measure import measure

    if topic == "limits":
        for share in limits.shares():
            print(json.dumps(share), flush=True)
        return
    level = rne.build_info()["simd"]
    for case in importlib.import_module(f"benchmarks.cases.{topic}").cases(threads):
        row: dict[str, Any] = {
            "topic": topic,
            "function": case.function,
            "what": case.what,
            "peer": case.peer,
            "threads": threads,
            "must": {"avx512": case.must, "avx2": case.avx2}.get(level),
            "headline": case.headline,
            "reason": case.reason,
        }
        ratio = measure(case, budget, threads)
        row |= {"ratio": ratio.median, "low": ratio.low, "high": ratio.high, "rounds": ratio.rounds}
        print(json.dumps(row), flush=True)


def held_to(level: str) -> dict[str, str]:
    """Variables that hold this package to a level, and at AVX2 the peers that can be held, too."""
    variables = {"RUST_NUMPY_EXAMPLE_SIMD": level}
    if level == "avx2":
        import numpy as np

        config: Any = np.show_config(mode="dicts")
        wide = [name for name in config["SIMD Extensions"]["found"] if "AVX512" in name or "V4" in name]
        variables |= {
            "NPY_DISABLE_CPU_FEATURES": " ".join(wide),
            "OPENBLAS_CORETYPE": "Haswell",
            "OPENCV_CPU_DISABLE": "AVX512-SKX",
        }
    return variables


def start(topic: str, threads: int, level: str | None, budget: float) -> subprocess.Popen[str]:
    """Start a fresh process that measures a topic."""
    environment = {**os.environ, "POLARS_MAX_THREADS": str(threads)}
    environment |= {f"{name}_NUM_THREADS": str(threads) for name in THREADS}
    if level:
        environment |= held_to(level)
    command = [sys.executable, str(ROOT / "benchmarks"), "--worker", topic]
    command += ["--threads", str(threads), "--budget", str(budget)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def run(topic: str, threads: int, level: str | None, budget: float) -> list[dict[str, Any]]:
    """Measure a topic in a fresh process."""
    rows = []
    with start(topic, threads, level, budget) as process:
        assert process.stdout
        for line in process.stdout:
            row = json.loads(line) | {"level": level}
            rows.append(row)
            print(describe(row), flush=True)
    if process.returncode:
        raise SystemExit(f"{topic}: exit code {process.returncode}")
    return rows


def describe(row: dict[str, Any]) -> str:
    """Return a row as a line of text."""
    must = (
        ""
        if row["must"] is None
        else f"must {row['must']:g}" + ("" if row["ratio"] >= row["must"] else " MISSED")
    )
    where = f"{row['threads']}t" + (f" {row['level']}" if row["level"] else "")
    name = f"{row['function']}, {row['what']}"
    return f"{name:62} {row['peer']:28} {where:8} {row['ratio']:8.2f}  ({row['low']:.2f} to {row['high']:.2f}) {must}"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--topic", choices=TOPICS, action="append", help="one or more; default: all")
    parser.add_argument("--threads", type=int, action="append", help="default: 1 and 2")
    parser.add_argument("--level", action="append", help="force a CPU level as well, such as avx2")
    parser.add_argument("--budget", type=float, default=1.0, help="seconds for a case (default: 1)")
    parser.add_argument("--publish", action="store_true", help="write docs/benchmarks* and the README's part")
    parser.add_argument(
        "--redraw", action="store_true", help="only write what is made from docs/benchmarks.json"
    )
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(options.worker, options.threads[0], options.budget)
        return
    if options.redraw:
        from benchmarks import report

        report.redraw(ROOT)
        return
    rows = []
    for level in [None, *(options.level or [])]:
        for threads in options.threads or (1, 2):
            if level and threads > 1:
                continue
            for topic in options.topic or TOPICS:
                rows += run(topic, threads, level, options.budget)
    if options.publish:
        from benchmarks import accuracy, curves, report

        found = list(curves.points())
        for step in curves.steps(found):
            print(f"a step upwards: {step}")
        with start("limits", 1, None, options.budget) as process:
            assert process.stdout
            shares = [json.loads(line) for line in process.stdout]
        if process.returncode:
            raise SystemExit("the limits of the machine could not be measured")
        report.publish({"rows": rows, "curves": found, "accuracy": accuracy.rows(), "shares": shares}, ROOT)
    missed = [row for row in rows if row["must"] is not None and row["ratio"] < row["must"]]
    print(f"{len(rows)} measured, {len(missed)} below what is aimed at")


if __name__ == "__main__":
    main()
