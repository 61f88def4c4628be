"""What a worker's session holds, and how to get it to hold something else. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass

from hotseat_core.worker.rows import Row


class CannotAlignError(Exception):
    """The session can't be brought there: take another worker."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """The way to the wanted rows: rewind first, if at all, then seed."""

    rewind_to: str  # uuid of the prompt that goes, with all that follows it; empty: nothing goes
    last_seen: str  # uuid of the last user frame, which the CLI wants to hear with a rewind
    seed: tuple[Row, ...]


class Session:
    """The rows that the CLI's session holds, as far as we know."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._prompts: list[tuple[int, str]] = []  # (index in rows, uuid) of each prompt: where a rewind can go
        self._users: list[tuple[int, str]] = []  # the same of each user frame that was sent, prompts included
        self._sure = 0  # rows before this index are what the CLI holds; those after it may not be
        self.is_open = False  # the last row calls tools of the client's, and the CLI waits for their results

    @property
    def is_sure(self) -> bool:
        """The session holds exactly `rows`."""
        return self._sure == len(self.rows)

    def begin(self, rows: Sequence[Row], uuids: Sequence[str]) -> None:
        """The session begins with these rows, under these uuids."""
        for row, uuid in zip(rows, uuids, strict=True):
            self.add(row, uuid)

    @property
    def _last_user(self) -> str:
        return self._users[-1][1] if self._users else ""

    def add(self, row: Row, uuid: str) -> None:
        """A row was sent and taken."""
        self._note(row, uuid)
        self._sure = len(self.rows)

    def begin_turn(self, prompt: Row, uuid: str) -> None:
        """A prompt was sent; until the turn has ended well, the CLI may hold anything after the rows before it."""
        self._note(prompt, uuid)

    def go_on(self, results: Row) -> None:
        """The calls that were open get their results; until the turn has ended well, as with begin_turn."""
        self.rows.append(results)  # no frame of ours, so it has no uuid
        self.is_open = False

    def end_turn(self, rows: Sequence[Row], *, is_open: bool = False) -> None:
        """The turn left these rows after its prompt: it ended well, or its calls are open."""
        self.rows += rows
        self._sure = len(self.rows)
        self.is_open = is_open

    def plan(self, wanted: Sequence[Row], *, stays_open: bool = False) -> Alignment:
        """Return the way to the wanted rows. Raises CannotAlignError where no prompt marks the place to go back to.

        stays_open: calls that are open may stay so.
        """
        keep = 0
        for held, other in zip(self.rows[: self._sure], wanted, strict=False):
            if held != other:
                break
            keep += 1
        if keep == len(self.rows) and (not self.is_open or (stays_open and keep == len(wanted))):
            return Alignment("", self._last_user, tuple(wanted[keep:]))
        target = next(((index, uuid) for index, uuid in reversed(self._prompts) if index <= keep), None)
        if target is None:
            raise CannotAlignError("the session does not begin with a prompt")
        return Alignment(target[1], self._last_user, tuple(wanted[target[0] :]))

    def rewound(self, uuid: str) -> None:
        """The prompt with this uuid is gone, with all that followed it."""
        index = next(index for index, found in self._prompts if found == uuid)
        del self.rows[index:]
        self._prompts = [prompt for prompt in self._prompts if prompt[0] < index]
        self._users = [user for user in self._users if user[0] < index]
        self._sure = index
        self.is_open = False

    def _note(self, row: Row, uuid: str) -> None:
        if row.role == "user":
            self._users.append((len(self.rows), uuid))
        if row.is_prompt:
            self._prompts.append((len(self.rows), uuid))
        self.rows.append(row)
