"""What large clusters would do, from costs that are measured here; part of ``benchmarks/dask_tables.py``.

Measured are the kernel on chunks larger than the caches, a merge, and what a task of one element costs the client, the
scheduler, a worker, and one that waits for it. The parts of the model grow with the number of tasks or of bytes, and go on
at the same time: the largest is what one waits for. The parts that need no cluster of a thousand are checked
with as many chunks as there would be.
"""

from __future__ import annotations

import pickle
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, log
from typing import Any

import dask
import dask.array as da
import numpy as np

import rust_numpy_example as rne
import rust_numpy_example.dask as rnd

#: Bytes a second that a scheduler, or the network of a worker, takes in.
NETWORK = 1e9


@dataclass(frozen=True)
class Costs:
    """Seconds, as measured."""

    #: Of CPU for a byte of float64 in `compute_stats`.
    byte: float
    #: Of a merge of two states.
    merge: float
    #: Of the client to build and optimise the graph of a task.
    built: float
    #: Of CPU of the scheduler for a task.
    scheduled: float
    #: Of CPU of a worker for a task, besides its work.
    worked: float
    #: By the clock, from the end of a task to that of one that waits for it.
    hop: float
    #: Bytes of a state that is sent.
    state: float

    def seconds(
        self, total: float, chunk: float, workers: int, threads: int, split_every: int = 4
    ) -> dict[str, float]:
        """Return how many tasks there are, and what each part takes."""
        chunks = ceil(total / chunk)
        tasks = chunks + chunks / (split_every - 1)
        rounds = max(1, ceil(log(chunks, split_every)))
        return {
            "tasks": tasks,
            "client": tasks * self.built,
            "scheduler": tasks * self.scheduled,
            "workers": tasks * self.worked / workers,
            "kernel": total * self.byte / workers / threads,
            "last merges": rounds * (self.hop + split_every * (self.merge + self.state / NETWORK)),
        }


def cpu(call: Callable[[], Any]) -> float:
    """Return the CPU seconds of a call, its threads included."""
    start = time.process_time()
    call()
    return time.process_time() - start


def small(count: int) -> Any:
    """Return the statistics of so many chunks of one element, not computed."""
    return rnd.compute_stats(da.zeros(count, chunks=1))


def graph(count: int) -> float:
    """Return the CPU seconds to build and optimise the graph of so many chunks."""
    return cpu(lambda: dask.optimize(small(count)))


def _cpu_of_worker() -> float:
    return time.process_time()


def run(client: Any, count: int) -> tuple[float, float]:
    """Compute chunks of one element; return the CPU seconds of this process and of the workers.

    The scheduler of a LocalCluster lives in this process; the workers do not.
    """
    before = sum(client.run(_cpu_of_worker).values())
    here = cpu(lambda: client.compute(small(count)).result())
    return here, sum(client.run(_cpu_of_worker).values()) - before


def measured(client: Any, chunks: int = 3000) -> Costs:
    """Return the costs."""
    # Larger than the caches, as the chunks of 10 TB are.
    block = np.random.default_rng(0).normal(size=(8000, 8000))
    byte = min(cpu(lambda: rne.compute_stats(block, workers=1)) for _ in range(9)) / block.nbytes
    states = [rne.compute_stats(block[:2]) for _ in range(1000)]
    merge = min(cpu(lambda: [states[0].merge(state) for state in states]) for _ in range(5)) / 1000
    tasks = chunks * 4 / 3
    built = min(graph(20_000) for _ in range(3)) / (20_000 * 4 / 3)
    run(client, 100)
    runs = [run(client, chunks) for _ in range(3)]
    scheduled, worked = (min(each) / tasks for each in zip(*runs))

    def chain() -> None:
        future = client.submit(int, 0)
        for _ in range(50):
            future = client.submit(abs, future, pure=False)
        future.result()

    hops = []
    for _ in range(5):
        start = time.perf_counter()
        chain()
        hops.append((time.perf_counter() - start) / 51)
    return Costs(byte, merge, built, scheduled - built, worked, min(hops), len(pickle.dumps(states[0])))


def lines(counts: tuple[int, ...], on_scheduler: int) -> list[str]:
    """Return the lines of the section: costs, checks, the table.

    ``counts`` are the chunks of graphs that are built, ``on_scheduler`` those of one that is run.
    """
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        costs = measured(client)
        parts = costs.seconds(8.0 * on_scheduler, 8, 2, 1)
        here, there = run(client, on_scheduler)
        expected = parts["client"] + parts["scheduler"], 2 * parts["workers"]
    checks = [
        (f"{on_scheduler:,} chunks: client and scheduler", expected[0], here),
        (f"{on_scheduler:,} chunks: the workers together", expected[1], there),
        *(
            (f"{count:,} chunks: client", costs.seconds(8.0 * count, 8, 2, 1)["client"], graph(count))
            for count in counts
        ),
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return [*_costs(costs), "", *_checks(checks, peak), "", *_table(costs), "", *_fans(costs)]


def _costs(costs: Costs) -> list[str]:
    return [
        f"Measured: {1e-9 / costs.byte:.3g} GB of float64 a second and thread in `compute_stats`, "
        f"{1e6 * costs.merge:.2g} µs a merge of states of {costs.state:.0f} bytes. A task of one element takes "
        f"{1e6 * costs.built:.0f} µs of the client (graph built and optimised), {1e6 * costs.scheduled:.0f} µs of the scheduler, "
        f"{1e6 * costs.worked:.0f} µs of a worker; the next one that waits for it is done {1e3 * costs.hop:.1f} ms later."
    ]


def _checks(checks: list[tuple[str, float, float]], peak: float) -> list[str]:
    rows = [f"| {what} | {model:.3g} s | {actual:.3g} s |" for what, model, actual in checks]
    return [
        "| chunks of one element, CPU time | by the model | as it was |",
        "|---|---|---|",
        *rows,
        "",
        f"The process that built them took {peak:.2g} GB at most.",
    ]


def _table(costs: Costs) -> list[str]:
    rows = []
    for workers in (100, 1000):
        for chunk in (16e6, 128e6, 512e6, 2e9):
            parts = costs.seconds(10e12, chunk, workers, 8)
            tasks = parts.pop("tasks")
            longest = max(parts, key=lambda part: parts[part])
            shown = " | ".join(f"{value:.3g} s" for value in parts.values())
            rows.append(
                f"| {workers} of 8 threads | {chunk / 1e6:.0f} MB | {tasks:,.0f} | {shown} | {longest} |"
            )
    return [
        "| workers, 10 TB of float64 | chunk | tasks | client | scheduler | workers | kernel | last merges | what one waits for |",
        "|---|---|---|---|---|---|---|---|---|",
        *rows,
    ]


def _fans(costs: Costs) -> list[str]:
    """Return the table of fan-ins, for states of one number and of a million lines (axis=0)."""
    rows = []
    for entries in (1, 1_000_000):
        grown = Costs(
            costs.byte,
            costs.merge * max(1.0, entries / 100),
            costs.built,
            costs.scheduled,
            costs.worked,
            costs.hop,
            costs.state if entries == 1 else 56.0 * entries,
        )
        for split_every in (2, 4, 8, 16, 32):
            parts = grown.seconds(10e12, 512e6, 1000, 8, split_every)
            held = (split_every + 1) * grown.state / 1e6
            rows.append(
                f"| {entries:,} | {split_every} | {parts['tasks']:,.0f} | {parts['scheduler']:.3g} s "
                f"| {parts['last merges']:.3g} s | {held:.3g} MB |"
            )
    return [
        "| lines of a state | `split_every` | tasks | scheduler | last merges | a merge holds |",
        "|---|---|---|---|---|---|",
        *rows,
    ]
