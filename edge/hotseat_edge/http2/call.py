"""One Converse call on a connection of ours."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import grpc
from google.protobuf.message import DecodeError
from hotseat import HotseatError, pb
from hpack import HeaderTuple

from hotseat_edge.http2 import heads
from hotseat_edge.http2.framing import WINDOW_BYTES

MAX_MESSAGE_BYTES = 64 * 2**20
_PREFIX = 5  # a byte that says whether it is compressed, and four of the length


class Carrier(Protocol):
    """What a call needs of its connection."""

    def flush(self, call: "Call") -> None:
        """Send what of it may be sent now."""

    def take_up(self, call: "Call", size: int) -> None:
        """Let the core send so many bytes more of it."""

    def drop(self, call: "Call") -> None:
        """Tell the core that it is over."""


class Call:
    """Messages both ways. Cancelling who reads or writes loses nothing: the next one goes on from there."""

    def __init__(self, head: Sequence[HeaderTuple]) -> None:
        self.head = head
        self.stream = 0  # its number, once it is on a connection
        self.unsent: deque[memoryview] = deque()
        self.has_ended_writing = False  # nothing more comes into unsent
        self.has_said_so = False  # to the core
        self.refused_at = 0.0  # when the core first would not look at it, by the loop's clock
        self._carrier: Carrier | None = None
        self._said: list[memoryview] | None = []  # all that was written; None: the core has it
        self._messages: deque[bytes] = deque()
        self._held = 0  # bytes of those
        self._taken = 0  # bytes that came and that the core may not replace yet
        self._partial = bytearray()
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._is_over = False
        self._failure: HotseatError | None = None
        self._when_over: list[Callable[[Call], None]] = []

    # ---- for who talks

    @property
    def is_reading(self) -> bool:
        """Somebody waits for a message."""
        return self._reader is not None

    @property
    def buffered_bytes(self) -> int:
        """What has come and was not read."""
        return self._held

    def done(self) -> bool:
        """The call is over; messages that came before may still be read."""
        return self._is_over

    def add_done_callback(self, callback: "Callable[[Call], None]") -> None:
        """Have it called once the call is over."""
        self._when_over.append(callback)

    def cancel(self) -> None:
        """End the call at once; what came and was not read is gone."""
        if not self._is_over:
            self._messages.clear()
            self.end(HotseatError("the call was cancelled here", code=grpc.StatusCode.CANCELLED))

    async def hang_up(self) -> None:
        """The same, for who waits until that is done."""
        self.cancel()

    async def read(self) -> pb.ConverseResponse | None:
        """Return the next message; None: the core has ended the stream. Raises HotseatError."""
        while not self._messages:
            if self._is_over:
                if self._failure is not None:
                    raise self._failure
                return None
            if self._reader is not None:
                raise RuntimeError("another task reads this call")
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        data = self._messages.popleft()
        self._held -= len(data) + _PREFIX
        self._refill()
        try:
            return pb.ConverseResponse.FromString(data)
        except DecodeError as error:
            failure = heads.garbled("it is no message")
            self.end(failure)
            raise failure from error

    async def write(self, message: pb.ConverseRequest) -> None:
        """Send a message; it is on its way when this returns. Raises HotseatError."""
        self._check()
        data = message.SerializeToString()
        framed = memoryview(b"\0" + len(data).to_bytes(4, "big") + data)
        self.unsent.append(framed)
        if self._said is not None:
            self._said.append(framed)
        await self._send()

    async def done_writing(self) -> None:
        """Say that no more is written."""
        if not (self._is_over or self.has_ended_writing):
            self.has_ended_writing = True
            await self._send()

    async def _send(self) -> None:
        if self._carrier is not None:
            self._carrier.flush(self)
        while self.unsent or self._carrier is None:
            self._check()
            if self._writer is None:
                self._writer = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._writer)  # who is cancelled leaves it to the next

    def _check(self) -> None:
        if self._is_over:
            raise self._failure or HotseatError("the core has ended the stream", code=grpc.StatusCode.OK)

    # ---- for its connection

    def carry(self, carrier: Carrier, stream: int) -> None:
        """Be carried from now on."""
        self._carrier, self.stream = carrier, stream
        self.sent()

    def heard(self) -> None:
        """Heed that the core answers: the call can't be begun again."""
        self._said = None

    def set_back(self) -> bool:
        """Be as if it had not begun; False: the core answers already."""
        if self._said is None:
            return False
        self.unsent = deque(self._said)
        self._carrier, self.stream, self.has_said_so = None, 0, False
        return True

    def sent(self) -> None:
        """Heed that something of it was sent."""
        if self._writer is not None and not self.unsent:
            writer, self._writer = self._writer, None
            writer.set_result(None)

    def take(self, data: bytes, size: int) -> None:
        """Take in what came; size: bytes of the window that it took. Raises ValueError where it is no message."""
        self._taken += size
        partial = self._partial
        if not partial and len(data) >= _PREFIX and len(data) == _PREFIX + _length(data):
            self._put(data[_PREFIX:])  # as a rule
        elif data:
            partial += data
            self._cut(partial)
        self._refill()

    def _cut(self, partial: bytearray) -> None:
        at = 0
        while len(partial) - at >= _PREFIX:
            after = at + _PREFIX + _length(partial[at : at + _PREFIX])
            if after > len(partial):
                break
            self._put(bytes(partial[at + _PREFIX : after]))
            at = after
        del partial[:at]

    def _put(self, message: bytes) -> None:
        self._messages.append(message)
        self._held += len(message) + _PREFIX
        self._wake_reader()

    def _refill(self) -> None:
        # What waits to be read keeps its place; a message that is not whole yet needs room to become so.
        free = self._taken - self._held
        if free >= WINDOW_BYTES // 2 and self._carrier is not None and not self._is_over:
            self._taken -= free
            self._carrier.take_up(self, free)

    def end(self, failure: HotseatError | None, *, by_server: bool = False) -> None:
        """Be over; what came before can still be read."""
        if self._is_over:
            return
        self._is_over, self._failure = True, failure
        if self._carrier is not None and not by_server:
            self._carrier.drop(self)
        self.unsent.clear()
        self._said = None
        self._partial.clear()
        self._wake_reader()
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.set_result(None)
        callbacks, self._when_over = self._when_over, []
        for callback in callbacks:
            callback(self)

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


def _length(prefix: bytes | bytearray) -> int:
    if prefix[0]:
        raise ValueError("a message is compressed, which was not offered")
    length = int.from_bytes(prefix[1:_PREFIX], "big")
    if length > MAX_MESSAGE_BYTES:
        raise ValueError("a message is too large")
    return length
