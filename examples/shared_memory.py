"""Several processes work in place on one array in shared memory; nothing is copied or sent.

    python examples/shared_memory.py OUTPUT_FOLDER

Each process gets the name of the memory and which rows are its own. The functions take the view
of those rows as they take any array, and write the result where the input was (``out=``).
"""

from __future__ import annotations

import itertools
import multiprocessing
import sys
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np

import rust_numpy_example as rne

SHAPE = (1200, 500)


def work(name: str, first: int, last: int) -> tuple[int, int, float]:
    """Scale and square the rows ``first`` to ``last`` in place; return them and their sum."""
    memory = SharedMemory(name)
    try:
        rows = np.ndarray(SHAPE, np.float64, memory.buf)[first:last]
        # Every process has a core of its own: no further threads.
        rne.process_data(rows, 0.5, out=rows, workers=1)
        rne.array_multiply(rows, rows, out=rows, workers=1)
        total = float(rne.sum_array(rows, workers=1))
        del rows
    finally:
        memory.close()
    return first, last, total


def main(folder: Path, processes: int = 3) -> float:
    """Let ``processes`` processes work on one array; return its sum."""
    memory = SharedMemory(create=True, size=8 * SHAPE[0] * SHAPE[1])
    try:
        array = np.ndarray(SHAPE, np.float64, memory.buf)
        array[...] = np.arange(array.size).reshape(SHAPE) % 100
        expected = (array * 0.5) ** 2
        edges = [SHAPE[0] * part // processes for part in range(processes + 1)]
        jobs = [(memory.name, first, last) for first, last in itertools.pairwise(edges)]
        # A fresh interpreter each: it works the same way on every system.
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            for first, last, total in pool.starmap(work, jobs):
                print(f"rows {first:4} to {last:4}: sum {total:,.2f}")
        assert np.array_equal(array, expected)
        total = float(rne.sum_array(array))
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "shared.npy", array)
        del array
    finally:
        memory.close()
        memory.unlink()
    print(f"all rows: sum {total:,.2f}, written: {folder / 'shared.npy'}")
    return total


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "example_output"))
