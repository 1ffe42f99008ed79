"""Arguments as they fall: arrays of every dtype and layout, special values, axes, labels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from layouts import LAYOUTS, names_of_layouts


class Draw:
    """What falls, the same for a seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def of(self, *choices: Any) -> Any:
        """Return one of them."""
        return choices[self.rng.integers(len(choices))]

    def shape(self, most_axes: int = 3, side: int = 9, least_axes: int = 0) -> tuple[int, ...]:
        """Return a shape; now and then a long axis, or none of its elements."""
        axes = int(self.rng.integers(least_axes, most_axes + 1))
        shape = [int(self.rng.integers(1, side + 1)) for _ in range(axes)]
        if axes and self.rng.random() < 0.1:
            shape[self.rng.integers(axes)] = int(self.of(0, 1, 64, 257, 600))
        return tuple(shape)

    def array(self, dtype: Any, shape: tuple[int, ...], special: bool = True) -> np.ndarray:
        """Return an array of some layout."""
        dtype = np.dtype(dtype)
        if dtype.kind == "c":
            part = np.dtype(f"f{dtype.itemsize // 2}")
            values = self._values(part, shape, special) + 1j * self._values(part, shape, special)
        else:
            values = self._values(dtype, shape, special)
        plain = np.asarray(values).astype(dtype)
        return LAYOUTS[self.of(*names_of_layouts(plain)) if plain.ndim else "C"](plain)

    def _values(self, dtype: np.dtype[Any], shape: tuple[int, ...], special: bool) -> np.ndarray:
        rng = self.rng
        if dtype.kind == "b":
            return rng.random(shape) < rng.random()
        if dtype.kind in "iu":
            info = np.iinfo(dtype)
            low, high = self.of(
                (0, 9), (info.min, info.max), (info.max - 9, info.max), (info.min, info.min + 9)
            )
            return rng.integers(low, high, shape, dtype, endpoint=True)
        scale = self.of(1.0, 1.0, 1e-3, 1e3)
        values = rng.standard_normal(shape) * scale + self.of(0.0, 0.0, 1.0, 1e3, -1e4)
        if special and rng.random() < 0.3 and values.size:
            flat = values.reshape(-1)
            info = np.finfo(dtype)
            for _ in range(int(rng.integers(1, 4))):
                flat[rng.integers(flat.size)] = self.of(np.nan, np.inf, -np.inf, 0.0, -0.0, float(info.tiny))
        return values

    def axis(self, ndim: int) -> Any:
        """Return axes to reduce over."""
        if not ndim or self.rng.random() < 0.3:
            return None
        if self.rng.random() < 0.5:
            return int(self.rng.integers(-ndim, ndim))
        some = self.rng.permutation(ndim)[: self.rng.integers(0, ndim + 1)]
        return tuple(int(axis) for axis in some)

    def labels(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return labels of a few groups: numbers or texts, with gaps among floats."""
        numbers = self.rng.integers(0, self.of(1, 3, 9), shape)
        kind = self.of("i8", "u1", "?", "f8", "f4", "U", "O")
        if kind == "O":
            return np.array(
                ["", "pear", "\N{LATIN SMALL LETTER E WITH ACUTE}t\N{LATIN SMALL LETTER E WITH ACUTE}"] * 3,
                "O",
            )[numbers]
        labels = numbers.astype(kind)
        if kind[0] == "f" and labels.size:
            labels.reshape(-1)[self.rng.integers(labels.size)] = self.of(np.nan, np.inf, -0.0)
        return labels

    def cuts(self, length: int, pieces: int) -> list[slice]:
        """Return where to cut a line of that length into pieces."""
        ends = np.sort(self.rng.integers(0, length + 1, pieces - 1)).tolist()
        return [slice(start, end) for start, end in zip([0, *ends], [*ends, length])]

    def workers(self) -> int | None:
        """Return a number of threads."""
        return self.of(None, 1, 2)


def lines(a: Any, axis: Any) -> list[list[Any]]:
    """Return the elements that are reduced to each element of a result, as Python's numbers."""
    a = np.asarray(a)
    axes = range(a.ndim) if axis is None else [i % a.ndim for i in np.atleast_1d(np.array(axis, int))]
    kept = [i for i in range(a.ndim) if i not in axes]
    count = math.prod(a.shape[i] for i in kept)
    moved = a.transpose([*kept, *axes])
    length = math.prod(a.shape[i] for i in axes)
    return np.ascontiguousarray(moved).astype(a.dtype.newbyteorder("=")).reshape(count, length).tolist()


def shape_of(a: Any, axis: Any, keepdims: bool = False) -> tuple[int, ...]:
    """Return the shape of what is left of an array when axes are reduced."""
    a = np.asarray(a)
    axes = range(a.ndim) if axis is None else [i % a.ndim for i in np.atleast_1d(np.array(axis, int))]
    return tuple(1 if i in axes else length for i, length in enumerate(a.shape) if keepdims or i not in axes)
