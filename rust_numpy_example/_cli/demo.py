"""The command ``demo``: what the package does, on data that comes with it, and how fast."""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import logging
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import rust_numpy_example
from rust_numpy_example import data
from rust_numpy_example._cli import report, stats
from rust_numpy_example._twins import TOPICS, Twin, twins

#: Seconds that the measurement of one function may take, and how long the shortest run is.
BUDGET, SHORTEST = 0.4, 1e-4

#: Grey levels as characters, dark to light.
SHADES = " .:-=+*#%@"

#: Characters of a result that are shown.
SHOWN = 34


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes: nothing."""
    parser.description = (
        "Run every function of the package on data that comes with it, print what it does, the result, and how many"
        " times as long the same takes in plain Python and in NumPy on this machine. Takes less than a minute, and no"
        " network."
    )


def run(options: argparse.Namespace) -> int:
    """Write the demo; return the exit code."""
    info = rust_numpy_example.build_info()
    report.write(
        f"rust_numpy_example {info['version']} ({info['profile']} build, CPU level {info['simd']},"
        f" {info['num_threads']} threads), NumPy {np.__version__}"
    )
    planets()
    prose()
    picture()
    return functions()


def planets() -> None:
    """Show a table of real figures."""
    heading("The planets (figures: NASA's Planetary Fact Sheet): rust-numpy-example stats planets.csv")
    for line in stats.lines(stats.read(str(data.PLANETS))):
        report.write(line)


def prose() -> None:
    """Show the words of a text."""
    heading("What the package does, in words: word_count(text, tokenizer='unicode', top=12)")
    words = rust_numpy_example.word_count(data.PROSE.read_text("utf-8"), tokenizer="unicode", top=12)
    report.write("  ".join(f"{word} {count}" for word, count in words.items()))


def picture() -> None:
    """Show a picture and what the filters make of it."""
    heading("A picture that the package draws: as it is, blurred, its edges")
    image = data.picture()
    blurred = rust_numpy_example.process_image(image, "blur", sigma=9.0)
    edges = rust_numpy_example.process_image(image, "edges")
    for line in zip(*(ascii_art(np.asarray(each)) for each in (image, blurred, edges))):
        report.write("  ".join(line).rstrip())


def ascii_art(image: np.ndarray[Any, Any], height: int = 16, width: int = 34) -> list[str]:
    """Return a picture in characters, each the mean of a tile."""
    rows, columns = image.shape[0] // height, image.shape[1] // width
    tiles = image[: rows * height, : columns * width].astype(np.float64).reshape(height, rows, width, columns)
    grey = tiles.mean(axis=(1, 3))
    levels = (grey / max(float(grey.max()), 1.0) * (len(SHADES) - 1)).round().astype(int)
    return ["".join(SHADES[level] for level in row) for row in levels]


def functions() -> int:
    """Show each function beside its twins; return the exit code."""
    heading("Every function: its result, its time, and how many times as long Python and NumPy take")
    code = 0
    rows: list[tuple[str, ...]] = [("function", "what it does", "result", "Rust", "Python", "NumPy")]
    for topic in TOPICS:
        for twin in twins(topic):
            try:
                rows.append(row(twin))
            except Exception as error:
                code = report.FAILED
                rows.append(
                    (twin.name, twin.title, f"failed: {report.printable(report.reason(error))}", "", "", "")
                )
    for line in report.aligned(rows, left=(0, 1, 2)):
        report.write(line)
    return code


def row(twin: Twin) -> tuple[str, ...]:
    """Run a function and its twins."""
    with quiet():
        arguments = twin.data()
        result = twin.ours(*arguments)
        calls = [twin.ours, twin.python] + ([twin.numpy] if twin.numpy else [])
        ours, *others = measure([functools.partial(call, *arguments) for call in calls])
    ratios = [ratio(other / ours) for other in others]
    return (twin.name, twin.title, short(result), duration(ours), *ratios, *[""] * (2 - len(ratios)))


def measure(calls: list[Callable[[], Any]]) -> list[float]:
    """Return the median times of the calls, measured in turns, each after a call of its own that is not timed.

    Without that, the caches are as the call before left them: what comes after a slow one would look slow.
    """
    repeats = []
    for call in calls:
        start = time.perf_counter()
        call()
        once = time.perf_counter() - start
        repeats.append(max(1, int(SHORTEST / max(once, 1e-9))))
    times: list[list[float]] = [[] for _ in calls]
    end = time.perf_counter() + BUDGET
    while not times[0] or (time.perf_counter() < end and len(times[0]) < 25):
        for call, count, seen in zip(calls, repeats, times):
            call()
            start = time.perf_counter()
            for _ in range(count):
                call()
            seen.append((time.perf_counter() - start) / count)
    return [statistics.median(seen) for seen in times]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what the functions print and log from the screen."""
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.getLogger().removeHandler(handler)


def heading(text: str) -> None:
    """Write the heading of a part of the demo."""
    report.write()
    report.write(text)
    report.write("-" * len(text))


def ratio(value: float) -> str:
    """Return how many times as long, with two digits or three."""
    return f"{value:,.0f}x" if value >= 10 else f"{value:.2g}x"


def duration(seconds: float) -> str:
    """Return a time with a unit that suits it."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.0f} ns"


def short(result: Any) -> str:
    """Return a result in a few characters."""
    if isinstance(result, np.ndarray) and result.ndim:
        text = f"{result.dtype} array of {' x '.join(map(str, result.shape))}"
    elif isinstance(result, int) and result.bit_length() > 200:
        text = f"an int of {int(result.bit_length() * 0.30103) + 1} digits"
    elif isinstance(result, (float, np.floating)):
        text = f"{float(result):.12g}"
    else:
        with contextlib.suppress(Exception):
            result = dict(result)
        text = report.printable(" ".join(repr(result).split()))
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
