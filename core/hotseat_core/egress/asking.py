"""What a client of the egress proxy asks for, and what it is told. No I/O."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from hotseat_core.egress.rules import Allowed, plain_host

MOST_HEAD_BYTES = 32 * 1024
END_OF_HEAD = b"\r\n\r\n"
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"

_AUTHORITY = re.compile(r"(\[[^\[\]/@]*\]|[^\[\]:/@]+):([0-9]{1,5})", re.ASCII)
# Of this connection alone; the request is to be the only one on the next.
_DROPPED = re.compile(rb"\r\n(?:proxy-[^:\r\n]*|connection|keep-alive)[ \t]*:[^\r\n]*", re.IGNORECASE)
_REASONS = {400: "Bad Request", 403: "Forbidden", 502: "Bad Gateway", 503: "Service Unavailable"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A host to be connected to."""

    host: str
    port: int
    first: bytes = b""  # what is sent there first: a plain request; empty: the client is told that the way is open


class RefusedError(Exception):
    """It is not let through; the message says why."""

    def __init__(self, message: str, status: int = 403, about: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.about = about  # host and port; empty: it named none

    @property
    def answer(self) -> bytes:
        """What the client is told."""
        body = f"hotseat: {self.message}\n".encode()
        head = f"HTTP/1.1 {self.status} {_REASONS[self.status]}\r\ncontent-type: text/plain; charset=utf-8\r\n"
        return f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body


def read_head(head: bytes, allowed: Allowed) -> Wanted:
    """Return what the head of a request asks for, its end included. Raises RefusedError."""
    method, target = _first_line(head)
    wanted = _tunnel(target) if method == "CONNECT" else _plain(method, target, head)
    about = f"{wanted.host}:{wanted.port}"
    host = plain_host(wanted.host)
    if not host:
        raise RefusedError(f"{wanted.host[:100]} is no host's name, and addresses are not let through", about=about)
    if not allowed.covers(host, wanted.port):
        told = f"{host}:{wanted.port} is not among the hosts that agents may reach; HOTSEAT_EGRESS_ALLOW lists them"
        raise RefusedError(told, about=about)
    return Wanted(host, wanted.port, wanted.first)


def _first_line(head: bytes) -> tuple[str, str]:
    words = head.partition(b"\r\n")[0].split(b" ")
    if len(words) != 3 or words[2] not in {b"HTTP/1.0", b"HTTP/1.1"} or not words[0].isalpha():
        raise RefusedError("this is no request to an HTTP proxy", 400)
    try:
        method, target = words[0].decode("ascii"), words[1].decode("ascii")
    except UnicodeDecodeError:
        raise RefusedError("the request's target is not plain ASCII", 400) from None
    if not target.isprintable():
        raise RefusedError("the request's target is not printable", 400)
    return method, target


def _tunnel(target: str) -> Wanted:
    found = _AUTHORITY.fullmatch(target)
    if found is None or not 0 < int(found[2]) < 65536:
        raise RefusedError("CONNECT needs a host and a port", 400)
    return Wanted(found[1], int(found[2]))


def _plain(method: str, target: str, head: bytes) -> Wanted:
    """A request with a whole URL: it is passed on as one for the host itself, and the connection ends with it."""
    try:
        parts = urlsplit(target)
        port = parts.port or 80
    except ValueError:
        raise RefusedError("the request's URL can't be read", 400) from None
    if parts.scheme != "http" or not parts.hostname or parts.username is not None:
        raise RefusedError("this is a proxy: ask it for http://host/..., or for a tunnel with CONNECT", 400)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    authority = parts.netloc.rpartition("@")[2]
    rest = _without_host(_DROPPED.sub(b"", head[head.index(b"\r\n") :]))
    first = f"{method} {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close".encode("ascii") + rest
    return Wanted(parts.hostname, port, first)


def _without_host(rest: bytes) -> bytes:
    return re.sub(rb"\r\nhost[ \t]*:[^\r\n]*", b"", rest, flags=re.IGNORECASE)
