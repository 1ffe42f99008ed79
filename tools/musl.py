"""A CPython whose C library is musl, as that of Alpine Linux, for `platforms.py`: built from Debian's sources by zig.

musl's dynamic linker is Debian's; the path of it in ``.debian`` is written into the interpreter. What the tests need
beside CPython's own source, zlib and libffi (for `ctypes`), is linked into it. Python's packages are wheels for musl.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from debian import FOLDER, run, source, unpack

SUITE, VERSION = "trixie", "3.13"
PACKAGES = ["hypothesis", "numpy", "pytest", "pytest-xdist"]
ROOT = FOLDER / "platforms/musl"
#: musl's dynamic linker, which is the C library as well.
LOADER = ROOT / "usr/lib/ld-musl-x86_64.so.1"

#: What libffi's configure finds on this platform. Debian's source of it has no configure.
FFI_CONFIG = """
#define EH_FRAME_FLAGS "a"
#define HAVE_ALLOCA_H 1
#define HAVE_AS_X86_64_UNWIND_SECTION_TYPE 1
#define HAVE_AS_X86_PCREL 1
#define HAVE_HIDDEN_VISIBILITY_ATTRIBUTE 1
#define HAVE_LONG_DOUBLE 1
#define HAVE_MEMCPY 1
#define HAVE_MEMFD_CREATE 1
#define HAVE_MKOSTEMP 1
#define HAVE_MMAP 1
#define HAVE_MMAP_ANON 1
#define HAVE_RO_EH_FRAME 1
#define SIZEOF_DOUBLE 8
#define SIZEOF_LONG_DOUBLE 16
#define SIZEOF_SIZE_T 8
#define STDC_HEADERS 1
#ifdef LIBFFI_ASM
#define FFI_HIDDEN(name) .hidden name
#else
#define FFI_HIDDEN __attribute__ ((visibility ("hidden")))
#endif
"""
FFI_HEADER = {
    "HAVE_LONG_DOUBLE": "1",
    "FFI_EXEC_TRAMPOLINE_TABLE": "0",
    "TARGET": "X86_64",
    "VERSION": "3",
}
FFI_FILES = ["closures.c", "prep_cif.c", "raw_api.c", "tramp.c", "types.c"]
FFI_FILES += [f"x86/{name}" for name in ("ffi64.c", "ffiw64.c", "unix64.S", "win64.S")]


def libffi(cc: Path, archive: list[str], folder: Path, out: Path) -> None:
    """Compile libffi, statically, with its headers beside it."""
    header = (folder / "include/ffi.h.in").read_text(encoding="utf-8")
    for name, value in FFI_HEADER.items():
        header = header.replace(f"@{name}@", value)
    (out / "ffi.h").write_text(header, encoding="utf-8")
    (out / "fficonfig.h").write_text(FFI_CONFIG, encoding="utf-8")
    shutil.copy(folder / "src/x86/ffitarget.h", out)
    objects = []
    for name in FFI_FILES:
        objects.append(out / f"{Path(name).stem}.o")
        flags = [
            "-O2",
            "-fPIC",
            "-w",
            "-DHAVE_CONFIG_H",
            f"-I{out}",
            f"-I{folder}/include",
            f"-I{folder}/src/x86",
        ]
        run(cc, *flags, "-c", folder / "src" / name, "-o", objects[-1])
    run(*archive, "rcs", out / "libffi.a", *objects)


def zlib(cc: Path, archive: list[str], folder: Path, out: Path) -> None:
    """Compile zlib, statically, with its headers beside it."""
    variables = [f"CC={cc} -dynamic", f"AR={' '.join(archive)}", "CFLAGS=-O2 -fPIC"]
    run("env", *variables, "./configure", "--static", f"--libdir={out}", f"--includedir={out}", cwd=folder)
    run("make", "--silent", "libz.a", cwd=folder)
    for name in ("libz.a", "zlib.h", "zconf.h"):
        shutil.copy(folder / name, out)


def version() -> str:
    """That of musl, as its linker says when it is asked to run nothing."""
    said = subprocess.run([LOADER], capture_output=True, text=True, check=False).stderr
    return re.findall(r"^Version (\S+)", said, re.M)[0]


def interpreter(cc: Path) -> Path:
    """Return the program of the interpreter; made, with its packages, if it is not there."""
    python = ROOT / f"bin/python{VERSION}"
    if (ROOT / "ready").exists():
        return python
    shutil.rmtree(ROOT, ignore_errors=True)
    scratch, out = FOLDER / "scratch-musl", FOLDER / "scratch-musl/out"
    archive = [sys.executable, "-m", "ziglang", "ar"]
    try:
        unpack(SUITE, ["musl"], ROOT, scratch / "musl")
        out.mkdir()
        for name, build in {"libffi": libffi, "zlib": zlib}.items():
            build(cc, archive, source(SUITE, name, scratch / f"{name}-source", scratch / name), out)
        tree = source(SUITE, f"python{VERSION}", scratch / "python-source", scratch / "python")
        variables = [
            f"CC={cc} -dynamic",
            # By which configure knows musl, from a header of its own that clang's takes the place of.
            f"CPP={cc} -E -D__DEFINED_va_list",
            f"AR={' '.join(archive)}",
            "CFLAGS=-O1 -w -Wno-date-time",
            f"LDFLAGS=-Wl,--dynamic-linker={LOADER}",
            "PKG_CONFIG=false",
            *(f"{name.upper()}_CFLAGS=-I{out}" for name in ("libffi", "zlib")),
            f"LIBFFI_LIBS=-L{out} -lffi",
            f"ZLIB_LIBS=-L{out} -lz",
        ]
        options = ["--quiet", "--without-ensurepip", "--disable-test-modules", f"--prefix={ROOT}"]
        run("env", *variables, "./configure", *options, cwd=tree)
        run("make", "--silent", f"--jobs={os.cpu_count() or 1}", cwd=tree)
        run("make", "--silent", "install", cwd=tree)
        run(
            python,
            "-c",
            "import ctypes, hashlib, sysconfig, zlib; assert 'musl' in sysconfig.get_config_var('SOABI')",
        )
        site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
        wheels = ["--platform", "musllinux_1_2_x86_64", "--python-version", VERSION, "--only-binary", ":all:"]
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", site, *wheels, *PACKAGES]
        subprocess.run(command, check=True)
        (ROOT / "ready").touch()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return python
