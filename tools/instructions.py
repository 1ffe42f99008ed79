"""Instructions that kernels take on aarch64, emulated: ``python tools/instructions.py [--publish]``.

A plugin of QEMU, `instructions.c`, counts what the calls of `benches/instructions.rs` execute, at each level and with
and without dot products, and what NumPy and OpenCV, from their wheels, do for the same (`instructions_peers.py`).
``--publish`` writes the table to ``docs/instructions.md``. Where something is missing, one line says what and the exit
code is 0.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from cross import linked, rust
from debian import FOLDER, Unavailable, run, unpack
from platforms import PLATFORMS, system
from tree import ROOT

PLATFORM = PLATFORMS["aarch64"]
PAGE = ROOT / "docs/instructions.md"
#: Levels, and the processor that QEMU is, as far as it knows instructions: the second has no dot products.
RUNS = {
    "baseline": ("baseline", "neoverse-n1"),
    "neon": ("neon", "neoverse-n1"),
    "neon, no dot products": ("neon", "cortex-a72"),
}
#: As released, but for the work of linking.
PROFILE = {"CARGO_PROFILE_BENCH_LTO": "off"}


@dataclass(frozen=True)
class Counted:
    """A call: what was printed of it, its instructions, and those of vectors and floats among them."""

    name: str
    said: str
    every: int
    vectors: int


@dataclass(frozen=True)
class Emulator:
    """QEMU of the suite whose programs take plugins, its libraries, and the plugin."""

    program: Path
    libraries: Path
    plugin: Path

    def version(self) -> str:
        """What it is."""
        return run("env", f"LD_LIBRARY_PATH={self.libraries}", self.program, "--version").split()[2]

    def counts(
        self, root: Path, cpu: str, variables: dict[str, str], *command: object
    ) -> tuple[list[str], list[Counted]]:
        """Lines that a program prints before its calls, and its calls."""
        with tempfile.TemporaryDirectory() as folder:
            marks = Path(folder) / "marks"
            words = [self.program, "-cpu", cpu, "-plugin", self.plugin, "-L", root, "-U", "LD_LIBRARY_PATH"]
            words += [word for key, value in variables.items() for word in ("-E", f"{key}={value}")]
            environment = {**os.environ, "LD_LIBRARY_PATH": str(self.libraries), "COUNTS": str(marks)}
            done = subprocess.run(
                [*map(str, [*words, *command])],
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            lines = [line.split("\t") for line in done.stdout.splitlines()]
            numbers = [[*map(int, line.split())] for line in marks.read_text(encoding="utf-8").splitlines()]
        # Marks are in pairs, around a call.
        spent = [[after - before for before, after in zip(*pair, strict=True)] for pair in pairwise(numbers)][
            ::2
        ]
        head, calls = lines[: len(lines) - len(spent)], lines[len(lines) - len(spent) :]
        counted = [Counted(name, said, *both) for (name, said), both in zip(calls, spent, strict=True)]
        return [word for line in head for word in line], counted


def emulator() -> Emulator:
    """Fetch the emulator, and compile the plugin."""
    root, scratch = FOLDER / "qemu-plugins", FOLDER / "scratch-qemu-plugins"
    if not (root / "ready").exists():
        try:
            unpack("bookworm", ["qemu-user"], root, scratch, without=("libc6",))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        (root / "ready").touch()
    plugin = root / "instructions.so"
    run("cc", "-O2", "-shared", "-fPIC", "-o", plugin, ROOT / "tools/instructions.c")
    return Emulator(root / "usr/bin/qemu-aarch64", root / "usr/lib/x86_64-linux-gnu", plugin)


def wheels(python: str) -> Path:
    """NumPy and OpenCV as they are on PyPI for the platform."""
    folder = FOLDER / f"platforms/wheels-{python}"
    if not folder.exists():
        names = [f"--platform={name}_aarch64" for name in ("manylinux_2_28", "manylinux2014")]
        command = ["-m", "pip", "install", "--quiet", f"--target={folder}", "--only-binary=:all:", *names]
        run(sys.executable, *command, f"--python-version={python}", "numpy", "opencv-python-headless")
    return folder


def compiled() -> Path:
    """Compile our calls."""
    environment = {
        **os.environ,
        **rust(PLATFORM),
        **linked(PLATFORM, FOLDER / "platforms"),
        **PROFILE,
        "CARGO_TARGET_DIR": str(ROOT / "target/platforms"),
    }
    command = ["cargo", "bench", "--locked", "--quiet", "--no-run", "--bench", "instructions"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    built = (ROOT / f"target/platforms/{PLATFORM.rust}/release/deps").glob("instructions-*")
    return max((file for file in built if not file.suffix), key=lambda file: file.stat().st_mtime)


def page() -> str:
    """Count, and write the page of the manual."""
    root, qemu, program = system(PLATFORM), emulator(), compiled()
    python = (root / "usr/bin/python3").resolve()
    variables = {"PYTHONPATH": str(wheels(python.name.removeprefix("python"))), "OPENBLAS_NUM_THREADS": "1"}
    (numpy, opencv), peers = qemu.counts(
        root, "neoverse-n1", variables, python, ROOT / "tools/instructions_peers.py"
    )
    ours = [
        qemu.counts(root, cpu, {"RUST_NUMPY_EXAMPLE_SIMD": level}, program)[1] for level, cpu in RUNS.values()
    ]
    lines = [
        f"| call | {' | '.join(RUNS)} | of these, vectors and floats | peer | its | its / `neon` |",
        f"|---|{'---:|' * (len(RUNS) + 1)}---|---:|---:|",
    ]
    for theirs, *levels in zip(peers, *ours, strict=True):
        count, neon = int(levels[0].said), levels[1]
        assert {theirs.name} == {call.name for call in levels}
        figures = [f"{number / count:.3g}" for number in [call.every for call in levels]]
        share, ratio = f"{neon.vectors / neon.every:.0%}", f"{theirs.every / neon.every:.2f}"
        figures += [share, theirs.said, f"{theirs.every / count:.3g}", ratio]
        lines.append(f"| {theirs.name} | {' | '.join(figures)} |")
    return "\n".join(
        [
            "# Instructions on aarch64",
            "",
            "How many instructions a 64-bit Arm processor executes, at each level of `RUST_NUMPY_EXAMPLE_SIMD`, beside the",
            "same by a peer: for a multiply-add of a product, a pixel, a byte of text, and else an element. **These are",
            "counts, not times:** no such processor was at hand, so QEMU was one, and a plugin counted. One instruction",
            "takes longer than another, and what waits for memory waits. The counts show that kernels are made of vector",
            "instructions, and how many they are beside those that others need.",
            "",
            f"Made by `python tools/instructions.py --publish`: QEMU {qemu.version()} as a Neoverse N1, which has dot products,",
            "and as a Cortex-A72, which has none; one thread; our kernels without Python, compiled by Rust 1.85; NumPy",
            f"{numpy} with its OpenBLAS, and OpenCV {opencv}, from their wheels, called by Python. A last column above 1 says",
            "that the peer needs more.",
            "",
            *lines,
            "",
        ]
    )


def main() -> int:
    """Count, and print or publish."""
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--publish", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    arguments = parser.parse_args()
    try:
        text = page()
    except Unavailable as reason:
        print(f"no instructions counted: {reason}")
        return 0
    if arguments.publish:
        PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
