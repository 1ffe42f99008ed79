"""despike."""

from __future__ import annotations

import numpy as np
import pytest
from layouts import DTYPES, layouts, sample
from loop import despike as loop

fast_loops = pytest.importorskip("fast_loops")


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_axis_and_layout_of_every_dtype(dtype: str) -> None:
    data = sample(dtype, (7, 40))
    data[:, 20] = 1 if dtype == "bool" else 100
    for name, x in layouts(data):
        for axis in (0, 1):
            got = fast_loops.despike(x, axis)
            expected = np.apply_along_axis(lambda line: loop(line.tolist()), axis, data.astype("f8"))
            assert got.dtype == (dtype if dtype.startswith("float") else "float64")
            np.testing.assert_array_equal(got, expected.astype(got.dtype), err_msg=name)


def test_gaps_stay_and_threads_do_not_change_a_bit() -> None:
    data = np.random.default_rng(0).standard_normal((20, 1000))
    data[:, ::50] += 50
    data[:, ::33] = np.nan
    expected = [loop(line) for line in data.tolist()]
    for workers in (1, 2, 5):
        np.testing.assert_array_equal(fast_loops.despike(data, workers=workers), expected)


def test_nothing_and_wrong_arguments() -> None:
    assert fast_loops.despike(np.empty((0, 3))).shape == (0, 3)
    assert fast_loops.despike([]).shape == (0,)
    with pytest.raises(ValueError, match="despike: argument patience, got 1, expected an int from 2"):
        fast_loops.despike([1.0], patience=1)
    with pytest.raises(TypeError, match="despike: argument limit, got str, expected a number"):
        fast_loops.despike([1.0], limit="4")
    with pytest.raises(ValueError, match="argument axis, got 1"):
        fast_loops.despike([1.0], 1)
