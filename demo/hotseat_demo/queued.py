"""Explicit replies as tests give them: a text, a mapping with short forms, or a Reply."""

from collections.abc import Mapping
from typing import Any

import msgspec

from hotseat_demo.reply import HttpError, Reply, said


class BadReply(ValueError):
    """What was queued is no reply."""


class _Short(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`{"status": 429, "retry_after": 1}`: an HTTP error without the list around it."""

    status: int
    error_type: str = ""
    message: str = ""
    retry_after: str | int = ""
    ttft_ms: float = 0.0


def as_reply(given: Reply | Mapping[str, Any] | str) -> Reply:
    """The reply that is meant, or a BadReply that says what is wrong with it."""
    if isinstance(given, Reply):
        return given
    if isinstance(given, str):
        return said(given)
    try:
        return _from_mapping(given)
    except (msgspec.ValidationError, TypeError) as error:
        raise BadReply(f"not a reply: {error}; give blocks or text, or a status") from error


def _from_mapping(given: Mapping[str, Any]) -> Reply:
    if "status" in given:
        short = msgspec.convert(given, _Short)
        error = HttpError(short.status, short.error_type, short.message, short.retry_after)
        return Reply(ttft_ms=short.ttft_ms, faults=(error,))
    rest = dict(given)
    if "text" in rest:
        rest["blocks"] = [*rest.get("blocks", []), {"type": "text", "text": rest.pop("text")}]
    return msgspec.convert(rest, Reply)
