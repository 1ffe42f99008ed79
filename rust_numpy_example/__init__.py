"""NumPy arrays processed in Rust: fast, exact, with no copy."""

from .rust_numpy_example import *  # noqa: F403
