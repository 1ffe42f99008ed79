"""Makes the picture of the command line in the README: `python tools/terminal.py` writes `docs/terminal.svg`.

The commands are run, as on a terminal of 100 columns, and the picture has what they print, as text. A test compares it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import sys
from collections.abc import Iterator
from html import escape

import cli_page

PICTURE = cli_page.PAGE.with_name("terminal.svg")
COMMANDS = ("stats planets.csv --select 2-6", "words prose.txt --top 4")

#: Columns of the terminal, and the size of a character.
COLUMNS, WIDE, HIGH = 100, 7.8, 19

STYLE = """
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #e6edf3 }
.bold { font-weight: 700 } .hue { fill: #56d4dd } .prompt { fill: #8b949e } .back { fill: #14181e }
"""


def printed(line: str) -> list[str]:
    """Return the lines that a command prints on a terminal, with its escape sequences."""
    from rust_numpy_example.__main__ import main

    out, before = cli_page.Terminal(), dict(os.environ)
    os.environ |= {"COLUMNS": str(COLUMNS), "TERM": "xterm"}
    os.environ.pop("NO_COLOR", None)
    try:
        with contextlib.redirect_stdout(out):
            assert main(shlex.split(line)) == 0
    finally:
        os.environ.clear()
        os.environ |= before
    return out.getvalue().splitlines()


def runs(line: str) -> Iterator[tuple[int, str, str]]:
    """Yield the pieces of a line between gaps: their column, class and text."""
    kind, column = "", 0
    for piece in re.split(r"(\x1b\[\d*m)", line):
        if code := re.fullmatch(r"\x1b\[(\d*)m", piece):
            kind = {"1": "bold", "36": "hue"}.get(code[1], "")
            continue
        # A histogram has gaps of its own.
        pattern = r"\S.*\S|\S" if kind == "hue" else r"\S+(?: \S+)*"
        for found in re.finditer(pattern, piece):
            yield column + found.start(), kind, found[0]
        column += len(piece)


def svg() -> str:
    """Return the picture."""
    parts, said, y = [], [], 12.0
    with cli_page.folder():
        for command in COMMANDS:
            prompt = f"$ {cli_page.PROGRAM} {command}"
            said.append(prompt.removeprefix("$ "))
            y += HIGH
            parts.append(f'<text x="16" y="{y:g}" class="prompt">{escape(prompt)}</text>')
            for line in printed(command):
                y += HIGH
                for column, kind, text in runs(line):
                    name = f' class="{kind}"' if kind else ""
                    x, long = 16 + WIDE * column, WIDE * len(text)
                    parts.append(
                        f'<text x="{x:g}" y="{y:g}"{name} textLength="{long:g}" xml:space="preserve">'
                        f"{escape(text)}</text>"
                    )
            y += 8
    wide, high = 32 + WIDE * COLUMNS, y + 10
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}" width="{wide:g}" height="{high:g}"'
        ' role="img" aria-labelledby="title text">'
    )
    names = (
        '<title id="title">A terminal</title><desc id="text">'
        f"{escape('; '.join(said))}, and the tables that they print</desc>"
    )
    back = f'<rect class="back" width="{wide:g}" height="{high:g}" rx="8"/>'
    return "\n".join([head, names, f"<style>{STYLE}</style>", back, *parts, "</svg>", ""])


if __name__ == "__main__":
    # The package that is installed, or the one beside, if that is built.
    sys.path.append(str(cli_page.ROOT))
    PICTURE.write_text(svg(), encoding="utf-8")
