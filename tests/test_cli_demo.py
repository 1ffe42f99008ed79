"""The demo, and the data that it shows."""

from __future__ import annotations

import re

import numpy as np
import pytest
from commands import shell

from rust_numpy_example import data
from rust_numpy_example._cli import demo, report
from rust_numpy_example._twins import TOPICS, twins


@pytest.mark.thorough
def test_the_demo_runs() -> None:
    done = shell("demo")
    assert done.returncode == 0, done.stdout.decode()
    out = done.stdout.decode()
    assert done.stderr == b""
    assert "mass_1e24_kg" in out
    # A terminal that nobody has widened; what is called faster elsewhere depends on the machine.
    assert max(map(report.width, out.splitlines())) <= 80
    assert "failed" not in out
    for topic in TOPICS:
        for twin in twins(topic):
            assert re.search(rf"(?m)^{twin.name}  ", out)
            assert f"    {twin.title}: " in out


def test_the_demo_of_a_topic_has_its_functions_alone() -> None:
    done = shell("demo", "window")
    assert (done.returncode, done.stderr) == (0, b"")
    out = done.stdout.decode()
    assert re.search("(?m)^moving_average  ", out)
    assert "sobel" not in out and "planets" not in out
    done = shell("demo", "windows")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"no topic 'windows', there are linalg, " in done.stderr


def test_a_function_is_as_fast_as_itself_whatever_comes_between() -> None:
    data, large = np.ones(30_000), np.ones(8_000_000)
    for _ in range(10):
        first, _, second = demo.measure([data.sum, large.sum, data.sum])
        if 0.8 <= first / second <= 1.25:
            return
    pytest.fail(f"the same function takes {first} and {second} seconds")


def test_the_planets_keep_keplers_third_law() -> None:
    table = np.genfromtxt(data.PLANETS, delimiter=",", names=True)
    constant = table["distance_1e6_km"] ** 3 / table["orbital_period_days"] ** 2
    np.testing.assert_allclose(constant, constant[2], rtol=0.03)
    # The speed is the length of the way around the sun by the time it takes.
    speed = 2 * np.pi * table["distance_1e6_km"] * 1e6 / (table["orbital_period_days"] * 86400)
    np.testing.assert_allclose(speed, table["orbital_velocity_km_s"], rtol=0.02)
    density = table["mass_1e24_kg"] * 1e24 / (np.pi / 6 * (table["diameter_km"] * 1e3) ** 3)
    np.testing.assert_allclose(density, table["density_kg_m3"], rtol=0.12)


def test_the_picture_has_all_greys() -> None:
    image = data.picture()
    assert (image.shape, image.dtype) == ((240, 320), np.uint8)
    assert len(np.unique(image)) > 150
    assert data.picture(3, 5).shape == (3, 5)
