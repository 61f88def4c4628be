"""The calls beside talking, and the channel itself."""

import asyncio
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from hotseat import Client, HotseatError, pb

from tests.clients.conftest import connected
from tests.core.conftest import until
from tests.fakes.core import FakeCore, serving


async def test_an_absent_core_fails_within_a_second_and_is_found_when_it_comes(tmp_path: Path) -> None:
    target = f"unix:{tmp_path}/core.sock"
    async with Client(target) as client:
        async with asyncio.timeout(1.0):
            with pytest.raises(HotseatError) as caught:
                await client.get_pool()
        assert caught.value.code == grpc.StatusCode.UNAVAILABLE
        async with serving(FakeCore(), target), asyncio.timeout(3):
            while True:
                try:
                    assert (await client.get_pool()).size.max_workers == 4
                    break
                except HotseatError:
                    await asyncio.sleep(0.02)


async def test_the_calls_beside_converse() -> None:
    core = FakeCore()
    async with connected(core) as client:
        for name in ("a", "b", "c"):
            async with client.converse(pb.OpenConversation(conversation_id=name)):
                pass
        page = await client.list_conversations(page_size=2)
        assert [found.conversation_id for found in page.conversations] == ["a", "b"]
        rest = await client.list_conversations(page_size=2, page_token=page.next_page_token)
        assert [found.conversation_id for found in rest.conversations] == ["c"]
        assert (await client.get_conversation("b")).conversation_id == "b"
        forked = await client.fork_conversation("a", turn=2, new_conversation_id="a2")
        assert (forked.conversation_id, forked.turn_count) == ("a2", 2)
        await client.delete_conversation("b")
        await client.delete_conversation("b", allow_missing=True)
        assert await client.evict_conversation("a") == "w1"
        assert [profile.name for profile in await client.list_profiles()] == ["claude-code", "claude"]


async def test_a_client_that_opens_ahead_has_the_next_stream_at_hand() -> None:
    core = FakeCore()

    async def talk_as(name: str, *, streams: int) -> None:
        async with client.converse(pb.OpenConversation(conversation_id=name)) as talk:
            assert [event.turn_completed.text async for event in talk.ask("hello")][-1] == "You said: hello"
            assert core.streams == streams  # but for the first one, it was open already
        await until(lambda: core.streams == streams + 1)

    async with serving(core) as target, Client(target, opens_ahead=True) as client:
        for number, name in enumerate("abc", 1):
            await talk_as(name, streams=number)
    assert [opening.conversation_id for opening in core.openings] == ["a", "b", "c"]


async def test_a_stream_that_was_opened_ahead_and_ended_since_is_replaced(tmp_path: Path) -> None:
    target = f"unix:{tmp_path}/core.sock"

    async def talk_as(name: str) -> str:
        async with client.converse(pb.OpenConversation(conversation_id=name)) as talk:
            await talk.finish()
        return talk.ready.conversation.conversation_id

    async with Client(target, opens_ahead=True) as client:
        async with serving(FakeCore(), target):
            assert await talk_as("before") == "before"
        async with serving(FakeCore(), target), asyncio.timeout(10):
            while True:
                try:
                    assert await talk_as("after") == "after"
                    break
                except HotseatError:  # it has looked for a core in between, and waits before it looks again
                    await asyncio.sleep(0.02)


@pytest.mark.parametrize("method", ["get_conversation", "delete_conversation", "fork_conversation"])
async def test_an_unknown_conversation_is_named_as_such(method: str) -> None:
    async with connected(FakeCore()) as client:
        with pytest.raises(HotseatError) as caught:
            await getattr(client, method)("nobody")

    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.NOT_FOUND, "CONVERSATION_NOT_FOUND")


def test_importing_the_package_does_not_import_grpc() -> None:
    code = "import sys, hotseat, hotseat.v1.content_pb2; sys.exit('grpc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
