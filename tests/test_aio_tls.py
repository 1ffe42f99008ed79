"""Certificates: what OpenSSL takes is taken, what it refuses is an error of `ssl` that says why; HTTP/2."""

from __future__ import annotations

import asyncio
import gzip
import pickle
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from http2 import Http2
from loopback import CERTIFICATE, LONG, Server, answer, fetch, says

import rust_numpy_example as rne

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only here do files replace the system's certificates"
)

#: Makes a certificate of a name and more arguments of `openssl req`: its file, with the key.
Make = Callable[..., Path]

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    if shutil.which("openssl") is None:
        pytest.skip("needs the program openssl")
    folder = tmp_path_factory.mktemp("certificates")

    def made(name: str, *options: str, curve: str = "P-256", names: str = NAMES) -> Path:
        path = folder / f"{name}.pem"
        if not path.exists():
            key = ["-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-nodes"]
            command = ["openssl", "req", "-x509", *key, "-days", "9", "-subj", "/CN=localhost"]
            command += [
                "-keyout",
                str(folder / "key"),
                "-out",
                str(folder / "out"),
                "-addext",
                names,
                *options,
            ]
            subprocess.run(command, check=True, capture_output=True)
            path.write_bytes((folder / "out").read_bytes() + (folder / "key").read_bytes())
        return path

    return made


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Makes a file the one with trusted certificates."""
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    return lambda path: monkeypatch.setenv("SSL_CERT_FILE", str(path))


def body(certificate: Path, host: str = "127.0.0.1") -> bytes:
    with Server(says(answer(b"x")), tls=certificate) as server:
        return fetch(f"https://{host}:{server.port}/")


def refused(certificate: Path, message: str, code: int | None = None) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=message) as caught:
        body(certificate)
    error = caught.value
    assert (error.errno, error.reason, error.library) == (1, "CERTIFICATE_VERIFY_FAILED", "SSL")
    assert isinstance(error, ssl.SSLError) and error.verify_message in str(error)
    assert "Other(" not in str(error) and "Error" not in str(error)
    if code is not None:
        assert error.verify_code == code
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


# Servers whose own certificate is that of an authority


def test_what_openssl_makes_unless_told_otherwise_is_taken_if_it_is_trusted_itself(
    make: Make, trust: Callable[[Path], None]
) -> None:
    certificate = make("authority")
    trust(certificate)
    for host in ("127.0.0.1", "localhost"):
        assert body(certificate, host) == b"x"
    trust(make("of servers", "-addext", "extendedKeyUsage=clientAuth,serverAuth"))
    assert body(make("of servers")) == b"x"


CONFIGURATION = """
[ca]
default_ca = own
[own]
new_certs_dir = .
database = index
serial = serial
default_md = sha256
policy = any
x509_extensions = extensions
[any]
commonName = supplied
[extensions]
basicConstraints = critical,CA:TRUE
subjectAltName = DNS:localhost,IP:127.0.0.1
"""


def dated(folder: Path, start: int, end: int) -> Path:
    """Make a certificate of an authority that is valid from one year to another."""
    (folder / "configuration").write_text(CONFIGURATION)
    (folder / "index").touch()
    (folder / "serial").write_text("01\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key"]
    sign = ["-selfsign", "-keyfile", "key", "-in", "request", "-out", "out", "-batch", "-notext"]
    dates = ["-startdate", f"{start}0101000000Z", "-enddate", f"{end}0101000000Z"]
    for command in (
        ["req", "-new", *key, "-subj", "/CN=localhost", "-out", "request"],
        ["ca", "-config", "configuration", *sign, *dates],
    ):
        subprocess.run(["openssl", *command], check=True, capture_output=True, cwd=folder)
    return write(folder / "both.pem", (folder / "out").read_bytes() + (folder / "key").read_bytes())


def test_what_is_wrong_with_such_a_certificate_is_still_seen(
    make: Make, trust: Callable[[Path], None]
) -> None:
    certificate = make("of clients", "-addext", "extendedKeyUsage=clientAuth")
    trust(certificate)
    refused(certificate, "is not for servers", 26)
    certificate = make("elsewhere", names="subjectAltName=DNS:elsewhere.example")
    trust(certificate)
    refused(certificate, "not valid for name 127.0.0.1, it has ", 62)


@pytest.mark.parametrize(
    ("start", "end", "message", "code"),
    [(2020, 2021, "has expired", 10), (2090, 2099, "is not valid yet", 9)],
)
def test_the_dates_of_such_a_certificate_are_seen(
    make: Make, trust: Callable[[Path], None], tmp_path: Path, start: int, end: int, message: str, code: int
) -> None:
    certificate = dated(tmp_path, start, end)
    trust(certificate)
    refused(certificate, message, code)


def test_a_certificate_that_is_not_among_the_trusted_is_refused(
    make: Make, trust: Callable[[Path], None]
) -> None:
    trust(make("other"))
    refused(make("authority"), "signed by itself, and not one of those that are trusted", 18)
    trust(make("other server", "-addext", "basicConstraints=critical,CA:FALSE"))
    refused(make("server", "-addext", "basicConstraints=critical,CA:FALSE"), "signed by itself", 18)


def test_a_key_of_a_kind_that_is_not_supported_is_named(make: Make, trust: Callable[[Path], None]) -> None:
    certificate = make("p521", curve="P-521")
    trust(certificate)
    with pytest.raises(ssl.SSLError, match="ECDSA with P-256 or P-384"):
        body(certificate)


# Files with certificates


def write(path: Path, text: bytes) -> Path:
    path.write_bytes(text)
    return path


def openssl(*arguments: str, text: bytes) -> bytes:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, input=text).stdout


def test_files_with_a_mark_and_other_labels_are_read(
    make: Make, trust: Callable[[Path], None], tmp_path: Path
) -> None:
    certificate = make("authority")
    text = openssl("x509", text=certificate.read_bytes())
    other = openssl("x509", text=make("other").read_bytes())
    mark = b"\xef\xbb\xbf"
    trusted = openssl("x509", "-trustout", text=text)
    assert b"TRUSTED CERTIFICATE" in trusted
    for name, content in {
        "mark": mark + text,
        "marks": mark + other + mark + text,
        "windows": text.replace(b"\n", b"\r\n"),
        "comments": b"# an authority\n\n" + other + b"\nand another\n" + text,
        "spaces": text.replace(b"\n", b" \n"),
        "no end": text.rstrip(b"\n"),
        "old label": text.replace(b"CERTIFICATE", b"X509 CERTIFICATE"),
        "trusted": trusted,
        "for servers": openssl("x509", "-addtrust", "serverAuth", "-trustout", text=text),
        "not for mail": openssl("x509", "-addreject", "emailProtection", "-trustout", text=text),
        "damaged before": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + text,
    }.items():
        trust(write(tmp_path / name, content))
        assert body(certificate) == b"x", name
    for name, purposes in {
        "for mail": ["-addtrust", "emailProtection"],
        "no servers": ["-addreject", "serverAuth"],
    }.items():
        trust(write(tmp_path / name, openssl("x509", *purposes, "-trustout", text=text)))
        refused(certificate, f"no certificates of authorities are in SSL_CERT_FILE, .*{name}", 20)


def test_a_file_without_certificates_is_named(
    make: Make, trust: Callable[[Path], None], tmp_path: Path
) -> None:
    for path in (
        tmp_path / "missing",
        tmp_path,
        write(tmp_path / "empty", b""),
        write(tmp_path / "text", b"x\n"),
    ):
        trust(path)
        refused(
            make("authority"), f"no certificates of authorities are in SSL_CERT_FILE, {path}, so that", 20
        )


def test_a_folder_with_certificates_is_read(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate = make("authority")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    empty, full = tmp_path / "empty", tmp_path / "full"
    for folder in (empty, full):
        folder.mkdir()
    write(full / "0123abcd.0", certificate.read_bytes())
    write(empty / "readme.txt", certificate.read_bytes())
    monkeypatch.setenv("SSL_CERT_DIR", str(empty))
    refused(certificate, "no certificates of authorities are in SSL_CERT_DIR, .*empty", 20)
    monkeypatch.setenv("SSL_CERT_DIR", f"{empty}:{full}")
    assert body(certificate) == b"x"


def test_another_file_counts_from_the_next_fetch_on_also_for_kept_connections(
    make: Make, trust: Callable[[Path], None], tmp_path: Path
) -> None:
    def serve(connection: socket.socket, head: str) -> None:
        while head:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
            head = connection.recv(65536).decode("latin-1")

    certificate = make("authority")
    changed = write(tmp_path / "changed", make("other").read_bytes())
    with Server(serve, tls=certificate) as server:
        for path, right in ((certificate, True), (changed, False), (certificate, True), (changed, False)):
            trust(path)
            if right:
                assert fetch(server.url) == b"x" == fetch(server.url)
            else:
                with pytest.raises(ssl.SSLCertVerificationError):
                    fetch(server.url)
        # The same name, another content.
        write(changed, certificate.read_bytes() + b"\n")
        assert fetch(server.url) == b"x"
        assert len(server.heads) == 3


# What is no TLS


@pytest.mark.parametrize(
    "reply", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x46", b"\0" * 100]
)
def test_a_server_that_does_not_speak_tls_is_an_ssl_error(reply: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(reply)
                connection.recv(65536)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(ssl.SSLError) as caught:
            fetch(f"https://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join(LONG)
    assert not isinstance(caught.value, ssl.SSLCertVerificationError)


# HTTP/2


@pytest.fixture
def http2(trust: Callable[[Path], None]) -> Iterator[Http2]:
    trust(CERTIFICATE)
    with Http2(CERTIFICATE) as server:
        yield server


def test_http_2_is_spoken_with_a_server_that_knows_nothing_else(http2: Http2) -> None:
    assert fetch(f"{http2.url}/a?b") == b"/a?b"
    assert http2.protocols == ["h2"]
    # One connection for all.
    assert [fetch(f"{http2.url}/{i}") for i in range(5)] == [b"/%d" % i for i in range(5)]
    assert http2.protocols == ["h2"]


def test_many_fetches_at_once_share_a_connection_of_http_2(http2: Http2) -> None:
    async def main() -> list[bytes]:
        return await asyncio.gather(*[rne.async_fetch_data(f"{http2.url}/{i}") for i in range(50)])

    assert asyncio.run(asyncio.wait_for(main(), LONG)) == [b"/%d" % i for i in range(50)]
    assert set(http2.protocols) == {"h2"}


def test_the_rules_of_a_fetch_are_the_same_over_http_2(http2: Http2) -> None:
    http2.answers = {
        "/gzip": (200, [("content-encoding", "x-gzip")], gzip.compress(b"hello" * 1000)),
        "/gone": (404, [], b""),
        "/from": (302, [("location", "/to")], b""),
        "/to": (200, [], b"arrived"),
        "/large": (200, [], bytes(100_000)),
        "/many": (200, [(f"x-{i}", "y" * 50) for i in range(1000)], b"x"),
    }
    assert fetch(f"{http2.url}/gzip") == b"hello" * 1000
    assert fetch(f"{http2.url}/from") == b"arrived"
    assert fetch(f"{http2.url}/large") == bytes(100_000)
    assert fetch(f"{http2.url}/many") == b"x"
    with pytest.raises(OSError, match="status 404"):
        fetch(f"{http2.url}/gone")
    with pytest.raises(OSError, match="max_bytes"):
        fetch(f"{http2.url}/large", max_bytes=99_999)


def test_a_connection_of_http_2_that_was_closed_is_made_anew(http2: Http2) -> None:
    for i in range(5):
        assert fetch(f"{http2.url}/{i}") == b"/%d" % i
        http2.close_connections()
    assert len(http2.protocols) == 5


def test_http_2_with_the_library_h2(trust: Callable[[Path], None]) -> None:
    pytest.importorskip("h2")
    from http2 import Library

    trust(CERTIFICATE)
    with Library(CERTIFICATE) as server:
        assert [fetch(f"{server.url}/{i}") for i in range(3)] == [b"/%d" % i for i in range(3)]
        assert server.protocols == ["h2"]
