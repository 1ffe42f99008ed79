"""A pipeline over pictures: decode with Pillow, filter in Rust, encode.

    python examples/image_pipeline.py OUTPUT_FOLDER [PICTURE ...]

Without a picture it works on one that the package draws. `rust_numpy_example.pictures` reads what cameras and programs
write: 16 bits, palettes, opacity, and pictures that were taken with the camera turned.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

import rust_numpy_example as rne
from rust_numpy_example import data, pictures


def main(folder: Path, paths: list[Path]) -> list[Path]:
    """Blur each picture and find its edges; return the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    if not paths:
        paths = [folder / "planet.png"]
        Image.fromarray(data.picture()).save(paths[0])
    written = []
    for path in paths:
        picture = pictures.load(path)
        for name, filtered in ("blur", pictures.blur(picture, 4.0)), ("edges", pictures.edges(picture)):
            written.append(folder / f"{path.stem}_{name}.png")
            filtered.save(written[-1])
            pixels = np.asarray(filtered)
            print(f"{written[-1]}: {pixels.shape}, mean {rne.compute_stats(pixels).mean:.2f}")
    return written


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "example_output"), [Path(name) for name in sys.argv[2:]])
