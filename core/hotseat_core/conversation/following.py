"""A stream that goes on from the end of a turn, wherever its conversation stands by now."""

from collections.abc import Awaitable, Callable

from hotseat_core.conversation.book import record_of
from hotseat_core.conversation.calling import appended
from hotseat_core.conversation.conversation import Conversation
from hotseat_core.conversation.terms import Attachment, ConversationSettings, HistoryPolicy
from hotseat_core.conversation.turn import TurnRecord
from hotseat_core.errors import ConversationBusy, ConversationNotFound
from hotseat_core.journal.store import Store

Find = Callable[[str], Awaitable[Conversation | None]]


async def followed(store: Store, tenant: str, find: Find, attachment: Attachment) -> Conversation | None:
    """Return the conversation that goes on; None: a new one does, of which the attachment says all now.

    Raises ConversationNotFound, or ConversationBusy where the turn has not ended.
    """
    placed = await store.latest_turn(tenant, request_id=attachment.after)
    source = await find(placed.conversation_id) if placed is not None else None
    label = placed.note.label if placed is not None and placed.note is not None else ""
    if placed is None or source is None or (attachment.after_label and attachment.after_label != label):
        raise _no_turn(attachment)
    record = record_of(placed.turn)
    if record.completed is None:
        raise ConversationBusy("the turn of open.after_request_id has not ended; wait for its end", retry_delay_s=1.0)
    settings = source.settings
    if attachment.settings is not None:
        settings = settings.changed(attachment.settings, attachment.given)
    if _goes_on(source, record, settings):
        attachment.history_policy = HistoryPolicy.APPEND
        return source
    said = await store.messages(tenant, record.head) if record.head else ()
    attachment.settings = settings
    attachment.history = appended([node.message for node in said], attachment.history)
    return None


def _goes_on(source: Conversation, record: TurnRecord, settings: ConversationSettings) -> bool:
    """Whether nothing and nobody has come between the turn and now."""
    held = source.settings
    is_alike = (held.profile, held.workspace) == (settings.profile, settings.workspace)
    return source.is_nameless and is_alike and source.book.head == record.head and source.is_at_rest


def _no_turn(attachment: Attachment) -> ConversationNotFound:
    problem = f"no turn of request {attachment.after!r} to go on from"
    return ConversationNotFound(problem, metadata={"field": "open.after_request_id"})
