"""The journal in one SQLite file, for one core at a time."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from hotseat_core.journal import archive, notes, reading, tree, writing
from hotseat_core.journal.node import Node, check_path
from hotseat_core.journal.store import (
    Due,
    Found,
    Lease,
    Note,
    NotedPage,
    Page,
    PlacedTurn,
    Said,
    Snapshot,
    StoredConversation,
    StoredTurn,
)
from hotseat_core.journal.threads import MAX_BATCH, Reader, Writer


class SqliteStore:
    """A Store; the core's lock on its data directory keeps other cores out of the file.

    incarnation: whom this core is known as where several write.
    """

    def __init__(
        self,
        path: Path,
        *,
        incarnation: str = "",
        clock: Callable[[], float] = time.time,
        max_batch: int = MAX_BATCH,
    ) -> None:
        self._path = path
        self._owner = incarnation
        self._clock = clock
        self._writer = Writer(max_batch)
        self._reader = Reader()
        self._recovered: str | None = None

    @property
    def recovered(self) -> str | None:
        """Where the unusable journal that stood here was moved to; None: there was none."""
        return self._recovered

    async def open(self) -> None:
        """Check the file and bring it up to date. Raises StorageFailed."""
        try:
            self._recovered = await self._writer.make_ready(self._path, self._clock)
            await self._reader.open(self._path)
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Carry out what was asked for, and close the file."""
        try:
            # The last connection to go, the writer's, folds the write-ahead log into the file.
            await self._reader.aclose()
        finally:
            await self._writer.aclose()

    # ---- writes

    async def create(self, conversation: StoredConversation, nodes: Sequence[Node]) -> Lease:
        """Begin a conversation. Raises ConversationExists or HistoryLost."""
        check_path(nodes, conversation.head)
        return await self._writer.run(
            partial(writing.create, conversation=conversation, nodes=tuple(nodes), owner=self._owner),
            outlives_power=False,
        )

    async def claim(self, tenant: str, conversation_id: str) -> tuple[StoredConversation, Lease] | None:
        """Take the conversation over; None: there is no such conversation."""
        return await self._writer.run(
            partial(writing.claim, tenant=tenant, conversation_id=conversation_id, owner=self._owner),
            outlives_power=False,
        )

    async def begin_turn(
        self, lease: Lease, turn: StoredTurn, *, workspace: str | None = None, note: Note | None = None
    ) -> None:
        """Note a turn before it runs. Raises Fenced or DuplicateRequest."""
        await self._writer.run(
            partial(writing.begin_turn, lease=lease, turn=turn, workspace=workspace, note=note), outlives_power=False
        )

    async def end_turn(
        self, lease: Lease, turn: StoredTurn, nodes: Sequence[Node], *, head: str, usage: bytes, update_time: float
    ) -> None:
        """Note how the turn ended; again without harm. Raises Fenced or HistoryLost."""
        check_path(nodes, head)
        if turn.completed is None:
            raise ValueError(f"turn {turn.turn} has not ended")
        await self._writer.run(
            partial(
                writing.end_turn,
                lease=lease,
                turn=turn,
                nodes=tuple(nodes),
                head=head,
                usage=usage,
                update_time=update_time,
            )
        )

    async def move(
        self,
        lease: Lease,
        *,
        nodes: Sequence[Node],
        head: str,
        root: str,
        settings: bytes,
        keep_s: float | None,
        update_time: float,
    ) -> None:
        """Put the conversation's head elsewhere, or change its settings. Raises Fenced or HistoryLost."""
        check_path(nodes, head)
        await self._writer.run(
            partial(
                writing.move,
                lease=lease,
                nodes=tuple(nodes),
                head=head,
                root=root,
                settings=settings,
                keep_s=keep_s,
                update_time=update_time,
            ),
            outlives_power=False,
        )

    async def delete(self, tenant: str, conversation_id: str) -> bool:
        """Forget the conversation; False: there is no such conversation."""
        return await self._writer.run(partial(writing.delete, tenant=tenant, conversation_id=conversation_id))

    async def expire(self, tenant: str, conversation_id: str, due: Due) -> bool:
        """Delete the conversation, unless it is kept longer, or a turn of it runs: False."""
        return await self._writer.run(
            partial(writing.expire, tenant=tenant, conversation_id=conversation_id, due=due), outlives_power=False
        )

    async def change_note(self, tenant: str, request_id: str, note: Note | None) -> bool:
        """Replace or remove the note of the latest turn of this request; False: there is none."""
        return await self._writer.run(partial(notes.change, tenant=tenant, request_id=request_id, note=note))

    async def restore(self, snapshot: Snapshot) -> None:
        """Enter a conversation with its past, whole or not at all. Raises ConversationExists or HistoryLost."""
        await self._writer.run(partial(archive.restore, snapshot=snapshot, owner=self._owner))

    # ---- reads

    async def messages(self, tenant: str, head: str) -> tuple[Node, ...]:
        """Return what was said, from the first message to the head. Raises HistoryLost."""
        return await self._reader.run(partial(tree.path_to, tenant=tenant, head=head))

    async def said(
        self,
        tenant: str,
        conversation_id: str,
        *,
        head: str = "",
        start: int = 0,
        limit: int,
        latest_first: bool = False,
        max_bytes: int,
    ) -> Said | None:
        """Return messages of the conversation from a place on, or from it back. Raises HistoryLost."""
        return await self._reader.run(
            partial(
                archive.said,
                tenant=tenant,
                conversation_id=conversation_id,
                head=head,
                start=start,
                limit=limit,
                latest_first=latest_first,
                max_bytes=max_bytes,
            )
        )

    async def snapshot(self, tenant: str, conversation_id: str) -> Snapshot | None:
        """Return the conversation with all its turns that have ended, or None."""
        return await self._reader.run(partial(archive.snapshot, tenant=tenant, conversation_id=conversation_id))

    async def turns(self, tenant: str, conversation_id: str, *, after: int = 0, limit: int) -> tuple[StoredTurn, ...]:
        """Return the conversation's turns after this one, in order."""
        return await self._reader.run(
            partial(reading.turns, tenant=tenant, conversation_id=conversation_id, after=after, limit=limit)
        )

    async def turn_of_request(self, tenant: str, conversation_id: str, request_id: str) -> StoredTurn | None:
        """Return the turn that this request began."""
        return await self._reader.run(
            partial(reading.turn_of_request, tenant=tenant, conversation_id=conversation_id, request_id=request_id)
        )

    async def latest_turn(self, tenant: str, *, request_id: str = "", fingerprint: str = "") -> PlacedTurn | None:
        """Return the latest turn, of all conversations, that this request began, or one with this fingerprint."""
        return await self._reader.run(
            partial(notes.noted_turn, tenant=tenant, request_id=request_id, fingerprint=fingerprint)
        )

    async def noted(
        self,
        tenant: str,
        *,
        label: str,
        model: str = "",
        metadata: Mapping[str, str] | None = None,
        after: str = "",
        latest_first: bool = False,
        limit: int,
        max_bytes: int,
    ) -> NotedPage:
        """Return turns that have such a note, by their start. Raises InvalidMessage."""
        return await self._reader.run(
            partial(
                notes.noted_turns,
                tenant=tenant,
                label=label,
                model=model,
                metadata=metadata or {},
                after=after,
                latest_first=latest_first,
                limit=limit,
                max_bytes=max_bytes,
            )
        )

    async def find(self, tenant: str, visible_ids: Sequence[str]) -> Found | None:
        """Return the deepest place that the history of these visible ids reaches."""
        return await self._reader.run(partial(reading.find, tenant=tenant, visible_ids=tuple(visible_ids)))

    async def get(self, tenant: str, conversation_id: str) -> StoredConversation | None:
        """Return the conversation."""
        return await self._reader.run(partial(reading.get, tenant=tenant, conversation_id=conversation_id))

    async def interrupted_turns(self) -> tuple[PlacedTurn, ...]:
        """Return the turns, of all tenants, that were begun and never ended."""
        return await self._reader.run(reading.interrupted_turns)

    async def overdue(self, due: Due, *, limit: int) -> tuple[tuple[str, str], ...]:
        """Return (tenant, conversation id) of conversations that are kept no longer and have no turn that runs."""
        return await self._reader.run(partial(reading.overdue, due=due, limit=limit))

    async def working_in(self, ending: str, *, limit: int) -> tuple[str, ...]:
        """Return the ids of conversations, of all tenants, whose workspace's path ends so."""
        return await self._reader.run(partial(reading.working_in, ending=ending, limit=limit))

    async def list(self, tenant: str, *, after: str = "", limit: int) -> Page:
        """Return the conversations, latest used first. Raises InvalidMessage."""
        return await self._reader.run(partial(reading.list_page, tenant=tenant, after=after, limit=limit))
