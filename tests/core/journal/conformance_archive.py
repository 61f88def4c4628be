"""What every Store must do with conversations as a whole, and with pages of what was said."""

from typing import Any

import msgspec
import pytest
from hotseat_core.errors import ConversationExists, HistoryLost
from hotseat_core.journal.node import Node, chain, extend
from hotseat_core.journal.store import Lease, Snapshot, Store

from tests.core.journal.conformance import found
from tests.core.journal.saying import PICTURE, ROOT, TENANT, agent, begun, conversation, ended, exchange, say, user

PLENTY = 10**9


async def branched(store: Store) -> tuple[Lease, list[Node], list[Node]]:
    """A conversation of two turns whose second was said anew, and a fourth that runs."""
    lease = await store.create(conversation(), [])
    one = await say(store, lease, 1, [], exchange("one"))
    two = await say(store, lease, 2, one, [user("look", PICTURE), agent("seen", {"path": "a"})])
    head = one[-1].node_id
    await store.move(lease, nodes=[], head=head, root=ROOT, settings=b"changed", keep_s=9.0, update_time=25.0)
    other = await say(store, lease, 3, one, exchange("other"))
    await store.begin_turn(lease, begun(4))
    return lease, two, other


class ArchiveConformance:
    """The rules for one writer after another."""

    # ---- whole

    async def test_a_snapshot_holds_every_branch_once_and_no_turn_that_runs(self, store: Store) -> None:
        _, two, other = await branched(store)
        taken = await store.snapshot(TENANT, "c1")
        assert taken is not None
        assert taken.conversation == await found(store, TENANT, "c1")
        assert [(turn.turn, turn.head) for turn in taken.turns] == [
            (1, two[1].node_id),
            (2, two[3].node_id),
            (3, other[3].node_id),
        ]
        assert list(taken.nodes) == [*other, *two[2:]]

    async def test_what_does_not_exist_has_no_snapshot(self, store: Store) -> None:
        await branched(store)
        assert await store.snapshot(TENANT, "none") is None
        assert await store.snapshot("umbrella", "c1") is None

    async def test_a_restored_conversation_is_what_it_was_and_goes_on(self, store: Store) -> None:
        _, two, other = await branched(store)
        taken = await store.snapshot(TENANT, "c1")
        assert taken is not None
        copy = msgspec.structs.replace(taken.conversation, tenant="umbrella", conversation_id="copy", turn_count=3)
        await store.restore(Snapshot(copy, taken.turns, taken.nodes))
        await store.delete(TENANT, "c1")
        again = await store.snapshot("umbrella", "copy")
        assert again is not None
        assert msgspec.structs.replace(again.conversation, epoch=0) == msgspec.structs.replace(copy, epoch=0)
        assert (again.turns, again.nodes) == (taken.turns, taken.nodes)
        assert await store.messages("umbrella", two[-1].node_id) == tuple(two)
        claimed = await store.claim("umbrella", "copy")
        assert claimed is not None
        more = extend(ROOT, other[-1], exchange("more"))
        await store.begin_turn(claimed[1], begun(4, "new"))
        done = ended(4, more[-1].node_id, "new")
        await store.end_turn(claimed[1], done, more, head=more[-1].node_id, usage=b"", update_time=50.0)
        assert await store.messages("umbrella", more[-1].node_id) == (*other, *more)

    async def test_a_name_that_is_taken_is_refused_and_nothing_of_it_is_left(self, store: Store) -> None:
        await store.create(conversation("taken"), [])
        nodes = chain(ROOT, exchange("one"))
        before = await store.get(TENANT, "taken")
        with pytest.raises(ConversationExists):
            await store.restore(Snapshot(conversation("taken", nodes), (), tuple(nodes)))
        assert await store.get(TENANT, "taken") == before
        assert await store.find(TENANT, [node.visible_id for node in nodes]) is None

    async def test_what_follows_nothing_is_refused_whole(self, store: Store) -> None:
        nodes = chain(ROOT, exchange("one"))
        with pytest.raises(HistoryLost):
            await store.restore(Snapshot(conversation("c2", nodes), (), (nodes[1],)))
        assert await store.get(TENANT, "c2") is None

    # ---- page by page

    @pytest.mark.parametrize(
        ("wanted", "places"),
        [
            ({"limit": 9}, [1, 2, 3, 4]),
            ({"limit": 3}, [1, 2, 3]),
            ({"limit": 9, "start": 3}, [3, 4]),
            ({"limit": 9, "start": 5}, []),
            ({"limit": 2, "latest_first": True}, [3, 4]),
            ({"limit": 2, "start": 2, "latest_first": True}, [1, 2]),
            ({"limit": 9, "start": 99, "latest_first": True}, [1, 2, 3, 4]),
        ],
    )
    async def test_what_was_said_is_read_in_pages(
        self, store: Store, wanted: dict[str, Any], places: list[int]
    ) -> None:
        _, two, other = await branched(store)
        page = await store.said(TENANT, "c1", max_bytes=PLENTY, **wanted)
        assert page is not None
        assert (page.head, page.total) == (other[-1].node_id, 4)
        assert list(page.nodes) == [other[place - 1] for place in places]
        assert page.first == (places[0] if places else 0)
        assert page.next_id == (other[places[-1]].node_id if places and places[-1] < 4 else "")
        heads = {other[place - 1].node_id for place in places} | {page.next_id}
        turns = [turn for turn in await store.turns(TENANT, "c1", limit=9) if turn.completed and turn.head in heads]
        assert list(page.turns) == turns
        old = await store.said(TENANT, "c1", head=two[-1].node_id, max_bytes=PLENTY, **wanted)
        assert old is not None
        assert list(old.nodes) == [two[place - 1] for place in places]

    async def test_a_page_ends_before_it_is_too_large_but_has_one_message(self, store: Store) -> None:
        _, two, _ = await branched(store)
        head = two[-1].node_id
        page = await store.said(TENANT, "c1", head=head, limit=9, max_bytes=2000)
        assert page is not None
        assert list(page.nodes) == two[:2]
        page = await store.said(TENANT, "c1", head=head, start=3, limit=9, max_bytes=2000)
        assert page is not None
        assert list(page.nodes) == two[2:3]
        page = await store.said(TENANT, "c1", head=head, limit=9, latest_first=True, max_bytes=1)
        assert page is not None
        assert list(page.nodes) == two[3:]

    async def test_where_nothing_was_said_the_page_is_empty(self, store: Store) -> None:
        await store.create(conversation("c1"), [])
        page = await store.said(TENANT, "c1", limit=9, max_bytes=PLENTY)
        assert page is not None
        assert (page.head, page.total, page.first, page.nodes, page.turns) == ("", 0, 0, (), ())
        assert await store.said(TENANT, "none", limit=9, max_bytes=PLENTY) is None

    async def test_a_place_that_is_gone_is_refused(self, store: Store) -> None:
        await store.create(conversation("c1"), [])
        with pytest.raises(HistoryLost):
            await store.said(TENANT, "c1", head="gone", limit=9, max_bytes=PLENTY)
