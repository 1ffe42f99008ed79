"""What bytes decide, and memory that ends where a structure says: reading on ends the process."""

from __future__ import annotations

import ctypes
import mmap
import sys
from typing import Any

PAGE = mmap.PAGESIZE


class Drawn:
    """Choices that bytes make; zeros where there are no more."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        """Return as many bytes."""
        found = self.data[self.at : self.at + count]
        self.at += count
        return found.ljust(count, b"\0")

    def below(self, end: int) -> int:
        """Return a number from 0 on, of one byte."""
        return self.take(1)[0] % end

    def of(self, *choices: Any) -> Any:
        """Return one of them."""
        return choices[self.below(len(choices))]

    def rarely(self) -> bool:
        """Return whether something happens that mostly does not; never at the end of the bytes."""
        return self.take(1)[0] >= 240


class Memory:
    """Pieces of memory, each at the end of its pages, before one that cannot be read."""

    def __init__(self, pieces: int, pages: int) -> None:
        size = (pages + 1) * PAGE
        self._room = pages * PAGE
        self._map = mmap.mmap(-1, pieces * size)
        self._start = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        self._ends = [self._start + i * size + self._room for i in range(pieces)]
        self._next = 0
        if sys.platform != "win32":
            protect = ctypes.CDLL(None, use_errno=True).mprotect
            protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
            for end in self._ends:
                if protect(end, PAGE, 0):
                    raise OSError(ctypes.get_errno(), "mprotect")

    def free(self) -> None:
        """Let all pieces be used again."""
        self._next = 0

    def place(self, data: bytes, behind: int = 0) -> int:
        """Return the address of a copy of ``data``, with some bytes of no meaning behind it."""
        end = self._ends[self._next] - behind
        self._next += 1
        assert len(data) <= self._room - behind
        ctypes.memmove(end - len(data), data, len(data))
        return end - len(data)
