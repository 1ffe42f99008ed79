"""Plots by matplotlib, the extra ``plot``, in one style."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from rust_numpy_example._cli import report
from rust_numpy_example._cli.bars import Histogram
from rust_numpy_example._cli.table import Column, Table

#: Bins of a histogram, and as many columns a plot has at most.
BINS, MOST = 50, 60

COLOUR = "#0b6bcb"


def figure(wide: float, high: float) -> Any:
    """Return an empty figure; an error says what to install if there can be none."""
    try:
        return import_module("matplotlib.figure").Figure(figsize=(wide, high), layout="constrained")
    except ImportError as error:
        raise ValueError(
            f"to plot takes matplotlib ({error}): pip install 'rust_numpy_example[plot]'"
        ) from None


@contextlib.contextmanager
def written(path: str) -> Iterator[None]:
    """Say of any error that it is about the plot, and let it end the command."""
    try:
        yield
    except Exception as error:
        raise report.OutputError(path, error) from None


def check(path: str) -> None:
    """Raise an error if there can be no plot, before hours are spent."""
    with written(path):
        figure(1, 1)


def save(figure: Any, path: str) -> None:
    """Write a figure, whole or not at all, and the same bytes for the same figure."""
    form = path.lower().rsplit(".", 1)[-1]
    dates = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    buffer = io.BytesIO()
    settings = {"svg.hashsalt": "rust_numpy_example"}
    with import_module("matplotlib").rc_context(settings), warnings.catch_warnings():
        # Of letters that the font does not have: there is a box in their place.
        warnings.simplefilter("ignore")
        figure.savefig(buffer, format=form, dpi=150, metadata=dates[form])
    with report.whole_file(path, binary=True) as stream:
        stream.write(buffer.getvalue())


def columns(path: str, tables: Sequence[tuple[str, Table]]) -> int:
    """Write a histogram and a box for each column of numbers; return how many columns there was no room for."""
    found = [
        (f"{column.name} ({name})" if len(tables) > 1 else column.name, column, histogram)
        for name, table in tables
        for column in table.columns
        if column.histogram and (histogram := column.histogram(BINS)).counts
    ]
    if not found:
        raise ValueError("no column of numbers to plot")
    shown = found[:MOST]
    across = min(3, len(shown))
    down = -(-len(shown) // across)
    sheet = figure(4.5 * across, 2.8 * down)
    grids = sheet.subfigures(down, across, squeeze=False)
    for place, (name, column, histogram) in zip(grids.flat, shown):
        above, below = place.subplots(2, 1, sharex=True, height_ratios=[5, 1])
        edges = histogram.edges()
        above.bar(edges[:-1], histogram.counts, width=histogram.width, align="edge", color=COLOUR)
        above.set_title(_plain(name, 48), fontsize="medium")
        above.set_ylabel("count", fontsize="small")
        below.bxp(
            [_box(column, histogram)],
            showfliers=False,
            widths=0.6,
            medianprops={"color": COLOUR, "linewidth": 2},
            **_lying(below),
        )
        below.set_yticks([])
        for axes in (above, below):
            axes.tick_params(labelsize="small")
            axes.spines[["top", "right"]].set_visible(False)
        below.spines["left"].set_visible(False)
    save(sheet, path)
    return len(found) - len(shown)


def _lying(axes: Any) -> dict[str, Any]:
    # The word for it changed in matplotlib 3.10.
    import inspect

    new = "orientation" in inspect.signature(axes.bxp).parameters
    return {"orientation": "horizontal"} if new else {"vert": False}


def _box(column: Column, histogram: Histogram) -> dict[str, float]:
    """Return the extremes and the quartiles; these as the histogram has them where they are not known better."""
    known = getattr(column, "quantiles", None) or {}
    quartiles = [float(known.get(level, histogram.quantile(level))) for level in (0.25, 0.5, 0.75)]
    low, high = (float(end) for end in (column.min, column.max))
    keys = ("whislo", "q1", "med", "q3", "whishi")
    ends = histogram.edges()
    # An axis has no infinity.
    low, high = max(low, ends[0]), min(high, ends[-1])
    return dict(zip(keys, (low, *quartiles, high)))


def convergence(path: str, course: Sequence[tuple[int, float, float]], target: float) -> None:
    """Write how an estimate and its error bar come nearer to ``target``; points are count, estimate, error."""
    sheet = figure(7, 4)
    axes = sheet.subplots()
    counts, estimates, errors = zip(*course)
    low = [estimate - error for estimate, error in zip(estimates, errors)]
    high = [estimate + error for estimate, error in zip(estimates, errors)]
    axes.axhline(target, color="#888", linewidth=1, label="pi")
    axes.fill_between(counts, low, high, color=COLOUR, alpha=0.25, linewidth=0, label="± standard error")
    axes.plot(counts, estimates, color=COLOUR, marker="." if len(counts) < 40 else None, label="estimate")
    axes.set_xscale("log")
    axes.set_xlabel("random points")
    axes.set_ylabel("estimate")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    save(sheet, path)


def words(path: str, files: Sequence[tuple[str | None, Sequence[tuple[str, int]]]]) -> int:
    """Write bars of how often words occur, a panel a file; return how many words there was no room for."""
    files = [(name, found) for name, found in files if found]
    if not files:
        raise ValueError("no words to plot")
    shown = [(name, found[:MOST]) for name, found in files[:MOST]]
    sheet = figure(7, sum(1 + 0.22 * len(found) for _, found in shown))
    panels = sheet.subplots(
        len(shown), 1, squeeze=False, height_ratios=[len(found) + 2 for _, found in shown]
    )
    for axes, (name, found) in zip(panels.flat, shown):
        places = range(len(found))
        axes.barh(places, [count for _, count in found], color=COLOUR)
        labels = [_plain(word, 30) for word, _ in found]
        axes.set_yticks(places, labels, fontsize="small")
        axes.invert_yaxis()
        axes.set_ylim(len(found) - 0.4, -0.6)
        axes.set_xlabel("count")
        if name is not None:
            axes.set_title(_plain(name, 60), fontsize="medium")
        axes.spines[["top", "right"]].set_visible(False)
    save(sheet, path)
    return sum(len(found) for _, found in files) - sum(len(found) for _, found in shown)


def _plain(text: str, most: int) -> str:
    # A name is no formula.
    return report.cut(report.printable(text), most).replace("$", r"\$")
