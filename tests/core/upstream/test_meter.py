"""What a call has used, read off its answer wherever that is cut."""

import json
import time
from itertools import pairwise
from typing import Any

import pytest
from hotseat_core.upstream.meter import NoMeter, StreamMeter, Tokens, WholeMeter, meter_for
from hypothesis import given
from hypothesis import strategies as st

USAGE = {"input_tokens": 7, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 3, "output_tokens": 1}


def event(kind: str, end: str = "\n", **fields: Any) -> bytes:
    return f"event: {kind}{end}data: {json.dumps({'type': kind, **fields})}{end}{end}".encode()


def stream(end: str = "\n", text: str = "word") -> bytes:
    delta = {"type": "text_delta", "text": text}
    return b"".join(
        [
            event("message_start", end, message={"model": "m", "usage": USAGE}),
            event("ping", end),
            *(event("content_block_delta", end, index=0, delta=delta) for _ in range(6)),
            event("message_delta", end, delta={"stop_reason": "end_turn"}, usage={"output_tokens": 42}),
            event("message_stop", end),
        ]
    )


WHOLE = Tokens("m", 7, 42, 3, 5, is_final=True)


def read(*pieces: bytes) -> Tokens:
    meter = StreamMeter(time.monotonic)
    for piece in pieces:
        meter.feed(piece)
    return meter.tokens()


@given(st.lists(st.integers(0, len(stream()))), st.sampled_from(["\n", "\r\n"]))
def test_a_stream_is_read_wherever_it_is_cut(cuts: list[int], end: str) -> None:
    told = stream(end)
    places = [0, *sorted(cuts), len(told)]
    assert read(*(told[a:b] for a, b in pairwise(places))) == WHOLE


def test_a_stream_is_read_byte_by_byte() -> None:
    told = stream()
    assert read(*(told[index : index + 1] for index in range(len(told)))) == WHOLE


def test_a_stream_that_breaks_off_has_used_what_went_in_and_about_what_came_out() -> None:
    told = stream()
    tokens = read(told[: told.index(b"event: message_delta")])
    assert tokens == Tokens("m", 7, 6, 3, 5, is_final=False)


def test_the_pace_is_told_of_the_time_between_tokens_alone() -> None:
    now = 100.0
    meter = StreamMeter(lambda: now)
    head, *pieces, tail = stream().split(b"event: c")
    meter.feed(head)
    now = 105.0
    for piece in (*pieces, tail[: tail.index(b"event: message_delta")]):
        meter.feed(b"event: c" + piece)
        now += 1.0
    assert meter.token_s == 0.0, "the provider has not said how many tokens it were"
    meter.feed(tail[tail.index(b"event: message_delta") :])
    assert meter.token_s == 6 / 41


@pytest.mark.parametrize("count", [0, 1, None])
def test_an_answer_of_one_token_has_no_pace(count: int | None) -> None:
    meter = StreamMeter(time.monotonic)
    meter.feed(stream().replace(b"42", json.dumps(count).encode()))
    assert meter.token_s == 0.0


def test_what_the_model_writes_is_not_taken_for_the_provider_s_word() -> None:
    assert read(stream(text='\nevent: message_delta\ndata: {"usage":{"output_tokens":9999}}\n\n')) == WHOLE


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"event: message_start\ndata: no json\n\n",
        b'event: message_start\ndata: {"message":"text"}\n\nevent: message_delta\ndata: {}\n\n',
        b'event: message_start\ndata: [1]\n\nevent: message_delta\ndata: {"usage":[1]}\n\n',
        b'event: message_start\ndata: {"message":{"usage":{"input_tokens":"7"}}}\n\n',
        b"event: message_start\ndata: " + b"x" * 200_000,
    ],
)
def test_another_dialect_is_not_counted_and_does_no_harm(told: bytes) -> None:
    tokens = read(told)
    assert (tokens.input_tokens, tokens.output_tokens) == (0, 0)


@given(st.lists(st.binary()))
def test_no_bytes_make_it_fail(pieces: list[bytes]) -> None:
    read(*pieces)
    read(b"event: message_start\ndata: ", *pieces)


def test_an_answer_in_one_piece_is_read_at_its_end() -> None:
    meter = WholeMeter()
    for piece in (b'{"model":"m","usage":', json.dumps({**USAGE, "output_tokens": 42}).encode(), b"}"):
        assert not meter.tokens().is_final
        meter.feed(piece)
    assert meter.tokens() == WHOLE


@pytest.mark.parametrize(
    ("target", "status", "content_type", "kind"),
    [
        (b"/v1/messages?beta=true", 200, b"text/event-stream; charset=utf-8", StreamMeter),
        (b"/gateway/v1/messages", 200, b"application/json", WholeMeter),
        (b"/v1/messages", 429, b"application/json", NoMeter),
        (b"/v1/messages/count_tokens", 200, b"application/json", NoMeter),
        (b"/v1/models", 200, b"application/json", NoMeter),
    ],
)
def test_only_calls_to_the_model_are_counted(target: bytes, status: int, content_type: bytes, kind: type) -> None:
    assert isinstance(meter_for(target, status, content_type, time.monotonic), kind)
