"""The same bits for every number of threads and every CPU level."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

import rust_numpy_example as rne

SCRIPT = """
import hashlib, numpy as np, rust_numpy_example as rne
rng = np.random.default_rng(5)
data = rng.standard_normal((300, 1001)) * 10.0 ** rng.integers(-6, 6, (300, 1001))
image = rng.integers(0, 256, (97, 131)).astype("u1")
text = " ".join(rng.choice(["Word", "été", "a", "longer-than-sixteen-bytes"], 5000).tolist())
results = [rne.sum_array(data), rne.sum_array(data, 0), rne.sum_array(data[:, ::3], 1)]
for axis in (None, 0, 1):
    s = rne.compute_stats(data, axis)
    results += [s.mean, s.std, s.min, s.max]
    s = rne.compute_stats(data, axis, weights=abs(data))
    results += [s.mean, s.std, s.weight]
results += [rne.compute_stats(data, 1, by=np.arange(1001) % 7).std]
results += [rne.moving_average(data, 7), rne.moving_average(data, 100, 0)]
results += [rne.cpu_intensive(data), rne.array_multiply(data, data)]
results += [rne.gaussian_blur(image, 2.0), rne.sobel(image), rne.monte_carlo_pi(10**6, rng=3)]
for dtype in "? i1 u1 i2 u2 i4 u4 i8 u8 f2 f4 f8".split():
    factor = {"u1": 1, "i1": 1, "f2": 0.37, "f4": 0.37, "f8": 0.37}.get(dtype, 117)
    picture = (image * factor).astype(dtype)
    results += [rne.gaussian_blur(picture, sigma, mode=mode) for sigma in (0.4, 1.5, 6) for mode in ("nearest", "wrap")]
    results += [rne.process_image(picture), rne.process_image(picture, "edges")]
    results += [rne.sobel(picture, axis=axis, dtype=to) for axis in (None, 0, 1) for to in ("u1", "f4", "f8")]
results += [list(rne.word_count(text, ngrams=n).items()) for n in (1, 2)] + [rne.fibonacci(5000)]
whole = hashlib.sha256()
for result in results:
    whole.update(result.tobytes() if isinstance(result, np.ndarray) else repr(result).encode())
print(whole.hexdigest())
"""


def _digest(**environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.thorough
def test_every_level_gives_the_same(figure: Callable[[str, str, bool], None]) -> None:
    levels = rne.build_info()["simd_available"]
    digests = {_digest(RUST_NUMPY_EXAMPLE_SIMD=level) for level in levels}
    figure(
        f"Same bits at every CPU level, products of matrices aside ({', '.join(levels)})",
        f"distinct results: {len(digests)}",
        len(digests) == 1,
    )


@pytest.mark.thorough
@pytest.mark.parametrize(
    "scale", [pytest.param(1, id="quick"), pytest.param(3, id="soak", marks=pytest.mark.soak)]
)
def test_every_number_of_threads_gives_the_same(scale: int, figure: Callable[[str, str, bool], None]) -> None:
    rng = np.random.default_rng(6)
    data = rng.standard_normal((500 * scale, 1001)).astype("f4")
    image = rng.integers(0, 256, (200 * scale, 800)).astype("u1")
    text = " ".join(map(str, rng.integers(0, 5000, 60_000 * scale).tolist()))
    wide = rng.standard_normal((50, 1200)).astype("f4"), rng.standard_normal((1200, 193)).astype("f4")
    digests = set()
    for workers in range(1, 17):
        whole = hashlib.sha256()
        results = [
            rne.sum_array(data, workers=workers),
            rne.sum_array(data, 0, workers=workers),
            rne.cpu_intensive(data, workers=workers),
            rne.compute_stats(data, workers=workers).std,
            rne.compute_stats(data, 1, workers=workers).mean,
            rne.compute_stats(data, weights=abs(data), workers=workers).std,
            rne.compute_stats(data, by=data > 0.5, workers=workers).std,
            rne.moving_average(data.ravel(), 300, workers=workers),
            rne.moving_average(data, 5, 0, workers=workers),
            rne.matrix_multiply(data[:300], data[:300].T, workers=workers),
            # Results that are not in C order are computed in another way.
            rne.matrix_multiply(*wide, out=np.zeros((100, 386), "f4")[::2, ::2], workers=workers).copy(),
            rne.matrix_multiply(
                *(x.astype("c8") for x in wide), out=np.zeros((193, 50), "c8").T, workers=workers
            ).copy(),
            rne.array_multiply(data, data, workers=workers),
            rne.gaussian_blur(image, 3.0, workers=workers),
            rne.sobel(image, workers=workers),
            rne.monte_carlo_pi(1_000_000 * scale, rng=1, workers=workers),
            list(rne.word_count(text, workers=workers).items()),
            list(rne.word_count(text, ngrams=2, workers=workers).items()),
        ]
        for result in results:
            whole.update(result.tobytes() if isinstance(result, np.ndarray) else repr(result).encode())
        digests.add(whole.hexdigest())
    figure("Same bits for 1 to 16 threads", f"distinct results: {len(digests)}", len(digests) == 1)
