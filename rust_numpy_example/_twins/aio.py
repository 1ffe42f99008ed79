"""The twins of aio."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.client
import socketserver
import threading
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any

import rust_numpy_example as rne
from rust_numpy_example._twins import Twin

BODY = bytes(range(256)) * 64


class _Answer(socketserver.StreamRequestHandler):
    """Answers every request with the same body."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while self.rfile.readline().strip():
                pass
            self.wfile.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(BODY) + BODY
            )


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


@functools.cache
def _address() -> str:
    """Start a server on loopback, once, and return its address."""
    server = _Server(("127.0.0.1", 0), _Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/"


def _gathered(awaitable: Callable[[Any], Awaitable[Any]]) -> Callable[[list[Any]], list[Any]]:
    """Call ``awaitable`` with each of a list of arguments, and wait for all on one loop."""

    async def main(arguments: list[Any]) -> list[Any]:
        return list(await asyncio.gather(*[awaitable(argument) for argument in arguments]))

    return lambda arguments: asyncio.run(main(arguments))


def _fetch(url: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as response:
        body: bytes = response.read()
    if response.status != http.client.OK:
        raise OSError(response.status)
    return body


async def _fetch_in_thread(url: str) -> bytes:
    return await asyncio.get_running_loop().run_in_executor(None, _fetch, url)


TWINS: list[Twin] = [
    Twin(
        "async_sleep",
        "100 sleeps at once",
        lambda: ([0.01] * 100,),
        _gathered(rne.async_sleep),
        _gathered(asyncio.sleep),
    ),
    Twin(
        "async_fetch_data",
        "10 fetches at once over loopback",
        lambda: ([_address()] * 10,),
        _gathered(rne.async_fetch_data),
        _gathered(_fetch_in_thread),
    ),
]
