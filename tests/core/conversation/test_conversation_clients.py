"""Clients of a conversation: they decide, leave, come back, and claim what was said."""

import pytest
from hotseat_core.conversation.summary import State
from hotseat_core.conversation.terms import (
    Disposition,
    GoAwayReason,
    HistoryPolicy,
    RawLine,
)
from hotseat_core.errors import (
    Reason,
)
from hotseat_core.events import (
    Outcome,
    PermissionRequested,
    RequestsCancelled,
    ToolCompleted,
)
from hotseat_core.worker.setup import PermissionMode

from tests.core.conversation.conftest import OpenHouse, settings
from tests.core.conversation.scenes import a, asking, hanging, u


async def test_the_client_decides_on_a_tool(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter(settings=asking())
        request_id = guest.say("tool ls")
        asked = await guest.first(PermissionRequested)
        assert isinstance(asked, PermissionRequested)
        assert house.registry.describe(guest.conversation).state is State.REQUIRES_ACTION
        guest.conversation.permissions.allow(asked.permission_id, "", asked.suggested_rules)
        assert (await guest.completed(request_id)).text == "it ran ls"


async def test_nobody_deciding_in_time_refuses(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter(settings=asking(decision_timeout_s=0.05))
        await guest.ask("tool ls")
        done = await guest.first(ToolCompleted)
        assert isinstance(done, ToolCompleted)
        assert (done.is_error, "in time" in done.text) == (True, True)


async def test_where_only_an_observer_is_there_a_tool_is_refused(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter(settings=asking())
        await house.enter(disposition=Disposition.OBSERVE, is_observer=True)
        request_id = guest.say("tool ls")
        guest.conversation.detach(guest.attachment)
        assert "refused" in (await guest.completed(request_id)).text


async def test_an_interrupt_withdraws_the_question(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter(settings=asking())
        request_id = guest.say("tool ls")
        asked = await guest.first(PermissionRequested)
        guest.conversation.interrupt()
        assert (await guest.completed(request_id)).outcome is Outcome.INTERRUPTED
        assert isinstance(asked, PermissionRequested)
        assert RequestsCancelled((asked.permission_id,)) in guest.events
        assert not guest.conversation.permissions.is_waiting
        assert await guest.recall() == "nothing"
        await house.calm(idle=1)


# ---- clients that leave and come back


async def test_a_turn_ends_with_its_client_where_that_said_so(open_house: OpenHouse) -> None:
    async with open_house() as house:
        watching = await house.enter()
        guest = await house.enter(detach_timeout_s=0)
        first = await hanging(guest)
        second = guest.say("never said")
        guest.conversation.detach(guest.attachment)
        assert (await watching.completed(first)).outcome is Outcome.INTERRUPTED
        assert (await watching.completed(second)).outcome is Outcome.INTERRUPTED
        assert "never" not in await watching.recall()
        await house.calm(idle=1)


async def test_a_turn_outlives_its_client_where_nothing_was_said(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        request_id = guest.say("hello")
        guest.conversation.detach(guest.attachment)
        assert (await (await house.enter()).completed(request_id)).outcome is Outcome.SUCCEEDED


async def test_a_client_that_comes_back_in_time_finds_its_turn_and_its_answer(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter(client_id="A", detach_timeout_s=5)
        request_id = await hanging(guest)
        guest.conversation.detach(guest.attachment)
        back = await house.enter(client_id="A", detach_timeout_s=0)
        assert back.attachment.open_inputs == {request_id}
        back.conversation.detach(back.attachment)
        assert (await back.completed(request_id)).outcome is Outcome.INTERRUPTED


async def test_a_rejection_finds_the_client_on_its_new_stream(open_house: OpenHouse) -> None:
    async with open_house(max_workers=1, queue_timeout_s=1.5) as house:
        await hanging(await house.enter("busy"))
        guest = await house.enter("waits", client_id="A")
        request_id = guest.say("hello")
        back = await house.enter("waits", client_id="A")
        assert (await back.rejected(request_id)).failure.reason is Reason.QUEUE_TIMEOUT
        assert back.attachment.open_inputs == set()
        assert guest.attachment.go_away is GoAwayReason.TAKEN_OVER


async def test_a_client_that_stays_away_loses_its_turn(open_house: OpenHouse) -> None:
    async with open_house() as house:
        watching = await house.enter(client_id="A")
        watching.conversation.detach(watching.attachment)
        guest = await house.enter(client_id="A", detach_timeout_s=0.05)
        request_id = await hanging(guest)
        guest.conversation.detach(guest.attachment)
        assert (await watching.completed(request_id)).outcome is Outcome.INTERRUPTED


async def test_raw_lines_come_to_who_asked_for_them(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter(wants_raw=True)
        await guest.ask("hello")
        assert any(isinstance(message, RawLine) for message in guest.attachment.side)


# ---- histories


async def test_a_new_conversation_begins_with_the_clients_history(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter(history=(u("a"), a("b")))
        assert await guest.recall() == "u:a | a:b"


@pytest.mark.parametrize(
    ("policy", "heard"),
    [
        (HistoryPolicy.MATCH, "u:other | a:answer"),
        (HistoryPolicy.IGNORE, "u:one | a:you said one"),
    ],
)
async def test_a_history_that_differs_counts_by_its_policy(
    open_house: OpenHouse, policy: HistoryPolicy, heard: str
) -> None:
    async with open_house() as house:
        await (await house.enter()).ask("one")
        guest = await house.enter(history=(u("other"), a("answer")), history_policy=policy)
        assert await guest.recall() == heard
        assert (await guest.recall()).startswith(heard), "a history counts once"


async def test_a_history_that_must_be_the_same_and_is_not_rejects(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await (await house.enter()).ask("one")
        for claimed, same in (((u("other"),), "0"), ((u("one"),), "1"), ((u("one"), a("you said one"), u("x")), "2")):
            guest = await house.enter(history=claimed, history_policy=HistoryPolicy.REQUIRE)
            rejection = await guest.rejected(guest.say("hello"))
            assert rejection.failure.reason is Reason.HISTORY_MISMATCH
            assert rejection.failure.metadata["sameMessages"] == same
        good = await house.enter(history=(u("one"), a("you said one")), history_policy=HistoryPolicy.REQUIRE)
        assert (await good.ask("hello")).outcome is Outcome.SUCCEEDED


async def test_the_clients_view_of_an_agents_turn_keeps_what_only_we_know(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter(settings=settings(permission_mode=PermissionMode.BYPASS))
        ended = await guest.ask("tool ls")
        claimed = (u("tool ls"), a(ended.text), u("more"), a("yes"))
        edited = await house.enter(history=claimed)
        assert await edited.recall() == "u:tool ls | a:Bash | u:ran ls | a:it ran ls | u:more | a:yes"
