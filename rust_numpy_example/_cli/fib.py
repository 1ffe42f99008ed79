"""The command ``fib``: Fibonacci numbers of any size."""

from __future__ import annotations

import argparse
import sys

from rust_numpy_example._cli import report
from rust_numpy_example._cli.arguments import add_output, natural

EXAMPLES = """\
examples:
  rust-numpy-example fib 100
  rust-numpy-example fib --digits 1000000
  rust-numpy-example fib 1000000 -o f.txt
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = "Print the N-th Fibonacci number: F(0) is 0, F(1) and F(2) are 1."
    parser.epilog = EXAMPLES
    parser.add_argument("n", type=natural, metavar="N", help="which number")
    parser.add_argument("--digits", action="store_true", help="only how many decimal digits it has")
    add_output(parser, ())


def run(options: argparse.Namespace) -> int:
    """Write the number; return the exit code."""
    import rust_numpy_example

    try:
        number = rust_numpy_example.fibonacci(options.n)
    except (MemoryError, OverflowError, ValueError) as error:
        report.fail(f"fib {options.n}", error)
        return report.FAILED
    with report.output(options.output):
        report.write(str(digits(number)) if options.digits else decimal(number))
    return 0


def digits(number: int) -> int:
    """Return how many decimal digits a number has."""
    if number < 10:
        return 1
    # The logarithm of a float decides but where the number is next to a power of ten.
    bits = number.bit_length()
    low = (bits - 1) * 30102999566398119 // 10**17
    high = bits * 30102999566398120 // 10**17
    return low + 1 if low == high else low + 1 + (number >= _power(low + 1))


def _power(exponent: int) -> int:
    power: int = 10**exponent
    return power


#: Bits of a number that Python converts at once: beyond, its own way is quadratic.
SMALL = 8000


def decimal(number: int) -> str:
    """Return the decimal digits of a number, which has any number of them.

    It is divided in halves: by the module ``decimal``, whose products of long numbers take a number-theoretic
    transform. The power of two that stands between the halves is squared from one level to the next.
    """
    if number.bit_length() <= SMALL:
        return str(number)
    import decimal as d

    context = d.Context(prec=d.MAX_PREC, Emax=d.MAX_EMAX, Emin=d.MIN_EMIN, traps=[])
    powers: dict[int, d.Decimal] = {}

    def power(bits: int) -> d.Decimal:
        if bits not in powers:
            if bits <= SMALL:
                powers[bits] = d.Decimal(2**bits)
            else:
                half = power(bits // 2)
                square = context.multiply(half, half)
                powers[bits] = context.add(square, square) if bits % 2 else square
        return powers[bits]

    def convert(value: int, bits: int) -> d.Decimal:
        if bits <= SMALL:
            return d.Decimal(value)
        half = bits // 2
        high, low = value >> half, value & ((1 << half) - 1)
        product = context.multiply(convert(high, bits - half), power(half))
        return context.add(product, convert(low, half))

    text = f"{convert(number, number.bit_length()):f}"
    if hasattr(sys, "get_int_max_str_digits"):
        assert "E" not in text
    return text
