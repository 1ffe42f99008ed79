"""What the tools say of the source tree is still true of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
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


def test_a_shard_of_the_mutants_replaces_what_became_of_it_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(mutants, "SHARDS", tmp_path / "mutants.json")
    mutants.kept({"11/20": mutants.Shard(7, 2), "3/20": mutants.Shard(40, 10)})
    shards = mutants.kept({"3/20": mutants.Shard(45, 5)})
    assert list(shards) == ["3/20", "11/20"] and mutants.kept({}) == shards
    row = mutants.row(shards)
    assert row.figure == "52 of 59 (88 %; shards 3/20: 45 of 50, 11/20: 7 of 9)"
    # Nine tenths of each.
    assert not row.reached and mutants.row({"3/20": mutants.Shard(45, 5)}).reached


PLACE = {"python": "3.13.9", "free_threaded": False, "numpy": "2.2.4", "system": "Linux, glibc 2.41"}


def of_files(day: int, **passed: int) -> dict[str, dict[str, object]]:
    """What files of tests counted on a day: of each one skipped."""
    counts = {"date": f"2026-12-{day:02}", "failed": 0, "skipped": {"no peer": 1}}
    return {f"tests/{name}.py": {**counts, "passed": count} for name, count in passed.items()}


def test_a_run_of_the_tests_replaces_its_own_row_of_the_table_alone() -> None:
    files = of_files(1, test_doors=3, test_reduce=2)
    emulated = {**PLACE, "machine": "s390x", "emulator": "QEMU 10.0", "files": files}
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


def test_runs_of_some_files_add_up_and_each_file_counts_once() -> None:
    first = {**PLACE, "machine": "s390x", "files": of_files(1, test_doors=3, test_reduce=2, test_gone=9)}
    second = {**PLACE, "machine": "s390x", "files": of_files(2, test_reduce=4, test_stats=7)}
    both = tested.added(first, second)
    assert tested.line(both).split(" | ")[3:] == ["2026-12-01", str(3 + 4 + 7), "0", "3 |"]
    assert tested.added({**first, "numpy": "2.3.0"}, second) == second
    assert tested.added({**first, "emulator": "QEMU 10.0"}, second) == second


def test_the_page_has_a_table_for_each_kind_of_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = tmp_path / "tested.md"
    monkeypatch.setattr(tested, "PAGE", page)
    python = {**PLACE, "machine": "s390x", "files": of_files(1, test_doors=3)}
    rust = {
        "rust": "1.85.0",
        "machine": "Linux, s390x",
        "date": "2026-12-01",
        "passed": 3,
        "failed": 0,
        "ignored": 0,
    }
    compiled = {
        "rust": "1.85.0",
        "target": "aarch64-apple-darwin",
        "date": "2026-12-01",
        "errors": 0,
        "warnings": 0,
    }
    for number, row in enumerate([python, rust, compiled, {**PLACE, "machine": "s390x", "files": {}}]):
        (tmp_path / f"{number}.json").write_text(json.dumps(row), "utf-8")
        monkeypatch.setattr("sys.argv", ["tested.py", str(tmp_path / f"{number}.json")])
        tested.main()
    # A row of one table stays when another's is written.
    text = page.read_text("utf-8")
    for head, cells in {
        tested.HEAD: "3.13.9 | 2.2.4 | Linux, glibc 2.41, s390x | 2026-12-01 | 3 | 0 | 1",
        tested.RUST: "1.85.0 | Linux, s390x | 2026-12-01 | 3 | 0 | 0",
        tested.COMPILED: "1.85.0 | aarch64-apple-darwin | 2026-12-01 | 0 | 0",
    }.items():
        assert f"{head}| {cells} |\n" in text
    assert text.endswith("- no peer: 1 at most\n")


def test_the_tests_note_what_came_out_of_each_file(tmp_path: Path) -> None:
    file = tmp_path / "tests/test_some.py"
    file.parent.mkdir()
    file.write_text(
        "import pytest\ndef test_a(): pass\ndef test_b(): assert False\ndef test_c(): pytest.skip('why')\n"
        "@pytest.fixture\ndef broken(): raise OSError\ndef test_d(broken): pass\n",
        encoding="utf-8",
    )
    shutil.copy(ROOT / "tests/conftest.py", file.parent)
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "--rootdir", tmp_path]
    options = ["-c", os.devnull, "--tested", tmp_path / "row.json", file]
    subprocess.run([*map(str, [*command, *options])], cwd=tmp_path, check=False, capture_output=True)
    row = json.loads((tmp_path / "row.json").read_text("utf-8"))
    counts = row["files"]["tests/test_some.py"]
    assert (counts["passed"], counts["failed"], counts["skipped"]) == (1, 2, {"why": 1})


def test_rust_tests_are_counted_over_all_their_binaries(tmp_path: Path) -> None:
    said = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\ntest result: FAILED. 4 passed; 2 failed; 0 ignored;"
    command = [sys.executable, "-c", f"print({said!r}); raise SystemExit(101)"]
    environment = {**os.environ, "RUSTC": "rustc"}
    if not shutil.which("rustc"):
        pytest.skip("needs rustc")
    assert rust_tests.rust_tests(tmp_path / "row.json", command, environment, "here") == 101
    row = json.loads((tmp_path / "row.json").read_text(encoding="utf-8"))
    assert (row["machine"], row["passed"], row["failed"], row["ignored"]) == ("here", 7, 2, 1)


def test_what_is_compiled_leaves_its_errors_and_warnings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not shutil.which("rustc"):
        pytest.skip("needs rustc")
    said = [
        {"reason": "compiler-artifact"},
        {
            "reason": "compiler-message",
            "message": {"level": "warning", "rendered": "unused\n", "spans": [{}]},
        },
        {
            "reason": "compiler-message",
            "message": {"level": "warning", "rendered": "1 warning\n", "spans": []},
        },
        {"reason": "build-finished"},
    ]
    (tmp_path / "said").write_text("".join(f"{json.dumps(line)}\n" for line in said), "utf-8")
    cargo = tmp_path / "cargo"
    cargo.write_text(f"#!/bin/sh\ncat {tmp_path}/said\n", "utf-8")
    cargo.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    assert rust_tests.check(tmp_path / "row.json", {**os.environ, "RUSTC": "rustc"}, "some-target") == 1
    row = json.loads((tmp_path / "row.json").read_text("utf-8"))
    assert (row["target"], row["errors"], row["warnings"]) == ("some-target", 0, 1)
    assert capsys.readouterr().out == "unused\n1 warning\n"
    cargo.write_text("#!/bin/sh\nexit 101\n", "utf-8")
    # What says nothing of why has failed, too.
    assert rust_tests.check(tmp_path / "row.json", {**os.environ, "RUSTC": "rustc"}, "some-target") == 1
    assert json.loads((tmp_path / "row.json").read_text("utf-8"))["errors"] == 1


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
    lines = [
        f"no tests on {name}: cargo-zigbuild is not installed"
        for name in [*platforms.PLATFORMS, *platforms.COMPILED]
    ]
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
