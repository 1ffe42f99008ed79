"""How a table in text is written, as its start shows."""

from __future__ import annotations

import re

from rust_numpy_example._cli.source import Source

#: Bytes and lines that are looked at.
LOOKED_AT, LINES = 64 << 10, 50

#: What may stand between fields, and what it is called.
DELIMITERS = {
    **{",": "comma", "\t": "tab", ";": "semicolon", "|": "bar", "^": "caret"},
    **{"\x1f": "unit separator (byte 31)", "\x01": "byte 1"},
}

#: What Excel writes before a table to say what stands between fields.
SEP = re.compile(rb"(\xef\xbb\xbf)?\"?sep=(.)\"?\r?\n", re.IGNORECASE)

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class Guess:
    """What stands between fields, and how that is known."""

    def __init__(self, delimiter: str, note: str = "", spaces: bool = False) -> None:
        self.delimiter, self.note = delimiter, note
        #: Fields stand between runs of white space.
        self.spaces = spaces


#: How files start that are no text, and what they are.
OTHERS = {
    b"%PDF-": "a PDF document; tabula makes tables of it",
    b"{\\rtf": "a document of another program; save it as CSV there",
    b"\xd0\xcf\x11\xe0": "a document of another program; save it as CSV there",
    b"SQLite format 3\0": "an SQLite database; its shell makes a table of it with .mode csv",
    b"\x89HDF": "HDF5; h5py reads it, numpy.save makes an array of it",
    b"ORC": "ORC; pyarrow.orc.read_table reads it",
    b"Obj\x01": "Avro; fastavro reads it",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x04\x22\x4d\x18": "a file compressed with lz4; unpack it first",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
    b"Rar!": "a RAR archive; unpack it first",
    b"\x1f\x9d": "a file compressed with compress; unpack it first",
    b"\xff\x06\0\0sNaPpY": "a file compressed with Snappy; unpack it first",
    **dict.fromkeys(
        (b"\x80\x02", b"\x80\x03", b"\x80\x04\x95", b"\x80\x05\x95"),
        "a pickle of Python, which is not read: it can run any code",
    ),
    b"version https://git-lfs": "a pointer of Git LFS; git lfs pull fetches the file that it stands for",
    **dict.fromkeys((b"RDX2\n", b"RDX3\n", b"X\n\0\0\0"), "data of R; its write.csv makes a table of it"),
    b"MATLAB 5.0": "data of MATLAB; scipy.io.loadmat reads it",
    **dict.fromkeys(
        (b"<stata_dta>", b"$FL2", b"HEADER RECORD***"), "a file of Stata, SPSS or SAS; pandas reads it"
    ),
    b"\x7fELF": "a program",
}


def check(head: bytes, suffix: str = "") -> None:
    """Raise an error that says what to do if a text is no table."""
    start = head[:LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n")
    advice = next((what for magic, what in OTHERS.items() if head.startswith(magic)), "")
    # A column may be called so.
    if advice and head.startswith(b"ORC") and b"\0" not in head[:LOOKED_AT]:
        advice = ""
    if head[257:262] == b"ustar":
        advice = "a tar archive; unpack it first"
    elif head[8:12] == b"DUCK":
        advice = "a database of DuckDB; its COPY ... TO makes a table of it"
    elif (
        (suffix == "json" and start and b"\0" not in start)
        or re.match(rb'\{\s*"', start)
        or re.match(rb'\[\s*[\[{"]', start)
        or re.match(rb"\[\s*-?[0-9.]+\s*,", start)
    ):
        advice = "JSON; pandas.read_json(...).to_csv(...) or jq make a table of it"
    elif re.match(rb"<(!doctype|html|\?xml|table)", start, re.IGNORECASE):
        advice = "HTML or XML; pandas.read_html or read_xml make a table of it"
    if advice:
        raise ValueError(f"the file looks like {advice}")


def guess(source: Source, head: bytes, comment: str | None, skip: int) -> Guess:
    """Return what stands between the fields of the text that starts with ``head``."""
    if skip == 0 and (sep := SEP.match(head)):
        character = sep[2].decode("latin-1")
        name = DELIMITERS.get(character, repr(character))
        return Guess(character, f"the first line says that fields are separated by a {name}")
    usual = "\t" if source.suffix in ("tsv", "tab") else ","
    lines = _lines(head, comment, skip)
    if not lines:
        return Guess(usual)
    counts = {delimiter: _counts(lines, delimiter) for delimiter in DELIMITERS}
    ours = counts[usual]
    # What all lines have, and the same number of.
    good = [d for d, found in counts.items() if found[0] > 1 and len(set(found)) == 1]
    if usual in good:
        others = [f"a {DELIMITERS[d]}" for d in good if d != usual] if len(lines) > 1 else []
        if not others:
            return Guess(usual)
        return Guess(
            usual,
            f"fields are taken to be separated by a {DELIMITERS[usual]}, though it could be {' or '.join(others)}, too"
            " (--delimiter says what separates them)",
        )
    if not good and max(ours) == 1:
        # In a file with a row that is not as the others, what is in nearly all lines.
        good = [
            d for d, found in counts.items() if found[0] > 1 and found.count(found[0]) >= 0.9 * len(found)
        ]
    if good and (len(lines) > 1 or max(ours) == 1):
        best = max(good, key=lambda delimiter: counts[delimiter][0])
        if best == usual:
            return Guess(usual)
        name = DELIMITERS[best]
        return Guess(
            best, f"fields are taken to be separated by a {name} (--delimiter says what separates them)"
        )
    if max(ours) == 1 and len(lines) > 1:
        # Of other white space there may be a field.
        rows = [line.strip(" \t").replace("\t", " ").split(" ") for line in lines]
        rows = [[field for field in row if field] for row in rows]
        if len(rows[0]) > 1 and len({len(row) for row in rows}) == 1 and _has_numbers(rows[1:]):
            return Guess(
                "\t",
                "fields are taken to be separated by white space (--delimiter says what separates them)",
                True,
            )
    return Guess(usual)


def without_separator(head: bytes) -> bytes:
    """Return the start of a text with nothing in the line that only says what stands between fields."""
    # The line itself stays, as lines are counted.
    return SEP.sub(rb"\1\n", head, count=1) if SEP.match(head) else head


def quote_after_space(head: bytes, delimiter: str) -> bool:
    """Whether a field seems to begin with a space and a quote, which does not quote then."""
    text = "\n".join(head[:LOOKED_AT].decode("utf-8", "replace").split("\n")[:LINES])
    mark = re.escape(delimiter)
    quoted = re.compile(f'(^|{mark})"(?:[^"]|"")*"(?={mark}|\r?$)', re.MULTILINE)
    return bool(re.search(f'{mark} +"', quoted.sub(r"\1q", text)))


def _has_numbers(rows: list[list[str]]) -> bool:
    return any(all(NUMBER.fullmatch(field) for field in column) for column in zip(*rows))


def _lines(head: bytes, comment: str | None, skip: int) -> list[str]:
    """Return the first lines, without what is in quotes."""
    text = head[:LOOKED_AT].decode("utf-8", "replace").lstrip("\ufeff")
    text = re.sub(r'"(?:[^"]|"")*"', "q", text)
    lines = text.split("\n")
    if len(head) > LOOKED_AT or not text.endswith("\n"):
        # The last may not be whole.
        lines = lines[:-1] if len(head) > LOOKED_AT and len(lines) > 1 else lines
    lines = [line.rstrip("\r") for line in lines[skip:]]
    return [line for line in lines if line.strip() and not (comment and line.startswith(comment))][:LINES]


def _counts(lines: list[str], delimiter: str) -> list[int]:
    return [line.count(delimiter) + 1 for line in lines]


#: What a first text looks like that another option would read as a number.
HINTS = (
    (re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?"), "--thousands , reads such numbers"),
    (
        re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+|[+-]?\d{1,3}(\.\d{3}){2,}"),
        "--decimal , --thousands . reads such numbers",
    ),
    (re.compile(r"[+-]?\d{1,3}( \d{3})+([.,]\d+)?"), "--thousands ' ' reads such numbers"),
    (re.compile(r"[+-]?\d{1,3}('\d{3})+([.,]\d+)?"), '--thousands "\'" reads such numbers'),
    (re.compile(r"[+-]?\d+,\d+"), "--decimal , reads such numbers"),
    (
        re.compile(r"-+|\?+|\.|na|nil|missing|N\.A\.|\\N|#DIV/0!|unknown", re.IGNORECASE),
        "--na says that it is missing",
    ),
)


def hint(text: str) -> str:
    """Return which option would read a text as a number or as missing, if one would."""
    return next((f" ({advice})" for pattern, advice in HINTS if pattern.fullmatch(text.strip())), "")
