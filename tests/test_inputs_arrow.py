"""What comes by Arrow: numbers where they lie, and their nulls."""

from __future__ import annotations

import ctypes
import math
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from array_objects import NUMBERS, every_function
from arrow_capsules import FORMATS, ByArray, ByStream, Once, array, schema
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import REAL, sample

import rust_numpy_example as rne

LARGE = 2**53


# ------------------------------------------------------------------ Arrow


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("offset", [0, 1, 13])
def test_arrow_arrays_of_every_dtype(dtype: str, offset: int) -> None:
    values = sample(dtype, (21,))
    valid = np.arange(21) % 3 > 0
    of_schema, of_array = schema(FORMATS[dtype]), array(values, valid.tolist(), behind=offset)
    stats = rne.compute_stats(ByArray(of_schema, of_array), nan_policy="omit")
    assert stats == rne.compute_stats(values[valid])
    assert of_schema.released == of_array.released == 1
    whole = array(values, behind=offset)
    assert rne.sum_array(ByArray(schema(FORMATS[dtype]), whole)) == rne.sum_array(values)
    assert whole.released == 1


def test_what_comes_by_arrow_is_not_copied() -> None:
    class Counts(np.ndarray):
        pass

    of_array = array(np.arange(6.0))
    data = of_array.kept[0]
    out = data[1:]
    # Where the result overlaps what is read, it goes through a copy: only if the memory is the same.
    source = ByArray(schema("g"), array(np.arange(6.0)[:5]))
    source.array.structure.buffers[1] = data.ctypes.data
    rne.array_multiply(source, 2.0, out=out)
    assert data.tolist() == [0.0, 0.0, 2.0, 4.0, 6.0, 8.0]


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.booleans()), max_size=12), max_size=5),
    st.integers(0, 9),
)
def test_chunked_streams(chunks: list[list[tuple[int, bool]]], offset: int) -> None:
    made = [
        array(np.array([v for v, _ in c], "i8"), [ok for _, ok in c] if i % 2 else None, behind=offset)
        for i, c in enumerate(chunks)
    ]
    numbers = [v for i, c in enumerate(chunks) for v, ok in c if ok or not i % 2]
    nulls = sum(not ok for i, c in enumerate(chunks) for _, ok in c if i % 2)
    source = ByStream(schema("l"), made)
    stats = rne.compute_stats(source, nan_policy="omit")
    assert stats == rne.compute_stats(np.array(numbers, "i8"))
    assert source.stream.released == 1 and all(chunk.released == 1 for chunk in made)
    propagated = rne.compute_stats(ByStream(schema("l"), [array(np.array([1, 2]), [True, nulls == 0])]))
    assert propagated.count == 2 and math.isnan(propagated.mean) == (nulls > 0)


def test_a_table_is_its_columns_side_by_side() -> None:
    def table() -> ByStream:
        fields = schema("+s", [schema("l"), schema("g")])
        columns = [array(np.array([1, LARGE + 1, 3]), [True, True, False]), array(np.array([0.5, 1.5, 2.5]))]
        return ByStream(fields, [array(np.zeros(3), [True, False, True], children=columns)])

    omitted = rne.compute_stats(table(), 0, nan_policy="omit")
    assert omitted.count.tolist() == [1, 2] and omitted.max.tolist() == [1.0, 2.5]


def test_lists_of_one_length_are_one_more_axis() -> None:
    def lists() -> ByArray:
        items = array(np.arange(8, dtype="i8"), [True] * 7 + [False])
        of_array = array(np.zeros(3), [True, False, True], behind=1, children=[items])
        of_array.structure.n_buffers = 1
        return ByArray(schema("+w:2", [schema("l")]), of_array)

    stats = rne.compute_stats(lists(), 0, nan_policy="omit")
    assert stats.count.tolist() == [2, 1] and stats.max.tolist() == [6, 3]
    with pytest.raises(ValueError, match="sum_array: argument arr, got 3 nulls in 6 elements"):
        rne.sum_array(lists())


def test_lists_of_lists_and_columns_of_other_dtypes() -> None:
    def nested(depth: int) -> ByArray:
        form, data = schema("l"), array(np.arange(12, dtype="i8"), [True] * 11 + [False])
        for _ in range(depth):
            form = schema("+w:2" if _ == 0 else "+w:1", [form])
            data = array(np.zeros(6), [True] * 5 + [False] if _ == 0 else None, children=[data], n_buffers=1)
        return ByArray(form, data)

    stats = rne.compute_stats(nested(2), 0, nan_policy="omit")
    assert stats.count.tolist() == [[5, 5]] and stats.max.tolist() == [[8, 9]]
    assert rne.compute_stats(nested(9), nan_policy="omit").count == 10
    with pytest.raises(TypeError, match="lists in too many lists"):
        rne.compute_stats(nested(100))
    pl, pd = pytest.importorskip("polars"), pytest.importorskip("pandas")
    cubes = pl.Series([[[1, 2]], [[3, 4]]], dtype=pl.Array(pl.Int64, (1, 2)))
    assert rne.compute_stats(cubes, 0).max.tolist() == [[3, 4]]
    mixed = pd.DataFrame({"a": pd.array([1], "Int64"), "t": pd.date_range("2000", periods=1)})
    with pytest.raises(
        TypeError, match="sum_array: argument arr, got a column of dtype datetime64.*columns of numbers"
    ):
        rne.sum_array(mixed)


def test_nothing_but_nulls() -> None:
    nothing = array(np.zeros(3), n_buffers=0, null_count=3)
    assert rne.compute_stats(ByArray(schema("n"), nothing), nan_policy="omit").count == 0
    assert rne.compute_stats(ByStream(schema("l"), [])).count == 0
    assert rne.compute_stats(ByStream(schema("+s", [schema("l")]), []), 0).count.tolist() == [0]
    # Rows without elements are rows.
    empty = [array(np.zeros(n), children=[array(np.zeros(0))], n_buffers=1) for n in (2, 0, 3)]
    assert np.shape(rne.array_multiply(ByStream(schema("+w:0", [schema("g")]), empty), 1)) == (5, 0)
    lists = schema("+w:3", [schema("+w:2", [schema("l")])])
    assert rne.compute_stats(ByStream(lists, []), 0).count.tolist() == [[0, 0]] * 3
    most = sys.maxsize // 2 + 1
    # However many there are said to be, there is nothing to read.
    without_end = array(np.zeros(0), n_buffers=0, length=most, null_count=most)
    assert rne.word_count(ByArray(schema("n"), without_end)) == {}


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("u", "string"),
        ("vu", "string view"),
        ("z", "binary"),
        ("tsu:", "timestamp"),
        ("tdD", "date"),
        ("d:10,2", "decimal"),
        ("+l", "list"),
        ("+us:0", "union"),
        ("+m", "map"),
        ("?", "?"),
    ],
)
def test_other_types_are_refused_by_name(form: str, name: str) -> None:
    for source in (ByArray(schema(form), array(np.zeros(1))), ByStream(schema(form), [array(np.zeros(1))])):
        with pytest.raises(TypeError) as caught:
            rne.sum_array(source)
        assert f"sum_array: argument arr, got Arrow data of the type {name}, expected" in str(caught.value)


@pytest.mark.parametrize("form", ["l", "+s", "+w:2"])
def test_extension_types_are_refused_by_name(form: str) -> None:
    def source(metadata: dict[bytes, bytes]) -> ByArray:
        of_schema = schema(form, [schema("l")] if form[0] == "+" else [], metadata)
        if form == "l":
            return ByArray(of_schema, array(np.arange(3, dtype="i8")))
        values = array(np.arange(6 if form == "+w:2" else 3, dtype="i8"))
        return ByArray(of_schema, array(np.zeros(3), children=[values], n_buffers=1))

    assert rne.sum_array(source({b"comment": b"", b"": b"of no extension"})) == (15 if form == "+w:2" else 3)
    extension = {b"comment": b"x", b"ARROW:extension:name": b"a.tensor", b"ARROW:extension:metadata": b"{}"}
    with pytest.raises(TypeError, match="got Arrow data of the extension type a.tensor, expected numbers"):
        rne.sum_array(source(extension))


def test_extension_types_of_pyarrow_are_refused() -> None:
    pa = pytest.importorskip("pyarrow")
    images = pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(24.0).reshape(2, 3, 4))
    for source in (images, pa.chunked_array([images]), pa.table({"image": images})):
        with pytest.raises(
            TypeError, match=r"got Arrow data of the extension type arrow\.fixed_shape_tensor"
        ):
            rne.compute_stats(source)
    # As rows of twelve they would be another image.
    assert rne.gaussian_blur(images.to_numpy_ndarray(), 1.0, channel_axis=0).shape == (2, 3, 4)
    assert rne.compute_stats(images.storage, 0).count.shape == (12,)


def test_dictionaries_are_refused() -> None:
    keys = schema("i")
    keys.structure.dictionary = ctypes.pointer(schema("u").structure)
    for source in (ByArray(keys, array(np.zeros(1, "i4"))), ByStream(keys, [])):
        with pytest.raises(TypeError, match="got Arrow data of the type dictionary-encoded"):
            rne.sum_array(source)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"length": -1}, "a negative length"),
        ({"offset": -1}, "a negative offset"),
        ({"offset": 2**63 - 2}, "larger than memory"),
        ({"length": 2**62, "offset": 0}, "larger than memory"),
        ({"null_count": -2}, "a number of nulls that is none"),
        ({"null_count": 9}, "a number of nulls that is none"),
        ({"null_count": 1}, "nulls without a validity buffer"),
        ({"n_buffers": 1}, "other than two buffers"),
        ({"n_buffers": -1}, "other than two buffers"),
        ({"n_children": 1}, "or with children"),
        ({"buffers": None}, "without its buffers"),
    ],
)
def test_malformed_arrays_are_refused_and_released(fields: dict[str, Any], message: str) -> None:
    of_schema, of_array = schema("g"), array(np.arange(3.0), **fields)
    with pytest.raises(ValueError, match=f"sum_array: argument arr, got Arrow data with .*{message}"):
        rne.sum_array(ByArray(of_schema, of_array))
    assert of_schema.released == of_array.released == 1


def test_malformed_parents_and_capsules_are_refused() -> None:
    def table(**fields: int) -> Any:
        return array(np.zeros(3), children=[array(np.arange(3.0))], **fields)

    no_values = array(np.arange(3.0))
    no_values.structure.buffers[1] = None
    short = array(np.zeros(3), children=[array(np.arange(2.0))])
    for of_schema, of_array, message in (
        (schema("g"), no_values, "an array without its values"),
        (schema("+s", [schema("g")]), short, "a child that is shorter than its parent"),
        (schema("+s", [schema("g")]), array(np.zeros(3)), "a struct whose schema has other fields"),
        (schema("+w:x", [schema("g")]), array(np.zeros(1)), "lists of no length"),
        # Pointers that are not there.
        (schema("+s", [schema("g")]), table(n_children=1 << 40), "a struct whose schema has other fields"),
        (schema("+w:1", [schema("g")]), table(n_children=1 << 40), "lists with other than one child"),
        (schema("+w:1", [schema("g")]), table(n_buffers=0, null_count=1), "nulls without a validity buffer"),
        (schema("+s", [schema("g")]), table(n_buffers=0, null_count=1), "nulls without a validity buffer"),
    ):
        with pytest.raises(ValueError, match=message):
            rne.sum_array(ByArray(of_schema, of_array))
        assert of_schema.released == of_array.released == 1

    no_length = schema("g", metadata={b"key": b"value"})
    packed = struct.pack("=ii", 1, -3) + b"key"
    no_length.structure.metadata = packed
    with pytest.raises(ValueError, match="metadata with a negative length"):
        rne.sum_array(ByArray(no_length, array(np.zeros(3))))

    class Wrong:
        def __init__(self, *capsules: object) -> None:
            self.capsules = capsules

        def __arrow_c_array__(self, requested_schema: object = None) -> object:
            return self.capsules

    released = array(np.zeros(1))
    taken = ByArray(schema("g"), released)
    rne.sum_array(taken)
    # A capsule holds addresses only: what is there has to live as long.
    of_other, of_good = schema("g"), schema("g")
    for wrong in (
        Wrong(),
        Wrong(1, 2),
        Wrong(of_other.capsule(b"something_else"), 2),
        Wrong(of_good.capsule(), 2),
    ):
        with pytest.raises(TypeError, match="sum_array: argument arr, got .*[Aa]rrow"):
            rne.sum_array(wrong)
    with pytest.raises(ValueError, match="got Arrow data that were released"):
        rne.sum_array(taken)


def test_a_stream_that_fails_says_why() -> None:
    first = array(np.arange(3, dtype="i8"))
    source = ByStream(schema("l"), [first, 5])
    with pytest.raises(
        RuntimeError, match="sum_array: the Arrow stream failed with code 5: the disk is on fire"
    ):
        rne.sum_array(source)
    assert source.stream.released == first.released == 1


#: Arguments beside the array, and labels of groups, which may be texts.
MORE: dict[str, Callable[[Any], object]] = {
    "weights": lambda x: rne.compute_stats(np.arange(3.0), weights=x),
    "by": lambda x: rne.compute_stats(np.arange(3.0), by=x).to_dict(),
    "weights of groups": lambda x: rne.compute_stats(np.arange(3.0), weights=x, by=[1, 2, 1]).to_dict(),
    "quantiles": lambda x: rne.quantiles(x, [0.25, 0.5]),
    "q": lambda x: rne.quantiles(np.arange(9.0), x),
    "weights of quantiles": lambda x: rne.quantiles(np.arange(3.0), 0.5, weights=x, method="inverted_cdf"),
    "moving_average": lambda x: rne.moving_average(x, 2),
    "update": lambda x: rne.QuantileSketch().update(x),
    "out": lambda x: rne.array_multiply(x, 2.0, out=np.empty(3)),
}


def test_a_stream_is_asked_for_once() -> None:
    data = np.array([0.25, 1.0, 0.5])
    for name, call in (*every_function(), *MORE.items()):
        if name in ("gaussian_blur", "sobel"):
            continue  # of images, which no stream is
        once = Once(schema("g"), [array(data[:2]), array(data[2:])])
        np.testing.assert_equal(call(once), call(data), name)
        assert once.opened == 1, name
    mask = np.array([True, False, True])
    once = Once(schema("b"), [array(mask)])
    assert rne.compute_stats(data, where=once) == rne.compute_stats(data[mask])


# ------------------------------------------------------------------ nulls


def nullable() -> Iterator[Any]:
    """Yield parameters: an int64 array [2**53 + 5, null, 2**53 + 7] of each library."""
    numbers = [LARGE + 5, None, LARGE + 7]

    def arrow(_: Any = None) -> object:
        return ByArray(schema("l"), array(np.array([LARGE + 5, 0, LARGE + 7]), [True, False, True]))

    yield pytest.param(None, lambda _: arrow(), id="arrow")
    yield pytest.param("polars", lambda pl: pl.Series(numbers), id="polars")
    yield pytest.param("pandas", lambda pd: pd.Series(numbers, dtype="Int64"), id="pandas")
    yield pytest.param("pandas", lambda pd: pd.Index(numbers, dtype="Int64"), id="pandas index")
    yield pytest.param("pandas", lambda pd: pd.array(numbers, dtype="Int64"), id="pandas array")
    yield pytest.param("pyarrow", lambda pa: pa.array(numbers), id="pyarrow")
    yield pytest.param(
        "pyarrow", lambda pa: pa.chunked_array([numbers[:1], numbers[1:]], pa.int64()), id="pyarrow chunks"
    )
    yield pytest.param(
        "pandas",
        lambda pd: pytest.importorskip("pyarrow") and pd.Series(numbers, dtype="int64[pyarrow]"),
        id="pandas by pyarrow",
    )


def test_what_dlpack_cannot_say_comes_by_arrow() -> None:
    class Older(ByArray):
        """As pyarrow before 26 with nulls, bools and texts."""

        def __dlpack_device__(self) -> tuple[int, int]:
            raise TypeError("Can only use DLPack on arrays with no nulls.")

    values = np.array([3, 7, 5], "i8")
    older = Older(schema("l"), array(values, [True, False, True]))
    assert rne.compute_stats(older, nan_policy="omit").mean == 4
    keys = Older(schema("l"), array(values, [True, False, True]))
    assert rne.compute_stats([1.0, 2.0, 4.0], by=keys).to_dict()["mean"] == [1.0, 4.0]

    class Alone:
        """Without Arrow's protocol there is nothing else to go by."""

        def __dlpack__(self, **options: object) -> None: ...

        def __dlpack_device__(self) -> tuple[int, int]:
            raise TypeError("no device")

    with pytest.raises(TypeError, match="no device"):
        rne.compute_stats(Alone())


@pytest.mark.parametrize(("library", "make"), [*nullable()])
def test_nulls_beside_large_integers(library: str | None, make: Callable[[Any], object]) -> None:
    module = library and pytest.importorskip(library)
    stats = rne.compute_stats(make(module), nan_policy="omit")
    assert (stats.count, stats.min, stats.max, stats.mean) == (2, LARGE + 5, LARGE + 7, LARGE + 6)
    stats = rne.compute_stats(make(module))
    assert stats.count == 3
    assert all(math.isnan(value) for value in (stats.mean, stats.std, stats.min, stats.max))
    with pytest.raises(ValueError, match="argument arr, got a null, expected none with nan_policy='raise'"):
        rne.compute_stats(make(module), nan_policy="raise")
    # Those that are masked out do not count.
    kept = rne.compute_stats(make(module), where=[True, False, True], nan_policy="raise")
    assert kept == rne.compute_stats([LARGE + 5, LARGE + 7])
    for function, call in NUMBERS.items():
        if function != "compute_stats":
            with pytest.raises(ValueError, match=rf"{function}: .* got 1 null in 3 elements, expected none"):
                call(make(module))
    with pytest.raises(ValueError, match="argument arr, item 1, got 1 null in 3 elements"):
        rne.sum_array([[1, 2, 3], make(module)])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_with_nulls(library: str) -> None:
    module = pytest.importorskip(library)
    if library == "pandas":
        columns = {"a": module.array([LARGE + 5, None], "Int64"), "b": module.array([True, False])}
        frame = module.DataFrame({**columns, "c": [1, 2]})
    else:
        frame = module.DataFrame({"a": [LARGE + 5, None], "b": [True, False], "c": [1, 2]})
    stats = rne.compute_stats(frame, 0, nan_policy="omit")
    assert stats.count.tolist() == [1, 2, 2] and stats.max.tolist() == [LARGE + 5, 1, 2]
    stats = rne.compute_stats(frame, 0, keepdims=True)
    assert stats.count.tolist() == [[2, 2, 2]] and stats.mean.tolist() == [
        [pytest.approx(math.nan, nan_ok=True), 0.5, 1.5]
    ]
    assert rne.compute_stats(frame, (0, 1), nan_policy="omit").count == 5


@pytest.mark.parametrize("library", ["pandas", "polars", "xarray"])
def test_plain_containers_go_on_to_work(library: str) -> None:
    module = pytest.importorskip(library)
    make = module.DataArray if library == "xarray" else module.Series
    for dtype in (name for name in REAL if name != "float16"):
        data = sample(dtype, (7,))
        labelled = make(data)
        assert rne.compute_stats(labelled) == rne.compute_stats(data)
        assert rne.sum_array(labelled) == rne.parallel_sum(labelled) == rne.sum_array(data)
    if library != "xarray":
        frame = module.DataFrame({"a": [1.5, 2.5], "b": [3.0, 4.0]})
        assert rne.compute_stats(frame, 0).mean.tolist() == [2.0, 3.5]
        assert rne.gaussian_blur(frame, 1.0).shape == (2, 2)


def test_a_frame_of_pandas_is_not_copied() -> None:
    pandas = pytest.importorskip("pandas")
    import tracemalloc

    frame = pandas.DataFrame(np.ones((200_000, 5)))
    rne.compute_stats(frame[:5], 0)
    tracemalloc.start()
    rne.compute_stats(frame, 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1e6
