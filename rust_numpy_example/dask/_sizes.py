"""What states take in memory, for Dask, which moves results to disk by it."""

from __future__ import annotations

import sys

import numpy as np
from dask.sizeof import sizeof

from rust_numpy_example import DataProcessor, GroupedStats, QuantileSketch, Stats

#: Floats that a Stats keeps for each of its entries.
_FLOATS = 7


@sizeof.register(Stats)  # type: ignore[untyped-decorator]
def _of_stats(stats: Stats) -> int:
    return max(sys.getsizeof(stats), 64 + 8 * _FLOATS * int(np.size(stats.count)))


@sizeof.register(GroupedStats)  # type: ignore[untyped-decorator]
def _of_groups(stats: GroupedStats) -> int:
    # Not what `groups` takes twice over: labels are few bytes beside the statistics.
    return 64 + (8 * _FLOATS + stats.groups.itemsize) * int(np.size(stats.count))


@sizeof.register(DataProcessor)  # type: ignore[untyped-decorator]
def _of_processor(processor: DataProcessor) -> int:
    return max(sys.getsizeof(processor), 128 + 8 * len(processor))


@sizeof.register(QuantileSketch)  # type: ignore[untyped-decorator]
def _of_sketch(sketch: QuantileSketch) -> int:
    return sys.getsizeof(sketch)
