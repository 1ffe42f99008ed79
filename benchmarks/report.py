"""Writes what was measured: JSON, the page of the docs with its pictures, picture and table of the README."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
from pathlib import Path
from typing import Any

import rust_numpy_example as rne
from benchmarks.cases import TOPICS
from benchmarks.curves import steps
from benchmarks.pictures import Drawn, draw, passed
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
    (root / "docs" / "benchmarks.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    redraw(root)


def redraw(root: Path) -> None:
    """Write all that is made from the JSON."""
    data = json.loads((root / "docs" / "benchmarks.json").read_text(encoding="utf-8"))
    drawn = draw(data, root / "docs" / "benchmarks")
    (root / "docs" / "benchmarks.md").write_text(page(data, drawn), encoding="utf-8")
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8")
    picture = [line.replace("](", "](docs/") for line in drawn.markdown("overview")]
    block = [
        "<!-- benchmarks -->",
        "",
        *picture,
        f"Measured by `tox -c tools/tox.ini -e bench` on an {data['machine']['cpu']}, each on one thread, how many times as fast:",
        "",
        *headlines(data),
        "",
        "<!-- /benchmarks -->",
    ]
    text = re.sub(
        r"<!-- benchmarks -->.*?<!-- /benchmarks -->", lambda _: "\n".join(block), text, flags=re.DOTALL
    )
    readme.write_text(text, encoding="utf-8")


def headlines(data: dict[str, Any]) -> list[str]:
    """Return the table of the README."""
    chosen = [row for row in data["rows"] if row["headline"] and row["threads"] == 1]
    levels = [level for level in (None, "avx2") if any(row["level"] == level for row in chosen)]
    names = {None: NAMES[data["machine"]["build"]["simd"]], "avx2": "AVX2 only"}
    heads = ["function", "input", "instead of", *(names[level] for level in levels)]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    cases: dict[tuple[str, str, str], dict[str | None, float]] = {}
    for row in chosen:
        cases.setdefault((row["function"], row["what"], row["peer"]), {})[row["level"]] = row["ratio"]
    for (function, what, peer), ratios in cases.items():
        cells = [f"{ratios[level]:.3g}" if level in ratios else "" for level in levels]
        lines.append(f"| `{function}` | {what} | {peer} | {' | '.join(cells)} |")
    return lines


#: What people call the levels.
NAMES = {"avx512": "AVX-512", "avx2": "AVX2", "neon": "NEON", "baseline": "baseline"}

#: The columns of the page: a level that was forced, or none.
LEVELS = {None: "highest level", "avx2": "AVX2", "baseline": "baseline"}


def is_missed(row: dict[str, Any]) -> bool:
    """Whether a row is below what is aimed at."""
    return row["must"] is not None and row["ratio"] < row["must"]


def page(data: dict[str, Any], drawn: Drawn) -> str:
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
        "of the ratios of single pairs. The machine is shared: differences below a tenth are ties.",
        "",
        "All columns were measured on the one CPU that is named. In the column AVX2, NumPy, its OpenBLAS and OpenCV are",
        "held to AVX2 as this package is; the other peers, and all of them in the column baseline, use all that the CPU",
        "has. A CPU that has no more than AVX2 has other caches and clocks, too.",
        "",
        "With two threads, each side is called alone for a while before it is timed. The reason: for a tenth of a",
        "second after a product of NumPy, a thread of OpenBLAS waits for the next one at full speed. A product of",
        "this package that follows at once has one CPU less.",
        "",
        f"CPU: {machine['cpu']}, level {machine['build']['simd']}; Python {machine['python']}; {peers}.",
        "",
        f"{aimed - missed} of {aimed} aims are reached. Those that are not say so, with the reason.",
    ]
    lines += [
        "",
        "A picture shows a few cases of its topic, with the highest level and with AVX2; the table has all of them. A bar",
        "starts where both are as fast, and goes to the left where the peer is faster.",
        "",
        *drawn.markdown("overview"),
    ]
    if "curves" in drawn:
        lines += ["## Time against size", "", *drawn.markdown("curves")]
        lines += ["Sizes are measured with all threads: where they start, no line should go up."]
        lines += [steps_text(data["curves"]), "", *drawn.markdown("threads")]
    if "limits" in drawn:
        lines += ["## Share of the limits of the machine", "", *drawn.markdown("limits")]
        lines += [
            "On one thread: of the multiply-adds that the CPU does in registers, of the bytes that it reads,"
        ]
        lines += [
            "or reads and writes, in memory of that size (`cargo bench --bench limits`); of memory the most that"
        ]
        lines += [
            "was seen, by that loop or by a bare one that takes its turn with the calls over the same array."
        ]
        if wrong := passed(data["shares"]):
            lines += [
                "",
                f"Left out, as the limit was measured too low for it in this run: {'; '.join(wrong)}.",
            ]
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
        lines += drawn.markdown(topic)
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
