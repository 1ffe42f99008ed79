"""Every `unsafe` in the Rust code has its reason beside it; `test_architecture.py` has the files that may have one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src"

#: A block, an impl, or a function that is unsafe to call.
UNSAFE = re.compile(r"\bunsafe\s*(\{|impl\b|fn\b|extern\b)")
REASON = re.compile(r"// SAFETY: \S|/// # Safety")


def _code(line: str) -> str:
    """Return the line without its comment (no string in the sources has `//` before an `unsafe`)."""
    return line.partition("//")[0]


def unsafe_lines() -> Iterator[tuple[Path, int, bool]]:
    """Yield where there is an `unsafe`, and whether a reason stands in the comment above it or beside it."""
    for path in sorted(SOURCES.rglob("*.rs")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            if not UNSAFE.search(_code(line)):
                continue
            # Up through the statement that it is a part of, its attributes, and the comment above.
            above = number
            while above > 0 and not REASON.search(lines[above]):
                before = lines[above - 1].strip()
                is_note = before.startswith(("//", "#["))
                if not before or (before.endswith((";", "}", "{", ",")) and not is_note):
                    break
                above -= 1
            yield path.relative_to(ROOT), number + 1, bool(REASON.search(lines[above]))


@pytest.mark.once
def test_every_unsafe_has_its_reason(figure: Callable[[str, str, bool], None]) -> None:
    if not SOURCES.is_dir():
        pytest.skip("needs the source tree")
    found = list(unsafe_lines())
    without = [f"{path}:{line}" for path, line, has_reason in found if not has_reason]
    files = {path for path, _, _ in found}
    total = len(list(SOURCES.rglob("*.rs")))
    print("\n".join(without))
    figure(
        "Every `unsafe` says why it is sound",
        f"{len(found)} in {len(files)} of {total} files, without a reason: {len(without)}",
        len(found) > 0 and not without,
    )
