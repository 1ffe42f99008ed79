"""Times a case, once the results of both sides have been compared."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from benchmarks.case import Case
from rust_numpy_example._timing import Ratio, in_turn, repeats, seconds

#: Seconds without a call, where threads are used: longer than a thread of OpenBLAS waits for work at full speed, which
#: is 2**28 cycles of the time stamp counter.
PAUSE = 0.15
#: Seconds of calls that are not timed, after that.
WARM = 0.05


def _settle(call: Callable[[], float]) -> None:
    """Bring threads to where a call finds them when nothing but such calls runs.

    Threads of the other side may still wait for work at full speed, as those of OpenBLAS do for a tenth of a second,
    and take a CPU; ours may be asleep, or have to be moved to a CPU of their own.
    """
    time.sleep(PAUSE)
    end = time.perf_counter() + WARM
    while time.perf_counter() < end:
        call()


def _with(call: Callable[..., Any], fresh: Callable[[], Any]) -> float:
    """Time a call with an argument of its own."""
    argument = fresh()
    return seconds(lambda: call(argument), 1)


def measure(case: Case, budget: float, threads: int = 1) -> Ratio:
    """Measure a case for about ``budget`` seconds, after a check of the results."""
    case.check(case.ours(case.fresh()) if case.fresh else case.ours(), case.theirs())
    # With threads, few pairs of long rounds.
    several = threads > 1
    least = budget / 10 if several else min(2e-3, budget / 50)

    def timer(call: Callable[..., Any], fresh: Callable[[], Any] | None) -> Callable[[], float]:
        if fresh:
            once = timed = lambda: _with(call, fresh)
        else:
            count = repeats(call, least)
            once, timed = lambda: seconds(call, 1), lambda: seconds(call, count)

        def settled() -> float:
            _settle(once)
            return timed()

        return settled if several else timed

    return Ratio.of(*in_turn([timer(case.ours, case.fresh), timer(case.theirs, None)], budget))
