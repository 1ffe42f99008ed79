"""Ctrl-C while a call works."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest


@contextlib.contextmanager
def interrupted(delay: float = 0.2) -> Iterator[None]:
    """Send the signal after ``delay`` seconds; what runs here must end within a second of it."""
    sent = 0.0

    def interrupt() -> None:
        nonlocal sent
        sent = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(delay, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        yield
    # 0.1 s on a quiet machine.
    assert time.monotonic() - sent < 1
    timer.join()
