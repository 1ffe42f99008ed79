"""Arrow structures of any bytes: the numbers or the texts that are in them, or an error that says what is wrong.

The memory is as large as a structure says, which is its producer's word, and ends there: who reads on dies. What a reader
can see to be wrong (lengths, numbers of buffers and children, null pointers, formats, offsets) has to be refused.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from arrow_capsules import FORMATS, Array, ByArray, ByStream, Counted, Schema

import rust_numpy_example as rne

from .drawn import Drawn, Memory

try:
    import pyarrow as pa
except ImportError:
    pa = None

MEMORY = Memory(pieces=400, pages=12)
DTYPES = {form: name for name, form in FORMATS.items()}
TEXTS = ("u", "U", "vu")
INDICES = ("c", "C", "s", "S", "i", "I", "l", "L")
#: What neither numbers nor texts are made of, or what is no format at all.
OTHERS = (
    "z",
    "vz",
    "w:3",
    "d:10,2",
    "tdD",
    "ttn",
    "tsu:UTC",
    "tDs",
    "tiM",
    "+l",
    "+vl",
    "+m",
    "+r",
    "+us:0",
)
OTHERS += (
    "",
    "?",
    "gg",
    "+",
    "+w",
    "+w:",
    "+w:-1",
    "+w:99999999999999999999",
    "\N{GREEK SMALL LETTER MU}",
)
PHRASES = (
    b"a",
    b"",
    b"The cat the",
    "\xe9\u3000\xc9".encode(),
    b"thirteen byte",
    b" \n",
    b"long " * 9,
)
LAST = 2**63 - 1

#: A format and what is in it: a width, children, or the values of a dictionary.
Type = tuple[str, Any]


class Maker:
    """Structures as bytes say, and what is in them; ``wrong`` if they have to be refused, ``odd`` if they may be."""

    def __init__(self, data: bytes) -> None:
        MEMORY.free()
        self.drawn = Drawn(data)
        self.may_lie = self.drawn.below(2) == 1
        self.wrong, self.odd = False, False
        self.kept: list[object] = []

    def lies(self) -> bool:
        return self.may_lie and self.drawn.rarely()

    def lie(self, must_be_seen: bool) -> None:
        """Note that something is said that is not so."""
        self.wrong |= must_be_seen
        self.odd |= not must_be_seen

    def pointers(self, addresses: Sequence[int]) -> int:
        return MEMORY.place(b"".join(address.to_bytes(8, "little") for address in addresses))

    # ------------------------------------------------------------------ types

    def type(self, depth: int = 0) -> Type:
        """Return a type."""
        kind = self.drawn.below(40)
        if kind < 20:
            return [*DTYPES][kind % 12], None
        if kind < 25:
            return self.drawn.of(*TEXTS), None
        if kind < 28:
            return self.drawn.of(*INDICES), (self.drawn.of(*TEXTS, "g"), None)
        if kind < 29:
            return "n", None
        if kind < 31:
            return self.drawn.of(*OTHERS), None
        if kind < 35 and depth < 3:
            width = self.drawn.below(4)
            return f"+w:{width}", (width, self.type(depth + 1))
        if depth < 2:
            return "+s", [self.type(depth + 1) for _ in range(self.drawn.below(4))]
        return "g", None

    def schema(self, of: Type) -> Schema:
        """Return the structure of a type."""
        form, inner = of
        text = form.encode()
        if self.lies():
            text, self.wrong = self.drawn.of(None, b"\xff"), True
        schema = Schema(format=text, name=b"0")
        children: list[Schema] = []
        if form == "+s":
            children = [self.schema(child) for child in inner]
        elif form.startswith("+w:") and inner:
            children = [self.schema(inner[1])]
        elif inner:
            of_values = self.schema(inner)
            schema.dictionary = ctypes.pointer(of_values)
            self.kept.append(of_values)
        self.children_of(schema, children)
        self.kept.append(schema)
        return schema

    def children_of(self, structure: Any, children: Sequence[Any]) -> None:
        """Put children into a schema or an array; what has none may be given some."""
        addresses = [ctypes.addressof(child) for child in children]
        structure.n_children = len(children)
        if self.lies():
            # Pointers that are not there would be read beyond the end. How many fields a struct has, its schema alone
            # says.
            is_word = isinstance(structure, Schema) and structure.format == b"+s"
            structure.n_children = -1 if is_word else self.drawn.of(-1, len(children) + 1, 1 << 40)
            self.lie(bool(children))
        if children and self.lies():
            addresses[self.drawn.below(len(children))] = 0
            self.wrong = True
        if addresses:
            address = 0 if self.lies() else self.pointers(addresses)
            self.wrong |= not address
            structure.children = ctypes.cast(address, type(structure.children))

    # ------------------------------------------------------------------ arrays

    def array(
        self, of: Type, need: int | None = None, in_dictionary: bool = False
    ) -> tuple[Array, Any, np.ndarray]:
        """Return the structure of an array, what is in it (as many elements as are needed), and which are no nulls."""
        form, inner = of
        length = self.drawn.below(20) if need is None else need + self.drawn.below(3)
        need = length if need is None else need
        offset = self.drawn.below(11) if self.drawn.below(3) == 0 else 0
        array = Array(length=length, offset=offset)
        bits, address = np.ones(offset + length, bool), 0
        if form != "n" and self.drawn.below(2):
            data = self.drawn.take((offset + length + 7) // 8)
            bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[: offset + length] > 0
            address = MEMORY.place(data)
        valid = bits[offset : offset + need]
        nulls = int(np.count_nonzero(~bits[offset:]))
        array.null_count = self.drawn.of(nulls, -1)
        if address and self.lies():
            # That there are no nulls is the producer's word.
            address = 0
            self.lie(array.null_count > 0 and need > 0)
        children: list[Array] = []
        buffers = [address]
        values: Any = np.zeros(need)
        if form in TEXTS:
            made, values = self.texts(form, offset + length, offset, valid, in_dictionary)
            buffers += made
        elif form == "+s":
            parts = [self.array(child, offset + length) for child in inner]
            children = [child for child, _, _ in parts]
            values = [column[offset : offset + need] for _, column, _ in parts]
            valid = [
                valid & of_child[offset : offset + need]
                if isinstance(of_child, np.ndarray) and of_child.ndim == 1
                else valid
                for _, _, of_child in parts
            ]
        elif form.startswith("+w:") and inner:
            width, child = inner
            items, flat, of_items = self.array(child, width * (offset + length))
            children = [items]
            if isinstance(flat, np.ndarray):
                shape = (offset + length, width, *flat.shape[1:])
                values = flat[: width * (offset + length)].reshape(shape)[offset : offset + need]
                of_items = of_items[: width * (offset + length)].reshape(shape)[offset : offset + need]
                valid = of_items & valid.reshape(-1, *[1] * (len(shape) - 1))
        elif inner:
            # Indices into a dictionary.
            of_values, entries, of_entries = self.array(inner, in_dictionary=True)
            dtype, count = np.dtype(DTYPES[form]), len(of_entries)
            places = np.frombuffer(self.drawn.take(offset + length), np.uint8) % max(count, 1)
            places = places.astype(dtype)
            if self.lies() and need:
                index = self.drawn.below(need)
                places[offset + index] = self.drawn.of(count, -1 if dtype.kind == "i" else count, 127)
                self.lie(bool(valid[index]))
            elif not count and valid.any():
                self.wrong = True
            buffers.append(MEMORY.place(places.tobytes()))
            if self.lies():
                self.wrong = True
            else:
                array.dictionary = ctypes.pointer(of_values)
            self.kept.append(of_values)
            valid = np.array(
                [
                    ok and 0 <= place < count and of_entries[place]
                    for ok, place in zip(valid, places[offset:])
                ],
                bool,
            )
            values = [entries[place] if ok else None for ok, place in zip(valid, places[offset:])]
        elif form in DTYPES:
            data, whole = self.numbers(DTYPES[form], offset + length)
            values = whole[offset : offset + need]
            buffers.append(MEMORY.place(data, behind=self.drawn.of(0, 0, 0, 1)))
            if self.lies():
                buffers[1] = 0
                self.wrong |= need > 0
        elif form == "n":
            array.null_count, buffers, values, valid = (
                length,
                [],
                np.full(need, np.nan),
                np.zeros(need, bool),
            )
        self.children_of(array, children)
        array.n_buffers = len(buffers)
        array.buffers = ctypes.cast(self.pointers(buffers), type(array.buffers)) if buffers else None
        self.fields(array, of)
        self.kept.append(array)
        return array, values, valid

    def fields(self, array: Array, of: Type) -> None:
        """Let fields of an array say what cannot be."""
        has_values = of[0] in DTYPES or of[0] in TEXTS
        if self.lies():
            array.length, self.wrong = -1 - self.drawn.below(256), True
        if self.lies():
            array.offset, self.wrong = (
                self.drawn.of(-1, -LAST - 1, LAST - array.length + 1),
                True,
            )
        if self.lies():
            array.null_count, self.wrong = (
                self.drawn.of(-2, -LAST - 1, array.length + 1, LAST),
                True,
            )
        if self.lies():
            array.n_buffers = self.drawn.of(-1, 0, 1, -LAST - 1)
            self.lie(has_values)
        if self.lies():
            array.buffers = None
            self.lie(has_values and array.length > 0)

    def numbers(self, name: str, count: int) -> tuple[bytes, np.ndarray]:
        """Return numbers as they lie in memory, and as NumPy has them."""
        dtype, rng = np.dtype(name), np.random.default_rng(self.drawn.below(256))
        if dtype.kind == "b":
            data = rng.bytes((count + 7) // 8)
            return data, np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[:count] > 0
        if dtype.kind == "f":
            values = np.where(rng.random(count) < 0.1, np.nan, rng.standard_normal(count)).astype(dtype)
        else:
            values = np.frombuffer(rng.bytes(count * dtype.itemsize), dtype)
        return values.tobytes(), values

    def texts(
        self, form: str, count: int, offset: int, valid: np.ndarray, in_dictionary: bool
    ) -> tuple[list[int], list[Any]]:
        """Return the buffers of texts, and the texts that are asked for."""
        texts = [PHRASES[byte % len(PHRASES)] for byte in self.drawn.take(count)]
        if count and self.drawn.rarely():
            texts[self.drawn.below(count)] = b"a\xff"
        seen = [text if ok else None for text, ok in zip(texts[offset:], valid)]
        at = offset + self.drawn.below(max(len(valid), 1))
        # A text that has to be read, of which something wrong may be said.
        lies = self.lies() and len(valid) > 0
        if lies:
            # Of a dictionary only what is asked for is read.
            self.lie(bool(valid[at - offset]) and not in_dictionary)
        if form == "vu":
            return self.views(texts, at if lies else None), seen
        start = self.drawn.below(4)
        offsets = np.cumsum([start, *map(len, texts)])
        size = int(offsets[-1])
        if lies:
            lie = self.drawn.below(4)
            if lie == 0:
                offsets[at] = -1 - self.drawn.below(256)
            elif lie == 1:
                offsets[at + 1] = offsets[at] - 1
            elif lie == 2:
                # More than there is, by what the last offset says.
                offsets[at] = size + 1
            else:
                offsets[at] = 2**31 - 1
        width = np.dtype("i4" if form == "u" else "i8")
        data = b"?" * start + b"".join(texts)
        addresses = [
            MEMORY.place(offsets.astype(width).tobytes()),
            MEMORY.place(data) if data else 0,
        ]
        return addresses, seen

    def views(self, texts: list[bytes], at: int | None) -> list[int]:
        """Return the buffers of string views."""
        parts = [bytearray(), bytearray()]
        views = []
        for index, text in enumerate(texts):
            which = index % 2
            start, size, prefix = len(parts[which]), len(text), text[:4].ljust(4)
            if len(text) > 12:
                parts[which] += text
            if index == at:
                lie = self.drawn.below(4)
                size = -1 if lie == 0 else max(size, 13)
                start, which = (
                    (1 << 20 if lie == 1 else start),
                    (2 if lie == 2 else -1 if lie == 3 else which),
                )
            if 0 <= size <= 12:
                views.append(np.int32(size).tobytes() + text.ljust(12, b"\0"))
            else:
                views.append(np.int32(size).tobytes() + prefix + np.array([which, start], "i4").tobytes())
        lengths = np.array([len(part) for part in parts], "i8")
        buffers = [
            MEMORY.place(b"".join(views)),
            *(MEMORY.place(bytes(part)) for part in parts),
        ]
        return [*buffers, MEMORY.place(lengths.tobytes())]

    # ------------------------------------------------------------------ what hands them out

    def source(self) -> None:
        """Make an object that hands out structures; set what is in it."""
        self._structures()
        # Last, so that inputs that end before have none.
        if self.drawn.rarely():
            self.metadata(self.drawn.of(*(kept for kept in self.kept if isinstance(kept, Schema))))

    def metadata(self, schema: Schema) -> None:
        """Give a schema metadata, which may name an extension type."""
        pairs = [
            (
                self.drawn.of(b"", b"key", b"ARROW:extension:metadata", b"ARROW:extension:name"),
                self.drawn.take(3),
            )
            for _ in range(self.drawn.below(4))
        ]
        texts = [text for pair in pairs for text in pair]
        lengths = [len(pairs), *map(len, texts)]
        is_wrong = self.may_lie and self.drawn.below(2) == 1
        if is_wrong:
            lengths[self.drawn.below(len(lengths))] = -1 - self.drawn.below(256)
        packed = [length.to_bytes(4, sys.byteorder, signed=True) for length in lengths]
        schema.metadata = ctypes.cast(
            MEMORY.place(packed[0] + b"".join(n + text for n, text in zip(packed[1:], texts))),
            ctypes.c_char_p,
        )
        is_extension = any(key == b"ARROW:extension:name" for key, _ in pairs)
        # Texts may be of any type, and what has no elements is not looked at.
        self.odd |= is_wrong or is_extension

    def _structures(self) -> None:
        self.of = self.type()
        of_schema = self.schema(self.of)
        self.by_stream = self.drawn.below(3) == 0
        count = self.drawn.below(4) if self.by_stream else 1
        parts = [self.array(self.of) for _ in range(count)]
        self.parts = [(values, valid) for _, values, valid in parts]
        self.lengths = [array.length for array, _, _ in parts]
        self.owners = [Counted(of_schema), *(Counted(array) for array, _, _ in parts)]
        if self.of[0].startswith("+w:") and 0 in self.lengths or self.of == ("+s", []):
            # Of no lists, and of no columns, nothing is read.
            self.odd |= self.wrong
        if not self.by_stream:
            self.object: Any = ByArray(*self.owners)
            if self.lies():
                self.wrong = True
                self.drawn.of(self._released, self._renamed, self._no_pair)()
            return
        # Chunks without elements are passed by.
        self.odd |= self.wrong and 0 in self.lengths
        chunks: list[Any] = [*self.owners[1:]]
        if self.lies():
            # What came before is read, and may be wrong as well.
            chunks.append(5)
            self.wrong = True
        self.object = ByStream(self.owners[0], chunks)
        self.owners.append(self.object.stream)
        stream = self.object.stream.structure
        if self.lies():
            self.wrong = True
            setattr(stream, self.drawn.of("get_schema", "get_next"), type(stream.get_next)())
        if self.lies():
            stream.get_last_error = type(stream.get_last_error)()

    def _released(self) -> None:
        owner = self.drawn.of(*self.owners)
        owner.structure.release = type(owner.structure.release)()

    def _renamed(self) -> None:
        schema, array = self.object.schema, self.object.array
        self.object = type(
            "Renamed",
            (),
            {
                "__arrow_c_array__": lambda _self, _schema=None: (
                    array.capsule(),
                    schema.capsule(),
                )
            },
        )()

    def _no_pair(self) -> None:
        found = self.drawn.of(None, (), (1, 2), (self.owners[0].capsule(),), [1, 2, 3])
        self.object = type("NoPair", (), {"__arrow_c_array__": lambda _self, _schema=None: found})()


def told(maker: Maker, call: Any, *refused: type[Exception]) -> Any:
    """Return what a call gives, or its refusal, which says what is wrong; every structure is released once."""
    try:
        found = call()
    except (TypeError, ValueError, MemoryError, RuntimeError, *refused) as error:
        found = error
        if not isinstance(error, MemoryError):
            assert str(error), repr(error)
    else:
        assert all(owner.released == 1 for owner in maker.owners), "released once"
    assert all(owner.released <= 1 for owner in maker.owners), "released more than once"
    return found


def made(data: bytes) -> Maker:
    """Return the structures of the bytes, anew: they can be taken once."""
    maker = Maker(data)
    maker.source()
    return maker


def check(data: bytes) -> None:
    """Read the structures as numbers, as texts, and by pyarrow."""
    check_numbers(data)
    check_texts(data)
    if pa is not None:
        check_pyarrow(data)


def holds_numbers(of: Type, is_column: bool = False) -> bool:
    """Return whether a type is one of numbers, or a table of them."""
    form, inner = of
    if form == "+s":
        return not is_column and all(
            child[0] in DTYPES and child[1] is None or child[0] == "n" for child in inner
        )
    if form.startswith("+w:") and inner:
        return holds_numbers(inner[1], is_column=True)
    return form == "n" or form in DTYPES and inner is None


def check_numbers(data: bytes) -> None:
    """Take statistics, and the numbers themselves."""
    maker = made(data)
    is_table = maker.of[0] == "+s"
    axis = 0 if is_table else None
    found = told(maker, lambda: rne.compute_stats(maker.object, axis, nan_policy="omit"))
    is_refused = isinstance(found, Exception)
    if maker.wrong or not holds_numbers(maker.of):
        assert is_refused or maker.odd, (maker.of, found)
        return
    if maker.odd:
        return
    assert not is_refused, (maker.of, found)
    if is_table:
        columns = [[part[0][i] for part in maker.parts] for i in range(len(maker.of[1]))]
        valid = [
            np.concatenate([np.zeros(0, bool), *(part[1][i] for part in maker.parts)])
            for i in range(len(columns))
        ]
        plain = [np.concatenate(column) if column else np.zeros(0) for column in columns]
        expected = [rne.compute_stats(x[ok], nan_policy="omit") for x, ok in zip(plain, valid)]
        for key in ("count", "min", "max") if expected else ():
            theirs = np.array([float(one[key]) for one in expected])
            np.testing.assert_array_equal(np.asarray(found[key], float), theirs, key)
        return
    plain, ok = joined(maker)
    expected = rne.compute_stats(plain[ok], nan_policy="omit")
    np.testing.assert_array_equal([*map(float, found.values())], [*map(float, expected.values())])
    again = made(data)
    product = told(again, lambda: rne.array_multiply(again.object, np.ones((), plain.dtype)))
    if ok.all():
        np.testing.assert_array_equal(product, plain)
    else:
        assert isinstance(product, ValueError) and "null" in str(product), product


def joined(maker: Maker) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of all chunks, and which are no nulls."""
    if not maker.parts:
        nothing = without_elements(maker.of)
        return nothing, nothing.astype(bool)
    values, valid = zip(*maker.parts)
    return np.concatenate(values), np.concatenate(valid)


def without_elements(of: Type) -> np.ndarray:
    """Return the numbers of a type, none of them."""
    if of[0].startswith("+w:"):
        items = without_elements(of[1][1])
        return np.zeros((0, of[1][0], *items.shape[1:]), items.dtype)
    return np.zeros(0, DTYPES.get(of[0], "float64"))


def check_texts(data: bytes) -> None:
    """Count the words."""
    maker = made(data)
    found = told(maker, lambda: rne.word_count(maker.object))
    is_refused = isinstance(found, Exception)
    form, inner = maker.of
    holds_texts = (
        form == "n" or (form if inner is None else inner[0] if isinstance(inner, tuple) else "") in TEXTS
    )
    if maker.wrong or not holds_texts:
        # Without elements there is nothing to read, and the type does not matter.
        assert is_refused or maker.odd or not any(maker.lengths), (maker.of, found)
        return
    if maker.odd:
        return
    texts = [] if form == "n" else [text for values, _ in maker.parts for text in values if text is not None]
    if any(b"\xff" in text for text in texts):
        assert isinstance(found, ValueError) and "UTF-8" in str(found), found
        return
    assert not is_refused, (maker.of, found)
    expected = Counter(word for text in texts for word in text.decode().lower().split())
    assert found == expected and [*found] == [*expected], (found, expected)


def check_pyarrow(data: bytes) -> None:
    """Compare with what pyarrow reads, where nothing is wrong."""
    maker = made(data)
    if (
        maker.may_lie
        or maker.by_stream
        or maker.of[0] in (*OTHERS, "+s")
        or not isinstance(maker.object, ByArray)
    ):
        return
    with contextlib.suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError):
        array = pa.Array._import_from_c_capsule(*maker.object.__arrow_c_array__())
        array.validate(full=True)
        theirs = array.to_pylist()
        values, valid = maker.parts[0]
        if isinstance(values, np.ndarray) and values.ndim == 1:
            ours = [x if ok else None for x, ok in zip(values.tolist(), valid)]
            np.testing.assert_equal([None if x is None else x for x in theirs], ours)
        elif isinstance(values, list):
            assert theirs == [text.decode() if isinstance(text, bytes) else text for text in values]
