"""Conversations that nobody uses any more: when they go, what goes with them, and what keeps them."""

import asyncio
import logging
import math
import time
from typing import Any

import pytest
from hotseat_core.conversation.conversation import Conversation
from hotseat_core.conversation.reaper import BATCH, Reaper, reaping
from hotseat_core.conversation.retention import FOR_EVER, Retention
from hotseat_core.conversation.terms import ConversationSettings, Disposition
from hotseat_core.errors import ConversationNotFound, StorageFailed
from hotseat_core.journal.store import Due
from hotseat_core.worker.setup import SessionSetup

from tests.core.conftest import until
from tests.core.conversation.conftest import Guest, House, OpenHouse, settings
from tests.core.conversation.scenes import a, hanging, u
from tests.fakes.clock import settled

DAY = 86400.0
MONTH = Retention(general_s=30 * DAY, one_shot_s=DAY)


def reaper(house: House, later_s: float, retention: Retention = MONTH) -> Reaper:
    """A reaper for whom it is later."""
    return Reaper(house.tenants, retention, lambda: time.time() + later_s)


def leave(guest: Guest) -> None:
    guest.conversation.detach(guest.attachment)


async def used(house: House, name: str, **attachment: Any) -> Conversation:
    """A conversation of one turn that its client has left."""
    guest = await house.enter(name, **attachment)
    await guest.ask("hello")
    leave(guest)
    return guest.conversation


@pytest.mark.parametrize(
    ("is_one_shot", "keep_s", "after_s"),
    [
        (False, None, 30 * DAY),
        (True, None, DAY),
        (False, 60.0, 60.0),
        (False, 90 * DAY, 30 * DAY),
        (True, 2 * DAY, DAY),
    ],
)
def test_what_is_shown_is_what_is_due(is_one_shot: bool, keep_s: float | None, after_s: float) -> None:
    assert MONTH.expire_time(1000.0, is_one_shot=is_one_shot, keep_s=keep_s) == 1000.0 + after_s


def test_without_an_end_only_a_conversations_own_wish_counts() -> None:
    assert FOR_EVER.expire_time(1000.0, is_one_shot=True, keep_s=None) is None
    assert FOR_EVER.expire_time(1000.0, is_one_shot=False, keep_s=5.0) == 1005.0
    assert FOR_EVER.due(1000.0) == Due(1000.0, -math.inf, -math.inf)


@pytest.mark.parametrize(
    ("retention", "interval_s"), [(FOR_EVER, 60.0), (MONTH, 60.0), (Retention(math.inf, 100.0), 10.0)]
)
async def test_it_is_looked_often_enough(open_house: OpenHouse, retention: Retention, interval_s: float) -> None:
    async with open_house() as house:
        assert reaper(house, 0.0, retention).interval_s == interval_s


async def test_an_unused_conversation_goes_with_its_hot_worker_and_its_files(open_house: OpenHouse) -> None:
    async with open_house(retention=MONTH) as house:
        conversation = await used(house, "c", settings=ConversationSettings("claude-code"))
        shown = house.registry.describe(conversation).expire_time
        assert shown == conversation.book.update_time + 30 * DAY
        assert len(list((house.data_dir / "workspaces").iterdir())) == 1
        await house.calm(idle=1)
        assert await reaper(house, 29 * DAY).sweep() == 0
        assert await reaper(house, 31 * DAY).sweep() == 1
        await house.calm()
        assert list((house.data_dir / "workspaces").iterdir()) == []
        with pytest.raises(ConversationNotFound):
            await house.registry.summary("c")
        assert await (await house.enter("c")).recall() == "nothing"


async def test_a_nameless_one_shot_goes_sooner_until_somebody_comes_back(open_house: OpenHouse) -> None:
    async with open_house(retention=MONTH) as house:
        once, again = await used(house, ""), await used(house, "")
        guest = await house.enter(again.id)
        await guest.ask("more")
        leave(guest)
        assert await reaper(house, 2 * DAY).sweep() == 1
        assert await house.listed() == [again.id]
        assert once.id != again.id


async def test_what_only_the_journal_holds_goes_after_a_restart(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await used(house, "c", settings=ConversationSettings("claude-code"))
        store, shown = house.store, (await house.registry.summary("c")).update_time
    async with open_house(store=store, retention=MONTH) as house:
        assert (await house.registry.summary("c")).expire_time == shown + 30 * DAY
        assert await reaper(house, 31 * DAY).sweep() == 1
        assert await house.listed() == []
        assert list((house.data_dir / "workspaces").iterdir()) == []


async def test_a_changed_setting_counts_for_what_is_there(open_house: OpenHouse) -> None:
    async with open_house(retention=MONTH) as house:
        await used(house, "c")
        assert await reaper(house, 365 * DAY, FOR_EVER).sweep() == 0
        assert await reaper(house, 3 * DAY, Retention(2 * DAY, DAY)).sweep() == 1


async def test_reading_a_conversation_from_the_journal_is_no_use_of_it(open_house: OpenHouse) -> None:
    async with open_house(retention=MONTH) as house:
        await used(house, "c")
        store, shown = house.store, (await house.registry.summary("c")).expire_time
    async with open_house(store=store, retention=MONTH) as house:
        loaded = await house.registry.get("c")
        assert house.registry.describe(loaded).expire_time == shown


async def test_who_is_attached_waits_or_runs_keeps_the_conversation(open_house: OpenHouse) -> None:
    async with open_house(max_workers=1) as house:
        await house.enter("attached")
        running = await house.enter("running", detach_timeout_s=None)
        request_id = await hanging(running)
        leave(running)
        waiting = await house.enter("waiting", detach_timeout_s=None)
        waiting.say("hello")
        leave(waiting)
        await used_cold(house, "cold")
        assert await reaper(house, 31 * DAY).sweep() == 1
        assert sorted(await house.listed()) == ["attached", "running", "waiting"]
        running.conversation.interrupt()
        await running.completed(request_id)


async def used_cold(house: House, name: str) -> None:
    leave(await house.enter(name))


async def test_those_that_stay_hide_none_that_go(open_house: OpenHouse) -> None:
    async with open_house(max_live=2 * BATCH + 2) as house:
        for number in range(BATCH + 1):
            await house.enter(f"kept-{number}")
        for number in range(BATCH + 1):
            await used_cold(house, f"gone-{number}")
        assert await reaper(house, 31 * DAY).sweep() == BATCH + 1
        assert len(await house.listed()) == BATCH + 1


async def test_a_conversation_keeps_itself_shorter_and_may_change_that(open_house: OpenHouse) -> None:
    async with open_house(retention=MONTH) as house:
        brief = ConversationSettings("claude", SessionSetup(), retention_s=60.0)
        conversation = await used(house, "c", settings=brief)
        assert house.registry.describe(conversation).expire_time == conversation.book.update_time + 60
        longer = ConversationSettings("claude", SessionSetup(), retention_s=600.0)
        await used(house, "c", settings=longer, given=frozenset({"retention_s"}))
        assert await reaper(house, 120.0).sweep() == 0
        assert await reaper(house, 601.0).sweep() == 1


async def test_a_turn_moves_the_time(open_house: OpenHouse) -> None:
    async with open_house(retention=MONTH) as house:
        conversation = await used(house, "c")
        before = house.registry.describe(conversation).expire_time
        await used(house, "c")
        after = house.registry.describe(conversation).expire_time
        assert before is not None
        assert after is not None
        assert before < after
        assert (await house.store.get("", "c")).update_time == conversation.book.update_time  # type: ignore[union-attr]


async def test_who_opens_it_while_it_goes_gets_a_new_one(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await used(house, "c", settings=settings(system_prompt="Old."))
        sweeping = asyncio.create_task(reaper(house, 31 * DAY).sweep())
        while house.pool.worker_of("c") is not None:
            await house.pool.wait_for_change()
        guest = await house.enter("c", settings=settings(system_prompt="New."))
        assert await sweeping == 1
        assert await guest.recall() == "nothing"
        assert '["New."' in (await guest.ask("settings")).text


async def test_who_comes_before_the_reaper_keeps_it(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await used(house, "c")
        chosen = await house.tenants.overdue(Due(0.0, math.inf, math.inf), limit=9, besides=())
        assert chosen == [("", "c")]
        guest = await house.enter("c")
        assert await house.tenants.expire(("", "c"), Due(0.0, math.inf, math.inf)) is False
        assert await guest.recall() == "u:hello | a:you said hello"


async def test_a_nameless_history_and_the_reaper_never_both_have_it(open_house: OpenHouse) -> None:
    for turns in range(6):
        async with open_house() as house:
            old = await used(house, "")
            sweeping = asyncio.create_task(reaper(house, 2 * DAY).sweep())
            for _ in range(turns):
                await asyncio.sleep(0)
            guest = await house.enter("", history=(u("hello"), a("you said hello")))
            assert await guest.recall() == "u:hello | a:you said hello"
            assert await sweeping == (0 if guest.conversation is old else 1)


async def test_a_conversation_that_can_not_go_does_not_keep_the_others(
    open_house: OpenHouse, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house() as house:
        for name in ("one", "stuck", "two"):
            await used_cold(house, name)
        expire = house.store.expire

        async def failing(tenant: str, conversation_id: str, due: Due) -> bool:
            if conversation_id == "stuck":
                raise StorageFailed("the journal failed")
            return await expire(tenant, conversation_id, due)

        monkeypatch.setattr(house.store, "expire", failing)
        assert await reaper(house, 31 * DAY).sweep() == 2
        assert await house.listed() == ["stuck"]
        assert [record.conversation for record in caplog.records if record.levelno == logging.ERROR] == ["stuck"]  # type: ignore[attr-defined]
        monkeypatch.undo()
        assert await (await house.enter("stuck", Disposition.OPEN)).recall() == "nothing"


async def test_a_journal_that_fails_is_tried_again(open_house: OpenHouse, caplog: pytest.LogCaptureFixture) -> None:
    async with open_house() as house:
        await used_cold(house, "c")
        house.store.failing = True
        often = Reaper(house.tenants, Retention(1.0, 0.1), lambda: time.time() + DAY)
        async with reaping(often):
            while not caplog.records:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.01)
            house.store.failing = False
            while await house.listed():  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.01)
        await settled()


async def test_a_sweep_that_breaks_off_unforeseen_is_not_the_last(
    open_house: OpenHouse, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house() as house:
        await used_cold(house, "c")

        async def broken(*_: object, **__: object) -> list[tuple[str, str]]:
            raise ValueError("not as we know it")

        monkeypatch.setattr(house.tenants, "overdue", broken)
        async with reaping(Reaper(house.tenants, Retention(1.0, 0.1), lambda: time.time() + DAY)):
            await until(lambda: "could not be cleared away" in caplog.text)
            monkeypatch.undo()
            while await house.listed():  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.01)
        await settled()


async def test_files_elsewhere_are_left_alone(open_house: OpenHouse) -> None:
    async with open_house() as house:
        named = ConversationSettings("claude-code", workspace="project")
        await used(house, "named", settings=named)
        (project,) = (house.data_dir / "workspaces").iterdir()
        assert await reaper(house, 31 * DAY).sweep() == 1
        assert project.is_dir()


async def test_a_copy_of_a_journal_does_not_touch_the_files_of_its_original(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await used(house, "c", settings=ConversationSettings("claude-code"))
        (workspace,) = (house.data_dir / "workspaces").iterdir()
        elsewhere = house.data_dir / "elsewhere" / workspace.name
        elsewhere.mkdir(parents=True)
        house.store._change(("", "c"), workspace=str(elsewhere))
        await house.registry.delete("c")
        assert elsewhere.is_dir()
