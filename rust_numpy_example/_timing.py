"""Times calls in turns: what the command line and the project's benchmarks measure with."""

from __future__ import annotations

import gc
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ratio:
    """How many times as long theirs takes as ours: of the medians, and the 10th and 90th percentile of pairs."""

    median: float
    low: float
    high: float
    rounds: int

    @staticmethod
    def of(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
        """Compare the times of calls in turns."""
        ratios = sorted(b / a for a, b in zip(ours, theirs))
        last = len(ratios) - 1
        median = statistics.median(theirs) / statistics.median(ours)
        return Ratio(median, ratios[round(0.1 * last)], ratios[round(0.9 * last)], len(ratios))


def seconds(call: Callable[[], Any], repeats: int) -> float:
    """Return the time of one call, of so many."""
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def repeats(call: Callable[[], Any], least: float) -> int:
    """Return how often a call has to be repeated to last ``least`` seconds."""
    count = 1
    while True:
        lasted = count * seconds(call, count)
        if lasted >= least or count >= 1 << 20:
            return count
        count = max(2 * count, int(1.2 * count * least / max(lasted, 1e-9)))


def in_turn(
    timers: Sequence[Callable[[], float]], budget: float, least: int = 5, most: int = 200
) -> list[list[float]]:
    """Return what each timer says, called in turns for ``budget`` seconds.

    There are ``least`` rounds even if they take longer, but not if they take much longer.
    """
    times: list[list[float]] = [[] for _ in timers]
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        end = time.perf_counter() + budget
        while len(times[0]) < least or (time.perf_counter() < end and len(times[0]) < most):
            for timer, seen in zip(timers, times):
                seen.append(timer())
            if len(times[0]) >= min(3, least) and time.perf_counter() > end + 4 * budget:
                break
    finally:
        if enabled:
            gc.enable()
    return times


def cpu() -> str:
    """Return the name of the CPU, as far as the system tells; family and model where they say more than a name."""
    facts: dict[str, str] = {}
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            facts.setdefault(key.strip(), value.strip())
    except OSError:
        pass
    name = facts.get("model name") or facts.get("Model") or ""
    if name and "cpu family" in facts:
        # Virtual machines often name the brand alone.
        name += f" (family {facts['cpu family']}, model {facts.get('model', '?')})"
    return name or platform.processor() or platform.machine()
