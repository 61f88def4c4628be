"""Conversations on a real pool of fake CLIs: turns in their order, and what a client may do to them."""

import asyncio

import pytest
from hotseat_core.conversation.inbox import MAX_WAITING_INPUTS
from hotseat_core.conversation.turn import Delivery
from hotseat_core.errors import (
    ConversationBusy,
    PoolFull,
)
from hotseat_core.events import (
    Outcome,
    TextDelta,
    TurnCompleted,
    TurnStarted,
    WorkerSource,
)

from tests.core.conversation.conftest import OpenHouse, settings
from tests.core.conversation.scenes import hanging


async def test_a_conversation_goes_on_where_it_was(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        assert (await guest.ask("one")).text == "you said one "
        assert (await guest.ask("two")).text == "you said two "
        assert await guest.recall() == "u:one | a:you said one | u:two | a:you said two"
        starts = [event for event in guest.events if isinstance(event, TurnStarted)]
        assert [start.worker_source for start in starts] == [WorkerSource.COLD, WorkerSource.HOT, WorkerSource.HOT]
        await house.calm(idle=1)


async def test_a_turn_begins_and_ends_with_its_own_events(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        await asyncio.gather(*(guest.completed(guest.say(text)) for text in ("a", "b", "c")))
        entries = guest.conversation.log.read(1)
        assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
        for turn in (1, 2, 3):
            events = [entry.event for entry in entries if entry.turn == turn]
            assert isinstance(events[0], TurnStarted)
            assert isinstance(events[-1], TurnCompleted)
            assert sum(isinstance(event, TurnCompleted) for event in events) == 1
        assert [entry.turn for entry in entries] == sorted(entry.turn for entry in entries)


async def test_inputs_queue_in_their_order_whoever_says_them(open_house: OpenHouse) -> None:
    async with open_house() as house:
        first, second = await house.enter(), await house.enter()
        said = [guest.say(text) for guest, text in ((first, "a"), (second, "b"), (first, "c"))]
        await first.completed(said[-1])
        assert [record.request_id for record in first.conversation.turns] == said
        assert await second.recall() == "u:a | a:you said a | u:b | a:you said b | u:c | a:you said c"


async def test_an_input_that_is_known_is_not_run_again(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        request_id = guest.say("one")
        guest.say("one", request_id=request_id)
        await guest.completed(request_id)
        guest.say("one", request_id=request_id)
        assert await guest.recall() == "u:one | a:you said one"
        assert len(guest.conversation.turns) == 2


async def test_an_input_said_again_on_another_stream_is_waited_for_there_too(open_house: OpenHouse) -> None:
    async with open_house() as house:
        first = await house.enter()
        request_id = await hanging(first)
        second = await house.enter()
        second.say("hang", request_id=request_id)
        assert second.attachment.open_inputs == {request_id}
        second.conversation.interrupt()
        await second.completed(request_id)
        assert second.attachment.open_inputs == first.attachment.open_inputs == set()
        second.say("hang", request_id=request_id)
        assert second.attachment.open_inputs == set()


async def test_too_many_inputs_are_refused(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        await hanging(guest)
        for _ in range(MAX_WAITING_INPUTS):
            guest.say("more")
        with pytest.raises(PoolFull):
            guest.say("too much")


async def test_an_input_that_will_not_wait_is_refused_while_a_turn_runs_or_waits(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        request_id = guest.say("hang")
        with pytest.raises(ConversationBusy):
            guest.say("now", Delivery.REJECT)
        await guest.first(TextDelta)
        with pytest.raises(ConversationBusy):
            guest.say("now", Delivery.REJECT)
        guest.conversation.interrupt()
        await guest.completed(request_id)
        # The worker is still being brought back in order, but no turn runs.
        ended = await guest.completed(guest.say("now", Delivery.REJECT))
        assert ended.outcome is Outcome.SUCCEEDED


async def test_an_input_that_interrupts_is_next(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        first = await hanging(guest, "hang well begun")
        second = guest.say("recall", Delivery.INTERRUPT)
        assert (await guest.completed(first)).outcome is Outcome.INTERRUPTED
        assert (await guest.completed(second)).text == "u:hang well begun | a:well begun"


async def test_the_model_hears_the_settings(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter(settings=settings(system_prompt="Be brief.", model="opus"))
        assert '["Be brief.", "opus"' in (await guest.ask("settings")).text


async def test_settings_that_change_take_another_worker_and_keep_the_history(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await (await house.enter(settings=settings(system_prompt="First."))).ask("one")
        guest = await house.enter(settings=settings(system_prompt="Second."), given=frozenset({"system_prompt"}))
        assert "Second." in (await guest.ask("settings")).text
        assert (await guest.recall()).startswith("u:one | a:you said one")
        await house.calm(idle=1)


# ---- interrupts


async def test_an_interrupted_turn_keeps_what_it_said(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        request_id = await hanging(guest, "hang half way")
        guest.conversation.interrupt()
        ended = await guest.completed(request_id)
        assert (ended.outcome, ended.text, ended.failure) == (Outcome.INTERRUPTED, "half way", None)
        assert await guest.recall() == "u:hang half way | a:half way"
        await house.calm(idle=1)


async def test_an_input_that_waits_for_its_turn_can_be_interrupted_by_name(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        first = await hanging(guest)
        second, third = guest.say("second"), guest.say("third")
        guest.conversation.interrupt(request_id=second)
        guest.conversation.interrupt(request_id=first)
        assert (await guest.completed(third)).outcome is Outcome.SUCCEEDED
        assert (await guest.completed(second)).outcome is Outcome.INTERRUPTED
        assert "second" not in await guest.recall()


async def test_an_input_that_waits_for_a_worker_can_be_interrupted(open_house: OpenHouse) -> None:
    async with open_house(max_workers=1) as house:
        await hanging(await house.enter("busy"))
        guest = await house.enter("waits")
        request_id = guest.say("hello")
        while not house.pool.stats().queued_turns:
            await house.pool.wait_for_change()
        guest.conversation.interrupt()
        assert (await guest.completed(request_id)).outcome is Outcome.INTERRUPTED
        assert house.pool.stats().queued_turns == 0
        (await house.enter("busy")).conversation.interrupt()
        await house.calm(idle=1)


async def test_an_input_whose_worker_starts_can_be_interrupted(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        request_id = guest.say("hello")
        await house.pool.wait_for_change()
        guest.conversation.interrupt()
        assert (await guest.completed(request_id)).outcome is Outcome.INTERRUPTED
        await house.calm(warm=1)
        assert (await guest.ask("hello")).outcome is Outcome.SUCCEEDED


async def test_a_late_interrupt_does_not_hit_the_next_turn(open_house: OpenHouse) -> None:
    async with open_house(max_workers=1) as house:
        guest = await house.enter()
        await guest.ask("first")
        await hanging(await house.enter("busy"))  # evicts the first one: its next turn has to wait
        second = guest.say("second")
        while not house.pool.stats().queued_turns:
            await house.pool.wait_for_change()
        guest.conversation.interrupt(turn=1)
        (await house.enter("busy")).conversation.interrupt()
        assert (await guest.completed(second)).outcome is Outcome.SUCCEEDED
        guest.conversation.interrupt(turn=2)
        guest.conversation.interrupt()
        guest.conversation.interrupt(request_id="unknown")
        assert (await guest.ask("third")).outcome is Outcome.SUCCEEDED


async def test_an_interrupt_hits_the_turn_that_it_names(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        await guest.ask("first")
        second = guest.say("hang")
        await guest.first(TurnStarted, 2)
        guest.conversation.interrupt(turn=2)
        assert (await guest.completed(second)).outcome is Outcome.INTERRUPTED
