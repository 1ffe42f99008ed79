"""The calls of NumPy, OpenCV and Python beside which `tools/instructions.py` puts those of `benches/instructions.rs`.

Run on the emulated processor. Around each call the plugin is told by `os.getppid` to write down how many instructions
there were.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np

SIDE = 128


def four(x: Any) -> list[Any]:
    """The statistics of NumPy that ours are."""
    return [x.mean(), x.std(), x.min(), x.max()]


def pi(samples: int) -> float:
    """As tutorials estimate it."""
    rng = np.random.default_rng(0)
    x, y = rng.random(samples), rng.random(samples)
    return float(4 * np.count_nonzero(x * x + y * y <= 1) / samples)


def sobel(image: Any) -> Any:
    """The length of both derivatives by OpenCV."""
    return cv2.magnitude(cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1))


def calls() -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """Yield the name of our call, whose call this is, and the call."""
    rng = np.random.default_rng(0)
    for dtype in ("float64", "float32", "complex128", "int8", "int64"):
        values = rng.random((2, SIDE, SIDE)) * 2 - 1
        a, b = (values * 100).astype(dtype) if "int" in dtype else values.astype(dtype)
        peer = "NumPy, its own loop" if "int" in dtype else "NumPy, OpenBLAS"
        yield f"matrix_multiply, {dtype}, {SIDE}x{SIDE}", peer, lambda a=a, b=b: a @ b
    x = rng.random(100_000) * 2 - 1
    yield "sum_array, float64", "NumPy", x.sum
    yield "compute_stats, float64", "NumPy, four calls", lambda: four(x)
    yield "cpu_intensive", "NumPy", lambda: np.sin(x).sum()
    image = rng.integers(0, 256, (512, 512), "uint8")
    yield (
        "gaussian_blur, uint8, sigma 2",
        "OpenCV",
        lambda: cv2.GaussianBlur(image, (17, 17), 2, borderType=cv2.BORDER_REFLECT),
    )
    yield "sobel, uint8 to float32", "OpenCV, three passes", lambda: sobel(image)
    text = "the quick brown fox jumps over a lazy dog " * 2_500
    yield "word_count", "`Counter`", lambda: Counter(text.lower().split())
    yield "monte_carlo_pi", "NumPy", lambda: pi(100_000)


def main() -> None:
    """Make the calls, and print what they are; first, of what versions."""
    cv2.setNumThreads(1)
    print(np.__version__, cv2.__version__, sep="\t")
    for name, peer, call in calls():
        # The second time memory and tables are there.
        call()
        os.getppid()
        call()
        os.getppid()
        print(name, peer, sep="\t")


if __name__ == "__main__":
    main()
