"""Fibonacci numbers against addition, against identities, and every argument."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interrupt import interrupted

import rust_numpy_example as rne

both = pytest.mark.parametrize("function", [rne.fibonacci, rne.get_fibonacci], ids=lambda f: f.__name__)


def modulo(n: int, p: int) -> int:
    """Return F(n) % p by doubling."""
    a, b = 0, 1
    for bit in bin(n)[2:]:
        a, b = a * (2 * b - a) % p, (a * a + b * b) % p
        if bit == "1":
            a, b = b, (a + b) % p
    return a


@both
def test_the_first_numbers_are_those_of_addition(function: Callable[[int], int]) -> None:
    a, b = 0, 1
    for n in range(5001):
        assert function(n) == a, n
        a, b = b, a + b


def test_the_first_million_bits_are_right() -> None:
    n = 1_440_420
    number = rne.fibonacci(n)
    assert number.bit_length() == 999_999
    assert number == rne.fibonacci(n - 1) + rne.fibonacci(n - 2)


@given(st.integers(187, 400_000))
@settings(max_examples=60)
def test_a_number_is_the_sum_of_the_two_before(n: int) -> None:
    assert rne.fibonacci(n) == rne.fibonacci(n - 1) + rne.fibonacci(n - 2)


@given(st.integers(0, 3_000_000))
@settings(max_examples=30)
def test_numbers_are_right_modulo_primes(n: int) -> None:
    number = rne.fibonacci(n)
    for p in (2**61 - 1, 2**89 - 1, 1_000_000_007, 998_244_353):
        assert number % p == modulo(n, p)


@given(st.integers(1, 30_000))
def test_cassini_and_doubling_hold(n: int) -> None:
    before, here, after = (rne.fibonacci(n + i) for i in (-1, 0, 1))
    assert before * after - here * here == (-1) ** n
    assert rne.fibonacci(2 * n) == here * (before + after)
    assert rne.fibonacci(2 * n + 1) == here * here + after * after


def test_ten_million_is_right_modulo_primes() -> None:
    number = rne.fibonacci(10_000_000)
    assert number.bit_length() == 6_942_418
    for p in (2**61 - 1, 2**127 - 1):
        assert number % p == modulo(10_000_000, p)


@pytest.mark.thorough
@pytest.mark.parametrize("level", rne.build_info()["simd_available"])
def test_every_cpu_level_gives_the_same_number(level: str) -> None:
    code = (
        "import rust_numpy_example as r, hashlib\n"
        "for n in (187, 5000, 12345, 77777, 400001, 1000000): print(r.fibonacci(n) % (2**521 - 1))"
    )
    environment = {**os.environ, "RUST_NUMPY_EXAMPLE_SIMD": level}
    out = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    expected = [modulo(n, 2**521 - 1) for n in (187, 5000, 12345, 77777, 400001, 1000000)]
    assert [int(line) for line in out.stdout.split()] == expected


@both
@pytest.mark.parametrize("n", [-1, -186, -(2**63), -(10**30)])
def test_a_negative_index_is_a_value_error(function: Callable[[int], int], n: int) -> None:
    with pytest.raises(
        ValueError, match=rf"{function.__name__}: argument n\w*, got .*, expected an integer that is not"
    ):
        function(n)


@both
@pytest.mark.parametrize("n", [1.0, 2.5, "3", None, [1], np.float64(4), 1j, np.array([1, 2])])
def test_what_is_no_integer_is_a_type_error(function: Callable[[object], int], n: object) -> None:
    with pytest.raises(TypeError, match=rf"{function.__name__}: argument n\w*, got \w+, expected an integer"):
        function(n)


@both
@pytest.mark.parametrize("n", [10**15, 2**62, 2**64 - 1, 2**64, 10**100])
def test_a_number_beyond_memory_is_refused_at_once(function: Callable[[int], int], n: int) -> None:
    start = time.process_time()
    with pytest.raises(MemoryError):
        function(n)
    assert time.process_time() - start < 0.5


@both
def test_integers_of_numpy_and_bools_are_integers(function: Callable[[object], int]) -> None:
    for n in (np.int8(90), np.uint64(90), np.array(90)):
        result = function(n)
        assert type(result) is int
        assert result == 2880067194370816120
    assert function(True) == 1


def test_names_of_arguments_are_those_of_the_signature() -> None:
    assert rne.fibonacci(n=10) == rne.get_fibonacci(number=10) == 55


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize("delay", [0.05, 0.4])
def test_ctrl_c_stops_it(delay: float) -> None:
    with interrupted(delay):
        rne.fibonacci(300_000_000)


def test_threads_may_call_it_together() -> None:
    expected = rne.fibonacci(300_000)
    results: list[int] = []
    threads = [threading.Thread(target=lambda: results.append(rne.fibonacci(300_000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


def test_what_an_index_raises_is_passed_on() -> None:
    class Index:
        def __index__(self) -> int:
            raise KeyError("no index")

    with pytest.raises(KeyError, match="no index"):
        rne.fibonacci(Index())
