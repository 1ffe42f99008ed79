"""What the extension is made of: the crates that are linked, and their licences.

``python tools/licences.py [--check] [FOLDER]`` writes two files, which are part of every distribution: the bill of
materials ``sbom.cdx.json`` (CycloneDX 1.5; ``setup.py`` puts it where PEP 770 wants it) and ``LICENSE-THIRD-PARTY``,
the texts as the crates have them. With ``--check`` it writes nothing, and its exit code is 1 if they are out of date.

They are made here and not in each build: so a build needs neither this tool nor a second look at the crates, and a
change of the lock file shows what it changes. They hold for all targets that wheels are made for.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Those of the workflow that makes wheels.
TARGETS = (
    "aarch64-apple-darwin",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
)
#: The cargo features of an extension, where a crate has them.
FEATURES = ("python", "net")
#: Where a crate leaves the choice, the first of these that it names.
PREFERRED = ("MIT", "Apache-2.0")
LICENCE = re.compile(r"licen[cs]e|copying|notice|copyright|unlicense", re.I)

HEAD = """\
The extension contains code of the crates below, each under its own licence. Where several are
given to choose from, it is used under the first of {preferred} that is among them. It also contains the
standard library of Rust (MIT OR Apache-2.0, The Rust Project contributors; the compiler that made
the extension comes with a list of what is in it, COPYRIGHT-library.html).

{table}

The texts, each with the crates that it came with, follow.
"""
RULE = "-" * 80


class Crate:
    """A crate of the list, with the targets for which it is linked."""

    def __init__(self, package: dict[str, Any]) -> None:
        self.name: str = package["name"]
        self.version: str = package["version"]
        self.purl = f"pkg:cargo/{self.name}@{self.version}"
        # The slash is what SPDX had for OR.
        self.licence = re.sub(r"\s*/\s*", " OR ", package["license"] or "")
        self.repository: str | None = package["repository"]
        self.folder = Path(package["manifest_path"]).parent
        self.targets: set[str] = set()
        self.needs: set[str] = set()

    def texts(self) -> Iterator[str]:
        """Yield the texts of the licences under which the crate is used."""
        files = [
            file
            for file in sorted(self.folder.rglob("*"))
            if LICENCE.match(file.name)
            and file.is_file()
            and file.suffix not in (".rs", ".html")
            # What only tests or examples need is not linked.
            and not {"tests", "benches", "examples"} & set(file.relative_to(self.folder).parts)
        ]
        if not files:
            raise ValueError(f"{self.name} {self.version} comes without a licence")
        choice = next((name for name in PREFERRED if name in self.licence.split(" OR ")), None)
        if choice:
            word = choice.partition("-")[0].lower()
            named = [file for file in files if word in file.name.lower()]
            notices = [file for file in files if re.match("notice|copyright", file.name, re.I)]
            files = [*named, *(file for file in notices if file not in named)] if named else files
        for file in files:
            yield file.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip("\n")


def cargo(folder: Path, *arguments: str) -> str:
    """Return what cargo says of the crate of a folder."""
    own = tomllib.loads((folder / "Cargo.toml").read_text(encoding="utf-8")).get("features", {})
    features = ",".join(name for name in FEATURES if name in own)
    command = ["cargo", *arguments, "--locked", "--features", features]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def linked(folder: Path) -> tuple[Crate, list[Crate]]:
    """Return the crate of a folder and, by name, all that are linked with it for some target."""
    # This knows the licences of all that are locked, also of what only a test asks for, or a feature that is off.
    platforms = [part for target in TARGETS for part in ("--filter-platform", target)]
    metadata = json.loads(cargo(folder, "metadata", "--format-version", "1", *platforms))
    packages = {(package["name"], package["version"]): package for package in metadata["packages"]}
    crates: dict[tuple[str, str], Crate] = {}
    for target in TARGETS:
        # Not what a build script or a test needs, and not what runs in the compiler.
        edges = ("--edges", "normal,no-proc-macro")
        tree = cargo(folder, "tree", *edges, "--prefix", "depth", "--format", " {p}", "--target", target)
        above: list[Crate] = []
        for depth, name, version in re.findall(r"^(\d+) (\S+) v(\S+)", tree, re.M):
            key = name, version
            crate = crates.setdefault(key, Crate(packages[key]))
            crate.targets.add(target)
            above[int(depth) :] = [crate]
            if len(above) > 1:
                above[-2].needs.add(crate.purl)
    own, *others = crates.values()
    return own, sorted(others, key=lambda crate: (crate.name, crate.version))


def bill(folder: Path, own: Crate, crates: list[Crate]) -> str:
    """Return the text of the bill of materials: nothing in it depends on when or where it is made."""
    lock = tomllib.loads((folder / "Cargo.lock").read_text(encoding="utf-8"))
    sums = {(package["name"], package["version"]): package.get("checksum") for package in lock["package"]}
    root = f"pkg:pypi/{own.name.replace('_', '-')}@{own.version}"
    components = []
    for crate in crates:
        component: dict[str, Any] = {
            "type": "library",
            "bom-ref": crate.purl,
            "name": crate.name,
            "version": crate.version,
            "purl": crate.purl,
            "licenses": [{"expression": crate.licence}],
        }
        if checksum := sums[crate.name, crate.version]:
            component["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        if crate.repository:
            component["externalReferences"] = [{"type": "vcs", "url": crate.repository}]
        if len(crate.targets) < len(TARGETS):
            component["properties"] = [
                {"name": "rust:target", "value": target} for target in sorted(crate.targets)
            ]
        components.append(component)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": root,
                "name": own.name.replace("_", "-"),
                "version": own.version,
                "purl": root,
                "licenses": [{"expression": own.licence}],
            }
        },
        "components": components,
        "dependencies": [
            {"ref": ref, "dependsOn": sorted(crate.needs)}
            for ref, crate in [(root, own), *((crate.purl, crate) for crate in crates)]
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def notice(crates: list[Crate]) -> str:
    """Return the licences of the crates, equal texts once."""
    texts: dict[str, tuple[str, list[str]]] = {}
    for crate in crates:
        for text in crate.texts():
            # Line breaks and indentation differ where the words do not.
            _, users = texts.setdefault(" ".join(text.split()), (text, []))
            if crate.name not in users:
                users.append(crate.name)
    width = max(len(f"{crate.name} {crate.version}") for crate in crates)
    table = "\n".join(f"{f'{crate.name} {crate.version}':{width}}  {crate.licence}" for crate in crates)
    parts = [HEAD.format(preferred=" and ".join(PREFERRED), table=table)]
    parts += [f"{RULE}\n{', '.join(users)}\n{RULE}\n\n{text}\n" for text, users in texts.values()]
    lines = [line.rstrip() for line in "\n".join(parts).split("\n")]
    return "\n".join(lines)


def files(folder: Path) -> dict[Path, str]:
    """Return the text of both files."""
    own, crates = linked(folder)
    return {
        folder / "sbom.cdx.json": bill(folder, own, crates),
        folder / "LICENSE-THIRD-PARTY": notice(crates),
    }


def main() -> int:
    """Write the files, or compare them."""
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parents[1])
    arguments = parser.parse_args()
    stale = []
    for path, text in files(arguments.folder).items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
            if not arguments.check:
                path.write_text(text, encoding="utf-8")
    if stale and arguments.check:
        print(f"out of date, run tools/licences.py: {', '.join(stale)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
