"""Chat completions that are kept: what is kept of them in the core, and how they are told again. Pure."""

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from hotseat import pb

from hotseat_edge.openai import told
from hotseat_edge.openai.stream import Answer, Collector

LABEL = "chat.completion"
PREFIX = "chatcmpl"
_ID = re.compile(rf"{PREFIX}-([0-9a-f]{{32}})")


class Kept(msgspec.Struct, kw_only=True):
    """A completion's own part of its turn's note."""

    answer: Answer
    said_count: int  # messages that the request brought, but for the system's
    system: str = ""
    echo: dict[str, Any] = {}  # the request's fields, as the completion tells them back


_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Kept).decode


def answer_id(prefix: str, request_id: str) -> str:
    """The name of the answer to this request."""
    return f"{prefix}-{request_id.replace('-', '')}"


def request_of(name: str) -> str | None:
    """The request that this completion answers; None: no completion has such a name."""
    found = _ID.fullmatch(name)
    return str(uuid.UUID(found[1])) if found else None


def note(kept: Kept, metadata: Mapping[str, str] | None) -> pb.TurnNote:
    """The note that keeps it."""
    return pb.TurnNote(label=LABEL, model=kept.answer.model, metadata=metadata, body=_encode(kept).decode())


def read(turn: pb.Turn) -> Kept | None:
    """What is kept with this turn; None: it is no completion, or has none."""
    if turn.note.label != LABEL or not _is_answered(turn):
        return None
    kept = _decode(turn.note.body)
    name = answer_id(PREFIX, turn.request_id)
    return msgspec.structs.replace(kept, answer=msgspec.structs.replace(kept.answer, id=name))


def _is_answered(turn: pb.Turn) -> bool:
    none = (pb.TurnCompleted.OUTCOME_FAILED, pb.TurnCompleted.OUTCOME_INTERRUPTED)
    return turn.HasField("completed") and turn.completed.outcome not in none


def completion(kept: Kept, turn: pb.Turn) -> dict[str, Any]:
    """The completion as it was given, with what is kept with it."""
    collector = Collector(kept.answer)
    for place, block in enumerate(turn.output):
        if block.HasField("thinking"):
            collector.take(pb.ConverseResponse(thinking_delta=pb.ThinkingDelta(text=block.thinking, block=place)))
    given: dict[str, Any] = msgspec.json.decode(collector.completion(turn.completed))
    return given | kept.echo | {"metadata": dict(turn.note.metadata)}


def messages(kept: Kept, said: Iterable[pb.ConversationMessage], name: str) -> list[dict[str, Any]]:
    """The request's messages, each with a name of its own."""
    system = [{"role": "system", "content": kept.system}] if kept.system else []
    listed = [*system, *told.messages(said)]
    return [_message(message, f"{name}-{place}") for place, message in enumerate(listed)]


def _message(message: dict[str, Any], name: str) -> dict[str, Any]:
    content = message["content"]
    parts = content if isinstance(content, list) else None
    texts = [part["text"] for part in parts or () if part["type"] == "text"]
    own: dict[str, Any] = {key: message[key] for key in ("role", "tool_calls", "tool_call_id") if key in message}
    return {"id": name, **own, "content": "".join(texts) if parts else content, "content_parts": parts, "refusal": None}
