"""One request of a worker's on its way: to the provider, and its answer back."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Protocol

from hotseat_core.upstream.account import Account, Refused
from hotseat_core.upstream.call_trace import CallSpan
from hotseat_core.upstream.connections import Connections, UnreachableError
from hotseat_core.upstream.heads import LAST_CHUNK, Headers, answer_head, chunk, find
from hotseat_core.upstream.lane import USUAL, Calls, Patience, Place
from hotseat_core.upstream.meter import Meter, NoMeter, meter_for
from hotseat_core.upstream.provider_side import ProviderSide
from hotseat_core.upstream.refusals import refusal, retry_after_s

logger = logging.getLogger(__name__)


# A provider that closes a connection just as it is used again: the request never got there.
_MISSED_S = 1.0
_AGAIN_S = 2.0  # after which one that had no place may come again: the CLI waits for so long by itself


class Asking(Protocol):
    """The worker's side of it."""

    def write(self, data: bytes) -> None:
        """Send a part of the answer."""

    def finished(self) -> None:
        """The answer is whole."""

    def cut(self) -> None:
        """The answer breaks off: end the connection, which is all that HTTP has to say so."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the provider is asked."""

    target: bytes
    head: bytes
    body: bytes
    span: CallSpan | None = None  # None: it is part of no trace


class Errand:
    """From the whole request to the end of its answer. Whoever starts it calls abandon if nobody waits any more."""

    def __init__(
        self,
        connections: Connections,
        account: Account,
        asking: Asking,
        request: Request,
        patience: Patience = USUAL,
    ) -> None:
        self._connections = connections
        self._account = account
        self._asking = asking
        self._request = request
        self._patience = patience
        self._calls = account.calls  # of the turn that it is part of
        self._place: Place | None = None  # among the requests of its key; None: it is no key's
        self._connection: ProviderSide | None = None
        self._connecting: asyncio.Task[None] | None = None  # owned by the connections
        self._head = b""  # of the answer, until its first piece goes with it
        self._is_chunked = False
        self._has_ended = False
        self._may_miss = False  # the connection was used before, and has not answered yet
        self._meter: Meter = NoMeter()
        self._status = 0  # of the answer; 0: none has come
        self._begun_at = self._asked_at = 0.0
        self._first_byte_s = 0.0

    def start(self) -> None:
        """Send the request, once its key has a place for it."""
        self._account.refused = None
        if self._calls is None or self._may_go(self._calls):
            self.go()

    def _may_go(self, calls: Calls) -> bool:
        if (spent := calls.spent()) is not None:
            self._account.refused = Refused(400, time.monotonic(), spent=spent)
            self._refuse(400, spent.message)
            return False
        self._place = calls.enter(self._account.worker_id, self, self._patience)
        if self._place.is_waiting:
            extra = {"worker": self._account.worker_id}
            logger.debug("a request of a worker waits for others of its key to end", extra=extra)
        return not self._place.is_waiting

    def go(self) -> None:
        """Send the request, on a connection that waits for it, or on a new one."""
        self._begun_at = time.monotonic()
        connection = self._connections.take()
        if connection is not None:
            self._may_miss = True
            self._ask(connection)
        else:
            self._connecting = self._connections.run(self._connect())

    def abandon(self) -> None:
        """The worker is gone: so is its request."""
        if self._place is not None and self._place.is_waiting:
            self._place.leave()
            self._has_ended = True  # it never began
            if self._request.span is not None:
                self._request.span.drop()
            return
        if self._connecting is not None:
            self._connecting.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            self._connections.end(connection)
        self._end()

    def give_up(self, limit: int) -> None:
        """The key had no place for the request in time."""
        waited_s = self._patience.limit_s
        logger.warning(
            "a request of a worker waited too long for others of its key to end",
            extra={"worker": self._account.worker_id, "limit": limit, "waited_s": waited_s},
        )
        told = f"the API key may have {limit} requests to the model at once, and none of them ended in {waited_s:.0f} s"
        self._account.refused = Refused(429, time.monotonic(), _AGAIN_S)
        self._refuse(429, told, _AGAIN_S)

    def _refuse(self, status: int, why: str, retry_after_s: float = 0.0) -> None:
        """Answer in the provider's place, which was not asked."""
        self._has_ended = True
        self._end_span(status)
        self._asking.write(refusal(status, why, retry_after_s=retry_after_s))
        self._asking.finished()

    def pause(self) -> None:
        """The worker reads too slowly: let the provider wait."""
        if self._connection is not None:
            self._connection.transport.pause_reading()

    def resume(self) -> None:
        """The worker reads again."""
        if self._connection is not None:
            self._connection.transport.resume_reading()

    async def _connect(self) -> None:
        try:
            self._ask(await self._connections.connect())
        except UnreachableError as exc:
            logger.warning("the model's provider can't be reached", extra={"because": str(exc)})
            self._account.refused = Refused(0, time.monotonic(), why=str(exc))
            self._asking.write(refusal(502, f"the model's provider could not be reached: {exc}"))
            self._end()
            self._asking.finished()
        finally:
            self._connecting = None

    def _ask(self, connection: ProviderSide) -> None:
        self._connection = connection
        self._asked_at = time.monotonic()
        connection.ask(self, self._request.head + self._request.body)

    # -- what the provider says

    def on_head(self, status: int, reason: bytes, headers: Headers) -> None:
        """The answer begins; its head goes with its first piece."""
        length = find(headers, b"content-length")
        has_no_body = status in {204, 304}
        self._is_chunked = length is None and not has_no_body
        self._head = answer_head(status, reason, headers, length=None if self._is_chunked else length or b"0")
        now = time.monotonic()
        self._status, self._first_byte_s = status, now - self._begun_at
        self._meter = meter_for(self._request.target, status, find(headers, b"content-type") or b"", time.monotonic)
        self._account.answering(self._meter)
        if status >= 400:
            self._account.refused = Refused(status, now, retry_after_s(headers, time.time()))

    def on_body(self, data: bytes, *, is_last: bool) -> None:
        """Pass on what came, in one write."""
        out = chunk(data) if self._is_chunked and data else data
        if self._head:
            out, self._head = self._head + out, b""
        if is_last and self._is_chunked:
            out += LAST_CHUNK
        if out:
            self._asking.write(out)
        self._meter.feed(data)  # the worker need not wait for it
        if is_last:
            connection, self._connection = self._connection, None
            if connection is not None:
                self._connections.give_back(connection)
            self._end()
            self._asking.finished()

    def on_broken(self, why: str) -> None:
        """The provider broke off: so do we."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._connections.end(connection)
        if self._may_miss and not self._status and time.monotonic() - self._asked_at < _MISSED_S:
            self._may_miss = False
            self._connecting = self._connections.run(self._connect())
            return
        logger.info("an answer of the model's provider broke off", extra={"because": why, "begun": bool(self._status)})
        self._end()
        self._asking.cut()

    def _end(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            used = self._account.ended(self._meter, self._status, self._first_byte_s)
            self._end_span(self._status)
            if self._calls is not None:
                self._calls.count(used.total)
            if self._place is not None:
                self._place.leave()

    def _end_span(self, status: int) -> None:
        if self._request.span is not None:
            self._request.span.end(status, self._meter.tokens(), self._first_byte_s)
