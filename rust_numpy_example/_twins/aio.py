"""The twins of aio."""

from rust_numpy_example._twins import Twin

TWINS: list[Twin] = []
