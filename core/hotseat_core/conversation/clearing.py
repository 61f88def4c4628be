"""Conversations that go, deleted or kept no longer: with their workers, their files and their entries."""

from hotseat_core.conversation.conversation import Conversation
from hotseat_core.conversation.terms import GoAwayReason
from hotseat_core.conversation.workspaces import Workspaces
from hotseat_core.errors import ConversationBusy, ConversationNotFound
from hotseat_core.journal.store import Due, Store
from hotseat_core.pool.pool import Pool


class Clearing:
    """Clears a tenant's conversations away. The caller keeps others from opening the conversation meanwhile.

    The entry in the journal goes last: what a kill leaves behind is cleared by the next attempt.
    """

    def __init__(
        self, tenant: str, store: Store, pool: Pool, live: dict[str, Conversation], workspaces: Workspaces
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._pool = pool
        self._live = live  # the registry's own
        self._workspaces = workspaces

    async def delete(self, conversation_id: str, *, only_if_idle: bool) -> str:
        """Stop its turn and clear it away; return the worker that had it, empty where it was cold.

        Raises ConversationNotFound, or ConversationBusy where it is to be idle and is not.
        """
        live = self._live.get(conversation_id)
        if live is not None:
            if only_if_idle and live.is_busy:
                raise ConversationBusy(f"a turn of conversation {conversation_id} is running; wait, or use force")
            await live.close(GoAwayReason.EVICTED)
            self._live.pop(conversation_id, None)  # it may have left by itself meanwhile, to make room
        stored = await self._store.get(self._tenant, conversation_id)
        if stored is None:
            raise not_found(conversation_id)
        worker_id = await self._pool.evict(conversation_id, force=True, tenant=self._tenant)
        await self._workspaces.remove(stored)
        await self._store.delete(self._tenant, conversation_id)
        return worker_id or ""

    async def expire(self, conversation_id: str, due: Due) -> bool:
        """Clear it away, unless it is kept longer, is in use, or was used by now: False."""
        stored = await self._store.get(self._tenant, conversation_id)
        if stored is None or not due.includes(stored):
            return False
        live = self._live.get(conversation_id)
        if live is not None:
            if live.is_in_use or live.book.update_time != stored.update_time:
                return False
            await live.close(GoAwayReason.EVICTED)  # it may still be giving its worker back
            self._live.pop(conversation_id, None)  # it may have left by itself meanwhile, to make room
        await self._pool.evict(conversation_id, tenant=self._tenant)
        await self._workspaces.remove(stored)
        return await self._store.expire(self._tenant, conversation_id, due)


def not_found(conversation_id: str) -> ConversationNotFound:
    """Return the error for a conversation that is not there."""
    return ConversationNotFound(
        f"there is no conversation {conversation_id}", metadata={"conversationId": conversation_id}
    )
