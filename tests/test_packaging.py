"""What is shipped, how it is compiled, and what setup.py says when it cannot build."""

from __future__ import annotations

import configparser
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "rust_numpy_example"
#: What git tracks and no user needs.
FOR_DEVELOPERS_ONLY = (".ci/", ".github/", ".gitignore", "fuzz/")


def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


def cargo_toml() -> dict[str, Any]:
    return tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))


def tracked() -> set[str]:
    """Return the files that git tracks."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return {name for name in listing.stdout.split("\0") if name and (ROOT / name).exists()}


def copy_of_what_git_tracks(target: Path) -> Path:
    """Copy the tracked files, as they are in the work tree, to ``target``."""
    for name in tracked():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    return target


def unpacked(archive: Path, folder: Path) -> Path:
    """Unpack a source distribution into ``folder`` in the place of all that is there; return where its files are."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.unpack_archive(archive, folder, filter="data")
    (inside,) = folder.iterdir()
    return inside


def clean_environment(**changes: str) -> dict[str, str]:
    """Return the environment without what would change a build."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CARGO_PROFILE_", "CARGO_BUILD_", "RUST_NUMPY_EXAMPLE_"))
        and "RUSTFLAGS" not in name
    }
    return environment | changes


# --- the two manifests agree


def test_python_and_rust_give_the_same_metadata() -> None:
    python, rust = setup_cfg()["metadata"], cargo_toml()["package"]
    for key in ("name", "version", "description", "license"):
        assert python[key] == rust[key], key
    package = (ROOT / PACKAGE / "__init__.py").read_text(encoding="utf-8")
    assert re.findall(r'^__version__ = "(.+)"$', package, re.MULTILINE) == [rust["version"]]
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))
    assert [p["version"] for p in lock["package"] if p["name"] == PACKAGE] == [rust["version"]]


def test_the_module_knows_its_version() -> None:
    module = pytest.importorskip(PACKAGE, reason="the package is not installed", exc_type=ImportError)
    assert module.__version__ == setup_cfg()["metadata"]["version"]
    assert module.build_info()["version"] == module.__version__


def test_the_numpy_that_is_promised_is_the_oldest_that_is_tested() -> None:
    floor = re.search(r"numpy>=(\S+)", setup_cfg()["options"]["install_requires"])
    pins = re.findall(r"oldest: numpy==(\S+)", (ROOT / "tox.ini").read_text(encoding="utf-8"))
    assert floor and pins[0] == floor[1]


def test_the_python_that_is_promised_is_the_same_everywhere() -> None:
    needs = setup_cfg()["options"]["python_requires"]
    setup_py = (ROOT / "setup.py").read_text(encoding="utf-8")
    assert needs == ">=3.11"
    assert "sys.version_info < (3, 11)" in setup_py
    assert 'limited_api = "cp311"' in setup_py


@pytest.mark.skipif(not (ROOT / ".ci").is_dir(), reason="not shipped")
def test_ci_runs_the_test_command_of_the_readme() -> None:
    commands = re.findall(r"^ +(python3 -m venv .+)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    assert len(commands) == 2, "one command for the demo, one for the tests"
    script = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert commands[1] in script
    assert os.access(ROOT / ".ci/run", os.X_OK)


@pytest.mark.once
def test_what_is_left_out_elsewhere_is_tested_with_the_oldest_and_with_the_newest() -> None:
    text = (ROOT / "tox.ini").read_text(encoding="utf-8")
    (line,) = re.findall(r"(?m)^    (.+): LEFT_OUT = or thorough$", text)
    left_out = [set(factors.split("-")) for factors in line.split(",")]
    every = [{f"py3{n}", numpy} for n in range(11, 16) for numpy in ("oldest", "newest")]
    full = [env for env in every if not any(factors <= env for factors in left_out)]
    assert full == [{"py311", "oldest"}, {"py313", "newest"}, {"py315", "newest"}]


# --- what is shipped


def test_a_source_distribution_has_all_that_git_tracks_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("setuptools_rust", reason="building needs setuptools_rust")
    expected = {name for name in tracked() if not name.startswith(FOR_DEVELOPERS_ONLY)}
    command = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", str(tmp_path)]
    command += ["sdist", "--formats", "gztar", "--dist-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        found = {member.name.partition("/")[2] for member in file.getmembers() if member.isfile()}
    made = {name for name in found if ".egg-info/" in name} | {"PKG-INFO"}
    assert sorted(expected - found) == [], "missing from MANIFEST.in"
    assert sorted(found - expected - made) == [], "not tracked by git"


def test_a_build_ships_nothing_of_an_earlier_one(tmp_path: Path) -> None:
    pytest.importorskip("setuptools_rust", reason="building needs setuptools_rust")
    gone = tmp_path / PACKAGE / "gone.py"
    gone.parent.mkdir()
    gone.touch()
    done = run_setup("-q", "build_py", "--build-lib", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / PACKAGE / "__init__.py").exists() and not gone.exists()
    # Where the modules already are, they stay.
    copy = copy_of_what_git_tracks(tmp_path / "copy")
    done = run_setup("-q", "build_py", "--build-lib", ".", cwd=copy)
    assert (copy / PACKAGE / "__init__.py").exists(), done.stderr


def installed() -> tuple[importlib.metadata.Distribution, set[str]]:
    """Return the distribution that is installed, and the names of its files."""
    # What `pip install -e` leaves in a checkout, which may come first on the path, has no record of files.
    known = importlib.metadata.distributions(name=PACKAGE)
    recorded = [distribution for distribution in known if distribution.read_text("RECORD") is not None]
    if not recorded:
        pytest.skip("the package is not installed")
    files = {str(file).replace(os.sep, "/") for file in recorded[0].files or () if file.suffix != ".pyc"}
    if f"{PACKAGE}/__init__.py" not in files:
        pytest.skip("an editable installation")
    return recorded[0], files


def test_an_installation_has_the_package_its_types_its_licences_and_nothing_else() -> None:
    _, files = installed()
    free_threaded = sysconfig.get_config_var("Py_GIL_DISABLED")
    suffix = sysconfig.get_config_var("EXT_SUFFIX") if free_threaded else ".abi3.so"
    if os.name == "nt" and not free_threaded:
        suffix = ".pyd"
    expected = {name for name in tracked() if name.startswith(f"{PACKAGE}/")}
    package = {name for name in files if name.startswith(f"{PACKAGE}/")}
    assert package == expected | {f"{PACKAGE}/{PACKAGE}{suffix}"}
    assert {f"{PACKAGE}/py.typed", f"{PACKAGE}/{PACKAGE}.pyi"} <= package
    elsewhere = {name.partition("/")[2] for name in files - package if ".dist-info/" in name}
    licences = {"LICENSE-MIT", "LICENSE-APACHE", "LICENSE-THIRD-PARTY"}
    # The folder is older than setuptools 77.
    assert licences <= {name.removeprefix("licenses/") for name in elsewhere}
    # Where a wheel is repaired for other systems, the libraries that it needs are beside it.
    rest = {name for name in files - package if not name.startswith(f"{PACKAGE}.libs/")}
    scripts = [name for name in rest if ".dist-info/" not in name]
    assert [Path(name).stem for name in scripts] == ["rust-numpy-example"]


@pytest.mark.once
@pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo is not installed")
def test_the_crate_without_features_has_no_python_in_it() -> None:
    command = [
        "cargo",
        "tree",
        "--locked",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{lib}",
    ]
    done = subprocess.run(command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    crates = set(done.stdout.split())
    assert "rayon" in crates
    assert not {name for name in crates if "pyo3" in name or name in ("numpy", "tokio", "reqwest")}


# --- how it is compiled

RECORDER = """\
#!{python}
import json, os, sys
arguments = sys.argv[1:]
if "rust_numpy_example_copy" in arguments:
    with open({file!r}, "w") as file:
        json.dump(arguments, file)
    sys.exit("recorded")
os.execvp(arguments[0], arguments)
"""


@pytest.mark.install
@pytest.mark.skipif(os.name == "nt", reason="the recorder is a script with a #! line")
def test_link_time_optimisation_reaches_the_compiler(tmp_path: Path) -> None:
    """What setup.py asks for has to arrive: cargo leaves LTO out without a word for some crate types.

    A recorder stands in for rustc where this crate itself is compiled, so that this takes
    no longer than its dependencies do, which are compiled already. It works on a copy under
    another name, library and all: cargo deletes the file of a library before it compiles it,
    and the next build of the crate itself would compile it again.
    """
    pytest.importorskip("setuptools_rust", reason="building needs setuptools_rust")
    recorder, record = tmp_path / "recorder", tmp_path / "arguments.json"
    recorder.write_text(RECORDER.format(python=sys.executable, file=str(record)))
    recorder.chmod(0o755)
    copy = copy_of_what_git_tracks(tmp_path / "copy")
    for manifest in copy / "Cargo.toml", copy / "Cargo.lock":
        text = manifest.read_text(encoding="utf-8")
        assert text.count(f'name = "{PACKAGE}"\n') == 1
        text = text.replace(f'name = "{PACKAGE}"\n', f'name = "{PACKAGE}_copy"\n')
        manifest.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "setup.py", "bdist_wheel"],
        cwd=copy,
        env=clean_environment(
            RUSTC_WORKSPACE_WRAPPER=str(recorder),
            # Where tox has built the wheel, and so the dependencies with the settings of a release.
            CARGO_TARGET_DIR=str(ROOT / "target"),
        ),
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0 and "recorded" in done.stderr, done.stderr
    arguments = json.loads(record.read_text())
    codegen = {value for flag, value in zip(arguments, arguments[1:], strict=False) if flag == "-C"}
    assert "lto=thin" in codegen, codegen
    assert {"opt-level=3", "codegen-units=16", "overflow-checks=on"} <= codegen, codegen
    assert "panic=abort" not in codegen
    features = {re.sub(r'.*"(.*)"', r"\1", value) for value in arguments if value.startswith("feature=")}
    assert "python" in features and "faults" not in features
    crate_types = [
        value for flag, value in zip(arguments, arguments[1:], strict=False) if flag == "--crate-type"
    ]
    assert crate_types == ["cdylib"]


# --- what setup.py says when it cannot build


def run_setup(
    *command: str, before: str = "pass", cwd: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run setup.py after some Python statements."""
    code = f"import runpy, sys; sys.argv = {['setup.py', *command]!r}; {before}; runpy.run_path('setup.py')"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
    )


def the_one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode != 0
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_a_python_that_is_too_old_is_refused_in_one_line() -> None:
    done = run_setup("install", before="sys.version_info = (3, 10, 18, 'final', 0)")
    assert the_one_line(done) == "rust_numpy_example needs Python 3.11 or newer; this is 3.10"
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.once
@pytest.mark.parametrize("version", ["3.6", "3.10"])
def test_an_old_interpreter_can_read_setup_py_and_say_so(version: str) -> None:
    command = [f"python{version}", "setup.py", "install"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except OSError:
        pytest.skip(f"no Python {version}")
    if "command not found" in done.stderr or "not installed" in done.stderr:
        pytest.skip(f"no Python {version} behind the shim")
    assert done.stderr == f"rust_numpy_example needs Python 3.11 or newer; this is {version}\n"


def test_a_missing_setuptools_rust_is_named_with_its_cure() -> None:
    pytest.importorskip("setuptools", reason="building needs setuptools")
    done = run_setup("install", before="sys.modules['setuptools_rust'] = None")
    line = the_one_line(done)
    assert "cannot be built without the package 'setuptools_rust'" in line
    assert "-m pip install setuptools setuptools-rust wheel" in line


@pytest.fixture
def only_rustc(tmp_path: Path) -> Callable[[str], str]:
    """Return a function that makes a folder with a `rustc` that is a shell script, for use as the whole PATH."""
    if os.name == "nt":
        pytest.skip("the stand-in is a shell script")

    def make(script: str) -> str:
        (tmp_path / "rustc").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "rustc").chmod(0o755)
        return str(tmp_path)

    return make


def test_a_missing_rust_is_refused_with_the_version_that_is_needed(tmp_path: Path) -> None:
    pytest.importorskip("setuptools_rust", reason="building needs setuptools_rust")
    done = run_setup("build_rust", PATH=str(tmp_path))
    assert the_one_line(done) == "This package requires Rust >=1.85."
    assert "error: can't find Rust compiler" in done.stderr
    assert "https://rustup.rs" in done.stderr


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        (
            "echo 'rustc 1.84.1 (e71f9a9a9 2025-01-27)'",
            "error: Rust 1.84.1 does not match extension requirement >=1.85",
        ),
        ("exit 3", "This package requires Rust >=1.85."),
    ],
)
def test_a_rust_that_is_too_old_or_broken_is_refused(
    only_rustc: Callable[[str], str], script: str, complaint: str
) -> None:
    pytest.importorskip("setuptools_rust", reason="building needs setuptools_rust")
    assert the_one_line(run_setup("build_rust", PATH=only_rustc(script))) == complaint


def test_a_missing_cargo_is_named_in_one_line() -> None:
    pytest.importorskip("setuptools_rust", reason="building needs setuptools_rust")
    line = the_one_line(run_setup("build_rust", CARGO="no-such-cargo"))
    assert line.startswith("error: ") and "no-such-cargo" in line


def test_the_rust_that_setup_py_asks_for_is_the_one_in_the_manifest() -> None:
    version = cargo_toml()["package"]["rust-version"]
    assert version == "1.85"
    assert f'rust_version=">={version}"' in (ROOT / "setup.py").read_text(encoding="utf-8")
