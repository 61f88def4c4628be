"""What every Store must do with conversations that are kept no longer."""

import asyncio
import math
from dataclasses import dataclass

import msgspec
import pytest
from hotseat_core.errors import DuplicateRequest, Fenced, HistoryLost
from hotseat_core.journal.node import chain
from hotseat_core.journal.store import Due, Store

from tests.core.journal.conformance import found
from tests.core.journal.saying import ROOT, TENANT, begun, conversation, ended, exchange, open_with

DUE = Due(now=100.0, used_by=50.0, one_shots_used_by=80.0)


@dataclass(frozen=True)
class Kept:
    """A conversation, and whether it is due."""

    used: float
    is_due: bool
    is_transient: bool = False
    turn_count: int = 1
    keep_s: float | None = None


CASES = {
    "old": Kept(50.0, True),
    "younger": Kept(50.1, False),
    "one-shot": Kept(80.0, True, is_transient=True),
    "one-shot-unused": Kept(80.0, True, is_transient=True, turn_count=0),
    "one-shot-younger": Kept(80.1, False, is_transient=True),
    "nameless-of-two-turns": Kept(80.0, False, is_transient=True, turn_count=2),
    "old-nameless-of-two-turns": Kept(49.0, True, is_transient=True, turn_count=2),
    "own": Kept(90.0, True, keep_s=10.0),
    "own-longer": Kept(90.0, False, keep_s=10.1),
    "own-longer-than-allowed": Kept(50.0, True, keep_s=1000.0),
}


class RetentionConformance:
    """The rules for one writer after another."""

    async def enter(self, store: Store, name: str, tenant: str = TENANT) -> None:
        case = CASES[name]
        nodes = chain(ROOT, exchange(name))
        made = conversation(name, nodes, tenant=tenant, used=case.used, keep_s=case.keep_s)
        made = msgspec.structs.replace(made, is_transient=case.is_transient)
        lease = await store.create(made, nodes)
        for number in range(1, case.turn_count + 1):
            turn = msgspec.structs.replace(begun(number), start_time=case.used)
            await store.begin_turn(lease, turn)
            done = msgspec.structs.replace(turn, completed=b"{}", head=made.head)
            await store.end_turn(lease, done, [], head=made.head, usage=b"", update_time=case.used)

    @pytest.mark.parametrize("name", CASES)
    async def test_a_conversation_goes_when_its_time_is_over(self, store: Store, name: str) -> None:
        await self.enter(store, name)
        held = await found(store, TENANT, name)
        is_due = CASES[name].is_due
        assert DUE.includes(held) is is_due
        assert await store.overdue(DUE, limit=9) == (((TENANT, name),) if is_due else ())
        assert await store.expire(TENANT, name, DUE) is is_due
        assert (await store.get(TENANT, name) is None) is is_due
        if is_due:
            with pytest.raises(HistoryLost):
                await store.messages(TENANT, held.head)

    async def test_those_of_every_tenant_are_overdue_and_as_many_as_are_wanted(self, store: Store) -> None:
        for name in CASES:
            await self.enter(store, name)
        await self.enter(store, "old", "umbrella")
        due = {(TENANT, name) for name, case in CASES.items() if case.is_due} | {("umbrella", "old")}
        overdue = await store.overdue(DUE, limit=99)
        assert len(overdue) == len(due)
        assert set(overdue) == due
        assert len(await store.overdue(DUE, limit=2)) == 2
        assert await store.overdue(Due(100.0, -math.inf, -math.inf), limit=99) == ((TENANT, "own"),)

    async def test_who_works_in_a_directory_is_found_by_the_end_of_its_path(self, store: Store) -> None:
        for name, tenant, workspace in (
            ("a", TENANT, "/data/workspaces/api-1"),
            ("b", "umbrella", "/elsewhere/workspaces/api-1"),
            ("c", TENANT, "/data/workspaces/api-11"),
            ("d", TENANT, "/data/tenants/workspaces%/api-1"),
            ("e", TENANT, ""),
        ):
            nodes = chain(ROOT, exchange(name))
            made = msgspec.structs.replace(conversation(name, nodes, tenant=tenant), workspace=workspace)
            await store.create(made, nodes)
        assert set(await store.working_in("/workspaces/api-1", limit=9)) == {"a", "b"}
        assert len(await store.working_in("/workspaces/api-1", limit=1)) == 1
        assert await store.working_in("/workspaces%/api-1", limit=9) == ("d",)
        assert await store.working_in("/workspaces/api", limit=9) == ()
        await store.delete(TENANT, "a")
        assert await store.working_in("/workspaces/api-1", limit=9) == ("b",)

    async def test_what_does_not_exist_does_not_expire(self, store: Store) -> None:
        await self.enter(store, "old")
        assert await store.expire(TENANT, "none", DUE) is False
        assert await store.expire("umbrella", "old", DUE) is False

    async def test_a_turn_that_runs_keeps_its_conversation_and_its_end_keeps_it_longer(self, store: Store) -> None:
        lease = await open_with(store, "c1", exchange("one"))
        head = (await found(store, TENANT, "c1")).head
        await store.begin_turn(lease, begun(1))
        late = Due(now=1000.0, used_by=1000.0, one_shots_used_by=1000.0)
        assert await store.overdue(late, limit=9) == ()
        assert await store.expire(TENANT, "c1", late) is False
        await store.end_turn(lease, ended(1), [], head=head, usage=b"", update_time=900.0)
        used = Due(now=1000.0, used_by=899.0, one_shots_used_by=899.0)
        assert await store.expire(TENANT, "c1", used) is False
        assert await store.expire(TENANT, "c1", late) is True

    async def test_who_still_had_it_writes_nothing(self, store: Store) -> None:
        lease = await open_with(store, "c1", exchange("one"))
        assert await store.expire(TENANT, "c1", DUE) is True
        with pytest.raises(Fenced):
            await store.begin_turn(lease, begun(1))

    async def test_what_others_reach_stays(self, store: Store) -> None:
        await self.enter(store, "old")
        shared = await store.messages(TENANT, (await found(store, TENANT, "old")).head)
        await store.create(conversation("fork", shared, used=99.0), [])
        assert await store.expire(TENANT, "old", DUE) is True
        assert await store.messages(TENANT, shared[-1].node_id) == shared

    async def test_a_turn_and_the_expiry_never_both_win(self, store: Store) -> None:
        for number in range(25):
            lease = await open_with(store, "c1", exchange("one"))

            async def begin() -> bool:
                try:
                    await store.begin_turn(lease, begun(1))  # noqa: B023 - it ends within this round
                except Fenced:
                    return False
                return True

            calls = [begin(), store.expire(TENANT, "c1", DUE)]
            first, second = await asyncio.gather(*(calls if number % 2 else reversed(calls)))
            assert first is not second
            assert (await store.get(TENANT, "c1") is None) is (second if number % 2 else first)
            await store.delete(TENANT, "c1")

    async def test_a_retried_turn_of_a_conversation_that_is_kept_is_still_known(self, store: Store) -> None:
        lease = await open_with(store, "c1", exchange("one"), used=51.0)
        await store.begin_turn(lease, begun(1, "same"))
        await store.expire(TENANT, "c1", DUE)
        with pytest.raises(DuplicateRequest):
            await store.begin_turn(lease, begun(2, "same"))
