"""Tasks that end early when nobody wants their result any more.

A task of a cluster runs in a thread, which Python cannot stop from outside: to cancel its future only
makes the scheduler forget it. What takes long is therefore cut into pieces here, and looks between them
whether the worker still knows its task as running.
"""

from __future__ import annotations

import sys


class Cancelled(Exception):
    """The future of this task has been cancelled; nobody sees this."""


def stop_if_cancelled() -> None:
    """Raise :class:`Cancelled` in a task whose future was cancelled."""
    worker_module = sys.modules.get("distributed.worker")
    if worker_module is None:
        return
    try:
        worker = worker_module.get_worker()
        key = worker.get_current_task()
    except (AttributeError, ValueError):
        # Another scheduler, or no task.
        return
    task = worker.state.tasks.get(key)
    if task is None or task.state in ("cancelled", "released", "forgotten"):
        raise Cancelled(str(key))
