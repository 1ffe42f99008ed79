"""Bugs of the kinds that packages like this one have had, each as a replacement in one file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """In `file`, `right` becomes `wrong`; `tests` must notice."""

    name: str
    file: str
    right: str
    wrong: str
    #: What is run: a filter for `cargo test --lib`, or files for pytest.
    tests: str

    @property
    def in_rust(self) -> bool:
        """Whether the Rust tests have to find it, without Python."""
        return ".py" not in self.tests


BUGS = [
    Bug(
        "the information separators are no white space",
        "src/kernels/words/space.rs",
        "byte.wrapping_sub(0x1c) < 5",
        "byte.wrapping_sub(0x20) < 1",
        "kernels::words",
    ),
    Bug(
        "a variance from sums of squares around nothing",
        "src/kernels/stats/block.rs",
        "adder.sub(T::wide(keys[lane], origin), pivots[lane])",
        "adder.sub(T::wide(keys[lane], origin), 0.0 * pivots[lane])",
        "kernels::stats",
    ),
    Bug(
        "parts that depend on the number of threads",
        "src/kernels/blocks.rs",
        "let part = part_of(slice.len());",
        "let part = (part_of(slice.len()) / work.workers()).max(1);",
        "kernels::",
    ),
    Bug(
        "a product that loses the sign of zero",
        "src/kernels/elementwise/product.rs",
        "|a: f64, b| a * b;",
        "|a: f64, b| a * b + 0.0;",
        "tests/reliability/test_matrix.py",
    ),
    Bug(
        "a compensation that is forgotten when sums are merged",
        "src/kernels/eft.rs",
        "        self.error += other.error;\n",
        "",
        "kernels::eft",
    ),
    Bug(
        "sizes that wrap",
        "src/alloc.rs",
        "product.checked_mul(size)",
        "Some(product.wrapping_mul(size))",
        "alloc",
    ),
    Bug(
        "a border that is mirrored one element off",
        "src/kernels/image/border.rs",
        "folded(2 * len - 2, 2 * len - 2)",
        "folded(2 * len - 2, 2 * len - 1)",
        "kernels::image",
    ),
    Bug(
        "blocks of random points that all are the first",
        "src/kernels/monte_carlo/mod.rs",
        "let first = block.wrapping_mul(WIDTH);",
        "let first = 0 * block;",
        "kernels::monte_carlo",
    ),
    Bug(
        "a minimum that loses a NaN",
        "src/kernels/stats/sample.rs",
        "if other < self || other.is_nan() { other } else { self }",
        "if other < self { other } else { self }",
        "kernels::stats",
    ),
    Bug(
        "a doubled quote that ends a field",
        "src/kernels/table/record.rs",
        "if text[quote + 1] == b'\"' {",
        "if text[quote + 1] == 0 {",
        "kernels::table",
    ),
    Bug(
        "an infinity of float16 that becomes NaN",
        "src/kernels/linalg/ring.rs",
        "if magnitude > 0x7f80_0000 { 0x7e00 }",
        "if magnitude >= 0x7f80_0000 { 0x7e00 }",
        "kernels::linalg",
    ),
    Bug(
        "signals that nobody looks at",
        "src/parallel.rs",
        "if poll.is_due() && poll.interrupt.pending() {",
        "if poll.is_due() && poll.interrupt.pending() && false {",
        "parallel",
    ),
    Bug(
        "the first error that comes instead of the first in order",
        "src/parallel.rs",
        "is_none_or(|(lowest, _)| index < *lowest)",
        "is_none_or(|(lowest, _)| index > *lowest)",
        "parallel",
    ),
    Bug(
        "a stride that is no whole number of elements",
        "src/bindings/array/memory.rs",
        "len <= 1 || stride % size == 0",
        "len <= 1 || stride % size <= size",
        "tests/test_doors.py",
    ),
    Bug(
        "an array that may be resized during a call",
        "src/bindings/array/mod.rs",
        "pins.push(PyWeakrefReference::new(&array)?.unbind());",
        "",
        "tests/test_doors.py",
    ),
    Bug(
        "an output that overlaps an input",
        "src/bindings/array/memory.rs",
        "!a.is_empty() && !b.is_empty() && a_low < b_high && b_low < a_high",
        "a.is_empty() && b.is_empty() && a_low < b_high && b_low < a_high",
        "tests/test_elementwise.py",
    ),
    Bug(
        "a pool of threads that a forked child believes to have",
        "src/parallel.rs",
        "filter(|process| process.id == id)",
        "filter(|process| process.id == id || id > 0)",
        "tests/reliability/test_processes.py::test_forks_never_hang",
    ),
    Bug(
        "work that goes on after its future was cancelled",
        "src/bindings/aio/delivery.rs",
        "            work.abort();\n",
        "",
        "tests/test_aio_fetch.py",
    ),
    Bug(
        "a redirect to any scheme",
        "src/bindings/aio/fetch.rs",
        "    if !is_web(&next) {",
        '    if !is_web(&next) && next.scheme() != "file" {',
        "tests/test_aio_rules.py",
    ),
    Bug(
        "files of Python objects that are read",
        "rust_numpy_example/_cli/arrays.py",
        "if dtype.hasobject:",
        "if False:",
        "tests/test_cli.py",
    ),
    Bug(
        "a header that is believed",
        "rust_numpy_example/_cli/arrays.py",
        "if size is not None and size < header + needed:",
        "if False:",
        "tests/test_cli.py",
    ),
]
