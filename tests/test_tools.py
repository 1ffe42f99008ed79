"""What the tools say of the source tree is still true of it."""

from __future__ import annotations

import re
from pathlib import Path

import mutants
import planted
import pytest

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.once

if not (ROOT / "src").is_dir():
    pytest.skip("needs the source tree", allow_module_level=True)


def exists(tests: str) -> bool:
    """Whether there are tests of this name: a file for pytest, or a module for `cargo test`."""
    if ".py" in tests:
        return (ROOT / tests.partition("::")[0]).exists()
    path = ROOT / "src" / tests.strip(":").replace("::", "/")
    return path.is_dir() or path.with_suffix(".rs").exists()


def test_every_planted_bug_applies_to_the_source_exactly_once() -> None:
    bugs = planted.bugs()
    assert bugs
    stale = [complaint for complaint in (bug.complaint() for bug in bugs) if complaint]
    assert stale == [], "python tools/planted.py --follow brings them up to date"


@pytest.mark.parametrize("bug", planted.bugs(), ids=lambda bug: bug.name)
def test_the_tests_that_have_to_find_a_planted_bug_exist(bug: planted.Bug) -> None:
    assert exists(bug.tests), f"{bug.tests} in tools/planted/{bug.name}.patch"


def test_the_files_that_are_mutated_exist() -> None:
    missing = [pattern for pattern in mutants.FILES if not list((ROOT / "src").glob(pattern))]
    assert missing == [], "FILES in tools/mutants.py"
    assert all(map(exists, mutants.topics()))


def test_the_functions_whose_mutants_are_left_out_exist() -> None:
    files = [path for paths in mutants.topics().values() for path in paths]
    sources = "".join(path.read_text(encoding="utf-8") for path in files)
    for pattern in mutants.EQUAL:
        for name in re.findall(r"in (?:\w+(?:<[^>]*>)?::)?(\w+)", pattern):
            assert re.search(rf"\bfn {name}\b", sources), f"{pattern!r} in EQUAL of tools/mutants.py"
