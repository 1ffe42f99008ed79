"""Files, pipes and compressed files as one kind of stream."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import os
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, cast

#: Bytes read at a time.
BLOCK = 4 << 20

#: Enough of the start of a file to know what it is.
HEAD = 8


class Source:
    """The bytes of one input, decompressed, from front to back.

    What it is can be told from :attr:`head`, its first bytes, which are not taken away.
    """

    def __init__(self, name: str, stream: BinaryIO, raw: BinaryIO, size: int | None, is_plain: bool) -> None:
        self.name = name
        #: Whether these are the bytes of a file on disk as they are: it can be opened by its name.
        self.is_plain = is_plain
        #: The size of the file on disk, None for a pipe.
        self.size = size
        self._stream, self._raw = stream, raw
        self.head = self._ahead = stream.read(HEAD)

    def read(self, count: int) -> bytes:
        """Return the next ``count`` bytes, fewer only at the end."""
        if not self._ahead:
            return self._stream.read(count)
        ahead, self._ahead = self._ahead[:count], self._ahead[count:]
        return ahead + self._stream.read(count - len(ahead)) if count > len(ahead) else ahead

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes in blocks; a file on disk is read one block ahead, in another thread."""
        if self.size is None:
            # A thread that waits for a pipe could not be stopped.
            while block := self.read(BLOCK):
                yield block
            return
        with ThreadPoolExecutor(1) as reader:
            ahead = reader.submit(self.read, BLOCK)
            while block := ahead.result():
                ahead = reader.submit(self.read, BLOCK)
                yield block

    def position(self) -> int:
        """Return how many bytes of the file on disk have been read."""
        with contextlib.suppress(OSError, ValueError):
            return self._raw.tell()
        return 0


@contextlib.contextmanager
def open_source(name: str) -> Iterator[Source]:
    """Open the file ``name``, or standard input if it is ``-``; decompress what is compressed."""
    with contextlib.ExitStack() as stack:
        if name == "-":
            if sys.stdin is None:
                raise ValueError("standard input is closed")
            raw = cast(BinaryIO, getattr(sys.stdin, "buffer", sys.stdin))
        else:
            raw = stack.enter_context(open(name, "rb"))
        size = _size(raw)
        source = Source(name, raw, raw, size, is_plain=size is not None and name != "-")
        for magic, decompress in (
            (b"\x1f\x8b", gzip.open),
            (b"BZh", bz2.open),
            (b"\xfd7zXZ\0", lzma.open),
        ):
            if source.head.startswith(magic):
                compressed = cast(BinaryIO, _Joined(source))
                stream = cast(BinaryIO, stack.enter_context(decompress(compressed)))
                source = Source(name, stream, raw, size, is_plain=False)
                break
        yield source


def _size(raw: BinaryIO) -> int | None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        status = os.fstat(raw.fileno())
        if stat.S_ISREG(status.st_mode):
            return status.st_size
    return None


class _Joined(io.RawIOBase):
    """A source as a file, for the decompressors."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def read(self, count: int = -1) -> bytes:
        # A decompressor reads a little at a time, so a pipe is asked for no more than it has to give.
        return self._source.read(count if count >= 0 else BLOCK)
