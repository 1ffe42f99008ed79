"""A call of every function, class, method and attribute of the extension."""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import rust_numpy_example as rne
from rust_numpy_example import rust_numpy_example as extension

A = np.arange(12.0).reshape(3, 4)
#: Large enough for work without the interpreter.
BIG = np.ones((300, 400))


def _awaited(make: Callable[[], Any]) -> Any:
    # What a callback raises goes to the loop's handler, not to who waits.
    raised: list[BaseException] = []

    async def main() -> Any:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: raised.append(context["exception"]))
        try:
            return await make()
        finally:
            await asyncio.sleep(0)

    try:
        return asyncio.run(main())
    finally:
        if raised:
            raise raised[0]


def _groups() -> rne.GroupedStats:
    return rne.compute_stats(np.arange(6.0), by=[0, 1, 0, 1, 2, 2])


def _processor() -> Any:
    processor = rne.DataProcessor(2)
    processor.add_data([1.0, 2.0, 3.0])
    return processor


def _table() -> Any:
    table = extension._TableStats(",")
    table.feed(b"a,b\n1,2\n")
    return table


def _grouped_table() -> Any:
    table = extension._TableStats(",", by=[0])
    table.feed(b"a,b\n1,2\n")
    table.finish()
    return table


def _json_rows() -> Any:
    rows = extension._JsonRows(["a"])
    rows.feed(b'{"a":1}\n')
    return rows


def _finder(done: bool = False) -> Any:
    finder = rne.QuantileFinder(0.5)
    finder.update(A)
    if done:
        finder.end_pass()
    return finder


def _sketch() -> Any:
    sketch = rne.QuantileSketch()
    sketch.update(A)
    return sketch


def _arrays(finished: bool = False) -> Any:
    arrays = extension._ArrayStats(["a"])
    arrays.update(np.ones((2, 1)))
    return arrays.finish() if finished else arrays


def _set_vector() -> None:
    rne.RustStruct("x", [1]).vector = [2]


#: A call of every entry. Where it makes an object first, the doors of that are counted too.
ENTRIES: dict[str, Callable[[], Any]] = {
    "get_num_threads": rne.get_num_threads,
    "set_num_threads": lambda: rne.set_num_threads(None),
    "build_info": rne.build_info,
    "multiply_matrices": lambda: rne.multiply_matrices(A, A.T),
    "matrix_multiply": lambda: rne.matrix_multiply(BIG, BIG.T),
    "array_multiply": lambda: rne.array_multiply(BIG, BIG),
    "process_data": lambda: rne.process_data(BIG),
    "process_numbers": lambda: rne.process_numbers(BIG.ravel(), 0.5),
    "process_batch": lambda: rne.process_batch([1.0, 2.0]),
    "process_single": lambda: rne.process_single(1.0),
    "sum_array": lambda: rne.sum_array(BIG, 0),
    "parallel_sum": lambda: rne.parallel_sum([1, 2.5]),
    "list_sum": lambda: rne.list_sum([1, 2.5]),
    "cpu_intensive": lambda: rne.cpu_intensive(BIG),
    "compute_stats": lambda: rne.compute_stats(BIG, 0),
    "moving_average": lambda: rne.moving_average(BIG, 3),
    "quantiles": lambda: rne.quantiles(BIG, 0.5, 0),
    "QuantileFinder": lambda: rne.QuantileFinder(0.5),
    "QuantileFinder.update": lambda: _finder().update(BIG),
    "QuantileFinder.end_pass": lambda: _finder().end_pass(),
    "QuantileFinder.quantiles": lambda: _finder(done=True).quantiles(),
    "QuantileFinder.count": lambda: _finder().count,
    "QuantileFinder.pass_number": lambda: _finder().pass_number,
    "QuantileFinder.done": lambda: _finder().done,
    "QuantileFinder.nan_policy": lambda: _finder().nan_policy,
    "QuantileFinder.__repr__": lambda: repr(_finder()),
    "QuantileFinder.__sizeof__": lambda: _finder().__sizeof__(),
    "QuantileSketch": rne.QuantileSketch,
    "QuantileSketch.update": lambda: _sketch().update(BIG),
    "QuantileSketch.merge": lambda: _sketch().merge(_sketch()),
    "QuantileSketch.quantile": lambda: _sketch().quantile(0.5),
    "QuantileSketch.count": lambda: _sketch().count,
    "QuantileSketch.error": lambda: _sketch().error,
    "QuantileSketch.error_bound": lambda: _sketch().error_bound,
    "QuantileSketch.nan_policy": lambda: _sketch().nan_policy,
    "QuantileSketch.__repr__": lambda: repr(_sketch()),
    "QuantileSketch.__sizeof__": lambda: _sketch().__sizeof__(),
    "QuantileSketch.__reduce__": lambda: pickle.dumps(_sketch()),
    "word_count": lambda: rne.word_count("a b a " * 9999),
    "word_count_file": lambda: rne.word_count_file(Path(__file__)),
    "process_image": lambda: rne.process_image(BIG),
    "gaussian_blur": lambda: rne.gaussian_blur(BIG, 1.0),
    "sobel": lambda: rne.sobel(BIG),
    "monte_carlo_pi": lambda: rne.monte_carlo_pi(1000, rng=1),
    "fibonacci": lambda: rne.fibonacci(500),
    "get_fibonacci": lambda: rne.get_fibonacci(50),
    "multiply": lambda: rne.multiply(2**70, 3**5000) + rne.multiply(3**5000, 3**5000),
    "sum_as_string": lambda: rne.sum_as_string(2, 3),
    "divide": lambda: rne.divide(7, 2),
    "dict_printer": lambda: rne.dict_printer({"a": "b"}),
    "word_printer": lambda: rne.word_printer("word", 2),
    "human_says_hi": lambda: rne.human_says_hi('{"name": "Ada", "age": 36}'),
    "log_example": rne.log_example,
    "log_different_levels": rne.log_different_levels,
    "greater_than_2": lambda: rne.greater_than_2(3),
    "async_sleep": lambda: _awaited(lambda: rne.async_sleep(0)),
    "async_fetch_data": lambda: _awaited(lambda: rne.async_fetch_data("http://127.0.0.1:1/", timeout=5)),
    "risky_operation": rne.risky_operation,
    "fallible_function": rne.fallible_function,
    "Stats": rne.Stats,
    "Stats.merge": lambda: rne.compute_stats(A).merge(rne.compute_stats(A)),
    "Stats.__add__": lambda: rne.compute_stats(A) + rne.compute_stats(A),
    "Stats.__radd__": lambda: sum([rne.compute_stats(A)]),
    "Stats.__array__": lambda: np.asarray(rne.compute_stats(A), dtype=object),
    "Stats.__sizeof__": lambda: sys.getsizeof(rne.compute_stats(A)),
    "Stats._repr_html_": lambda: rne.compute_stats(A)._repr_html_(),
    "Stats.to_dict": lambda: rne.compute_stats(A).to_dict(),
    "Stats.__getitem__": lambda: rne.compute_stats(A)["mean"],
    "Stats.__iter__": lambda: list(rne.compute_stats(A)),
    "Stats.__len__": lambda: len(rne.compute_stats(A)),
    "Stats.__repr__": lambda: repr(rne.compute_stats(A)),
    "Stats.__eq__": lambda: rne.compute_stats(A) == rne.compute_stats(A),
    "Stats.__contains__": lambda: "mean" in rne.compute_stats(A),
    "Stats.__reduce__": lambda: pickle.dumps(rne.compute_stats(A)),
    "Stats.get": lambda: rne.compute_stats(A).get("mean"),
    "Stats.keys": lambda: rne.compute_stats(A).keys(),
    "Stats.values": lambda: rne.compute_stats(A).values(),
    "Stats.items": lambda: rne.compute_stats(A).items(),
    **{
        f"Stats.{name}": lambda name=name: getattr(rne.compute_stats(A), name)  # type: ignore[misc]
        for name in ("count", "weight", "mean", "var", "std", "min", "max", "sum", "ddof")
    },
    "GroupedStats": lambda: pickle.loads(pickle.dumps(_groups())),
    "GroupedStats.merge": lambda: _groups().merge(_groups()),
    "GroupedStats.__add__": lambda: _groups() + _groups(),
    "GroupedStats.__radd__": lambda: sum([_groups()]),
    "GroupedStats.__sizeof__": lambda: sys.getsizeof(_groups()),
    "GroupedStats._repr_html_": lambda: _groups()._repr_html_(),
    "GroupedStats.to_dict": lambda: _groups().to_dict(),
    "GroupedStats.__getitem__": lambda: _groups()[1],
    "GroupedStats.__iter__": lambda: list(_groups()),
    "GroupedStats.__len__": lambda: len(_groups()),
    "GroupedStats.__repr__": lambda: repr(_groups()),
    "GroupedStats.__eq__": lambda: _groups() == _groups(),
    "GroupedStats.__contains__": lambda: 1 in _groups(),
    "GroupedStats.__reduce__": lambda: pickle.dumps(_groups()),
    "GroupedStats.get": lambda: _groups().get(1),
    "GroupedStats.keys": lambda: _groups().keys(),
    "GroupedStats.values": lambda: _groups().values(),
    "GroupedStats.items": lambda: _groups().items(),
    **{
        f"GroupedStats.{name}": lambda name=name: getattr(_groups(), name)  # type: ignore[misc]
        for name in ("groups", "count", "weight", "mean", "var", "std", "min", "max", "sum", "ddof")
    },
    "DataProcessor": lambda: rne.DataProcessor(3),
    "DataProcessor.__sizeof__": lambda: sys.getsizeof(rne.DataProcessor(3)),
    "DataProcessor.chunk_size": lambda: rne.DataProcessor(3).chunk_size,
    "DataProcessor.add_data": lambda: rne.DataProcessor(3).add_data(BIG.ravel()),
    "DataProcessor.process_chunks": lambda: _processor().process_chunks(),
    "DataProcessor.get_statistics": lambda: _processor().get_statistics(),
    "DataProcessor.stats": lambda: _processor().stats(),
    "DataProcessor.merge": lambda: _processor().merge(_processor()),
    "DataProcessor.clear": lambda: _processor().clear(),
    "DataProcessor.__len__": lambda: len(_processor()),
    "DataProcessor.__repr__": lambda: repr(_processor()),
    "DataProcessor.__reduce__": lambda: pickle.dumps(_processor()),
    "RustStruct": lambda: rne.RustStruct("x", [1]),
    "RustStruct.data": lambda: rne.RustStruct("x", [1]).data,
    "RustStruct.vector": lambda: rne.RustStruct("x", [1]).vector,
    "RustStruct.vector=": _set_vector,
    "RustStruct.printer": lambda: rne.RustStruct("x", [1]).printer(),
    "RustStruct.extend_vector": lambda: rne.RustStruct("x", [1]).extend_vector([2]),
    "RustStruct.__eq__": lambda: rne.RustStruct("x", [1]) == rne.RustStruct("x", [1]),
    "RustStruct.__repr__": lambda: repr(rne.RustStruct("x", [1])),
    "RustStruct.__reduce__": lambda: pickle.dumps(rne.RustStruct("x", [1])),
    "Human": lambda: rne.Human("Ada", 36),
    "Human.name": lambda: rne.Human("Ada", 36).name,
    "Human.age": lambda: rne.Human("Ada", 36).age,
    "Human.__eq__": lambda: rne.Human("Ada", 36) == rne.Human("Ada", 36),
    "Human.__hash__": lambda: hash(rne.Human("Ada", 36)),
    "Human.__repr__": lambda: repr(rne.Human("Ada", 36)),
    "Human.__reduce__": lambda: pickle.dumps(rne.Human("Ada", 36)),
    "_TableStats": lambda: extension._TableStats(","),
    "_TableStats.feed": _table,
    "_TableStats.finish": lambda: _table().finish(),
    "_TableStats.rows": lambda: _table().rows,
    "_TableStats.named": lambda: _table().named,
    "_TableStats.names": lambda: _table().names(b"a,b\n"),
    "_TableStats.rejects": lambda: _table().rejects(),
    "_TableStats.end_text": lambda: _table().end_text(),
    "_TableStats.again": lambda: _table().again(),
    **{
        f"_TableStats.{name}": lambda name=name: getattr(_grouped_table(), name)()
        for name in ("group_keys", "group_columns")
    },  # type: ignore[misc]
    "_TableStats.group": lambda: _grouped_table().group(0),
    **{
        f"_TableStats.{name}": lambda name=name: getattr(_table(), name)  # type: ignore[misc]
        for name in ("doubtful", "rejected", "swallowed", "lacks_quantiles")
    },
    **{
        f"_Column.{name}": lambda name=name: getattr(_table().finish()[0], name)  # type: ignore[misc]
        for name in (
            *(
                "name",
                "zoned",
                "numbers",
                "stats",
                "texts",
                "booleans",
                "dates",
                "missing",
                "is_integer",
                "weight",
                "mean",
                "var",
                "std",
            ),
            *(
                "min",
                "max",
                "sum",
                "beyond",
                "lengths",
                "times",
                "distinct",
                "top",
                "quantiles",
                "lacks_quantiles",
                "first_text",
                "first_text_line",
            ),
        )
    },
    "_prepare": extension._prepare,
    "_Column.histogram": lambda: _table().finish()[0].histogram(9),
    "_WordStats": extension._WordStats,
    "_WordStats.feed": lambda: extension._WordStats().feed(b"a b"),
    "_WordStats.finish": lambda: extension._WordStats().finish(),
    "_JsonRows": extension._JsonRows,
    **{
        f"_JsonRows.{name}": lambda name=name: getattr(_json_rows(), name)()  # type: ignore[misc]
        for name in ("header", "end", "rows", "rejects")
    },
    **{
        f"_JsonRows.{name}": lambda name=name: getattr(_json_rows(), name)  # type: ignore[misc]
        for name in ("feed", "keys", "nested", "late", "rejected")
    },
    "_ArrayStats": lambda: extension._ArrayStats(["a"]),
    "_ArrayStats.update": _arrays,
    "_ArrayStats.again": lambda: _arrays().again(),
    "_ArrayStats.finish": lambda: _arrays(finished=True),
}
