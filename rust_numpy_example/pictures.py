"""Pictures in files, and filters of them: what the command ``image`` does to one. Needs Pillow.

Files hold more than amounts of light: numbers in a palette, opacity, how the camera was held, 16 bits. ``load`` gives a
picture upright, with values that can be filtered, and refuses what would lose something without a word.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> from PIL import Image
>>> from rust_numpy_example import data, pictures
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder, "planet.png")
...     Image.fromarray(data.picture()).save(path)
...     soft = pictures.blur(pictures.load(path), 4.0)
>>> soft.mode, soft.size
('L', (320, 240))
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from os import PathLike
from typing import Any, Literal

#: What is read and written, by the suffix of the file.
FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}

#: Modes of Pillow that are filtered as they are, and what others are turned into first.
AS_THEY_ARE = {"L", "RGB", "LA", "RGBA", "CMYK", "I", "I;16", "F"}
TURNED = {"1": "L", "PA": "RGBA", "YCbCr": "RGB", "I;16B": "I;16", "I;16L": "I;16", "RGBX": "RGB"}


def opened(path: str | PathLike[str]) -> Any:
    """Open a file and return the picture of Pillow, not decoded yet; with ``with`` the file is closed again.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no PNG, JPEG, TIFF or WebP, is animated, has several pages, or pixels that Pillow would cut short.
    """
    try:
        image = import_module("PIL.Image").open(path, formats=sorted(set(FORMATS.values())))
    except import_module("PIL").UnidentifiedImageError:
        raise ValueError("not a PNG, JPEG, TIFF or WebP image") from None
    try:
        _refuse(image)
    except BaseException:
        image.close()
        raise
    return image


def upright(image: Any) -> Any:
    """Return a picture as it was seen: cameras note how they were held."""
    return import_module("PIL.ImageOps").exif_transpose(image)


def _refuse(image: Any) -> None:
    """Refuse what would lose something without a word."""
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        kind = "pages" if image.format == "TIFF" else "frames: it is animated"
        raise ValueError(f"has {frames} {kind}")
    # Pillow reads 16 bits of each color as 8.
    layouts = [part[3] for part in image.tile if len(part) > 3]
    layouts = [layout[0] if isinstance(layout, tuple) else layout for layout in layouts]
    if image.mode in ("RGB", "RGBA", "LA") and any(";16" in str(layout) for layout in layouts):
        raise ValueError("has colors of 16 bits, of which Pillow reads 8")
    if image.mode not in AS_THEY_ARE and image.mode not in TURNED and image.mode != "P":
        raise ValueError(f"has pixels of the kind {image.mode}, expected grey, color or a palette")


def light(image: Any) -> Any:
    """Return a picture in a mode whose values are amounts of light, and opacity: not numbers in a palette."""
    if image.mode == "P":
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    if "transparency" in image.info and image.mode in ("L", "RGB"):
        return image.convert("LA" if image.mode == "L" else "RGBA")
    return image.convert(TURNED[image.mode]) if image.mode in TURNED else image


def load(path: str | PathLike[str]) -> Any:
    """Read a picture: upright, in a mode whose values are amounts of light, as a picture of Pillow.

    ``numpy.asarray`` makes an array of it: of two axes, or with the channels as the third.

    Raises
    ------
    OSError, ValueError
        As :func:`opened`.
    """
    with opened(path) as image:
        return light(upright(image))


def blur(
    image: Any, sigma: float | Sequence[float] = 1.0, *, mode: str = "reflect", workers: int | None = None
) -> Any:
    """Blur a picture; colors count as much as they are opaque.

    Parameters
    ----------
    image : PIL.Image.Image
        As :func:`load` returns it.
    sigma, mode, workers
        As of :func:`rust_numpy_example.gaussian_blur`.

    Returns
    -------
    PIL.Image.Image
        Of the same mode.
    """
    return _filtered(image, "blur", sigma=sigma, mode=mode, workers=workers)


def edges(image: Any, *, mode: str = "reflect", workers: int | None = None) -> Any:
    """Return the edges of a picture, as bright as they are steep.

    Parameters
    ----------
    image : PIL.Image.Image
        As :func:`load` returns it.
    mode, workers
        As of :func:`rust_numpy_example.sobel`.

    Returns
    -------
    PIL.Image.Image
        Without opacity.
    """
    return _filtered(
        image.convert("RGB") if image.mode == "CMYK" else image, "edges", mode=mode, workers=workers
    )


def _filtered(image: Any, filter: Literal["blur", "edges"], **how: Any) -> Any:
    import numpy as np

    from rust_numpy_example import process_image

    pixels = np.asarray(image)
    if pixels.ndim == 3:
        how["channel_axis"] = -1
    if image.mode not in ("LA", "RGBA"):
        return from_pixels(process_image(pixels, filter, **how), image.mode)
    # Colors count as much as they are opaque: what is transparent has no color.
    weighted = pixels.astype(np.float32)
    weighted[..., :-1] *= weighted[..., -1:] / np.float32(255)
    if filter == "edges":
        return from_pixels(process_image(weighted[..., :-1], "edges", dtype=np.uint8, **how), image.mode[:-1])
    blurred = process_image(weighted, **how)
    blurred[..., :-1] /= np.maximum(blurred[..., -1:], np.float32(1e-6)) / np.float32(255)
    return from_pixels(np.clip(np.rint(blurred), 0, 255).astype(np.uint8), image.mode)


def from_pixels(pixels: Any, mode: str) -> Any:
    """Return the picture of a mode of Pillow whose pixels are those of an array."""
    rows, columns = pixels.shape[:2]
    return import_module("PIL.Image").frombytes(mode, (columns, rows), pixels.tobytes())
