"""What every function gets from the doors: arrays, threads, signals, forks, memory."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from layouts import needs_64_bits

import rust_numpy_example as rne

AxisError = getattr(np, "exceptions", np).AxisError


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# ------------------------------------------------------------------ arrays


def test_a_complex_field_with_a_stride_of_one_and_a_half_elements() -> None:
    packed = np.zeros(3, [("c", "c16"), ("x", "f8")])
    packed["c"] = [1 + 1j, 2 + 2j, 7 + 7j]
    assert packed["c"].flags.aligned
    assert rne.sum_array(packed["c"]) == 10 + 10j


def test_an_array_without_axes_and_one_with_sixty() -> None:
    assert rne.sum_array(np.array(5)) == 5
    most = 64 if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else 32
    many = np.arange(4).reshape((2, 2) + (1,) * (most - 2))
    assert rne.sum_array(many) == 6
    np.testing.assert_array_equal(rne.array_multiply(many, many), many * many)


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 2), (2, 0, 3)])
def test_empty_arrays(shape: tuple[int, ...]) -> None:
    empty = np.zeros(shape)
    assert rne.sum_array(empty) == 0
    assert rne.array_multiply(empty, empty).shape == shape
    for axis in range(len(shape)):
        np.testing.assert_array_equal(rne.sum_array(empty, axis), empty.sum(axis))


def test_a_broadcast_array_is_read_in_place() -> None:
    broadcast = np.broadcast_to(np.float64(2), (10**4, 10**3))
    assert broadcast.strides == (0, 0)
    assert rne.sum_array(broadcast) == 2e7


def test_a_memory_map(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.arange(1000.0))
    assert rne.sum_array(np.load(path, mmap_mode="r")) == 499500


def test_whatever_asarray_takes() -> None:
    for data in (
        [1.0, 2.0],
        (1.0, 2.0),
        memoryview(np.array([1.0, 2.0])),
        np.array([1.0, 2.0]).astype(">f8"),
    ):
        assert rne.sum_array(data) == 3.0


@pytest.mark.parametrize(
    "data",
    [
        ["a"],
        [None],
        [{}],
        np.zeros(2, "M8[s]"),
        np.zeros(2, "V8"),
        np.zeros(2, [("x", "f8")]),
        np.zeros(2, "g"),
    ],
)
def test_other_dtypes_are_refused_with_their_name(data: object) -> None:
    with pytest.raises(
        TypeError, match="sum_array: argument arr, got dtype .*expected bool, an integer, a float"
    ):
        rne.sum_array(data)


def test_bools_that_are_not_zero_or_one() -> None:
    strange = np.array([0, 1, 2, 255], "u1").view("?")
    assert rne.sum_array(strange) == 3
    np.testing.assert_array_equal(rne.array_multiply(strange, True), [False, True, True, True])


def test_an_array_in_use_is_not_resized() -> None:
    data = np.ones(20_000_000)
    refused = []
    started = threading.Event()

    def resize() -> None:
        started.wait()
        while not done:
            try:
                data.resize(1, refcheck=False)
            except ValueError:
                refused.append(1)
            else:
                data.resize(20_000_000, refcheck=False)
            time.sleep(0)

    done = False
    thread = threading.Thread(target=resize)
    thread.start()
    view = data[::2]
    try:
        for _ in range(3):
            started.set()
            rne.cpu_intensive(view)
    finally:
        done = True
        thread.join()
    assert refused


@pytest.mark.native
def test_a_finalizer_cannot_resize_an_array_in_use() -> None:
    # Up to CPython 3.11 any new object may start the collector, also one that the call makes.
    code = """
import gc, numpy as np, rust_numpy_example as rne

class Resizes:
    def __init__(self, array):
        self.array, self.itself = array, self
    def __del__(self):
        try:
            self.array.resize((0,), refcheck=False)
        except ValueError:
            pass

rng = np.random.default_rng(0)
for _ in range(300):
    arrays = [np.ones(300_000) for _ in range(2)]
    for array in arrays:
        Resizes(array)
    gc.set_threshold(int(rng.integers(1, 40)))
    try:
        rne.cpu_intensive(arrays[0])
        rne.process_numbers(arrays[0], 0.5)
        rne.array_multiply(*arrays)
        rne.compute_stats(arrays[1])
    except (ValueError, RuntimeError) as error:
        assert "broadcast" in str(error) or "resized" in str(error)
    gc.set_threshold(700)
    gc.collect()
print("fine")
"""
    result = run(code)
    assert (result.returncode, result.stdout) == (0, "fine\n"), result.stderr


def test_methods_of_a_subclass_are_not_called() -> None:
    class Liar(np.ndarray):
        def astype(self, *_args: object, **_options: object) -> np.ndarray:
            return np.zeros(self.shape, "i1")

        def __array_function__(self, *_args: object, **_options: object) -> object:
            raise AssertionError

    ones = np.ones((40, 40), "f4").view(Liar)
    np.testing.assert_array_equal(rne.matrix_multiply(ones, np.eye(40)), np.ones((40, 40)))
    assert rne.cpu_intensive(ones) == pytest.approx(1600 * np.sin(1.0))
    assert rne.process_data(np.ones(2, "i1").view(Liar), 0.5).tolist() == [0.5, 0.5]
    whole = np.arange(5.0).view(Liar)
    assert rne.array_multiply(whole[:-1], 2, out=whole[1:]).tolist() == [0.0, 2.0, 4.0, 6.0]


@pytest.mark.parametrize("again", ["signal", "finalizer", "fork"])
def test_a_first_call_may_come_back_to_itself(again: str) -> None:
    code = f"""
import os, signal, sys, threading, time
import rust_numpy_example as rne

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name in ("collections.abc", "decimal", "numpy.ma", "operator"):
            time.sleep(0.1)
sys.meta_path.insert(0, Slow())
def calls(*_):
    assert rne.array_multiply([1], 2).tolist() == [2]
    assert rne.sum_as_string(10**5000, True)[-3:] == "001"
    assert rne.fibonacci(10) == 55 and rne.sum_array([1, 2]) == 3
class Again:
    def __del__(self):
        calls()
if {again!r} == "signal":
    def handler(*_):
        calls()
        signal.setitimer(signal.ITIMER_REAL, 0.002)
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    calls()
    signal.setitimer(signal.ITIMER_REAL, 0)
elif {again!r} == "finalizer":
    for _ in range(5):
        cycle = Again()
        cycle.me = cycle
        del cycle
    calls()
else:
    other = threading.Thread(target=calls)
    other.start()
    time.sleep(0.05)
    if (child := os.fork()) == 0:
        rne.array_multiply([1], 2)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    other.join()
print("fine")
"""
    result = run(code)
    assert (result.returncode, result.stdout) == (0, "fine\n"), result.stderr


def test_a_dtype_that_changes_during_a_call_is_an_error() -> None:
    array = np.ones(1000)

    class Changes:
        def __index__(self) -> int:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                array.dtype = np.int8
            return 0

    if rne.build_info()["free_threaded"]:
        # There what describes an array is read once, before.
        assert rne.process_numbers(array, Changes()).tolist() == [2.0] * 1000
        return
    with pytest.raises(rne.InternalError, match="dtype or the strides of an array were changed"):
        rne.process_numbers(array, Changes())


# ------------------------------------------------------------------ threads


def test_the_number_of_threads_is_set_and_reset() -> None:
    default = rne.get_num_threads()
    rne.set_num_threads(3)
    assert rne.get_num_threads() == rne.build_info()["num_threads"] == 3
    rne.set_num_threads(None)
    assert rne.get_num_threads() == default
    for wrong in (0, -1, 1025):
        with pytest.raises(ValueError, match="argument num_threads, got .*, expected None or 1 to 1024"):
            rne.set_num_threads(wrong)
    with pytest.raises(TypeError):
        rne.set_num_threads("2")


@pytest.mark.native
def test_the_environment_is_read_in_its_order() -> None:
    code = "import rust_numpy_example as rne; print(rne.get_num_threads())"
    own, rayon, openmp = "RUST_NUMPY_EXAMPLE_NUM_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS"
    none = {own: "", rayon: "", openmp: ""}
    assert run(code, **{**none, own: "5", rayon: "6", openmp: "7"}).stdout == "5\n"
    assert run(code, **{**none, rayon: "6", openmp: "7"}).stdout == "6\n"
    assert run(code, **{**none, own: "many", rayon: "0", openmp: "7"}).stdout == "7\n"
    # Less than all where the process may not use them.
    assert 1 <= int(run(code, **none).stdout) <= os.cpu_count()
    if hasattr(os, "sched_getaffinity"):
        assert int(run(code, **none).stdout) <= len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("RUST_NUMPY_EXAMPLE_NUM_THREADS", "abc", "1 to 1024"),
        ("RUST_NUMPY_EXAMPLE_NUM_THREADS", "0", "1 to 1024"),
        ("RAYON_NUM_THREADS", "-1", "1 to 1024"),
        ("OMP_NUM_THREADS", "many", "1 to 1024"),
        ("OMP_NUM_THREADS", "4097", "1 to 1024"),
        ("RUST_NUMPY_EXAMPLE_SIMD", "bogus", "'baseline', 'neon', 'avx2' or 'avx512'"),
        ("RUST_NUMPY_EXAMPLE_SPIN", "off", "0 or 1"),
    ],
)
def test_a_variable_that_means_nothing_is_one_warning(name: str, text: str, expected: str) -> None:
    code = """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import rust_numpy_example as rne
    rne.sum_array([1.0])
    rne.get_num_threads()
    rne.build_info()
ours = [w for w in caught if "rust_numpy_example" in str(w.message)]
print(len(ours), *[f"{w.category.__name__}: {w.message}" for w in ours])
"""
    none = dict.fromkeys(["RUST_NUMPY_EXAMPLE_NUM_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS"], "")
    result = run(code, **{**none, "RUST_NUMPY_EXAMPLE_SIMD": "", name: text})
    assert result.stdout == (
        f"1 RuntimeWarning: rust_numpy_example: environment variable {name}, got '{text}', "
        f"expected {expected}: it is ignored\n"
    ), result.stderr


def test_variables_that_mean_something_are_no_warning() -> None:
    code = "import warnings; warnings.simplefilter('error'); import rust_numpy_example as rne; print(rne.get_num_threads())"
    own, rayon, openmp = "RUST_NUMPY_EXAMPLE_NUM_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS"
    simd = {"RUST_NUMPY_EXAMPLE_SIMD": "baseline", "RUST_NUMPY_EXAMPLE_SPIN": "0"}
    assert run(code, **{own: "", rayon: "0", openmp: "3,2", **simd}).stdout == "3\n"
    # What comes after the one that counts is somebody else's.
    assert run(code, **{own: " 2 ", rayon: "x", openmp: "x", **simd}).stdout == "2\n"


@pytest.mark.parametrize("first", ["rust_numpy_example", "threadpoolctl"])
def test_threadpoolctl_sees_the_pool_and_limits_it(first: str) -> None:
    if not hasattr(pytest.importorskip("threadpoolctl"), "register"):
        pytest.skip("this version takes no controllers")
    code = f"""
import inspect, sys
import {first}
import rust_numpy_example as rne, threadpoolctl
rne.set_num_threads(3)
(pool,) = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "rust_numpy_example"]
assert pool["num_threads"] == 3 and pool["version"] == rne.__version__, pool
with threadpoolctl.threadpool_limits(1):
    assert rne.get_num_threads() == 1
assert rne.get_num_threads() == 3
with threadpoolctl.threadpool_limits(1, user_api="blas"):
    assert rne.get_num_threads() == 3
with threadpoolctl.threadpool_limits({{"rust_numpy_example": 5000}}):
    assert rne.get_num_threads() == 1024
# Neither import leaves anything behind.
assert not [finder for finder in sys.meta_path if "rust_numpy_example" in type(finder).__module__]
assert "class ThreadpoolController" in inspect.getsource(threadpoolctl)
print("fine")
"""
    result = run(code)
    assert result.stdout == "fine\n", result.stderr


def test_threadpoolctl_is_not_imported_and_need_not_exist() -> None:
    code = """
import sys
import rust_numpy_example
assert "threadpoolctl" not in sys.modules
sys.path[:] = []
try:
    import threadpoolctl
except ModuleNotFoundError as error:
    print(error)
"""
    assert run(code).stdout == "No module named 'threadpoolctl'\n"


@pytest.mark.parametrize("level", ["baseline", "neon", "avx2", "avx512"])
def test_a_cpu_level_can_be_forced(level: str) -> None:
    code = "import rust_numpy_example as rne; i = rne.build_info(); print(i['simd'], *i['simd_available'])"
    used, *available = run(code, RUST_NUMPY_EXAMPLE_SIMD=level).stdout.split()
    assert used == (level if level in available else available[-1])


# ------------------------------------------------------------------ forks


def _sum_in_child(data: np.ndarray) -> float:
    return float(rne.sum_array(data, workers=2))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize("before", [False, True], ids=["before the first use", "after it"])
def test_a_forked_child_and_its_parent_both_work(before: bool) -> None:
    code = f"""
import os, warnings, numpy as np, rust_numpy_example as rne
warnings.simplefilter("ignore")
data = np.ones(2_000_000)
if {before}:
    assert rne.sum_array(data, workers=2) == 2e6
pid = os.fork()
assert rne.sum_array(data, workers=2) == 2e6
if pid == 0:
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
print("fine")
"""
    assert run(code).stdout == "fine\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_in_a_signal_handler_during_a_call() -> None:
    code = """
import os, signal, warnings, rust_numpy_example as rne
warnings.simplefilter("ignore")
expected = rne.monte_carlo_pi(300_000_000, rng=1, workers=2)
children = []
signal.signal(signal.SIGALRM, lambda *_: children.append(os.fork()))
signal.setitimer(signal.ITIMER_REAL, 0.02)
try:
    assert rne.monte_carlo_pi(300_000_000, rng=1, workers=2) == expected
except OSError as error:
    assert children == [0] and "forked" in str(error)
if children == [0]:
    # Whatever was going on, a new call has threads of its own.
    assert rne.monte_carlo_pi(300_000_000, rng=1, workers=2) == expected
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 7
print("fine")
"""
    result = run(code)
    assert result.stdout == "fine\n", result.stderr


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_multiprocessing_pool_after_use() -> None:
    data = np.ones(2_000_000)
    assert _sum_in_child(data) == 2e6
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.apply_async(_sum_in_child, (data,)).get(60) == 2e6


# ------------------------------------------------------------------ signals


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timers")
@needs_64_bits
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_stops_the_work(workers: str) -> None:
    code = """
import signal, time, numpy as np, rust_numpy_example as rne
data = np.broadcast_to(np.float64(1e300), (1 << 40,))
signal.signal(signal.SIGALRM, lambda *_: sent.append(time.process_time()) or signal.raise_signal(signal.SIGINT))
signal.signal(signal.SIGINT, signal.default_int_handler)
for _ in range(5):
    sent = []
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        rne.cpu_intensive(data)
    except KeyboardInterrupt:
        print(time.process_time() - sent[0])
"""
    result = run(code, RUST_NUMPY_EXAMPLE_NUM_THREADS=workers)
    latencies = sorted(map(float, result.stdout.split()))
    assert len(latencies) == 5, result.stderr
    # Work, of all threads: on a busy machine they may wait for the CPU for long.
    assert latencies[2] < 0.1


def test_other_threads_run_during_a_long_call() -> None:
    ticks = 0
    done = False

    def tick() -> None:
        nonlocal ticks
        while not done:
            ticks += 1
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    end = time.perf_counter() + 0.5
    data = np.ones(5_000_000)
    while time.perf_counter() < end:
        rne.cpu_intensive(data)
    done = True
    thread.join()
    assert ticks > 20


def test_other_threads_run_while_two_vectors_make_a_large_product() -> None:
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            # To wait for the event would be to give way first, many times, where there is no lock of the interpreter.
            time.sleep(0.001)
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()
    column, row = np.ones((6000, 1), "e"), np.ones((1, 6000), "e")
    out = np.ones((6000, 6000), "e", order="F")
    during = []
    for _ in range(5):
        before = ticks
        rne.array_multiply(column, row, out=out, workers=1)
        during.append(ticks - before)
    done.set()
    thread.join()
    assert sorted(during)[2] > 5, during


# ------------------------------------------------------------------ memory


@needs_64_bits
def test_outputs_that_cannot_be_had_are_memory_errors() -> None:
    column = np.broadcast_to(np.float64(1), (1 << 30, 1))
    with pytest.raises(MemoryError):
        rne.array_multiply(column, np.broadcast_to(np.float64(1), (1, 1 << 30)))


@pytest.mark.native
@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_a_memory_limit_is_a_memory_error() -> None:
    code = """
import resource, numpy as np, rust_numpy_example as rne
data = np.ones(30_000_000)
rne.array_multiply(data[:1000], 2.0)
used = int(open("/proc/self/statm").read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + (100 << 20),) * 2)
try:
    rne.array_multiply(data, 2.0)
except MemoryError:
    print("MemoryError")
print(rne.array_multiply(data[:3], 2.0))
"""
    result = run(code)
    assert result.stdout == "MemoryError\n[2. 2. 2.]\n", result.stderr


X = np.arange(6.0).reshape(2, 3)
WORD = "a"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: rne.compute_stats(X, ddof="1"), TypeError, "compute_stats: argument ddof, got str"),
        (lambda: rne.compute_stats(X, keepdims=1), TypeError, "compute_stats: argument keepdims, got int"),
        (
            lambda: rne.compute_stats(X, nan_policy=5),
            TypeError,
            "compute_stats: argument nan_policy, got int",
        ),
        (lambda: rne.compute_stats(X, axis=0.5), TypeError, "compute_stats: argument axis, got float"),
        (lambda: rne.compute_stats(X, workers="all"), TypeError, "compute_stats: argument workers, got str"),
        (lambda: rne.sum_array(X, workers=2.5), TypeError, "sum_array: argument workers, got float"),
        (lambda: rne.sum_array(X, workers=2**70), ValueError, f"sum_array: argument workers, got {2**70}"),
        (lambda: rne.sum_array(X, keepdims=None), TypeError, "sum_array: argument keepdims, got NoneType"),
        (lambda: rne.sum_array(X, 9), AxisError, "sum_array: argument axis, got 9, expected -2 to 1"),
        (lambda: rne.sum_array(X[0, 0], 0), AxisError, "sum_array: argument axis, got 0, expected none"),
        (lambda: rne.sobel(X, axis=9), AxisError, "sobel: argument axis, got 9, expected -2 to 1"),
        (lambda: rne.sobel(X[None], channel_axis=9), AxisError, "sobel: argument channel_axis, got 9"),
        (lambda: rne.sobel(X, mode=None), TypeError, "sobel: argument mode, got NoneType"),
        (lambda: rne.sobel(X, mode=("wrap", 5)), TypeError, "sobel: argument mode, item 1, got int"),
        (lambda: rne.sobel(X, cval="0"), TypeError, "sobel: argument cval, got str"),
        (
            lambda: rne.gaussian_blur(X, 1, truncate="4"),
            TypeError,
            "gaussian_blur: argument truncate, got str",
        ),
        (lambda: rne.gaussian_blur(X, None), TypeError, "gaussian_blur: argument sigma, got NoneType"),
        (lambda: rne.process_image(X, 3), TypeError, "process_image: argument filter, got int"),
        (lambda: rne.process_data(X, None), TypeError, "process_data: argument factor, got NoneType"),
        (lambda: rne.word_count(WORD, top="3"), TypeError, "word_count: argument top, got str"),
        (lambda: rne.word_count(WORD, lowercase=1), TypeError, "word_count: argument lowercase, got int"),
        (lambda: rne.word_count_file(3), TypeError, "word_count_file: argument path, got int"),
        (
            lambda: rne.word_count_file(WORD, progress=3),
            TypeError,
            "word_count_file: argument progress, got int",
        ),
        (lambda: rne.set_num_threads("4"), TypeError, "set_num_threads: argument num_threads, got str"),
        (
            lambda: rne.set_num_threads(2**70),
            ValueError,
            f"set_num_threads: argument num_threads, got {2**70}",
        ),
        (
            lambda: rne.DataProcessor(2).merge([1.0]),
            TypeError,
            "DataProcessor.merge: argument other, got list",
        ),
        (lambda: rne.Stats().merge(1.0), TypeError, "Stats.merge: argument other, got float"),
        (lambda: rne.compute_stats([1.0]).merge(5), TypeError, "Stats.merge: argument other, got int"),
        (lambda: rne.word_count_file([WORD]), TypeError, "word_count_file: argument path, got list"),
        (
            lambda: rne.gaussian_blur(X, 1, out=np.float32),
            TypeError,
            "gaussian_blur: argument out, got type, expected a NumPy array",
        ),
        (
            lambda: rne.array_multiply(X, 2, out=np.float32),
            TypeError,
            "array_multiply: argument out, got type, expected a NumPy array",
        ),
        (lambda: rne.array_multiply("a", 2), TypeError, "array_multiply: argument a, got dtype <U1"),
        (lambda: rne.array_multiply(2, ["a"]), TypeError, "array_multiply: argument b, got dtype <U1"),
        (lambda: rne.process_data(["a"], 2), TypeError, "process_data: argument data, got dtype <U1"),
        (lambda: rne.process_data(X, "2"), TypeError, "process_data: argument factor, got dtype <U1"),
        (lambda: rne.matrix_multiply(X, ["a"]), TypeError, "matrix_multiply: argument b, got dtype <U1"),
        (
            lambda: rne.monte_carlo_pi(10, workers=2.5),
            TypeError,
            "monte_carlo_pi: argument workers, got float",
        ),
        (
            lambda: rne.matrix_multiply(X, X.T, workers="2"),
            TypeError,
            "matrix_multiply: argument workers, got str",
        ),
        (lambda: rne.process_image(X, sigma=None), TypeError, "process_image: argument sigma, got NoneType"),
    ],
)
def test_every_message_names_function_and_argument(
    call: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    assert str(caught.value).startswith(message) and ", expected " in str(caught.value)
