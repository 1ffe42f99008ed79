"""Data larger than the memory of a worker, on disk: the functions on Dask beside what is used instead.

Part of ``benchmarks/dask_tables.py``, whose option ``--disk`` says how many gigabytes are written. The data is random,
and the same in every run; a file that is there is not written again. Two workers of one thread read it, each
with a limit of memory that the data does not fit into. What a side takes of CPU and memory is asked of the workers.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import dask.bag as db
import numpy as np

import rust_numpy_example.dask as rnd

#: Rows and columns of a file of float64: 8 MB.
SIDE = 1000


@dataclass(frozen=True)
class Case:
    """A function beside what is used instead."""

    name: str
    peer: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    chunks: int
    agree: Callable[[Any, Any], str]


@dataclass(frozen=True)
class Cost:
    """What a side took: seconds of CPU of all workers, seconds by the clock, the most megabytes of a worker."""

    cpu: float
    wall: float
    peak: float
    tasks: int


# --- data


def _read(path: str) -> Any:
    return np.load(path)


def arrays(folder: Path, gigabytes: float) -> da.Array:
    """Return an array of files, as many columns of files as rows, or nearly."""
    count = max(4, round(gigabytes * 1e9 / (8 * SIDE**2)))
    wide = max(2, int(count**0.5))
    rows = []
    for row in range(count // wide):
        line = []
        for column in range(wide):
            path = folder / f"{row}-{column}.npy"
            if not path.exists():
                values = np.random.default_rng([row, column]).normal(100, 1, (SIDE, SIDE))
                np.save(folder / "part.npy", values)
                (folder / "part.npy").rename(path)
            delayed = dask.delayed(_read, pure=True)(str(path))
            line.append(da.from_delayed(delayed, (SIDE, SIDE), "f8"))
        rows.append(line)
    return da.block(rows)


def repeated(path: Path, gigabytes: float, head: bytes, make: Callable[[], bytes]) -> int:
    """Write a text that is some megabytes again and again; return its size."""
    size = int(gigabytes * 1e9)
    if not path.exists() or path.stat().st_size < size:
        block = make()
        with path.open("wb") as file:
            file.write(head)
            for _ in range(-(-size // len(block))):
                file.write(block)
    return path.stat().st_size


def _rows() -> bytes:
    from io import BytesIO

    stream = BytesIO()
    np.savetxt(stream, np.random.default_rng(3).normal(size=(100_000, 5)), delimiter=",", fmt="%.6f")
    return stream.getvalue()


def _words() -> bytes:
    lines = np.random.default_rng(1).zipf(1.3, (60_000, 12)) % 50_000
    return "".join(" ".join(f"w{word}" for word in line) + "\n" for line in lines).encode()


# --- cases


def cases(folder: Path, gigabytes: float) -> list[Case]:
    """Return the cases whose peers are installed."""
    x = arrays(folder, gigabytes)
    size = f"{x.nbytes / 1e9:.2g} GB of float64"
    found = [
        Case(
            f"`compute_stats`, {size}",
            "mean, std, min, max of Dask",
            lambda: rnd.compute_stats(x),
            lambda: (x.mean(), x.std(ddof=1), x.min(), x.max()),
            x.npartitions,
            lambda a, b: (
                f"within {max(abs(m / n - 1) for m, n in zip((a.mean, a.std, a.min, a.max), b)):.0e}"
            ),
        ),
        Case(
            f"`quantiles`, five of {size}",
            "da.percentile of the chunks in a row",
            lambda: rnd.quantiles(x, [0.01, 0.25, 0.5, 0.75, 0.99]),
            # Not x.ravel(), which brings the elements into an order that does not matter.
            lambda: da.percentile(
                da.concatenate([x.blocks[index].ravel() for index in np.ndindex(x.numblocks)]),
                [1, 25, 50, 75, 99],
            ),
            x.npartitions,
            lambda a, b: f"ours exact; theirs off by up to {np.max(np.abs(a - b)):.0e} standard deviations",
        ),
    ]
    with contextlib.suppress(ImportError):
        from dask_image import ndfilters

        found.append(
            Case(
                f"maximum of `gaussian_blur`, sigma 2, {size}",
                "dask-image gaussian_filter",
                lambda: rnd.gaussian_blur(x, 2.0).max(),
                lambda: ndfilters.gaussian_filter(x, 2.0).max(),
                x.npartitions,
                lambda a, b: f"within {abs(a / b - 1):.0e}",
            )
        )
    with contextlib.suppress(ImportError):
        import flox

        months = np.arange(x.shape[0]) % 12

        def same_groups(ours: Any, theirs: Any) -> str:
            mine = [getattr(ours, name) for name in ("mean", "std", "min", "max")]
            return f"within {max(np.max(np.abs(a / b.T - 1)) for a, b in zip(mine, theirs)):.0e}"

        found.append(
            Case(
                f"`compute_stats` of 12 groups of rows, {size}",
                "flox: mean, std, min, max",
                lambda: rnd.compute_stats(x, 0, by=months),
                lambda: tuple(
                    flox.groupby_reduce(
                        x.T, months, func=name, finalize_kwargs={"ddof": 1} if name == "std" else None
                    )[0]
                    for name in ("mean", "std", "min", "max")
                ),
                x.npartitions,
                same_groups,
            )
        )
    text = folder / "words.txt"
    length = repeated(text, gigabytes / 8, b"", _words)
    found.append(
        Case(
            f"`word_count`, a text of {length / 1e9:.2g} GB",
            "dask.bag: read_text, split, frequencies",
            lambda: rnd.word_count(text, blocksize=1 << 25),
            lambda: db.read_text(text, blocksize=1 << 25).str.lower().str.split().flatten().frequencies(),
            -(-length >> 25),
            lambda a, b: "equal" if a == dict(b) else "NOT EQUAL",
        )
    )
    with contextlib.suppress(ImportError):
        import dask.dataframe as dd

        path = folder / "table.csv"
        length = repeated(path, gigabytes / 4, b"a,b,c,d,e\n", _rows)

        def agree(table: Any, described: Any) -> str:
            mine = np.array([[c.stats.mean, c.stats.std, c.stats.min, c.stats.max] for c in table.columns]).T
            theirs = described.loc[["mean", "std", "min", "max"]].to_numpy()
            return f"within {np.max(np.abs(mine / theirs - 1)):.0e}"

        found.append(
            Case(
                f"`table_stats`, a CSV of 5 columns, {length / 1e9:.2g} GB",
                "dask.dataframe: describe (and its quartiles, approximate)",
                lambda: rnd.table_stats(path, blocksize=1 << 25),
                lambda: dd.read_csv(path, blocksize=1 << 25).describe(),
                -(-length >> 25),
                agree,
            )
        )
    return found


# --- measured


def _reset_peak() -> float:
    """Begin to look for the peak of memory; return the CPU seconds so far. Runs on a worker."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return time.process_time()


def _taken() -> tuple[float, float]:
    """Return the CPU seconds and the megabytes at the peak. Runs on a worker."""
    status = Path("/proc/self/status").read_text()
    kilobytes = status.partition("VmHWM:")[2].split()[0]
    return time.process_time(), int(kilobytes) / 1000


def measured(client: Any, lazy: Any) -> tuple[Any, Cost]:
    """Compute on the cluster; return the result and what it took."""
    parts = lazy if isinstance(lazy, tuple) else (lazy,)
    optimised = [part.optimize() for part in parts] if hasattr(parts[0], "expr") else dask.optimize(*parts)
    tasks = len({key for one in optimised for key in dict(one.__dask_graph__())})
    before = client.run(_reset_peak)
    start = time.perf_counter()
    futures = client.compute(list(parts))
    results = client.gather(futures)
    wall = time.perf_counter() - start
    after = client.run(_taken)
    if before.keys() != after.keys():
        raise RuntimeError("a worker has died: its limit of memory is too low")
    cpu = sum(after[worker][0] - before[worker] for worker in before)
    cost = Cost(cpu, wall, max(peak for _, peak in after.values()), tasks)
    return results if isinstance(lazy, tuple) else results[0], cost


@contextlib.contextmanager
def cluster(limit: str, folder: Path) -> Iterator[Any]:
    """Yield a client of two fresh workers: what went before, and who was ended at the limit, is no part of it."""
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            memory_limit=limit,
            local_directory=str(folder),
            silence_logs=50,
        ) as workers,
        distributed.Client(workers) as client,
    ):
        yield client


def table(gigabytes: float, limit: str, folder: Path) -> list[str]:
    """Return the lines of the table."""
    folder.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    lines = []
    with cluster(limit, folder) as client:
        idle = max(peak for _, peak in client.run(_taken).values())
    for case in cases(folder, gigabytes):
        shown: list[Cost | None] = []
        results: list[Any] = []
        said = ""
        for side in (case.ours, case.theirs):
            try:
                with cluster(limit, folder) as client:
                    result, cost = measured(client, side())
                results.append(result)
                shown.append(cost)
            except Exception as error:
                said = (
                    f"{type(error).__name__}: its workers were ended at their limit"
                    if "Killed" in repr(error)
                    else repr(error)
                )
                shown.append(None)
        lines.append(_line(case, shown, case.agree(*results) if len(results) == 2 else said))
        print(lines[-1], flush=True)
    where = (
        f"Two workers of one thread and {limit} each, of which {idle:.0f} MB are taken before they begin. "
        f"Other work went on on the machine: its load was {load:.1f} at the start and {os.getloadavg()[0]:.1f} at the end, "
        f"for {os.cpu_count()} CPUs."
    )
    head = [
        "| function | instead of | times as fast: CPU of the workers, clock | CPU seconds | tasks a chunk | peak of a worker in MB | results |",
        "|---|---|---|---|---|---|---|",
    ]
    return [where, "", *head, *lines]


def _line(case: Case, costs: list[Cost | None], said: str) -> str:
    def pair(get: Callable[[Cost], str]) -> str:
        return ", ".join("failed" if cost is None else get(cost) for cost in costs)

    ours, theirs = costs
    times = (
        ""
        if ours is None or theirs is None
        else f"{theirs.cpu / ours.cpu:.2g}, {theirs.wall / ours.wall:.2g}"
    )
    return (
        f"| {case.name} | {case.peer} | {times} | {pair(lambda c: f'{c.cpu:.3g}')} "
        f"| {pair(lambda c: f'{c.tasks / case.chunks:.2f}')} | {pair(lambda c: f'{c.peak:.0f}')} | {said} |"
    )
