"""What the HTTP client refuses: redirects, certificates, and proxies that nobody asked for."""

from __future__ import annotations

import socket
import sys

import pytest
from loopback import CERTIFICATE, Server, answer, fetch, python, redirect, says

# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status: int) -> None:
    def serve(connection: socket.socket, head: str) -> None:
        connection.sendall(redirect("../b?c", status) if "/a/" in head else answer(head.split()[1].encode()))

    with Server(serve) as server:
        assert fetch(server.url + "/a/") == b"/b?c"


@pytest.mark.parametrize("hops", [5, 6])
def test_five_redirects_are_followed_and_a_sixth_is_not(hops: int) -> None:
    def serve(connection: socket.socket, head: str) -> None:
        left = int(head.split()[1].strip("/"))
        connection.sendall(redirect(f"/{left - 1}") if left else answer(b"arrived"))

    with Server(serve) as server:
        if hops == 5:
            assert fetch(f"{server.url}/{hops}") == b"arrived"
        else:
            with pytest.raises(OSError, match="more than 5 redirects"):
                fetch(f"{server.url}/{hops}")
            assert len(server.heads) == 6


def test_a_redirect_loop_ends() -> None:
    with Server(says(redirect("/"))) as server, pytest.raises(OSError, match="more than 5 redirects"):
        fetch(server.url)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/", "data:,x", "javascript:1"])
def test_a_redirect_to_another_scheme_is_refused(target: str) -> None:
    with Server(says(redirect(target))) as server, pytest.raises(OSError, match="redirect to the scheme"):
        fetch(server.url)


@pytest.mark.parametrize(
    ("location", "path"),
    [
        (b"/caf\xe9", "/caf%E9"),
        (b"caf\xe9?\xff=\xe4", "/a/caf%E9?%FF=%E4"),
        ("/caf\u00e9".encode(), "/caf%C3%A9"),
        (b"/a b\xe9|c", "/a%20b%E9|c"),
        (b"/caf%E9", "/caf%E9"),
    ],
)
def test_a_redirect_leads_to_the_very_bytes_that_it_names(location: bytes, path: str) -> None:
    def serve(connection: socket.socket, head: str) -> None:
        if head.startswith("GET /a/ "):
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % location)
        else:
            connection.sendall(answer(head.split()[1].encode("latin-1")))

    with Server(serve) as server:
        assert fetch(server.url + "/a/").decode("latin-1") == path


def test_a_host_of_other_characters_is_the_one_that_they_mean() -> None:
    with Server(says(answer(b"found"))) as server:
        assert fetch(server.url.replace("127.0.0.1", "\uff11\uff12\uff17\u30020\uff0e0\uff611")) == b"found"


@pytest.mark.parametrize("host", ["xn--zzzz", "a\u200db", "\u05d0a"])
def test_a_host_that_no_domain_can_be_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="invalid international domain name"):
        fetch(f"http://{host}.example/")


def test_a_redirect_to_no_address_is_refused() -> None:
    with Server(says(redirect("http://"))) as server, pytest.raises(OSError, match="that is no address"):
        fetch(server.url)


def test_the_password_goes_to_its_origin_only() -> None:
    with Server(says(answer(b"there"))) as other:

        def serve(connection: socket.socket, head: str) -> None:
            target = {"/": f"{server.url}/same", "/same": other.url}[head.split()[1]]
            connection.sendall(redirect(target))

        with Server(serve) as server:
            assert fetch(f"http://me:secret@127.0.0.1:{server.port}/") == b"there"
            assert ["authorization: basic" in head.lower() for head in server.heads] == [True, True]
        assert "authorization" not in other.heads[0].lower()


def test_a_password_in_a_redirect_is_not_used() -> None:
    def serve(connection: socket.socket, head: str) -> None:
        elsewhere = f"http://you:invented@127.0.0.1:{server.port}/b"
        connection.sendall(answer(b"x") if "/b" in head else redirect(elsewhere))

    with Server(serve) as server:
        assert fetch(server.url + "/a") == b"x"
        assert not [head for head in server.heads if "authorization" in head.lower()]


# TLS and proxies


def test_a_certificate_that_nobody_trusts_is_an_os_error() -> None:
    with Server(says(answer(b"x")), tls=True) as server:
        with pytest.raises(OSError, match="certificate") as caught:
            fetch(server.url)
        assert not isinstance(caught.value, (ConnectionError, TimeoutError))
        assert server.heads == []


@pytest.mark.skipif(
    sys.platform != "linux", reason="only here does SSL_CERT_FILE replace the system's certificates"
)
def test_a_certificate_of_ssl_cert_file_is_trusted_for_its_name() -> None:
    with Server(says(answer(b"x")), tls=True) as server:
        script = "print(fetch(sys.argv[1]))"
        for host in ("127.0.0.1", "localhost"):
            assert (
                python(script, f"https://{host}:{server.port}/", SSL_CERT_FILE=str(CERTIFICATE)) == "b'x'\n"
            )
    # The certificate is for another address than this one.
    with Server(says(answer(b"x")), tls=True, host="127.0.0.2") as server:
        script = "try: fetch(sys.argv[1])\nexcept OSError as error: print(error)"
        assert "not valid for name" in python(script, server.url, SSL_CERT_FILE=str(CERTIFICATE))


@pytest.mark.skipif(
    sys.platform != "linux", reason="only here does SSL_CERT_FILE replace the system's certificates"
)
def test_a_redirect_from_https_to_http_is_refused() -> None:
    script = "try: fetch(sys.argv[1])\nexcept OSError as error: print(error)"
    with Server(says(answer(b"x"))) as plain, Server(says(redirect(plain.url)), tls=True) as server:
        printed = python(script, server.url, SSL_CERT_FILE=str(CERTIFICATE))
        assert "redirect from https to http, which is refused" in printed
        assert plain.heads == []


def test_a_proxy_in_the_environment_is_not_used() -> None:
    with Server(says(answer(b"proxy"))) as proxy, Server(says(answer(b"direct"))) as server:
        variables = {name: proxy.url for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")}
        assert (
            python("print(fetch(sys.argv[1]))", server.url, NO_PROXY="", no_proxy="", **variables)
            == "b'direct'\n"
        )
        assert proxy.heads == []
