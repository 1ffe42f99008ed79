"""Servers of HTTP/2 (RFC 9113) on loopback that speak nothing else: a small one, and one of the library `h2`."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from abc import ABC, abstractmethod
from pathlib import Path

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 4, 6, 8, 9
END_STREAM, END_HEADERS = 1, 4

#: Status, headers, body.
Answer = tuple[int, list[tuple[str, str]], bytes]


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def text(value: str) -> bytes:
    """Return a string as HPACK has it, not compressed; shorter than 127 bytes."""
    return bytes([len(value)]) + value.encode()


class Connections(ABC):
    """Accepts encrypted connections and serves each in a thread of its own."""

    def __init__(self, certificate: Path) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.context.set_alpn_protocols(["h2"])
        #: What each connection has agreed on.
        self.protocols: list[str | None] = []
        self.open: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with (
            contextlib.suppress(OSError, EOFError),
            self.context.wrap_socket(plain, server_side=True) as connection,
        ):
            self.protocols.append(connection.selected_alpn_protocol())
            self.open.append(connection)
            if self.protocols[-1] == "h2":
                self.serve(connection)

    @abstractmethod
    def serve(self, connection: ssl.SSLSocket) -> None:
        """Answer what comes, until the other side has gone."""

    def close_connections(self) -> None:
        while self.open:
            with contextlib.suppress(OSError):
                self.open.pop().shutdown(socket.SHUT_RDWR)

    def __enter__(self):  # type: ignore[no-untyped-def]
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.close_connections()


class Http2(Connections):
    """Answers with the path, or as it is told for the path."""

    def __init__(self, certificate: Path) -> None:
        self.answers: dict[str, Answer] = {}
        super().__init__(certificate)

    def serve(self, connection: ssl.SSLSocket) -> None:
        received = connection.makefile("rb")

        def read(count: int) -> bytes:
            data = received.read(count)
            if len(data) < count:
                raise EOFError
            return data

        assert read(len(PREFACE)) == PREFACE
        # A table of no entries: then every header of a request is written out.
        connection.sendall(frame(SETTINGS, 0, 0, (1).to_bytes(2, "big") + bytes(4)))
        while True:
            length, kind, flags = int.from_bytes(read(3), "big"), *read(2)
            stream, payload = int.from_bytes(read(4), "big"), read(length)
            if kind == SETTINGS and not flags & 1:
                connection.sendall(frame(SETTINGS, 1, 0))
            elif kind == PING and not flags & 1:
                connection.sendall(frame(PING, 1, 0, payload))
            elif kind == HEADERS:
                self.answer(connection, stream, path(payload))

    def answer(self, connection: ssl.SSLSocket, stream: int, path: str) -> None:
        status, headers, body = self.answers.get(path, (200, [], path.encode()))
        fields = [(":status", str(status)), *headers]
        block = b"".join(b"\0" + text(name) + text(value) for name, value in fields)
        pieces = [block[start : start + 16384] for start in range(0, len(block), 16384)]
        for index, piece in enumerate(pieces):
            flags = END_HEADERS if index + 1 == len(pieces) else 0
            connection.sendall(frame(CONTINUATION if index else HEADERS, flags, stream, piece))
        for start in range(0, len(body), 16384):
            connection.sendall(frame(DATA, 0, stream, body[start : start + 16384]))
        connection.sendall(frame(DATA, END_STREAM, stream))


def path(block: bytes) -> str:
    """Return the path in the headers of a request; index 4 of the static table is its name, and "/" too."""
    position = 0

    def integer(bits: int) -> int:
        nonlocal position
        most = (1 << bits) - 1
        value, shift = block[position] & most, 0
        position += 1
        if value == most:
            while True:
                byte = block[position]
                position += 1
                value += (byte & 127) << shift
                shift += 7
                if byte < 128:
                    break
        return value

    def string() -> bytes:
        nonlocal position
        packed = block[position] & 128
        length = integer(7)
        value = block[position : position + length]
        position += length
        return unpacked(value) if packed else value

    while position < len(block):
        first = block[position]
        if first & 128:
            if integer(7) == 4:
                return "/"
        elif first & 224 == 32:
            integer(5)
        else:
            index = integer(6 if first & 64 else 4)
            name = string() if index == 0 else b""
            value = string()
            if index == 4 or name == b":path":
                return value.decode()
    raise AssertionError("a request without a path")


#: Huffman codes (RFC 7541, appendix B) of the characters that the paths of the tests have.
CODES = {
    "0": "00000", "1": "00001", "2": "00010", "3": "011001", "4": "011010", "5": "011011", "6": "011100",
    "7": "011101", "8": "011110", "9": "011111", "/": "011000", "?": "1111111100", "a": "00011", "b": "100011",
    "c": "00100", "d": "100100", "e": "00101", "f": "100101", "g": "100110", "h": "100111", "i": "00110",
    "l": "101000", "m": "101001", "n": "101010", "o": "00111", "p": "101011", "r": "101100", "s": "01000",
    "t": "01001", "u": "101101", "v": "1110111", "y": "1111010", "z": "1111011",
}  # fmt: skip


def unpacked(data: bytes) -> bytes:
    characters = {code: character for character, code in CODES.items()}
    found, code = "", ""
    for bit in "".join(f"{byte:08b}" for byte in data):
        code += bit
        if code in characters:
            found, code = found + characters[code], ""
    return found.encode()


class Library(Connections):
    """Answers with the path, by the library `h2`."""

    def serve(self, connection: ssl.SSLSocket) -> None:
        from h2.config import H2Configuration
        from h2.connection import H2Connection
        from h2.events import RequestReceived

        state = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        state.initiate_connection()
        connection.sendall(state.data_to_send())
        while data := connection.recv(65536):
            for event in state.receive_data(data):
                if isinstance(event, RequestReceived):
                    body = dict(event.headers)[":path"].encode()
                    state.send_headers(
                        event.stream_id, [(":status", "200"), ("content-length", str(len(body)))]
                    )
                    state.send_data(event.stream_id, body, end_stream=True)
            connection.sendall(state.data_to_send())
