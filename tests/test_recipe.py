"""The recipe of CONTRIBUTING.md for a new kernel: it names every file, and what follows it builds and passes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_packaging import clean_environment, copy_of_what_git_tracks

ROOT = Path(__file__).resolve().parents[1]
CONTRIBUTION = Path(__file__).parent / "recipe" / "contribution.txt"
TOPIC = "zeros"

if not (ROOT / "src").is_dir():
    pytest.skip("needs the source tree", allow_module_level=True)


def contribution() -> dict[str, str]:
    """Return what is in the contribution: of each file, all of it or the pieces that are added."""
    _, *files = CONTRIBUTION.read_text(encoding="utf-8").removesuffix("\n").split("\n=== ")
    return {name: body for name, _, body in (file.partition("\n") for file in files)}


def contribute(root: Path) -> None:
    """Put the contribution into a source tree."""
    for name, body in contribution().items():
        path = root / name
        if not body.startswith("--- "):
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"{body}\n", encoding="utf-8")
            continue
        text = path.read_text(encoding="utf-8")
        for piece in f"\n{body}".split("\n--- ")[1:]:
            where, _, added = piece.partition("\n")
            side, _, line = where.partition(": ")
            assert side in ("after", "before") and text.count(f"\n{line}\n") == 1, f"{name}: {where}"
            new = f"\n{line}\n{added}\n" if side == "after" else f"\n{added}\n{line}\n"
            text = text.replace(f"\n{line}\n", new)
        path.write_text(text, encoding="utf-8")


def named() -> set[str]:
    """Return the files that the recipe names."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipe = text.partition("## How to add a kernel\n")[2].partition("\n## ")[0]
    found, folder = set(), ""
    for name in re.findall(r"`([\w<>./]+)`", recipe):
        name = name.replace("<topic>", TOPIC)
        if "/" not in name and (ROOT / folder / name).is_file():
            # Beside the one before.
            name = f"{folder}/{name}".removeprefix("/")
        if name.endswith("/") or Path(name).suffix in (".py", ".pyi", ".rs", ".md"):
            found.add(name)
            folder = name.rpartition("/")[0]
    return found


@pytest.mark.once
def test_the_recipe_names_every_file_of_a_contribution(tmp_path: Path) -> None:
    copy = copy_of_what_git_tracks(tmp_path)
    contribute(copy)
    # In form, as `tox -e lint` asks.
    for command in ("cargo fmt --check", "ruff check --no-cache .", "ruff format --check --no-cache ."):
        if shutil.which(command.split()[0]):
            done = subprocess.run(command.split(), cwd=copy, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    recipe, files = named(), set(contribution())
    # A folder stands for a file in it.
    assert not {name for name in files if name not in recipe and f"{Path(name).parent}/" not in recipe}
    folders = {f"{Path(name).parent}/" for name in files}
    # This kernel has no errors of its own; the others are no places for it.
    without = {"src/error.rs", "src/bindings/error.rs", "tests/test_recipe.py"}
    assert recipe - files - folders == without


@pytest.mark.install
def test_what_follows_the_recipe_builds_and_passes(tmp_path: Path) -> None:
    copy = copy_of_what_git_tracks(tmp_path / "copy")
    contribute(copy)
    built = {name: text for name, text in os.environ.items() if name.startswith("CARGO_PROFILE_RELEASE_")}
    env = clean_environment(
        **built, PYTHONPATH=str(copy), PYTHONDONTWRITEBYTECODE="1", RUST_NUMPY_EXAMPLE_BUILD_FEATURES="faults"
    )

    def run(*command: str) -> None:
        done = subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout[-9000:]}\n{done.stderr[-9000:]}"

    run(sys.executable, "setup.py", "--quiet", "build_ext", "--inplace")
    run(sys.executable, "tools/stub.py")
    # The tests of the function, and those that ask of every function that it is everywhere.
    tests = [
        "test_zeros.py",
        "test_stub.py",
        "test_twins.py",
        "test_typed.py",
        "test_architecture.py",
        "test_docs.py",
    ]
    tests += ["reliability/test_panics.py", "reliability/test_unsafe.py"]
    run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(f"tests/{name}" for name in tests))
