"""A pandas pipeline: read a table, compute new columns in Rust, describe them, write a table.

    python examples/csv_pipeline.py OUTPUT_FOLDER

The columns of a DataFrame go to the functions as they are, without a copy.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

import rust_numpy_example as rne
from rust_numpy_example import data

#: Kilometres that light travels in a minute.
LIGHT_MINUTE = 299_792.458 * 60


def main(folder: Path) -> pd.DataFrame:
    """Run the pipeline; return what it writes to ``folder / "planets.csv"``."""
    planets = pd.read_csv(data.PLANETS, index_col="name")

    # How long the light of the sun takes to each planet, in minutes.
    light = rne.process_data(planets["distance_1e6_km"], 1e6 / LIGHT_MINUTE)

    # The acceleration of a body on a circle is its speed times its angular speed: in mm/s2.
    speed = planets["orbital_velocity_km_s"]
    angular = 2 * np.pi / (planets["orbital_period_days"] * 86_400)
    pull = rne.array_multiply(speed, angular * 1e6)

    result = pd.DataFrame({"light_minutes": light, "pull_of_the_sun_mm_s2": pull}, index=planets.index)
    for name, column in result.items():
        stats = rne.compute_stats(column)
        print(f"{name:22} mean {stats['mean']:9.3f}  std {stats['std']:9.3f}  max {stats['max']:9.3f}")

    folder.mkdir(parents=True, exist_ok=True)
    result.round(4).to_csv(folder / "planets.csv")
    print(f"written: {folder / 'planets.csv'}")
    return result


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "example_output"))
