"""One HTTP/2 connection to the core: frames in and out, on the loop's own callbacks."""

import asyncio
from collections.abc import Callable
from struct import Struct
from typing import cast

from hotseat import HotseatError

from hotseat_edge.http2 import frames, heads, hpack
from hotseat_edge.http2.call import WINDOW_BYTES, Call
from hotseat_edge.http2.frames import ACK, END_HEADERS, END_STREAM, Frame

_CONNECTION_WINDOW_BYTES = 16 * 2**20  # each call has a bound of its own
_MOST_HEAD_BYTES = 64 * 1024
_LAST_STREAM = 2**31 - 1
_MOST_WINDOW = 2**31 - 1
_NO_ERROR, _PROTOCOL_ERROR = 0, 1
_GOODBYE = Struct(">II")
_KEEPALIVE_S, _KEEPALIVE_TIMEOUT_S = 30.0, 10.0
_LOST = "the connection to the core was lost"


class Connection(asyncio.Protocol):
    """Carries calls. `greeted` is done once the core has said that it speaks HTTP/2, or will not."""

    def __init__(
        self,
        when_free: Callable[[], None],
        *,
        keepalive_s: float = _KEEPALIVE_S,
        keepalive_timeout_s: float = _KEEPALIVE_TIMEOUT_S,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.greeted: asyncio.Future[None] = self._loop.create_future()
        self._when_free = when_free  # there may be room for one more, or never again
        self._keepalive_s = keepalive_s
        self._keepalive_timeout_s = keepalive_timeout_s
        self._transport: asyncio.Transport | None = None
        self._cutter = frames.Cutter()
        self._decoder = hpack.Decoder()
        self._calls: dict[int, Call] = {}
        self._next = 1
        self._is_leaving = False  # no new call may begin
        self._most_calls = _LAST_STREAM
        self._window = frames.WINDOW_BYTES  # bytes that may still be sent, of all calls together
        self._call_window = frames.WINDOW_BYTES
        self._frame_bytes = frames.FRAME_BYTES
        self._taken = 0  # bytes that came and that the core may not replace yet
        self._head: tuple[int, int, bytearray] | None = None  # one that is not whole yet
        self._heard = True  # since the timer was set
        self._asked = False  # whether it is still there, when the timer was set
        self._timer: asyncio.TimerHandle | None = None

    # ---- for the channel

    @property
    def is_alive(self) -> bool:
        """Calls that it carries go on."""
        return self._transport is not None

    @property
    def is_usable(self) -> bool:
        """New calls may begin, now or when others have ended."""
        return self._transport is not None and not self._is_leaving and self._next < _LAST_STREAM

    @property
    def has_room(self) -> bool:
        """One more may begin now."""
        return self.is_usable and len(self._calls) < self._most_calls

    def begin(self, call: Call) -> None:
        """Carry a call from now on."""
        stream, self._next = self._next, self._next + 2
        self._calls[stream] = call
        self._write(frames.frame(frames.HEADERS, END_HEADERS, stream, call.head))
        call.carry(self, stream, self._call_window)
        self.flush(call)

    def close(self) -> None:
        """End it, and all that it carries."""
        self._lose(_LOST)

    # ---- for its calls

    def flush(self, call: Call) -> None:
        """Send what the windows let through."""
        out: list[bytes | memoryview] = []
        while call.unsent:
            data = call.unsent[0]
            room = min(call.window, self._window, self._frame_bytes)
            if room <= 0:
                break
            piece = data[:room]
            if len(piece) == len(data):
                call.unsent.popleft()
            else:
                call.unsent[0] = data[room:]
            call.window -= len(piece)
            self._window -= len(piece)
            out += (frames.head(frames.DATA, 0, call.stream, len(piece)), piece)
        if call.has_ended_writing and not call.unsent and not call.has_said_so:
            call.has_said_so = True
            out.append(frames.frame(frames.DATA, END_STREAM, call.stream))
        if out:
            self._write(b"".join(out))
            call.sent()

    def take_up(self, call: Call, size: int) -> None:
        """Let the core send so many bytes more of a call."""
        self._write(frames.window_update(call.stream, size))

    def drop(self, call: Call) -> None:
        """Tell the core that a call is over."""
        if self._calls.pop(call.stream, None) is not None:
            self._write(frames.reset(call.stream, heads.CANCEL))
            self._freed()

    # ---- for the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello."""
        self._transport = tcp = cast("asyncio.Transport", transport)
        ours = {frames.ENABLE_PUSH: 0, frames.INITIAL_WINDOW_SIZE: WINDOW_BYTES}
        more = frames.window_update(0, _CONNECTION_WINDOW_BYTES - frames.WINDOW_BYTES)
        tcp.write(frames.PREFACE + frames.settings(ours) + more)
        self._timer = self._loop.call_later(self._keepalive_s, self._check_silence)

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        self._heard = True
        try:
            for frame in self._cutter.feed(data):
                self._take(frame)
        except ValueError as error:
            self._write(frames.frame(frames.GOAWAY, 0, 0, _GOODBYE.pack(0, _PROTOCOL_ERROR)))
            self._lose(f"what the core sent is no HTTP/2: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell all who are on it."""
        self._lose(f"{_LOST}: {exc}" if exc is not None else _LOST)

    # ---- frames

    def _take(self, frame: Frame) -> None:
        kind, flags, stream, payload = frame
        if self._head is not None and kind != frames.CONTINUATION:
            raise ValueError("a header block was broken off")
        if kind == frames.DATA:
            self._take_data(flags, stream, payload)
        elif kind == frames.HEADERS:
            self._head = (stream, flags, bytearray(frames.unpadded(flags, payload)))
            self._take_head(flags)
        elif kind == frames.CONTINUATION:
            if self._head is None or self._head[0] != stream:
                raise ValueError("the rest of a header block came out of turn")
            self._head[2].extend(payload)
            self._take_head(flags)
        elif kind == frames.RST_STREAM:
            self._end(stream, heads.cut_off(frames.number(payload)))
        elif kind == frames.WINDOW_UPDATE:
            self._widen(stream, frames.number(payload) & _MOST_WINDOW)
        else:
            self._take_notice(kind, flags, payload)

    def _take_notice(self, kind: int, flags: int, payload: bytes) -> None:
        """Of the connection itself; what is unknown is to be ignored."""
        if kind == frames.SETTINGS and not flags & ACK:
            self._heed(payload)
        elif kind == frames.PING and not flags & ACK:
            self._write(frames.frame(frames.PING, ACK, 0, payload))
        elif kind == frames.GOAWAY:
            self._leave(frames.number(payload) & _LAST_STREAM)
        elif kind == frames.PUSH_PROMISE:
            raise ValueError("the core pushes what nobody asked for")

    def _take_data(self, flags: int, stream: int, payload: bytes) -> None:
        self._taken += len(payload)
        if self._taken >= _CONNECTION_WINDOW_BYTES // 2:
            self._write(frames.window_update(0, self._taken))
            self._taken = 0
        call = self._calls.get(stream)
        if call is None:
            return  # it was dropped a moment ago
        data = frames.unpadded(frames.PADDED, payload) if flags & frames.PADDED else payload
        try:
            call.take(data, len(payload))
        except ValueError as error:
            call.end(heads.garbled(str(error)))
        if flags & END_STREAM:
            self._end(stream, heads.ending([]))

    def _take_head(self, flags: int) -> None:
        assert self._head is not None  # noqa: S101 -- the callers have seen to it
        stream, first_flags, block = self._head
        if len(block) > _MOST_HEAD_BYTES:
            raise ValueError("a header block is too large")
        if not flags & END_HEADERS:
            return
        self._head = None
        fields = self._decoder.decode(bytes(block))
        call = self._calls.get(stream)
        if call is None:
            return
        if first_flags & END_STREAM:
            self._end(stream, heads.ending(fields))
        elif not call.has_begun:
            call.has_begun = True
            if (failure := heads.refusal(fields)) is not None:
                call.end(failure)

    def _heed(self, payload: bytes) -> None:
        for name, value in frames.settings_in(payload):
            if name == frames.MAX_CONCURRENT_STREAMS:
                self._most_calls = value
            elif name == frames.MAX_FRAME_SIZE:
                self._frame_bytes = max(value, frames.FRAME_BYTES)
            elif name == frames.INITIAL_WINDOW_SIZE:
                change, self._call_window = value - self._call_window, value
                for call in self._calls.values():
                    call.window += change
        self._write(frames.frame(frames.SETTINGS, ACK, 0))
        if not self.greeted.done():
            self.greeted.set_result(None)
        self._flush_all()
        self._when_free()

    def _widen(self, stream: int, size: int) -> None:
        if stream == 0:
            self._window += size
            self._flush_all()
        elif (call := self._calls.get(stream)) is not None:
            call.window += size
            self.flush(call)

    def _flush_all(self) -> None:
        for call in [*self._calls.values()]:
            self.flush(call)

    # ---- ends

    def _end(self, stream: int, failure: HotseatError | None) -> None:
        call = self._calls.pop(stream, None)
        if call is None:
            return
        if not call.has_said_so:
            self._write(frames.reset(stream, _NO_ERROR))  # nothing more comes from here
        call.end(failure, by_server=True)
        self._freed()

    def _freed(self) -> None:
        if self._is_leaving and not self._calls:
            self._lose(_LOST)
        else:
            self._when_free()

    def _leave(self, last: int) -> None:
        """Heed that the core wants no new calls, and has not looked at those after the last one."""
        self._is_leaving = True
        for stream in [stream for stream in self._calls if stream > last]:
            call = self._calls.pop(stream)
            call.end(heads.lost("the core has ended the connection"), by_server=True)
        self._freed()
        self._when_free()

    def _lose(self, why: str) -> None:
        self._is_leaving = True
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self.greeted.done():
            self.greeted.set_exception(heads.lost(why))
            self.greeted.exception()  # who waited may be gone
        calls, self._calls = self._calls, {}
        for call in calls.values():
            call.end(heads.lost(why), by_server=True)
        if transport is not None:
            self._when_free()

    def _check_silence(self) -> None:
        """Ask whether the core is still there, where calls wait and nothing was heard."""
        waits_s = self._keepalive_s
        if not self._heard and self._asked:
            if self._transport is not None:
                self._transport.abort()
            self._lose("the core has not answered for too long")
            return
        self._asked = bool(self._calls) and not self._heard
        if self._asked:
            self._write(frames.frame(frames.PING, 0, 0, bytes(8)))
            waits_s = self._keepalive_timeout_s
        self._heard = False
        self._timer = self._loop.call_later(waits_s, self._check_silence)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)
