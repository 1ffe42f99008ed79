"""Pi by random points: the same points as in NumPy, the law of their error, and every argument."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from interrupt import interrupted

import rust_numpy_example as rne

BLOCK = 1 << 20
MASK = (1 << 64) - 1


def split_mix(start: int, indices: np.ndarray) -> np.ndarray:
    """Numbers of the SplitMix64 sequence."""
    z = np.uint64(start) + (indices + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def rotate_left(x: np.ndarray, bits: int) -> np.ndarray:
    return (x << np.uint64(bits)) | (x >> np.uint64(64 - bits))


def reference(n_samples: int, rng: np.random.Generator) -> float:
    """The documented algorithm in NumPy: 32 streams of xoshiro256++ a block, exact test."""
    key = rng.integers(0, MASK, size=4, dtype="uint64", endpoint=True).tolist()
    inside = 0
    for block in range(-(-n_samples // BLOCK)):
        samples = min(BLOCK, n_samples - block * BLOCK)
        streams = np.arange(32, dtype=np.uint64) + np.uint64(32 * block)
        s0, s1, s2, s3 = (split_mix(start, streams) for start in key)
        for first in range(0, samples, 32):
            out = rotate_left(s0 + s3, 23) + s0
            t = s1 << np.uint64(17)
            s2 = s2 ^ s0
            s3 = s3 ^ s1
            s1 = s1 ^ s2
            s0 = s0 ^ s3
            s2 = s2 ^ t
            s3 = rotate_left(s3, 45)
            x = (out & np.uint64(0xFFFFFFFF)) | np.uint64(1)
            y = (out >> np.uint64(32)) | np.uint64(1)
            x2 = x * x
            is_inside = x2 + y * y >= x2
            inside += int(np.count_nonzero(is_inside[: samples - first]))
    return 4.0 * inside / n_samples


@given(st.integers(1, 3000), st.integers(0, 2**64))
def test_small_estimates_equal_the_reference_in_numpy(n_samples: int, seed: int) -> None:
    assert rne.monte_carlo_pi(n_samples, rng=seed) == reference(n_samples, np.random.default_rng(seed))


@pytest.mark.thorough
def test_an_estimate_of_several_blocks_equals_the_reference_in_numpy() -> None:
    n_samples = BLOCK + 12_347
    assert rne.monte_carlo_pi(n_samples, rng=3) == reference(n_samples, np.random.default_rng(3))


@pytest.mark.thorough
@pytest.mark.parametrize("level", rne.build_info()["simd_available"])
def test_every_cpu_level_gives_the_same_bits(level: str) -> None:
    code = "import rust_numpy_example as r; print([r.monte_carlo_pi(n, rng=5).hex() for n in (1, 1000, 3_000_001)])"
    environment = {**os.environ, "RUST_NUMPY_EXAMPLE_SIMD": level}
    out = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == str([rne.monte_carlo_pi(n, rng=5).hex() for n in (1, 1000, 3_000_001)])


@pytest.mark.parametrize("n_samples", [1, 1000, BLOCK, 5 * BLOCK + 1, 20_000_000])
def test_the_number_of_threads_does_not_change_a_bit(n_samples: int) -> None:
    results = {rne.monte_carlo_pi(n_samples, rng=11, workers=workers) for workers in (1, 2, 3, 5, 16, None)}
    assert len(results) == 1


def test_the_error_over_a_thousand_seeds_has_the_law_of_the_binomial() -> None:
    n_samples, runs = 20_000, 1000
    sigma = math.sqrt(math.pi * (4 - math.pi) / n_samples)
    z = np.array([(rne.monte_carlo_pi(n_samples, rng=seed) - math.pi) / sigma for seed in range(runs)])
    # The sum of squares has a chi-square law of 1000 degrees; the limits are 5 sigma wide.
    assert abs((z**2).sum() - runs) < 5 * math.sqrt(2 * runs)
    assert abs(z.sum()) < 5 * math.sqrt(runs)
    counts = np.histogram(z, [-np.inf, -1.2816, -0.5244, 0, 0.5244, 1.2816, np.inf])[0]
    expected = runs * np.array([0.1, 0.2, 0.2, 0.2, 0.2, 0.1])
    assert ((counts - expected) ** 2 / expected).sum() < 25


def test_many_samples_come_close_to_pi() -> None:
    assert abs(rne.monte_carlo_pi(400_000_000, rng=1) - math.pi) < 5 * 1.642 / math.sqrt(4e8)


def test_rng_takes_what_default_rng_takes() -> None:
    expected = rne.monte_carlo_pi(5000, rng=42)
    for rng in (
        np.int64(42),
        np.random.SeedSequence(42),
        np.random.PCG64(42),
        np.random.default_rng(42),
    ):
        assert rne.monte_carlo_pi(5000, rng=rng) == expected, rng
    assert rne.monte_carlo_pi(5000, rng=[42, 1]) != expected
    assert rne.monte_carlo_pi(5000, rng=np.random.MT19937(42)) != expected
    # Two estimates may be equal by chance; ten are not.
    assert len({rne.monte_carlo_pi(100_000) for _ in range(10)}) > 1


def test_a_generator_moves_on_and_an_integer_does_not() -> None:
    rng = np.random.default_rng(9)
    estimates = [rne.monte_carlo_pi(100_000, rng=rng) for _ in range(3)]
    assert len(set(estimates)) == 3
    rng = np.random.default_rng(9)
    assert estimates == [reference(100_000, rng) for _ in range(3)]


@pytest.mark.parametrize("rng", ["text", 1.5, -1, object()])
def test_what_numpy_refuses_as_rng_is_refused(rng: object) -> None:
    with pytest.raises((TypeError, ValueError)) as expected:
        np.random.default_rng(rng)  # type: ignore[arg-type]
    with pytest.raises(expected.type):
        rne.monte_carlo_pi(10, rng=rng)  # type: ignore[arg-type]


@pytest.mark.parametrize("n_samples", [0, -1, -(10**30), 2**63, 10**30])
def test_a_number_out_of_range_is_a_value_error(n_samples: int) -> None:
    with pytest.raises(
        ValueError, match=r"monte_carlo_pi: argument n_samples, got .*, expected an integer from 1"
    ):
        rne.monte_carlo_pi(n_samples)


@pytest.mark.parametrize("n_samples", [1e6, 1.5, np.float64(3), "10", None, [10], np.array([10, 11]), 1j])
def test_what_is_no_integer_is_a_type_error(n_samples: object) -> None:
    with pytest.raises(TypeError, match=r"monte_carlo_pi: argument n_samples, got \w+, expected an integer"):
        rne.monte_carlo_pi(n_samples)  # type: ignore[arg-type]


def test_integers_of_numpy_are_integers() -> None:
    for number in (np.int16(1000), np.uint64(1000), np.array(1000)):
        assert rne.monte_carlo_pi(number, rng=1) == rne.monte_carlo_pi(1000, rng=1)


@pytest.mark.parametrize("workers", [0, -1, 1025])
def test_workers_out_of_range_are_a_value_error(workers: int) -> None:
    with pytest.raises(ValueError, match="argument workers, got .*, expected None or 1 to 1024"):
        rne.monte_carlo_pi(10, workers=workers)


@pytest.mark.parametrize("n_samples", [1, BLOCK, 10 * BLOCK + 5, 300 * BLOCK])
def test_progress_is_reported_in_order_and_changes_nothing(n_samples: int) -> None:
    seen: list[tuple[int, int]] = []
    threads = set()

    def progress(done: int, total: int) -> None:
        seen.append((done, total))
        threads.add(threading.get_ident())

    result = rne.monte_carlo_pi(n_samples, rng=1, progress=progress, workers=2)
    assert result == rne.monte_carlo_pi(n_samples, rng=1)
    assert [total for _, total in seen] == [n_samples] * len(seen)
    done = [done for done, _ in seen]
    assert done == sorted(set(done))
    assert done[-1] == n_samples
    assert len(seen) >= min(100, n_samples // BLOCK)
    assert threads == {threading.get_ident()}


@pytest.mark.native
def test_an_exception_of_progress_stops_the_work() -> None:
    class Enough(Exception):
        pass

    calls = 0

    def progress(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Enough

    start = time.process_time()
    with pytest.raises(Enough):
        rne.monte_carlo_pi(10**15, rng=1, progress=progress)
    assert calls == 3
    assert time.process_time() - start < 5


def test_progress_may_call_the_function_again() -> None:
    inner: list[float] = []
    rne.monte_carlo_pi(
        3 * BLOCK, rng=1, progress=lambda *_: inner.append(rne.monte_carlo_pi(2 * BLOCK, rng=2))
    )
    assert set(inner) == {rne.monte_carlo_pi(2 * BLOCK, rng=2)}


def test_progress_that_cannot_be_called_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="argument progress, got int, expected a callable or None"):
        rne.monte_carlo_pi(10, progress=1)  # type: ignore[arg-type]


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_stops_it(workers: int) -> None:
    with interrupted():
        rne.monte_carlo_pi(10**14, workers=workers)


def test_other_threads_run_meanwhile() -> None:
    ticks = 0
    stop = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not stop.is_set():
            ticks += 1
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    rne.monte_carlo_pi(500_000_000, workers=1)
    stop.set()
    thread.join()
    assert ticks > 10


@pytest.mark.parametrize(
    ("rng", "error", "got"), [(-1, ValueError, "-1"), ("a", TypeError, "str"), (1.5, TypeError, "float")]
)
def test_a_source_of_randomness_that_is_none_is_named(rng: Any, error: type[Exception], got: str) -> None:
    with pytest.raises(
        error, match=rf"^monte_carlo_pi: argument rng, got {got}, expected None, an int from 0"
    ):
        rne.monte_carlo_pi(100, rng=rng)
