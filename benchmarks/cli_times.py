"""The command ``stats`` beside DuckDB, polars, pandas and csvkit: ``python benchmarks/cli_times.py [--publish]``.

Each side is a process of its own, from its start to its end, on a table in text that is made first, with two threads. The
sides run in turn; shown are medians, of the time on the clock and of the CPU time, and the most memory. Numbers that two sides
both say are compared. ``--publish`` writes ``docs/cli_times.md``.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import math
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

from rust_numpy_example._timing import cpu

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli_times.md"
THREADS = 2

HEAD = """\
# The times of the command line

What `rust-numpy-example stats` takes beside what else says as much of a table. `python benchmarks/cli_times.py --publish` made
this page: each side is a process of its own, from its start to its end, with {threads} threads; {rounds} runs of each, in turn, of
which the medians are shown. "Times ours" is the CPU time over that of the first row. Memory is the most that the process
had at a time. What two sides both say of a column (count, mean, standard deviation, minimum, maximum, median) is
compared, relative to the larger one.

The table is a CSV of {size:.0f} MB: {rows:,} rows of an integer, two floats, a large integer, and a text of {groups} different
values.

"""


class Side(NamedTuple):
    """A program, and the statistics in what it prints: of each column by name, or of each group."""

    name: str
    says: str
    command: list[str]
    read: Callable[[str], dict[str, dict[str, float]]]
    package: str | None = None


class Run(NamedTuple):
    """What a process took: seconds on the clock and of the CPU, megabytes."""

    wall: float
    cpu: float
    memory: float


def table(path: Path, rows: int) -> None:
    """Write the table."""
    draw = random.Random(1)
    block = 10_000
    with path.open("w", encoding="utf-8") as file:
        file.write("id,x,y,k,g\n")
        for start in range(0, rows, block):
            file.writelines(
                f"{i},{draw.gauss(100, 20):.10g},{draw.random():.12f},{draw.randrange(10**9)},g{draw.randrange(50)}\n"
                for i in range(start, min(start + block, rows))
            )


#: The columns of numbers in the table.
NUMBERS = ("id", "x", "y", "k")


def _ours(text: str) -> dict[str, dict[str, float]]:
    found = {}
    for column in json.loads(text)["columns"]:
        if column["type"] in ("integer", "float"):
            keys = ("count", "mean", "std", "min", "max")
            found[column["name"]] = {key: float(column[key]) for key in keys}
            if column["quantiles"]:
                found[column["name"]]["median"] = float(column["quantiles"]["0.5"])
    return found


def _our_groups(text: str) -> dict[str, dict[str, float]]:
    return {
        f"{group['group']['g']} {column['name']}": {
            key: float(column[key]) for key in ("count", "mean", "std", "min", "max")
        }
        for group in json.loads(text)["groups"]
        for column in group["columns"]
    }


def _plain(text: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = json.loads(text)
    return found


def _csvstat(text: str) -> dict[str, dict[str, float]]:
    return {
        column["column_name"]: {
            "mean": float(column["mean"]),
            "std": float(column["stdev"]),
            "min": float(column["min"]),
            "max": float(column["max"]),
            "median": float(column["median"]),
        }
        for column in json.loads(text)
        if column["column_name"] in NUMBERS
    }


DUCKDB = """
import duckdb, json
duckdb.sql("set threads={threads}; set enable_progress_bar=false")
found = {{}}
for name, low, high, mean, std, half, count in duckdb.sql(
    "select column_name, min, max, avg, std, q50, count from (SUMMARIZE SELECT * FROM read_csv('{path}'))"
).fetchall():
    if name != "g":
        found[name] = dict(count=float(count), mean=float(mean), std=float(std), min=float(low), max=float(high))
print(json.dumps(found))
"""

DUCKDB_GROUPS = """
import duckdb, json
duckdb.sql("set threads={threads}; set enable_progress_bar=false")
what = ", ".join(f"count({{c}}), avg({{c}}), stddev({{c}}), min({{c}}), max({{c}})" for c in ("id", "x", "y", "k"))
found = {{}}
for g, *row in duckdb.sql(f"select g, {{what}} from read_csv('{path}') group by g").fetchall():
    for place, name in enumerate(("id", "x", "y", "k")):
        keys = ("count", "mean", "std", "min", "max")
        found[f"{{g}} {{name}}"] = dict(zip(keys, map(float, row[5 * place : 5 * place + 5])))
print(json.dumps(found))
"""

POLARS = """
import json, polars
found = polars.read_csv('{path}').describe(interpolation="linear")
names = dict(count="count", mean="mean", std="std", min="min", max="max", median="50%")
rows = {{row["statistic"]: row for row in found.to_dicts()}}
print(json.dumps({{c: {{k: float(rows[r][c]) for k, r in names.items()}} for c in ("id", "x", "y", "k")}}))
"""

POLARS_GROUPS = """
import json, polars as pl
p = dict(count=pl.Expr.count, mean=pl.Expr.mean, std=pl.Expr.std, min=pl.Expr.min, max=pl.Expr.max)
frame = pl.scan_csv('{path}').group_by("g").agg(
    [f(pl.col(c)).alias(c + " " + k) for c in ("id", "x", "y", "k") for k, f in p.items()]
).collect()
print(json.dumps({{
    row["g"] + " " + c: {{k: float(row[c + " " + k]) for k in p}}
    for row in frame.to_dicts() for c in ("id", "x", "y", "k")
}}))
"""

PANDAS = """
import json, pandas
found = pandas.read_csv('{path}').describe()
names = dict(count="count", mean="mean", std="std", min="min", max="max", median="50%")
print(json.dumps({{c: {{k: float(found.loc[r, c]) for k, r in names.items()}} for c in ("id", "x", "y", "k")}}))
"""

PANDAS_GROUPS = """
import json, pandas
found = pandas.read_csv('{path}').groupby("g").agg(["count", "mean", "std", "min", "max"])
print(json.dumps({{
    g + " " + c: {{k: float(found.loc[g, (c, k)]) for k in ("count", "mean", "std", "min", "max")}}
    for g in found.index for c in ("id", "x", "y", "k")
}}))
"""


def sides(path: Path, groups: bool) -> list[Side]:
    """Return what is installed; ours first."""

    def python(script: str) -> list[str]:
        return [sys.executable, "-c", script.format(path=path, threads=THREADS)]

    ours = [sys.executable, "-m", "rust_numpy_example", "stats", str(path), "--json", "-j", str(THREADS)]
    if groups:
        found = [
            Side(
                "ours",
                "`stats -g g --quantiles none`",
                [*ours, "-g", "g", "--quantiles", "none"],
                _our_groups,
            ),
            Side("ours", "`stats -g g`: median and quartiles too", [*ours, "-g", "g"], _our_groups),
            Side("DuckDB", "`GROUP BY`", python(DUCKDB_GROUPS), _plain, "duckdb"),
            Side("polars", "`scan_csv`, `group_by`", python(POLARS_GROUPS), _plain, "polars"),
            Side("pandas", "`groupby().agg`", python(PANDAS_GROUPS), _plain, "pandas"),
        ]
    else:
        found = [
            Side("ours", "`stats --json`: quantiles exact, distinct values", ours, _ours),
            Side(
                "DuckDB",
                "`SUMMARIZE`: quantiles and distinct values estimated",
                python(DUCKDB),
                _plain,
                "duckdb",
            ),
            Side("polars", "`describe`", python(POLARS), _plain, "polars"),
            Side("pandas", "`describe`: numbers alone", python(PANDAS), _plain, "pandas"),
        ]
        csvstat = _csvstat_path()
        if csvstat:
            found.append(Side("csvkit", "`csvstat`", [csvstat, "--json", str(path)], _csvstat, "csvkit"))
    return [side for side in found if side.package is None or _version(side.package)]


def _csvstat_path() -> str | None:
    return shutil.which("csvstat", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def run(side: Side) -> tuple[Run, dict[str, dict[str, float]]]:
    """Run a side."""
    env = {**os.environ, "POLARS_MAX_THREADS": str(THREADS)}
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        child = subprocess.Popen(side.command, stdout=out, stderr=subprocess.DEVNULL, env=env)
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{side.name} ended with {child.returncode}: {' '.join(side.command)[:200]}")
        out.seek(0)
        said = side.read(out.read().decode())
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024), said


def apart(mine: dict[str, dict[str, float]], theirs: dict[str, dict[str, float]]) -> str:
    """Return how far two sides are apart in what both say."""
    worst, compared = 0.0, 0
    for name in mine.keys() & theirs.keys():
        for key in mine[name].keys() & theirs[name].keys():
            a, b = mine[name][key], theirs[name][key]
            worst = max(worst, abs(a - b) / max(abs(a), abs(b)) if a != b else 0.0)
            compared += 1
    if not compared or math.isnan(worst):
        return "not compared"
    return "the same" if worst == 0 else f"within {worst:.0e}"


def measured(path: Path, groups: bool, rounds: int, slow: int) -> list[str]:
    """Return the lines of a table."""
    lines = [
        "| program | what it says | seconds | CPU seconds | times ours | MB | numbers |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    all_sides = sides(path, groups)
    runs: list[list[Run]] = [[] for _ in all_sides]
    said = [run(side)[1] for side in all_sides]
    for number in range(rounds):
        for side, found in zip(all_sides, runs):
            # What takes minutes is not run as often.
            if side.name != "csvkit" or number < slow:
                found.append(run(side)[0])
    first = median(one.cpu for one in runs[0])
    for side, found, says in zip(all_sides, runs, said):
        name = f"{side.name} {_version(side.package)}" if side.package else "**ours**"
        wall, used, memory = (median(values) for values in zip(*found))
        same = "" if says is said[0] else apart(said[0], says)
        lines.append(
            f"| {name} | {side.says} | {wall:.2f} | {used:.2f} | {used / first:.1f} | {memory:.0f} | {same} |"
        )
    return lines


def main() -> None:
    """Measure, and print or write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--publish", action="store_true", help="write docs/cli_times.md")
    parser.add_argument("--rows", type=int, default=2_700_000, help="of the table (default: 2,700,000)")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each side (default: 7)")
    parser.add_argument("--file", type=Path, help="the table, if it was made before; else a temporary file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or Path(folder) / "table.csv"
        if not path.exists():
            table(path, options.rows)
        size = path.stat().st_size / 1e6
        head = HEAD.format(threads=THREADS, rounds=options.rounds, size=size, rows=options.rows, groups=50)
        lines = ["## All columns", "", *measured(path, False, options.rounds, 1)]
        lines += ["", "## The numbers of each of 50 groups", "", *measured(path, True, options.rounds, 1), ""]
    load = " and ".join(f"{value:.1f}" for value in os.getloadavg()[1:])
    absent = "qsv and xan, which cargo builds" + (
        "" if _csvstat_path() else ", and csvkit, which was not installed"
    )
    lines += [
        f"{cpu()}, {os.cpu_count()} CPUs; {platform.python_implementation()} {platform.python_version()}. Other work was going on:",
        f"the load was {load} in the last 5 and 15 minutes. Then CPU time says more than time on the clock.",
        "",
        f"Not measured: {absent}.",
    ]
    print(head + "\n".join(lines))
    if options.publish:
        PAGE.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
