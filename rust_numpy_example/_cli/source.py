"""Files, pipes and compressed files as one kind of stream."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator

# `typing` takes as long to import as all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Protocol

    class Stream(Protocol):
        """What bytes are read from."""

        def read(self, count: int, /) -> bytes:
            """Return the next ``count`` bytes, fewer only at the end."""


#: Bytes read at a time.
BLOCK = 4 << 20

#: Compressed bytes read at a time.
PIECE = 256 << 10

#: Bytes that are given to a decompressor without a bound: of zstd, each may become 32 KiB.
UNBOUNDED = 1 << 10

TWICE = "compressed twice: unpack it once"

#: Enough of the start of a file to know what it is.
HEAD = 64


class Source:
    """The bytes of one input, decompressed, from front to back.

    What it is can be told from :attr:`head`, its first bytes, which are not taken away.
    """

    def __init__(self, name: str, stream: Stream, raw: BinaryIO, size: int | None, is_plain: bool) -> None:
        self.name = name
        #: Whether these are the bytes of a file on disk as they are: :attr:`file` can be read in any order.
        self.is_plain = is_plain
        #: The size of the file on disk, None for a pipe.
        self.size = size
        self._stream, self.file = stream, raw
        self.head = self._ahead = stream.read(HEAD)

    @property
    def suffix(self) -> str:
        """The end of the name that says what is in it, in lower case, without that of a compression."""
        parts = os.path.basename(self.name).lower().split(".")[1:]
        while parts and parts[-1] in ("gz", "bz2", "xz", "lzma", "zst", "zstd", "zip"):
            parts.pop()
        return parts[-1] if parts else ""

    def read(self, count: int) -> bytes:
        """Return the next ``count`` bytes, fewer only at the end."""
        if not self._ahead:
            return self._stream.read(count)
        ahead, self._ahead = self._ahead[:count], self._ahead[count:]
        return ahead + self._stream.read(count - len(ahead)) if count > len(ahead) else ahead

    def read_some(self) -> bytes:
        """Return some bytes, none only at the end. A pipe is asked for no more than it has to give."""
        if self._ahead:
            ahead, self._ahead = self._ahead, b""
            return ahead
        some = getattr(self._stream, "read1", None) if self.size is None else None
        return (some or self._stream.read)(PIECE)

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes in blocks; a file on disk is read one block ahead, in another thread."""
        if self.size is None:
            # A thread that waits for a pipe could not be stopped.
            while block := self.read(BLOCK):
                yield block
            return
        block = self.read(BLOCK)
        if len(block) < BLOCK:
            # Of many small files, threads would take more time than the rest.
            if block:
                yield block
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as reader:
            ahead = reader.submit(self.read, BLOCK)
            yield block
            while block := ahead.result():
                ahead = reader.submit(self.read, BLOCK)
                yield block

    def position(self) -> int:
        """Return how many bytes of the file on disk have been read."""
        with contextlib.suppress(OSError, ValueError):
            return self.file.tell()
        return 0


def shown(name: str) -> str:
    """Return what an input is called in messages."""
    return "standard input" if name == "-" else name


def place(name: str) -> int | None:
    """Return where an input that can be read again begins, or None if it can be read only once."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if name != "-":
            return 0 if stat.S_ISREG(os.stat(name).st_mode) else None
        raw = _standard_input(sys.stdin)
        return raw.tell() if _size(raw) is not None else None
    return None


def _standard_input(stream: Any) -> BinaryIO:
    # A program that runs commands may have put another in its place.
    raw: BinaryIO = getattr(stream, "buffer", stream)
    return raw


@contextlib.contextmanager
def open_source(name: str, start: int | None = None) -> Iterator[Source]:
    """Open the file ``name``, or standard input if it is ``-``; decompress what is compressed.

    Standard input that is read again begins at ``start``, see :func:`place`.
    """
    with contextlib.ExitStack() as stack:
        if name == "-":
            if sys.stdin is None:
                raise ValueError("standard input is closed")
            raw = _standard_input(sys.stdin)
            if start is not None:
                raw.seek(start)
        else:
            raw = stack.enter_context(open(name, "rb"))
        size = _size(raw)
        source = Source(name, raw, raw, size, is_plain=size is not None)
        if (form := compression(source.head)) is not None:
            source = Source(name, Decompressed(source, form), raw, size, is_plain=False)
            if compression(source.head) is not None:
                raise ValueError(TWICE)
        elif is_zip(source.head) and source.is_plain:
            source = _only_member(source, stack)
        yield source


#: How an object of JSON, and an array of objects, starts; and names that say that there are such objects.
OBJECT, ARRAY = re.compile(rb"\{\s*[\"}]"), re.compile(rb"\[\s*(\{|\]\s*$)")
JSON = ("jsonl", "ndjson", "jsonlines", "ldjson")

#: What stands before the first value of JSON and says nothing.
IGNORED = b"\xef\xbb\xbf \t\r\n"


def looks_like_json(source: Source) -> bool:
    """Whether a text is made of objects of JSON: so it starts, or so the name of the file says."""
    start = source.head.lstrip(IGNORED)
    return source.suffix in JSON or bool(OBJECT.match(start) or ARRAY.match(start))


def file_kind(source: Source) -> str:
    """Return what a file is: so it starts, or so its name says."""
    head = source.head
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if is_zip(head):
        return "npz"
    if head.startswith(b"PAR1"):
        return "Parquet"
    if head.startswith((b"ARROW1", b"FEA1", b"\xff\xff\xff\xff")):
        return "Arrow"
    if looks_like_json(source):
        return "JSON"
    return "text"


def is_zip(head: bytes) -> bool:
    """Whether a file that starts so is a zip archive."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def _only_member(source: Source, stack: contextlib.ExitStack) -> Source:
    """Return the one member of a zip archive as a source of its own, or the archive if it is one of arrays."""
    import zipfile

    try:
        archive = stack.enter_context(zipfile.ZipFile(source.file))
    except zipfile.BadZipFile as error:
        raise ValueError(f"the zip archive is damaged or ends too early: {error}") from None
    # macOS adds files of its own.
    extra = ("__MACOSX/", ".DS_Store")
    members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith(extra)]
    names = [member.filename for member in members]
    if any(name.endswith(".npy") for name in names):
        return source
    if "xl/workbook.xml" in names or "content.xml" in names:
        raise ValueError("a spreadsheet; pandas.read_excel(...).to_csv(...) makes a table of it")
    if len(members) != 1:
        found = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        what = f"a zip archive of {len(names)} files ({found})" if names else "an empty zip archive"
        raise ValueError(f"{what}, expected one file, or .npy files")
    if members[0].flag_bits & 1:
        raise ValueError(f"{names[0]} in the zip archive is encrypted")
    stream = stack.enter_context(archive.open(members[0]))
    member = Source(source.name, stream, source.file, source.size, is_plain=False)
    if compression(member.head) is not None or is_zip(member.head):
        raise ValueError(TWICE)
    return member


def _size(raw: BinaryIO) -> int | None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        status = os.fstat(raw.fileno())
        if stat.S_ISREG(status.st_mode):
            return status.st_size
    return None


class Compression:
    """A way in which files are compressed: its name, how they start, and what makes a decompressor of a member."""

    def __init__(self, name: str, magic: bytes, machine: Callable[[], Any]) -> None:
        self.name, self.magic, self.machine = name, magic, machine

    def starts(self, data: bytes) -> bool:
        """Whether a member starts so; of zstd, there may be frames that hold none of the data."""
        is_skipped = self.name == "zstd" and data[1:4] == b"\x2a\x4d\x18" and data[0] >> 4 == 5
        return is_skipped or data.startswith(self.magic)


def _gzip() -> Any:
    import zlib

    return zlib.decompressobj(31)


def _bzip2() -> Any:
    import bz2

    return bz2.BZ2Decompressor()


def _xz() -> Any:
    import lzma

    return lzma.LZMADecompressor()


def _zstd() -> Any:
    with contextlib.suppress(ImportError):
        # From Python 3.14 on.
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]

        return zstd.ZstdDecompressor()
    try:
        import zstandard  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise ValueError(
            "compressed with zstd, which takes the package zstandard: pip install 'rust_numpy_example[cli]'"
        ) from None
    return zstandard.ZstdDecompressor().decompressobj()


COMPRESSIONS = (
    Compression("gzip", b"\x1f\x8b", _gzip),
    Compression("bzip2", b"BZh", _bzip2),
    Compression("xz", b"\xfd7zXZ\0", _xz),
    Compression("lzma", b"\x5d\0\0", _xz),
    Compression("zstd", b"\x28\xb5\x2f\xfd", _zstd),
)


def compression(head: bytes) -> Compression | None:
    """Return how a file that starts so is compressed."""
    return next((form for form in COMPRESSIONS if form.starts(head)), None)


class Decompressed:
    """What is in a compressed source, of one member or several."""

    def __init__(self, source: Source, form: Compression) -> None:
        self._source, self._form = source, form
        self._machine = form.machine()
        #: Compressed bytes that were read and not used, and how many came before them.
        self._rest = b""
        self._used = 0
        self._ready: list[bytes] = []
        self._end = False

    def read(self, count: int) -> bytes:
        """Return the next ``count`` bytes, fewer only at the end."""
        length = sum(map(len, self._ready))
        while length < count and not self._end:
            more = self._decompress(count - length)
            length += len(more)
            self._ready.append(more)
        data = b"".join(self._ready)
        self._ready = [data[count:]]
        return data[:count]

    def read1(self, count: int) -> bytes:
        """Return some bytes, none only at the end."""
        while not any(self._ready) and not self._end:
            self._ready.append(self._decompress(count))
        data = b"".join(self._ready)
        self._ready = [data[count:]]
        return data[:count]

    def _decompress(self, most: int) -> bytes:
        if self._machine.eof:
            self._next_member()
            return b""
        machine = self._machine
        # Of those that bound what they give, bzip2 and xz keep what they have not used, zlib gives it back.
        is_bounded = self._form.name != "zstd" or hasattr(machine, "needs_input")
        if not self._rest and getattr(machine, "needs_input", True):
            self._rest = self._source.read_some()
            if not self._rest:
                raise ValueError(f"the {self._form.name} data end too early: the file is truncated")
        # What has no bound is given little.
        given, kept = (self._rest, b"") if is_bounded else (self._rest[:UNBOUNDED], self._rest[UNBOUNDED:])
        self._used += len(given)
        try:
            data: bytes = machine.decompress(given, most) if is_bounded else machine.decompress(given)
        except Exception as error:
            raise ValueError(
                f"the {self._form.name} data are damaged (broken data or a wrong CRC) before byte"
                f" {self._used:,}: {error}"
            ) from None
        unused = getattr(machine, "unconsumed_tail", b"") or machine.unused_data
        self._used -= len(unused)
        self._rest = unused + kept
        return data

    def _next_member(self) -> None:
        magic = self._form.magic
        while True:
            # Zeros may fill up the last block of a tape.
            padding = len(self._rest) - len(self._rest.lstrip(b"\0"))
            self._used += padding
            self._rest = self._rest[padding:]
            if len(self._rest) >= len(magic):
                break
            more = self._source.read_some()
            if not more:
                break
            self._rest += more
        if not self._rest:
            self._end = True
        elif self._form.starts(self._rest):
            self._machine = self._form.machine()
        else:
            raise ValueError(
                f"what follows byte {self._used:,} is no {self._form.name} data: the file is damaged, or something was"
                f" appended to it; its first {self._used:,} bytes can be read by themselves"
            )
