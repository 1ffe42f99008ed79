"""The command ``image``: every kind of image, what it keeps and refuses, folders, files that are written whole."""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rust_numpy_example as rne
from rust_numpy_example.__main__ import main
from rust_numpy_example._cli import image, report

Image: Any = pytest.importorskip("PIL.Image")

#: A command that has just been run: exit code, standard error.
Run = Callable[..., tuple[int, str]]

RNG = np.random.default_rng(8)
GREY = RNG.integers(0, 256, (20, 31)).astype(np.uint8)
COLOR = RNG.integers(0, 256, (20, 31, 3)).astype(np.uint8)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process."""

    def run(*arguments: object) -> tuple[int, str]:
        code = main(["image", *(str(argument) for argument in arguments)])
        out, err = capsys.readouterr()
        assert out == ""
        return code, err

    return run


def saved(path: Path, pixels: Any, mode: str | None = None, **options: Any) -> Path:
    """Save an image and return where."""
    image = Image.fromarray(pixels) if mode is None else pixels.convert(mode)
    image.save(path, **options)
    return path


def pixels(path: Path) -> np.ndarray:
    """Return the pixels of a file."""
    with Image.open(path) as image:
        return np.array(image)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jpg"])
@pytest.mark.parametrize("data", [GREY, COLOR], ids=["grey", "color"])
def test_images_of_bytes_are_those_of_the_library(
    run: Run, tmp_path: Path, data: np.ndarray, suffix: str
) -> None:
    lossless = {"lossless": True} if suffix == ".webp" else {}
    source = saved(tmp_path / f"in{suffix}", data, **lossless)
    read = pixels(source)
    channels = {"channel_axis": -1} if read.ndim == 3 else {}
    for name, options, expected in (
        ("blur", ["--sigma", "2.5", "--mode", "wrap"], rne.gaussian_blur(read, 2.5, mode="wrap", **channels)),
        ("blur", ["--sigma", "0,3"], rne.gaussian_blur(read, (0, 3), **channels)),
        ("blur", [], rne.gaussian_blur(read, 1, **channels)),
        ("edges", [], rne.sobel(read, **channels)),
    ):
        target = tmp_path / "out" / "result.png"
        assert run(name, source, "-o", target, *options) == (0, "")
        assert np.array_equal(pixels(target), expected)


def test_grey_of_16_bits_and_floats_keep_their_depth(run: Run, tmp_path: Path) -> None:
    deep = (GREY.astype(np.uint16) << 8) + 77
    target = tmp_path / "out.png"
    assert run("blur", saved(tmp_path / "deep.png", deep), "-o", target) == (0, "")
    assert np.array_equal(pixels(target), rne.gaussian_blur(deep, 1))
    assert pixels(target).max() > 255
    floats = GREY.astype(np.float32) / 7
    target = tmp_path / "out.tif"
    assert run("edges", saved(tmp_path / "floats.tif", floats), "-o", target) == (0, "")
    assert np.array_equal(pixels(target), rne.sobel(floats))
    code, err = run("blur", tmp_path / "deep.png", "-o", tmp_path / "out.jpg")
    assert code == 1 and "JPEG holds 8 bits only" in err


def test_palettes_and_black_and_white_become_amounts_of_light(run: Run, tmp_path: Path) -> None:
    palette = Image.fromarray(COLOR).quantize(16)
    target = tmp_path / "out.png"
    assert run("blur", saved(tmp_path / "palette.png", palette, "P"), "-o", target) == (0, "")
    expected = rne.gaussian_blur(np.asarray(palette.convert("RGB")), 1, channel_axis=-1)
    assert np.array_equal(pixels(target), expected)
    two = Image.fromarray(GREY).convert("1")
    assert run("blur", saved(tmp_path / "two.png", two, "1"), "-o", target) == (0, "")
    assert np.array_equal(pixels(target), rne.gaussian_blur(np.asarray(two.convert("L")), 1))


def test_what_is_transparent_does_not_darken_its_neighbors(run: Run, tmp_path: Path) -> None:
    # Red beside black that cannot be seen.
    data = np.zeros((9, 20, 4), np.uint8)
    data[:, 10:] = (200, 10, 0, 255)
    target = tmp_path / "out.png"
    assert run("blur", saved(tmp_path / "in.png", data), "-o", target, "--sigma", 2) == (0, "")
    result = pixels(target)
    seen = result[..., 3] > 0
    assert (result[seen][:, :3] == (200, 10, 0)).all()
    assert np.array_equal(result[..., 3], rne.gaussian_blur(data[..., 3], 2))
    assert run("edges", tmp_path / "in.png", "-o", target) == (0, "")
    assert pixels(target).shape == (9, 20, 3) and pixels(target)[4, 9, 0] == 255
    code, err = run("blur", tmp_path / "in.png", "-o", tmp_path / "out.jpg")
    assert code == 1 and "JPEG holds no transparency" in err


def test_grey_with_transparency_and_the_colors_of_print(run: Run, tmp_path: Path) -> None:
    both = Image.merge("LA", [Image.fromarray(GREY), Image.new("L", (31, 20), 255)])
    target = tmp_path / "out.png"
    assert run("blur", saved(tmp_path / "both.png", both, "LA"), "-o", target) == (0, "")
    exact = np.rint(rne.gaussian_blur(GREY.astype(np.float32), 1))
    assert np.array_equal(pixels(target)[..., 0], exact) and (pixels(target)[..., 1] == 255).all()
    assert run("edges", tmp_path / "both.png", "-o", target) == (0, "")
    assert np.array_equal(pixels(target), rne.sobel(GREY))
    printed, target = Image.fromarray(COLOR).convert("CMYK"), tmp_path / "out.tif"
    assert run("blur", saved(tmp_path / "print.tif", printed, "CMYK"), "-o", target) == (0, "")
    assert np.array_equal(pixels(target), rne.gaussian_blur(np.asarray(printed), 1, channel_axis=-1))
    assert run("edges", tmp_path / "print.tif", "-o", target) == (0, "")
    with Image.open(target) as result:
        assert result.mode == "RGB"


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_the_orientation_is_honored_and_the_metadata_stay(run: Run, tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    source = saved(tmp_path / f"in{suffix}", COLOR, exif=exif, icc_profile=b"profile")
    target = tmp_path / f"out{suffix}"
    assert run("blur", source, "-o", target) == (0, "")
    with Image.open(target) as result:
        assert result.size == (20, 31), "turned by a right angle"
        assert result.getexif().get(0x0112, 1) == 1
        assert result.getexif()[0x010F] == "a camera"
        assert result.info["icc_profile"] == b"profile"


def test_several_images_in_one_file_are_refused_by_name(run: Run, tmp_path: Path) -> None:
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    for name, what in (("a.png", "animated"), ("b.tif", "2 pages"), ("c.webp", "animated")):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        code, err = run("blur", tmp_path / name, "-o", tmp_path / "out.png")
        assert code == 1 and name in err and what in err and err.count("\n") == 1
    assert not (tmp_path / "out.png").exists()


def test_a_folder_is_done_but_for_what_is_broken(run: Run, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "in" / "out"
    (folder / "deeper").mkdir(parents=True)
    for k in range(6):
        saved(folder / f"{k}.png", GREY)
    saved(folder / "deeper" / "x.PNG", COLOR)
    whole = (folder / "3.png").read_bytes()
    (folder / "3.png").write_bytes(whole[: len(whole) // 2])
    (folder / "4.png").write_bytes(b"no image")
    (folder / "notes.txt").write_text("no image either")
    code, err = run("edges", folder, "-o", out, "-j", 3)
    assert code == 1 and err.count("\n") == 2 and "3.png" in err and "4.png" in err
    assert sorted(path.name for path in out.rglob("*")) == [
        "0.png",
        "1.png",
        "2.png",
        "5.png",
        "deeper",
        "x.PNG",
    ]
    assert np.array_equal(pixels(out / "5.png"), rne.sobel(GREY))
    # Once more: the results are no images of the folder.
    assert run("edges", folder, "-o", out)[0] == 1
    assert not (out / "out").exists()


def test_progress_counts_images(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[object, ...]] = []
    seen: list[int] = []

    class Progress(report.Progress):
        def __init__(self, *arguments: Any) -> None:
            made.append(arguments)
            super().__init__(*arguments)

        def update(self, done: int, more: str = "") -> None:
            seen.append(done)

    monkeypatch.setattr(report, "Progress", Progress)
    (tmp_path / "in").mkdir()
    for index in range(5):
        saved(tmp_path / "in" / f"{index}.png", GREY)
    (tmp_path / "in" / "broken.png").write_bytes(b"")
    assert run("blur", tmp_path / "in", "-o", tmp_path / "out", "-j", 3)[0] == 1
    assert (made, seen) == ([("blur", 6, "images", 1)], [1, 2, 3, 4, 5, 6])
    assert len(list((tmp_path / "out").iterdir())) == 5


def test_what_cannot_be_done_is_one_line(run: Run, tmp_path: Path) -> None:
    source = saved(tmp_path / "in.png", GREY)
    (tmp_path / "other").mkdir()
    (tmp_path / "empty").mkdir()
    other = saved(tmp_path / "other" / "in.png", GREY)
    for arguments, message in (
        ((source, "-o", source), "would replace the image itself"),
        ((source, other, "-o", tmp_path / "out"), "has the name of that of"),
        ((tmp_path / "empty", "-o", tmp_path / "out"), "no PNG, JPEG, TIFF or WebP images"),
        ((tmp_path / "none.png", "-o", tmp_path / "out.png"), "No such file"),
        ((source, "-o", tmp_path / "out.gif"), "cannot write '.gif'"),
        ((source, "-o", source / "out.png"), "cannot write"),
    ):
        code, err = run("blur", *arguments)
        assert code == 1 and message in err and err.count("\n") == 1, err
    for filter, *wrong in (
        ("edges", "--sigma", "2"),
        ("blur", "--sigma", "-1"),
        ("blur", "--sigma", "1,2,3"),
        ("blur", "--sigma", "inf"),
        ("blur", "-j", "0"),
        ("sharpen",),
    ):
        with pytest.raises(SystemExit) as caught:
            run(filter, source, "-o", tmp_path / "out.png", *wrong)
        assert caught.value.code == 2


def test_nothing_is_left_of_a_result_that_could_not_be_written(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = saved(tmp_path / "in.png", GREY), tmp_path / "out" / "out.png"
    target.parent.mkdir()
    target.write_bytes(b"what was there")

    def save(self: Any, file: Any, **options: Any) -> None:
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", save)
    code, err = run("blur", source, "-o", target)
    assert code == 1 and "No space left" in err
    assert target.read_bytes() == b"what was there" and list(target.parent.iterdir()) == [target]


def test_a_preview_shows_both_side_by_side(run: Run, tmp_path: Path) -> None:
    source = saved(tmp_path / "in.png", (GREY.astype(np.uint16) << 8))
    preview = tmp_path / "look.png"
    assert run("blur", source, "-o", tmp_path / "out.png", "--preview", preview) == (0, "")
    assert pixels(preview).shape == (20, 62, 3)
    assert pixels(preview)[:, :31].max() == 255


def test_colors_of_16_bits_are_refused(run: Run, tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    cv2.imwrite(str(tmp_path / "in.png"), COLOR.astype(np.uint16) * 257)
    code, err = run("blur", tmp_path / "in.png", "-o", tmp_path / "out.png")
    assert code == 1 and "16 bits, of which Pillow reads 8" in err


def test_a_missing_pillow_is_one_line(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    code, err = run("blur", tmp_path, "-o", tmp_path / "out")
    assert code == 1 and "pip install 'rust_numpy_example[cli]'" in err and err.count("\n") == 1


def test_a_name_that_ends_as_a_folder_is_one(run: Run, tmp_path: Path) -> None:
    saved(tmp_path / "in.png", COLOR)
    assert run("blur", tmp_path / "in.png", "-o", f"{tmp_path}/new/") == (0, "")
    assert (tmp_path / "new" / "in.png").exists()


def test_an_interrupt_stops_between_the_steps_of_an_image(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blur = image.pictures.blur

    def interrupted(*arguments: Any, **options: Any) -> Any:
        # As the handler of Ctrl-C does, in the main thread.
        report.Interrupt.came = True
        return blur(*arguments, **options)

    monkeypatch.setattr(image.pictures, "blur", interrupted)
    saved(tmp_path / "in.png", COLOR)
    (tmp_path / "out").mkdir()
    assert run("blur", tmp_path / "in.png", "-o", tmp_path / "out") == (130, "")
    assert list((tmp_path / "out").iterdir()) == []


def test_ctrl_c_waits_for_no_image(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_end = threading.Event()

    def process(job: image.Job, *_: object) -> None:
        name = image.Unfinished.begin(job.target)
        _thread.interrupt_main()
        may_end.wait(60)
        image.Unfinished.end(name, job.target)

    monkeypatch.setattr(image, "_process", process)
    saved(tmp_path / "in.png", COLOR)
    (tmp_path / "out").mkdir()
    assert run("blur", tmp_path / "in.png", "-o", tmp_path / "out") == (130, "")
    # It was not waited for, and what it has begun is gone and never comes.
    assert not may_end.is_set()
    (worker,) = (thread for thread in threading.enumerate() if thread.name == "image")
    may_end.set()
    worker.join()
    assert list((tmp_path / "out").iterdir()) == []
