"""What the machine can do, and how much of that the kernels do, on one thread."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import rust_numpy_example as rne
from benchmarks.curves import medians

ROOT = Path(__file__).resolve().parents[1]

#: What does nothing but read, or read and write.
BARE = "bare"

#: Bytes that the limits are measured with: what fits the caches, and what does not.
SIZES = (80_000, 800_000, 80_000_000, 400_000_000)


def measured() -> dict[str, Any]:
    """Return multiply-adds and bytes in a nanosecond, by name; none where Rust is missing."""
    if not shutil.which("cargo"):
        return {}
    command = ["cargo", "bench", "--quiet", "--locked", "--bench", "limits"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return dict(json.loads(printed))


def shares() -> Iterator[dict[str, Any]]:
    """Yield what share of a limit a function of ours and NumPy's reach."""
    limits = measured()
    if not limits:
        return
    for what, limit, work, calls in _cases():
        seconds = medians(calls, max(1, int(1e7 / work)), 9)
        # Memory that others use as well is faster at one time than at another. So a bare loop takes its turn with
        # the calls, over the same array, and the limit is the most that was seen.
        most = max(limits[limit], work / min(seconds.values()) / 1e9)
        seconds.pop(BARE, None)
        for who, needed in seconds.items():
            share = work / needed / 1e9 / most
            yield {"what": what, "limit": limit, "who": who, "share": share}


def _cases() -> Iterator[tuple[str, str, float, dict[str, Callable[..., Any]]]]:
    """Yield a name, the name of the limit, how much of that is done, and the calls."""
    rng = np.random.default_rng(0)
    for dtype in ("float64", "float32"):
        for n in (64, 128, 256, 512, 1000, 2048):
            a, b = rng.random((2, n, n)).astype(dtype)
            calls: dict[str, Callable[..., Any]] = {
                "ours": lambda a=a, b=b: rne.matrix_multiply(a, b),
                "NumPy": lambda a=a, b=b: a @ b,
            }
            yield f"matrix_multiply {dtype} {n}", dtype, n**3, calls
    for size in SIZES:
        a = rng.random(size // 8)
        half, out = a[: a.size // 2], np.zeros(a.size // 2)
        bits = a.view("u8")
        read = {BARE: lambda bits=bits: np.bitwise_or.reduce(bits)}
        calls = read | {"ours": lambda a=a: rne.sum_array(a), "NumPy": lambda a=a: a.sum()}
        yield f"sum_array float64 {a.size:.0e}", f"read {size}", size, calls
        calls = read | {
            "ours": lambda a=a: rne.compute_stats(a),
            "NumPy": lambda a=a: (a.mean(), a.std(ddof=1), a.min(), a.max()),
        }
        yield f"compute_stats float64 {a.size:.0e}", f"read {size}", size, calls
        calls = {
            BARE: lambda half=half, out=out: np.copyto(out, half),
            "ours": lambda half=half, out=out: rne.array_multiply(half, 3.0, out=out),
            "NumPy": lambda half=half, out=out: np.multiply(half, 3.0, out=out),
        }
        yield f"array_multiply by 3, out=, {half.size:.0e}", f"copy {size}", size, calls
