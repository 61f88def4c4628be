"""An input, from its submission until its turn begins: it can be called off at any moment."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from hotseat_core.access.account import FREE_PERMIT, Permit
from hotseat_core.conversation.chronicle import Chronicle
from hotseat_core.conversation.placing import Placing
from hotseat_core.conversation.terms import Attachment
from hotseat_core.conversation.turn import TurnInput
from hotseat_core.conversation.turn_trace import TurnTrace
from hotseat_core.pool.lease import Lease


class Waiting:
    """An input, the stream that it came from, and whose it is now."""

    def __init__(self, turn: TurnInput, attachment: Attachment, permit: Permit = FREE_PERMIT) -> None:
        self.attachment = attachment
        self.permit = permit  # closed where it is answered
        trace = _trace(turn, attachment)
        self.chronicle = Chronicle(turn.request_id, trace)
        if trace is not None or permit.calls is not None:
            followed = trace.calls if trace is not None else None
            turn = replace(turn, setup=replace(turn.setup, trace=followed, calls=permit.calls))
        self.turn = turn
        self.owner = attachment.owner
        self.runs_to_end = attachment.detach_timeout_s is None  # whoever leaves
        self.first_sequence = 0  # of its turn's events in the log
        self.number = 0  # of its turn; 0: that has not begun
        self.is_answered = False  # its turn is completed, or it was rejected
        self.is_interrupted = False
        self.held: Lease | None = None  # the worker that its turn has, or had last
        self.placing: Placing | None = None  # once it asks for a worker
        self._preparing: asyncio.Task[Lease] | None = None  # while it waits for a worker

    def join(self, attachment: Attachment) -> None:
        """Let another stream wait for the answer too."""
        self.follow(attachment)
        self.runs_to_end = self.runs_to_end or attachment.detach_timeout_s is None

    def follow(self, attachment: Attachment) -> None:
        """Let a stream hear of the answer, and of what it waits for."""
        attachment.open_inputs.add(self.turn.request_id)
        if self.placing is not None:
            self.placing.join(attachment)

    def note_answered(self) -> None:
        """Its turn is completed, or it was rejected: it is nobody's any more."""
        self.is_answered = True
        self.permit.close()

    def interrupt(self) -> None:
        """Call it off; where its turn runs already, the turn must be cut besides."""
        self.is_interrupted = True
        if self._preparing is not None:
            self._preparing.cancel()

    async def lease(self, preparing: Coroutine[Any, Any, Lease]) -> Lease | None:
        """Return the lease; None: it was called off before."""
        self.chronicle.note_preparing()
        task = self._preparing = asyncio.create_task(preparing, name=f"worker for {self.turn.request_id}")
        if self.is_interrupted:
            task.cancel()
        try:
            lease = await task
        except asyncio.CancelledError:
            if not task.cancel() and not task.cancelled() and task.exception() is None:
                task.result().release(keep=False)
            if not self.is_interrupted or _is_being_cancelled():
                raise
            return None
        finally:
            self._preparing = None
            if self.placing is not None:
                self.placing.end()
        if self.is_interrupted:
            lease.release(keep=True)  # the worker holds the conversation, and the turn has not touched it
            return None
        self.held = lease
        self.chronicle.note_lease(lease)
        return lease

    def let_go(self) -> None:
        """End the worker, unless it was given back: nobody knows what it holds."""
        if self.held is not None and not self.held.is_released:
            self.held.release(keep=False)


def _trace(turn: TurnInput, attachment: Attachment) -> TurnTrace | None:
    tracer = attachment.tracer
    return TurnTrace(tracer, turn.trace or attachment.trace, turn.request_id) if tracer is not None else None


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
