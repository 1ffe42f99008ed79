"""Commands on a Dask cluster: ``--scheduler``.

What a command computes there is a function of :mod:`rust_numpy_example.dask`; how it is written is the
command's. Dask is imported only where a command is given the option.
"""

from __future__ import annotations

import argparse
import contextlib
import re
from collections.abc import Iterator
from importlib import import_module

from rust_numpy_example._cli import report

# `typing` takes as long to import as all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rust_numpy_example._cli.table import Column, Table

#: Seconds to find the scheduler, and the first worker.
PATIENCE = 20


def add_scheduler(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    group = parser.add_argument_group("cluster")
    group.add_argument(
        "--scheduler",
        type=address,
        metavar="ADDRESS",
        help="compute on a Dask cluster: tcp://HOST:PORT of its scheduler, whose workers see the same files; or 'local',"
        " processes of this machine",
    )


def address(argument: str) -> str:
    """Return what may be the address of a scheduler."""
    if argument != "local" and not re.fullmatch(r"(tcp|tls|ws|wss|ucx)://\S+:\d+", argument):
        raise argparse.ArgumentTypeError(f"got '{argument}', expected tcp://HOST:PORT or 'local'")
    return argument


def check(options: argparse.Namespace, taken: tuple[str, ...]) -> None:
    """Refuse what the functions on a cluster do not take."""
    for action in options.parser._actions:
        given = getattr(options, action.dest, action.default)
        if (
            action.dest not in ("help", "files", "scheduler", "format", "output", *taken)
            and given != action.default
        ):
            name = max(action.option_strings, key=len)
            raise argparse.ArgumentError(None, f"--scheduler does not take {name}")
    if "-" in getattr(options, "files", ()):
        raise argparse.ArgumentError(
            None, "--scheduler takes files that the workers can open, got standard input"
        )


class Session:
    """A connection to a cluster."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def compute(self, name: str, lazy: Any) -> Any:
        """Return what is computed; show on a terminal how far it is."""
        future = self._client.compute(lazy)
        progress = report.Progress(name, None, "tasks", 1)
        try:
            total = 0
            while not future.done():
                if progress.on:
                    left = self._client.run_on_scheduler(_left, key=future.key)
                    total = max(total, left)
                    progress.update(total - left, f" of {total:,}, {len(self._workers()):,} workers")
                with contextlib.suppress(TimeoutError):
                    future.result(timeout=0.2 if total < 10_000 else 2)
            return future.result()
        except BaseException:
            # An error is that of the task; whoever interrupts does not want the result.
            with contextlib.suppress(Exception):
                future.cancel()
            raise
        finally:
            progress.close()

    def _workers(self) -> dict[str, Any]:
        workers: dict[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
        return workers

    def stats(self, name: str, options: argparse.Namespace) -> Table:
        """Return the statistics of a file, or of a folder or pattern of files."""
        from rust_numpy_example.dask import table_stats

        select = None if not options.select else [part for some in options.select for part in some.split(",")]
        with _named():
            lazy = table_stats(name, select=select, delimiter=options.delimiter, header=options.header)
            found = self.compute(name, lazy)
        from rust_numpy_example._cli.table import Table

        return Table([_column(column) for column in found.columns], found.rows)

    def words(self, name: str, options: argparse.Namespace) -> dict[str, int]:
        """Return the words of a file, or of a folder or pattern of files."""
        from rust_numpy_example.dask import word_count

        with _named():
            counts = word_count(name, lowercase=not options.keep_case, tokenizer=options.tokenizer)
            found: dict[str, int] = self.compute(name, counts)
        return found

    def pi(self, samples: int, seed: int | None) -> float:
        """Return an estimate of pi."""
        from rust_numpy_example.dask import monte_carlo_pi

        # As many tasks as threads, or a few more, so that all are at work to the end.
        threads = sum(worker["nthreads"] for worker in self._workers().values())
        found: float = self.compute("pi", monte_carlo_pi(samples, rng=seed, partitions=4 * threads))
        return found


@contextlib.contextmanager
def _named() -> Iterator[None]:
    """Leave out of an error what the command says itself: the user knows nothing of functions and arguments."""
    try:
        yield
    except (OSError, ValueError) as error:
        text = re.sub(r"^\w+: (argument paths, got .*, |file '.*?': )?", "", str(error))
        raise ValueError(text) from None


def _column(found: Any) -> Column:
    from rust_numpy_example._cli.table import Column

    column = Column(found.name, found.kind, found.count, found.missing)
    if found.kind == "number":
        column.mean, column.std, column.var = found.stats.mean, found.stats.std, found.stats.var
        if found.count:
            column.min, column.max = found.stats.min, found.stats.max
    return column


def _left(key: Any, dask_scheduler: Any) -> int:
    """Return how many tasks a key still waits for, itself included; runs on the scheduler."""
    waiting = [dask_scheduler.tasks[key]] if key in dask_scheduler.tasks else []
    seen = set(waiting)
    while waiting:
        for task in waiting.pop().waiting_on or ():
            if task not in seen:
                seen.add(task)
                waiting.append(task)
    return len(seen)


def _failed(reason: str) -> report.CommandError:
    return report.CommandError("--scheduler", ValueError(reason))


@contextlib.contextmanager
def session(where: str) -> Iterator[Session]:
    """Connect to the scheduler at an address, or start a cluster of this machine."""
    try:
        import dask

        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise _failed(
            f"takes dask and distributed ({error}): pip install 'rust_numpy_example[dask]' distributed"
        ) from None
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set({"distributed.comm.timeouts.connect": f"{PATIENCE}s"}))
        stack.enter_context(_silence())
        try:
            if where == "local":
                cluster = distributed.LocalCluster(host="127.0.0.1", dashboard_address=None, silence_logs=50)
                where = stack.enter_context(cluster).scheduler_address
            client = stack.enter_context(distributed.Client(where, timeout=f"{PATIENCE}s"))
        except (OSError, ValueError, RuntimeError) as error:
            raise _failed(f"no Dask scheduler answers ({report.reason(error)})") from None
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise _failed(f"no worker has come within {PATIENCE} s") from None
        lacking = [name for name, has in client.run(_has_package).items() if not has]
        if lacking:
            raise _failed(f"{len(lacking)} of its workers have no rust_numpy_example, such as {lacking[0]}")
        yield Session(client)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep the log off standard error: what happens to a worker is mended, or comes back as an error of a task."""
    import logging

    loggers = [logging.getLogger(name) for name in ("distributed", "tornado.application", "asyncio")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)


def _has_package() -> bool:
    from importlib.util import find_spec

    return find_spec("rust_numpy_example") is not None


@contextlib.contextmanager
def asked(options: argparse.Namespace) -> Iterator[Session | None]:
    """Give the cluster that ``--scheduler`` names, or None."""
    if options.scheduler is None:
        yield None
        return
    with session(options.scheduler) as connected:
        yield connected
