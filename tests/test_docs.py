"""What the manual, the README and the other texts say: figures that a command has made, examples that run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the manual is not beside the tests"),
]

#: Pages that commands write as a whole.
GENERATED = {"benchmarks.md", "cli.md", "instructions.md", "reliability.md", "tested.md"}

_NUMBER = (
    r"(?:\d[\d.,]*|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|fifty|a hundred|a thousand"
    r"|hundreds|thousands|tens)"
)
_SHARE = r"(?:twice|half|(?:a|one|two) (?:third|quarter|fifth|sixth|eighth|tenth)s?|\d+ ?(?:%|percent))"
_THAN = (
    r"(?:faster|slower|quicker|longer|less|more|shorter|as (?:fast|slow|quick|long|much)|the (?:time|speed))"
)

#: What compares two times, or says how many times something is.
RATIO = re.compile(
    rf"{_NUMBER} ?× ?(?!\d)|\b\d[\d.,]*x\b|\b{_NUMBER} times {_THAN}|\b{_SHARE} (?:of )?{_THAN}|\bfactor of {_NUMBER}",
    re.IGNORECASE,
)

#: A command, which makes the figures of its paragraph.
COMMAND = re.compile(r"`(?:tox|cargo|python3?|pytest|rust-numpy-example|perf|valgrind|py-spy)\b[^`]*`")


def texts() -> list[Path]:
    """Return all texts but those that a command writes as a whole."""
    pages = [path for path in (ROOT / "docs").rglob("*.md") if path.name not in GENERATED]
    return sorted([*pages, *(path for path in ROOT.glob("*.md"))])


def ratios(text: str) -> Iterator[str]:
    """Yield the figures of a text that neither a command has written nor one is named for."""
    # What stands between two marks is written by a command, and so is what a cell prints.
    text = re.sub(r"<!-- ([\w-]+)(?: [^>]*)?-->.*?<!-- /\1 -->", "", text, flags=re.DOTALL)
    text = re.sub(r"^(`{3,}|:{3,}\{code).*?^(`{3,}|:{3,})$", "", text, flags=re.DOTALL | re.MULTILINE)
    for paragraph in re.split(r"\n\s*\n|\n(?=- |\| )", text):
        line = " ".join(paragraph.split())
        if not COMMAND.search(line):
            yield from (found[0] for found in RATIO.finditer(line))


@pytest.mark.parametrize("path", texts(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_figure_names_the_command_that_makes_it(path: Path) -> None:
    found = list(ratios(path.read_text(encoding="utf-8")))
    assert found == [], f"{path.name}: put it into a generated block, or name the command beside it"


@pytest.mark.parametrize(
    "text",
    [
        "It is 2.5 times as fast.",
        "This is 10x.",
        "A speedup of 3× at least.",
        "It takes half the time.",
        "Calls take up to a third longer.",
        "It is 20 % faster.",
        "ten\ntimes faster",
        "| `sum` | 7 times as fast |",
    ],
)
def test_a_figure_is_found(text: str) -> None:
    assert list(ratios(text))
    assert not list(ratios(f"{text} As `tox -c tools/tox.ini -e bench` says."))
    assert not list(ratios(f"<!-- benchmarks -->\n\n{text}\n\n<!-- /benchmarks -->"))
    assert not list(ratios(f"```text\n{text}\n```"))


@pytest.mark.parametrize("text", ["a 10 x 20 matrix", "1000×1000", "three times in a row", "0x10", "x = 3"])
def test_other_numbers_are_none(text: str) -> None:
    assert not list(ratios(text))


#: Where a function may be named as well: what is told of it, and what more there may be, by the table of CONTRIBUTING.
MORE = (
    "docs/",
    "rust_numpy_example/dask/",
    "rust_numpy_example/_cli/",
    "tools/",
    "examples/",
    "tests/clusters.py",
)
MORE += (
    "tests/test_dask",
    "tests/test_cli",
    "tests/test_docs.py",
    "tests/test_inputs_arrow.py",
    "tests/test_memory.py",
    "tests/reliability/test_random_faults.py",
    "tests/reliability/test_free_threaded.py",
)


def test_the_recipe_for_a_function_names_every_file() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipe = text.partition("## How to add a kernel")[2].partition("\n## ")[0]
    named = {name.replace("<topic>", "window") for name in re.findall(r"`([^`\s]+)`", recipe)}
    folders = ("src", "rust_numpy_example", "tests", "benches", "benchmarks", "docs", "examples", "tools")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    missing = []
    for path in [*paths, ROOT / "README.md", ROOT / "CHANGELOG.md"]:
        name = path.relative_to(ROOT).as_posix()
        if path.suffix not in (".rs", ".py", ".pyi", ".md") or "_scaffold/template" in name:
            continue
        if "moving_average" not in path.read_text(encoding="utf-8") or name.startswith(MORE):
            continue
        if not any(
            name.startswith(one) if one.endswith("/") else f"/{name}".endswith(f"/{one}") for one in named
        ):
            missing.append(name)
    assert missing == []
    # And none that there is not.
    for one in named:
        if re.search(r"\.(rs|py|pyi|md)$", one):
            assert any(path.as_posix().endswith(f"/{one}") for path in [*paths, *ROOT.glob("*.md")]), one
