"""HTTP/2 frames, and bytes cut into them: RFC 9113, section 4. Pure."""

from collections.abc import Iterator
from struct import Struct

DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
END_STREAM = ACK = 0x1
END_HEADERS, PADDED, PRIORITY = 0x4, 0x8, 0x20
MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, ENABLE_PUSH = 3, 4, 5, 2

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_BYTES = 16_384  # the largest that either side may send unasked
WINDOW_BYTES = 65_535  # what either side may send before it was told more

_HEAD = 9
_SETTING = Struct(">HI")
_NUMBER = Struct(">I")

Frame = tuple[int, int, int, bytes]  # type, flags, stream, payload


def head(kind: int, flags: int, stream: int, size: int) -> bytes:
    """What comes before a payload of this size."""
    return size.to_bytes(3, "big") + bytes((kind, flags)) + _NUMBER.pack(stream)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    return head(kind, flags, stream, len(payload)) + payload


def settings(values: dict[int, int]) -> bytes:
    """The frame that tells what we take."""
    return frame(SETTINGS, 0, 0, b"".join(_SETTING.pack(name, value) for name, value in values.items()))


def window_update(stream: int, size: int) -> bytes:
    """The frame that lets the other side send so many bytes more."""
    return frame(WINDOW_UPDATE, 0, stream, _NUMBER.pack(size))


def reset(stream: int, code: int) -> bytes:
    """The frame that ends a stream at once."""
    return frame(RST_STREAM, 0, stream, _NUMBER.pack(code))


def number(payload: bytes) -> int:
    """The one number that a payload is, or begins with. Raises ValueError."""
    if len(payload) < _NUMBER.size:
        raise ValueError("a frame is too short")
    found: int = _NUMBER.unpack_from(payload)[0]
    return found


def settings_in(payload: bytes) -> Iterator[tuple[int, int]]:
    """Yield the names and values of a SETTINGS frame. Raises ValueError."""
    if len(payload) % _SETTING.size:
        raise ValueError("settings of an odd length")
    yield from _SETTING.iter_unpack(payload)


def unpadded(flags: int, payload: bytes) -> bytes:
    """The payload of DATA or HEADERS without what is put around it. Raises ValueError."""
    begin, end = 0, len(payload)
    if flags & PADDED:
        if not payload or payload[0] >= end:
            raise ValueError("a frame is padded beyond its end")
        begin, end = 1, end - payload[0]
    if flags & PRIORITY:
        begin += 5
    if begin > end:
        raise ValueError("a frame is too short")
    return payload[begin:end]


class Cutter:
    """Cuts what comes into whole frames."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that are whole now. Raises ValueError where one is larger than it may be."""
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        while end - at >= _HEAD:
            size = int.from_bytes(data[at : at + 3], "big")
            if size > FRAME_BYTES:
                raise ValueError("a frame is too large")
            after = at + _HEAD + size
            if after > end:
                break
            stream = int.from_bytes(data[at + 5 : at + _HEAD], "big") & 0x7FFFFFFF
            yield data[at + 3], data[at + 4], stream, data[at + _HEAD : after]
            at = after
        self._rest = data[at:]
