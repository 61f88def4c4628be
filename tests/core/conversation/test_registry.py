"""All conversations: found, listed, forked, deleted, and where they work."""

import asyncio

import pytest
from hotseat_core.conversation.terms import (
    ConversationSettings,
    Disposition,
    GoAwayReason,
)
from hotseat_core.errors import (
    ConversationNotFound,
    InvalidMessage,
    PoolFull,
    Reason,
    SettingsMismatch,
)
from hotseat_core.events import (
    Outcome,
    TurnStarted,
    WorkerSource,
)

from tests.core.conversation.conftest import OpenHouse, settings
from tests.core.conversation.scenes import a, hanging, u


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


async def test_a_conversation_that_is_being_deleted_is_made_anew_once_it_is_gone(open_house: OpenHouse) -> None:
    async with open_house() as house:
        old = await house.enter(settings=settings(system_prompt="Old."))
        await hanging(old)
        deleting = asyncio.create_task(house.registry.delete("c"))
        await old.until(lambda: old.attachment.go_away is not None)
        guest = await house.enter(settings=settings(system_prompt="New."))
        assert house.pool.worker_of("c") is None
        await deleting
        assert await guest.recall() == "nothing"
        assert '["New."' in (await guest.ask("settings")).text


async def test_who_gives_up_waiting_for_a_deletion_does_not_stop_it(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await hanging(await house.enter())
        deleting = asyncio.create_task(house.registry.delete("c"))
        await asyncio.sleep(0)
        deleting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await deleting
        await house.calm()


async def test_a_conversation_that_makes_room_just_as_it_is_deleted_is_deleted(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(max_live=1) as house:
        guest = await house.enter("c", detach_timeout_s=None)
        await hanging(guest)
        guest.conversation.detach(guest.attachment)
        close = guest.conversation.close

        async def close_as_another_comes(reason: GoAwayReason) -> None:
            await close(reason)
            await house.enter("other")

        monkeypatch.setattr(guest.conversation, "close", close_as_another_comes)
        assert await house.registry.delete("c")
        assert await house.listed() == ["other"]


async def test_a_conversation_without_a_name_gets_one(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter("")
        assert guest.conversation.id.startswith("conv_")
        assert guest.conversation.is_transient
        await guest.ask("one")
        await guest.ask("two")
        assert not guest.conversation.is_transient


async def test_the_longest_unused_conversation_leaves_memory_and_comes_back(open_house: OpenHouse) -> None:
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
        new.conversation.detach(new.attachment)
        assert await (await house.enter("old")).recall() == "u:hello | a:you said hello"


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


# ---- settings that can't change, and workspaces


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
        (directory,) = (house.data_dir / "workspaces").iterdir()
        assert directory.name.startswith("project-")
        assert str(directory) in (await again.ask("process")).text
        await house.registry.delete("c")
        assert directory.is_dir()


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


async def test_a_workspace_that_is_a_file_rejects_the_input(open_house: OpenHouse) -> None:
    async with open_house() as house:
        guest = await house.enter(settings=ConversationSettings("claude-code", workspace="file"))
        directory = guest.conversation.runner.workspace
        assert directory is not None
        directory.touch()
        assert (await guest.rejected(guest.say("hello"))).failure.reason is Reason.WORKER_START
