"""Conversations that are kept no longer, as clients of a core see it."""

import asyncio
import time

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from hotseat import pb

from tests.core.service.conftest import House, OpenHouse


async def read(house: House, name: str = "c") -> pb.Conversation:
    found: pb.GetConversationResponse = await house.stub.GetConversation(
        pb.GetConversationRequest(conversation_id=name)
    )
    return found.conversation


async def until_gone(house: House, name: str = "c") -> None:
    async with asyncio.timeout(10):
        while (await house.stub.ListConversations(pb.ListConversationsRequest())).conversations:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await read(house, name)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_conversation_says_when_it_goes_and_each_turn_moves_that(open_house: OpenHouse) -> None:
    async with open_house(retention_ms=3_600_000) as house:
        line = await house.open()
        opened = (await read(house)).expire_time.ToNanoseconds()
        assert abs(opened / 1e9 - time.time() - 3600) < 10
        await line.ask("hello")
        held = await read(house)
        assert held.expire_time.ToNanoseconds() > opened
        assert held.expire_time.seconds - held.update_time.seconds == 3600
        brief = await house.open("brief", settings=pb.ConversationSettings(retention=Duration(seconds=60)))
        await brief.ask("hello")
        held = await read(house, "brief")
        assert held.expire_time.seconds - held.update_time.seconds == held.settings.retention.seconds == 60


async def test_without_an_end_there_is_none(open_house: OpenHouse) -> None:
    async with open_house(retention_ms=0, transient_retention_ms=0) as house:
        await house.open()
        assert not (await read(house)).HasField("expire_time")


async def test_a_conversation_goes_once_its_client_has_left(open_house: OpenHouse) -> None:
    async with open_house(retention_ms=300) as house:
        line = await house.open()
        await line.ask("hello")
        await asyncio.sleep(0.6)
        await line.ask("still here")
        await line.call.done_writing()
        await line.rest()
        await until_gone(house)
        assert "0 idle" in repr(house.core.pool)


async def test_what_only_the_journal_holds_goes_after_a_restart(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        await line.ask("hello")
        await line.call.done_writing()
        await line.rest()
    async with open_house(retention_ms=200) as house:
        await until_gone(house)
