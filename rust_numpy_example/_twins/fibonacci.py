"""The twins of fibonacci."""

from rust_numpy_example._twins import Twin

TWINS: list[Twin] = []
