"""Parquet files, a batch of rows at a time. Needs pyarrow, the extra ``cli``."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from rust_numpy_example._cli.report import Progress
from rust_numpy_example._cli.source import Source
from rust_numpy_example._cli.table import Column, Table, selected, unknown
from rust_numpy_example.rust_numpy_example import _ArrayStats

#: Rows decoded at a time.
BATCH = 1 << 16


def read(source: Source, select: Sequence[str] | None) -> Table:
    """Return the statistics of a Parquet file."""
    try:
        pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise ValueError(
            f"to read Parquet takes pyarrow ({error}): pip install 'rust_numpy_example[cli]'"
        ) from None
    if not source.is_plain:
        raise ValueError("Parquet can only be read from a file on disk, uncompressed")
    progress = Progress(source.name, source.size)
    with pq.ParquetFile(source.name) as file:
        schema, rows = file.schema_arrow, file.metadata.num_rows
        for name in select or ():
            if name not in schema.names:
                unknown(name, schema.names)
        wanted = schema.names if select is None else [name for name in schema.names if name in set(select)]
        types = {name: schema.field(name).type for name in wanted}
        missing = dict.fromkeys(wanted, 0)
        stats = _ArrayStats(wanted)
        done = 0
        for batch in file.iter_batches(BATCH, columns=wanted):
            for index, (name, values) in enumerate(zip(batch.schema.names, batch.columns)):
                missing[name] += values.null_count
                if not _is_number(pa, types[name]):
                    continue
                if not pa.types.is_floating(values.type):
                    # Safe would be an error for an integer that is not exactly a float64.
                    values = values.cast(pa.float64(), safe=False)
                numbers = values.to_numpy(zero_copy_only=False)
                stats.update(np.asarray(numbers, np.float64).reshape(-1, 1), index)
            done += batch.num_rows
            progress.update(source.size * done // max(rows, 1) if source.size else 0)
    progress.close()
    columns = [
        Column.of(found)
        if _is_number(pa, types[name])
        else Column(name, rows - missing[name], missing[name], kind=_kind(pa, types[name]))
        for name, found in zip(wanted, stats.finish())
    ]
    return Table(selected(columns, select), rows)


def _is_number(pa: Any, type_: Any) -> bool:
    checks = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    return any(check(type_) for check in checks)


def _kind(pa: Any, type_: Any) -> str:
    return "text" if pa.types.is_string(type_) or pa.types.is_large_string(type_) else str(type_)
