"""A pipeline over pictures with Pillow: decode, filter in Rust, encode.

    python examples/image_pipeline.py OUTPUT_FOLDER [PICTURE ...]

Without a picture it works on one that the package draws.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

import rust_numpy_example as rne
from rust_numpy_example import data

#: A picture of more pixels is refused before it is decoded.
MAX_PIXELS = 100_000_000


def read(path: Path) -> np.ndarray:
    """Return a picture as amounts of light: grey or colours, the last of two or four channels being opacity."""
    with Image.open(path) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(
                f"{path}: {image.width} x {image.height} pixels, expected at most {MAX_PIXELS:,}"
            )
        # Cameras note how they were held.
        image = ImageOps.exif_transpose(image)
        # A number in a palette is no amount of light. What has 16 bits stays as it is.
        if image.mode in ("P", "PA"):
            image = image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB")
        elif image.mode == "1":
            image = image.convert("L")
        return np.asarray(image)


def blur(pixels: np.ndarray, sigma: float) -> np.ndarray:
    """Blur a picture; colours count as much as they are opaque."""
    if pixels.ndim == 2 or pixels.shape[-1] == 3:
        return rne.process_image(pixels, "blur", sigma=sigma, channel_axis=None if pixels.ndim == 2 else -1)
    weighted = pixels.astype(np.float32)
    weighted[..., :-1] *= weighted[..., -1:] / np.float32(255)
    blurred = rne.process_image(weighted, "blur", sigma=sigma, channel_axis=-1)
    blurred[..., :-1] /= np.maximum(blurred[..., -1:], np.float32(1e-6)) / np.float32(255)
    return np.clip(np.rint(blurred), 0, 255).astype(np.uint8)


def edges(pixels: np.ndarray) -> np.ndarray:
    """Return the edges of a picture, as bright as they are steep."""
    if pixels.ndim == 2 or pixels.shape[-1] == 3:
        return rne.process_image(pixels, "edges", channel_axis=None if pixels.ndim == 2 else -1)
    colours = pixels[..., :-1] * (pixels[..., -1:] / np.float32(255))
    found = rne.process_image(colours, "edges", channel_axis=-1, dtype=np.uint8)
    return found[..., 0] if found.shape[-1] == 1 else found


def main(folder: Path, pictures: list[Path]) -> list[Path]:
    """Blur each picture and find its edges; return the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    if not pictures:
        pictures = [folder / "planet.png"]
        Image.fromarray(data.picture()).save(pictures[0])
    written = []
    for path in pictures:
        pixels = read(path)
        for name, filtered in ("blur", blur(pixels, 4.0)), ("edges", edges(pixels)):
            written.append(folder / f"{path.stem}_{name}.png")
            Image.fromarray(filtered).save(written[-1])
            print(f"{written[-1]}: {filtered.shape}, mean {rne.compute_stats(filtered)['mean']:.2f}")
    return written


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "example_output"), [Path(name) for name in sys.argv[2:]])
