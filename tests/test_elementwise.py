"""array_multiply, process_data, process_numbers, process_batch, process_single."""

from __future__ import annotations

import math
import operator
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from layouts import (
    COMPLEX,
    DTYPES,
    FLOATS,
    INTEGERS,
    REAL,
    as_with_64_bits,
    layouts,
    needs_64_bits,
    sample,
    strided,
)

import rust_numpy_example as rne


def assert_same(ours: object, numpys: object) -> None:
    """Same type, dtype, shape, values, NaN positions and signs of zero."""
    assert type(ours) is type(numpys)
    ours, numpys = np.asarray(ours), np.asarray(numpys)
    assert ours.dtype == numpys.dtype
    assert ours.shape == numpys.shape
    np.testing.assert_array_equal(ours, numpys)
    if ours.dtype.kind == "f":
        keep = ~np.isnan(numpys)
        np.testing.assert_array_equal(np.signbit(ours)[keep], np.signbit(numpys)[keep])


@pytest.mark.parametrize("dtype", DTYPES)
def test_products_equal_numpys_for_every_layout(dtype: str) -> None:
    a, b = sample(dtype, seed=1), sample(dtype, seed=2)
    expected = a * b
    for name, x in layouts(a):
        got = rne.array_multiply(x, b)
        np.testing.assert_array_equal(got, expected, err_msg=name)
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(rne.array_multiply(b, x), expected, err_msg=name)


@pytest.mark.parametrize("left", DTYPES)
def test_dtypes_are_promoted_as_numpy_does(left: str) -> None:
    for right in DTYPES:
        a, b = sample(left, (3, 4)), sample(right, (4,))
        assert_same(rne.array_multiply(a, b), a * b)
        assert_same(rne.array_multiply(a[0, 0], b), a[0, 0] * b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "factor",
    [2, -3, 0, 200, 2.5, 1e30, 1j, True, 127, 128, -128, -129, 255, 256, 2**53, 2**53 + 1, 2**63 - 1, 2**63]
    + [2**64 - 1, -(2**63), 10**30, 0.1, -0.0, 1e300, math.nan, math.inf, 65_519.9, 1 + 2**-11 + 2**-40],
)
def test_python_numbers_are_promoted_as_numpy_does(dtype: str, factor: complex) -> None:
    data = sample(dtype)
    with np.errstate(all="ignore"):
        try:
            expected = data * factor
        except OverflowError:
            with pytest.raises(OverflowError):
                rne.process_data(data, factor)
            return
        assert_same(rne.process_data(data, factor), expected)


def test_integers_wrap_as_numpys() -> None:
    for dtype in INTEGERS:
        info = np.iinfo(dtype)
        a = np.array([info.max, info.min, info.max, 3], dtype)
        b = np.array([info.max, info.min, 2, 5], dtype)
        np.testing.assert_array_equal(rne.array_multiply(a, b), a * b)


@pytest.mark.parametrize("dtype", FLOATS)
def test_special_floats_go_through(dtype: str) -> None:
    tiny = np.finfo(dtype).tiny
    values = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, tiny, -tiny / 2, 1.0], dtype)
    with np.errstate(all="ignore"):
        assert_same(rne.array_multiply(values[:, None], values), values[:, None] * values)


@given(st.data(), st.sampled_from(["f8", "i4", "?", "c8", "f2"]))
def test_any_shapes_and_layouts(data: st.DataObject, dtype: str) -> None:
    a = data.draw(strided(dtype))
    shapes = hnp.broadcastable_shapes(a.shape, min_side=0, max_side=5)
    b = sample(dtype, data.draw(shapes))
    try:
        with np.errstate(all="ignore"):
            expected = np.asarray(a) * b
            if dtype == "c8" and np.ndim(expected):
                # By the formula: NumPy's own bits depend on the CPU.
                x = np.asarray(a)
                expected.real = x.real * b.real - x.imag * b.imag
                expected.imag = x.real * b.imag + x.imag * b.real
    except ValueError:
        with pytest.raises(ValueError, match="shapes that broadcast together"):
            rne.array_multiply(a, b)
        return
    got = rne.array_multiply(a, b)
    if dtype == "c8" and not np.ndim(expected):
        np.testing.assert_allclose(got, expected, rtol=1e-6)
    else:
        np.testing.assert_array_equal(got, expected)
    assert np.shape(got) == np.shape(expected)


@pytest.mark.parametrize("shape", [(100_003,), (3, 70_001), (400, 300)])
def test_threads_do_not_change_the_result(shape: tuple[int, ...]) -> None:
    a, b = sample("f8", shape, 1), sample("f8", shape, 2)
    for x in (a, a[::-1], a.T):
        y = b if x.shape == b.shape else b.T
        for workers in (1, 2, 5):
            np.testing.assert_array_equal(rne.array_multiply(x, y, workers=workers), x * y)


def test_a_large_output_is_written_right() -> None:
    a = np.arange(5_000_001.0)
    out = np.full(a.size + 1, -1.0)[1:]
    assert rne.array_multiply(a, a, out=out) is out
    np.testing.assert_array_equal(out, a * a)


@pytest.mark.parametrize("dtype", DTYPES)
def test_out_may_have_any_layout_and_overlap(dtype: str) -> None:
    a, b = sample(dtype, (6, 6), 1), sample(dtype, (6, 6), 2)
    expected = a * b
    for name, out in layouts(np.zeros((6, 6), dtype)):
        if out.flags.writeable:
            assert rne.array_multiply(a, b, out=out) is out
            np.testing.assert_array_equal(np.asarray(out), expected, err_msg=name)
    x = a.copy()
    rne.array_multiply(x, b, out=x)
    np.testing.assert_array_equal(x, expected)
    x = a.copy()
    rne.array_multiply(x, b, out=x.T)
    np.testing.assert_array_equal(x.T, expected)
    x = sample(dtype, (7, 6), 1)
    expected = x[:-1] * b
    rne.array_multiply(x[:-1], b, out=x[1:])
    np.testing.assert_array_equal(x[1:], expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_factors_may_be_overwritten(dtype: str) -> None:
    wide, other = sample(dtype, (40, 170), 1), sample(dtype, (40, 170), 2)
    row, column = sample(dtype, (170,), 3), sample(dtype, (40, 1), 4)
    for order in "CF":
        for factor in (other, row, column, row[::-1], row[:1], other[::-1], np.asfortranarray(other)):
            expected = wide * factor
            for left in (True, False):
                x = wide.copy(order=order)
                got = rne.array_multiply(*((x, factor) if left else (factor, x)), out=x)
                assert got is x
                np.testing.assert_array_equal(x, expected)
        x = wide.copy(order=order)
        rne.array_multiply(x, x, out=x)
        np.testing.assert_array_equal(x, wide * wide)
    x = np.repeat(wide, 2, axis=1)
    rne.array_multiply(x[:, ::2], row, out=x[:, ::2])
    np.testing.assert_array_equal(x[:, ::2], wide * row)
    np.testing.assert_array_equal(x[:, 1::2], wide)
    single = wide[:1, :1].copy().reshape(())
    rne.array_multiply(single, single, out=single)
    assert single == wide[0, 0] * wide[0, 0] or single != single


def test_a_wrong_out_is_refused_with_a_reason() -> None:
    a = np.ones((2, 3))
    with pytest.raises(ValueError, match=r"argument out, got shape \(3,\), expected \(2, 3\)"):
        rne.array_multiply(a, a, out=np.ones(3))
    with pytest.raises(TypeError, match="argument out, got dtype float32, expected float64"):
        rne.array_multiply(a, a, out=np.ones((2, 3), "f4"))
    with pytest.raises(TypeError, match="argument out, got list, expected a NumPy array"):
        rne.array_multiply(a, a, out=[1])
    read_only = np.ones((2, 3))
    read_only.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        rne.array_multiply(a, a, out=read_only)
    with pytest.raises(TypeError, match="argument out, got a masked array"):
        rne.array_multiply(a, a, out=np.ma.zeros((2, 3)))


def test_wrong_arguments_are_refused_with_a_reason() -> None:
    with pytest.raises(ValueError, match=r"arguments a and b, got shapes \(2,\) and \(3,\), expected"):
        rne.array_multiply([1, 2], [1, 2, 3])
    with pytest.raises(TypeError, match="masked"):
        rne.array_multiply(np.ma.array([1, 2], mask=[0, 1]), 2)
    for workers in (0, -1, 10**6):
        with pytest.raises(ValueError, match="argument workers, got .*, expected None or 1 to 1024"):
            rne.array_multiply([1.0], [2.0], workers=workers)
    with pytest.raises(TypeError):
        rne.array_multiply(np.array(["a"]), 2)


def test_other_dtypes_are_left_to_numpy() -> None:
    a = np.ones(3, "longdouble")
    assert_same(rne.array_multiply(a, 2), a * 2)
    objects = np.array([2**70, 3], object)
    assert rne.process_data(objects, 2).tolist() == [2**71, 6]
    out = np.zeros(3, "longdouble")
    assert rne.array_multiply(a, 2, out=out) is out
    assert_same(out, a * 2)
    with pytest.raises(
        TypeError, match="argument out, got dtype float64, expected (longdouble|float128|float96)"
    ):
        rne.array_multiply(a, 2, out=np.zeros(3))
    with pytest.raises(ValueError, match=r"argument out, got shape \(2, 3\), expected \(3,\)"):
        rne.array_multiply(a, 2, out=np.zeros((2, 3), "longdouble"))
    with pytest.raises(TypeError, match="argument out, got a masked array"):
        rne.array_multiply(a, 2, out=np.ma.zeros(3, "longdouble"))
    with pytest.raises(ValueError, match="argument workers, got -5, expected None or 1 to 1024"):
        rne.array_multiply(a, 2, workers=-5)


@needs_64_bits
def test_huge_results_are_memory_errors() -> None:
    big = np.broadcast_to(np.float64(1), (1 << 40, 1))
    with pytest.raises(MemoryError):
        rne.array_multiply(big, np.ones((1, 1 << 10)))


@pytest.mark.parametrize("dtype", REAL)
def test_process_numbers_equals_the_mask_for_every_layout(dtype: str) -> None:
    numbers = sample(dtype)
    for threshold in (0, 3, -2, 2.5, -1e9, 1e9, np.nan):
        expected = numbers[numbers.astype("f8") > threshold] * 2
        if dtype == "bool":
            expected = as_with_64_bits(expected)
        for name, x in layouts(numbers):
            got = rne.process_numbers(x, threshold)
            np.testing.assert_array_equal(got, expected, err_msg=name)
            assert got.dtype == expected.dtype


def test_process_numbers_keeps_lists_lists_and_ints_exact() -> None:
    assert rne.process_numbers([1, 2**70, 3.5, True, -1], 0) == [2, 2**71, 7.0, 2]
    assert rne.process_numbers((1, 2), 1) == [4]
    assert rne.process_numbers([], 1) == []
    assert rne.process_numbers([2**53 + 1], 2**53) == [2**54 + 2]
    numbers = [np.int8(100), np.uint8(200), np.int64(2**62), np.uint64(2**64 - 1), np.float32(1.5)]
    got = rne.process_numbers(numbers, 1)
    assert got == [200, 400, 2**63, 2**65 - 2, 3.0]
    assert [type(x) for x in got[:4]] == [int] * 4


def test_process_numbers_never_wraps() -> None:
    with pytest.raises(OverflowError, match="int8"):
        rne.process_numbers(np.array([100], "i1"), 0)
    assert rne.process_numbers(np.array([-128, 63], "i1"), 0).tolist() == [126]
    top = np.array([2**64 - 1], "u8")
    assert rne.process_numbers(top, 2**64 - 1).size == 0
    assert rne.process_numbers(top, 2**70).size == 0


@pytest.mark.parametrize("threshold", [2**126, 2**127, -(2**127), -(2**127) - 1, 10**39, 10**50, -(10**50)])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_process_numbers_compares_floats_with_huge_ints(dtype: str, threshold: int) -> None:
    numbers = np.array([0.0, 2.0**126, 2.0**127, -(2.0**127), np.inf, -np.inf, np.nan], dtype)
    if dtype == "f8":
        numbers = np.append(numbers, [1e45, 1e60, -1e45, -1e60, 1e300])
    with np.errstate(over="ignore"):
        expected = 2 * numbers[numbers > np.dtype(dtype).type(float(threshold))]
        np.testing.assert_array_equal(rne.process_numbers(numbers, threshold), expected)


def test_process_numbers_compares_integers_with_ints_of_any_size() -> None:
    for dtype in INTEGERS:
        numbers = np.arange(3, dtype=dtype)
        assert rne.process_numbers(numbers, 10**400).size == 0
        assert rne.process_numbers(numbers, -(10**400)).tolist() == [0, 2, 4]
    with pytest.raises(OverflowError):
        rne.process_numbers(np.ones(3), 10**400)


def test_process_numbers_compares_integers_of_numpy_exactly() -> None:
    large = 2**53
    for dtype in ("int64", "uint64"):
        numbers = np.array([large, large + 1, large + 2], dtype)
        for threshold in (np.int64(large + 1), np.uint64(large + 1), np.array(large + 1)):
            assert rne.process_numbers(numbers, threshold).tolist() == [2 * (large + 2)]
            assert rne.process_numbers(numbers.tolist(), threshold) == [2 * (large + 2)]
    assert rne.process_numbers(np.array([1, 2, 3]), np.array(1.5)).tolist() == [4, 6]
    with pytest.raises(TypeError, match="argument threshold, got ndarray, expected an int or a float"):
        rne.process_numbers(np.arange(3), np.array([1, 2]))


def test_what_an_object_raises_is_not_replaced() -> None:
    class Fails:
        def __float__(self) -> float:
            raise ZeroDivisionError("its own")

    calls: list[Callable[[], object]] = [
        lambda: rne.process_batch([1.0, Fails()]),
        lambda: rne.process_numbers(np.ones(3), Fails()),
        lambda: rne.process_single(Fails()),
        lambda: rne.gaussian_blur(np.ones((3, 3)), Fails()),
        lambda: rne.gaussian_blur(np.ones((3, 3)), [1.0, Fails()]),
    ]
    for call in calls:
        with pytest.raises(ZeroDivisionError, match="its own"):
            call()
    with pytest.raises(OverflowError):
        rne.process_batch([10**400])


def test_process_numbers_refuses_what_is_no_number() -> None:
    with pytest.raises(TypeError, match="process_numbers: argument numbers, item 1, got str"):
        rne.process_numbers([1, "2"], 0)
    for item in (1j, np.complex64(1), np.timedelta64(1, "s"), None):
        with pytest.raises(TypeError, match=f"item 1, got {type(item).__name__}, expected an int or a float"):
            rne.process_numbers([1, item], 0)
    with pytest.raises(TypeError, match="complex128"):
        rne.process_numbers(np.ones(2, complex), 0)
    with pytest.raises(TypeError, match="process_numbers: argument threshold, got"):
        rne.process_numbers([1], "0")


@given(st.lists(st.integers() | st.floats(allow_nan=False)), st.integers() | st.floats(allow_nan=False))
def test_process_numbers_of_any_list(numbers: list[float], threshold: float) -> None:
    assert rne.process_numbers(numbers, threshold) == [2 * x for x in numbers if x > threshold]


@given(hnp.arrays("f8", st.integers(0, 3000)), st.floats())
def test_process_numbers_of_any_array(numbers: np.ndarray, threshold: float) -> None:
    with np.errstate(all="ignore"):
        expected = numbers[numbers > threshold] * 2
    np.testing.assert_array_equal(rne.process_numbers(numbers, threshold), expected)


def test_batch_and_single_do_the_same() -> None:
    xs = [1, 2.5, -0.0, True]
    assert rne.process_batch(xs) == list(map(rne.process_single, xs))
    assert rne.process_batch([]) == []
    for dtype in REAL:
        data = sample(dtype)
        got = rne.process_batch(data)
        assert got.dtype == np.float64
        np.testing.assert_array_equal(got, 2.0 * data.astype("f8"))
    for wrong in (["1"], [None], [1j], np.array([1j])):
        with pytest.raises(TypeError):
            rne.process_batch(wrong)
    with pytest.raises(TypeError):
        rne.process_single("1")
    assert operator.eq(rne.process_single(np.float32(0.5)), 1.0)


@pytest.mark.parametrize("dtype", COMPLEX)
def test_complex_products_round_as_numpys(dtype: str) -> None:
    rng = np.random.default_rng(0)
    a = (rng.standard_normal(1001) + 1j * rng.standard_normal(1001)).astype(dtype)
    np.testing.assert_allclose(rne.array_multiply(a, a[::-1]), a * a[::-1], rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("other", DTYPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_long_operands_of_two_dtypes_are_those_of_numpy(dtype: str, other: str) -> None:
    # Long ones are converted block by block.
    a, b = sample(dtype, (60, 151), seed=1), sample(other, (60, 151), seed=2)
    expected = np.multiply(a, b)
    for x, y in ((a, b), (a[::-1], b[::-1]), (np.asfortranarray(a), b), (a, np.asfortranarray(b))):
        product = rne.array_multiply(x, y)
        assert product.dtype == expected.dtype
        np.testing.assert_array_equal(product, np.multiply(x, y))
    np.testing.assert_array_equal(rne.array_multiply(a, b[0]), np.multiply(a, b[0]))
    column = np.broadcast_to(b[:, :1], b.shape)
    np.testing.assert_array_equal(rne.array_multiply(a, column), np.multiply(a, column))
    out = np.empty((120, 151), expected.dtype)[::-2]
    rne.array_multiply(a, b, out=out)
    np.testing.assert_array_equal(out, expected)


def test_conversions_are_exact_or_rounded_once() -> None:
    rng = np.random.default_rng(0)
    large = rng.integers(-(2**63), 2**63 - 1, 20_000)
    for ints in (large, large.view("u8"), large.astype("u4"), large.astype("i2")):
        for dtype in ("f2", "f4", "f8", "c8", "c16", "u8", "i8", "?"):
            ones = np.ones(1, dtype).repeat(20_000)
            np.testing.assert_array_equal(rne.array_multiply(ints, ones), np.multiply(ints, ones))
    halves = np.arange(2**16, dtype="u2").view("f2")
    for dtype in ("f4", "f8", "c16"):
        ones = np.ones(2**16, dtype)
        with np.errstate(invalid="ignore"):
            np.testing.assert_array_equal(rne.array_multiply(halves, ones), np.multiply(halves, ones))


def test_operands_of_two_dtypes_are_not_copied() -> None:
    single, out = np.ones(400_000, "f4"), np.empty(400_000)
    small = np.arange(400_000, dtype="i2")[::-1]
    # To NumPy 1 a scalar has no dtype of its own.
    half = np.float64(0.5) if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else np.full(1, 0.5)
    for a, b in ((single, half), (small, np.arange(400_000.0)), (single[::2], np.ones(200_000))):
        into = out[: np.broadcast(a, b).size]
        rne.array_multiply(a, b, out=into)
        tracemalloc.start()
        rne.array_multiply(a, b, out=into)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 100_000
        np.testing.assert_array_equal(into, np.multiply(a, b))


def test_an_operand_of_another_dtype_that_overlaps_the_result() -> None:
    memory = np.arange(40_000.0)
    single = memory.view("f4")[:20_000]
    expected = np.multiply(single, 0.5, dtype="f8")
    rne.array_multiply(single, np.float64(0.5) * np.ones(20_000), out=memory[:20_000])
    np.testing.assert_array_equal(memory[:20_000], expected)


@pytest.mark.parametrize("char", list("bhilqBHILQ"))
def test_scalar_types_are_those_of_numpy(char: str) -> None:
    a = np.ones((2, 3), char)
    for ours, numpys in (
        (rne.matrix_multiply(a[0], a[0]), np.matmul(a[0], a[0])),
        (rne.matrix_multiply(a, a.T), np.matmul(a, a.T)),
        (rne.array_multiply(a, a), np.multiply(a, a)),
        (rne.array_multiply(a, 2), np.multiply(a, 2)),
        (rne.array_multiply(a[0, 0], a[0, 0]), np.multiply(a[0, 0], a[0, 0])),
        (rne.sum_array(a, 0), as_with_64_bits(np.sum(a, 0))),
        (rne.process_numbers(a, 0), a),
    ):
        assert ours.dtype.char == numpys.dtype.char
        assert type(ours[()]) is type(numpys[()])


def test_a_threshold_beyond_all_floats_is_named() -> None:
    with pytest.raises(
        OverflowError, match=r"^process_numbers: argument threshold, got .*, expected a number up to"
    ):
        rne.process_numbers(np.ones(1), 10**400)
