"""What is more than numbers: masks, units, sparse and lazy arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from array_objects import NUMBERS, NUMPYS, every_function

import rust_numpy_example as rne


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


def test_what_asks_a_dask_that_is_not_there_is_not_lazy() -> None:
    class Quantity:
        """As pint 0.26 without Dask."""

        units = "meter"

        def __dask_graph__(self) -> object:
            raise AttributeError("'NoneType' object has no attribute 'Array'")

    with pytest.raises(TypeError, match="got a Quantity with units 'meter'"):
        rne.sum_array(Quantity())


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
