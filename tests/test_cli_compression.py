"""The command line on compressed files: members, padding, archives, pieces of any size."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import TSV, Run, Stats, refused, written

from rust_numpy_example._cli.source import Decompressed, open_source


@pytest.fixture
def stats(run: Run, tmp_path: Path) -> Stats:
    return written(run, tmp_path, "t.csv")


PACKERS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("name", PACKERS)
def test_several_members_padding_and_what_follows(run: Run, stats: Stats, tmp_path: Path, name: str) -> None:
    pack = PACKERS[name]
    whole = pack(b"a,b\n1,2\n") + pack(b"3,4\n5,6\n") + pack(b"7,8\n")
    assert stats(whole)[0][1]["max"] == 8
    assert stats(whole + bytes(16))[0][1]["max"] == 8
    path = tmp_path / "t.csv"
    path.write_bytes(whole + b"trailing garbage")
    why = refused(run, path)
    assert f"what follows byte {len(whole)} is no {name} data" in why
    path.write_bytes(whole[:-3])
    assert "the file is truncated" in refused(run, path)
    path.write_bytes(pack(pack(b"a\n1\n")))
    assert refused(run, path) == "compressed twice: unpack it once"


@pytest.mark.parametrize("name", PACKERS)
def test_compressed_data_come_in_pieces_of_any_size(tmp_path: Path, name: str) -> None:
    data = np.random.default_rng(5).integers(0, 50, 100_000, np.uint8).tobytes()
    path = tmp_path / "t"
    path.write_bytes(PACKERS[name](data[:70_000]) + PACKERS[name](data[70_000:]))
    for size in (1000, 65_536, 1 << 20):
        with open_source(str(path)) as source:
            assert isinstance(source._stream, Decompressed)
            pieces = []
            while piece := source.read(size):
                pieces.append(piece)
        assert b"".join(pieces) == data
        assert {len(piece) for piece in pieces[:-1]} <= {size}


def test_zip_archives_of_one_member_and_lzma_and_zstd(run: Run, stats: Stats, tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.tsv", TSV)
    assert len(stats(stream.getvalue(), name="t.tsv.zip")[0]) == 3
    assert len(stats(lzma.compress(TSV, format=lzma.FORMAT_ALONE), name="t.tsv.lzma")[0]) == 3
    zstandard = pytest.importorskip("zstandard", reason="reads zstd")
    pack = zstandard.ZstdCompressor().compress
    assert stats(pack(TSV) + pack(b"7\t8\t9\n"), name="t.tsv.zst")[0][2]["max"] == 9


def test_frames_of_zstd_that_hold_no_data_are_left_out(run: Run, tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard", reason="reads zstd")
    pack = zstandard.ZstdCompressor().compress
    skipped = b"\x53\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"size"
    path = tmp_path / "t.csv.zst"
    path.write_bytes(skipped + pack(b"a,b\n1,2\n") + skipped + skipped + pack(b"3,4\n") + skipped)
    code, out, err = run("stats", path, "--csv")
    assert (code, err) == (0, "") and out.splitlines()[1].startswith("a,integer,2,0,2,")


def test_zstd_without_its_package_says_what_to_install(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression", None)
    path = tmp_path / "t.csv.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd....")
    assert "pip install 'rust_numpy_example[cli]'" in refused(run, path)
