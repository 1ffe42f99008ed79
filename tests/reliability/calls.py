"""Every function that takes an array, as a function of one array, with what NumPy gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import rust_numpy_example as rne
from rust_numpy_example._twins import image as image_twins


@dataclass(frozen=True)
class Call:
    """A call of ours, and the same by NumPy on a plain copy of the array."""

    name: str
    ours: Callable[[Any], Any]
    theirs: Callable[[Any], Any]
    #: Refuses complex numbers.
    real: bool = False
    #: Relative difference allowed for floats.
    rtol: float = 0.0


def _stats(stats: Any) -> list[Any]:
    return [stats.count, stats.mean, stats.std, stats.min, stats.max]


def _numpy_stats(a: Any) -> list[Any]:
    if a.size == 0:
        return [0, np.nan, np.nan, np.nan, np.nan]
    x = a.astype("f8")
    return [a.size, x.mean(), x.std(ddof=1) if a.size > 1 else np.nan, a.min(), a.max()]


def _numpy_lower(a: Any) -> Any:
    # Of no elements too.
    return np.sort(a, axis=None)[[(a.size - 1) // 2]] if a.size else np.zeros(1)


def _lower(a: Any) -> Any:
    if np.size(a) == 0 and np.asarray(a).dtype.kind != "c":
        return np.zeros(1)
    return rne.quantiles(a, [0.5], method="lower")


def _processed(a: Any) -> Any:
    processor = rne.DataProcessor(5)
    processor.add_data(a.ravel() if isinstance(a, np.ndarray) else a)
    return processor.process_chunks()


def _chunk_means(a: Any) -> Any:
    flat = np.asarray(a, "f8").ravel()
    return flat[: flat.size // 5 * 5].reshape(-1, 5).mean(axis=1)


def _moved(a: Any) -> Any:
    # No window fits into an axis without elements.
    return rne.moving_average(a, 1) if np.size(a) and np.ndim(a) else rne.moving_average(a[None], 1, 0)[0]


def _numpy_moved(a: Any) -> Any:
    return a.astype("f8")


def _to(dtype: np.dtype[Any], values: Any) -> Any:
    if dtype.kind not in "iu":
        return values.astype(dtype)
    info = np.iinfo(dtype)
    return np.clip(np.rint(values), info.min, info.max).astype(dtype)


CALLS = [
    Call("sum_array", rne.sum_array, lambda a: a.astype("O").sum() if a.size else 0, rtol=1e-12),
    Call("sum_array, axis", lambda a: rne.sum_array(a, 0), lambda a: a.sum(0), rtol=2e-3),
    Call("quantiles", _lower, _numpy_lower, real=True),
    Call("compute_stats", lambda a: _stats(rne.compute_stats(a)), _numpy_stats, real=True, rtol=1e-9),
    Call("moving_average", _moved, _numpy_moved, real=True, rtol=2e-3),
    Call("array_multiply", lambda a: rne.array_multiply(a, a), lambda a: a * a),
    Call("process_data", rne.process_data, lambda a: a * 2),
    Call("process_numbers", lambda a: rne.process_numbers(a, 1), lambda a: a[a > 1] * 2, real=True),
    Call("process_batch", rne.process_batch, lambda a: a.astype("f8") * 2, real=True),
    Call("cpu_intensive", rne.cpu_intensive, lambda a: np.sin(a.astype("f8")).sum(), real=True, rtol=1e-9),
    Call(
        "parallel_sum",
        lambda a: rne.parallel_sum(a),
        lambda a: a.astype("O").sum() if a.size else 0,
        rtol=1e-12,
    ),
    Call("matrix_multiply", lambda a: rne.matrix_multiply(a, a.T), lambda a: a @ a.T, rtol=1e-2),
    Call("multiply_matrices", lambda a: rne.multiply_matrices(a, a.T), lambda a: a.dot(a.T)),
    Call(
        "gaussian_blur",
        lambda a: rne.gaussian_blur(a, 1.0, dtype="f8"),
        lambda a: image_twins.gaussian_blur(a.astype("f8"), 1.0),
        real=True,
        rtol=2e-3,
    ),
    Call(
        "sobel",
        lambda a: rne.sobel(a, dtype="f8"),
        lambda a: image_twins.sobel(a.astype("f8")),
        real=True,
        rtol=2e-3,
    ),
    Call("DataProcessor", _processed, _chunk_means, real=True, rtol=1e-12),
]
