"""Reads what a call to the model has used off its answer, in passing."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

# Content holds no bare line break: these are found where an event begins, and nowhere else.
_START, _DELTA = b"\nevent: message_start", b"\nevent: message_delta"
_PIECE = b"event: content_block_delta"
_LONGEST_EVENT = 64 * 1024  # of those two, which have some hundred bytes
_LONGEST_BODY = 16 * 2**20  # of an answer that is not streamed


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a call has used, as the provider counts."""

    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    is_final: bool = False  # False: the answer was cut, and a token for each of its pieces is our guess

    @property
    def total(self) -> int:
        """All of them, cached ones included."""
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens


class Meter(Protocol):
    """Follows an answer's body."""

    token_s: float  # from one token to the next, on average; 0: that can't be told

    def feed(self, data: bytes) -> None:
        """Read on."""

    def tokens(self) -> Tokens:
        """Return what was used, as far as is known."""


class StreamMeter:
    """Follows a stream of events, which may be cut anywhere. A piece of content costs two searches, and no more."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._first_at = 0.0  # a piece of content came
        self.token_s = 0.0
        self._model = ""
        self._usage: dict[str, Any] = {}
        self._pieces = 0
        self._is_final = False
        self._wanted = _START
        self._held = b"\n"  # what may be the beginning of the wanted event, or of its first line

    def feed(self, data: bytes) -> None:
        """Read on."""
        if pieces := data.count(_PIECE):
            self._first_at = self._first_at or self._clock()
            self._pieces += pieces
        held = self._held + data
        while (at := held.find(self._wanted)) >= 0:
            begin = held.find(b"data:", at)
            end = held.find(b"\n", begin) if begin >= 0 else -1
            if end < 0:
                self._held = held[at:] if len(held) - at <= _LONGEST_EVENT else b""
                return
            self._read(held[begin + 5 : end])
            held = held[end:]
        self._held = held[1 - len(self._wanted) :]

    def tokens(self) -> Tokens:
        """Return what was used, as far as is known."""
        found = _tokens(self._model, self._usage, is_final=self._is_final)
        if self._is_final or not self._model:
            return found
        return dataclasses.replace(found, output_tokens=max(found.output_tokens, self._pieces))

    def _read(self, text: bytes) -> None:
        told = _decode(text)
        if self._wanted is _START:
            message = _object(told.get("message"))
            self._model = str(message.get("model") or "")
            self._usage = _object(message.get("usage"))
            self._wanted = _DELTA
        else:
            self._usage |= {name: value for name, value in _object(told.get("usage")).items() if value is not None}
            self._is_final = True
            self._note_pace()

    def _note_pace(self) -> None:
        """The answer's last event but one is read: its tokens are counted, and its first piece is one of them."""
        count = self._usage.get("output_tokens")
        if self._first_at and isinstance(count, int) and count > 1:
            self.token_s = (self._clock() - self._first_at) / (count - 1)


class WholeMeter:
    """Keeps an answer that comes in one piece, and reads it at its end."""

    token_s = 0.0

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Keep it."""
        self._size += len(data)
        if self._size <= _LONGEST_BODY:
            self._pieces.append(data)

    def tokens(self) -> Tokens:
        """Return what was used, as far as is known."""
        message = _decode(b"".join(self._pieces)) if self._size <= _LONGEST_BODY else {}
        return _tokens(str(message.get("model") or ""), _object(message.get("usage")), is_final="usage" in message)


class NoMeter:
    """For answers that cost nothing."""

    token_s = 0.0

    def feed(self, data: bytes) -> None:
        """Let it pass."""

    def tokens(self) -> Tokens:
        """Return nothing."""
        return Tokens()


def meter_for(target: bytes, status: int, content_type: bytes, clock: Callable[[], float]) -> Meter:
    """Return what reads the answer to a request for this target, as it comes by this clock."""
    if status != 200 or not target.partition(b"?")[0].endswith(b"/v1/messages"):
        return NoMeter()
    return StreamMeter(clock) if content_type.startswith(b"text/event-stream") else WholeMeter()


def _tokens(model: str, usage: dict[str, Any], *, is_final: bool) -> Tokens:
    def count(name: str) -> int:
        value = usage.get(name)
        return value if isinstance(value, int) else 0

    return Tokens(
        model=model,
        input_tokens=count("input_tokens"),
        output_tokens=count("output_tokens"),
        cache_read_tokens=count("cache_read_input_tokens"),
        cache_write_tokens=count("cache_creation_input_tokens"),
        is_final=is_final,
    )


def _decode(text: bytes) -> dict[str, Any]:
    try:
        told = msgspec.json.decode(text)
    except msgspec.DecodeError:  # another provider's dialect: what it does not say is not counted
        return {}
    return _object(told)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
