"""Coverage-guided fuzzing of texts, tables, JSON, HTTP, images and the headers of .npy files, each for some seconds
(as many side by side as there are CPUs).

``python tools/fuzz.py [--figures FILE] [--seconds N] [TARGET ...]`` needs a nightly Rust and
``cargo-fuzz``, and ``atheris`` for ``npy``. It starts from `fuzz/corpus` and adds nothing to it; an input that
crashes a target is kept in `fuzz/artifacts`.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from page import Row, publish

FUZZ = Path(__file__).resolve().parents[1] / "fuzz"
TARGETS = ("words", "table", "csv", "json", "http", "image", "npy")
#: A target that starts from the corpus of another.
CORPORA = {"csv": "table"}
BUILD = ["cargo", "+nightly", "fuzz"]


def runs(target: str, seconds: int) -> tuple[int, bool]:
    """Fuzz a target; return how often it was run, and whether it crashed."""
    artifacts = FUZZ / "artifacts" / target
    artifacts.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_total_time={seconds}", "-max_len=512", "-rss_limit_mb=3000", "-timeout=60"]
    limits += ["-print_final_stats=1", f"-artifact_prefix={artifacts}/"]
    with tempfile.TemporaryDirectory() as found:
        corpus = [found, str(FUZZ / "corpus" / CORPORA.get(target, target))]
        if target == "npy":
            command = [sys.executable, str(FUZZ / "fuzz_targets" / "npy.py"), *corpus, *limits]
        else:
            command = [*BUILD, "run", target, *corpus, "--", *limits]
        done = subprocess.run(
            command, cwd=FUZZ, capture_output=True, text=True, errors="replace", check=False
        )
    if done.returncode:
        print(done.stderr[-3000:])
    count = re.search(r"number_of_executed_units:\s*(\d+)|Done (\d+) runs", done.stderr)
    return (int(count[1] or count[2]) if count else 0), done.returncode != 0


def main() -> int:
    """Fuzz."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=TARGETS)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--figures", type=Path)
    arguments = parser.parse_args()
    if set(arguments.targets) - {"npy"}:
        subprocess.run([*BUILD, "build"], cwd=FUZZ, check=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with ThreadPoolExecutor(os.cpu_count()) as side_by_side:
        results = side_by_side.map(runs, arguments.targets, [arguments.seconds] * len(arguments.targets))
        found = dict(zip(arguments.targets, results, strict=True))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    hours = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 3600
    crashes = sum(crashed for _, crashed in found.values())
    counts = ", ".join(f"{target} {count:,}" for target, (count, _) in found.items())
    row = Row(
        "Coverage-guided fuzzing crashes nothing",
        f"runs: {counts}; {hours:.2f} CPU-hours, crashes: {crashes}",
        crashes == 0 and all(count for count, _ in found.values()),
        "`tools/fuzz.py`",
    )
    return publish([row], arguments.figures)


if __name__ == "__main__":
    sys.exit(main())
