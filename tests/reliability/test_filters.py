"""Filters of images against SciPy: every dtype, mode, sigma, axis and odd shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from layouts import REAL
from test_image import MODES, SHAPES, assert_near, exact_sobel, image
from test_image_limits import CONSTANTS, check_constant

import rust_numpy_example as rne

SIGMAS: list[Any] = [0, 0.3, 1.0, 2.7, (0.8, 6.0), 20.0]


@pytest.mark.thorough
def test_filters_in_every_mode_and_dtype(figure: Callable[[str, str, bool], None]) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    wrong, total = [], 0

    def cell(result: np.ndarray, exact: np.ndarray, largest: float, *names: Any) -> None:
        nonlocal total
        total += 1
        try:
            assert_near(result, exact, largest)
        except AssertionError:
            wrong.append(names)

    for dtype in REAL:
        for shape in [*SHAPES, (2, 2), (2, 70), (16, 65)]:
            data = image(dtype, shape)
            wide = data.astype(float)
            largest = abs(wide).max()
            for mode in MODES:
                for sigma in SIGMAS:
                    exact = ndimage.gaussian_filter(wide, sigma, mode=mode, cval=3)
                    result = rne.gaussian_blur(data, sigma, mode=mode, cval=3)
                    cell(result, exact, largest, "blur", dtype, shape, mode, sigma)
                down, along = (exact_sobel(data, axis, mode, 3) for axis in (0, 1))
                for axis, exact in ((0, down), (1, along), (None, np.hypot(down, along))):
                    result = rne.sobel(data, axis=axis, mode=mode, cval=3)
                    cell(result, exact, 8 * largest, "sobel", dtype, shape, mode, axis)
    print(wrong)
    figure(
        "Gaussian blur and Sobel equal `scipy.ndimage` (integers saturate, a constant border is around the image and no derivative)",
        f"{total - len(wrong)} of {total} cells ({len(REAL)} dtypes, {len(MODES)} modes)",
        not wrong,
    )


def test_filters_of_constants(figure: Callable[[str, str, bool], None]) -> None:
    wrong, total = [], 0
    for dtype in REAL:
        for mode in MODES:
            for value in CONSTANTS[dtype]:
                for shape, axis in (((1, 1), None), ((3, 4), None), ((3, 19, 2), 2)):
                    total += 1
                    try:
                        check_constant(dtype, value, shape, (1.3, 1e6), mode, 4.0, axis)
                    except AssertionError:
                        wrong.append((dtype, mode, value, shape))
    print(wrong)
    figure(
        "A filter of a constant is that constant, its derivatives zero, up to the largest value",
        f"{total - len(wrong)} of {total} cells ({len(REAL)} dtypes, {len(MODES)} modes)",
        not wrong,
    )
