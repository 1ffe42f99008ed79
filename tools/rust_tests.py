"""Runs Rust tests and notes what came out: ``python tools/rust_tests.py FILE COMMAND …``.

The row that it leaves in FILE goes into docs/tested.md (`tools/tested.py`).
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", re.M)


def rust_tests(file: Path, command: list[str], environment: dict[str, str], place: str) -> int:
    """Run a command, pass on what it says, and write the row; the exit code."""
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    sys.stdout.write(done.stdout)
    version = subprocess.run(
        [environment.get("RUSTC", "rustc"), "--version"], capture_output=True, text=True, check=True
    )
    counts = [sum(map(int, column)) for column in zip(*RESULT.findall(done.stdout), strict=True)]
    row = {
        "rust": version.stdout.split()[1],
        "machine": place,
        "date": date.today().isoformat(),
        "passed": counts[0] if counts else 0,
        # What does not compile has failed, too.
        "failed": counts[1] if counts else 1,
        "ignored": counts[2] if counts else 0,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(row), encoding="utf-8")
    return done.returncode


def here() -> str:
    """What this machine is."""
    return f"{platform.system()}, {platform.machine()}"


def main() -> int:
    """Run what is asked for, on this machine."""
    return rust_tests(Path(sys.argv[1]), sys.argv[2:], {**os.environ}, here())


if __name__ == "__main__":
    sys.exit(main())
