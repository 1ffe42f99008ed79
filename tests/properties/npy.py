"""``.npy`` files of any bytes: statistics or a ``ValueError`` (``MemoryError`` for a shape that does not fit), and where
NumPy reads the array too, of as many values.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
from numpy.lib import format as npy_format

from rust_numpy_example._cli import arrays
from rust_numpy_example._cli.table import Ask


def check(data: bytes) -> None:
    """Read ``data`` as an ``.npy`` file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            array = arrays._Array(io.BytesIO(data).read, len(data), "")
            found = arrays._Columns(array, set(range(len(array.names))), Ask())
            found.take(array)
            columns, rows = found.finish(), array.rows
        except (ValueError, MemoryError):
            return
        try:
            theirs = npy_format.read_array(io.BytesIO(data), allow_pickle=False)
        except ValueError:
            # Stricter in places, such as what may stand after the header's dictionary.
            return
    if theirs.dtype.kind in "biuf" and theirs.ndim:
        assert sum(column.count + column.missing for column in columns) == theirs.size
    assert rows == (np.prod(theirs.shape[:-1]) if theirs.ndim > 1 and not theirs.dtype.names else theirs.size)
