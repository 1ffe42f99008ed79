"""Filters of images against SciPy, and against their definitions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import COMPLEX, FLOATS, REAL, layouts, sample

import rust_numpy_example as rne
from rust_numpy_example._twins.image import PAD_MODES, TWINS, gaussian_blur, sobel

MODES = list(PAD_MODES)
SHAPES = [(1, 1), (1, 9), (9, 1), (5, 6), (3, 200), (40, 33)]
#: Relative to the largest value of the image, for results of this dtype.
TOLERANCES = {"float16": 1e-3, "float32": 2e-6, "float64": 1e-13}
FILTERS = [
    lambda image, **options: rne.gaussian_blur(image, 1.0, **options),
    lambda image, **options: rne.sobel(image, **options),
]


def image(dtype: str, shape: tuple[int, ...] = (40, 33), seed: int = 0) -> np.ndarray:
    """Return noise over the whole range of a small dtype, moderate numbers in a large one."""
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if kind == "f":
        return rng.normal(0, 100, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(max(limits.min, -(2**30)), min(limits.max, 2**30) + 1, shape).astype(dtype)


def exact_sobel(image: np.ndarray, axis: int, mode: str, cval: float) -> np.ndarray:
    """Return SciPy's derivative; with a constant, of the image with that around it (SciPy puts it around the derivative)."""
    ndimage = pytest.importorskip("scipy.ndimage")
    if PAD_MODES[mode] != "constant":
        return ndimage.sobel(image.astype(float), axis, mode=mode)
    padded = np.pad(image.astype(float), 1, constant_values=cval)
    return ndimage.sobel(padded, axis)[1:-1, 1:-1]


def assert_near(result: np.ndarray, exact: np.ndarray, largest: float, slack: float = 0.01) -> None:
    """Compare with the exact result, which is rounded and saturated for an integer dtype."""
    kind = result.dtype.kind
    if kind == "b":
        clear = abs(exact - 0.5) > 1e-5
        assert np.array_equal(result[clear], exact[clear] > 0.5)
    elif kind in "iu":
        limits = np.iinfo(result.dtype)
        clipped = np.clip(exact, float(limits.min), float(limits.max))
        assert np.max(np.abs(result.astype(float) - clipped), initial=0) <= 0.5 + slack
    else:
        error = np.abs(result.astype(float) - exact)
        assert np.max(error, initial=0) <= TOLERANCES[result.dtype.name] * max(1.0, largest)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", REAL)
def test_blur_equals_scipys(dtype: str, mode: str) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    for shape in SHAPES:
        data = image(dtype, shape)
        for sigma in (0, 0.3, 1.0, 2.7, (0.8, 6.0), 20.0):
            # SciPy computes in float64 and keeps that if the result is float64.
            exact = ndimage.gaussian_filter(data.astype(float), sigma, mode=mode, cval=3)
            result = rne.gaussian_blur(data, sigma, mode=mode, cval=3)
            assert result.dtype == data.dtype and result.shape == data.shape
            assert_near(result, exact, abs(data.astype(float)).max())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", REAL)
def test_sobel_equals_scipys(dtype: str, mode: str) -> None:
    for shape in SHAPES:
        data = image(dtype, shape)
        down, along = (exact_sobel(data, axis, mode, 3) for axis in (0, 1))
        for axis, exact in ((0, down), (1, along), (-1, along), (None, np.hypot(down, along))):
            result = rne.sobel(data, axis=axis, mode=mode, cval=3)
            assert result.dtype == data.dtype
            if result.dtype == np.float16:
                limit = float(np.finfo(np.float16).max)
                assert abs(exact).max() < limit
            assert_near(result, exact, 8 * abs(data.astype(float)).max())


@pytest.mark.parametrize("mode", MODES)
def test_filters_equal_their_definitions_without_scipy(mode: str) -> None:
    for shape in SHAPES:
        if min(shape) == 1 and mode == "mirror":
            continue  # np.pad has no answer for a single element
        for dtype in ("uint8", "int16", "float32", "float64"):
            data = image(dtype, shape)
            largest = abs(data.astype(float)).max()
            for sigma in (0.5, 1.3):
                assert_near(rne.gaussian_blur(data, sigma, mode=mode, cval=9),
                            gaussian_blur(data, sigma, mode, 9), largest)  # fmt: skip
            for axis in (None, 0, 1):
                assert_near(
                    rne.sobel(data, axis=axis, mode=mode, cval=9), sobel(data, axis, mode, 9), 8 * largest
                )


@pytest.mark.parametrize("sigma", [0.3, 0.45, 0.7, 1.0, 1.9, 3.0, 5.0, 8.5, 13.0, 20.0])
def test_uint8_is_within_0_51_of_the_exact_blur(sigma: float) -> None:
    y, x = np.mgrid[:120, :170]
    pictures = [
        image("uint8", (120, 170)),
        np.where(x > 85, 255, 0).astype(np.uint8),
        ((x + y) % 2 * 255).astype(np.uint8),
        (x * 255 // 169).astype(np.uint8),
        np.full((120, 170), 255, np.uint8),
    ]
    for picture in pictures:
        error = rne.gaussian_blur(picture, sigma).astype(float) - gaussian_blur(picture, sigma)
        assert abs(error).max() <= 0.51
    noise = rne.gaussian_blur(pictures[0], sigma).astype(float) - gaussian_blur(pictures[0], sigma)
    assert abs(noise.mean()) < 0.02


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("function", FILTERS)
def test_every_memory_layout_gives_the_same(function: Any, dtype: str) -> None:
    data = sample(dtype, (13, 21))
    expected = function(data)
    for name, other in layouts(data):
        np.testing.assert_array_equal(function(other), expected, err_msg=name)
    assert np.array_equal(
        function(data.tolist(), dtype=dtype), function(np.array(data.tolist()), dtype=dtype)
    )


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("function", FILTERS)
def test_channels_are_filtered_one_by_one_wherever_they_are(function: Any, dtype: str) -> None:
    for channels in (1, 2, 3, 4, 7):
        data = image(dtype, (23, 31, channels))
        expected = np.stack([function(data[..., k]) for k in range(channels)], axis=-1)
        for axis in (-3, -2, -1, 0, 1, 2):
            moved = np.moveaxis(data, -1, axis)
            for order in "CF":
                result = function(np.array(moved, order=order), channel_axis=axis)
                np.testing.assert_array_equal(np.moveaxis(result, axis, -1), expected)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_the_last_pixel_of_a_row_of_any_length_is_blurred_in_all_of_its_channels(dtype: str) -> None:
    for channels in (2, 3, 4, 5):
        for width in (*range(15, 35), 85, 149):
            data = image(dtype, (2, width, channels))
            expected = np.stack([rne.gaussian_blur(data[..., k], 0.5) for k in range(channels)], axis=-1)
            np.testing.assert_array_equal(rne.gaussian_blur(data, 0.5, channel_axis=-1), expected)


@pytest.mark.parametrize("dtype", REAL)
def test_the_result_may_have_any_real_dtype(dtype: str) -> None:
    for source in ("uint8", "int8", "float32"):
        data = image(source, (19, 27))
        assert_near(rne.gaussian_blur(data, 1.2, dtype=dtype), gaussian_blur(data, 1.2), 255)
        result = rne.sobel(data, axis=1, dtype=np.dtype(dtype))
        assert result.dtype == dtype
        assert_near(result, sobel(data, 1), 4 * abs(data.astype(float)).max())


def test_integers_round_and_saturate_where_scipy_wraps() -> None:
    step = np.tile(np.array([0, 0, 200, 200], np.uint8), (3, 1))
    assert rne.sobel(step, axis=1)[1].tolist() == [0, 255, 255, 0]
    assert rne.sobel(step[:, ::-1], axis=1)[1].tolist() == [0, 0, 0, 0]
    assert rne.sobel(step[:, ::-1], axis=1, dtype="int8")[1].tolist() == [0, -128, -128, 0]
    assert rne.gaussian_blur(np.full((9, 9), 200, np.uint8), 3).tolist() == [[200] * 9] * 9


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_special_values_spread_as_scipys(dtype: str, special: float) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    data = image(dtype, (25, 30))
    data[11, 17] = special
    with np.errstate(invalid="ignore"):
        for axis in (0, 1):
            expected = ndimage.sobel(data.astype(float), axis)
            np.testing.assert_array_equal(np.isnan(rne.sobel(data, axis=axis)), np.isnan(expected))
        for sigma in (1, 2.2):
            expected = ndimage.gaussian_filter(data.astype(float), sigma)
            result = rne.gaussian_blur(data, sigma)
            np.testing.assert_array_equal(np.isnan(result), np.isnan(expected))
            np.testing.assert_array_equal(np.isinf(result), np.isinf(expected))
    assert rne.gaussian_blur(data, 1, dtype="uint8", mode="nearest").shape == data.shape


def test_a_nan_is_0_in_an_integer_and_true_in_a_bool() -> None:
    data = np.full((3, 3), np.nan)
    assert not rne.gaussian_blur(data, 1, dtype="int32").any()
    assert rne.gaussian_blur(data, 1, dtype="bool").all()


@given(
    dtype=st.sampled_from(REAL),
    rows=st.integers(0, 40),
    columns=st.integers(0, 90),
    channels=st.sampled_from([None, 1, 3, 5]),
    sigma=st.tuples(st.floats(0, 12), st.floats(0, 12)),
    mode=st.sampled_from(MODES),
    truncate=st.floats(0, 6),
    cval=st.one_of(st.integers(0, 255), st.floats(-9, 300)),
    seed=st.integers(0, 99),
)
def test_any_blur_equals_scipys(
    dtype: str,
    rows: int,
    columns: int,
    channels: int | None,
    sigma: tuple[float, float],
    mode: str,
    truncate: float,
    cval: float,
    seed: int,
) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    shape = (rows, columns) if channels is None else (rows, columns, channels)
    data = image(dtype, shape, seed)
    all_sigma = sigma if channels is None else (*sigma, 0)
    exact = ndimage.gaussian_filter(data.astype(float), all_sigma, mode=mode, cval=cval, truncate=truncate)
    axis = None if channels is None else -1
    result = rne.gaussian_blur(data, sigma, mode=mode, cval=cval, truncate=truncate, channel_axis=axis)
    largest = max(abs(data.astype(float)).max(initial=0), abs(cval))
    assert_near(result, exact, largest, 0.02)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0)])
@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("function", FILTERS)
def test_empty_images_stay_empty(function: Any, dtype: str, shape: tuple[int, int]) -> None:
    result = function(np.zeros(shape, dtype))
    assert result.shape == shape and result.dtype == dtype
    for axis, channels in ((0, 3), (2, 3), (2, 0), (0, 0)):
        data = np.zeros(np.insert(shape, axis, channels), dtype)
        assert function(data, channel_axis=axis).shape == data.shape
    data = np.zeros((4, 4, 0), dtype)
    assert function(data, channel_axis=2).shape == data.shape


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32"])
def test_a_kernel_far_larger_than_the_image_costs_no_more(dtype: str) -> None:
    data = image(dtype, (7, 5))
    for mode in MODES:
        start = time.process_time()
        result = rne.gaussian_blur(data, 1e4, mode=mode, cval=5).astype(float)
        assert time.process_time() - start < 1
        expected = {"constant": 5, "nearest": None}.get(mode.removeprefix("grid-"), data.astype(float).mean())
        if expected is not None and mode != "mirror":
            assert np.allclose(result, expected, rtol=1e-2, atol=0.6 + 1e-6 * abs(data.astype(float)).max())


@pytest.mark.native
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as on Linux")
def test_the_memory_of_a_kernel_does_not_grow_with_sigma() -> None:
    code = (
        "import resource, numpy as np, rust_numpy_example as rne\n"
        "pages = int(open('/proc/self/statm').read().split()[0])\n"
        "limit = pages * resource.getpagesize() + (64 << 20)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))\n"
        "for mode in ('reflect', 'constant'):\n"
        "    blurred = rne.gaussian_blur(np.arange(15.0).reshape(3, 5), 3e6, mode=mode)\n"
        "    assert np.allclose(blurred, 7 if mode == 'reflect' else 0, atol=0.01), blurred\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("function", FILTERS)
def test_out_is_written_and_returned(function: Any, dtype: str) -> None:
    data = image(dtype, (20, 31))
    expected = function(data)
    out = np.empty_like(data)
    assert function(data, out=out) is out
    np.testing.assert_array_equal(out, expected)
    for name, other in layouts(np.zeros_like(data)):
        if other.flags.writeable:
            assert function(data, out=other) is other, name
            np.testing.assert_array_equal(other, expected, err_msg=name)
    inside = np.zeros((21, 31), dtype)
    inside[:-1] = data
    assert np.array_equal(function(inside[:-1], out=inside[1:]), expected)
    assert np.array_equal(function(data, out=data), expected)


def test_the_dtype_of_out_is_that_of_the_result() -> None:
    data, out = image("uint8"), np.empty((40, 33), np.float32)
    rne.sobel(data, axis=0, out=out)
    np.testing.assert_array_equal(out, sobel(data, 0))
    with pytest.raises(TypeError, match="sobel: argument out, got dtype float32, expected float64"):
        rne.sobel(data, out=out, dtype=float)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float64"])
def test_every_number_of_workers_gives_the_same_bits(dtype: str) -> None:
    for shape, axis in (((700, 900), None), ((300, 401, 3), -1), ((3, 300, 401), 0)):
        data = image(dtype, shape)
        for filter in ("blur", "edges"):
            one = rne.process_image(data, filter, sigma=2, channel_axis=axis, workers=1)
            for workers in (None, 2, 5):
                other = rne.process_image(data, filter, sigma=2, channel_axis=axis, workers=workers)
                assert one.tobytes() == other.tobytes()


@pytest.mark.thorough
@pytest.mark.parametrize("level", rne.build_info()["simd_available"][:-1])
def test_every_cpu_level_gives_the_same_bytes(level: str) -> None:
    code = (
        "import hashlib, numpy as np, rust_numpy_example as rne\n"
        "data = np.random.default_rng(3).integers(0, 256, (33, 75, 3))\n"
        f"for dtype in {REAL}:\n"
        "    image = (data * (1 if dtype in ('bool', 'uint8', 'int8') else 117)).astype(dtype)\n"
        "    image = image / image.dtype.type(7) if image.dtype.kind == 'f' else image\n"
        "    parts = [rne.gaussian_blur(x, s, channel_axis=a) for s in (0.4, 1, 3.3, 11)\n"
        "             for x, a in ((image, -1), (image[..., 0], None))]\n"
        "    parts += [rne.sobel(image[..., 1], axis=a, dtype=t) for t in (dtype, 'f4', 'f8') for a in (None, 0)]\n"
        "    print(dtype, hashlib.sha256(b''.join(x.tobytes() for x in parts)).hexdigest())\n"
    )

    def digest(**extra: str) -> str:
        env = {**os.environ, **extra}
        return subprocess.run(
            [sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True
        ).stdout

    assert digest() == digest(RUST_NUMPY_EXAMPLE_SIMD=level)


def test_process_image_is_the_blur_or_the_edges() -> None:
    data = image("uint8", (30, 40, 3))
    options = {"channel_axis": -1, "mode": "wrap"}
    assert np.array_equal(
        rne.process_image(data, sigma=(1, 2), truncate=3, **options),
        rne.gaussian_blur(data, (1, 2), truncate=3, **options),
    )
    assert np.array_equal(rne.process_image(data, "edges", **options), rne.sobel(data, **options))
    assert np.array_equal(rne.process_image(data[..., 0]), rne.gaussian_blur(data[..., 0], 1.0))
    for name, value in (("sigma", "x"), ("truncate", "x"), ("sigma", -1)):
        with pytest.raises((TypeError, ValueError), match=f"process_image: argument {name}, got"):
            rne.process_image(data[..., 0], "edges", **{name: value})


def test_modes_may_differ_between_the_axes() -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    data = image("float64")
    modes = ["wrap", "nearest"]
    exact = ndimage.gaussian_filter(data, 2, mode=modes)
    np.testing.assert_allclose(rne.gaussian_blur(data, 2, mode=modes), exact, rtol=0, atol=1e-11)
    np.testing.assert_allclose(
        rne.sobel(data, axis=0, mode=modes), ndimage.sobel(data, 0, mode=modes), atol=1e-11
    )


def test_the_length_of_a_gradient_keeps_the_range_of_the_dtype() -> None:
    data = np.outer([0, 3, 3], [0, 4, 4]).astype(float)
    for dtype, scale in (("float32", 1e30), ("float32", 1e-30), ("float64", 1e300), ("float64", 1e-300)):
        scaled = (data * scale).astype(dtype)
        x, y = (sobel(scaled.astype(np.longdouble) / scale, axis) for axis in (0, 1))
        np.testing.assert_allclose(rne.sobel(scaled) / scale, np.hypot(x, y), rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (([1, 2, 3],), {}, ValueError, "argument image, got 1 axes, expected 2"),
        (
            (np.zeros((2, 2, 3)),),
            {},
            ValueError,
            "got 3 axes, expected 2 .rows and columns., or 3 with channel_axis",
        ),
        ((np.zeros((2, 2)),), {"channel_axis": 0}, ValueError, "got 2 axes, expected 3"),
        (
            (np.zeros((2, 2, 3)),),
            {"channel_axis": 3},
            ValueError,
            "argument channel_axis, got 3, expected -3 to 2",
        ),
        (
            (np.zeros((2, 2)),),
            {"mode": "mirrored"},
            ValueError,
            "argument mode, got 'mirrored', expected 'reflect'",
        ),
        ((np.zeros((2, 2)),), {"mode": ["wrap"]}, ValueError, "argument mode, got 1 values"),
        ((np.zeros((2, 2)),), {"mode": 3}, TypeError, "argument mode, got int"),
        ((np.zeros((2, 2)),), {"dtype": "complex64"}, TypeError, "argument dtype, got dtype complex64"),
        ((np.zeros((2, 2)),), {"dtype": object}, TypeError, "argument dtype, got dtype object"),
        (
            (np.zeros((2, 2)),),
            {"out": np.zeros((2, 3))},
            ValueError,
            r"argument out, got shape \(2, 3\), expected \(2, 2\)",
        ),
        (
            (np.zeros((2, 2)),),
            {"out": np.zeros((2, 2), "c8")},
            TypeError,
            "argument out, got dtype complex64",
        ),
        (
            (np.zeros((2, 2)),),
            {"out": [[0, 0], [0, 0]]},
            TypeError,
            "argument out, got list, expected a NumPy array",
        ),
        (
            (np.zeros((2, 2)),),
            {"workers": 0},
            ValueError,
            "argument workers, got .*, expected None or 1 to 1024",
        ),
        (
            (np.zeros((2, 2)),),
            {"workers": -1},
            ValueError,
            "argument workers, got .*, expected None or 1 to 1024",
        ),
        ((np.ma.masked_array(np.zeros((2, 2))),), {}, TypeError, "masked"),
        ((np.array([["a", "b"]]),), {}, TypeError, "argument image, got dtype <U1"),
    ],
)
@pytest.mark.parametrize("name", ["process_image", "gaussian_blur", "sobel"])
def test_wrong_arguments_are_named(name: str, arguments: Any, options: Any, error: Any, message: str) -> None:
    more = (1.0,) if name == "gaussian_blur" else ()
    with pytest.raises(error, match=message) as caught:
        getattr(rne, name)(*arguments, *more, **options)
    assert str(caught.value).startswith(f"{name}: ") or "workers" in message


@pytest.mark.parametrize("dtype", COMPLEX)
@pytest.mark.parametrize("function", FILTERS)
def test_complex_images_are_refused(function: Any, dtype: str) -> None:
    with pytest.raises(
        TypeError,
        match=f"argument image, got dtype {dtype}, expected bool, an integer or a float up to 64 bits",
    ):
        function(np.zeros((3, 3), dtype))


@pytest.mark.parametrize("sigma", [-1, np.nan, np.inf, (1, -0.5)])
def test_a_wrong_sigma_is_refused(sigma: Any) -> None:
    with pytest.raises(
        ValueError, match="gaussian_blur: argument sigma, (item 1, )?got .*, expected a finite number"
    ):
        rne.gaussian_blur(np.zeros((3, 3)), sigma)


def test_other_wrong_arguments_of_one_filter() -> None:
    data = np.zeros((3, 3, 3))
    with pytest.raises(ValueError, match="argument sigma, got 3 values"):
        rne.gaussian_blur(data, (1, 2, 3), channel_axis=0)
    with pytest.raises(TypeError, match="argument sigma, got str"):
        rne.gaussian_blur(data, "wide", channel_axis=0)
    with pytest.raises(ValueError, match="argument truncate, got -1"):
        rne.gaussian_blur(data, 1, truncate=-1, channel_axis=0)
    with pytest.raises(ValueError, match="argument axis, got 1, which is the channel axis"):
        rne.sobel(data, axis=-2 + 3, channel_axis=1)
    with pytest.raises(ValueError, match="argument axis, got 2, expected -2 to 1"):
        rne.sobel(data[0], axis=2)
    with pytest.raises(ValueError, match="argument filter, got 'sharpen', expected 'blur' or 'edges'"):
        rne.process_image(data[0], "sharpen")
    read_only = np.zeros((3, 3))
    read_only.flags.writeable = False
    with pytest.raises(ValueError, match="argument out, got a read-only array"):
        rne.sobel(data[0], out=read_only)


def test_derivatives_are_along_the_axis_of_the_array() -> None:
    data = image("float64", (12, 3, 17))
    moved = np.moveaxis(data, 1, -1)
    for axis in (0, 2, -1, -3):
        expected = np.stack([sobel(moved[..., k], 0 if axis in (0, -3) else 1) for k in range(3)], axis=1)
        np.testing.assert_allclose(rne.sobel(data, axis=axis, channel_axis=1), expected, atol=1e-11)


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_ctrl_c_stops_a_long_blur() -> None:
    data = np.zeros((3000, 3000))
    timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
    start = time.process_time()
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        rne.gaussian_blur(data, 2000)
    assert time.process_time() - start < 2
    timer.join()


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.name)
def test_twins_agree(twin: Any) -> None:
    data = twin.data()
    result = twin.ours(*data)
    for other in (twin.python, twin.numpy):
        expected = other(*data)
        np.testing.assert_allclose(result, expected, rtol=twin.rtol, atol=twin.rtol * abs(expected).max())
