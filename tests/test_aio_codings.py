"""The codings of a body: gzip and deflate in every order, in every split into packets, whole or damaged."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback import Server, answer, chunked, fetch, in_pieces, says

TEXT = b"hello " * 1000

Pack = Callable[[bytes], bytes]


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def identity(data: bytes) -> bytes:
    return data


def fetched(reply: bytes, **options: int) -> bytes:
    with Server(says(reply)) as server:
        return fetch(server.url, **options)


#: The names of a coding, and what packs like that.
PACKERS: dict[str, Pack] = {
    "gzip": gzip.compress,
    "GZip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "identity": identity,
    "Identity": identity,
    "": identity,
}


@pytest.mark.parametrize(
    "names",
    [
        "gzip",
        "GZIP",
        "x-gzip",
        "X-GZip",
        "identity",
        "identity, gzip",
        "gzip, identity",
        "gzip,gzip",
        "gzip ,\t x-gzip,, GZIP",
        "deflate",
        "DEFLATE, gzip",
        "gzip, deflate",
        ",",
    ],
)
@pytest.mark.parametrize(
    "transfer", ["", "chunked", "gzip, chunked", "GZIP ,Chunked", "x-gzip, gzip, chunked"]
)
def test_codings_are_taken_off_whatever_their_case(names: str, transfer: str) -> None:
    known = {name.lower(): pack for name, pack in PACKERS.items()}
    known.update(deflate=zlib.compress, chunked=identity)
    listed = [name.strip().lower() for name in f"{names},{transfer}".split(",")]
    packed = reduce(lambda data, name: known[name](data), listed, TEXT)
    if transfer:
        reply = chunked(packed, 100, f"Content-Encoding: {names}", f"Transfer-Encoding: {transfer}")
    else:
        reply = answer(packed, Content_Encoding=names)
    assert fetched(reply) == TEXT


def test_codings_may_stand_in_several_lines_and_in_folded_ones() -> None:
    packed = gzip.compress(zlib.compress(TEXT))
    lines = ["Content-Encoding: deflate", "Content-Encoding:\r\n  gzip", "Transfer-Encoding: chunked"]
    assert fetched(chunked(packed, 1000, *lines)) == TEXT
    lines = ["Transfer-Encoding: deflate", "Transfer-Encoding: gzip", "Transfer-Encoding:\r\n\tchunked"]
    assert fetched(chunked(packed, 1000, *lines)) == TEXT


def test_without_chunks_a_coding_of_the_transfer_ends_with_the_connection() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\n"
    assert fetched(head + gzip.compress(TEXT)) == TEXT
    with pytest.raises(OSError, match="it ends too early"):
        fetched(head + gzip.compress(TEXT)[:-1])


@pytest.mark.parametrize(
    "name", ["br", "zstd", "compress", "gzip;q=1", "gz\xefp", "gzip, br", "br, gzip", "none"]
)
def test_another_coding_is_refused_by_name(name: str) -> None:
    unknown = name.split(", ")[0] if name.startswith("br") else name.split(", ")[-1]
    unknown = unknown.encode("latin-1").decode("utf-8", "replace")
    message = f"the body has the coding {unknown!r}, expected gzip, deflate or identity".replace("'", '"')
    with pytest.raises(OSError) as caught:
        fetched(answer(TEXT, Content_Encoding=name))
    assert str(caught.value).endswith(message)


def test_chunks_within_a_coding_and_more_than_five_codings_are_refused() -> None:
    with pytest.raises(OSError, match='the coding "chunked"'):
        fetched(chunked(TEXT, 100, "Transfer-Encoding: chunked, chunked"))
    with pytest.raises(OSError, match="more than 5 codings"):
        fetched(answer(TEXT, Content_Encoding=", ".join(["gzip"] * 6)))


# gzip: RFC 1952


def member(
    data: bytes, extra: bytes = b"", name: bytes = b"", comment: bytes = b"", summed: bool = False
) -> bytes:
    """Return a member with whatever its header may hold."""
    flags = 4 * bool(extra) | 8 * bool(name) | 16 * bool(comment) | 2 * summed
    head = bytes([31, 139, 8, flags, 1, 2, 3, 4, 0, 255])
    if extra:
        head += len(extra).to_bytes(2, "little") + extra
    head += b"".join(text + b"\0" for text in (name, comment) if text)
    if summed:
        head += (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little")
    return head + raw_deflate(data) + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


WHOLE = {
    "one member": gzip.compress(TEXT),
    "two members": gzip.compress(TEXT[:999]) + gzip.compress(TEXT[999:]),
    "many members": b"".join(gzip.compress(TEXT[i : i + 100]) for i in range(0, len(TEXT), 100)),
    "empty members": gzip.compress(b"") * 3 + gzip.compress(TEXT) + gzip.compress(b""),
    "padded with zeros": gzip.compress(TEXT) + bytes(1000),
    "zeros between members": gzip.compress(TEXT[:999]) + bytes(7) + gzip.compress(TEXT[999:]),
    "extra fields": member(TEXT[:9], b"\1" * 300, b"name", b"comment")
    + member(TEXT[9:], b"\0", b"", b"x", True),
    "a header with its CRC": member(TEXT, b"", b"name", b"", True),
    "stored, not packed": gzip.compress(TEXT, 0),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_all_of_a_gzip_file_is_unpacked(kind: str) -> None:
    assert fetched(answer(WHOLE[kind], Content_Encoding="gzip")) == TEXT
    # In packets of few bytes, and in two packets cut around the places that matter.
    reply = answer(WHOLE[kind], Content_Encoding="gzip")
    start = len(reply) - len(WHOLE[kind])
    for cuts in (
        range(0, min(len(reply), 700), 7),
        [start + 1],
        [start + 10],
        [len(reply) - 8],
        [len(reply) - 1],
    ):
        with Server(in_pieces(reply, cuts)) as server:
            assert fetch(server.url) == TEXT


def test_nothing_at_all_is_an_empty_body() -> None:
    for name in ("gzip", "deflate", "gzip, gzip"):
        assert fetched(answer(b"", Content_Encoding=name)) == b""


GOOD = gzip.compress(b"hello")
OTHER = gzip.compress(b"world" * 9)

DAMAGED = {
    "no gzip": b"nonsense",
    "zeros": bytes(20),
    "text behind it": GOOD + b"x",
    "text behind padding": GOOD + bytes(3) + b"x",
    "a second member that is cut": GOOD + OTHER[:-1],
    "the first byte of a second member": GOOD + OTHER[:1],
    "the header of a second member": GOOD + OTHER[:10],
    "a wrong CRC in the second member": GOOD + OTHER[:-8] + bytes([OTHER[-8] ^ 1]) + OTHER[-7:],
    "a wrong length in the second member": GOOD + OTHER[:-4] + bytes([OTHER[-4] ^ 1]) + OTHER[-3:],
    "damaged data in the second member": GOOD + OTHER[:11] + b"\xff\xff\xff" + OTHER[14:],
    "a method that does not exist": GOOD + OTHER[:2] + b"\7" + OTHER[3:],
    "flags that do not exist": GOOD + OTHER[:3] + b"\x80" + OTHER[4:],
    "a wrong CRC of the header": member(b"x", b"", b"name", b"", True).replace(b"name", b"mane"),
    "a wrong CRC": GOOD[:-8] + bytes([GOOD[-8] ^ 1]) + GOOD[-7:],
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_gzip_file_is_an_os_error(kind: str) -> None:
    reply = answer(DAMAGED[kind], Content_Encoding="gzip")
    start = len(reply) - len(DAMAGED[kind])
    for cuts in ([], range(start, len(reply)), [start + len(GOOD)], [len(reply) - 1]):
        with (
            Server(in_pieces(reply, cuts)) as server,
            pytest.raises(OSError, match="the packed body is damaged: "),
        ):
            fetch(server.url)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, raw_deflate])
def test_a_packed_body_that_is_cut_anywhere_is_an_os_error(pack: Pack) -> None:
    name = "gzip" if pack is gzip.compress else "deflate"
    packed = pack(b"hello")
    for end in range(1, len(packed)):
        with pytest.raises(OSError, match="the packed body is damaged: "):
            fetched(answer(packed[:end], Content_Encoding=name))


@pytest.mark.parametrize("pack", [zlib.compress, raw_deflate])
def test_bytes_behind_deflate_data_and_a_wrong_sum_are_os_errors(pack: Pack) -> None:
    with pytest.raises(OSError, match="data follow"):
        fetched(answer(pack(b"hello") + b"x", Content_Encoding="deflate"))
    if pack is zlib.compress:
        packed = pack(b"hello")
        with pytest.raises(OSError, match="make no sense"):
            fetched(answer(packed[:-1] + bytes([packed[-1] ^ 1]), Content_Encoding="deflate"))


# Any of them


@given(
    st.binary(max_size=300),
    st.lists(st.sampled_from(sorted(PACKERS)), max_size=4),
    st.lists(st.integers(0, 1500), max_size=6),
    st.sampled_from([0, 1, 7, 1000]),
)
@settings(max_examples=40, deadline=None)
def test_every_chain_is_unpacked_in_every_split(
    body: bytes, names: list[str], cuts: list[int], size: int
) -> None:
    packed = reduce(lambda data, name: PACKERS[name](data), names, body)
    header = f"Content-Encoding: {', '.join(names)}"
    if size:
        reply = chunked(packed, size, header, "Transfer-Encoding: chunked")
    else:
        reply = answer(packed, Content_Encoding=", ".join(names))
    with Server(in_pieces(reply, cuts)) as server:
        assert fetch(server.url) == body


@st.composite
def nearly_packed(draw: st.DrawFn, name: str) -> bytes:
    """Packed data of which some bytes are others."""
    packed = bytearray(PACKERS[name](draw(st.binary(max_size=40))) + draw(st.binary(max_size=3)))
    # Python reads the header of a gzip file with less care.
    first = 10 if name == "gzip" else 0
    for _ in range(draw(st.integers(0, 2))):
        packed[draw(st.integers(first, len(packed) - 1))] = draw(st.integers(0, 255))
    return bytes(packed)


@given(st.data(), st.sampled_from(["gzip", "deflate"]))
@settings(max_examples=60, deadline=None)
def test_bytes_that_nobody_packed_are_what_zlib_says(source: st.DataObject, name: str) -> None:
    data = source.draw(st.one_of(st.binary(min_size=1, max_size=60), nearly_packed(name)))

    def unpacked() -> bytes:
        if name == "gzip":
            return gzip.decompress(data)
        zlib_like = (
            len(data) > 1 and data[0] & 15 == 8 and data[0] >> 4 < 8 and (data[0] << 8 | data[1]) % 31 == 0
        )
        unpacker = zlib.decompressobj(15 if zlib_like else -15)
        out = unpacker.decompress(data)
        if not unpacker.eof or unpacker.unused_data:
            raise zlib.error("incomplete")
        return out

    try:
        expected = unpacked()
    except (OSError, EOFError, zlib.error):
        with pytest.raises(OSError):
            fetched(answer(data, Content_Encoding=name))
    else:
        assert fetched(answer(data, Content_Encoding=name)) == expected


# Limits


@pytest.mark.parametrize("names", ["gzip", "deflate", "gzip, gzip", "deflate, gzip", "gzip, gzip, gzip"])
@pytest.mark.parametrize("extra", [0, 1])
def test_the_limit_is_that_of_the_unpacked_body(names: str, extra: int) -> None:
    body = bytes(100_000 + extra)
    packed = reduce(lambda data, name: PACKERS[name](data), names.split(", "), body)
    if extra:
        with pytest.raises(OSError, match="the body is longer than max_bytes, 100000$"):
            fetched(answer(packed, Content_Encoding=names), max_bytes=100_000)
    else:
        assert fetched(answer(packed, Content_Encoding=names), max_bytes=100_000) == body


@pytest.mark.parametrize("max_bytes", [0, 1])
def test_a_small_limit_holds(max_bytes: int) -> None:
    for body in (b"", b"x", b"xy"):
        for pack, name in ((gzip.compress, "gzip"), (raw_deflate, "deflate"), (identity, "identity")):
            reply = answer(pack(body), Content_Encoding=name)
            if len(body) > max_bytes:
                with pytest.raises(OSError, match="max_bytes"):
                    fetched(reply, max_bytes=max_bytes)
            else:
                assert fetched(reply, max_bytes=max_bytes) == body


def test_what_unpacks_to_much_and_then_to_nothing_is_stopped() -> None:
    # 4 MB of empty members are 10 kB packed.
    nothing = gzip.compress(gzip.compress(b"") * 200_000)
    with pytest.raises(OSError, match="max_bytes"):
        fetched(answer(nothing, Content_Encoding="gzip, gzip"), max_bytes=1_000_000)
    with pytest.raises(OSError, match="max_bytes"):
        fetched(answer(gzip.compress(b"") + bytes(300_000), Content_Encoding="gzip"), max_bytes=1000)
