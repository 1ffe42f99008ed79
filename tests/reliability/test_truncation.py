"""The command line on files that end too early, at every byte, and on outputs that fail."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import TEXT, VALUES, npy, record_array, shell
from interrupt import wait_until_read

from rust_numpy_example import data
from rust_numpy_example.__main__ import main

TERABYTE = npy("{'descr': '<f8', 'fortran_order': False, 'shape': (131072, 1048576)}", bytes(64))


def _files(folder: Path) -> dict[str, bytes]:
    """Return a file of every kind."""
    records = io.BytesIO()
    np.save(records, record_array())
    np.savez(folder / "x.npz", x=VALUES, y=record_array())
    np.savez_compressed(folder / "y.npz", x=VALUES)
    text = (TEXT + '"a ""quoted""\nfield",5\n').encode()
    files = {
        "t.csv": text,
        "t.tsv": text.replace(b",", b"\t"),
        "t.npy": records.getvalue(),
        "t.npz": (folder / "x.npz").read_bytes(),
        "compressed.npz": (folder / "y.npz").read_bytes(),
        "t.csv.gz": gzip.compress(text),
        "t.csv.bz2": bz2.compress(text),
        "t.csv.xz": lzma.compress(text),
        "t.npy.gz": gzip.compress(records.getvalue()),
    }
    with contextlib.suppress(ImportError):
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"x": VALUES[:, 0], "y": ["a", None, "b"]}), folder / "t.parquet")
        files["t.parquet"] = (folder / "t.parquet").read_bytes()
    return files


@pytest.mark.thorough
def test_files_that_end_at_any_byte(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], figure: Callable[[str, str, bool], None]
) -> None:
    codes = {0: 0, 1: 0}
    wrong = []
    files = _files(tmp_path)
    for name, content in files.items():
        path = tmp_path / name
        for end in range(len(content) + 1):
            path.write_bytes(content[:end])
            for command in ("stats", "words"):
                try:
                    code = main([command, str(path)])
                    out, err = capsys.readouterr()
                except BaseException as error:
                    wrong.append((name, end, command, repr(error)))
                    continue
                codes[code] = codes.get(code, 0) + 1
                # An error is one line; a file that is whole is read.
                lines = [line for line in err.splitlines() if not line.startswith("note: ")]
                if len(lines) != code or not all(line.startswith(f"error: {path}: ") for line in lines):
                    wrong.append((name, end, command, err))
                if end == len(content) and command == "stats" and code:
                    wrong.append((name, end, command, err))
    print(wrong[:10])
    counts = ", ".join(f"{count} with code {code}" for code, count in sorted(codes.items()))
    figure(
        "The command line on files cut off at every byte: an error is one line",
        f"{sum(codes.values())} runs over {len(files)} kinds of files: {counts}; tracebacks: {len(wrong)}",
        not wrong and set(codes) == {0, 1},
    )


def _reader_gone() -> tuple[int, bytes]:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = shell("stats", data.PLANETS, stdout=closed)
    return done.returncode, done.stderr


def test_exit_codes(tmp_path: Path, figure: Callable[[str, str, bool], None]) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    claims = tmp_path / "terabyte.npy"
    claims.write_bytes(TERABYTE)
    with open("/dev/full", "wb") as full:
        cases = {
            "a good file": (shell("stats", data.PLANETS), 0),
            "no file": (shell("stats", tmp_path / "none"), 1),
            "a directory": (shell("stats", tmp_path), 1),
            "a header that claims a terabyte": (shell("stats", claims), 1),
            "the same through a pipe": (shell("stats", "-", input=TERABYTE), 1),
            "a full disk": (shell("stats", data.PLANETS, stdout=full), 1),
            "wrong arguments": (shell("stats", "--nothing"), 2),
        }
    found = {name: (done.returncode, done.stderr, code) for name, (done, code) in cases.items()}
    found["a reader that has gone"] = (*_reader_gone(), 141)
    # Ctrl-C at a prompt, so to say: the command waits for its standard input.
    script = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); print(1, flush=True)\n"
    script += "from rust_numpy_example.__main__ import main; import sys; sys.exit(main(['stats', '-']))"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdin and child.stdout and child.stderr
        child.stdout.readline()
        child.stdin.write(b"a\n1\n")
        wait_until_read(child.stdin)
        child.send_signal(2)
        found["Ctrl-C"] = (child.wait(20), child.stderr.read(), 130)
    wrong = {name: case for name, case in found.items() if case[0] != case[2] or b"Traceback" in case[1]}
    print(wrong)
    codes = ", ".join(f"{name} {code}" for name, (_, _, code) in found.items())
    figure("Exit codes of the command line", f"{len(found) - len(wrong)} of {len(found)}: {codes}", not wrong)
