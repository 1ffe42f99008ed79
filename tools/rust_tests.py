"""Runs Rust tests, or compiles them, and notes what came out: ``python tools/rust_tests.py FILE COMMAND …``.

The row that it leaves in FILE goes into docs/tested.md (`tools/tested.py`).
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

from tree import ROOT

RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", re.M)


def version(environment: dict[str, str]) -> str:
    """That of the compiler."""
    command = [environment.get("RUSTC", "rustc"), "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[1]


def leave(file: Path, row: dict[str, object]) -> None:
    """Write a row."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({**row, "date": date.today().isoformat()}), encoding="utf-8")


def check(file: Path, environment: dict[str, str], target: str) -> int:
    """Compile all that there is, as far as errors and warnings are found, and write the row; the exit code."""
    command = [
        "cargo",
        "check",
        "--locked",
        "--quiet",
        "--lib",
        "--tests",
        "--all-features",
        # No interpreter of the target is asked what it is.
        "--features=pyo3/abi3-py311",
        "--message-format=json",
    ]
    done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    counts: Counter[str] = Counter()
    for message in (one["message"] for one in said if one["reason"] == "compiler-message"):
        sys.stdout.write(message["rendered"])
        # The compiler's count of them has no place in the source.
        counts[message["level"]] += bool(message["spans"])
    errors = counts["error"] or int(done.returncode != 0)
    row = {"rust": version(environment), "target": target, "errors": errors, "warnings": counts["warning"]}
    leave(file, row)
    return int(bool(errors or counts["warning"]))


def rust_tests(file: Path | None, command: list[str], environment: dict[str, str], place: str) -> int:
    """Run a command, pass on what it says, and write the row, if there is a file for it; the exit code."""
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    sys.stdout.write(done.stdout)
    counts = [sum(map(int, column)) for column in zip(*RESULT.findall(done.stdout), strict=True)]
    row: dict[str, object] = {
        "rust": version(environment),
        "machine": place,
        "passed": counts[0] if counts else 0,
        # What does not compile has failed, too.
        "failed": counts[1] if counts else 1,
        "ignored": counts[2] if counts else 0,
    }
    if file:
        leave(file, row)
    return done.returncode


def here() -> str:
    """What this machine is."""
    return f"{platform.system()}, {platform.machine()}"


def main() -> int:
    """Run what is asked for, on this machine."""
    return rust_tests(Path(sys.argv[1]), sys.argv[2:], {**os.environ}, here())


if __name__ == "__main__":
    sys.exit(main())
