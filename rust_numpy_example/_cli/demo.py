"""The command ``demo``: what the package does, on data that comes with it, and how fast."""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import itertools
import logging
import statistics
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import rust_numpy_example
from rust_numpy_example._cli import fib, report, stats
from rust_numpy_example._timing import cpu, in_turn, seconds
from rust_numpy_example._twins import TOPICS, Twin, twins

if TYPE_CHECKING:
    import numpy as np

#: Seconds that the measurement of one function may take, and how long the shortest run is.
BUDGET, SHORTEST = 0.2, 1e-4

#: Grey levels as characters, dark to light.
SHADES = " .:-=+*#%@"

#: Columns of the demo: those of a terminal that nobody has widened.
WIDTH = 80

#: Ratios below this are called faster, and not equally fast.
FASTER = 0.9


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = (
        "Run every function of the package on data that comes with it, print what it does, the result, and how many"
        " times as long the same takes in plain Python and in NumPy on this machine. Takes less than a minute, and no"
        " network."
    )
    parser.add_argument(
        "topics",
        nargs="*",
        metavar="TOPIC",
        help=f"only the functions of these topics: {', '.join(TOPICS)}",
    )


def run(options: argparse.Namespace) -> int:
    """Write the demo; return the exit code."""
    import numpy as np

    for topic in options.topics:
        if topic not in TOPICS:
            raise argparse.ArgumentError(None, f"no topic '{topic}', there are {', '.join(TOPICS)}")
    info = rust_numpy_example.build_info()
    report.write(
        f"rust_numpy_example {info['version']} ({info['profile']} build), CPU level {info['simd']}, "
        f"{info['num_threads']} threads,\nNumPy {np.__version__}, {cpu()}"
    )
    if not options.topics:
        planets()
        prose()
        picture()
    return functions(options.topics or TOPICS)


def planets() -> None:
    """Show a table of real figures."""
    from rust_numpy_example import data

    heading("The planets (NASA's Planetary Fact Sheet): rust-numpy-example stats planets.csv")
    rows: list[tuple[str, ...]] = [("column", "count", "mean", "std", "min", "max")]
    for column in stats.read([str(data.PLANETS)]).columns:
        numbers = [getattr(column, name) for name in rows[0][2:]]
        shown = ["" if number is None else f"{number:.5g}" for number in numbers]
        rows.append((column.name, str(column.count), *shown))
    for line in report.aligned(rows):
        report.write(line)


def prose() -> None:
    """Show the words of a text."""
    from rust_numpy_example import data

    heading("The words of a text about the package: word_count(text, top=10)")
    words = rust_numpy_example.word_count(data.PROSE.read_text("utf-8"), tokenizer="unicode", top=10)
    report.write("  ".join(f"{word} {count}" for word, count in words.items()))


def picture() -> None:
    """Show a picture and what the filters make of it."""
    import numpy as np

    from rust_numpy_example import data

    heading("A picture that the package draws: as it is, blurred, its edges")
    image = data.picture()
    blurred = rust_numpy_example.process_image(image, "blur", sigma=9.0)
    edges = rust_numpy_example.process_image(image, "edges")
    for line in zip(*(ascii_art(np.asarray(each)) for each in (image, blurred, edges))):
        report.write("  ".join(line).rstrip())


def ascii_art(image: np.ndarray[Any, Any], height: int = 12, width: int = 25) -> list[str]:
    """Return a picture in characters, each the mean of a tile."""
    import numpy as np

    rows, columns = image.shape[0] // height, image.shape[1] // width
    tiles = image[: rows * height, : columns * width].astype(np.float64).reshape(height, rows, width, columns)
    grey = tiles.mean(axis=(1, 3))
    levels = (grey / max(float(grey.max()), 1.0) * (len(SHADES) - 1)).round().astype(int)
    return ["".join(SHADES[level] for level in row) for row in levels]


def functions(topics: Sequence[str]) -> int:
    """Show each function beside its twins; return the exit code."""
    heading("Every function, beside the same in plain Python and in NumPy")
    report.write("The times of Python and NumPy are multiples of Rust's: 5x is five times as long.")
    code = 0
    rows: list[tuple[str, ...]] = [("", "Rust", "Python", "NumPy")]
    about: list[str] = [""]
    slower: dict[str, list[str]] = {"Python": [], "NumPy": []}
    for topic in topics:
        for twin in twins(topic):
            try:
                result, (ours, *others) = run_twin(twin)
            except Exception as error:
                code = report.FAILED
                result, ours, others = f"failed: {report.printable(report.reason(error))}", 0.0, []
            ratios = [other / ours for other in others]
            for name, value in zip(slower, ratios):
                if value < FASTER:
                    slower[name].append(f"{twin.name} ({ratio(value)})")
            shown = [duration(ours) if ours else "", *map(ratio, ratios), "", ""]
            rows.append((twin.name, *shown[:3]))
            about.append(f"    {twin.title}: {result}")
    for line, more in zip(report.aligned(rows), about):
        report.write(line)
        if more:
            report.write(report.cut(more, WIDTH))
    report.write()
    for name, functions in slower.items():
        if functions:
            for line in textwrap.wrap(f"Faster in {name}, on this machine: {', '.join(functions)}.", WIDTH):
                report.write(line)
    return code


def run_twin(twin: Twin) -> tuple[str, list[float]]:
    """Run a function and its twins: the result in words, and how long each takes."""
    with quiet():
        arguments = twin.data()
        result = twin.ours(*arguments)
        calls = [twin.ours, twin.python] + ([twin.numpy] if twin.numpy else [])
        times = measure([functools.partial(call, *arguments) for call in calls])
    return short(result), times


def measure(calls: list[Callable[[], Any]]) -> list[float]:
    """Return the median times of the calls, measured in turns, each after a call of its own that is not timed.

    Without that, the caches are as the call before left them: what comes after a slow one would look slow.
    """

    def timer(call: Callable[[], Any]) -> Callable[[], float]:
        repeats = max(1, int(SHORTEST / max(seconds(call, 1), 1e-9)))

        def timed() -> float:
            call()
            return seconds(call, repeats)

        return timed

    times = in_turn([timer(call) for call in calls], BUDGET, 1, 25)
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
    """Return a result in words."""
    import numpy as np

    if result is None:
        return "nothing is returned"
    if isinstance(result, np.ndarray) and result.ndim:
        values = ", ".join(f"{value:.4g}" for value in result.ravel()[:3].tolist()) if result.size else ""
        more = ", …" if result.size > 3 else ""
        return f"{' x '.join(map(str, result.shape))} {result.dtype} [{values}{more}]"
    if isinstance(result, int) and result.bit_length() > 200:
        text = fib.decimal(result)
        return f"{text[:12]}… ({len(text):,} digits)"
    if isinstance(result, (float, np.floating)):
        return f"{float(result):.12g}"
    with contextlib.suppress(Exception):
        result = dict(result)
    if isinstance(result, dict):
        result = ", ".join(f"{key} {value}" for key, value in itertools.islice(result.items(), 6))
    if isinstance(result, (list, tuple)) and result and isinstance(result[0], float):
        result = f"[{', '.join(f'{value:.4g}' for value in result)}]"
    return report.printable(" ".join(str(result).split()))
