"""A connection between edge and core that breaks in mid-answer: nothing is lost, and nothing is told twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.house import House, new_id, tag, user
from tests.e2e.wire import calling
from tests.fakes.proxy import Proxy, proxying

pytestmark = pytest.mark.asyncio(loop_scope="session")

SLOW = "[[tokens 100]] [[delay 20]]"


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(house: House) -> AsyncIterator[Proxy]:
    """What stands between the edge and the core."""
    async with proxying(house.core.address) as between:
        await house.edge.close()
        await house.start_edge(between.address)
        yield between


async def test_a_streamed_answer_goes_on_where_the_connection_broke(house: House, proxy: Proxy) -> None:
    text = f"{SLOW} {tag()}"
    body = {"model": "claude", "stream": True, "messages": [user(text)]}
    async with calling(house.edge.address, body) as caller:
        for word in ("w10", "w40", "w70"):
            await caller.until_received(f'" {word}"')
            proxy.cut()
        await caller.until_ended()
    received = caller.received.decode()
    assert [received.count(f'" w{number}"') for number in range(1, 100)] == [1] * 99
    assert "data: [DONE]" in received
    assert len(house.asked(text)) == 1


async def test_a_whole_answer_comes_though_the_connection_broke(house: House, proxy: Proxy) -> None:
    text = f"{SLOW} {tag()}"
    create = house.openai().chat.completions.create
    asking = asyncio.create_task(asyncio.to_thread(create, model="claude", messages=[user(text)]))
    await house.until_asked(text, deltas=10)
    proxy.is_shut = True
    proxy.cut()
    await asyncio.sleep(0.5)  # the network is away for that long
    proxy.is_shut = False
    assert (await asking).choices[0].message.content == " ".join(f"w{number}" for number in range(100))
    assert len(house.asked(text)) == 1


async def test_a_connection_that_stays_broken_ends_the_answer_with_an_error_and_the_turn(
    house: House, proxy: Proxy
) -> None:
    conversation, text = new_id(), f"[[tokens 5000]] [[delay 10]] {tag()}"
    body = {"model": f"claude:{conversation}", "stream": True, "messages": [user(text)]}
    async with calling(house.edge.address, body) as caller:
        await caller.until_received('" w5"')
        proxy.is_shut = True
        proxy.cut()
        await caller.until_ended(8)
    assert 'data: {"error":' in caller.received.decode()
    await house.demo.wait_until(lambda: house.asked(text)[-1].client_gone, timeout=8)


async def test_who_hangs_up_while_the_connection_is_broken_ends_the_turn_all_the_same(
    house: House, proxy: Proxy
) -> None:
    text = f"[[tokens 5000]] [[delay 10]] {tag()}"
    async with calling(house.edge.address, {"model": "claude", "stream": True, "messages": [user(text)]}) as caller:
        await caller.until_received('" w5"')
        proxy.is_shut = True
        proxy.cut()
    await house.demo.wait_until(lambda: house.asked(text)[-1].client_gone, timeout=8)
