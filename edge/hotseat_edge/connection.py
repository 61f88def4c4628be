"""One client's connection: bounds on how long it may take over a request's head, how slowly it may read, and how many
there are; and what is no HTTP answered in JSON, without a traceback.
"""

import asyncio
import logging
import uuid
from collections import Counter
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.web_protocol import RequestHandler
from hotseat_serving.exposure import is_loopback

from hotseat_edge.metrics import Metrics
from hotseat_edge.openai.errors import INVALID_REQUEST, SERVER_ERROR, ApiError

logger = logging.getLogger(__name__)

_FAREWELL_S = 0.5
MAX_LINE_BYTES = 8190
MAX_FIELD_BYTES = 8192  # unlike the line's: the parser's error tells them apart by their bound alone
SLOWEST_BYTES_S = 1024  # what a client must read, or send of a body, each second on average
SERVER = "hotseat"
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What a client may take of this server."""

    connections: int
    connections_per_address: int  # loopback's are not counted: a proxy there speaks for many
    header_timeout_s: float
    stall_s: float


class Crowd:
    """How many connections there are, and from where."""

    def __init__(self, bounds: Bounds, metrics: Metrics) -> None:
        self.bounds = bounds
        self.metrics = metrics
        self._all = 0
        self._of = Counter[str]()

    def admit(self, address: str) -> bool:
        """Count a new connection, if there is room for it."""
        if self._all >= self.bounds.connections or self._of[address] >= self.bounds.connections_per_address:
            self.metrics.note_cut("crowded")
            return False
        self._all += 1
        self.metrics.connections.inc()
        if not is_loopback(address):
            self._of[address] += 1
        return True

    def part_with(self, address: str) -> None:
        """Forget one that was admitted."""
        self._all -= 1
        self.metrics.connections.dec()
        if self._of[address] > 1:
            self._of[address] -= 1
        else:
            del self._of[address]


class Connection(RequestHandler):
    """A connection within its bounds."""

    __slots__ = ("_address", "_crowd", "_farewell", "_head_timer", "_is_in", "_read_timer", "_unread")

    def __init__(self, server: web.Server, crowd: Crowd, **settings: Any) -> None:
        super().__init__(server, max_line_size=MAX_LINE_BYTES, max_field_size=MAX_FIELD_BYTES, **settings)
        self._crowd = crowd
        self._address = ""
        self._is_in = False  # it was admitted, and counts
        self._head_timer: asyncio.TimerHandle | None = None  # set while a head has come in part
        self._read_timer: asyncio.TimerHandle | None = None  # set while the client leaves much unread
        self._farewell: asyncio.TimerHandle | None = None  # set once it is to go
        self._unread = 0  # bytes, when the timer was set

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Serve the connection, or answer 503 where there are too many."""
        peer = transport.get_extra_info("peername")
        self._address = peer[0] if peer else ""
        self._is_in = self._crowd.admit(self._address)
        if self._is_in:
            super().connection_made(transport)
        else:
            self.transport = transport  # type: ignore[assignment] # of a TCP connection, so it can be written to
            self._say_and_end(_crowded())

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget it."""
        if self._is_in:
            self._is_in = False
            self._crowd.part_with(self._address)
        self._stop_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came; from then on the rest of a head must come in time."""
        if self._farewell is not None and self.transport is not None:
            self.transport.close()  # it was told, and has said what it wanted: closed any sooner, it would not hear us
            return
        seen = self._request_count
        super().data_received(data)
        if self._request_count != seen:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None
        elif self._head_timer is None and self._waiter is not None and not self._waiter.done():
            timeout = self._crowd.bounds.header_timeout_s
            self._head_timer = self._loop.call_later(timeout, self._give_up_on_head)

    def pause_writing(self) -> None:
        """The client reads slowly: from now on it is watched."""
        super().pause_writing()
        self._watch_reading()

    def resume_writing(self) -> None:
        """It has caught up."""
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None
        super().resume_writing()

    def _watch_reading(self) -> None:
        if self.transport is not None:
            self._unread = self.transport.get_write_buffer_size()
            self._read_timer = self._loop.call_later(self._crowd.bounds.stall_s, self._check_reading)

    def _check_reading(self) -> None:
        self._read_timer = None
        if self.transport is None:
            return
        if self._unread - self.transport.get_write_buffer_size() >= SLOWEST_BYTES_S * self._crowd.bounds.stall_s:
            self._watch_reading()
            return
        self._crowd.metrics.note_cut("unread")
        self.transport.abort()

    def _give_up_on_head(self) -> None:
        self._head_timer = None
        if self.transport is not None and self._farewell is None:
            self._crowd.metrics.note_cut("slow_head")
            self._say_and_end(ApiError("The request's head came too slowly.", status=408, code="request_timeout"))

    def _say_and_end(self, error: ApiError) -> None:
        """Answer without a handler."""
        transport = self.transport
        assert transport is not None  # noqa: S101 -- the callers have seen to it
        transport.write(plain_response(error))
        if transport.can_write_eof():
            transport.write_eof()
        self._farewell = self._loop.call_later(_FAREWELL_S, transport.abort)

    def _stop_timers(self) -> None:
        for timer in (self._head_timer, self._read_timer, self._farewell):
            if timer is not None:
                timer.cancel()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what never reached a handler; the connection ends after it."""
        self.log_exception(exc_info=exc)
        if request.writer.output_size:
            raise ConnectionResetError("the answer had begun")
        error = _not_http(status, exc, message or "")
        headers = {**SAFE_HEADERS, **error.headers, "Server": SERVER, "x-request-id": new_request_id()}
        response = web.Response(
            body=error.body(), status=error.status, headers=headers, content_type="application/json"
        )
        response.force_close()
        return response

    def log_exception(self, *_: object, **fields: Any) -> None:
        """One line for a client's mistake, at a level that no stranger can flood the log with."""
        error = fields.get("exc_info")
        if isinstance(error, HttpProcessingError | web.RequestPayloadError | ConnectionError):
            logger.debug("bad request", extra={"reason": type(error).__name__})
        else:
            logger.error("request failed outside its handler", exc_info=error)


class JsonServer(web.Server):
    """aiohttp's low-level server with our connections."""

    def __init__(self, handler: Any, crowd: Crowd, **settings: Any) -> None:
        super().__init__(handler, **settings)
        self._crowd = crowd

    def __call__(self) -> RequestHandler:
        """Make the protocol of a new connection."""
        return Connection(self, self._crowd, loop=self._loop, **self._kwargs)


def new_request_id() -> str:
    """An id for a request that brought none."""
    return f"req_{uuid.uuid4().hex}"


def plain_response(error: ApiError) -> bytes:
    """The whole response that carries an error, where no handler can give it."""
    body = error.body()
    headers = {
        **SAFE_HEADERS,
        **error.headers,
        "Server": SERVER,
        "x-request-id": new_request_id(),
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    reason = web.Response(status=error.status).reason
    lines = [f"HTTP/1.1 {error.status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _crowded() -> ApiError:
    message = "There are too many connections to this server; try again in a moment, or reuse the ones that you have."
    headers = {"Retry-After": "1", "x-should-retry": "true"}
    return ApiError(message, status=503, kind=SERVER_ERROR, code="too_many_connections", headers=headers)


def _not_http(status: int, exc: BaseException | None, message: str) -> ApiError:
    if status >= 500:
        text = "The server failed; its log says more."
        return ApiError(text, status=status, kind=SERVER_ERROR, code="internal_error")
    if isinstance(exc, LineTooLong):
        if exc.args[1] == MAX_LINE_BYTES:
            return ApiError(f"The URL may have {MAX_LINE_BYTES} bytes at most.", status=414, code="url_too_long")
        return ApiError(f"A header may have {MAX_FIELD_BYTES} bytes at most.", status=431, code="header_too_large")
    if "too many headers" in message.lower():
        return ApiError("The request has too many headers.", status=431, code="header_too_large")
    return ApiError("This is not a valid HTTP/1.1 request.", kind=INVALID_REQUEST, code="bad_request")
