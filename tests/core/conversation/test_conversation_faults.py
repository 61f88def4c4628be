"""What goes wrong in a turn, and how a conversation gets over it."""

import asyncio
import os
import signal

import pytest
from hotseat_core.conversation.summary import State
from hotseat_core.conversation.turn_runner import TurnLimits
from hotseat_core.errors import (
    Reason,
)
from hotseat_core.events import (
    Notice,
    NoticeKind,
    Outcome,
    TurnStarted,
)

from tests.core.conversation.conftest import Guest, House, OpenHouse
from tests.core.conversation.scenes import a, hanging, reason, u


@pytest.mark.parametrize(
    ("order", "expected"),
    [("die", Reason.WORKER_LOST), ("fail 529", Reason.PROVIDER), ("restart other", Reason.ATTEMPT_ABANDONED)],
)
async def test_a_failed_turn_leaves_the_conversation_as_it_was(
    open_house: OpenHouse, order: str, expected: Reason
) -> None:
    async with open_house() as house:
        guest = await house.enter()
        await guest.ask("one")
        assert reason(await guest.ask(order)) is expected
        assert await guest.recall() == "u:one | a:you said one"
        await house.calm(idle=1)


async def test_a_turn_that_stalls_is_given_up(open_house: OpenHouse) -> None:
    async with open_house(limits=TurnLimits(stall_timeout_s=0.1)) as house:
        guest = await house.enter()
        assert reason(await guest.ask("hang")) is Reason.STALLED
        assert await guest.recall() == "nothing"


async def test_a_turn_that_takes_too_long_is_given_up(open_house: OpenHouse) -> None:
    async with open_house(limits=TurnLimits(max_duration_s=0.1)) as house:
        guest = await house.enter()
        assert reason(await guest.ask("hang")) is Reason.TURN_LIMIT
        assert await guest.recall() == "nothing"


async def test_a_truncated_answer_is_part_of_the_conversation(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        ended = await guest.ask("cut max_tokens")
        assert (ended.outcome, ended.text) == (Outcome.TRUNCATED, "cut short")
        assert await guest.recall() == "u:cut max_tokens | a:cut short"


async def test_an_answer_that_the_provider_had_to_begin_again_is_told_once(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        assert (await guest.ask("restart same")).text == "one two three"
        assert await guest.recall() == "u:restart same | a:one two three"


async def test_a_worker_that_can_not_be_aligned_is_replaced(open_house: OpenHouse) -> None:
    async with open_house("no-rewind", times=1) as house:
        guest = await house.enter()
        await guest.ask("one")
        first = house.registry.describe(guest.conversation).worker_id
        edited = await house.enter(history=(u("edited"), a("answer")))
        assert await edited.recall() == "u:edited | a:answer"
        assert house.registry.describe(guest.conversation).worker_id != first
        await house.calm(idle=1)


async def test_where_no_worker_can_be_aligned_the_input_is_rejected(open_house: OpenHouse) -> None:
    async with open_house("no-seed") as house:
        guest = await house.enter(history=(u("a"), a("b")))
        request_id = guest.say("hello")
        rejection = await guest.rejected(request_id)
        assert rejection.failure.reason is Reason.WORKER_LOST
        assert rejection.failure.retry_delay_s is not None
        assert guest.events == []
        assert guest.attachment.open_inputs == set()
        await house.calm()


async def test_where_the_cli_does_not_start_the_input_is_rejected(open_house: OpenHouse) -> None:
    async with open_house("exit") as house:
        guest = await house.enter()
        rejection = await guest.rejected(guest.say("hello"))
        assert rejection.failure.reason is Reason.WORKER_START
        assert "cannot start today" in rejection.failure.message


async def test_a_worker_that_dies_at_its_start_is_started_again_unheard(open_house: OpenHouse) -> None:
    async with open_house("exit", times=1) as house:
        guest = await house.enter()
        assert (await guest.completed(guest.say("hello"))).outcome is Outcome.SUCCEEDED


async def test_a_rejected_input_may_be_said_again(open_house: OpenHouse) -> None:
    async with open_house("exit", times=2) as house:
        guest = await house.enter()
        request_id = guest.say("hello")
        await guest.rejected(request_id)
        guest.say("hello", request_id=request_id)
        assert (await guest.completed(request_id)).outcome is Outcome.SUCCEEDED


async def test_a_queue_that_is_full_rejects(open_house: OpenHouse) -> None:
    async with open_house(max_workers=1, max_queue=0) as house:
        await hanging(await house.enter("busy"))
        guest = await house.enter("late")
        assert (await guest.rejected(guest.say("hello"))).failure.reason is Reason.POOL_FULL


# ---- the pool


async def test_an_evicted_conversation_goes_on_on_another_worker(open_house: OpenHouse) -> None:
    async with open_house(max_workers=1) as house:
        first, second = await house.enter("first"), await house.enter("second")
        for _ in range(2):
            await first.ask("one")
            await second.ask("two")
        assert await first.recall() == "u:one | a:you said one | u:one | a:you said one"
        assert house.registry.describe(second.conversation).state is State.COLD
        assert house.registry.describe(second.conversation).worker_id == ""
        await house.calm(idle=1)


async def test_many_conversations_share_few_workers(open_house: OpenHouse) -> None:
    async with open_house(max_workers=2) as house:
        guests = [await house.enter(f"c{number}") for number in range(8)]
        ended = await asyncio.gather(*(guest.ask(f"hello {number}") for number, guest in enumerate(guests)))
        assert [turn.text for turn in ended] == [f"you said hello {number} " for number in range(8)]
        await house.calm(idle=2)


async def test_a_worker_that_dies_idle_is_not_missed(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        await guest.ask("one")
        for row in house.pool.workers():
            assert row.pid is not None
            os.kill(row.pid, signal.SIGKILL)
        while house.pool.worker_of("c") is not None:
            await house.pool.wait_for_change()
        assert await guest.recall() == "u:one | a:you said one"


async def test_a_drain_that_is_out_of_patience_interrupts(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        request_id = await hanging(guest)
        house.pool.drain(0.05)
        assert (await guest.completed(request_id)).outcome is Outcome.INTERRUPTED
        assert (await guest.rejected(guest.say("more"))).failure.reason is Reason.POOL_DRAINING


async def test_an_operator_may_take_a_conversation_off_its_worker_in_mid_turn(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        request_id = await hanging(guest, "hang well begun")
        await house.pool.evict("c", force=True)
        assert (await guest.completed(request_id)).outcome is Outcome.INTERRUPTED
        assert await guest.recall() == "u:hang well begun | a:well begun"


# ---- a worker that dies before its turn says anything


async def stopped_in_its_turn(house: House, guest: Guest, text: str) -> tuple[str, int]:
    """Say something to a hot worker that has stopped; return the request id, and the pid to kill."""
    await guest.ask("one")
    [pid] = [row.pid for row in house.pool.workers() if row.conversation == guest.conversation.id]
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    request_id = guest.say(text)
    await guest.first(TurnStarted, 2)
    return request_id, pid


def notices(guest: Guest) -> list[NoticeKind]:
    return [event.kind for event in guest.events if isinstance(event, Notice)]


async def test_a_worker_that_dies_before_it_says_anything_is_replaced_in_the_turn(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        request_id, pid = await stopped_in_its_turn(house, guest, "two")
        os.kill(pid, signal.SIGKILL)
        ended = await guest.completed(request_id)
        assert (ended.outcome, ended.text) == (Outcome.SUCCEEDED, "you said two ")
        assert notices(guest) == [NoticeKind.WORKER_REPLACED]
        assert await guest.recall() == "u:one | a:you said one | u:two | a:you said two"
        stored = await house.store.turns("", "c", limit=9)
        assert [turn.request_id for turn in stored].count(request_id) == 1
        await house.calm(idle=1)


async def test_a_prompt_that_kills_the_cli_kills_two_at_most(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        await guest.ask("one")
        assert reason(await guest.ask("vanish")) is Reason.WORKER_LOST
        assert notices(guest) == [NoticeKind.WORKER_REPLACED]
        assert await guest.recall() == "u:one | a:you said one"


async def test_a_turn_of_which_something_was_told_is_not_run_again(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        ended = await guest.ask("die")
        assert (reason(ended), ended.text, notices(guest)) == (Reason.WORKER_LOST, "half", [])


async def test_a_turn_that_waits_for_its_second_worker_can_be_interrupted(open_house: OpenHouse) -> None:
    async with open_house(max_workers=1) as house:
        guest, other = await house.enter(), await house.enter("other")
        request_id, pid = await stopped_in_its_turn(house, guest, "two")
        blocking = other.say("hang")  # waits for the one seat, and gets it before the second attempt
        while house.pool.stats().queued_turns != 1:
            await house.pool.wait_for_change()
        os.kill(pid, signal.SIGKILL)
        await other.first(TurnStarted)
        guest.conversation.interrupt()
        assert (await guest.completed(request_id)).outcome is Outcome.INTERRUPTED
        other.conversation.interrupt()
        await other.completed(blocking)
        assert await guest.recall() == "u:one | a:you said one"


async def test_a_turn_that_gets_no_second_worker_fails_as_lost(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        request_id, pid = await stopped_in_its_turn(house, guest, "two")
        house.pool.drain()  # nothing new begins
        os.kill(pid, signal.SIGKILL)
        assert reason(await guest.completed(request_id)) is Reason.WORKER_LOST
        [*_, last] = await house.store.turns("", "c", limit=9)
        assert last.completed is not None, "its end is in the journal"
        house.pool.resume()
        assert await guest.recall() == "u:one | a:you said one"
