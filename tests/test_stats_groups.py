"""Statistics of groups, against loops over the groups, exact integers, and pandas."""

from __future__ import annotations

import copy
import datetime
import json
import math
import pickle
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from arrow_capsules import FORMATS, Once, array, schema
from hypothesis import given
from hypothesis import strategies as st
from layouts import REAL, layouts, sample

import rust_numpy_example as rne
from rust_numpy_example import GroupedStats, Stats, compute_stats

KEYS = ["count", "mean", "std", "min", "max"]


def check(got: GroupedStats, values: Any, labels: Any, **options: Any) -> None:
    """Each group is as its elements by themselves."""
    values, labels = np.asarray(values), np.asarray(labels)
    weights = options.pop("weights", None)
    groups = np.unique(labels)
    assert got.groups.tolist() == groups.tolist()
    for place, label in enumerate(groups):
        chosen = labels == label
        if weights is not None:
            options["weights"] = np.asarray(weights)[chosen]
        want = compute_stats(values[chosen], **options)
        for key in KEYS:
            np.testing.assert_allclose(got.get(label)[key], want[key], 1e-15, err_msg=key)  # type: ignore[index]
            np.testing.assert_allclose(getattr(got, key)[place], want[key], 1e-15, err_msg=key)


@pytest.mark.thorough
@pytest.mark.parametrize("dtype", REAL)
def test_every_layout_of_every_dtype(dtype: str) -> None:
    array = sample(dtype, (5, 6))
    labels = np.random.default_rng(1).integers(-2, 2, (5, 6))
    for name, layout in layouts(array):
        if layout.shape != array.shape:
            continue
        for of_layout in (labels, np.asfortranarray(labels)):
            got = compute_stats(layout, by=of_layout, ddof=0)
            check(got, array, labels, ddof=0)
            assert got.min.dtype == array.dtype, name
        for axis in (0, 1, -1):
            along = labels[:, 0] if axis == 0 else labels[0]
            got = compute_stats(layout, axis, by=along, ddof=0)
            shape = list(array.shape)
            shape[axis] = len(got)
            assert got.mean.shape == tuple(shape)
            for label in got:
                want = compute_stats(np.compress(along == label, array, axis), axis, ddof=0)
                for key in KEYS:
                    np.testing.assert_allclose(got[label][key], want[key], 1e-15, err_msg=name)
    check(compute_stats(array[0], by=labels[0]), array[0], labels[0])


@pytest.mark.thorough
@pytest.mark.parametrize("dtype", REAL)
def test_labels_of_every_dtype_are_sorted(dtype: str) -> None:
    labels = sample(dtype, (40,))
    values = np.arange(40)
    for name, layout in layouts(labels):
        got = compute_stats(values, by=layout)
        check(got, values, labels)
        assert got.groups.dtype == labels.dtype, name
    empty = compute_stats([], by=np.zeros(0, dtype))
    assert len(empty) == 0 and empty.mean.shape == (0,) and empty.to_dict()["group"] == []


@pytest.mark.thorough
def test_labels_far_apart_and_many() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=20_000)
    for labels in (
        rng.integers(-(2**63), 2**63 - 1, 50)[rng.integers(0, 50, 20_000)],
        rng.integers(0, 2**64 - 1, 50, np.uint64)[rng.integers(0, 50, 20_000)],
        rng.normal(size=50)[rng.integers(0, 50, 20_000)],
        rng.integers(0, 300, 20_000).astype("u2"),
        np.array([math.inf, -math.inf, -0.0, 0.0, 1e-320])[rng.integers(0, 5, 20_000)],
    ):
        for workers in (1, 3):
            check(compute_stats(values, by=labels, workers=workers), values, labels)
    labels = rng.permutation(20_000)
    got = compute_stats(values, by=labels)
    assert np.array_equal(got.mean[labels], values) and np.isnan(got.std).all()


def test_integers_are_exact() -> None:
    values = np.array([2**63 - 1, 2**63 - 3, 5, 2**62 + 1, -7], np.int64)
    got = compute_stats(values, by=[0, 0, 1, 1, 1], ddof=0)
    assert got.sum.tolist() == [2**64 - 4, 2**62 - 1]
    assert got.mean[0] == float(2**63 - 2) and got.std[0] == 1
    assert got[1].max == 2**62 + 1 and got[1].sum == 2**62 - 1


def test_texts_of_every_kind() -> None:
    texts = ["pear", "", "été", "a", "a\U0001f600", "zz", "a" * 40, "pear"] * 3
    values = np.arange(24.0)
    order = sorted(set(texts))
    for labels in (
        texts,
        tuple(texts),
        np.array(texts),
        np.array(texts)[::-1][::-1],
        np.array(texts).astype(np.array(texts).dtype.newbyteorder()),
        np.array(texts, object),
    ):
        got = compute_stats(values, by=labels)
        assert got.groups.tolist() == order
        for text in order:
            chosen = [value for value, other in zip(values, texts) if other == text]
            assert got[text] == compute_stats(chosen)
    if hasattr(np, "dtypes") and hasattr(np.dtypes, "StringDType"):
        variable = np.array(texts, np.dtypes.StringDType())
        assert compute_stats(values, by=variable).groups.tolist() == order
    raw = np.array([b"b", b"a", b"b\xff", b"a"])
    assert compute_stats([1, 2, 3, 4], by=raw).groups.tolist() == [b"a", b"b", b"b\xff"]
    table = compute_stats(np.arange(6.0).reshape(3, 2), by=np.array([["x", "y"], ["y", "x"], ["x", "x"]]))
    assert table["x"].mean == 3 and table["y"].count == 2


def test_elements_without_a_label_are_left_out() -> None:
    values = [1.0, 2.0, 4.0, 8.0]
    for labels in (
        [1.0, math.nan, 1.0, 2.0],
        np.array(["a", None, "a", "b"], object),
        np.array(["a", math.nan, "a", "b"], object),
        np.array(["2020-01-01", "NaT", "2020-01-01", "2021-05-05"], "M8[D]"),
    ):
        got = compute_stats(values, by=labels)
        assert got.count.tolist() == [2, 1] and got.mean.tolist() == [2.5, 8]
    assert len(compute_stats(values, by=[math.nan] * 4)) == 0
    dates = compute_stats(values, by=np.array([1, 0, 1, 0], "M8[ns]"))
    assert np.datetime64(1, "ns") in dates and dates.groups.dtype == "M8[ns]"
    assert isinstance(next(iter(compute_stats([1], by=np.array(["2020"], "M8[D]")))), np.datetime64)
    assert datetime.date(2020, 1, 1) == compute_stats([1], by=np.array(["2020"], "M8[D]")).groups.tolist()[0]


def test_nan_nulls_where_and_weights() -> None:
    values = np.array([1.0, math.nan, 3.0, 5.0, 9.0])
    labels = [0, 0, 1, 1, 2]
    got = compute_stats(values, by=labels)
    assert np.isnan(got.mean).tolist() == [True, False, False] and got.count.tolist() == [2, 2, 1]
    got = compute_stats(values, by=labels, nan_policy="omit", where=[True, True, True, True, False])
    assert got.count.tolist() == [1, 2, 0] and math.isnan(got[2].mean)
    with pytest.raises(ValueError, match="argument arr, got a NaN"):
        compute_stats(values, by=labels, nan_policy="raise")
    assert len(compute_stats(values, by=[math.nan, math.nan, 1, 1, 1], nan_policy="raise")) == 1
    rng = np.random.default_rng(3)
    values, labels, weights = rng.normal(1e6, 1, 3000), rng.integers(0, 9, 3000), rng.random(3000)
    got = compute_stats(values, by=labels, weights=weights, ddof=0)
    check(got, values, labels, weights=weights, ddof=0)
    np.testing.assert_allclose(got.weight, np.bincount(labels, weights), 1e-14)
    table, by = values.reshape(100, 30), labels[:100]
    along = compute_stats(table, 0, by=by, weights=weights[:100], ddof=0)
    for label in along:
        rows = by == label
        want = compute_stats(table[rows], 0, weights=weights[:100][rows], ddof=0)
        np.testing.assert_allclose(along[label].std, want.std, 1e-14)
    with pytest.raises(ValueError, match="argument weights, got a negative one"):
        compute_stats(values, by=labels, weights=-weights)


@given(
    st.lists(
        st.tuples(st.integers(-5, 5), st.floats(-1e6, 1e6) | st.just(math.nan), st.booleans()), max_size=60
    ),
    st.sampled_from(["propagate", "omit"]),
)
def test_as_pandas(rows: list[tuple[int, float, bool]], policy: str) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(rows, columns=["label", "value", "missing"])
    frame["label"] = frame["label"].astype(float).where(~frame["missing"].astype(bool))
    if policy == "propagate":
        frame = frame[frame["value"].notna()]
    got = compute_stats(frame["value"].astype(float), by=frame["label"], nan_policy=policy)
    want = frame.groupby("label")["value"].agg(["count", "mean", "std", "min", "max"])
    assert got.groups.tolist() == want.index.tolist()
    for key in KEYS:
        np.testing.assert_allclose(getattr(got, key), want[key].to_numpy(float), 1e-9, 1e-6, err_msg=key)


def test_labels_that_no_common_dtype_holds_are_no_loss() -> None:
    def of(labels: Any, dtype: str) -> GroupedStats:
        return compute_stats(np.ones(len(labels)), by=np.array(labels, dtype))

    for ours, theirs in (
        (of([2**64 - 1], "u8"), of([-1], "i8")),
        (of([2**53 + 1], "i8"), of([0.5], "f8")),
        (of([2**53 + 1], "i8"), of([2.0**53], "f8")),
        (of([2**53, 2**53 + 1], "i8"), of([2.0**53], "f8")),
        (of(["9999"], "M8[D]"), of(["2020"], "M8[ns]")),
    ):
        for a, b in ((ours, theirs), (theirs, ours)):
            with pytest.raises(ValueError, match="argument other, got groups whose labels are of dtype"):
                a.merge(b)
    for a, b, groups in (
        (of([2**62], "u8"), of([-1], "i8"), [-1, 2**62]),
        (of([2**53, 7], "i8"), of([0.5, 2.0**53], "f8"), [0.5, 7, 2**53]),
        (of([0.5], "f4"), of([0.1], "f8"), [0.1, 0.5]),
        (of([1, 2], "i4"), of([1, 2], "i8"), [1, 2]),
    ):
        both = a + b
        assert both.groups.tolist() == groups and both.count.sum() == a.count.sum() + b.count.sum()


def test_what_is_among_the_texts_of_a_list_stays_what_it_is() -> None:
    values = [1.0, 2.0, 4.0, 8.0]
    for missing in (math.nan, np.nan, np.float64(math.nan)):
        got = compute_stats(values, by=["a", missing, "a", "b"])
        assert got.groups.tolist() == ["a", "b"] and got.sum.tolist() == [5.0, 8.0]
    assert compute_stats([values] * 2, by=[["a", math.nan, "a", "b"]] * 2).groups.tolist() == ["a", "b"]
    for labels in (["a", 1, "a", "b"], ["a", True, "a", "b"], ["a", b"a", "a", "b"]):
        with pytest.raises(TypeError, match=r"argument by, item 1, got an? (int|bool|bytes), expected a str"):
            compute_stats(values, by=labels)
    large = 2**63
    got = compute_stats(values, by=[large + 1, large, large + 1, 3])
    assert got.groups.tolist() == [3, large, large + 1] and got.sum.tolist() == [8.0, 2.0, 5.0]


def test_labels_of_pandas_polars_and_arrow() -> None:
    pd = pytest.importorskip("pandas")
    values = [1.0, 2.0, 3.0, 4.0]
    low = pd.Categorical(["low", "high", None, "low"], categories=["low", "middle", "high"])
    for labels in (low, pd.Series(low), pd.Index(low)):
        got = compute_stats(values, by=labels)
        assert got.groups.tolist() == ["low", "high"] and got.mean.tolist() == [2.5, 2]
    for labels in (pd.Series(["b", None, "a", "b"]), pd.array(["b", None, "a", "b"], "string")):
        assert compute_stats(values, by=labels).to_dict()["mean"] == [3, 2.5]
    assert compute_stats(values, by=pd.array([3, None, 1, 3], "Int64")).mean.tolist() == [3, 2.5]
    frame = pd.DataFrame({"x": values, "g": [1, 2, 1, 2]})
    assert compute_stats(frame.x, by=frame.g)[2].mean == 3
    pd.DataFrame(compute_stats(frame.x, by=frame.g).to_dict())
    pa = pytest.importorskip("pyarrow")
    column = pa.array(["b", None, "a", "b"])
    for labels in (column, pa.chunked_array([column[:1], column[1:]]), column.dictionary_encode()):
        assert compute_stats(values, by=labels).to_dict()["mean"] == [3, 2.5]
    assert compute_stats(values, by=pa.array([3, None, 1, 3])).mean.tolist() == [3, 2.5]
    pl = pytest.importorskip("polars")
    for series in (pl.Series(["b", None, "a", "b"]), pl.Series(["b", None, "a", "b"], dtype=pl.Categorical)):
        assert compute_stats(pl.Series(values), by=series).to_dict()["mean"] == [3, 2.5]
    assert compute_stats(values, by=pl.Series([3, None, 1, 3])).mean.tolist() == [3, 2.5]


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32", "bool"])
def test_labels_of_a_stream_that_comes_once(dtype: str) -> None:
    values, labels = np.arange(6.0), np.array([1, 0, 1, 1, 0, 1]).astype(dtype)
    once = Once(schema(FORMATS[dtype]), [array(labels[:2]), array(labels[2:])])
    check(compute_stats(values, by=once), values, labels)
    masked = Once(schema(FORMATS[dtype]), [array(labels, [True, False, True, False, True, True])])
    got = compute_stats(values, by=masked)
    assert got.groups.tolist() == [0, 1] and got.count.tolist() == [1, 3] and got.mean.tolist() == [4, 7 / 3]
    assert once.stream.released == masked.stream.released == 1


def test_texts_of_a_reader_that_reads_once() -> None:
    pa = pytest.importorskip("pyarrow")
    texts = pa.array(["b", None, "a", "b"])

    class Reader:
        """A column of a table that is read as it comes."""

        def __init__(self, column: Any) -> None:
            self.columns = [column]

        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pa.chunked_array([self.columns.pop()]).__arrow_c_stream__()

    for column in (texts, texts.cast(pa.large_string()), texts.dictionary_encode()):
        assert compute_stats([1.0, 2.0, 3.0, 4.0], by=Reader(column)).to_dict()["mean"] == [3, 2.5]
    assert compute_stats([1.0, 2.0], by=Reader(pa.array([5, 3]))).to_dict()["mean"] == [2, 1]


def test_dates_and_durations_by_arrow() -> None:
    pa = pytest.importorskip("pyarrow")
    values = [1.0, 2.0, 3.0, 4.0]
    places = [5, None, -3, 5]
    kinds = {"datetime64[D]": pa.date32(), "datetime64[ms]": pa.date64()}
    for unit in ("s", "ms", "us", "ns"):
        kinds |= {f"datetime64[{unit}] ": pa.timestamp(unit), f"timedelta64[{unit}]": pa.duration(unit)}
    for dtype, kind in kinds.items():
        day = 86_400_000 if kind == pa.date64() else 1
        column = pa.array([None if place is None else day * place for place in places], kind)
        got = compute_stats(values, by=column)
        assert got.groups.dtype == dtype.strip() and got.mean.tolist() == [3, 2.5]
        assert got.groups.astype("i8").tolist() == [-3 * day, 5 * day]
    zoned = pa.array(places, pa.timestamp("s", "Europe/Berlin"))
    with pytest.raises(TypeError, match="argument by, got Arrow data of the type timestamp"):
        compute_stats(values, by=zoned)
    with pytest.raises(TypeError, match="argument arr, got Arrow data of the type date"):
        compute_stats(pa.array(places, pa.date32()))
    pl = pytest.importorskip("polars")
    dates = pl.Series([datetime.date(2024, 1, 2), None, datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)])
    got = compute_stats(values, by=dates)
    assert got.groups.tolist() == [datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)]
    assert got.mean.tolist() == [3, 2.5]
    with pytest.raises(TypeError, match="got Arrow data of the type integer of 128 bits"):
        compute_stats(pl.Series([1], dtype=pl.Int128))


def test_it_is_a_mapping_of_stats() -> None:
    got = compute_stats([1, 5, 2, 9], by=[7, 3, 7, 3])
    assert isinstance(got, Mapping) and isinstance(got, GroupedStats)
    assert list(got) == [3, 7] and len(got) == 2 and 7 in got and 4 not in got
    assert got[7] == Stats() + compute_stats([1, 2]) and got.get(4) is None and got.get(4, 1) == 1
    assert dict(got.items())[3].max == 9 and list(got.keys()) == [3, 7]
    assert [stats.count for stats in got.values()] == [2, 2]
    with pytest.raises(KeyError, match="4"):
        got[4]
    assert repr(got).startswith(
        "GroupedStats(groups=array([3, 7]), count=array([2, 2]), mean=array([7. , 1.5])"
    )
    assert json.loads(json.dumps(got.to_dict())) == {
        "group": [3, 7],
        "count": [2, 2],
        "mean": [7, 1.5],
        "std": [math.sqrt(8), math.sqrt(0.5)],
        "min": [5, 1],
        "max": [9, 2],
    }
    for again in (pickle.loads(pickle.dumps(got)), copy.deepcopy(got)):
        assert again == got and again.groups.tolist() == [3, 7] and again + got == got + got
    assert got != compute_stats([1, 5, 2, 9], by=[7, 3, 7, 4]) and got != 3
    assert sys.getsizeof(compute_stats(range(1000), by=range(1000))) > 64_000
    with pytest.raises((TypeError, ValueError)):
        GroupedStats(_state=([1, 2], Stats(), 0))  # type: ignore[call-arg]
    assert len(GroupedStats()) == 0 and GroupedStats() + got == got and got.merge(GroupedStats()) == got


def test_the_table_of_a_notebook() -> None:
    got = compute_stats([1, 5], by=["<b>", "x & y"])
    html = got._repr_html_()
    assert "&lt;b&gt;" in html and "x &amp; y" in html and html.count("<tr>") == 3
    assert "<td>1.0</td>" in html
    many = compute_stats(range(100), by=range(100))._repr_html_()
    assert many.count("<tr>") == 22 and "GroupedStats of 100 groups" in many
    assert "0 to 3" in compute_stats(np.arange(8).reshape(2, 4), 0, by=[0, 1])._repr_html_()


def test_merges_are_by_label() -> None:
    rng = np.random.default_rng(4)
    values, labels = rng.integers(0, 1000, 900), rng.integers(0, 20, 900)
    for texts in (False, True):
        by = np.array([f"g{label}" for label in labels]) if texts else labels
        parts = [compute_stats(values[i : i + 5], by=by[i : i + 5]) for i in range(0, 900, 5)]
        assert sum(parts) == compute_stats(values, by=by)
    table = rng.normal(size=(30, 4))
    halves = [compute_stats(table[i : i + 15], 0, by=labels[i : i + 15]) for i in (0, 15)]
    both, want = halves[0].merge(halves[1]), compute_stats(table, 0, by=labels[:30])
    np.testing.assert_allclose(both.std, want.std, 1e-13)
    assert (compute_stats([], by=np.zeros(0)) + parts[0]).groups.tolist() == parts[0].groups.tolist()
    weighted = compute_stats([1.0], by=[3], weights=[2]) + compute_stats([4.0], by=[3])
    assert weighted[3].mean == 2 and weighted[3].weight == 3
    for other, message in [
        (parts[0], "GroupedStats.__add__: argument other, got groups whose labels are texts"),
        (halves[0], r"argument other, got shape \(.*\) with the groups at axis 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            compute_stats([1], by=[1]) + other
    with pytest.raises(TypeError):
        compute_stats([1], by=[1]) + compute_stats([1])


def test_what_is_no_label_is_refused() -> None:
    for by, error, message in [
        ([1], ValueError, r"compute_stats: argument by, got shape \(1,\), expected \(2,\)"),
        ([1j, 2], TypeError, "argument by, got dtype complex128"),
        (np.array([1, "a"], object), TypeError, "argument by, item 0, got a int, expected a str"),
        (np.zeros(2, "i4,i4"), TypeError, "argument by, got dtype"),
    ]:
        with pytest.raises(error, match=message):
            compute_stats([1.0, 2.0], by=by)
    with pytest.raises(ValueError, match="argument keepdims, got True, expected False with by"):
        compute_stats([1.0], by=[1], keepdims=True)
    with pytest.raises(ValueError, match="argument axis, got a tuple, expected None or an int with by"):
        compute_stats(np.ones((2, 2)), (0, 1), by=[1, 2])
    with pytest.raises(ValueError, match=r"argument by, got shape \(2,\), expected \(2, 2\)"):
        compute_stats(np.ones((2, 2)), by=[1, 2])


def test_large_input_has_the_same_bits_for_every_number_of_threads() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(1e9, 1, 600_000)
    for labels in (rng.integers(0, 5, 600_000), rng.integers(0, 200_000, 600_000)):
        want = compute_stats(values, by=labels, workers=1)
        for workers in (2, 3):
            got = compute_stats(values, by=labels, workers=workers)
            assert all(np.array_equal(getattr(got, k), getattr(want, k), equal_nan=True) for k in KEYS)
        counts = np.bincount(labels)
        assert np.array_equal(want.count, counts[counts > 0])
    rne.compute_stats(values[::2], by=labels[::2])


def test_texts_in_a_list_keep_zeros_at_their_end() -> None:
    labels = ["a\0", "a", "b", "a\0"]
    groups = rne.compute_stats([1, 2, 3, 5], by=labels)
    assert {label: group.sum for label, group in groups.items()} == {"a": 2, "a\0": 6, "b": 3}
