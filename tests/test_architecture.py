"""Imports only point down the map of `src/lib.rs`, without a circle, and what must not be known is not known.

The map is the table at the top of `src/lib.rs`; what it cannot say is here. The second half shows each complaint on
small made-up trees.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import pytest
from imports import EXTENSION, Imports, Source, circles, python_imports, rust_imports, rust_sources

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "rust_numpy_example"

pytestmark = pytest.mark.once

#: One topic that imports another, and why.
ACROSS = {
    "kernels/fibonacci -> kernels/integer": "the numbers are products of large integers",
    "bindings/faults -> bindings/aio": "it fails on purpose in every way into the extension",
    "bindings/processor -> bindings/stats": "`DataProcessor.stats()` returns a `Stats`",
    "bindings/table -> bindings/stats": "a column gives its `Stats`, which merge",
    "kernels/processor -> kernels/stats": "a processor keeps the statistics of all that it was given",
    "kernels/stats -> kernels/words": "labels of groups that are texts are looked up as words are",
    "kernels/table -> kernels/histogram": "the numbers of the columns are counted while they are read",
    "kernels/table -> kernels/quantiles": "so are the quantiles",
    "kernels/table -> kernels/stats": "the statistics of the columns are taken while they are read",
}

#: The files that may hold `unsafe`, and what for.
UNSAFE = {
    "alloc.rs": "memory that is not cleared first; advice to the system how to map it",
    "parallel/join.rs": "threads that help with what the stack of their caller holds",
    "kept.rs": "values that are made once and never freed, found without a lock",
    "parallel/work.rs": "items of a slice, each for one thread",
    "simd/*.rs": "enters what is compiled for a CPU level, with the proof that it is there; instructions, cache lines",
    "layout/gather.rs": "copies elements at any stride",
    "layout/scan.rs": "reads and writes lines of arrays of any layout, each on one thread",
    "layout/slice.rs": "slices of a type known at run time; elements as others of their size",
    "layout/strided.rs": "reads arrays of any layout",
    "layout/zip.rs": "reads and writes arrays of any layout, each part on one thread",
    "bindings/array/arrow/*.rs": "reads the structures of the Arrow C data interface, and releases them",
    "bindings/array/dlpack.rs": "looks at tensors of DLPack before NumPy does",
    "bindings/array/modules.rs": "looks for a module without importing it",
    "bindings/array/pin.rs": "borrows the memory of arrays while they are pinned",
    "bindings/array/input.rs": "views of the memory of arrays",
    "bindings/array/description.rs": "the address, the shape, the strides and the dtype of an array",
    "bindings/array/memory.rs": "where the memory of an array lies",
    "bindings/array/output.rs": "writes into the memory of arrays",
    "bindings/numbers/cpython_layout.rs": "reads floats and ints of lists in place",
    "kernels/linalg/batch.rs": "batches of matrices with any strides",
    "kernels/linalg/float/microkernel.rs": "reads and writes a tile without a check at each element",
    "kernels/linalg/gemv/dots.rs": "reads rows and a vector without a check at each element",
    "kernels/linalg/matrix.rs": "views of matrices with any strides",
    "kernels/linalg/partition.rs": "parts of one output, each for one thread",
    "kernels/linalg/element.rs": "sees complex numbers as the parts that they are made of",
}

#: Crates that only the bindings know.
PYTHON_CRATES = {"pyo3", "numpy"}

#: The Python package, from the top. A name that ends in a slash is a folder.
PYTHON_MAP = (
    ("__main__.py",),
    ("_cli/",),
    ("dask/",),
    ("_twins/", "data/", "_scaffold/", "_timing.py", "pictures.py"),
    ("__init__.py",),
    ("_threadpoolctl.py",),
    ("_main_interpreter.py",),
    (EXTENSION,),
)


# --- the rules


class Map:
    """The map of the crate: rows of modules, from the top."""

    def __init__(self, text: str) -> None:
        rows = re.findall(r"^//! \| (`.*?) \|", text, re.MULTILINE)
        self.rows: list[list[str]] = []
        for row in rows:
            names = []
            for name in re.findall(r"`(.*?)`", row):
                folder, brace, inner = name.partition("{")
                names += [folder + part for part in inner.rstrip("}").split(", ")] if brace else [name]
            self.rows.append(names)

    def unit(self, file: str) -> str:
        """Return the module of the map in which a file lies: `parallel`, `kernels/stats`."""
        parts = file.removesuffix(".rs").split("/")
        folders = {name.partition("/")[0] for row in self.rows for name in row if "/" in name}
        parts = parts[: 2 if parts[0] in folders else 1]
        return parts[0] if parts[-1] == "mod" else "/".join(parts)

    def row(self, unit: str) -> int | None:
        """Return the row of a module, 0 for the top; the list of a folder's modules stands above them."""
        topics = f"{unit.partition('/')[0]}/<topic>"
        for name in (unit, topics if "/" in unit else ""):
            for index, row in enumerate(self.rows):
                if name in row:
                    return index
        within = [i for i, row in enumerate(self.rows) if any(name.startswith(f"{unit}/") for name in row)]
        return min(within) - 1 if within else None

    def is_topic(self, unit: str) -> bool:
        """Whether a module is one of the topics of a folder, which do not know each other."""
        return "/" in unit and not any(unit in row for row in self.rows)


def upwards(imports: Imports, the_map: Map, across: dict[str, str]) -> list[str]:
    """Return what is wrong with the direction of imports."""
    found, used = [], set()
    for file, targets in sorted(imports.items()):
        unit = the_map.unit(file)
        row = the_map.row(unit)
        if row is None:
            if file != "lib.rs":
                found.append(f"src/{file}: `{unit}` is not in the map of src/lib.rs; add it to a row")
            continue
        for target in sorted(targets):
            other = the_map.unit(target)
            below = the_map.row(other)
            if other == unit or below is None or below > row:
                continue
            if below < row:
                found.append(f"src/{file} imports src/{target}, which is above it in the map of src/lib.rs")
            elif the_map.is_topic(unit):
                used.add(f"{unit} -> {other}")
                if f"{unit} -> {other}" not in across:
                    found.append(
                        f"src/{file} imports src/{target}, another topic; if the mathematics does, "
                        f'add "{unit} -> {other}" to ACROSS with the reason'
                    )
    found += [f"ACROSS: {entry!r} is no longer so" for entry in across if entry not in used]
    return found


def in_circles(imports: Imports, unit: Callable[[str], str]) -> list[str]:
    """Return the circles of files, and of the modules of the map."""
    found = []
    for circle in circles(imports):
        among = [f"{file} -> {target}" for file in circle for target in sorted(imports[file] & {*circle})]
        found.append(f"a circle of files: {', '.join(among)}")
    units: Imports = {unit(file): set() for file in imports}
    for file, targets in imports.items():
        units[unit(file)] |= {unit(target) for target in targets} - {unit(file)}
    return found + [f"a circle of modules: {', '.join(circle)}" for circle in circles(units)]


def unsafe_elsewhere(sources: dict[str, Source], allowed: dict[str, str]) -> list[str]:
    """Return the files that hold `unsafe` and may not, and those that may and do not."""
    found, used = [], set()
    for file, source in sources.items():
        if "unsafe" not in source.names:
            continue
        patterns = [pattern for pattern in allowed if fnmatch(file, pattern)]
        used |= {*patterns}
        if not patterns:
            found.append(f'src/{file} holds `unsafe`: add "{file}" to UNSAFE with what it is for')
    return found + [f"UNSAFE: {pattern!r} holds none" for pattern in allowed if pattern not in used]


def not_frozen(texts: dict[Path, str]) -> list[str]:
    """Return the classes that a method may borrow as a whole, which fails where two threads do it."""
    return [
        f"{file.name}: {attribute} is not frozen"
        for file, text in texts.items()
        for attribute in re.findall(r"#\[pyclass\b[^\]]*\]", text)
        if not re.search(r"\bfrozen\b", attribute)
    ]


def knowledge_of_python(sources: dict[str, Source], public: set[str]) -> list[str]:
    """Return what files outside of the bindings know of Python: a crate, or the name of a function in a text."""
    found = []
    for file, source in sources.items():
        if file.startswith("bindings/"):
            continue
        found += [f"src/{file} knows {crate}" for crate in sorted(source.names & PYTHON_CRATES)]
        for text in source.strings:
            # A name of one word may be an ordinary one, unless it is written as what is called.
            names = [
                name for name in public if re.search(rf"\b{name}\b{'' if '_' in name else '[(:`]'}", text)
            ]
            found += [f"src/{file} names the Python function {name} in {text}" for name in sorted(names)]
    return found


def python_upwards(imports: Imports, rows: tuple[tuple[str, ...], ...]) -> list[str]:
    """Return what is wrong with the direction of imports in the Python package."""

    def row(file: str) -> int | None:
        found = [
            index
            for index, names in enumerate(rows)
            if any(file == name or (name.endswith("/") and file.startswith(name)) for name in names)
        ]
        return found[0] if found else None

    found = []
    for file, targets in sorted(imports.items()):
        if row(file) is None:
            found.append(f"{file} is not in PYTHON_MAP")
        for target in sorted(targets):
            of_file, of_target = row(file), row(target)
            if of_file is not None and of_target is not None and of_target < of_file:
                found.append(f"{file} imports {target}, which is above it in PYTHON_MAP")
    return found


# --- held against the source

needs_the_source = pytest.mark.skipif(not (ROOT / "src").is_dir(), reason="needs the source tree")


@pytest.fixture(scope="module")
def sources() -> dict[str, Source]:
    return rust_sources(ROOT / "src")


def no(complaints: list[str]) -> None:
    assert not complaints, "\n".join(["", *complaints])


def the_map() -> Map:
    return Map((ROOT / "src/lib.rs").read_text(encoding="utf-8"))


@pytest.fixture
def imports(sources: dict[str, Source]) -> Imports:
    return rust_imports(sources)


@needs_the_source
def test_imports_point_down_the_map(imports: Imports) -> None:
    no(upwards(imports, the_map(), ACROSS))


@needs_the_source
def test_nothing_imports_itself_through_others(imports: Imports) -> None:
    no(in_circles(imports, the_map().unit))


@needs_the_source
def test_unsafe_is_only_where_it_may_be(sources: dict[str, Source]) -> None:
    no(unsafe_elsewhere(sources, UNSAFE))


@needs_the_source
def test_every_class_is_frozen() -> None:
    no(not_frozen({file: file.read_text(encoding="utf-8") for file in (ROOT / "src").rglob("*.rs")}))


@needs_the_source
def test_only_the_bindings_know_of_python(sources: dict[str, Source]) -> None:
    tree = ast.parse((ROOT / PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    (names,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    assert len(names) > 40
    no(knowledge_of_python(sources, {*names} - {"__version__"}))


#: PyO3 asks NumPy's C interface, and imports NumPy behind our back where that has not been done.
CAST = re.compile(r"\.(cast|cast_exact|is_instance_of|is_exact_instance_of)::<PyUntypedArray>")


@needs_the_source
def test_only_one_file_asks_whether_an_object_is_an_array() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "src").rglob("*.rs")
        if CAST.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"src/bindings/array/modules.rs"}


@needs_the_source
def test_the_python_package_imports_downwards_without_a_circle() -> None:
    imports = python_imports(ROOT / PACKAGE)
    no(python_upwards(imports, PYTHON_MAP))
    no(in_circles(imports, str))


# --- seen to fail, on made-up trees

MAP = """
//! | module | what it holds |
//! |---|---|
//! | `bindings/<topic>` | thin functions |
//! | `bindings/{array, call}` | doors |
//! | `kernels/<topic>` | algorithms |
//! | `kernels/{sums, more}` | what topics share |
//! | `layout` | arrays |
//! | `parallel`, `simd` | threads, registers |
//! | `error` | errors |
"""


def tree(folder: Path, files: dict[str, str]) -> dict[str, Source]:
    """Make a tree of Rust files, with those that it declares, and read it."""
    for name, text in ({"error.rs": "", "lib.rs": MAP} | files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return rust_sources(folder)


def rust_complaints(folder: Path, files: dict[str, str], across: dict[str, str] | None = None) -> list[str]:
    sources = tree(folder, files)
    imports, the_map = rust_imports(sources), Map(MAP)
    return [
        *upwards(imports, the_map, across or {}),
        *in_circles(imports, the_map.unit),
        *unsafe_elsewhere(sources, {}),
        *knowledge_of_python(sources, {"word_count", "sobel"}),
    ]


SOUND = {
    "bindings/mod.rs": "mod array; mod call; mod words; use words::count;",
    "bindings/words.rs": "use super::{array, call::{self, Call}}; use crate::kernels::words;",
    "bindings/array.rs": "use pyo3::prelude::*; use super::call;",
    "bindings/call.rs": 'use crate::parallel::Work; const NAME: &str = "word_count";',
    "kernels/mod.rs": "pub mod sums; pub mod words;",
    "kernels/sums.rs": "pub fn two_sum() {} macro_rules! m { ($name:ident) => { mod $name { use super::*; } } }",
    "kernels/words/mod.rs": """
        //! Not an import: crate::bindings::call.
        mod scan; mod table;
        pub use scan::count;
        #[cfg(test)]
        mod tests;
        #[cfg(test)]
        mod more { use super::*; use pyo3::Python; fn f() { unsafe { crate::bindings::words::count() } } }
    """,
    "kernels/words/tests.rs": "use super::*; use crate::bindings::call;",
    "kernels/words/scan.rs": """
        use super::table; use crate::kernels::sums::two_sum; use crate::parallel as pool;
        const LIFETIMES: &'static str = "crate::bindings::call and 'sobel' { unsafe";
        pub(in crate::kernels) fn count<'a>(c: char) -> bool { c == '"' || c == '\\'' || pool::run() }
    """,
    "kernels/words/table.rs": "use crate::error::Error;",
    "parallel.rs": "use crate::error::Error;",
}


def test_a_sound_tree_has_no_complaint(tmp_path: Path) -> None:
    assert rust_complaints(tmp_path, SOUND) == []


@pytest.mark.parametrize(
    ("file", "text", "complaints"),
    [
        pytest.param(
            "parallel.rs",
            "use crate::kernels::{sums::{self, two_sum as sum}};",
            ["src/parallel.rs imports src/kernels/sums.rs, which is above it in the map of src/lib.rs"],
            id="a use that points up",
        ),
        pytest.param(
            "parallel.rs",
            "fn f() { let x = [crate::kernels::sums::two_sum()]; }",
            ["src/parallel.rs imports src/kernels/sums.rs, which is above it in the map of src/lib.rs"],
            id="a full path that points up",
        ),
        pytest.param(
            "kernels/more.rs",
            "use super::words::count;",
            [
                "src/kernels/more.rs imports src/kernels/words/mod.rs, which is above it in the map of src/lib.rs"
            ],
            id="what topics share imports a topic",
        ),
        pytest.param(
            "kernels/image.rs",
            "use crate::kernels; fn f() { kernels::words::count() }",
            [
                "src/kernels/image.rs imports src/kernels/mod.rs, which is above it in the map of src/lib.rs",
                "src/kernels/image.rs imports src/kernels/words/mod.rs, another topic; if the mathematics does, "
                'add "kernels/image -> kernels/words" to ACROSS with the reason',
            ],
            id="another topic, by the module above",
        ),
        pytest.param(
            "fast.rs",
            "",
            ["src/fast.rs: `fast` is not in the map of src/lib.rs; add it to a row"],
            id="not in the map",
        ),
        pytest.param(
            "kernels/words/table.rs",
            "use super::scan::count;",
            [
                "a circle of files: kernels/words/scan.rs -> kernels/words/table.rs, "
                "kernels/words/table.rs -> kernels/words/scan.rs"
            ],
            id="a circle of two",
        ),
        pytest.param(
            "kernels/words/table.rs",
            "mod inner { use super::super::Words; }",
            [
                "a circle of files: kernels/words/mod.rs -> kernels/words/scan.rs, "
                "kernels/words/scan.rs -> kernels/words/table.rs, kernels/words/table.rs -> kernels/words/mod.rs"
            ],
            id="a circle through the module above, from a module within the file",
        ),
        pytest.param(
            "bindings/call.rs",
            "use super::array::Input;",
            [
                "a circle of files: bindings/array.rs -> bindings/call.rs, bindings/call.rs -> bindings/array.rs",
                "a circle of modules: bindings/array, bindings/call",
            ],
            id="a circle of doors",
        ),
        pytest.param(
            "parallel.rs",
            "fn f() { unsafe { g() } }",
            ['src/parallel.rs holds `unsafe`: add "parallel.rs" to UNSAFE with what it is for'],
            id="unsafe",
        ),
        pytest.param(
            "kernels/sums.rs",
            "use numpy::PyArray;",
            ["src/kernels/sums.rs knows numpy"],
            id="a crate of Python",
        ),
        pytest.param(
            "kernels/sums.rs",
            'fn f() { error("sobel(): word_count and a sobel filter") }',
            [
                'src/kernels/sums.rs names the Python function sobel in "sobel(): word_count and a sobel filter"',
                'src/kernels/sums.rs names the Python function word_count in "sobel(): word_count and a sobel filter"',
            ],
            id="the name of a Python function",
        ),
    ],
)
def test_each_fault_of_the_crate_is_found(
    tmp_path: Path, file: str, text: str, complaints: list[str]
) -> None:
    assert rust_complaints(tmp_path, SOUND | {file: text}) == complaints


def test_a_circle_of_modules_without_one_of_files_is_found(tmp_path: Path) -> None:
    files = {
        "bindings/array/mod.rs": "mod input; mod pin;",
        "bindings/array/input.rs": "use crate::bindings::call::run;",
        "bindings/array/pin.rs": "",
        "bindings/call.rs": "use super::array::pin::Pin;",
    }
    assert rust_complaints(tmp_path, files) == ["a circle of modules: bindings/array, bindings/call"]


def test_a_topic_that_may_import_another_has_to_do_so(tmp_path: Path) -> None:
    files = SOUND | {"kernels/image.rs": "use super::words::count;"}
    allowed = {"kernels/image -> kernels/words": "a reason"}
    assert rust_complaints(tmp_path, files, allowed) == []
    complaint = "ACROSS: 'kernels/image -> kernels/words' is no longer so"
    assert rust_complaints(tmp_path, files | {"kernels/image.rs": ""}, allowed) == [complaint]


def test_what_is_allowed_has_to_be_there(tmp_path: Path) -> None:
    sources = tree(tmp_path, {"simd.rs": "unsafe fn f() {}"})
    assert unsafe_elsewhere(sources, {"simd.rs": "registers"}) == []
    assert unsafe_elsewhere(sources, {"s*.rs": "registers", "error.rs": "?"}) == [
        "UNSAFE: 'error.rs' holds none"
    ]


@pytest.mark.parametrize(
    ("files", "complaints"),
    [
        pytest.param(
            {
                "__init__.py": "from .made import f",
                "_cli/__init__.py": "from made._cli import stats",
                "_cli/stats.py": "import made",
            },
            [],
            id="sound",
        ),
        pytest.param(
            {
                "__init__.py": "def f():\n    from ._cli import stats",
                "_cli/__init__.py": "",
                "_cli/stats.py": "",
            },
            ["__init__.py imports _cli/stats.py, which is above it in PYTHON_MAP"],
            id="upwards, within a function",
        ),
        pytest.param(
            {
                "__init__.py": "",
                "_cli/__init__.py": "from . import stats",
                "_cli/stats.py": "from .. import _cli",
            },
            [
                "a circle of files: _cli/__init__.py -> _cli/stats.py, _cli/stats.py -> _cli/__init__.py",
                "a circle of modules: _cli/__init__.py, _cli/stats.py",
            ],
            id="a circle",
        ),
        pytest.param(
            {"__init__.py": "", "extra.py": ""}, ["extra.py is not in PYTHON_MAP"], id="not in the map"
        ),
    ],
)
def test_each_fault_of_the_package_is_found(
    tmp_path: Path, files: dict[str, str], complaints: list[str]
) -> None:
    for name, text in files.items():
        path = tmp_path / "made" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    imports = python_imports(tmp_path / "made")
    assert python_upwards(imports, PYTHON_MAP) + in_circles(imports, str) == complaints


def test_a_class_that_is_not_frozen_is_named() -> None:
    frozen, other = '#[pyclass(frozen, module = "m")]\nstruct A;', '#[pyclass(module = "m")]\nstruct B;'
    assert not_frozen({Path("a.rs"): frozen, Path("b.rs"): other}) == [
        'b.rs: #[pyclass(module = "m")] is not frozen'
    ]
