"""The page of the command line says what the commands do: every option, and what the examples print."""

from __future__ import annotations

from pathlib import Path

import pytest

from rust_numpy_example._cli import COMMANDS

ROOT = Path(__file__).resolve().parents[1]

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not (ROOT / "tools").is_dir(), reason="the tools are not beside the tests"),
]

cli_page = pytest.importorskip("cli_page")
REMAKE = "python tools/cli_page.py makes the page again"


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_every_command_is_on_the_page(page: str, command: str) -> None:
    table = "\n".join(cli_page.options(command))
    for action in cli_page.actions(command):
        for option in action.option_strings:
            assert f"`{option}" in table or option in ("-h", "--help")
    assert table in page, REMAKE
    assert cli_page.EXAMPLES[command], f"no example of {command}"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_print_what_the_page_says(page: str, command: str) -> None:
    with cli_page.folder():
        for example in cli_page.EXAMPLES[command]:
            assert f"$ rust-numpy-example {example.line}\n" in page, REMAKE
            if cli_page.is_runnable(example) and example.is_fixed:
                shown = cli_page.shown(example)
                assert "Traceback" not in shown
                assert shown in page, REMAKE


def test_the_page_fits_a_terminal(page: str) -> None:
    for block in page.split("```console\n")[1:]:
        command, *lines = block.partition("\n```")[0].splitlines()
        if not {"--csv", "--json", "--markdown"} & set(command.split()):
            # But for errors, which are one line however long.
            assert [
                line for line in lines if len(line) > 80 and not line.startswith(("error:", "note:"))
            ] == []


def test_the_picture_of_the_readme_shows_what_commands_print() -> None:
    terminal = pytest.importorskip("terminal")
    svg = terminal.svg()
    assert svg == terminal.PICTURE.read_text(encoding="utf-8"), "python tools/terminal.py makes it again"
    assert "█" in svg and "50087.1" in svg and "\x1b" not in svg
