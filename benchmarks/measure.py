"""Times two calls in turn, in one process, and compares what they return."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.case import Case

#: Seconds without a call, and then seconds of calls that are not timed, where threads are used.
PAUSE = 0.05


@dataclass(frozen=True)
class Ratio:
    """How many times faster ours is: the median, and the 10th and 90th percentile of pairs."""

    median: float
    low: float
    high: float
    rounds: int


def _repeats(call: Callable[..., Any], least: float, fresh: Callable[[], Any] | None = None) -> int:
    """Return how often a call has to be repeated to last ``least`` seconds."""
    repeats = 1
    while True:
        seconds = _seconds(call, repeats, fresh)
        if seconds >= least or repeats >= 1 << 20 or fresh:
            return repeats
        repeats = max(2 * repeats, int(1.2 * repeats * least / max(seconds, 1e-9)))


def _seconds(call: Callable[..., Any], repeats: int, fresh: Callable[[], Any] | None = None) -> float:
    if fresh:
        argument = fresh()
        start = time.perf_counter()
        call(argument)
        return time.perf_counter() - start
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return time.perf_counter() - start


def _settle(call: Callable[..., Any], fresh: Callable[[], Any] | None) -> None:
    """Bring threads to where a call finds them when nothing but such calls runs.

    Threads of the other side may still wait for work at full speed, as those of OpenBLAS do for tens of
    milliseconds, and take a CPU; ours may be asleep, or have to be moved to a CPU of their own.
    """
    time.sleep(PAUSE)
    end = time.perf_counter() + PAUSE
    while time.perf_counter() < end:
        _seconds(call, 1, fresh)


def measure(case: Case, budget: float, threads: int = 1) -> Ratio:
    """Measure a case for about ``budget`` seconds, after a check of the results."""
    case.check(case.ours(case.fresh()) if case.fresh else case.ours(), case.theirs())
    # With threads, few pairs of long rounds.
    several = threads > 1
    least = budget / 10 if several else min(2e-3, budget / 50)
    ours, theirs = _repeats(case.ours, least, case.fresh), _repeats(case.theirs, least)
    pairs: list[tuple[float, float]] = []
    gc.collect()
    gc.disable()
    try:
        end = time.perf_counter() + budget
        while len(pairs) < 5 or (time.perf_counter() < end and len(pairs) < 200):
            if several:
                _settle(case.ours, case.fresh)
            a = _seconds(case.ours, ours, case.fresh) / ours
            if several:
                _settle(case.theirs, None)
            pairs.append((a, _seconds(case.theirs, theirs) / theirs))
            if len(pairs) >= 3 and time.perf_counter() > end + 4 * budget:
                break
    finally:
        gc.enable()
    ratios = sorted(theirs / ours for ours, theirs in pairs)
    median = statistics.median(theirs for _, theirs in pairs) / statistics.median(ours for ours, _ in pairs)
    last = len(ratios) - 1
    return Ratio(median, ratios[round(0.1 * last)], ratios[round(0.9 * last)], len(pairs))
