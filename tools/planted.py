"""Plants bugs, one at a time, in a copy of the source tree, and sees whether the default tests find them.

``python tools/planted.py [--figures FILE] [--work FOLDER] [NAME ...]``: a NAME is a part of a bug's file name. Each
bug is a patch of one hunk in ``tools/planted``, headed by what it is and by the tests that have to notice. A test
in the default run says which patches no longer apply. To bring them up to date:

``python tools/planted.py --follow`` rewrites those whose lines only moved, to another file or another depth.
``python tools/planted.py --remake NAME``, after the bug was put into the work tree by hand, takes over ``git diff``.
"""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from page import Row, write
from tree import ROOT, copy

PATCHES = Path(__file__).with_suffix("")
PACKAGE = "rust_numpy_example"
#: Where bugs are planted.
FOLDERS = ("src", PACKAGE)

#: Seconds for tests: one that hangs has found something, too.
PATIENCE = 600


@dataclass(frozen=True)
class Bug:
    """In `file`, the lines `right` become the lines `wrong`; `tests` must notice."""

    name: str
    file: str
    #: Without their ends, and without the context.
    right: list[str]
    wrong: list[str]
    #: The hunk before it is applied, context and all, which decides where `right` occurs more than once.
    hunk: list[str]
    #: What is run: a filter for `cargo test --lib`, or a file for pytest.
    tests: str
    description: str

    @staticmethod
    def read(path: Path) -> Bug:
        """Return the bug of a patch."""
        head, _, body = path.read_text(encoding="utf-8").partition("--- a/")
        description, tests = (line.partition(": ")[2] for line in head.splitlines()[:2])
        file, _, _, *lines = body.splitlines()
        assert not any(line.startswith("@@") for line in lines), f"{path}: more than one hunk"
        right, wrong, hunk = ([line[1:] for line in lines if line[:1] in marks] for marks in ("-", "+", " -"))
        assert right, f"{path}: takes no line away, by which its place is found"
        return Bug(path.stem, file, right, wrong, hunk, tests, description)

    @property
    def in_rust(self) -> bool:
        """Whether the Rust tests have to find it, without Python."""
        return ".py" not in self.tests

    def places(self, source: str) -> list[int]:
        """Return the lines of the source at which the bug can be planted: one, where the patch is up to date."""
        lines = source.splitlines()
        found = _occurrences(self.right, lines)
        if len(found) > 1:
            before = self.hunk.index(self.right[0])
            found = [start + before for start in _occurrences(self.hunk, lines)]
        return found

    def plant(self, source: str) -> str:
        """Return the source with the bug."""
        (start,) = self.places(source)
        lines = source.splitlines(keepends=True)
        lines[start : start + len(self.right)] = [line + "\n" for line in self.wrong]
        return "".join(lines)

    def complaint(self) -> str:
        """Return why the patch cannot be applied to the tree as it is, or nothing."""
        path = ROOT / self.file
        if not path.exists():
            return f"{self.name}: there is no {self.file}"
        count = len(self.places(path.read_text(encoding="utf-8")))
        return "" if count == 1 else f"{self.name}: applies to {self.file} {count} times, not once"


def bugs() -> list[Bug]:
    """Return all bugs."""
    return [Bug.read(path) for path in sorted(PATCHES.glob("*.patch"))]


def _occurrences(wanted: list[str], lines: list[str]) -> list[int]:
    size = len(wanted)
    return [start for start in range(len(lines) - size + 1) if lines[start : start + size] == wanted]


# --- to bring patches up to date


def save(bug: Bug, diff: str) -> None:
    """Write a patch."""
    start = diff.index("--- a/")
    text = f"Bug: {bug.description}\nTests: {bug.tests}\n\n{diff[start:]}"
    (PATCHES / f"{bug.name}.patch").write_text(text, encoding="utf-8")


def _moved(bug: Bug) -> Iterator[tuple[str, str, str]]:
    """Yield each file with the lines of a bug at any indentation, without the bug and with it."""
    wanted = [line.strip() for line in bug.right]
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.*")):
            if path.suffix not in (".rs", ".py"):
                continue
            lines = path.read_text(encoding="utf-8").splitlines()
            for start in _occurrences(wanted, [line.strip() for line in lines]):
                old, new = (len(line) - len(line.lstrip()) for line in (bug.right[0], lines[start]))
                wrong = [" " * (new - old) + line if new > old else line[old - new :] for line in bug.wrong]
                planted = [*lines[:start], *wrong, *lines[start + len(wanted) :]]
                name = path.relative_to(ROOT).as_posix()
                yield name, "\n".join(lines) + "\n", "\n".join(planted) + "\n"


def follow() -> int:
    """Rewrite the patches whose lines only moved; return how many others are out of date."""
    left = 0
    for bug in bugs():
        complaint = bug.complaint()
        if not complaint:
            continue
        found = list(_moved(bug))
        if len(found) == 1:
            ((file, right, wrong),) = found
            diff = difflib.unified_diff(
                right.splitlines(keepends=True),
                wrong.splitlines(keepends=True),
                f"a/{file}",
                f"b/{file}",
                n=1,
            )
            save(bug, "".join(diff))
            print(f"{bug.name}: is in {file}")
        else:
            left += 1
            print(f"{complaint}, and these lines are in {len(found)} places:", *bug.right, sep="\n")
    return left


def remake(name: str) -> None:
    """Take the difference between the work tree and git for the bug of this name."""
    command = ["git", "diff", "-U1", "--", *FOLDERS]
    diff = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    save(Bug.read(PATCHES / f"{name}.patch"), diff)
    print(Bug.read(PATCHES / f"{name}.patch"))


# --- to plant them


def run(command: list[str], target: Path, patience: int = 3600, **environment: str) -> bool:
    """Run a command; return whether it succeeded."""
    env = {**os.environ, "CARGO_TARGET_DIR": str(target / "target"), **environment}
    try:
        done = subprocess.run(command, cwd=target, env=env, capture_output=True, text=True, timeout=patience)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def build(target: Path) -> bool:
    """Build the extension, unoptimised, into the copy."""
    command = ["cargo", "rustc", "--quiet", "--locked", "--lib", "--crate-type", "cdylib"]
    command += ["--features", "net"]
    built = run(command, target, PYO3_PYTHON=sys.executable, PYO3_BUILD_EXTENSION_MODULE="1")
    library = target / "target" / "debug" / f"lib{PACKAGE}.so"
    if built:
        shutil.copy2(library, target / PACKAGE / f"{PACKAGE}.abi3.so")
    return built


def passes(bug: Bug, target: Path) -> bool:
    """Build what the bug needs and run its tests."""
    if bug.in_rust:
        # Built apart from the run, so that a bug that does not compile is not one that was found.
        command = ["cargo", "test", "--quiet", "--locked", "--lib"]
        assert run([*command, "--no-run"], target), f"{bug.name}: does not compile"
        return run([*command, bug.tests], target, PATIENCE)
    if bug.file.endswith(".rs"):
        assert build(target), f"{bug.name}: does not compile"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", bug.tests]
    # This build is not optimised, and is not meant to be.
    command += ["-k", "not a_release_build"]
    return run(command, target, PATIENCE, PYTHONPATH=str(target))


def main() -> int:
    """Plant the bugs."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--work", type=Path, default=ROOT / "target" / "planted")
    parser.add_argument("--follow", action="store_true")
    parser.add_argument("--remake", metavar="NAME")
    arguments = parser.parse_args()
    if arguments.follow:
        return int(follow() > 0)
    if arguments.remake:
        remake(arguments.remake)
        return 0
    wanted = [
        bug for bug in bugs() if not arguments.names or any(name in bug.name for name in arguments.names)
    ]
    complaints = list(filter(None, (bug.complaint() for bug in wanted)))
    if complaints:
        print(*complaints, sep="\n")
        return 1
    target = arguments.work.resolve()
    for folder in FOLDERS:
        shutil.rmtree(target / folder, ignore_errors=True)
    copy(target)

    assert build(target), "the extension does not compile"
    library = target / PACKAGE / f"{PACKAGE}.abi3.so"
    without_bugs = library.read_bytes()
    for bug in {bug.tests: bug for bug in wanted}.values():
        assert passes(bug, target), f"{bug.tests} fails without a bug"

    caught = 0
    for bug in wanted:
        path = target / bug.file
        source = path.read_text(encoding="utf-8")
        start = time.monotonic()
        path.write_text(bug.plant(source), encoding="utf-8")
        try:
            found = not passes(bug, target)
        finally:
            path.write_text(source, encoding="utf-8")
            library.write_bytes(without_bugs)
        caught += found
        what = f"{'caught' if found else 'MISSED'} {time.monotonic() - start:4.0f} s"
        print(f"{what}  {bug.description}", flush=True)
    print(f"caught {caught} of {len(wanted)}")
    if arguments.figures and not arguments.names:
        promise = "Planted bugs are found by the default tests"
        row = Row(promise, f"caught {caught} of {len(wanted)}", caught == len(wanted), "`tools/planted.py`")
        write(arguments.figures, [row])
    return int(caught < len(wanted))


if __name__ == "__main__":
    sys.exit(main())
