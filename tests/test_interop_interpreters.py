"""Sub-interpreters are refused with a clear error, and the main interpreter is none the worse."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: Makes sub-interpreters by what each Python has for that; the modules are its own.
INTERPRETERS = """
try:
    import _interpreters as interpreters
    def create(isolated): return interpreters.create("isolated" if isolated else "legacy")
    run = interpreters.exec
except ImportError:
    import _xxsubinterpreters as interpreters
    def create(isolated): return interpreters.create(isolated=isolated)
    run = interpreters.run_string
CODE = '''
for _ in range(2):
    try:
        import rust_numpy_example
        print("imported", flush=True)
    except ImportError as error:
        print(error, flush=True)
'''
def sub(isolated):
    interpreter = create(isolated)
    assert run(interpreter, CODE) is None
    interpreters.destroy(interpreter)
def main():
    import rust_numpy_example as rne
    print(rne.multiply(2, 3), rne.compute_stats([1.0, 3.0]).mean, flush=True)
"""

REFUSED = "rust_numpy_example cannot be imported in a sub-interpreter: "
WORKS = "6 2.0"


@pytest.mark.parametrize("isolated", [False, True])
@pytest.mark.parametrize("order", ["sub main sub", "main sub main"])
def test_a_sub_interpreter_is_refused_and_the_main_one_works(isolated: bool, order: str) -> None:
    script = INTERPRETERS
    expected = []
    for step in order.split():
        script += f"sub({isolated})\n" if step == "sub" else "main()\n"
        expected += [REFUSED, REFUSED] if step == "sub" else [WORKS]
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=60
    )
    if "No module named" in done.stderr and "interpreters" in done.stderr:
        pytest.skip("this Python has no sub-interpreters")
    assert (done.returncode, done.stderr) == (0, "")
    found = done.stdout.splitlines()
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected))
