"""A server on loopback that does whatever a test wants, and a client for it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import rust_numpy_example as rne

CERTIFICATE = Path(__file__).with_name("localhost.pem")

#: A time that no test needs, even on a busy machine.
LONG = 60.0

Serve = Callable[[socket.socket, str], None]


class Server:
    """Calls ``serve(connection, head)`` in a thread of its own for each request on loopback.

    With ``tls`` connections are encrypted, with the given certificate or the one that the tests bring along.
    """

    def __init__(self, serve: Serve, tls: bool | Path = False, host: str = "127.0.0.1") -> None:
        self.serve, self.tls = serve, tls
        self.heads: list[str] = []
        self.closed = threading.Event()
        self.listener = socket.create_server((host, 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://{host}:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as open_sockets:
            open_sockets.enter_context(connection)
            if self.tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(CERTIFICATE if self.tls is True else self.tls)
                connection = open_sockets.enter_context(context.wrap_socket(connection, server_side=True))
            head = b""
            while b"\r\n\r\n" not in head:
                received = connection.recv(65536)
                if not received:
                    return
                head += received
            self.heads.append(head.decode("latin-1"))
            self.serve(connection, self.heads[-1])

    def wait_for_close(self, connection: socket.socket) -> None:
        """Note that the client has closed the connection."""
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                pass
        self.closed.set()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        # Wakes the thread that accepts.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def answer(body: bytes = b"", status: str = "200 OK", length: int | None = None, **headers: str) -> bytes:
    """Return the bytes of an answer."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body) if length is None else length}",
        "Connection: close",
    ]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def in_pieces(reply: bytes, cuts: Iterable[int]) -> Serve:
    """Return a server's behaviour: always the same bytes, in packets that end at the cuts."""
    ends = sorted({cut for cut in cuts if 0 < cut < len(reply)})

    def serve(connection: socket.socket, head: str) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start, end in zip([0, *ends], [*ends, len(reply)]):
            connection.sendall(reply[start:end])
            # Long enough for the client to take the packet, mostly.
            time.sleep(0.0005)

    return serve


def chunked(body: bytes, size: int, *headers: str) -> bytes:
    """Return the bytes of an answer in chunks."""
    lines = ["HTTP/1.1 200 OK", "Connection: close", *headers]
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    packed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + packed + b"0\r\n\r\n"


def says(reply: bytes) -> Serve:
    """Return a server's behaviour: always the same bytes."""
    return lambda connection, head: connection.sendall(reply)


def fetch(url: str, **options: Any) -> bytes:
    """Fetch on a fresh loop; a test that hangs fails."""

    async def main() -> bytes:
        return await asyncio.wait_for(rne.async_fetch_data(url, **options), LONG)

    return asyncio.run(main())


def redirect(target: str, status: int = 302) -> bytes:
    """Return the bytes of an answer that leads to another address."""
    return answer(b"look there", f"{status} Moved", Location=target)


def python(script: str, *arguments: str, **environment: str) -> str:
    """Run a script that has ``fetch`` in a Python of its own; return what it prints."""
    start = (
        "import asyncio, sys\nimport rust_numpy_example as rne\n"
        "async def main(url):\n    return await rne.async_fetch_data(url)\n"
        "def fetch(url):\n    return asyncio.run(main(url))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", start + script, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=LONG,
        env={**os.environ, **environment},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
