"""Wheels for old Linux systems, made without a container: ``python tools/wheels.py [--figures FILE] [TARGET …]``.

zig's C library headers let the linker bind to a glibc of any age; `auditwheel` says which systems the result runs on,
`abi3audit` whether it keeps to the stable ABI. What can run here is installed and called on every interpreter that is
found. The wheels are left in ``dist/``. Where a tool or the standard library of a target is missing, one line says
so and the exit code is 0.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path

from page import Row, publish
from tree import ROOT, copy

COMMAND = "`tools/wheels.py`"
PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
#: What is called on every interpreter: some arrays, threads, and the crates that reach furthest into the system.
SMOKE = """
import asyncio, numpy as np, rust_numpy_example as rne
a = np.arange(1e5).reshape(100, 1000)
assert (rne.matrix_multiply(a, a.T, workers=2) == a @ a.T).all()
assert rne.compute_stats(a).count == 100000 and rne.word_count("a b a") == {"a": 2, "b": 1}
asyncio.run(rne.async_sleep(0.01))
"""


@dataclass(frozen=True)
class Target:
    """What a wheel is made for."""

    #: Rust's name, zig's, Python's, and the platform that the wheel is to be tagged with.
    rust: str
    zig: str
    python: str
    platform: str


TARGETS = {
    target.rust: target
    for target in (
        Target("x86_64-unknown-linux-gnu", "x86_64-linux-gnu.2.17", "linux_x86_64", "manylinux_2_17_x86_64"),
        Target(
            "aarch64-unknown-linux-gnu", "aarch64-linux-gnu.2.17", "linux_aarch64", "manylinux_2_17_aarch64"
        ),
        Target("x86_64-unknown-linux-musl", "x86_64-linux-musl", "linux_x86_64", "musllinux_1_2_x86_64"),
        Target("aarch64-unknown-linux-musl", "aarch64-linux-musl", "linux_aarch64", "musllinux_1_2_aarch64"),
    )
}


def missing(target: Target) -> str | None:
    """What is needed for a target and not there."""
    for program in ("cargo-zigbuild", "auditwheel", "abi3audit"):
        if not shutil.which(program):
            return f"{program} is not installed"
    command = ["rustc", "--print", "target-libdir", "--target", target.rust]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode or not list(Path(found.stdout.strip()).glob("libstd-*")):
        return (
            f"the Rust toolchain has no standard library for it; `rustup target add {target.rust}` fetches it"
        )
    return None


def compiler(target: Target, folder: Path) -> Path:
    """Make a C compiler, which is the linker too, for a target. cargo-zigbuild leaves out what zig does not know."""
    script = folder / f"cc-{target.rust}"
    program = f'exec cargo-zigbuild zig cc -- -target {target.zig} "$@"\n'
    script.write_text(f"#!/bin/sh\n{program}", encoding="utf-8")
    script.chmod(0o755)
    return script


def build(target: Target, folder: Path) -> tuple[Path, str]:
    """Return the wheel for a target, and what the audit of its ABI says."""
    tree, out = folder / "tree", folder / "out"
    copy(tree)
    cc = str(compiler(target, folder))
    upper, lower = (
        target.rust.upper().replace("-", "_"),
        target.rust.replace("-", "_"),
    )
    environment = {
        **os.environ,
        "CARGO_BUILD_TARGET": target.rust,
        f"CARGO_TARGET_{upper}_LINKER": cc,
        f"CC_{lower}": cc,
        "CARGO_TARGET_DIR": str(ROOT / "target/wheels"),
        "PYO3_NO_PYTHON": "1",
    }
    command = [sys.executable, "setup.py", "-q", "bdist_wheel", "--plat-name", target.python]
    subprocess.run(command, cwd=tree, env=environment, check=True)
    (wheel,) = (tree / "dist").glob("*.whl")
    repair = ["auditwheel", "repair", "--plat", target.platform, "--wheel-dir", str(out), str(wheel)]
    subprocess.run(repair, check=True)
    (wheel,) = out.glob("*.whl")
    audit = subprocess.run(
        ["abi3audit", "--strict", "--summary", str(wheel)], capture_output=True, text=True, check=False
    )
    if audit.returncode:
        sys.exit(audit.stdout + audit.stderr)
    (ROOT / "dist").mkdir(exist_ok=True)
    # It breaks lines where a terminal would end.
    said = " ".join((audit.stdout + audit.stderr).split())
    return Path(shutil.copy(wheel, ROOT / "dist")), " and ".join(
        re.findall(r"\d+ ABI [a-z ]+?(?= and| found)", said)
    )


def loads(wheel: Path, folder: Path) -> list[str]:
    """Install a wheel on every interpreter that is found; return the versions on which it works."""
    worked = []
    for version in PYTHONS:
        program = shutil.which(f"python{version}")
        probe = [program or "", "-c", "import sys; print(*sys.version_info[:3], sep='.')"]
        found = subprocess.run(probe, capture_output=True, text=True, check=False) if program else None
        # What pyenv has no such interpreter for, it has a program for all the same.
        if not found or found.returncode:
            continue
        # Without its own pip, which a distribution's interpreter may lack.
        subprocess.run([str(program), "-m", "venv", "--without-pip", str(folder / version)], check=True)
        python = folder / version / "bin/python"
        install = ["install", "--quiet", "--only-binary", ":all:", str(wheel)]
        subprocess.run([sys.executable, "-m", "pip", "--python", str(python), *install], check=True)
        subprocess.run([python, "-W", "error", "-c", SMOKE], cwd=folder, check=True)
        worked.append(found.stdout.strip())
    return worked


def wheel(target: Target) -> Row:
    """Make the wheel for a target and say where it works."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made, audit = build(target, folder)
        needs = re.findall(r"(?:manylinux|musllinux)_\d+_\d+", made.name)
        versions = loads(made, folder) if target.rust == "x86_64-unknown-linux-gnu" else []
    figure = f"{', '.join(dict.fromkeys(needs))}; abi3audit: {audit}"
    if versions:
        figure += f"; installed and called on CPython {', '.join(versions)}"
    return Row(f"A wheel for {target.rust} runs on old systems", figure, bool(needs), COMMAND)


def main() -> int:
    """Make what is asked for."""
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--figures", type=Path)
    parser.add_argument("targets", nargs="*", metavar="TARGET", default=[*TARGETS])
    arguments = parser.parse_args()
    rows = []
    for name in arguments.targets:
        if reason := missing(TARGETS[name]):
            print(f"no wheel for {name}: {reason}")
        else:
            rows.append(wheel(TARGETS[name]))
    return publish(rows, arguments.figures)


if __name__ == "__main__":
    sys.exit(main())
