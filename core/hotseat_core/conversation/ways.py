"""Which way of getting a worker to hold a history is the cheapest. No I/O."""

from collections.abc import Sequence

from hotseat_core.conversation.tally import ResumePath
from hotseat_core.pool.prospect import Prospect
from hotseat_core.pool.view import Source
from hotseat_core.worker.opening import Opening, opening_of
from hotseat_core.worker.rows import Row
from hotseat_core.worker.session import Alignment

# Milliseconds on a machine at rest (bench/history.py). Only how they compare counts. A busy machine shifts it towards
# the file: each of the many short ways to a spare and back has to wait for its turn.
_SEED_MS = 10  # a user row over the CLI's standard input; the model's own rows cost next to nothing
_START_MS = 300  # a process, on top of what a spare needs until its first token
_END_MS = 100  # another process, to make room
_FILE_MS = 30  # to write the history and read it back


def begins_with(rows: Sequence[Row], prospect: Prospect) -> Opening | None:
    """Return what a new process should begin with; None: any process will do, to be told the rows one by one."""
    opening = opening_of(rows) if _is_faster(user_rows(rows), prospect) else None
    return opening if opening is not None and _is_faster(user_rows(opening.rows), prospect) else None


def is_better_new(rows: Sequence[Row], seed: Sequence[Row]) -> bool:
    """Tell whether a new process gets to hold the rows sooner than one that must be told these of them."""
    if user_rows(seed) * _SEED_MS <= _END_MS + _START_MS + _FILE_MS:
        return False
    return begins_with(rows, Prospect(has_spare=False, has_start=False, has_room=False)) is not None


def path_of(rows: Sequence[Row], way: Alignment, source: Source, *, has_opening: bool) -> ResumePath | None:
    """Return how a worker gets to hold the rows; None: there are none. has_opening: its process began with some."""
    if not rows:
        return None
    if way.rewind_to:
        return ResumePath.REWIND
    if source is not Source.HOT:
        return ResumePath.TRANSCRIPT if has_opening else ResumePath.SEED
    return ResumePath.SEED if way.seed else ResumePath.HOT


def _is_faster(count: int, prospect: Prospect) -> bool:
    room_ms = 0 if prospect.has_room else _END_MS
    if prospect.has_spare:
        ready_ms = 0
    elif prospect.has_start:
        ready_ms = _START_MS // 2
    else:
        ready_ms = room_ms + _START_MS
    return room_ms + _START_MS + _FILE_MS < ready_ms + count * _SEED_MS


def worth_going_back(held: Sequence[Row], wanted: Sequence[Row]) -> int:
    """Return how much is won by bringing a session that holds one history to another one; 0: nothing.

    Counted in user rows, the only ones that take time: those that need not be seeded must not be fewer than those
    that are undone, which the history that is left behind may need again.
    """
    shared = _shared(held, wanted)
    # Where the histories part, and the prompt before it goes if its answer differs: only a prompt can be gone back to.
    while 0 < shared < len(held) and not held[shared].is_prompt:
        shared -= 1
    kept, undone = user_rows(held[:shared]), user_rows(held[shared:])
    return kept if kept >= undone and not is_better_new(wanted, wanted[shared:]) else 0


def user_rows(rows: Sequence[Row]) -> int:
    """Return how many of the rows the CLI takes time for: some ten milliseconds each, in the order they come."""
    return sum(row.role == "user" for row in rows)


def _shared(held: Sequence[Row], wanted: Sequence[Row]) -> int:
    for position, (ours, theirs) in enumerate(zip(held, wanted, strict=False)):
        if ours != theirs:
            return position
    return min(len(held), len(wanted))
