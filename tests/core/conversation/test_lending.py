"""Histories without an id that part from a nameless conversation: on its hot worker, and nobody's words are mixed."""

import asyncio
from typing import Any

import pytest
from hotseat_core.conversation.history import Message
from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.events import TurnStarted, WorkerSource
from hotseat_core.worker.setup import SessionSetup

from tests.core.conversation.conftest import Guest, House, OpenHouse, settings
from tests.core.conversation.scenes import a, hanging, u


async def talk(house: House, *texts: str, conversation_id: str = "", **attachment: Any) -> Guest:
    """A conversation that somebody had and left."""
    guest = await house.enter(conversation_id, **attachment)
    for text in texts:
        await guest.ask(text)
    await leave(house, guest)
    return guest


async def leave(house: House, guest: Guest) -> None:
    guest.conversation.detach(guest.attachment)
    async with asyncio.timeout(10):
        while guest.conversation.is_busy:  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0)


def said(*texts: str) -> tuple[Message, ...]:
    """The history of these questions, as the fake CLI answers them."""
    return tuple(message for text in texts for message in (u(text), a(f"you said {text}")))


def worker_of(house: House, guest: Guest) -> str | None:
    found = house.pool.worker_of(guest.conversation.id)
    return None if found is None else found.id


async def test_an_answer_asked_for_again_comes_from_the_same_worker_under_an_id_of_its_own(
    open_house: OpenHouse,
) -> None:
    async with open_house() as house:
        first = await talk(house, "one", "two")
        worker = worker_of(house, first)
        again = await house.enter("", history=said("one"))
        assert await again.recall() == "u:one | a:you said one"
        assert again.conversation.id != first.conversation.id
        assert (worker_of(house, again), worker_of(house, first)) == (worker, None)
        started = await again.first(TurnStarted)
        assert isinstance(started, TurnStarted)
        assert started.worker_source is WorkerSource.HOT
        await house.calm(idle=1)


async def test_a_branch_that_lent_its_worker_is_found_and_goes_on_exactly(open_house: OpenHouse) -> None:
    async with open_house() as house:
        first = await talk(house, "one", "two")
        again = await house.enter("", history=said("one"))
        await again.ask("other")
        onward = await house.enter("", history=said("one", "two"))
        assert onward.conversation is first.conversation
        assert await onward.recall() == "u:one | a:you said one | u:two | a:you said two"
        assert await again.recall() == "u:one | a:you said one | u:other | a:you said other"
        await house.calm(idle=2)


async def test_two_branches_at_once_both_go_on_from_their_own_history(open_house: OpenHouse) -> None:
    async with open_house(max_workers=3) as house:
        await talk(house, "one", "two")
        branches = [await house.enter("", history=said("one")) for _ in range(2)]
        await asyncio.gather(*(guest.ask(f"branch {index}") for index, guest in enumerate(branches)))
        for index, guest in enumerate(branches):
            begun = f"u:one | a:you said one | u:branch {index} | a:you said branch {index}"
            assert await guest.recall() == begun
        await house.calm(idle=2)


@pytest.mark.parametrize(
    "why",
    ["attached", "running", "named", "other prompt", "other model", "little in common"],
)
async def test_a_worker_stays_where_it_is(open_house: OpenHouse, why: str) -> None:
    async with open_house() as house:
        begin: dict[str, Any] = {"settings": _settings(why)} if why.startswith("other") else {}
        name = "mine" if why == "named" else ""
        texts = ("one", "two", "three", "four") if why == "little in common" else ("one", "two")
        first = await talk(house, *texts, conversation_id=name, **begin)
        if why in {"attached", "running"}:
            first = await house.enter(first.conversation.id)
        if why == "running":
            await hanging(first)
        worker = worker_of(house, first)
        again = await house.enter("", history=said("one"))
        assert await again.recall() == "u:one | a:you said one"
        assert worker_of(house, first) == worker != worker_of(house, again)
        if why == "running":
            first.conversation.interrupt()


def _settings(why: str) -> ConversationSettings:
    return settings(system_prompt="Else.") if why == "other prompt" else settings(model="opus")


async def test_an_agents_worker_is_not_handed_over(open_house: OpenHouse) -> None:
    agent = ConversationSettings("claude-code", SessionSetup())
    async with open_house() as house:
        first = await talk(house, "one", "two", settings=agent)
        worker = worker_of(house, first)
        again = await house.enter("", history=said("one"), settings=agent)
        assert await again.recall() == "u:one | a:you said one"
        assert worker_of(house, first) == worker
        assert again.conversation.runner.workspace != first.conversation.runner.workspace


async def test_a_lent_worker_that_can_not_go_back_is_replaced(open_house: OpenHouse) -> None:
    async with open_house("no-rewind") as house:
        first = await talk(house, "one", "two")
        worker = worker_of(house, first)
        again = await house.enter("", history=said("one"))
        assert await again.recall() == "u:one | a:you said one"
        assert worker_of(house, again) not in {worker, None}


async def test_a_cold_conversation_goes_on_on_the_worker_of_its_own_branch(open_house: OpenHouse) -> None:
    async with open_house(max_workers=1) as house:
        first = await talk(house, "one", "two", "three")
        branch = await house.enter("", history=said("one", "two"))
        await branch.ask("other")
        await leave(house, branch)
        back = await house.enter(first.conversation.id)
        begun = "u:one | a:you said one | u:two | a:you said two | u:three | a:you said three"
        assert await back.recall() == begun
        assert worker_of(house, branch) is None
        assert len(house.pool.workers()) == 1
