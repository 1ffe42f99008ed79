"""sum_array, parallel_sum, list_sum, cpu_intensive."""

from __future__ import annotations

import array
import fractions
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
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


@pytest.mark.parametrize("dtype", DTYPES)
def test_sums_equal_numpys_over_every_axis_and_layout(dtype: str) -> None:
    data = sample(dtype, (3, 4, 5))
    for name, x in layouts(data):
        total = rne.sum_array(x)
        assert type(total) in (int, float, complex)
        assert total == data.astype("O").sum(), name
        for axis in (0, 1, 2, -1, (0, 1), (0, 2), (-1, 1), (0, 1, 2), ()):
            for keepdims in (False, True):
                expected = as_with_64_bits(np.asarray(x).sum(axis, keepdims=keepdims))
                got = rne.sum_array(x, axis, keepdims=keepdims)
                assert got.dtype == expected.dtype, (name, axis)
                np.testing.assert_array_equal(got, expected, err_msg=f"{name} {axis}")
    assert rne.sum_array(data, keepdims=True).shape == (1, 1, 1)


@given(strided("f8"), st.data())
def test_any_shape_and_axis(data: np.ndarray, draw: st.DataObject) -> None:
    axes = draw.draw(st.sets(st.integers(0, data.ndim - 1))) if data.ndim else set()
    # Of a matrix NumPy's sums have two axes.
    plain = np.asarray(data)
    with np.errstate(all="ignore"):
        expected = plain.sum(tuple(axes))
        bound = 1e-12 * np.abs(plain).sum(tuple(axes))
    got = rne.sum_array(data, tuple(axes))
    assert np.shape(got) == np.shape(expected)
    usable = np.isfinite(expected) & np.isfinite(bound)
    with np.errstate(all="ignore"):
        assert np.all((np.abs(got - expected) <= bound) | ~usable)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_are_exact(dtype: str) -> None:
    info, wide = np.iinfo(dtype), "u8" if dtype[0] == "u" else "i8"
    for value in (info.max, info.min):
        data = np.full(3001, value, dtype)
        assert rne.sum_array(data) == 3001 * value
        assert rne.parallel_sum(data) == 3001 * value
        np.testing.assert_array_equal(rne.sum_array(data, 0), data.astype(wide).sum(0))
        np.testing.assert_array_equal(
            rne.sum_array(np.stack([data, data], 1), 0), np.stack([data, data], 1).astype(wide).sum(0)
        )


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_any_int64_is_exact(values: list[int]) -> None:
    assert rne.sum_array(np.array(values, "i8")) == sum(values)


@pytest.mark.thorough
def test_float32_and_float16_lose_nothing_on_the_way() -> None:
    ones = np.ones(20_000_000, "f4")
    assert rne.sum_array(ones) == 2e7
    assert rne.sum_array(ones.reshape(-1, 2), 0).tolist() == [1e7, 1e7]
    assert rne.sum_array(np.full(100_000, 0.1, "f2")) == pytest.approx(
        100_000 * float(np.float16(0.1)), rel=1e-12
    )


def test_float64_is_at_least_as_accurate_as_numpy() -> None:
    rng = np.random.default_rng(0)
    ours = numpys = 0.0
    for size in (100, 1000, 12_345, 100_000):
        for _ in range(20):
            data = rng.standard_normal(size) * 10.0 ** rng.integers(-8, 8, size)
            exact = math.fsum(data)
            ours += abs(rne.sum_array(data) - exact) / abs(exact)
            numpys += abs(np.sum(data) - exact) / abs(exact)
    assert ours <= 1.5 * numpys


@pytest.mark.parametrize("dtype", FLOATS + COMPLEX)
def test_nothing_sums_to_plus_zero(dtype: str) -> None:
    for empty in (np.zeros(0, dtype), np.zeros((2, 0), dtype), np.full(3, -0.0, dtype)[:0]):
        total = rne.sum_array(empty)
        assert total == 0 and math.copysign(1, np.real(total)) == 1
    assert not np.signbit(np.real(rne.sum_array(np.zeros((0, 3), dtype), 0))).any()


def test_special_values_go_through() -> None:
    assert math.isnan(rne.sum_array([1.0, np.nan]))
    assert rne.sum_array([1.0, np.inf]) == math.inf
    assert math.isnan(rne.sum_array([np.inf, -np.inf]))


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "c16"])
def test_threads_do_not_change_a_bit(dtype: str) -> None:
    rng = np.random.default_rng(1)
    data = (rng.standard_normal((700, 999)) * 1e6).astype(dtype)
    for x in (data, data.T, data[::2, ::3], data[::-1]):
        for axis in (None, 0, 1):
            results = [np.asarray(rne.sum_array(x, axis, workers=workers)).tobytes() for workers in (1, 2, 5)]
            assert len(set(results)) == 1


def test_wrong_arguments_are_refused_with_a_reason() -> None:
    with pytest.raises(ValueError, match="argument axis, got 2, expected -2 to 1"):
        rne.sum_array(np.ones((2, 2)), 2)
    with pytest.raises(IndexError):
        rne.sum_array(np.ones((2, 2)), -3)
    with pytest.raises(ValueError, match="argument axis, got .*, expected no axis twice"):
        rne.sum_array(np.ones((2, 2)), (0, -2))
    with pytest.raises(TypeError, match="sum_array: argument axis, got"):
        rne.sum_array(np.ones((2, 2)), "0")
    with pytest.raises(TypeError, match="dtype object"):
        rne.sum_array(np.array([None]))
    with pytest.raises(TypeError, match="datetime64"):
        rne.sum_array(np.array(["2020-01-01"], "M8[D]"))
    with pytest.raises(TypeError, match="masked"):
        rne.sum_array(np.ma.array([1, 2], mask=[1, 0]))


numbers = st.integers() | st.booleans() | st.integers(-(2**2100), 2**2100)


@given(st.lists(numbers))
def test_lists_of_ints_are_exact(values: list[int]) -> None:
    for form in (list, tuple, iter):
        total = rne.parallel_sum(form(values))
        assert type(total) is int and total == sum(values)
    assert rne.list_sum(values) == sum(values)


@given(st.lists(st.floats(-1e100, 1e100) | st.integers(-(2**70), 2**70)))
def test_mixed_lists_are_rounded_once(values: list[float]) -> None:
    total = rne.parallel_sum(values)
    exact = sum(map(fractions.Fraction, values), fractions.Fraction())
    if not any(isinstance(value, float) for value in values):
        assert type(total) is int and total == exact
        return
    bound = sum(abs(fractions.Fraction(value)) for value in values)
    slack = abs(exact) * fractions.Fraction(2, 2**52) + bound * len(values) ** 2 * fractions.Fraction(
        1, 2**100
    )
    assert type(total) is float and abs(fractions.Fraction(total) - exact) <= slack


def test_long_lists_are_shared_among_threads() -> None:
    values = [3, 2**40, -7, 2**100, 1] * 60_000
    assert rne.parallel_sum(values) == sum(values)
    values = [0.1] * 300_000
    assert rne.parallel_sum(values) == pytest.approx(30_000, rel=1e-15)


def test_ranges_of_any_length() -> None:
    for values in (range(10), range(5, -7, -3), range(0), range(3, 3), range(2**70, 2**70 + 5)):
        assert rne.parallel_sum(values) == sum(values)
    n = (10**30 + 2) // 3
    assert rne.parallel_sum(range(0, 10**30, 3)) == 3 * n * (n - 1) // 2


def test_other_iterables_and_numbers() -> None:
    assert rne.parallel_sum(itertools.repeat(2, 5)) == 10
    assert rne.parallel_sum({1, 2}) == 3
    assert rne.parallel_sum(b"ab") == 195
    assert rne.parallel_sum(array.array("i", [1, 2])) == 3
    assert rne.parallel_sum(memoryview(array.array("d", [0.5, 2]))) == 2.5
    assert rne.parallel_sum(np.arange(4.0)) == 6.0
    total = rne.parallel_sum([np.int8(3), np.uint64(2**64 - 1), np.bool_(True)])
    assert type(total) is int and total == 2**64 + 3
    total = rne.parallel_sum([np.float32(0.5), np.float64(1), 2])
    assert type(total) is float and total == 3.5

    class Index:
        def __index__(self) -> int:
            return 5

    assert rne.parallel_sum([Index(), 1]) == 6


@pytest.mark.parametrize(
    "wrong", ["1", None, [1], fractions.Fraction(1), np.timedelta64(1, "s"), np.str_("1")]
)
def test_what_is_no_number_is_named(wrong: object) -> None:
    for form in (list, tuple, iter):
        with pytest.raises(
            TypeError, match=r"parallel_sum: argument numbers, item 2, got \w+, expected a number"
        ):
            rne.parallel_sum(form([1, 2, wrong]))
    with pytest.raises(TypeError):
        rne.parallel_sum(5)
    with pytest.raises(TypeError, match="list_sum"):
        rne.list_sum([wrong])


def test_ints_beyond_floats_beside_a_float() -> None:
    with pytest.raises(OverflowError):
        rne.parallel_sum([10**400, 0.5])
    assert rne.parallel_sum([0.0, math.inf]) == math.inf
    assert math.isnan(rne.parallel_sum([math.inf, -math.inf, 1]))


def test_every_scalar_of_numpy_is_a_number() -> None:
    for scalar in (np.generic, np.complexfloating, np.floating, np.integer):
        for kind in scalar.__subclasses__():
            if (
                kind.__module__ != "numpy"
                or kind.__subclasses__()
                or issubclass(kind, (np.timedelta64, np.datetime64, np.flexible, np.object_))
            ):
                continue
            one, three = kind(1), kind(3)
            if kind is np.bool_:
                three = np.int8(2)
            for items in ([one, three, 2], (one, three, 2), iter([one, three, 2]), [np.array(one), three, 2]):
                total = rne.parallel_sum(items)
                assert total == (5 if kind is np.bool_ else 6), kind
    assert rne.parallel_sum(list(np.array([1j, 2]))) == 2 + 1j
    assert type(rne.parallel_sum([1j, 2**60, 0.5])) is complex


def test_complex_numbers_are_summed_as_their_parts() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal(2000) * 10.0 ** rng.integers(-15, 16, 2000) * (1 + 1j)
    values.imag[::2] *= -3
    total = rne.parallel_sum(values.tolist())
    assert total == complex(math.fsum(values.real.tolist()), math.fsum(values.imag.tolist()))
    assert rne.parallel_sum([2**70, 1j, 1]) == complex(2**70 + 1, 1)


@pytest.mark.skipif(np.finfo("g").nmant < 60, reason="longdouble is float64 here")
def test_longdoubles_keep_their_digits_and_range() -> None:
    third, large = np.longdouble(1) / 3, np.longdouble(10) ** 4000
    total = rne.parallel_sum([third, 2, 2.5])
    assert type(total) is np.longdouble and total == third + np.longdouble("4.5")
    assert rne.parallel_sum([large, 1, large]) == 2 * large
    assert rne.parallel_sum([np.longdouble(10) ** -4000]) == np.longdouble(10) ** -4000
    assert rne.parallel_sum([third, 2**80, -(2**80)]) == third
    assert rne.parallel_sum([np.clongdouble(third + 1j * third), 1]) == np.clongdouble(1 + third + 1j * third)
    assert rne.parallel_sum(np.full(5, third)) == 5 * third
    for special in (np.inf, -np.inf, np.nan):
        np.testing.assert_equal(float(rne.parallel_sum([np.longdouble(special), third])), special)
    # The error does not grow with their number.
    many = [third, -third / 7] * 3000
    assert abs(rne.parallel_sum(many) - 3000 * (third - third / 7)) <= 4 * np.spacing(np.longdouble(1000))


def test_arrays_of_objects_are_summed_as_their_items() -> None:
    assert rne.parallel_sum(np.array([[1, 2**100], [True, 3]], object)) == 2**100 + 5
    with pytest.raises(TypeError, match="argument numbers, item 1, got str"):
        rne.parallel_sum(np.array([1, "a"], object))
    with pytest.raises(TypeError, match=r"item 0, got an array of shape \(1,\), expected a number"):
        rne.parallel_sum([np.array([1])])


# Elsewhere no list is read in place: they are iterated over, as `sum` does.
@needs_64_bits
def test_a_list_that_shrinks_while_it_is_summed() -> None:
    values: list[object] = []

    class Shrink:
        def __index__(self) -> int:
            values.clear()
            return 1

    values.extend([Shrink(), Shrink(), 3])
    with pytest.raises(IndexError):
        rne.parallel_sum(values)


def test_each_sine_is_within_an_ulp() -> None:
    rng = np.random.default_rng(0)
    for scale in (1e-300, 1e-8, 1.0, 10.0, 1e3, 1.6e6, 1e7, 1e22, 1e300):
        for x in rng.uniform(-scale, scale, 200).tolist():
            expected = math.sin(x)
            assert abs(rne.cpu_intensive([x]) - expected) <= math.ulp(expected), x
    for k in range(1, 3000):
        x = k * math.pi / 2
        assert abs(rne.cpu_intensive([x]) - math.sin(x)) <= math.ulp(math.sin(x)), x


@pytest.mark.parametrize("dtype", REAL)
def test_sums_of_sines_for_every_layout(dtype: str) -> None:
    data = sample(dtype)
    expected = math.fsum(map(math.sin, data.astype("f8").ravel().tolist()))
    for name, x in layouts(data):
        assert rne.cpu_intensive(x) == pytest.approx(expected, rel=1e-13, abs=1e-14), name


def test_sines_of_special_values() -> None:
    assert math.isnan(rne.cpu_intensive([np.inf]))
    assert math.isnan(rne.cpu_intensive([0.0, np.nan]))
    assert rne.cpu_intensive([]) == 0.0
    with pytest.raises(ValueError, match="cpu_intensive: argument workers, got 0"):
        rne.cpu_intensive([1.0], workers=0)
    with pytest.raises(TypeError, match="complex128"):
        rne.cpu_intensive([1j])
