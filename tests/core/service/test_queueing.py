"""Inputs that wait for a process, seen from the wire: their places, and what moves them up."""

import asyncio
import uuid

import pytest
from hotseat import Client, pb, sync

from tests.core.conftest import until
from tests.core.service.conftest import House, Line, OpenHouse


def places(line: Line) -> list[int]:
    return [message.input_queued.position for message in line.seen if message.HasField("input_queued")]


async def busy(house: House) -> Line:
    """A line whose turn has the only process, and keeps it."""
    line = await house.open("first")
    await line.say("hang")
    await line.until("turn_started")
    return line


async def queue(house: House, *names: str) -> list[Line]:
    """Lines of conversations, each of which waits for a process, one behind the other."""
    lines = []
    for name in names:
        line = await house.open(name)
        await line.say("hello")
        await line.until("input_queued")
        lines.append(line)
    return lines


async def end_turn(line: Line) -> None:
    await line.send(interrupt=pb.Interrupt())
    await line.until("turn_completed")


async def test_places_go_down_as_others_finish(open_house: OpenHouse) -> None:
    async with open_house(pool_size=1) as house:
        first = await busy(house)
        lines = await queue(house, "a", "b", "c")
        assert [places(line) for line in lines] == [[1], [2], [3]]
        told = lines[2].seen[-1]
        assert (told.sequence, told.turn) == (0, 0), "it belongs to the stream, not the log"
        assert told.input_queued.estimated_wait_duration.ToSeconds() == 15, "three turns of what one takes at first"
        await asyncio.gather(end_turn(first), *(line.until("turn_completed") for line in lines))
        for line, place in zip(lines, (1, 2, 3), strict=True):
            assert places(line) == sorted(places(line), reverse=True)
            assert places(line)[0] == place
            started = line.kinds.index("turn_started")
            assert "input_queued" not in line.kinds[started:]


async def test_a_cancelled_waiter_moves_the_others_up(open_house: OpenHouse) -> None:
    async with open_house(pool_size=1) as house:
        first = await busy(house)
        gone, interrupted, last = await queue(house, "a", "b", "c")
        await interrupted.send(interrupt=pb.Interrupt())
        assert (
            await interrupted.until("turn_completed")
        ).turn_completed.outcome == pb.TurnCompleted.OUTCOME_INTERRUPTED
        assert (await last.until("input_queued")).input_queued.position == 2
        await house.stub.DeleteConversation(pb.DeleteConversationRequest(conversation_id="a"))
        assert (await last.until("input_queued")).input_queued.position == 1
        gone.call.cancel()
        await end_turn(first)
        assert (await last.until("turn_completed")).turn_completed.text == "you said hello "


async def test_whoever_joins_an_input_that_waits_hears_its_place(open_house: OpenHouse) -> None:
    async with open_house(pool_size=1) as house:
        first = await busy(house)
        line, request_id = await house.open("a"), str(uuid.uuid4())
        await line.say("hello", request_id)
        await line.until("input_queued")
        late = await house.open("a")
        await late.say("hello", request_id)
        assert (await late.until("input_queued")).input_queued.request_id == request_id
        await end_turn(first)
        await asyncio.gather(line.until("turn_completed"), late.until("turn_completed"))


async def test_an_input_that_gets_its_process_at_once_has_no_place(open_house: OpenHouse) -> None:
    async with open_house(pool_size=1) as house:
        line = await house.open()
        await line.ask("hello")
        await line.ask("again")
        assert places(line) == []


async def test_an_input_that_waits_in_vain_is_rejected_after_it_was_told_its_place(open_house: OpenHouse) -> None:
    async with open_house(pool_size=1) as house:
        await busy(house)
        [line] = await queue(house, "a")
        house.core.pool.drain(0)
        rejected = (await line.until("input_rejected")).input_rejected
        assert rejected.error.reason == pb.ERROR_REASON_POOL_DRAINING
        assert line.kinds == ["ready", "input_queued", "input_rejected"]


@pytest.mark.parametrize("kind", ["asynchronous", "synchronous"])
async def test_the_python_clients_yield_the_places_of_their_own_input(open_house: OpenHouse, kind: str) -> None:
    async with open_house(pool_size=1) as house:
        first = await busy(house)

        async def ask_asynchronously() -> list[pb.ConverseResponse]:
            async with Client(house.core.target) as client, client.converse(pb.OpenConversation()) as talk:
                return [event async for event in talk.ask("hello")]

        def ask_synchronously() -> list[pb.ConverseResponse]:
            with sync.Client(house.core.target) as client, client.converse(pb.OpenConversation()) as talk:
                return list(talk.ask("hello"))

        ask = ask_asynchronously() if kind == "asynchronous" else asyncio.to_thread(ask_synchronously)
        asking = asyncio.create_task(ask)
        await until(lambda: house.core.pool.stats().queued_turns == 1)
        await end_turn(first)
        kinds = [event.WhichOneof("event") for event in await asking]
        assert kinds[:2] == ["input_queued", "turn_started"]
        assert kinds[-1] == "turn_completed"
