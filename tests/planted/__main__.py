"""Plants bugs, one at a time, in a copy of the source tree, and sees whether the default tests find them.

``python tests/planted WORK [NAME ...]`` copies the tree to the folder WORK, where it also compiles; a
NAME is a part of a bug's name. ``--figures FILE`` puts the result on the page.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "reliability"))
from bugs import BUGS, Bug
from page import Row, write

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "rust_numpy_example"

#: Seconds for tests: one that hangs has found something, too.
PATIENCE = 600


def copy_of_the_tree(target: Path) -> None:
    """Copy what a build and the tests need; what a build made there before stays."""
    for name in ("Cargo.toml", "Cargo.lock", "build.rs", "pyproject.toml", "setup.cfg", "setup.py"):
        shutil.copy2(ROOT / name, target / name)
    for name in ("src", "tests", "benches", "examples", PACKAGE):
        shutil.rmtree(target / name, ignore_errors=True)
        # Without their times: what was compiled last is older than any of them.
        ignored = shutil.ignore_patterns("*.so", "__pycache__")
        shutil.copytree(ROOT / name, target / name, ignore=ignored, copy_function=shutil.copy)


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
    command = [
        "cargo",
        "rustc",
        "--quiet",
        "--locked",
        "--lib",
        "--crate-type",
        "cdylib",
        "--features",
        "python",
    ]
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
    parser.add_argument("work", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--figures", type=Path)
    arguments = parser.parse_args()
    target = arguments.work.resolve()
    target.mkdir(parents=True, exist_ok=True)
    copy_of_the_tree(target)
    wanted = [bug for bug in BUGS if not arguments.names or any(name in bug.name for name in arguments.names)]
    for bug in wanted:
        source = (target / bug.file).read_text(encoding="utf-8")
        assert bug.right in source, f"{bug.name}: {bug.file} has changed"

    assert build(target), "the extension does not compile"
    library = target / PACKAGE / f"{PACKAGE}.abi3.so"
    without_bugs = library.read_bytes()
    sound = {bug.tests: bug for bug in wanted}
    for bug in sound.values():
        assert passes(bug, target), f"{bug.tests} fails without a bug"

    caught = 0
    for bug in wanted:
        path = target / bug.file
        source = path.read_text(encoding="utf-8")
        start = time.monotonic()
        path.write_text(source.replace(bug.right, bug.wrong), encoding="utf-8")
        try:
            found = not passes(bug, target)
        finally:
            path.write_text(source, encoding="utf-8")
            library.write_bytes(without_bugs)
        caught += found
        print(f"{'caught' if found else 'MISSED'} {time.monotonic() - start:4.0f} s  {bug.name}", flush=True)
    print(f"caught {caught} of {len(wanted)}")
    if arguments.figures and not arguments.names:
        promise = "Planted bugs are found by the default tests"
        row = Row(promise, f"caught {caught} of {len(wanted)}", caught == len(wanted), "`tox -e planted`")
        write(arguments.figures, [row])
    return int(caught < len(wanted))


if __name__ == "__main__":
    sys.exit(main())
