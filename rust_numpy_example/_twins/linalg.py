"""The twins of linalg."""

from rust_numpy_example._twins import Twin

TWINS: list[Twin] = []
