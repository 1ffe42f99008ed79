"""Coverage-guided fuzzing of what Python's objects hold, or Python reads: needs atheris.

``python fuzz/fuzz_targets/by_atheris.py npy fuzz/corpus/npy -max_total_time=600``. The target is the property of that name in
`tests/properties`.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import atheris

# Imported before, as it is: what NumPy does is not what is looked for.
import numpy as np  # noqa: F401

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
TARGET = sys.argv.pop(1)
with atheris.instrument_imports(include=["properties", "rust_numpy_example"]):
    target = importlib.import_module(f"properties.{TARGET}")

atheris.Setup(sys.argv, target.check)
atheris.Fuzz()
