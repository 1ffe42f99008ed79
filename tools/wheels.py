"""Wheels for old Linux systems, made without a container: ``python tools/wheels.py [--figures FILE] [TARGET …]``.

zig's C library headers let the linker bind to a glibc of any age; `auditwheel` says which systems the result runs on,
`abi3audit` whether it keeps to the stable ABI. What can run here is installed and called on every interpreter that is
found, that for aarch64 on an emulated one (`platforms.py`). Where rustup's toolchain lacks the standard library of a
target, Debian's compiler takes its place (`cross.py`): good to see that a wheel works, but it is older, and knows less
of the processor. The wheels are left in ``dist/``. Where a tool is missing, one line says so and the exit code is 0.
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

from cross import Target, linked, rust
from debian import Unavailable, run
from page import Row, publish
from platforms import PLATFORMS, emulator, emulator_version, interpreter, system
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
class Kind(Target):
    """What a wheel is made for, as `cross.Target`."""

    #: Python's name, and the oldest systems that the wheel is to run on.
    python: str = ""
    platform: str = ""


TARGETS = {
    target.rust: target
    for target in (
        Kind(
            "x86_64-unknown-linux-gnu",
            "x86_64-linux-gnu.2.17",
            "amd64",
            "linux_x86_64",
            "manylinux_2_17_x86_64",
        ),
        Kind(
            "aarch64-unknown-linux-gnu",
            "aarch64-linux-gnu.2.17",
            "arm64",
            "linux_aarch64",
            "manylinux_2_17_aarch64",
        ),
        Kind("x86_64-unknown-linux-musl", "x86_64-linux-musl", None, "linux_x86_64", "musllinux_1_2_x86_64"),
        Kind(
            "aarch64-unknown-linux-musl", "aarch64-linux-musl", None, "linux_aarch64", "musllinux_1_2_aarch64"
        ),
    )
}


def toolchain(target: Target) -> dict[str, str]:
    """The environment in which cargo compiles for a target: rustup's toolchain, or else Debian's older one."""
    for program in ("auditwheel", "abi3audit"):
        if not shutil.which(program):
            raise Unavailable(f"{program} is not installed")
    command = ["rustc", "--print", "target-libdir", "--target", target.rust]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if not found.returncode and list(Path(found.stdout.strip()).glob("libstd-*")):
        return {}
    return rust(target)


def build(target: Kind, folder: Path) -> Path:
    """Compile, and return the wheel for a target."""
    tree = folder / "tree"
    copy(tree)
    environment = {
        **os.environ,
        **linked(target, folder),
        **toolchain(target),
        "CARGO_TARGET_DIR": str(ROOT / "target/wheels"),
    }
    command = [sys.executable, "setup.py", "-q", "bdist_wheel", "--plat-name", target.python]
    subprocess.run(command, cwd=tree, env=environment, check=True)
    (wheel,) = (tree / "dist").glob("*.whl")
    return wheel


def audit(wheel: Path, folder: Path) -> tuple[Path, str]:
    """Return a wheel with the name of the oldest systems that it runs on, and what the audit of its ABI says."""
    out = folder / "out"
    # It knows the names of systems on other processors than this one, but does not let one ask for them. With a C
    # library of another kind it fails where the one here has a `libc.so`, which is a script of the linker.
    run("auditwheel", "repair", "--plat", "auto", "--wheel-dir", out, wheel)
    (wheel,) = out.glob("*.whl")
    done = subprocess.run(
        ["abi3audit", "--strict", "--summary", str(wheel)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    (ROOT / "dist").mkdir(exist_ok=True)
    # It breaks lines where a terminal would end.
    said = " ".join((done.stdout + done.stderr).split())
    return Path(shutil.copy(wheel, ROOT / "dist")), " and ".join(
        re.findall(r"\d+ ABI [a-z ]+?(?= and| found)", said)
    )


def emulated(wheel: Path, folder: Path, name: str) -> str:
    """Call a wheel on an emulated processor; what it was."""
    platform = PLATFORMS[name]
    qemu = emulator(platform)
    python = interpreter(qemu, system(platform))
    shutil.unpack_archive(wheel, folder / name, "zip")
    subprocess.run([python, "-W", "error", "-c", SMOKE], cwd=folder / name, check=True)
    return f"CPython {run(python, '-V').split()[1]} on {name}, emulated by {emulator_version(qemu)}"


def loads(wheel: Path, folder: Path) -> str:
    """Install a wheel on every interpreter that is found; the versions on which it works."""
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
    return f"CPython {', '.join(worked)}"


def wheel(target: Kind) -> Row:
    """Make the wheel for a target and say where it works."""
    worked = ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made, said = audit(build(target, folder), folder)
        needs = re.findall(r"(?:manylinux|musllinux)_\d+_\d+", made.name)
        if target.rust == "x86_64-unknown-linux-gnu":
            worked = loads(made, folder)
        elif target.rust == "aarch64-unknown-linux-gnu":
            worked = emulated(made, folder, "aarch64")
    figure = f"{', '.join(dict.fromkeys(needs))}; abi3audit: {said}"
    figure += f"; installed and called on {worked}" if worked else "; called nowhere"
    return Row(
        f"A wheel for {target.rust} runs on old systems", figure, target.platform in made.name, COMMAND
    )


def main() -> int:
    """Make what is asked for."""
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--figures", type=Path)
    parser.add_argument("targets", nargs="*", metavar="TARGET", default=[*TARGETS])
    arguments = parser.parse_args()
    rows = []
    for name in arguments.targets:
        try:
            rows.append(wheel(TARGETS[name]))
        except Unavailable as reason:
            print(f"no wheel for {name}: {reason}")
    return publish(rows, arguments.figures)


if __name__ == "__main__":
    sys.exit(main())
