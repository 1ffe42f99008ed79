"""The ways in, as a user goes them: each into a fresh virtual environment, and out again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_packaging import PACKAGE, ROOT, clean_environment, copy_of_what_git_tracks, unpacked

pytestmark = pytest.mark.install

SMOKE = """
import json, numpy, rust_numpy_example as rne
print(json.dumps({"file": rne.__file__, "version": rne.__version__, **rne.build_info()}))
"""


class Venv:
    """A fresh virtual environment."""

    def __init__(self, path: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", str(path)], check=True)
        self.path = path
        self.bin = path / ("Scripts" if sys.platform == "win32" else "bin")

    def run(self, *command: str | Path, cwd: Path, inside: tuple[str, ...] = (), **environment: str) -> str:
        """Run one of its commands, by another command if one is given; return what it printed."""
        program, *arguments = map(str, command)
        done = subprocess.run(
            [*inside, str(self.bin / program), *arguments],
            cwd=cwd,
            env=build_environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-9000:]}\n{done.stderr[-9000:]}"
        return done.stdout

    def files(self) -> set[str]:
        """Return every file in it that is not a cache."""
        found = (file for file in self.path.rglob("*") if file.is_file() and file.suffix != ".pyc")
        return {str(file.relative_to(self.path)) for file in found}


def build_environment(**changes: str) -> dict[str, str]:
    """Return the environment of a build: tox chooses where it happens and how much is optimised."""
    chosen = {name: value for name, value in os.environ.items() if name.startswith("CARGO_PROFILE_RELEASE_")}
    for name in ("PYTHONPATH", "VIRTUAL_ENV"):
        chosen[name] = ""
    return clean_environment(**{**chosen, **changes})


@pytest.fixture
def venv(tmp_path: Path) -> Venv:
    return Venv(tmp_path / "venv")


def works(venv: Venv, tmp_path: Path) -> Path:
    """Check that the package works outside of its source tree; return where it lies."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    info = json.loads(venv.run("python", "-W", "error", "-c", SMOKE, cwd=elsewhere))
    assert info["profile"] == "release"
    script = venv.run("rust-numpy-example", "--version", cwd=elsewhere)
    assert info["version"] in script
    return Path(info["file"])


def test_setup_py_install_and_pip_uninstall(venv: Venv, tmp_path: Path) -> None:
    venv.run(
        "python", "-m", "pip", "install", "setuptools", "setuptools-rust", "wheel", "numpy", cwd=tmp_path
    )
    before = venv.files()
    venv.run("python", "setup.py", "install", cwd=ROOT)
    assert venv.path in works(venv, tmp_path).parents
    venv.run("python", "-m", "pip", "uninstall", "--yes", PACKAGE, cwd=tmp_path)
    assert venv.files() == before


@pytest.fixture
def source_tree_as_it_was() -> Iterator[None]:
    """Take away the extension that an editable installation leaves in the source tree."""
    folder = ROOT / PACKAGE
    before = set(folder.glob("*.so")) | set(folder.glob("*.pyd"))
    yield
    for extension in (set(folder.glob("*.so")) | set(folder.glob("*.pyd"))) - before:
        extension.unlink()


@pytest.mark.usefixtures("source_tree_as_it_was")
def test_pip_install_editable_makes_a_release_build(venv: Venv, tmp_path: Path) -> None:
    venv.run("python", "-m", "pip", "install", "numpy", cwd=tmp_path)
    before = venv.files()
    venv.run("python", "-m", "pip", "install", "--editable", ".", cwd=ROOT)
    assert works(venv, tmp_path).parent == ROOT / PACKAGE
    venv.run("python", "-m", "pip", "uninstall", "--yes", PACKAGE, cwd=tmp_path)
    assert venv.files() == before


def test_pip_install_from_the_source_tree_with_the_extra_of_the_readme(venv: Venv, tmp_path: Path) -> None:
    venv.run("python", "-m", "pip", "install", ".[cli]", cwd=ROOT)
    assert venv.path in works(venv, tmp_path).parents


def sdist(tmp_path: Path, *options: str) -> Path:
    """Make a source distribution from nothing but what git tracks."""
    clone = copy_of_what_git_tracks(tmp_path / "clone")
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "sdist", "--formats", "gztar", *options],
        cwd=clone,
        env=build_environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (archive,) = (clone / "dist").glob("*.tar.gz")
    return archive


def test_pip_install_an_sdist(venv: Venv, tmp_path: Path) -> None:
    archive = sdist(tmp_path)
    venv.run("python", "-m", "pip", "install", "numpy", cwd=tmp_path)
    before = venv.files()
    venv.run("python", "-m", "pip", "install", archive, cwd=tmp_path)
    assert venv.path in works(venv, tmp_path).parents
    venv.run("python", "-m", "pip", "uninstall", "--yes", PACKAGE, cwd=tmp_path)
    assert venv.files() == before


def without_a_network() -> tuple[str, ...]:
    """Return the command that runs another one where there is no network, if the system lets us."""
    command = ("unshare", "--map-root-user", "--net")
    try:
        allowed = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        allowed = False
    return command if allowed else ()


def test_an_sdist_with_its_crates_installs_without_a_registry(venv: Venv, tmp_path: Path) -> None:
    archive = sdist(tmp_path, "--vendor-crates")
    venv.run(
        "python", "-m", "pip", "install", "setuptools", "setuptools-rust", "wheel", "numpy", cwd=tmp_path
    )
    # Beside what the crates of the registry were compiled to, which cargo would compile anew each time; and always in
    # the same places, which the compiler is told: for others, cargo compiles anew as well.
    folder = ROOT / "target" / "vendored"
    shutil.rmtree(folder / "home", ignore_errors=True)
    offline = {
        "CARGO_HOME": str(folder / "home"),
        "CARGO_NET_OFFLINE": "true",
        "CARGO_TARGET_DIR": str(folder),
    }
    if rustup := shutil.which("rustup"):
        home = subprocess.run([rustup, "show", "home"], capture_output=True, check=True, text=True)
        offline["RUSTUP_HOME"] = home.stdout.strip()
    options = ("--no-index", "--no-build-isolation")
    install = ("python", "-m", "pip", "install", *options, unpacked(archive, folder / "source"))
    venv.run(*install, cwd=tmp_path, inside=without_a_network(), **offline)
    assert venv.path in works(venv, tmp_path).parents
