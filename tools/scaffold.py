"""Makes the files of the scaffold's template that are ours as well: `python tools/scaffold.py`.

Each is one of ours as it is, or without what a new package does not need. A test says where the two have parted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "rust_numpy_example" / "_scaffold" / "template"

#: A change of text: a pattern (of several lines, if it has some), and what comes in its place.
Change = tuple[str, str]

_NO_HALF: Change = (r"^.*\bf16\b.*\n", "")

#: Our file, the file of the template, and what is different there.
DERIVED: list[tuple[str, str, list[Change]]] = [
    ("LICENSE-MIT", "LICENSE-MIT", []),
    ("LICENSE-APACHE", "LICENSE-APACHE", []),
    ("rustfmt.toml", "rustfmt.toml", []),
    (".gitignore", "dot-gitignore", []),
    (
        "build.rs",
        "build.rs",
        [
            (r"    // AVX-512(.|\n)*?    #\[cfg", "    #[cfg"),
            (r"\nfn rustc_minor(.|\n)*", ""),
            (r"Finds out what the compiler can do, and where", "Finds out where"),
        ],
    ),
    (
        "setup.py",
        "setup.py",
        [
            (r"^import re\n", ""),
            (r"^# Test builds add.*\nfeatures = .*", 'features = ["python"]'),
            (r"^            # The same as in Cargo.toml.*\n", ""),
            # It has no address to which links could lead.
            (r"^# An index page(.|\n)*?\n\n", ""),
            (r"^    long_description=.*\n", ""),
        ],
    ),
    ("tools/licences.py", "tools/licences.py", []),
    ("src/kernels/eft.rs", "src/kernels/eft.rs", []),
    ("src/kernels/window/mod.rs", "src/kernels/window/mod.rs", []),
    ("src/kernels/window/sum.rs", "src/kernels/window/sum.rs", [_NO_HALF]),
    ("src/kernels/window/tile.rs", "src/kernels/window/tile.rs", []),
    (
        "src/kernels/window/tests.rs",
        "src/kernels/window/tests.rs",
        [(r"^use half::f16;\n", ""), (r"^    check\(f16.*\n", "")],
    ),
    (
        "src/bindings/display.rs",
        "src/bindings/display.rs",
        [(r"\n/// A shape as Python(.|\n)*", ""), (r"^use std::fmt.*\n\n", "")],
    ),
    ("src/bindings/array/pin.rs", "src/bindings/array/pin.rs", []),
    ("src/bindings/array/operand.rs", "src/bindings/array/operand.rs", []),
    (
        "src/bindings/array/description.rs",
        "src/bindings/array/description.rs",
        [
            (r"\n    /// Whether elements may be written(.|\n)*?\n    }\n", ""),
            (r"\n        pub fn is_writeable\b(.|\n)*?\n        }\n", ""),
            (
                r"^(#.*\nuse .*_CONTIGUOUS;\n)use numpy::npyffi::\{NPY_ARRAY_ALIGNED, .*\n",
                r"use numpy::npyffi::NPY_ARRAY_ALIGNED;\n\1",
            ),
        ],
    ),
    (
        "src/bindings/array/memory.rs",
        "src/bindings/array/memory.rs",
        [
            (
                r"\n    /// [^\n]*\n(    #\[inline[^\n]*\n)?"
                r"    (pub )?fn (number|is_writeable|contiguous|extent|overlaps|is_same|repeats)\b(.|\n)*?\n    }\n",
                "",
            ),
            (r"Addresses, strides and overlaps", "Addresses and strides"),
            (r"#\[derive\(Clone\)\]\n", ""),
        ],
    ),
    (
        "src/bindings/argument.rs",
        "src/bindings/argument.rs",
        [
            (
                r"^\s*/// [^\n]*\n(    ///[^\n]*\n)*(    #\[inline\]\n)?    pub fn (item|read|items)\b(.|\n)*?\n    }\n(?=\n)",
                "",
            ),
            (r"\n/// The error for two arguments whose shapes(.|\n)*?\n}\n", ""),
            (r"\n/// An argument that is to be called(.|\n)*?\n}\n", ""),
            (r"\nimpl Argument<bool>(.|\n)*?\n}\n", ""),
            # Not used yet: it is there for the first kernel that takes a float.
            (r"^    #\[inline\]\n(?=    pub fn get)", "    #[allow(dead_code)] // for kernels to come\n"),
            (r"\{Shape, kind_of\}", "kind_of"),
            (r"^use pyo3::types::PyIterator;\n", ""),
        ],
    ),
    (
        "src/bindings/window.rs",
        "src/bindings/window.rs",
        [
            (r"dispatch_real", "dispatch"),
            (
                r"=> averages::<T>\(&input, window, axis, workers\),\n.*\n",
                "=> averages::<T>(&input, window, axis, workers)\n",
            ),
            (r"or floats up to 64 bits", "float32 or float64"),
            (
                r"^/// .*:func:`get_num_threads`(.|\n)*?bits for every number.\n",
                "///     Threads to use at most. The result has the same bits for every number.\n",
            ),
        ],
    ),
    (".github/dependabot.yml", "dot-github/dependabot.yml", []),
    (".github/workflows/wheels.yml", "dot-github/workflows/wheels.yml", []),
    (
        "tests/layouts.py",
        "tests/layouts.py",
        [(r" float16| complex64| complex128", ""), (r"^COMPLEX = .*\n", ""), (r"^REAL = .*\n", "")],
    ),
]


def derived() -> Iterator[tuple[Path, str]]:
    """Yield the path and the text of every file of the template that is ours as well."""
    for ours, theirs, changes in DERIVED:
        text = (ROOT / ours).read_text(encoding="utf-8")
        for pattern, replacement in changes:
            text, count = re.subn(pattern, replacement, text, flags=re.M)
            if not count:
                raise ValueError(f"{ours} has no {pattern!r} any more; see tools/scaffold.py")
        yield TEMPLATE / theirs, text


if __name__ == "__main__":
    for path, text in derived():
        path.write_text(text, encoding="utf-8")
