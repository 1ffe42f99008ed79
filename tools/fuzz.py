"""Coverage-guided fuzzing of texts, tables, JSON, HTTP, images, the headers of .npy files, Arrow structures and DLPack
tensors, each for some seconds (as many side by side as there are CPUs).

``python tools/fuzz.py [--figures FILE] [--seconds N] [--found FOLDER] [TARGET ...]`` needs a nightly Rust and
``cargo-fuzz``, and ``atheris`` for the targets in Python. It starts from `fuzz/corpus` and adds nothing to it; what it finds
is kept in a folder of the target in ``FOLDER``, from which the next run goes on. An input that crashes a target is
kept in `fuzz/artifacts`. With ``--figures`` the runs are added to those of `fuzz/totals.json`, and the row has the sums.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from page import Row, publish

FUZZ = Path(__file__).resolve().parents[1] / "fuzz"
#: What was run before: runs, CPU-minutes and crashes of each target.
TOTALS = FUZZ / "totals.json"
IN_PYTHON = ("npy", "arrow", "dlpack")
TARGETS = ("words", "table", "csv", "json", "http", "image", *IN_PYTHON)
BUILD = ["cargo", "+nightly", "fuzz"]


@dataclass
class Runs:
    """What became of a target."""

    runs: int = 0
    cpu_minutes: float = 0.0
    crashes: int = 0

    def __add__(self, other: Runs) -> Runs:
        """Return both, taken together."""
        minutes = round(self.cpu_minutes + other.cpu_minutes, 2)
        return Runs(self.runs + other.runs, minutes, self.crashes + other.crashes)


def fuzzed(target: str, seconds: int, found: Path) -> Runs:
    """Fuzz a target."""
    artifacts = FUZZ / "artifacts" / target
    for folder in (artifacts, found / target):
        folder.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_total_time={seconds}", "-rss_limit_mb=3000", "-timeout=60"]
    # Long inputs from the start: in some minutes it would not come to them.
    limits += ["-max_len=512", "-len_control=0"]
    limits += ["-print_final_stats=1", f"-artifact_prefix={artifacts}/"]
    corpus = [str(found / target), str(FUZZ / "corpus" / target)]
    if target in IN_PYTHON:
        command = [sys.executable, str(FUZZ / "fuzz_targets" / "by_atheris.py"), target, *corpus, *limits]
    else:
        command = [*BUILD, "run", target, *corpus, "--", *limits]
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, cwd=FUZZ, stdout=subprocess.DEVNULL, stderr=said)
        # The time of this child and its own, whatever runs beside it.
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode(errors="replace")
    if child.returncode:
        print(text[-3000:])
    count = re.search(r"number_of_executed_units:\s*(\d+)|Done (\d+) runs", text)
    minutes = (usage.ru_utime + usage.ru_stime) / 60
    return Runs(int(count[1] or count[2]) if count else 0, minutes, int(child.returncode != 0))


def added(done: dict[str, Runs]) -> dict[str, Runs]:
    """Add runs to those of before; return the sums."""
    before = json.loads(TOTALS.read_text(encoding="utf-8")) if TOTALS.exists() else {}
    totals = {target: Runs(**before.get(target, {})) for target in TARGETS}
    for target, runs in done.items():
        totals[target] += runs
    lines = ",\n".join(f'  "{target}": {json.dumps(asdict(runs))}' for target, runs in totals.items())
    TOTALS.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    return totals


def row(done: dict[str, Runs], totals: dict[str, Runs]) -> Row:
    """Return the row of the page: all runs, and whether the last ones crashed."""
    counts = ", ".join(f"{target} {one.runs:,} ({one.cpu_minutes:.1f})" for target, one in totals.items())
    crashes, new = (sum(one.crashes for one in runs.values()) for runs in (totals, done))
    mended = f", and {crashes - new} before that were mended" if crashes > new else ""
    return Row(
        "Coverage-guided fuzzing crashes nothing",
        f"runs (CPU-minutes): {counts}; crashes: {new}{mended}",
        new == 0 and all(one.runs for one in done.values()),
        "`tools/fuzz.py`",
    )


def main() -> int:
    """Fuzz."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=TARGETS)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--found", type=Path)
    arguments = parser.parse_args()
    if set(arguments.targets) - {*IN_PYTHON}:
        subprocess.run([*BUILD, "build"], cwd=FUZZ, check=True)
    with tempfile.TemporaryDirectory() as nowhere, ThreadPoolExecutor(os.cpu_count()) as side_by_side:
        folder = (arguments.found or Path(nowhere)).resolve()
        runs = side_by_side.map(lambda target: fuzzed(target, arguments.seconds, folder), arguments.targets)
        done = dict(zip(arguments.targets, runs, strict=True))
    return publish([row(done, added(done) if arguments.figures else done)], arguments.figures)


if __name__ == "__main__":
    sys.exit(main())
