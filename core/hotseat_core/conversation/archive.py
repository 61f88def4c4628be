"""What was said, read in pages, taken out whole, and brought back."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from hotseat_core.conversation.book import root_of, settings_of
from hotseat_core.conversation.clearing import not_found
from hotseat_core.conversation.listing import Listed, listed, place_of, token_after
from hotseat_core.conversation.loader import Loaded
from hotseat_core.conversation.portable import dump
from hotseat_core.conversation.retention import Retention
from hotseat_core.conversation.summary import Summary, of_stored
from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.conversation.workspaces import Workspaces
from hotseat_core.errors import ConversationNotFound, HistoryLost, InvalidMessage
from hotseat_core.journal.store import Snapshot, Store, StoredConversation

MAX_PAGE_BYTES = 4 * 1024 * 1024  # of messages or turns as they are stored; a larger one has a page of its own


class Archive:
    """Reads and writes a tenant's journal past the conversations in use: what runs is seen as it last was on disk."""

    def __init__(
        self,
        tenant: str,
        store: Store,
        lock: Callable[[str], asyncio.Lock],
        workspaces: Workspaces,
        retention: Retention,
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._lock = lock  # the registry's, by conversation id
        self._workspaces = workspaces
        self._retention = retention

    async def messages(
        self, conversation_id: str, *, limit: int, page_token: str, latest_first: bool, request_id: str = ""
    ) -> tuple[list[Listed], str]:
        """Return a page of what was said, in the wanted order, and the token of the next one.

        All pages are of what was said when the first one was read. Raises ConversationNotFound or InvalidMessage.
        """
        start, head = place_of(page_token)
        if request_id and not head:
            turn = await self._store.turn_of_request(self._tenant, conversation_id, request_id)
            if turn is None:
                raise ConversationNotFound(f"conversation {conversation_id} has no turn of request {request_id!r}")
            if not turn.head:
                return [], ""
            head = turn.head
        try:
            said = await self._store.said(
                self._tenant,
                conversation_id,
                head=head,
                start=start,
                limit=limit,
                latest_first=latest_first,
                max_bytes=MAX_PAGE_BYTES,
            )
        except HistoryLost:
            if not head:
                raise
            problem = "what page_token leads to is not kept any more; list from the beginning"
            raise InvalidMessage(problem, metadata={"field": "page_token"}) from None
        if said is None:
            raise not_found(conversation_id)
        found = listed(said)
        return found[::-1] if latest_first else found, token_after(said, latest_first=latest_first)

    async def export(
        self, conversation_id: str, tell_settings: Callable[[ConversationSettings], dict[str, Any]]
    ) -> Iterator[bytes]:
        """Return the lines of all that is kept of a conversation. Raises ConversationNotFound."""
        snapshot = await self._store.snapshot(self._tenant, conversation_id)
        if snapshot is None:
            raise not_found(conversation_id)
        return dump(snapshot, tell_settings(settings_of(snapshot.conversation)))

    async def restore(self, loaded: Loaded, conversation_id: str) -> Summary:
        """Enter a conversation that was kept elsewhere; being brought back counts as use. Raises ConversationExists."""
        async with self._lock(conversation_id), self._workspaces.taking(loaded.settings.workspace) as workspace:
            made = self._made(loaded, conversation_id, workspace)
            await self._store.restore(Snapshot(made, loaded.turns, loaded.nodes, loaded.notes))
        return of_stored(made, self._retention)

    def _made(self, loaded: Loaded, conversation_id: str, workspace: Path | None) -> StoredConversation:
        settings, now = loaded.settings, time.time()
        return StoredConversation(
            tenant=self._tenant,
            conversation_id=conversation_id,
            settings=msgspec.json.encode(settings),
            root=root_of(self._tenant, settings),
            head=loaded.head,
            workspace=str(workspace or ""),
            turn_count=len(loaded.turns),
            usage=msgspec.json.encode(loaded.header.usage),
            create_time=min(loaded.header.create_time.timestamp(), now),
            update_time=now,
            keep_s=settings.retention_s,
        )
