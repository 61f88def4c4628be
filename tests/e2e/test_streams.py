"""Streams on one conversation: broken and replayed, taken over, watched, refused."""

import asyncio

import pytest
from google.protobuf.duration_pb2 import Duration
from hotseat import HotseatError, Talk, pb
from hotseat.talk import user_input

from tests.e2e.house import House, new_id, tag
from tests.e2e.test_grpc import SUCCEEDED, first, kinds, opening, text_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = "[[tokens 60]] [[delay 10]]"
WORDS = " ".join(f"w{number}" for number in range(60))


async def to_the_end(talk: Talk, seconds: float = 15) -> list[pb.ConverseResponse]:
    """Every event up to the turn's last one."""
    events = []
    async with asyncio.timeout(seconds):
        async for event in talk.events():
            events.append(event)
            if event.HasField("turn_completed"):
                break
    return events


async def test_a_broken_stream_is_replayed_without_a_lost_or_doubled_word(house: House) -> None:
    conversation, text = new_id(), f"{LONG} {tag()}"
    seen: list[pb.ConverseResponse] = []
    async with house.grpc.converse(opening(conversation)) as talk:
        log_id = talk.ready.log_id
        async for event in talk.ask(text):
            seen.append(event)
            if kinds(seen).count("text_delta") == 9:
                break
    again = pb.OpenConversation(
        conversation_id=conversation,
        disposition=pb.OpenConversation.DISPOSITION_OPEN,
        start_sequence=seen[-1].sequence + 1,
        log_id=log_id,
    )
    async with house.grpc.converse(again) as talk:
        rest = await to_the_end(talk)
    events = [*seen, *rest]
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert text_of(events) == WORDS
    assert events[-1].turn_completed.outcome == SUCCEEDED
    assert len(house.asked(text)) == 1


async def test_a_whole_conversation_can_be_replayed(house: House) -> None:
    conversation = new_id()
    async with house.grpc.converse(opening(conversation)) as talk:
        seen = [event for number in range(2) for event in [e async for e in talk.ask(f"[[say {number}]] {tag()}")]]
    async with house.grpc.converse(opening(conversation, start_sequence=1)) as talk:
        replayed = [*await to_the_end(talk), *await to_the_end(talk)]
    assert replayed == seen


async def test_a_client_s_new_stream_takes_its_old_one_over(house: House) -> None:
    conversation = new_id()
    async with house.grpc.converse(opening(conversation, client_id="me")) as old:
        turn = old.ask(f"{LONG} {tag()}")
        seen = [await first(turn, "text_delta")]
        again = opening(conversation, client_id="me", start_sequence=seen[-1].sequence + 1)
        async with house.grpc.converse(again) as new:
            with pytest.raises(HotseatError) as caught:
                seen += [event async for event in turn]
            rest = await to_the_end(new)
    assert caught.value.reason == "CONVERSATION_OWNED"
    assert text_of([seen[0], *rest]) == WORDS


async def test_another_client_is_refused_until_it_takes_over(house: House) -> None:
    conversation = new_id()
    async with house.grpc.converse(opening(conversation, client_id="me")) as mine:
        await first(mine.ask(f"[[say x]] {tag()}"), "turn_completed")
        for stranger in ("you", ""):
            with pytest.raises(HotseatError) as caught:
                async with house.grpc.converse(opening(conversation, client_id=stranger)):
                    pass
            assert caught.value.reason == "CONVERSATION_OWNED"
        taking = opening(conversation, client_id="you", disposition=pb.OpenConversation.DISPOSITION_TAKE_OVER)
        async with house.grpc.converse(taking) as yours:
            assert text_of([event async for event in yours.ask(f"[[say mine now]] {tag()}")]) == "mine now"
            with pytest.raises(HotseatError):
                async with asyncio.timeout(5):
                    [event async for event in mine.ask("and I?")]


async def test_an_observer_sees_everything_and_says_nothing(house: House) -> None:
    conversation = new_id()
    observing = pb.OpenConversation(
        conversation_id=conversation, disposition=pb.OpenConversation.DISPOSITION_OBSERVE, start_sequence=1
    )
    async with (
        house.grpc.converse(opening(conversation, client_id="me")) as talk,
        house.grpc.converse(observing) as watching,
    ):
        told = [event async for event in talk.ask(f"[[tokens 5]] {tag()}")]
        assert await to_the_end(watching) == told
        with pytest.raises(HotseatError) as caught:
            async with asyncio.timeout(5):
                [event async for event in watching.ask("me too")]
    assert caught.value.reason == "INVALID_MESSAGE"


async def test_a_turn_whose_client_is_gone_runs_to_its_end_unless_it_was_told_otherwise(house: House) -> None:
    for patience, ends in ((None, True), (Duration(), False)):
        conversation, text = new_id(), f"{LONG} {tag()}"
        async with house.grpc.converse(opening(conversation, detach_timeout=patience)) as talk:
            await first(talk.ask(text), "text_delta")
        request = house.asked(text)[-1]
        if not ends:
            await house.demo.wait_until(lambda gone=request: gone.client_gone, timeout=0.3)  # type: ignore[misc]
        await house.until_idle(conversation)
        assert request.client_gone is not ends
        assert (request.stop_reason == "end_turn") is ends


async def test_a_client_that_comes_back_in_time_finds_its_turn_running(house: House) -> None:
    conversation, text = new_id(), f"{LONG} {tag()}"
    mine = opening(conversation, client_id="me", detach_timeout=Duration(seconds=20))
    async with house.grpc.converse(mine) as talk:
        seen = [await first(talk.ask(text), "text_delta")]
    mine.start_sequence = seen[-1].sequence + 1
    async with house.grpc.converse(mine) as talk:
        rest = await to_the_end(talk)
    assert text_of([*seen, *rest]) == WORDS
    assert rest[-1].turn_completed.outcome == SUCCEEDED


async def test_half_closing_ends_the_stream_after_the_running_turn(house: House) -> None:
    async with house.grpc.converse(opening()) as talk:
        await talk.say(user_input(f"[[tokens 20]] [[delay 5]] {tag()}"))
        await talk.done_writing()
        async with asyncio.timeout(15):
            events = [event async for event in talk.events()]
    assert kinds(events)[-1] == "turn_completed"
    assert text_of(events) == " ".join(f"w{number}" for number in range(20))
