"""The page of figures. Several commands write to it: each replaces its own rows and keeps the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HEAD = """# Reliability

Each row is a promise, the test that tries to break it, and what came out. `tox -c tools/tox.ini` and
`tox -e faults -- --figures docs/reliability.md` make the whole page; each environment replaces its own rows. Those of
the tests are made by `soak` (and with smaller counts by `pytest tests/reliability --figures docs/reliability.md`).

| promise | figure | target reached | by |
|---|---|---|---|
"""

TAIL = """
## Left out

Mutants that give the same results, and so cannot be noticed: how many elements make a block, how much memory is
asked for at first, short ways beside a long one that does the same. `EQUAL` in `tools/mutants.py` names
each kind and the reason.

## Not tested

Windows and macOS: there was none to test on. Everything is compiled for them as far as `cargo check` goes
(`docs/tested.md`); the workflows in `.github/workflows` are prepared for both. aarch64 and s390x (big-endian) were
emulated, for a part of the Python tests, as i686 was and musl, with an interpreter that is built for it
(`docs/tested.md`). Free-threaded CPython was tested as 3.13t: the distribution's source of 3.14t could not be had. Thread
Sanitizer knows the Rust tests of the threads and of what waits for asynchronous work, not the rest of the delivery, which
needs Python. Miri needs parts of a nightly toolchain that the test machine does not have; AMX
instructions are not used.
"""


@dataclass(frozen=True)
class Row:
    """A promise, what came out, whether the target is reached, and what made the row."""

    promise: str
    figure: str
    reached: bool
    by: str

    def __str__(self) -> str:
        return f"| {self.promise} | {self.figure} | {'yes' if self.reached else '**no**'} | {self.by} |"

    @staticmethod
    def parse(line: str) -> Row:
        """Return the row of a line of the page."""
        promise, figure, reached, by = line.strip("| \n").split(" | ")
        return Row(promise, figure, reached == "yes", by)


def write(path: Path, rows: list[Row]) -> None:
    """Write the page, with the rows of other commands that it has."""
    table: dict[str, Row] = {}
    if path.exists():
        _, _, old = path.read_text(encoding="utf-8").partition("|---|---|---|---|\n")
        table = {
            row.promise: row for row in map(Row.parse, old.partition("\n\n")[0].splitlines()) if row.promise
        }
    table.update((row.promise, row) for row in rows)
    path.write_text(HEAD + "\n".join(map(str, table.values())) + "\n" + TAIL, encoding="utf-8")


def publish(rows: list[Row], path: Path | None) -> int:
    """Print rows, write them to the page if there is one; return the exit code of the script that made them."""
    for row in rows:
        print(row)
    if path:
        write(path, rows)
    return int(not all(row.reached for row in rows))


def main() -> None:
    """Write one row: ``python page.py FILE PROMISE FIGURE {yes,no} BY``."""
    import sys

    file, promise, figure, reached, by = sys.argv[1:]
    write(Path(file), [Row(promise, figure, reached == "yes", by)])


if __name__ == "__main__":
    main()
