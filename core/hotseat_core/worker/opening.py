"""A history that a worker begins with: a session file in the CLI's own form, in place of frames one by one. No I/O."""

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hotseat_core.worker.control import said_by_model
from hotseat_core.worker.frames import encode
from hotseat_core.worker.rows import Row

_STEP = timedelta(milliseconds=1)
_LEAST_PROMPTS = 2  # with one, the CLI can't be asked whether it holds it without losing it


@dataclass(frozen=True, slots=True)
class Opening:
    """Rows, and under which uuids the CLI gets to know them."""

    digest: str  # equal if and only if the rows are
    rows: tuple[Row, ...] = field(compare=False, repr=False)

    @property
    def session_id(self) -> str:
        """The CLI's name for the session."""
        return str(uuid.UUID(self.digest[:32]))

    @property
    def uuids(self) -> tuple[str, ...]:
        """The rows' uuids, in order."""
        session = uuid.UUID(self.digest[:32])
        return tuple(str(uuid.uuid5(session, str(position))) for position in range(len(self.rows)))

    @property
    def first_prompt(self) -> str:
        """The uuid of the first prompt."""
        return next(name for name, row in zip(self.uuids, self.rows, strict=True) if row.is_prompt)

    def lines(self, now: datetime) -> Iterator[bytes]:
        """Return the session file. now: the CLI takes the liberty to shorten what was said long ago."""
        session_id, parent = self.session_id, None
        begun = now - _STEP * len(self.rows)
        for position, (name, row) in enumerate(zip(self.uuids, self.rows, strict=True)):
            is_user = row.role == "user"
            yield encode(
                {
                    "parentUuid": parent,
                    "isSidechain": False,
                    "type": row.role,
                    "message": {"role": "user", "content": row.content}
                    if is_user
                    else said_by_model(name, row.content),
                    "uuid": name,
                    "timestamp": _stamp(begun + _STEP * position),
                    "sessionId": session_id,
                }
            )
            parent = name


def opening_of(rows: Sequence[Row]) -> Opening | None:
    """Return the longest beginning of the rows that the CLI takes from a file just as it takes it from frames."""
    count = len(rows)
    while count and not _is_end(rows[count - 1]):
        count -= 1
    for position, row in enumerate(rows[:count]):
        if _is_resized(row) or _is_unanswered(row, rows[position + 1 : position + 2]):
            return opening_of(rows[:position])
    if sum(row.is_prompt for row in rows[:count]) < _LEAST_PROMPTS:
        return None
    digest = hashlib.sha256(b"".join(encode({"role": row.role, "content": row.content}) for row in rows[:count]))
    return Opening(digest.hexdigest(), tuple(rows[:count]))


def _is_end(row: Row) -> bool:
    """After any other row the CLI puts words of its own, "No response requested."."""
    has_text = any(block.get("type") == "text" and str(block.get("text", "")).strip() for block in row.content)
    return row.role == "assistant" and has_text and not _tool_uses(row)


def _is_resized(row: Row) -> bool:
    """Frames have their large images made smaller, the file has not: the provider might refuse them."""
    sources = [block.get("source") for block in row.content if block.get("type") == "image"]
    return any(isinstance(source, dict) and source.get("type") == "base64" for source in sources)


def _is_unanswered(row: Row, following: Sequence[Row]) -> bool:
    """The CLI drops a tool use without its result from a file, and makes a result up in frames."""
    answered = {block.get("tool_use_id") for other in following for block in other.content if other.role == "user"}
    return not _tool_uses(row) <= answered


def _tool_uses(row: Row) -> set[object]:
    return {block.get("id") for block in row.content if block.get("type") == "tool_use"}


def _stamp(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
