"""Small data for the demo and the examples: a table, a text, and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HERE = Path(__file__).parent

#: The planets of the solar system, in CSV (source: README.md beside this file).
PLANETS = _HERE / "planets.csv"

#: What the package does, in English.
PROSE = _HERE / "prose.txt"


def picture(height: int = 240, width: int = 320) -> NDArray[np.uint8]:
    """Draw a planet with a ring and two moons before a dark sky: grey levels, lit from the left."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    # In units of the planet's radius, from its middle.
    radius = 0.27 * min(height, width)
    x, y = (x - 0.5 * width) / radius, (y - 0.5 * height) / radius
    image: NDArray[Any] = 12 + 10 * (y - y.min()) / (y.max() - y.min() or 1.0)
    for moon_x, moon_y, size in ((-1.9, -1.2, 0.16), (1.9, 1.25, 0.1)):
        image = np.where(np.hypot(x - moon_x, y - moon_y) < size, 190.0, image)
    inside = np.hypot(x, y) < 1
    # Lambert's law: the brightness is the cosine between the surface's normal and the light.
    normal_z = np.sqrt(np.clip(1 - x * x - y * y, 0, None))
    light = np.clip(-0.62 * x - 0.33 * y + 0.71 * normal_z, 0.05, None)
    bands = 1 + 0.12 * np.sin(9 * y)
    image = np.where(inside, 215 * light * bands, image)
    # The ring is a circle seen from near its plane; its far half is hidden by the planet.
    tilted = np.hypot(x + 0.25 * y, 3.4 * (y - 0.18 * x))
    ring = ((tilted > 1.35) & (tilted < 1.62)) | ((tilted > 1.68) & (tilted < 2.0))
    image = np.where(ring & (~inside | (y - 0.18 * x > 0)), 165 + 40 * np.cos(12 * tilted), image)
    levels: NDArray[np.uint8] = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return levels
