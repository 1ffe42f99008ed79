"""The stub and the manual say of every public name what the extension says of it."""

from __future__ import annotations

import ast
import re

import pytest
from stub import STUB, documented

import rust_numpy_example
from rust_numpy_example import rust_numpy_example as extension

pytestmark = pytest.mark.once


def test_the_stub_has_the_docstrings_of_the_extension() -> None:
    found = list(documented(ast.parse(STUB.read_text(encoding="utf-8")), extension))
    assert len(found) > 60
    wrong = [name for name, node, text in found if ast.get_docstring(node) != text]
    assert not wrong, f"run `python tools/stub.py`: {wrong}"


def test_every_public_name_is_in_the_reference() -> None:
    folder = STUB.parents[1] / "docs" / "reference"
    pages = "\n".join(page.read_text(encoding="utf-8") for page in folder.glob("*.md"))
    named = re.findall(r"^\.\. auto\w+:: (\w+)$", pages, re.MULTILINE)
    assert sorted([*named, "__version__"]) == sorted(rust_numpy_example.__all__)


def test_the_names_of_the_package_are_those_for_users_in_groups() -> None:
    assert dir(rust_numpy_example) == sorted(rust_numpy_example.__all__)
    # The table of the docstring: two columns of text below its first rule.
    rows = re.findall(r"^={5}.*?$(.*?)^={5}", str(rust_numpy_example.__doc__), re.MULTILINE | re.DOTALL)
    named = re.findall(r"\w+", " ".join(line[26:] for line in rows[0].splitlines()))
    assert sorted(named) == sorted(rust_numpy_example.__all__)
