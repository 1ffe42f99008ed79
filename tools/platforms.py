"""The tests on platforms of other kinds: ``python tools/platforms.py [--only rust] [PLATFORM …]``.

- aarch64, s390x, i686, armv7, emulated: the Rust tests, and the Python tests with an extension that was compiled for the
  platform, Debian's CPython and its NumPy.
- musl: the same on this processor, with a CPython that is compiled for that C library (`musl.py`).
- windows, macos: everything is compiled, with all features and the Rust tests, as far as the compiler's checks go.

What follows ``--`` goes to pytest and to the Rust tests. Each run leaves a row for `tools/tested.py`; one of some files
adds to those of before, one of some Rust tests leaves none.

The compiler is Debian's Rust 1.85 with zig's linker (`cross.py`). The other system is unpacked into ``.debian``, which
git ignores, and QEMU runs its programs: nothing is mounted or installed. Where something is missing, one line says what
and the exit code is 0.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path

import musl
from cross import Target, linked, rust
from debian import FOLDER, Unavailable, run, unpack
from rust_tests import check, rust_tests
from tested import added
from tree import ROOT

#: Where they are from; a mirror may lack files of one.
SUITES = ("trixie", "sid", "bookworm")
PACKAGES = ["python3", "python3-hypothesis", "python3-numpy", "python3-pytest", "python3-pytest-xdist"]
#: Compiled in minutes, with the checks of overflow of a release.
PROFILE = {"CARGO_PROFILE_RELEASE_LTO": "off", "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1"}
#: What a run takes by default: the doors and each topic, without what is marked `thorough`.
TESTS = [
    "test_doors.py",
    "test_elementwise.py",
    "test_fibonacci.py",
    "test_image.py",
    "test_image_limits.py",
    "test_inputs.py",
    "test_inputs_arrow.py",
    "test_inputs_foreign.py",
    "test_interop.py",
    "test_linalg.py",
    "test_monte_carlo.py",
    "test_processor.py",
    "test_quantiles.py",
    "test_quantiles_streams.py",
    "test_reduce.py",
    "test_stats.py",
    "test_table.py",
    "test_window.py",
    "test_words.py",
    "reliability/test_bits.py",
    "reliability/test_edges.py",
    "reliability/test_products.py",
]


@dataclass(frozen=True)
class Platform(Target):
    """A kind of processor, or of C library, as `cross.Target`."""

    #: QEMU's name of the processor, if it is another one.
    qemu: str = ""
    #: For the Rust compiler.
    flags: str = ""


PLATFORMS = {
    "aarch64": Platform("aarch64-unknown-linux-gnu", "aarch64-linux-gnu.2.17", "arm64", "aarch64"),
    "s390x": Platform("s390x-unknown-linux-gnu", "s390x-linux-gnu.2.17", "s390x", "s390x"),
    "i686": Platform("i686-unknown-linux-gnu", "x86-linux-gnu.2.17", "i386", "i386"),
    "armv7": Platform("armv7-unknown-linux-gnueabihf", "arm-linux-gnueabihf.2.17", "armhf", "arm"),
    "musl": Platform(
        "x86_64-unknown-linux-musl",
        "x86_64-linux-musl",
        flags="-C target-feature=-crt-static -C link-arg=-dynamic",
    ),
}
#: What there is no system of.
COMPILED = {
    "windows": Target("x86_64-pc-windows-gnu", "x86_64-windows-gnu"),
    "macos": Target("aarch64-apple-darwin", "aarch64-macos"),
}


@dataclass(frozen=True)
class Machine:
    """What runs the programs of a platform."""

    #: What is put before a program.
    runner: str
    python: Path
    #: What a row says of it: of the Rust tests, and of the Python tests beside what those know.
    place: str
    about: dict[str, str]


def fetch(packages: list[str], root: Path, architecture: str = "", without: tuple[str, ...] = ()) -> None:
    """Unpack packages of the first suite that has them."""
    reasons = []
    for suite in SUITES:
        scratch = FOLDER / f"scratch-{root.name}"
        try:
            unpack(suite, packages, root, scratch, without, architecture)
            return
        except Unavailable as reason:
            reasons.append(f"{suite}: {reason}")
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    raise Unavailable("; ".join(reasons))


def emulator(platform: Platform) -> Path:
    """The program that runs those of a platform."""
    program = FOLDER / f"qemu/qemu-{platform.qemu}"
    if not program.exists():
        root = FOLDER / "unpacked"
        # Linked statically.
        fetch(["qemu-user"], root, without=("libc6",))
        program.parent.mkdir(exist_ok=True)
        for other in filter(lambda other: other.qemu, PLATFORMS.values()):
            (root / f"usr/bin/qemu-{other.qemu}").replace(program.with_name(f"qemu-{other.qemu}"))
        shutil.rmtree(root)
    return program


def emulator_version(qemu: Path) -> str:
    """What an emulator is."""
    return f"QEMU {run(qemu, '--version').split()[2]}"


def system(platform: Platform) -> Path:
    """The files of the other system."""
    root = FOLDER / f"platforms/{platform.debian}"
    if not (root / "ready").exists():
        fetch(PACKAGES, root, str(platform.debian))
        if not (root / "lib").exists():
            # As it is in a system that was installed.
            (root / "lib").symlink_to("usr/lib")
        for library in (root / "usr/lib").glob("*/*/lib*.so.3"):
            # NumPy's: installed, links of update-alternatives lead there.
            if not (link := library.parents[1] / library.name).exists():
                link.symlink_to(library.relative_to(link.parent))
        (root / "ready").touch()
    return root


def interpreter(qemu: Path, root: Path) -> Path:
    """An interpreter of the other system, for `subprocess` as well: a script, whose path is its `sys.executable`."""
    python = (root / "usr/bin/python3").resolve()
    script = root / python.name
    program = f'exec {qemu} -L {root} -0 "$0" {python} "$@"'
    script.write_text(f"#!/bin/sh\n{program}\n", encoding="utf-8")
    script.chmod(0o755)
    return script


def machine(name: str, cc: Path) -> Machine:
    """What runs the programs of a platform."""
    platform = PLATFORMS[name]
    if not platform.qemu:
        python = musl.interpreter(cc)
        kind = f"Linux, musl {musl.version()}"
        return Machine(str(musl.LOADER), python, f"{kind}, x86_64", {"system": kind})
    # The dynamic linker and the C library are those of the other system.
    qemu, root = emulator(platform), system(platform)
    version = emulator_version(qemu)
    return Machine(
        f"{qemu} -L {root}",
        interpreter(qemu, root),
        f"Linux, {name}, emulated by {version}",
        {"emulator": version},
    )


def build(site: Path, platform: Platform, environment: dict[str, str]) -> None:
    """Compile the extension, and put the package with it into a folder."""
    command = ["cargo", "rustc", "--locked", "--quiet", "--release", "--lib", "--crate-type", "cdylib"]
    subprocess.run(
        [*command, "--features", "python,net,pyo3/abi3-py311"],
        cwd=ROOT,
        env={**environment, "PYO3_BUILD_EXTENSION_MODULE": "1"},
        check=True,
    )
    package = site / "rust_numpy_example"
    shutil.copytree(
        ROOT / package.name, package, ignore=shutil.ignore_patterns("*.so", "__pycache__"), dirs_exist_ok=True
    )
    built = Path(environment["CARGO_TARGET_DIR"]) / platform.rust / "release/librust_numpy_example.so"
    shutil.copy(built, package / "rust_numpy_example.abi3.so")


def python_tests(machine: Machine, site: Path, file: Path, arguments: list[str]) -> int:
    """Run the Python tests and add what came out to their row; the exit code."""
    tests = arguments or ["-n", "2", "--dist", "worksteal", *(str(ROOT / "tests" / name) for name in TESTS)]
    command = [
        str(machine.python),
        "-m",
        "pytest",
        f"--config-file={ROOT / 'pyproject.toml'}",
        f"--rootdir={ROOT}",
    ]
    command += ["-p", "no:cacheprovider", "-m", "not (install or soak or once or thorough or native)"]
    with tempfile.TemporaryDirectory() as scratch:
        left = Path(scratch) / "tested.json"
        environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [*command, f"--tested={left}", *tests], cwd=scratch, env=environment, check=False
        )
        if left.exists():
            row = {**json.loads(left.read_text(encoding="utf-8")), **machine.about}
            if file.exists():
                row = added(json.loads(file.read_text(encoding="utf-8")), row)
            file.parent.mkdir(exist_ok=True)
            file.write_text(json.dumps(row), encoding="utf-8")
    return done.returncode


def test(name: str, kinds: list[str], arguments: list[str]) -> int:
    """Run the tests on a platform; the exit code."""
    platform, results = PLATFORMS[name], FOLDER / "tested"
    # What is not fetched comes first: where it is missing, nothing is fetched in vain.
    environment = prepared(platform)
    upper = f"CARGO_TARGET_{platform.rust.upper().replace('-', '_')}"
    on = machine(name, Path(environment[f"{upper}_LINKER"]))
    environment |= {f"{upper}_RUNNER": on.runner, f"{upper}_RUSTFLAGS": platform.flags}
    code = 0
    if "rust" in kinds:
        command = ["cargo", "test", "--locked", "--quiet", "--release", "--lib", "--", *arguments]
        # What a part of the tests found is no row of all.
        some = any(not word.startswith("-") for word in arguments)
        file = None if some else results / f"rust-{name}.json"
        code |= rust_tests(file, command, environment, on.place)
    if "python" in kinds:
        site = FOLDER / f"platforms/{name}-site"
        build(site, platform, environment)
        code |= python_tests(on, site, results / f"python-{name}.json", arguments)
    return code


def prepared(target: Target) -> dict[str, str]:
    """The environment in which cargo compiles for a target."""
    return {
        **os.environ,
        **linked(target, FOLDER / "platforms"),
        **rust(target),
        **PROFILE,
        "CARGO_TARGET_DIR": str(ROOT / "target/platforms"),
    }


def main() -> int:
    """Test on what is asked for."""
    words = sys.argv[1:]
    split = words.index("--") if "--" in words else len(words)
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "platforms",
        nargs="*",
        metavar="PLATFORM",
        default=[*PLATFORMS, *COMPILED],
        help=", ".join([*PLATFORMS, *COMPILED]),
    )
    parser.add_argument("--only", choices=["rust", "python"], help="the tests of one language")
    arguments = parser.parse_args(words[:split])
    kinds, code = [arguments.only] if arguments.only else ["rust", "python"], 0
    for name in arguments.platforms:
        try:
            if name in PLATFORMS:
                code |= test(name, kinds, words[split + 1 :])
            elif "rust" in kinds:
                target = COMPILED[name]
                code |= check(FOLDER / f"tested/rust-{name}.json", prepared(target), target.rust)
        except Unavailable as reason:
            print(f"no tests on {name}: {reason}")
    return code


if __name__ == "__main__":
    sys.exit(main())
