"""Classes and exceptions defined in Rust, and JSON that becomes a class."""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import json
import pickle
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rust_numpy_example as rne


def printed(function: Any, *arguments: Any) -> str:
    """Return what a function prints to ``sys.stdout``."""
    with contextlib.redirect_stdout(io.StringIO()) as output:
        function(*arguments)
    return output.getvalue()


# RustStruct


def test_a_struct_can_be_read_and_set() -> None:
    struct = rne.RustStruct("text", [1, 2])
    assert (struct.data, struct.vector) == ("text", [1, 2])
    struct.data, struct.vector = "other", (3,)
    assert (struct.data, struct.vector) == ("other", [3])
    struct.vector.append(4)
    assert struct.vector == [3]
    with pytest.raises(AttributeError):
        struct.missing = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "kind", [list, tuple, iter, np.array, lambda x: np.array(x, "i1"), lambda x: (i for i in x)]
)
def test_a_vector_is_any_iterable_of_ints(kind: Any) -> None:
    struct = rne.RustStruct("", kind([1, -2]))
    struct.extend_vector(kind([3]))
    assert struct.vector == [1, -2, 3]
    assert {type(number) for number in struct.vector} == {int}


@pytest.mark.parametrize(
    ("vector", "error", "message"),
    [
        ([1, "a"], TypeError, "item 1, got str, expected an int of 64 bits"),
        ([1.5], TypeError, "item 0, got float, expected an int of 64 bits"),
        ([0, 2**63], OverflowError, "item 1, got 9223372036854775808, expected an int of 64 bits"),
        ([-(2**63) - 1], OverflowError, "item 0, got -9223372036854775809, expected an int of 64 bits"),
        ([10**5000], OverflowError, "item 0, got .{,70}, expected an int of 64 bits"),
        (["x" * 10**6], TypeError, "item 0, got str, expected an int of 64 bits"),
        (5, TypeError, "got int, expected an iterable of int"),
    ],
)
def test_a_vector_of_something_else_is_refused_and_changes_nothing(
    vector: Any, error: Any, message: str
) -> None:
    struct = rne.RustStruct("text", [-(2**63), 2**63 - 1])
    with pytest.raises(error, match=f"^RustStruct: argument extension,? {message}"):
        struct.extend_vector(vector)
    with pytest.raises(error, match=f"^RustStruct: argument vector,? {message}"):
        struct.vector = vector
    with pytest.raises(error, match=f"^RustStruct: argument vector,? {message}"):
        rne.RustStruct("", vector)
    assert struct.vector == [-(2**63), 2**63 - 1]


def test_an_exception_of_the_iterable_is_passed_on() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    struct = rne.RustStruct("", [])
    with pytest.raises(ZeroDivisionError):
        struct.extend_vector(broken())
    assert struct.vector == []


def test_an_iterable_may_use_the_struct_it_is_for() -> None:
    struct = rne.RustStruct("", [1])
    struct.extend_vector(len(struct.vector) + i for i in range(2))
    struct.extend_vector(struct.vector)
    assert struct.vector == [1, 1, 2, 1, 1, 2]


def test_structs_compare_print_and_pickle_by_value() -> None:
    struct = rne.RustStruct("it's", [1, 2])
    assert repr(struct) == """RustStruct("it's", [1, 2])"""
    assert eval(repr(struct), {"RustStruct": rne.RustStruct}) == struct
    assert struct == struct
    assert struct not in (rne.RustStruct("it's", [1]), rne.RustStruct("its", [1, 2]))
    assert (struct == 1, struct != 1) == (False, True)
    with pytest.raises(TypeError, match="unhashable"):
        hash(struct)
    copies = [pickle.loads(pickle.dumps(struct, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for same in (*copies, copy.copy(struct), copy.deepcopy(struct)):
        assert same == struct and same is not struct
    copies[0].extend_vector([3])
    assert struct.vector == [1, 2]
    assert printed(struct.printer) == "it's\n1\n2\n"


def test_eight_threads_lose_no_number() -> None:
    struct = rne.RustStruct("", [])
    start = threading.Barrier(8)
    interval = sys.getswitchinterval()

    def work(thread: int) -> None:
        start.wait()
        for i in range(500):
            struct.extend_vector([thread, i])
            struct.data = str(thread)
            assert struct == struct

    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    finally:
        sys.setswitchinterval(interval)
    pairs = np.array(struct.vector).reshape(-1, 2)
    assert sorted(map(tuple, pairs)) == [(thread, i) for thread in range(8) for i in range(500)]


# JSON


def test_a_human_says_hi() -> None:
    text = '{"age": 0, "name": "Zo\u00eb \\u00eb", "more": [1, {"a": null}]}'
    with contextlib.redirect_stdout(io.StringIO()) as output:
        human = rne.human_says_hi(text)
    assert human == rne.Human("Zo\u00eb \u00eb", 0)
    first, second, *struct, last = output.getvalue().splitlines()
    assert (first, last) == (text, "Zo\u00eb \u00eb is 0 years old.")
    assert second == "Now we can work with the struct:"
    assert [line.strip() for line in struct] == ["Human {", 'name: "Zo\u00eb \u00eb",', "age: 0,", "}"]


def test_humans_are_values() -> None:
    human = rne.Human("Ada", 36)
    assert (human.name, human.age, repr(human)) == ("Ada", 36, "Human(name='Ada', age=36)")
    assert human == rne.Human(name="Ada", age=36) and hash(human) == hash(rne.Human("Ada", 36))
    assert human != rne.Human("Ada", 37) and human != ("Ada", 36)
    assert len({human, rne.Human("Ada", 36), rne.Human("Bob", 36)}) == 2
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(human, protocol)) == human
    assert copy.deepcopy(human) == human
    with pytest.raises(AttributeError):
        human.age = 37  # type: ignore[misc]
    for age in (-1, 256):
        with pytest.raises(OverflowError):
            rne.Human("Ada", age)


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("", "line 1, column 1, path .", "EOF"),
        ("nonsense", "line 1, column 2, path .", "expected ident"),
        ("[1, 2]", "line 1, column 1, path .", "invalid type: sequence, expected a JSON object"),
        ('["Ada", 36]', "line 1, column 1, path .", "invalid type: sequence, expected a JSON object"),
        ('{"name": "Ada"}', "line 1, column 15, path .", "missing field `age`"),
        ('{"name": "Ada", "age": 256}', "line 1, column 26, path age", "invalid value: integer `256`"),
        ('{"name": "Ada", "age": -1}', "line 1, column 25, path age", "invalid value: integer `-1`"),
        ('{"name": "Ada", "age": 36.0}', "line 1, column 27, path age", "invalid type: floating point"),
        ('{"name": "Ada", "age": 1e400}', "line 1, column 2[89], path age", "number out of range"),
        ('{"name": "Ada", "age": "36"}', "line 1, column 27, path age", "invalid type: string"),
        ('{"name": "Ada", "age": null}', "line 1, column 27, path age", "invalid type: null"),
        ('{\n  "age": 36,\n  "name": ["Ada"]\n}', "line 3, column 10, path name", "invalid type: sequence"),
        ('{"name": "Zo\u00eb\U0001f600", "age": 256}', "line 1, column 27, path age", "invalid value"),
        ('{"name": "Ada", "age": 36} 1', "line 1, column 28, path .", "trailing characters"),
        ('{"name": "Ada", "age": 36,}', "line 1, column 27, path .", "trailing comma"),
        ('{"name": "Ada", "name": "Ada", "age": 36}', "line 1, column 22, path .", "duplicate field `name`"),
        ('{"name": "Ada", "age": 36, "more": NaN}', "line 1, column 36, path more", "expected value"),
        ('\ufeff{"name": "Ada", "age": 36}', "line 1, column 1, path .", "expected value"),
        ('{"name": "\\ud800", "age": 36}', "line 1, column 1[78], path name", "unexpected end of hex escape"),
        ('{"name": "a\nb", "age": 36}', "line 2, column [01], path name", "control character"),
        ('{"name": "Ada", "age": 36', "line 1, column 25, path .", "EOF"),
    ],
)
def test_bad_json_is_a_value_error_that_says_where_and_prints_nothing(
    text: str, place: str, reason: str
) -> None:
    expected = pytest.raises(ValueError, match=f"^human_says_hi: {place}: .*{reason}")
    with contextlib.redirect_stdout(io.StringIO()) as output, expected:
        rne.human_says_hi(text)
    assert output.getvalue() == ""


@pytest.mark.parametrize("text", [b'{"name": "Ada", "age": 36}', None, {"name": "Ada", "age": 36}])
def test_json_that_is_not_text_is_a_type_error(text: Any) -> None:
    with pytest.raises(TypeError):
        rne.human_says_hi(text)


@pytest.mark.parametrize("depth", [10, 127, 128, 1000, 1_000_000])
def test_skipped_values_may_be_nested_as_deep_as_they_like(depth: int) -> None:
    text = '{"name": "Ada", "more": %s, "age": 36}' % ("[" * depth + "]" * depth)
    with contextlib.redirect_stdout(io.StringIO()):
        assert rne.human_says_hi(text).age == 36
        with pytest.raises(ValueError, match="path more"):
            rne.human_says_hi(text[:-20])


def test_every_truncated_text_is_a_value_error() -> None:
    text = '{"name": "Zo\u00eb", "age": 36, "more": [true, {"a": 1.5}]}'
    for end in range(len(text)):
        with pytest.raises(ValueError, match="^human_says_hi: line 1, column "):
            rne.human_says_hi(text[:end])


@given(st.text(), st.integers(-300, 300))
def test_json_is_read_as_pythons_json_reads_it(name: str, age: int) -> None:
    text = json.dumps({"name": name, "age": age})
    valid = 0 <= age <= 255 and not any("\ud800" <= character <= "\udfff" for character in name)
    with contextlib.redirect_stdout(io.StringIO()):
        if valid:
            human = rne.human_says_hi(text)
            assert (human.name, human.age) == (name, age)
        else:
            with pytest.raises(ValueError):
                rne.human_says_hi(text)


@pytest.mark.parametrize("age", ["-0", " -0 ", "\n-0"])
def test_a_negative_zero_is_the_integer_that_it_is_for_python(age: str) -> None:
    text = '{"name": "-0", "more": [-0, "-0", -0.0, 1e-0], "age":' + age + "}"
    with contextlib.redirect_stdout(io.StringIO()) as output:
        human = rne.human_says_hi(text)
    assert human == rne.Human("-0", 0) and json.loads(text)["age"] == 0
    # The text is printed as it came.
    assert output.getvalue().startswith(text)
    for wrong in ("-0.0", "-00", "-0e0", "--0"):
        with pytest.raises(ValueError, match="path age"):
            rne.human_says_hi('{"name": "Ada", "age": ' + wrong + "}")


@pytest.mark.parametrize(
    ("more", "path", "reason"),
    [
        # The error is where the bar stands.
        ('{"a": 1, "a"|: 2}', "more", "duplicate field `a`"),
        ('{"a": 1, "\\u0061"|: 2}', "more", "duplicate field `a`"),
        ('[{}, {"b": {"": 1, ""|: 2}}]', "more[1].b", "duplicate field ``"),
        ('1, "more"|: 2', ".", "duplicate field `more`"),
        ('["\\ud800|"]', "more[0]", "lone surrogate in hex escape"),
        ('{"a": {"b": "x\\uDFFF|y"}}', "more.a.b", "lone surrogate in hex escape"),
        ('{"\\ud800|": 1}', "more", "lone surrogate in hex escape"),
        ('"\\ud800|\\u0041"', "more", "lone surrogate in hex escape"),
        ('{"a": [1, {"b c": N|aN}]}', "more.a[1].b c", "expected value"),
        ('{"a": [1, {"b": 1,}|]}', "more.a[1]", "key must be a string"),
        ("[[[1 2|]]]", "more[0][0][0]", "expected `,` or `]`"),
    ],
)
def test_what_is_skipped_is_read_as_carefully_as_the_rest(more: str, path: str, reason: str) -> None:
    text = '{"name": "Ada", "age": 36, "more": ' + more + "}"
    column = text.index("|")
    with pytest.raises(ValueError) as caught:
        rne.human_says_hi(text.replace("|", ""))
    assert str(caught.value) == f"human_says_hi: line 1, column {column}, path {path}: {reason}"


def test_the_path_of_a_deep_error_is_short() -> None:
    with pytest.raises(ValueError) as caught:
        rne.human_says_hi('{"more": %s' % ("[" * 100_000))
    assert len(str(caught.value)) < 300


def human_of(text: str) -> tuple[str, int] | None:
    """Return what Python's json finds in a text, None where the rules of `human_says_hi` refuse it."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(found)) != len(found):
            raise ValueError("a key that comes twice")
        return dict(found)

    def constant(name: str) -> None:
        raise ValueError(name)

    def strings(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        for part in (
            value if isinstance(value, list) else [*value, *value.values()] if isinstance(value, dict) else ()
        ):
            yield from strings(part)

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
        for string in strings(value):
            string.encode()
        name, age = value["name"], value["age"]
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    right = isinstance(name, str) and type(age) is int and 0 <= age <= 255
    return (name, age) if right and isinstance(value, dict) else None


class Pairs(dict[str, Any]):
    """An object with keys that may come twice."""

    def __init__(self, found: list[tuple[str, Any]]) -> None:
        super().__init__(found)
        self.found = found

    def items(self) -> Any:
        return self.found


KEYS = st.one_of(st.sampled_from(["name", "age", "a", "", "more"]), st.text(max_size=3))
NUMBERS = st.one_of(st.integers(), st.integers(0, 255), st.floats(allow_nan=True), st.just(-0.0))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.lists(st.tuples(KEYS, inner), max_size=4).map(Pairs)
    ),
    max_leaves=8,
)


@st.composite
def humans(draw: st.DrawFn) -> str:
    """The text of a human, more or less: other keys, keys that come twice, characters that do not belong there."""
    entries = [("name", draw(st.text(max_size=5))), ("age", draw(st.integers(-1, 260)))]
    entries += draw(st.lists(st.tuples(KEYS, VALUES), max_size=3))
    dumped = json.dumps(Pairs(draw(st.permutations(entries))), ensure_ascii=draw(st.booleans()))
    text = list(dumped.replace("-1", "-0") if draw(st.booleans()) else dumped)
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(text)))
        text[at : at + draw(st.integers(0, 1))] = draw(
            st.sampled_from([*'{}[]:,"\\-0.eu \n', "\\ud800", "\u00e9", ""])
        )
    return "".join(text)


@pytest.mark.thorough
@given(humans())
@settings(max_examples=300)
def test_every_text_is_read_as_pythons_json_reads_it(text: str) -> None:
    expected = human_of(text)
    with contextlib.redirect_stdout(io.StringIO()):
        if expected is None:
            with pytest.raises(ValueError):
                rne.human_says_hi(text)
        else:
            human = rne.human_says_hi(text)
            assert (human.name, human.age) == expected


# Exceptions


def test_a_custom_exception_is_an_exception_like_any_other() -> None:
    with pytest.raises(rne.MyCustomError, match="^Something went wrong!$") as caught:
        rne.risky_operation()
    assert rne.MyCustomError.__mro__[1] is Exception
    same = pickle.loads(pickle.dumps(caught.value))
    assert (type(same), same.args) == (rne.MyCustomError, ("Something went wrong!",))

    class Narrower(rne.MyCustomError):
        pass

    with pytest.raises(rne.MyCustomError):
        raise Narrower("x")


def test_a_rust_error_becomes_a_value_error() -> None:
    with pytest.raises(ValueError, match="^MyError: Failed operation$") as caught:
        rne.fallible_function()
    assert type(caught.value) is ValueError


def test_signatures_can_be_inspected() -> None:
    assert str(inspect.signature(rne.multiply)) == "(a, b)"
    assert str(inspect.signature(rne.word_printer)) == "(word, n, reverse=False, uppercase=False)"
    assert str(inspect.signature(rne.RustStruct)) == "(data, vector)"
    assert str(inspect.signature(rne.async_fetch_data)) == "(url, *, timeout=30.0, max_bytes=67108864)"
