"""Compilers for other machines: Debian's Rust 1.85 with the standard library of a target; zig for C, and to link."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from debian import FOLDER, Unavailable, unpack
from oldest_rust import compiler as oldest


@dataclass(frozen=True)
class Target:
    """What is compiled for."""

    #: Rust's name, zig's, and Debian's for the architecture, if Debian has a standard library for it.
    rust: str
    zig: str
    debian: str | None = None


def zig(target: Target, folder: Path, tool: str = "cc", options: str = "") -> str:
    """Make a program of zig's for a target. cargo-zigbuild leaves out what zig does not know."""
    if not shutil.which("cargo-zigbuild"):
        raise Unavailable("cargo-zigbuild is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / f"{tool}-{target.rust}"
    script.write_text(f'#!/bin/sh\nexec cargo-zigbuild zig {tool} -- {options} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return str(script)


def linked(target: Target, folder: Path) -> dict[str, str]:
    """Return the environment in which cargo compiles C and links, with zig's C compiler, for a target."""
    cc = zig(target, folder, options=f"-target {target.zig}")
    lower = target.rust.replace("-", "_")
    environment = {
        "CARGO_BUILD_TARGET": target.rust,
        f"CARGO_TARGET_{lower.upper()}_LINKER": cc,
        f"CC_{lower}": cc,
        "PYO3_NO_PYTHON": "1",
    }
    if target.rust.endswith("windows-gnu"):
        # What makes libraries of the names that a program takes from Windows.
        environment[f"CARGO_TARGET_{lower.upper()}_RUSTFLAGS"] = f"-Cdlltool={zig(target, folder, 'dlltool')}"
    return environment


def rust(target: Target) -> dict[str, str]:
    """Return the environment in which cargo is Debian's, with the standard library of a target."""
    programs = oldest()
    sysroot = programs.parent / "lib/rustlib"
    environment = {
        "RUSTC": str(programs / "rustc"),
        "RUSTDOC": str(programs / "rustdoc"),
        "PATH": f"{programs}:{os.environ['PATH']}",
    }
    if target.debian:
        if not (sysroot / target.rust).exists():
            with unpacked("libstd-rust-web-dev", target.debian) as root:
                shutil.copytree(
                    root / f"usr/lib/rustlib/{target.rust}",
                    sysroot / target.rust,
                    # Its shared library lies elsewhere, and nothing is linked with that.
                    ignore=shutil.ignore_patterns("*.so"),
                )
        return environment
    # Debian has none: cargo compiles it, with the crates that it needs from the registry.
    if not (sysroot / "src/rust").exists():
        with unpacked("rust-web-src") as root:
            (source,) = (root / "usr/src").iterdir()
            (sysroot / "src").mkdir(exist_ok=True)
            shutil.move(source, sysroot / "src/rust")
    return {**environment, "RUSTC_BOOTSTRAP": "1", "CARGO_UNSTABLE_BUILD_STD": "std panic_unwind"}


@contextmanager
def unpacked(package: str, architecture: str = "") -> Iterator[Path]:
    """Unpack a package of the compiler's suite, and what it needs, for a moment."""
    scratch = FOLDER / f"scratch-{package}"
    try:
        unpack("bookworm", [package], scratch / "root", scratch, architecture=architecture)
        yield scratch / "root"
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
