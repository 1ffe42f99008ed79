"""Statistics of data whose mean and deviation are certified: those of NIST that a rule makes, and Michelson's.

From the Statistical Reference Datasets of NIST (https://www.itl.nist.gov/div898/strd): NumAcc1 to NumAcc4
and Michelso. A figure is the number of right digits (LRE, log relative error), at most 15.
The decimals of the data are no binary fractions: so many digits are lost before anything is computed, and
exact arithmetic on what is stored says how many.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from test_accuracy import exact_statistics

import rust_numpy_example as rne

MICHELSON = """
850 740 900 1070 930 850 950 980 980 880 1000 980 930 650 760 810 1000 1000 960 960 960 940 960 940 880 800 850
880 900 840 830 790 810 880 880 830 800 790 760 800 880 880 880 860 720 720 620 860 970 950 880 910 850 870 840
840 850 840 840 840 890 810 810 820 800 770 760 740 750 760 910 920 890 860 880 720 840 850 850 780 890 840 780
810 760 810 790 810 820 850 870 870 810 740 810 940 950 800 810 870
"""


def alternating(first: float, low: float, high: float) -> list[float]:
    return [first] + [low, high] * 500


#: Data, certified mean and certified standard deviation.
SETS = {
    "NumAcc1": ([10000001, 10000003, 10000002], 10000002, 1),
    "NumAcc2": (alternating(1.2, 1.1, 1.3), 1.2, 0.1),
    "NumAcc3": (alternating(1000000.2, 1000000.1, 1000000.3), 1000000.2, 0.1),
    "NumAcc4": (alternating(10000000.2, 10000000.1, 10000000.3), 10000000.2, 0.1),
    "Michelso": (
        [299 + int(word) / 1000 for word in MICHELSON.split()],
        299.852400000000,
        0.0790105478190518,
    ),
}


def right_digits(got: float, certified: float) -> float:
    """Return the log relative error, at most 15."""
    return 15.0 if got == certified else min(15.0, -math.log10(abs(got - certified) / abs(certified)))


def test_certified_statistics(figure: Callable[[str, str, bool], None]) -> None:
    texts, reached = [], True
    for name, (values, *certified) in SETS.items():
        data = np.array(values, float)
        stats = rne.compute_stats(data)
        best = exact_statistics(data)
        for got, exact, value in zip((stats.mean, stats.std), best, certified):
            reached &= right_digits(got, value) >= right_digits(exact, value) - 0.3
        mean, std = (right_digits(got, value) for got, value in zip((stats.mean, stats.std), certified))
        texts.append(f"{name} {mean:.1f} and {std:.1f}")
    figure(
        "Certified statistics (NIST): as many digits as exact arithmetic gets from the stored data",
        "digits of mean and std: " + ", ".join(texts),
        reached,
    )
