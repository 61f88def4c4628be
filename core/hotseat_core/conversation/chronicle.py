"""What operators hear of one input: where its time went and what it came to, in one line of the log."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from hotseat_core.access.key import name_of
from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.conversation.turn import log_fields
from hotseat_core.conversation.turn_trace import TurnTrace
from hotseat_core.events import (
    Event,
    Failure,
    PermissionRequested,
    TextDelta,
    ThinkingDelta,
    ToolCalled,
    ToolStarted,
    TurnCompleted,
)
from hotseat_core.pool.lease import Lease

logger = logging.getLogger(__name__)

TURN_ENDED = "turn ended"
INPUT_REJECTED = "input rejected"

# What a client takes for the beginning of an answer.
_ANSWER = (TextDelta, ThinkingDelta, ToolStarted, ToolCalled, PermissionRequested)


class Place(NamedTuple):
    """Whose input it is."""

    conversation_id: str
    tenant: str
    settings: ConversationSettings

    def fields(self) -> dict[str, object]:
        """Return what a log may say of it."""
        return {
            "conversation": self.conversation_id,
            "tenant": name_of(self.tenant),
            "profile": self.settings.profile,
            "model": self.settings.setup.model or None,
        }


class Chronicle:
    """Follows an input from the moment it was said. All times are of one clock."""

    def __init__(
        self, request_id: str, trace: TurnTrace | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._request_id = request_id
        self.trace = trace  # None: traces are not wanted
        self._clock = clock
        self._said_at = clock()
        self._prepared_at: float | None = None  # a worker was asked for
        self._held_at: float | None = None  # there was one, and it held the conversation
        self._first_at: float | None = None  # of the answer
        self._lease: Lease | None = None  # the latest one

    def note_preparing(self) -> None:
        """It is its turn: a worker is asked for. Of several times the first one counts."""
        if self._prepared_at is None:
            self._prepared_at = self._clock()
        if self.trace is not None:
            self.trace.note_preparing()

    def note_lease(self, lease: Lease) -> None:
        """A worker is there, and holds the conversation."""
        self._held_at = self._clock()
        self._lease = lease
        if self.trace is not None:
            self.trace.note_lease(lease)

    def hear(self, events: Sequence[Event]) -> None:
        """Listen to what the turn says."""
        if self._first_at is None and any(isinstance(event, _ANSWER) for event in events):
            self._first_at = self._clock()
        if self.trace is not None:
            self.trace.hear(events)

    def tell_end(self, completed: TurnCompleted, turn: int, place: Place) -> None:
        """Write the line of a turn that has ended."""
        if self.trace is not None:
            self.trace.tell_place(place.conversation_id, name_of(place.tenant), place.settings)
            self.trace.end(completed, turn)
        logger.info(TURN_ENDED, extra={**place.fields(), "turn": turn, **self._fields(), **log_fields(completed)})

    def tell_rejection(self, failure: Failure, place: Place) -> None:
        """Write the line of an input that never became a turn."""
        if self.trace is not None:
            self.trace.tell_place(place.conversation_id, name_of(place.tenant), place.settings)
            self.trace.reject(failure)
        logger.info(INPUT_REJECTED, extra={**place.fields(), **self._fields(), "reason": failure.reason.name})

    def _fields(self) -> dict[str, object]:
        lease, now = self._lease, self._clock()
        queued_s = lease.queue_duration_s if lease is not None else None
        taken_s = _between(self._prepared_at, self._held_at)
        return {
            "request_id": self._request_id,
            "trace_id": self.trace.trace_id if self.trace is not None else None,
            "worker": lease.worker.id if lease is not None else None,
            "source": lease.source.value if lease is not None else None,
            "wait_ms": _ms(_between(self._said_at, self._prepared_at)),
            "queue_ms": _ms(queued_s),
            "bind_ms": _ms(None if taken_s is None or queued_s is None else max(0.0, taken_s - queued_s)),
            "first_token_ms": _ms(_between(self._said_at, self._first_at)),
            "total_ms": _ms(now - self._said_at),
        }


def _between(begin: float | None, end: float | None) -> float | None:
    return None if begin is None or end is None else end - begin


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
