"""The twins of reduce."""

from rust_numpy_example._twins import Twin

TWINS: list[Twin] = []
