"""Types of the compiled module."""

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from typing import (
    Any,
    ClassVar,
    Generic,
    Literal,
    NoReturn,
    Protocol,
    Self,
    SupportsFloat,
    SupportsIndex,
    TypeAlias,
    TypedDict,
    final,
    overload,
)

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from typing_extensions import Buffer, TypeVar

# ---------------------------------------------------------------- types

# As in the stubs of NumPy: what has no axis left is typed as an array where only the shape of an argument would tell
# (`a * b` of two arrays without axes, `a @ b` of two vectors, `axis=0` of a vector).

_FloatT = TypeVar("_FloatT", bound=np.floating[Any])
_ComplexT = TypeVar("_ComplexT", bound=np.complexfloating[Any, Any])
_SignedT = TypeVar("_SignedT", bound=np.signedinteger[Any])
_UnsignedT = TypeVar("_UnsignedT", bound=np.unsignedinteger[Any])
_RealT = TypeVar("_RealT", bound=np.integer[Any] | np.floating[Any] | np.bool_)
_ScalarT_co = TypeVar("_ScalarT_co", bound=np.generic, covariant=True)
_ArrayT = TypeVar("_ArrayT", bound=NDArray[Any])
_T = TypeVar("_T")

class _Array(Protocol[_ScalarT_co]):
    """An array or a scalar of NumPy, or what makes itself one."""

    def __array__(self) -> np.ndarray[Any, np.dtype[_ScalarT_co]]: ...

class _ArrowArray(Protocol):
    def __arrow_c_array__(self, requested_schema: Any = None) -> tuple[object, object]: ...

class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: Any = None) -> object: ...

_Nested: TypeAlias = Sequence[_T] | Sequence[Sequence[_T]] | Sequence[Sequence[Sequence[_T]]]
_Integers: TypeAlias = _Array[np.integer[Any] | np.bool_] | int | _Nested[int]
_Floats: TypeAlias = _Array[np.float16 | np.float32 | np.float64] | float | _Nested[float]
_Complexes: TypeAlias = _Array[np.complex64 | np.complex128] | complex | _Nested[complex]
_Axis: TypeAlias = int | tuple[int, ...]

# Where the dtype of an argument is not known, nothing is known of the result but what its docstring says.
# A number of Python: an int, a float or a complex, by the dtype.
_Number: TypeAlias = Any
# An array, or what objects that override functions of NumPy (of pandas, xarray, with units) make of it.
_Result: TypeAlias = Any
# A scalar of NumPy for one level, an array for several; of the dtype of what came.
_Quantiles: TypeAlias = Any
# A label of a group, as Python has it: a number, a text, a date, a tuple.
_Label: TypeAlias = Any

_NanPolicy: TypeAlias = Literal["propagate", "omit", "raise"]

# ---------------------------------------------------------------- package

__version__: str

class InternalError(RuntimeError):
    """A bug in rust_numpy_example: a panic of its compiled code, as an ordinary exception.

    It can be caught with ``except Exception`` and pickled. Please report it with its text.
    """

def get_num_threads() -> int:
    """Number of threads that a call without ``workers`` may use.

    It is what :func:`set_num_threads` was given, else the first valid one of the environment
    variables ``RUST_NUMPY_EXAMPLE_NUM_THREADS``, ``RAYON_NUM_THREADS`` and ``OMP_NUM_THREADS``
    (read once; what is no number of threads is a RuntimeWarning at import), else the number of
    CPUs that this process may use.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.get_num_threads() >= 1
    True
    """

def set_num_threads(num_threads: int | None, /) -> None:
    """Set the number of threads for calls without ``workers``.

    ``threadpoolctl.threadpool_limits`` does so as well, from version 3.2 on: the pool is registered
    there as the API ``rust_numpy_example`` once both packages are imported.

    Parameters
    ----------
    num_threads : int or None
        1 to 1024; None returns to the default (see :func:`get_num_threads`).

    Raises
    ------
    ValueError
        If the number is out of range.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.set_num_threads(1)
    >>> rne.get_num_threads()
    1
    >>> rne.set_num_threads(None)
    """

class _BuildInfo(TypedDict):
    version: str
    profile: Literal["release", "debug"]
    simd: Literal["baseline", "neon", "avx2", "avx512"]
    simd_available: tuple[str, ...]
    ifma: bool
    dotprod: bool
    num_threads: int
    huge_pages_from: int | None
    streaming_stores_from: int | None
    cache_share: int | None
    read_in_place: tuple[str, ...]
    free_threaded: bool

def build_info() -> _BuildInfo:
    """How the extension was built and what it uses on this machine.

    Returns
    -------
    dict
        ``version``, ``profile`` (``'release'`` or ``'debug'``; the latter is slow), ``simd``
        (the CPU level in use: ``'baseline'``, ``'neon'``, ``'avx2'`` or ``'avx512'``),
        ``simd_available`` (tuple of the levels that this CPU has; the environment variable
        ``RUST_NUMPY_EXAMPLE_SIMD`` chooses one of them), ``ifma`` (whether long integers are
        multiplied with AVX-512 IFMA), ``dotprod`` (whether products of bytes use the dot products
        of NEON), ``num_threads``, ``huge_pages_from`` and
        ``streaming_stores_from`` (bytes from which memory is asked for in huge pages, and from which
        an output may be written past the caches; None where the system or the CPU has none),
        ``cache_share`` (bytes of the last cache for each CPU that shares it; None where the system does
        not say, and blocks are small),
        ``read_in_place`` (tuple of the types of numbers, lists and tuples whose memory is read
        without a call for each item), ``free_threaded`` (whether it was built for an interpreter
        without a lock).

    Notes
    -----
    Results never depend on the sizes of the caches. Only products of floats use them: for how many columns
    they pack at a time.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.build_info()["version"] == rne.__version__
    True
    """

# ---------------------------------------------------------------- linalg

@overload
def multiply_matrices(a: _Array[_FloatT], b: _Array[_FloatT]) -> NDArray[_FloatT]:
    """Product of two arrays, by NumPy: how Rust calls a Python library.

    Parameters
    ----------
    a, b : array_like
        What ``numpy.asarray(a).dot(b)`` takes.

    Returns
    -------
    numpy.ndarray or scalar
        ``numpy.asarray(a).dot(b)``: value, dtype and errors are NumPy's. Of objects that override
        ``numpy.dot`` it is what that makes of them.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    TypeError
        If an array has a mask, is sparse or lazy, or has units that NumPy would drop.

    See Also
    --------
    matrix_multiply : the product computed in Rust.

    Notes
    -----
    Every dtype that NumPy multiplies, NaN, threads and copies are as in NumPy.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.multiply_matrices([[1, 2], [3, 4]], [[5, 6], [7, 8]])
    array([[19, 22],
           [43, 50]])
    """

@overload
def multiply_matrices(a: _Array[_ComplexT], b: _Array[_ComplexT]) -> NDArray[_ComplexT]: ...
@overload
def multiply_matrices(a: _Array[_SignedT], b: _Array[_SignedT]) -> NDArray[_SignedT]: ...
@overload
def multiply_matrices(a: _Array[_UnsignedT], b: _Array[_UnsignedT]) -> NDArray[_UnsignedT]: ...
@overload
def multiply_matrices(a: _Array[np.bool_], b: _Array[np.bool_]) -> NDArray[np.bool_]: ...
@overload
def multiply_matrices(a: _Nested[int], b: _Nested[int]) -> NDArray[np.int_]: ...
@overload
def multiply_matrices(a: _Nested[float], b: _Nested[float]) -> NDArray[np.float64]: ...
@overload
def multiply_matrices(a: ArrayLike, b: ArrayLike) -> _Result: ...
@overload
def matrix_multiply(
    a: _Array[_FloatT], b: _Array[_FloatT], *, out: None = None, workers: int | None = None
) -> NDArray[_FloatT]:
    """Matrix product of two arrays: ``numpy.matmul`` in Rust.

    Parameters
    ----------
    a, b : array_like
        Matrices, vectors, or stacks of matrices in the last two axes; the axes before are
        broadcast. A vector on the left is a row and one on the right a column, and the axis
        that makes it so is not in the result.
    out : numpy.ndarray, optional
        Array for the result, with any strides; it may overlap `a` and `b`.
    workers : int, optional
        Largest number of threads; by default :func:`get_num_threads`.

    Returns
    -------
    numpy.ndarray or scalar
        The product, or `out` if it is given. The product of two vectors is a scalar.

    Raises
    ------
    ValueError
        If an operand has no axes, the shapes do not fit, `out` is read-only or has another
        shape, or `workers` is not between 1 and 1024.
    TypeError
        If NumPy has no product for the dtypes, `out` cannot hold the dtype of the result, or an
        array is masked, sparse or lazy.
    MemoryError
        If there is no memory for the result.

    See Also
    --------
    multiply_matrices : the product by NumPy.

    Notes
    -----
    The dtype is that of ``numpy.matmul``. Integers wrap, as there. Bools give the OR of ANDs.
    float16 is summed in float32 and rounded once. Other dtypes, such as longdouble and object,
    an `out` of another dtype or with more axes, and objects that override NumPy's functions are
    handed to ``numpy.matmul``.

    Floats obey IEEE 754 (NaN and infinity propagate); each sum is within the usual bound of
    ``k * eps`` times the sum of the absolute products. The result has the same bits for any
    `workers`. Another layout of the operands or of `out`, and a CPU with other instructions, may
    give other last bits.

    Operands are read where they are, at any strides. An `out` that overlaps one of them is
    written at the end. Scratch memory is below 16 MiB a thread.

    The algorithm is that of Goto and van de Geijn, "Anatomy of High-Performance Matrix
    Multiplication", ACM TOMS 34(3), 2008; for bools that of the "Four Russians".

    Examples
    --------
    >>> import numpy as np
    >>> import rust_numpy_example as rne
    >>> a = np.arange(6.0).reshape(2, 3)
    >>> rne.matrix_multiply(a, a.T)
    array([[ 5., 14.],
           [14., 50.]])
    >>> float(rne.matrix_multiply([1.0, 2.0], [3.0, 4.0]))
    11.0
    """

@overload
def matrix_multiply(
    a: _Array[_ComplexT], b: _Array[_ComplexT], *, out: None = None, workers: int | None = None
) -> NDArray[_ComplexT]: ...
@overload
def matrix_multiply(
    a: _Array[_SignedT], b: _Array[_SignedT], *, out: None = None, workers: int | None = None
) -> NDArray[_SignedT]: ...
@overload
def matrix_multiply(
    a: _Array[_UnsignedT], b: _Array[_UnsignedT], *, out: None = None, workers: int | None = None
) -> NDArray[_UnsignedT]: ...
@overload
def matrix_multiply(
    a: _Array[np.bool_], b: _Array[np.bool_], *, out: None = None, workers: int | None = None
) -> NDArray[np.bool_]: ...
@overload
def matrix_multiply(
    a: _Nested[int], b: _Nested[int], *, out: None = None, workers: int | None = None
) -> NDArray[np.int_]: ...
@overload
def matrix_multiply(
    a: _Nested[float], b: _Nested[float], *, out: None = None, workers: int | None = None
) -> NDArray[np.float64]: ...
@overload
def matrix_multiply(a: ArrayLike, b: ArrayLike, *, out: _ArrayT, workers: int | None = None) -> _ArrayT: ...
@overload
def matrix_multiply(
    a: ArrayLike, b: ArrayLike, *, out: None = None, workers: int | None = None
) -> _Result: ...

# ---------------------------------------------------------------- elementwise

@overload
def array_multiply(
    a: _Array[_FloatT], b: _Array[_FloatT] | float, *, out: None = None, workers: int | None = None
) -> NDArray[_FloatT]:
    """Multiply two arrays, element by element.

    Parameters
    ----------
    a, b : array_like
        Factors, of shapes that broadcast against each other and any layout.
    out : ndarray, optional
        Where the result is written: of the shape and dtype of the result; may be one of the
        factors or overlap them.
    workers : int, optional
        Threads; by default :func:`get_num_threads`.

    Returns
    -------
    ndarray or scalar
        The product, or ``out``. Value, dtype and shape are those of ``np.multiply``: NumPy's
        promotion, integers wrap. Of objects that override NumPy's functions (pandas, xarray,
        units) it is what ``np.multiply`` makes of them.

    Raises
    ------
    ValueError
        If the shapes do not fit, or that of ``out``, or it is read-only; if ``workers`` is out of
        range.
    TypeError
        If an array is masked, sparse or lazy, or ``out`` is no array of the right dtype.

    Notes
    -----
    bool, all integers, float16 to float64, complex64 and complex128 are multiplied here, other
    dtypes by NumPy. No RuntimeWarning is given where a product overflows. Complex products are those
    of the formula, each step rounded: the last bit, and what overflows on the way, may differ from
    NumPy's, which depend on the CPU. A large ``out`` is written past the caches.

    Examples
    --------
    >>> import numpy as np
    >>> import rust_numpy_example as rne
    >>> rne.array_multiply([[1], [2]], [3, 4])
    array([[3, 4],
           [6, 8]])
    """

@overload
def array_multiply(
    a: _Array[_ComplexT], b: _Array[_ComplexT] | complex, *, out: None = None, workers: int | None = None
) -> NDArray[_ComplexT]: ...
@overload
def array_multiply(
    a: _Array[_SignedT], b: _Array[_SignedT] | int, *, out: None = None, workers: int | None = None
) -> NDArray[_SignedT]: ...
@overload
def array_multiply(
    a: _Array[_UnsignedT], b: _Array[_UnsignedT] | int, *, out: None = None, workers: int | None = None
) -> NDArray[_UnsignedT]: ...
@overload
def array_multiply(
    a: _Array[np.bool_], b: _Array[np.bool_], *, out: None = None, workers: int | None = None
) -> NDArray[np.bool_]: ...
@overload
def array_multiply(
    a: _Nested[int], b: _Nested[int] | int, *, out: None = None, workers: int | None = None
) -> NDArray[np.int_]: ...
@overload
def array_multiply(
    a: _Nested[float], b: _Nested[float] | float, *, out: None = None, workers: int | None = None
) -> NDArray[np.float64]: ...
@overload
def array_multiply(a: ArrayLike, b: ArrayLike, *, out: _ArrayT, workers: int | None = None) -> _ArrayT: ...
@overload
def array_multiply(
    a: ArrayLike, b: ArrayLike, *, out: None = None, workers: int | None = None
) -> _Result: ...
@overload
def process_data(
    data: _Array[_FloatT],
    factor: _Array[_FloatT] | float = 2,
    *,
    out: None = None,
    workers: int | None = None,
) -> NDArray[_FloatT]:
    """Multiply every element by a factor.

    Parameters
    ----------
    data : array_like
        Any shape and layout.
    factor : scalar or array_like, optional
        What to multiply by.
    out : ndarray, optional
        Where the result is written; may be ``data`` itself.
    workers : int, optional
        Threads; by default :func:`get_num_threads`.

    Returns
    -------
    ndarray or scalar
        ``data * factor`` with the dtype that NumPy gives it, or ``out``.

    Raises
    ------
    ValueError, TypeError
        As :func:`array_multiply`.
    OverflowError
        If the factor is an int that the dtype of ``data`` cannot hold (NumPy 2).

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.process_data([1, 2, 3])
    array([2, 4, 6])
    >>> rne.process_data([1, 2, 3], 0.5)
    array([0.5, 1. , 1.5])
    """

@overload
def process_data(
    data: _Array[_ComplexT],
    factor: _Array[_ComplexT] | complex = 2,
    *,
    out: None = None,
    workers: int | None = None,
) -> NDArray[_ComplexT]: ...
@overload
def process_data(
    data: _Array[_SignedT],
    factor: _Array[_SignedT] | int = 2,
    *,
    out: None = None,
    workers: int | None = None,
) -> NDArray[_SignedT]: ...
@overload
def process_data(
    data: _Array[_UnsignedT],
    factor: _Array[_UnsignedT] | int = 2,
    *,
    out: None = None,
    workers: int | None = None,
) -> NDArray[_UnsignedT]: ...
@overload
def process_data(
    data: _Array[np.bool_], factor: _Array[np.bool_], *, out: None = None, workers: int | None = None
) -> NDArray[np.bool_]: ...
@overload
def process_data(
    data: _Nested[int], factor: _Nested[int] | int = 2, *, out: None = None, workers: int | None = None
) -> NDArray[np.int_]: ...
@overload
def process_data(
    data: _Nested[float], factor: _Nested[float] | float = 2, *, out: None = None, workers: int | None = None
) -> NDArray[np.float64]: ...
@overload
def process_data(
    data: ArrayLike, factor: ArrayLike = 2, *, out: _ArrayT, workers: int | None = None
) -> _ArrayT: ...
@overload
def process_data(
    data: ArrayLike, factor: ArrayLike = 2, *, out: None = None, workers: int | None = None
) -> _Result: ...
@overload
def process_numbers(numbers: list[int] | list[bool] | tuple[int, ...], threshold: float, /) -> list[int]:
    """Keep what is greater than a threshold, doubled, in its order.

    Parameters
    ----------
    numbers : list, tuple, or array_like of integers or floats
        An array of any shape is read in C order; one that is not contiguous is copied first.
    threshold : int or float
        Compared exactly with integers; rounded to the dtype of a float array, as NumPy does.

    Returns
    -------
    list or ndarray
        For a list or tuple a list, whose ints are exact whatever their size; for an array a 1-D
        array of its dtype (bool becomes int64). NaN is never kept.

    Raises
    ------
    OverflowError
        If a kept integer of an array cannot be doubled in its dtype; if the threshold for floats is an
        int beyond the largest float.
    TypeError
        If an item is no number (the message names its index), or an array is complex, or has a mask
        or units.

    Examples
    --------
    >>> import numpy as np
    >>> import rust_numpy_example as rne
    >>> rne.process_numbers([1, 5, 2.5, 2**70], 2)
    [10, 5.0, 2361183241434822606848]
    >>> rne.process_numbers(np.array([1, 5, 3]), 2)
    array([10,  6])
    """

@overload
def process_numbers(numbers: list[float] | tuple[float, ...], threshold: float, /) -> list[float]: ...
@overload
def process_numbers(numbers: list[Any] | tuple[Any, ...], threshold: float, /) -> list[_Number]: ...
@overload
def process_numbers(numbers: _Array[np.bool_], threshold: float, /) -> NDArray[np.int64]: ...
@overload
def process_numbers(numbers: _Array[_RealT], threshold: float, /) -> NDArray[_RealT]: ...
@overload
def process_numbers(numbers: _Array[Any] | Buffer, threshold: float, /) -> NDArray[Any]: ...
@overload
def process_batch(xs: list[Any] | tuple[Any, ...], /) -> list[float]:
    """Double many numbers in one call: the batch form of :func:`process_single`.

    Parameters
    ----------
    xs : list, tuple, or array_like of real numbers
        Numbers.

    Returns
    -------
    list of float, or ndarray of float64
        Twice each number: a list for a list or tuple, else an array of the same shape.

    Raises
    ------
    TypeError
        If an item is no number, or the array is complex, or has a mask or units.
    OverflowError
        If an int is beyond the largest float.

    Notes
    -----
    A call from Python to Rust costs tens of nanoseconds, whatever it does: one call for all
    numbers pays them once.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.process_batch([1, 2.5])
    [2.0, 5.0]
    """

@overload
def process_batch(xs: _Array[Any] | Buffer, /) -> NDArray[np.float64]: ...
def process_single(x: float, /) -> float:
    """Double one number: the one-at-a-time form of :func:`process_batch`.

    Parameters
    ----------
    x : float
        A number.

    Returns
    -------
    float
        Twice the number.

    Raises
    ------
    TypeError
        If it is no real number.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> [rne.process_single(x) for x in (1, 2.5)]
    [2.0, 5.0]
    """

# ---------------------------------------------------------------- reduce

@overload
def sum_array(
    arr: _Integers, axis: None = None, *, keepdims: Literal[False] = False, workers: int | None = None
) -> int:
    """Sum of the elements of an array, over all or some of its axes.

    Parameters
    ----------
    arr : array_like of any shape
        bool, integers, floats up to 64 bits, complex up to 128 bits; any layout, not copied.
        bfloat16 is read as float32.
    axis : None, int or tuple of ints, optional
        Axes to sum over; None sums over all.
    keepdims : bool, optional
        Keep the axes summed over, with length one.
    workers : int, optional
        Threads; by default :func:`get_num_threads`. The bits of the result do not depend on it.

    Returns
    -------
    int, float, complex or ndarray
        Over all axes: a Python int, exact whatever its size, for bool and integers; a Python
        float or complex, not rounded to the dtype, for the others. With ``axis`` or ``keepdims``
        an array of the dtype of ``np.sum``, in which integers wrap as NumPy's do. The sum of
        nothing is 0.

    Raises
    ------
    TypeError
        If the dtype is not one of the above, or the array has a mask or units, is sparse or lazy.
    ValueError
        If an axis is out of bounds or given twice, ``workers`` is out of range, or a column has nulls.

    Notes
    -----
    Floats are added pairwise in float64 (Higham 1993), so float16 and float32 lose nothing on
    the way. NaN and infinities go through as in NumPy.

    Examples
    --------
    >>> import numpy as np
    >>> import rust_numpy_example as rne
    >>> rne.sum_array(np.array([2**63 - 1, 2**63 - 1]))
    18446744073709551614
    >>> rne.sum_array(np.ones((2, 3), "f4"), axis=0)
    array([2., 2., 2.], dtype=float32)
    """

@overload
def sum_array(
    arr: _Floats, axis: None = None, *, keepdims: Literal[False] = False, workers: int | None = None
) -> float: ...
@overload
def sum_array(
    arr: _Complexes, axis: None = None, *, keepdims: Literal[False] = False, workers: int | None = None
) -> complex: ...
@overload
def sum_array(
    arr: ArrayLike, axis: None = None, *, keepdims: Literal[False] = False, workers: int | None = None
) -> _Number: ...
@overload
def sum_array(
    arr: _Array[_FloatT], axis: _Axis, *, keepdims: bool = False, workers: int | None = None
) -> NDArray[_FloatT]: ...
@overload
def sum_array(
    arr: _Array[_ComplexT], axis: _Axis, *, keepdims: bool = False, workers: int | None = None
) -> NDArray[_ComplexT]: ...
@overload
def sum_array(
    arr: _Array[np.unsignedinteger[Any]], axis: _Axis, *, keepdims: bool = False, workers: int | None = None
) -> NDArray[np.unsignedinteger[Any]]: ...
@overload
def sum_array(
    arr: _Array[np.signedinteger[Any] | np.bool_] | _Nested[int],
    axis: _Axis,
    *,
    keepdims: bool = False,
    workers: int | None = None,
) -> NDArray[np.signedinteger[Any]]: ...
@overload
def sum_array(
    arr: _Nested[float], axis: _Axis, *, keepdims: bool = False, workers: int | None = None
) -> NDArray[np.float64]: ...
@overload
def sum_array(
    arr: ArrayLike, axis: _Axis, *, keepdims: bool = False, workers: int | None = None
) -> NDArray[Any]: ...
@overload
def sum_array(
    arr: ArrayLike, axis: _Axis | None = None, *, keepdims: Literal[True], workers: int | None = None
) -> NDArray[Any]: ...
@overload
def sum_array(
    arr: ArrayLike, axis: _Axis | None = None, *, keepdims: bool, workers: int | None = None
) -> _Result: ...
@overload
def parallel_sum(numbers: _Array[np.integer[Any] | np.bool_], /) -> int:
    """Sum of a list, tuple, range, iterable, array.array or ndarray of numbers.

    Parameters
    ----------
    numbers : iterable of int, float, complex, bool or NumPy scalar; or an array
        Lists and tuples are read in place, on several threads where they are long. Arrays are
        whatever :func:`sum_array` takes, and those of objects and longdoubles.

    Returns
    -------
    int, float, complex, numpy.longdouble or numpy.clongdouble
        An exact int of any size if all numbers are integers, else a float, or complex if one is
        complex; with a longdouble one of these; 0 for no numbers.

    Raises
    ------
    TypeError
        If an item is not a number; the message names its index. If it has a mask or units.
    OverflowError
        If floats are among the numbers and the sum of the ints is beyond their range.

    Notes
    -----
    Integers are exact. Floats of an iterable are summed with compensation (Neumaier 1974): the
    error does not grow with their number. So are real and imaginary parts, and longdoubles. Those of an array are summed as by :func:`sum_array`.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.parallel_sum([2**100, 1, True])
    1267650600228229401496703205378
    >>> rne.parallel_sum([0.1] * 10)
    1.0
    """

@overload
def parallel_sum(numbers: _Array[np.float16 | np.float32 | np.float64], /) -> float: ...
@overload
def parallel_sum(numbers: _Array[np.complex64 | np.complex128], /) -> complex: ...
@overload
def parallel_sum(numbers: Iterable[int] | Iterable[np.integer[Any]], /) -> int: ...
@overload
def parallel_sum(numbers: Iterable[float], /) -> float: ...
@overload
def parallel_sum(numbers: Iterable[complex], /) -> complex: ...
@overload
def parallel_sum(numbers: Iterable[Any], /) -> _Number: ...
@overload
def list_sum(a: _Array[np.integer[Any] | np.bool_], /) -> int:
    """Sum of a list of numbers: :func:`parallel_sum` under the name that tutorials use.

    Parameters
    ----------
    a : list, or whatever :func:`parallel_sum` takes
        Numbers.

    Returns
    -------
    int, float, complex, numpy.longdouble or numpy.clongdouble
        As :func:`parallel_sum`.

    Raises
    ------
    TypeError, OverflowError
        As :func:`parallel_sum`.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.list_sum([1, 2, 3])
    6
    """

@overload
def list_sum(a: _Array[np.float16 | np.float32 | np.float64], /) -> float: ...
@overload
def list_sum(a: _Array[np.complex64 | np.complex128], /) -> complex: ...
@overload
def list_sum(a: Iterable[int] | Iterable[np.integer[Any]], /) -> int: ...
@overload
def list_sum(a: Iterable[float], /) -> float: ...
@overload
def list_sum(a: Iterable[complex], /) -> complex: ...
@overload
def list_sum(a: Iterable[Any], /) -> _Number: ...
def cpu_intensive(data: ArrayLike, /, *, workers: int | None = None) -> float:
    """Sum of the sines of all elements: a function that keeps the CPU busy.

    Parameters
    ----------
    data : array_like of bool, integers or floats
        Angles in radians; any shape and layout. Other dtypes than float64 are converted to it, block by block.
    workers : int, optional
        Threads; by default :func:`get_num_threads`.

    Returns
    -------
    float
        The sum; each sine is within 1 ulp, and the sum is pairwise. NaN if an element is NaN or
        infinite; 0.0 for no elements.

    Raises
    ------
    TypeError
        If the data are complex, masked or no numbers.
    ValueError
        If ``workers`` is out of range.

    Notes
    -----
    The reduction is that of Cody and Waite with three parts of pi/2, the polynomials are those of
    FreeBSD's msun. Above 1.6e6 each sine is computed by the C library. The bits are the same for
    every number of threads and every CPU.

    Examples
    --------
    >>> import numpy as np
    >>> import rust_numpy_example as rne
    >>> rne.cpu_intensive([0.0, np.pi / 2])
    1.0
    """

# ---------------------------------------------------------------- stats

@overload
def compute_stats(
    arr: _Integers,
    axis: None = None,
    *,
    ddof: float = 1,
    keepdims: Literal[False] = False,
    where: ArrayLike | None = None,
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    by: None = None,
    workers: int | None = None,
) -> _IntegerStats:
    """Count, mean, standard deviation, minimum and maximum of an array, in one pass over it.

    Parameters
    ----------
    arr : array_like
        Any bool, integer or float dtype up to 64 bits, any shape and layout; bfloat16 is read as
        float32. Columns and tables with nulls, of Arrow, polars and pandas.
    axis : int, tuple of int or None, optional
        The axes to reduce; None, the default, is all of them.
    ddof : float, optional
        The squared deviations are divided by ``count - ddof``. The default, 1, gives the
        standard deviation of a sample, as in pandas; 0 gives that of a population, as in NumPy.
    keepdims : bool, optional
        Keep the reduced axes, with length 1.
    where : array_like of bool, optional
        The elements that count; broadcast to the shape of ``arr``.
    nan_policy : {'propagate', 'omit', 'raise'}, optional
        What a NaN or a null does: makes all but the count NaN, is left out, or raises
        ``ValueError``. A null among integers or bools makes the minimum and maximum NaN as well.
    weights : array_like, optional
        How much each element counts: of the shape of ``arr``, or of that of the reduced axes, as in
        ``numpy.average``. Finite numbers from 0 on, read as float64. An element of weight 0 is left out,
        whatever it is.
    by : array_like, optional
        Labels of groups: of the shape of ``arr``, or with an ``axis``, which is then an int, one for each index along
        it. Bools, integers, floats, dates, texts (of NumPy, str objects, Arrow strings) or a Categorical of
        pandas. Elements whose label is missing (NaN, None, NaT, a null) are left out, as in pandas.
    workers : int, optional
        Threads to use at most; see :func:`get_num_threads` for the default. The result has the
        same bits for every number.

    Returns
    -------
    Stats
        A read-only mapping with the keys ``count``, ``mean``, ``std``, ``min`` and ``max``, and
        the same as attributes. Numbers where ``axis`` is None (arrays with ``keepdims``), else arrays.
    GroupedStats
        With ``by``: the same of each group, a mapping from label to Stats. The groups take the place of the axis.

    Raises
    ------
    TypeError
        If ``arr`` or ``weights`` is complex or not numeric, has a mask, units or zeros that are not stored, or
        is lazy; or ``where`` is not of bool.
    ValueError
        If an axis is out of range (``numpy.exceptions.AxisError``) or repeated, ``where`` does
        not fit, ``nan_policy`` or ``workers`` is invalid, a NaN or null is found that is not
        allowed, or weights have another shape, are negative or not finite, or add up to more than the
        largest float.

    See Also
    --------
    DataProcessor.stats : the same of data that comes bit by bit.

    Notes
    -----
    Of integers and bools the sum and the sum of squares are exact, whatever their size, and so are merges: the
    mean is the exact mean rounded once, variance and standard deviation are within one unit in the last
    place. Floats are accumulated in float64, and more than that where it is needed: blocks of 4096
    elements are summed as deviations from a number near their mean, and are merged by the
    formulas of Chan, Golub and LeVeque (1979) with the mean held in two floats. So
    an offset of 1e15 costs no digits of the standard deviation, and float32 is as exact as float64.
    The mean of finite elements is finite and lies between minimum and maximum, up to the largest float;
    variance and standard deviation are infinite, or zero, only where no float is nearer.

    A weight stands for so many copies of its element, as the ``fweights`` of ``numpy.cov``, but may be any
    number: ``count`` is the number of elements with a weight above 0, ``weight`` the sum of the weights, ``mean`` the
    weighted mean, and the weighted squared deviations are divided by ``weight - ddof``. With weights that do not
    count copies, such as precisions or probabilities, ``ddof=0`` is mostly meant. Minimum and maximum do not
    depend on weights above 0. Stats with and without weights merge: an element without one weighs 1. With
    weights, all is accumulated as of floats, and of 64-bit integers no digit is lost on the way.

    With ``by`` the elements of a part of the array are brought into the order of their labels, and those of each
    group are read as above: so all that is said here is true of each group, weights and ``nan_policy`` included. It
    is done in one pass, in memory for a number of elements that depends on that of the groups. Groups of which
    ``where`` or ``nan_policy='omit'`` leaves nothing have a count of 0.

    Minimum and maximum are exact: Python integers, or an array of the dtype of ``arr``. Where a
    line has no elements, its count is 0 and the rest NaN (and then minimum and maximum are
    arrays of float64). The standard deviation is NaN where ``count <= ddof``. There are no
    warnings.

    Nothing is copied, whatever the layout, but bfloat16, chunks, and columns that do not lie side by
    side. Large input is shared among threads; Ctrl-C stops it.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> s = rne.compute_stats([3, 1, 2])
    >>> s
    Stats(count=3, mean=2.0, std=1.0, min=1, max=3)
    >>> s["std"] == s.std
    True
    >>> rne.compute_stats([[1.0, 2.0], [3.0, 6.0]], axis=0).mean
    array([2., 4.])
    >>> rne.compute_stats([1.0, float("nan"), 3.0], nan_policy="omit")["mean"]
    2.0
    >>> s = rne.compute_stats([1.0, 2.0, 5.0], weights=[3, 1, 0])
    >>> s.mean, s.count, s.weight
    (1.25, 2, 4.0)
    >>> rne.compute_stats([1, 2, 6], by=["b", "a", "b"])["b"]
    Stats(count=2, mean=3.5, std=3.5355339059327378, min=1, max=6)
    """

@overload
def compute_stats(
    arr: _Floats,
    axis: None = None,
    *,
    ddof: float = 1,
    keepdims: Literal[False] = False,
    where: ArrayLike | None = None,
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    by: None = None,
    workers: int | None = None,
) -> _NumberStats: ...
@overload
def compute_stats(
    arr: ArrayLike | _ArrowArray | _ArrowStream,
    axis: None = None,
    *,
    ddof: float = 1,
    keepdims: Literal[False] = False,
    where: ArrayLike | None = None,
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    by: None = None,
    workers: int | None = None,
) -> Stats[int, float]: ...
@overload
def compute_stats(
    arr: ArrayLike | _ArrowArray | _ArrowStream,
    axis: _Axis,
    *,
    ddof: float = 1,
    keepdims: bool = False,
    where: ArrayLike | None = None,
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    by: None = None,
    workers: int | None = None,
) -> _ArrayStatistics: ...
@overload
def compute_stats(
    arr: ArrayLike | _ArrowArray | _ArrowStream,
    axis: _Axis | None = None,
    *,
    ddof: float = 1,
    keepdims: Literal[True],
    where: ArrayLike | None = None,
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    by: None = None,
    workers: int | None = None,
) -> _ArrayStatistics: ...
@overload
def compute_stats(
    arr: ArrayLike | _ArrowArray | _ArrowStream,
    axis: _Axis | None = None,
    *,
    ddof: float = 1,
    keepdims: bool,
    where: ArrayLike | None = None,
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    by: None = None,
    workers: int | None = None,
) -> Stats: ...
@overload
def compute_stats(
    arr: ArrayLike | _ArrowArray | _ArrowStream,
    axis: int | None = None,
    *,
    ddof: float = 1,
    keepdims: Literal[False] = False,
    where: ArrayLike | None = None,
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    by: ArrayLike | Sequence[object] | _ArrowArray | _ArrowStream,
    workers: int | None = None,
) -> GroupedStats: ...

# Of a Stats: the count; mean, variance and standard deviation; what has the dtype of the data, where that is known.
_CountT_co = TypeVar("_CountT_co", default=Any, covariant=True)
_MeanT_co = TypeVar("_MeanT_co", default=Any, covariant=True)
_ValueT_co = TypeVar("_ValueT_co", default=Any, covariant=True)

# Minimum and maximum are ints, but NaN where there are no elements or a null is among them; with weights the sum is
# a float.
_IntegerStats: TypeAlias = Stats[int, float, int | Any]
_NumberStats: TypeAlias = Stats[int, float, float]
_ArrayStatistics: TypeAlias = Stats[NDArray[np.int64], NDArray[np.float64], NDArray[Any]]

@final
class Stats(Mapping[str, _CountT_co | _MeanT_co | _ValueT_co], Generic[_CountT_co, _MeanT_co, _ValueT_co]):
    """Count, mean, standard deviation, minimum and maximum: a read-only mapping.

    It comes from :func:`compute_stats` and :meth:`DataProcessor.stats`. ``Stats()`` is that of
    no elements, to start merging with. It holds more than it shows (of floats the mean in two floats and the
    sum of squares, of integers their exact sum and that of their squares), so that two of them merge without
    a loss of digits.

    Parameters
    ----------
    ddof : float, optional
        As in :func:`compute_stats`.

    Notes
    -----
    ``a + b`` is ``a.merge(b)``, and ``sum`` adds up a list of Stats. Two are equal if they show the same; NaN
    is equal to NaN. Stats can be pickled. What takes a dict and no other mapping, such as ``json.dumps`` and
    columns of ``pandas.DataFrame``, takes :meth:`to_dict`.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> s = rne.compute_stats([1.0, 2.0]) + rne.compute_stats([3.0])
    >>> dict(s)
    {'count': 3, 'mean': 2.0, 'std': 1.0, 'min': 1.0, 'max': 3.0}
    >>> s.var, s.sum, s.ddof
    (1.0, 6.0, 1)
    """

    def __new__(cls, *, ddof: float = 1) -> Self: ...
    @property
    def count(self) -> _CountT_co:
        """Number of elements."""
    @property
    def weight(self) -> _ValueT_co:
        """Sum of the weights: without weights the number of elements."""
    @property
    def mean(self) -> _MeanT_co:
        """Mean."""
    @property
    def var(self) -> _MeanT_co:
        """Variance: the sum of squared deviations over ``weight - ddof``."""
    @property
    def std(self) -> _MeanT_co:
        """Standard deviation: the square root of the variance."""
    @property
    def min(self) -> _ValueT_co:
        """Minimum."""
    @property
    def max(self) -> _ValueT_co:
        """Maximum."""
    @property
    def sum(self) -> _ValueT_co:
        """Sum, by weight: of integers without weights exact, a Python int, or an array of int64, uint64 or else of
        Python ints; of floats rounded once from the mean, which has more digits than it shows. 0 if there are no
        elements.
        """
    @property
    def ddof(self) -> int | float:
        """What the standard deviation is corrected by; see :func:`compute_stats`."""
    @overload
    def merge(self, other: Self) -> Self:
        """The Stats of the elements of both.

        Parameters
        ----------
        other : Stats
            Of the same shape, or of no elements.

        Returns
        -------
        Stats
            A new one, with the ``ddof`` of this one.

        Raises
        ------
        ValueError
            If the shapes differ.

        Examples
        --------
        >>> import rust_numpy_example as rne
        >>> rne.compute_stats([1, 2]).merge(rne.compute_stats([6])).mean
        3.0
        """
    @overload
    def merge(self, other: Stats) -> Stats: ...
    @overload
    def to_dict(self: _NumberStats) -> dict[str, float]:
        """The same as a dict of Python's numbers, or of nested lists of them.

        Returns
        -------
        dict
            With the keys of this mapping, for what takes no other mapping.

        Examples
        --------
        >>> import json
        >>> import rust_numpy_example as rne
        >>> json.dumps(rne.compute_stats([1, 2, 3]).to_dict())
        '{"count": 3, "mean": 2.0, "std": 1.0, "min": 1, "max": 3}'
        """
    @overload
    def to_dict(self) -> dict[str, Any]: ...
    def _repr_html_(self) -> str: ...
    @overload
    def __add__(self, other: Self, /) -> Self: ...
    @overload
    def __add__(self, other: Stats, /) -> Stats: ...
    def __radd__(self, other: int, /) -> Self: ...
    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]: ...
    @overload
    def __getitem__(self, key: Literal["count"], /) -> _CountT_co: ...
    @overload
    def __getitem__(self, key: Literal["mean", "std"], /) -> _MeanT_co: ...
    @overload
    def __getitem__(self, key: Literal["min", "max"], /) -> _ValueT_co: ...
    @overload
    def __getitem__(self, key: str, /) -> _CountT_co | _MeanT_co | _ValueT_co: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...

@final
class GroupedStats(Mapping[_Label, Stats]):
    """Count, mean, standard deviation, minimum and maximum of groups: a read-only mapping.

    It comes from :func:`compute_stats` with ``by``, and maps each label to its :class:`Stats`. ``groups`` holds the
    labels; each statistic is an array with an entry for each of them, in the same order. ``GroupedStats()`` has no
    groups, to start merging with.

    Notes
    -----
    Labels are in ascending order, as of ``numpy.unique``; those of a Categorical are its categories that occur, in
    their order. ``a + b`` is ``a.merge(b)``, and ``sum`` adds up a list of them. Two are equal if they show the same.
    They can be pickled. ``pandas.DataFrame`` and ``polars.DataFrame`` take :meth:`to_dict`.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> g = rne.compute_stats([1.0, 2.0, 6.0], by=["b", "a", "b"])
    >>> g.groups.tolist(), g.mean.tolist()
    (['a', 'b'], [2.0, 3.5])
    >>> g["b"]
    Stats(count=2, mean=3.5, std=3.5355339059327378, min=1.0, max=6.0)
    """

    def __new__(cls) -> GroupedStats: ...
    @property
    def groups(self) -> NDArray[Any]:
        """The labels, in the order of the statistics."""
    @property
    def count(self) -> NDArray[np.int64]:
        """Number of elements of each group."""
    @property
    def weight(self) -> NDArray[Any]:
        """Sum of the weights of each group: without weights the number of elements."""
    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean of each group."""
    @property
    def var(self) -> NDArray[np.float64]:
        """Variance of each group: the sum of squared deviations over ``weight - ddof``."""
    @property
    def std(self) -> NDArray[np.float64]:
        """Standard deviation of each group: the square root of the variance."""
    @property
    def min(self) -> NDArray[Any]:
        """Minimum of each group."""
    @property
    def max(self) -> NDArray[Any]:
        """Maximum of each group."""
    @property
    def sum(self) -> NDArray[Any]:
        """Sum of each group, as :attr:`Stats.sum`."""
    @property
    def ddof(self) -> int | float:
        """What the standard deviation is corrected by; see :func:`compute_stats`."""
    def merge(self, other: GroupedStats) -> GroupedStats:
        """The statistics of the elements of both: of the groups that either has.

        Parameters
        ----------
        other : GroupedStats
            With labels of the same sort, and of the same shape but for the number of groups.

        Returns
        -------
        GroupedStats
            A new one, with the ``ddof`` of this one. If the labels differ, they are in ascending order.

        Raises
        ------
        ValueError
            If the labels or the shapes do not fit together.

        Examples
        --------
        >>> import rust_numpy_example as rne
        >>> g = rne.compute_stats([1, 2], by=[0, 7]).merge(rne.compute_stats([5], by=[7]))
        >>> g.groups.tolist(), g.max.tolist()
        ([0, 7], [1, 5])
        """
    def to_dict(self) -> dict[str, list[Any]]:
        """The same as a dict of columns.

        Returns
        -------
        dict
            With the keys ``group``, ``count``, ``mean``, ``std``, ``min`` and ``max``, each a list.

        Examples
        --------
        >>> import rust_numpy_example as rne
        >>> rne.compute_stats([1, 3, 2], by=[True, False, True]).to_dict()["mean"]
        [3.0, 1.5]
        """
    def _repr_html_(self) -> str: ...
    def __add__(self, other: GroupedStats, /) -> GroupedStats: ...
    def __radd__(self, other: int, /) -> GroupedStats: ...
    def __getitem__(self, key: _Label, /) -> Stats: ...
    def __iter__(self) -> Iterator[_Label]: ...
    def __len__(self) -> int: ...

# ---------------------------------------------------------------- window

@overload
def moving_average(
    arr: _Array[_FloatT],
    window: int,
    axis: int = -1,
    *,
    min_count: int | None = None,
    nan_policy: _NanPolicy = "propagate",
    workers: int | None = None,
) -> NDArray[_FloatT]:
    """Mean of the last ``window`` elements, at every element along an axis.

    Parameters
    ----------
    arr : array_like of one axis or more
        bool, integers, or floats up to 64 bits; any layout, not copied.
    window : int
        The elements of a window, from 1 to the length of the axis.
    axis : int, optional
        The axis along which the window moves; by default the last.
    min_count : int or None, optional
        Windows with fewer elements are NaN: those at the start, and with ``nan_policy='omit'`` those with
        NaN. From 1 to ``window``, which it is by default.
    nan_policy : {'propagate', 'omit', 'raise'}, optional
        What a NaN does: makes the mean of every window that it is in NaN, is left out and not counted, or
        raises ``ValueError``.
    workers : int, optional
        Threads to use at most; see :func:`get_num_threads` for the default. The result has the same
        bits for every number.

    Returns
    -------
    ndarray
        Of the shape of ``arr``, in C order: of its dtype if that is a float, else of float64.

    Raises
    ------
    TypeError
        If ``arr`` is complex or not numeric, or ``window`` or ``min_count`` is no int.
    ValueError
        If ``window``, ``min_count``, ``axis`` (``numpy.exceptions.AxisError``), ``nan_policy`` or
        ``workers`` is not one of the above, or a NaN is found that is not allowed.

    Notes
    -----
    Equal to ``bottleneck.move_mean`` with ``nan_policy='omit'``, and to ``rolling(window, min_count).mean()`` of
    pandas, but for their rounding: those take away from a running sum what leaves the window, and what rounding
    has taken stays. Here nothing is ever taken away (van Herk 1992): a NaN, an infinity or a large
    element leaves nothing behind, and the error of a mean is that of adding up its window, with some forty
    roundings in float64 at most, however long the window and the series.

    Sums of integers are exact, and only the mean is rounded; a sum of floats above the largest float makes an infinite
    mean. The time does not depend on the window.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.moving_average([1, 2, 3, 6], 2)
    array([nan, 1.5, 2.5, 4.5])
    >>> rne.moving_average([1.0, float("nan"), 3.0], 2, min_count=1, nan_policy="omit")
    array([1., 1., 3.])
    """

@overload
def moving_average(
    arr: _Array[np.integer[Any] | np.bool_] | _Nested[float],
    window: int,
    axis: int = -1,
    *,
    min_count: int | None = None,
    nan_policy: _NanPolicy = "propagate",
    workers: int | None = None,
) -> NDArray[np.float64]: ...
@overload
def moving_average(
    arr: ArrayLike,
    window: int,
    axis: int = -1,
    *,
    min_count: int | None = None,
    nan_policy: _NanPolicy = "propagate",
    workers: int | None = None,
) -> NDArray[np.floating[Any]]: ...

# ---------------------------------------------------------------- quantiles

_Interpolating: TypeAlias = Literal[
    "linear",
    "averaged_inverted_cdf",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "median_unbiased",
    "normal_unbiased",
    "midpoint",
]
# Those that take an element, of the dtype of the array.
_Taking: TypeAlias = Literal["inverted_cdf", "closest_observation", "lower", "higher", "nearest"]
_Method: TypeAlias = Literal[_Interpolating, _Taking]

@overload
def quantiles(
    arr: _Array[_FloatT],
    q: float,
    axis: None = None,
    *,
    method: _Interpolating = "linear",
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    keepdims: Literal[False] = False,
    workers: int | None = None,
) -> _FloatT:
    """Quantiles of an array, exact, over all or some of its axes.

    Parameters
    ----------
    arr : array_like
        Any bool, integer or float dtype up to 64 bits, any shape and layout.
    q : float or array_like of float
        The levels, from 0 to 1; at most two axes.
    axis : int, tuple of int or None, optional
        The axes to reduce; None, the default, is all of them.
    method : str, optional
        One of NumPy's: 'linear' (the default), 'inverted_cdf', 'averaged_inverted_cdf',
        'closest_observation', 'interpolated_inverted_cdf', 'hazen', 'weibull',
        'median_unbiased', 'normal_unbiased', 'lower', 'higher', 'midpoint', 'nearest'.
    nan_policy : {'propagate', 'omit', 'raise'}, optional
        What a NaN does: makes the quantiles of its line NaN, is left out, or raises
        ``ValueError``.
    weights : array_like, optional
        How much each element counts, with ``method='inverted_cdf'`` only: of the shape of
        ``arr``, or of that of the reduced axes.
    keepdims : bool, optional
        Keep the reduced axes, with length 1.
    workers : int, optional
        Threads to use at most; see :func:`get_num_threads` for the default. The result has the
        same bits for every number.

    Returns
    -------
    scalar or ndarray
        The shape of ``q``, then the axes that remain. Methods that take an element
        ('inverted_cdf', 'closest_observation', 'lower', 'higher', 'nearest') keep the dtype of
        ``arr``, and are exact for integers of any size. The others give the dtype of ``arr`` if that
        is float, or float64; it is promoted with that of ``q``, if ``q`` is not a Python number.

    Raises
    ------
    TypeError
        If ``arr``, ``q`` or ``weights`` is complex or not numeric.
    ValueError
        If a level is not within 0 to 1, a line has no elements, an axis is out of range
        (``numpy.exceptions.AxisError``) or repeated, ``method``, ``nan_policy`` or ``workers`` is
        invalid, weights have another shape, are negative or add up to 0, infinity or NaN, or a NaN is
        found that is not allowed.

    See Also
    --------
    QuantileFinder : exact quantiles of data larger than the memory, read several times.
    QuantileSketch : quantiles of data that is read once, with a bound of their error.

    Notes
    -----
    The result is that of ``np.quantile`` (with 'omit', ``np.nanquantile``) of NumPy 2.4 and later, in every bit
    for float32 and float64, but for what NumPy gets wrong or leaves open:

    - next to an infinity it gives NaN even where the infinity has no weight, and where the
      difference of two elements overflows; here those are numbers;
    - it wraps the difference of two signed integers (the median of int8 -128 and 127 is 127.5
      there and -0.5 here), and refuses bools, which count as 0 and 1 here;
    - it computes positions in the dtype of ``q``, here always in float64;
    - -0.0 comes before 0.0 here; there are no warnings; a line that is all NaN is NaN with 'omit'.

    NumPy before 2.4 rounds ``q`` to the dtype of a float ``arr``, and before 2.0 has no weights. Between
    64-bit integers, the two elements are rounded to float64 first, as in NumPy.

    Nothing is sorted and, of a long line, little is copied: a sample encloses each rank (Floyd and
    Rivest 1975), and one pass counts what is below and keeps what lies between. Keys of 16 bits
    are counted. Large input is shared among threads; Ctrl-C stops it.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> float(rne.quantiles([3, 1, 2, 10], 0.5))
    2.5
    >>> rne.quantiles([[1.0, 2.0], [3.0, 6.0]], [0.0, 0.5], axis=0)
    array([[1., 2.],
           [2., 4.]])
    >>> int(rne.quantiles([2**62 + 1, 5, 7], 1.0, method="nearest")) - 2**62
    1
    >>> float(rne.quantiles([1.0, float("nan"), 3.0], 0.5, nan_policy="omit"))
    2.0
    """

@overload
def quantiles(
    arr: _Array[_RealT],
    q: float,
    axis: None = None,
    *,
    method: _Taking,
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    keepdims: Literal[False] = False,
    workers: int | None = None,
) -> _RealT: ...
@overload
def quantiles(
    arr: _Array[np.integer[Any] | np.bool_] | _Nested[float],
    q: float,
    axis: None = None,
    *,
    method: _Interpolating = "linear",
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    keepdims: Literal[False] = False,
    workers: int | None = None,
) -> np.float64: ...
@overload
def quantiles(
    arr: _Array[_FloatT],
    q: float,
    axis: _Axis,
    *,
    method: _Interpolating = "linear",
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    keepdims: bool = False,
    workers: int | None = None,
) -> NDArray[_FloatT]: ...
@overload
def quantiles(
    arr: _Array[_RealT],
    q: float,
    axis: _Axis,
    *,
    method: _Taking,
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    keepdims: bool = False,
    workers: int | None = None,
) -> NDArray[_RealT]: ...
@overload
def quantiles(
    arr: _Array[np.integer[Any] | np.bool_] | _Nested[float],
    q: float,
    axis: _Axis,
    *,
    method: _Interpolating = "linear",
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    keepdims: bool = False,
    workers: int | None = None,
) -> NDArray[np.float64]: ...
@overload
def quantiles(
    arr: _Array[_RealT],
    q: _Nested[float],
    axis: _Axis | None = None,
    *,
    method: _Taking,
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    keepdims: bool = False,
    workers: int | None = None,
) -> NDArray[_RealT]: ...
@overload
def quantiles(
    arr: _Array[np.integer[Any] | np.float16 | np.float32 | np.float64 | np.bool_] | _Nested[float],
    q: _Nested[float],
    axis: _Axis | None = None,
    *,
    method: _Interpolating = "linear",
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    keepdims: bool = False,
    workers: int | None = None,
) -> NDArray[np.float64]: ...
@overload
def quantiles(
    arr: ArrayLike,
    q: float,
    axis: None = None,
    *,
    method: _Method = "linear",
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    keepdims: Literal[False] = False,
    workers: int | None = None,
) -> np.integer[Any] | np.floating[Any] | np.bool_: ...
@overload
def quantiles(
    arr: ArrayLike,
    q: ArrayLike,
    axis: _Axis | None = None,
    *,
    method: _Method = "linear",
    nan_policy: _NanPolicy = "propagate",
    weights: ArrayLike | None = None,
    keepdims: bool = False,
    workers: int | None = None,
) -> _Quantiles: ...

@final
class QuantileFinder:
    """Exact quantiles of data larger than the memory, which are read several times.

    Parameters
    ----------
    q : float or array_like of float
        The levels, from 0 to 1; at most two axes.
    method : str, optional
        As in :func:`quantiles`.
    nan_policy : {'propagate', 'omit', 'raise'}, optional
        As in :func:`quantiles`.
    memory : int, optional
        Bytes that may be used for elements, at least 1024; by default 64 MiB. Less memory costs
        more passes and no accuracy.

    Raises
    ------
    ValueError
        If a level is not within 0 to 1, or another argument is invalid.

    See Also
    --------
    quantiles : of an array in memory.
    QuantileSketch : of data that can be read only once.

    Notes
    -----
    A pass is all of the data, in chunks of any size, each given to :meth:`update`;
    :meth:`end_pass` says whether that was enough. Where the elements fit into the memory, one pass
    is. Else the first pass keeps a sample, and two elements of it enclose each rank; the second counts what
    lies below and keeps what lies between (Munro and Paterson 1980). If that is too much for the
    memory, further passes follow, each with narrower bounds. The order of the data may be another in
    each pass. The result has the bits of :func:`quantiles` of all elements at once.

    Any number of threads may use one object; each call is done as a whole.

    Examples
    --------
    >>> import numpy as np
    >>> import rust_numpy_example as rne
    >>> finder = rne.QuantileFinder([0.25, 0.5], memory=16_384)
    >>> done = False
    >>> while not done:  # each time through is a pass, as over a file
    ...     for start in range(0, 5_000, 1_000):
    ...         finder.update(np.arange(start, start + 1_000.0))
    ...     done = finder.end_pass()
    >>> finder.quantiles()
    array([1249.75, 2499.5 ])
    >>> finder
    QuantileFinder(count=5000, pass_number=2, done=True)
    """

    def __new__(
        cls,
        q: ArrayLike,
        *,
        method: _Method = "linear",
        nan_policy: _NanPolicy = "propagate",
        memory: int = 67_108_864,
    ) -> QuantileFinder: ...
    @property
    def count(self) -> int:
        """How many elements there are; with ``nan_policy='omit'`` without NaN."""
    @property
    def pass_number(self) -> int:
        """Which pass it is, from 1."""
    @property
    def done(self) -> bool:
        """Whether the quantiles are known."""
    @property
    def nan_policy(self) -> _NanPolicy:
        """What a NaN does."""
    def update(self, arr: ArrayLike) -> None:
        """Read a chunk of the data of this pass.

        Parameters
        ----------
        arr : array_like
            Any bool, integer or float dtype up to 64 bits, any shape and layout. All chunks have
            the same dtype.

        Raises
        ------
        TypeError
            If the dtype is none of these, or not that of the first chunk.
        ValueError
            If there is a NaN that is not allowed, or the quantiles are known already.
        """
    def end_pass(self) -> bool:
        """End a pass over the data.

        Returns
        -------
        bool
            Whether the quantiles are known; if not, all of the data has to come again.

        Raises
        ------
        ValueError
            If this pass had another number of elements than the first one; it does not count.
        """
    def quantiles(self) -> _Quantiles:
        """The quantiles.

        Returns
        -------
        scalar or ndarray
            What :func:`quantiles` gives for all elements: the shape of ``q``, and the same dtype.

        Raises
        ------
        ValueError
            If they are not known yet, or there are no elements (of floats: NaN).
        """
    def __sizeof__(self) -> int: ...

@final
class QuantileSketch:
    """Quantiles of data that is read once, with a bound of their error; sketches merge.

    Parameters
    ----------
    error : float, optional
        How far the rank of a quantile may be off, as a share of the number of elements: from
        0.00001 to 0.5. The default is 0.001: what is given as the median has between 49.9 % and 50.1 %
        of the elements below it.
    nan_policy : {'propagate', 'omit', 'raise'}, optional
        As in :func:`quantiles`.

    Raises
    ------
    ValueError
        If an argument is invalid.

    See Also
    --------
    QuantileFinder : exact, for data that can be read again.

    Notes
    -----
    The sketch of Karnin, Lang and Liberty (KLL, FOCS 2016): compactors of keys, each half as
    dense as the one below. Each quantile is within the error with a probability of at least
    99.99 %, whatever the data and its order; ``error_bound`` is what the compactions that took place
    amount to by Hoeffding's inequality, and never more than ``error``. It is 0, and the quantiles
    exact, as long as every element is there. The least and the greatest element always are.
    Memory grows with 1 / error (200 KB at 0.001), and hardly with the number of elements.

    The same calls give the same bits: its random bits have a fixed seed. Any number of threads may
    use one object. It can be pickled.

    Examples
    --------
    >>> import numpy as np
    >>> import rust_numpy_example as rne
    >>> sketch = rne.QuantileSketch(0.01)
    >>> for start in range(0, 100_000, 10_000):
    ...     sketch.update(np.arange(start, start + 10_000.0))
    >>> bool(abs(sketch.quantile(0.5) - 50_000) < 1_000)
    True
    >>> sketch.count, 0 < sketch.error_bound <= sketch.error
    (100000, True)
    """

    def __new__(
        cls,
        error: float = 0.001,
        *,
        nan_policy: _NanPolicy = "propagate",
    ) -> QuantileSketch: ...
    @property
    def count(self) -> int:
        """How many elements were added; with ``nan_policy='omit'`` without NaN."""
    @property
    def error(self) -> float:
        """The error that was asked for."""
    @property
    def error_bound(self) -> float:
        """How far the rank of a quantile is off at most, as a share of the elements, with a
        probability of 99.99 %.
        """
    @property
    def nan_policy(self) -> _NanPolicy:
        """What a NaN does."""
    def update(self, arr: ArrayLike) -> None:
        """Add elements.

        Parameters
        ----------
        arr : array_like
            Any bool, integer or float dtype up to 64 bits, any shape and layout; always the same dtype.

        Raises
        ------
        TypeError
            If the dtype is none of these, or not that of the elements before.
        ValueError
            If there is a NaN that is not allowed.
        """
    def merge(self, other: QuantileSketch) -> None:
        """Add what another sketch has.

        Parameters
        ----------
        other : QuantileSketch
            Of the same dtype; it is not changed. If its error is larger, so may be that of this one afterwards.

        Raises
        ------
        TypeError
            If it is none, or of another dtype.
        """
    @overload
    def quantile(self, q: float) -> np.integer[Any] | np.floating[Any] | np.bool_:
        """Quantiles: elements at which the share of elements reaches the levels, as the method
        ``'inverted_cdf'`` of :func:`quantiles`, within the error.

        Parameters
        ----------
        q : float or array_like of float
            The levels, from 0 to 1; at most two axes.

        Returns
        -------
        scalar or ndarray
            Elements, of their dtype, in the shape of ``q``. At 0 and 1 they are exact.

        Raises
        ------
        ValueError
            If a level is not within 0 to 1, or there are no elements (of floats: NaN).
        """
    @overload
    def quantile(self, q: Sequence[float]) -> NDArray[Any]: ...
    @overload
    def quantile(self, q: ArrayLike) -> _Quantiles: ...
    def __sizeof__(self) -> int: ...

# ---------------------------------------------------------------- words

def word_count(
    text: str | bytes | bytearray | memoryview | NDArray[np.uint8] | Iterable[Any],
    *,
    lowercase: bool = True,
    tokenizer: Literal["whitespace", "unicode"] = "whitespace",
    ngrams: int = 1,
    top: int | None = None,
    workers: int | None = None,
) -> dict[str, int]:
    """Count the words of a text.

    Parameters
    ----------
    text : str or bytes-like, iterable of str, or Arrow strings
        The text; bytes are UTF-8. Or many texts: anything that yields str, such as a list, a Series, an open
        file or a generator, and what has strings by the Arrow PyCapsule interface (``__arrow_c_stream__``,
        ``__arrow_c_array__``), dictionary-encoded ones included. No word goes on from one text to the next;
        missing ones (None, NaN, Arrow nulls) are skipped.
    lowercase : bool, optional
        Count the lower-case form of each word, as of :meth:`str.lower`.
    tokenizer : {'whitespace', 'unicode'}, optional
        What a word is: with ``'whitespace'`` what :meth:`str.split` gives, with ``'unicode'`` the
        segments of Unicode Standard Annex 29 that have a letter or a digit.
    ngrams : int, optional
        Count so many words in a row, 1 to 100, as one: joined by single spaces, whatever stands between them. Of many
        texts, none goes on from one text to the next.
    top : int, optional
        Return only this many words, those with the highest counts.
    workers : int, optional
        Number of threads; the default is :func:`get_num_threads`.

    Returns
    -------
    dict of str to int
        In the order of first appearance; with `top`, by count, highest first, and by first
        appearance where counts are equal. The order is the same for every number of threads.

    Raises
    ------
    TypeError
        If `text` is none of these, or one of the texts is no str.
    ValueError
        If `tokenizer`, `ngrams`, `top` or `workers` is none of the above; as ``UnicodeDecodeError``, which
        has the offset, if bytes are not UTF-8.

    See Also
    --------
    word_count_file : The same for a file of any size.

    Notes
    -----
    The result equals ``dict(collections.Counter(text.lower().split()))`` for every text, lone
    surrogates included: what is beyond ASCII is made lower case by the ``str.lower`` of the
    running Python, with its version of Unicode. With ``tokenizer='unicode'`` each word is made
    lower case by itself, and lone surrogates are no part of a word. Nothing is normalised:
    a letter with a combining accent and the same letter as one code point are different.

    A str of ASCII and ``bytes`` are read where they are, other bytes-like objects are copied.
    Many texts are counted as they come, in memory for the distinct words; Arrow strings are read where
    they lie, without a str for each. Of many texts, a word of more than 20 MiB is a ValueError, and one
    of more than 16 MiB may be.

    Texts of more than 100 KB are counted by several threads, without the interpreter. Words that
    are made to collide in a hash table do not slow it: its hash has a random key.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.word_count("To be or not to be")
    {'to': 2, 'be': 2, 'or': 1, 'not': 1}
    >>> rne.word_count("Well, well: that's it.", tokenizer="unicode", top=1)
    {'well': 2}
    >>> rne.word_count("to be or not to be", ngrams=2, top=1)
    {'to be': 2}
    """

def word_count_file(
    path: str | PathLike[str],
    *,
    lowercase: bool = True,
    tokenizer: Literal["whitespace", "unicode"] = "whitespace",
    ngrams: int = 1,
    top: int | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], object] | None = None,
    chunk_bytes: int = 1048576,
) -> dict[str, int]:
    """Count the words of a file that may be larger than memory.

    Parameters
    ----------
    path : str or os.PathLike
        The file; it is UTF-8.
    lowercase, tokenizer, ngrams, top, workers
        As for :func:`word_count`.
    progress : callable, optional
        Called with the number of bytes that are done and their total (0 if that is not known),
        now and then and once at the end, on the calling thread. What it raises ends the work.
    chunk_bytes : int, optional
        Bytes that a thread reads at a time, at least 1.

    Returns
    -------
    dict of str to int
        As of :func:`word_count` for the whole text of the file.

    Raises
    ------
    OSError
        If the file cannot be read: as ``FileNotFoundError``, ``PermissionError`` and so on.
    ValueError
        If an argument is none of the above, or if the file is not UTF-8: with the offset of the
        first bad byte.

    See Also
    --------
    word_count : The same for a text in memory.

    Notes
    -----
    Takes memory for the distinct words and for `chunk_bytes` a thread; a word longer than that
    takes what it needs, up to 16 MiB: beyond, it is no text, and a ValueError. A byte-order mark
    is a part of the first word, as in Python's ``open(path, encoding="utf-8")``. A pipe is read by
    one thread.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import rust_numpy_example as rne
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "text")
    ...     _ = path.write_text("To be or not to be", encoding="utf-8")
    ...     rne.word_count_file(path, top=2)
    {'to': 2, 'be': 2}
    """

# ---------------------------------------------------------------- image

@overload
def process_image(
    image: _Array[_RealT],
    filter: Literal["blur", "edges"] = "blur",
    *,
    sigma: float | Sequence[float] = 1.0,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    channel_axis: int | None = None,
    out: None = None,
    dtype: None = None,
    workers: int | None = None,
) -> NDArray[_RealT]:
    """Blur an image, or find its edges.

    Parameters
    ----------
    image : array_like, shape (rows, columns), or with ``channel_axis`` a third axis
        Of bool, integers or floats, in any memory layout.
    filter : {'blur', 'edges'}, optional
        ``'blur'`` is :func:`gaussian_blur`, ``'edges'`` the magnitude of :func:`sobel`.
    sigma : float or pair of floats, optional
        Standard deviation of the Gaussian in pixels, for both axes or for each. Only for
        ``'blur'``, as ``truncate``.
    mode : str or pair of str, optional
        How the image continues beyond its border: see :func:`gaussian_blur`.
    cval : float, optional
        The value beyond the border where ``mode`` is ``'constant'``.
    truncate : float, optional
        The kernel reaches to this many standard deviations.
    channel_axis : int or None, optional
        The axis of the channels, which are filtered one by one.
    out : ndarray, optional
        Where the result is written, of the shape of the image.
    dtype : data-type, optional
        Of the result: bool, an integer or a float. Default: that of ``out``, else of the image.
    workers : int or None, optional
        Number of threads; see :func:`set_num_threads`. The result does not depend on it.

    Returns
    -------
    ndarray
        ``out``, or a new array.

    Raises
    ------
    TypeError
        If the image is complex, or not an image; if ``out`` is of another dtype.
    ValueError
        If the filter or mode is unknown, or a shape, an axis or ``sigma`` cannot be used.

    See Also
    --------
    gaussian_blur, sobel : The two filters, and the notes on dtypes, borders, NaN and threads.

    Examples
    --------
    >>> import numpy as np
    >>> import rust_numpy_example as rne
    >>> image = np.zeros((5, 5), np.uint8)
    >>> image[2, 2] = 255
    >>> rne.process_image(image)[2]
    array([ 6, 25, 41, 25,  6], dtype=uint8)
    >>> rne.process_image(image, "edges", dtype=float)[2]
    array([  0., 510.,   0., 510.,   0.])
    """

@overload
def process_image(
    image: ArrayLike,
    filter: Literal["blur", "edges"] = "blur",
    *,
    sigma: float | Sequence[float] = 1.0,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    channel_axis: int | None = None,
    out: _ArrayT,
    dtype: DTypeLike | None = None,
    workers: int | None = None,
) -> _ArrayT: ...
@overload
def process_image(
    image: ArrayLike,
    filter: Literal["blur", "edges"] = "blur",
    *,
    sigma: float | Sequence[float] = 1.0,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    channel_axis: int | None = None,
    out: None = None,
    dtype: np.dtype[_RealT] | type[_RealT],
    workers: int | None = None,
) -> NDArray[_RealT]: ...
@overload
def process_image(
    image: ArrayLike,
    filter: Literal["blur", "edges"] = "blur",
    *,
    sigma: float | Sequence[float] = 1.0,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    channel_axis: int | None = None,
    out: None = None,
    dtype: type[float],
    workers: int | None = None,
) -> NDArray[np.float64]: ...
@overload
def process_image(
    image: ArrayLike,
    filter: Literal["blur", "edges"] = "blur",
    *,
    sigma: float | Sequence[float] = 1.0,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    channel_axis: int | None = None,
    out: None = None,
    dtype: DTypeLike | None = None,
    workers: int | None = None,
) -> NDArray[Any]: ...
@overload
def gaussian_blur(
    image: _Array[_RealT],
    sigma: float | Sequence[float],
    *,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    channel_axis: int | None = None,
    out: None = None,
    dtype: None = None,
    workers: int | None = None,
) -> NDArray[_RealT]:
    """Blur an image with a Gaussian.

    Kernel, borders and parameters are those of ``scipy.ndimage.gaussian_filter``.

    Parameters
    ----------
    image : array_like, shape (rows, columns), or with ``channel_axis`` a third axis
        Of bool, integers or floats, in any memory layout.
    sigma : float or pair of floats
        Standard deviation of the Gaussian in pixels, for both axes or for each (along a column,
        along a row). An axis of sigma 0 is not blurred.
    mode : str or pair of str, optional
        How the image continues beyond its border, along both axes or along each:

        - ``'reflect'`` (default) or ``'grid-mirror'``: ``d c b a | a b c d | d c b a``
        - ``'constant'`` or ``'grid-constant'``: ``k k k k | a b c d | k k k k``, k is ``cval``
        - ``'nearest'``: ``a a a a | a b c d | d d d d``
        - ``'mirror'``: ``d c b | a b c d | c b a``
        - ``'wrap'`` or ``'grid-wrap'``: ``a b c d | a b c d | a b c d``
    cval : float, optional
        The value beyond the border where ``mode`` is ``'constant'``.
    truncate : float, optional
        The kernel reaches to ``int(truncate * sigma + 0.5)`` pixels.
    channel_axis : int or None, optional
        The axis of the channels, which are blurred one by one; an image that is interleaved
        (``channel_axis=-1``) is blurred as it is.
    out : ndarray, optional
        Where the result is written, of the shape of the image. It may be the image.
    dtype : data-type, optional
        Of the result: bool, an integer or a float. Default: that of ``out``, else of the image.
    workers : int or None, optional
        Number of threads; see :func:`set_num_threads`. The result does not depend on it.

    Returns
    -------
    ndarray
        ``out``, or a new array in C order.

    Raises
    ------
    TypeError
        If the image is complex, or not an image; if ``out`` is of another dtype.
    ValueError
        If the number of axes does not fit, a mode is unknown, or ``sigma`` or ``truncate`` is
        negative or not finite.

    Notes
    -----
    Into integers, results are rounded and saturated, where SciPy cuts off what is behind the
    point after each of the two passes: here ``uint8`` is at most 0.51 from the exact result, and
    not darker by one grey level on average. A bool is true above one half; a NaN becomes 0
    in an integer.

    ``uint8`` is computed in integers, ``float32``, ``float16`` and integers of 16 bits or fewer
    in single precision, everything else in double precision (integers above 2**53 are rounded to
    it, unless all of the image are within 2**53 of the first one). A NaN spreads as far as the
    kernel reaches, as in SciPy. For an image of floats ``cval`` is rounded to its dtype.

    Where the kernel meets one value only, the result is that value, to the bit and up to the
    largest of the dtype; with ``mode='constant'`` as well, if ``cval`` is that value. Where all
    that it meets is finite, so is the result. Every level of the CPU gives the same bits.

    Work and memory grow with ``sigma`` and ``truncate`` until the kernel is as long as the image,
    and not after. Of an image of ``rows`` times ``columns`` and its channels, whatever the
    parameters are, each value takes at most ``2 * (rows + columns) + 2`` multiplications, and the
    weights of an axis at most ``256 * length + 8192`` exponentials; scratch memory is at most
    ``(2 * rows + 16) * (3 * columns + 128)`` numbers of each channel and thread.
    The interpreter is released, signals are handled, and all CPUs are used for large images.

    Examples
    --------
    >>> import numpy as np
    >>> import rust_numpy_example as rne
    >>> image = np.zeros((3, 5))
    >>> image[1, 2] = 1
    >>> rne.gaussian_blur(image, 0.5).round(3)
    array([[0.   , 0.011, 0.084, 0.011, 0.   ],
           [0.   , 0.084, 0.619, 0.084, 0.   ],
           [0.   , 0.011, 0.084, 0.011, 0.   ]])
    """

@overload
def gaussian_blur(
    image: ArrayLike,
    sigma: float | Sequence[float],
    *,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    channel_axis: int | None = None,
    out: _ArrayT,
    dtype: DTypeLike | None = None,
    workers: int | None = None,
) -> _ArrayT: ...
@overload
def gaussian_blur(
    image: ArrayLike,
    sigma: float | Sequence[float],
    *,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    channel_axis: int | None = None,
    out: None = None,
    dtype: np.dtype[_RealT] | type[_RealT],
    workers: int | None = None,
) -> NDArray[_RealT]: ...
@overload
def gaussian_blur(
    image: ArrayLike,
    sigma: float | Sequence[float],
    *,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    channel_axis: int | None = None,
    out: None = None,
    dtype: type[float],
    workers: int | None = None,
) -> NDArray[np.float64]: ...
@overload
def gaussian_blur(
    image: ArrayLike,
    sigma: float | Sequence[float],
    *,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    channel_axis: int | None = None,
    out: None = None,
    dtype: DTypeLike | None = None,
    workers: int | None = None,
) -> NDArray[Any]: ...
@overload
def sobel(
    image: _Array[_RealT],
    *,
    axis: int | None = None,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    channel_axis: int | None = None,
    out: None = None,
    dtype: None = None,
    workers: int | None = None,
) -> NDArray[_RealT]:
    """Find edges: the Sobel operator.

    Along its axis the derivative is the correlation with ``-1 0 1``, along the other axis it is
    smoothed with ``1 2 1``, as in ``scipy.ndimage.sobel``; there is no scaling. By default the
    result is the magnitude ``sqrt(gx**2 + gy**2)``.

    Parameters
    ----------
    image : array_like, shape (rows, columns), or with ``channel_axis`` a third axis
        Of bool, integers or floats, in any memory layout.
    axis : int or None, optional
        None for the magnitude, else the axis along which the derivative is taken.
    mode : str or pair of str, optional
        How the image continues beyond its border: see :func:`gaussian_blur`.
    cval : float, optional
        The value beyond the border where ``mode`` is ``'constant'``.
    channel_axis : int or None, optional
        The axis of the channels, which are filtered one by one.
    out : ndarray, optional
        Where the result is written, of the shape of the image. It may be the image.
    dtype : data-type, optional
        Of the result: bool, an integer or a float. Default: that of ``out``, else of the image.
    workers : int or None, optional
        Number of threads; see :func:`set_num_threads`. The result does not depend on it.

    Returns
    -------
    ndarray
        ``out``, or a new array in C order.

    Raises
    ------
    TypeError
        If the image is complex, or not an image; if ``out`` is of another dtype.
    ValueError
        If the number of axes does not fit, a mode is unknown, or ``axis`` is out of range or
        that of the channels.

    Notes
    -----
    Into integers, results are rounded and saturated: an edge of 200 grey levels is 255 in
    ``uint8``, where SciPy's derivative wraps around to 32, and a negative derivative is 0. Ask for
    a signed dtype or a float to have all of it. Derivatives and magnitude neither overflow nor
    underflow where their result does not. A NaN spreads to all its neighbours, as in SciPy, and
    the magnitude is that of ``np.hypot``: infinity where one derivative is infinite.

    It is the image that continues beyond its border, and not its derivative: with
    ``mode='constant'`` an image of the value ``cval`` has no edges. (SciPy puts ``cval`` around the
    derivative before it smooths.) Every level of the CPU gives the same bits.

    The interpreter is released, signals are handled, and all CPUs are used for large images.

    Examples
    --------
    >>> import numpy as np
    >>> import rust_numpy_example as rne
    >>> image = np.tile(np.array([0, 0, 200, 200], np.uint8), (3, 1))
    >>> rne.sobel(image)[1]
    array([  0, 255, 255,   0], dtype=uint8)
    >>> rne.sobel(image, axis=1, dtype=np.int16)[1]
    array([  0, 800, 800,   0], dtype=int16)
    """

@overload
def sobel(
    image: ArrayLike,
    *,
    axis: int | None = None,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    channel_axis: int | None = None,
    out: _ArrayT,
    dtype: DTypeLike | None = None,
    workers: int | None = None,
) -> _ArrayT: ...
@overload
def sobel(
    image: ArrayLike,
    *,
    axis: int | None = None,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    channel_axis: int | None = None,
    out: None = None,
    dtype: np.dtype[_RealT] | type[_RealT],
    workers: int | None = None,
) -> NDArray[_RealT]: ...
@overload
def sobel(
    image: ArrayLike,
    *,
    axis: int | None = None,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    channel_axis: int | None = None,
    out: None = None,
    dtype: type[float],
    workers: int | None = None,
) -> NDArray[np.float64]: ...
@overload
def sobel(
    image: ArrayLike,
    *,
    axis: int | None = None,
    mode: str | Sequence[str] = "reflect",
    cval: float = 0.0,
    channel_axis: int | None = None,
    out: None = None,
    dtype: DTypeLike | None = None,
    workers: int | None = None,
) -> NDArray[Any]: ...

# ---------------------------------------------------------------- monte_carlo

def monte_carlo_pi(
    n_samples: SupportsIndex,
    *,
    rng: int
    | Sequence[int]
    | np.random.SeedSequence
    | np.random.BitGenerator
    | np.random.Generator
    | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> float:
    """Estimate pi from random points in a square: 4 times the share that lies in the quarter circle.

    Parameters
    ----------
    n_samples : int
        Number of points, at least 1.
    rng : None, int, array of ints, SeedSequence, BitGenerator or Generator, optional
        Where the randomness comes from, as ``numpy.random.default_rng(rng)`` takes it
        (SPEC 7). 256 bits are drawn from it; with a Generator its state moves on, so that the
        next call gives another estimate. None: from the operating system.
    workers : int, optional
        Number of threads, 1 to 1024; default: see ``get_num_threads``.
    progress : callable, optional
        Called as ``progress(done, n_samples)`` from the calling thread, about every 1 % or
        every 50 ms, whichever is more often, and at the end. An exception that it raises stops
        the work and is passed on.

    Returns
    -------
    float
        The estimate. Its standard error is ``1.642 / sqrt(n_samples)``.

    Raises
    ------
    TypeError
        If ``n_samples`` is not an integer (a float that is one neither), or ``progress`` cannot
        be called.
    ValueError
        If ``n_samples`` is less than 1 or more than ``2**63 - 1``, or ``workers`` is out of range.

    Notes
    -----
    The points are midpoints of a grid of ``2**31 x 2**31`` cells and the test is exact, so that
    the bias is below 1e-11. One seed gives the same bits for every number of threads and on every
    CPU. The interpreter is released; Ctrl-C stops the work.

    The generator is xoshiro256++ of Blackman and Vigna (ACM TOMS 47, 2021), with independent
    streams for every block of about a million samples, seeded by SplitMix64 from the bits
    drawn from ``rng``.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> abs(rne.monte_carlo_pi(1_000_000, rng=1) - 3.14159) < 0.01
    True
    >>> rne.monte_carlo_pi(1000, rng=7) == rne.monte_carlo_pi(1000, rng=7, workers=4)
    True
    """

# ---------------------------------------------------------------- fibonacci

def fibonacci(n: SupportsIndex) -> int:
    """Exact Fibonacci number.

    Parameters
    ----------
    n : int
        The index, from 0.

    Returns
    -------
    int
        ``F(n)``, where ``F(0) == 0``, ``F(1) == 1`` and ``F(n) == F(n - 1) + F(n - 2)``.

    Raises
    ------
    TypeError
        If ``n`` is not an integer (a float that is one neither).
    ValueError
        If ``n`` is negative.
    MemoryError
        If ``F(n)``, of about ``0.694 * n`` bits, or what it takes to compute it, about 20 times
        as much, is refused by the system. That is found out before the work.

    Notes
    -----
    Up to 186 the number is taken from a table. Beyond, the index is doubled with two squares a bit
    (Knuth, The Art of Computer Programming, 1.2.8); large squares are made by a floating-point
    Fourier transform with digits so small that rounding is proven to give the exact result. One
    thread; the interpreter is released and Ctrl-C stops the work.

    To print a number of more than 4300 digits, see ``sys.set_int_max_str_digits``.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> [rne.fibonacci(n) for n in range(10)]
    [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]
    >>> rne.fibonacci(200)
    280571172992510140037611932413038677189525
    >>> rne.fibonacci(1_000_000).bit_length()
    694241
    """

def get_fibonacci(number: SupportsIndex) -> int:
    """Exact Fibonacci number: :func:`fibonacci` under another name.

    Parameters
    ----------
    number : int
        The index, from 0.

    Returns
    -------
    int
        ``F(number)``.

    Raises
    ------
    TypeError, ValueError, MemoryError
        As :func:`fibonacci`.

    Notes
    -----
    See :func:`fibonacci`.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.get_fibonacci(30)
    832040
    """

# ---------------------------------------------------------------- processor

@final
class DataProcessor:
    """Numbers that arrive bit by bit and leave as means of chunks.

    Parameters
    ----------
    chunk_size : int
        How many numbers make a chunk; at least 1.

    Raises
    ------
    ValueError
        If ``chunk_size`` is less than 1.

    Notes
    -----
    The numbers are kept as float64 (8 bytes each, 16 once an integer beyond 2**53 has come) until they
    leave. Means and statistics of integers are exact and rounded once, as those of :func:`compute_stats`.
    Those of floats, also among integers, are summed with twice the digits of a float. Any number of threads
    may use one object: each call is done as a whole, and none waits for the lock while it holds the
    interpreter. It can be pickled.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> p = rne.DataProcessor(2)
    >>> p.add_data([1.0, 3.0, 5.0])
    >>> p.process_chunks()
    array([2.])
    >>> p
    DataProcessor(chunk_size=2, buffered=1, added=3)
    >>> p.stats().mean
    3.0
    """

    def __new__(cls, chunk_size: int) -> DataProcessor: ...
    @property
    def chunk_size(self) -> int:
        """How many numbers make a chunk."""
    def add_data(self, values: ArrayLike) -> None:
        """Add numbers to the buffer.

        Parameters
        ----------
        values : array_like
            Any bool, integer or float dtype up to 64 bits, any shape (added in C order) and layout.
            An array is read in place, without a Python object for each number. Integers are exact.

        Raises
        ------
        TypeError
            If ``values`` is complex or not numeric; then nothing is added.
        """
    def process_chunks(self) -> NDArray[np.float64]:
        """Take the full chunks out of the buffer.

        Returns
        -------
        ndarray of float64
            The mean of each full chunk, oldest first. What is left stays in the buffer. A chunk of integers has
            the exact mean rounded once; one of floats has a mean as if summed with twice the digits, finite
            where all numbers are.
        """
    def get_statistics(self) -> tuple[int, float, float]:
        """Statistics of what is in the buffer.

        Returns
        -------
        tuple of int, float, float
            Count, mean and population standard deviation; exact as those of :func:`compute_stats`, but that an
            integer beyond 2**53 beside floats is rounded to one. An empty buffer has (0, 0.0, 0.0); in
            :meth:`stats`, what has no value is NaN.
        """
    def stats(self) -> _NumberStats:
        """Statistics of all numbers that were ever added, also those that have left.

        Returns
        -------
        Stats
            As :func:`compute_stats` gives, with ``ddof=1``: what has no value is NaN.
        """
    def merge(self, other: DataProcessor) -> None:
        """Add what another one has: its buffer after this one's, and its statistics.

        Parameters
        ----------
        other : DataProcessor
            It is not changed; its ``chunk_size`` does not matter.
        """
    def clear(self) -> None:
        """Forget all numbers: those in the buffer and the statistics of all."""
    def __len__(self) -> int: ...

# ---------------------------------------------------------------- interop

def multiply(a: SupportsIndex, b: SupportsIndex) -> int:
    """Product of two ints of any size.

    Parameters
    ----------
    a, b : int
        Or anything with ``__index__``, such as ``numpy.int64``.

    Returns
    -------
    int
        The exact product.

    Raises
    ------
    TypeError
        If an argument is not an integer.
    MemoryError
        If the product, or what it takes to compute it, is refused by the system.

    Notes
    -----
    Small products are Python's own. Those of long ints, for which Python has Karatsuba's method, are made by
    vector instructions or a floating-point Fourier transform, as in :func:`fibonacci`: exact, on one thread, with
    the interpreter released; Ctrl-C stops the work. A class that inherits from int and defines ``__mul__``
    multiplies as it says.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.multiply(2, 3)
    6
    >>> rne.multiply(10**20, 10**20) == 10**40
    True
    """

def sum_as_string(a: SupportsIndex, b: SupportsIndex) -> str:
    """Sum of two ints of any size, as decimal text.

    Parameters
    ----------
    a, b : int
        Or anything with ``__index__``, such as ``numpy.int64``.

    Returns
    -------
    str
        The exact sum in decimal digits.

    Raises
    ------
    TypeError
        If an argument is not an integer.

    Notes
    -----
    ``str(int)`` refuses numbers of more than ``sys.get_int_max_str_digits()`` digits (4300 where
    nobody changed it). This function does not: larger sums are converted by :mod:`decimal`, which
    takes a fraction of a second for a million digits.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.sum_as_string(5, 20)
    '25'
    >>> rne.sum_as_string(2**64, 1)
    '18446744073709551617'
    """

def divide(a: SupportsIndex | SupportsFloat, b: SupportsIndex | SupportsFloat) -> float:
    """True quotient of two real numbers, as Python's ``/`` gives it.

    Parameters
    ----------
    a, b : real number
        Ints of any size, floats, fractions, or anything with ``__index__`` or ``__float__``, such as
        ``numpy.int64``.

    Returns
    -------
    float
        a / b, rounded once: also where a and b are ints that no float can hold.

    Raises
    ------
    ValueError
        If b is zero, be it 0, 0.0 or -0.0.
    OverflowError
        Where Python's ``/`` raises it: the quotient of two ints is too large for a float, or one of them is
        and the other is a float.
    TypeError
        If an argument is not a real number.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.divide(10, 4)
    2.5
    >>> rne.divide(10.0, 4.0)
    2.5
    >>> rne.divide(10**400, 10**399)
    10.0
    >>> rne.divide(1, 0)
    Traceback (most recent call last):
        ...
    ValueError: Cannot divide by zero
    """

def dict_printer(d: dict[str, str]) -> None:
    """Print a dict of strings, one ``key value`` on each line.

    Parameters
    ----------
    d : dict of str to str
        Printed in the order of its iteration: a class that inherits from dict may have one of its own, in
        ``items()`` or in ``__iter__``.

    Raises
    ------
    TypeError
        If d is not a dict, or a key or a value in it is not a string. The text names the first
        such entry; nothing is printed then.
    UnicodeEncodeError
        If a string has a lone surrogate.

    Notes
    -----
    The text goes through :data:`sys.stdout`, so ``contextlib.redirect_stdout`` sees it, and is
    flushed: a closed pipe raises ``BrokenPipeError``. Where ``sys.stdout`` is None nothing is
    printed, as with ``print``.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.dict_printer({"one": "1", "two": "2"})
    one 1
    two 2
    """

def word_printer(word: str, n: int, reverse: bool = False, uppercase: bool = False) -> None:
    """Print a word a number of times, one on each line.

    Parameters
    ----------
    word : str
        The word.
    n : int
        How many times.
    reverse : bool, optional
        Print its characters from the last to the first.
    uppercase : bool, optional
        Print it in capitals.

    Raises
    ------
    ValueError
        If n is negative.
    UnicodeEncodeError
        If the word has a lone surrogate.

    Notes
    -----
    Characters are code points, as in ``word[::-1]``: an accent that is a code point of its own
    moves to the letter before it. Memory does not grow with n, and Ctrl-C stops it. About
    :data:`sys.stdout` see :func:`dict_printer`.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.word_printer("hello", 2, reverse=False, uppercase=True)
    HELLO
    HELLO
    >>> rne.word_printer("hello", 1, True, False)
    olleh
    """

@final
class RustStruct:
    """A piece of text and a vector of numbers that live in Rust.

    Parameters
    ----------
    data : str
        The text.
    vector : iterable of int
        Numbers of 64 bits: a list, a range, a NumPy array of integers.

    Attributes
    ----------
    data : str
        The text; can be set.
    vector : list of int
        A copy of the numbers; can be set. To append to the copy does not change the struct, see
        :meth:`extend_vector`.

    Raises
    ------
    TypeError
        If data is not a string or an element of vector is not an integer.
    OverflowError
        If an element of vector does not fit in 64 bits.

    Notes
    -----
    Instances compare by value and so cannot be hashed; they can be pickled and copied. Every
    method may be called from several threads at once.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> struct = rne.RustStruct("primes", [2, 3])
    >>> struct.extend_vector([5, 7])
    >>> struct
    RustStruct('primes', [2, 3, 5, 7])
    >>> struct.printer()
    primes
    2
    3
    5
    7
    """

    data: str
    @property
    def vector(self) -> list[int]: ...
    @vector.setter
    def vector(self, vector: Iterable[SupportsIndex], /) -> None: ...
    def __new__(cls, data: str, vector: Iterable[SupportsIndex]) -> RustStruct: ...
    def printer(self) -> None:
        """Print the text and then each number on a line of its own.

        The text goes through :data:`sys.stdout`, see :func:`dict_printer`.

        Examples
        --------
        >>> import rust_numpy_example as rne
        >>> rne.RustStruct("answer", [42]).printer()
        answer
        42
        """
    def extend_vector(self, extension: Iterable[SupportsIndex]) -> None:
        """Append numbers to the vector.

        Parameters
        ----------
        extension : iterable of int
            Numbers of 64 bits. All of them are appended, or none if one cannot be.

        Raises
        ------
        TypeError
            If an element is not an integer.
        OverflowError
            If an element does not fit in 64 bits.

        Examples
        --------
        >>> import rust_numpy_example as rne
        >>> struct = rne.RustStruct("even", [2])
        >>> struct.extend_vector(range(4, 9, 2))
        >>> struct.vector
        [2, 4, 6, 8]
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[type[RustStruct], tuple[str, list[int]]]: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Human:
    """A name and an age, read from JSON by :func:`human_says_hi`.

    Parameters
    ----------
    name : str
        The name.
    age : int
        The age in years, 0 to 255.

    Attributes
    ----------
    name : str
        The name.
    age : int
        The age in years.

    Raises
    ------
    OverflowError
        If age is out of range.

    Notes
    -----
    Instances do not change; they compare and hash by value and can be pickled.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.Human("Ada", 36)
    Human(name='Ada', age=36)
    """

    def __new__(cls, name: str, age: int) -> Human: ...
    @property
    def name(self) -> str: ...
    @property
    def age(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type[Human], tuple[str, int]]: ...

def human_says_hi(human_data: str) -> Human:
    """Read a human from JSON, and let them say hi.

    Prints the text, the line "Now we can work with the struct:", the Rust struct in its debug form, and
    the line "NAME is AGE years old.".

    Parameters
    ----------
    human_data : str
        A JSON object with the keys ``name``, a string, and ``age``, an integer from 0 to 255.

    Returns
    -------
    Human
        The struct.

    Raises
    ------
    ValueError
        If the text is not such an object. The message has the line and the column (from 1, in
        characters) and the path of the key. Nothing is printed then.

    Notes
    -----
    Stricter than :func:`json.loads`: a key that comes twice, ``NaN`` and a lone surrogate, at every
    depth, and an age with a fraction are errors. Other keys are checked and skipped, however deep
    they are nested: no text can exhaust the stack. About :data:`sys.stdout` see :func:`dict_printer`.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> human = rne.human_says_hi('{"name": "Ada", "age": 36}')
    {"name": "Ada", "age": 36}
    Now we can work with the struct:
    Human {
        name: "Ada",
        age: 36,
    }
    Ada is 36 years old.
    >>> human.age
    36
    >>> rne.human_says_hi('{"name": "Ada", "age": 360}')
    Traceback (most recent call last):
        ...
    ValueError: human_says_hi: line 1, column 26, path age: invalid value: integer `360`, expected u8
    """

def log_example() -> None:
    """Log one message of level INFO.

    The logger is ``rust_numpy_example.interop``.

    Notes
    -----
    The message takes the way of every message in Python: handlers, filters and levels are those
    of :mod:`logging` at the time of the call, and the record's file and line are the caller's. An
    exception that a handler lets through is raised.

    Examples
    --------
    >>> import logging, sys
    >>> import rust_numpy_example as rne
    >>> logger = logging.getLogger("rust_numpy_example")
    >>> handler = logging.StreamHandler(sys.stdout)
    >>> logger.addHandler(handler)
    >>> logger.setLevel(logging.INFO)
    >>> rne.log_example()
    A log message from Rust!
    >>> logger.removeHandler(handler)
    >>> logger.setLevel(logging.NOTSET)
    """

def log_different_levels() -> None:
    """Log a message of each level: ERROR, WARNING, INFO, DEBUG, in this order.

    The logger is ``rust_numpy_example.interop``; see :func:`log_example`.

    Examples
    --------
    >>> import logging, sys
    >>> import rust_numpy_example as rne
    >>> logger = logging.getLogger("rust_numpy_example")
    >>> handler = logging.StreamHandler(sys.stdout)
    >>> logger.addHandler(handler)
    >>> logger.setLevel(logging.WARNING)
    >>> rne.log_different_levels()
    logging an error
    logging a warning
    >>> logger.removeHandler(handler)
    >>> logger.setLevel(logging.NOTSET)
    """

class MyCustomError(Exception):
    """An exception defined in Rust, raised by :func:`risky_operation`."""

def greater_than_2(number: SupportsIndex) -> int:
    """Return a number that is greater than 2.

    Parameters
    ----------
    number : int
        Of any size. Or anything with ``__index__``, such as ``numpy.int64``.

    Returns
    -------
    int
        The number.

    Raises
    ------
    OSError
        If the number is less than or equal to 2.
    TypeError
        If it is not an integer.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.greater_than_2(3)
    3
    >>> rne.greater_than_2(2)
    Traceback (most recent call last):
        ...
    OSError: Error from Rust: number is less than or equal to 2
    """

def risky_operation() -> NoReturn:
    """Raise an exception that is defined in Rust.

    Raises
    ------
    MyCustomError
        Always.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> try:
    ...     rne.risky_operation()
    ... except rne.MyCustomError as error:
    ...     print(error)
    Something went wrong!
    """

def fallible_function() -> NoReturn:
    """Call Rust code whose error type becomes a Python exception.

    Raises
    ------
    ValueError
        Always: what the Rust type ``MyError`` is converted to.

    Examples
    --------
    >>> import rust_numpy_example as rne
    >>> rne.fallible_function()
    Traceback (most recent call last):
        ...
    ValueError: MyError: Failed operation
    """

# ---------------------------------------------------------------- aio

def async_sleep(seconds: float) -> Coroutine[Any, Any, None]:
    """Sleep without blocking the event loop.

    Parameters
    ----------
    seconds : float
        Zero or more; infinity sleeps until the coroutine is cancelled.

    Returns
    -------
    coroutine
        Returns None. The time runs from the first ``await`` on, or from the first step of its task.

    Raises
    ------
    ValueError
        If seconds is negative or not a number.
    RuntimeError
        From the ``await``: no event loop of asyncio runs in this thread, or Python is about to end.
    MemoryError, OSError
        From the ``await``: the system refuses memory, or the threads that the first one starts.

    Notes
    -----
    A timer on a Rust thread measures the time; one that is cancelled is forgotten at once.

    Examples
    --------
    >>> import asyncio
    >>> import rust_numpy_example as rne
    >>> async def main():
    ...     await asyncio.gather(rne.async_sleep(0.01), rne.async_sleep(0.01))
    ...     return "done"
    >>> asyncio.run(main())
    'done'
    """

def async_fetch_data(
    url: str, *, timeout: float | None = 30.0, max_bytes: int = 67_108_864
) -> Coroutine[Any, Any, bytes]:
    """Fetch what is at an HTTP or HTTPS address, without blocking the event loop.

    Parameters
    ----------
    url : str
        An ``http://`` or ``https://`` address. A name and a password in it are sent to its
        origin only (basic authentication), as the bytes that their percent-encoding stands for.
    timeout : float or None, optional
        Seconds for everything together: name lookup, connections, redirects, the whole body.
        None or infinity is no limit. To connect may take 10 seconds of it.
    max_bytes : int, optional
        The largest body, counted without its codings; 64 MiB where not given.

    Returns
    -------
    coroutine
        Returns bytes: the body of a successful answer. The work starts at the first ``await``, or at
        the first step of its task.

    Raises
    ------
    ValueError
        If url is not such an address, timeout is not greater than zero or max_bytes is negative.
    RuntimeError
        From the ``await``: no event loop of asyncio runs in this thread, or Python is about to end.
    MemoryError
        From the ``await``: the system refuses memory.
    TimeoutError
        From the ``await``: the time is over.
    ssl.SSLCertVerificationError
        From the ``await``: the certificate is not valid or not trusted. Other errors of the
        encryption are :class:`ssl.SSLError`; both are subclasses of OSError.
    OSError
        From the ``await``: the address cannot be reached (``ConnectionRefusedError``), the
        connection was closed early (``ConnectionResetError``), the body is larger than max_bytes,
        damaged or in a coding that is not known, a redirect was refused, or the status is not a
        success; then the exception has it as its attribute ``status``. ``errno`` is the number of
        the system where it gave one.

    Notes
    -----
    At most 5 redirects are followed, each only to http or https, never from https to http; the
    name and password stay behind when the origin changes. Proxies in the environment are not
    used. Every address is allowed, also of this machine and its network: do not pass on addresses
    from people you do not trust. Cancelling closes the connection.

    Certificates are checked against those of the system; the check cannot be turned off. On Linux
    the environment variables ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` replace those: what they name is
    read again when they, or the file, have changed. Keys are RSA, Ed25519, or ECDSA with P-256 or
    P-384. A server's own certificate may be one of an authority, as ``openssl req -x509`` makes
    them, if it is itself among those trusted.

    HTTP/2 is used where an https server offers it. Only gzip is asked for, and gzip and deflate are
    unpacked, also one on top of the other; damaged or cut data are an error. A head may have 5000
    lines and 400 kB. A connection is kept for the next fetch, also of another event loop, for 90
    seconds, at most 32 for an origin; where the server closes it just then, the request is sent once
    more over a fresh one.

    Examples
    --------
    >>> import asyncio, http.server, threading
    >>> import rust_numpy_example as rne
    >>> class Hello(http.server.BaseHTTPRequestHandler):
    ...     def do_GET(self):
    ...         self.send_response(200)
    ...         self.end_headers()
    ...         self.wfile.write(b"hello")
    ...     def log_message(self, *args):
    ...         pass
    >>> server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    >>> threading.Thread(target=server.serve_forever, daemon=True).start()
    >>> async def main():
    ...     return await rne.async_fetch_data(f"http://127.0.0.1:{server.server_port}/")
    >>> asyncio.run(main())
    b'hello'
    >>> server.shutdown()
    >>> server.server_close()
    """

# ---------------------------------------------------------------- table

@final
class _Column:
    @property
    def name(self) -> str: ...
    @property
    def numbers(self) -> int: ...
    @property
    def stats(self) -> _NumberStats: ...
    @property
    def texts(self) -> int: ...
    @property
    def booleans(self) -> tuple[int, int]: ...
    @property
    def dates(self) -> tuple[int, int]: ...
    @property
    def zoned(self) -> int: ...
    @property
    def missing(self) -> int: ...
    @property
    def is_integer(self) -> bool: ...
    @property
    def weight(self) -> float | None: ...
    @property
    def mean(self) -> float: ...
    @property
    def var(self) -> float: ...
    @property
    def std(self) -> float: ...
    @property
    def min(self) -> float: ...
    @property
    def max(self) -> float: ...
    @property
    def sum(self) -> int | None: ...
    @property
    def beyond(self) -> int: ...
    @property
    def lengths(self) -> tuple[int, int] | None: ...
    @property
    def times(self) -> tuple[str, str] | None: ...
    @property
    def distinct(self) -> tuple[int, float] | None: ...
    @property
    def top(self) -> tuple[list[tuple[int | float | str, int]], int] | None: ...
    def histogram(self, most: int) -> tuple[float, float, list[int]] | None: ...
    @property
    def quantiles(self) -> tuple[list[tuple[Any, Any, float]], float] | None: ...
    @property
    def lacks_quantiles(self) -> bool: ...
    @property
    def first_text(self) -> str | None: ...
    @property
    def first_text_line(self) -> int | None: ...

def _prepare() -> None: ...

@final
class _WordStats:
    def __new__(cls, *, lowercase: bool = True, tokenizer: str = ..., ngrams: int = 1) -> _WordStats: ...
    def feed(self, data: bytes, *, ends: Sequence[int] = (), workers: int | None = None) -> None: ...
    def finish(self, top: int | None = None, *, workers: int | None = None) -> dict[str, int]: ...

@final
class _TableStats:
    def __new__(
        cls,
        delimiter: str = ...,
        select: Sequence[int] | None = None,
        header: bool | None = None,
        *,
        quoting: bool = True,
        comment: str | None = None,
        skip: int = 0,
        decimal: str = ...,
        thousands: str | None = None,
        missing: Sequence[bytes] = ...,
        skip_bad: bool = False,
        quoted_text: bool = False,
        distinct: bool = False,
        top: int = 0,
        histogram: bool = False,
        quantiles: Sequence[float] = ...,
        once: bool = False,
        keys: int | None = None,
        several: bool = False,
        by: Sequence[int] = ...,
        weight: int | None = None,
    ) -> _TableStats: ...
    @property
    def rows(self) -> int: ...
    @property
    def named(self) -> bool: ...
    @property
    def doubtful(self) -> bool: ...
    @property
    def rejected(self) -> int: ...
    @property
    def swallowed(self) -> int | None: ...
    def names(self, data: bytes) -> list[str] | None: ...
    def feed(self, data: bytes, *, workers: int | None = None) -> None: ...
    def rejects(self) -> list[tuple[int, int, str]]: ...
    def end_text(self, *, workers: int | None = None) -> None: ...
    def again(self, *, workers: int | None = None) -> bool: ...
    def group_keys(self) -> list[list[str]]: ...
    def group_columns(self) -> list[tuple[str, int, int, bool]]: ...
    def group(self, index: int) -> list[_Column]: ...
    @property
    def lacks_quantiles(self) -> bool: ...
    def finish(self, *, take: bool = False, workers: int | None = None) -> list[_Column]: ...

@final
class _JsonRows:
    def __new__(
        cls,
        keys: Sequence[str] | None = None,
        *,
        is_array: bool = False,
        missing: Sequence[bytes] = ...,
        skip_bad: bool = False,
    ) -> _JsonRows: ...
    @property
    def keys(self) -> list[str]: ...
    @property
    def nested(self) -> list[tuple[str, int, int]]: ...
    @property
    def late(self) -> tuple[str, int] | None: ...
    @property
    def rejected(self) -> int: ...
    def header(self) -> bytes: ...
    def feed(self, data: bytes) -> None: ...
    def end(self) -> None: ...
    def rows(self) -> bytes: ...
    def rejects(self) -> list[tuple[int, int, str]]: ...

@final
class _ArrayStats:
    def __new__(
        cls,
        names: Sequence[str],
        *,
        distinct: bool = False,
        top: int = 0,
        histogram: bool = False,
        quantiles: Sequence[float] = ...,
        once: bool = False,
        keys: int | None = None,
    ) -> _ArrayStats: ...
    def update(self, block: ArrayLike, first: int = 0, *, workers: int | None = None) -> None: ...
    def again(self, *, workers: int | None = None) -> list[int]: ...
    def finish(self, *, take: bool = False) -> list[_Column]: ...
