"""An agent's questions whether it may use a tool, for clients that say that they answer them. No I/O."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol

import msgspec
from hotseat import pb

from hotseat_edge.openai.errors import invalid

PERMISSIONS_HEADER = "X-Hotseat-Permissions"
_MODES = {
    "ask": pb.PermissionPolicy.MODE_ASK,
    "deny": pb.PermissionPolicy.MODE_DENY,
    "accept-edits": pb.PermissionPolicy.MODE_ACCEPT_EDITS,
}
_encode = msgspec.json.encode
_Text = Annotated[str, msgspec.Meta(max_length=10_000)]


class Writer(Protocol):
    """Turns a turn's events into server-sent events."""

    def write(self, event: pb.ConverseResponse) -> bytes:
        """The bytes for this event; none for most kinds."""


class Decision(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A client's answer to a question."""

    decision: Literal["allow", "deny"]
    input: dict[str, Any] | None = None  # what the tool gets instead
    remember_rules: Annotated[list[_Text], msgspec.Meta(max_length=100)] = []  # of those that were suggested
    message: _Text = ""  # for the model, beside a no
    interrupt: bool = False  # a no that ends the turn


def policy(headers: Mapping[str, str], *, stream: bool) -> pb.PermissionPolicy | None:
    """Who decides on tools, as far as the request says. Raises ApiError."""
    wanted = headers.get(PERMISSIONS_HEADER)
    if wanted is None:
        return None
    mode = _MODES.get(wanted.strip().lower())
    if mode is None:
        raise invalid(PERMISSIONS_HEADER, f"{PERMISSIONS_HEADER} must be {', '.join(_MODES)}")
    if mode == pb.PermissionPolicy.MODE_ASK and not stream:
        message = f"{PERMISSIONS_HEADER}: ask needs stream: true; an answer that comes whole can't ask"
        raise invalid(PERMISSIONS_HEADER, message)
    return pb.PermissionPolicy(mode=mode)


def asks(opening: pb.OpenConversation) -> bool:
    """Whether the client wants to hear of the questions."""
    return opening.settings.permission_policy.mode == pb.PermissionPolicy.MODE_ASK


def decision(body: bytes) -> pb.PermissionAllow | pb.PermissionDeny:
    """What a request's body decides. Raises ApiError."""
    try:
        given = msgspec.json.decode(body, type=Decision)
    except msgspec.DecodeError as error:
        raise invalid("body", str(error)) from error
    if given.decision == "deny":
        if given.input is not None or given.remember_rules:
            raise invalid("decision", "input and remember_rules go with allow")
        return pb.PermissionDeny(message=given.message, interrupt=given.interrupt)
    if given.message or given.interrupt:
        raise invalid("decision", "message and interrupt go with deny")
    changed = "" if given.input is None else _encode(given.input).decode()
    return pb.PermissionAllow(updated_input_json=changed, remember_rules=given.remember_rules)


class AskingWriter:
    """Tells of questions in chunks without choices, beside what the answer's own writer makes of the events."""

    def __init__(self, writer: Writer, head: Mapping[str, Any]) -> None:
        self._writer = writer
        self._head = b"data: " + _encode(head)[:-1] + b',"choices":[],'
        self._open: dict[str, str] = {}  # questions by the tool use that they are about

    def write(self, event: pb.ConverseResponse) -> bytes:
        """The bytes for this event; none for most kinds."""
        match event.WhichOneof("event"):
            case "permission_request":
                return self._writer.write(event) + self._asked(event.permission_request)
            case "requests_cancelled":
                withdrawn = set(event.requests_cancelled.permission_ids)
                closed = [use for use, question in self._open.items() if question in withdrawn]
                return self._writer.write(event) + b"".join(self._closed(use) for use in closed)
            case "tool_completed":
                return self._closed(event.tool_completed.tool_use_id) + self._writer.write(event)
        return self._writer.write(event)

    def _asked(self, request: pb.PermissionRequest) -> bytes:
        self._open[request.tool_use_id] = request.permission_id
        told = {
            "id": request.permission_id,
            "tool_use_id": request.tool_use_id,
            "tool": request.tool_name,
            "input": msgspec.Raw(request.input_json.encode() or b"{}"),
            "description": request.description,
            "suggested_rules": list(request.suggested_rules),
            "expires_at": request.expire_time.seconds if request.HasField("expire_time") else None,
        }
        return self._head + b'"permission_request":' + _encode(told) + b"}\n\n"

    def _closed(self, tool_use_id: str) -> bytes:
        question = self._open.pop(tool_use_id, None)
        if question is None:
            return b""
        return self._head + b'"permission_closed":' + _encode({"id": question}) + b"}\n\n"
