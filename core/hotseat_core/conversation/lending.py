"""A hot worker goes from one conversation to another: from a nameless one that nobody uses to a branch of it."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from hotseat_core.conversation.history import rows_of
from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.conversation.ways import worth_going_back
from hotseat_core.journal.node import Node
from hotseat_core.pool.pool import Pool
from hotseat_core.pool.view import WorkerState
from hotseat_core.worker.profile import PROFILES
from hotseat_core.worker.rows import Row

if TYPE_CHECKING:
    from hotseat_core.conversation.conversation import Conversation

logger = logging.getLogger(__name__)


class Lending:
    """Finds the lender, of the same tenant. Who lends its worker keeps all that was said in it, and its place."""

    def __init__(self, tenant: str, live: "Mapping[str, Conversation]", pool: Pool) -> None:
        self._tenant = tenant
        self._live = live
        self._pool = pool

    def lend(self, borrower: str, settings: ConversationSettings, wanted: Sequence[Row]) -> None:
        """Hand over the idle worker that is nearest to the wanted rows, if going back on it is worth it."""
        best, lender = 0, ""
        for conversation in self._lenders(settings):
            worth = worth_going_back(rows_of(conversation.messages), wanted)
            if worth > best:
                best, lender = worth, conversation.id
        if best and self._pool.hand_over(lender, borrower, self._tenant):
            logger.info("a hot worker is handed over", extra={"conversation": borrower, "lender": lender})

    def held(self, head: str, depth: int) -> Sequence[Node] | None:
        """Return the nodes up to the head, which is so deep, where a conversation with a worker holds them."""
        for worker in self._pool.workers():
            found = self._live.get(worker.conversation or "") if worker.tenant == self._tenant else None
            nodes = found.book.nodes if found is not None else ()
            if len(nodes) >= depth > 0 and nodes[depth - 1].node_id == head:
                return nodes[:depth]
        return None

    def _lenders(self, settings: ConversationSettings) -> "Iterator[Conversation]":
        # What an agent has done in its directory, and may do by remembered rules, is its conversation's alone.
        if PROFILES[settings.profile].tools or settings.workspace:
            return
        for worker in self._pool.workers():
            found = self._live.get(worker.conversation or "") if worker.tenant == self._tenant else None
            if found is None or worker.state is not WorkerState.IDLE or not found.is_nameless:
                continue
            is_alike = (found.settings.profile, found.settings.workspace) == (settings.profile, settings.workspace)
            if not found.is_in_use and is_alike and found.settings.setup == settings.setup:
                yield found
