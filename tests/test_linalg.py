"""Matrix products against NumPy: value, dtype, shape, and where they raise."""

from __future__ import annotations

import inspect
import itertools
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interrupt import interrupted
from layouts import COMPLEX, DTYPES, FLOATS, HAS_64_BITS, INTEGERS, layouts, needs_64_bits, sample

import rust_numpy_example as rne


def same(ours: Any, theirs: Any) -> None:
    """Small numbers: every product is exact, so any order of the sum gives the same."""
    # Where int and long have 32 bits both are int32, of one type each.
    assert type(ours) is type(theirs) or not HAS_64_BITS
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


def outcome(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Return what a call returns, or the kind of exception that it raises."""
    try:
        return function(*args, **kwargs)
    except ValueError:
        return ValueError
    except TypeError:
        return TypeError


@pytest.mark.parametrize("a_type,b_type", list(itertools.product(DTYPES, DTYPES)))
def test_every_pair_of_dtypes_gives_the_value_and_dtype_of_numpy(a_type: str, b_type: str) -> None:
    for a_shape, b_shape in [((5, 6), (6, 7)), ((6,), (6, 3)), ((6,), (6,)), ((2, 1, 3, 6), (4, 6, 2))]:
        a, b = sample(a_type, a_shape), sample(b_type, b_shape, 1)
        same(rne.matrix_multiply(a, b), np.matmul(a, b))


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_layout_of_both_operands_is_read_right(dtype: str) -> None:
    a, b = sample(dtype, (5, 6)), sample(dtype, (6, 17), 1)
    expected = np.matmul(a, b)
    for (a_name, x), (b_name, y) in itertools.product(layouts(a), layouts(b)):
        np.testing.assert_array_equal(rne.matrix_multiply(x, y), expected, err_msg=f"{a_name}, {b_name}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_layout_of_out_is_written_right(dtype: str) -> None:
    a, b = sample(dtype, (5, 6)), sample(dtype, (6, 17), 1)
    expected = np.matmul(a, b)
    for name, out in layouts(np.zeros_like(expected)):
        if name == "read-only":
            with pytest.raises(ValueError, match="matrix_multiply.*read-only"):
                rne.matrix_multiply(a, b, out=out)
            continue
        assert rne.matrix_multiply(a, b, out=out) is out
        np.testing.assert_array_equal(out, expected, err_msg=name)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_wrap_as_those_of_numpy_at_their_extremes(dtype: str) -> None:
    info = np.iinfo(dtype)
    rng = np.random.default_rng(2)
    for m, k, n in [(3, 700, 5), (30, 66, 67), (13, 2100, 33)]:
        a = rng.choice(np.array([info.min, info.max, 0, 1, info.max - 1, info.min + 1], dtype), (m, k))
        b = rng.integers(info.min, info.max, (k, n), dtype, endpoint=True)
        same(rne.matrix_multiply(a, b), np.matmul(a, b))
        same(rne.matrix_multiply(b.T, a.T), np.matmul(b.T, a.T))
    full = np.full((20, 300), info.min, dtype)
    same(rne.matrix_multiply(full, full.T), np.matmul(full, full.T))


@pytest.mark.parametrize("dtype", FLOATS + COMPLEX)
@pytest.mark.parametrize("k", [1, 7, 300, 1500])
def test_floats_are_within_the_bound_of_a_sum_of_k_products(dtype: str, k: int) -> None:
    rng = np.random.default_rng(k)
    a, b = (rng.standard_normal(shape) for shape in [(20, k), (k, 37)])
    if dtype in COMPLEX:
        a, b = a + 1j * rng.standard_normal(a.shape), b - 1j * rng.standard_normal(b.shape)
    a, b = a.astype(dtype), b.astype(dtype)
    wide = np.clongdouble if dtype in COMPLEX else np.longdouble
    exact = np.matmul(a.astype(wide), b.astype(wide))
    size = np.matmul(np.abs(a).astype(np.longdouble), np.abs(b).astype(np.longdouble))
    work = np.finfo("float32" if dtype == "float16" else dtype).eps
    bound = 2 * (k + 2) * work * size
    if dtype == "float16":
        bound = bound + np.finfo(dtype).eps * np.abs(exact) + 1e-7
    for x, y in [(a, b), (np.asfortranarray(a), np.asfortranarray(b))]:
        assert np.all(np.abs(rne.matrix_multiply(x, y) - exact) <= bound)


@pytest.mark.parametrize("dtype", FLOATS + COMPLEX)
def test_nan_and_infinity_propagate(dtype: str) -> None:
    a, b = sample(dtype, (9, 8)), np.ones((8, 18), dtype)
    a[1, 2], a[4, 0], b[5, 17] = np.nan, np.inf, -np.inf
    b[0, 3] = 0  # infinity times zero is not a number
    ours = rne.matrix_multiply(a, b)
    with np.errstate(all="ignore"):
        if dtype in FLOATS:
            np.testing.assert_array_equal(ours, np.matmul(a, b))
        else:
            # By parts: libraries that scale a complex result by 1 + 0j make infinity a NaN.
            real = np.matmul(a.real, b.real) - np.matmul(a.imag, b.imag)
            imaginary = np.matmul(a.real, b.imag) + np.matmul(a.imag, b.real)
            np.testing.assert_array_equal(ours.real, real)
            np.testing.assert_array_equal(ours.imag, imaginary)


SHAPES = [
    (),
    (0,),
    (3,),
    (1,),
    (3, 3),
    (1, 3),
    (0, 3),
    (3, 0),
    (2, 3, 3),
    (1, 3, 3),
    (0, 3, 3),
    (4, 1, 3, 3),
    (5, 3, 1),
]


@pytest.mark.parametrize("dtype", ["bool", "int16", "float16", "float64", "complex64"])
def test_shapes_fit_or_raise_where_those_of_numpy_do(dtype: str) -> None:
    for a_shape, b_shape in itertools.product(SHAPES, SHAPES):
        a, b = sample(dtype, a_shape), sample(dtype, b_shape, 1)
        ours, theirs = outcome(rne.matrix_multiply, a, b), outcome(np.matmul, a, b)
        if isinstance(theirs, type):
            assert ours is theirs, (a_shape, b_shape)
        else:
            same(ours, theirs)


def test_a_sum_of_nothing_is_zero_even_in_memory_that_held_something() -> None:
    out = np.full((3, 4), 7.0)
    rne.matrix_multiply(np.ones((3, 0)), np.ones((0, 4)), out=out)
    assert not out.any() and not np.signbit(out).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_longer_than_a_piece_are_summed_to_their_end(dtype: str) -> None:
    k = (1 << 19) + 77
    a, b = (np.arange(size).reshape(shape) % 7 % 3 for size, shape in [(9 * k, (9, k)), (2 * k, (2 * k,))])
    a, b = a.astype(dtype), b.astype(dtype)
    for x in (b[:k], b[::2]):
        same(rne.matrix_multiply(a, x), np.matmul(a, x))


def test_messages_name_the_argument() -> None:
    with pytest.raises(ValueError, match=r"arguments a and b, got shapes \(.*\) and \(\), expected one axis"):
        rne.matrix_multiply([1.0], 2.0)
    with pytest.raises(
        ValueError, match=r"matrix_multiply: arguments a and b, got shapes \(2, 3\) and \(2, 3\)"
    ):
        rne.matrix_multiply(np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(
        ValueError, match=r"matrix_multiply: argument out, got shape \(3, 3\), expected \(2, 2\)"
    ):
        rne.matrix_multiply(np.ones((2, 3)), np.ones((3, 2)), out=np.zeros((3, 3)))
    with pytest.raises(TypeError, match="matrix_multiply: argument out, got .*, expected a NumPy array"):
        rne.matrix_multiply(np.ones((2, 3)), np.ones((3, 2)), out=[0])
    with pytest.raises(TypeError, match="matrix_multiply: argument a, got a masked array"):
        rne.matrix_multiply(np.ma.ones((2, 2)), np.ones((2, 2)))
    for workers in (0, -1, 5000):
        with pytest.raises(ValueError, match="argument workers, got .*, expected None or 1 to 1024"):
            rne.matrix_multiply(np.ones((2, 2)), np.ones((2, 2)), workers=workers)
    masked = np.ma.zeros((2, 2))
    for out in (masked, (masked,)):
        with pytest.raises(TypeError, match="matrix_multiply: argument out, got a masked array"):
            rne.matrix_multiply(np.ones((2, 2), "f4"), np.ones((2, 2), "f4"), out=out)
    with pytest.raises(ValueError, match="argument workers, got -5, expected None or 1 to 1024"):
        rne.matrix_multiply(np.ones((2, 2), "longdouble"), np.ones((2, 2)), workers=-5)


@pytest.mark.parametrize("out_type", ["float32", "float64", "complex128", "int64", "int8"])
@pytest.mark.parametrize("dtype", ["int16", "float64"])
def test_an_out_of_another_dtype_is_converted_or_refused_as_by_numpy(dtype: str, out_type: str) -> None:
    a, b = sample(dtype, (4, 3)), sample(dtype, (3, 5), 1)
    ours, theirs = (
        outcome(f, a, b, out=np.zeros((4, 5), out_type)) for f in (rne.matrix_multiply, np.matmul)
    )
    if isinstance(theirs, type):
        assert ours is theirs
    else:
        same(ours, theirs)


def test_an_out_with_more_axes_is_filled_as_by_numpy() -> None:
    a, b = sample("float64", (4, 3)), sample("float64", (3, 5), 1)
    same(rne.matrix_multiply(a, b, out=np.zeros((2, 4, 5))), np.matmul(a, b, out=np.zeros((2, 4, 5))))
    dot = rne.matrix_multiply([1, 2], [3, 4], out=np.zeros((), "int64"))
    assert isinstance(dot, np.ndarray) and dot == 11


@pytest.mark.parametrize("dtype", ["bool", "int8", "float16", "float64", "complex128"])
def test_an_out_that_overlaps_an_operand_gives_the_same(dtype: str) -> None:
    for n in (3, 20):
        a, b = sample(dtype, (n, n)), sample(dtype, (n, n), 1)
        for view in (lambda x: x, lambda x: x.T, lambda x: x[::-1]):
            x, y = a.copy(), b.copy()
            np.testing.assert_array_equal(rne.matrix_multiply(x, y, out=view(x)), np.matmul(a, b))
            x, y = a.copy(), b.copy()
            np.testing.assert_array_equal(rne.matrix_multiply(x, y, out=view(y)), np.matmul(a, b))
        x = a.copy()
        np.testing.assert_array_equal(rne.matrix_multiply(x, x, out=x), np.matmul(a, a))


@pytest.mark.parametrize("dtype", ["longdouble", "clongdouble", "object"])
def test_other_dtypes_are_handed_to_numpy(dtype: str) -> None:
    a, b = sample("int64", (3, 4)).astype(dtype), sample("float64", (4, 2), 1)
    same(rne.matrix_multiply(a, b), np.matmul(a, b))
    same(rne.matrix_multiply(a, b, out=np.zeros((3, 2), dtype)), np.matmul(a, b))


def test_dtypes_without_a_product_are_type_errors() -> None:
    for other in (np.array(["x"] * 4), np.zeros(4, "M8[s]"), np.zeros(4, "i4,i4"), [None] * 4):
        theirs = outcome(np.matmul, np.ones((3, 4)), other)
        assert theirs is TypeError
        assert outcome(rne.matrix_multiply, np.ones((3, 4)), other) is theirs


def test_lists_memory_maps_and_broadcast_arrays_are_operands(tmp_path: Path) -> None:
    same(rne.matrix_multiply([[1, 2], [3, 4]], [5, 6]), np.matmul([[1, 2], [3, 4]], [5, 6]))
    stored = np.memmap(tmp_path / "a", "f4", "w+", shape=(30, 40))
    stored[...] = sample("f4", (30, 40))
    stored.flush()
    read = np.memmap(tmp_path / "a", "f4", "r", shape=(30, 40))
    np.testing.assert_array_equal(
        rne.matrix_multiply(read, read.T), np.matmul(np.array(read), np.array(read).T)
    )
    same(
        rne.matrix_multiply(np.broadcast_to(3, (5, 6)), np.broadcast_to(np.arange(7), (6, 7))),
        np.full((5, 6), 3) @ np.broadcast_to(np.arange(7), (6, 7)),
    )


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_sizes_steps_and_dtypes_agree_with_numpy(data: Any) -> None:
    m, k, n = (data.draw(st.integers(0, 70)) for _ in range(3))
    dtype = data.draw(st.sampled_from(DTYPES))
    steps = st.sampled_from([slice(None), slice(None, None, 2), slice(None, None, -1), slice(None, None, -3)])

    def operand(rows: int, cols: int, seed: int) -> np.ndarray:
        row_step, col_step = data.draw(steps), data.draw(steps)
        whole = sample(dtype, (3 * rows, 3 * cols), seed)
        whole = whole.copy("F") if data.draw(st.booleans()) else whole
        return whole[row_step, col_step][:rows, :cols]

    a, b = operand(m, k, 1), operand(k, n, 2)
    same(rne.matrix_multiply(a, b), np.matmul(a, b))


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_bits_do_not_depend_on_the_number_of_workers(dtype: str) -> None:
    rng = np.random.default_rng(3)
    for a_shape, b_shape in [((300, 150), (150, 90)), ((90, 150), (150, 300)), ((64, 20, 30), (64, 30, 20))]:
        rough = (9 * rng.standard_normal(shape) for shape in (a_shape, b_shape))
        # What a float below zero is as an unsigned integer depends on the processor.
        a, b = ((abs(x) if np.dtype(dtype).kind == "u" else x).astype(dtype) for x in rough)
        one = rne.matrix_multiply(a, b, workers=1)
        for workers in (2, 5):
            assert rne.matrix_multiply(a, b, workers=workers).tobytes() == one.tobytes()


LEVELS = """
import sys
sys.path[:0] = [{tests!r}]
import numpy as np, rust_numpy_example as rne
from layouts import DTYPES, sample
assert rne.build_info()["simd"] == {level!r}
for dtype in DTYPES:
    for m, k, n in [(5, 6, 7), (30, 65, 70)]:
        a, b = sample(dtype, (m, k)), sample(dtype, (k, n), 1)
        np.testing.assert_array_equal(rne.matrix_multiply(a, b), np.matmul(a, b), err_msg=dtype)
        np.testing.assert_array_equal(rne.matrix_multiply(b.T, a.T), np.matmul(b.T, a.T), err_msg=dtype)
# The last part has one row or one column, and float sums are longer than a block.
rng = np.random.default_rng(4)
for dtype, m, k, n in [("float32", 50, 1200, 193), ("complex64", 50, 600, 193), ("complex64", 121, 600, 110)]:
    a, b = (rng.standard_normal((*shape, 2), "f4").view("c8")[..., 0] for shape in [(m, k), (k, n)])
    a, b = (a, b) if dtype == "complex64" else (a.real, b.real)
    rows, cols = np.zeros((2 * m, 2 * n), dtype), np.zeros((2 * n, 2 * m), dtype)
    for out in [rows[:m, :n], rows[::2, ::2], cols[:n, :m].T, cols[::2, ::2].T]:
        one, more = (rne.matrix_multiply(a, b, out=out, workers=workers).tobytes() for workers in (1, 16))
        assert one == more, (dtype, m, k, n, out.strides)
"""


@pytest.mark.thorough
@pytest.mark.parametrize("level", rne.build_info()["simd_available"])
def test_every_cpu_level_is_right(level: str) -> None:
    code = LEVELS.format(tests=str(Path(__file__).parent), level=level)
    environment = {**os.environ, "RUST_NUMPY_EXAMPLE_SIMD": level}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


@needs_64_bits
@pytest.mark.parametrize("dtype", ["bool", "int64", "float16", "float64", "complex128"])
def test_results_without_elements_are_there_at_once(dtype: str) -> None:
    try:
        np.zeros((1 << 32, 0, 3), dtype)
    except MemoryError:
        pytest.skip("this NumPy asks for memory for an array without elements")
    start = time.process_time()
    for a_shape, b_shape in [((1 << 32, 0, 3), (3, 2)), ((2, 3), (1 << 32, 3, 0))]:
        product = rne.matrix_multiply(np.zeros(a_shape, dtype), np.zeros(b_shape, dtype))
        assert product.shape == (1 << 32, a_shape[-2], b_shape[-1])
    assert time.process_time() - start < 2


# Operands, and to which shapes they are repeated: so they take no memory.
LONG = {
    "small": (np.ones((1, 16), "i1"), (10**8, 1, 16), np.ones((16, 1), "i1"), (16, 1)),
    "vectors": (np.ones((100, 10_000)), (100, 10_000), np.ones((10_000, 1)), (20_000, 10_000, 1)),
    "bools": (np.ones((1, 1), "?"), (1, 2 * 10**8), np.ones((1, 1), "?"), (2 * 10**8, 1)),
}


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize("name", LONG)
def test_ctrl_c_stops_work_in_short_pieces(name: str) -> None:
    a, a_shape, b, b_shape = LONG[name]
    a, b = np.broadcast_to(a, a_shape), np.broadcast_to(b, b_shape)
    with interrupted():
        rne.matrix_multiply(a, b, workers=1)


def test_a_result_too_large_for_memory_is_refused() -> None:
    with pytest.raises((MemoryError, ValueError)):
        rne.matrix_multiply(np.ones((1 << 40, 0), "i1"), np.ones((0, 1 << 40), "i1"))


def test_multiply_matrices_is_numpy_dot() -> None:
    for a, b in [
        ([[1, 2], [3, 4]], [[5, 6], [7, 8]]),
        ([1.5, 2], [3, 4]),
        (2, [1, 2]),
        (np.ones((2, 3, 4)), np.ones(4)),
    ]:
        same(rne.multiply_matrices(a, b), np.asarray(a).dot(np.asarray(b)))
    with pytest.raises(ValueError, match="not aligned"):
        rne.multiply_matrices(np.ones((2, 3)), np.ones((2, 3)))


def test_signatures_can_be_inspected() -> None:
    assert str(inspect.signature(rne.multiply_matrices)) == "(a, b)"
    assert str(inspect.signature(rne.matrix_multiply)) == "(a, b, *, out=None, workers=None)"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_long_dot_products_keep_their_digits(dtype: type) -> None:
    """Nothing cancels here, so that the error is that of adding up alone: NumPy's is of the same size."""
    x = np.random.default_rng(5).standard_normal(100_000).astype(dtype)
    exact = math.fsum((x.astype(np.float64) ** 2 if dtype is np.float32 else x * x).tolist())
    error = abs(float(rne.matrix_multiply(x, x)) - exact) / exact
    assert error < 2 * np.finfo(dtype).eps
