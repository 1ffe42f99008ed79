"""Statistics and sums against exact rational arithmetic."""

from __future__ import annotations

import fractions
import math
from collections.abc import Callable

import numpy as np

import rust_numpy_example as rne

RNG = np.random.default_rng(11)

SETS = {
    "normal": RNG.standard_normal(3000),
    "offset 1e9": RNG.standard_normal(3000) + 1e9,
    "offset 1e15": RNG.integers(0, 100, 3000) + 1e15,
    "wide range": RNG.standard_normal(3000) * 10.0 ** RNG.integers(-8, 8, 3000),
    "cancelling": np.concatenate([RNG.standard_normal(1500), -RNG.standard_normal(1500)]) * 1e6,
    "two values": np.tile([1e8 + 0.1, 1e8 - 0.1], 1500),
    # As in NIST's NumAcc sets: a large mean, and a deviation of a tenth.
    "1000000.2 and alternating": np.array([1000000.2] + [1000000.1, 1000000.3] * 500),
    "10000000.2 and alternating": np.array([10000000.2] + [10000000.1, 10000000.3] * 500),
}


def exact_statistics(values: np.ndarray) -> tuple[float, float]:
    """Return the mean and the standard deviation by exact arithmetic, rounded once."""
    numbers = [fractions.Fraction(x) for x in values.tolist()]
    mean = sum(numbers, fractions.Fraction()) / len(numbers)
    variance = sum(((x - mean) ** 2 for x in numbers), fractions.Fraction()) / (len(numbers) - 1)
    # The root of a fraction, with 60 bits more than a float has.
    scaled = math.isqrt(int(variance * 2**240))
    return float(mean), float(fractions.Fraction(scaled, 2**120))


def _digits(got: float, exact: float) -> float:
    return 17.0 if got == exact else min(17.0, -math.log10(abs(got - exact) / abs(exact)))


def test_statistics_are_at_least_as_exact_as_numpys(figure: Callable[[str, str, bool], None]) -> None:
    worst = {"mean": 17.0, "std": 17.0}
    for name, values in SETS.items():
        mean, std = exact_statistics(values)
        stats = rne.compute_stats(values)
        for what, got, exact, numpys in (
            ("mean", stats.mean, mean, float(values.mean())),
            ("std", stats.std, std, float(values.std(ddof=1))),
        ):
            digits = _digits(got, exact)
            # A mean near zero is the difference of large numbers: so many digits are lost in any sum.
            lost = math.log10(np.abs(values).mean() / abs(exact)) if what == "mean" else 0.0
            assert digits >= min(_digits(numpys, exact), 15.0 - lost), (name, what, got, exact, numpys)
            worst[what] = min(worst[what], digits + lost)
    text = f"fewest digits right over {len(SETS)} sets (of those that the data allow): mean {worst['mean']:.1f}, std {worst['std']:.1f}"
    figure("Statistics against exact fractions, never fewer digits than NumPy", text, worst["mean"] > 14)


def test_constant_float32_has_no_deviation() -> None:
    for dtype in ("f4", "f2", "f8"):
        stats = rne.compute_stats(np.full(100_000, 1000.1, dtype))
        assert stats.std == 0 and stats.mean == float(np.array(1000.1, dtype))


def test_sums_are_near_the_exact_one(figure: Callable[[str, str, bool], None]) -> None:
    worst = 0.0
    for values in SETS.values():
        exact = sum((fractions.Fraction(x) for x in values.tolist()), fractions.Fraction())
        size = sum((abs(fractions.Fraction(x)) for x in values.tolist()), fractions.Fraction())
        worst = max(worst, float(abs(fractions.Fraction(rne.sum_array(values)) - exact) / size) / 2**-53)
        assert rne.parallel_sum(values.tolist()) == float(exact) or abs(
            rne.parallel_sum(values.tolist()) - exact
        ) <= math.ulp(float(exact))
    figure(
        "Sums against exact fractions",
        f"largest error {worst:.2f} units of 2**-53 of the sum of magnitudes",
        worst < 10,
    )
