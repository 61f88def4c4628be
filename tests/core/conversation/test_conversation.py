"""Conversations on a real pool of fake CLIs: turns in their order, cut off in every way, and nothing left of it."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from hotseat_core.conversation.conversation import MAX_WAITING_INPUTS
from hotseat_core.conversation.history import Message
from hotseat_core.conversation.registry import Disposition
from hotseat_core.conversation.summary import State
from hotseat_core.conversation.terms import (
    ConversationSettings,
    GoAwayReason,
    HistoryPolicy,
    RawLine,
)
from hotseat_core.conversation.turn import Delivery
from hotseat_core.conversation.turn_runner import TurnLimits
from hotseat_core.errors import (
    ConversationBusy,
    ConversationNotFound,
    InvalidMessage,
    PoolFull,
    Reason,
    SettingsMismatch,
)
from hotseat_core.events import (
    Outcome,
    PermissionRequested,
    RequestsCancelled,
    TextDelta,
    ToolCompleted,
    TurnCompleted,
    TurnStarted,
    WorkerSource,
)
from hotseat_core.worker.rows import Row
from hotseat_core.worker.setup import PermissionMode, SessionSetup

from tests.core.conversation.conftest import Guest, OpenHouse, settings


def u(text: str) -> Message:
    return Message("user", (Row("user", ({"type": "text", "text": text},)),))


def a(text: str) -> Message:
    return Message("assistant", (Row("assistant", ({"type": "text", "text": text},)),))


def reason(completed: TurnCompleted) -> Reason:
    assert completed.failure is not None
    return completed.failure.reason


async def hanging(guest: Guest, text: str = "hang") -> str:
    """Say something that is being answered without end."""
    request_id = guest.say(text)
    await guest.first(TextDelta)
    return request_id


# ---- turns in their order


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


# ---- what goes wrong in a turn


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
    async with open_house("no-rewind", once=True) as house:
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


async def test_a_rejected_input_may_be_said_again(open_house: OpenHouse) -> None:
    async with open_house("exit", once=True) as house:
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


# ---- permissions


def asking(decision_timeout_s: float = 60.0) -> ConversationSettings:
    setup = SessionSetup(permission_mode=PermissionMode.ASK)
    return ConversationSettings("claude", setup, decision_timeout_s=decision_timeout_s)


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
    async with open_house(max_workers=1, queue_timeout_s=0.2) as house:
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
        assert (
            await (await house.enter(history=claimed)).recall()
            == "u:tool ls | a:Bash | u:ran ls | a:it ran ls | u:more | a:yes"
        )


# ---- settings that can't change


async def test_the_profile_of_a_conversation_can_not_change(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await (await house.enter()).ask("one")
        with pytest.raises(SettingsMismatch):
            await house.enter(settings=ConversationSettings("claude-code"), given=frozenset({"profile"}))


async def test_deleting_a_conversation_leaves_a_workspace_that_the_client_named(open_house: OpenHouse) -> None:
    async with open_house() as house:
        named = ConversationSettings("claude-code", workspace="project")
        await (await house.enter(settings=named, given=frozenset({"profile", "workspace"}))).ask("one")
        again = await house.enter(settings=settings(system_prompt="x"), given=frozenset({"system_prompt"}))
        assert str(house.data_dir / "workspaces" / "project") in (await again.ask("process")).text
        await house.registry.delete("c")
        assert (house.data_dir / "workspaces" / "project").is_dir()


async def test_deleting_a_conversation_takes_its_own_workspace_along(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await (await house.enter(settings=ConversationSettings("claude-code"))).ask("one")
        assert len(list((house.data_dir / "workspaces").iterdir())) == 1
        await house.registry.delete("c")
        assert list((house.data_dir / "workspaces").iterdir()) == []


async def test_a_conversation_comes_back_to_its_own_workspace(open_house: OpenHouse) -> None:
    async with open_house(max_workers=1) as house:
        guest = await house.enter(settings=ConversationSettings("claude-code"))
        await guest.ask("one")
        (directory,) = (house.data_dir / "workspaces").iterdir()
        await (await house.enter("other")).ask("hello")
        assert str(directory) in (await guest.ask("process")).text


async def test_a_workspace_may_not_lead_out_of_its_root(open_house: OpenHouse, tmp_path: Path) -> None:
    async with open_house() as house:
        (house.data_dir / "workspaces" / "link").symlink_to(tmp_path)
        with pytest.raises(InvalidMessage):
            await house.enter(settings=ConversationSettings("claude-code", workspace="link"))


async def test_a_workspace_that_is_a_file_rejects_the_input(open_house: OpenHouse) -> None:
    async with open_house() as house:
        (house.data_dir / "workspaces" / "file").touch()
        guest = await house.enter(settings=ConversationSettings("claude-code", workspace="file"))
        assert (await guest.rejected(guest.say("hello"))).failure.reason is Reason.WORKER_START


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


# ---- the registry


async def test_conversations_are_found_listed_and_deleted(open_house: OpenHouse) -> None:
    async with open_house() as house:
        with pytest.raises(ConversationNotFound):
            await house.enter("a", Disposition.OPEN)
        with pytest.raises(ConversationNotFound):
            await house.enter("a", Disposition.OBSERVE, is_observer=True)
        first, second = await house.enter("a"), await house.enter("b")
        await second.ask("hello")
        await first.ask("hello")
        assert await house.listed() == ["a", "b"]
        await house.registry.delete("a")
        assert first.attachment.go_away is GoAwayReason.EVICTED
        with pytest.raises(ConversationNotFound):
            await house.registry.get("a")
        await house.calm(idle=1)


async def test_a_conversation_is_deleted_in_mid_turn_with_all_that_waits(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        first, second = await hanging(guest), guest.say("second")
        await house.registry.delete("c")
        assert (await guest.completed(first)).outcome is Outcome.INTERRUPTED
        assert (await guest.completed(second)).outcome is Outcome.INTERRUPTED
        await house.calm()
        with pytest.raises(ConversationNotFound):
            guest.say("after the end")
        await house.calm()


async def test_a_conversation_without_a_name_gets_one(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter("")
        assert guest.conversation.id.startswith("conv_")
        assert guest.conversation.is_transient
        await guest.ask("one")
        await guest.ask("two")
        assert not guest.conversation.is_transient


async def test_the_longest_unused_conversations_make_room(open_house: OpenHouse) -> None:
    async with open_house(max_live=2) as house:
        old, kept = await house.enter("old"), await house.enter("kept")
        with pytest.raises(PoolFull):
            await house.enter("more")
        await old.ask("hello")
        for guest in (old, kept):
            guest.conversation.detach(guest.attachment)
        await kept.ask("hello")
        new = await house.enter("new")
        assert sorted(await house.listed()) == ["kept", "new", "old"]
        (await house.enter("new")).conversation.detach(new.attachment)
        assert await (await house.enter("old")).recall() == "u:hello | a:you said hello"
        await house.calm(idle=1)


async def test_a_fork_begins_like_its_source_and_goes_its_own_way(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        await guest.ask("one")
        await guest.ask("two")
        await house.registry.fork("c", 1, "early")
        await house.registry.fork("c", None, "late")
        early, late = await house.enter("early"), await house.enter("late")
        await early.ask("three")
        assert await early.recall() == "u:one | a:you said one | u:three | a:you said three"
        assert await late.recall() == "u:one | a:you said one | u:two | a:you said two"


async def test_a_turn_that_does_not_count_any_more_can_be_forked_still(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter()
        await guest.ask("one")
        await guest.ask("two")
        edited = await house.enter(history=(u("one"), a("you said one"), u("other"), a("answer")))
        await edited.ask("three")
        with pytest.raises(InvalidMessage):
            await house.registry.fork("c", 9, "ninth")
        await house.registry.fork("c", 2, "second")
        assert await (await house.enter("second")).recall() == "u:one | a:you said one | u:two | a:you said two"
        await house.registry.fork("c", 1, "first")
        assert await (await house.enter("first")).recall() == "u:one | a:you said one"
        await house.registry.fork("c", 3, "third")
        heard = "u:one | a:you said one | u:other | a:answer | u:three | a:you said three"
        assert await (await house.enter("third")).recall() == heard


async def test_when_the_house_closes_every_turn_is_interrupted(open_house: OpenHouse) -> None:
    async with open_house(max_workers=1) as house:
        running, waiting = await house.enter("running"), await house.enter("waiting")
        first = await hanging(running)
        second = waiting.say("hello")
        while not house.pool.stats().queued_turns:
            await house.pool.wait_for_change()
    assert (await running.completed(first)).outcome is Outcome.INTERRUPTED
    assert (await waiting.completed(second)).outcome is Outcome.INTERRUPTED
    assert running.attachment.go_away is GoAwayReason.DRAINING


async def test_a_spare_is_taken_before_one_is_started(open_house: OpenHouse) -> None:
    async with open_house(warm_workers=1) as house:
        await house.calm(warm=1)
        guest = await house.enter()
        await guest.ask("hello")
        start = await guest.first(TurnStarted)
        assert isinstance(start, TurnStarted)
        assert start.worker_source is WorkerSource.WARM
        await house.calm(idle=1, warm=1)
