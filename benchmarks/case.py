"""What a measurement consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


def equal(ours: Any, theirs: Any) -> None:
    """Both are the same."""
    np.testing.assert_array_equal(ours, theirs)


def close(rtol: float, atol: float = 0.0) -> Callable[[Any, Any], None]:
    """Return a check for two results that differ by rounding."""

    def check(ours: Any, theirs: Any) -> None:
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)

    return check


def unchecked(_ours: Any, _theirs: Any) -> None:
    """The results are different by nature, such as random ones."""


@dataclass(frozen=True)
class Case:
    """A call of ours beside the same by a peer."""

    function: str
    #: Sizes, dtypes, parameters.
    what: str
    peer: str
    ours: Callable[..., Any]
    theirs: Callable[[], Any]
    #: The ratio (peer's time by ours) that is promised, if one is.
    must: float | None = None
    check: Callable[[Any, Any], None] = equal
    #: Whether it stands in the table of the README.
    headline: bool = False
    #: The ratio that is promised where the CPU has no more than AVX2, if one is.
    avx2: float | None = None
    #: Why the ratio is below what is promised, where it is.
    reason: str = ""
    #: Makes the argument of our call, outside of what is timed, where a call uses up what it is given.
    fresh: Callable[[], Any] | None = None


def without(peer: str) -> bool:
    """Whether a peer is missing."""
    try:
        __import__(peer)
    except ImportError:
        return True
    return False
