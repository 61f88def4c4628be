"""A connection from a worker: its requests, one after another."""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

import httptools

from hotseat_core.upstream.errand import Errand, Request
from hotseat_core.upstream.heads import Headers
from hotseat_core.upstream.models import NotAllowedError
from hotseat_core.upstream.refusals import refusal

_MOST_HEAD_BYTES = 64 * 1024
_MOST_BODY_BYTES = 64 * 2**20  # twice what the provider takes: it is the one to refuse what is too large for it
_WRITE_BUFFER_BYTES = 256 * 1024


class Desk(Protocol):
    """What decides on a worker's requests."""

    @property
    def is_open(self) -> bool:
        """The worker is running."""

    @property
    def is_crowded(self) -> bool:
        """There are so many connections that one more is not even told so."""

    def refuse(self, method: bytes, target: bytes, headers: Headers) -> bytes:
        """Return the answer to a request that may not be passed on; empty: it may."""

    def request(self, method: bytes, target: bytes, headers: Headers, body: bytes) -> Request:
        """Return the request as the provider is to see it. Raises NotAllowedError."""

    def errand(self, side: "WorkerSide", request: Request) -> Errand:
        """Return what carries it out."""


class WorkerSide(asyncio.Protocol):
    """Reads requests whole, and passes their answers on as they come. The worker is not trusted to speak HTTP."""

    def __init__(self, desk: Desk, on_end: Callable[["WorkerSide"], None]) -> None:
        self._desk = desk
        self._on_end = on_end
        self._transport: asyncio.Transport
        self._begin()

    def _begin(self) -> None:
        self._errand: Errand | None = None
        # A new one for each request: it then holds nothing of the last one.
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._head_size = self._body_size = 0
        self._refusal = b""
        self._is_in_body = False
        self._is_whole = False  # the request is; until its answer is, nothing more may be asked
        self._is_last = False  # the connection ends with its answer

    # -- asyncio's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(_WRITE_BUFFER_BYTES)
        if not self._desk.is_open or self._desk.is_crowded:  # it came in as the door was closed, or with too many
            self.cut()

    def data_received(self, data: bytes) -> None:
        if self._is_whole:  # no client that we know asks again before it was answered
            self.cut()
            return
        if not self._is_in_body:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse_and_end(400, "this is no HTTP request")
            return
        if not self._is_in_body and self._head_size > _MOST_HEAD_BYTES:
            self._refuse_and_end(400, f"the request's head is larger than {_MOST_HEAD_BYTES} bytes")
        elif self._body_size > _MOST_BODY_BYTES:
            self._refuse_and_end(413, f"the request is larger than {_MOST_BODY_BYTES} bytes")
        elif self._is_whole:
            self._go()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        if self._errand is not None:
            self._errand.abandon()
        self._on_end(self)

    def pause_writing(self) -> None:
        if self._errand is not None:
            self._errand.pause()

    def resume_writing(self) -> None:
        if self._errand is not None:
            self._errand.resume()

    # -- the parser's

    def on_message_begin(self) -> None:
        if self._is_whole:
            raise httptools.HttpParserError("a second request before the first one's answer")

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._is_in_body = True
        self._refusal = self._desk.refuse(self._parser.get_method(), self._target, self._headers)
        if not self._refusal and any(name == b"expect" for name, _ in self._headers):
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body_size += len(body)
        if not self._refusal and self._body_size <= _MOST_BODY_BYTES:
            self._body.append(body)

    def on_message_complete(self) -> None:
        self._is_whole = True
        self._is_last = not self._parser.should_keep_alive()

    # -- the answer's

    def write(self, data: bytes) -> None:
        """Send a part of the answer."""
        self._transport.write(data)

    def finished(self) -> None:
        """The answer is whole."""
        if self._is_last:
            self._errand = None
            self._transport.close()
        else:
            self._begin()

    def cut(self) -> None:
        """End the connection as it stands."""
        self._transport.abort()

    # --

    def _go(self) -> None:
        if self._refusal:
            self._is_last = True
            self.write(self._refusal)
            self.finished()
            return
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        try:
            request = self._desk.request(self._parser.get_method(), self._target, self._headers, body)
        except NotAllowedError as exc:
            self._refuse_and_end(400, str(exc))
            return
        self._errand = self._desk.errand(self, request)
        self._errand.start()

    def _refuse_and_end(self, status: int, why: str) -> None:
        self._is_whole = self._is_last = True
        self.write(refusal(status, why))
        self.finished()
