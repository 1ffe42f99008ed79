"""The command ``completions``: scripts that complete commands and options in a shell.

They are made of the parser itself, so that they know what it knows.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from rust_numpy_example._cli import report

EXAMPLES = """\
examples:
  rust-numpy-example completions bash > ~/.local/share/bash-completion/completions/rust-numpy-example
  rust-numpy-example completions zsh > ~/.zfunc/_rust-numpy-example
  rust-numpy-example completions fish > ~/.config/fish/completions/rust-numpy-example.fish
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = "Print a script that completes commands, options and files."
    parser.epilog = EXAMPLES.replace(" > ", " \\\n      > ")
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(options: argparse.Namespace) -> int:
    """Write the script; return the exit code."""
    shells: dict[str, Callable[[], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
    report.write(shells[options.shell]().rstrip("\n"))
    return 0


def _commands() -> dict[str, list[argparse.Action]]:
    from rust_numpy_example._cli import COMMANDS, parser

    top = parser("all")
    subparsers = next(a for a in top._actions if isinstance(a, argparse._SubParsersAction))
    return {name: subparsers.choices[name]._actions for name in COMMANDS}


def _words(actions: list[argparse.Action]) -> list[str]:
    options = [option for action in actions for option in action.option_strings]
    return options + [str(c) for action in actions if not action.option_strings for c in action.choices or ()]


def _bash() -> str:
    cases, values = [], []
    for name, actions in _commands().items():
        cases.append(f"    {name}) words='{' '.join(_words(actions))}' ;;")
        for action in actions:
            if action.option_strings and action.choices:
                options = "|".join(f"{name}:{option}" for option in action.option_strings)
                values.append(f"    {options}) words='{' '.join(map(str, action.choices))}' ;;")
    names = " ".join(_commands())
    return f"""\
_rust_numpy_example() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} words=
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '{names} --help --version' -- "$current"))
    return
  fi
  case ${{COMP_WORDS[1]}}:$previous in
{chr(10).join(values)}
    *) case ${{COMP_WORDS[1]}} in
{chr(10).join("  " + case for case in cases)}
    esac ;;
  esac
  case $current in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current" | grep -v '^-'; compgen -f -- "$current")) ;;
  esac
}}
complete -o filenames -F _rust_numpy_example rust-numpy-example
"""


def _quoted(text: str) -> str:
    return text.replace("'", "'\\''")


def _zsh() -> str:
    from rust_numpy_example._cli import COMMANDS

    lines = []
    for name, actions in _commands().items():
        arguments = []
        for action in actions:
            about = _quoted((action.help or "").replace("[", "(").replace("]", ")").replace(":", ";"))
            choices = f"({' '.join(map(str, action.choices))})" if action.choices else "_files"
            if action.option_strings:
                takes = "" if action.nargs == 0 else f":{action.metavar or 'value'}:{choices}"
                arguments += [f"'*{option}[{about}]{takes}'" for option in action.option_strings]
            else:
                arguments.append(f"'*:{action.dest}:{choices}'")
        lines.append(f"      {name}) _arguments {' '.join(arguments)} ;;")
    commands = "\n".join(f"    '{name}:{_quoted(does)}'" for name, does in COMMANDS.items())
    return f"""\
#compdef rust-numpy-example
_rust_numpy_example() {{
  local -a commands=(
{commands}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
  else
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
{chr(10).join(lines)}
    esac
  fi
}}
_rust_numpy_example "$@"
"""


def _fish() -> str:
    from rust_numpy_example._cli import COMMANDS

    program = "complete -c rust-numpy-example"
    lines = []
    for name, does in COMMANDS.items():
        lines.append(f"{program} -n __fish_use_subcommand -f -a {name} -d '{_fish_quoted(does)}'")
    for name, actions in _commands().items():
        inside = f"{program} -n '__fish_seen_subcommand_from {name}'"
        for action in actions:
            choices = f" -x -a '{' '.join(map(str, action.choices))}'" if action.choices else ""
            if not action.option_strings:
                lines += [f"{inside}{choices}"] if choices else []
                continue
            option = " ".join(
                f"-l {o[2:]}" if o.startswith("--") else f"-s {o[1:]}" for o in action.option_strings
            )
            takes = choices or ("" if action.nargs == 0 else " -r")
            lines.append(f"{inside} {option}{takes} -d '{_fish_quoted(action.help or '')}'")
    return "\n".join(lines)


def _fish_quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
