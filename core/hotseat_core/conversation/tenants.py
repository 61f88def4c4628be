"""All conversations of a core: a registry for each tenant, and what concerns those of all of them."""

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Self, TypeAlias

from hotseat_core.conversation.named_workspaces import NamedWorkspaces
from hotseat_core.conversation.registry import Means, Registry
from hotseat_core.conversation.retention import FOR_EVER, Retention
from hotseat_core.conversation.room import MAX_LIVE_BYTES, MAX_LIVE_CONVERSATIONS, Room
from hotseat_core.conversation.tally import Tally, Uncounted
from hotseat_core.conversation.terms import ConversationSettings, GoAwayReason
from hotseat_core.conversation.turn_runner import TurnLimits
from hotseat_core.conversation.workspaces import Workspaces
from hotseat_core.journal.store import Due, Store
from hotseat_core.pool.pool import Pool

Key: TypeAlias = tuple[str, str]  # a tenant and the id of a conversation of its own


class Tenants:
    """Hands out the tenants' registries. They share the journal, the pool, and the room in memory."""

    def __init__(
        self,
        store: Store,
        pool: Pool,
        limits: TurnLimits,
        *,
        workspace_root: Path,
        default_settings: Callable[[], ConversationSettings],
        made_workspaces: Path | None = None,
        retention: Retention = FOR_EVER,
        max_live: int = MAX_LIVE_CONVERSATIONS,
        max_live_bytes: int = MAX_LIVE_BYTES,
        tally: Tally | None = None,
    ) -> None:
        self._room = Room(max_count=max_live, max_bytes=max_live_bytes)
        self._store = store
        self._tasks = asyncio.TaskGroup()
        self._means = Means(
            store, pool, self._room, limits, retention, default_settings, self._tasks, tally or Uncounted()
        )
        self._made_workspaces = made_workspaces or workspace_root
        self._shared_workspace = workspace_root if workspace_root != self._made_workspaces else None
        self.named_workspaces = NamedWorkspaces(self._made_workspaces, store)
        self._registries: dict[str, Registry] = {}

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        closing = [conversation.close(GoAwayReason.DRAINING) for conversation in self._room.conversations]
        await asyncio.gather(*closing)
        await self._tasks.__aexit__(None, None, None)

    def of(self, tenant: str) -> Registry:
        """Return the tenant's conversations."""
        found = self._registries.get(tenant)
        if found is None:
            workspaces = Workspaces(tenant, self._made_workspaces, self.named_workspaces, shared=self._shared_workspace)
            found = self._registries[tenant] = Registry(tenant, self._means, workspaces)
        return found

    def dismiss_all(self, reason: GoAwayReason) -> None:
        """Tell every stream to end; turns go on."""
        for conversation in self._room.conversations:
            conversation.audience.dismiss(reason)

    async def overdue(self, due: Due, *, limit: int, besides: Collection[Key]) -> list[Key]:
        """Return some of the conversations that are kept no longer, but for those in use and those to leave out."""
        in_use = {(found.book.tenant, found.id) for found in self._room.conversations if found.is_in_use}
        left_out = in_use.union(besides)
        found = await self._store.overdue(due, limit=limit + len(left_out))  # so that they hide no others
        return [key for key in found if key not in left_out][:limit]

    async def expire(self, key: Key, due: Due) -> bool:
        """Clear the conversation away, unless it is kept longer or is in use: False."""
        tenant, conversation_id = key
        return await self.of(tenant).expire(conversation_id, due)
