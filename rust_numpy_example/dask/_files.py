"""Files, cut into ranges of bytes that tasks read by themselves.

Opened by fsspec, as Dask does: local files and whatever else has an address that it knows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, cast

from dask.utils import parse_bytes
from fsspec.core import url_to_fs

from rust_numpy_example.dask._cancel import stop_if_cancelled

#: Bytes read at a time.
PIECE = 4 << 20

#: Bytes read at a time in search of the end of a word or a line.
_PEEK = 1 << 16

_COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd"}


@dataclass(frozen=True)
class Range:
    """The bytes of a file from ``start`` to ``stop``; None is its end.

    What belongs to it begins at the first cut at or after ``start``, and ends at the first at or after ``stop``. A
    cut is behind a byte of ``after``; so the ranges of a file have all of it between them.
    """

    path: str
    start: int
    stop: int | None
    after: bytes
    compression: str | None
    storage_options: tuple[tuple[str, Any], ...]
    #: Changes when the file does.
    version: str

    def open(self) -> BinaryIO:
        """Open the file."""
        fs, path = url_to_fs(self.path, **dict(self.storage_options))
        return cast(BinaryIO, fs.open(path, "rb", compression=self.compression))

    def bounds(self, file: BinaryIO) -> tuple[int, int | None]:
        """Return where the range begins and ends."""
        return self._cut(file, self.start), None if self.stop is None else self._cut(file, self.stop)

    def _cut(self, file: BinaryIO, offset: int) -> int:
        if offset == 0:
            return 0
        offset -= 1
        file.seek(offset)
        while data := file.read(_PEEK):
            if found := re.search(b"[" + re.escape(self.after) + b"]", data):
                return offset + found.end()
            offset += len(data)
            stop_if_cancelled()
        return offset

    def pieces(self) -> Iterator[bytes]:
        """Yield what belongs to the range, a few megabytes at a time."""
        with self.open() as file:
            first, last = self.bounds(file)
            if self.compression is None:
                file.seek(first)
            while data := file.read(PIECE if last is None else min(PIECE, last - first)):
                stop_if_cancelled()
                yield data
                first += len(data)

    def until(self, stop: int | None) -> Range:
        """Return the range from the same start to another end."""
        return replace(self, stop=stop)

    def whole(self) -> Range:
        """Return the range of the whole file."""
        return replace(self, start=0, stop=None)

    @property
    def name(self) -> str:
        """The file, as errors show it."""
        return self.path.removeprefix("file://").removeprefix("local://")


def files(
    function: str,
    paths: Any,
    suffixes: Sequence[str],
    after: bytes,
    storage_options: dict[str, Any] | None,
) -> list[tuple[Range, int]]:
    """Return files with their sizes, in order: paths, patterns, folders of files with one of ``suffixes``."""
    options = storage_options or {}
    found = []
    for path in _paths(function, paths):
        fs, stripped = url_to_fs(path, **options)
        if fs.isdir(stripped):
            names = [name for name in fs.find(stripped) if _is_wanted(name, suffixes)]
            complaint = f"a folder without files that end in {', '.join(suffixes)}"
        elif not fs.exists(stripped):
            names = sorted(fs.glob(stripped)) if re.search(r"[*?\[]", stripped) else []
            complaint = "no such file"
        else:
            names = [stripped]
        if not names:
            raise FileNotFoundError(f"{function}: argument paths, got {path!r}, {complaint}")
        for name in names:
            compression = _without_compression(name)[1]
            stored = tuple(sorted(options.items()))
            whole = Range(fs.unstrip_protocol(name), 0, None, after, compression, stored, str(fs.ukey(name)))
            found.append((whole, int(fs.size(name) or 0)))
    return found


def cut(function: str, whole: Range, size: int, blocksize: Any) -> list[Range]:
    """Return the ranges of a file; what is compressed is read from its start and so is one."""
    step = size if blocksize is None else parse_bytes(blocksize)
    if step < 1 and blocksize is not None:
        raise ValueError(
            f"{function}: argument blocksize, got {blocksize!r}, expected at least one byte, or None"
        )
    if whole.compression or step >= size:
        return [whole]
    return [
        replace(whole, start=start, stop=None if start + step >= size else start + step)
        for start in range(0, size, step)
    ]


def _paths(function: str, paths: Any) -> list[str]:
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    if not isinstance(paths, (list, tuple)):
        raise TypeError(
            f"{function}: argument paths, got {type(paths).__name__}, expected a path or a list of paths"
        )
    for path in paths:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"{function}: argument paths, got {type(path).__name__} in it, expected paths")
    if not paths:
        raise ValueError(f"{function}: argument paths, got an empty list, expected at least one path")
    return [os.fspath(path) for path in paths]


def _is_wanted(name: str, suffixes: Sequence[str]) -> bool:
    hidden = name.replace(os.sep, "/").rpartition("/")[2].startswith((".", "_"))
    return not hidden and _without_compression(name)[0].endswith(tuple(suffixes))


def suffix(whole: Range) -> str:
    """Return the suffix of a file, without that of a compression: ``.csv``."""
    return os.path.splitext(_without_compression(whole.path)[0])[1]


def _without_compression(name: str) -> tuple[str, str | None]:
    lower = name.lower()
    for end, compression in _COMPRESSED.items():
        if lower.endswith(end):
            return lower.removesuffix(end), compression
    return lower, None
