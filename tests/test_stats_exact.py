"""Statistics of integers, and of floats of every magnitude, against exact fractions."""

from __future__ import annotations

import math
import pickle
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from layouts import INTEGERS

from rust_numpy_example import DataProcessor, Stats, compute_stats

#: More examples of the properties than the default run has time for.
SOAK = settings(max_examples=3000)
LARGEST = float(np.finfo(np.float64).max)


def root(square: Fraction) -> float:
    """Return the square root, rounded once."""
    with localcontext() as context:
        context.prec, context.Emax, context.Emin = 80, 9999, -9999
        return float((Decimal(square.numerator) / Decimal(square.denominator)).sqrt())


def moments(values: list[Any], ddof: int = 1) -> tuple[float, float, float]:
    """Return mean, variance and standard deviation, each rounded once."""
    if not all(isinstance(value, int) for value in values):
        values = [Fraction(value) for value in values]
    n, total = len(values), sum(values)
    mean = float(Fraction(total) / n)
    if n <= ddof:
        return mean, math.nan, math.nan
    var = (n * Fraction(sum(x * x for x in values)) - total**2) / (n * (n - ddof))
    try:
        rounded = float(var)
    except OverflowError:
        rounded = math.inf
    return mean, rounded, root(var)


def near(got: float, exact: float, places: int = 1) -> bool:
    """Whether two floats are the same, or as many places apart."""
    return (
        got == exact
        or (math.isnan(got) and math.isnan(exact))
        or (abs(got - exact) <= places * math.ulp(exact))
    )


def check(got: Stats, values: list[int], ddof: int = 1) -> None:
    """Compare with what is exact of integers."""
    mean, var, std = moments(values, ddof)
    assert (got.count, got.sum, got.mean) == (len(values), sum(values), mean)
    assert (got.min, got.max) == (min(values), max(values))
    assert near(got.var, var) and near(got.std, std)


@st.composite
def integers(draw: st.DrawFn, dtype: str, size: int | None = None, most: int = 40) -> np.ndarray:
    """Integers of a dtype, of any span around any center, the ends of both among them."""
    info = np.iinfo(dtype)
    bits = draw(st.integers(0, info.bits))
    span = min(2**bits - 1, info.max - info.min)
    least = draw(st.sampled_from([info.min, info.max - span]) | st.integers(info.min, info.max - span))
    element = st.integers(least, least + span) | st.sampled_from([least, least + span])
    length = st.integers(1, most) if size is None else st.just(size)
    n = draw(length)
    values = draw(st.lists(element, min_size=n, max_size=n))
    # Repeated, they fill blocks and lanes.
    times = draw(st.sampled_from([1, 1, 1, 2, 150])) if size is None else 1
    return np.array(values * times, dtype)


def integers_are_exact(data: st.DataObject, dtype: str) -> None:
    array = data.draw(integers(dtype))
    values = array.tolist()
    check(compute_stats(array), values)
    check(compute_stats(array, ddof=0), values, 0)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=4)))
    parts = [array[a:b] for a, b in zip([0, *cuts], [*cuts, None])]
    data.draw(st.randoms(use_true_random=False)).shuffle(parts)
    check(sum(map(compute_stats, parts)), values)  # type: ignore[arg-type]
    check(pickle.loads(pickle.dumps(reduce(Stats.merge, map(compute_stats, parts)))), values)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=array.size, max_size=array.size)))
    if mask.any() and array.size < 50:
        check(compute_stats(array, where=mask), array[mask].tolist())
    lines = np.stack([array, array[::-1]])
    for laid, axis in [
        (lines, 1),
        (np.asfortranarray(lines), 1),
        (lines.T, 0),
        (np.ascontiguousarray(lines.T), 0),
    ]:
        got = compute_stats(laid, axis)
        mean, var, std = moments(values)
        assert got.mean.tolist() == [mean, mean] and got.sum.tolist() == [sum(values)] * 2
        assert near(got.var[0], var) and near(got.std[1], std)
        kept = compute_stats(laid, axis, keepdims=True)
        assert kept.mean.ravel().tolist() == [mean, mean] and kept.mean.ndim == 2


@pytest.mark.thorough
@pytest.mark.parametrize("dtype", INTEGERS)
@settings(max_examples=10)
@given(st.data())
def test_integers_are_exact(dtype: str, data: st.DataObject) -> None:
    integers_are_exact(data, dtype)


@pytest.mark.soak
@pytest.mark.parametrize("dtype", INTEGERS)
@SOAK
@given(st.data())
def test_many_integers_are_exact(dtype: str, data: st.DataObject) -> None:
    integers_are_exact(data, dtype)


@pytest.mark.thorough
@pytest.mark.parametrize("dtype", ["int64", "uint64", "int32", "uint32"])
@pytest.mark.parametrize("shape", [(5000, 2), (2, 9000), (1100, 18), (20, 3, 20)])
def test_large_arrays_of_integers_of_any_span_are_exact(dtype: str, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    info = np.iinfo(dtype)
    for bits in (4, 23, 26, 40, 53, 64):
        span = min(2**bits - 1, info.max - info.min)
        array = (rng.integers(0, span, shape, np.uint64, endpoint=True) + np.uint64(info.min % 2**64)).astype(
            dtype
        )
        check(compute_stats(array), array.ravel().tolist())
        for axis in range(len(shape)):
            got = compute_stats(array, axis)
            lines = np.moveaxis(array, axis, -1)
            for place in [(0,) * (len(shape) - 1), tuple(n - 1 for n in lines.shape[:-1])]:
                mean, var, std = moments(lines[place].tolist())
                assert got.mean[place] == mean and near(got.var[place], var) and near(got.std[place], std)


def test_bools_are_exact() -> None:
    for n in (1, 2, 3, 1000, 4099):
        array = np.arange(n) % 3 == 0
        check(compute_stats(array), array.astype(int).tolist())


def test_cases_of_integers() -> None:
    assert compute_stats(np.array([-(2**61), 2**61, 5])).mean == float(Fraction(5, 3))
    ends = np.array([2**63 - 1, -(2**63)])
    assert compute_stats(ends).mean == -0.5
    assert compute_stats(ends[None], 0).mean.tolist() == ends.astype(float).tolist()
    merged = compute_stats(np.array([2**59, 3])).merge(compute_stats(np.array([-(2**59), 6])))
    assert merged.mean == 2.25
    assert compute_stats(np.full(3, 2**64 - 1, np.uint64)).sum == 3 * (2**64 - 1)


def test_sums_of_arrays_are_of_the_dtype_that_holds_them() -> None:
    small = compute_stats(np.arange(6).reshape(2, 3), 0).sum
    assert small.dtype == np.int64 and small.tolist() == [3, 5, 7]
    unsigned = compute_stats(np.full((1, 2), 2**64 - 1, np.uint64), 0).sum
    assert unsigned.dtype == np.uint64 and unsigned.tolist() == [2**64 - 1] * 2
    large = compute_stats(np.full((3, 2, 2), 2**63 - 1), 0).sum
    assert large.shape == (2, 2) and large.tolist() == [[3 * (2**63 - 1)] * 2] * 2


def test_dtypes_that_meet() -> None:
    parts = [np.array([[2**62 + 1]]), np.array([[2**63 + 1]], np.uint64), np.array([[7]], np.int8)]
    merged = sum(compute_stats(part, 0) for part in parts)
    assert isinstance(merged, Stats)
    assert merged.mean[0] == float(Fraction(2**62 + 2**63 + 9, 3))
    assert merged.max.dtype == np.uint64 and (merged.min[0], merged.max[0]) == (7, 2**63 + 1)
    again = pickle.loads(pickle.dumps(merged))
    assert again == merged and again.sum[0] == 2**62 + 2**63 + 9


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_a_pickle_keeps_integers_beside_lines_without_elements(dtype: str) -> None:
    data = np.array([[2**63 - 2, 2**63 - 3], [5, 7]], dtype)
    where = np.array([[True, True], [False, False]])
    stats = compute_stats(data, 1, where=where)
    again = pickle.loads(pickle.dumps(stats))
    assert again == stats and again.min.dtype == np.float64
    both = again.merge(compute_stats(data, 1))
    assert both.max.dtype == dtype and both.max.tolist() == [2**63 - 2, 7]
    assert both.min.tolist() == [2**63 - 3, 5]
    groups = compute_stats(data, 0, where=where, by=["a", "b"])
    again = pickle.loads(pickle.dumps(groups))
    assert again == groups and again["a"].max.tolist() == [2**63 - 2, 2**63 - 3]
    # Of integers beside floats, floats are shown.
    mixed = compute_stats(data, 1) + compute_stats(data + 0.5, 1)
    assert pickle.loads(pickle.dumps(mixed)) == mixed


def test_more_elements_than_can_be_counted_are_refused() -> None:
    stats = compute_stats(np.broadcast_to(np.int8(-3), (2**40, 2**20)))
    stats = stats + stats
    stats += stats
    assert (stats.count, stats.sum, stats.mean, stats.std) == (2**62, -3 * 2**62, -3.0, 0.0)
    with pytest.raises(OverflowError, match="more than 2\\*\\*63 - 1 elements"):
        stats.merge(stats)


def test_old_pickles_go_on() -> None:
    state = (3, 2.0, 0.0, 2.0, 0.0, 1, 3)
    stats = Stats(_state=state)  # type: ignore[call-arg]
    assert (stats.count, stats.mean, stats.std, stats.min, stats.max, stats.sum) == (3, 2.0, 1.0, 1, 3, 6.0)
    array = (
        np.array([2]),
        *(np.array([x]) for x in (2.0, 0.0, 2.0, 0.0)),
        np.array([1]),
        np.array([3]),
        "int64",
    )
    lines = Stats(_state=array)  # type: ignore[call-arg]
    assert lines.mean.tolist() == [2.0] and lines.max.dtype == np.int64
    processor = DataProcessor(2, _state=(np.array([5.0]), stats))  # type: ignore[call-arg]
    processor.add_data([7])
    assert processor.process_chunks().tolist() == [6.0] and processor.stats().count == 4
    for bad in [(), (1, 2), (3, np.zeros(2, np.uint64), np.zeros(2, np.uint64), 1, 2, None)]:
        with pytest.raises((ValueError, TypeError), match="_state"):
            Stats(_state=bad)  # type: ignore[call-arg]
    impossible = (3, np.array([9, 0], np.uint64), np.zeros(3, np.uint64), 1, 2, None)
    with pytest.raises(ValueError, match="_state"):
        Stats(_state=impossible)  # type: ignore[call-arg]


def means_are_within(data: st.DataObject) -> None:
    exponent = data.draw(st.integers(-960, 1024))
    near_limit = st.sampled_from([LARGEST, -LARGEST, 0.0, LARGEST / 2, 1e154, -1e153])
    scaled = st.floats(-1, 1).map(lambda x: math.ldexp(x, exponent) if abs(x) < 1 else x)
    values = data.draw(st.lists(scaled | near_limit if exponent > 400 else scaled, min_size=1, max_size=30))
    times = data.draw(st.sampled_from([1, 1, 200]))
    # Repeated, they have the same mean and deviation.
    array = np.array(values * times)
    exact = sum(map(Fraction, values)) / len(values)
    digit = Fraction(math.ulp(float(exact)))
    scale = sum(map(abs, map(Fraction, values))) / len(values)
    cut = data.draw(st.integers(0, array.size))
    every = [
        compute_stats(array, ddof=0),
        compute_stats(array[:cut], ddof=0) + compute_stats(array[cut:], ddof=0),
        pickle.loads(pickle.dumps(compute_stats(array, ddof=0))),
    ]
    columns = compute_stats(np.stack([array] * 5, 1), 0)
    rows = compute_stats(np.stack([array] * 5), 1)
    for mean in [*(stats.mean for stats in every), columns.mean[3], rows.mean[0]]:
        assert array.min() <= mean <= array.max()
        assert abs(Fraction(float(mean)) - exact) <= scale / 2**48 + digit
    with np.errstate(all="ignore"):
        theirs = float(array.mean())
    if math.isfinite(theirs):
        error = abs(Fraction(float(every[0].mean)) - exact)
        assert error <= max(abs(Fraction(theirs) - exact), digit, scale / 2**51)
    _, var, std = moments(values, 0)
    for stats in every:
        assert abs(float(stats.std) - std) <= 1e-13 * std
        assert math.isinf(float(stats.var)) == math.isinf(var) or var > LARGEST / 1.01


@pytest.mark.parametrize("columns", [1, 2, 3, 5, 8, 15, 16, 40])
def test_rows_of_any_length_are_added_up_in_fours(columns: int) -> None:
    # Added one by one, as NumPy does along this axis, each loses as much of the same sign.
    values = np.array([0.0, 0.0, 0.0, 0.5860216070126709, 0.9837983184674959] * 200)
    exact = sum(map(Fraction, values.tolist())) / values.size
    means = compute_stats(np.stack([values] * columns, 1), 0).mean
    assert max(abs(Fraction(mean) - exact) for mean in means.tolist()) <= 5 * Fraction(math.ulp(float(exact)))


@pytest.mark.thorough
@settings(max_examples=40)
@given(st.data())
def test_floats_of_every_magnitude(data: st.DataObject) -> None:
    means_are_within(data)


@pytest.mark.soak
@SOAK
@given(st.data())
def test_many_floats_of_every_magnitude(data: st.DataObject) -> None:
    means_are_within(data)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("n", [1, 2, 3, 17, 1000, 10_000])
def test_a_constant_near_the_limit_stays(dtype: str, n: int) -> None:
    value = float(np.finfo(dtype).max)
    array = np.full((n, 3), value, dtype)
    for got in (compute_stats(array), *(compute_stats(array, axis) for axis in (0, 1))):
        assert np.all(np.asarray(got.mean) == value) and not np.any(np.asarray(got.var) > 0)
    mixed = np.where(np.arange(2 * n) % 2, array[0, 0], -array[0, 0]).astype(dtype)
    got = compute_stats(mixed, ddof=0)
    assert got.mean == 0 and got.std == value


def test_cases_near_the_limit() -> None:
    assert compute_stats(np.full(10_000, 1.7e308)).mean == 1.7e308
    two = compute_stats([-8e153]).merge(compute_stats([8e153]))
    assert near(two.var, 1.28e308)
    far = compute_stats([-1e308, 1e308])
    assert math.isinf(far.var) and near(far.std, root(2 * Fraction(1e308) ** 2))
    outlier = np.zeros(100_000)
    outlier[70_000] = 1e155
    assert math.isfinite(compute_stats(outlier).var)
    tiny = compute_stats([1e-200, 3e-200], ddof=0)
    assert (tiny.mean, tiny.std, tiny.var) == (2e-200, 1e-200, 0.0)


def chunks_are_exact(data: st.DataObject, dtypes: list[str]) -> None:
    size = data.draw(st.integers(1, 7))
    processor, values = DataProcessor(size), []
    means: list[float] = []
    for _ in range(data.draw(st.integers(1, 5))):
        part = data.draw(integers(data.draw(st.sampled_from(dtypes)), most=12))[:300]
        step = data.draw(st.sampled_from([1, 1, 2, -1]))
        processor.add_data(part[::step])
        values += part[::step].tolist()
        if data.draw(st.booleans()):
            means += processor.process_chunks().tolist()
        if data.draw(st.booleans()):
            processor = pickle.loads(pickle.dumps(processor))
    check(processor.stats(), values)
    means += processor.process_chunks().tolist()
    full = len(values) // size
    assert means == [moments(values[i * size : (i + 1) * size])[0] for i in range(full)]
    rest = values[full * size :]
    if rest:
        mean, _, std = moments(rest, 0)
        got = processor.get_statistics()
        assert got[:2] == (len(rest), mean) and near(got[2], std)
    other = DataProcessor(3)
    other.merge(processor)
    other.merge(processor)
    check(other.stats(), values * 2)


@pytest.mark.parametrize("dtypes", [[name] for name in INTEGERS] + [INTEGERS])
@settings(max_examples=6)
@given(st.data())
def test_a_processor_of_integers_is_exact(dtypes: list[str], data: st.DataObject) -> None:
    chunks_are_exact(data, dtypes)


@pytest.mark.soak
@SOAK
@given(st.data())
def test_a_processor_of_many_integers_is_exact(data: st.DataObject) -> None:
    chunks_are_exact(data, INTEGERS)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=1, max_size=60))
@example([1e16, 1.0, -1e16])
@example([1.7e308, 1.7e308])
@example([LARGEST, LARGEST, -LARGEST])
@example([1e308, 1.0, -1e308])
@example([LARGEST] * 50)
def test_means_of_chunks_of_floats_are_rounded_once(values: list[float]) -> None:
    processor = DataProcessor(len(values))
    processor.add_data(values * 2)
    exact = float(sum(map(Fraction, values)) / len(values))
    for mean in processor.process_chunks().tolist():
        assert abs(mean - exact) <= math.ulp(exact) and min(values) <= mean <= max(values)


def test_integers_among_floats_keep_their_digits_in_the_statistics() -> None:
    processor = DataProcessor(2)
    processor.add_data([0.5])
    processor.add_data(np.array([2**60 + 1, -(2**60)]))
    processor.add_data([0.25, 2.0, 3.0])
    np.testing.assert_array_equal(processor.process_chunks(), [2.0**59, -(2.0**59), 2.5])
    stats = processor.stats()
    assert (stats.count, stats.mean, stats.max) == (6, float(Fraction(27, 4) / 6), 2**60 + 1)
