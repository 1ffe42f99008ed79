"""Filters of images at the limits: constants, the ends of a dtype, infinity, kernels longer than the image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import FLOATS, INTEGERS, REAL
from test_image import MODES, assert_near, exact_sobel, image

import rust_numpy_example as rne
from rust_numpy_example._twins.image import PAD_MODES, gaussian_blur

#: What constants there are of a dtype: ordinary ones, and the ends of its range.
CONSTANTS = {
    **{
        dtype: [
            float(np.finfo(dtype).max),
            -float(np.finfo(dtype).max),
            0.1,
            1.0,
            float(np.finfo(dtype).tiny) / 8,
        ]
        for dtype in FLOATS
    },
    **{
        dtype: [int(np.iinfo(dtype).max), int(np.iinfo(dtype).min), 17, int(np.iinfo(dtype).max) // 2 + 2]
        for dtype in INTEGERS
    },
    "bool": [True, False],
}


def check_constant(
    dtype: str, value: Any, shape: tuple[int, ...], sigma: Any, mode: str, truncate: float, axis: int | None
) -> None:
    """Check that a filter of a constant is that constant, and its derivatives are zero."""
    data = np.full(shape, value, dtype)
    options: Any = {"mode": mode, "cval": float(data.flat[0]) if data.size else 0, "channel_axis": axis}
    for result in ({}, {"dtype": dtype}, {"out": np.empty_like(data)}):
        blurred = rne.gaussian_blur(data, sigma, truncate=truncate, **options, **result)
        assert blurred.dtype == dtype and np.array_equal(blurred, data)
    if dtype not in ("int64", "uint64"):
        # A float64 holds all of these exactly.
        assert np.array_equal(rne.gaussian_blur(data, sigma, dtype="f8", **options), data)
    if data.dtype.kind == "f":
        # A constant that is no float of this dtype stands for one.
        options["cval"] = float(value)
    assert not rne.process_image(data, "edges", **options).any()
    for along in range(data.ndim):
        if axis is None or along != axis % data.ndim:
            assert not rne.sobel(data, axis=along, **options).any()
            assert not rne.sobel(data, axis=along, dtype="f8", **options).any()


@pytest.mark.parametrize("dtype", REAL)
def test_a_filter_of_a_constant_is_that_constant(dtype: str) -> None:
    for mode in MODES:
        for value in CONSTANTS[dtype]:
            for sigma in (0.3, 2, (9, 1), 1e6):
                check_constant(dtype, value, (5, 7), sigma, mode, 4.0, None)


constants = given(
    dtype_and_value=st.sampled_from(REAL).flatmap(
        lambda dtype: st.tuples(
            st.just(dtype),
            st.one_of(
                st.sampled_from(CONSTANTS[dtype]),
                st.floats(width=16 if dtype == "float16" else 32, allow_nan=False, allow_infinity=False)
                if dtype in FLOATS
                else st.integers(min(CONSTANTS[dtype]), max(CONSTANTS[dtype])),
            ),
        )
    ),
    shape=st.tuples(st.integers(1, 12), st.integers(1, 70)),
    channels=st.sampled_from([None, 0, 1, 2]),
    sigma=st.one_of(st.floats(0, 12), st.floats(0, 1e308), st.tuples(st.floats(0, 3), st.floats(0, 1e9))),
    mode=st.sampled_from(MODES),
    truncate=st.one_of(st.floats(0, 8), st.floats(0, 1e308)),
)


@constants
def test_any_constant_stays(
    dtype_and_value: Any, shape: Any, channels: int | None, sigma: Any, mode: str, truncate: float
) -> None:
    whole = shape if channels is None else tuple(np.insert(shape, channels, 3))
    check_constant(*dtype_and_value, whole, sigma, mode, truncate, channels)


@pytest.mark.soak
@settings(max_examples=20_000, deadline=None)
@constants
def test_any_constant_stays_in_a_long_run(
    dtype_and_value: Any, shape: Any, channels: int | None, sigma: Any, mode: str, truncate: float
) -> None:
    whole = shape if channels is None else tuple(np.insert(shape, channels, 3))
    check_constant(*dtype_and_value, whole, sigma, mode, truncate, channels)


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_integers_of_64_bits_that_are_near_each_other_keep_all_digits(dtype: str) -> None:
    small = image("uint8", (9, 30)).astype(dtype)
    moved = small + np.array(2**62 + 1, dtype)
    for axis in (0, 1, None):
        assert np.array_equal(rne.sobel(moved, axis=axis), rne.sobel(small, axis=axis))
    for out in (dtype, "int64", "uint64"):
        blurred = rne.gaussian_blur(moved, 1.5, mode="nearest", dtype=out)
        assert np.array_equal(
            blurred - blurred.dtype.type(2**62 + 1), rne.gaussian_blur(small, 1.5, mode="nearest")
        )
    assert (rne.gaussian_blur(moved, 1.5, dtype="uint8") == 255).all()
    assert (rne.gaussian_blur(moved, 1.5, dtype="float64") == 2.0**62).all()


def test_a_flat_region_keeps_its_value_in_any_image() -> None:
    for dtype in FLOATS:
        data = image(dtype, (40, 60))
        data[:, 20:] = 0.1
        assert (rne.gaussian_blur(data, 1.5)[:, 20 + 6 :] == data[0, -1]).all()
        assert not rne.sobel(data)[:, 21:].any()


def test_the_mean_of_an_image_in_single_precision_is_kept() -> None:
    data = np.arange(10_000, dtype=np.float32).reshape(100, 100)
    for sigma in (0.5, 1, 4, 9, 30):
        blurred = rne.gaussian_blur(data, sigma)
        assert abs(blurred.mean(dtype=float) - data.mean(dtype=float)) < 1e-4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_filter_overflows_where_its_result_does_not(dtype: str) -> None:
    largest = np.finfo(dtype).max
    rng = np.random.default_rng(4)
    fractions = rng.uniform(-1, 1, (13, 40))
    fractions[4:9, 10:30] = np.where(np.indices((5, 20)).sum(0) % 2, 1, -1)
    for mode in MODES:
        for sigma in (0.4, 1.5, (0, 3), 1e7):
            exact = gaussian_blur(fractions, sigma, mode, truncate=0 if sigma == 1e7 else 4)
            result = rne.gaussian_blur((fractions * largest).astype(dtype), sigma, mode=mode)
            assert np.isfinite(result).all()
            if sigma != 1e7:
                assert_near(result / largest, exact, 1)
        for axis in (0, 1, None):
            exact = exact_sobel(fractions / 8, axis, mode, 0) if axis is not None else None
            result = rne.sobel((fractions / 8 * largest).astype(dtype), axis=axis, mode=mode)
            if exact is not None:
                assert_near(result / largest, exact, 1)
            # Eight times the largest value is in range, and the length of both derivatives not always.
            assert not np.isnan(result).any()


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_magnitude_is_hypots_beside_infinity_and_nan(dtype: str) -> None:
    rng = np.random.default_rng(5)
    for special in (np.inf, -np.inf, np.nan):
        data = rng.normal(size=(6, 9)).astype(dtype)
        data[3, 4] = special
        data[0, 0] = rng.choice([np.inf, -np.inf])
        with np.errstate(invalid="ignore"):
            down, along = (exact_sobel(data, axis, "reflect", 0) for axis in (0, 1))
        result = rne.sobel(data)
        exact = np.hypot(down, along)
        np.testing.assert_array_equal(np.isnan(result), np.isnan(exact))
        np.testing.assert_array_equal(np.isinf(result), np.isinf(exact))


#: σ and truncate that make a kernel far longer than any image.
EXTREMES = [
    (1e6, 4.0),
    (1e8, 4.0),
    (2e9, 4.0),
    (1e300, 4.0),
    (1.7e308, 1.7e308),
    (1.0, 1e5),
    (1.0, 1.7e308),
    (3e9, 1e-3),
]


@pytest.mark.parametrize("mode", MODES)
def test_a_kernel_far_larger_than_the_image_has_the_limit_as_its_result(mode: str) -> None:
    for shape in ((1, 1), (3, 3), (2, 7), (1, 5)):
        data = image("float64", shape)
        for sigma, truncate in EXTREMES:
            result = rne.gaussian_blur(data, sigma, mode=mode, cval=5, truncate=truncate)
            if sigma == 1:
                exact = gaussian_blur(data, sigma, mode, 5, truncate=40) if mode != "mirror" else None
            elif PAD_MODES[mode] == "constant":
                exact = np.full(shape, 5.0)
            elif PAD_MODES[mode] == "edge":
                # Each axis takes half of what is at its two ends.
                rows = (data[0] + data[-1]) / 2
                exact = np.full(shape, (rows[0] + rows[-1]) / 2)
            elif PAD_MODES[mode] == "reflect":
                # The ends come once in a period, all else twice.
                ends = [np.r_[1, np.full(n - 2, 2), 1] if n > 1 else np.ones(1) for n in shape]
                down, along = (weights / weights.sum() for weights in ends)
                exact = np.full(shape, down @ data @ along)
            else:
                exact = np.full(shape, data.mean())
            if exact is not None:
                np.testing.assert_allclose(
                    result, exact, atol=1e-3 if sigma == 1e6 or truncate == 1e-3 else 1e-5
                )


@pytest.mark.parametrize("mode", MODES)
def test_long_kernels_equal_scipys(mode: str) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    for shape in ((1, 1), (3, 3), (2, 7), (6, 1)):
        data = image("float64", shape)
        # To both sides of where weights are no longer added up one by one.
        for sigma, truncate in ((1000, 4.0), (1500, 4.0), (5000, 0.7), (6000, 1.0), (300, 9.0), (600, 9.0)):
            exact = ndimage.gaussian_filter(data, sigma, mode=mode, cval=5, truncate=truncate)
            result = rne.gaussian_blur(data, sigma, mode=mode, cval=5, truncate=truncate)
            assert_near(result, exact, 500)


def test_integers_of_every_size_keep_flat_images() -> None:
    for dtype in INTEGERS:
        limits = np.iinfo(dtype)
        for value in (limits.min, limits.max):
            data = np.full((9, 40), value, dtype)
            assert np.array_equal(rne.gaussian_blur(data, 1.7), data)
