"""What the well-known tutorials compare, as they do it: `pip install pytest-benchmark`, then `pytest benchmarks`.

Each function in plain Python, in NumPy and in Rust, over the small data of the demo. The figures of
the docs come from `python benchmarks` instead: in pairs, over more sizes, against stronger peers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rust_numpy_example._twins import Twin, twins

pytest.importorskip("pytest_benchmark")

NAMES = "fibonacci sum_array parallel_sum matrix_multiply array_multiply word_count monte_carlo_pi compute_stats".split()


def cases() -> Iterator[Any]:
    """Yield the twins and ours, a group of the report for each function."""
    for twin in twins():
        if twin.name in NAMES:
            for language in ("python", "numpy", "ours"):
                function = getattr(twin, language)
                if function is not None:
                    name = "rust" if language == "ours" else language
                    yield pytest.param(twin, function, id=f"{twin.name}-{name}")


@pytest.mark.parametrize(("twin", "function"), list(cases()))
def test_speed(twin: Twin, function: Callable[..., Any], benchmark: Any) -> None:
    benchmark.group = f"{twin.name}: {twin.title}"
    data = twin.data()
    result = benchmark(function, *data)
    expected = twin.ours(*data)
    if not isinstance(expected, dict):
        assert result == pytest.approx(expected, rel=max(twin.rtol, 1e-12))
