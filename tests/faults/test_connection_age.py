"""Connections that the core ends because they are old: an answer that takes longer is not lost, and not told twice."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hotseat import Client, pb

from tests.e2e.house import House, running, tag, user
from tests.e2e.wire import calling

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLOW = "[[tokens 100]] [[delay 25]]"
AGE_S = 0.8  # from the beginning of a connection to its end, its grace included


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def aging(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house whose connections grow old within a breath."""
    bounds = {"HOTSEAT_CORE_CONNECTION_AGE_MS": "500", "HOTSEAT_CORE_CONNECTION_GRACE_MS": "300"}
    async with running(tmp_path_factory.mktemp("aging"), POOL_SIZE="2", **bounds) as house:
        yield house


async def test_the_edge_tells_each_word_once_over_many_connections(aging: House) -> None:
    text = f"{SLOW} {tag()}"
    began = time.monotonic()
    async with calling(aging.edge.address, {"model": "claude", "stream": True, "messages": [user(text)]}) as caller:
        await caller.until_ended(40)
    received = caller.received.decode()
    assert [received.count(f'" w{number}"') for number in range(1, 100)] == [1] * 99
    assert "data: [DONE]" in received
    assert len(aging.asked(text)) == 1
    assert time.monotonic() - began > 2 * AGE_S


async def test_the_python_client_tells_each_event_once_over_many_connections(aging: House) -> None:
    text = f"{SLOW} {tag()}"
    opening = pb.OpenConversation(settings=pb.ConversationSettings(profile="claude"))
    first = pb.UserInput(request_id=str(uuid.uuid4()), content=[pb.ContentBlock(text=text)])
    said = ""
    async with (
        Client(aging.core.address) as client,
        client.converse(opening, first=first, resume_s=10) as talk,
    ):
        async for event in talk.turn(first.request_id):
            said += event.text_delta.text
    assert said == " ".join(f"w{number}" for number in range(100))
    assert len(aging.asked(text)) == 1


async def test_requests_that_come_while_a_connection_ends_are_all_answered(aging: House) -> None:
    async with asyncio.timeout(40):
        until = time.monotonic() + 3 * AGE_S
        while time.monotonic() < until:
            health = await aging.http.get("/health")
            listed = await aging.http.get("/conversations")
            assert (health.status_code, listed.status_code) == (200, 200)
            await asyncio.sleep(0.02)
    answer = await aging.sdk.chat.completions.create(model="claude", messages=[user(f"[[say hi]] {tag()}")])
    assert answer.choices[0].message.content == "hi"
