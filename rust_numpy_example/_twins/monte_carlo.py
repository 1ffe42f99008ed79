"""The twins of monte_carlo."""

from rust_numpy_example._twins import Twin

TWINS: list[Twin] = []
