"""A new package of the shape of this one: `rust-numpy-example new`.

`template` is that package under our own name. Here the name is exchanged, and what was not asked for left out; the
files of the template that are ours as well are made by ``tools/scaffold.py``.
"""

from __future__ import annotations

import importlib.util
import keyword
import os
import re
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TEMPLATE = Path(__file__).with_name("template")

#: By the names that the command has for them.
LICENSES = {"both": "MIT OR Apache-2.0", "MIT": "MIT", "Apache-2.0": "Apache-2.0"}
#: What is the same in every package.
VERBATIM = ("LICENSE-THIRD-PARTY", "tools/licences.py")
#: With more characters in the name, lines would be longer than the formatters of the package let them be.
LONGEST = 40
DESCRIPTION = "NumPy arrays processed in Rust."
PYTHONS = ("3.11", "3.12", "3.13", "3.14")

#: Words that Rust has, and crates that it brings along: a library cannot be called so.
_RUST = frozenset(
    "abstract alloc as async await become box break const continue core crate do dyn else enum extern false final fn "
    "for gen if impl in let loop macro match mod move mut override priv proc_macro pub ref return self static std "
    "struct super test trait true try type typeof unsafe unsized use virtual where while yield".split()
)

#: Modules of Python that some of its versions have, and packages that build or test the new one.
_PYTHON = frozenset(
    "annotationlib compression profiling "
    "hypothesis maturin mypy pip pytest ruff setuptools setuptools_rust tox wheel zizmor".split()
)

#: What Windows does not let a file be called.
_DEVICES = frozenset(
    ["aux", "con", "nul", "prn", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))]
)


class Refused(ValueError):
    """What was asked for cannot be made; the text says why, and what to do."""


@dataclass(frozen=True)
class Package:
    """What is to be made."""

    name: str
    description: str = DESCRIPTION
    author: str = ""
    license: str = LICENSES["both"]
    python: str = PYTHONS[0]
    abi3: bool = True
    maturin: bool = False
    minimal: bool = False

    def __post_init__(self) -> None:
        module_name(self.name)
        for field in ("description", "author"):
            text = getattr(self, field)
            if any(not char.isprintable() or char in '"\\%' for char in text):
                raise Refused(
                    f"{field} {text!r} has a line break, quote, backslash or percent sign: leave it out"
                )
        if not self.description.strip():
            raise Refused("the description is empty")

    @property
    def module(self) -> str:
        """The name that Python imports."""
        return module_name(self.name)

    @property
    def distribution(self) -> str:
        """The name that pip installs."""
        return re.sub(r"[-_.]+", "-", self.name).lower()

    def files(self) -> dict[str, bytes]:
        """Return the text of every file, by its path."""
        files = {}
        for path in sorted(TEMPLATE.rglob("*")):
            name = path.relative_to(TEMPLATE).as_posix()
            # Not what an installer or a tool has put there.
            if path.is_file() and not re.search(r"(^|/)(\.|__pycache__/)", name):
                if not self._leaves_out(name):
                    name = self._named(re.sub(r"(^|/)dot-", r"\1.", name))
                    files[name] = self._rendered(name, path.read_text(encoding="utf-8")).encode()
        return files

    def _leaves_out(self, name: str) -> bool:
        if name == "LICENSE-MIT":
            return "MIT" not in self.license
        if name == "LICENSE-APACHE":
            return "Apache" not in self.license
        if self.maturin and name in ("setup.py", "setup.cfg", "MANIFEST.in"):
            return True
        return self.minimal and (name.startswith("dot-github/") or name.endswith((".pyi", "py.typed")))

    def _named(self, text: str) -> str:
        text = text.replace("rust_numpy_example", self.module)
        return text.replace("rust-numpy-example", self.distribution)

    def _rendered(self, name: str, text: str) -> str:
        if name in VERBATIM:
            return text
        developers = self.author or f"The {self.distribution} developers"
        text = text.replace("The rust_numpy_example developers", developers)
        text = self._named(text).replace("AUTHOR", developers).replace("DESCRIPTION", self.description)
        # The first of the bill of materials is that of the package, the others are those of crates.
        text = text.replace(LICENSES["both"], self.license, 1 if name == "sbom.cdx.json" else -1)
        if self.python != PYTHONS[0]:
            text = self._with_python(text)
        if name == "Cargo.lock":
            text = _sorted_lock(text)
        if not self.abi3:
            text = self._without_abi3(name, text)
        if self.minimal:
            text = _without(text, r"^\[options\.package_data\](.|\n)*?\n\n") if name == "setup.cfg" else text
            if name == "CONTRIBUTING.md":
                text = _without(text, rf", the signature into `{self.module}\.pyi`")
            if name == "tox.ini":
                # Neither types nor workflows to look at.
                for line in ('python -c "import os', "mypy ", "zizmor "):
                    text = _without(text, rf"^    {line}.*\n")
            if name == "pyproject.toml":
                text = _without(text, r"^\[tool\.mypy\]\n(.|\n)*?\n\n")
                text = _without(text, r'"mypy", (?="ruff")|(?<="ruff"), "zizmor"', times=2)
        if self.maturin:
            text = self._with_maturin(name, text)
        return text

    def _with_python(self, text: str) -> str:
        oldest, ours = self.python, PYTHONS[0]
        minor, our_minor = oldest[2:], ours[2:]
        newer = [python[2:] for python in PYTHONS if int(python[2:]) >= int(minor)]
        numpy = {"3.12": "1.26.4", "3.13": "2.1.0", "3.14": "2.3.3"}[oldest]
        for old, new in (
            ("py3{11,12,13,14}-newest", f"py3{{{','.join(newer)}}}-newest"),
            (
                "python3.11, python3.12, python3.13, python3.14",
                ", ".join(f"python3.{minor}" for minor in newer),
            ),
            ("1.23.5", numpy),
            (f"(3, {our_minor})", f"(3, {minor})"),
            (f"py3{our_minor}", f"py3{minor}"),
            (f"cp3{our_minor}", f"cp3{minor}"),
            (f"Python {ours}", f"Python {oldest}"),
            (f">={ours}", f">={oldest}"),
            (f"            {ours}\n", f"            {oldest}\n"),
        ):
            text = text.replace(old, new)
        return text

    def _without_abi3(self, name: str, text: str) -> str:
        if name == "setup.py":
            text = _without(text, r"^options = \{\}\n(.|\n)*?\n\n")
            text = _without(text, r"^    options=options,\n")
            text = _without(text, r"^import sysconfig\n")
        elif name == "pyproject.toml":
            versions = [f'"cp{python.replace(".", "")}-*"' for python in PYTHONS if python >= self.python]
            text = re.sub(r"# Three wheels a platform.*\n", "# One wheel for each interpreter.\n", text)
            text = re.sub(
                r"^build = \[.*\]",
                f'build = [{", ".join(versions)}, "cp314t-*", "cp315t-*"]',
                text,
                flags=re.M,
            )
        elif name == "tox.ini":
            text = _without(text, r"^wheel_build_env = .pkg\n")
            text = _without(text, r"^\[testenv:\.pkg\]\n(.|\n)*?\n\n")
        return text

    def _with_maturin(self, name: str, text: str) -> str:
        if name == "pyproject.toml":
            abi3 = [f'"pyo3/abi3-py{self.python.replace(".", "")}"'] if self.abi3 else []
            features = ", ".join(['"python"', *abi3])
            kept = [kind for kind in ("MIT", "APACHE") if not self._leaves_out(f"LICENSE-{kind}")]
            head = f"""\
# The metadata, what pip asks for, and the settings of tools.

[build-system]
requires = ["maturin>=1.9,<2"]
build-backend = "maturin"

[project]
name = "{self.distribution}"
dynamic = ["version"]
description = "{self.description}"
readme = "README.md"
requires-python = ">={self.python}"
license = "{self.license}"
license-files = [{", ".join(f'"LICENSE-{kind}"' for kind in [*kept, "THIRD-PARTY"])}]
authors = [{{ name = "{self.author or f"The {self.distribution} developers"}" }}]
dependencies = ["numpy>={_numpy_of(self.python)}"]

[tool.maturin]
module-name = "{self.module}.{self.module}"
features = [{features}]
locked = true
include = [{{ path = "tests/**/*", format = "sdist" }}, {{ path = "tox.ini", format = "sdist" }}]

"""
            return head + text[text.index("# What nobody needs") :].replace(
                '    { file = "setup.py" },\n    { file = "setup.cfg" },\n', ""
            )
        if name == "CONTRIBUTING.md":
            text = text.replace(
                "`SETUPTOOLS_RUST_CARGO_PROFILE=profiling .venv/bin/pip install -e .`",
                "`.venv/bin/pip install -e . -C build-args=--profile=profiling`",
            )
        return text


def _numpy_of(python: str) -> str:
    """The first NumPy with a wheel for a Python."""
    return {"3.11": "1.23.5", "3.12": "1.26.4", "3.13": "2.1.0", "3.14": "2.3.3"}[python]


def _without(text: str, pattern: str, times: int = 1) -> str:
    text, count = re.subn(pattern, "", text, flags=re.M)
    if count != times:
        raise AssertionError(f"the template has {count} times {pattern!r}")
    return text


def _sorted_lock(text: str) -> str:
    """The packages of a lock file in the order in which cargo writes them."""
    head, *packages = text.split("[[package]]\n")
    packages = [package.rstrip("\n") + "\n" for package in packages]
    packages.sort(key=lambda package: re.findall(r'^(?:name|version) = "(.*)"$', package, flags=re.M)[:1])
    return head + "\n".join(f"[[package]]\n{package}" for package in packages)


def module_name(name: str) -> str:
    """Return the name of the module of a package; raise ``Refused`` where it cannot be called so."""
    module = re.sub(r"[-_.]+", "_", name).lower()
    advice = "choose another name"
    if not re.fullmatch(r"[A-Za-z]([A-Za-z0-9._-]*[A-Za-z0-9])?", name):
        raise Refused(
            f"the name {name!r} is none of a package: expected ASCII letters, digits and hyphens, a letter first; "
            f"{advice}"
        )
    if len(module) > LONGEST:
        raise Refused(f"the name is {len(module)} characters long, expected at most {LONGEST}; {advice}")
    if keyword.iskeyword(module) or keyword.issoftkeyword(module) or module in _RUST | _crates():
        raise Refused(f"{module!r} is a word of Python or Rust, or a crate that is linked; {advice}")
    if module in _DEVICES:
        raise Refused(f"{module!r} is the name of a device on Windows; {advice}")
    if module in _files():
        raise Refused(f"{module!r} is a folder or a module that every package has; {advice}")
    if module in sys.stdlib_module_names or module in _PYTHON:
        raise Refused(
            f"{module!r} is a module of Python's standard library, or builds or tests the package; {advice}"
        )
    _refuse_installed(module, advice)
    return module


def _crates() -> set[str]:
    """The crates of the lock file: a second one of the same name would change it."""
    lock = (TEMPLATE / "Cargo.lock").read_text(encoding="utf-8")
    names = re.findall(r'^name = "(.*)"$', lock, flags=re.M)
    return {name.replace("-", "_") for name in names} - {"rust_numpy_example"}


def _files() -> set[str]:
    """What the package would share its name with: folders beside it, modules beside its tests and in its bindings."""
    folders = {path.name for path in TEMPLATE.iterdir() if path.is_dir()} - {"rust_numpy_example"}
    modules = {path.stem for folder in ("tests", "src/bindings") for path in (TEMPLATE / folder).iterdir()}
    return folders | modules | {"build", "conftest", "dist", "setup", "target"}


def _refuse_installed(module: str, advice: str) -> None:
    # Not what lies in the current folder: that may be an earlier attempt.
    kept = list(sys.path)
    try:
        here = {"", os.getcwd()}
        sys.path[:] = [entry for entry in kept if entry not in here]
        found = importlib.util.find_spec(module)
    except (ImportError, OSError, ValueError):
        # The last but one where the current folder has been deleted.
        found = None
    finally:
        sys.path[:] = kept
    if found is not None:
        raise Refused(f"a package {module!r} is installed here, which the new one would hide; {advice}")


def write(files: dict[str, bytes], folder: Path) -> None:
    """Write the files into a folder, which is new or empty but for git's own. After an error nothing of them is left."""
    target = Path(folder)
    if (target.is_symlink() or target.exists()) and not target.is_dir():
        raise Refused(f"{target} is no folder; name one that does not exist")
    if target.exists() and any(path.name != ".git" for path in target.iterdir()):
        raise Refused(f"the folder {target} is not empty; name one that does not exist")
    missing = _missing(target)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
    except BaseException:
        for path in {target / name.partition("/")[0] for name in files}:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        for made in missing:
            if made.is_dir() and not any(made.iterdir()):
                made.rmdir()
        raise


def _missing(folder: Path) -> list[Path]:
    """The folders that are to be made, the innermost first."""
    missing: Iterable[Path] = (folder, *folder.parents)
    return [path for path in missing if not path.exists()]
