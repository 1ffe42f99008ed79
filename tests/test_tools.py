"""What the tools say of the source tree is still true of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import debian
import mutants
import planted
import platforms
import pytest
import rust_tests
import tested

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


def test_a_run_of_the_tests_replaces_its_own_row_of_the_table_alone() -> None:
    python = {"python": "3.13.9", "free_threaded": False, "numpy": "2.2.4", "system": "Linux, glibc 2.41"}
    counts = {"date": "2026-12-01", "passed": 5, "failed": 0, "skipped": {"no peer": 2}}
    emulated = {**python, **counts, "machine": "s390x", "emulator": "QEMU 10.0"}
    old = tested.HEAD + "\n".join(
        [
            "| 3.13.5 | 2.2.4 | Linux, glibc 2.41, s390x, emulated by QEMU 10.0 | 2026-11-30 | 4 | 1 | 0 |",
            "| 3.13.5 | 2.2.4 | Linux, glibc 2.41, s390x | 2026-11-30 | 4 | 0 | 0 |",
            "",
        ]
    )
    table = tested.table(tested.HEAD, old + tested.RUST, [emulated])
    assert table.removeprefix(tested.HEAD).splitlines() == [
        "| 3.13.5 | 2.2.4 | Linux, glibc 2.41, s390x | 2026-11-30 | 4 | 0 | 0 |",
        "| 3.13.9 | 2.2.4 | Linux, glibc 2.41, s390x, emulated by QEMU 10.0 | 2026-12-01 | 5 | 0 | 2 |",
    ]


def test_rust_tests_are_counted_over_all_their_binaries(tmp_path: Path) -> None:
    said = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\ntest result: FAILED. 4 passed; 2 failed; 0 ignored;"
    command = [sys.executable, "-c", f"print({said!r}); raise SystemExit(101)"]
    environment = {**os.environ, "RUSTC": "rustc"}
    if not shutil.which("rustc"):
        pytest.skip("needs rustc")
    assert rust_tests.rust_tests(tmp_path / "row.json", command, environment, "here") == 101
    row = json.loads((tmp_path / "row.json").read_text(encoding="utf-8"))
    assert (row["machine"], row["passed"], row["failed"], row["ignored"]) == ("here", 7, 2, 1)


def test_a_platform_whose_tools_are_missing_is_skipped_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(*arguments: object, **named: object) -> None:
        raise debian.Unavailable("no mirror")

    monkeypatch.setattr(platforms, "linked", lambda *arguments: {})
    monkeypatch.setattr(platforms, "rust", missing)
    monkeypatch.setattr("sys.argv", ["platforms.py", "s390x", "--only", "python"])
    assert platforms.main() == 0
    assert capsys.readouterr().out == "no tests on s390x: no mirror\n"


def test_nothing_is_fetched_where_the_linker_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(platforms, "rust", lambda target: pytest.fail("a compiler is fetched in vain"))
    monkeypatch.setattr("sys.argv", ["platforms.py"])
    assert platforms.main() == 0
    lines = [f"no tests on {name}: cargo-zigbuild is not installed" for name in platforms.PLATFORMS]
    assert capsys.readouterr().out.splitlines() == lines


def test_packages_are_unpacked_into_a_folder_that_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "archives").mkdir()
    for name in ("libc6_2_all.deb", "other_1_all.deb"):
        (tmp_path / "archives" / name).touch()
    root = tmp_path / "no/such/folder"
    unpacked: list[str] = []

    def run(program: str, *arguments: object) -> None:
        if program == "dpkg":
            # dpkg makes the last folder of the path alone, and tar says no more than its exit status.
            assert root.is_dir()
            unpacked.append(Path(str(arguments[1])).name)

    monkeypatch.setattr(debian, "run", run)
    monkeypatch.setattr(debian, "mirror", lambda: "")
    debian.unpack("sid", ["other"], root, tmp_path, without=("libc6",))
    assert unpacked == ["other_1_all.deb"]
