"""What a start finds in the journal that the end of an earlier core left open."""

import logging

import msgspec

from hotseat_core.conversation.turn import never_begun
from hotseat_core.errors import Reason
from hotseat_core.events import Failure
from hotseat_core.journal.store import Store

logger = logging.getLogger(__name__)

_CUT_OFF = Failure(Reason.WORKER_LOST, "the server ended in the middle of the turn; ask again")


async def close_interrupted_turns(store: Store) -> None:
    """End every turn that was begun and never ended as failed: its client never had an answer."""
    interrupted = await store.interrupted_turns()
    for found in interrupted:
        claimed = await store.claim(found.tenant, found.conversation_id)
        if claimed is None:
            continue
        stored, lease = claimed
        completed = msgspec.json.encode(never_begun(found.turn.request_id, _CUT_OFF))
        turn = msgspec.structs.replace(found.turn, completed=completed, head=stored.head)
        await store.end_turn(lease, turn, [], head=stored.head, usage=stored.usage, update_time=stored.update_time)
    if interrupted:
        logger.warning("turns were cut off by the end of an earlier core", extra={"count": len(interrupted)})
