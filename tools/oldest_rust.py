"""The Rust tests with the oldest compiler that is promised: ``python tools/oldest_rust.py [ARGUMENT …]``.

The arguments are cargo's; without any it tests without Python and checks with all features. The compiler is
Debian's 1.85.0, fetched as in tools/debian.py. Where it cannot be had, one line says why and the exit code is 0.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from debian import FOLDER, Unavailable, patchelf, run, unpack
from rust_tests import here, rust_tests
from tree import ROOT

TEST = ["test", "--locked", "--quiet"]
CHECK = ["check", "--locked", "--quiet", "--all-features"]


def compiler() -> Path:
    """The folder of the programs of the oldest compiler."""
    root, scratch = FOLDER / "rust", FOLDER / "scratch-rust"
    programs = root / "usr/bin"
    try:
        if not (root / "ready").exists():
            # With the C library of the machine: procedural macros, which are linked with it, are loaded by rustc.
            unpack("bookworm", ["cargo-web", "rustc-web"], root, scratch, without=("libc6",))
            patch = patchelf(scratch)
            (libraries,) = (file.parent for file in (root / "usr/lib").glob("*/librustc_driver-*.so"))
            paths = f"{libraries}:{root / libraries.relative_to(root / 'usr')}"
            for name in ("cargo", "rustc", "rustdoc"):
                run(patch, "--force-rpath", "--set-rpath", paths, programs / name)
            (root / "ready").touch()
        print(run(programs / "rustc", "--version").strip(), flush=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return programs


def main() -> None:
    """Run cargo."""
    try:
        programs = compiler()
    except Unavailable as reason:
        sys.exit(print(f"no Rust 1.85 to test with: {reason}"))
    environment = {
        **os.environ,
        "CARGO_TARGET_DIR": str(ROOT / "target/oldest"),
        # A warning of an old compiler is as good as one of a new one.
        "RUSTFLAGS": "-D warnings",
        "RUSTC": str(programs / "rustc"),
        "RUSTDOC": str(programs / "rustdoc"),
    }
    cargo = str(programs / "cargo")
    os.chdir(ROOT)
    if not sys.argv[1:]:
        file = FOLDER / "tested/rust-oldest.json"
        if code := rust_tests(file, [cargo, *TEST], environment, here()):
            sys.exit(code)
    sys.exit(subprocess.run([cargo, *(sys.argv[1:] or CHECK)], env=environment, check=False).returncode)


if __name__ == "__main__":
    main()
