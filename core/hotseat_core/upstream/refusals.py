"""The proxy's own answers, in the shape of the provider's, so that the CLI understands them."""

import math
from email.utils import parsedate_to_datetime

import msgspec

from hotseat_core.upstream.heads import Headers, find

_REASONS = {
    400: b"Bad Request",
    401: b"Unauthorized",
    403: b"Forbidden",
    413: b"Request Too Large",
    429: b"Too Many Requests",
    502: b"Bad Gateway",
}
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    413: "request_too_large",
    429: "rate_limit_error",
    502: "api_error",
}


def refusal(status: int, message: str, *, retry_after_s: float = 0.0) -> bytes:
    """Return a whole answer that refuses; with a time after which a retry makes sense, it says so."""
    body = msgspec.json.encode({"type": "error", "error": {"type": _TYPES[status], "message": message}})
    head = b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: %b\r\n%b\r\n"
    keeps = b"keep-alive" if status in {403, 429, 502} else b"close"
    again = b"retry-after: %d\r\n" % math.ceil(retry_after_s) if retry_after_s else b""
    return head % (status, _REASONS[status], len(body), keeps, again) + body


def retry_after_s(headers: Headers, now: float) -> float | None:
    """Return how long the provider wants to be left alone; None: it does not say. now: in seconds of the epoch."""
    in_ms = find(headers, b"retry-after-ms")
    value = find(headers, b"retry-after") if in_ms is None else in_ms
    if value is None:
        return None
    text = value.decode("latin-1").strip()
    try:
        seconds = float(text) / (1 if in_ms is None else 1000)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now
        except ValueError:
            return None
    return seconds if 0 <= seconds < float("inf") else None
