"""Pi from random points, in blocks of a fixed size with streams of their own."""

from __future__ import annotations

import operator
from functools import partial
from typing import Any

import numpy as np

import rust_numpy_example as rne
from rust_numpy_example.dask._cancel import stop_if_cancelled
from rust_numpy_example.dask._tree import fan_in, merge_tree, task

#: Points with one stream of random numbers: some ten milliseconds of work.
BLOCK = 1 << 24

#: Blocks of a task, unless the caller says how many tasks there are.
_BLOCKS_PER_TASK = 64


def monte_carlo_pi(
    n_samples: int,
    *,
    rng: Any = None,
    partitions: int | None = None,
    workers: int | None = 1,
    split_every: int = 32,
) -> Any:
    """Estimate pi from random points: a ``Delayed`` of the estimate.

    Parameters
    ----------
    n_samples : int
        Number of points.
    rng : None, int, array of ints, SeedSequence, BitGenerator or Generator, optional
        As for :func:`rust_numpy_example.monte_carlo_pi`. 256 bits are drawn at the call, also where it is None: to
        compute the result again gives the same.
    partitions : int, optional
        Number of tasks.
    workers : int, optional
        Threads of a task.
    split_every : int, optional
        How many results are added by a task.

    Returns
    -------
    dask.delayed.Delayed
        Of a float: the same bits for one seed, however many partitions, workers and threads there are.

    Notes
    -----
    Each block of 2**24 points has a stream of its own, by the number of the block (``SeedSequence.spawn_key``).
    The points are others than those of ``rust_numpy_example.monte_carlo_pi`` for the same seed.

    Examples
    --------
    >>> import rust_numpy_example.dask as rnd
    >>> estimate = rnd.monte_carlo_pi(50_000_000, rng=1)
    >>> abs(estimate.compute() - 3.14159265) < 0.001
    True
    """
    try:
        samples = operator.index(n_samples)
    except TypeError:
        samples = 0
    if not 1 <= samples < 2**63:
        rne.monte_carlo_pi(n_samples, workers=workers)
    rne.monte_carlo_pi(1, workers=workers)
    split_every = fan_in("monte_carlo_pi", split_every)
    blocks = -(-samples // BLOCK)
    if partitions is None:
        partitions = -(-blocks // _BLOCKS_PER_TASK)
    elif type(partitions) is not int or partitions < 1:
        raise ValueError(
            f"monte_carlo_pi: argument partitions, got {partitions!r}, expected an int from 1 on"
        )
    seed = tuple(int(word) for word in np.random.default_rng(rng).integers(0, 2**64, 4, dtype=np.uint64))
    bounds = [blocks * part // partitions for part in range(partitions + 1)]
    parts = [
        task("monte_carlo_pi-blocks", _hits, first, last, seed=seed, samples=samples, workers=workers)
        for first, last in zip(bounds, bounds[1:])
        if first < last
    ]
    return merge_tree("monte_carlo_pi", sum, parts, split_every, partial(_estimate, samples=samples))


def _hits(first: int, last: int, seed: tuple[int, ...], samples: int, workers: int | None) -> int:
    """Return how many points of some blocks lie in the quarter circle."""
    hits = 0
    for block in range(first, last):
        points = min(BLOCK, samples - block * BLOCK)
        stream = np.random.SeedSequence(seed, spawn_key=(block,))
        estimate = rne.monte_carlo_pi(points, rng=stream, workers=workers, progress=_look)
        # Exact: the estimate is 4 * hits / points, rounded to 53 bits, and hits has 24.
        hits += round(estimate * points / 4)
    return hits


def _look(done: int, points: int) -> None:
    stop_if_cancelled()


def _estimate(hits: int, samples: int) -> float:
    return 4 * hits / samples
