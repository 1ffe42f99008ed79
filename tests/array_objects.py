"""Functions that take an array, and objects that hand one out by one protocol alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from arrow_capsules import FORMATS, ByArray, array, schema

import rust_numpy_example as rne

#: Functions for which labels do not matter, but masks, units and nulls do.
NUMBERS: dict[str, Callable[[Any], object]] = {
    "compute_stats": rne.compute_stats,
    "sum_array": rne.sum_array,
    "parallel_sum": rne.parallel_sum,
    "cpu_intensive": rne.cpu_intensive,
    "gaussian_blur": lambda x: rne.gaussian_blur(x, 1),
    "sobel": rne.sobel,
    "process_numbers": lambda x: rne.process_numbers(x, 0),
    "process_batch": rne.process_batch,
    "DataProcessor.add_data": lambda x: rne.DataProcessor(2).add_data(x),
}

#: Functions that promise NumPy's meaning.
NUMPYS: dict[str, tuple[Callable[..., object], Callable[..., object]]] = {
    "array_multiply": (rne.array_multiply, np.multiply),
    "process_data": (rne.process_data, np.multiply),
    "matrix_multiply": (rne.matrix_multiply, np.matmul),
    "multiply_matrices": (rne.multiply_matrices, np.dot),
}


def every_function() -> Iterator[tuple[str, Callable[[Any], object]]]:
    """Yield every function that takes an array, of one argument; the second operand counts, too."""
    yield from NUMBERS.items()
    for name, (ours, _) in NUMPYS.items():
        yield name, lambda x, ours=ours: ours(x, np.ones(3))
        yield name, lambda x, ours=ours: ours(np.ones(3), x)


class Only:
    """An object with one protocol of an array's, and no other."""

    def __init__(self, data: np.ndarray) -> None:
        self.data = data


class OnlyArray(Only):
    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        return self.data


class OnlyInterface(Only):
    @property
    def __array_interface__(self) -> dict[str, Any]:
        return self.data.__array_interface__


class OnlyDLPack(Only):
    def __dlpack__(self, **options: Any) -> object:
        return self.data.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.data.__dlpack_device__()


def as_arrow(data: np.ndarray) -> ByArray:
    """Return an object with an array of one axis by Arrow alone."""
    return ByArray(schema(FORMATS[data.dtype.name]), array(data.astype(data.dtype.newbyteorder("="))))
