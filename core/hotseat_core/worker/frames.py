"""Bytes of the CLI's standard output to lines, and lines to JSON objects. No I/O."""

import json
from typing import Any

import msgspec

MAX_LINE_BYTES = 32 * 1024 * 1024

Message = dict[str, Any]

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


class LineTooLongError(ValueError):
    """A line went over its bound; the stream can't be trusted any more."""


class LineFramer:
    """Cuts a byte stream into lines without ever copying a fragment twice."""

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._max = max_line_bytes
        self._fragments: list[bytes] = []  # of the unfinished line, none of them holds a newline
        self._size = 0  # bytes in _fragments; at most _max

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that chunk completes, without their newlines and without empty ones.

        Raises LineTooLongError where a line grows over the bound, finished or not.
        """
        head, newline, rest = chunk.partition(b"\n")
        self._hold(head)
        if not newline:
            return []
        lines = [b"".join(self._fragments), *rest.split(b"\n")]
        self._fragments, self._size = [], 0
        self._hold(lines.pop())
        if any(len(line) > self._max for line in lines):
            raise LineTooLongError(f"a line of the CLI is longer than {self._max} bytes")
        return [line for line in lines if line]

    @property
    def tail(self) -> bytes:
        """The unfinished line: what is left at the end of the stream."""
        return b"".join(self._fragments)

    def _hold(self, fragment: bytes) -> None:
        if not fragment:
            return
        self._size += len(fragment)
        if self._size > self._max:
            raise LineTooLongError(f"a line of the CLI is longer than {self._max} bytes")
        self._fragments.append(fragment)


def decode(line: bytes) -> Message | None:
    """Return the JSON object on the line, every string of it valid Unicode; None where it holds anything else."""
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decode_leniently(line)


def encode(message: Message) -> bytes:
    """Return message as one line for the CLI's standard input.

    The CLI exits at the first malformed line, so nothing else may ever write to it. Raises
    UnicodeEncodeError where a string holds a lone surrogate.
    """
    # JavaScript line readers may break at U+2028 and U+2029; in JSON they stand in strings only.
    line = _encode(message).replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return line + b"\n"


def _decode_leniently(line: bytes) -> Message | None:
    # JavaScript writes half of a surrogate pair as an escape, where a stream cut a character in two.
    try:
        value = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return _scrub(value) if isinstance(value, dict) else None


def _scrub(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_scrub(item) for item in value]
    if isinstance(value, dict):
        return {_scrub(key): _scrub(item) for key, item in value.items()}
    return value


def text_in(value: object) -> str:
    """Return a string out of a message. Raises TypeError where it is none."""
    if not isinstance(value, str):
        raise TypeError(f"expected a text, got {type(value).__name__}")
    return value
