"""DESCRIPTION"""

from .rust_numpy_example import (
    InternalError,
    __version__,
    moving_average,
)

__all__ = ["InternalError", "__version__", "moving_average"]
