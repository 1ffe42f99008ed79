"""The twins of image: the filters by their definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import rust_numpy_example as rne
from rust_numpy_example._twins import Twin

#: How ``np.pad`` names the modes of ``scipy.ndimage``.
PAD_MODES = {
    "reflect": "symmetric",
    "grid-mirror": "symmetric",
    "constant": "constant",
    "grid-constant": "constant",
    "nearest": "edge",
    "mirror": "reflect",
    "wrap": "wrap",
    "grid-wrap": "wrap",
}


def gaussian_kernel(sigma: float, truncate: float = 4.0) -> Any:
    """Return the weights of ``scipy.ndimage.gaussian_filter1d``."""
    if sigma <= 1e-15:
        return np.ones(1)
    radius = int(truncate * sigma + 0.5)
    weights = np.exp(-0.5 / (sigma * sigma) * np.arange(-radius, radius + 1) ** 2)
    return weights / weights.sum()


def correlate(
    image: Any, weights: Sequence[float], axis: int, mode: str = "reflect", cval: float = 0.0
) -> Any:
    """Correlate along one axis, in float64."""
    image = np.asarray(image, np.float64)
    if image.size == 0:
        return image
    radius, length = len(weights) // 2, image.shape[axis]
    width = [(radius, radius) if k == axis % image.ndim else (0, 0) for k in range(image.ndim)]
    options: Any = {"constant_values": cval} if PAD_MODES[mode] == "constant" else {}
    pad_mode: Any = PAD_MODES[mode]
    padded = np.pad(image, width, pad_mode, **options)
    total = np.zeros(image.shape)
    for j, weight in enumerate(weights):
        total += weight * np.take(padded, range(j, j + length), axis)
    return total


def gaussian_blur(
    image: np.ndarray,
    sigma: float | tuple[float, float],
    mode: str = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
) -> np.ndarray:
    """Blur along the first two axes, in float64."""
    pair = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    for axis, one in enumerate(pair):
        image = correlate(image, gaussian_kernel(one, truncate), axis, mode, cval)
    return image


def sobel(image: Any, axis: int | None = None, mode: str = "reflect", cval: float = 0.0) -> Any:
    """Take the derivative along one of the first two axes, or its magnitude, in float64."""
    if axis is None:
        return np.hypot(sobel(image, 0, mode, cval), sobel(image, 1, mode, cval))
    if PAD_MODES[mode] == "constant":
        # It is the image that is continued with the constant, and not a derivative.
        image = np.pad(np.asarray(image, np.float64), 1, "constant", constant_values=cval)
        return sobel(image, axis, "nearest")[1:-1, 1:-1]
    return correlate(correlate(image, [-1, 0, 1], axis, mode, cval), [1, 2, 1], 1 - axis, mode, cval)


def _reflected(index: int, length: int) -> int:
    index %= 2 * length
    return min(index, 2 * length - 1 - index)


def _along_rows(rows: list[list[float]], weights: Sequence[float]) -> list[list[float]]:
    radius = len(weights) // 2
    return [
        [
            sum(weight * row[_reflected(x + j - radius, len(row))] for j, weight in enumerate(weights))
            for x in range(len(row))
        ]
        for row in rows
    ]


def _separable(image: np.ndarray, down: Sequence[float], along: Sequence[float]) -> list[list[float]]:
    columns = [list(column) for column in zip(*image.tolist())]
    rows = [list(row) for row in zip(*_along_rows(columns, down))]
    return _along_rows(rows, along)


def python_blur(image: np.ndarray, sigma: float = 1.0) -> np.ndarray:
    """Blur in plain Python."""
    weights = gaussian_kernel(sigma).tolist()
    return np.array(_separable(image, weights, weights))


def python_sobel(image: np.ndarray) -> np.ndarray:
    """Find edges in plain Python."""
    down, along = _separable(image, [-1, 0, 1], [1, 2, 1]), _separable(image, [1, 2, 1], [-1, 0, 1])
    return np.array([[math.hypot(y, x) for y, x in zip(*rows)] for rows in zip(down, along)])


def _picture() -> Any:
    y, x = np.mgrid[:40, :60]
    return 100 + 80 * np.sin(x / 7) + 60 * (y > 20)


def _blur_data() -> tuple[Any, ...]:
    return _picture(), 1.5


def _sobel_data() -> tuple[Any, ...]:
    return (_picture(),)


TWINS: list[Twin] = [
    Twin(
        "process_image",
        "blur or find edges",
        _sobel_data,
        rne.process_image,
        python_blur,
        lambda image: gaussian_blur(image, 1.0),
        rtol=1e-12,
    ),
    Twin(
        "gaussian_blur",
        "Gaussian blur",
        _blur_data,
        rne.gaussian_blur,
        python_blur,
        gaussian_blur,
        rtol=1e-12,
    ),
    Twin("sobel", "length of the gradient", _sobel_data, rne.sobel, python_sobel, sobel, rtol=1e-12),
]
