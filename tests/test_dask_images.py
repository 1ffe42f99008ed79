"""Filters of Dask images: the bits of the whole, for any chunks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("dask.array")

import dask
import dask.array as da
from dask.sizeof import sizeof
from lazy import MARKS, REAL, as_declared, cuts, same, sample

import rust_numpy_example as rne
import rust_numpy_example.dask as rnd

pytestmark = MARKS


MODES = ["reflect", "constant", "nearest", "mirror", "wrap", "grid-wrap"]


@pytest.mark.thorough
@settings(max_examples=120)
@given(st.data())
def test_filters_of_chunks_have_the_bits_of_the_whole(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(0, 40), st.integers(1, 40)))
    channel_axis = data.draw(st.sampled_from([None, None, 0, 1, -1]))
    if channel_axis is not None:
        shape = tuple(np.insert(shape, channel_axis % 3, data.draw(st.integers(1, 4))))
    whole = sample(shape, data.draw(st.sampled_from(REAL)), data.draw(st.integers(0, 9)))
    if whole.dtype.char in "lLqQ":
        # Beyond 2**53 the bits may depend on the chunks.
        whole >>= 12
    mode = data.draw(st.sampled_from(MODES) | st.lists(st.sampled_from(MODES), min_size=2, max_size=2))
    dtype = data.draw(st.sampled_from([None, "f4", "f8", "i2"]))
    options = {"mode": mode, "cval": 3.0, "channel_axis": channel_axis, "dtype": dtype}
    lazy = da.from_array(whole, chunks=tuple(data.draw(cuts(n, empty=False)) for n in shape))
    sigma = data.draw(st.sampled_from([0.0, 0.4, 1.0, (2.0, 0.0), (0.7, 3.3), 5.0, 30.0]))
    same(as_declared(rnd.gaussian_blur(lazy, sigma, **options)), rne.gaussian_blur(whole, sigma, **options))
    same(
        as_declared(rnd.process_image(lazy, "edges", **options)), rne.process_image(whole, "edges", **options)
    )
    images = [axis for axis in range(len(shape)) if channel_axis is None or axis != channel_axis % 3]
    axis = data.draw(st.sampled_from(images))
    same(as_declared(rnd.sobel(lazy, axis=axis, **options)), rne.sobel(whole, axis=axis, **options))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8"])
def test_large_images_have_the_same_bits_too(mode: str, dtype: str) -> None:
    whole = sample((150, 333), dtype)
    lazy = da.from_array(whole, chunks=((1, 70, 79), (100, 13, 220)))
    same(
        rnd.gaussian_blur(lazy, (2.5, 4), mode=mode).compute(), rne.gaussian_blur(whole, (2.5, 4), mode=mode)
    )


@pytest.mark.parametrize("extreme", ["huge", "inf", "nan", "tiny"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_what_the_kernels_treat_apart_has_the_same_bits_too(dtype: str, extreme: str) -> None:
    info = np.finfo(dtype)
    whole = sample((60, 90), dtype)
    if extreme == "tiny":
        whole *= info.tiny
    else:
        whole[20, 30] = {"huge": 0.9 * info.max, "inf": np.inf, "nan": np.nan}[extreme]
    lazy = da.from_array(whole, chunks=(17, 41))
    for mode in ("reflect", "wrap"):
        same(rnd.gaussian_blur(lazy, 2.0, mode=mode).compute(), rne.gaussian_blur(whole, 2.0, mode=mode))
        same(rnd.sobel(lazy, mode=mode).compute(), rne.sobel(whole, mode=mode))


def test_small_chunks_are_merged_and_no_more_than_that() -> None:
    lazy = da.zeros((64, 64), chunks=4)
    blurred = rnd.gaussian_blur(lazy, 2.0)
    assert max(blurred.chunks[0]) <= 16 and blurred.numblocks == (8, 8)
    assert rnd.gaussian_blur(lazy, 20.0).numblocks == (1, 1)
    assert rnd.sobel(lazy).chunks == lazy.chunks


@pytest.mark.once
@pytest.mark.parametrize("channel_axis", [None, 0, -1])
@pytest.mark.parametrize("mode", ["reflect", "mirror", "wrap"])
def test_seams_of_large_chunks_have_the_same_bits(mode: str, channel_axis: int | None) -> None:
    # Large beside the kernel along one axis, both, or none.
    shape = [90, 110]
    if channel_axis is not None:
        shape.insert(channel_axis % 3, 3)
    for dtype in ("u1", "f4"):
        whole = sample(tuple(shape), dtype)
        for rows, columns in [(90, 40), (45, 110), (45, 55), (30, 10)]:
            chunks = [rows, columns]
            if channel_axis is not None:
                chunks.insert(channel_axis % 3, 2)
            lazy = da.from_array(whole, chunks=tuple(chunks))
            options = {"mode": mode, "channel_axis": channel_axis}
            same(rnd.gaussian_blur(lazy, 1.0, **options).compute(), rne.gaussian_blur(whole, 1.0, **options))
            for axis in (None, 0 if channel_axis != 0 else 1):
                got = rnd.sobel(lazy, axis=axis, **options).compute()
                same(got, rne.sobel(whole, axis=axis, **options))


def test_a_filter_is_two_tasks_for_a_chunk_and_its_source() -> None:
    lazy = da.zeros((500, 500), chunks=50)
    (optimised,) = dask.optimize(rnd.gaussian_blur(lazy, 1.0))
    assert len(dict(optimised.__dask_graph__())) <= 3 * 100


def test_a_task_holds_the_block_with_its_margin_and_no_more() -> None:
    blurred = rnd.gaussian_blur(da.zeros((300, 300), chunks=100), 2.0).persist()
    for block in blurred.to_delayed().ravel():
        result = block.compute()
        # A view of what was computed with the margin would keep that.
        assert result.base is None and result.flags.owndata and sizeof(result) <= 8 * 100 * 100 + 200
