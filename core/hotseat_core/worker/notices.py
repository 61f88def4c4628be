"""The CLI's messages that are worth showing to a client, as notices."""

from hotseat_core.events import Notice, NoticeKind
from hotseat_core.worker.frames import Message

_TOLD = {
    "api_retry": (
        NoticeKind.RETRYING,
        "the provider failed and is tried again",
        ("attempt", "max_retries", "retry_delay_ms", "error_status", "error"),
    ),
    "compact_boundary": (NoticeKind.COMPACTED, "the context was compacted", ()),
}


def notice_of(message: Message) -> Notice | None:
    """Return the notice that a `system` or `rate_limit_event` message makes; None: nothing to show."""
    if message.get("type") == "rate_limit_event":
        info = message.get("rate_limit_info") or {}
        return Notice(NoticeKind.RATE_LIMIT, "the provider reported its rate limits", _metadata(info, tuple(info)))
    told = _TOLD.get(str(message.get("subtype")))
    if told is None:
        return None
    kind, text, keys = told
    return Notice(kind, text, _metadata(message, keys))


def _metadata(source: Message, keys: tuple[str, ...]) -> dict[str, str]:
    return {_camel(key): str(source[key]) for key in keys if source.get(key) is not None}


def _camel(key: str) -> str:
    head, *rest = key.split("_")
    return head + "".join(word.capitalize() for word in rest)
