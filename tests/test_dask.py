"""The functions on Dask arrays: wrong input, graphs, keys, tasks, and the package without Dask."""

from __future__ import annotations

import doctest
import inspect
import itertools
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("dask.array")

import dask
import dask.array as da
from dask.sizeof import sizeof
from lazy import MARKS, same, stats_equal

import rust_numpy_example as rne
import rust_numpy_example.dask as rnd

pytestmark = MARKS


# --- the door


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: rnd.compute_stats(x.astype("c16")), TypeError, "compute_stats: argument arr, got"),
        (lambda x: rnd.compute_stats(x, 5), ValueError, "axis"),
        (lambda x: rnd.compute_stats(x, nan_policy="x"), ValueError, "compute_stats: argument nan_policy"),
        (lambda x: rnd.compute_stats(x, where=x), TypeError, "compute_stats: argument where"),
        (lambda x: rnd.compute_stats(x, where=[True] * 5), ValueError, "compute_stats: argument where"),
        (
            lambda x: rnd.compute_stats(x, where=np.ones((2, 6, 4), bool)),
            ValueError,
            "compute_stats: argument where",
        ),
        (lambda x: rnd.compute_stats(x, workers=0), ValueError, "compute_stats: argument workers"),
        (
            lambda x: rnd.compute_stats(x, weights=[1.0]),
            ValueError,
            "compute_stats: argument weights, got shape (1,)",
        ),
        (lambda x: rnd.compute_stats(x, by=[1]), ValueError, "compute_stats: argument by, got shape (1,)"),
        (lambda x: rnd.compute_stats(x, 0, by=[1]), ValueError, "compute_stats: argument by, got shape (1,)"),
        (lambda x: rnd.compute_stats(x, (0, 1), by=[1] * 6), ValueError, "compute_stats: argument axis"),
        (
            lambda x: rnd.compute_stats(x, 0, keepdims=True, by=[1] * 6),
            ValueError,
            "compute_stats: argument keepdims",
        ),
        (lambda x: rnd.compute_stats(x.to_delayed()[0, 0]), TypeError, "got a lazy dask.Delayed"),
        (
            lambda x: rnd.compute_stats("x"),
            TypeError,
            "compute_stats: argument arr, got str, expected a Dask",
        ),
        (lambda x: rnd.compute_stats(da.ma.masked_equal(x, 1)), TypeError, "chunks of numpy.MaskedArray"),
        (lambda x: rnd.sum_array(x, (0, 0)), ValueError, "axis"),
        (lambda x: rnd.sum_array(x, keepdims=3), TypeError, "sum_array: argument keepdims"),
        (lambda x: rnd.array_multiply(x, da.ones(5)), ValueError, "array_multiply"),
        (lambda x: rnd.process_data(x, None), TypeError, "process_data"),
        (lambda x: rnd.process_numbers(x, "2"), TypeError, "process_numbers"),
        (lambda x: rnd.matrix_multiply(x, x), ValueError, "matrix_multiply"),
        (lambda x: rnd.matrix_multiply(x, x.sum()), ValueError, "matrix_multiply"),
        (lambda x: rnd.matrix_multiply(da.ones((2, 3, 4)), da.ones((3, 4, 5))), ValueError, ""),
        (lambda x: rnd.gaussian_blur(x, -1), ValueError, "gaussian_blur: argument sigma"),
        (lambda x: rnd.gaussian_blur(x, 1, mode="x"), ValueError, "gaussian_blur: argument mode"),
        (lambda x: rnd.gaussian_blur(x[0], 1), ValueError, "gaussian_blur: argument image"),
        (lambda x: rnd.sobel(x, axis=2), ValueError, "axis"),
        (lambda x: rnd.quantiles(x, 2), ValueError, "quantiles: argument q"),
        (
            lambda x: rnd.quantiles(x, 0.5, method="hazen"),
            ValueError,
            "quantiles: argument method, got 'hazen'",
        ),
        (lambda x: rnd.quantiles(x[:0], 0.5, 0), ValueError, "quantiles: argument arr, got shape (0,"),
        (lambda x: rnd.moving_average(x, 5), ValueError, "moving_average: argument window"),
        (lambda x: rnd.moving_average(x, 2, 7), ValueError, "axis"),
        (lambda x: rnd.moving_average(x, 2, min_count=3), ValueError, "moving_average: argument min_count"),
        (lambda x: rnd.process_image(x, "x"), ValueError, "process_image: argument filter"),
        (lambda x: rnd.cpu_intensive(x * 1j), TypeError, "cpu_intensive: argument data"),
        (lambda x: rnd.monte_carlo_pi(0), ValueError, "monte_carlo_pi: argument n_samples"),
        (lambda x: rnd.monte_carlo_pi(1.5), TypeError, "monte_carlo_pi: argument n_samples"),
        (lambda x: rnd.monte_carlo_pi(5, partitions=0), ValueError, "monte_carlo_pi: argument partitions"),
        (lambda x: rnd.monte_carlo_pi(5, split_every=1), ValueError, "monte_carlo_pi: argument split_every"),
        (lambda x: rnd.fold(3, x), TypeError, "fold: argument state, got int"),
        (lambda x: rnd.fold(rne.Stats(), 3), TypeError, "fold: argument chunks, got int"),
        (lambda x: rnd.word_count(3), TypeError, "word_count: argument paths, got int"),
        (lambda x: rnd.word_count("no/such/file"), FileNotFoundError, "word_count: argument paths"),
        (lambda x: rnd.word_count([]), ValueError, "word_count: argument paths, got an empty list"),
        (lambda x: rnd.word_count("x", tokenizer="y"), ValueError, "word_count: argument tokenizer"),
        (lambda x: rnd.table_stats("no/such/file"), FileNotFoundError, "table_stats: argument paths"),
    ],
)
def test_what_is_wrong_is_said_when_the_graph_is_built(
    call: Callable[[da.Array], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        call(da.ones((6, 4), chunks=2))
    assert message in str(caught.value)


def test_the_library_itself_refuses_lazy_arrays_and_says_where_to_go() -> None:
    with pytest.raises(TypeError, match="rust_numpy_example.dask"):
        rne.compute_stats(da.ones(3))


def test_expression_mode_is_refused_by_name() -> None:
    lazy = da.ones(3)
    with dask.config.set({"array.query-planning": True}):
        with pytest.raises(
            NotImplementedError, match="compute_stats: Dask's option array.query-planning is on"
        ):
            rnd.compute_stats(lazy)


def test_arrays_and_lists_are_taken_as_one_chunk() -> None:
    stats_equal(rnd.compute_stats([1, 2, 4]).compute(), rne.compute_stats([1, 2, 4]))
    same(rnd.matrix_multiply(np.eye(2), [[1.0, 2.0], [3.0, 4.0]]).compute(), [[1.0, 2.0], [3.0, 4.0]])
    same(rnd.array_multiply(2, np.arange(3, dtype="f4")).compute(), np.arange(3, dtype="f4") * 2)


# --- what Dask needs to know

GRAPHS = """
import dask.array as da, numpy as np, dask.bag as db
import rust_numpy_example as rne, rust_numpy_example.dask as rnd
x = da.arange(24, chunks=5).astype("f8").reshape(4, 6)
lazy = [
    rnd.compute_stats(x, 0, where=x > 2), rnd.compute_stats(x).std, rnd.sum_array(x), rnd.sum_array(x, 1),
    rnd.array_multiply(x, 2), rnd.process_data(x, x), rnd.process_numbers(x, 2), rnd.matrix_multiply(x, x.T),
    rnd.gaussian_blur(x, 0.4), rnd.sobel(x), rnd.cpu_intensive(x), rnd.monte_carlo_pi(10, rng=1),
    rnd.fold(rne.DataProcessor(3), x), rnd.word_count(db.from_sequence(["a b"])), rnd.quantiles(x, 0.5),
    rnd.quantiles(x, [0.5], 0), rnd.moving_average(x, 2),
]
"""


def keys() -> list[Any]:
    names: dict[str, Any] = {}
    exec(GRAPHS, names)
    return [sorted(map(str, dict(one.__dask_graph__()))) for one in names["lazy"]]


@pytest.mark.thorough
def test_keys_are_the_same_in_every_process() -> None:
    script = GRAPHS + "\nprint([sorted(map(str, dict(one.__dask_graph__()))) for one in lazy])"
    env = os.environ | {"PYTHONHASHSEED": "7"}
    result = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
    )
    assert eval(result.stdout) == keys() == keys()


def test_keys_have_nothing_of_what_memory_held(monkeypatch: pytest.MonkeyPatch) -> None:
    real, filled = np.empty, itertools.count(1)

    def empty(*args: Any, **kwargs: Any) -> Any:
        array = real(*args, **kwargs)
        array[...] = next(filled)
        return array

    monkeypatch.setattr(np, "empty", empty)
    assert keys() == keys()


def test_other_arguments_have_other_keys() -> None:
    x = da.ones((8, 8), chunks=4)
    calls: list[Any] = [
        rnd.compute_stats(x), rnd.compute_stats(x, ddof=0), rnd.compute_stats(x, 0), rnd.compute_stats(x, nan_policy="omit"),
        rnd.gaussian_blur(x, 0.5), rnd.gaussian_blur(x, 0.6), rnd.gaussian_blur(x, 0.5, mode="wrap"), rnd.sobel(x),
        rnd.sobel(x, axis=0), rnd.monte_carlo_pi(10, rng=1), rnd.monte_carlo_pi(10, rng=2), rnd.monte_carlo_pi(11, rng=1),
        rnd.fold(rne.DataProcessor(3), x), rnd.fold(rne.DataProcessor(4), x), rnd.process_data(x, 2), rnd.process_data(x, 3),
    ]  # fmt: skip
    last = [str(list(dask.core.flatten(one.__dask_keys__()))) for one in calls]
    assert len({*last}) == len(last)


def test_tasks_are_small_and_results_travel_out_of_band() -> None:
    names: dict[str, Any] = {}
    exec(GRAPHS, names)
    for lazy in names["lazy"]:
        graph = dict(lazy.__dask_graph__())
        ours = {key: task for key, task in graph.items() if "array-" not in str(key)}
        assert max(len(pickle.dumps(task)) for task in ours.values()) < 4000
    stats = rne.compute_stats(np.ones((3, 100_000)), axis=0)
    buffers: list[Any] = []
    inside = pickle.dumps(stats, protocol=5, buffer_callback=buffers.append)
    assert len(inside) < 2000 and sum(buffer.raw().nbytes for buffer in buffers) > 3_000_000


def test_the_size_of_a_state_is_what_it_holds() -> None:
    stats = rne.compute_stats(np.ones((3, 100_000)), axis=0)
    held = sum(
        part.nbytes for part in stats.__reduce__()[0].keywords["_state"] if isinstance(part, np.ndarray)
    )
    assert held <= sizeof(stats) <= 1.5 * held
    processor = rne.DataProcessor(10)
    processor.add_data(np.ones(100_000))
    assert 800_000 <= sizeof(processor) <= 1_000_000


def test_without_dask_the_package_works_and_says_what_to_install() -> None:
    script = """
import sys
sys.modules["dask"] = None
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "dask" else find(name, *rest)
import rust_numpy_example
assert not any(name.startswith("dask") for name in sys.modules if name != "dask")
try:
    import rust_numpy_example.dask
except ImportError as error:
    print(error)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "rust_numpy_example.dask needs Dask: pip install 'rust_numpy_example[dask]'" in result.stdout


@pytest.mark.once
@pytest.mark.parametrize("name", rnd.__all__)
def test_every_example_runs(name: str) -> None:
    thing = getattr(rnd, name)
    texts = [inspect.getdoc(thing) or ""]
    if inspect.isclass(thing):
        texts += [inspect.getdoc(member) or "" for key, member in vars(thing).items() if key[0] != "_"]
    else:
        assert ">>> " in texts[0]
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    for text in texts:
        runner.run(doctest.DocTestParser().get_doctest(text, {}, name, None, None))
    assert runner.summarize(verbose=False).failed == 0
