"""A conversation as a thing that is listed and read, in use or not."""

from dataclasses import dataclass
from enum import Enum

from hotseat_core.conversation.book import settings_of, usage_of
from hotseat_core.conversation.conversation import Conversation
from hotseat_core.conversation.retention import Retention
from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.events import Usage
from hotseat_core.journal.store import StoredConversation
from hotseat_core.pool.pool import Pool


class State(Enum):
    """What a conversation is doing; the value is the proto number."""

    COLD = 1
    IDLE = 2
    RUNNING = 3
    REQUIRES_ACTION = 4


@dataclass(frozen=True, slots=True)
class Summary:
    """What there is to know of a conversation."""

    conversation_id: str
    state: State
    settings: ConversationSettings
    worker_id: str  # empty: it is cold
    turn_count: int  # finished ones
    usage: Usage
    create_time: float  # seconds since the epoch
    update_time: float
    expire_time: float | None  # when it goes unless it is used again; None: never


def of_live(conversation: Conversation, pool: Pool, retention: Retention) -> Summary:
    """Return what there is to know of a conversation in use."""
    held = pool.worker_of(conversation.id, conversation.book.tenant)
    if conversation.permissions.is_waiting:
        state = State.REQUIRES_ACTION
    elif conversation.is_busy:
        state = State.RUNNING
    else:
        state = State.COLD if held is None else State.IDLE
    return Summary(
        conversation.id,
        state,
        conversation.settings,
        held.id if held is not None else "",
        sum(record.completed is not None for record in conversation.turns),
        conversation.usage,
        conversation.book.create_time,
        conversation.book.update_time,
        retention.expire_time(
            conversation.book.update_time,
            is_one_shot=conversation.is_transient,
            keep_s=conversation.settings.retention_s,
        ),
    )


def of_stored(stored: StoredConversation, retention: Retention) -> Summary:
    """Return what there is to know of a conversation that only the journal holds."""
    return Summary(
        stored.conversation_id,
        State.COLD,
        settings_of(stored),
        "",
        stored.turn_count,
        usage_of(stored),
        stored.create_time,
        stored.update_time,
        retention.expire_time(stored.update_time, is_one_shot=stored.is_one_shot, keep_s=stored.keep_s),
    )
