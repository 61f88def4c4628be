"""What conversations take of memory: bounded, and about what they are taken to weigh."""

import gc
import tracemalloc
from typing import Any

import pytest
from hotseat_core.conversation.room import weight
from hotseat_core.conversation.summary import State
from hotseat_core.errors import PoolFull

from tests.core.conversation.conftest import Guest, House, OpenHouse
from tests.core.conversation.scenes import a, u


def history(number: int, *, pairs: int = 10) -> dict[str, Any]:
    said = ((u(f"q{number} {pair} " * 5), a(f"{number} {pair} " * 60)) for pair in range(pairs))
    return {"history": tuple(message for pair in said for message in pair)}


async def left(house: House, name: str, **fields: Any) -> Guest:
    """A conversation that was opened, and left."""
    guest = await house.enter(name, **fields)
    guest.conversation.detach(guest.attachment)
    return guest


def live(house: House) -> set[str]:
    return set(house.registry._live)


async def test_the_longest_unused_leave_memory_and_come_back_as_they_were(open_house: OpenHouse) -> None:
    async with open_house(max_live_bytes=1_200_000) as house:
        for number in range(64):
            await left(house, f"c{number}", **history(number))
        assert 10 < len(live(house)) < 50
        assert f"c{63}" in live(house)
        assert "c0" not in live(house)
        again = await house.enter("c0")
        assert again.conversation.messages == history(0)["history"]
        assert (await house.registry.summary("c1")).state is State.COLD


async def test_what_is_in_use_stays_however_much_it_weighs(open_house: OpenHouse) -> None:
    async with open_house(max_live_bytes=0) as house:
        guests = [await house.enter(f"c{number}", **history(number)) for number in range(40)]
        assert live(house) == {f"c{number}" for number in range(40)}
        for guest in guests:
            guest.conversation.detach(guest.attachment)
        for number in range(20):
            await left(house, f"d{number}")
        assert not any(name.startswith("c") for name in live(house))


async def test_where_all_are_in_use_there_is_room_for_so_many(open_house: OpenHouse) -> None:
    async with open_house(max_live=2) as house:
        first = await house.enter("c0")
        await house.enter("c1")
        with pytest.raises(PoolFull):
            await house.enter("c2")
        first.conversation.detach(first.attachment)
        await house.enter("c2")
        assert live(house) == {"c1", "c2"}


async def test_a_conversation_weighs_about_what_it_takes(open_house: OpenHouse) -> None:
    async with open_house(max_workers=1) as house:
        await left(house, "before", **history(0))
        gc.collect()
        tracemalloc.start()
        try:
            begun, _ = tracemalloc.get_traced_memory()
            for number in range(50):
                await left(house, f"c{number}", **history(number))
            talker = await house.enter("talk")
            for _ in range(6):
                await talker.ask("many 100")
            talker.conversation.detach(talker.attachment)
            gc.collect()
            taken = tracemalloc.get_traced_memory()[0] - begun
        finally:
            tracemalloc.stop()
        # The journal of this house is in memory, too: it holds the messages once.
        weighed = sum(weight(house.registry._live[name]) for name in live(house) - {"before"})
        assert 0.7 * taken < weighed < 2 * taken
