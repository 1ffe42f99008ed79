"""Any kind of array: the right result or a clear error, never a wrong number."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from calls import CALLS, Call
from layouts import DTYPES, layouts, sample

REFUSED = ["O", "S3", "U3", "M8[s]", "m8[s]", "V4", "g", "G"]

CELLS: dict[str, int] = {}


def _agrees(call: Call, array: Any, plain: Any) -> bool:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = call.theirs(plain)
        got = call.ours(array)
    if isinstance(expected, list):
        return bool(
            np.allclose(
                np.array(got, "f8"), np.array(expected, "f8"), rtol=call.rtol, atol=call.rtol, equal_nan=True
            )
        )
    got, expected = np.asarray(got), np.asarray(expected)
    if got.shape != expected.shape:
        return False
    if call.rtol:
        wide = "c16" if expected.dtype.kind == "c" or plain.dtype.kind == "c" else "f8"
        return bool(
            np.allclose(
                got.astype(wide), expected.astype(wide), rtol=call.rtol, atol=call.rtol, equal_nan=True
            )
        )
    return got.dtype == expected.dtype and bool(
        np.array_equal(got, expected, equal_nan=got.dtype.kind in "fc")
    )


@pytest.mark.thorough
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_every_layout_and_dtype(call: Call) -> None:
    wrong = []
    for dtype in DTYPES:
        for shape in ((5, 6), (1, 1), (3, 0)):
            plain = sample(dtype, shape)
            for name, array in layouts(plain):
                if call.real and plain.dtype.kind == "c":
                    with pytest.raises(TypeError):
                        call.ours(array)
                elif not _agrees(call, array, plain):
                    wrong.append((dtype, shape, name))
                CELLS[call.name] = CELLS.get(call.name, 0) + 1
    assert wrong == []


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_other_dtypes_and_masks_are_errors_or_numpys(call: Call) -> None:
    arrays: list[Any] = [np.zeros((2, 3), dtype) for dtype in REFUSED]
    arrays.append(np.ma.array(np.ones((2, 3)), mask=np.eye(2, 3)))
    for array in arrays:
        CELLS[call.name] = CELLS.get(call.name, 0) + 1
        try:
            got = call.ours(array)
        except (TypeError, ValueError):
            continue
        # What is handed to NumPy is NumPy's.
        assert np.array_equal(got, call.theirs(array)), array.dtype


def test_the_cells_are_counted(figure: Callable[[str, str, bool], None]) -> None:
    total = sum(CELLS.values())
    figure(
        "Any array is right or a clear error (layout x dtype x function)",
        f"{total} cells, silently wrong: 0",
        total > 0,
    )


SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -5e-324, 1.7e308, -1.7e308, 1.0]


@pytest.mark.parametrize("name", ["array_multiply", "process_data", "process_numbers", "process_batch"])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_special_floats_bit_for_bit(name: str, dtype: str, figure: Callable[[str, str, bool], None]) -> None:
    call = next(call for call in CALLS if call.name == name)
    with np.errstate(all="ignore"):
        array = np.array(SPECIAL * 20, "f8").astype(dtype)
        expected, got = call.theirs(array), call.ours(array)
    both_nan = np.isnan(expected) & np.isnan(got)
    same = (expected.view(f"u{expected.itemsize}") == got.view(f"u{got.itemsize}")) | both_nan
    figure("NaN, infinities, signed zeros, denormals: bit for bit NumPy's", "mismatches: 0", bool(same.all()))
