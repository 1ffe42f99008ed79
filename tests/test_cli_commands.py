"""The smaller commands: fib, pi, info, completions; and what each imports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import Run


def test_fibonacci_numbers_of_any_size(run: Run, tmp_path: Path) -> None:
    assert run("fib", "100")[:2] == (0, "354224848179261915075\n")
    assert [run("fib", n, "--digits")[1] for n in ("0", "6", "7", "100000")] == [
        "1\n",
        "1\n",
        "2\n",
        "20899\n",
    ]
    from rust_numpy_example._cli.fib import decimal, digits

    for number in (2**8000 - 1, 2**8001, 10**5000, 10**5000 - 1, 3**20000 + 1):
        limit = getattr(sys, "get_int_max_str_digits", lambda: 0)()
        if limit:
            sys.set_int_max_str_digits(0)
        try:
            assert decimal(number) == str(number)
            assert digits(number) == len(str(number))
        finally:
            if limit:
                sys.set_int_max_str_digits(limit)
    for wrong in ("-1", "x", "9" * 30):
        assert run("fib", wrong)[0] == 2


def test_an_estimate_of_pi(run: Run) -> None:
    code, out, _ = run("pi", "--samples", "1e5", "--seed", "1", "--json")
    found = json.loads(out)
    assert (code, found["samples"]) == (0, 100_000)
    assert abs(found["pi"] - np.pi) < 5 * found["standard_error"]
    assert run("pi", "--samples", "1e5", "--seed", "1", "--json")[1] == out
    assert "±" in run("pi", "--samples", "1000")[1]
    for wrong in ("0", "1.5", "x", "1e99", "nan", "-3"):
        assert run("pi", "--samples", wrong)[0] == 2


def test_info_says_what_there_is(run: Run) -> None:
    code, out, _ = run("info", "--json")
    found = json.loads(out)
    assert (code, found["numpy"]) == (0, np.__version__)
    assert "python" in run("info")[1]


@pytest.mark.parametrize(("shell", "check"), [("bash", "bash"), ("zsh", "zsh"), ("fish", "fish")])
def test_completions_are_scripts_that_the_shell_understands(
    run: Run, tmp_path: Path, shell: str, check: str
) -> None:
    import shutil

    code, out, _ = run("completions", shell)
    assert code == 0
    for word in ("stats", "words", "markdown", "on-error"):
        assert word in out
    if program := shutil.which(check):
        script = tmp_path / "script"
        script.write_text(out)
        assert subprocess.run([program, "-n", script], capture_output=True, check=False).stderr == b""
    if shell == "bash" and program:
        for line, expected in (
            ("st", "stats"),
            ("stats --de", "--decimal\n--delimiter"),
            ("stats --on-error ", "skip"),
        ):
            words = ["rust-numpy-example", *line.split(" ")]
            test = (
                f"{out}\nCOMP_WORDS=({' '.join(map(repr, words))}); COMP_CWORD={len(words) - 1};"
                ' _rust_numpy_example; printf "%s\\n" "${COMPREPLY[@]}" | sort'
            )
            done = subprocess.run(
                [program, "-c", test], capture_output=True, check=False, cwd=tmp_path, text=True
            )
            assert expected in done.stdout


def test_a_command_imports_only_what_it_needs() -> None:
    script = (
        "import sys; from rust_numpy_example.__main__ import main\n"
        "try: main(['words', '--help'])\n"
        "except SystemExit: pass\n"
        "print(*(m for m in sys.modules if m.startswith('rust_numpy_example._cli.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    loaded = {name.split(".")[-1] for name in done.stderr.split()}
    assert "words" in loaded
    assert not loaded & {"demo", "arrays", "parquet", "stats"}
