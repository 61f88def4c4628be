"""What is kept with a response in the core: enough to tell it back at any later time. Pure."""

from typing import Any

import msgspec
from hotseat import pb

LABEL = "response"


class Kept(msgspec.Struct, kw_only=True):
    """A response's own part of its turn's note."""

    model: str
    created_at: int
    echo: dict[str, Any]  # the request's fields, as the response tells them back
    conversation: str = ""  # that the client has named
    background: bool = False
    summary: bool = False  # the client wants to read the thinking
    said_count: int = 1  # messages that the request brought, the question included
    system: list[str] = []  # what it brought for the system prompt, besides the instructions


_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Kept).decode


def note(kept: Kept, metadata: dict[str, str] | None) -> pb.TurnNote:
    """The note that keeps it."""
    return pb.TurnNote(label=LABEL, model=kept.model, metadata=metadata or {}, body=_encode(kept).decode())


def read(turn: pb.Turn) -> Kept | None:
    """What is kept with this turn; None: it is no response."""
    return _decode(turn.note.body) if turn.note.label == LABEL else None
