"""Ctrl-C while a call or a command works."""

from __future__ import annotations

import array
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import IO

import pytest


@contextlib.contextmanager
def interrupted(delay: float = 0.2) -> Iterator[None]:
    """Send the signal after ``delay`` seconds; what runs here must end after less than a second of work."""
    sent = 0.0, 0.0

    def interrupt() -> None:
        nonlocal sent
        # Of all threads, and of these alone: on a busy machine the call may wait for the CPU for long.
        sent = time.process_time(), time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(delay, interrupt)
    with pytest.raises(KeyboardInterrupt):
        # Where the signal is expected: on a busy machine it may come before this has returned.
        timer.start()
        yield
    # 0.1 s on a quiet machine.
    assert time.process_time() - sent[0] < 1
    # A call that waits does no work.
    assert time.monotonic() - sent[1] < 30
    timer.join()


def wait_until_read(pipe: IO[bytes]) -> None:
    """Wait until a process has read all that was written to its input: then it is past its imports, and at work."""
    pipe.flush()
    if sys.platform != "linux":
        time.sleep(1)
        return
    import fcntl
    import termios

    unread = array.array("i", [1])
    while unread[0]:
        time.sleep(0.01)
        fcntl.ioctl(pipe, termios.FIONREAD, unread)
