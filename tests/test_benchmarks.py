"""The benchmarks run: a short pass over two topics, in processes of their own."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[1]

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="the benchmarks are not beside the tests"),
]


@pytest.mark.parametrize("topic", ["fibonacci", "interop", "processor"])
def test_a_topic_is_measured(topic: str) -> None:
    command = [
        sys.executable,
        str(ROOT / "benchmarks"),
        "--worker",
        topic,
        "--threads",
        "1",
        "--budget",
        "0.01",
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert rows and all(row["ratio"] > 0 for row in rows)


#: A share, a time or a ratio that somebody has typed: figures of the page are measured with it.
FIGURE = re.compile(
    r"\d ?%|\d ?[nµm]?s\b|\d times\b|\bpercent\b|\b(?:half|thirds?|quarters?|fifths?|tenths?) of\b"
)


def test_reasons_hold_no_figures_that_nobody_measures() -> None:
    found = []
    for path in sorted((ROOT / "benchmarks" / "cases").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and FIGURE.search(node.value):
                found.append(f"{path.name}:{node.lineno}: {node.value}")
    assert found == []
    for text in "82 % of the adds", "40 ns a row", "1.37 times as fast", "a quarter of the time":
        assert FIGURE.search(text)


def test_a_step_upwards_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    # The package that is installed, not the one beside the benchmarks, is loaded already.
    curves = pytest.importorskip("benchmarks.curves")
    points = [
        {"chart": "sum_array", "who": who, "x": size, "y": up}
        for who, ups in (("ours", (1.0, 1.1, 2.0)), ("NumPy", (1.0, 1.0, 1.1)))
        for size, up in zip((10, 100, 1000), ups, strict=True)
    ]
    assert curves.steps(points) == ["sum_array from 100 to 1000: 1.82"]
    assert curves.steps(points[:2] + points[3:5]) == []


def test_pictures_show_what_was_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(ROOT)
    pictures = pytest.importorskip("benchmarks.pictures")
    data = json.loads((ROOT / "docs" / "benchmarks.json").read_text(encoding="utf-8"))
    folder = tmp_path / "benchmarks"
    drawn = pictures.draw(data, folder)
    for name, (path, text) in drawn.items():
        svg = (folder / f"{name}.svg").read_text(encoding="utf-8")
        assert svg == (ROOT / "docs" / path).read_text(encoding="utf-8"), "python benchmarks --redraw"
        root = ElementTree.fromstring(svg)
        assert len(root.findtext("{*}title")) > 3 and len(root.findtext("{*}desc")) > 20 < len(text)
    kept = {path.name for path in (ROOT / "docs" / "benchmarks").iterdir()}
    assert kept == {path.name for path in folder.iterdir()}
    measured = {(row["topic"], row["function"], row["peer"], row["what"]) for row in data["rows"]}
    for topic, shown in pictures.PICTURES.items():
        cases = {(topic, function, peer, what) for _, function, peer, whats in shown for what in whats}
        assert len(cases) <= 20
        # A case that was renamed would leave its picture without a word.
        assert cases <= measured or topic not in {of for of, *_ in measured}, topic


def test_no_share_of_a_limit_is_above_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(ROOT)
    pictures = pytest.importorskip("benchmarks.pictures")
    data = json.loads((ROOT / "docs" / "benchmarks.json").read_text(encoding="utf-8"))
    data["shares"] = [
        {"what": f"sum_array float64 {size}", "limit": "", "who": who, "share": share}
        for size, share in (("1e+04", 0.5), ("1e+05", 1.01))
        for who in ("ours", "NumPy")
    ]
    pictures.draw(data, tmp_path)
    svg = (tmp_path / "limits.svg").read_text(encoding="utf-8")
    assert "10,000 elements" in svg and "100,000 elements" not in svg
    assert pictures.passed(data["shares"]) == ["sum_array float64 1e+05"]
