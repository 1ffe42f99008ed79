"""Curves: time against size, and rates against what they depend on."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import rust_numpy_example as rne
from benchmarks.case import without
from benchmarks.cases.image import opencv_blur
from benchmarks.cases.words import counter, text

#: A point: the chart, what is measured, where, and how much.
Point = dict[str, Any]

#: From 1e2 to 1e8, four to a decade.
SIZES = [int(10 ** (exponent / 4)) for exponent in range(8, 33)]


def _seconds(call: Callable[..., Any], repeats: int, *arguments: Any) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call(*arguments)
    return (time.perf_counter() - start) / repeats


def medians(
    calls: dict[str, Callable[..., Any]], repeats: int, rounds: int, *arguments: Any
) -> dict[str, float]:
    """Return the median time of each call, taken in turn."""
    times = [[_seconds(call, repeats, *arguments) for call in calls.values()] for _ in range(rounds)]
    return dict(zip(calls, map(statistics.median, zip(*times, strict=True)), strict=True))


def sizes(sizes: list[int] = SIZES) -> Iterator[Point]:
    """Yield the time for an element, with as many threads as there are."""
    functions: dict[str, dict[str, Callable[..., Any]]] = {
        "sum_array": {"ours": lambda a, out: rne.sum_array(a), "NumPy": lambda a, out: a.sum()},
        "compute_stats": {
            "ours": lambda a, out: rne.compute_stats(a),
            "NumPy": lambda a, out: (a.mean(), a.std(ddof=1), a.min(), a.max()),
        },
        "array_multiply": {
            "ours": lambda a, out: rne.array_multiply(a, a, out=out),
            "NumPy": lambda a, out: np.multiply(a, a, out=out),
        },
    }
    data = np.random.default_rng(0).random(max(sizes))
    target = np.zeros_like(data)
    for chart, calls in functions.items():
        for size in sizes:
            repeats, rounds = max(1, 200_000 // size), 5 if size > 10**7 else 15
            for who, seconds in medians(calls, repeats, rounds, data[:size], target[:size]).items():
                yield {"chart": chart, "who": who, "x": size, "y": seconds / size * 1e9}


def blurs() -> Iterator[Point]:
    """Yield images a second by sigma, on one thread."""
    image = np.random.default_rng(0).integers(0, 256, (1080, 1920), "u1")
    for sigma in (0.5, 1, 2, 3, 5, 8, 12, 20):
        calls: dict[str, Callable[..., Any]] = {
            "ours": lambda sigma=sigma: rne.gaussian_blur(image, sigma, workers=1)
        }
        if not without("cv2"):
            import cv2

            cv2.setNumThreads(1)
            calls["OpenCV"] = opencv_blur(cv2, image, sigma)
        for who, seconds in medians(calls, 3, 5).items():
            yield {"chart": "gaussian_blur, uint8 gray 1080p", "who": who, "x": sigma, "y": 1 / seconds}


def samples() -> Iterator[Point]:
    """Yield samples a second by threads."""
    for threads in range(1, rne.get_num_threads() + 1):
        seconds = medians({"": lambda threads=threads: rne.monte_carlo_pi(10**8, workers=threads)}, 1, 5)[""]
        yield {"chart": "monte_carlo_pi", "who": "ours", "x": threads, "y": 100 / seconds}


def words() -> Iterator[Point]:
    """Yield MB a second by the length of a text, on one thread."""
    whole = text(3_000_000)
    for size in (100, 1000, 10_000, 100_000, 1_000_000, 3_000_000):
        prose = whole[:size]
        calls = {
            "ours": lambda prose=prose: rne.word_count(prose, workers=1),
            "Counter": lambda prose=prose: counter(prose),
        }
        for who, seconds in medians(calls, max(1, 30_000 // size), 5).items():
            yield {"chart": "word_count, ASCII", "who": who, "x": size, "y": size / seconds / 1e6}


def points() -> Iterator[Point]:
    """Yield the points of all curves."""
    yield from sizes()
    yield from blurs()
    yield from samples()
    yield from words()


def steps(found: list[Point], most: float = 1.25) -> list[str]:
    """Name the sizes from which on an element takes ``most`` times longer than before, and NumPy's does not."""
    bad = []
    for chart in ("sum_array", "compute_stats", "array_multiply"):
        ours, theirs = (
            [point for point in found if (point["chart"], point["who"]) == (chart, who)]
            for who in ("ours", "NumPy")
        )
        for i in range(1, len(ours)):
            growth = ours[i]["y"] / ours[i - 1]["y"]
            if growth > most and growth > most * theirs[i]["y"] / theirs[i - 1]["y"]:
                bad.append(f"{chart} from {ours[i - 1]['x']} to {ours[i]['x']}: {growth:.2f}")
    return bad
