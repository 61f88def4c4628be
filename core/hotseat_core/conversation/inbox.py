"""The inputs of a conversation: those that wait, the one whose turn runs, and those whose turn has ended. No I/O."""

from collections import deque
from collections.abc import Callable, Sequence

from hotseat_core.conversation.terms import Attachment, Repeated
from hotseat_core.conversation.turn import Delivery, TurnInput, TurnRecord
from hotseat_core.conversation.waiting import Waiting
from hotseat_core.errors import ConversationBusy, PoolFull, RequestReused

MAX_WAITING_INPUTS = 64


class Inbox:
    """Takes each input once, however often it is said."""

    def __init__(self, turns: Sequence[TurnRecord]) -> None:
        self.current: Waiting | None = None
        self._waiting: deque[Waiting] = deque()  # at most MAX_WAITING_INPUTS
        self._begun = {record.request_id: record for record in turns}

    @property
    def open(self) -> list[Waiting]:
        """Those that have not been answered, in order."""
        current = [self.current] if self.current is not None and not self.current.is_answered else []
        return [*current, *self._waiting]

    def find(self, request_id: str) -> Waiting | None:
        """Return the input that waits or runs under this id."""
        return next((waiting for waiting in self.open if waiting.turn.request_id == request_id), None)

    def repeat(self, turn: TurnInput, attachment: Attachment) -> bool:
        """Let a stream say again what is known: it joins what runs, and hears of what has ended. False: it is new.

        Raises RequestReused.
        """
        waiting, record = self.find(turn.request_id), self._begun.get(turn.request_id)
        if waiting is not None:
            _check_same(turn, waiting.turn.fingerprint)
            waiting.join(attachment)
        elif record is not None and record.completed is not None:
            _check_same(turn, record.fingerprint)
            attachment.send(Repeated(record.turn, record.completed))
        else:
            return False
        # What the stream said of the conversation's past belongs to this input, which has been taken.
        attachment.is_introduced = True
        return True

    def add(self, turn: TurnInput, attachment: Attachment) -> None:
        """Let a new input wait for its turn. Raises ConversationBusy, PoolFull, RateLimited or BudgetSpent."""
        if turn.delivery is Delivery.REJECT and self.open:
            raise ConversationBusy("a turn is running; wait for its end, or let the input queue")
        if len(self._waiting) >= MAX_WAITING_INPUTS:
            raise PoolFull(f"{MAX_WAITING_INPUTS} inputs wait in this conversation already", retry_delay_s=1.0)
        permit = attachment.account.admit()
        attachment.open_inputs.add(turn.request_id)
        self._waiting.append(Waiting(turn, attachment, permit))

    def next(self) -> Waiting | None:
        """Make the first input that waits the current one."""
        self.current = self._waiting.popleft() if self._waiting else None
        return self.current

    def note_begun(self, record: TurnRecord) -> None:
        """The turn of the current input is in the journal."""
        self._begun[record.request_id] = record

    # ---- whose they are

    def has_some_of(self, owner: str) -> bool:
        """Whether inputs of this owner wait or run."""
        return any(waiting.owner == owner for waiting in self.open)

    def pass_on(self, owner: str, heir: str) -> None:
        """Give the inputs of an owner who was sent away to who came instead."""
        for waiting in self.open:
            if waiting.owner == owner:
                waiting.owner = heir

    def rejoin(self, attachment: Attachment) -> None:
        """Let a stream wait for the inputs of its owner's earlier stream."""
        for waiting in self.open:
            if waiting.owner == attachment.owner and not attachment.is_observer:
                waiting.follow(attachment)

    def abandoned(self, owner: str, followers: Callable[[str], Sequence[Attachment]]) -> list[Waiting]:
        """Return the inputs that nobody wants any more, now that their owner is gone; others get another owner."""
        gone = []
        for waiting in self.open:
            if waiting.owner != owner:
                continue
            if others := followers(waiting.turn.request_id):
                waiting.owner = others[0].owner
            elif not waiting.runs_to_end:
                gone.append(waiting)
        return gone


def _check_same(turn: TurnInput, fingerprint: str) -> None:
    if turn.fingerprint and fingerprint and turn.fingerprint != fingerprint:
        raise RequestReused(
            f"request {turn.request_id} was made before, and asked for something else; make a new id for a new input",
            metadata={"requestId": turn.request_id},
        )
