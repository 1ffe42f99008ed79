"""The benchmarks run: a short pass over two topics, in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="the benchmarks are not beside the tests")
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
