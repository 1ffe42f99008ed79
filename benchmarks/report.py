"""Writes what was measured: JSON, the page of the docs with its plots, the table of the README."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
from pathlib import Path
from typing import Any

import rust_numpy_example as rne
from benchmarks.cases import TOPICS
from benchmarks.curves import LABELS, steps
from rust_numpy_example._timing import cpu

PEERS = "numpy scipy opencv-python-headless scikit-image polars pandas bottleneck numba numexpr gmpy2 numkong".split()


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    versions = {}
    for peer in PEERS:
        try:
            versions[peer] = importlib.metadata.version(peer)
        except importlib.metadata.PackageNotFoundError:
            versions[peer] = "not installed"
    return {"cpu": cpu(), "build": rne.build_info(), "python": platform.python_version(), "peers": versions}


def publish(found: dict[str, list[dict[str, Any]]], root: Path) -> None:
    """Write everything."""
    data: dict[str, Any] = {"machine": machine(), **found}
    (root / "docs").mkdir(exist_ok=True)
    (root / "docs" / "benchmarks.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    plots = plot(data, root / "docs" / "benchmarks")
    (root / "docs" / "benchmarks.md").write_text(page(data, plots), encoding="utf-8")
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8")
    table = "\n".join(["<!-- benchmarks -->", "", *headlines(data["rows"]), "", "<!-- /benchmarks -->"])
    text = re.sub(r"<!-- benchmarks -->.*?<!-- /benchmarks -->", lambda _: table, text, flags=re.DOTALL)
    readme.write_text(text, encoding="utf-8")


def headlines(rows: list[dict[str, Any]]) -> list[str]:
    """Return the table of the README."""
    lines = ["| function | input | instead of | times as fast |", "|---|---|---|---|"]
    for row in rows:
        if row["headline"] and row["threads"] == 1 and row["level"] is None:
            lines.append(f"| `{row['function']}` | {row['what']} | {row['peer']} | {row['ratio']:.3g} |")
    return lines


#: The columns of the page: a level that was forced, or none.
LEVELS = {None: "highest level", "avx2": "AVX2", "baseline": "baseline"}


def is_missed(row: dict[str, Any]) -> bool:
    """Whether a row is below what is aimed at."""
    return row["must"] is not None and row["ratio"] < row["must"]


def page(data: dict[str, Any], plots: dict[str, str]) -> str:
    """Return the page of the docs."""
    rows, machine = data["rows"], data["machine"]
    missed = sum(is_missed(row) for row in rows)
    aimed = sum(row["must"] is not None for row in rows)
    peers = ", ".join(f"{name} {version}" for name, version in machine["peers"].items())
    lines = [
        "# Benchmarks",
        "",
        "Made by `tox -c tools/tox.ini -e bench -- --level avx2 --level baseline --publish`. Each figure is the time of the peer divided",
        "by ours: above 1 we are faster. Both run in turn in one process, over the same input, with the same number of",
        "threads, and their results are compared first, where they are not random or of another form. It is the ratio",
        "of the medians; in brackets are the 10th and the 90th percentile",
        "of the ratios of single pairs. The machine is shared: differences below a tenth are ties. The peers always",
        "use all that the CPU has, also in the columns in which this package is held to a lower level.",
        "",
        "With two threads, each side is called alone for a while before it is timed. The reason: for tens of",
        "milliseconds after a product of NumPy, a thread of OpenBLAS waits for the next one at full speed. A product of",
        "this package that follows at once has one CPU less, and takes up to 1.8 times as long.",
        "",
        f"CPU: {machine['cpu']}, level {machine['build']['simd']}; Python {machine['python']}; {peers}.",
        "",
        f"{aimed - missed} of {aimed} aims are reached. Those that are not say so, with the reason.",
    ]
    if "curves" in plots:
        lines += ["", "## Time against size", "", f"![Time against size]({plots['curves']})", ""]
        lines += ["Sizes are measured with all threads: where they start, no line should go up."]
        lines += [steps_text(data["curves"])]
    if "limits" in plots:
        lines += ["", "## Share of the limits of the machine", "", f"![Share]({plots['limits']})", ""]
        lines += [
            "On one thread: of the multiply-adds that the CPU does in registers, of the bytes that it reads,"
        ]
        lines += ["or reads and writes, in memory of that size (`cargo bench --bench limits`)."]
    lines += ["", "## Correct digits", ""]
    lines += [
        "Of the mean and of the standard deviation, against exact fractions, on average over some draws; 16 is"
    ]
    lines += ["all of them.", ""]
    lines += digits(data["accuracy"])
    for topic in TOPICS:
        of_topic = [row for row in rows if row["topic"] == topic]
        if not of_topic:
            continue
        lines += ["", f"## {topic}", ""]
        lines += [f"![{topic}]({plots[topic]})", ""] if topic in plots else []
        lines += table(of_topic)
    return "\n".join(lines) + "\n"


def steps_text(points: list[dict[str, Any]]) -> str:
    """Say where a line goes up."""
    found = steps(points)
    return f"In this run these did: {'; '.join(found)}." if found else "In this run none did."


def digits(rows: list[dict[str, Any]]) -> list[str]:
    """Return the table of correct digits."""
    heads = list(rows[0])
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in rows:
        cells = [f"{mean:.1f}, {std:.1f}" for mean, std in list(row.values())[1:]]
        lines.append(f"| {row['data']} | {' | '.join(cells)} |")
    return lines


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Return the table of a topic: a line for each case, a column for each level."""
    levels = [level for level in LEVELS if any(row["level"] == level for row in rows)]
    cases: dict[tuple[Any, ...], dict[str | None, dict[str, Any]]] = {}
    for row in rows:
        key = (row["function"], row["what"], row["peer"], row["threads"])
        cases.setdefault(key, {})[row["level"]] = row
    heads = ["function", "input", "peer", "threads", *(LEVELS[level] for level in levels), "remarks"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for (function, what, peer, threads), case in cases.items():
        cells = [cell(case[level]) if level in case else "" for level in levels]
        below = [row for row in case.values() if is_missed(row)]
        remark = below[0]["reason"] if below else ""
        lines.append(
            f"| `{function}` | {what} | {peer} | {threads} | {' | '.join(cells)} | {remark} |".replace(
                "  ", " "
            )
        )
    return lines


def cell(row: dict[str, Any]) -> str:
    """Return a figure with its spread, and the aim beside it."""
    text = f"{row['ratio']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
    if row["must"] is None:
        return text
    return f"{text}, **below {row['must']:g}**" if is_missed(row) else f"{text}, aim {row['must']:g}"


def plot(data: dict[str, Any], folder: Path) -> dict[str, str]:
    """Draw a chart for each topic, the curves and the shares; return the paths, relative to the page."""
    try:
        import matplotlib
    except ImportError:
        return {}
    matplotlib.use("svg")
    # Text as text: as outlines it would be most of the file.
    matplotlib.rcParams |= {"svg.hashsalt": "fixed", "svg.fonttype": "none"}
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    paths = {}

    def save(figure: Any, name: str) -> None:
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
        plt.close(figure)
        paths[name] = f"{folder.name}/{name}.svg"

    for topic in TOPICS:
        shown = [row for row in data["rows"] if row["topic"] == topic and row["level"] is None][::-1]
        if shown:
            save(plot_ratios(plt, shown), topic)
    if data["curves"]:
        save(plot_curves(plt, data["curves"]), "curves")
    if data["shares"]:
        save(plot_shares(plt, data["shares"]), "limits")
    return paths


def plot_ratios(plt: Any, rows: list[dict[str, Any]]) -> Any:
    """Draw how many times faster we are."""
    figure, axes = plt.subplots(figsize=(9, 0.6 + 0.22 * len(rows)), layout="constrained")
    names = [f"{row['function']} {row['what']}, {row['peer']} ({row['threads']}t)" for row in rows]
    colors = ["#b5533c" if is_missed(row) else "#3a6ea5" for row in rows]
    axes.barh(range(len(rows)), [row["ratio"] for row in rows], color=colors)
    axes.set_yticks(range(len(rows)), names, fontsize=7)
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xlabel("peer's time / our time")
    axes.margins(y=0.01)
    return figure


def plot_curves(plt: Any, curves: list[dict[str, Any]]) -> Any:
    """Draw time against size, and rates against what they depend on."""
    charts = list(dict.fromkeys(point["chart"] for point in curves))
    figure, grid = plt.subplots(2, 3, figsize=(10, 6), layout="constrained")
    for axes, chart in zip(grid.flat, charts, strict=False):
        of_chart = [point for point in curves if point["chart"] == chart]
        for who in dict.fromkeys(point["who"] for point in of_chart):
            line = [(point["x"], point["y"]) for point in of_chart if point["who"] == who]
            axes.plot(*zip(*line, strict=True), "o-" if who == "ours" else "o--", markersize=3, label=who)
        across, up = LABELS[chart]
        axes.set_title(chart, fontsize=9)
        axes.set(xlabel=across, ylabel=up)
        if across in ("elements", "characters"):
            axes.set(xscale="log")
        if across == "elements":
            axes.set(yscale="log")
        else:
            axes.set(ylim=(0, None))
        axes.legend(fontsize=8)
    return figure


def plot_shares(plt: Any, shares: list[dict[str, Any]]) -> Any:
    """Draw the shares of the limits, two bars for each case."""
    names = list(dict.fromkeys(share["what"] for share in shares))[::-1]
    figure, axes = plt.subplots(figsize=(9, 0.8 + 0.3 * len(names)), layout="constrained")
    for who, offset, color in (("ours", 0.2, "#3a6ea5"), ("NumPy", -0.2, "#b9b9b9")):
        of = {share["what"]: 100 * share["share"] for share in shares if share["who"] == who}
        axes.barh(
            [i + offset for i in range(len(names))], [of[name] for name in names], 0.4, color=color, label=who
        )
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.axvline(100, color="black", linewidth=1)
    axes.set_xlabel("percent of the limit")
    axes.margins(y=0.01)
    axes.legend(fontsize=8)
    return figure
