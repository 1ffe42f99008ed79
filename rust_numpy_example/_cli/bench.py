"""The command ``bench``: the functions beside what else is installed on this machine."""

from __future__ import annotations

import argparse
import os
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rust_numpy_example._cli import report
from rust_numpy_example._cli.arguments import add_output, positive

if TYPE_CHECKING:
    from rust_numpy_example._timing import Ratio

DESCRIPTION = """\
Time a selection of functions beside the same by other packages that are
installed here: NumPy, OpenCV, SciPy, pandas, polars, gmpy2, plain Python.

Both sides are called in turns over the same input, with the same number of
threads, and their results are compared first. The ratio is the time of the
other by ours: above 1 this package is faster. In brackets are the 10th and the
90th percentile. Below 1.1 and above 0.9 it is a tie.
"""

EXAMPLES = """\
examples:
  rust-numpy-example bench
  rust-numpy-example bench gaussian_blur word_count --threads 2
  rust-numpy-example bench --markdown -o here.md
"""

#: What sets the number of threads of the others: read when they are imported.
THREADS = [f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL", "RAYON")] + ["POLARS_MAX_THREADS"]

#: Seconds of a round, at least.
ROUND = 2e-3

#: The modules that are compared with, and what installs them.
PEERS = {
    "numpy": "numpy",
    "cv2": "opencv-python-headless",
    "scipy": "scipy",
    "pandas": "pandas",
    "polars": "polars",
    "gmpy2": "gmpy2",
}


class Case(NamedTuple):
    """A function of ours beside the same by another."""

    function: str
    #: Size and dtype.
    what: str
    #: A module, or "Python".
    peer: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    #: Whether two results are the same; None where they are random or of another form.
    same: Callable[[Any, Any], bool] | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument("functions", nargs="*", metavar="FUNCTION", help="only these (default: all)")
    parser.add_argument(
        "--budget", type=_seconds, default=0.5, metavar="S", help="seconds for each line (default: 0.5)"
    )
    parser.add_argument("--threads", type=_threads, default=1, metavar="N", help="for both (default: 1)")
    add_output(parser, ("csv", "markdown", "json"))


def _seconds(argument: str) -> float:
    try:
        value = float(argument)
    except ValueError:
        value = 0.0
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError(f"got '{argument}', expected seconds, up to 3600")
    return value


def _threads(argument: str) -> int:
    number = positive(argument)
    if number > 1024:
        raise argparse.ArgumentTypeError(f"got '{argument}', expected at most 1024")
    return number


def run(options: argparse.Namespace) -> int:
    """Write the table; return the exit code."""
    import rust_numpy_example

    before = dict(os.environ)
    for name in THREADS:
        os.environ[name] = str(options.threads)
    rust_numpy_example.set_num_threads(options.threads)
    try:
        return _run(options)
    finally:
        rust_numpy_example.set_num_threads(None)
        for name in THREADS:
            os.environ.pop(name)
            os.environ |= {name: before[name]} if name in before else {}


def _run(options: argparse.Namespace) -> int:
    from statistics import median

    import rust_numpy_example
    from rust_numpy_example._timing import Ratio, cpu, in_turn

    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        chosen = [make for make in CASES if not options.functions or make.__name__[1:] in options.functions]
        names = {make.__name__[1:] for make in CASES}
        for function in options.functions:
            if function not in names:
                raise argparse.ArgumentError(
                    None, f"no benchmark of '{function}', there are {', '.join(sorted(names))}"
                )
        code, rows = 0, []
        progress = report.Progress("bench", len(chosen), "functions", 1)
        try:
            for done, make in enumerate(chosen):
                for case in make(Path(folder), options.threads):
                    progress.update(done, f", {case.function} beside {case.peer}")
                    if case.same and not case.same(case.ours(), case.theirs()):
                        progress.close()
                        report.fail(f"{case.function}, {case.peer}", ValueError("the results differ"))
                        code = report.FAILED
                        continue
                    timers = [_timer(call) for call in (case.ours, case.theirs)]
                    ours, theirs = in_turn(timers, options.budget, 3)
                    rows.append((case, Ratio.of(ours, theirs), median(ours), median(theirs)))
        finally:
            progress.close()
    info = rust_numpy_example.build_info()
    machine = {
        "cpu": cpu(),
        "level": info["simd"],
        "threads": options.threads,
        "version": info["version"],
        "profile": info["profile"],
        **{name: _version(name) for name in PEERS.values()},
    }
    with report.output(options.output):
        _write(rows, machine, options.format)
    return code


def _timer(call: Callable[[], Any]) -> Callable[[], float]:
    from rust_numpy_example._timing import repeats, seconds

    count = repeats(call, ROUND)
    return lambda: seconds(call, count)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _write(rows: list[tuple[Case, Ratio, float, float]], machine: dict[str, Any], form: str | None) -> None:
    from rust_numpy_example._cli.demo import duration

    fields = ("function", "input", "peer", "ours_s", "theirs_s", "ratio", "low", "high")
    values = [
        (c.function, c.what, c.peer, ours, theirs, r.median, r.low, r.high) for c, r, ours, theirs in rows
    ]
    if form == "json":
        report.write(report.to_json({"machine": machine, "rows": [dict(zip(fields, row)) for row in values]}))
        return
    if form == "csv":
        import csv
        import io

        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows([fields, *values])
        report.write(stream.getvalue()[:-1])
        return
    shown = [("function", "input", "beside", "ours", "theirs", "ratio", "")]
    for name, what, peer, ours, theirs, ratio, low, high in values:
        span = f"({low:.2g} to {high:.2g})"
        shown.append((name, what, peer, duration(ours), duration(theirs), f"{ratio:.3g}", span))
    there = ", ".join(f"{name} {machine[name]}" for name in PEERS.values() if machine[name])
    missing = [name for name in PEERS.values() if not machine[name]]
    about = [
        f"{machine['cpu']}, level {machine['level']}, {machine['threads']} thread"
        f"{'s' if machine['threads'] > 1 else ''}",
        f"rust_numpy_example {machine['version']} ({machine['profile']} build)",
        there,
    ]
    if missing:
        about.append(f"not installed: {', '.join(missing)}")
    if form == "markdown":
        lines = ["| " + " | ".join((*row[:6], row[6].strip("()") or "10 to 90 %")) + " |" for row in shown]
        lines[1:1] = ["|---|---|---|--:|--:|--:|---|"]
        lines += ["", "; ".join(about)]
    else:
        lines = [*report.aligned(shown, left=(0, 1, 2, 6)), ""]
        lines += [line for text in about for line in textwrap.wrap(text, 80)]
    for line in lines:
        report.write(line)


# What is measured: a function for each of ours, which yields a case for each that it is compared with.


def _module(name: str) -> Any:
    """A module that it is compared with; None if it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        return None


def _close(ours: Any, theirs: Any) -> bool:
    import numpy as np

    return bool(np.allclose(ours, theirs))


def _array(size: int = 1_000_000) -> Any:
    import numpy as np

    return np.random.default_rng(0).random(size)


def _multiply_matrices(_folder: Path, _threads: int) -> Iterator[Case]:
    from rust_numpy_example import multiply_matrices

    a = _array(256 * 256).reshape(256, 256)
    yield Case(
        "multiply_matrices", "256 x 256", "numpy", lambda: multiply_matrices(a, a), lambda: a @ a, _close
    )


def _array_multiply(_folder: Path, _threads: int) -> Iterator[Case]:
    from rust_numpy_example import array_multiply

    a = _array(100_000)
    yield Case("array_multiply", "1e5", "numpy", lambda: array_multiply(a, a), lambda: a * a, _close)


def _sum_array(_folder: Path, _threads: int) -> Iterator[Case]:
    from rust_numpy_example import sum_array

    a = _array()
    yield Case("sum_array", "1e6", "numpy", lambda: sum_array(a), a.sum, _close)


def _list_sum(_folder: Path, _threads: int) -> Iterator[Case]:
    from rust_numpy_example import list_sum

    numbers = _array(100_000).tolist()
    yield Case("list_sum", "1e5 floats", "Python", lambda: list_sum(numbers), lambda: sum(numbers), _close)


def _compute_stats(_folder: Path, _threads: int) -> Iterator[Case]:
    from rust_numpy_example import compute_stats

    a = _array()
    yield Case(
        "compute_stats",
        "1e6",
        "numpy",
        lambda: compute_stats(a),
        lambda: (a.mean(), a.std(ddof=1), a.min(), a.max()),
        lambda ours, theirs: _close([ours[key] for key in ("mean", "std", "min", "max")], theirs),
    )
    if pandas := _module("pandas"):
        series = pandas.Series(a)
        yield Case(
            "compute_stats",
            "1e6",
            "pandas",
            lambda: compute_stats(a),
            lambda: series.agg(["mean", "std", "min", "max"]),
            None,
        )


def _quantiles(_folder: Path, _threads: int) -> Iterator[Case]:
    import numpy as np

    from rust_numpy_example import quantiles

    a, q = _array(), [0.25, 0.5, 0.75]
    yield Case(
        "quantiles", "three of 1e6", "numpy", lambda: quantiles(a, q), lambda: np.quantile(a, q), _close
    )


def _moving_average(_folder: Path, _threads: int) -> Iterator[Case]:
    import numpy as np

    from rust_numpy_example import moving_average

    a = _array()
    weights = np.ones(50) / 50
    yield Case(
        "moving_average",
        "1e6, window 50",
        "numpy",
        lambda: moving_average(a, 50),
        lambda: np.convolve(a, weights, "valid"),
        lambda ours, theirs: _close(ours[-len(theirs) :], theirs),
    )
    if pandas := _module("pandas"):
        series = pandas.Series(a)
        yield Case(
            "moving_average",
            "1e6, window 50",
            "pandas",
            lambda: moving_average(a, 50),
            lambda: series.rolling(50).mean(),
            lambda ours, theirs: _close(ours[-len(a) + 49 :], theirs[49:]),
        )


def _image() -> Any:
    import numpy as np

    return np.random.default_rng(0).integers(0, 256, (1080, 1920)).astype(np.uint8)


def _near(ours: Any, theirs: Any) -> bool:
    """Whether levels of grey differ by no more than rounding, where no border matters."""
    import numpy as np

    inside = slice(20, -20), slice(20, -20)
    return bool(np.abs(ours[inside].astype(float) - theirs[inside]).max() <= 2)


def _gaussian_blur(_folder: Path, threads: int) -> Iterator[Case]:
    from rust_numpy_example import gaussian_blur

    image = _image()
    what = "1080p grey, sigma 2"
    if cv2 := _module("cv2"):
        cv2.setNumThreads(threads)
        yield Case(
            "gaussian_blur",
            what,
            "cv2",
            lambda: gaussian_blur(image, 2),
            lambda: cv2.GaussianBlur(image, (17, 17), 2, borderType=cv2.BORDER_REFLECT),
            _near,
        )
    if ndimage := _module("scipy.ndimage"):
        yield Case(
            "gaussian_blur",
            what,
            "scipy",
            lambda: gaussian_blur(image, 2),
            lambda: ndimage.gaussian_filter(image, 2),
            _near,
        )


def _sobel(_folder: Path, threads: int) -> Iterator[Case]:
    from rust_numpy_example import sobel

    image = _image()
    if cv2 := _module("cv2"):
        cv2.setNumThreads(threads)
        yield Case(
            "sobel",
            "1080p grey",
            "cv2",
            lambda: sobel(image, dtype="float32"),
            lambda: cv2.magnitude(cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1)),
            _near,
        )


def _text() -> str:
    import numpy as np

    rng = np.random.default_rng(0)
    letters = np.array(list("etaoinshrdlucmfw"))
    words = ["".join(letters[rng.integers(0, 16, rng.integers(1, 12))]) for _ in range(20_000)]
    return " ".join(words[rank] for rank in np.minimum(rng.zipf(1.25, 400_000) - 1, 19_999))


def _word_count(_folder: Path, _threads: int) -> Iterator[Case]:
    from collections import Counter

    from rust_numpy_example import word_count

    text = _text()
    yield Case(
        "word_count",
        f"{len(text) / 1e6:.1f} MB",
        "Python",
        lambda: word_count(text),
        lambda: Counter(text.lower().split()),
        lambda ours, theirs: ours == theirs,
    )
    if polars := _module("polars"):
        yield Case(
            "word_count",
            f"{len(text) / 1e6:.1f} MB",
            "polars",
            lambda: word_count(text),
            lambda: polars.Series([text.lower()]).str.split(" ").explode().value_counts(),
            None,
        )


def _monte_carlo_pi(_folder: Path, _threads: int) -> Iterator[Case]:
    import numpy as np

    from rust_numpy_example import monte_carlo_pi

    def numpys() -> float:
        x, y = np.random.default_rng().random((2, 1_000_000))
        return 4 * np.count_nonzero(x * x + y * y < 1) / 1_000_000

    yield Case("monte_carlo_pi", "1e6 points", "numpy", lambda: monte_carlo_pi(1_000_000), numpys, None)


def _fibonacci(_folder: Path, _threads: int) -> Iterator[Case]:
    from rust_numpy_example import fibonacci

    def doubling(n: int) -> int:
        a, b = 0, 1
        for bit in f"{n:b}":
            a, b = a * (2 * b - a), a * a + b * b
            if bit == "1":
                a, b = b, a + b
        return a

    yield Case(
        "fibonacci",
        "N = 1e5",
        "Python",
        lambda: fibonacci(100_000),
        lambda: doubling(100_000),
        lambda ours, theirs: ours == theirs,
    )
    if gmpy2 := _module("gmpy2"):
        yield Case(
            "fibonacci",
            "N = 1e5",
            "gmpy2",
            lambda: fibonacci(100_000),
            lambda: int(gmpy2.fib(100_000)),
            lambda ours, theirs: ours == theirs,
        )


def _stats(folder: Path, _threads: int) -> Iterator[Case]:
    from rust_numpy_example._cli import stats

    path = folder / "table.csv"
    names = ["a", "b", "c", "d", "e"]
    numbers = _array(500_000).reshape(-1, 5).tolist()
    rows = (",".join(f"{value:.9g}" for value in row) for row in numbers)
    path.write_text("\n".join([",".join(names), *rows, ""]), encoding="utf-8")
    size = f"CSV, {path.stat().st_size / 1e6:.1f} MB"
    if pandas := _module("pandas"):
        yield Case(
            "stats",
            size,
            "pandas",
            lambda: stats.read([str(path)]),
            lambda: pandas.read_csv(path).agg(["count", "mean", "std", "min", "max"]),
            None,
        )


CASES = (
    _multiply_matrices,
    _array_multiply,
    _sum_array,
    _list_sum,
    _compute_stats,
    _quantiles,
    _moving_average,
    _gaussian_blur,
    _sobel,
    _word_count,
    _monte_carlo_pi,
    _fibonacci,
    _stats,
)
