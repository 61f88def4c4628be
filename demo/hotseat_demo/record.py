"""The log of what clients asked: bounded, and without their credentials."""

import hashlib
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

_CREDENTIALS = {"x-api-key", "authorization", "proxy-authorization", "cookie"}


class Credential(msgspec.Struct, frozen=True):
    """That a credential came, in which header, and what it hashes to."""

    header: str
    sha256: str


class Recorded(msgspec.Struct, kw_only=True):
    """One request and what became of it; times are seconds since the demo model started."""

    number: int  # from 1, in the order of arrival
    method: str
    path: str  # with the query
    at: float
    body: dict[str, Any] | None  # exactly as sent; None when it was no JSON object
    size: int  # bytes of the body
    headers: dict[str, str]
    credential: Credential | None
    main: bool = False  # the conversation's own request: it streams and is no side call
    main_number: int | None = None  # from 1, among the main requests since the last reset
    status: int | None = None
    stop_reason: str | None = None
    deltas: int = 0  # content deltas that were sent
    first_byte_at: float | None = None
    ended_at: float | None = None
    client_gone: bool = False  # the client hung up before the answer was complete
    client_gone_at: float | None = None
    fault: str | None = None  # the fault that was acted out

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The `messages` of the body."""
        return list((self.body or {}).get("messages", []))


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers in lower case, without those that carry credentials."""
    return {name.lower(): value for name, value in headers.items() if name.lower() not in _CREDENTIALS}


def credential(headers: Mapping[str, str]) -> Credential | None:
    """Which credential came with the request, as a hash."""
    for header in ("x-api-key", "authorization"):
        if value := headers.get(header):
            return Credential(header, hashlib.sha256(value.removeprefix("Bearer ").encode()).hexdigest())
    return None


class Log:
    """The latest requests, newest last; the oldest are dropped beyond a count and a size."""

    def __init__(self, *, count: int = 1000, size: int = 64 * 2**20) -> None:
        self._most, self._largest = count, size
        self._kept: deque[Recorded] = deque()  # their sizes sum to _size, at most _largest unless there is only one
        self._size = 0

    def add(self, recorded: Recorded) -> None:
        """Keep this request, and drop the oldest if there are too many."""
        self._kept.append(recorded)
        self._size += recorded.size
        while len(self._kept) > self._most or (self._size > self._largest and len(self._kept) > 1):
            self._size -= self._kept.popleft().size

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._size = 0

    def __iter__(self) -> Iterator[Recorded]:
        return iter(self._kept)
