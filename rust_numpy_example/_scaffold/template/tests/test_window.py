"""moving_average."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import DTYPES, INTEGERS, layouts, sample, strided

import rust_numpy_example as package


def naive(data: Any, window: int, axis: int = -1, min_count: int | None = None) -> np.ndarray:
    """Each window added up by itself."""
    rows = np.moveaxis(np.asarray(data, "f8"), axis, -1)
    means = np.full(rows.shape, np.nan)
    for end in range(rows.shape[-1]):
        part = rows[..., max(0, end + 1 - window) : end + 1]
        if part.shape[-1] >= (window if min_count is None else min_count):
            means[..., end] = part.sum(-1) / part.shape[-1]
    return np.moveaxis(means, -1, axis)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_axis_and_layout_of_every_dtype(dtype: str) -> None:
    data = sample(dtype, (3, 4, 5))
    for name, x in layouts(data):
        for axis in (0, 1, 2, -1):
            for min_count in (1, 2, None):
                got = package.moving_average(x, 3, axis, min_count=min_count)
                assert got.dtype == (dtype if dtype.startswith("float") else "float64")
                np.testing.assert_allclose(
                    got, naive(data, 3, axis, min_count).astype(got.dtype), rtol=1e-15, err_msg=name
                )


@given(strided("i2"), st.data())
def test_any_shape_axis_and_window(data: np.ndarray, draw: st.DataObject) -> None:
    data = np.asarray(data)
    axes = [axis for axis in range(data.ndim) if data.shape[axis]]
    if not axes:
        return
    axis = draw.draw(st.sampled_from(axes))
    window = draw.draw(st.integers(1, data.shape[axis]))
    np.testing.assert_array_equal(package.moving_average(data, window, axis), naive(data, window, axis))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_sums_of_integers_are_exact(dtype: str) -> None:
    data = np.full(300, np.iinfo(dtype).max, dtype)
    assert (package.moving_average(data, 7, min_count=1) == float(data[0])).all()


def test_nothing_drifts() -> None:
    data = np.random.default_rng(2).standard_normal(20_000) + 3
    data[5] = 1e17
    for window in (3, 100, 1000):
        got = package.moving_average(data, window)
        for end in (window + 8, 15_000, 19_999):
            exact = sum(map(Fraction, data[end + 1 - window : end + 1].tolist()), Fraction()) / window
            assert abs(Fraction(float(got[end])) - exact) <= 8 * Fraction(2) ** -53 * exact


def test_threads_do_not_change_a_bit() -> None:
    data = np.random.default_rng(1).standard_normal((40, 5000))
    for x in (data, data.T, data.ravel()):
        results = {package.moving_average(x, 9, workers=workers).tobytes() for workers in (1, 2, 5)}
        assert len(results) == 1


def test_wrong_arguments_are_refused_with_a_reason() -> None:
    x = np.arange(3.0)
    with pytest.raises(
        ValueError, match="moving_average: argument window, got 4, expected an int from 1 to 3"
    ):
        package.moving_average(x, 4)
    with pytest.raises(TypeError, match="argument window, got float"):
        package.moving_average(x, 2.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="argument axis, got 1, expected -1 to 0"):
        package.moving_average(x, 2, 1)
    with pytest.raises(ValueError, match="argument min_count, got 3"):
        package.moving_average(x, 2, min_count=3)
    with pytest.raises(ValueError, match="got a NaN"):
        package.moving_average([1.0, np.nan], 2, nan_policy="raise")
