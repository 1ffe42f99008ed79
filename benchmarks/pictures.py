"""What the pictures of the benchmarks show: of each topic a few cases, grouped by what a reader would call.

The tables hold all cases. Pictures are drawn from ``docs/benchmarks.json``; ``python benchmarks --redraw`` draws
them, and writes the page, without measuring anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.drawing import Bar, Group, Panel, panels, ratios, shares

#: Groups of a picture: their name, the function, the peer, and the cases with the words for them.
Shown = Sequence[tuple[str, str, str, dict[str, str]]]

PICTURES: dict[str, Shown] = {
    "linalg": (
        (
            "matrix_multiply beside NumPy, float64",
            "matrix_multiply",
            "NumPy",
            {
                "float64 8x8": "8 × 8",
                "float64 64x64": "64 × 64",
                "float64 256x256": "256 × 256",
                "float64 1000x1000": "1000 × 1000",
                "float64 A.T @ B, 512": "512 × 512, the first transposed",
                "float64 10000x64 @ 64x64": "10,000 × 64 by 64 × 64",
                "float64 10000 x (4, 4)": "10,000 pairs of 4 × 4",
                "float64 A @ x, 1000": "1000 × 1000 by a vector",
            },
        ),
        (
            "matrix_multiply beside NumPy, 1000 × 1000",
            "matrix_multiply",
            "NumPy",
            {
                f"{dtype} 1000x1000": dtype
                for dtype in ("float32", "complex64", "float16", "int64", "int32", "int16", "int8", "bool")
            },
        ),
    ),
    "elementwise": (
        (
            "array_multiply beside NumPy, float64, with out=",
            "array_multiply",
            "NumPy",
            {
                "float64 1e+03, out=": "1000 elements",
                "float64 3e+05, out=": "300,000 elements",
                "float64 1e+07, out=": "10 million elements",
            },
        ),
        (
            "array_multiply beside NumPy, float64, a new array",
            "array_multiply",
            "NumPy",
            {"float64 1e+03, new": "1000 elements", "float64 1e+07, new": "10 million elements"},
        ),
        ("process_data beside NumPy", "process_data", "NumPy", {"float64 1e7": "10 million elements"}),
        ("process_numbers beside NumPy", "process_numbers", "NumPy", {"float64 1e7": "10 million elements"}),
    ),
    "reduce": (
        *(
            (
                f"sum_array beside NumPy's sum, {dtype}",
                "sum_array",
                "NumPy a.sum()",
                {
                    f"{dtype} 1e+03": "1000 elements",
                    f"{dtype} 1e+05": "100,000 elements",
                    f"{dtype} 1e+07": "10 million elements",
                },
            )
            for dtype in ("float64", "int64")
        ),
        (
            "parallel_sum of a list beside Python's sum",
            "parallel_sum",
            "builtin sum",
            {
                "small ints 1e+06": "a million small integers",
                "40-bit ints 1e+06": "a million integers of 40 bits",
                "mixed with big ints 1e+06": "a million, some of them large",
                "floats 1e+06": "a million floats",
            },
        ),
        ("cpu_intensive beside np.sin(x).sum()", "cpu_intensive", "np.sin(x).sum()", {"1e+07": "10 million"}),
        ("cpu_intensive beside numkong", "cpu_intensive", "numkong, in chunks", {"1e+07": "10 million"}),
    ),
    "stats": (
        (
            "compute_stats beside four calls of NumPy",
            "compute_stats",
            "NumPy, four calls",
            {
                "float64 1e+03": "1000 float64",
                "float64 1e+05": "100,000 float64",
                "float64 1e+07": "10 million float64",
                "float32 1e+07": "10 million float32",
                "int64 1e+07": "10 million int64",
                "int32 1e+07": "10 million int32",
                "float64 a[::2] 1e+07": "every second of 10 million",
                "float64 (1000, 10000) axis=0": "1000 × 10,000, axis 0",
                "float64 (1000, 10000) axis=1": "1000 × 10,000, axis 1",
            },
        ),
        (
            "compute_stats beside four nan functions of NumPy",
            "compute_stats",
            "NumPy, four nan calls",
            {"float64 1e+06, nan_policy='omit'": "a million float64, NaN left out"},
        ),
        (
            "compute_stats beside polars",
            "compute_stats",
            "polars, four calls",
            {"float64 1e+07": "10 million float64"},
        ),
        (
            "compute_stats beside bottleneck",
            "compute_stats",
            "bottleneck, four calls",
            {"float64 1e+07": "10 million float64"},
        ),
    ),
    "window": (
        *(
            (
                f"moving_average of a million float64 beside {peer}",
                "moving_average",
                peer,
                {
                    f"float64 1e6, window {window}": f"windows of {window:,}"
                    for window in ((5, 100, 10_000) if peer == "pandas" else (100,))
                },
            )
            for peer in ("pandas", "polars", "bottleneck", "numbagg")
        ),
        (
            "moving_average of other dtypes beside pandas",
            "moving_average",
            "pandas",
            {
                f"{dtype} 1e6, window 100": f"a million {dtype}, windows of 100"
                for dtype in ("float32", "int64")
            },
        ),
    ),
    "quantiles": (
        (
            "quantiles beside NumPy",
            "quantiles",
            "NumPy",
            {
                "float64 1e+05, median": "median of 100,000 float64",
                "float64 1e+07, median": "median of 10 million float64",
                "float64 1e+07, quartiles": "quartiles of 10 million float64",
                "float64 1e+06, 99 percentiles": "99 percentiles of a million",
                "float64 1e+06, weighted quartiles": "weighted quartiles of a million",
                "float64 1e+06, median, nan_policy='omit'": "median of a million, NaN left out",
                "int64 1e+06, quartiles": "quartiles of a million int64",
                "uint8 1e+06, quartiles": "quartiles of a million uint8",
                "float64 (1000, 1000) axis=0, median": "medians of 1000 columns of 1000",
            },
        ),
        (
            "quantiles beside polars",
            "quantiles",
            "polars",
            {"float64 1e+07, median": "median of 10 million float64"},
        ),
        (
            "quantiles beside bottleneck",
            "quantiles",
            "bottleneck nanmedian",
            {"float64 1e+07, median": "median of 10 million float64"},
        ),
    ),
    "words": (
        (
            "word_count beside collections.Counter",
            "word_count",
            "collections.Counter",
            {
                "ASCII, 5e+01 characters": "ASCII, 50 characters",
                "ASCII, 1e+06 characters": "ASCII, a million characters",
                "ASCII, 2e+07 characters": "ASCII, 20 million characters",
                "ASCII, 1e+08 characters": "ASCII, 100 million characters",
                "Latin-1, Cyrillic, CJK, 2e+07 characters": "mixed scripts, 20 million",
            },
        ),
        (
            "word_count beside polars",
            "word_count",
            "polars",
            {"Latin-1, Cyrillic, CJK, 2e+07 characters": "mixed scripts, 20 million"},
        ),
        (
            "word_count_file beside lines and a Counter",
            "word_count_file",
            "lines + Counter",
            {"200 MB": "a file of 200 MB"},
        ),
    ),
    "image": (
        (
            "gaussian_blur beside OpenCV, 1920 × 1080",
            "gaussian_blur",
            "OpenCV",
            {
                "uint8 gray 1080p, sigma 1": "uint8, grey, sigma 1",
                "uint8 gray 1080p, sigma 2": "uint8, grey, sigma 2",
                "uint8 gray 1080p, sigma 5": "uint8, grey, sigma 5",
                "uint8 RGB 1080p, sigma 1": "uint8, RGB, sigma 1",
                "uint8 RGB 1080p, sigma 5": "uint8, RGB, sigma 5",
                "float32 gray 1080p, sigma 2": "float32, grey, sigma 2",
            },
        ),
        (
            "gaussian_blur beside OpenCV, 3840 × 2160",
            "gaussian_blur",
            "OpenCV",
            {
                "uint8 gray 4K, sigma 2": "uint8, grey, sigma 2",
                "uint8 gray 4K, sigma 20": "uint8, grey, sigma 20",
                "uint8 RGB 4K, sigma 2": "uint8, RGB, sigma 2",
            },
        ),
        (
            "gaussian_blur beside SciPy",
            "gaussian_blur",
            "scipy.ndimage",
            {"uint8 gray 1080p, sigma 2": "uint8, grey, sigma 2, 1920 × 1080"},
        ),
        (
            "gaussian_blur beside scikit-image",
            "gaussian_blur",
            "scikit-image",
            {"uint8 gray 1080p, sigma 2": "uint8, grey, sigma 2, 1920 × 1080"},
        ),
        (
            "sobel beside OpenCV, 1920 × 1080",
            "sobel",
            "OpenCV, three passes",
            {
                "uint8 to float32 gray 1080p": "grey, uint8 to float32",
                "uint8 to uint8 gray 1080p": "grey, uint8 to uint8",
                "uint8 to float32 RGB 1080p": "RGB, uint8 to float32",
            },
        ),
    ),
    "monte_carlo": (
        (
            "monte_carlo_pi beside NumPy",
            "monte_carlo_pi",
            "NumPy in chunks",
            {"2e7 samples": "20 million samples"},
        ),
        ("monte_carlo_pi beside numba", "monte_carlo_pi", "numba", {"2e7 samples": "20 million samples"}),
    ),
    "fibonacci": (
        (
            "fibonacci beside a loop in Python",
            "fibonacci",
            "Python loop",
            {"n = 5": "n = 5", "n = 150": "n = 150", "n = 10,000": "n = 10,000"},
        ),
        (
            "fibonacci beside gmpy2, made a Python integer",
            "fibonacci",
            "int(gmpy2.fib(n))",
            {f"n = {n:,}": f"n = {n:,}" for n in (90, 10_000, 100_000, 1_000_000)},
        ),
    ),
    "processor": (
        (
            "DataProcessor beside NumPy",
            "DataProcessor.process_chunks",
            "NumPy reshape, mean",
            {"1e+07 in chunks of 1000": "means of 10,000 chunks of 1000"},
        ),
        (
            "DataProcessor beside NumPy, adding included",
            "DataProcessor.add_data and process_chunks",
            "NumPy copy, reshape, mean",
            {
                "1e+07 in chunks of 1000": "10 million in chunks of 1000",
                "1e+06 in chunks of 10": "a million in chunks of 10",
            },
        ),
        (
            "DataProcessor.add_data beside NumPy's +=",
            "DataProcessor.add_data",
            "NumPy +=",
            {"10,000 arrays of 100": "10,000 arrays of 100"},
        ),
    ),
}

#: The titles of the pictures.
TITLES = {
    "linalg": "Matrix products",
    "elementwise": "Element by element",
    "reduce": "Sums",
    "stats": "Statistics",
    "window": "Moving averages",
    "quantiles": "Quantiles",
    "words": "Words",
    "image": "Images",
    "monte_carlo": "Simulation",
    "fibonacci": "Fibonacci numbers",
    "processor": "Chunks of a stream",
}

#: The picture of the README: a bar for a function, without groups.
OVERVIEW: Shown = tuple(
    ("", function, peer, {what: words})
    for words, function, peer, what in (
        ("Quartiles, beside NumPy", "quantiles", "NumPy", "float64 1e+07, quartiles"),
        ("Matrix product, int64, beside NumPy", "matrix_multiply", "NumPy", "int64 1000x1000"),
        ("Matrix product, float64, beside NumPy", "matrix_multiply", "NumPy", "float64 1000x1000"),
        ("Five statistics, beside NumPy", "compute_stats", "NumPy, four calls", "float64 1e+07"),
        ("Moving average, beside pandas", "moving_average", "pandas", "float64 1e6, window 100"),
        ("Counted words, beside Counter", "word_count", "collections.Counter", "ASCII, 2e+07 characters"),
        ("Gaussian blur, beside OpenCV", "gaussian_blur", "OpenCV", "uint8 gray 1080p, sigma 2"),
        ("Monte Carlo, beside NumPy", "monte_carlo_pi", "NumPy in chunks", "2e7 samples"),
    )
)

#: The labels of the axes of each chart of `benchmarks/curves.py`.
LABELS = {
    "sum_array": ("elements", "ns for an element"),
    "compute_stats": ("elements", "ns for an element"),
    "array_multiply": ("elements", "ns for an element"),
    "gaussian_blur, uint8 gray 1080p": ("sigma", "images a second"),
    "monte_carlo_pi": ("threads", "million samples a second"),
    "word_count, ASCII": ("characters", "MB a second"),
}

#: How levels are written.
LEVELS = {"avx512": "AVX-512", "avx2": "AVX2", "baseline": "x86-64 baseline"}


class Drawn(dict[str, tuple[str, str]]):
    """The pictures by name: where each is, relative to the page, and what it shows in a sentence."""

    def markdown(self, name: str) -> list[str]:
        """Return the lines that show a picture, if there is one."""
        if name not in self:
            return []
        path, text = self[name]
        return [f"![{text}]({path})", ""]


def draw(data: dict[str, Any], folder: Path) -> Drawn:
    """Write all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    drawn = Drawn()

    def save(name: str, svg: str, text: str) -> None:
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
        drawn[name] = f"{folder.name}/{name}.svg", text

    levels = _levels(data)
    below = f"Times as fast as what it is beside; each on one thread. {data['machine']['cpu']}"
    series = [LEVELS.get(level, level) for level in levels]
    for name, title, shown in (
        ("overview", "Times as fast as what one would call otherwise", OVERVIEW),
        *((topic, TITLES[topic], shown) for topic, shown in PICTURES.items()),
    ):
        if groups := _groups(data["rows"], levels, shown):
            line = f"One thread each. {data['machine']['cpu']}" if name == "overview" else below
            save(name, ratios(title, line, series, groups), _extremes(title, series[0], groups))
    if data["curves"]:
        _draw_curves(data, save)
    if data["shares"]:
        _draw_shares(data, save)
    return drawn


def _levels(data: dict[str, Any]) -> list[str]:
    """Return the level that was used, and AVX2 if that was measured besides."""
    used = data["machine"]["build"]["simd"]
    return [
        used,
        *(["avx2"] if used != "avx2" and any(row["level"] == "avx2" for row in data["rows"]) else []),
    ]


def _groups(rows: list[dict[str, Any]], levels: list[str], shown: Shown) -> list[Group]:
    found = {
        (row["function"], row["what"], row["peer"], row["level"] or levels[0]): row["ratio"]
        for row in rows
        if row["threads"] == 1
    }
    groups = []
    for name, function, peer, cases in shown:
        bars = [
            Bar(words, [found.get((function, what, peer, level)) for level in levels])
            for what, words in cases.items()
        ]
        # Of what was not measured yet there is no bar.
        if bars := [bar for bar in bars if any(bar.lengths)]:
            if not name and groups:
                bars = [*groups.pop().bars, *bars]
            groups.append(Group(name, bars))
    return groups


def _extremes(title: str, level: str, groups: list[Group]) -> str:
    """Say in a sentence what bars show."""
    bars = [
        (bar.lengths[0], f"{group.name}, {bar.name}" if group.name else bar.name)
        for group in groups
        for bar in group.bars
        if bar.lengths[0]
    ]
    (low, least), (high, most) = min(bars), max(bars)
    return (
        f"{title}: bars of how many times as fast, with {level} from {low:.2g} ({least}) to {high:.3g} ({most});"
        " the table has all figures"
    )


def _draw_curves(data: dict[str, Any], save: Any) -> None:
    charts: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for point in data["curves"]:
        who = "this package" if point["who"] == "ours" else point["who"]
        charts.setdefault(point["chart"], {}).setdefault(who, []).append((point["x"], point["y"]))
    found = [
        Panel(
            chart,
            *LABELS[chart],
            lines,
            LABELS[chart][0] in ("elements", "characters"),
            "ns" in LABELS[chart][1],
        )
        for chart, lines in charts.items()
        if LABELS[chart][0] != "threads"
    ]
    threads = data["machine"]["build"]["num_threads"]
    below = f"Functions of arrays use up to {threads} threads, the others one. {data['machine']['cpu']}"
    text = "Lines of time or rate against size, this package beside NumPy, OpenCV and Counter"
    save("curves", panels("Against size", below, found), text)
    scaling = {point["x"]: point["y"] for point in data["curves"] if LABELS[point["chart"]][0] == "threads"}
    if len(scaling) > 1:
        bars = [
            Bar(f"{count} threads" if count > 1 else "one thread", [rate / scaling[1]])
            for count, rate in scaling.items()
        ]
        title = "monte_carlo_pi on several threads"
        svg = ratios(
            title,
            f"Times as fast as on one. {data['machine']['cpu']}",
            (),
            [Group("100 million samples", bars)],
        )
        save("threads", svg, f"{title}: {max(scaling)} are {bars[-1].lengths[0]:.2f} times as fast as one")


#: Of each function of the limits: the words for it.
LIMITS = {
    "matrix_multiply float64": "Multiply-adds: matrix_multiply, float64",
    "matrix_multiply float32": "Multiply-adds: matrix_multiply, float32",
    "sum_array float64": "Bytes read: sum_array, float64",
    "compute_stats float64": "Bytes read: compute_stats, float64",
    "array_multiply by 3, out=,": "Bytes read and written: array_multiply by a number, out=",
}


def passed(shares: list[dict[str, Any]]) -> list[str]:
    """Name the cases in which a limit was passed: it was measured too low for them."""
    return list(dict.fromkeys(share["what"] for share in shares if share["share"] > 1))


def _draw_shares(data: dict[str, Any], save: Any) -> None:
    wrong = passed(data["shares"])
    groups = []
    for start, name in LIMITS.items():
        of: dict[str, list[float | None]] = {}
        for share in data["shares"]:
            size = share["what"].removeprefix(start).strip()
            if share["what"].startswith(start + " ") and share["what"] not in wrong:
                words = f"{size} × {size}" if "matrix" in start else f"{float(size):,.0f} elements"
                of.setdefault(words, [None, None])[share["who"] != "ours"] = 100 * share["share"]
        if of:
            groups.append(Group(name, [Bar(words, pair) for words, pair in of.items()]))
    below = f"Percent, on one thread: 100 is all that the machine does in a loop of nothing else. {data['machine']['cpu']}"
    text = "Bars of the shares of what the machine can do, this package beside NumPy"
    save(
        "limits", shares("Share of the limits of the machine", below, ("this package", "NumPy"), groups), text
    )
