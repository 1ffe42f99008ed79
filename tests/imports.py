"""What imports what: reads the sources of the crate and of the Python package without compiling them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: For each file, the files that it imports from.
Imports = dict[str, set[str]]

# --- Rust

#: What is skipped, strings, characters and lifetimes, names and numbers, everything else.
TOKEN = re.compile(
    r"""
    (?P<skip>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<string>[bc]?r(?P<fence>\#*)".*?"(?P=fence)|[bc]?"(?:\\.|[^"\\])*")
    |(?P<char>b?'(?:\\[^']+|\\'|[^'\\])'|'\w+)
    |(?P<name>(?:r\#)?\w+)
    |(?P<other>::|.)
    """,
    re.VERBOSE | re.DOTALL,
)
UNDER_TEST = ["#", "[", "cfg", "(", "test", ")", "]"]


def _end_of_item(tokens: list[str], start: int) -> int:
    """Return where the item that starts here ends: at a `;`, or with the braces that it opens."""
    depth = 0
    for index in range(start, len(tokens)):
        token = tokens[index]
        depth += (token in ("(", "[", "{")) - (token in (")", "]", "}"))
        if depth == 0 and token in (";", ",", "}"):
            return index + 1
    return len(tokens)


def _tree(tokens: list[str], start: int) -> tuple[list[tuple[list[str], str]], int]:
    """Return the paths of the tree of a `use`, each with its local name, and where the tree ends."""
    found: list[tuple[list[str], str]] = []
    path: list[str] = []
    alias = ""
    index = start
    while True:
        token = tokens[index]
        if token == "{":
            while tokens[index] != "}":
                below, index = _tree(tokens, index + 1)
                # `a::{self}` is `a`.
                found += [
                    (path, path[-1] if name == "self" else name) if rest == ["self"] else (path + rest, name)
                    for rest, name in below
                ]
            path = []
        elif token in (",", "}", ";"):
            return found + [(path, alias or path[-1])] if path else found, index
        elif token == "as":
            alias = tokens[index + 1]
            index += 1
        elif token != "::":
            path.append(token)
        index += 1


@dataclass
class Source:
    """What matters of a Rust file, its tests aside."""

    #: Paths in it, each beginning with `crate`, `self`, `super`, a module it declares, or another crate.
    paths: list[list[str]] = field(default_factory=list)
    #: Modules that only its tests have.
    tests: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    strings: list[str] = field(default_factory=list)

    @staticmethod
    def read(text: str) -> Source:
        """Read a file."""
        source = Source()
        tokens: list[str] = []
        for match in TOKEN.finditer(text):
            if match["string"]:
                # In one token, so that nothing in it is taken for code.
                tokens.append(f'"{match[0]}')
            elif not match["skip"]:
                tokens.append(match[0])
        tokens = source._without_tests(tokens)
        source.strings = [token[1:] for token in tokens if token[:1] == '"']
        source.names = {token.removeprefix("r#") for token in tokens if re.match(r"[A-Za-z_]", token)}
        known = {
            name: ["self", name]
            for word, name, end in zip(tokens, tokens[1:], tokens[2:])
            if word == "mod" and end == ";"
        }
        of_uses = source._uses(tokens, known)
        source._expressions(tokens, known, of_uses)
        return source

    def _without_tests(self, tokens: list[str]) -> list[str]:
        kept: list[str] = []
        index = 0
        while index < len(tokens):
            if tokens[index : index + len(UNDER_TEST)] != UNDER_TEST:
                kept.append(tokens[index])
                index += 1
                continue
            start = index + len(UNDER_TEST)
            while tokens[start : start + 2] == ["#", "["]:
                start = _end_of_attribute(tokens, start)
            index = _end_of_item(tokens, start)
            item = tokens[start:index]
            if "mod" in item and item[-1] == ";":
                self.tests.append(item[item.index("mod") + 1])
        return kept

    def _uses(self, tokens: list[str], known: dict[str, list[str]]) -> set[int]:
        """Note the paths of `use`; return the indices of their tokens."""
        seen: set[int] = set()
        for index, inner in _with_depth(tokens):
            # `use<…>` names what a type captures.
            if tokens[index] != "use" or tokens[index + 1 : index + 2] == ["<"]:
                continue
            found, end = _tree(tokens, index + 1)
            seen |= {*range(index, end)}
            for path, name in found:
                path = known.get(path[0], path[:1]) + path[1:]
                path = _outside_of_inner_modules(path, inner)
                self.paths.append(path)
                if not inner:
                    known.setdefault(name, path)
        return seen

    def _expressions(self, tokens: list[str], known: Mapping[str, list[str]], skipped: set[int]) -> None:
        for index, inner in _with_depth(tokens):
            if index in skipped:
                continue
            before = tokens[index - 1] if index else ""
            if tokens[index + 1 : index + 2] != ["::"] or before in ("::", "."):
                continue
            # `pub(in crate::…)` says who sees a name.
            if before == "in" and tokens[index - 2 : index - 1] == ["("]:
                continue
            path = [tokens[index]]
            while tokens[index + 1 : index + 2] == ["::"] and re.match(r"\w", tokens[index + 2]):
                index += 2
                path.append(tokens[index])
            if path[0] in ("crate", "self", "super") or path[0] in known:
                path = known.get(path[0], path[:1]) + path[1:]
                self.paths.append(_outside_of_inner_modules(path, inner))


def _end_of_attribute(tokens: list[str], start: int) -> int:
    depth = 0
    for index in range(start + 1, len(tokens)):
        depth += (tokens[index] == "[") - (tokens[index] == "]")
        if depth == 0:
            return index + 1
    return len(tokens)


def _with_depth(tokens: list[str]) -> Iterator[tuple[int, int]]:
    """Yield each index with the number of modules within the file around it."""
    ends: list[int] = []
    depth = 0
    for index, token in enumerate(tokens):
        if token == "{":
            # In a macro, the name is a variable.
            if "mod" in (tokens[index - 2], tokens[index - 3] if tokens[index - 2] == "$" else ""):
                ends.append(depth)
            depth += 1
        elif token == "}":
            depth -= 1
            if ends and ends[-1] == depth:
                ends.pop()
        yield index, len(ends)


def _outside_of_inner_modules(path: list[str], inner: int) -> list[str]:
    """Return the path as it is seen from the file: a module within it has the file itself as `super`."""
    for _ in range(inner):
        if path[0] == "super":
            path = path[1:] if path[1:2] == ["super"] else ["self", *path[1:]]
    return path


def rust_sources(root: Path) -> dict[str, Source]:
    """Read the files below a `src`, but those that are tests."""
    found = {
        path.relative_to(root).as_posix(): Source.read(path.read_text(encoding="utf-8"))
        for path in sorted(root.rglob("*.rs"))
    }
    tests = [(*_module(name), test) for name, source in found.items() for test in source.tests]
    return {
        name: source
        for name, source in found.items()
        if not any(_module(name)[: len(test)] == test for test in tests)
    }


def _module(name: str) -> tuple[str, ...]:
    """Return the path of the module in a file."""
    parts = tuple(name.removesuffix(".rs").split("/"))
    return parts[:-1] if parts[-1] in ("mod", "lib") else parts


def rust_imports(sources: Mapping[str, Source]) -> Imports:
    """Return what each file of the crate imports from."""
    files = {_module(name): name for name in sources}
    found: Imports = {}
    for name, source in sources.items():
        module = _module(name)
        found[name] = set()
        for path in source.paths:
            target = _absolute(path, module)
            if target is None:
                continue
            while target not in files and target:
                target = target[:-1]
            # The root holds no code.
            if target in files and target and target != module:
                found[name].add(files[target])
    return found


def _absolute(path: list[str], module: tuple[str, ...]) -> tuple[str, ...] | None:
    if path[0] == "crate":
        return tuple(path[1:])
    if path[0] not in ("self", "super"):
        return None
    for index, segment in enumerate(path):
        if segment == "super":
            module = module[:-1]
        elif segment != "self":
            return (*module, *path[index:])
    return module


# --- Python


def python_imports(root: Path) -> Imports:
    """Return what each file of a Python package imports from; the extension is ``EXTENSION``."""
    files = {
        _python_module(path, root): path.relative_to(root).as_posix() for path in sorted(root.rglob("*.py"))
    }
    files[(root.name, root.name)] = EXTENSION
    found: Imports = {EXTENSION: set()}
    for module, name in files.items():
        if name == EXTENSION:
            continue
        package = module if name.endswith("__init__.py") else module[:-1]
        tree = ast.parse((root / name).read_text(encoding="utf-8"))
        found[name] = {files[target] for target in _python_targets(tree, package, files) if target != module}
    return found


#: What stands for the compiled module among the files of the package.
EXTENSION = "(extension)"


def _python_module(path: Path, root: Path) -> tuple[str, ...]:
    parts = path.relative_to(root.parent).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def _python_targets(
    tree: ast.Module, package: tuple[str, ...], files: Mapping[tuple[str, ...], str]
) -> Iterator[tuple[str, ...]]:
    for node in ast.walk(tree):
        names: list[tuple[str, ...]] = []
        if isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple((node.module or "").split(".")) if node.module else ()
            names = [(*base, alias.name) for alias in node.names]
        for name in names:
            # A name is a module of its own or something in one.
            for target in (name, name[:-1]):
                if target in files:
                    yield target
                    break


# --- both


def circles(imports: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the sets of files of which each imports, directly or not, from each other one."""

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            for target in imports.get(todo.pop(), ()):
                if target not in seen:
                    seen.add(target)
                    todo.append(target)
        return seen

    reached = {name: reach(name) for name in imports}
    found = {
        tuple(sorted(other for other in reached[name] if name in reached.get(other, ())))
        for name in imports
        if name in reached[name]
    }
    return sorted(map(list, found))
