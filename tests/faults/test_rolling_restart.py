"""The core is restarted behind the edge while clients go on: none of them hears of it."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest
import pytest_asyncio

from tests.e2e.house import House, running, tag, user

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

CLIENTS = 4


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house of its own: its core goes and comes."""
    directory: Path = tmp_path_factory.mktemp("rolling")
    async with running(directory, POOL_SIZE="2") as own:
        yield own


async def restart(house: House) -> None:
    """As a supervisor does it: one core ends in peace, the next one takes its address."""
    port = house.core.address.rpartition(":")[2]
    house.core.signal(signal.SIGTERM)
    assert await house.core.ended(30) == 0
    await house.start_core(port)


async def ask(house: House, number: int) -> None:
    """One request, streamed, whose answer must be whole."""
    word = tag()
    stream = await house.sdk.chat.completions.create(
        model="claude", messages=[user(f"[[say {number} {word} and so on]] [[delay 20]]")], stream=True
    )
    said = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
    assert "".join(said) == f"{number} {word} and so on"


async def test_no_request_fails_while_the_core_is_restarted_under_load(house: House) -> None:
    over, answered, failed = asyncio.Event(), [0], list[Exception]()

    async def client(number: int) -> None:
        while not over.is_set():
            try:
                await ask(house, number)
                answered[0] += 1
            except openai.APIError as error:
                failed.append(error)

    async with asyncio.TaskGroup() as clients:
        for number in range(CLIENTS):
            clients.create_task(client(number))
        for _ in range(2):
            before = answered[0]
            while answered[0] < before + CLIENTS and not failed:  # noqa: ASYNC110 - counted by the clients
                await asyncio.sleep(0.02)
            await restart(house)
        before = answered[0]
        while answered[0] < before + CLIENTS and not failed:  # noqa: ASYNC110 - counted by the clients
            await asyncio.sleep(0.02)
        over.set()
    assert failed == []


async def test_a_request_that_comes_while_the_core_is_away_waits_for_the_next_one(house: House) -> None:
    await ask(house, 1)
    # Milliseconds after an answer the edge opens the next stream, by which it hears of the end; nobody announces that.
    await asyncio.sleep(0.3)
    port = house.core.address.rpartition(":")[2]
    house.core.signal(signal.SIGTERM)
    assert await house.core.ended(30) == 0
    late = asyncio.create_task(ask(house, 2))
    done, _ = await asyncio.wait([late], timeout=1.5)
    assert not done, f"it did not wait: {late.exception()}"
    await house.start_core(port)
    async with asyncio.timeout(20):
        await late
