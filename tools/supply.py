"""What the package is built from: licences, sources, advisories, and whether a build can be repeated.

``python tools/supply.py [--figures FILE] [--advisories FOLDER] {crates,wheel} ...``. The first needs
``cargo deny`` and ``cargo audit``; FOLDER is a checkout of the RustSec advisory database where there is no network
to get it from. The second builds the wheel twice, from two copies of the tree in two folders, the
second time with another home, another cargo home and another user's name.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from page import Row, publish
from tree import ROOT, copy

COMMAND = "`tools/supply.py`"


def crates(advisories: Path | None) -> list[Row]:
    """Check the crates of the lock file."""
    metadata = subprocess.run(
        ["cargo", "metadata", "--locked", "--all-features", "--format-version", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    packages = json.loads(metadata.stdout)["packages"]
    licences = {package["license"] for package in packages}
    deny = subprocess.run(
        ["cargo", "deny", "--locked", "check", "licenses", "bans", "sources"], cwd=ROOT, check=False
    )
    allowed = Row(
        "All crates have a permissive licence and come from crates.io, as locked",
        f"{len(packages)} crates, {len(licences)} licence expressions, cargo-deny: {'ok' if not deny.returncode else 'no'}",
        deny.returncode == 0,
        COMMAND,
    )
    command = ["cargo", "audit", "--json"]
    if advisories:
        command += ["--no-fetch", "--db", str(advisories)]
    audit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = json.loads(audit.stdout)
    vulnerable, warnings = found["vulnerabilities"]["count"], sum(map(len, found["warnings"].values()))
    date = (found["database"].get("last-updated") or "unknown")[:10]
    if advisories:
        # A copy of the database without its history says when its last commit was made.
        log = ["git", "-C", str(advisories), "log", "-1", "--format=%cs"]
        date = subprocess.run(log, capture_output=True, text=True, check=True).stdout.strip()
    known = Row(
        "No crate has a vulnerability that the RustSec database knows",
        f"vulnerable: {vulnerable}, unmaintained or yanked: {warnings}; database of {date} with "
        f"{found['database']['advisory-count']} advisories",
        vulnerable == 0,
        COMMAND,
    )
    return [allowed, known]


def _another_home(folder: Path) -> dict[str, str]:
    """Make the home of another user, with the crates that this one has downloaded; return what tells cargo of it."""
    ours = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    home = folder / "home of another"
    theirs = home / ".cargo"
    for name in ("registry/cache", "registry/index"):
        if (ours / name).is_dir():
            shutil.copytree(ours / name, theirs / name)
    for name in ("config", "config.toml"):
        if (ours / name).is_file():
            theirs.mkdir(parents=True, exist_ok=True)
            shutil.copy(ours / name, theirs / name)
    environment = {"HOME": str(home), "CARGO_HOME": str(theirs), "USER": "another", "LOGNAME": "another"}
    if rustup := shutil.which("rustup"):
        found = subprocess.run([rustup, "show", "home"], capture_output=True, text=True, check=True)
        environment["RUSTUP_HOME"] = found.stdout.strip()
    return environment


def _wheel(folder: Path, home: dict[str, str]) -> bytes:
    """Build the wheel from a copy of the tree in ``folder``; return its content."""
    tree = folder / "tree"
    copy(tree)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    environment = {
        **os.environ,
        "CARGO_TARGET_DIR": str(folder / "target"),
        "SOURCE_DATE_EPOCH": "1700000000",
        "PYO3_NO_PYTHON": "1",
        **home,
    }
    subprocess.run([*command, "--wheel-dir", str(folder / "dist"), str(tree)], env=environment, check=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel.read_bytes()


def wheel() -> Row:
    """Build the wheel twice."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory(prefix="another-place-") as two:
        first = _wheel(Path(one), {})
        second = _wheel(Path(two), _another_home(Path(two)))
    hashes = [hashlib.sha256(content).hexdigest()[:16] for content in (first, second)]
    lto = os.environ.get("CARGO_PROFILE_RELEASE_LTO", "as released")
    return Row(
        "Two builds of the wheel, in two places, are the same bytes",
        f"two folders, homes, cargo homes and users' names: SHA-256 {hashes[0]}… and {hashes[1]}… "
        f"(link-time optimisation: {lto})",
        first == second,
        COMMAND,
    )


def main() -> int:
    """Check what is asked for."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--advisories", type=Path)
    parser.add_argument("which", nargs="+", choices=["crates", "wheel"])
    arguments = parser.parse_args()
    rows: list[Row] = []
    if "crates" in arguments.which:
        rows += crates(arguments.advisories)
    if "wheel" in arguments.which:
        rows.append(wheel())
    return publish(rows, arguments.figures)


if __name__ == "__main__":
    sys.exit(main())
