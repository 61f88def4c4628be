"""Bytes, as frames."""

import pytest
from hotseat_edge.http2 import frames

STREAM = (
    frames.settings({frames.MAX_FRAME_SIZE: 20_000})
    + frames.frame(frames.DATA, frames.END_STREAM, 3, b"words")
    + frames.window_update(3, 70_000)
    + frames.frame(frames.PING, frames.ACK, 0, bytes(8))
)
FRAMES = [
    (frames.SETTINGS, 0, 0, bytes.fromhex("0005 00004e20")),
    (frames.DATA, frames.END_STREAM, 3, b"words"),
    (frames.WINDOW_UPDATE, 0, 3, (70_000).to_bytes(4, "big")),
    (frames.PING, frames.ACK, 0, bytes(8)),
]


@pytest.mark.parametrize("size", range(1, len(STREAM) + 1))
def test_frames_are_the_same_however_their_bytes_come(size: int) -> None:
    cutter = frames.Cutter()
    assert [frame for at in range(0, len(STREAM), size) for frame in cutter.feed(STREAM[at : at + size])] == FRAMES


def test_a_frame_larger_than_was_agreed_is_refused_before_it_is_there() -> None:
    with pytest.raises(ValueError, match="too large"):
        list(frames.Cutter().feed(frames.head(frames.DATA, 0, 1, frames.FRAME_BYTES + 1)))


def test_settings_are_read_as_they_were_written() -> None:
    assert list(frames.settings_in(FRAMES[0][3])) == [(frames.MAX_FRAME_SIZE, 20_000)]
    with pytest.raises(ValueError, match="odd length"):
        list(frames.settings_in(b"12345"))


@pytest.mark.parametrize(
    ("flags", "payload", "inside"),
    [
        (0, b"abc", b"abc"),
        (frames.PADDED, b"\x02abc..", b"abc"),
        (frames.PADDED, b"\x00abc", b"abc"),
        (frames.PRIORITY, b"12345abc", b"abc"),
        (frames.PADDED | frames.PRIORITY, b"\x0112345abc.", b"abc"),
    ],
)
def test_what_is_put_around_a_payload_is_taken_off(flags: int, payload: bytes, inside: bytes) -> None:
    assert frames.unpadded(flags, payload) == inside


@pytest.mark.parametrize(
    ("flags", "payload"), [(frames.PADDED, b""), (frames.PADDED, b"\x04abc"), (frames.PRIORITY, b"1")]
)
def test_a_payload_that_is_shorter_than_it_says_is_refused(flags: int, payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"beyond its end|too short"):
        frames.unpadded(flags, payload)


def test_a_number_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        frames.number(b"123")
