"""`rust-numpy-example new`: what it writes, that it follows this package, and that it builds."""

from __future__ import annotations

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from test_packaging import unpacked

from rust_numpy_example import _scaffold
from rust_numpy_example.__main__ import main

ROOT = Path(__file__).resolve().parents[1]


def make(folder: Path, name: str, *options: str) -> dict[str, str]:
    """Run the command; return the text of every file."""
    assert main(["new", name, str(folder), *options]) == 0
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


# ---------------------------------------------------------------- it follows this package


@pytest.mark.once
def test_what_is_ours_as_well_is_as_ours() -> None:
    scaffold = pytest.importorskip("scaffold")
    for path, text in scaffold.derived():
        assert path.read_text(encoding="utf-8") == text, f"run tools/scaffold.py: {path}"


@pytest.mark.once
def test_versions_are_those_of_our_manifests() -> None:
    ours = tomllib.loads((ROOT / "Cargo.toml").read_text())
    theirs = tomllib.loads((_scaffold.TEMPLATE / "Cargo.toml").read_text())
    for table in ("dependencies", "build-dependencies"):
        for name, crate in theirs[table].items():
            assert crate == ours[table][name], name
    assert theirs["package"]["rust-version"] == ours["package"]["rust-version"]
    assert theirs["package"]["edition"] == ours["package"]["edition"]
    locks = [
        {
            (package["name"], package["version"], package.get("checksum"))
            for package in tomllib.loads((folder / "Cargo.lock").read_text())["package"]
        }
        for folder in (ROOT, _scaffold.TEMPLATE)
    ]
    assert locks[1] <= locks[0], "make the lock file of the template anew from ours"
    pyprojects = [
        tomllib.loads((folder / "pyproject.toml").read_text()) for folder in (ROOT, _scaffold.TEMPLATE)
    ]
    assert pyprojects[0]["build-system"] == pyprojects[1]["build-system"]
    assert pyprojects[0]["tool"]["uv"] == pyprojects[1]["tool"]["uv"]
    configs = []
    for folder in (ROOT, _scaffold.TEMPLATE):
        config = configparser.ConfigParser(interpolation=None)
        config.read(folder / "setup.cfg", encoding="utf-8")
        numpy = re.search("numpy>=.*", config["options"]["install_requires"])
        configs.append((config["options"]["python_requires"], numpy and numpy[0]))
    assert configs[0] == configs[1]
    assert configs[0][0] == f">={_scaffold.PYTHONS[0]}"


# ---------------------------------------------------------------- what it writes


@pytest.mark.parametrize(
    ("name", "module", "distribution"),
    [("fast-loops", "fast_loops", "fast-loops"), ("Zeta.9", "zeta_9", "zeta-9"), ("a", "a", "a")],
)
def test_no_name_of_ours_is_left(tmp_path: Path, name: str, module: str, distribution: str) -> None:
    files = make(tmp_path / "new", name)
    for path, text in files.items():
        assert not re.search("rust.numpy.example", path + text, re.IGNORECASE), path
        if path != "LICENSE-THIRD-PARTY":
            assert "DESCRIPTION" not in text and "AUTHOR" not in text, path
    assert "src/bindings/mod.rs" in files and f"{module}/{module}.pyi" in files
    assert f'RustExtension(\n            "{module}.{module}"' in files["setup.py"]
    assert f"name = {distribution}\n" in files["setup.cfg"]
    assert f'name = "{module}"\n' in files["Cargo.toml"] and "[workspace]" in files["Cargo.toml"]
    assert {".gitignore", ".github/workflows/ci.yml", ".github/workflows/wheels.yml", "MANIFEST.in"} <= set(
        files
    )
    packages = re.findall(r'^name = "(.*)"$', files["Cargo.lock"], flags=re.M)
    assert packages == sorted(packages) and module in packages


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--minimal",),
        ("--no-abi3",),
        ("--maturin",),
        ("--python", "3.13"),
        ("--license", "MIT", "--author", "Ada Lovelace", "--description", "Analyses."),
        ("--minimal", "--no-abi3", "--maturin", "--python", "3.14", "--license", "Apache-2.0"),
    ],
    ids=" ".join,
)
def test_every_option_gives_files_that_can_be_read(tmp_path: Path, options: tuple[str, ...]) -> None:
    files = make(tmp_path / "new", "fast-loops", *options)
    for path, text in files.items():
        if path.endswith((".py", ".pyi")):
            ast.parse(text)
        if path.endswith(".toml"):
            tomllib.loads(text)
        if path.endswith((".cfg", ".ini")):
            configparser.ConfigParser(interpolation=None).read_string(text)
    pyproject = tomllib.loads(files["pyproject.toml"])
    is_maturin = "--maturin" in options
    assert ("setup.py" in files) != is_maturin
    assert pyproject["build-system"]["build-backend"] == (
        "maturin" if is_maturin else "setuptools.build_meta"
    )
    assert (".github/workflows/ci.yml" in files) != ("--minimal" in options)
    assert ("fast_loops/py.typed" in files) != ("--minimal" in options)
    # What has no types and no workflows is not asked for them.
    for tool in "mypy", "zizmor":
        is_asked = "--minimal" not in options
        assert (f"{tool} " in files["tox.ini"]) == (f'"{tool}"' in files["pyproject.toml"]) == is_asked
    if not is_maturin:
        assert ("py_limited_api" in files["setup.py"]) != ("--no-abi3" in options)
    elif "--no-abi3" not in options:
        assert any("abi3" in feature for feature in pyproject["tool"]["maturin"]["features"])
    if "--python" in options:
        oldest = options[options.index("--python") + 1]
        for path in ("setup.py", "setup.cfg", "pyproject.toml", "tox.ini", "README.md"):
            text = files.get(path, "")
            assert not re.search(r"3\.11|py311|cp311|\(3, 11\)", text), path
        assert f"Python {oldest}" in files["README.md"]
    if "--author" in options:
        assert "Copyright (c) 2026 Ada Lovelace" in files["LICENSE-MIT"] and "LICENSE-APACHE" not in files
        assert "author = Ada Lovelace" in files["setup.cfg"] and "Analyses." in files["README.md"]


def test_a_dry_run_names_the_files_and_writes_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new"
    assert main(["new", "fast-loops", str(folder), "--dry-run"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert not folder.exists()
    assert {str(folder / name) for name in make(folder, "fast-loops")} == set(said)


def test_the_commands_that_it_says_are_those_of_the_readme(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = make(tmp_path / "new", "fast-loops")["README.md"]
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("    ")]
    assert len(said) == 2
    for command in said:
        assert f"\n{command}\n" in readme


@pytest.mark.once
def test_the_port_of_the_manual_fits_into_it(tmp_path: Path) -> None:
    port = pytest.importorskip("port")
    make(tmp_path / "new", "fast-loops")
    port.port(tmp_path / "new")
    names = (tmp_path / "new" / "fast_loops" / "__init__.py").read_text(encoding="utf-8")
    ast.parse(names)
    assert '"despike"' in names


# ---------------------------------------------------------------- what it refuses, and what is left


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("3d", "none of a package"),
        ("café", "none of a package"),
        ("../up", "none of a package"),
        ("-x", None),
        ("x-", "none of a package"),
        ("class", "word of Python or Rust"),
        ("Match", "word of Python or Rust"),
        ("fn", "word of Python or Rust"),
        ("ndarray", "crate that is linked"),
        ("json", "standard library"),
        ("numpy", "word of Python or Rust, or a crate"),
        ("pluggy", "is installed here"),
        ("rust-numpy-example", "is installed here"),
        ("con", "device on Windows"),
        ("x" * 41, "at most 40"),
        # A second one in the lock file, and what a package has beside its own folder, tests and bindings.
        ("libc", "crate that is linked"),
        ("rustc-hash", "crate that is linked"),
        ("tools", "that every package has"),
        ("Target", "that every package has"),
        ("window", "that every package has"),
        ("layouts", "that every package has"),
        ("profiling", "standard library"),
        ("setuptools-rust", "builds or tests"),
    ],
)
def test_names_that_would_not_work_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, why: str | None
) -> None:
    if why is None:
        with pytest.raises(SystemExit) as exit_code:
            main(["new", name])
        assert exit_code.value.code == 2
        return
    assert main(["new", name, str(tmp_path / "new")]) == 1
    assert re.search(why, capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


def test_only_an_empty_folder_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    assert "setup.py" in make(folder, "fast-loops")
    before = sorted(folder.rglob("*"))
    assert main(["new", "fast-loops", str(folder)]) == 1
    assert "is not empty" in capsys.readouterr().err and sorted(folder.rglob("*")) == before
    file = tmp_path / "file"
    file.write_text("kept")
    assert main(["new", "fast-loops", str(file)]) == 1
    assert "is no folder" in capsys.readouterr().err and file.read_text() == "kept"


def test_a_folder_that_is_there_is_filled_and_stays_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The current folder, an empty clone, the end of a link: they stay what they are."""
    folder = tmp_path / "clone"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text("kept")
    monkeypatch.chdir(folder)
    before = folder.stat().st_ino
    assert main(["new", "fast-loops", "."]) == 0
    assert folder.stat().st_ino == before and (folder / "setup.py").is_file()
    assert (folder / ".git" / "config").read_text() == "kept"
    assert not [path for path in tmp_path.iterdir() if path != folder]
    (tmp_path / "empty").mkdir()
    link = tmp_path / "link"
    try:
        link.symlink_to(tmp_path / "empty")
    except OSError:
        pytest.skip("links need a privilege")
    assert main(["new", "fast-loops", str(link)]) == 0
    assert link.is_symlink() and (tmp_path / "empty" / "setup.py").is_file()


def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("kept")
    assert main(["new", "fast-loops", str(file / "deep" / "new")]) == 1
    assert str(file) in capsys.readouterr().err and file.read_text() == "kept"
    if os.name == "posix":
        # The current one is no longer there.
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
        assert main(["new", "fast-loops"]) == 1
        assert capsys.readouterr().err == "error: new: fast-loops: No such file or directory\n"
        monkeypatch.chdir(tmp_path)
    dangling = tmp_path / "dangling"
    try:
        dangling.symlink_to(tmp_path / "nowhere")
    except OSError:
        return
    assert main(["new", "fast-loops", str(dangling)]) == 1
    assert "is no folder" in capsys.readouterr().err


@pytest.mark.parametrize("error", [OSError("the disk is full"), KeyboardInterrupt()], ids=["error", "Ctrl-C"])
@pytest.mark.parametrize("was_there", [False, True])
def test_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, was_there: bool
) -> None:
    folder = tmp_path / "deep" / "new"
    if was_there:
        (folder / ".git").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    written: list[Path] = []
    write_bytes = Path.write_bytes

    def fails(path: Path, data: bytes) -> int:
        if len(written) == 9:
            raise error
        written.append(path)
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", fails)
    assert main(["new", "fast-loops", str(folder)]) in (1, 130)
    assert len(written) == 9 and sorted(tmp_path.rglob("*")) == before


def test_text_that_would_break_a_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option in ('--author=a"b', "--description=a\nb", "--description=", "--author=100%"):
        assert main(["new", "fast-loops", str(tmp_path / "new"), option]) == 1
        assert not (tmp_path / "new").exists()


# ---------------------------------------------------------------- it builds

builds = pytest.mark.install


def _run(*command: str, cwd: Path, **environment: str) -> str:
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PYO3_"))}
    # The environment of these tests has what builds.
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]])
    result = subprocess.run(
        command,
        cwd=cwd,
        env={**env, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1200,
        check=False,
    )
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout[-6000:]}"
    return result.stdout


def _python(folder: Path) -> str:
    """A fresh virtual environment that sees the packages of this one."""
    environment = folder / "venv"
    _run(sys.executable, "-m", "venv", str(environment), cwd=folder)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    site = subprocess.run(
        [str(python), "-c", "import site; print(site.getsitepackages()[-1])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    Path(site, "outer.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    return str(python)


@builds
@pytest.mark.parametrize(
    ("name", "options"),
    # Lines change with the length of the name, the order of imports with its first letter.
    [
        ("a", ()),
        ("z" * _scaffold.LONGEST, ("--minimal",)),
        ("odd-Name.2", ("--maturin", "--minimal", "--no-abi3")),
    ],
    ids=["short", "long", "maturin"],
)
def test_its_form_is_that_of_its_formatters(tmp_path: Path, name: str, options: tuple[str, ...]) -> None:
    folder = tmp_path / "new"
    make(folder, name, *options)
    _run("cargo", "fmt", "--check", cwd=folder)
    _run(sys.executable, "-m", "ruff", "check", ".", cwd=folder)
    _run(sys.executable, "-m", "ruff", "format", "--check", ".", cwd=folder)


class TestBuilds:
    """Run by one worker (`--dist loadscope`): the libraries have one name in one folder."""

    @builds
    @pytest.mark.parametrize(
        "options",
        [(), ("--minimal", "--no-abi3"), ("--maturin",)],
        ids=["setuptools", "minimal", "maturin"],
    )
    def test_a_new_package_builds_and_passes_its_own_tests(
        self, tmp_path: Path, options: tuple[str, ...]
    ) -> None:
        # Inside a Cargo workspace, and a path that needs quotes.
        (tmp_path / "Cargo.toml").write_text('[workspace]\nmembers = ["none"]\n')
        folder = tmp_path / "a b" / "new"
        make(folder, "odd-Name.2", *options)
        python = _python(tmp_path)
        _run(python, "-m", "pip", "install", "--no-build-isolation", "--no-deps", ".", cwd=folder)
        _run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder / "tests")
        _run("cargo", "fmt", "--check", cwd=folder)
        _run("cargo", "test", "--locked", "--quiet", cwd=folder)
        _run(sys.executable, "-m", "ruff", "check", ".", cwd=folder)
        _run(sys.executable, "-m", "ruff", "format", "--check", ".", cwd=folder)


@builds
def test_its_source_distribution_has_all_and_builds_without_a_network(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    make(folder, "fast-loops")
    # With the kernel that the manual puts into it.
    pytest.importorskip("port").port(folder)
    python = _python(tmp_path)
    _run(python, "setup.py", "sdist", "--vendor-crates", cwd=folder)
    archive = next((folder / "dist").glob("*.tar.gz"))
    # Always in the same places, which the compiler is told: for others, cargo compiles all crates anew.
    place = ROOT / "target" / "scaffold" / "vendored"
    shutil.rmtree(place / "home", ignore_errors=True)
    _run(
        python,
        "-m",
        "pip",
        "install",
        "--no-build-isolation",
        "--no-deps",
        str(unpacked(archive, place / "source")),
        cwd=tmp_path,
        CARGO_NET_OFFLINE="true",
        CARGO_HOME=str(place / "home"),
        CARGO_TARGET_DIR=str(place),
    )
    _run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder / "tests")
