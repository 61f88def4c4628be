"""What every Store must do with the tree, its ends and its lists."""

import pytest
from hotseat_core.errors import HistoryLost, InvalidMessage
from hotseat_core.journal.node import chain, extend
from hotseat_core.journal.store import Store

from tests.core.journal.conformance import found
from tests.core.journal.saying import (
    ROOT,
    TENANT,
    agent,
    assistant,
    begun,
    conversation,
    ended,
    exchange,
    open_with,
    say,
    user,
)


class TreeConformance:
    """The rules for one writer after another."""

    # ---- the tree

    async def test_a_regenerated_answer_leaves_the_first_one_with_its_turn(self, store: Store) -> None:
        lease = await store.create(conversation(), [])
        first = await say(store, lease, 1, [], [user("q"), assistant("a")])
        await store.move(lease, nodes=[], head="", root=ROOT, settings=b"{}", keep_s=None, update_time=30.0)
        second = await say(store, lease, 2, [], [user("q"), assistant("b")])
        assert first[0] == second[0]
        heads = [turn.head for turn in await store.turns(TENANT, "c1", limit=10)]
        assert [await store.messages(TENANT, head) for head in heads] == [tuple(first), tuple(second)]

    async def test_a_history_that_no_turn_made_goes_with_the_head(self, store: Store) -> None:
        lease = await open_with(store, "c1", [*exchange("one"), *exchange("two")])
        seeded = chain(ROOT, [*exchange("one"), *exchange("two")])
        nodes = chain(ROOT, [*exchange("one"), *exchange("edited")])
        await store.move(
            lease, nodes=nodes, head=nodes[-1].node_id, root=ROOT, settings=b"changed", keep_s=7.0, update_time=30.0
        )
        held = await found(store, TENANT, "c1")
        assert (held.head, held.settings, held.keep_s, held.update_time) == (nodes[-1].node_id, b"changed", 7.0, 30.0)
        assert await store.messages(TENANT, held.head) == tuple(nodes)
        with pytest.raises(HistoryLost):
            await store.messages(TENANT, seeded[-1].node_id)

    async def test_a_history_is_found_as_deep_as_it_reaches(self, store: Store) -> None:
        nodes = chain(ROOT, [*exchange("one"), *exchange("two")])
        await store.create(conversation("c1", nodes, used=1.0), nodes)
        await store.create(conversation("c2", nodes, used=2.0), [])
        branch = chain(ROOT, [*exchange("one"), *exchange("other")])

        whole = await store.find(TENANT, [*(node.visible_id for node in nodes), "beyond"])
        assert whole is not None
        assert (whole.depth, whole.head) == (4, nodes[-1].node_id)
        assert [held.conversation_id for held in whole.conversations] == ["c2", "c1"]

        part = await store.find(TENANT, [node.visible_id for node in branch])
        assert part is not None
        assert (part.depth, part.head, part.conversations) == (2, nodes[1].node_id, ())
        assert await store.find(TENANT, ["nothing", "of", "this"]) is None

    async def test_of_answers_that_look_alike_the_one_in_use_is_found(self, store: Store) -> None:
        for number, path in enumerate("abc"):
            nodes = chain(ROOT, [user("q"), agent("done", {"path": path})])
            await store.create(conversation(f"c{path}", nodes, used=float(10 - number)), nodes)
        reached = await store.find(TENANT, [node.visible_id for node in nodes])
        assert reached is not None
        assert [held.conversation_id for held in reached.conversations] == ["ca", "cb", "cc"]
        assert reached.head == reached.conversations[0].head
        assert (await store.messages(TENANT, reached.head))[1].message == agent("done", {"path": "a"})

    async def test_what_is_to_follow_an_unknown_message_is_refused_whole(self, store: Store) -> None:
        lease = await store.create(conversation(), [])
        await store.begin_turn(lease, begun(1))
        unknown = chain(ROOT, exchange("unknown"))
        nodes = extend(ROOT, unknown[-1], exchange("next"))
        head = nodes[-1].node_id
        before = await store.get(TENANT, "c1")
        with pytest.raises(HistoryLost):
            await store.end_turn(lease, ended(1), nodes, head=head, usage=b"", update_time=50.0)
        with pytest.raises(HistoryLost):
            await store.move(lease, nodes=[], head=head, root=ROOT, settings=b"", keep_s=None, update_time=50.0)
        with pytest.raises(HistoryLost):
            await store.create(conversation("c2", nodes), nodes)
        assert await store.get(TENANT, "c1") == before
        assert await store.get(TENANT, "c2") is None
        assert len(await store.interrupted_turns()) == 1
        await store.end_turn(lease, ended(1), [*unknown, *nodes], head=head, usage=b"", update_time=51.0)

    async def test_nodes_that_do_not_lead_to_the_head_are_refused(self, store: Store) -> None:
        nodes = chain(ROOT, exchange("one"))
        with pytest.raises(ValueError, match="the head is"):
            await store.create(conversation("c1"), nodes)

    # ---- the end of a conversation

    async def test_deleting_leaves_what_others_still_reach(self, store: Store) -> None:
        one = await store.create(conversation("c1"), [])
        shared = await say(store, one, 1, [], exchange("shared"))
        own = await say(store, one, 2, shared, exchange("own"))
        await store.create(conversation("c2", shared), shared)
        assert await store.delete(TENANT, "c1") is True
        assert await store.turns(TENANT, "c1", limit=10) == ()
        assert await store.messages(TENANT, shared[-1].node_id) == tuple(shared)
        with pytest.raises(HistoryLost):
            await store.messages(TENANT, own[-1].node_id)
        await store.delete(TENANT, "c2")
        assert await store.find(TENANT, [node.visible_id for node in own]) is None

    # ---- lists

    async def test_conversations_are_listed_latest_used_first_and_in_pages(self, store: Store) -> None:
        for name, used in (("a", 1.0), ("b", 3.0), ("c", 2.0), ("d", 3.0), ("e", 3.0000001)):
            await open_with(store, name, [], used=used)
        await store.create(conversation("z", tenant="umbrella"), [])
        names: list[str] = []
        cursor = ""
        while True:
            page = await store.list(TENANT, after=cursor, limit=2)
            names += [held.conversation_id for held in page.conversations]
            cursor = page.next_cursor
            if not cursor:
                break
            assert len(page.conversations) == 2
        assert names == ["e", "d", "b", "c", "a"]

    async def test_a_page_goes_on_where_the_last_one_ended_even_if_that_is_deleted(self, store: Store) -> None:
        for number in range(4):
            await open_with(store, f"c{number}", [], used=float(number))
        page = await store.list(TENANT, limit=2)
        await store.delete(TENANT, "c2")
        rest = await store.list(TENANT, after=page.next_cursor, limit=2)
        assert [held.conversation_id for held in rest.conversations] == ["c1", "c0"]
        assert rest.next_cursor == ""

    @pytest.mark.parametrize("cursor", ["nonsense", "é", "bm9uc2Vuc2U="])
    async def test_a_cursor_of_somebody_elses_is_refused(self, store: Store, cursor: str) -> None:
        with pytest.raises(InvalidMessage):
            await store.list(TENANT, after=cursor, limit=2)
