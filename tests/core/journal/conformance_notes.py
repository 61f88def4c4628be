"""What every Store must do with the notes that clients keep with their turns."""

import pytest
from hotseat_core.errors import InvalidMessage
from hotseat_core.journal.store import Note, NotedPage, Store

from tests.core.journal.saying import TENANT, begun, conversation, ended

MANY = 2**20
NOTE = Note("response", "claude", {"a": "1", "b": "2"}, '{"x":1}')


def requests(found: NotedPage) -> list[str]:
    return [placed.turn.request_id for placed in found.turns]


class NotesConformance:
    """The rules for one writer after another."""

    async def make_noted(self, store: Store, name: str, *notes: Note | None, tenant: str = TENANT) -> None:
        """A conversation with a turn for each note."""
        lease = await store.create(conversation(name, tenant=tenant), [])
        for number, note in enumerate(notes, 1):
            request_id = f"{name} {number}"
            await store.begin_turn(lease, begun(number, request_id), note=note)
            done = ended(number, request_id=request_id)
            await store.end_turn(lease, done, [], head="", usage=b"", update_time=20.0)

    async def test_a_note_is_found_with_its_turn(self, store: Store) -> None:
        await self.make_noted(store, "c1", NOTE, None)
        noted = await store.latest_turn(TENANT, request_id="c1 1")
        plain = await store.latest_turn(TENANT, request_id="c1 2")
        assert noted is not None
        assert plain is not None
        assert (noted.note, plain.note) == (NOTE, None)
        assert await store.latest_turn("other", request_id="c1 1") is None

    async def test_noted_turns_are_listed_by_label_in_either_order_page_by_page(self, store: Store) -> None:
        await self.make_noted(store, "c1", NOTE, None, NOTE, Note("chat"))
        await self.make_noted(store, "c2", None, NOTE)
        await self.make_noted(store, "c3", NOTE, tenant="other")
        everything = await store.noted(TENANT, label="response", limit=9, max_bytes=MANY)
        assert requests(everything) == ["c1 1", "c2 2", "c1 3"]
        assert [(placed.conversation_id, placed.note) for placed in everything.turns] == [
            ("c1", NOTE),
            ("c2", NOTE),
            ("c1", NOTE),
        ]
        assert requests(await store.noted(TENANT, label="response", latest_first=True, limit=2, max_bytes=MANY)) == [
            "c1 3",
            "c2 2",
        ]
        assert requests(await store.noted(TENANT, label="response", after="c1 1", limit=1, max_bytes=MANY)) == ["c2 2"]
        beyond = await store.noted(TENANT, label="response", after="c2 2", latest_first=True, limit=9, max_bytes=MANY)
        assert requests(beyond) == ["c1 1"]
        with pytest.raises(InvalidMessage):
            await store.noted(TENANT, label="response", after="c1 4", limit=9, max_bytes=MANY)

    async def test_a_page_says_whether_there_are_more_and_is_not_larger_than_it_may_be(self, store: Store) -> None:
        await self.make_noted(store, "c1", *(Note("response", body="x" * 10_000) for _ in range(4)), Note("chat"))

        async def page(limit: int, max_bytes: int, after: str = "") -> tuple[list[str], bool]:
            found = await store.noted(TENANT, label="response", after=after, limit=limit, max_bytes=max_bytes)
            return requests(found), found.has_more

        assert await page(4, MANY) == (["c1 1", "c1 2", "c1 3", "c1 4"], False)
        assert await page(3, MANY) == (["c1 1", "c1 2", "c1 3"], True)
        assert await page(4, 25_000) == (["c1 1", "c1 2"], True)
        assert await page(4, 25_000, after="c1 2") == (["c1 3", "c1 4"], False)
        assert await page(4, 1) == (["c1 1"], True)
        assert await page(4, 1, after="c1 3") == (["c1 4"], False)

    async def test_they_are_filtered_by_model_and_by_all_of_the_metadata(self, store: Store) -> None:
        odd = 'a"b.c $'
        await self.make_noted(store, "c1", NOTE, Note("response", "opus", {"a": "1", odd: "x"}), Note("response"))

        async def listed(model: str = "", **metadata: str) -> list[str]:
            return requests(
                await store.noted(TENANT, label="response", model=model, metadata=metadata, limit=9, max_bytes=MANY)
            )

        assert await listed() == ["c1 1", "c1 2", "c1 3"]
        assert await listed("opus") == ["c1 2"]
        assert await listed(a="1") == ["c1 1", "c1 2"]
        assert await listed(a="1", b="2") == ["c1 1"]
        assert await listed(a="2") == []
        assert requests(await store.noted(TENANT, label="response", metadata={odd: "x"}, limit=9, max_bytes=MANY)) == [
            "c1 2"
        ]

    async def test_a_note_is_replaced_and_removed_but_never_made_afterwards(self, store: Store) -> None:
        await self.make_noted(store, "c1", NOTE, None)
        other = Note("response", "claude", {"c": "3"}, "{}")
        assert await store.change_note(TENANT, "c1 1", other)
        found = await store.latest_turn(TENANT, request_id="c1 1")
        assert found is not None
        assert found.note == other
        assert not await store.change_note("other", "c1 1", other)
        assert not await store.change_note(TENANT, "c1 2", other)
        assert await store.change_note(TENANT, "c1 1", None)
        assert not await store.change_note(TENANT, "c1 1", None)
        assert await store.noted(TENANT, label="response", limit=9, max_bytes=MANY) == NotedPage((), has_more=False)

    async def test_notes_go_with_their_conversation(self, store: Store) -> None:
        await self.make_noted(store, "c1", NOTE)
        await store.delete(TENANT, "c1")
        assert await store.noted(TENANT, label="response", limit=9, max_bytes=MANY) == NotedPage((), has_more=False)

    async def test_notes_are_part_of_a_snapshot(self, store: Store) -> None:
        await self.make_noted(store, "c1", None, NOTE)
        taken = await store.snapshot(TENANT, "c1")
        assert taken is not None
        assert taken.notes == {2: NOTE}
        await store.delete(TENANT, "c1")
        await store.restore(taken)
        assert requests(await store.noted(TENANT, label="response", limit=9, max_bytes=MANY)) == ["c1 2"]
        restored = await store.snapshot(TENANT, "c1")
        assert restored is not None
        assert (restored.turns, restored.notes) == (taken.turns, taken.notes)
