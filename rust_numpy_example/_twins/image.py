"""The twins of image."""

from rust_numpy_example._twins import Twin

TWINS: list[Twin] = []
