"""Ints, printing, logging and exceptions between Python and Rust."""

from __future__ import annotations

import contextlib
import inspect
import io
import logging
import os
import random
import re
import struct
import subprocess
import sys
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interrupt import interrupted

import rust_numpy_example as rne
from rust_numpy_example._twins import Twin, twins

#: Also those around the ends of the integer types of machines.
INTEGERS = st.one_of(
    st.integers(), st.sampled_from([s * 2**k + d for s in (1, -1) for k in (31, 63, 64) for d in (-1, 0, 1)])
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def printed(function: Any, *arguments: Any) -> str:
    """Return what a function prints to ``sys.stdout``."""
    with contextlib.redirect_stdout(io.StringIO()) as output:
        function(*arguments)
    return output.getvalue()


def python(
    script: str, stdout: int | None = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a script in a Python of its own, whose ``sys.stdout`` is buffered as usual."""
    return subprocess.run(
        [sys.executable, "-c", f"import rust_numpy_example as rne\n{script}"],
        check=False,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        env={
            **{name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
            **environment,
        },
    )


@pytest.mark.parametrize("twin", list(twins("interop")), ids=lambda twin: twin.name)
def test_every_function_agrees_with_its_twin(twin: Twin) -> None:
    arguments = twin.data()
    assert twin.ours(*arguments) == twin.python(*arguments)


# Numbers


def same_quotient(a: Any, b: Any) -> bool:
    """Whether ``divide`` does what Python's ``/`` does, an error included."""
    if b == 0:
        with pytest.raises(ValueError, match="^Cannot divide by zero$"):
            rne.divide(a, b)
        return True
    try:
        expected = float(a / b)
    except OverflowError as error:
        with pytest.raises(OverflowError, match=re.escape(str(error))):
            rne.divide(a, b)
        return True
    found = rne.divide(a, b)
    return type(found) is float and struct.pack("d", found) == struct.pack("d", expected)


@given(INTEGERS, INTEGERS)
def test_arithmetic_is_that_of_python_whatever_the_size(a: int, b: int) -> None:
    assert rne.multiply(a, b) == a * b
    assert rne.sum_as_string(a, b) == str(a + b)
    if b:
        assert same_quotient(a, b)


#: Numbers of bits on both sides of the switches of algorithm: Python's product, the schoolbook methods of 64
#: and 52 bits, pieces, the transforms of each level.
SWITCHES = [
    bits + d for bits in (480, 1920, 2880, 5760, 10_880, 14_720, 32_768, 98_304) for d in (-64, 0, 1, 64)
]


def of_bits(bits: int, seed: int) -> int:
    """Return an int of just so many bits: random, or of zeros or ones only."""
    low = [random.Random(seed).getrandbits(bits), 0, (1 << bits) - 1][seed % 3]
    return low | 1 << (bits - 1)


@pytest.mark.parametrize("bits", SWITCHES)
def test_products_are_those_of_python_on_both_sides_of_every_switch_of_algorithm(bits: int) -> None:
    for seed in range(3):
        a = of_bits(bits, seed)
        for other in (bits, bits // 3 + 1, 31, 3 * bits):
            b = of_bits(other, seed + 4)
            assert rne.multiply(a, b) == a * b
            assert rne.multiply(-b, a) == -b * a
        assert rne.multiply(a, a) == a * a == rne.multiply(-a, -a)


@given(st.integers(1, 60_000), st.integers(1, 60_000), st.integers(), st.sampled_from([1, -1]))
@settings(max_examples=60)
def test_products_of_any_two_sizes_are_those_of_python(m: int, n: int, seed: int, sign: int) -> None:
    a, b = of_bits(m, seed), sign * of_bits(n, seed + 1)
    assert rne.multiply(a, b) == a * b == rne.multiply(b, a)


@given(st.integers(0, 30_000), st.integers(1, 20_000), st.integers())
@settings(max_examples=30)
def test_products_keep_the_laws_of_arithmetic(m: int, n: int, seed: int) -> None:
    a, b, c = of_bits(m + 1, seed), of_bits(n, seed + 1), of_bits(n, seed + 2)
    assert rne.multiply(a, b + c) == rne.multiply(a, b) + rne.multiply(a, c)
    assert rne.multiply(a, b) // b == a


@pytest.mark.parametrize("small", [0, 1, -1, 7, 2**64, -(3**700), 3**2000])
def test_a_huge_number_times_a_small_one(small: int) -> None:
    for huge in (3**200_000, -(2**400_000), 2**400_001 - 1):
        assert rne.multiply(huge, small) == huge * small == rne.multiply(small, huge)


def test_long_ints_of_other_classes_are_multiplied_as_they_say() -> None:
    class Odd(int):
        def __mul__(self, other: int) -> int:
            return 42

    class Index:
        def __index__(self) -> int:
            return 3**5000

    assert rne.multiply(Odd(3**5000), 3**5000) == 42
    assert rne.multiply(Index(), 3**5000) == 3**10_000 == rne.multiply(3**5000, Index())
    assert rne.multiply(True, 3**5000) == 3**5000
    assert type(rne.multiply(3**5000, 3**5000)) is int


@pytest.mark.thorough
@pytest.mark.parametrize("level", rne.build_info()["simd_available"])
def test_every_cpu_level_gives_the_same_product(level: str) -> None:
    code = (
        "for k in (500, 2000, 5000, 9000, 30_000, 200_000):\n"
        "    a, b = 3**k, -(7 ** (k // 2))\n"
        "    assert rne.multiply(a, b) == a * b and rne.multiply(a, a) == a * a\n"
    )
    result = python(code, RUST_NUMPY_EXAMPLE_SIMD=level)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_ctrl_c_stops_a_product() -> None:
    a, b = (1 << 150_000_000) // 3, (1 << 150_000_000) // 7
    with interrupted(0.3):
        for _ in range(100):
            rne.multiply(a, b)


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint64, np.bool_])
def test_whatever_is_an_integer_is_taken(kind: Any) -> None:
    if kind is np.bool_:
        # What older versions of NumPy warn of, newer ones refuse.
        with pytest.raises((TypeError, DeprecationWarning), match="multiply: argument a|as an index"):
            rne.multiply(kind(1), 3)  # type: ignore[arg-type]
        return
    for function, result in ((rne.multiply, 3), (rne.sum_as_string, "4"), (rne.divide, 1 / 3)):
        found = function(kind(1), 3)
        assert (found, type(found)) == (result, type(result))
    # An int8 does not wrap.
    assert rne.multiply(kind(1), 1000) == 1000 == rne.multiply(1000, kind(1))


@pytest.mark.parametrize("wrong", [1.0, "1", None, 1j, [1], np.float64(1), np.array([1, 2])])
@pytest.mark.parametrize("name", ["multiply", "sum_as_string"])
def test_an_argument_that_is_no_integer_is_named(name: str, wrong: Any) -> None:
    for argument, arguments in (("a", (wrong, 1)), ("b", (1, wrong))):
        with pytest.raises(
            TypeError, match=f"^{name}: argument {argument}, got {type(wrong).__name__}, expected int$"
        ):
            getattr(rne, name)(*arguments)


def test_an_error_of_an_index_method_is_passed_on() -> None:
    class Broken:
        def __index__(self) -> int:
            raise ZeroDivisionError("broken")

    with pytest.raises(ZeroDivisionError, match="broken"):
        rne.multiply(Broken(), 1)


@pytest.mark.parametrize("a", [0, 1, -(10**40)])
@pytest.mark.parametrize(
    "zero", [0, False, np.int64(0), 0.0, -0.0, np.float32(-0.0), Fraction(0), Decimal(0)]
)
def test_division_by_zero_is_a_value_error(a: int, zero: Any) -> None:
    with pytest.raises(ValueError, match="^Cannot divide by zero$"):
        rne.divide(a, zero)


REALS = st.one_of(INTEGERS, st.floats(), st.fractions(), st.integers(-(10**700), 10**700))


@given(REALS, REALS)
def test_division_is_that_of_python_for_all_real_numbers(a: Any, b: Any) -> None:
    assert same_quotient(a, b)


def test_division_of_the_tutorials() -> None:
    assert rne.divide(10.0, 4.0) == 2.5 == rne.divide(10, 4)
    assert rne.divide(10**400, 4 * 10**399) == 2.5
    # Both ints lie between two floats: only a division that rounds once gives this.
    assert rne.divide(2**53 + 1, 2**53 + 1) == 1.0 and rne.divide(3 * (2**60 + 1), 3) == float(2**60)


@pytest.mark.parametrize(
    "kind", [np.float16, np.float32, np.float64, np.longdouble, np.uint8, Decimal, Fraction]
)
def test_division_takes_every_kind_of_real_number(kind: Any) -> None:
    for found in (rne.divide(kind(10), 4), rne.divide(10, kind(4)), rne.divide(kind(10), kind(4))):
        assert (type(found), found) == (float, 2.5)


def test_division_of_numbers_with_methods_of_their_own() -> None:
    class Index(int):
        def __truediv__(self, other: Any) -> Any:
            return "no"

    class Float:
        def __float__(self) -> float:
            return 10.0

    class Broken:
        def __float__(self) -> float:
            raise ZeroDivisionError("broken")

    assert rne.divide(Index(10), 4) == 2.5 == rne.divide(Float(), Index(4))
    with pytest.raises(ZeroDivisionError, match="broken"):
        rne.divide(Broken(), 1)


@pytest.mark.parametrize(
    "wrong", [1j, np.complex128(1), "1", b"1", None, [1], (1,), np.array([1.0]), np.array([1, 2])]
)
def test_division_of_something_else_is_a_type_error(wrong: Any) -> None:
    for name, arguments in (("a", (wrong, 1)), ("b", (1, wrong))):
        message = f"^divide: argument {name}, got {type(wrong).__name__}, expected a real number$"
        with pytest.raises(TypeError, match=message):
            rne.divide(*arguments)


@pytest.mark.parametrize("digits", [4299, 4300, 4301, 50_000])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_may_have_any_number_of_digits(digits: int, sign: int) -> None:
    # 999...9 + 1
    assert rne.sum_as_string(sign * (10**digits - 1), sign) == "-" * (sign < 0) + "1" + "0" * digits
    assert rne.sum_as_string(sign * (10**digits // 7), 0) == "-" * (sign < 0) + (digits * "142857")[:digits]


@given(INTEGERS)
def test_greater_than_2_returns_the_number_or_raises(number: int) -> None:
    if number > 2:
        assert rne.greater_than_2(number) == number
    else:
        with pytest.raises(OSError, match="^Error from Rust: number is less than or equal to 2$"):
            rne.greater_than_2(number)


def test_greater_than_2_takes_integers_only() -> None:
    assert rne.greater_than_2(np.uint8(200)) == 200
    with pytest.raises(TypeError, match="greater_than_2: argument number, got float, expected int"):
        rne.greater_than_2(3.5)  # type: ignore[arg-type]


# Printing


@given(st.dictionaries(TEXT, TEXT))
def test_a_dict_is_printed_in_its_order(d: dict[str, str]) -> None:
    expected = "".join(f"{key} {value}\n" for key, value in d.items())
    with contextlib.redirect_stdout(io.StringIO(newline="")) as output:
        rne.dict_printer(d)
    assert output.getvalue() == expected


@pytest.mark.parametrize(
    ("d", "message"),
    [
        ({"a": "b", "c": 1}, r"got the entry 'c': 1 whose value is int, expected str"),
        ({"a": "b", 1: "c"}, r"got the entry 1: 'c' whose key is int, expected str"),
        ({None: None}, r"got the entry None: None whose key is NoneType, expected str"),
        ({"a": b"b"}, r"got the entry 'a': b'b' whose value is bytes, expected str"),
        ({"a": [0] * 10**6}, r"got the entry 'a': \[0, .*\.\.\. whose value is list, expected str"),
        ([("a", "b")], r"got list, expected dict"),
        (None, r"got NoneType, expected dict"),
    ],
)
def test_a_dict_of_something_else_is_refused_by_name_before_anything_is_printed(d: Any, message: str) -> None:
    with (
        contextlib.redirect_stdout(io.StringIO()) as output,
        pytest.raises(TypeError, match=message) as caught,
    ):
        rne.dict_printer(d)
    assert str(caught.value).startswith("dict_printer: argument d, got ") and len(str(caught.value)) < 300
    assert output.getvalue() == ""


def test_kinds_of_dicts_and_strings_are_printed() -> None:
    class Text(str):
        pass

    assert printed(rne.dict_printer, OrderedDict(b="2", a="1")) == "b 2\na 1\n"
    assert printed(rne.dict_printer, {Text("a"): Text("b")}) == "a b\n"
    assert printed(rne.dict_printer, {}) == ""


def test_a_dict_with_an_order_of_its_own_is_printed_in_that_order() -> None:
    moved = OrderedDict(a="1", b="2", c="3")
    moved.move_to_end("a")

    class Backwards(dict[str, str]):
        def __iter__(self) -> Iterator[str]:
            return reversed(list(super().__iter__()))

    class Upper(dict[str, str]):
        def items(self) -> Any:
            return [[key.upper(), value] for key, value in super().items()]

    class Same(dict[str, str]):
        pass

    entries = {"a": "1", "b": "2", "c": "3"}
    for d, text in (
        (moved, "b 2\nc 3\na 1\n"),
        (Backwards(entries), "c 3\nb 2\na 1\n"),
        (Upper(entries), "A 1\nB 2\nC 3\n"),
        (Same(entries), "a 1\nb 2\nc 3\n"),
        (Counter(), ""),
    ):
        assert printed(rne.dict_printer, d) == text


@pytest.mark.parametrize("item", [1, ("a",), ("a", "b", "c"), "abc"])
def test_items_that_are_no_pairs_are_refused(item: Any) -> None:
    class Odd(dict[str, str]):
        def items(self) -> Any:
            return [("a", "b"), item]

    with pytest.raises(TypeError):
        rne.dict_printer(Odd(a="b"))


def test_an_error_of_an_iteration_is_passed_on() -> None:
    class Broken(dict[str, str]):
        def items(self) -> Any:
            yield "a", "b"
            raise ZeroDivisionError

    with contextlib.redirect_stdout(io.StringIO()) as output, pytest.raises(ZeroDivisionError):
        rne.dict_printer(Broken())
    assert output.getvalue() == ""


@given(st.text(st.characters(max_codepoint=0x17F)), st.integers(0, 5), st.booleans(), st.booleans())
def test_a_word_is_printed_n_times(word: str, n: int, reverse: bool, uppercase: bool) -> None:
    line = word[::-1] if reverse else word
    # newline="" keeps "\r" as it is.
    with contextlib.redirect_stdout(io.StringIO(newline="")) as output:
        rne.word_printer(word, n, reverse, uppercase)
    assert output.getvalue() == ((line.upper() if uppercase else line) + "\n") * n


def test_capitals_may_be_longer_than_the_word() -> None:
    assert printed(rne.word_printer, "stra\u00dfe \u00e9 \ufb03", 1, False, True) == "STRASSE \u00c9 FFI\n"


@pytest.mark.parametrize(("word", "n"), [("hello", 100_003), ("x" * 70_000, 3), ("", 5)])
def test_blocks_join_without_a_seam(word: str, n: int) -> None:
    assert printed(rne.word_printer, word, n) == (word + "\n") * n


def test_a_negative_count_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="word_printer: argument n, got -1, expected 0 or more"):
        rne.word_printer("hello", -1)


@pytest.mark.parametrize("arguments", [(1, 1), (b"a", 1), ("a", "1"), ("a", 1.5), ("a", 1, 1)])
def test_a_word_printer_argument_of_another_type_is_a_type_error(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        rne.word_printer(*arguments)


PRINTERS = [
    lambda: rne.dict_printer({"a": "b"}),
    lambda: rne.word_printer("hello", 2),
    lambda: rne.RustStruct("text", [1]).printer(),
    lambda: rne.human_says_hi('{"name": "Ada", "age": 36}'),
]


@pytest.mark.parametrize("printer", PRINTERS)
def test_where_there_is_no_stdout_nothing_is_printed(printer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    printer()
    monkeypatch.delattr(sys, "stdout")
    with pytest.raises(RuntimeError, match="lost sys.stdout"):
        printer()


@pytest.mark.parametrize("printer", PRINTERS)
def test_an_error_of_stdout_is_passed_on(printer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, text: str) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(OSError, match="No space left"):
        printer()


def test_a_stdout_that_can_only_write_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lines(list[str]):
        write = list.append

    lines = Lines()
    monkeypatch.setattr(sys, "stdout", lines)
    rne.word_printer("hello", 1)
    assert lines == ["hello\n"]


#: Objects whose finalizers run when Python ends: held by a module, by a class, and in a cycle.
AT_EXIT = """
import logging, sys
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
class Last:
    def __init__(self, functions=(rne.dict_printer, rne.word_printer, rne.human_says_hi, rne.RustStruct,
                                  rne.log_example, rne.log_different_levels)):
        self.functions = functions
    def __del__(self):
        dict_printer, word_printer, human_says_hi, struct, *logs = self.functions
        dict_printer({"a": "b"})
        word_printer("x", 1)
        human_says_hi('{"name": "Ada", "age": 36}')
        struct("text", [1]).printer()
        for log in logs:
            log()
"""


@pytest.mark.parametrize(
    "holder", ["last = Last()", "Last.last = Last()", "last = Last(); last.itself = last"]
)
@pytest.mark.parametrize("first", ["", "rne.log_example(); rne.word_printer('', 0)"])
def test_finalizers_at_the_end_of_python_print_and_log(holder: str, first: str) -> None:
    done = python(f"{AT_EXIT}\n{first}\n{holder}")
    struct = ["Human {", '    name: "Ada",', "    age: 36,", "}"]
    lines = ["a b", "x", '{"name": "Ada", "age": 36}', "Now we can work with the struct:", *struct]
    lines += ["Ada is 36 years old.", "text", "1", "A log message from Rust!"]
    lines += ["logging an error", "logging a warning", "logging an info message"]
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[bool(first) :] == lines


def test_text_keeps_its_order_with_that_of_print() -> None:
    script = "for i in range(3):\n    print(i)\n    rne.word_printer('x', 1)\n"
    assert python(script).stdout == "0\nx\n1\nx\n2\nx\n"


@pytest.mark.skipif(sys.platform == "win32", reason="other error there")
@pytest.mark.parametrize(
    "call", ["rne.word_printer('x', 1)", "rne.word_printer('x', 10**12)", "rne.dict_printer({'a': 'b'})"]
)
def test_a_closed_pipe_is_a_broken_pipe_error(call: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    script = f"import os, sys\ntry: {call}\nexcept BrokenPipeError: sys.stderr.write('broken'); sys.stderr.flush(); os._exit(0)"
    done = python(script, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "broken")


def test_a_closed_stdout_is_an_error_and_no_panic() -> None:
    done = python(
        "import sys\nsys.stdout.close()\ntry: rne.word_printer('x', 1)\nexcept ValueError: sys.stderr.write('closed')"
    )
    assert (done.returncode, done.stderr) == (0, "closed")


def test_a_lone_surrogate_is_a_unicode_error() -> None:
    for call in (lambda: rne.word_printer("\ud800", 1), lambda: rne.dict_printer({"a": "\ud800"})):
        with pytest.raises(UnicodeEncodeError):
            call()


# Logging


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    """What is logged to the package's logger."""
    found: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = found.append  # type: ignore[assignment,method-assign]
    logger = logging.getLogger("rust_numpy_example")
    logger.addHandler(handler)
    yield found
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)
    logging.getLogger("rust_numpy_example.interop").setLevel(logging.NOTSET)


@pytest.mark.parametrize("name", ["rust_numpy_example", "rust_numpy_example.interop"])
def test_a_level_that_changes_after_the_first_message_is_obeyed(
    name: str, records: list[logging.LogRecord]
) -> None:
    logger = logging.getLogger(name)
    for level in (30, 5, 50, 20, 40, 1, 10):
        logger.setLevel(level)
        records.clear()
        rne.log_different_levels()
        assert [record.levelno for record in records] == [
            known for known in (40, 30, 20, 10) if known >= level
        ]
    logger.setLevel(logging.INFO)
    logging.disable(logging.INFO)
    records.clear()
    try:
        rne.log_example()
    finally:
        logging.disable(logging.NOTSET)
    assert records == []


def test_a_record_names_its_logger_and_its_caller(records: list[logging.LogRecord]) -> None:
    logging.getLogger("rust_numpy_example").setLevel(logging.INFO)
    rne.log_example()
    (record,) = records
    assert (record.name, record.levelname) == ("rust_numpy_example.interop", "INFO")
    assert (record.getMessage(), record.args) == ("A log message from Rust!", ())
    assert (record.pathname, record.funcName) == (__file__, inspect.currentframe().f_code.co_name)  # type: ignore[union-attr]


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, ZeroDivisionError])
def test_what_a_handler_raises_is_raised(
    error: type[BaseException], records: list[logging.LogRecord]
) -> None:
    class Raises(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise error("from the handler")

    handler = Raises()
    logger = logging.getLogger("rust_numpy_example")
    logger.addHandler(handler)
    try:
        with pytest.raises(error, match="from the handler"):
            rne.log_different_levels()
    finally:
        logger.removeHandler(handler)
    assert len(records) == 1


def test_a_handler_may_log_from_rust_itself(records: list[logging.LogRecord]) -> None:
    logger = logging.getLogger("rust_numpy_example")
    logger.setLevel(logging.INFO)

    class Again(logging.Handler):
        def __init__(self, log: Callable[[], None]) -> None:
            super().__init__()
            self.log, self.depth = log, 0

        def emit(self, record: logging.LogRecord) -> None:
            if self.depth < 5:
                self.depth += 1
                self.log()

    counts = []
    for log in (rne.log_example, lambda: logging.getLogger("rust_numpy_example.interop").info("")):
        handler = Again(log)
        logger.addHandler(handler)
        try:
            log()
        finally:
            logger.removeHandler(handler)
        counts.append(len(records))
        records.clear()
    # Some versions of Python leave out what a handler logs itself.
    assert counts[0] == counts[1] in (1, 6)


def test_eight_threads_log_at_once_and_none_waits_for_ever(records: list[logging.LogRecord]) -> None:
    logging.getLogger("rust_numpy_example").setLevel(1)
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        for _ in range(50):
            rne.log_different_levels()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert len(records) == 8 * 50 * 4


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: rne.word_printer(1, 1), TypeError, "word_printer: argument word, got int, expected str"),
        (lambda: rne.word_printer("a", "b"), TypeError, "word_printer: argument n, got str, expected int"),
        (lambda: rne.word_printer("a", 2**70), OverflowError, f"argument n, got {2**70}, expected int"),
        (
            lambda: rne.word_printer("a", 1, 1),
            TypeError,
            "word_printer: argument reverse, got int, expected a bool",
        ),
        (
            lambda: rne.word_printer("a", 1, False, "yes"),
            TypeError,
            "word_printer: argument uppercase, got str, expected a bool",
        ),
        (
            lambda: setattr(rne.RustStruct("", []), "data", 5),
            TypeError,
            "RustStruct: argument data, got int, expected str",
        ),
        (
            lambda: rne.set_num_threads(1.0),
            TypeError,
            "set_num_threads: argument num_threads, got float, expected None or 1 to 1024",
        ),
        (lambda: rne.RustStruct(1, []), TypeError, "RustStruct: argument data, got int, expected str"),
        (lambda: rne.Human(b"a", 1), TypeError, "Human: argument name, got bytes, expected str"),
        (
            lambda: rne.Human("a", 1.5),
            TypeError,
            "Human: argument age, got float, expected an int from 0 to 255",
        ),
        (
            lambda: rne.Human("a", 256),
            OverflowError,
            "Human: argument age, got 256, expected an int from 0 to",
        ),
        (lambda: rne.Human("a", -(10**5000)), OverflowError, "argument age, got a large int, expected"),
        (
            lambda: rne.human_says_hi(5),
            TypeError,
            "human_says_hi: argument human_data, got int, expected str",
        ),
        (
            lambda: rne.process_single("a"),
            TypeError,
            "process_single: argument x, got str, expected a real number",
        ),
    ],
)
def test_messages_name_argument_and_type(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()
