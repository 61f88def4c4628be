"""One connection to the core, on the loop's own callbacks."""

import asyncio
from collections.abc import Callable
from typing import cast

from h2 import events
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from hotseat import HotseatError

from hotseat_edge.http2 import heads
from hotseat_edge.http2.call import Call
from hotseat_edge.http2.framing import CONNECTION_WINDOW_BYTES, Framing

_KEEPALIVE_S, _KEEPALIVE_TIMEOUT_S = 30.0, 10.0
_LOST = "the connection to the core was lost"


class Connection(asyncio.Protocol):
    """Carries calls. `greeted` is done once the core has said that it speaks HTTP/2, or will not."""

    def __init__(
        self,
        when_free: Callable[[], None],
        when_unserved: Callable[[Call], None],
        *,
        keepalive_s: float = _KEEPALIVE_S,
        keepalive_timeout_s: float = _KEEPALIVE_TIMEOUT_S,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.greeted: asyncio.Future[None] = self._loop.create_future()
        self._when_free = when_free  # there may be room for one more, or never again
        self._when_unserved = when_unserved  # a call that the core has not looked at is to be begun again
        self._keepalive_s = keepalive_s
        self._keepalive_timeout_s = keepalive_timeout_s
        self._transport: asyncio.Transport | None = None
        self._framing = Framing()
        self._calls: dict[int, Call] = {}
        self._is_leaving = False  # no new call may begin
        self._taken = 0  # bytes that came and that the core may not replace yet
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
        framing = self._framing
        has_numbers = framing.highest_outbound_stream_id < framing.HIGHEST_ALLOWED_STREAM_ID
        return self._transport is not None and not self._is_leaving and has_numbers

    @property
    def has_room(self) -> bool:
        """One more may begin now."""
        return self.is_usable and len(self._calls) < self._framing.remote_settings.max_concurrent_streams

    def begin(self, call: Call) -> None:
        """Carry a call from now on."""
        stream = self._framing.get_next_available_stream_id()
        self._calls[stream] = call
        self._framing.send_headers(stream, call.head)
        call.carry(self, stream)
        self.flush(call)

    def close(self) -> None:
        """End it, and all that it carries."""
        self._lose(_LOST)

    # ---- for its calls

    def flush(self, call: Call) -> None:
        """Send what the windows let through."""
        framing, stream = self._framing, call.stream
        if not framing.is_open(stream):
            return  # its end was heard, and will be told
        while call.unsent and (room := framing.room(stream)) > 0:
            data = call.unsent.popleft()
            if len(data) > room:
                call.unsent.appendleft(data[room:])
            framing.send_data(stream, data[:room])
        if call.has_ended_writing and not call.unsent and not call.has_said_so:
            call.has_said_so = True
            framing.end_stream(stream)
        self._send()
        call.sent()

    def take_up(self, call: Call, size: int) -> None:
        """Let the core send so many bytes more of a call."""
        if self._framing.is_open(call.stream):
            self._framing.increment_flow_control_window(size, call.stream)
            self._send()

    def drop(self, call: Call) -> None:
        """Tell the core that a call is over."""
        if self._calls.pop(call.stream, None) is not None:
            self._reset(call.stream, ErrorCodes.CANCEL)
            self._send()
            self._freed()

    # ---- for the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello."""
        self._transport = cast("asyncio.Transport", transport)
        self._send()
        self._timer = self._loop.call_later(self._keepalive_s, self._check_silence)

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        self._heard = True
        try:
            came = self._framing.receive_data(data)
        except ProtocolError as error:
            self._lose(f"what the core sent is no HTTP/2: {error}")
            return
        for event in came:
            self._take(event)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell all who are on it."""
        self._lose(f"{_LOST}: {exc}" if exc is not None else _LOST)

    # ---- what came

    def _take(self, event: events.Event) -> None:
        match event:
            case events.DataReceived():
                self._take_data(event)
            case events.ResponseReceived():
                self._take_head(event)
            case events.TrailersReceived():
                self._end(event.stream_id, heads.ending(heads.fields(event.headers)))
            case events.StreamReset():
                self._cut_off(event.stream_id, event.error_code)
            case events.WindowUpdated():
                self._heed_window(event.stream_id)
            case events.RemoteSettingsChanged():
                self._heed_settings()
            case events.ConnectionTerminated():
                self._leave(event.last_stream_id or 0)

    def _take_data(self, event: events.DataReceived) -> None:
        stream, size = event.stream_id, event.flow_controlled_length
        self._taken += size
        if self._taken >= CONNECTION_WINDOW_BYTES // 2:
            self._framing.increment_flow_control_window(self._taken)
            self._taken = 0
        call = self._calls.get(stream)
        if call is None:
            return  # it was dropped a moment ago
        try:
            call.take(event.data, size)
        except ValueError as error:
            call.end(heads.garbled(str(error)))
        if event.stream_ended is not None:
            self._end(stream, heads.ending([]))

    def _take_head(self, event: events.ResponseReceived) -> None:
        call, fields = self._calls.get(event.stream_id), heads.fields(event.headers)
        if event.stream_ended is not None:
            self._end(event.stream_id, heads.ending(fields))
        elif call is not None:
            call.heard()
            if (failure := heads.refusal(fields)) is not None:
                call.end(failure)

    def _heed_settings(self) -> None:
        if not self.greeted.done():
            self.greeted.set_result(None)
        self._flush_all()
        self._when_free()

    def _heed_window(self, stream: int) -> None:
        if stream == 0:
            self._flush_all()
        elif (call := self._calls.get(stream)) is not None:
            self.flush(call)

    def _flush_all(self) -> None:
        for call in [*self._calls.values()]:
            self.flush(call)

    # ---- ends

    def _cut_off(self, stream: int, code: int) -> None:
        # RFC 9113 (8.7): the core has done nothing with a stream that it refuses.
        if code == ErrorCodes.REFUSED_STREAM and self._give_back(stream):
            self._freed()
        else:
            self._end(stream, heads.cut_off(code))

    def _give_back(self, stream: int) -> bool:
        """Have a call begun again that the core has not looked at; False: it has."""
        call = self._calls.get(stream)
        if call is None or not call.set_back():
            return False
        del self._calls[stream]
        self._when_unserved(call)
        return True

    def _end(self, stream: int, failure: HotseatError | None) -> None:
        call = self._calls.pop(stream, None)
        if call is None:
            return
        self._reset(stream, ErrorCodes.NO_ERROR)  # nothing more comes from here
        call.end(failure, by_server=True)
        self._freed()

    def _reset(self, stream: int, code: ErrorCodes) -> None:
        if self._framing.is_open(stream):
            self._framing.reset_stream(stream, code)

    def _freed(self) -> None:
        if self._is_leaving and not self._calls:
            self._lose(_LOST)
        else:
            self._when_free()

    def _leave(self, last: int) -> None:
        """Heed that the core wants no new calls, and has not looked at those after the last one."""
        self._is_leaving = True
        for stream in [stream for stream in self._calls if stream > last]:
            if not self._give_back(stream):
                self._calls.pop(stream).end(heads.lost("the core has ended the connection"), by_server=True)
        self._freed()

    def _lose(self, why: str) -> None:
        self._is_leaving = True
        self._send()
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
            self._framing.ping(bytes(8))
            self._send()
            waits_s = self._keepalive_timeout_s
        self._heard = False
        self._timer = self._loop.call_later(waits_s, self._check_silence)

    def _send(self) -> None:
        data = self._framing.data_to_send()
        if data and self._transport is not None:
            self._transport.write(data)
