"""Every example runs as a reader would run it, and its result is right."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rust_numpy_example

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"

pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the examples are not beside the tests")


def run(name: str, *arguments: object) -> str:
    """Run an example in a process of its own; return what it prints."""
    package = Path(rust_numpy_example.__file__).parents[1]
    path = os.pathsep.join([str(package), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_has_a_test() -> None:
    tested = Path(__file__).read_text("utf-8")
    # The program in Rust is run by `tox -e rust`.
    for example in EXAMPLES.glob("*.py"):
        assert f'"{example.name}"' in tested, example.name


def test_csv_pipeline(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas", reason="the example is a pandas pipeline")
    out = run("csv_pipeline.py", tmp_path)
    table = pd.read_csv(tmp_path / "planets.csv", index_col="name")
    # The sun's light takes 499 seconds to the earth, which falls around it with 5.9 mm/s2.
    assert table.loc["Earth", "light_minutes"] == pytest.approx(499.0 / 60, rel=1e-3)
    assert table.loc["Earth", "pull_of_the_sun_mm_s2"] == pytest.approx(5.93, rel=2e-3)
    assert f"max {table['light_minutes'].max():9.3f}" in out


def test_image_pipeline(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="the example decodes with Pillow")
    run("image_pipeline.py", tmp_path)
    original, blur, edges = (
        np.asarray(image.open(tmp_path / f"planet{name}.png")).astype(float)
        for name in ("", "_blur", "_edges")
    )
    assert original.shape == blur.shape == edges.shape
    assert blur.mean() == pytest.approx(original.mean(), rel=0.01)
    assert np.abs(np.diff(blur)).max() < np.abs(np.diff(original)).max() / 4
    colours = np.stack([original, original / 2, 0 * original], axis=-1).astype(np.uint8)
    image.fromarray(colours).save(tmp_path / "colour.png")
    run("image_pipeline.py", tmp_path, tmp_path / "colour.png")
    filtered = np.asarray(image.open(tmp_path / "colour_blur.png"))
    assert filtered.shape == colours.shape
    assert not filtered[..., 2].any()


def test_image_pipeline_reads_what_the_command_reads(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="the example decodes with Pillow")
    from rust_numpy_example.__main__ import main

    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 4), dtype=np.uint8)
    turned = image.Exif()
    turned[0x0112] = 6
    image.fromarray(noise[..., 0].astype(np.uint16) * 257).save(tmp_path / "sixteen.png")
    image.fromarray(noise[..., :3]).quantize(16).save(tmp_path / "palette.png")
    image.fromarray(noise[..., 0] > 99).save(tmp_path / "bits.png")
    image.fromarray(noise).save(tmp_path / "alpha.png")
    image.frombytes("LA", (60, 40), noise[..., :2].tobytes()).save(tmp_path / "grey_alpha.png")
    image.fromarray(noise[..., :3].copy()).save(tmp_path / "turned.png", exif=turned)
    pictures = sorted(tmp_path.glob("*.png"))
    run("image_pipeline.py", tmp_path / "out", *pictures)
    for picture in pictures:
        for how, options in (("blur", ("--sigma", "4")), ("edges", ())):
            command = tmp_path / f"command_{picture.name}"
            assert main(["image", how, str(picture), "-o", str(command), *options]) == 0
            ours = np.asarray(image.open(tmp_path / "out" / f"{picture.stem}_{how}.png"))
            np.testing.assert_array_equal(ours, np.asarray(image.open(command)), err_msg=f"{picture} {how}")


def test_the_docstring_of_pictures() -> None:
    pytest.importorskip("PIL", reason="pictures are read with Pillow")
    from rust_numpy_example import pictures

    failed, attempted = doctest.testmod(pictures)[:2]
    assert attempted and not failed


def test_monte_carlo(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the example plots with matplotlib")
    out = run("monte_carlo.py", tmp_path)
    slope = float(out.split("to the power ")[1].split()[0])
    assert slope == pytest.approx(-0.5, abs=0.05)
    assert (tmp_path / "monte_carlo.png").read_bytes().startswith(b"\x89PNG")


def test_shared_memory(tmp_path: Path) -> None:
    out = run("shared_memory.py", tmp_path)
    values = np.load(tmp_path / "shared.npy")
    expected = (np.arange(values.size).reshape(values.shape) % 100 * 0.5) ** 2
    np.testing.assert_array_equal(values, expected)
    assert f"sum {expected.sum():,.2f}, written" in out
