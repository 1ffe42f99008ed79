"""A cluster whose workers are killed all the time."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("dask.array")
pytest.importorskip("distributed")

import dask
from clusters import a_cluster, everything, shown, slow_statistics

pytestmark = [pytest.mark.once, pytest.mark.filterwarnings("ignore")]


@pytest.mark.soak
def test_workers_are_killed_for_ten_minutes(tmp_path: Path, figure: Callable[[str, str, bool], None]) -> None:
    minutes = float(os.environ.get("RUST_NUMPY_EXAMPLE_SOAK_MINUTES", "10"))
    rng = np.random.default_rng(4)
    kills = rounds = 0
    config = {"distributed.scheduler.allowed-failures": 1000}
    with dask.config.set(config), a_cluster(3, "forkserver", memory_limit="2GB") as client:
        end = time.monotonic() + 60 * minutes
        expected = {
            name: shown(value)
            for name, value in zip(
                everything(tmp_path), dask.compute(*everything(tmp_path).values(), scheduler="threads")
            )
        }
        statistics, whole = slow_statistics(0.05, 200)
        while time.monotonic() < end:
            lazy = everything(tmp_path)
            future = client.compute([statistics, *lazy.values()])
            while not all(one.done() for one in future):
                time.sleep(rng.uniform(0.5, 3))
                known = client.scheduler_info(n_workers=-1)["workers"]
                # One that has not joined yet is left alone: what watches over it gives up if it dies while it starts.
                joined = [one for one in client.cluster.workers.values() if one.worker_address in known]
                if len(joined) > 1:
                    os.kill(joined[rng.integers(len(joined))].process.pid, signal.SIGKILL)
                    kills += 1
            first, *others = client.gather(future)
            assert shown(first) == shown(whole)
            for name, value in zip(lazy, others):
                assert shown(value) == expected[name], name
            rounds += 1
            # What nobody holds any more is computed again in the next round.
            del future
    figure(
        "Workers of a cluster are killed all the time: every result keeps its bits",
        f"{kills} workers killed in {minutes:g} minutes and {rounds} rounds of {len(expected) + 1} results, wrong: 0",
        # One that starts anew takes its time on a busy machine; where nothing is killed, nothing is shown.
        kills >= 2 * minutes and rounds > 0,
    )
