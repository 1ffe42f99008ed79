"""Writes the kernel of `examples/port` into a new package: `python tools/port.py FOLDER`.

FOLDER is what `rust-numpy-example new fast-loops` has made. A test builds the result, and the manual tells of it.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

PORT = Path(__file__).resolve().parents[1] / "examples" / "port"

#: Files that are new.
FILES = {
    "kernel.rs": "src/kernels/despike/mod.rs",
    "binding.rs": "src/bindings/despike.rs",
    "test_despike.py": "tests/test_despike.py",
    # The test compares with the loop.
    "despike.py": "tests/loop.py",
}

#: Lines that are changed: a file, what is looked for, and what comes in its place.
CHANGES = [
    ("src/kernels/mod.rs", r"^pub mod eft;", "pub mod despike;\npub mod eft;"),
    ("src/bindings/mod.rs", r"^mod display;", "mod despike;\nmod display;"),
    ("src/bindings/mod.rs", r"use super::\{error", "use super::{despike::despike, error"),
    ("fast_loops/__init__.py", r"^    moving_average,", "    despike,\n    moving_average,"),
    ("fast_loops/__init__.py", r'"__version__", "moving', '"__version__", "despike", "moving'),
    ("fast_loops/fast_loops.pyi", r"^def moving_average", lambda: f"{text('stub.txt')}def moving_average"),
]


def text(name: str) -> str:
    """Return a file of the example."""
    return (PORT / name).read_text(encoding="utf-8")


def port(folder: Path) -> None:
    """Write the kernel into the package."""
    for name, place in FILES.items():
        (folder / place).parent.mkdir(exist_ok=True)
        shutil.copy(PORT / name, folder / place)
    for place, pattern, new in CHANGES:
        before = (folder / place).read_text(encoding="utf-8")
        replacement = new if isinstance(new, str) else new()
        after, count = re.subn(pattern, lambda _, new=replacement: new, before, flags=re.MULTILINE)
        assert count == 1, f"{place} has no {pattern}"
        (folder / place).write_text(after, encoding="utf-8")


if __name__ == "__main__":
    port(Path(sys.argv[1]))
