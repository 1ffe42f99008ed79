"""Puts the docstrings of the extension into its stub, where editors look for them.

``python tools/stub.py`` needs the package installed as it is in the tree. A test compares both.
"""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STUB = Path(__file__).resolve().parents[1] / "rust_numpy_example" / "rust_numpy_example.pyi"

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def documented(tree: ast.AST, owner: Any) -> Iterator[tuple[str, Definition, str]]:
    """Yield what is public in a stub: its name, its definition and the docstring that it should have."""
    done = set()
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, Definition) or node.name in done:
            continue
        # The first of several overloads, and the getter of a property, stand for all.
        done.add(node.name)
        thing = inspect.getattr_static(owner, node.name, None)
        if node.name.startswith("_") or thing is None:
            continue
        if text := inspect.getdoc(thing):
            yield node.name, node, text
        if isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{name}", inner, text) for name, inner, text in documented(node, thing))


def with_docstrings(stub: str, extension: Any) -> str:
    """Return the stub with the docstrings of the extension."""
    lines = stub.splitlines()
    found = list(documented(ast.parse(stub), extension))
    for _, node, text in sorted(found, key=lambda row: -row[1].lineno):
        first = node.body[0]
        indent = " " * (node.col_offset + 4)
        quoted = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        quoted = quoted + " " if quoted.endswith('"') else quoted
        ending = '"""' if "\n" not in quoted else '\n"""'
        doc = f'"""{quoted}{ending}'.split("\n")
        doc = [f"{indent}{line}" if line.strip() else "" for line in doc]
        end = first.end_lineno
        assert end is not None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            # An ellipsis on the line of the definition, or a docstring.
            kept = lines[first.lineno - 1][: first.col_offset].rstrip()
            lines[first.lineno - 1 : end] = [*([kept] if kept else []), *doc]
        else:
            start = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", []))])
            lines[start - 1 : start - 1] = [*doc, ""]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the stub."""
    from rust_numpy_example import rust_numpy_example as extension

    STUB.write_text(with_docstrings(STUB.read_text(encoding="utf-8"), extension), encoding="utf-8")
    subprocess.run(["ruff", "format", "--quiet", str(STUB)], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
