"""Which way of getting a worker to hold a history is the cheapest. No I/O."""

from collections.abc import Sequence

from hotseat_core.worker.rows import Row


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
    return kept if kept >= undone else 0


def user_rows(rows: Sequence[Row]) -> int:
    """Return how many of the rows the CLI takes time for: some ten milliseconds each, in the order they come."""
    return sum(row.role == "user" for row in rows)


def _shared(held: Sequence[Row], wanted: Sequence[Row]) -> int:
    for position, (ours, theirs) in enumerate(zip(held, wanted, strict=False)):
        if ours != theirs:
            return position
    return min(len(held), len(wanted))
