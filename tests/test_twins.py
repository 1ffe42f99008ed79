"""Every public name: documented, typed, and equal to its twins."""

from __future__ import annotations

import ast
import doctest
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import rust_numpy_example as rne
from rust_numpy_example._twins import TOPICS, Twin, twins

#: Names that are about the package, and classes of exceptions.
PACKAGE = {"__version__", "InternalError", "build_info", "get_num_threads", "set_num_threads"}
ALL = list(twins())


def public() -> list[str]:
    return sorted(set(rne.__all__) - {"__version__"})


def assert_alike(ours: object, other: object, rtol: float) -> None:
    """Equal, or numbers that differ by no more than ``rtol``."""
    if isinstance(other, dict):
        assert isinstance(ours, dict) and ours.keys() == other.keys()
        for key in other:
            assert_alike(ours[key], other[key], rtol)
    elif isinstance(other, np.ndarray) or (rtol and isinstance(other, (float, list))):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(other), rtol=rtol, atol=rtol)
    elif isinstance(ours, np.ndarray):
        assert ours.tolist() == other
    else:
        assert ours == other


@pytest.mark.parametrize("twin", ALL, ids=lambda twin: twin.name)
def test_ours_equals_the_twins(twin: Twin) -> None:
    for other in (twin.python, twin.numpy):
        if other is not None:
            assert_alike(twin.ours(*twin.data()), other(*twin.data()), twin.rtol)


def test_every_public_name_has_a_twin() -> None:
    named = {twin.name for twin in ALL}
    assert set(rne.__all__) - PACKAGE == named
    assert len(TOPICS) == len(set(TOPICS))


@pytest.mark.parametrize("name", public())
def test_every_public_name_is_documented(name: str) -> None:
    thing = getattr(rne, name)
    text = inspect.getdoc(thing)
    assert text and len(text.splitlines()[0]) <= 100
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return
    signature = inspect.signature(thing)
    if signature.parameters:
        assert "Parameters\n---" in text
        for parameter in signature.parameters:
            assert re.search(rf"\b{parameter}\b", text), parameter
    assert "Examples\n---" in text and ">>>" in text


@pytest.mark.parametrize("name", public())
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_example_runs(name: str) -> None:
    thing = getattr(rne, name)
    texts = [inspect.getdoc(thing) or ""]
    if inspect.isclass(thing):
        texts += [
            inspect.getdoc(member) or "" for key, member in vars(thing).items() if not key.startswith("_")
        ]
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    for text in texts:
        test = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


def test_every_public_name_is_in_the_stub() -> None:
    stub = Path(rne.__file__).with_name("rust_numpy_example.pyi")
    tree = ast.parse(stub.read_text(encoding="utf-8"))
    names = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    assert set(rne.__all__) <= names
