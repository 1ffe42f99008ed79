"""moving_average."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import COMPLEX, INTEGERS, REAL, layouts, sample, strided

import rust_numpy_example as rne

#: Of both ways in which sums are made, and around the lengths at which one changes.
WINDOWS = [1, 2, 3, 7, 31, 63, 64, 65, 100, 255, 256, 257, 300]


def naive(
    data: Any, window: int, axis: int = -1, min_count: int | None = None, omit: bool = False
) -> np.ndarray:
    """Each window added up by itself."""
    rows = np.moveaxis(np.asarray(data, "f8"), axis, -1)
    means = np.full(rows.shape, np.nan)
    with np.errstate(invalid="ignore"):
        for end in range(rows.shape[-1]):
            part = rows[..., max(0, end + 1 - window) : end + 1]
            counts = ~np.isnan(part) if omit else np.ones(part.shape, bool)
            count = counts.sum(-1)
            sums = np.where(counts, part, 0).sum(-1)
            enough = count >= (window if min_count is None else min_count)
            means[..., end] = np.where(enough, sums / np.maximum(count, 1), np.nan)
    return np.moveaxis(means, -1, axis)


@pytest.mark.parametrize("dtype", REAL)
def test_every_axis_and_layout_of_every_dtype(dtype: str) -> None:
    data = sample(dtype, (3, 4, 5))
    expected_dtype = dtype if dtype.startswith("float") else "float64"
    for name, x in layouts(data):
        for axis in (0, 1, 2, -1):
            for min_count in (1, 2, None):
                got = rne.moving_average(x, 3, axis, min_count=min_count)
                assert got.dtype == expected_dtype and got.flags.c_contiguous and type(got) is np.ndarray
                expected = naive(data, 3, axis, min_count).astype(expected_dtype)
                np.testing.assert_allclose(got, expected, rtol=1e-15, err_msg=f"{name} {axis}")


@given(strided("i2"), st.data())
def test_any_shape_axis_and_window(data: np.ndarray, draw: st.DataObject) -> None:
    data = np.asarray(data)
    axes = [axis for axis in range(data.ndim) if data.shape[axis]]
    if not axes:
        return
    axis = draw.draw(st.sampled_from(axes))
    window = draw.draw(st.integers(1, data.shape[axis]))
    min_count = draw.draw(st.none() | st.integers(1, window))
    got = rne.moving_average(data, window, axis, min_count=min_count)
    np.testing.assert_array_equal(got, naive(data, window, axis, min_count))


@pytest.mark.thorough
@pytest.mark.parametrize("window", WINDOWS)
def test_what_is_not_finite_leaves_with_its_element(window: int) -> None:
    data = np.arange(700.0) % 50
    data[[10, 11, 600]] = np.nan
    data[[90, 310]] = np.inf
    data[300] = -np.inf
    for omit in (False, True):
        for min_count in (1, (window + 1) // 2, window):
            got = rne.moving_average(
                data, window, min_count=min_count, nan_policy="omit" if omit else "propagate"
            )
            np.testing.assert_allclose(got, naive(data, window, -1, min_count, omit), rtol=1e-14)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_a_nan_may_be_refused(dtype: str) -> None:
    data = np.ones((3, 40), dtype)
    np.testing.assert_array_equal(rne.moving_average(data, 4, nan_policy="raise", min_count=1), data)
    data[2, 39] = np.nan
    with pytest.raises(ValueError, match="moving_average: argument arr, got a NaN, expected none"):
        rne.moving_average(data, 4, nan_policy="raise")


@pytest.mark.parametrize("dtype", INTEGERS)
def test_sums_of_integers_are_exact(dtype: str) -> None:
    info = np.iinfo(dtype)
    rng = np.random.default_rng(1)
    data = rng.integers(info.min, info.max, 600, dtype, endpoint=True)
    data[100:300] = info.max
    data[300:500] = info.min
    sums = np.concatenate([[0], np.cumsum(data.astype("O"))])
    for window in WINDOWS:
        got = rne.moving_average(data, window)
        assert np.isnan(got[: window - 1]).all()
        # A quotient of ints is rounded once.
        expected = [int(total) / window for total in sums[window:] - sums[:-window]]
        assert got[window - 1 :].tolist() == expected


def _assert_no_drift(size: int, window: int, checked: int) -> None:
    """After a large early value every mean is that of its window, to the last digits."""
    rng = np.random.default_rng(2)
    data = rng.standard_normal(size) + 3
    data[5] = 1e17
    data[7] = -1e300
    got = rne.moving_average(data, window)
    for end in np.unique(np.concatenate([rng.integers(window + 8, size, checked), [window + 8, size - 1]])):
        exact = sum(map(Fraction, data[end + 1 - window : end + 1].tolist()), Fraction()) / window
        assert abs(Fraction(float(got[end])) - exact) <= 8 * Fraction(2) ** -53 * exact


@pytest.mark.parametrize("window", [3, 60, 64, 1000])
def test_nothing_drifts(window: int) -> None:
    _assert_no_drift(100_000, window, 20)


@pytest.mark.soak
@pytest.mark.parametrize("window", [10, 1000, 100_000])
def test_nothing_drifts_over_ten_millions(window: int) -> None:
    _assert_no_drift(10_000_000, window, 100)


def test_a_constant_stays_what_it_is() -> None:
    for value in (1.0, 0.1, -7e300 / 1e4, 5e-324):
        data = np.full(700, value)
        for window in WINDOWS:
            got = rne.moving_average(data, window, min_count=1)
            np.testing.assert_allclose(got, data, rtol=1e-15)
    for window in WINDOWS:
        assert (rne.moving_average(np.ones(700), window, min_count=1) == 1).all()


def test_float32_and_float16_are_summed_in_float64() -> None:
    data = np.full(100_000, 0.1, "f4")
    assert (rne.moving_average(data, 50_000, min_count=1) == np.float32(0.1)).all()
    half = np.full(3000, 60_000, "f2")
    assert (rne.moving_average(half, 2000, min_count=1) == 60_000).all()


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i8"])
def test_threads_do_not_change_a_bit(dtype: str) -> None:
    rng = np.random.default_rng(1)
    data = (rng.standard_normal((140, 999)) * 1e6).astype(dtype)
    for x in (data, data.T, data[::2, ::3], data[::-1], data.ravel()):
        for axis in range(x.ndim):
            for window in (5, 70):
                results = {
                    rne.moving_average(x, window, axis, workers=workers).tobytes() for workers in (1, 2, 5)
                }
                assert len(results) == 1


def test_nothing_is_copied_or_changed() -> None:
    data = np.arange(12.0).reshape(3, 4)
    data.flags.writeable = False
    got = rne.moving_average(data, 2)
    assert not np.shares_memory(got, data) and got.flags.writeable
    np.testing.assert_array_equal(data, np.arange(12.0).reshape(3, 4))


@pytest.mark.parametrize("shape", [(0, 3), (2, 0, 3)])
def test_nothing_comes_of_nothing(shape: tuple[int, ...]) -> None:
    got = rne.moving_average(np.zeros(shape, "f4"), 2)
    assert got.shape == shape and got.dtype == np.float32


X = np.arange(3.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: rne.moving_average(X, 0), ValueError, "argument window, got 0, expected an int from 1 to 3"),
        (lambda: rne.moving_average(X, 4), ValueError, "argument window, got 4, expected an int from 1 to 3"),
        (lambda: rne.moving_average(X, 2**70), ValueError, "argument window, got 1180591620717411303424"),
        (lambda: rne.moving_average(X, 2.0), TypeError, "argument window, got float, expected an int"),
        (lambda: rne.moving_average(X, None), TypeError, "argument window, got NoneType"),
        (
            lambda: rne.moving_average(np.zeros(0), 1),
            ValueError,
            "argument window, got 1, expected .* 1 to 0",
        ),
        (
            lambda: rne.moving_average(5.0, 1),
            ValueError,
            "argument arr, got no axes, expected one axis or more",
        ),
        (lambda: rne.moving_average(X, 1, 1), ValueError, "argument axis, got 1, expected -1 to 0"),
        (lambda: rne.moving_average(X, 1, None), TypeError, "argument axis, got NoneType"),
        (
            lambda: rne.moving_average(X, 2, min_count=0),
            ValueError,
            "argument min_count, got 0, .* from 1 to 2",
        ),
        (
            lambda: rne.moving_average(X, 2, min_count=3),
            ValueError,
            "argument min_count, got 3, .* from 1 to 2",
        ),
        (lambda: rne.moving_average(X, 2, min_count=1.0), TypeError, "argument min_count, got float"),
        (lambda: rne.moving_average(X, 2, nan_policy="x"), ValueError, "argument nan_policy, got 'x'"),
        (lambda: rne.moving_average(X, 2, workers=0), ValueError, "argument workers, got 0"),
        (lambda: rne.moving_average(["a"], 1), TypeError, "argument arr, got"),
        (lambda: rne.moving_average(np.ma.array([1, 2], mask=[1, 0]), 1), TypeError, "masked"),
    ],
)
def test_wrong_arguments_are_refused_with_a_reason(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        call()
    assert re.search("^moving_average: .*" + message, str(raised.value))


@pytest.mark.parametrize("dtype", COMPLEX + ["longdouble"])
def test_dtypes_without_a_mean_are_refused(dtype: str) -> None:
    with pytest.raises(TypeError, match="moving_average: argument arr, got dtype"):
        rne.moving_average(np.ones(3, dtype), 2)


@pytest.mark.parametrize("window", [1, 5, 64, 100])
def test_it_means_what_peers_mean(window: int) -> None:
    rng = np.random.default_rng(3)
    data = rng.standard_normal(500)
    data[rng.integers(0, 500, 40)] = np.nan
    for min_count in (1, (window + 1) // 2, window):
        got = rne.moving_average(data, window, min_count=min_count, nan_policy="omit")
        bottleneck = pytest.importorskip("bottleneck")
        expected = bottleneck.move_mean(data, window, min_count)
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


def test_it_means_what_pandas_means() -> None:
    pd = pytest.importorskip("pandas")
    data = np.random.default_rng(4).standard_normal(500)
    data[::9] = np.nan
    expected = pd.Series(data).rolling(20, min_periods=10).mean().to_numpy()
    got = rne.moving_average(data, 20, min_count=10, nan_policy="omit")
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


def test_no_axis_is_not_said_to_be_accepted() -> None:
    with pytest.raises(TypeError, match=r"argument axis, got NoneType, expected an int$"):
        rne.moving_average([1, 2], 2, axis=None)
