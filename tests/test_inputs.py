"""What arrays come in: protocols, nulls, and what is more than numbers."""

from __future__ import annotations

import ctypes
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from arrow_capsules import FORMATS, ByArray, ByStream, array, schema
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import DTYPES, REAL, layouts, sample

import rust_numpy_example as rne

LARGE = 2**53

#: Functions for which labels do not matter, but masks, units and nulls do.
NUMBERS: dict[str, Callable[[Any], object]] = {
    "compute_stats": rne.compute_stats,
    "sum_array": rne.sum_array,
    "parallel_sum": rne.parallel_sum,
    "cpu_intensive": rne.cpu_intensive,
    "gaussian_blur": lambda x: rne.gaussian_blur(x, 1),
    "sobel": rne.sobel,
    "process_numbers": lambda x: rne.process_numbers(x, 0),
    "process_batch": rne.process_batch,
    "DataProcessor.add_data": lambda x: rne.DataProcessor(2).add_data(x),
}

#: Functions that promise NumPy's meaning.
NUMPYS: dict[str, tuple[Callable[..., object], Callable[..., object]]] = {
    "array_multiply": (rne.array_multiply, np.multiply),
    "process_data": (rne.process_data, np.multiply),
    "matrix_multiply": (rne.matrix_multiply, np.matmul),
    "multiply_matrices": (rne.multiply_matrices, np.dot),
}


def every_function() -> Iterator[tuple[str, Callable[[Any], object]]]:
    """Yield every function that takes an array, of one argument; the second operand counts, too."""
    yield from NUMBERS.items()
    for name, (ours, _) in NUMPYS.items():
        yield name, lambda x, ours=ours: ours(x, np.ones(3))
        yield name, lambda x, ours=ours: ours(np.ones(3), x)


class Only:
    """An object with one protocol of an array's, and no other."""

    def __init__(self, data: np.ndarray) -> None:
        self.data = data


class OnlyArray(Only):
    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        return self.data


class OnlyInterface(Only):
    @property
    def __array_interface__(self) -> dict[str, Any]:
        return self.data.__array_interface__


class OnlyDLPack(Only):
    def __dlpack__(self, **options: Any) -> object:
        return self.data.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.data.__dlpack_device__()


def as_arrow(data: np.ndarray) -> ByArray:
    """Return an object with an array of one axis by Arrow alone."""
    return ByArray(schema(FORMATS[data.dtype.name]), array(data.astype(data.dtype.newbyteorder("="))))


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


def test_what_array_gives_may_be_masked() -> None:
    masked = OnlyArray(np.ma.masked_array([1.0, 2.0], [False, True]))
    for _, call in every_function():
        with pytest.raises(TypeError, match="got a masked array, expected an array without a mask"):
            call(masked)


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
        items = array(np.arange(8), [True] * 7 + [False])
        of_array = array(np.zeros(3), [True, False, True], behind=1, children=[items])
        of_array.structure.n_buffers = 1
        return ByArray(schema("+w:2", [schema("l")]), of_array)

    stats = rne.compute_stats(lists(), 0, nan_policy="omit")
    assert stats.count.tolist() == [2, 1] and stats.max.tolist() == [6, 3]
    with pytest.raises(ValueError, match="sum_array: argument arr, got 3 nulls in 6 elements"):
        rne.sum_array(lists())


def test_lists_of_lists_and_columns_of_other_dtypes() -> None:
    def nested(depth: int) -> ByArray:
        form, data = schema("l"), array(np.arange(12), [True] * 11 + [False])
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
    # However many there are said to be, there is nothing to read.
    without_end = array(np.zeros(0), n_buffers=0, length=2**62, null_count=2**62)
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
    first = array(np.arange(3))
    source = ByStream(schema("l"), [first, 5])
    with pytest.raises(
        RuntimeError, match="sum_array: the Arrow stream failed with code 5: the disk is on fire"
    ):
        rne.sum_array(source)
    assert source.stream.released == first.released == 1


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


# ------------------------------------------------------------------ masks, units, sparse and lazy arrays


class Units(np.ndarray):
    """An array with a unit: what a library of units makes."""

    unit = "m"

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **options: Any) -> Any:
        plain = [x.view(np.ndarray) if isinstance(x, Units) else x for x in inputs]
        if out:
            options["out"] = tuple(x.view(np.ndarray) if isinstance(x, Units) else x for x in out)
        return "m", getattr(ufunc, method)(*plain, **options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        plain = [x.view(np.ndarray) if isinstance(x, Units) else x for x in args]
        return "m", function(*plain, **kwargs)


class Labelled:
    """An object that overrides NumPy's functions and has nothing that is lost."""

    __array_ufunc__ = Units.__array_ufunc__

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        return np.ones(3)


def test_units_go_to_numpy_or_are_refused() -> None:
    metres = np.arange(3.0).view(Units)
    for function, call in NUMBERS.items():
        with pytest.raises(
            TypeError, match=rf"{function}: argument \w+, got a Units with unit 'm', expected numbers"
        ):
            call(metres)
    for name, (ours, numpys) in NUMPYS.items():
        for operands in ((metres, np.ones(3)), (np.ones(3), metres), (metres, [1, 2, 3])):
            unit, value = ours(*operands)
            assert unit == "m"
            np.testing.assert_array_equal(value, numpys(*operands)[1], name)
    out = np.zeros(3).view(Units)
    assert rne.array_multiply(np.ones(3), 2.0, out=out)[0] == "m"
    assert rne.array_multiply(np.ones(3), 2.0, out=(out,))[0] == "m"
    with pytest.raises(TypeError, match="gaussian_blur: argument out, got a Units with unit 'm'"):
        rne.gaussian_blur(np.ones((3, 3)), 1.0, out=np.ones((3, 3)).view(Units))
    with pytest.raises(TypeError, match="argument arr, item 1, got a Units with unit 'm'"):
        rne.sum_array([[1.0, 2.0, 3.0], metres])


def test_an_operand_that_takes_no_ufuncs() -> None:
    class Alone:
        __array_ufunc__ = None

        def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
            return np.ones(3)

    for ours in (rne.array_multiply, rne.process_data, rne.matrix_multiply):
        with pytest.raises(TypeError, match="does not support ufuncs"):
            ours(np.ones(3), Alone())
    # The others are no ufuncs.
    assert rne.sum_array(Alone()) == 3.0


def test_workers_are_checked_before_numpy_is_asked() -> None:
    for ours in (rne.array_multiply, rne.process_data, rne.matrix_multiply):
        with pytest.raises(ValueError, match="argument workers, got 0"):
            ours(np.ones(3).view(Units), np.ones(3), workers=0)


class Masked:
    """A masked array of another library."""

    dtype = np.dtype("f8")
    mask = np.array([False, True])

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        return np.ones(2)

    def filled(self, value: float) -> np.ndarray:
        return np.full(2, value)


def test_masks_are_refused() -> None:
    for masked in (
        np.ma.masked_array([1.0, 2.0], [False, True]),
        Masked(),
        [np.ma.masked_array([1.0, 2.0], [False, True])],
        [1.0, np.ma.masked],
        ([1.0, 2.0], [3.0, np.ma.masked]),
        [[Masked()]],
    ):
        for function, call in every_function():
            if function == "process_numbers" and not hasattr(masked, "mask"):
                continue
            with pytest.raises(
                TypeError, match=rf"{function}: argument \w+(, item \d)?, got (a masked|list|\w+, exp)"
            ):
                call(masked)


def test_sparse_arrays_are_refused() -> None:
    class Sparse:
        nnz = 1

        def toarray(self) -> np.ndarray:
            return np.ones(3)

    for function, call in every_function():
        with pytest.raises(
            TypeError, match=rf"{function}: argument \w+, got a sparse array \(Sparse\).*toarray"
        ):
            call(Sparse())


class Lazy:
    """A lazy array: to compute it is an error."""

    __array_ufunc__ = Units.__array_ufunc__

    def __dask_graph__(self) -> dict[str, object]:
        return {}

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        raise AssertionError("computed")

    def __float__(self) -> float:
        raise AssertionError("computed")

    __index__ = __float__
    compute = __array__

    def __iter__(self) -> Iterator[object]:
        raise AssertionError("computed")

    def __len__(self) -> int:
        return 3


class Chunked(Lazy):
    """Another library's, without Dask's method."""

    __dask_graph__ = None
    chunks = ((3,),)

    def __getattribute__(self, name: str) -> Any:
        if name == "__dask_graph__":
            raise AttributeError(name)
        return super().__getattribute__(name)


def test_lazy_arrays_are_refused_and_not_computed() -> None:
    for lazy in (Lazy(), [Lazy()], [[1.0], [Lazy()]], (Lazy(), 1.0)):
        for function, call in every_function():
            with pytest.raises(
                TypeError, match=rf"{function}: argument \w+(, item \d)?, got (a lazy Lazy|Lazy|list)"
            ):
                call(lazy)
    with pytest.raises(TypeError, match=r"compute\(\).*rust_numpy_example.dask"):
        rne.compute_stats(Lazy())
    with pytest.raises(TypeError, match="a lazy Lazy"):
        rne.process_single(Lazy())


def test_a_container_says_itself_whether_it_is_lazy() -> None:
    class Container(Labelled):
        def __dask_graph__(self) -> None:
            return None

    assert rne.sum_array(Container()) == 3.0


def test_real_libraries() -> None:
    u = pytest.importorskip("astropy.units")
    length = np.arange(3.0) * u.m
    product = rne.array_multiply(length, length)
    assert product.unit == u.m**2 and rne.process_data(length).unit == u.m
    assert rne.matrix_multiply(length, np.ones(3)).unit == u.m
    with pytest.raises(
        TypeError, match=r"compute_stats: argument arr, got a Quantity with unit 'm'.*use its value"
    ):
        rne.compute_stats(length)
    masked = pytest.importorskip("astropy.utils.masked").Masked([1.0, 2.0], mask=[False, True])
    with pytest.raises(TypeError, match=r"got a masked array.*unmasked"):
        rne.compute_stats(masked)
    assert rne.array_multiply(masked, 2.0).mask.tolist() == [False, True]


def test_real_units_of_pint_and_sparse_arrays() -> None:
    pint = pytest.importorskip("pint")
    metres = pint.UnitRegistry().Quantity(np.arange(3.0), "m")
    with pytest.raises(
        TypeError, match=r"sum_array: argument arr, got a Quantity with units 'meter'.*magnitude"
    ):
        rne.sum_array(metres)
    assert str(rne.array_multiply(metres, 2.0).units) == "meter"
    sparse = pytest.importorskip("sparse")
    eye = sparse.COO(np.eye(3))
    with pytest.raises(TypeError, match=r"got a sparse array \(COO\).*todense"):
        rne.sum_array(eye)
    assert rne.array_multiply(eye, 2.0).nnz == 3


def test_real_lazy_arrays() -> None:
    dask = pytest.importorskip("dask")
    da = pytest.importorskip("dask.array")
    values: list[Any] = [da.ones(3), [da.ones(3)]]
    try:
        import xarray
    except ImportError:
        pass
    else:
        values.append(xarray.DataArray(da.ones(3)))

    def refuse(*_args: object, **_options: object) -> object:
        raise AssertionError("computed")

    with dask.config.set(scheduler=refuse):
        for lazy in values:
            for _, call in every_function():
                with pytest.raises(TypeError):
                    call(lazy)


def test_labels_are_aligned_as_by_numpy() -> None:
    pd = pytest.importorskip("pandas")
    a, b = pd.Series([1, 2], ["x", "y"]), pd.Series([10, 100], ["y", "x"])
    pd.testing.assert_series_equal(rne.array_multiply(a, b), np.multiply(a, b))
    pd.testing.assert_series_equal(rne.process_data(a), np.multiply(a, 2))
    left = pd.DataFrame([[1, 2], [3, 4]], columns=["x", "y"])
    right = pd.DataFrame([[1, 2], [3, 4]], index=["y", "x"])
    for ours, numpys in ((rne.matrix_multiply, np.matmul), (rne.array_multiply, np.multiply)):
        try:
            expected = numpys(left, right)
        except ValueError as error:
            with pytest.raises(ValueError, match=str(error)[:20]):
                ours(left, right)
        else:
            pd.testing.assert_frame_equal(ours(left, right), expected)


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
