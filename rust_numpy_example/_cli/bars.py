"""Histograms as they are shown: a line of a terminal, or a picture in SVG."""

from __future__ import annotations

import sys
from collections.abc import Sequence

#: Heights of a bar, from nothing on: for a terminal with block elements, and for any.
BLOCKS, ASCII = " ▁▂▃▄▅▆▇█", " .:-=+*#@"


class Histogram:
    """Neighbouring bins of one width, and how many numbers are in each."""

    def __init__(self, start: float, width: float, counts: Sequence[int]) -> None:
        self.start, self.width, self.counts = start, width, counts

    def edges(self) -> list[float]:
        """Return where the bins start, and where the last one ends."""
        # In this order, since the width times a number of bins may be infinite.
        first = self.start / self.width
        return [(first + index) * self.width for index in range(len(self.counts) + 1)]

    def quantile(self, level: float) -> float:
        """Return below which number the share ``level`` lies, if the numbers of each bin are spread evenly in it."""
        rest = level * sum(self.counts)
        for index, count in enumerate(self.counts):
            if count and rest <= count:
                return (self.start / self.width + index + rest / count) * self.width
            rest -= count
        return self.edges()[-1]


def sparkline(counts: Sequence[int]) -> str:
    """Return a line with a bar for each count; what is not nothing is seen."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        BLOCKS.encode(encoding)
        levels = BLOCKS
    except (UnicodeEncodeError, LookupError):
        levels = ASCII
    most = max(counts, default=0)
    top = len(levels) - 1
    return "".join(levels[-(-count * top // most)] if count else levels[0] for count in counts)


def describe(name: str, histogram: Histogram, shown: Sequence[str]) -> str:
    """Return in words what a histogram shows, for who does not see it."""
    counts = histogram.counts
    peak = max(range(len(counts)), key=lambda index: counts[index])
    start, end = shown[peak], shown[peak + 1]
    return (
        f"Histogram of {name}: {sum(counts):,} numbers from {shown[0]} to {shown[-1]} in {len(counts)} bins; most,"
        f" {counts[peak]:,}, from {start} to {end}"
    )


#: The size of a histogram in SVG, in units of its own.
WIDE, HIGH = 320, 96


def svg(name: str, histogram: Histogram, low: str, high: str) -> str:
    """Return a picture, which scales and has the colour of the text around it."""
    from html import escape

    edges = [f"{edge:.6g}" for edge in histogram.edges()]
    counts = histogram.counts
    most, step = max(counts), WIDE / len(counts)
    bars = []
    for index, count in enumerate(counts):
        if not count:
            continue
        # What is not nothing is seen.
        height = max(HIGH * count / most, 1)
        bars.append(
            f'<rect x="{index * step:.2f}" y="{HIGH - height:.2f}" width="{max(step - 1, step * 0.8):.2f}"'
            f' height="{height:.2f}"><title>{escape(edges[index])} to {escape(edges[index + 1])}: {count:,}</title></rect>'
        )
    title = escape(describe(name, histogram, edges))
    return (
        f'<svg viewBox="0 0 {WIDE} {HIGH + 22}" role="img" aria-label="{title}">'
        f'<g class="bars">{"".join(bars)}</g><path d="M0 {HIGH}.5H{WIDE}"/>'
        f'<text x="0" y="{HIGH + 18}">{escape(low)}</text>'
        f'<text x="{WIDE}" y="{HIGH + 18}" text-anchor="end">{escape(high)}</text></svg>'
    )
