"""The peers' own test suites, with the function under test taken from this package.

``python tools/peers.py [--figures FILE] [SUITE ...]`` needs the peers and pytest. A test that fails has to stand in
`SUITES` with its reason, which the page "Differences" of the manual gives as well; one that stands there and
passes is as wrong. What a function of this package does not have (an argument, a dtype, a number of axes) is left
to the peer's, and each suite says how many calls were answered by this one.
"""

from __future__ import annotations

import subprocess
import sys
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page import Row, publish

import rust_numpy_example as rne


@dataclass
class Suite:
    """Tests of a peer."""

    module: str
    select: str
    #: Puts our function where the tests of a module look for it.
    swap: Callable[[Any, list[pytest.Item]], None]
    #: The tests that differ, and why.
    known: dict[str, str]


#: How often a function of this package has answered, and how often the peer's.
CALLS = {"ours": 0, "theirs": 0}


def either(ours: Callable[..., Any], theirs: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that calls ours, or theirs where ours returns NotImplemented."""

    def call(*arguments: Any, **options: Any) -> Any:
        result = ours(*arguments, **options)
        if result is NotImplemented:
            CALLS["theirs"] += 1
            return theirs(*arguments, **options)
        CALLS["ours"] += 1
        return result

    return call


class Proxy:
    """A module, some of whose functions are others."""

    def __init__(self, module: Any, **functions: Any) -> None:
        self.__dict__.update(functions)
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


# --- NumPy


def _matmul(a: Any, b: Any, out: Any = None, **options: Any) -> Any:
    return NotImplemented if options else rne.matrix_multiply(a, b, out=out)


def _swap_matmul(module: Any, items: list[pytest.Item]) -> None:
    module.TestMatmul.matmul = staticmethod(either(_matmul, np.matmul))


def _quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Any:
    numbers = [a, q] if weights is None else [a, q, weights]
    if out is not None or any(np.asarray(x).dtype.kind not in "biuf" for x in numbers):
        return NotImplemented
    return rne.quantiles(a, q, axis, method=method, keepdims=keepdims, weights=weights)


def _swap_quantile(module: Any, items: list[pytest.Item]) -> None:
    module.np = Proxy(np, quantile=either(_quantile, np.quantile))


# --- SciPy


def _has_filter(image: Any, options: dict[str, Any]) -> bool:
    array = np.asarray(image)
    return array.ndim == 2 and array.dtype.kind in "buif" and not options


def _blur(
    image: Any,
    sigma: Any,
    order: Any = 0,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    **options: Any,
) -> Any:
    out = output if isinstance(output, np.ndarray) else None
    dtype = None if out is not None else output
    if order or not _has_filter(image, options) or np.dtype(dtype or "f8").kind == "c":
        return NotImplemented
    if isinstance(image, np.ndarray) and dtype is not None and np.dtype(dtype).kind == "c":
        return NotImplemented
    return rne.gaussian_blur(image, sigma, mode=mode, cval=cval, truncate=truncate, out=out, dtype=dtype)


def _edges(
    image: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: float = 0.0, **options: Any
) -> Any:
    out = output if isinstance(output, np.ndarray) else None
    if not _has_filter(image, options) or mode == "constant":
        return NotImplemented
    return rne.sobel(
        image, axis=axis, mode=mode, cval=cval, out=out, dtype=None if out is not None else output
    )


def _swap_filters(module: Any, items: list[pytest.Item]) -> None:
    theirs = module.ndimage
    module.ndimage = Proxy(
        theirs,
        gaussian_filter=either(_blur, theirs.gaussian_filter),
        sobel=either(_edges, theirs.sobel),
    )


# --- bottleneck


def _move_mean(a: Any, window: Any, min_count: Any = None, axis: Any = -1) -> Any:
    array = np.asarray(a)
    if array.dtype.kind not in "iuf" or array.ndim == 0 or array.dtype.byteorder == ">":
        return NotImplemented
    return rne.moving_average(a, window, axis, min_count=min_count, nan_policy="omit")


def _swap_move_mean(module: Any, items: list[pytest.Item]) -> None:
    theirs = module.bn.move_mean
    ours = either(_move_mean, theirs)
    ours.__name__ = "move_mean"
    # The functions are parameters of the tests.
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        if parameters.get("func") is theirs:
            parameters["func"] = ours


# --- CPython


def _sum(numbers: Any, /, start: Any = 0) -> Any:
    if type(start) is not int or start:
        return NotImplemented
    return rne.parallel_sum(numbers)


def _swap_sum(module: Any, items: list[pytest.Item]) -> None:
    module.sum = either(_sum, sum)


SUITES = {
    "numpy.matmul": Suite(
        "numpy._core.tests.test_multiarray", "TestMatmul and not Operator and not Inplace", _swap_matmul, {}
    ),
    "numpy.quantile": Suite(
        "numpy.lib.tests.test_function_base",
        "TestQuantile",
        _swap_quantile,
        {
            "TestQuantile.test_quantile_weights_raises_*": "the message is another",
            "TestQuantile.test_inf_zeroes_err[[]f8-*": "the message is another",
        },
    ),
    "scipy.ndimage": Suite(
        "scipy.ndimage.tests.test_filters",
        "gauss or sobel",
        _swap_filters,
        {
            "TestNdimageFilters.test_sobel*uint*": "into unsigned integers, a negative derivative is 0",
            "test_gaussian_radius*": "the last bit of a float",
        },
    ),
    "bottleneck.move_mean": Suite(
        "bottleneck.tests.move_test", "move_mean and not median", _swap_move_mean, {}
    ),
    "sum": Suite("test.test_builtin", "test_sum", _swap_sum, {}),
}


class Run:
    """Puts our functions where the tests look for them, and notes what they find."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.passed = 0
        self.known: set[str] = set()
        self.wrong: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Swap, once the module is there."""
        self.suite.swap(items[0].module, items)  # type: ignore[attr-defined]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome of a test."""
        name = report.nodeid.partition("::")[2].replace("::", ".")
        reasons = [pattern for pattern in self.suite.known if fnmatch(name, pattern)]
        if report.failed:
            if reasons:
                self.known.update(reasons)
            else:
                self.wrong.append(name)
        elif report.passed and report.when == "call":
            self.passed += 1


def run(name: str) -> int:
    """Run a suite in this process; print what came out."""
    suite = SUITES[name]
    noted = Run(suite)
    options = ["-q", "-p", "no:cacheprovider", "--no-header", "-o", "addopts=", "--tb=line", "-W", "ignore"]
    pytest.main([*options, "--pyargs", suite.module, "-k", suite.select], plugins=[noted])
    stale = sorted(set(suite.known) - noted.known)
    for wrong in noted.wrong:
        print(f"differs: {wrong}")
    for pattern in stale:
        print(f"known, and does not differ: {pattern}")
    print(f"RESULT {noted.passed} {len(noted.known)} {len(noted.wrong) + len(stale)} {CALLS['ours']}")
    return bool(noted.wrong or stale or not noted.passed or not CALLS["ours"])


def main() -> int:
    """Run each suite in a process of its own."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", default=list(SUITES))
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--here", action="store_true", help=SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        return run(arguments.suites[0])
    parts, reached = [], True
    for name in arguments.suites:
        done = subprocess.run(
            [sys.executable, __file__, "--here", name], capture_output=True, text=True, check=False
        )
        last = done.stdout.strip().splitlines()[-1].split() if done.stdout.strip() else []
        if last[:1] != ["RESULT"]:
            print(done.stdout[-3000:], done.stderr[-3000:])
            parts.append(f"{name}: did not run")
            reached = False
            continue
        passed, known, wrong, ours = map(int, last[1:])
        if done.returncode:
            print(done.stdout[-6000:])
        reached &= done.returncode == 0
        parts.append(
            f"{name}: {passed} passed, {known} documented differences, {wrong} others ({ours} calls)"
        )
    row = Row(
        "The peers' own tests pass, or differ as documented", "; ".join(parts), reached, "`tools/peers.py`"
    )
    return publish([row], arguments.figures)


if __name__ == "__main__":
    sys.exit(main())
