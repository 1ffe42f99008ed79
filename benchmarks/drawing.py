"""Pictures in SVG, in one style: text as text, for light and dark pages, with a text for who does not see them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

#: Width of all pictures, and of what stands to the left of bars.
WIDE, LEFT = 760, 290

#: Blue and orange differ for every kind of colour-blindness, and in lightness. Each has 3:1 on its background.
STYLE = """
svg { --back: #ffffff; --text: #1f2328; --soft: #59636e; --line: #d0d7de; --one: #0b5fa5; --two: #d17a00 }
@media (prefers-color-scheme: dark) {
  svg { --back: #14181e; --text: #e6edf3; --soft: #a9b4c0; --line: #3d444d; --one: #6cb6ff; --two: #b86a00 }
}
text { font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; fill: var(--text) }
.title { font-size: 17px; font-weight: 600 } .group { font-weight: 600 } .soft { fill: var(--soft); font-size: 12px }
.back { fill: var(--back) } .grid { stroke: var(--line) } .axis { stroke: var(--text) }
.one { fill: var(--one) } .two { fill: var(--two) }
path.one, path.two { fill: none; stroke-width: 2 } path.one { stroke: var(--one) }
path.two { stroke: var(--two); stroke-dasharray: 6 3 }
"""

SERIES = ("one", "two")


class Bar(NamedTuple):
    """A line of a chart: its name, and a length for each series; None where there is none."""

    name: str
    lengths: Sequence[float | None]


class Group(NamedTuple):
    """Lines that belong together."""

    name: str
    bars: Sequence[Bar]


class Picture:
    """A picture that grows downwards."""

    def __init__(self, title: str, below: str, series: Sequence[str]) -> None:
        self.parts: list[str] = []
        self.y = 30.0
        self.text(20, self.y, title, "title")
        self.y += 21
        self.text(20, self.y, below, "soft")
        self.y += 26
        self.title = title
        x = 20.0
        for name, kind in zip(series, SERIES, strict=False):
            self.box(x, self.y - 10, 12, 12, kind)
            self.text(x + 18, self.y, name)
            x += 40 + 7.2 * len(name)
        self.y += 12

    def text(self, x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> None:
        """Write a line of text."""
        name = f' class="{kind}"' if kind else ""
        place = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self.parts.append(f'<text x="{x:.5g}" y="{y:.5g}"{name}{place}>{escape(text)}</text>')

    def box(self, x: float, y: float, wide: float, high: float, kind: str) -> None:
        """Fill a rectangle."""
        self.parts.append(
            f'<rect class="{kind}" x="{x:.5g}" y="{y:.5g}" width="{max(wide, 1):.5g}" height="{high:.5g}"/>'
        )

    def line(self, x: float, y: float, x2: float, y2: float, kind: str) -> None:
        """Draw a line."""
        self.parts.append(f'<path class="{kind}" d="M{x:.5g} {y:.5g}L{x2:.5g} {y2:.5g}"/>')

    def heading(self, name: str) -> None:
        """Write the name of a group, if it has one."""
        self.y += 24 if name else 4
        if name:
            self.text(20, self.y, name, "group")
        self.y += 6

    def grid(self, places: dict[float, bool], top: float, mark: int) -> None:
        """Draw lines down to here, behind what was drawn since ``mark``: dark ones where a place says so."""
        self.parts[mark:mark] = [
            f'<path class="{"axis" if is_axis else "grid"}" d="M{x:.5g} {top:.5g}V{self.y:.5g}"/>'
            for x, is_axis in places.items()
        ]

    def svg(self, text: str) -> str:
        """Return the file; ``text`` says what the picture shows."""
        high = self.y + 14
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {high:.0f}" width="{WIDE}"'
            f' height="{high:.0f}" role="img" aria-labelledby="title text">'
        )
        names = f'<title id="title">{escape(self.title)}</title><desc id="text">{escape(text)}</desc>'
        # The background is the picture's own: what shows it may have another than the reader's settings say.
        back = f'<rect class="back" width="{WIDE}" height="{high:.0f}" rx="6"/>'
        return "\n".join([head, names, f"<style>{STYLE}</style>", back, *self.parts, "</svg>", ""])


def figure(value: float) -> str:
    """Return a number in three digits, as it is written beside a bar."""
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def ratios(title: str, below: str, series: Sequence[str], groups: Sequence[Group]) -> str:
    """Draw ratios as bars from 1 on, to the right where they are above; each has its figure beside it."""
    picture = Picture(title, below, series)
    found = [length for group in groups for bar in group.bars for length in bar.lengths if length]
    low, high = min(0.8, *found), max(2.0, *found)
    right = WIDE - 70
    scale = (right - LEFT) / math.log(high / low)

    def place(ratio: float) -> float:
        return LEFT + scale * math.log(ratio / low)

    ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200) if low <= tick <= high]
    # Where they would touch, only powers of ten.
    if any(place(after) - place(before) < 34 for before, after in zip(ticks, ticks[1:], strict=False)):
        ticks = [tick for tick in ticks if tick in (0.1, 1, 10, 100)]
    picture.y += 16
    for tick in ticks:
        picture.text(place(tick), picture.y, "as fast" if tick == 1 else f"{tick:g}×", "soft", "middle")
    for group in groups:
        picture.heading(group.name)
        top, marks = picture.y, len(picture.parts)
        for bar in group.bars:
            thick = 11
            shown = [length for length in bar.lengths if length]
            picture.text(34, picture.y + thick * len(shown) / 2 + 5, bar.name)
            for kind, length in zip(SERIES, bar.lengths, strict=False):
                if not length:
                    continue
                start, end = sorted((place(1), place(length)))
                picture.box(start, picture.y, end - start, thick - 1, kind)
                picture.text(max(end, place(1)) + 5, picture.y + thick - 1.5, figure(length), "soft")
                picture.y += thick
            picture.y += 7
        picture.grid({place(tick): tick == 1 for tick in ticks}, top, marks)
    return picture.svg(in_words(series, groups, "{} times as fast".format))


def shares(title: str, below: str, series: Sequence[str], groups: Sequence[Group]) -> str:
    """Draw shares of a limit, in percent; each has its figure beside it."""
    picture = Picture(title, below, series)
    scale = (WIDE - 90 - LEFT) / 100
    picture.y += 16
    for tick in (0, 50, 100):
        picture.text(
            LEFT + scale * tick, picture.y, "the limit" if tick == 100 else f"{tick} %", "soft", "middle"
        )
    for group in groups:
        picture.heading(group.name)
        top, marks = picture.y, len(picture.parts)
        for bar in group.bars:
            picture.text(34, picture.y + 15, bar.name)
            for kind, length in zip(SERIES, bar.lengths, strict=True):
                if length is None:
                    continue
                picture.box(LEFT, picture.y, scale * length, 10, kind)
                picture.text(LEFT + scale * length + 5, picture.y + 9.5, f"{length:.0f} %", "soft")
                picture.y += 11
            picture.y += 7
        picture.grid({LEFT + scale * tick: tick != 50 for tick in (0, 50, 100)}, top, marks)
    return picture.svg(in_words(series, groups, "{} %".format))


def in_words(series: Sequence[str], groups: Sequence[Group], how: object) -> str:
    """Say all that bars show."""
    said = []
    for group in groups:
        for bar in group.bars:
            lengths = [
                f"{how(figure(length))} ({name})"  # type: ignore[operator]
                for name, length in zip(series, bar.lengths, strict=False)
                if length is not None
            ]
            name = f"{group.name}, {bar.name}" if group.name else bar.name
            said.append(f"{name}: {', '.join(lengths)}")
    return "; ".join(said) + "."


class Panel(NamedTuple):
    """A chart of lines: its name, the labels of its axes, and the points of each series by its name."""

    name: str
    across: str
    up: str
    lines: dict[str, Sequence[tuple[float, float]]]
    log_across: bool
    log_up: bool


def panels(title: str, below: str, charts: Sequence[Panel]) -> str:
    """Draw charts of lines, two beside each other; the first series is a line, the second one dashed."""
    picture = Picture(title, below, ())
    picture.y -= 24
    wide, high = 270, 150
    said = []
    for index, chart in enumerate(charts):
        left = 75 if index % 2 == 0 else 75 + WIDE / 2 - 10
        if index % 2 == 0:
            row = picture.y + 30
        _panel(picture, chart, left, row, wide, high)
        picture.y = row + high + 70
        for name, points in chart.lines.items():
            (x, y), (x2, y2) = points[0], points[-1]
            said.append(
                f"{chart.name}, {name}: {figure(y)} {chart.up} at {number(x)} {chart.across},"
                f" {figure(y2)} at {number(x2)}"
            )
    return picture.svg("; ".join(said) + ".")


def _panel(picture: Picture, chart: Panel, left: float, top: float, wide: float, high: float) -> None:
    xs = [x for points in chart.lines.values() for x, _ in points]
    ys = [y for points in chart.lines.values() for _, y in points]
    bottom = top + 36 + high
    least = math.log(min(ys)) if chart.log_up else 0.0
    most = math.log(max(ys)) if chart.log_up else max(ys)

    def across(x: float) -> float:
        start, end = (math.log(min(xs)), math.log(max(xs))) if chart.log_across else (0.0, max(xs))
        return left + wide * ((math.log(x) if chart.log_across else x) - start) / (end - start)

    def up(y: float) -> float:
        return bottom - high * ((math.log(y) if chart.log_up else y) - least) / (most - least)

    picture.text(left - 55, top, chart.name, "group")
    place = left - 55
    for (name, _), kind in zip(chart.lines.items(), SERIES, strict=False):
        picture.line(place, top + 14, place + 22, top + 14, kind)
        picture.text(place + 27, top + 18, name, "soft")
        place += 48 + 6.6 * len(name)
    picture.text(left + wide, top + 18, chart.up, "soft", "end")
    for tick in steps(min(ys) if chart.log_up else 0, max(ys), chart.log_up):
        picture.line(left, up(tick), left + wide, up(tick), "grid")
        picture.text(left - 6, up(tick) + 4, number(tick), "soft", "end")
    picture.line(left, bottom, left + wide, bottom, "axis")
    for tick in steps(min(xs) if chart.log_across else 0, max(xs), chart.log_across, 100):
        picture.line(across(tick), bottom, across(tick), bottom + 4, "axis")
        picture.text(across(tick), bottom + 18, number(tick), "soft", "middle")
    picture.text(left + wide / 2, bottom + 34, chart.across, "soft", "middle")
    for points, kind in zip(chart.lines.values(), SERIES, strict=False):
        picture.parts.append(
            f'<path class="{kind}" d="M{"L".join(f"{across(x):.5g} {up(y):.5g}" for x, y in points)}"/>'
        )


def steps(low: float, high: float, is_log: bool, factor: float = 10) -> Iterable[float]:
    """Return round numbers for an axis."""
    if is_log:
        first, base = math.ceil(math.log10(low) - 1e-9), round(math.log10(factor))
        return [10.0**power for power in range(first, math.floor(math.log10(high) + 1e-9) + 1, base)]
    rough = (high - low) / 4
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * times for times in (1, 2, 5, 10) if size * times >= rough)
    return [low + step * index for index in range(int((high - low) / step) + 1)]


def number(value: float) -> str:
    """Return a round number as one reads it."""
    for size, name in ((1e9, " billion"), (1e6, " million")):
        if value >= size:
            return f"{value / size:g}{name}"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
