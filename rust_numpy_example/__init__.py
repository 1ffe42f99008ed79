"""NumPy arrays processed in Rust: fast, exact, with no copy.

Arrays are taken as they are: any dtype, any layout, read in place. Long calls release the
interpreter, use several threads (``workers=``, :func:`set_num_threads`) and stop at Ctrl-C.

========================  ======================================================================
matrix products           multiply_matrices, matrix_multiply
element-wise              array_multiply, process_data, process_numbers, process_batch,
                          process_single
sums                      sum_array, parallel_sum, list_sum, cpu_intensive
statistics                compute_stats, Stats, GroupedStats, DataProcessor
moving windows            moving_average
quantiles                 quantiles, QuantileFinder, QuantileSketch
words                     word_count, word_count_file
images                    process_image, gaussian_blur, sobel
simulation                monte_carlo_pi
big integers              fibonacci, get_fibonacci
Rust and Python together  multiply, sum_as_string, divide, dict_printer, word_printer, RustStruct,
                          Human, human_says_hi, log_example, log_different_levels,
                          greater_than_2, MyCustomError, risky_operation, fallible_function
asyncio                   async_sleep, async_fetch_data
the package               get_num_threads, set_num_threads, build_info, InternalError, __version__
========================  ======================================================================
"""

import sys as _sys

from . import _main_interpreter as _main_interpreter  # before the extension

#: The same as in Cargo.toml and setup.cfg; a test compares them.
__version__ = "0.1.0"

# Not imported from `typing`, which takes longer than all the rest of the package.
TYPE_CHECKING = False


def _is_command() -> bool:
    """Whether the process is the command line, which imports NumPy only where an array comes."""
    program: str = (getattr(_sys, "argv", None) or [""])[0]
    if program == "-m":
        # What is to be run is not known yet but by how Python was started.
        return any(pair == ("-m", __name__) for pair in zip(_sys.orig_argv, _sys.orig_argv[1:]))
    name = program.replace("\\", "/").rpartition("/")[2]
    return name.removesuffix(".exe").removesuffix("-script.py") == "rust-numpy-example"


if TYPE_CHECKING or not _is_command():
    from . import _threadpoolctl as _threadpoolctl
    from .rust_numpy_example import (
        DataProcessor,
        GroupedStats,
        Human,
        InternalError,
        MyCustomError,
        QuantileFinder,
        QuantileSketch,
        RustStruct,
        Stats,
        _prepare,
        array_multiply,
        async_fetch_data,
        async_sleep,
        build_info,
        compute_stats,
        cpu_intensive,
        dict_printer,
        divide,
        fallible_function,
        fibonacci,
        gaussian_blur,
        get_fibonacci,
        get_num_threads,
        greater_than_2,
        human_says_hi,
        list_sum,
        log_different_levels,
        log_example,
        matrix_multiply,
        monte_carlo_pi,
        moving_average,
        multiply,
        multiply_matrices,
        parallel_sum,
        process_batch,
        process_data,
        process_image,
        process_numbers,
        process_single,
        quantiles,
        risky_operation,
        set_num_threads,
        sobel,
        sum_array,
        sum_as_string,
        word_count,
        word_count_file,
        word_printer,
    )

    _prepare()
else:

    def __getattr__(name: str) -> object:
        """Load the extension where a command asks for something of it: not every one does."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from . import rust_numpy_example as extension

        globals().update({each: getattr(extension, each) for each in __all__})
        return globals()[name]


__all__ = [
    "DataProcessor",
    "GroupedStats",
    "Human",
    "InternalError",
    "MyCustomError",
    "QuantileFinder",
    "QuantileSketch",
    "RustStruct",
    "Stats",
    "__version__",
    "array_multiply",
    "async_fetch_data",
    "async_sleep",
    "build_info",
    "compute_stats",
    "cpu_intensive",
    "dict_printer",
    "divide",
    "fallible_function",
    "fibonacci",
    "gaussian_blur",
    "get_fibonacci",
    "get_num_threads",
    "greater_than_2",
    "human_says_hi",
    "list_sum",
    "log_different_levels",
    "log_example",
    "matrix_multiply",
    "monte_carlo_pi",
    "moving_average",
    "multiply",
    "multiply_matrices",
    "parallel_sum",
    "process_batch",
    "process_data",
    "process_image",
    "process_numbers",
    "process_single",
    "quantiles",
    "risky_operation",
    "set_num_threads",
    "sobel",
    "sum_array",
    "sum_as_string",
    "word_count",
    "word_count_file",
    "word_printer",
]


def __dir__() -> list[str]:
    """Names for users: not the module of the extension, which has the same ones."""
    return __all__
