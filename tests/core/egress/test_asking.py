"""What clients of the egress proxy ask for: a table."""

import pytest
from hotseat_core.egress.asking import RefusedError, Wanted, read_head
from hotseat_core.egress.rules import parse_allowed
from hypothesis import given
from hypothesis import strategies as st

ALLOWED = parse_allowed("packages.example.org, packages.example.org:80, *.example.com:8080", "")


def head(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_tunnel_is_for_a_host_and_a_port() -> None:
    assert read_head(head("CONNECT packages.example.org:443 HTTP/1.1", "Host: evil.com"), ALLOWED) == Wanted(
        "packages.example.org", 443
    )
    assert read_head(head("CONNECT A.Example.com.:8080 HTTP/1.0"), ALLOWED) == Wanted("a.example.com", 8080)


def test_a_plain_request_is_passed_on_as_the_only_one_of_its_connection_and_for_the_host_of_its_url() -> None:
    asked = head(
        "GET http://packages.example.org/simple/?a=b HTTP/1.1",
        "Host: evil.com",
        "Proxy-Connection: keep-alive",
        "proxy-authorization: Basic x",
        "Connection: keep-alive",
        "Accept: */*",
    )
    assert read_head(asked, ALLOWED) == Wanted(
        "packages.example.org",
        80,
        b"GET /simple/?a=b HTTP/1.1\r\nhost: packages.example.org\r\nconnection: close\r\nAccept: */*\r\n\r\n",
    )
    bare = read_head(head("POST http://b.example.com:8080 HTTP/1.0", "Content-Length: 2"), ALLOWED)
    assert bare.first.startswith(b"POST / HTTP/1.1\r\nhost: b.example.com:8080\r\n")
    assert bare.first.endswith(b"Content-Length: 2\r\n\r\n")


@pytest.mark.parametrize(
    ("line", "status", "told"),
    [
        ("CONNECT evil.com:443 HTTP/1.1", 403, "HOTSEAT_EGRESS_ALLOW"),
        ("CONNECT packages.example.org:22 HTTP/1.1", 403, "packages.example.org:22"),
        ("CONNECT 151.101.0.223:443 HTTP/1.1", 403, "addresses are not let through"),
        ("CONNECT [::1]:443 HTTP/1.1", 403, "addresses are not let through"),
        ("CONNECT 2130706433:443 HTTP/1.1", 403, "addresses are not let through"),
        ("CONNECT packages.example.org HTTP/1.1", 400, "needs a host and a port"),
        ("CONNECT packages.example.org:0 HTTP/1.1", 400, "needs a host and a port"),
        ("CONNECT packages.example.org:99999 HTTP/1.1", 400, "needs a host and a port"),
        ("CONNECT evil.com@packages.example.org:443 HTTP/1.1", 400, "needs a host and a port"),
        ("CONNECT packages.example.org:443 HTTP/2", 400, "no request"),
        ("GET http://evil.com/ HTTP/1.1", 403, "evil.com:80"),
        ("GET http://packages.example.org@evil.com/ HTTP/1.1", 400, "tunnel"),
        ("GET http://169.254.169.254/latest HTTP/1.1", 403, "addresses are not let through"),
        ("GET https://packages.example.org/ HTTP/1.1", 400, "tunnel"),
        ("GET ftp://packages.example.org/ HTTP/1.1", 400, "tunnel"),
        ("GET http://[::1/ HTTP/1.1", 400, "can't be read"),
        ("GET http://packages.example.org:x/ HTTP/1.1", 400, "can't be read"),
        ("GET / HTTP/1.1", 400, "tunnel"),
        ("GET http://packages.example.org/é HTTP/1.1", 400, "ASCII"),
        ("GET http://packages.example.org/\x01 HTTP/1.1", 400, "printable"),
        ("\x16\x03\x01", 400, "no request"),
        ("", 400, "no request"),
    ],
)
def test_what_is_not_let_through_is_told_why(line: str, status: int, told: str) -> None:
    with pytest.raises(RefusedError) as caught:
        read_head(head(line), ALLOWED)
    assert caught.value.status == status
    assert told in caught.value.message
    assert caught.value.answer.startswith(f"HTTP/1.1 {status} ".encode())


@given(st.binary(max_size=200))
def test_no_bytes_lead_anywhere_but_to_a_listed_host(noise: bytes) -> None:
    for asked in (noise, b"CONNECT " + noise + b" HTTP/1.1", b"GET http://" + noise + b" HTTP/1.1"):
        try:
            wanted = read_head(asked + b"\r\n\r\n", ALLOWED)
        except RefusedError:
            continue
        assert ALLOWED.covers(wanted.host, wanted.port)
