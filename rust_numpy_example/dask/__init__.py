"""The functions of the package on Dask: lazy, out of core, on a cluster.

Dask cuts the data, places the work and moves the results; here is what happens to a chunk, and how the
results of two become that of both. Arguments and results are those of the functions of the same
name in :mod:`rust_numpy_example`; what is returned is a Dask collection, which ``compute()`` turns into
the result.

=================  ===========================================================================
statistics         compute_stats -> LazyStats
quantiles          quantiles (exact)
sums               sum_array, cpu_intensive
along an axis      moving_average
element-wise       array_multiply, process_data, process_numbers
matrix products    matrix_multiply
images             process_image, gaussian_blur, sobel
files and streams  word_count, table_stats, monte_carlo_pi, fold
=================  ===========================================================================

A task runs on one thread (``workers=1``), because Dask runs as many tasks as there are CPUs.

Examples
--------
>>> import dask.array as da
>>> import rust_numpy_example.dask as rnd
>>> x = da.arange(1_000_000, chunks=100_000)
>>> rnd.compute_stats(x).compute().mean
499999.5
"""

from importlib.util import find_spec

if find_spec("dask") is None:
    raise ImportError("rust_numpy_example.dask needs Dask: pip install 'rust_numpy_example[dask]'")

from rust_numpy_example.dask import _sizes  # noqa: F401
from rust_numpy_example.dask._elementwise import array_multiply, process_data, process_numbers
from rust_numpy_example.dask._image import gaussian_blur, process_image, sobel
from rust_numpy_example.dask._linalg import matrix_multiply
from rust_numpy_example.dask._monte_carlo import monte_carlo_pi
from rust_numpy_example.dask._processor import fold
from rust_numpy_example.dask._quantiles import quantiles
from rust_numpy_example.dask._reduce import cpu_intensive, sum_array
from rust_numpy_example.dask._stats import LazyStats, compute_stats
from rust_numpy_example.dask._table import Column, Table, table_stats
from rust_numpy_example.dask._window import moving_average
from rust_numpy_example.dask._words import word_count

__all__ = [
    "Column",
    "LazyStats",
    "Table",
    "array_multiply",
    "compute_stats",
    "cpu_intensive",
    "fold",
    "gaussian_blur",
    "matrix_multiply",
    "monte_carlo_pi",
    "moving_average",
    "process_data",
    "process_image",
    "process_numbers",
    "quantiles",
    "sobel",
    "sum_array",
    "table_stats",
    "word_count",
]
