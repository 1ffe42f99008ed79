"""Sums and products of Dask arrays: what the library gives for the whole, for any chunks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("dask.array")

import dask.array as da
from lazy import MARKS, NUMBERS, as_declared, chunked, cuts, same, sample

import rust_numpy_example as rne
import rust_numpy_example.dask as rnd

pytestmark = MARKS


@pytest.mark.thorough
@given(chunked(NUMBERS), st.data())
def test_sums_are_those_of_the_whole(pair: Any, data: st.DataObject) -> None:
    whole, lazy = pair
    axes = st.sampled_from(range(whole.ndim)) if whole.ndim else st.nothing()
    axis = data.draw(st.none() | axes)
    keepdims = data.draw(st.booleans())
    got = as_declared(rnd.sum_array(lazy, axis, keepdims=keepdims, split_every=data.draw(st.integers(2, 5))))
    expected = rne.sum_array(whole, axis, keepdims=keepdims)
    assert type(got) is type(expected)
    if whole.dtype.kind in "biu":
        same(got, expected) if not isinstance(expected, int) else None
        assert np.array_equal(got, expected)
    else:
        rtol = {"f2": 1e-3, "f4": 1e-6, "c8": 1e-6}.get(whole.dtype.str[1:], 1e-13)
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=1e-10)


def test_a_sum_of_narrow_floats_is_rounded_once() -> None:
    whole = np.full((300, 2), 60_000, "f2")
    whole[150:] *= -1
    same(rnd.sum_array(da.from_array(whole, chunks=(7, 2)), 0).compute(), np.zeros(2, "f2"))


@pytest.mark.thorough
@given(chunked(NUMBERS), st.data())
def test_products_are_those_of_the_whole(pair: Any, data: st.DataObject) -> None:
    whole, lazy = pair
    other = sample(whole.shape[-1:], data.draw(st.sampled_from(NUMBERS)), 7)
    same(as_declared(rnd.array_multiply(lazy, other)), rne.array_multiply(whole, other))
    for factor in (2, 0.5):
        same(as_declared(rnd.process_data(lazy, factor)), rne.process_data(whole, factor))
    if whole.dtype.kind in "if":
        with np.errstate(over="ignore"):
            small = (whole // 4).astype(whole.dtype)
        got = as_declared(rnd.process_numbers(da.from_array(small, chunks=lazy.chunks), 1))
        same(got, rne.process_numbers(small, 1))


@pytest.mark.thorough
@given(chunked(["f8", "i2"]))
def test_sines_are_summed(pair: Any) -> None:
    whole, lazy = pair
    assert as_declared(rnd.cpu_intensive(lazy)) == pytest.approx(
        rne.cpu_intensive(whole), rel=1e-12, abs=1e-12
    )


@pytest.mark.thorough
@settings(max_examples=80)
@given(st.data())
def test_matrix_products_are_those_of_the_whole(data: st.DataObject) -> None:
    m, k, n = (data.draw(st.integers(1, 9)) for _ in range(3))
    stack = data.draw(st.sampled_from([((), ()), ((3,), (3,)), ((2, 1), (3,)), ((), (2,)), ((0,), (1,))]))
    shapes = [(*stack[0], m, k), (*stack[1], k, n)]
    if stack == ((), ()):
        vector = data.draw(st.integers(0, 3))
        shapes = [(k,) if vector & 1 else (m, k), (k,) if vector & 2 else (k, n)]
    dtypes = [data.draw(st.sampled_from(NUMBERS)) for _ in range(2)]
    wholes = [sample(shape, dtype, i) for i, (shape, dtype) in enumerate(zip(shapes, dtypes))]
    lazies = [
        da.from_array(whole, chunks=tuple(data.draw(cuts(length, empty=False)) for length in whole.shape))
        for whole in wholes
    ]
    got = as_declared(rnd.matrix_multiply(*lazies, split_every=2))
    expected = rne.matrix_multiply(*wholes)
    if np.result_type(*wholes).kind in "biu":
        same(got, expected)
    else:
        assert (np.asarray(got).dtype, np.shape(got)) == (np.asarray(expected).dtype, np.shape(expected))
        tolerance = {"f2": 2e-2, "f4": 1e-3, "c8": 1e-3}.get(np.asarray(got).dtype.str[1:], 1e-8)
        scale = max(float(np.abs(whole).max(initial=1)) for whole in wholes) ** 2
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance * min(scale, 1e4))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (((0, 2), (1, 0, 2)), ((1, 2), (3, 0))),
        (((3, 0, 2), (0, 1)), ((1,), (7,))),
        (((2,), (0, 1)), ((1,),)),
        (((1, 0), (1,), (2, 0, 1), (1,)), ((3,), (2, 0), (0, 1), (2, 0))),
        (((0,),), ((0,), (0, 1))),
        (((2,), (5,), (0,)), ((0,), (0,))),
        (((0,), (3, 3, 1)), ((5, 0, 2), (0,))),
    ],
)
def test_empty_chunks_of_factors_do_not_matter(a: Any, b: Any) -> None:
    wholes = [sample(tuple(map(sum, chunks)), "i4", index) for index, chunks in enumerate((a, b))]
    lazies = [da.from_array(whole, chunks=chunks) for whole, chunks in zip(wholes, (a, b))]
    same(as_declared(rnd.matrix_multiply(*lazies)), rne.matrix_multiply(*wholes))


def test_stacks_that_do_not_fit_are_refused_by_the_library() -> None:
    with pytest.raises(ValueError, match="expected axes before the last two that can be broadcast"):
        rnd.matrix_multiply(da.ones((2, 3, 3)), da.ones((4, 3, 3)))


def test_rows_of_unknown_number_are_filtered_in_c_order() -> None:
    whole = sample((12, 3, 4), "f8")
    lazy = da.from_array(whole, chunks=(5, 2, 3))
    unknown, kept = lazy[lazy[:, 0, 0] > 0], whole[whole[:, 0, 0] > 0]
    same(as_declared(rnd.process_numbers(unknown, 2)), rne.process_numbers(kept, 2))
    with pytest.raises(ValueError, match="process_numbers: argument numbers, got chunks of unknown size"):
        rnd.process_numbers(lazy[:, lazy[0, :, 0] > 0], 2)


def test_a_product_of_many_blocks_is_no_reason_to_warn() -> None:
    # Warnings are errors here.
    a = da.ones((12, 2), chunks=(1, 2))
    assert rnd.matrix_multiply(a, a.T).numblocks == (12, 12)


def test_partial_products_of_float16_are_not_rounded() -> None:
    a, b = np.full((1, 64), 100, "f2"), np.full((64, 1), 100, "f2")
    b[32:] *= -1
    # Each half of the sum is infinite in float16.
    got = rnd.matrix_multiply(da.from_array(a, chunks=(1, 32)), da.from_array(b, chunks=(32, 1)))
    same(got.compute(), np.zeros((1, 1), "f2"))
