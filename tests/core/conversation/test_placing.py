"""An input's place in the queue, told to the streams that wait for its answer, on a clock that stands still."""

import pytest
from hotseat_core.conversation.placing import INTERVAL_S, Placing
from hotseat_core.conversation.terms import Attachment, Queued, RawLine
from hotseat_core.pool.stats import Place

from tests.fakes.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def stream() -> Attachment:
    return Attachment()


@pytest.fixture
def placing(clock: ManualClock, stream: Attachment) -> Placing:
    return Placing("r", lambda request_id: [stream] if request_id == "r" else [], clock)


def read(stream: Attachment) -> list[int]:
    """The places that the stream is told of; it has been told of them then."""
    told = [message.place.position for message in stream.side if isinstance(message, Queued)]
    stream.side.clear()
    return told


def test_the_first_place_is_told_at_once(placing: Placing, stream: Attachment) -> None:
    placing.take(Place(7, 3.5))
    assert list(stream.side) == [Queued("r", Place(7, 3.5))]


def test_places_that_follow_each_other_are_told_once_in_a_while_and_the_last_one_always(
    placing: Placing, stream: Attachment, clock: ManualClock
) -> None:
    told = []
    for position in range(40, 0, -1):
        placing.take(Place(position, 0.0))
        told += read(stream)
        clock.advance(INTERVAL_S / 10)
        told += read(stream)
    clock.advance(INTERVAL_S)
    told += read(stream)
    assert told == [40, 31, 21, 11, 1]


def test_a_place_that_comes_after_a_while_is_told_at_once(
    placing: Placing, stream: Attachment, clock: ManualClock
) -> None:
    placing.take(Place(2, 0.0))
    clock.advance(INTERVAL_S)
    assert read(stream) == [2]
    placing.take(Place(1, 0.0))
    assert read(stream) == [1]


def test_a_stream_that_does_not_read_keeps_the_latest_place_alone(
    placing: Placing, stream: Attachment, clock: ManualClock
) -> None:
    stream.send(RawLine("{}"))
    for position in (3, 2, 1):
        placing.take(Place(position, 0.0))
        clock.advance(INTERVAL_S)
    assert list(stream.side) == [RawLine("{}"), Queued("r", Place(1, 0.0))]


def test_whoever_joins_hears_the_place_that_the_others_were_told(placing: Placing, stream: Attachment) -> None:
    late = Attachment()
    placing.join(late)
    assert read(late) == []
    placing.take(Place(2, 0.0))
    placing.join(late)
    placing.join(late)
    assert read(late) == [2]


def test_nothing_is_told_once_the_waiting_is_over(placing: Placing, stream: Attachment, clock: ManualClock) -> None:
    placing.take(Place(2, 0.0))
    placing.take(Place(1, 0.0))
    placing.end()
    late = Attachment()
    placing.join(late)
    clock.advance(10 * INTERVAL_S)
    assert (read(stream), read(late), clock.pending) == ([], [], [])
