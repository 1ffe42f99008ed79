"""What type checkers refuse: mypy says so in each line here, or that its `type: ignore` is for nothing."""

from __future__ import annotations

import numpy as np

import rust_numpy_example as rne

words: list[str] = rne.sum_array([1, 2])  # type: ignore[assignment]
whole: int = rne.sum_array(np.ones(3))  # type: ignore[assignment]
mean: int = rne.compute_stats([1, 2]).mean  # type: ignore[assignment]
rne.compute_stats([1, 2])["median"].upper()  # type: ignore[union-attr]
print(rne.compute_stats([1, 2]).median)  # type: ignore[attr-defined]
rne.quantiles([1, 2], 0.5, method="nearst")  # type: ignore[call-overload]
rne.process_image(np.ones((3, 3)), "blurr")  # type: ignore[call-overload]
rne.build_info()["threads"]  # type: ignore[typeddict-item]
