"""The streams on a conversation: who may join, who must go, and whose inputs end."""

import asyncio

import pytest
from hotseat_core.conversation.audience import Audience
from hotseat_core.conversation.terms import Attachment, GoAwayReason, RawLine
from hotseat_core.errors import ConversationOwned


class Room:
    """An audience, and what it asked for."""

    def __init__(self) -> None:
        self.with_inputs: set[str] = set()
        self.abandoned: list[str] = []
        self.news = asyncio.Event()
        self.audience = Audience("c", self.with_inputs.__contains__, self._abandon)

    def _abandon(self, owner: str) -> None:
        self.abandoned.append(owner)
        self.news.set()

    def join(self, attachment: Attachment, *, take_over: bool = False) -> Attachment:
        self.audience.attach(attachment, take_over=take_over)
        return attachment


def owner(name: str = "A", detach_timeout_s: float | None = None) -> Attachment:
    return Attachment(client_id=name, detach_timeout_s=detach_timeout_s)


def sharer(detach_timeout_s: float | None = None) -> Attachment:
    return Attachment(detach_timeout_s=detach_timeout_s)


def observer() -> Attachment:
    return Attachment(is_observer=True)


def test_streams_without_a_name_share() -> None:
    room = Room()
    room.join(sharer())
    room.join(sharer())
    assert room.audience.has_reader


@pytest.mark.parametrize(
    ("first", "second"), [(owner("A"), owner("B")), (owner("A"), sharer()), (sharer(), owner("A"))]
)
def test_an_owner_and_another_stream_exclude_each_other(first: Attachment, second: Attachment) -> None:
    room = Room()
    room.join(first)
    with pytest.raises(ConversationOwned) as caught:
        room.join(second)
    assert caught.value.metadata == {"conversationId": "c"}
    assert first.go_away is None


def test_observers_join_anybody_and_hinder_nobody() -> None:
    room = Room()
    watching = room.join(observer())
    assert not room.audience.has_reader
    assert not room.audience.is_empty
    room.join(owner("A"))
    room.join(observer())
    room.join(owner("A"))
    assert watching.go_away is None


def test_a_client_takes_its_own_earlier_stream_over() -> None:
    room = Room()
    first = room.join(owner("A"))
    second = room.join(owner("A"))
    assert first.go_away is GoAwayReason.TAKEN_OVER
    room.audience.detach(first)
    assert room.audience.has_reader
    room.audience.detach(second)
    assert room.audience.is_empty


@pytest.mark.parametrize("newcomer", [owner("B"), sharer()])
def test_another_client_takes_over_where_it_says_so(newcomer: Attachment) -> None:
    room = Room()
    first = room.join(owner("A"))
    watching = room.join(observer())
    room.join(newcomer, take_over=True)
    assert first.go_away is GoAwayReason.TAKEN_OVER
    assert (watching.go_away, newcomer.go_away) == (None, None)


@pytest.mark.parametrize(
    ("gone", "has_inputs", "abandons"),
    [
        (owner("A", 0), True, True),
        (owner("A", 0), False, False),
        (owner("A", None), True, False),
        (sharer(0), True, True),
        (sharer(None), True, False),
        (Attachment(is_observer=True, detach_timeout_s=0), True, False),
    ],
)
async def test_the_inputs_of_who_is_gone_end_at_once_or_not_at_all(
    gone: Attachment, has_inputs: bool, abandons: bool
) -> None:
    room = Room()
    room.join(gone)
    if has_inputs:
        room.with_inputs.add(gone.owner)
    room.audience.detach(gone)
    assert room.abandoned == ([gone.owner] if abandons else [])


async def test_the_inputs_of_who_does_not_come_back_end_when_its_time_is_up() -> None:
    room = Room()
    gone = room.join(owner("A", 0.01))
    room.with_inputs.add("A")
    room.audience.detach(gone)
    assert room.abandoned == []
    await room.news.wait()
    assert room.abandoned == ["A"]
    room.join(owner("A"))


async def test_who_comes_back_in_time_keeps_its_inputs() -> None:
    room = Room()
    room.with_inputs.add("A")
    room.audience.detach(room.join(owner("A", 0.01)))
    back = room.join(owner("A", 0.01))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await room.news.wait()
    room.audience.detach(back)
    await room.news.wait()
    assert room.abandoned == ["A"]


async def test_an_observer_does_not_stand_in_for_its_client() -> None:
    room = Room()
    room.with_inputs.add("A")
    room.audience.detach(room.join(owner("A", 0.01)))
    room.join(Attachment(client_id="A", is_observer=True))
    await room.news.wait()
    assert room.abandoned == ["A"]


async def test_when_everybody_is_sent_away_no_timer_is_left() -> None:
    room = Room()
    room.with_inputs.add("A")
    room.audience.detach(room.join(owner("A", 0.01)))
    watching = room.join(observer())
    room.audience.dismiss(GoAwayReason.DRAINING)
    assert watching.go_away is GoAwayReason.DRAINING
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await room.news.wait()


def test_leaving_twice_is_leaving_once() -> None:
    room = Room()
    first = room.join(sharer(0))
    room.with_inputs.add(first.owner)
    room.audience.detach(first)
    room.audience.detach(first)
    assert room.abandoned == [first.owner]


def test_the_clis_lines_go_to_those_who_asked() -> None:
    room = Room()
    quiet, loud = room.join(sharer()), room.join(Attachment(wants_raw=True))
    assert room.audience.wants_raw
    room.audience.tell_raw(RawLine("{}"))
    assert (list(quiet.side), list(loud.side)) == ([], [RawLine("{}")])
    room.audience.detach(loud)
    assert not room.audience.wants_raw


def test_what_a_stream_waits_for_is_forgotten_when_it_is_answered() -> None:
    room = Room()
    first, second = room.join(sharer()), room.join(sharer())
    first.open_inputs.add("r")
    second.open_inputs.add("r")
    room.audience.note_answered("r")
    assert first.open_inputs == second.open_inputs == set()
