"""The error of a Monte Carlo estimate falls as one over the square root of the number of points.

    python examples/monte_carlo.py OUTPUT_FOLDER

Estimates pi many times for each of several numbers of points, and plots the error (root of the
mean square) against the number beside the law.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import matplotlib
import numpy as np

import rust_numpy_example as rne

matplotlib.use("Agg")  # no screen is needed

from matplotlib import pyplot as plt

REPEATS = 200


def errors(counts: list[int], seed: int = 1) -> list[float]:
    """Return the error for each number of points."""
    result = []
    for count in counts:
        seeds = np.random.SeedSequence([seed, count]).spawn(REPEATS)
        estimates = np.array([rne.monte_carlo_pi(count, rng=child) for child in seeds])
        result.append(float(np.sqrt(np.mean((estimates - math.pi) ** 2))))
    return result


def main(folder: Path, largest: int = 5) -> float:
    """Plot the error for 10**2 to 10**largest points; return the slope, which is near -1/2."""
    counts = [int(10 ** (k / 2)) for k in range(4, 2 * largest + 1)]
    measured = errors(counts)
    # A point is inside with the probability p = pi / 4, so that 4 times the share of n points that
    # are has the variance 16 p (1 - p) / n.
    p = math.pi / 4
    law = [4 * math.sqrt(p * (1 - p) / count) for count in counts]
    slope = float(np.polyfit(np.log(counts), np.log(measured), 1)[0])
    print(f"{'points':>10} {'error':>10} {'law':>10}")
    for count, error, expected in zip(counts, measured, law):
        print(f"{count:10,} {error:10.2e} {expected:10.2e}")
    print(f"the error falls as the number of points to the power {slope:.3f}")

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    axes.loglog(counts, law, label="4 sqrt(p (1 - p) / n), p = pi / 4")
    axes.loglog(counts, measured, "o", label=f"measured, {REPEATS} estimates each")
    axes.set(xlabel="number of points n", ylabel="error of the estimate of pi")
    axes.legend()
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "monte_carlo.png", dpi=120)
    plt.close(figure)
    print(f"written: {folder / 'monte_carlo.png'}")
    return slope


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "example_output"))
