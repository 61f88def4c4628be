"""The code in which HTTP/2 may write header texts: RFC 7541, appendix B. Pure."""

from collections.abc import Iterator
from functools import cache

_EOS = 256
# Of each symbol, how many bits its code has. The code is canonical: the lengths say all of it.
_LENGTHS = (
    *(13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28),
    *(28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15),
    *(6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6),
    *(15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22),
    *(20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23),
    *(23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22),
    *(22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26),
    *(27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27),
    *(26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30),
)


def decode(data: bytes) -> bytes:
    """The text. Raises ValueError where it is none."""
    symbols, found = _symbols(), bytearray()
    code = length = 0
    for byte in data:
        for place in range(7, -1, -1):
            code, length = code << 1 | byte >> place & 1, length + 1
            symbol = symbols.get((length, code))
            if symbol is not None:
                if symbol == _EOS:
                    raise ValueError("a text says its own end")
                found.append(symbol)
                code = length = 0
    # The last byte is filled up with ones.
    if length > 7 or code != (1 << length) - 1:
        raise ValueError("a text ends within a symbol")
    return bytes(found)


@cache
def _symbols() -> dict[tuple[int, int], int]:
    return {key: symbol for symbol, key in enumerate_codes()}


def enumerate_codes() -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield each symbol with the length and the value of its code."""
    code = before = 0
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(_LENGTHS)):
        code <<= length - before
        yield symbol, (length, code)
        code, before = code + 1, length
