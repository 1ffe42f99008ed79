"""What a command imports: the rest is time that its users wait for nothing."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rust_numpy_example._cli import COMMANDS
from rust_numpy_example.data import PLANETS, PROSE

#: What takes longer to import than all of ours.
SLOW = {"numpy", "pandas", "pyarrow", "PIL", "matplotlib", "dask", "asyncio", "ssl"}


def python(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own, which has loaded no more than Python itself."""
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONUTF8": "1"},
    )


#: Says at the end of a process what it has imported.
REPORT = """
import atexit, sys
atexit.register(lambda: print("modules:", *sys.modules, file=sys.stderr))
"""


def imported(script: str, *arguments: object) -> set[str]:
    """Return what a script imports."""
    done = subprocess.run(
        [sys.executable, "-c", REPORT + script, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    *_, last = done.stderr.splitlines()
    said, *modules = last.split()
    assert said == "modules:"
    return {*modules}


@functools.cache
def at_start() -> set[str]:
    """Return what Python imports before anything is run."""
    return imported("")


#: What is installed as `rust-numpy-example`.
SCRIPT = """
import sys
sys.argv[0] = "rust-numpy-example"
from rust_numpy_example.__main__ import main
sys.exit(main())
"""


def loaded(*arguments: object) -> set[str]:
    """Return what a command imports."""
    return imported(SCRIPT, *arguments) - at_start()


def packages(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def test_version_reads_no_arguments() -> None:
    modules = loaded("--version")
    ours = {module for module in modules if module.startswith("rust_numpy_example")}
    assert ours == {
        "rust_numpy_example",
        "rust_numpy_example.__main__",
        "rust_numpy_example._main_interpreter",
    }
    # Each takes as long as the rest.
    assert not modules & {
        "argparse",
        "typing",
        "re",
        "logging",
        "collections",
        "contextlib",
        "enum",
        "threading",
    }


@pytest.mark.once
@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["words", "--help"],
        ["words", PROSE],
        ["words", "--normalize", "--ngrams", 2, PROSE],
        ["stats", PLANETS],
        ["fib", 100],
        ["info"],
        ["completions", "bash"],
        *([command, "--help"] for command in COMMANDS if command != "words"),
    ],
    ids=lambda arguments: " ".join(map(str, arguments[:2])),
)
def test_a_command_imports_what_it_needs(arguments: list[object]) -> None:
    modules = loaded(*arguments)
    assert not packages(modules) & SLOW
    # Help is text alone.
    is_help = "--help" in arguments or arguments[0] == "completions"
    assert not is_help or "rust_numpy_example.rust_numpy_example" not in modules
    # And of the commands none but its own.
    others = {f"rust_numpy_example._cli.{command}" for command in COMMANDS if command != arguments[0]}
    # Those two use others.
    assert arguments[0] in ("completions", "demo") or not modules & others


#: The modules of the package that each imports, but for those that every command does.
OURS = {
    "--help": "",
    "words --help": "words arguments cluster source",
    "words FILE": "words arguments cluster source text dialect table bars EXTENSION",
    "stats --help": "stats listing arguments cluster source select table bars colour panels",
    "stats TABLE": "stats listing arguments cluster source select table bars colour panels text dialect EXTENSION",
    "stats ARRAY": "stats listing arguments cluster source select table bars colour panels arrays EXTENSION",
    "fib 100": "fib arguments EXTENSION",
}

#: Modules of Python that take as long to import as all of ours.
LATE = (
    "typing dataclasses inspect decimal fractions csv zipfile shutil json unicodedata difflib pathlib logging html"
    " concurrent asyncio statistics tempfile datetime"
)


@functools.cache
def of_argparse() -> set[str]:
    """Return what it takes to read arguments and to print help."""
    return imported("import argparse; argparse.ArgumentParser().print_help()")


@pytest.mark.once
@pytest.mark.parametrize("command", OURS)
def test_a_command_imports_no_more_than_is_listed(tmp_path: Path, command: str) -> None:
    import numpy as np

    np.save(tmp_path / "a.npy", np.arange(3.0))
    files = {"FILE": PROSE, "TABLE": PLANETS, "ARRAY": tmp_path / "a.npy"}
    modules = loaded(*(files.get(word, word) for word in command.split()))
    found = {name for name in modules if name.startswith("rust_numpy_example._cli.")}
    if "rust_numpy_example.rust_numpy_example" in modules:
        found.add("EXTENSION")
    named = {name.removeprefix("rust_numpy_example._cli.") for name in found} - {"report"}
    assert named == {*OURS[command].split()}
    late = packages(modules - of_argparse()) & {*LATE.split()}
    # NumPy has them all.
    assert not late or command == "stats ARRAY"
    assert not {"zipfile", "csv", "dataclasses"} & modules - of_argparse()


def test_a_command_of_the_module_imports_no_numpy_either() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "rust_numpy_example", "--version"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "rust_numpy_example" in names
    assert not names & {"numpy", "rust_numpy_example.rust_numpy_example"}


def test_words_of_a_column_import_no_numpy(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,text\n1,a b\n", encoding="utf-8")
    assert not packages(loaded("words", "--column", "text", "--encoding", "utf-8", path)) & SLOW


def test_a_command_that_misses_numpy_says_so_in_a_line() -> None:
    blocked = "import sys\nsys.modules['numpy'] = None\nsys.argv[1:] = ['pi', '--samples', '10']\n"
    done = python(blocked + SCRIPT)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: pi: takes NumPy, which is not installed: pip install numpy\n"


# The extension

#: The start of a process that is taken for the command line.
COMMAND = "import sys; sys.argv[0] = '/usr/bin/rust-numpy-example'; import rust_numpy_example as rne\n"
BLOCKED = f"import sys; sys.modules['numpy'] = None\n{COMMAND}"


@pytest.mark.parametrize(
    ("program", "is_command"),
    [
        ("rust-numpy-example", True),
        ("/a b/rust-numpy-example", True),
        ("C:\\\\x\\\\rust-numpy-example.exe", True),
        ("rust-numpy-example-script.py", True),
        ("rust-numpy-example.py", False),
        ("-m", False),
        ("", False),
    ],
)
def test_what_is_no_command_has_numpy_at_once(program: str, is_command: bool) -> None:
    script = (
        f"import sys; sys.argv[0] = '{program}'; import rust_numpy_example; print('numpy' in sys.modules)"
    )
    done = python(script)
    assert (done.stdout, done.stderr) == (f"{not is_command}\n", "")


def test_where_numpy_is_missing_the_package_cannot_be_imported() -> None:
    done = python(
        "import sys; sys.modules['numpy'] = None\ntry: import rust_numpy_example\nexcept ImportError as e: print(e)"
    )
    assert (done.stdout, done.stderr) == ("import of numpy halted; None in sys.modules\n", "")


def test_a_command_imports_numpy_at_the_first_array() -> None:
    script = (
        "assert rne.word_count('a b') and rne.fibonacci(10) == 55 and rne.list_sum([1, 2]) == 3\n"
        "assert rne.process_single(2.0) == 4.0 and rne.build_info()\n"
        "print('numpy' in sys.modules, rne.sum_array([1.0, 2.0]), 'numpy' in sys.modules)"
    )
    done = python(COMMAND + script)
    assert (done.stdout, done.stderr) == ("False 3.0 True\n", "")


#: Each is the first call of a process that an array may come to, by another way in.
FIRST = {
    "a list": "rne.sum_array([1.0])",
    "a number": "rne.array_multiply(2.0, 3.0)",
    "an array": "rne.compute_stats(array)",
    "a buffer": "rne.compute_stats(bytearray(8))",
    "out": "rne.array_multiply(array, 2.0, out=array)",
    "a product": "rne.matrix_multiply([[1.0]], [[1.0]])",
    "an image": "rne.sobel([[1, 2], [3, 4]])",
    "numbers of a list": "rne.process_numbers([1, 2], 0)",
    "objects of a list": "rne.list_sum([1, array])",
    "an object": "rne.process_single(array[0])",
    "a result": "rne.QuantileSketch().quantile(0.5)",
    "a class": "rne.DataProcessor(2).add_data([1.0])",
    "points": "rne.monte_carlo_pi(100)",
    "columns": "from rust_numpy_example import rust_numpy_example as x; x._ArrayStats(['a']).update(array)",
}


def test_without_numpy_a_call_is_an_import_error() -> None:
    calls = [call.replace("array[0]", "object()") for call in FIRST.values()]
    script = (
        "array, seen = memoryview(bytearray(8)).cast('d'), set()\n"
        f"for call in {calls!r}:\n"
        "    try: exec(call)\n"
        "    except ImportError as error: seen.add(str(error))\n"
        "    except (TypeError, ValueError): print('no NumPy:', call)\n"
        "    else: print('no NumPy:', call)\n"
        "print(all('numpy' in error for error in seen), len(seen) > 0)"
    )
    done = python(BLOCKED + script)
    assert done.stderr == ""
    *without, seen = done.stdout.splitlines()
    assert seen == "True True"
    # What is no array needs none.
    assert set(without) <= {
        f"no NumPy: {calls[list(FIRST).index(name)]}" for name in ("numbers of a list", "a class", "a result")
    }


@pytest.mark.once
@pytest.mark.parametrize("call", FIRST.values(), ids=FIRST.keys())
def test_the_first_call_imports_numpy(call: str) -> None:
    """With an array that NumPy has made, whose C interface nobody has asked for yet."""
    done = python(
        f"{COMMAND}import numpy as np\narray = np.ones(1)\ntry: {call}\nexcept (TypeError, ValueError): pass"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_threads_may_come_with_the_first_array_at_once() -> None:
    script = (
        "import threading\n"
        "sys.setswitchinterval(1e-6)\n"
        "start, sums = threading.Barrier(8), []\n"
        "def call():\n"
        "    start.wait()\n"
        "    sums.append(rne.sum_array([1.0, 2.0]))\n"
        "threads = [threading.Thread(target=call) for _ in range(8)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]\n"
        "print(sums)"
    )
    done = python(COMMAND + script)
    assert (done.stdout, done.stderr) == (f"{[3.0] * 8}\n", "")


def test_a_call_from_within_the_first_one_does_not_wait_for_itself() -> None:
    """As of a signal handler: here by code that runs while NumPy's C interface is looked up."""
    script = (
        "import numpy.lib\n"
        "class Version(numpy.lib.NumpyVersion):\n"
        "    def __init__(self, version):\n"
        "        try: rne.sum_array([1.0])\n"
        "        except RuntimeError as error: print(error)\n"
        "        super().__init__(version)\n"
        "numpy.lib.NumpyVersion = Version\n"
        "print(rne.sum_array([1.0, 2.0]), rne.sum_array([1.0]))"
    )
    done = python(COMMAND + script)
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    assert "while the first call with an array loads NumPy" in first
    assert second == "3.0 1.0"
