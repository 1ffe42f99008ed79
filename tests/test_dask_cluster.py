"""The functions on a real cluster: several processes that talk over the loopback device.

Workers are killed, come late, have too little memory; tasks fail, and are cancelled.
"""

from __future__ import annotations

import doctest
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("dask.array")
pytest.importorskip("distributed")

import cloudpickle
import dask
import dask.array as da
import dask.bag as db
import distributed
from clusters import THREADS, a_cluster, everything, shown, slow_statistics

import rust_numpy_example as rne
import rust_numpy_example.dask as rnd

# The workers cannot import this file.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

pytestmark = [pytest.mark.once, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with a_cluster(2, memory_limit="2GB") as client:
        yield client


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for something that has to come soon; the limit is for a machine that is busy."""
    end = time.monotonic() + 60
    while not (result := condition()):
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.01)
    return result


def pids(client: Any) -> dict[str, int]:
    return dict(client.run(os.getpid))


def at_work(client: Any) -> int:
    """Return the threads of the workers that are within a task, cancelled or not."""

    def threads(dask_worker: Any) -> int:
        return len(dask_worker.active_threads)

    return int(sum(client.run(threads).values()))


# --- everything, once


def test_every_scheduler_gives_the_same_bits(client: Any, tmp_path: Path) -> None:
    lazy = everything(tmp_path)
    on_cluster = dict(zip(lazy, client.gather(client.compute(list(lazy.values())))))
    for scheduler in ("synchronous", "threads"):
        here = dict(zip(lazy, dask.compute(*lazy.values(), scheduler=scheduler)))
        for name, value in here.items():
            assert shown(on_cluster[name]) == shown(value), (scheduler, name)


# --- threads


def test_no_more_threads_compute_than_the_cluster_has(client: Any, tmp_path: Path) -> None:
    def pool_threads() -> int:
        names = (Path(f"/proc/self/task/{task}/comm") for task in os.listdir("/proc/self/task"))
        return sum(name.read_text().startswith("rust_numpy") for name in names)

    if not Path("/proc/self/task").is_dir():
        pytest.skip("threads are counted in /proc")
    client.run(rne.set_num_threads, 3)
    large = da.from_array(np.random.default_rng(0).normal(size=(2000, 1000)), chunks=(1000, 1000))
    lazy = [
        *everything(tmp_path).values(),
        rnd.compute_stats(large),
        rnd.sum_array(large),
        rnd.cpu_intensive(large),
        rnd.matrix_multiply(large, large.T[:, :500]),
        rnd.gaussian_blur(large, 1.0),
        rnd.monte_carlo_pi(3_000_000, rng=1),
        rnd.word_count(db.from_sequence(["some words " * 100_000] * 2, npartitions=2)),
    ]
    before = client.run(pool_threads)
    client.gather(client.compute(lazy))
    after = client.run(pool_threads)
    assert sum(after.values()) == sum(before.values()), "a task of one thread has started others"
    # Seen to notice: a task that may have more threads does start them.
    client.gather(client.compute(rnd.cpu_intensive(large, workers=3)))
    assert sum(client.run(pool_threads).values()) > sum(after.values())
    client.run(rne.set_num_threads, None)


# --- cancellation and the event loop


def endless() -> Any:
    return rnd.monte_carlo_pi(2**62, rng=1, partitions=2 * THREADS)


def test_cancelled_tasks_stop_and_free_the_worker(client: Any) -> None:
    future = client.compute(endless())
    until(lambda: at_work(client) == 2 * THREADS, "the tasks run")
    # All threads are at work, and the event loops answer nevertheless: the interpreter is released.
    for _ in range(5):
        assert len(pids(client)) == 2
    future.cancel()
    until(lambda: at_work(client) == 0, "the tasks have stopped")
    assert client.submit(sum, [1, 2]).result(timeout=60) == 3


def test_long_texts_are_left_when_they_are_cancelled(client: Any, tmp_path: Path) -> None:
    # A pipe that has no end: the task waits for more after each piece.
    text = ("word " * 1000 + "\n") * 200
    bag = db.from_sequence(range(1), npartitions=1).map_partitions(lambda _: (text for _ in range(10**9)))
    future = client.compute(rnd.word_count(bag))
    until(lambda: at_work(client) == 1, "the task runs")
    future.cancel()
    until(lambda: at_work(client) == 0, "the task has stopped")


# --- failures


def test_a_worker_is_killed_in_the_middle(client: Any) -> None:
    lazy, expected = slow_statistics(0.1)
    future = client.compute(lazy)
    until(lambda: sum(len(held) for held in client.has_what().values()) > 5, "some results are there")
    victim = next(iter(pids(client).values()))
    os.kill(victim, signal.SIGKILL)
    assert shown(future.result(timeout=120)) == shown(expected)
    until(lambda: len(pids(client)) == 2, "the worker is back")
    assert victim not in pids(client).values()


def test_a_worker_that_joins_late_gets_work(client: Any) -> None:
    lazy, expected = slow_statistics(0.2)
    future = client.compute(lazy)
    before = set(client.scheduler_info(n_workers=-1)["workers"])
    client.cluster.scale(3)
    until(lambda: len(client.scheduler_info(n_workers=-1)["workers"]) == 3, "it has joined")
    (late,) = set(client.scheduler_info(n_workers=-1)["workers"]) - before
    until(lambda: len(client.has_what().get(late, ())) > 0 or future.done(), "it has results")
    assert len(client.has_what().get(late, ())) > 0
    assert shown(future.result(timeout=120)) == shown(expected)
    client.cluster.scale(2)
    until(lambda: len(client.scheduler_info(n_workers=-1)["workers"]) == 2, "it has left")


def test_what_fails_is_tried_again(client: Any, tmp_path: Path) -> None:
    def flaky(block: Any, block_id: tuple[int, ...]) -> Any:
        mark = tmp_path / str(block_id)
        if block_id[0] % 2 and not mark.exists():
            mark.touch()
            raise OSError("the first time fails")
        return block

    whole = np.random.default_rng(2).normal(size=1000)
    source = da.from_array(whole, chunks=100).map_blocks(flaky, dtype="f8", meta=np.empty(0))
    future = client.compute(rnd.compute_stats(source), retries=2)
    expected = rnd.compute_stats(da.from_array(whole, chunks=100)).compute(scheduler="synchronous")
    assert shown(future.result(timeout=120)) == shown(expected)
    assert len(list(tmp_path.iterdir())) == 5


def test_an_error_of_a_task_comes_to_the_caller(client: Any) -> None:
    bad = da.from_array(np.array([1.0, np.nan, 3.0]), chunks=1)
    with pytest.raises(ValueError, match="nan_policy"):
        client.compute(rnd.compute_stats(bad, nan_policy="raise")).result(timeout=60)


# --- memory


def test_results_that_do_not_fit_are_moved_to_disk_and_come_back() -> None:
    whole = np.random.default_rng(3).normal(size=(12, 200_000))
    source = da.from_array(whole, chunks=(2, 200_000))
    expected = rnd.compute_stats(source, axis=0).compute(scheduler="synchronous")
    # Above 20 MB the results of tasks go to disk. What counts is what Dask believes that they take.
    memory = "distributed.worker.memory."
    limits = {f"{memory}target": 0.02, f"{memory}spill": False, f"{memory}pause": False}
    with dask.config.set(limits), a_cluster(1, "forkserver", memory_limit="1GB") as client:
        # Six states of 11 MB each.
        parts = [rnd.compute_stats(source[2 * i : 2 * i + 2], axis=0).persist() for i in range(6)]
        distributed.wait(parts)
        spilled = client.run(lambda dask_worker: (len(dask_worker.data.slow), len(dask_worker.data.fast)))
        ((on_disk, _),) = spilled.values()
        assert on_disk >= 3, "the states are larger than the limit, and their sizes are known"
        merged = parts[0]
        for part in parts[1:]:
            merged = merged.merge(part)
        got = client.compute(merged).result(timeout=60)
    for key in got:
        np.testing.assert_allclose(got[key], expected[key], rtol=1e-13)


# --- what the documents show

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documents are not beside the tests")
@pytest.mark.parametrize("page", ["README.md", "docs/dask.md"])
def test_the_lines_of_the_documents_do_what_they_show(page: str) -> None:
    for name in ("pandas", "xarray", "dask.dataframe"):
        pytest.importorskip(name)
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if ">>> " in block]
    assert any("LocalCluster" in block for block in blocks)
    names: dict[str, Any] = {}
    try:
        source = "\n".join(blocks)
        example = doctest.DocTestParser().get_doctest(source, {}, page, page, 0)
        names = example.globs
        said: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        result = runner.run(example, out=said.append, clear_globs=False)
        assert result.attempted > 5 and result.failed == 0, "".join(said)
    finally:
        for name in ("client", "cluster"):
            if name in names:
                names[name].close()
