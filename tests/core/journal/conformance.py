"""What every Store must do with conversations, turns and leases."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import msgspec
import pytest
from hotseat_core.errors import (
    ConversationExists,
    DuplicateRequest,
    Fenced,
    HistoryLost,
)
from hotseat_core.journal.node import Node, chain
from hotseat_core.journal.store import Lease, Store, StoredConversation

from tests.core.journal.saying import (
    PICTURE,
    ROOT,
    TENANT,
    agent,
    begun,
    conversation,
    ended,
    exchange,
    open_with,
    say,
    user,
)

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]  # each call: one more writer of the same journal

WRITES: dict[str, Callable[[Store, Lease], Awaitable[None]]] = {
    "begin": lambda store, lease: store.begin_turn(lease, begun(2)),
    "end": lambda store, lease: store.end_turn(lease, ended(1), [], head="", usage=b"", update_time=9.0),
    "move": lambda store, lease: store.move(
        lease, nodes=[], head="", root=ROOT, settings=b"changed", keep_s=None, update_time=9.0
    ),
}


class TurnConformance:
    """The rules for one writer after another."""

    # ---- a conversation

    async def test_a_conversation_is_read_as_it_was_created(self, store: Store) -> None:
        nodes = chain(ROOT, exchange("one"))
        created = msgspec.structs.replace(
            conversation("c1", nodes, used=1.25, keep_s=99.5),
            is_transient=True, workspace="/somewhere", settings=b"\x00\xff", usage=b"",
        )  # fmt: skip
        lease = await store.create(created, nodes)
        assert await store.get(TENANT, "c1") == msgspec.structs.replace(created, epoch=lease.epoch)
        assert await store.messages(TENANT, created.head) == tuple(nodes)

    async def test_what_does_not_exist_is_nothing(self, store: Store) -> None:
        assert await store.get(TENANT, "none") is None
        assert await store.claim(TENANT, "none") is None
        assert await store.delete(TENANT, "none") is False
        assert await store.turns(TENANT, "none", limit=10) == ()
        assert await store.turn_of_request(TENANT, "none", "r") is None
        assert await store.messages(TENANT, "") == ()
        assert await store.find(TENANT, []) is None
        assert (await store.list(TENANT, limit=10)).conversations == ()
        with pytest.raises(HistoryLost):
            await store.messages(TENANT, "none")

    async def test_a_name_is_taken_once_for_each_tenant(self, store: Store) -> None:
        await open_with(store, "c1", exchange("one"))
        other = chain(ROOT, exchange("other"))
        with pytest.raises(ConversationExists):
            await store.create(conversation("c1", other), other)
        with pytest.raises(HistoryLost):
            await store.messages(TENANT, other[-1].node_id)  # nothing of the refused one is left
        await store.create(conversation("c1", other, tenant="umbrella"), other)
        assert (await found(store, "umbrella", "c1")).head == other[-1].node_id

    async def test_tenants_see_nothing_of_each_other(self, store: Store) -> None:
        nodes = chain(ROOT, exchange("one"))
        await store.create(conversation("c1", nodes), nodes)
        assert await store.get("umbrella", "c1") is None
        assert await store.claim("umbrella", "c1") is None
        assert await store.delete("umbrella", "c1") is False
        assert await store.find("umbrella", [node.visible_id for node in nodes]) is None
        with pytest.raises(HistoryLost):
            await store.messages("umbrella", nodes[-1].node_id)
        with pytest.raises(HistoryLost):
            await store.create(conversation("c2", nodes, tenant="umbrella"), [])

    # ---- turns

    async def test_a_turn_is_there_before_it_runs_and_whole_after_it(self, store: Store) -> None:
        lease = await store.create(conversation(), [])
        await store.begin_turn(lease, begun(1), workspace="/work/c1")
        (interrupted,) = await store.interrupted_turns()
        assert (interrupted.tenant, interrupted.conversation_id, interrupted.turn) == (TENANT, "c1", begun(1))
        held = await found(store, TENANT, "c1")
        assert (held.turn_count, held.workspace, held.update_time) == (1, "/work/c1", 11.0)

        nodes = chain(ROOT, [user("look", PICTURE), agent("seen", {"path": "a.png"})])
        head = nodes[-1].node_id
        await store.end_turn(lease, ended(1), nodes, head=head, usage=b'{"output":7}', update_time=12.5)
        held = await found(store, TENANT, "c1")
        assert (held.head, held.usage, held.update_time, held.turn_count) == (head, b'{"output":7}', 12.5, 1)
        assert held.workspace == "/work/c1"
        assert await store.turns(TENANT, "c1", limit=10) == (ended(1, head),)
        assert await store.messages(TENANT, head) == tuple(nodes)
        assert await store.interrupted_turns() == ()

    async def test_a_failed_turn_is_remembered_and_adds_nothing(self, store: Store) -> None:
        lease = await store.create(conversation(), [])
        said = await say(store, lease, 1, [], exchange("one"))
        head = said[-1].node_id
        await store.begin_turn(lease, begun(2))
        await store.end_turn(lease, ended(2, outcome=b"failed"), [], head=head, usage=b"", update_time=30.0)
        assert (await found(store, TENANT, "c1")).head == head
        assert await store.turns(TENANT, "c1", after=1, limit=10) == (ended(2, head, outcome=b"failed"),)

    async def test_a_request_is_taken_once_in_a_conversation(self, store: Store) -> None:
        lease = await store.create(conversation(), [])
        await store.begin_turn(lease, begun(1, "same"))
        with pytest.raises(DuplicateRequest) as caught:
            await store.begin_turn(lease, begun(2, "same"))
        assert caught.value.metadata == {"requestId": "same", "turn": "1"}
        assert (await found(store, TENANT, "c1")).turn_count == 1
        assert await store.turn_of_request(TENANT, "c1", "same") == begun(1, "same")
        other = await store.create(conversation("c2"), [])
        await store.begin_turn(other, begun(1, "same"))

    async def test_a_turn_is_found_by_what_began_it_in_all_conversations_of_its_tenant(self, store: Store) -> None:
        for name, when in (("c1", 10.0), ("c2", 30.0), ("c3", 20.0)):
            lease = await store.create(conversation(name), [])
            turn = msgspec.structs.replace(begun(1, f"request of {name}"), fingerprint="same", start_time=when)
            await store.begin_turn(lease, turn)
        found = await store.latest_turn(TENANT, request_id="request of c1")
        assert found is not None
        assert (found.tenant, found.conversation_id, found.turn.fingerprint) == (TENANT, "c1", "same")
        latest = await store.latest_turn(TENANT, fingerprint="same")
        assert latest is not None
        assert latest.conversation_id == "c2"
        await store.begin_turn(await store.create(conversation("plain"), []), begun(1, "without"))
        for tenant, wanted in ((TENANT, "other"), ("umbrella", "same"), (TENANT, "")):
            assert await store.latest_turn(tenant, fingerprint=wanted) is None
        assert await store.latest_turn("umbrella", request_id="request of c1") is None
        await store.delete(TENANT, "c2")
        latest = await store.latest_turn(TENANT, fingerprint="same")
        assert latest is not None
        assert latest.conversation_id == "c3"

    async def test_ending_a_turn_again_does_no_harm_but_ending_it_otherwise_is_refused(self, store: Store) -> None:
        lease = await store.create(conversation(), [])
        said = await say(store, lease, 1, [], exchange("one"))
        head = said[-1].node_id
        await store.end_turn(lease, ended(1), said, head=head, usage=b"", update_time=40.0)
        with pytest.raises(ValueError, match="otherwise"):
            await store.end_turn(lease, ended(1, outcome=b"x"), said, head=head, usage=b"", update_time=40.0)
        assert await store.turns(TENANT, "c1", limit=10) == (ended(1, head),)
        assert (await found(store, TENANT, "c1")).usage == b'{"output":1}'

    async def test_turns_come_one_after_another(self, store: Store) -> None:
        lease = await store.create(conversation(), [])
        with pytest.raises(ValueError, match="not the next"):
            await store.begin_turn(lease, begun(2))
        with pytest.raises(ValueError, match="not begun"):
            await store.end_turn(lease, ended(1), [], head="", usage=b"", update_time=1.0)
        await store.begin_turn(lease, begun(1))
        with pytest.raises(ValueError, match="has not ended"):
            await store.end_turn(lease, begun(1), [], head="", usage=b"", update_time=1.0)

    async def test_turns_are_read_in_pages(self, store: Store) -> None:
        lease = await store.create(conversation(), [])
        said: list[Node] = []
        for number in range(1, 6):
            said = await say(store, lease, number, said, exchange(str(number)))
        assert [turn.turn for turn in await store.turns(TENANT, "c1", limit=2)] == [1, 2]
        assert [turn.turn for turn in await store.turns(TENANT, "c1", after=2, limit=9)] == [3, 4, 5]

    # ---- leases

    @pytest.mark.parametrize("write", WRITES)
    async def test_who_lost_the_conversation_writes_nothing(self, store: Store, write: str) -> None:
        old = await open_with(store, "c1", exchange("one"))
        await store.begin_turn(old, begun(1))
        claimed = await store.claim(TENANT, "c1")
        assert claimed is not None
        before, lease = claimed
        assert lease.epoch == before.epoch > old.epoch
        with pytest.raises(Fenced):
            await WRITES[write](store, old)
        assert await store.get(TENANT, "c1") == before
        assert await store.turns(TENANT, "c1", limit=10) == (begun(1),)
        await WRITES[write](store, lease)

    @pytest.mark.parametrize("write", WRITES)
    async def test_a_lease_does_not_fit_a_later_conversation_of_that_name(self, store: Store, write: str) -> None:
        old = await open_with(store, "c1", [])
        await store.begin_turn(old, begun(1))
        await store.delete(TENANT, "c1")
        with pytest.raises(Fenced):
            await WRITES[write](store, old)
        new = await open_with(store, "c1", [])
        assert new.epoch > old.epoch
        with pytest.raises(Fenced):
            await WRITES[write](store, old)

    async def test_fenced_messages_are_not_in_the_tree(self, store: Store) -> None:
        old = await store.create(conversation(), [])
        await store.begin_turn(old, begun(1))
        await store.claim(TENANT, "c1")
        nodes = chain(ROOT, exchange("lost"))
        with pytest.raises(Fenced):
            await store.end_turn(old, ended(1), nodes, head=nodes[-1].node_id, usage=b"", update_time=2.0)
        assert await store.find(TENANT, [node.visible_id for node in nodes]) is None


async def found(store: Store, tenant: str, conversation_id: str) -> StoredConversation:
    held = await store.get(tenant, conversation_id)
    assert held is not None
    return held
