"""The command ``pi``: an estimate by random points."""

from __future__ import annotations

import argparse
import math

from rust_numpy_example._cli import cluster, report
from rust_numpy_example._cli.arguments import add_output, natural, plot_path

#: Points of a piece of work: enough to keep all threads at it, few enough to stop soon and to show how far it is.
PIECE = 50_000_000

#: Points of the first piece. Each is as long as those before it together, which shows how the estimate comes nearer.
FIRST = 1000

#: More digits of a count than a float64 has.
MOST = 10**15

EXAMPLES = """\
examples:
  rust-numpy-example pi
  rust-numpy-example pi --samples 1e10
  rust-numpy-example pi --samples 1e8 --seed 7 --json
  rust-numpy-example pi --samples 1e12 --scheduler tcp://10.0.0.1:8786
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = (
        "Estimate pi by how many random points of a square are in the circle inside. Ctrl-C ends it and prints the"
        " estimate so far."
    )
    parser.epilog = EXAMPLES
    parser.add_argument(
        "--samples", type=samples, default=100_000_000, metavar="N", help="how many (default: 1e8)"
    )
    parser.add_argument("--seed", type=natural, metavar="N", help="makes the result the same in every run")
    parser.add_argument(
        "--plot",
        type=plot_path,
        metavar="FILE",
        help="write how the estimate comes nearer to FILE, .png, .svg or .pdf (takes matplotlib)",
    )
    add_output(parser, ("json",))
    cluster.add_scheduler(parser)


def samples(argument: str) -> int:
    """Return a whole number from 1 on, which may be written as 1e10."""
    try:
        value = float(argument) if not argument.isdigit() or len(argument) > 20 else int(argument)
        number = int(value) if value == int(value) else 0
    except (ValueError, OverflowError):
        number = 0
    if not 1 <= number <= MOST:
        raise argparse.ArgumentTypeError(f"got '{argument[:40]}', expected a whole number from 1 to 1e15")
    return number


def run(options: argparse.Namespace) -> int:
    """Write the estimate; return the exit code."""
    if options.scheduler:
        cluster.check(options, ("samples", "seed"))
        with cluster.asked(options) as there:
            assert there is not None
            estimate = there.pi(options.samples, options.seed)
        return _write(options, estimate / 4 * options.samples, options.samples)
    import numpy as np

    import rust_numpy_example

    if options.plot:
        from rust_numpy_example._cli import plot

        plot.check(options.plot)
    rng = np.random.default_rng(options.seed)
    progress = report.Progress("pi", options.samples, "million", 1e6)
    done, inside, stopped = 0, 0.0, False
    course: list[tuple[int, float, float]] = []
    try:
        while done < options.samples:
            piece = min(PIECE, options.samples - done, max(FIRST, done))
            inside += round(rust_numpy_example.monte_carlo_pi(piece, rng=rng) / 4 * piece)
            done += piece
            if options.plot:
                course.append((done, 4 * inside / done, _error(inside, done)))
            progress.update(done, f", {4 * inside / done:.8f} ± {_error(inside, done):.1e}")
    except KeyboardInterrupt:
        stopped = True
        # It was heard.
        report.Interrupt.came = False
        if not done:
            raise
    finally:
        progress.close()
    _write(options, inside, done)
    if options.plot:
        with plot.written(options.plot):
            plot.convergence(options.plot, course, math.pi)
    return report.INTERRUPTED if stopped else 0


def _write(options: argparse.Namespace, inside: float, done: int) -> int:
    estimate, error = 4 * inside / done, _error(inside, done)
    with report.output(options.output):
        if options.format == "json":
            result = {"pi": estimate, "standard_error": error, "samples": done}
            report.write(report.to_json(result))
        else:
            digits = max(2, min(15, 1 - math.floor(math.log10(error)))) if error else 6
            report.write(f"{estimate:.{digits}f} ± {error:.1e} ({done:,} points)")
    return 0


def _error(inside: float, done: int) -> float:
    """Return the standard error of the estimate."""
    share = inside / done
    return 4 * math.sqrt(share * (1 - share) / done)
