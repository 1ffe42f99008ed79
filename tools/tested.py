"""The table of what the tests ran on: ``python tools/tested.py [FILE …]`` writes docs/tested.md.

Every run of the Python tests by tox leaves its row in its environment (``pytest --tested FILE``); without arguments
those are collected. A row of the page whose interpreter, NumPy and machine did not run again stays.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from tree import ROOT

PAGE = ROOT / "docs/tested.md"
HEAD = """# Tested on

`tox` runs the Python tests on every interpreter that it finds, with the oldest and the newest NumPy that has a wheel
for it; `tools/interpreters.py` fetches those that the machine lacks. `python tools/tested.py` writes this page from
what the last runs left. Reasons to skip are the tests' own words: most are a peer that is not there to compare with.

| CPython | NumPy | platform | date | passed | failed | skipped |
|---|---|---|---|---:|---:|---:|
"""
REASONS = "\n## Why tests were skipped\n\n"


def key(line: str) -> tuple[str, ...]:
    """What a row of the page is about: interpreter without its last number, NumPy and platform."""
    python, numpy, place = (cell.strip() for cell in line.split("|")[1:4])
    return re.sub(r"^(\d+\.\d+)\.\w+", r"\1", python), numpy, place


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    python = f"{row['python']}{', free-threaded' if row['free_threaded'] else ''}"
    skipped = sum(row["skipped"].values())
    place = f"{row['system']}, {row['machine']}"
    return f"| {python} | {row['numpy']} | {place} | {row['date']} | {row['passed']} | {row['failed']} | {skipped} |"


def order(line: str) -> tuple[list[int], ...]:
    """Interpreters and NumPy in the order of their numbers."""
    return tuple([int(number) for number in re.findall(r"\d+", cell)] for cell in line.split("|")[1:3])


def main() -> None:
    """Write the page."""
    files = [Path(name) for name in sys.argv[1:]] or sorted((ROOT / ".tox").glob("*/tmp/tested.json"))
    rows = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    if not rows:
        sys.exit("no run of the tests has left its row: run tox first")
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    lines = {key(text): text for text in re.findall(r"^\| \d.*\|$", old, re.M)}
    lines.update((key(text), text) for text in map(line, rows))
    reasons: dict[str, int] = {}
    for row in rows:
        for reason, count in row["skipped"].items():
            reason = re.sub(r"^could not import '([\w.]+)':.*", r"`\1` is not there", reason)
            reasons[reason] = max(count, reasons.get(reason, 0))
    text = HEAD + "\n".join(sorted(lines.values(), key=order)) + "\n" + REASONS
    PAGE.write_text(
        text + "".join(f"- {reason}: {count} at most\n" for reason, count in sorted(reasons.items())), "utf-8"
    )


if __name__ == "__main__":
    main()
