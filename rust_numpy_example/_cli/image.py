"""The command ``image``: blur images or find their edges, files and folders. Needs Pillow, the extra ``cli``."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import shutil
import tempfile
import threading
import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, ClassVar, NamedTuple

from rust_numpy_example import pictures
from rust_numpy_example._cli import report
from rust_numpy_example._cli.arguments import positive

MODES = ("reflect", "constant", "nearest", "mirror", "wrap")

#: The longer side of each half of a preview, in pixels.
PREVIEW = 800

#: Tags of TIFF: description, make, model, software, date, artist, computer, copyright; and the groups of
#: the camera's settings and of the place.
DESCRIPTIVE = {270, 271, 272, 305, 306, 315, 316, 33432}
GROUPS = (0x8769, 0x8825)

EPILOG = """\
examples:
  rust-numpy-example image blur photo.jpg -o soft.jpg --sigma 3
  rust-numpy-example image edges photos -o edges --preview look.png

A folder is searched through, and OUT is a folder with the same names. Files
are written whole or not at all. Palettes become colors, and what is
transparent does not darken its neighbors; edges have no transparency.
"""


class Job(NamedTuple):
    """An image to filter."""

    source: Path
    target: Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = (
        "Blur each FILE (PNG, JPEG, TIFF, WebP), or find its edges, and write the result to OUT."
    )
    parser.epilog = EPILOG
    parser.add_argument("filter", choices=("blur", "edges"), help="a Gaussian, or the Sobel operator")
    parser.add_argument("files", nargs="+", metavar="FILE", help="an image, or a folder of images")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="a file, or a folder")
    parser.add_argument(
        "--sigma",
        type=_sigma,
        metavar="S[,S]",
        help="width of the blur in pixels, for both axes or down and along the rows (default: 1)",
    )
    parser.add_argument(
        "--mode", choices=MODES, default="reflect", help="what is beyond the border (default: reflect)"
    )
    parser.add_argument(
        "--preview", metavar="FILE", help="write the first image and its result side by side to FILE"
    )
    parser.add_argument("-j", "--jobs", type=_jobs, metavar="N", help="how many images at once")


def _sigma(argument: str) -> float | tuple[float, float]:
    try:
        values = [float(word) for word in argument.split(",")]
    except ValueError:
        values = []
    if not 1 <= len(values) <= 2 or not all(math.isfinite(value) and value >= 0 for value in values):
        raise argparse.ArgumentTypeError(f"got '{argument}', expected one or two numbers from 0 on")
    return values[0] if len(values) == 1 else (values[0], values[1])


def _jobs(argument: str) -> int:
    number = positive(argument)
    if number > 1024:
        raise argparse.ArgumentTypeError(f"got '{argument}', expected at most 1024")
    return number


def run(options: argparse.Namespace) -> int:
    """Filter every image; return the exit code."""
    try:
        pillow = import_module("PIL.Image")
    except ImportError as error:
        report.fail("image", ValueError(f"takes Pillow ({error}): pip install 'rust_numpy_example[cli]'"))
        return report.FAILED
    if options.sigma is not None and options.filter == "edges":
        raise argparse.ArgumentError(None, "--sigma is for blur alone")
    code, jobs = 0, []
    for name, found in _jobs_of(options.files, options.output):
        if isinstance(found, Job):
            jobs.append(found)
        else:
            report.fail(name, found)
            code = report.FAILED
    with warnings.catch_warnings():
        # Far larger images than this warning is about are an error of Pillow's.
        warnings.simplefilter("ignore", pillow.DecompressionBombWarning)
        return max(code, _run(jobs, options))


def _run(jobs: list[Job], options: argparse.Namespace) -> int:
    import rust_numpy_example

    code = 0
    at_once = min(options.jobs or rust_numpy_example.get_num_threads(), max(1, len(jobs)))
    progress = report.Progress(options.filter, len(jobs), "images", 1)
    # Several images keep all threads busy, one image needs them itself.
    workers = None if at_once == 1 else 1
    todo: SimpleQueue[tuple[Job, str | None]] = SimpleQueue()
    for number, job in enumerate(jobs):
        todo.put((job, options.preview if number == 0 else None))
    ended: SimpleQueue[tuple[Job, BaseException | None]] = SimpleQueue()

    def work() -> None:
        with contextlib.suppress(Empty):
            while True:
                job, preview = todo.get_nowait()
                try:
                    _process(job, options, workers, preview)
                except BaseException as error:
                    ended.put((job, error))
                else:
                    ended.put((job, None))

    try:
        # The process does not wait for them: after Ctrl-C, an image of many megapixels would take seconds to its end.
        for _ in range(at_once):
            threading.Thread(target=work, name="image", daemon=True).start()
        for done in range(1, len(jobs) + 1):
            job, error = _next(ended)
            if error is not None:
                if not isinstance(error, Exception):
                    raise error
                progress.close()
                report.fail(str(job.source), error)
                code = report.FAILED
            progress.update(done)
    except KeyboardInterrupt:
        report.Interrupt.came = True
        Unfinished.abandon()
        raise
    finally:
        progress.close()
    return code


def _next(ended: SimpleQueue[tuple[Job, BaseException | None]]) -> tuple[Job, BaseException | None]:
    # Not every system wakes a thread for a signal.
    while True:
        with contextlib.suppress(Empty):
            return ended.get(timeout=0.1)


class Unfinished:
    """The files that are being written, under names of their own."""

    _lock = threading.Lock()
    _names: ClassVar[set[str]] = set()

    @classmethod
    def begin(cls, target: Path) -> str:
        """Make an empty file beside ``target``, to be renamed or removed."""
        with cls._lock:
            report.Interrupt.check()
            handle, name = tempfile.mkstemp(suffix=target.suffix, prefix=".", dir=target.parent)
            os.close(handle)
            cls._names.add(name)
        return name

    @classmethod
    def end(cls, name: str, target: Path | None) -> None:
        """Rename such a file to ``target``, or remove it."""
        with cls._lock:
            if name not in cls._names:
                raise KeyboardInterrupt
            if target is not None:
                os.replace(name, target)
            else:
                os.unlink(name)
            cls._names.discard(name)

    @classmethod
    def abandon(cls) -> None:
        """Remove them all: nobody waits for the threads that write them."""
        with cls._lock:
            for name in cls._names:
                with contextlib.suppress(OSError):
                    os.unlink(name)
            cls._names.clear()


def _jobs_of(names: Sequence[str], to: str) -> Iterator[tuple[str, Job | Exception]]:
    """Yield every image with where its result goes, or with what is wrong."""
    output = Path(to)
    # A name that ends as a folder's does is a folder, there or not.
    as_folder = len(names) > 1 or to.endswith(("/", os.sep)) or output.is_dir() or Path(names[0]).is_dir()
    taken: dict[Path, Path] = {}
    for name in names:
        path = Path(name)
        if path.is_dir():
            sources = [(source, output / source.relative_to(path)) for source in _images(path, output)]
            if not sources:
                yield name, ValueError("no PNG, JPEG, TIFF or WebP images in this folder")
        else:
            sources = [(path, output / path.name if as_folder else output)]
        for source, target in sources:
            shown = str(source)
            if target.suffix.lower() not in pictures.FORMATS:
                yield shown, ValueError(f"cannot write '{target.suffix}', only {', '.join(pictures.FORMATS)}")
            elif target.exists() and source.exists() and target.samefile(source):
                yield shown, ValueError("the result would replace the image itself")
            elif target in taken:
                yield shown, ValueError(f"its result has the name of that of {taken[target]}")
            else:
                taken[target] = source
                yield shown, Job(source, target)


def _images(folder: Path, output: Path) -> Iterator[Path]:
    """Yield the images in a folder and its folders, in order, but for what is in that of the results."""
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if (Path(here) / name).resolve() != output.resolve())
        yield from (
            Path(here) / name for name in sorted(files) if Path(name).suffix.lower() in pictures.FORMATS
        )


def _process(job: Job, options: argparse.Namespace, workers: int | None, preview: str | None) -> None:
    with pictures.opened(job.source) as image:
        upright = pictures.upright(image)
        extra = {key: image.info[key] for key in ("icc_profile", "dpi", "xmp") if image.info.get(key)}
        exif = _tags(image) if image.format == "TIFF" else upright.getexif()
        texts = getattr(image, "text", {}) if image.format == "PNG" else {}
    # After Ctrl-C no image is brought to its end: a large one takes seconds.
    report.Interrupt.check()
    source = pictures.light(upright)
    if options.filter == "blur":
        sigma = 1.0 if options.sigma is None else options.sigma
        result = pictures.blur(source, sigma, mode=options.mode, workers=workers)
    else:
        result = pictures.edges(source, mode=options.mode, workers=workers)
    report.Interrupt.check()
    if exif:
        extra["exif"] = exif
    _write(result, job.target, job.source, extra, texts)
    if preview is not None:
        _write(_side_by_side(source, result), Path(preview), None, {}, {})


def _tags(image: Any) -> Any:
    """Return what a TIFF says about the picture, without what it says about the file."""
    tags, kept = image.getexif(), import_module("PIL.Image").Exif()
    for tag in sorted(DESCRIPTIVE & set(tags)):
        kept[tag] = tags[tag]
    for group in GROUPS:
        kept.get_ifd(group).update(tags.get_ifd(group))
    return kept


def _write(image: Any, target: Path, like: Path | None, extra: dict[str, Any], texts: dict[str, str]) -> None:
    """Write an image whole: to a temporary file, which is then renamed."""
    kind = pictures.FORMATS.get(target.suffix.lower())
    if kind is None:
        raise ValueError(f"cannot write '{target.suffix}', only {', '.join(pictures.FORMATS)}")
    if kind == "PNG" and texts:
        extra["pnginfo"] = import_module("PIL.PngImagePlugin").PngInfo()
        for key, text in texts.items():
            extra["pnginfo"].add_text(key, text)
    if kind in ("JPEG", "WEBP"):
        extra["quality"] = 95
    if kind in ("JPEG", "WEBP") and image.mode not in ("L", "RGB", "CMYK", "LA", "RGBA"):
        raise ValueError(f"{kind} holds 8 bits only: write PNG or TIFF")
    if kind == "JPEG" and image.mode in ("LA", "RGBA"):
        raise ValueError("JPEG holds no transparency: write PNG, TIFF or WebP")
    try:
        _save_whole(image, target, kind, like, extra)
    except OSError as error:
        raise ValueError(f"cannot write {target}: {report.reason(error)}") from None


def _save_whole(image: Any, target: Path, kind: str, like: Path | None, extra: dict[str, Any]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    name = Unfinished.begin(target)
    try:
        with open(name, "wb") as file:
            image.save(file, format=kind, **extra)
        shutil.copymode(like or target.parent, name)
        if like is None:
            os.chmod(name, os.stat(name).st_mode & 0o666)
    except BaseException:
        with contextlib.suppress(OSError, KeyboardInterrupt):
            Unfinished.end(name, None)
        raise
    Unfinished.end(name, target)


def _side_by_side(before: Any, after: Any) -> Any:
    pillow = import_module("PIL.Image")
    halves = []
    for image in (before, after):
        half = _eight_bits(image)
        half.thumbnail((PREVIEW, PREVIEW))
        halves.append(half)
    width = sum(half.width for half in halves)
    both = pillow.new("RGB", (width, max(half.height for half in halves)))
    both.paste(halves[0], (0, 0))
    both.paste(halves[1], (halves[0].width, 0))
    return both


def _eight_bits(image: Any) -> Any:
    import numpy as np

    if image.mode not in ("I", "I;16", "F"):
        return image.convert("RGBA").convert("RGB") if image.mode in ("LA", "RGBA") else image.convert("RGB")
    values = np.asarray(image).astype(float)
    low, high = np.nanmin(values), np.nanmax(values)
    scaled = np.nan_to_num((values - low) / max(high - low, 1e-300) * 255)
    return pictures.from_pixels(scaled.astype(np.uint8), "L").convert("RGB")
