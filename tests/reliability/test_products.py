"""Products of matrices against NumPy: every pair of dtypes, every pair of shapes, value and refusal."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from layouts import DTYPES, sample
from test_linalg import SHAPES, outcome

import rust_numpy_example as rne

#: What is no number, and what older versions of NumPy repeat where it multiplies it with Python's numbers.
NO_NUMBERS = {"S3", "U3", "i4,i4"}
#: Also what has no kernel here and is handed to NumPy, or has no product at all.
TYPES = [*DTYPES, "longdouble", "clongdouble", "O", "M8[s]", "m8[s]", "S3", "U3", "i4,i4"]


def _operand(dtype: str, shape: tuple[int, ...], seed: int) -> Any:
    if dtype in DTYPES:
        return sample(dtype, shape, seed)
    return sample("int64", shape, seed).astype(dtype)


def _agree(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, type) or isinstance(ours, type):
        return ours is theirs
    # A product of Python objects is one, without a dtype.
    dtypes = [getattr(result, "dtype", None) for result in (ours, theirs)]
    shapes = np.shape(ours), np.shape(theirs)
    same = type(ours) is type(theirs) and dtypes[0] == dtypes[1] and shapes[0] == shapes[1]
    return same and np.array_equal(ours, theirs)


@pytest.mark.thorough
def test_products_of_every_pair_of_dtypes_and_shapes(figure: Callable[[str, str, bool], None]) -> None:
    wrong, refused, total = [], 0, 0
    pairs: list[tuple[str, str, tuple[int, ...], tuple[int, ...]]] = [
        (a, b, *shapes)
        for a, b in itertools.product(TYPES, TYPES)
        for shapes in (((5, 6), (6, 7)), ((6,), (6, 3)), ((6,), (6,)), ((2, 3), (2, 3)))
    ]
    pairs += [(dtype, dtype, *shapes) for dtype in DTYPES for shapes in itertools.product(SHAPES, SHAPES)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for a_type, b_type, a_shape, b_shape in pairs:
            a, b = _operand(a_type, a_shape, 0), _operand(b_type, b_shape, 1)
            ours, theirs = outcome(rne.matrix_multiply, a, b), outcome(np.matmul, a, b)
            total += 1
            refused += isinstance(theirs, type)
            if ours is TypeError and "O" in (a_type, b_type) and NO_NUMBERS & {a_type, b_type}:
                continue
            if not _agree(ours, theirs):
                wrong.append((a_type, b_type, a_shape, b_shape))
    print(wrong)
    figure(
        "Matrix products have the value, dtype, shape and refusals of `np.matmul`",
        f"{total - len(wrong)} of {total} cells ({len(TYPES)} dtypes squared, {len(SHAPES)} shapes squared), "
        f"{refused} of them refused by both",
        not wrong,
    )
