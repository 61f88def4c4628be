"""Limits over gRPC: refused before anything waits, paid by what turns really used."""

import asyncio
import uuid
from typing import Any

import grpc
import pytest
from hotseat import pb
from hotseat.client import Client
from hotseat.errors import HotseatError
from hotseat_core.access.caller import Limits
from hotseat_core.access.key import Wanted
from hotseat_core.pool.pool import Pool

from tests.core.service.conftest import House, OpenHouse


async def keyed(house: House, **limits: Any) -> Client:
    _, secret = await house.core.keyring.create(Wanted(tenant="acme", limits=Limits(**limits)))
    return Client(house.core.target, api_key=secret)


async def ask(client: Client, text: str, conversation: str = "", **opening: Any) -> pb.TurnCompleted:
    first = pb.UserInput(request_id=str(uuid.uuid4()), content=[pb.ContentBlock(text=text)])
    asked = pb.OpenConversation(conversation_id=conversation, **opening)
    async with client.converse(asked, first=first) as talk:
        return [event async for event in talk.turn(first.request_id)][-1].turn_completed


async def test_too_many_requests_are_refused_and_leave_nothing_behind(open_house: OpenHouse) -> None:
    async with open_house() as house, await keyed(house, requests_per_minute=2) as client:
        for _ in range(2):
            assert (await ask(client, "hello")).text.strip() == "you said hello"
        with pytest.raises(HotseatError) as caught:
            await ask(client, "hello")
        assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")
        assert caught.value.retry_delay is not None
        assert 0 < caught.value.retry_delay <= 30
        assert len((await client.list_conversations()).conversations) == 2


async def test_an_input_that_is_said_again_is_not_counted_again(open_house: OpenHouse) -> None:
    async with open_house() as house, await keyed(house, requests_per_minute=1) as client:
        first = pb.UserInput(request_id=str(uuid.uuid4()), content=[pb.ContentBlock(text="hello")])
        for _ in range(3):
            async with client.converse(pb.OpenConversation(conversation_id="c"), first=first) as talk:
                told = [event async for event in talk.turn(first.request_id)]
            assert told[-1].turn_completed.text.strip() == "you said hello"


async def test_turns_at_once_are_bounded_and_a_place_is_free_when_one_ends(open_house: OpenHouse) -> None:
    async with open_house() as house, await keyed(house, concurrent_turns=1) as client:
        async with client.converse(pb.OpenConversation(conversation_id="c")) as talk:
            asking = talk.ask("hang on")
            assert (await anext(asking)).HasField("turn_started")
            with pytest.raises(HotseatError) as caught:
                await ask(client, "hello", "d")
            assert caught.value.reason == "RATE_LIMITED"
            assert caught.value.metadata["limit"] == "concurrent_turns"
            with pytest.raises(HotseatError):
                await ask(client, "hello", "c")  # where it would only have to wait
            await talk.interrupt()
            assert [event async for event in asking][-1].HasField("turn_completed")
        assert (await ask(client, "hello", "d")).text.strip() == "you said hello"


async def test_tokens_of_a_day_are_spent_by_turns_and_stay_spent(open_house: OpenHouse) -> None:
    async with open_house() as house:
        _, secret = await house.core.keyring.create(Wanted(limits=Limits(tokens_per_day=10)))
        async with Client(house.core.target, api_key=secret) as client:
            done = await ask(client, "hello")
            used = done.usage.input_tokens + done.usage.output_tokens
            used += done.usage.cache_read_tokens + done.usage.cache_write_tokens
            assert used >= 10
            standing = (await client.get_caller()).standing
            assert (standing.tokens_today, standing.requests_today, standing.running_turns) == (used, 1, 0)
            with pytest.raises(HotseatError) as caught:
                await ask(client, "hello")
            assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "BUDGET_SPENT")
    async with open_house() as house, Client(house.core.target, api_key=secret) as client:
        with pytest.raises(HotseatError) as caught:
            await ask(client, "hello")
        assert caught.value.reason == "BUDGET_SPENT"


async def test_a_key_without_limits_is_told_of_none_and_one_with_some_where_it_stands(open_house: OpenHouse) -> None:
    async with open_house() as house:
        for limits, told in (({}, False), ({"requests_per_minute": 5}, True)):
            async with await keyed(house, **limits) as client, client.converse(pb.OpenConversation()) as talk:
                assert talk.ready.HasField("key_standing") is told


async def test_turns_that_fail_or_are_called_off_give_their_place_back(open_house: OpenHouse) -> None:
    async with open_house() as house, await keyed(house, concurrent_turns=1) as client:
        for text in ("fail 529", "die", "fail 400"):
            done = await ask(client, text)
            assert done.outcome == pb.TurnCompleted.OUTCOME_FAILED
        async with asyncio.timeout(10), client.converse(pb.OpenConversation(conversation_id="c")) as talk:
            asking = talk.ask("hang on", request_id=str(uuid.uuid4()))
            await anext(asking)
            await talk.interrupt()
            async for _ in asking:
                pass
        assert (await client.get_caller()).standing.running_turns == 0


async def test_a_turn_asks_the_pool_as_its_tenant_and_with_its_keys_weight(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    acquire, asked = Pool.acquire, []

    async def noted(pool: Pool, *args: Any, **how: Any) -> Any:
        asked.append((how["tenant"], how["weight"]))
        return await acquire(pool, *args, **how)

    monkeypatch.setattr(Pool, "acquire", noted)
    async with open_house() as house:
        for tenant, weight in (("acme", 3.0), ("umbrella", 0.5)):
            _, secret = await house.core.keyring.create(Wanted(tenant=tenant, weight=weight))
            async with Client(house.core.target, api_key=secret) as client:
                await ask(client, "hello")
    assert asked == [("acme", 3.0), ("umbrella", 0.5)]
