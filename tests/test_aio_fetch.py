"""The HTTP client against servers that behave, and servers that misbehave. Nothing leaves this machine."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import errno
import gzip
import pickle
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback import LONG, Server, answer, fetch, python, says

import rust_numpy_example as rne


def test_a_body_arrives_as_bytes() -> None:
    for body in (b"", b"hello", bytes(range(256)) * 5000):
        with Server(says(answer(body))) as server:
            fetched = fetch(server.url)
            assert type(fetched) is bytes and fetched == body


def test_the_request_is_a_plain_get() -> None:
    with Server(says(answer(b"x"))) as server:
        fetch(server.url + "/a/b?c=d#fragment")
        lines = server.heads[0].lower().split("\r\n")
    assert lines[0] == "get /a/b?c=d http/1.1"
    assert f"host: 127.0.0.1:{server.port}" in lines
    assert f"user-agent: rust_numpy_example/{rne.__version__}" in lines
    assert not [line for line in lines if line.startswith(("authorization", "cookie", "referer"))]


def test_an_address_cannot_smuggle_a_header_in() -> None:
    with Server(says(answer(b"x"))) as server:
        fetch(server.url + "/a b\r\nX-Smuggled: 1\r\n\r\n")
        assert server.heads[0].startswith("GET /a%20bX-Smuggled:%201 HTTP/1.1\r\n")


def test_chunks_and_bodies_that_end_with_the_connection_are_read() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    to_the_end = b"HTTP/1.0 200 OK\r\n\r\nabcde"
    for reply in (chunked, to_the_end):
        with Server(says(reply)) as server:
            assert fetch(server.url) == b"abcde"


def lines(*headers: bytes) -> bytes:
    """Return the bytes of an answer whose body is "x"."""
    head = [b"HTTP/1.1 200 OK", b"Content-Length: 1", b"Connection: close", *headers]
    return b"\r\n".join(head) + b"\r\n\r\nx"


def test_a_head_may_have_thousands_of_lines_folded_ones_and_any_bytes() -> None:
    for headers in (
        [b"X-%d: y" % i for i in range(4900)],
        [b"Set-Cookie: a=%d" % i for i in range(101)],
        [b"X: 1,\r\n  2,\r\n\t3"],
        [b"X: \xe9\xff"],
        [b"X: " + b"y" * 100_000],
    ):
        with Server(says(lines(*headers))) as server:
            assert fetch(server.url) == b"x"
    # A length is a length, folded or not.
    with Server(says(b"HTTP/1.1 200 OK\r\nContent-Length:\r\n 1\r\n\r\nxy")) as server:
        assert fetch(server.url) == b"x"


@pytest.mark.parametrize("headers", [[b"X-%d: y" % i for i in range(6000)], [b"X: " + b"y" * 1_000_000]])
def test_a_head_that_is_too_long_is_an_os_error_that_says_so(headers: list[bytes]) -> None:
    with Server(says(lines(*headers))) as server:
        with pytest.raises(OSError, match="the head of the answer is too long, or has too many lines"):
            fetch(server.url)


def test_an_answer_that_is_not_valid_is_an_os_error_that_says_so() -> None:
    for reply in (b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\nX Y: 1\r\n\r\n", lines(b": x")):
        with Server(says(reply)) as server, pytest.raises(OSError, match="the answer is not valid HTTP: "):
            fetch(server.url)


def sent_credentials(url: str) -> bytes | None:
    """Return the name and password that are sent for an address, {} in which is the host."""
    with Server(says(answer(b"x"))) as server:
        fetch(url.format(f"127.0.0.1:{server.port}"))
        (head,) = server.heads
    found = [line for line in head.split("\r\n") if line.lower().startswith("authorization: ")]
    return base64.b64decode(found[0].split("Basic ")[1]) if found else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("me:secret@", b"me:secret"),
        ("me@", b"me:"),
        ("me:@", b"me:"),
        (":secret@", b":secret"),
        ("@", None),
        (":@", None),
        ("", None),
        ("%ff%00:%fe%C3@", b"\xff\x00:\xfe\xc3"),
        ("caf\u00e9:\u20ac@", "caf\u00e9:\u20ac".encode()),
        ("caf%E9:p%40ss%3aword%25@", b"caf\xe9:p@ss:word%"),
        ("a%zz:b%2@", b"a%zz:b%2"),
        ("a+b:c d@", b"a+b:c d"),
        ("a@b:c@d@", b"a@b:c@d"),
    ],
)
def test_credentials_are_the_bytes_that_the_address_stands_for(text: str, expected: bytes | None) -> None:
    assert sent_credentials(f"http://{text}{{}}/") == expected


@given(st.binary(max_size=20), st.binary(max_size=20))
@settings(max_examples=25)
def test_all_bytes_may_be_in_a_password(name: bytes, password: bytes) -> None:
    expected = name + b":" + password if name or password else None
    quoted = [quote_from_bytes(text, safe="") for text in (name, password)]
    assert sent_credentials(f"http://{':'.join(quoted)}@{{}}/") == expected


def test_gzip_is_unpacked() -> None:
    with Server(says(answer(gzip.compress(b"hello" * 1000), Content_Encoding="gzip"))) as server:
        assert fetch(server.url) == b"hello" * 1000
        assert "accept-encoding: gzip" in server.heads[0].lower()


def test_damaged_gzip_is_an_os_error() -> None:
    packed = gzip.compress(b"hello" * 1000)
    for damaged in (b"nonsense", packed[:-9], packed[:12] + b"\xff\xff\xff" + packed[15:]):
        with Server(says(answer(damaged, Content_Encoding="gzip"))) as server, pytest.raises(OSError):
            fetch(server.url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "//x",
        "http://",
        "http://[::1",
        "http://x:99999/",
        "ftp://x/",
        "file:///etc/passwd",
        "data:,x",
    ],
)
def test_an_address_that_is_not_http_is_a_value_error(url: str) -> None:
    with pytest.raises(
        ValueError, match="async_fetch_data: argument url, got .*, expected an http:// or https://"
    ):
        fetch(url)


def test_a_password_is_not_repeated_in_messages() -> None:
    with Server(says(answer(status="404 Not Found"))) as server:
        for url in (
            "http://me:secret@[::1",
            "ftp://me:secret@x/",
            f"http://me:secret@127.0.0.1:{server.port}/?secret",
        ):
            with pytest.raises((ValueError, OSError)) as caught:
                fetch(url)
            assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timeout": 0}, "argument timeout, got 0, expected more than zero"),
        ({"timeout": -1.5}, "argument timeout, got -1.5, expected more than zero"),
        ({"timeout": float("nan")}, "argument timeout, got NaN, expected more than zero"),
        ({"max_bytes": -1}, "argument max_bytes, got -1, expected 0 or more"),
    ],
)
def test_a_limit_out_of_range_is_a_value_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fetch("http://127.0.0.1/", **options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"url": b"http://x/"}, "argument url, got bytes, expected str"),
        ({"url": None}, "argument url, got NoneType, expected str"),
        ({"url": 5}, "argument url, got int, expected str"),
        ({"timeout": "3"}, "argument timeout, got str, expected a number or None"),
        ({"max_bytes": 1.5}, "argument max_bytes, got float, expected int"),
        ({"max_bytes": None}, "argument max_bytes, got NoneType, expected int"),
    ],
)
def test_an_argument_of_another_type_is_a_type_error(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=f"^async_fetch_data: {message}$"):
        fetch(**{"url": "http://x/", **arguments})


def test_a_limit_by_position_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="positional"):
        rne.async_fetch_data("http://x/", 3.0)  # type: ignore[call-arg]


@pytest.mark.parametrize("timeout", [1e-10, 5e-324])
def test_a_timeout_that_is_nearly_zero_is_a_timeout(timeout: float) -> None:
    server = Server(lambda connection, head: server.wait_for_close(connection))
    with server, pytest.raises(TimeoutError):
        fetch(server.url, timeout=timeout)


@pytest.mark.parametrize("timeout", [None, float("inf"), 1e300, 60])
def test_every_kind_of_timeout_is_taken(timeout: float | None) -> None:
    with Server(says(answer(b"x"))) as server:
        assert fetch(server.url, timeout=timeout) == b"x"


@pytest.mark.parametrize("status", [300, 304, 400, 401, 404, 418, 429, 500, 503, 599])
def test_a_status_that_is_no_success_is_an_os_error_with_the_status(status: int) -> None:
    expected = pytest.raises(OSError, match=f"status {status}")
    with Server(says(answer(b"the reason", f"{status} Whatever"))) as server, expected as caught:
        fetch(server.url + "/page")
    assert caught.value.status == status  # type: ignore[attr-defined]
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy), copy.status) == (OSError, str(caught.value), status)


def test_a_port_where_nobody_listens_refuses_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionRefusedError) as caught:
        fetch(f"http://127.0.0.1:{port}/")
    assert (caught.value.errno, caught.value.filename) == (errno.ECONNREFUSED, None)
    text = f"async_fetch_data: http://127.0.0.1:{port}/: Connection refused"
    assert str(caught.value) == f"[Errno {errno.ECONNREFUSED}] {text}" or sys.platform != "linux"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other rules for addresses")
def test_errors_of_the_system_have_their_number() -> None:
    with pytest.raises(OSError) as caught:
        fetch("http://255.255.255.255:1/")
    assert caught.value.errno in (errno.EACCES, errno.ENETUNREACH)

    def reset(connection: socket.socket, head: str) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with Server(reset) as server, pytest.raises(ConnectionResetError) as caught:
        fetch(server.url)
    assert caught.value.errno == errno.ECONNRESET


def test_a_name_that_does_not_exist_is_an_os_error() -> None:
    with pytest.raises(OSError):
        fetch("http://does-not-exist.invalid/")


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 200 OK\r\nContent-", answer(b"abc", length=10)])
def test_a_connection_that_closes_early_is_a_connection_error(reply: bytes) -> None:
    with Server(says(reply)) as server, pytest.raises(ConnectionError):
        fetch(server.url)


def test_an_answer_that_is_not_http_is_an_os_error() -> None:
    with Server(says(b"SSH-2.0-OpenSSH\r\n\r\n")) as server, pytest.raises(OSError):
        fetch(server.url)


# Limits


def test_a_header_that_never_comes_times_out() -> None:
    server = Server(lambda connection, head: server.wait_for_close(connection))
    with server:
        start = time.monotonic()
        with pytest.raises(TimeoutError, match="not done after 0.3 seconds"):
            fetch(server.url, timeout=0.3)
        assert 0.29 < time.monotonic() - start < 20
        assert server.closed.wait(20)


def test_a_body_that_drips_times_out_as_a_whole() -> None:
    def drip(connection: socket.socket, head: str) -> None:
        connection.sendall(answer(length=1000))
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    with Server(drip) as server, pytest.raises(TimeoutError):
        fetch(server.url, timeout=0.5)


def test_a_handshake_that_never_ends_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(TimeoutError):
        fetch(f"https://127.0.0.1:{listener.getsockname()[1]}/", timeout=0.3)


@pytest.mark.parametrize("extra", [0, 1])
def test_a_body_of_max_bytes_is_taken_and_one_more_is_not(extra: int) -> None:
    body = b"x" * (1000 + extra)
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (
        len(body),
        body,
    )
    packed = answer(gzip.compress(body), Content_Encoding="gzip")
    for reply in (answer(body), chunked, packed):
        with Server(says(reply)) as server:
            if extra:
                with pytest.raises(OSError, match="the body is longer than max_bytes, 1000"):
                    fetch(server.url, max_bytes=1000)
            else:
                assert fetch(server.url, max_bytes=1000) == body


def test_an_endless_header_is_cut_off() -> None:
    def flood(connection: socket.socket, head: str) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"x" * 65536)
        server.closed.set()

    with Server(flood) as server:
        with pytest.raises(OSError):
            fetch(server.url)
        assert server.closed.wait(20)


def test_an_endless_body_is_cut_off() -> None:
    def flood(connection: socket.socket, head: str) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(bytes(65536))
        server.closed.set()

    with Server(flood) as server:
        with pytest.raises(OSError, match="max_bytes"):
            fetch(server.url, max_bytes=1_000_000)
        assert server.closed.wait(20)


def test_a_gzip_bomb_is_stopped_before_it_is_unpacked() -> None:
    resource = pytest.importorskip("resource")
    unit = gzip.compress(bytes(1 << 24), 9)
    # 1 GiB of zeros; several members in a row are one stream.
    with Server(says(answer(unit * 64, Content_Encoding="gzip"))) as server:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(OSError, match="max_bytes"):
            fetch(server.url, max_bytes=1 << 20)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100_000_000 / (1 if sys.platform == "darwin" else 1024)


def test_a_length_that_is_a_lie_is_not_believed() -> None:
    with Server(says(answer(b"abc", length=1 << 62))) as server:
        with pytest.raises(OSError, match="max_bytes"):
            fetch(server.url)
        # Without a limit nothing is allocated in advance either.
        with pytest.raises(ConnectionError):
            fetch(server.url, max_bytes=sys.maxsize)


# Cancelling, and many at once


@pytest.mark.parametrize("reply", [b"", answer(length=1000), b"HTTP/1.1 200 OK\r\n\r\nabc"])
def test_cancelling_closes_the_connection_within_a_second(reply: bytes) -> None:
    asked = threading.Event()

    def hang(connection: socket.socket, head: str) -> None:
        connection.sendall(reply)
        asked.set()
        server.wait_for_close(connection)

    async def main() -> float:
        task = asyncio.ensure_future(rne.async_fetch_data(server.url))
        while not asked.is_set():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert not server.closed.is_set()
        start = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.get_running_loop().run_in_executor(None, server.closed.wait, 20)
        return time.monotonic() - start

    with Server(hang) as server:
        assert asyncio.run(asyncio.wait_for(main(), LONG)) < 1


@pytest.fixture
def echo() -> Iterator[Server]:
    """A server that keeps connections open and answers with the path."""

    def serve(connection: socket.socket, head: str) -> None:
        while head:
            body = head.split()[1].encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            head = connection.recv(65536).decode("latin-1")

    with Server(serve) as server:
        yield server


def test_many_fetches_at_once_each_get_their_answer(echo: Server) -> None:
    async def main() -> list[bytes]:
        return await asyncio.gather(*[rne.async_fetch_data(f"{echo.url}/{i}") for i in range(300)])

    for _ in range(2):
        bodies = asyncio.run(asyncio.wait_for(main(), LONG))
        assert bodies == [b"/%d" % i for i in range(300)]


def test_a_connection_serves_several_fetches_and_event_loops(echo: Server) -> None:
    for path in range(5):
        assert fetch(f"{echo.url}/{path}") == b"/%d" % path
    # Each connection notes its first request only.
    assert len(echo.heads) == 1


@pytest.mark.parametrize("last", ["close", "reset", "part of an answer"])
def test_a_kept_connection_that_the_server_closes_as_a_request_comes_is_made_anew(last: str) -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"

    def serve(connection: socket.socket, head: str) -> None:
        connection.sendall(reply)
        # The next request is on its way, or has come.
        if connection.recv(65536):
            lost.append(last)
            if last == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif last != "close":
                connection.sendall(reply[:12])

    lost: list[str] = []
    with Server(serve) as server:
        assert [fetch(server.url) for _ in range(20)] == [b"x"] * 20
        assert len(lost) >= 9


def test_several_kept_connections_that_are_lost_at_once_are_made_anew() -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"

    def serve(connection: socket.socket, head: str) -> None:
        if "/together" in head:
            together.wait(LONG)
        connection.sendall(reply)
        connection.recv(65536)

    async def main() -> list[bytes]:
        return await asyncio.gather(*[rne.async_fetch_data(server.url + "/together") for _ in range(10)])

    together = threading.Barrier(10)
    with Server(serve) as server:
        assert asyncio.run(asyncio.wait_for(main(), LONG)) == [b"x"] * 10
        assert [fetch(server.url) for _ in range(5)] == [b"x"] * 5


def test_a_server_that_never_answers_is_not_asked_twice_over_a_fresh_connection() -> None:
    with Server(lambda connection, head: None) as server, pytest.raises(ConnectionError):
        fetch(server.url)
    assert len(server.heads) == 1


def test_a_request_is_sent_again_once_and_no_more() -> None:
    def serve(connection: socket.socket, head: str) -> None:
        if len(server.heads) == 1:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
            connection.recv(65536)

    with Server(serve) as server:
        assert fetch(server.url) == b"x"
        with pytest.raises(ConnectionError):
            fetch(server.url)
        assert len(server.heads) == 2


def test_four_loops_in_four_threads_fetch(echo: Server) -> None:
    results: list[bytes] = []

    def work(name: int) -> None:
        results.extend(fetch(f"{echo.url}/{name}") for _ in range(20))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert sorted(results) == sorted(b"/%d" % name for name in range(4) for _ in range(20))


def test_python_ends_with_status_0_in_the_middle_of_a_fetch() -> None:
    server = Server(lambda connection, head: server.wait_for_close(connection))
    with server:
        script = (
            "async def start(url):\n    asyncio.create_task(rne.async_fetch_data(url))\n    await asyncio.sleep(0.05)\n"
            "asyncio.run(start(sys.argv[1]))\n"
        )
        for _ in range(3):
            assert python(script, server.url) == ""
