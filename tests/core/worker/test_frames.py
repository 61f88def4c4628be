"""Bytes to lines and lines to objects."""

import pytest
from hotseat_core.worker.frames import LineFramer, LineTooLongError, decode, encode


@pytest.mark.parametrize(
    ("chunks", "lines", "tail"),
    [
        ([b""], [], b""),
        ([b"a"], [], b"a"),
        ([b"a\n"], [b"a"], b""),
        ([b"a", b"\n"], [b"a"], b""),
        ([b"a\nb"], [b"a"], b"b"),
        ([b"a\nb", b"c\nd\n"], [b"a", b"bc", b"d"], b""),
        ([b"\n\na\n\n"], [b"a"], b""),
        ([b"\n", b"\n"], [], b""),
        ([b"a\r\nb\r\n"], [b"a\r", b"b\r"], b""),
        ([bytes([byte]) for byte in b"one\ntwo\nthr"], [b"one", b"two"], b"thr"),
    ],
)
def test_lines_come_out_whole_wherever_the_chunks_end(chunks: list[bytes], lines: list[bytes], tail: bytes) -> None:
    framer = LineFramer()
    assert [line for chunk in chunks for line in framer.feed(chunk)] == lines
    assert framer.tail == tail


def test_every_way_to_cut_a_stream_gives_the_same_lines() -> None:
    stream = '{"a":"ü"}\n\n{"b":"\u2028"}\nrest'.encode()
    for first in range(len(stream) + 1):
        for second in range(first, len(stream) + 1):
            framer = LineFramer()
            chunks = (stream[:first], stream[first:second], stream[second:])
            lines = [line for chunk in chunks for line in framer.feed(chunk)]
            assert lines == [b'{"a":"\xc3\xbc"}', b'{"b":"\xe2\x80\xa8"}']
            assert framer.tail == b"rest"


@pytest.mark.parametrize(
    "chunks",
    [
        [b"x" * 11],
        [b"x" * 10, b"x"],
        [b"x" * 11 + b"\n"],
        [b"x" * 10, b"x\n"],
        [b"short\n" + b"x" * 11 + b"\nshort\n"],
        [b"short\n" + b"x" * 11],
    ],
)
def test_a_line_over_its_bound_is_refused_finished_or_not(chunks: list[bytes]) -> None:
    framer = LineFramer(10)
    *before, last = chunks
    for chunk in before:
        assert framer.feed(chunk) == []
    with pytest.raises(LineTooLongError, match="longer than 10 bytes"):
        framer.feed(last)


def test_a_line_of_just_its_bound_passes() -> None:
    framer = LineFramer(10)
    assert framer.feed(b"x" * 10) == []
    assert framer.feed(b"\n" + b"y" * 10 + b"\n") == [b"x" * 10, b"y" * 10]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{}", {}),
        (b'{"a":1}\r', {"a": 1}),
        (b'  {"a":[1,null]} ', {"a": [1, None]}),
        ('{"a":"\u2028"}'.encode(), {"a": "\u2028"}),
        (b'{"a":"\\ud83d\\ude00"}', {"a": "\N{GRINNING FACE}"}),
        # Half a pair: JavaScript writes it where a stream cut a character in two.
        (b'{"a":"x\\ud83d"}', {"a": "x\N{REPLACEMENT CHARACTER}"}),
        (b'{"\\ude00":["\\ude00"]}', {"\N{REPLACEMENT CHARACTER}": ["\N{REPLACEMENT CHARACTER}"]}),
        (b'{"a":"\xff"}', {"a": "\N{REPLACEMENT CHARACTER}"}),
    ],
)
def test_an_object_is_read_and_every_string_of_it_is_valid(line: bytes, message: object) -> None:
    found = decode(line)
    assert found == message
    str(found).encode()


@pytest.mark.parametrize(
    "line",
    [b"garbage", b"[1]", b'"text"', b"1", b"null", b"{", b'{"a":}', b"\r", b"\xff\xfe", b'{"a":' * 100_000],
)
def test_whatever_else_is_on_a_line_is_none(line: bytes) -> None:
    assert decode(line) is None


@pytest.mark.parametrize("text", ["plain", "\u2028 and \u2029", 'quote " and \\ and \n', "\N{GRINNING FACE}", "\x00"])
def test_what_is_sent_is_one_line_for_every_reader_and_reads_back(text: str) -> None:
    line = encode({"text": text})
    assert line.endswith(b"\n")
    assert len(line.decode().splitlines()) == 1
    assert decode(line) == {"text": text}


def test_half_a_surrogate_pair_is_never_sent() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode({"text": "\ud83d"})
