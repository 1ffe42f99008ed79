"""Every public function beside the same thing in plain Python and in NumPy.

One table for the tests (do they agree?) and for the demo (what does it do,
and how fast?).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

TOPICS = (
    "linalg",
    "elementwise",
    "reduce",
    "stats",
    "window",
    "quantiles",
    "words",
    "image",
    "monte_carlo",
    "fibonacci",
    "processor",
    "interop",
    "aio",
)


@dataclass(frozen=True)
class Twin:
    """A public name and its twins; all are called with what ``data()`` returns."""

    name: str
    title: str
    data: Callable[[], tuple[Any, ...]]
    ours: Callable[..., Any]
    python: Callable[..., Any]
    numpy: Callable[..., Any] | None = None
    #: Largest relative difference to the twins; 0 is equality.
    rtol: float = 0.0


def twins(topic: str | None = None) -> Iterator[Twin]:
    """Yield the rows of one topic, or of all."""
    for name in TOPICS if topic is None else (topic,):
        yield from importlib.import_module(f"{__name__}.{name}").TWINS
