"""Header blocks: the examples of RFC 7541, and what is none."""

from contextlib import suppress

import pytest
from hotseat_edge.http2 import huffman
from hotseat_edge.http2.hpack import Decoder, encode
from hypothesis import given
from hypothesis import strategies as st

# Appendix C.5 and C.6: answers of one connection, plain and in the Huffman code.
# Appendix C.5 and C.6: answers of one connection, plain and in the Huffman code.
RESPONSES = {
    "plain": [
        """4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d
        546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d""",
        "4803 3330 37c1 c0bf",
    ],
    "huffman": [
        """4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7
        8f0b 97c8 e9ae 82ae 43d3""",
        "4883 640e ffc1 c0bf",
    ],
}
FIELDS = [
    ("cache-control", "private"),
    ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
    ("location", "https://www.example.com"),
]


@pytest.mark.parametrize("form", RESPONSES)
def test_the_blocks_of_a_connection_are_read_in_their_order(form: str) -> None:
    decoder = Decoder()
    for block, status in zip(RESPONSES[form], ("302", "307"), strict=True):
        assert decoder.decode(bytes.fromhex(block)) == [(":status", status), *FIELDS]


def test_the_table_forgets_the_oldest_where_it_is_full() -> None:
    decoder = Decoder()
    first, second = (
        b"\x40" + b"\x01a" + b"\x7f\xd1\x0e" + b"x" * 2000,
        b"\x40" + b"\x01b" + b"\x7f\xd1\x0e" + b"y" * 2000,
    )
    decoder.decode(first)
    decoder.decode(second)
    assert decoder.decode(b"\xbe") == [("b", "y" * 2000)]
    assert decoder.decode(b"\xbf") == [("a", "x" * 2000)]
    decoder.decode(b"\x40\x01c\x01z")
    assert decoder.decode(b"\xbe\xbf") == [("c", "z"), ("b", "y" * 2000)]
    with pytest.raises(ValueError, match="in no table"):
        decoder.decode(b"\xc0")


def test_a_table_that_is_made_small_is_empty() -> None:
    decoder = Decoder()
    decoder.decode(b"\x40\x01a\x01x")
    with pytest.raises(ValueError, match="in no table"):
        decoder.decode(b"\x20\xbe")


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ("80", "in no table"),
        ("ff ff ff ff ff 7f", "too large"),
        ("3f e2 1f", "larger than was agreed"),
        ("40 01", "ends too early"),
        ("40 05 61", "ends too early"),
        ("40 01 61", "ends too early"),
        ("10 81 00 01 61", "within a symbol"),
        ("10 84 ff ff ff ff 01 61", "its own end"),
    ],
)
def test_what_is_no_block_is_told(block: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Decoder().decode(bytes.fromhex(block))


@given(st.lists(st.tuples(st.text("abc-", min_size=1), st.text(st.characters(max_codepoint=255), max_size=300))))
def test_what_was_encoded_is_decoded(fields: list[tuple[str, str]]) -> None:
    assert Decoder().decode(encode(fields)) == fields


@given(st.binary(max_size=200))
def test_any_bytes_are_a_block_or_a_value_error(block: bytes) -> None:
    with suppress(ValueError):
        assert all(len(field) == 2 for field in Decoder().decode(block))


@given(st.binary(max_size=100))
def test_every_text_comes_back_from_the_huffman_code(text: bytes) -> None:
    codes = dict(huffman.enumerate_codes())
    bits = "".join(f"{code:0{length}b}" for length, code in (codes[byte] for byte in text))
    bits += "1" * (-len(bits) % 8)
    assert huffman.decode(int(f"1{bits}", 2).to_bytes(len(bits) // 8 + 1, "big")[1:]) == text
