"""Streams of the Python client whose connection to a core breaks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
import pytest
from hotseat import Client, HotseatError, pb
from hotseat.talk import user_input

from tests.core.conftest import until
from tests.core.service.conftest import House, OpenHouse
from tests.fakes.core import FakeCore, failure, serving
from tests.fakes.proxy import Proxy, proxying

PATIENCE_S = 5.0
OPENING = pb.OpenConversation(conversation_id="c", settings=pb.ConversationSettings(profile="claude"))
CANCELS = pb.OpenConversation(conversation_id="c", detach_timeout={"seconds": 0})


@asynccontextmanager
async def behind_a_proxy(house: House) -> AsyncIterator[tuple[Client, Proxy]]:
    async with proxying(house.core.target) as proxy, Client(proxy.address) as client:
        yield client, proxy


async def test_a_turn_is_read_on_where_the_connection_broke(open_house: OpenHouse) -> None:
    async with (
        open_house() as house,
        behind_a_proxy(house) as (client, proxy),
        client.converse(CANCELS, resume_s=PATIENCE_S) as talk,
    ):
        events = talk.ask("hang so far")
        seen = [await anext(events), await anext(events)]
        proxy.cut()
        conversation = await house.core.registry.get("c")
        await until(lambda: conversation.audience.is_empty)
        assert conversation.is_busy
        reading = asyncio.create_task(anext(events))
        await until(lambda: not conversation.audience.is_empty)
        conversation.interrupt()
        seen += [await reading, *[event async for event in events]]
        assert [event.sequence for event in seen] == list(range(1, len(seen) + 1))
        assert seen[-1].turn_completed.outcome == pb.TurnCompleted.OUTCOME_INTERRUPTED
        assert len(conversation.turns) == 1


async def test_a_stream_that_goes_on_from_an_earlier_turn_is_read_on_where_the_connection_broke(
    open_house: OpenHouse,
) -> None:
    async with open_house() as house, behind_a_proxy(house) as (client, proxy):
        before = user_input("hello")
        async with client.converse(pb.OpenConversation(), first=before) as talk:
            assert [event async for event in talk.turn(before.request_id)][-1].HasField("turn_completed")
            conversation_id = talk.ready.conversation.conversation_id
        said = user_input("hang so far")
        opening = pb.OpenConversation(after_request_id=before.request_id, detach_timeout={"seconds": 0})
        async with client.converse(opening, first=said, resume_s=PATIENCE_S) as talk:
            events = talk.turn(said.request_id)
            seen = [await anext(events), await anext(events)]
            proxy.cut()
            conversation = await house.core.registry.get(conversation_id)
            await until(lambda: conversation.audience.is_empty)
            reading = asyncio.create_task(anext(events))
            await until(lambda: not conversation.audience.is_empty)
            conversation.interrupt()
            seen += [await reading, *[event async for event in events]]
        first = seen[0].sequence
        assert [event.sequence for event in seen] == list(range(first, first + len(seen)))
        assert seen[-1].turn_completed.outcome == pb.TurnCompleted.OUTCOME_INTERRUPTED
        assert len(conversation.turns) == 2


async def test_an_answer_that_came_while_nobody_was_connected_is_given_at_once(open_house: OpenHouse) -> None:
    async with (
        open_house() as house,
        behind_a_proxy(house) as (client, proxy),
        client.converse(CANCELS, resume_s=PATIENCE_S) as talk,
    ):
        events = talk.ask("hang")
        await anext(events)
        proxy.is_shut = True
        proxy.cut()
        conversation = await house.core.registry.get("c")
        await until(lambda: conversation.audience.is_empty)
        conversation.interrupt()
        await until(lambda: not conversation.is_busy)
        proxy.is_shut = False
        assert [event.WhichOneof("event") async for event in events][-1] == "turn_completed"


async def test_an_input_that_the_break_swallowed_is_said_again_and_run_once(open_house: OpenHouse) -> None:
    async with open_house() as house, behind_a_proxy(house) as (client, proxy):
        async with client.converse(CANCELS, resume_s=PATIENCE_S) as talk:
            for number in range(5):
                proxy.cut()
                said = user_input(f"hello {number}")
                await talk.say(said)
                completed = [event async for event in talk.turn(said.request_id)][-1].turn_completed
                assert completed.text == f"you said hello {number} "
        assert len((await house.core.registry.get("c")).turns) == 5


async def test_after_a_restart_of_the_core_a_turn_that_ended_is_told_by_its_end(open_house: OpenHouse) -> None:
    said = user_input("hello")
    async with proxying("") as proxy, Client(proxy.address) as client, AsyncExitStack() as stack:
        async with open_house() as house:
            proxy.target = house.core.target
            talk = await stack.enter_async_context(client.converse(OPENING, first=said, resume_s=PATIENCE_S))
            events = talk.turn(said.request_id)
            assert (await anext(events)).HasField("turn_started")
            conversation = await house.core.registry.get("c")
            await until(lambda: not conversation.is_busy)
            proxy.is_shut = True
            proxy.cut()
        async with open_house() as house:
            proxy.is_shut = False
            [end] = [event async for event in events if event.HasField("turn_completed")]
            assert (end.sequence, end.turn_completed.text) == (0, "you said hello ")
            assert (await house.core.registry.summary("c")).turn_count == 1


async def ask_and_lose(client: Client, proxy: Proxy, **fields: Any) -> None:
    """Ask, and lose the connection in the middle of the answer, for good."""
    async with client.converse(CANCELS, **fields) as talk:
        async for event in talk.ask("hang"):
            if event.HasField("turn_started"):
                proxy.is_shut = True
                proxy.cut()


@pytest.mark.parametrize("fields", [{}, {"resume_s": 0.3}])
async def test_where_patience_ends_the_failure_is_told_and_the_turn_ends(
    open_house: OpenHouse, fields: dict[str, Any]
) -> None:
    async with open_house() as house, behind_a_proxy(house) as (client, proxy):
        with pytest.raises(HotseatError) as caught:
            await ask_and_lose(client, proxy, **fields)
        assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.UNAVAILABLE, "")
        conversation = await house.core.registry.get("c")
        await until(lambda: not conversation.is_busy)


async def test_leaving_the_block_ends_what_runs_at_once_in_spite_of_patience(open_house: OpenHouse) -> None:
    async with open_house() as house, behind_a_proxy(house) as (client, _):
        async with client.converse(CANCELS, resume_s=60) as talk:
            await anext(talk.ask("hang"))
        conversation = await house.core.registry.get("c")
        await until(lambda: not conversation.is_busy)


async def test_cancelling_a_reader_loses_no_message(open_house: OpenHouse) -> None:
    async with open_house() as house, behind_a_proxy(house) as (client, _), client.converse(OPENING) as talk:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await anext(talk.events())
        assert [event async for event in talk.ask("hello")][-1].turn_completed.text == "you said hello "


async def test_a_refusal_is_not_tried_again() -> None:
    core = FakeCore()
    core.refuse_open = failure("WORKER_START", "no CLI")
    async with serving(core) as target, Client(target) as client:
        with pytest.raises(HotseatError, match="no CLI"):
            async with client.converse(OPENING, first=user_input("x"), resume_s=PATIENCE_S):
                pass
    assert len(core.openings) == 1
