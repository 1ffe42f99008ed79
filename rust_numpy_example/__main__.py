"""The command line: ``rust-numpy-example`` or ``python -m rust_numpy_example``."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line with the arguments ``argv``; return the exit code."""
    try:
        from rust_numpy_example._cli import run

        return run(argv)
    except KeyboardInterrupt:
        # 128 + SIGINT, as a shell has it.
        return 130


if __name__ == "__main__":
    sys.exit(main())
