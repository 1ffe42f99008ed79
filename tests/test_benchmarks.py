"""The benchmarks run: a short pass over two topics, in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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
