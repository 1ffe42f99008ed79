"""Makes the page of the command line: `python tools/cli_page.py` writes `docs/cli.md`.

The examples are run, in a folder with the files below, and stand there with what they print. What an option does is
what its help says. A test compares the examples whose output is the same everywhere.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "cli.md"
PROGRAM = "rust-numpy-example"


class Example(NamedTuple):
    """A command line that is run for the page."""

    line: str
    #: What it takes to run.
    needs: tuple[str, ...] = ()
    #: Whether it prints the same on every machine.
    is_fixed: bool = True


#: Files that the examples read, as text. Those of the package, and a picture, are there besides.
FILES = {
    "orders.csv": """\
day;customer;item;price;note
2026-03-01;Ada;tea;4,50;to be sent
2026-03-01;Bo;coffee;12,00;
2026-03-02;Ada;coffee;12,00;to be sent
2026-03-04;Cem;tea;n.v.;a gift
2026-03-04;Cem;cups;1.020,00;a gift, to be sent soon
2026-03-05;Bo
""",
    "notes.csv": """\
day,note
2026-03-01,"to be sent,
to Ada"
2026-03-02,to be sent
2026-03-04,"a gift, isn\u2019t it"
""",
    "notes.jsonl": """\
{"day": "2026-03-01", "note": "to be sent"}
{"day": "2026-03-02", "note": "to be returned", "by": "Bo"}
""",
    "survey.csv": """\
income,rooms,households
18200,2,310
27900,3,820
41500,4,540
96000,7,35
""",
    "stop.txt": "a and for in is it of that the to\n",
}

#: What each command is shown with.
EXAMPLES: dict[str, list[Example]] = {
    "stats": [
        Example("stats planets.csv --select 1-5"),
        Example("stats planets.csv --select 'name,2,/^d/,!density_kg_m3' --markdown"),
        Example("stats planets.csv --select 2-3 --all --csv"),
        Example("stats orders.csv --delimiter ';'"),
        Example(
            "stats orders.csv --delimiter ';' --decimal , --thousands . --na n.v. --on-error skip --rejects bad.csv"
        ),
        Example("stats orders.csv --delimiter ';' --on-error skip --select customer --top-values 2 --json"),
        Example("stats planets.csv --quantiles 0.9 --select 2-3"),
        Example(
            "stats orders.csv --delimiter ';' --decimal , --thousands . --na n.v. --on-error skip -g customer"
        ),
        Example("stats survey.csv --weight households --select income,rooms --quantiles 0.5"),
        Example("stats planets.csv --select mas"),
    ],
    "words": [
        Example("words prose.txt --top 5"),
        Example("words prose.txt --top 3 --stop-words stop.txt --min-count 2 --csv"),
        Example("words prose.txt --ngrams 2 --top 3"),
        Example("words notes.csv --column note --ngrams 2 --normalize --json"),
        Example("words notes.jsonl --column note --top 2"),
        Example(
            "words prose.txt stop.txt --total --top 2 --keep-case --tokenizer whitespace --encoding utf-8"
        ),
    ],
    "image": [
        Example("image blur planet.png -o soft.png --sigma 3,1 --mode nearest --preview look.png", ("PIL",)),
        Example("image edges pictures -o edges -j 2", ("PIL",)),
    ],
    "pi": [Example("pi --samples 1e6 --seed 7 --json"), Example("pi", is_fixed=False)],
    "fib": [
        Example("fib 100"),
        Example("fib 1000000 --digits"),
        Example("fib 1000000 -o f.txt"),
    ],
    "demo": [Example("demo window words", is_fixed=False)],
    "bench": [Example("bench compute_stats word_count --budget 0.3 --threads 1", is_fixed=False)],
    "info": [Example("info", is_fixed=False)],
    "new": [Example("new --dry-run --minimal my-arrays")],
    "completions": [Example("completions fish > rust-numpy-example.fish")],
}

HEAD = """\
# The command line

`rust-numpy-example COMMAND` comes with the package; so does `python -m rust_numpy_example COMMAND`. Each command has
`--help`. Standard output has what was asked for and nothing else; notes, errors (a line each) and progress, which is
shown on a terminal alone, go to standard error. What `-o` names is written whole or not at all.

| exit code | means |
|---|---|
| 0 | it worked |
| 1 | a file could not be read, or the output not be written |
| 2 | wrong arguments |
| 130 | interrupted (Ctrl-C) |
| 141 | whoever read the output has gone |

A command imports what it needs: `--version`, `--help`, `words` and `stats` of text start without NumPy.
`pip install "rust_numpy_example[cli]"` adds pyarrow (Parquet), Pillow (images) and zstandard.

The examples below were run, on a terminal of 80 columns, when this page was made (`python tools/cli_page.py`). The
tables are `planets.csv` and `prose.txt`, which are in the package (`rust_numpy_example/data`), `orders.csv`,
`notes.csv`, `notes.jsonl` and `survey.csv`:

"""

PEERS = """\
## Beside others

What the documentation of others says that they do with a table: [qsv](https://github.com/dathere/qsv) `stats`,
[xan](https://github.com/medialab/xan) `stats`, [csvkit](https://csvkit.readthedocs.io) `csvstat`,
[DuckDB](https://duckdb.org/docs/stable/guides/meta/summarize) `SUMMARIZE`, [pandas](https://pandas.pydata.org)
`describe`. [How long](cli_times.md) some of them take; `rust-numpy-example bench` says what the functions of this package take
beside what is installed on your machine.

"""


def peers() -> list[str]:
    """Return the table of features; of ours, what the options say."""
    options = {option for action in actions("stats") for option in action.option_strings}

    def ours(option: str, what: str, without: str = "no") -> str:
        return what if option in options else without

    rows = [
        ("what", "this", "qsv", "xan", "csvkit", "DuckDB", "pandas"),
        (
            "reads",
            "CSV, JSON, Parquet, Arrow, npy, npz; gzip, bzip2, xz, zstd, zip",
            "CSV, Parquet, JSON lines",
            "CSV, gzip",
            "CSV",
            "CSV, JSON, Parquet",
            "many formats",
        ),
        (
            "quantiles",
            ours("--quantiles", "exact, in bounded memory"),
            "loads the column, or t-digest on request",
            "loads the column, or approximate, on request",
            "the median",
            "approximate",
            "in memory",
        ),
        (
            "distinct values",
            "on request",
            "yes",
            "on request",
            "yes",
            "approximate",
            "of text",
        ),
        ("groups", ours("--group", "`--group`"), "no", "`-g`", "no", "`GROUP BY` in SQL", "`groupby`"),
        ("weights", ours("--weight", "`--weight`"), "`--weight`", "no", "no", "no", "no"),
        (
            "rows of another length",
            "stops with the line, or skips and lists them",
            "\u201cundefined behavior\u201d",
            "\u2013",
            "\u2013",
            "stops, or skips and lists them",
            "stops, or skips",
        ),
        ("words of a column", "`words --column`", "no", "`tokenize`, `vocab`", "no", "no", "no"),
        ("images", "`image`", "no", "no", "no", "no", "no"),
        (
            "output",
            "table, CSV, Markdown, JSON",
            "CSV",
            "CSV",
            "text, CSV, JSON",
            "a table of SQL",
            "a DataFrame",
        ),
    ]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return [lines[0], "|---" * len(rows[0]) + "|", *lines[1:]]


def actions(command: str) -> list[argparse.Action]:
    """Return what a command takes."""
    from rust_numpy_example._cli import parser

    top = parser("all")
    commands = next(a for a in top._actions if isinstance(a, argparse._SubParsersAction))
    return list(commands.choices[command]._actions)


def options(command: str) -> Iterator[str]:
    """Yield the table of what a command takes."""
    yield "| argument | what it does |"
    yield "|---|---|"
    for action in actions(command):
        if isinstance(action, argparse._HelpAction):
            continue
        choices = f" {{{','.join(map(str, action.choices))}}}" if action.choices else ""
        if action.option_strings:
            value = "" if action.nargs == 0 else choices or f" {action.metavar or action.dest.upper()}"
            names = ", ".join(f"`{option}{value}`" for option in action.option_strings)
        else:
            names = f"`{action.metavar or action.dest.upper()}{choices}`"
        about = (action.help or "one of these") % {**vars(action), "prog": PROGRAM}
        about = about.replace("|", "\\|")
        yield f"| {names.replace('|', '&#124;')} | {about} |"


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Make a folder with the files of the examples, and be in it."""
    from rust_numpy_example import data

    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        for file in (data.PLANETS, data.PROSE):
            shutil.copy(file, path)
        for file_name, text in FILES.items():
            (path / file_name).write_text(text, encoding="utf-8", newline="")
        with contextlib.suppress(ImportError):
            pictures = path / "pictures"
            pictures.mkdir()
            image = import_module("PIL.Image").fromarray(data.picture(60, 80))
            for picture in (path / "planet.png", pictures / "one.png", pictures / "two.png"):
                image.save(picture)
            (pictures / "three.png").write_bytes(b"no picture")
        os.chdir(path)
        try:
            yield path
        finally:
            os.chdir(before)


class Terminal(io.StringIO):
    """What a terminal shows."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def shown(example: Example) -> str:
    """Run an example, in the folder of the files; return how it stands on the page."""
    from rust_numpy_example.__main__ import main

    words = shlex.split(example.line)
    into = words[words.index(">") + 1] if ">" in words else None
    out, err = io.StringIO() if into else Terminal(), io.StringIO()
    before = dict(os.environ)
    # As on a terminal that nobody has widened.
    os.environ |= {"COLUMNS": "80", "NO_COLOR": "1"}
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main(words[: words.index(">")] if into else words)
            except SystemExit as stopped:
                code = int(str(stopped.code))
    finally:
        os.environ.clear()
        os.environ |= before
    if into:
        Path(into).write_text(out.getvalue(), encoding="utf-8")
    lines = [f"$ {PROGRAM} {example.line}", *("" if into else out.getvalue()).splitlines()]
    lines += err.getvalue().splitlines()
    if code:
        lines.append(f"(exit code {code})")
    return "```console\n" + "\n".join(line.rstrip() for line in lines) + "\n```"


def kept(example: Example) -> str | None:
    """Return how an example stands on the page now, if it does."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    found = re.search(rf"```console\n\$ {PROGRAM} {re.escape(example.line)}\n.*?\n```", page, re.DOTALL)
    return found[0] if found else None


def is_runnable(example: Example) -> bool:
    """Whether what an example takes is installed."""
    for name in example.needs:
        try:
            import_module(name)
        except ImportError:
            return False
    return True


def page() -> str:
    """Return the page."""
    import rust_numpy_example
    from rust_numpy_example._cli import COMMANDS

    # A build that is not optimised has times to be ashamed of.
    has_times = rust_numpy_example.build_info()["profile"] == "release"
    parts = [HEAD] + [
        f"```text\n{FILES[name]}```" for name in ("orders.csv", "notes.csv", "notes.jsonl", "survey.csv")
    ]
    with folder():
        for command, does in COMMANDS.items():
            parts.append(f"## {command}: {does}")
            parts.append("\n".join(options(command)))
            for example in EXAMPLES[command]:
                parts.append((None if has_times or example.is_fixed else kept(example)) or shown(example))
    parts.append(PEERS + "\n".join(peers()))
    return re.sub(r"\n{3,}", "\n\n", "\n\n".join(parts)) + "\n"


if __name__ == "__main__":
    # The package that is installed, or the one beside, if that is built.
    sys.path.append(str(ROOT))
    PAGE.write_text(page(), encoding="utf-8")
