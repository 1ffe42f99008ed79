"""A pipeline over pictures with Pillow: decode, filter in Rust, encode.

    python examples/image_pipeline.py OUTPUT_FOLDER [PICTURE ...]

Without a picture it works on one that the package draws.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

import rust_numpy_example as rne
from rust_numpy_example import data

#: A picture of more pixels is refused before it is decoded.
MAX_PIXELS = 100_000_000


def read(path: Path) -> np.ndarray:
    """Return the grey levels or the colours of a picture."""
    with Image.open(path) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(
                f"{path}: {image.width} x {image.height} pixels, expected at most {MAX_PIXELS:,}"
            )
        return np.asarray(image.convert("L" if image.mode in ("1", "L", "I;16", "LA") else "RGB"))


def main(folder: Path, pictures: list[Path]) -> list[Path]:
    """Blur each picture and find its edges; return the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    if not pictures:
        pictures = [folder / "planet.png"]
        Image.fromarray(data.picture()).save(pictures[0])
    written = []
    for path in pictures:
        pixels = read(path)
        channels = -1 if pixels.ndim == 3 else None
        for name, filtered in (
            ("blur", rne.process_image(pixels, "blur", sigma=4.0, channel_axis=channels)),
            ("edges", rne.process_image(pixels, "edges", channel_axis=channels)),
        ):
            # Still bytes, rounded and saturated: nothing to convert.
            assert filtered.dtype == np.uint8
            written.append(folder / f"{path.stem}_{name}.png")
            Image.fromarray(filtered).save(written[-1])
            print(f"{written[-1]}: {filtered.shape}, mean {rne.compute_stats(filtered)['mean']:.2f}")
    return written


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "example_output"), [Path(name) for name in sys.argv[2:]])
