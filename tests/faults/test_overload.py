"""Every seat taken: a bounded queue, plain errors, and no place held by who has left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests.bad_inputs import table
from tests.bad_inputs.sending import check
from tests.bad_inputs.table import HttpRow
from tests.e2e.house import House, new_id, tag, user
from tests.e2e.wire import calling

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def every_seat_taken(house: House) -> AsyncIterator[None]:
    """Two turns that go on until the block is left."""
    async with AsyncExitStack() as calls:
        for _ in range(2):
            text = f"[[tokens 5000]] [[delay 10]] {tag()}"
            await calls.enter_async_context(calling(house.edge.address, body(text)))
            await house.until_asked(text, deltas=1)
        yield


def body(text: str) -> dict[str, object]:
    return {"model": f"claude:{new_id()}", "stream": True, "messages": [user(text)]}


def rows(when: str) -> list[HttpRow]:
    """What is sent to a server that is up to this."""
    return [row for row in table.http() if row.when == when]


async def test_a_full_queue_refuses_at_once_and_says_when_to_come_back(impatient: House) -> None:
    async with every_seat_taken(impatient):
        for row in rows("full"):
            async with calling(impatient.edge.address, body("waits")):
                await impatient.until_queued(1)
                async with asyncio.timeout(6):  # less than anybody waits in the queue
                    await check(impatient, row)
            await impatient.until_queued(0)


async def test_who_waits_too_long_is_told_so(impatient: House) -> None:
    async with every_seat_taken(impatient):
        for row in rows("busy"):
            await check(impatient, row)


async def test_a_server_that_drains_takes_nothing_and_says_so(impatient: House) -> None:
    await impatient.grpc.drain_pool()
    try:
        for row in rows("draining"):
            await check(impatient, row)
    finally:
        await impatient.grpc.resume_pool()


async def test_who_hangs_up_in_the_queue_leaves_it(impatient: House) -> None:
    text = f"[[say x]] {tag()}"
    async with every_seat_taken(impatient), calling(impatient.edge.address, body(text)) as caller:
        await impatient.until_queued(1)
        caller.close()
        await impatient.until_queued(0)
    assert impatient.asked(text) == []


async def test_a_seat_that_falls_free_goes_to_who_waits(impatient: House) -> None:
    text = f"[[say at last]] {tag()}"
    async with every_seat_taken(impatient):
        asking = asyncio.create_task(impatient.sdk.chat.completions.create(model="claude", messages=[user(text)]))
        await impatient.until_queued(1)
    async with asyncio.timeout(20):
        assert (await asking).choices[0].message.content == "at last"
