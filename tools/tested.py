"""The table of what the tests ran on: ``python tools/tested.py [FILE …]`` writes docs/tested.md.

Every run of the tests by tox leaves its row in its environment (``pytest --tested FILE``, `tools/rust_tests.py`), those
on other platforms (`tools/platforms.py`) in ``.debian/tested``; without arguments those are collected. A row of the
page whose interpreter, NumPy and machine, or compiler and machine, did not run again stays.

A run of the Python tests counts by file, so what ran on a platform in pieces adds up: each file counts as it came out
last, and the date of the row is that of the oldest.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tree import ROOT

PAGE = ROOT / "docs/tested.md"
HEAD = """# Tested on

`tox` runs the Python tests on every interpreter that it finds, with the oldest and the newest NumPy that has a wheel
for it, what does not depend on them with three of the pairs; `tools/interpreters.py` fetches interpreters that the
machine lacks, `tools/free_threaded.py` builds one without a lock. `tox -c tools/tox.ini -e platforms` runs the Rust
tests and a selection of the Python tests on processors of other kinds, emulated, and on this one with the C library
musl. A row of those may be of some files of that selection; it adds up what ran in pieces, each file as it came out
last, and has the date of the oldest piece.
`python tools/tested.py` writes this page from what the last runs left.

| CPython | NumPy | platform | date | passed | failed | skipped |
|---|---|---|---|---:|---:|---:|
"""
RUST = """
## The Rust tests

| Rust | platform | date | passed | failed | ignored |
|---|---|---|---:|---:|---:|
"""
COMPILED = """
## Compiled, not run

There is no Windows and no macOS to run tests on. Everything, with all features and the Rust tests, is compiled for them
as far as `cargo check` goes.

| Rust | target | date | errors | warnings |
|---|---|---|---:|---:|
"""
REASONS = """
## Why tests were skipped

The tests' own words: most are a peer that is not there to compare with.

"""


def key(line: str) -> tuple[str, ...]:
    """What a row of the page is about: all that stands before the date, of versions the first two numbers."""
    cells = [cell.strip() for cell in line.split("|")[1:]]
    about = cells[: next(i for i, cell in enumerate(cells) if re.fullmatch(r"\d{4}-\d\d-\d\d", cell))]
    return re.sub(r"^(\d+\.\d+)\.\w+", r"\1", about[0]), *about[1:]


def place(row: dict[str, Any]) -> list[str]:
    """What a run of the Python tests was on."""
    python = f"{row['python']}{', free-threaded' if row['free_threaded'] else ''}"
    emulator = f", emulated by {row['emulator']}" if "emulator" in row else ""
    return [python, row["numpy"], f"{row['system']}, {row['machine']}{emulator}"]


def skipped(row: dict[str, Any]) -> Counter[str]:
    """Why a run skipped tests, and how many."""
    return sum((Counter(file["skipped"]) for file in row["files"].values()), Counter())


def added(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return a run with the files of an older one, on the same, that it did not repeat."""
    if "files" not in old or place(old) != place(new):
        return new
    kept = {name: counts for name, counts in old["files"].items() if (ROOT / name).exists()}
    return {**new, "files": {**kept, **new["files"]}}


def line(row: dict[str, Any]) -> str:
    """A row of a table."""
    if "target" in row:
        cells = [row[name] for name in ("rust", "target", "date", "errors", "warnings")]
    elif "rust" in row:
        cells = [row["rust"], row["machine"], row["date"], row["passed"], row["failed"], row["ignored"]]
    else:
        files = row["files"].values()
        counts = [sum(file[name] for file in files) for name in ("passed", "failed")]
        cells = [*place(row), min(file["date"] for file in files), *counts, skipped(row).total()]
    return f"| {' | '.join(map(str, cells))} |"


def table(head: str, old: str, rows: list[dict[str, Any]]) -> str:
    """A table with new rows in the place of old ones; none without any."""
    _, _, after = old.partition(head.splitlines()[-1])
    lines = {key(text): text for text in re.findall(r"^\| \d.*\|$", after.partition("\n#")[0], re.M)}
    lines.update((key(text), text) for text in map(line, rows))
    return head + "".join(f"{text}\n" for text in sorted(lines.values(), key=order)) if lines else ""


def order(line: str) -> list[tuple[list[int], str]]:
    """The order of their numbers."""
    return [([int(number) for number in re.findall(r"\d+", cell)], cell) for cell in line.split("|")[1:4]]


def main() -> None:
    """Write the page."""
    found = sorted({*(ROOT / ".tox").glob("*/tmp/tested*.json"), *(ROOT / ".debian/tested").glob("*.json")})
    files = [Path(name) for name in sys.argv[1:]] or found
    rows = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    if not rows:
        sys.exit("no run of the tests has left its row: run tox first")
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    # Those of runs that are not named stay, too.
    kept = re.findall(r"^- (.+): (\d+) at most$", old, re.M) if sys.argv[1:] else []
    reasons = {reason: int(count) for reason, count in kept}
    python = [row for row in rows if row.get("files")]
    for row in python:
        for reason, count in skipped(row).items():
            reason = re.sub(r"^could not import '([\w.]+)':.*", r"`\1` is not there", reason)
            reasons[reason] = max(count, reasons.get(reason, 0))
    text = table(HEAD, old, python)
    for head, about in {RUST: "machine", COMPILED: "target"}.items():
        these = [row for row in rows if "rust" in row and about in row]
        text += table(head, old.partition(head.splitlines()[1])[2], these)
    text += REASONS
    PAGE.write_text(
        text + "".join(f"- {reason}: {count} at most\n" for reason, count in sorted(reasons.items())), "utf-8"
    )


if __name__ == "__main__":
    main()
