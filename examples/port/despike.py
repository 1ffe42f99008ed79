"""A loop that NumPy has no function for: what is done with an element depends on all before it."""

from __future__ import annotations

import math
from collections.abc import Iterable


def despike(
    values: Iterable[float], limit: float = 4.0, decay: float = 0.95, patience: int = 5
) -> list[float]:
    """Replace the spikes of a sensor by its level.

    Level and spread follow the values slowly (``decay``). A value that is further from the level than ``limit`` times
    the spread is a spike, unless ``patience`` of them have come in a row: then the sensor is somewhere else, and both
    start anew. NaN, a gap, stays NaN and changes nothing.
    """
    cleaned = []
    level = math.nan
    spread = 0.0
    seen = 0
    rejected = 0
    for value in values:
        if math.isnan(value):
            cleaned.append(math.nan)
            continue
        if seen == 0 or rejected >= patience:
            level = value
            spread = 0.0
            seen = 1
            rejected = 0
            cleaned.append(value)
            continue
        error = abs(value - level)
        if seen >= patience and error > limit * spread:
            rejected += 1
            cleaned.append(level)
            continue
        rejected = 0
        seen += 1
        if seen <= patience:
            spread += (error - spread) / (seen - 1)
        else:
            spread = decay * spread + (1.0 - decay) * error
        level = decay * level + (1.0 - decay) * value
        cleaned.append(value)
    return cleaned
