"""The command ``words``: the words of texts and how often they occur."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from itertools import accumulate, chain

from rust_numpy_example._cli import cluster, report
from rust_numpy_example._cli.arguments import add_output, check_outputs, plot_path, positive
from rust_numpy_example._cli.source import BLOCK, Source, open_source, shown

DESCRIPTION = """\
Print how often each word occurs in each FILE, the most frequent first.

A file is UTF-8 (or what --encoding says), also compressed with gzip, bzip2, xz
or zstd. It may be larger than memory: what is kept are the distinct words
(with --ngrams, the distinct N words in a row: far more).
"""

EXAMPLES = """\
examples:
  rust-numpy-example words --top 5 book.txt
  rust-numpy-example words --total --top all --csv -o counts.csv *.txt.gz
  rust-numpy-example words --column comment --stop-words stop.txt posts.jsonl
  rust-numpy-example words --ngrams 2 --min-count 10 book.txt
"""

#: What comes after the last line, to see whether the last field was closed. A text has no NUL.
END = "\0end"

#: Columns of a terminal that a word takes at most.
SHOWN = 60

#: Apostrophes that are typed in various ways, as one.
APOSTROPHES = str.maketrans("\u2018\u2019\u02bc\uff07", "''''")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a file of any size, or - for standard input"
    )
    parser.add_argument(
        "--top", type=_top, default=20, metavar="N", help="how many words, or 'all' (default: 20)"
    )
    parser.add_argument(
        "--min-count", type=positive, default=1, metavar="N", help="only words that occur N times"
    )
    parser.add_argument("--stop-words", metavar="FILE", help="leave out the words of this file")
    parser.add_argument("--total", action="store_true", help="of all files together")
    parser.add_argument(
        "--keep-case", action="store_true", help="words in upper and lower case are different"
    )
    parser.add_argument(
        "--normalize",
        action="store_true",
        help="take letters with accents in any form (NFC) and apostrophes of any shape as the same",
    )
    parser.add_argument(
        "--tokenizer",
        choices=("whitespace", "unicode"),
        default="unicode",
        help="what a word is: what stands between white space, or a word by the Unicode standard (default)",
    )
    parser.add_argument(
        "--ngrams",
        type=_ngrams,
        default=1,
        metavar="N",
        help="count N words in a row as one; in a column, those of one row",
    )
    parser.add_argument("--encoding", type=_encoding, metavar="NAME", help="of the text; default: utf-8")
    parser.add_argument(
        "--column", metavar="NAME", help="only the text of this column of CSV, JSON, Parquet or Arrow files"
    )
    parser.add_argument(
        "--plot",
        type=plot_path,
        metavar="FILE",
        help="write bars of the words to FILE, .png, .svg or .pdf (takes matplotlib)",
    )
    add_output(parser, ("csv", "json"))
    cluster.add_scheduler(parser)


def _top(argument: str) -> int | None:
    return None if argument == "all" else positive(argument)


def _ngrams(argument: str) -> int:
    number = positive(argument)
    if number > 100:
        raise argparse.ArgumentTypeError(f"got '{argument}', expected at most 100")
    return number


def _encoding(argument: str) -> str:
    from rust_numpy_example._cli.stats import encoding

    return encoding(argument)


def run(options: argparse.Namespace) -> int:
    """Write the words of each file; return the exit code."""
    inputs = [] if options.scheduler else options.files
    check_outputs(
        {"--output": options.output, "--plot": options.plot},
        [*inputs, *([options.stop_words] if options.stop_words else [])],
    )
    stop: set[str] = set()
    if options.stop_words is not None:
        try:
            with open_source(options.stop_words) as source:
                text = argparse.Namespace(**{**vars(options), "ngrams": 1, "column": None})
                stop = set(_counted(source, text, None))
        except Exception as error:
            report.fail(options.stop_words, error)
            return report.FAILED
    pictured: list[tuple[str | None, list[tuple[str, int]]]] = []
    if options.plot:
        from rust_numpy_example._cli import plot

        plot.check(options.plot)
    if options.scheduler:
        taken = ("top", "min_count", "stop_words", "total", "keep_case", "tokenizer", "plot")
        cluster.check(options, taken)
    with cluster.asked(options) as there, report.output(options.output):
        code = _files(options, stop, there, pictured)
    if options.plot and pictured:
        with plot.written(options.plot):
            left = plot.words(options.plot, pictured)
        if left:
            report.note(options.plot, f"{left} words are left out: a plot has at most {plot.MOST} a file")
    return code


def _files(
    options: argparse.Namespace,
    stop: set[str],
    there: cluster.Session | None,
    pictured: list[tuple[str | None, list[tuple[str, int]]]],
) -> int:
    code = 0
    total: dict[str, int] = {}
    is_first = True
    for name in options.files:
        called = shown(name)
        try:
            if there:
                counts = there.words(name, options)
            else:
                with open_source(name) as source:
                    # The table of all words is only needed if some are left out, or added to those of other files.
                    is_whole = options.total or options.min_count > 1 or stop
                    counts = _counted(source, options, None if is_whole else options.top)
        except Exception as error:
            report.fail(called, error)
            code = report.FAILED
            continue
        if options.total:
            for word, count in counts.items():
                total[word] = total.get(word, 0) + count
            continue
        chosen = _chosen(counts, options, stop)
        _write(called, chosen, options, is_first)
        pictured.append((called if len(options.files) > 1 else None, chosen))
        is_first = False
    if options.total and (total or code == 0):
        chosen = _chosen(total, options, stop)
        _write(None, chosen, options, True)
        pictured.append((None, chosen))
    return code


def _chosen(counts: dict[str, int], options: argparse.Namespace, stop: set[str]) -> list[tuple[str, int]]:
    words = [
        (words, count)
        for words, count in counts.items()
        # Of several words in a row none may be left out.
        if count >= options.min_count and (not stop or stop.isdisjoint(words.split(" ")))
    ]
    # Sorting keeps the order of first appearance where counts are equal.
    words.sort(key=lambda word: -word[1])
    return words[: options.top]


def _write(
    called: str | None, words: list[tuple[str, int]], options: argparse.Namespace, is_first: bool
) -> None:
    several = called is not None and len(options.files) > 1
    if options.format == "json":
        file = {"files": options.files} if called is None else {"file": called}
        report.write(report.to_json({**file, "words": dict(words)}))
    elif options.format == "csv":
        name = [called] if several and called is not None else []
        if is_first:
            report.write_csv([[*(["file"] if several else []), "word", "count"]])
        report.write_csv([*name, word, str(count)] for word, count in words)
    else:
        if several and called is not None:
            report.write(f"{report.printable(called)}:")
        rows = [(str(count), _short(word)) for word, count in words]
        for line in report.aligned(rows, left=(1,)) if rows else ():
            report.write(line)


def _short(word: str) -> str:
    """Return a word as it is shown: one that goes on and on is cut."""
    # What is not printable takes up to ten characters each.
    shown = report.printable(word[: SHOWN + 1])
    if len(word) <= SHOWN and report.width(shown) <= SHOWN:
        return shown
    return f"{report.cut(shown + '  ', SHOWN)} ({len(word):,} characters)"


def _counted(source: Source, options: argparse.Namespace, top: int | None) -> dict[str, int]:
    """Return the words of a file and their counts, or the `top` most frequent ones."""
    from rust_numpy_example.rust_numpy_example import _WordStats

    words = _WordStats(lowercase=not options.keep_case, tokenizer=options.tokenizer, ngrams=options.ngrams)
    progress = report.Progress(source.name, source.size)
    try:
        for block, ends in _blocks(source, options):
            words.feed(block, ends=ends)
            progress.update(source.position())
        return words.finish(top)
    except ValueError as error:
        advice = " (--encoding says in what it is)" if "not UTF-8" in str(error) else ""
        # The user knows nothing of the class.
        text = re.sub(r"^_WordStats\.\w+: ", "", str(error))
        raise ValueError(f"{text}{advice}") from None
    finally:
        progress.close()


def _blocks(source: Source, options: argparse.Namespace) -> Iterator[tuple[bytes, list[int]]]:
    """Yield the text block by block, and where in a block a text of several ends."""
    if options.column is not None:
        for texts in _column(source, options):
            cells = [text.encode("utf-8", "surrogatepass") for text in texts]
            if options.normalize:
                cells = [b"".join(_normalized(iter([cell]))) for cell in cells]
            yield b"\n".join([*cells, b""]), [*accumulate(len(cell) + 1 for cell in cells)]
        return
    from rust_numpy_example._cli.text import encoded

    blocks = encoded(source.blocks(), options.encoding)
    first = next(blocks, b"")
    # A byte-order mark is no part of a word.
    blocks = chain([first.removeprefix(b"\xef\xbb\xbf")], blocks)
    for block in _normalized(blocks) if options.normalize else blocks:
        yield block, []


def _normalized(blocks: Iterator[bytes]) -> Iterator[bytes]:
    import unicodedata

    rest = b""
    for block in chain(blocks, [b""]):
        data = rest + block
        # No rule of NFC looks across white space.
        end = max(data.rfind(b" "), data.rfind(b"\n")) + 1 if block else len(data)
        if len(data) - end > 4 * BLOCK:
            raise ValueError("no white space for 16 MiB: is it a text?")
        data, rest = data[:end], data[end:]
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"the text is not UTF-8: byte {data[error.start]:#04x}") from None
        yield unicodedata.normalize("NFC", text.translate(APOSTROPHES)).encode()


def _column(source: Source, options: argparse.Namespace) -> Iterator[list[str]]:
    """Yield the texts of a column, some at a time."""
    from rust_numpy_example._cli.source import file_kind

    kind = file_kind(source)
    if kind in ("Parquet", "Arrow"):
        return _arrow_column(source, kind, options.column)
    if kind in ("npy", "npz"):
        raise ValueError(f"--column takes text, JSON, Parquet and Arrow, the file is {kind}")
    return _json_column(source, options) if kind == "JSON" else _text_column(source, options)


def _text_column(source: Source, options: argparse.Namespace) -> Iterator[list[str]]:
    from rust_numpy_example._cli.dialect import guess, without_separator
    from rust_numpy_example._cli.text import encoded

    blocks = encoded(source.blocks(), options.encoding)
    head = next(blocks, b"")
    delimiter = guess(source, head, None, 0).delimiter
    rows = _rows(_lines(chain([without_separator(head)], blocks)), delimiter)
    _, names = next(rows, (0, []))
    index = _index(options.column, [name.strip() for name in names])
    texts: list[str] = []
    size = others = first = 0
    for line, row in rows:
        if len(row) != len(names):
            others += 1
            first = first or line
        if index < len(row):
            texts.append(row[index])
            size += len(row[index])
        if size > BLOCK or len(texts) > BLOCK // 64:
            yield texts
            texts, size = [], 0
    if others:
        have = "row has" if others == 1 else "rows have"
        report.note(
            shown(source.name),
            f"{others} {have} not as many fields as the first, so texts may be cut off; the first ends in line {first}",
        )
    yield texts


def _rows(lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, and in which line each ends."""
    import csv

    # A field may be as long as memory allows; a row that is longer than a table's is refused by `stats`.
    csv.field_size_limit(64 << 20)
    rows = csv.reader(chain(lines, [END]), delimiter=delimiter)
    try:
        for row in rows:
            if row == [END]:
                return
            if len(row) > 1 or (row and row[0].strip()):
                yield rows.line_num, row
    except csv.Error as error:
        if "new-line" not in str(error):
            raise
        raise ValueError(f"line {rows.line_num}: a carriage return without a line feed after it") from None
    raise ValueError("a quoted field is not closed")


def _json_column(source: Source, options: argparse.Namespace) -> Iterator[list[str]]:
    from rust_numpy_example._cli.jsonlines import Objects
    from rust_numpy_example._cli.text import Form, encoded

    objects = Objects(source, encoded(source.blocks(), options.encoding), Form())
    objects.check_keys()
    key = options.column
    # One that is not in the start may come later.
    if objects.has_all_keys or key in objects.keys:
        key = objects.keys[_index(key, objects.keys)]
    return objects.values(key)


def _index(column: str, names: list[str]) -> int:
    from rust_numpy_example._cli.select import Selection

    if not names:
        raise ValueError("the file is empty")
    # A name may have a comma in it.
    return names.index(column) if names.count(column) == 1 else Selection([column]).index(names, "--column")


def _lines(blocks: Iterator[bytes]) -> Iterator[str]:
    """Yield the lines of a text with their ends."""
    rest = b""
    is_first = True
    for block in chain(blocks, [b""]):
        data = rest + block
        cut = data.rfind(b"\n") + 1 if block else len(data)
        data, rest = data[:cut], data[cut:]
        if len(rest) > 64 << 20:
            raise ValueError("a row is longer than 64 MiB")
        if data and is_first:
            data, is_first = data.removeprefix(b"\xef\xbb\xbf"), False
        try:
            # Not splitlines, for which other characters end a line too.
            yield from filter(None, re.split(r"(?<=\n)", data.decode()))
        except UnicodeDecodeError as error:
            raise ValueError(f"the text is not UTF-8: byte {data[error.start]:#04x}") from None


def _arrow_column(source: Source, kind: str, column: str) -> Iterator[list[str]]:
    from rust_numpy_example._cli import arrow, ipc, parquet
    from rust_numpy_example._cli.table import Ask

    reader = (ipc if kind == "Arrow" else parquet).Reader(Ask())
    opened = reader.open(source)
    index = _index(column, list(opened.schema.names))
    for _, batch in opened.batches([index]):
        texts = [text for text in arrow.decoded(reader.pa, batch[0][1]).to_pylist() if text is not None]
        if texts and not isinstance(texts[0], str):
            raise ValueError(f"column '{column}' holds {opened.schema.field(index).type}, expected text")
        yield texts
