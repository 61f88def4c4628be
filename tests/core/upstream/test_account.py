"""What a turn's failure becomes by what the provider said of it."""

import time

import pytest
from hotseat_core.errors import Reason
from hotseat_core.events import Failure, Usage
from hotseat_core.upstream.account import Account, Call, Refused
from hotseat_core.upstream.meter import StreamMeter
from hotseat_core.upstream.refusals import retry_after_s

LIMIT = Failure(Reason.PROVIDER_LIMIT, "the model's provider answered 429", {"httpStatus": "429"}, 30.0)
START = b'event: message_start\ndata: {"message":{"model":"m","usage":{"input_tokens":7,"output_tokens":1}}}\n\n'


@pytest.mark.parametrize(
    ("refused", "failure", "delay_s"),
    [
        (Refused(429, 100.0, 3600.0), LIMIT, 3590.0),
        (Refused(429, 100.0, 5.0), LIMIT, 1.0),  # it is over: at once, but not in a loop
        (Refused(429, 100.0, None), LIMIT, 30.0),  # it did not say
        (Refused(529, 100.0, 3600.0), LIMIT, 30.0),  # said of another answer
        (None, LIMIT, 30.0),
        (
            Refused(529, 110.0, 60.0),
            Failure(Reason.PROVIDER, "answered 529", {"httpStatus": "529"}, 1.0),
            60.0,
        ),
        (Refused(429, 100.0, 3600.0), Failure(Reason.WORKER_LOST, "gone", {}, 0.5), 0.5),
    ],
)
def test_the_provider_s_own_word_on_when_to_come_back_counts(
    refused: Refused | None, failure: Failure, delay_s: float
) -> None:
    account = Account("w")
    account.refused = refused
    assert account.correct(failure, 110.0) == Failure(failure.reason, failure.message, failure.metadata, delay_s)


def test_a_provider_that_could_not_be_reached_is_said_so_and_why() -> None:
    account = Account("w")
    account.refused = Refused(0, 100.0, why="api.example: Name or service not known")
    told = Failure(Reason.PROVIDER, "the model's provider answered 502: ...", {"httpStatus": "502", "a": "b"}, 1.0)
    message = "the model's provider could not be reached: api.example: Name or service not known"
    assert account.correct(told, 110.0) == Failure(Reason.PROVIDER, message, {"a": "b"}, 1.0)


def test_calls_that_are_still_answered_are_counted_as_far_as_they_went() -> None:
    told: list[Call] = []
    account = Account("w", told.append)
    meter = StreamMeter(time.monotonic)
    account.answering(meter)
    meter.feed(START + b"event: content_block_delta\ndata: {}\n\n" * 4)
    assert account.unfinished() == Usage(input_tokens=7, output_tokens=4)
    meter.feed(b'event: message_delta\ndata: {"usage":{"output_tokens":9}}\n\n')
    assert account.unfinished() == Usage()  # the CLI is told, and tells it
    account.ended(meter, 200, 0.5)
    assert [(call.worker_id, call.status, call.first_byte_s, call.tokens.output_tokens) for call in told] == [
        ("w", 200, 0.5, 9)
    ]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([(b"retry-after", b"20")], 20.0),
        ([(b"retry-after", b"0.5")], 0.5),
        ([(b"retry-after-ms", b"1500"), (b"retry-after", b"2")], 1.5),
        ([(b"retry-after", b"Thu, 01 Jan 1970 00:20:00 GMT")], 200.0),
        ([(b"retry-after", b"Thu, 01 Jan 1970 00:01:00 GMT")], None),
        ([(b"retry-after", b"soon")], None),
        ([(b"retry-after", b"inf")], None),
        ([(b"retry-after", b"nan")], None),
        ([(b"retry-after", b"-1")], None),
        ([(b"retry-after", b"\xff")], None),
        ([(b"x", b"1")], None),
    ],
)
def test_when_to_come_back_is_read_in_every_form_that_there_is(
    headers: list[tuple[bytes, bytes]], seconds: float | None
) -> None:
    assert retry_after_s(headers, 1000.0) == seconds
