"""The functions on Dask beside Dask's own, and what 10 TB would take: ``python benchmarks/dask_tables.py [--publish]``.

Three sections, which ``--only`` names. In memory: both sides run in one process on the synchronous scheduler, in turn, over the
same chunks, and are timed in CPU time: Dask runs as many such tasks as there are CPUs, so that is what counts. On
disk: ``dask_disk.py``. On paper: ``dask_model.py``. ``--publish`` writes the tables of docs/dask.md.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import dask
import dask.array as da
import dask.bag as db
import dask_disk
import dask_model
import numpy as np
from dask_model import cpu

import rust_numpy_example.dask as rnd

PAGE = Path(__file__).resolve().parents[1] / "docs/dask.md"
CACHE = Path(tempfile.gettempdir()) / "rust_numpy_example-dask"


@dataclass(frozen=True)
class Case:
    """A function beside what is used instead; ``chunks`` is what tasks are counted by."""

    name: str
    peer: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    chunks: int
    aim: float
    agree: Callable[[Any, Any], str]


# --- the cases


def _floats(shape: tuple[int, ...], chunks: tuple[int, ...], offset: float = 0.0) -> da.Array:
    return da.from_array(np.random.default_rng(0).normal(offset, 1, shape), chunks=chunks)


def _four(x: da.Array, axis: int | None = None) -> Any:
    return x.mean(axis), x.std(axis, ddof=1), x.min(axis), x.max(axis)


def _digits(stats: Any, four: Any) -> str:
    mine = stats.mean, stats.std, stats.min, stats.max
    worst = max(float(np.max(np.abs(np.subtract(a, b) / b))) for a, b in zip(mine, four))
    return f"within {worst:.0e}"


def _pixels(ours: Any, theirs: Any) -> str:
    return f"{np.max(np.abs(np.subtract(ours, theirs, dtype=float))):.1g} apart"


def cases() -> list[Case]:
    """Return the cases whose peers are installed."""
    found = []
    small = _floats((4000, 2000), (500, 500))
    large = _floats((8000, 4000), (2000, 1000))
    offset = _floats((8000, 4000), (2000, 1000), 1e9)
    integers = da.from_array((large.compute() * 1000).astype("i2"), chunks=(2000, 1000))
    for name, x, axis in (
        ("float64, chunks of 2 MB", small, None),
        ("float64, chunks of 16 MB", large, None),
        ("float64 around 1e9, chunks of 16 MB", offset, None),
        ("float64 along axis 0, chunks of 16 MB", large, 0),
        ("int16, chunks of 4 MB", integers, None),
    ):
        found.append(
            Case(
                f"`compute_stats`, {name}",
                "mean, std, min, max of Dask",
                lambda x=x, axis=axis: rnd.compute_stats(x, axis),
                lambda x=x, axis=axis: _four(x, axis),
                x.npartitions,
                3,
                _digits,
            )
        )
    found += _filters()
    lines = np.random.default_rng(1).zipf(1.3, (60_000, 12)) % 50_000
    path = CACHE / "words.txt"
    if not path.exists():
        CACHE.mkdir(exist_ok=True)
        path.write_text("\n".join(" ".join(f"w{word}" for word in line) for line in lines))
    size = path.stat().st_size
    found.append(
        Case(
            "`word_count`, a text of 4 MB, 50,000 words",
            "dask.bag: read_text, split, frequencies",
            lambda: rnd.word_count(path, blocksize=size // 8 + 1),
            lambda: (
                db.read_text(path, blocksize=size // 8 + 1).str.lower().str.split().flatten().frequencies()
            ),
            8,
            3,
            lambda ours, theirs: "equal" if ours == dict(theirs) else "NOT EQUAL",
        )
    )
    return found + _tables()


def _filters() -> list[Case]:
    try:
        from dask_image import ndfilters
    except ImportError:
        return []
    found = []
    for dtype in ("u1", "f4", "f8"):
        image = _image(dtype)
        for mode in ("reflect",) if dtype == "u1" else ("reflect", "wrap"):
            found.append(
                Case(
                    f"`gaussian_blur`, {np.dtype(dtype)}, sigma 2, {mode}",
                    "dask-image gaussian_filter",
                    lambda image=image, mode=mode: rnd.gaussian_blur(image, 2.0, mode=mode),
                    lambda image=image, mode=mode: ndfilters.gaussian_filter(image, 2.0, mode=mode),
                    image.npartitions,
                    3,
                    _pixels,
                )
            )
        if dtype == "u1":
            # SciPy's derivative wraps around in bytes.
            continue
        found.append(
            Case(
                f"`sobel` along axis 0, {np.dtype(dtype)}",
                "dask-image sobel",
                lambda image=image: rnd.sobel(image, axis=0),
                lambda image=image: ndfilters.sobel(image, axis=0),
                image.npartitions,
                3,
                _pixels,
            )
        )
    return found


def _image(dtype: str) -> da.Array:
    pixels = np.random.default_rng(2).integers(0, 256, (4000, 4000)).astype(dtype)
    return da.from_array(pixels, chunks=(1000, 1000))


def copies(rounds: int) -> str:
    """Return how much of the time of filters Dask takes for chunks that are only copied."""
    shown = []
    for dtype in ("f4", "f8"):
        image = _image(dtype)
        copied = image.map_blocks(np.copy, dtype=image.dtype, meta=image._meta)
        filters = {
            "gaussian_blur": lambda image=image: rnd.gaussian_blur(image, 2.0),
            "sobel": lambda image=image: rnd.sobel(image, axis=0),
        }
        for name, lazy in filters.items():
            pairs = [(cpu(partial(run, copied)), cpu(lambda lazy=lazy: run(lazy()))) for _ in range(rounds)]
            share = median(a for a, _ in pairs) / median(b for _, b in pairs)
            shown.append(f"{100 * share:.0f} % of `{name}` of {image.dtype}")
    return f"To copy the chunks alone, `map_blocks(np.copy)`, takes as much as {', '.join(shown)}."


def _tables() -> list[Case]:
    try:
        import dask.dataframe as dd
    except ImportError:
        return []
    path = CACHE / "table.csv"
    if not path.exists():
        rows = np.random.default_rng(3).normal(size=(100_000, 5))
        np.savetxt(path, rows, delimiter=",", header="a,b,c,d,e", comments="", fmt="%.6f")
    size = path.stat().st_size

    def four() -> Any:
        frame = dd.read_csv(path, blocksize=size // 8 + 1)
        return frame.mean(), frame.std(), frame.min(), frame.max()

    def agree(table: Any, four: Any) -> str:
        mine = np.array([[c.stats.mean, c.stats.std, c.stats.min, c.stats.max] for c in table.columns]).T
        return f"within {np.max(np.abs(mine / np.array(four) - 1)):.0e}"

    return [
        Case(
            "`table_stats`, a CSV of 5 columns, 5 MB",
            "dask.dataframe: mean, std, min, max",
            lambda: rnd.table_stats(path, blocksize=size // 8 + 1),
            four,
            8,
            2,
            agree,
        )
    ]


# --- measured


def run(lazy: Any) -> Any:
    """Compute one lazy result, or several together."""
    results = dask.compute(*(lazy if isinstance(lazy, tuple) else (lazy,)), scheduler="synchronous")
    return results if isinstance(lazy, tuple) else results[0]


def ratio(case: Case, rounds: int) -> tuple[float, float]:
    """Return how many times faster ours is, building the graph included, and our CPU seconds."""
    run(case.ours()), run(case.theirs())
    pairs = [(cpu(lambda: run(case.ours())), cpu(lambda: run(case.theirs()))) for _ in range(rounds)]
    return median(b for _, b in pairs) / median(a for a, _ in pairs), median(a for a, _ in pairs)


def tasks(lazy: Any) -> int:
    """Return how many tasks are run, after Dask has merged those in a row."""
    parts = lazy if isinstance(lazy, tuple) else (lazy,)
    # Dask does not optimise several results of data frames together.
    optimised = [part.optimize() for part in parts] if hasattr(parts[0], "expr") else dask.optimize(*parts)
    return len({key for one in optimised for key in dict(one.__dask_graph__())})


def peak(lazy: Any) -> float:
    """Return the megabytes that are taken at most, as NumPy and Python count them."""
    tracemalloc.start()
    try:
        run(lazy)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def table(rounds: int) -> list[str]:
    """Return the lines of the table of cases."""
    lines = [
        "| function | instead of | times as fast | aim | tasks a chunk: ours, theirs | memory in MB: ours, theirs | results |",
        "|---|---|---|---|---|---|---|",
    ]
    for case in cases():
        times, _ = ratio(case, rounds)
        counts = [tasks(side()) / case.chunks for side in (case.ours, case.theirs)]
        memory = [peak(side()) for side in (case.ours, case.theirs)]
        shown = f"{times:.3g}" if times >= case.aim else f"**{times:.3g}**"
        lines.append(
            f"| {case.name} | {case.peer} | {shown} | {case.aim} | {counts[0]:.2f}, {counts[1]:.2f} "
            f"| {memory[0]:.0f}, {memory[1]:.0f} | {case.agree(run(case.ours()), run(case.theirs()))} |"
        )
    return lines


# --- the page


def publish(marker: str, lines: list[str]) -> None:
    """Write lines between the two comments of a marker."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(f"<!-- {marker} -->")
    _, end, after = rest.partition(f"<!-- /{marker} -->")
    assert end, marker
    body = "\n".join(["", "", *lines, "", ""])
    PAGE.write_text(f"{before}<!-- {marker} -->{body}{end}{after}", encoding="utf-8")


def cpu_name() -> str:
    """Return the name of the CPU, as far as the system tells."""
    try:
        found = [
            line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")
        ]
        return found[0].partition(":")[2].strip()
    except (OSError, IndexError):
        return platform.processor() or "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--publish", action="store_true", help="write docs/dask.md")
    parser.add_argument(
        "--only", choices=("benchmark", "disk", "model"), action="append", help="only these sections"
    )
    parser.add_argument("--rounds", type=int, default=9, help="pairs of runs in memory")
    parser.add_argument(
        "--disk", type=float, default=3, metavar="GB", help="size of the data on disk (default: 3)"
    )
    parser.add_argument(
        "--memory", default="600MB", metavar="SIZE", help="limit of a worker (default: 600MB)"
    )
    parser.add_argument(
        "--graph",
        type=int,
        default=1_000_000,
        metavar="N",
        help="the largest graph, in chunks (default: 1000000)",
    )
    parser.add_argument(
        "--tasks",
        type=int,
        default=100_000,
        metavar="N",
        help="chunks that a scheduler handles (default: 100000)",
    )
    parser.add_argument("--folder", type=Path, default=CACHE, help="where data is written")
    parser.add_argument("--cpu", default=cpu_name(), help="how the page names the CPU")
    options = parser.parse_args()
    where = f"CPU: {options.cpu}; Python {platform.python_version()}, NumPy {np.__version__}, Dask {dask.__version__}."
    sections: dict[str, Callable[[], list[str]]] = {
        "benchmark": lambda: [where, "", *table(options.rounds), "", copies(options.rounds)],
        "disk": lambda: dask_disk.table(options.disk, options.memory, options.folder / f"{options.disk:g}"),
        "model": lambda: dask_model.lines((options.graph // 10, options.graph), options.tasks),
    }
    for marker in options.only or sections:
        lines = sections[marker]()
        print("\n".join(lines), end="\n\n")
        if options.publish:
            publish(marker, lines)


if __name__ == "__main__":
    main()
