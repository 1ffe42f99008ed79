"""Image filters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import rust_numpy_example as rne
from benchmarks.case import Case, close, without

SIZES = {"1080p": (1080, 1920), "4K": (2160, 3840)}

#: Why blurs are near what is promised, by the color and by the dtype.
GRAY = "most of it is multiply-adds, near the rate of the CPU; the rest copies and waits for memory"
RGB = "channels are put in pairs and back, and memory is read and written, beside the multiply-adds"
FLOAT = "each tap of the horizontal pass loads across cache lines"


def _image(shape: tuple[int, ...], dtype: str) -> Any:
    image = np.random.default_rng(0).integers(0, 256, shape)
    return image.astype(dtype)


def _near(most: float, edge: int) -> Callable[[Any, Any], None]:
    """Return a check for pixels that differ by ``most``; ``edge`` of them are of another border."""

    def check(ours: Any, theirs: Any) -> None:
        inside = slice(edge, -edge), slice(edge, -edge)
        if ours.dtype == np.uint8:
            theirs = np.clip(theirs, 0, 255)
        difference = np.abs(ours[inside].astype(float) - theirs[inside])
        assert difference.size and difference.max() <= most

    return check


def opencv_blur(cv2: Any, image: Any, sigma: float) -> Callable[[], Any]:
    """Return the same blur by OpenCV."""
    width = 2 * int(4 * sigma + 0.5) + 1
    return lambda: cv2.GaussianBlur(image, (width, width), sigma, borderType=cv2.BORDER_REFLECT)


def _opencv_sobel(cv2: Any, image: Any) -> Callable[[], Any]:
    def call() -> Any:
        x = cv2.Sobel(image, cv2.CV_32F, 1, 0)
        return cv2.magnitude(x, cv2.Sobel(image, cv2.CV_32F, 0, 1))

    return call


def cases(threads: int) -> Iterator[Case]:
    """Yield the cases for a number of threads."""
    if not without("cv2"):
        import cv2

        cv2.setNumThreads(threads)
        yield from _against_opencv(cv2, threads)
    if threads == 1 and not without("scipy"):
        from scipy import ndimage

        gray = _image(SIZES["1080p"], "uint8")
        for sigma in (1, 2, 5):
            yield Case(
                "gaussian_blur",
                f"uint8 gray 1080p, sigma {sigma}",
                "scipy.ndimage",
                lambda sigma=sigma: rne.gaussian_blur(gray, sigma),
                lambda sigma=sigma: ndimage.gaussian_filter(gray, sigma),
                15,
                _near(2, 40),
                reason=GRAY,
            )
    if threads == 1 and not without("skimage"):
        from skimage.filters import gaussian

        gray = _image(SIZES["1080p"], "uint8")
        yield Case(
            "gaussian_blur",
            "uint8 gray 1080p, sigma 2",
            "scikit-image",
            lambda: rne.gaussian_blur(gray, 2),
            lambda: gaussian(gray, 2, preserve_range=True),
            30,
            _near(0.51, 40),
            reason=GRAY,
        )


def _against_opencv(cv2: Any, threads: int) -> Iterator[Case]:
    musts = {"gray": {1: 1.8, 2: 2.2, 5: 2.5}, "RGB": {1: 1.5, 2: 1.6, 5: 2.2}}
    for size, shape in SIZES.items():
        for color, must in musts.items():
            image = _image(shape if color == "gray" else (*shape, 3), "uint8")
            channel_axis = None if color == "gray" else -1
            # What is promised of a wide kernel is to be ahead.
            for sigma, ratio in (must | {20: 1.0} if (size, color) == ("4K", "gray") else must).items():
                yield Case(
                    "gaussian_blur",
                    f"uint8 {color} {size}, sigma {sigma}",
                    "OpenCV",
                    lambda image=image, sigma=sigma, axis=channel_axis: rne.gaussian_blur(
                        image, sigma, channel_axis=axis
                    ),
                    opencv_blur(cv2, image, sigma),
                    ratio,
                    _near(2, 40),
                    headline=(size, color, sigma, threads) == ("1080p", "gray", 2, 1),
                    avx2=1.0 if color == "gray" else None,
                    reason=GRAY if color == "gray" else RGB,
                )
    if threads > 1:
        return
    for color, shape in (("gray", SIZES["1080p"]), ("RGB", (*SIZES["1080p"], 3))):
        image, axis = _image(shape, "float32"), None if color == "gray" else -1
        yield Case(
            "gaussian_blur",
            f"float32 {color} 1080p, sigma 2",
            "OpenCV",
            lambda image=image, axis=axis: rne.gaussian_blur(image, 2, channel_axis=axis),
            opencv_blur(cv2, image, 2),
            1.1,
            close(1e-3, 1e-2),
            reason=FLOAT,
        )
        picture = _image(shape, "uint8")
        for dtype in ("float32", "uint8"):
            yield Case(
                "sobel",
                f"uint8 to {dtype} {color} 1080p",
                "OpenCV, three passes",
                lambda picture=picture, axis=axis, dtype=dtype: rne.sobel(
                    picture, channel_axis=axis, dtype=dtype
                ),
                _opencv_sobel(cv2, picture),
                4,
                _near(0.5, 1),
                headline=(color, dtype) == ("gray", "float32"),
                reason="square roots, and writing memory",
            )
    for side in (64, 256):
        small = _image((side, side), "uint8")
        yield Case(
            "gaussian_blur",
            f"uint8 gray {side}x{side}, sigma 1",
            "OpenCV",
            lambda small=small: rne.gaussian_blur(small, 1),
            opencv_blur(cv2, small, 1),
            2,
            _near(2, 1),
            reason=GRAY,
        )
        yield Case(
            "sobel",
            f"uint8 to float32 gray {side}x{side}",
            "OpenCV, three passes",
            lambda small=small: rne.sobel(small, dtype="float32"),
            _opencv_sobel(cv2, small),
            2,
            _near(0.5, 1),
            reason="a short call: its set-up, what is done once for each row, and the square roots",
        )
