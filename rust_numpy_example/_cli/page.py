"""The page that ``stats --report`` writes: HTML without scripts, and with nothing that has to be fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any

from rust_numpy_example._cli import bars, report
from rust_numpy_example._cli.table import PICTURED, Column, Table

#: Bins of a histogram, and as many histograms a table has at most.
BINS, PICTURES = 40, 500

STYLE = """
:root { color-scheme: light dark; --text: #1f2328; --quiet: #59636e; --page: #fff; --line: #d1d9e0; --bar: #0b6bcb;
  --warn: #9a3412; --band: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --quiet: #9aa4af; --page: #0d1117; --line: #30363d;
  --bar: #58a6ff; --warn: #f0a060; --band: #161b22; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 80rem; padding: 1.5rem 1rem 3rem; color: var(--text); background: var(--page);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .25rem; overflow-wrap: anywhere; }
p { margin: .25rem 0 1rem; color: var(--quiet); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .35rem .75rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
thead th { background: var(--band); color: var(--quiet); font-weight: 600; }
tbody tr:last-child > * { border-bottom: 0; }
.left { text-align: left; }
tbody th { position: sticky; left: 0; background: var(--page); font-weight: 600; max-width: min(16rem, 40vw); overflow: hidden;
  text-overflow: ellipsis; }
p.warn { margin: 0 0 1rem; }
.warn { color: var(--warn); }
td.warn { font-weight: 600; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: 1rem;
  margin: 1rem 0; }
figure { margin: 0; padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .5rem; min-width: 0; }
figcaption { font-weight: 600; overflow-wrap: anywhere; }
figcaption small { font-weight: 400; color: var(--quiet); }
svg { display: block; width: 100%; height: auto; margin-top: .5rem; }
.bars { fill: var(--bar); }
svg path { stroke: var(--line); }
svg text { fill: var(--quiet); font: 12px system-ui, sans-serif; }
ol { margin: .5rem 0 0; padding: 0; list-style: none; font-size: .9rem; }
li { display: flex; gap: 1rem; justify-content: space-between; overflow-wrap: anywhere; }
li span { min-width: 0; }
li span:last-child { flex-shrink: 0; color: var(--quiet); font-variant-numeric: tabular-nums; }
footer { margin-top: 2.5rem; color: var(--quiet); font-size: .85rem; }
@media print { .scroll { overflow: visible; } figure { break-inside: avoid; } }
"""

#: Columns of the table whose cells are aligned to the left.
LEFT = ("column", "type")


def write(
    path: str,
    tables: Sequence[tuple[str, Table]],
    keys: Sequence[tuple[str, Any]],
    cell: Callable[[Column, Any], str],
) -> None:
    """Write the page of some files to ``path``; ``keys`` are titles of the table
    and what ``cell`` takes."""
    with report.whole_file(path) as stream:
        for line in _page(tables, keys, cell):
            stream.write(f"{line}\n")


def _page(
    tables: Sequence[tuple[str, Table]], keys: Sequence[tuple[str, Any]], cell: Callable[[Column, Any], str]
) -> Iterator[str]:
    """Yield the lines: of a million columns there are many."""
    import rust_numpy_example

    what = report.printable(tables[0][0]) if len(tables) == 1 else f"{len(tables)} files"
    yield from [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">""",
        f"<title>Statistics of {escape(what)}</title>",
        f"<style>{STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1>Statistics of {escape(what)}</h1>",
    ]
    for name, table in tables:
        yield from _section(name if len(tables) > 1 else None, table, keys, cell)
    yield from [
        "</main>",
        f"<footer>Made by rust_numpy_example {escape(rust_numpy_example.__version__)}</footer>",
        "</body>",
        "</html>",
    ]


def _section(
    name: str | None, table: Table, keys: Sequence[tuple[str, Any]], cell: Callable[[Column, Any], str]
) -> Iterator[str]:
    yield "<section>"
    if name is not None:
        yield f"<h2>{escape(report.printable(name))}</h2>"
    count = len(table.columns)
    facts = [f"{count:,} column{'s' if count != 1 else ''}"]
    if table.rows is not None:
        facts.insert(0, f"{table.rows:,} row{'s' if table.rows != 1 else ''}")
    yield f"<p>{', '.join(facts)}</p>"
    yield from (
        f'<p class="warn">{escape(report.printable(note))}</p>' for note in [*table.failures, *table.notes]
    )
    # Keyboards scroll what can be focused.
    yield '<div class="scroll" role="region" aria-label="Table of statistics" tabindex="0">'
    yield "<table><thead><tr>"
    for title in ("column", *(title for title, _ in keys)):
        yield f'<th scope="col"{_class(title, "")}>{escape(title)}</th>'
    yield "</tr></thead><tbody>"
    for column in table.columns:
        shown = escape(_name(column))
        yield f'<tr><th scope="row" class="left" title="{shown}">{shown}</th>'
        cells = [(title, cell(column, key)) for title, key in keys]
        yield from (f"<td{_class(title, text)}>{escape(text)}</td>" for title, text in cells)
        yield "</tr>"
    yield "</tbody></table></div>"
    pictures = [picture for column in table.columns[:PICTURES] if (picture := _picture(column))]
    if len(table.columns) > PICTURED:
        yield f"<p>There are no histograms of more than {PICTURED:,} columns.</p>"
    elif len(table.columns) > PICTURES:
        yield f"<p>Below are the first {PICTURES} columns.</p>"
    if pictures:
        yield from ('<div class="cards">', *pictures, "</div>")
    yield "</section>"


def _name(column: Column) -> str:
    return report.printable(column.name) or '""'


def _end(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else report.cut(str(value), 20)


def _class(key: str, text: str) -> str:
    if key in LEFT:
        return ' class="left"'
    return ' class="warn"' if key == "missing" and text not in ("", "0") else ""


def _picture(column: Column) -> str:
    """Return what there is to see of a column: a histogram, and the most frequent values if they were asked for."""
    histogram = column.histogram(BINS) if column.histogram else None
    parts = []
    if histogram is not None and histogram.counts:
        parts.append(bars.svg(_name(column), histogram, _end(column.min), _end(column.max)))
    if column.top:
        rows = (
            f"<li><span>{escape(report.cut(report.printable(str(value)), 60)) or '&nbsp;'}</span><span>{count:,}</span></li>"
            for value, count in column.top
        )
        parts.append(f'<ol aria-label="Most frequent values">{"".join(rows)}</ol>')
    if not parts:
        return ""
    caption = f"<figcaption>{escape(_name(column))} <small>{escape(column.type)}</small></figcaption>"
    return f"<figure>{caption}{''.join(parts)}</figure>"
