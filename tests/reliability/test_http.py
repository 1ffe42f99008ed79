"""The HTTP client against servers that mean harm, and what a server sees of a cancelled fetch."""

from __future__ import annotations

import asyncio
import gzip
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from loopback import CERTIFICATE, LONG, Server, answer, fetch, python, redirect, says

import rust_numpy_example as rne

Case = Callable[[ExitStack], None]


@contextmanager
def refused(message: str | None = None) -> Iterator[None]:
    """Expect an ``OSError``: nothing of another kind, and no answer."""
    with pytest.raises(OSError, match=message):
        yield


def _flood(start: bytes, piece: bytes) -> Callable[[socket.socket, str], None]:
    def serve(connection: socket.socket, head: str) -> None:
        with suppress(OSError):
            connection.sendall(start)
            while True:
                connection.sendall(piece)

    return serve


def _slowly(start: bytes, piece: bytes) -> Callable[[socket.socket, str], None]:
    def serve(connection: socket.socket, head: str) -> None:
        with suppress(OSError):
            connection.sendall(start)
            while True:
                connection.sendall(piece)
                time.sleep(0.05)

    return serve


def redirect_loop(open_: ExitStack) -> None:
    server = open_.enter_context(Server(says(redirect("/"))))
    with refused("more than 5 redirects"):
        fetch(server.url)
    assert len(server.heads) == 6


def redirect_to_a_file(open_: ExitStack) -> None:
    for target in ("file:///etc/passwd", "ftp://127.0.0.1/", "data:,x", "http://"):
        server = open_.enter_context(Server(says(redirect(target))))
        with refused("redirect to"):
            fetch(server.url)


def redirect_from_https_to_http(open_: ExitStack) -> None:
    plain = open_.enter_context(Server(says(answer(b"x"))))
    server = open_.enter_context(Server(says(redirect(plain.url)), tls=True))
    script = "try: fetch(sys.argv[1])\nexcept OSError as error: print(error)"
    assert "refused" in python(script, server.url, SSL_CERT_FILE=str(CERTIFICATE))
    assert plain.heads == []


def password_to_another_origin(open_: ExitStack) -> None:
    other = open_.enter_context(Server(says(answer(b"there"))))
    server = open_.enter_context(Server(says(redirect(other.url))))
    fetch(f"http://me:secret@127.0.0.1:{server.port}/")
    assert "authorization" not in other.heads[0].lower()


def header_that_never_comes(open_: ExitStack) -> None:
    server = open_.enter_context(Server(_slowly(b"", b"")))
    with pytest.raises(TimeoutError):
        fetch(server.url, timeout=0.3)


def body_that_drips(open_: ExitStack) -> None:
    server = open_.enter_context(Server(_slowly(answer(length=1000), b"x")))
    with pytest.raises(TimeoutError):
        fetch(server.url, timeout=0.3)


def endless_header(open_: ExitStack) -> None:
    server = open_.enter_context(Server(_flood(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536)))
    with refused():
        fetch(server.url)


def endless_body(open_: ExitStack) -> None:
    server = open_.enter_context(Server(_flood(b"HTTP/1.1 200 OK\r\n\r\n", bytes(65536))))
    with refused("max_bytes"):
        fetch(server.url, max_bytes=1_000_000)


def length_that_is_a_lie(open_: ExitStack) -> None:
    server = open_.enter_context(Server(says(answer(b"abc", length=1 << 62))))
    with refused("max_bytes"):
        fetch(server.url)
    with pytest.raises(ConnectionError):
        fetch(server.url, max_bytes=sys.maxsize)


def connection_that_closes_early(open_: ExitStack) -> None:
    for reply in (b"", b"HTTP/1.1 200 OK\r\nContent-", answer(b"abc", length=10)):
        server = open_.enter_context(Server(says(reply)))
        with pytest.raises(ConnectionError):
            fetch(server.url)


def damaged_gzip(open_: ExitStack) -> None:
    packed = gzip.compress(b"hello" * 1000)
    for damaged in (b"nonsense", packed[:-9]):
        server = open_.enter_context(Server(says(answer(damaged, Content_Encoding="gzip"))))
        with refused():
            fetch(server.url)


def answer_that_is_not_http(open_: ExitStack) -> None:
    server = open_.enter_context(Server(says(b"SSH-2.0-OpenSSH\r\n\r\n")))
    with refused():
        fetch(server.url)


def certificate_that_nobody_trusts(open_: ExitStack) -> None:
    server = open_.enter_context(Server(says(answer(b"x")), tls=True))
    with refused("certificate"):
        fetch(server.url)
    assert server.heads == []


def proxy_in_the_environment(open_: ExitStack) -> None:
    proxy = open_.enter_context(Server(says(answer(b"proxy"))))
    server = open_.enter_context(Server(says(answer(b"direct"))))
    variables = {name: proxy.url for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")}
    assert (
        python("print(fetch(sys.argv[1]))", server.url, NO_PROXY="", no_proxy="", **variables)
        == "b'direct'\n"
    )
    assert proxy.heads == []


CASES: list[Case] = [
    redirect_loop,
    redirect_to_a_file,
    redirect_from_https_to_http,
    password_to_another_origin,
    header_that_never_comes,
    body_that_drips,
    endless_header,
    endless_body,
    length_that_is_a_lie,
    connection_that_closes_early,
    damaged_gzip,
    answer_that_is_not_http,
    certificate_that_nobody_trusts,
    proxy_in_the_environment,
]


@pytest.mark.thorough
@pytest.mark.skipif(
    sys.platform != "linux", reason="only here does SSL_CERT_FILE replace the system's certificates"
)
def test_hostile_servers(figure: Callable[[str, str, bool], None]) -> None:
    failed = []
    for case in CASES:
        with ExitStack() as servers:
            try:
                case(servers)
            except (Exception, pytest.fail.Exception) as error:
                failed.append((case.__name__, error))
    print(failed)
    figure(
        "The HTTP client is safe by default against hostile servers",
        f"{len(CASES) - len(failed)} of {len(CASES)} cases",
        not failed,
    )


BOMB = r"""
import re
def peak():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\s*([0-9]+)", status.read())[1])
async def limited(url):
    return await rne.async_fetch_data(url, max_bytes=1 << 20)
before = peak()
try: asyncio.run(limited(sys.argv[1]))
except OSError as error: assert "max_bytes" in str(error), error
print((peak() - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_a_bomb_takes_little_memory(figure: Callable[[str, str, bool], None]) -> None:
    unit = gzip.compress(bytes(1 << 24), 9)
    # 1 GiB of zeros in 1 MiB.
    with Server(says(answer(unit * 64, Content_Encoding="gzip"))) as server:
        grown = int(python(BOMB, server.url))
    figure(
        "A compression bomb (1 GiB in 1 MiB, limit 1 MiB) is stopped early",
        f"peak memory grows by {grown} MiB",
        grown < 64,
    )


@pytest.mark.parametrize(
    "count", [pytest.param(20, id="quick"), pytest.param(1000, id="soak", marks=pytest.mark.soak)]
)
def test_a_server_sees_a_cancelled_fetch_end(count: int, figure: Callable[[str, str, bool], None]) -> None:
    asked, closed = threading.Semaphore(0), threading.Semaphore(0)
    when: list[float] = []

    def hang(connection: socket.socket, head: str) -> None:
        asked.release()
        with suppress(OSError):
            while connection.recv(65536):
                pass
        when.append(time.monotonic())
        closed.release()

    async def main(url: str) -> tuple[list[float], int]:
        loop, latencies = asyncio.get_running_loop(), []
        for _ in range(count):
            task = asyncio.ensure_future(rne.async_fetch_data(url))
            assert await loop.run_in_executor(None, asked.acquire, True, LONG)
            start = time.monotonic()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            assert await loop.run_in_executor(None, closed.acquire, True, LONG)
            latencies.append(when[-1] - start)
        return latencies, len(asyncio.all_tasks()) - 1

    with Server(hang) as server:
        latencies, left = asyncio.run(main(server.url))
    latencies.sort()
    p99 = latencies[int(0.99 * len(latencies))]
    figure(
        "A server sees the end of a cancelled fetch at once",
        f"{count} fetches, 99 % within {1000 * p99:.1f} ms, tasks left: {left}",
        left == 0 and p99 < 1,
    )
