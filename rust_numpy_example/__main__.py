"""The command line: ``rust-numpy-example`` or ``python -m rust_numpy_example``."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line with the arguments ``argv``; return the exit code."""
    try:
        if (sys.argv[1:] if argv is None else [*argv]) == ["--version"] and _say_version():
            return 0
        from rust_numpy_example._cli import run

        return run(argv)
    except KeyboardInterrupt:
        # 128 + SIGINT, as a shell has it.
        return 130


def _say_version() -> bool:
    """Write the version before anything is imported that reads arguments; whether that worked."""
    from rust_numpy_example import __version__

    try:
        sys.stdout.write(f"rust_numpy_example {__version__}\n")
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        # The usual way says what is wrong.
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
