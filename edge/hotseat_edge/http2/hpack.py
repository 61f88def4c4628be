"""Header fields as HTTP/2 writes them: RFC 7541. Pure, but for the table that each direction of a connection has."""

from collections import deque

from hotseat_edge.http2 import huffman

Field = tuple[str, str]

TABLE_BYTES = 4096
_OVERHEAD = 32  # of an entry, by the document
_STATIC: tuple[Field, ...] = (
    (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"),
    (":scheme", "http"), (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"),
    (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500"), ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""), ("accept", ""),
    ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""),
    ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
    ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""), ("etag", ""),
    ("expect", ""), ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""), ("if-modified-since", ""),
    ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""),
    ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""), ("range", ""),
    ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""), ("set-cookie", ""),
    ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""), ("via", ""),
    ("www-authenticate", ""),
)  # fmt: skip
_LONGEST_INTEGER = 4  # bytes after the first


def encode(fields: list[Field]) -> bytes:
    """The fields, written out, with a request not to keep them in any table: keys are among them."""
    return b"".join(b"\x10" + _text(name) + _text(value) for name, value in fields)


def _text(text: str) -> bytes:
    data = text.encode("latin-1")
    return _integer(len(data)) + data


def _integer(value: int) -> bytes:
    if value < 127:
        return bytes((value,))
    written, rest = bytearray((127,)), value - 127
    while rest >= 128:
        written.append(rest & 127 | 128)
        rest >>= 7
    written.append(rest)
    return bytes(written)


class Decoder:
    """Reads the header blocks of one connection, in their order: they share a table."""

    def __init__(self) -> None:
        self._table: deque[Field] = deque()  # the newest first
        self._size = 0
        self._most = TABLE_BYTES

    def decode(self, block: bytes) -> list[Field]:
        """The fields of a block. Raises ValueError where it is none."""
        reading, fields = _Reading(block), list[Field]()
        while reading.has_more:
            first = reading.peek()
            if first & 0x80:
                fields.append(self._entry(reading.integer(7)))
            elif first & 0x40:
                fields.append(self._keep(self._literal(reading, 6)))
            elif first & 0x20:
                self._resize(reading.integer(5))
            else:
                fields.append(self._literal(reading, 4))
        return fields

    def _literal(self, reading: "_Reading", bits: int) -> Field:
        place = reading.integer(bits)
        name = self._entry(place)[0] if place else reading.text()
        return name, reading.text()

    def _entry(self, place: int) -> Field:
        if 0 < place <= len(_STATIC):
            return _STATIC[place - 1]
        if 0 < place <= len(_STATIC) + len(self._table):
            return self._table[place - len(_STATIC) - 1]
        raise ValueError("a header field is in no table")

    def _keep(self, field: Field) -> Field:
        self._size += _size(field)
        self._table.appendleft(field)
        self._shrink()
        return field

    def _resize(self, most: int) -> None:
        if most > TABLE_BYTES:
            raise ValueError("the table of header fields is larger than was agreed")
        self._most = most
        self._shrink()

    def _shrink(self) -> None:
        while self._size > self._most:
            self._size -= _size(self._table.pop())


def _size(field: Field) -> int:
    return len(field[0]) + len(field[1]) + _OVERHEAD


class _Reading:
    """A block, and how far it has been read."""

    def __init__(self, block: bytes) -> None:
        self._block = block
        self._at = 0

    @property
    def has_more(self) -> bool:
        return self._at < len(self._block)

    def peek(self) -> int:
        if not self.has_more:
            raise ValueError("a header block ends too early")
        return self._block[self._at]

    def integer(self, bits: int) -> int:
        most = (1 << bits) - 1
        value = self._byte() & most
        if value < most:
            return value
        for place in range(_LONGEST_INTEGER):
            byte = self._byte()
            value += (byte & 127) << 7 * place
            if byte < 128:
                return value
        raise ValueError("a number in a header block is too large")

    def text(self) -> str:
        is_coded = self.peek() & 0x80
        length = self.integer(7)
        data = self._block[self._at : self._at + length]
        if len(data) < length:
            raise ValueError("a header block ends too early")
        self._at += length
        return (huffman.decode(data) if is_coded else data).decode("latin-1")

    def _byte(self) -> int:
        byte = self.peek()
        self._at += 1
        return byte
