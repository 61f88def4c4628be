"""What can go wrong, by cause: each error carries the reason that clients see."""

import enum
from collections.abc import Mapping
from typing import ClassVar

from hotseat_serving.scrub import scrub


class Reason(enum.Enum):
    """The names of the contract's ErrorReason, without its prefix; the value is the proto number."""

    INVALID_MESSAGE = 1
    PROTOCOL_ORDER = 2
    CONVERSATION_NOT_FOUND = 3
    CONVERSATION_OWNED = 4
    TURN_RUNNING = 5
    SETTINGS_MISMATCH = 6
    REPLAY_LOST = 7
    POOL_FULL = 8
    SLOW_READER = 9
    POOL_DRAINING = 10
    WORKER_START = 11
    WORKER_LOST = 12
    PROVIDER = 13
    PROVIDER_LIMIT = 14
    TURN_LIMIT = 15
    NOTHING_PENDING = 16
    HISTORY_MISMATCH = 17
    QUEUE_TIMEOUT = 18
    PROVIDER_AUTH = 19
    PROVIDER_REJECTED = 20
    STALLED = 21
    ATTEMPT_ABANDONED = 22
    INTERNAL = 23
    CONVERSATION_EXISTS = 24
    STORAGE_FAILED = 25
    REQUEST_REUSED = 26
    OUTPUT_INVALID = 27
    UNAUTHENTICATED = 28
    PERMISSION_DENIED = 29
    RATE_LIMITED = 30
    BUDGET_SPENT = 31
    KEY_NOT_FOUND = 32


class HotseatError(Exception):
    """A failure that a client is told about: the message says what happened and what to do."""

    reason: ClassVar[Reason] = Reason.INTERNAL

    def __init__(
        self, message: str, *, metadata: Mapping[str, str] | None = None, retry_delay_s: float | None = None
    ) -> None:
        self.message = scrub(message)  # a provider's words, or the client's own, may hold a key
        super().__init__(self.message)
        # The dynamic parts of the message, keyed in lowerCamelCase.
        self.metadata: dict[str, str] = dict(metadata or {})
        # Set where trying again can help: wait at least this long.
        self.retry_delay_s = retry_delay_s


class InvalidMessage(HotseatError):
    """A request breaks the contract's rules."""

    reason = Reason.INVALID_MESSAGE


class PoolFull(HotseatError):
    """Every worker is busy and the queue is full."""

    reason = Reason.POOL_FULL


class QueueTimeout(HotseatError):
    """No worker was free in time."""

    reason = Reason.QUEUE_TIMEOUT


class PoolDraining(HotseatError):
    """The pool takes no new turns; another instance may."""

    reason = Reason.POOL_DRAINING


class WorkerStartError(HotseatError):
    """The CLI did not start, or did not get ready in time."""

    reason = Reason.WORKER_START


class WorkerDiedAtStart(WorkerStartError):
    """The CLI ended before it was ready: somebody killed it, or it will do so again."""


class WorkerLost(HotseatError):
    """The CLI ended in the middle of a turn."""

    reason = Reason.WORKER_LOST


class ConversationBusy(HotseatError):
    """A turn of this conversation is running."""

    reason = Reason.TURN_RUNNING


class ProtocolOrder(HotseatError):
    """The first message was not open, or a later one was."""

    reason = Reason.PROTOCOL_ORDER


class ConversationNotFound(HotseatError):
    """No such conversation for this caller."""

    reason = Reason.CONVERSATION_NOT_FOUND


class ConversationExists(HotseatError):
    """A conversation with this id exists."""

    reason = Reason.CONVERSATION_EXISTS


class ConversationOwned(HotseatError):
    """Another client owns the conversation."""

    reason = Reason.CONVERSATION_OWNED


class SettingsMismatch(HotseatError):
    """The settings differ from those of the open conversation where they may not."""

    reason = Reason.SETTINGS_MISMATCH


class ReplayLost(HotseatError):
    """The events asked for are not kept any more."""

    reason = Reason.REPLAY_LOST


class SlowReader(HotseatError):
    """This reader fell too far behind."""

    reason = Reason.SLOW_READER


class NothingPending(HotseatError):
    """No permission request with this id waits for an answer."""

    reason = Reason.NOTHING_PENDING


class HistoryMismatch(HotseatError):
    """The client's history is not what the conversation holds."""

    reason = Reason.HISTORY_MISMATCH


class Fenced(ConversationOwned):
    """Somebody else has taken the conversation over, or deleted it: nothing was written."""


class DuplicateRequest(HotseatError):
    """The conversation has a turn with this request id; the metadata say which one."""


class RequestReused(HotseatError):
    """The request id was used for another input."""

    reason = Reason.REQUEST_REUSED


class StorageFailed(HotseatError):
    """The journal could not be read or written; what it acknowledged before still holds."""

    reason = Reason.STORAGE_FAILED


class HistoryLost(StorageFailed):
    """The journal does not have what a new message was to follow."""


class Unauthenticated(HotseatError):
    """The call needs a key, and had none that opens anything."""

    reason = Reason.UNAUTHENTICATED


class PermissionDenied(HotseatError):
    """The key is good, but not for this."""

    reason = Reason.PERMISSION_DENIED


class RateLimited(HotseatError):
    """The key was used too often, or for too much at once."""

    reason = Reason.RATE_LIMITED


class BudgetSpent(HotseatError):
    """What the key may use in a day is used."""

    reason = Reason.BUDGET_SPENT


class KeyNotFound(HotseatError):
    """There is no key with this id."""

    reason = Reason.KEY_NOT_FOUND
