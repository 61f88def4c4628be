"""Conversations in the journal: found by what was said, brought back, and no end told before it is kept."""

import asyncio
import copy

from hotseat_core.conversation.recovery import close_interrupted_turns
from hotseat_core.conversation.summary import State
from hotseat_core.conversation.terms import Disposition
from hotseat_core.errors import Reason
from hotseat_core.events import Outcome

from tests.core.conversation.conftest import OpenHouse
from tests.core.conversation.scenes import a, hanging, u


async def test_a_history_without_a_name_goes_on_with_its_own_conversation(open_house: OpenHouse) -> None:
    async with open_house() as house:
        first = await house.enter("")
        await first.ask("one")
        first.conversation.detach(first.attachment)
        again = await house.enter("", history=(u("one"), a("you said one")))
        assert again.conversation is first.conversation
        assert house.registry.describe(again.conversation).state is State.IDLE, "on the process that has it"
        assert await again.recall() == "u:one | a:you said one"
        await house.calm(idle=1)


async def test_a_history_whose_conversation_is_in_use_begins_another(open_house: OpenHouse) -> None:
    async with open_house() as house:
        first = await house.enter("")
        await first.ask("one")
        other = await house.enter("", history=(u("one"), a("you said one")))
        assert other.conversation is not first.conversation
        assert await other.recall() == "u:one | a:you said one"


async def test_a_conversation_with_a_name_is_left_to_those_who_know_it(open_house: OpenHouse) -> None:
    async with open_house() as house:
        named = await house.enter("named")
        await named.ask("one")
        named.conversation.detach(named.attachment)
        other = await house.enter("", history=(u("one"), a("you said one")))
        assert other.conversation is not named.conversation


async def test_a_regenerated_answer_is_another_branch(open_house: OpenHouse) -> None:
    async with open_house() as house:
        first = await house.enter("")
        await first.ask("one")
        await first.ask("two")
        first.conversation.detach(first.attachment)
        branch = await house.enter("", history=(u("one"), a("you said one")))
        assert branch.conversation is not first.conversation
        await branch.ask("other")
        assert await branch.recall() == "u:one | a:you said one | u:other | a:you said other"
        assert await first.recall() == "u:one | a:you said one | u:two | a:you said two"


async def test_an_agents_own_doings_are_known_to_every_branch(open_house: OpenHouse) -> None:
    async with open_house() as house:
        first = await house.enter("")
        ended = await first.ask("tool ls")
        claimed = (u("tool ls"), a(ended.text), u("more"), a("yes"))
        branch = await house.enter("", history=claimed)
        seen = await branch.recall()
        assert seen.endswith("| u:more | a:yes")
        assert seen.startswith("u:tool ls | a:Bash | u:")


async def test_a_named_conversation_that_goes_back_to_an_old_branch_knows_what_its_agent_did_there(
    open_house: OpenHouse,
) -> None:
    async with open_house() as house:
        first = await house.enter("c")
        ended = await first.ask("tool ls")
        elsewhere = await house.enter("c", history=(u("else"), a("where")))
        assert await elsewhere.recall() == "u:else | a:where"
        back = await house.enter("c", history=(u("tool ls"), a(ended.text), u("more"), a("yes")))
        seen = await back.recall()
        assert seen.startswith("u:tool ls | a:Bash | u:")
        assert seen.endswith("| u:more | a:yes")


async def test_what_was_said_outlives_the_core(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter("kept")
        request_id = guest.say("one")
        await guest.completed(request_id)
    async with open_house(store=house.store) as house:
        again = await house.enter("kept", Disposition.OPEN)
        assert (await house.registry.summary("kept")).turn_count == 1
        again.say("one", request_id=request_id)  # known: it is not run again
        assert await again.recall() == "u:one | a:you said one"
        assert [record.request_id for record in again.conversation.turns][:1] == [request_id]


async def test_a_turn_that_the_core_did_not_live_to_end_is_closed_as_failed(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter("cut")
        request_id = await hanging(guest)
        left = copy.deepcopy(house.store)  # as a kill would leave it
    await close_interrupted_turns(left)
    async with open_house(store=left) as house:
        again = await house.enter("cut")
        [record] = again.conversation.turns
        assert record.request_id == request_id
        assert record.completed is not None
        assert record.completed.outcome is Outcome.FAILED
        assert await again.recall() == "nothing"


async def test_no_end_is_told_that_the_journal_does_not_hold(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        request_id = await hanging(guest, "hang well begun")
        house.store.failing = True
        guest.conversation.interrupt()
        ended = await guest.completed(request_id)
        assert ended.outcome is Outcome.FAILED
        assert ended.failure is not None
        assert ended.failure.reason is Reason.STORAGE_FAILED
        assert (await guest.rejected(guest.say("more"))).failure.reason is Reason.STORAGE_FAILED
        house.store.failing = False
        assert await guest.recall() == "nothing"


async def test_two_who_open_a_cold_conversation_at_once_share_it(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter("shared")
        await guest.ask("one")
    async with open_house(store=house.store) as house:
        left, right = await asyncio.gather(house.enter("shared"), house.enter("shared"))
        assert left.conversation is right.conversation
        assert house.registry.describe(left.conversation).state is State.COLD
