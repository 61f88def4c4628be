"""Long histories begin with a file, on a process of their own; where that fails they are told."""

import logging

import pytest
from hotseat_core.conversation.history import Message

from tests.core.conversation.conftest import Guest, OpenHouse
from tests.core.conversation.scenes import a, u

LONG = tuple(message for number in range(60) for message in (u(f"q{number}"), a(f"a{number}")))


def heard(messages: tuple[Message, ...]) -> str:
    return " | ".join(f"{message.role[0]}:{message.text}" for message in messages)


async def began_with_a_file(guest: Guest) -> bool:
    return "--resume=" in (await guest.ask("process")).text


async def test_a_long_history_is_begun_with(open_house: OpenHouse) -> None:
    async with open_house(warm_workers=1) as house:
        await house.calm(warm=1)
        guest = await house.enter(history=LONG)
        assert await guest.recall() == heard(LONG)
        assert await began_with_a_file(guest)
        await house.calm(idle=1, warm=1)  # the spare is left for others


async def test_a_short_history_is_told_to_a_spare(open_house: OpenHouse) -> None:
    async with open_house(warm_workers=1) as house:
        await house.calm(warm=1)
        guest = await house.enter(history=LONG[:40])
        assert await guest.recall() == heard(LONG[:40])
        assert not await began_with_a_file(guest)


async def test_without_a_spare_a_short_history_is_begun_with_too(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter(history=LONG[:20])
        assert await guest.recall() == heard(LONG[:20])
        assert await began_with_a_file(guest)


@pytest.mark.parametrize("fault", ["no-resume", "forgetful"])
async def test_a_history_that_can_not_be_begun_with_is_told(
    open_house: OpenHouse, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with open_house(fault) as house:
        guest = await house.enter(history=LONG)
        assert await guest.recall() == heard(LONG)
        assert not await began_with_a_file(guest)
        await house.calm(idle=1)
    assert "another worker has to take the conversation up" in caplog.text


async def test_the_pool_is_never_larger_for_it(open_house: OpenHouse) -> None:
    async with open_house(max_workers=1) as house:
        other = await house.enter("other")
        await other.ask("hello")
        guest = await house.enter(history=LONG)
        assert await guest.recall() == heard(LONG)
        assert await began_with_a_file(guest)
        await house.calm(idle=1)
        assert house.pool.worker_of("other") is None


async def test_an_evicted_conversation_comes_back_with_a_file(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter(history=LONG)
        await guest.ask("hello")
        await house.pool.evict("c")
        assert await guest.recall() == f"{heard(LONG)} | u:hello | a:you said hello"
        assert await began_with_a_file(guest)


async def test_a_turn_that_was_called_off_leaves_its_start_to_the_next(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter(history=LONG)
        request_id = guest.say("never")
        await house.pool.wait_for_change()
        guest.conversation.interrupt(request_id=request_id)
        await guest.completed(request_id)
        assert await guest.recall() == heard(LONG)
        await house.calm(idle=1)
        assert sum(house.pool.stats().worker_starts.values()) == 1


async def test_a_hot_worker_is_given_up_where_nearly_all_would_have_to_be_told_again(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        await guest.ask("hello")
        guest.conversation.detach(guest.attachment)
        held = house.pool.worker_of("c")
        history = (u("else"), a("more"), *LONG, *LONG)
        again = await house.enter(history=history)
        assert await again.recall() == heard(history)
        assert await began_with_a_file(again)
        assert held not in house.pool.workers()
        await house.calm(idle=1)
