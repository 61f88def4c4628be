"""The CLI's control protocol: frames to send, and what comes back. No I/O."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from hotseat_core.events import PermissionRequested
from hotseat_core.worker.frames import Message, encode
from hotseat_core.worker.rows import Block

_RULE = re.compile(r"(?P<tool>[A-Za-z0-9_*-]+)(?:\((?P<content>.*)\))?", re.DOTALL)


class Answer(msgspec.Struct, frozen=True):
    """The CLI's answer to a control request of ours."""

    request_id: str
    payload: dict[str, Any]
    error: str = ""  # empty: it succeeded


class Ask(msgspec.Struct, frozen=True):
    """A control request of the CLI's."""

    request_id: str
    subtype: str
    request: dict[str, Any]


class Withdrawal(msgspec.Struct, frozen=True):
    """A control request of the CLI's no longer wants an answer."""

    request_id: str


Frame = Answer | Ask | Withdrawal


def parse(message: Message) -> Frame | None:
    """Return the control message; None: it is none, or one that is not understood."""
    match message.get("type"):
        case "control_response" if isinstance(response := message.get("response"), dict):
            error = "" if response.get("subtype") == "success" else str(response.get("error") or "refused")
            payload = response.get("response")
            return Answer(str(response.get("request_id")), payload if isinstance(payload, dict) else {}, error)
        case "control_request" if isinstance(request := message.get("request"), dict):
            return Ask(str(message.get("request_id")), str(request.get("subtype")), request)
        case "control_cancel_request":
            return Withdrawal(str(message.get("request_id")))
    return None


def call(request_id: str, subtype: str, **fields: Any) -> bytes:
    """Return the frame of a control request of ours."""
    request = {"subtype": subtype, **fields}
    return encode({"type": "control_request", "request_id": request_id, "request": request})


def reply(request_id: str, response: dict[str, Any]) -> bytes:
    """Return the frame that answers a control request of the CLI's."""
    answer = {"subtype": "success", "request_id": request_id, "response": response}
    return encode({"type": "control_response", "response": answer})


def refusal(ask: Ask) -> bytes:
    """Return the frame that says no to a control request that nobody here answers."""
    if ask.subtype == "can_use_tool":
        return deny(ask.request_id, "The turn has ended.")
    answer = {"subtype": "error", "request_id": ask.request_id, "error": f"{ask.subtype} is not served here"}
    return encode({"type": "control_response", "response": answer})


def user_frame(uuid: str, content: Sequence[Block], *, query: bool) -> bytes:
    """Return the frame of something that the user says; query False: history, which the model need not answer."""
    frame: Message = {
        "type": "user",
        "message": {"role": "user", "content": list(content)},
        "parent_tool_use_id": None,
        "uuid": uuid,
        # The text is the client's: no @file expansion, no slash commands.
        "client_composed": True,
    }
    if not query:
        frame["shouldQuery"] = False
    return encode(frame)


def assistant_frame(uuid: str, content: Sequence[Block]) -> bytes:
    """Return the frame of something that the model said before."""
    message = said_by_model(uuid, content)
    return encode({"type": "assistant", "message": message, "parent_tool_use_id": None, "session_id": "", "uuid": uuid})


def said_by_model(uuid: str, content: Sequence[Block]) -> Message:
    """Return something that the model said before, as the provider's API would have returned it."""
    return {
        "id": f"msg_{uuid.replace('-', '')}",
        "type": "message",
        "role": "assistant",
        "model": "history",
        "content": list(content),
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }


def permission_request(ask: Ask) -> PermissionRequested:
    """Return what the CLI wants to know with a can_use_tool request."""
    request = ask.request
    return PermissionRequested(
        permission_id=ask.request_id,
        tool_use_id=str(request.get("tool_use_id") or ""),
        tool_name=str(request.get("tool_name") or ""),
        input_json=msgspec.json.encode(request.get("input") or {}).decode(),
        description=str(request.get("description") or request.get("decision_reason") or ""),
        suggested_rules=tuple(_rules_of(request.get("permission_suggestions") or [])),
    )


def allow(request_id: str, input_json: str, remember_rules: Iterable[str] = ()) -> bytes:
    """Return the frame that lets the CLI use the tool with this input."""
    response: dict[str, Any] = {"behavior": "allow", "updatedInput": msgspec.json.decode(input_json)}
    rules = [_rule(text) for text in remember_rules]
    if rules:
        response["updatedPermissions"] = [
            {"type": "addRules", "rules": rules, "behavior": "allow", "destination": "session"}
        ]
    return reply(request_id, response)


def deny(request_id: str, message: str, *, interrupt: bool = False) -> bytes:
    """Return the frame that keeps the CLI from using the tool; the model reads the message."""
    return reply(request_id, {"behavior": "deny", "message": message, "interrupt": interrupt})


def is_rule(text: str) -> bool:
    """Tell whether text is a permission rule in the CLI's syntax, for example `Bash(git log:*)`."""
    return _RULE.fullmatch(text) is not None


def _rules_of(suggestions: Iterable[dict[str, Any]]) -> Iterable[str]:
    for suggestion in suggestions:
        if suggestion.get("type") == "addRules" and suggestion.get("behavior") == "allow":
            for rule in suggestion.get("rules") or []:
                content = rule.get("ruleContent")
                yield f"{rule['toolName']}({content})" if content else str(rule["toolName"])


def _rule(text: str) -> dict[str, str]:
    found = _RULE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no permission rule; write a tool's name, or Tool(pattern)")
    rule = {"toolName": found["tool"]}
    if found["content"]:
        rule["ruleContent"] = found["content"]
    return rule
