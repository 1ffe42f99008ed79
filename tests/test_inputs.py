"""What arrays come in: protocols, bfloat16, and any object as its array."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from array_objects import OnlyArray, OnlyDLPack, OnlyInterface, as_arrow, every_function
from arrow_capsules import FORMATS, ByStream, array, schema
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import DTYPES, REAL, layouts, sample

import rust_numpy_example as rne

# ------------------------------------------------------------------ protocols


@pytest.mark.parametrize("protocol", [OnlyArray, OnlyInterface, memoryview])
@pytest.mark.parametrize("dtype", DTYPES)
def test_each_protocol_alone_for_every_dtype_and_layout(protocol: Callable[..., Any], dtype: str) -> None:
    data = sample(dtype)
    expected = rne.sum_array(data)
    for name, x in layouts(data):
        if protocol is memoryview and (x.dtype.kind == "V" or type(x) is np.matrix):
            continue
        assert rne.sum_array(protocol(x)) == expected, name
        assert rne.parallel_sum(protocol(x)) == expected, name


@pytest.mark.parametrize("dtype", [name for name in DTYPES if name != "bool"])
def test_dlpack_alone(dtype: str) -> None:
    data = sample(dtype)
    for x in (data, data.T, data[::-1, ::2], data[:0], data[0, 0, ...]):
        assert rne.sum_array(OnlyDLPack(x)) == rne.sum_array(x)
        np.testing.assert_array_equal(rne.array_multiply(OnlyDLPack(x), 2), x * 2)


def test_what_comes_by_dlpack_is_not_copied() -> None:
    data = np.arange(6.0)
    # Where the result overlaps what is read, it goes through a copy: only if the memory is the same.
    np.testing.assert_array_equal(
        rne.array_multiply(OnlyDLPack(data[:-1]), 2.0, out=data[1:]), np.arange(5) * 2
    )


def test_read_only_memory_by_dlpack() -> None:
    data = np.arange(4.0)
    data.flags.writeable = False
    try:
        assert rne.sum_array(OnlyDLPack(data)) == 6.0
    except TypeError as error:
        # NumPy 1 cannot hand it out, and says so itself.
        assert "dlpack" in str(error).lower()
    assert data.tolist() == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(("device", "name"), [(2, "CUDA"), (8, "Metal"), (10, "ROCm"), (14, "oneAPI")])
def test_another_device_is_refused_by_name(device: int, name: str) -> None:
    class Elsewhere:
        def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
            raise AssertionError

        def __dlpack__(self, **_options: object) -> object:
            raise AssertionError

        def __dlpack_device__(self) -> tuple[int, int]:
            return device, 0

    for function, call in every_function():
        with pytest.raises(TypeError, match=rf"{function}: argument \w+, got Elsewhere on the device {name}"):
            call(Elsewhere())


def test_a_device_array_of_cuda_alone() -> None:
    class OnCuda:
        __cuda_array_interface__ = {"shape": (1,), "typestr": "<f8", "data": (16, False), "version": 3}

    with pytest.raises(TypeError, match="sum_array: argument arr, got OnCuda on the device CUDA"):
        rne.sum_array(OnCuda())


def test_integers_of_lists_keep_all_digits() -> None:
    large = 2**63
    for numbers in ([large + 1, 5], (large + 1, True, 7), [[large + 3, 1], [0, 2**64 - 1]]):
        exact = np.asarray(numbers, "uint64")
        assert rne.compute_stats(numbers) == rne.compute_stats(exact)
        assert rne.compute_stats(numbers).max == exact.max() and isinstance(
            rne.compute_stats(numbers).max, int
        )
        assert rne.quantiles(numbers, 1.0, method="higher") == exact.max()
        processor = rne.DataProcessor(2)
        processor.add_data(numbers)
        assert processor.stats() == rne.compute_stats(exact)
    # As NumPy has it: no integers hold both, and the functions that are NumPy's give what it gives.
    assert rne.compute_stats([large, -1]).max == float(large)
    for function, numpys in ((rne.process_data, lambda x: np.multiply(x, 2)), (rne.sum_array, np.sum)):
        assert function([large, 1]) is not None and np.array_equal(function([large, 1]), numpys([large, 1]))
    assert rne.compute_stats([]).count == 0 and rne.quantiles([1.5, large], 1.0).dtype == np.float64


def test_what_array_gives_may_be_masked() -> None:
    masked = OnlyArray(np.ma.masked_array([1.0, 2.0], [False, True]))
    for _, call in every_function():
        with pytest.raises(TypeError, match="got a masked array, expected an array without a mask"):
            call(masked)


# ------------------------------------------------------------------ bfloat16


def test_bfloat16() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    values = np.random.default_rng(0).standard_normal((40, 7)) * 1e3
    data = values.astype(ml_dtypes.bfloat16)
    wide = data.astype("f4")
    assert rne.compute_stats(data) == rne.compute_stats(wide)
    assert rne.compute_stats(data.T[::-1], 1) == rne.compute_stats(wide.T[::-1], 1)
    assert rne.sum_array(data) == rne.sum_array(wide) == rne.parallel_sum(data)
    np.testing.assert_array_equal(rne.sum_array(data, 0), rne.sum_array(wide, 0))
    assert rne.parallel_sum(list(data[0])) == math.fsum(wide[0].tolist())
    with pytest.raises(TypeError, match="cpu_intensive: argument data, got dtype bfloat16"):
        rne.cpu_intensive(data)
    for other in ("float8_e5m2", "float8_e4m3fn", "int4"):
        narrow = np.zeros(2, getattr(ml_dtypes, other))
        for function in (rne.compute_stats, rne.sum_array):
            with pytest.raises(TypeError, match=f"got dtype {other}, expected"):
                function(narrow)


# ------------------------------------------------------------------ random objects


@st.composite
def wrapped(draw: Any) -> tuple[Any, np.ndarray]:
    """Draw an object and the array that it stands for."""
    data = sample(
        draw(st.sampled_from(REAL)),
        draw(st.sampled_from([(0,), (1,), (5,), (4, 3)])),
        draw(st.integers(0, 99)),
    )
    kinds = ["array", OnlyArray, OnlyInterface, "list"]
    if np.lib.NumpyVersion(np.__version__) >= "1.24.0":
        # Of such lists of arrays of one element older versions make arrays of objects.
        kinds.append("lists")
    if data.dtype != bool:
        kinds.append(OnlyDLPack)
    if data.ndim == 1:
        kinds += ["arrow", "stream"]
    kind = draw(st.sampled_from(kinds))
    if kind == "array":
        return draw(st.sampled_from([layout for _, layout in layouts(data)])), data
    if kind == "list":
        return data.tolist(), np.asarray(data.tolist())
    if kind == "lists":
        return [OnlyArray(data), data], np.asarray([data, data])
    if kind == "arrow":
        return as_arrow(data), data
    if kind == "stream":
        cut = draw(st.integers(0, len(data)))
        return ByStream(schema(FORMATS[data.dtype.name]), [array(data[:cut]), array(data[cut:])]), data
    return kind(data), data


@settings(max_examples=80)
@given(wrapped(), st.sampled_from(["sum_array", "compute_stats", "array_multiply", "process_batch"]))
def test_an_object_is_as_good_as_its_array(pair: tuple[Any, np.ndarray], name: str) -> None:
    given_object, data = pair
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name == "sum_array":
            assert rne.sum_array(given_object) == rne.sum_array(data)
        elif name == "compute_stats":
            assert rne.compute_stats(given_object) == rne.compute_stats(data)
        elif name == "array_multiply":
            product = rne.array_multiply(given_object, data)
            np.testing.assert_array_equal(product, np.multiply(data, data))
            assert product.dtype == data.dtype
        elif not (isinstance(given_object, list) and data.ndim > 1):
            np.testing.assert_array_equal(rne.process_batch(given_object), data.astype("f8") * 2)
