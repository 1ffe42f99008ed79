"""Clusters of this machine, and what is computed on them: for the tests."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cloudpickle
import dask
import dask.array as da
import dask.bag as db
import distributed
import numpy as np

import rust_numpy_example as rne
import rust_numpy_example.dask as rnd

# The workers cannot import this file.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

THREADS = 2


@contextmanager
def a_cluster(workers: int, method: str = "spawn", **options: Any) -> Iterator[Any]:
    """Yield the client of a cluster of this machine."""
    config = {
        "distributed.worker.multiprocessing-method": method,
        "distributed.comm.timeouts.connect": "60s",
        "distributed.worker.use-file-locking": False,
    }
    with (
        dask.config.set(config),
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=THREADS,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            **options,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(workers, timeout=60)
        yield client


def everything(folder: Path) -> dict[str, Any]:
    """Return a lazy result of each function."""
    rng = np.random.default_rng(0)
    whole = rng.normal(1e6, 1, (300, 400))
    x = da.from_array(whole, chunks=(70, 110))
    image = da.from_array(rng.integers(0, 256, (300, 400), dtype="u1"), chunks=(70, 110))
    (folder / "a.txt").write_text("to be or not to be\n" * 500)
    (folder / "a.csv").write_text("x,y\n" + "".join(f'{i},"a\n{i}"\n' for i in range(500)))
    return {
        "compute_stats": rnd.compute_stats(x),
        "compute_stats along an axis": rnd.compute_stats(x, axis=1),
        "mean": rnd.compute_stats(x, axis=0).mean,
        "quantiles": rnd.quantiles(x, [0.1, 0.5]),
        "moving_average": rnd.moving_average(x, 7, axis=0),
        "sum_array": rnd.sum_array(image),
        "array_multiply": rnd.array_multiply(x, x),
        "process_data": rnd.process_data(image, 3),
        "process_numbers": rnd.process_numbers(x, 1e6),
        "matrix_multiply": rnd.matrix_multiply(x, x.T),
        "gaussian_blur": rnd.gaussian_blur(image, 2.0, mode="wrap"),
        "sobel": rnd.sobel(x),
        "process_image": rnd.process_image(image),
        "cpu_intensive": rnd.cpu_intensive(x),
        "monte_carlo_pi": rnd.monte_carlo_pi(100_000, rng=1),
        "word_count of files": rnd.word_count(folder / "a.txt", blocksize=1000),
        "word_count of a bag": rnd.word_count(db.from_sequence(["a b", "b"], npartitions=2)),
        "table_stats": rnd.table_stats(folder / "a.csv", blocksize=500),
        "fold": rnd.fold(rne.Stats(), x),
    }


def shown(value: Any) -> Any:
    """Return what can be compared of a result: all of its bits."""
    if isinstance(value, rne.Stats):
        return [np.asarray(value[key]).tobytes() for key in value]
    if isinstance(value, rnd.Table):
        return repr(value)
    return np.asarray(value).tobytes() if not isinstance(value, dict) else list(value.items())


def slow(block: Any, pause: float) -> Any:
    time.sleep(pause)
    return block


def slow_statistics(pause: float, chunks: int = 60) -> tuple[Any, Any]:
    whole = np.random.default_rng(1).normal(size=(chunks, 100))
    source = da.from_array(whole, chunks=(1, 100)).map_blocks(slow, pause, dtype="f8")
    expected = rnd.compute_stats(da.from_array(whole, chunks=(1, 100)), axis=1)
    return rnd.compute_stats(source, axis=1), expected.compute(scheduler="synchronous")
