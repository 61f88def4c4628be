"""A connection to the provider: one request at a time, and its answer as it comes."""

import asyncio
from typing import Protocol, cast

import httptools

_Header = tuple[bytes, bytes]


class Asker(Protocol):
    """Who waits for an answer."""

    def on_head(self, status: int, reason: bytes, headers: list[_Header]) -> None:
        """The answer begins."""

    def on_body(self, data: bytes, *, is_last: bool) -> None:
        """The answer goes on. Called once for all that came at once; it may be empty: a head alone."""

    def on_broken(self, why: str) -> None:
        """The connection ended before the answer did."""


class ProviderSide(asyncio.Protocol):
    """Feeds its asker on the loop's own callbacks: a task a piece would cost more than the piece."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.is_open = False
        self._asker: Asker | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[_Header] = []
        self._reason = b""
        self._body: list[bytes] = []
        self._status = 0  # of the answer whose body is coming; 0: its head is
        self._is_until_close = False
        self._is_whole = False
        self._stays_open = True

    def ask(self, asker: Asker, request: bytes) -> None:
        """Send a request; one at a time."""
        self._asker = asker
        self._status, self._is_whole = 0, False
        self._headers, self._reason = [], b""
        self.transport.write(request)

    def abort(self) -> None:
        """End the connection, and with it what it is asked."""
        self._asker = None
        self.transport.abort()

    @property
    def is_reusable(self) -> bool:
        """Another request can be sent."""
        return self.is_open and self._asker is None and self._stays_open and not self.transport.is_closing()

    # -- asyncio's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        if self._asker is None:  # nobody has asked
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as exc:
            self._break(f"its answer is no HTTP: {exc}")
            return
        self._deliver()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._asker is not None and self._is_until_close and self._status:
            self._is_whole, self._stays_open = True, False
            self._deliver()
        elif self._asker is not None:
            self._break(f"the connection was lost: {exc}" if exc else "the connection was closed")

    # -- the parser's

    def on_status(self, status: bytes) -> None:
        self._reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:  # more of the head follows
            return
        self._status = status
        names = {name for name, _ in self._headers}
        self._is_until_close = not names & {b"content-length", b"transfer-encoding"}
        if self._asker is not None:
            self._asker.on_head(status, self._reason, self._headers)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if not self._status:
            self._headers, self._reason = [], b""
            return
        self._is_whole = True
        self._stays_open = self._parser.should_keep_alive()

    # --

    def _deliver(self) -> None:
        asker, body = self._asker, self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        if asker is None or not self._status:
            return
        if self._is_whole:
            self._asker = None
            if not self._stays_open:
                self.transport.close()
            asker.on_body(body, is_last=True)
        else:
            asker.on_body(body, is_last=False)

    def _break(self, why: str) -> None:
        asker, self._asker = self._asker, None
        self.transport.abort()
        if asker is not None:
            asker.on_broken(why)
