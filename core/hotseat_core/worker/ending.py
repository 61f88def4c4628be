"""Why a turn ended, read off the CLI's messages."""

import math
import re
from typing import Any

from hotseat_core.errors import Reason
from hotseat_core.events import Failure, Outcome, Usage
from hotseat_core.worker.frames import Message

# The CLI waits before it tries a failed request again. A longer wait than this is the client's to decide on.
LONGEST_RETRY_DELAY_S = 5.0
# The provider's Retry-After does not reach us where the CLI gives up at once.
UNKNOWN_RETRY_DELAY_S = 30.0

_FATAL_STATUSES = frozenset({400, 401, 403, 404, 413})
_TRUNCATING = frozenset({"max_tokens", "model_context_window_exceeded"})
_NOISE = re.compile(r"^(API Error:\s*|Failed to authenticate\.\s*)+|\s*If it persists, check your inference gateway.*$")


def provider_failure(
    status: int | None, error_type: str = "", detail: str = "", retry_delay_s: float | None = None
) -> Failure:
    """Return the failure that an upstream answer with this HTTP status stands for; None: no answer came."""
    metadata = {"providerErrorType": error_type} if error_type else {}
    if status is not None:
        metadata["httpStatus"] = str(status)
    told = f"the model's provider answered {status}" if status else "the model's provider could not be reached"
    said = _NOISE.sub("", detail).strip()
    message = f"{told}: {said}" if said else told
    match status:
        case 429:
            return Failure(Reason.PROVIDER_LIMIT, message, metadata, retry_delay_s or UNKNOWN_RETRY_DELAY_S)
        case 401 | 403:
            return Failure(Reason.PROVIDER_AUTH, f"{message} (check the server's credential)", metadata)
        case 400 | 404 | 413:
            return Failure(Reason.PROVIDER_REJECTED, message, metadata)
        case _:
            return Failure(Reason.PROVIDER, message, metadata, retry_delay_s or 1.0)


def hopeless_retry(message: Message) -> Failure | None:
    """Return the failure to end the turn with, where the retry that an api_retry message announces is not worth it."""
    status = message.get("error_status")
    delay_s = float(message.get("retry_delay_ms") or 0) / 1000
    if status in _FATAL_STATUSES:
        return provider_failure(status, str(message.get("error") or ""))
    if delay_s > LONGEST_RETRY_DELAY_S:
        return provider_failure(status, str(message.get("error") or ""), retry_delay_s=math.ceil(delay_s))
    return None


def cutting_outcome(stop_reason: str | None) -> Outcome | None:
    """Return how the turn ends at a stop reason after which the CLI would go on by itself; None: let it."""
    if stop_reason in _TRUNCATING:
        return Outcome.TRUNCATED
    return Outcome.REFUSED if stop_reason == "refusal" else None


def result_failure(result: Message, api_error: str = "") -> Failure | None:
    """Return what a `result` message reports as failed; None: nothing. api_error: the last synthetic message's."""
    if not result.get("is_error"):
        return None
    detail = str(result.get("result") or "; ".join(map(str, result.get("errors") or [])))
    status = result.get("api_error_status")
    terminal = str(result.get("terminal_reason") or "")
    if status is None and api_error == "authentication_failed":
        status = 401
    if status is not None or terminal in {"api_error", "prompt_too_long", "image_error", "blocking_limit"}:
        if terminal in {"prompt_too_long", "blocking_limit"}:
            status = 400
        failure = provider_failure(status, str(result.get("api_error_type") or ""), detail)
        return _with_metadata(failure, terminalReason=terminal)
    if result.get("subtype") in {"error_max_turns", "error_max_budget_usd"}:
        return Failure(Reason.TURN_LIMIT, f"the turn reached its limit: {detail or result['subtype']}")
    return Failure(Reason.INTERNAL, f"the CLI ended the turn: {detail or result.get('subtype')}")


def usage_of(api_usage: dict[str, Any], cost_usd: float = 0.0) -> Usage:
    """Return the Messages API's usage object as ours."""
    details = api_usage.get("output_tokens_details") or {}
    return Usage(
        input_tokens=int(api_usage.get("input_tokens") or 0),
        output_tokens=int(api_usage.get("output_tokens") or 0),
        cache_read_tokens=int(api_usage.get("cache_read_input_tokens") or 0),
        cache_write_tokens=int(api_usage.get("cache_creation_input_tokens") or 0),
        cost_usd=cost_usd,
        reasoning_tokens=int(details.get("thinking_tokens") or 0),
    )


def _with_metadata(failure: Failure, **extra: str) -> Failure:
    return Failure(failure.reason, failure.message, {**failure.metadata, **extra}, failure.retry_delay_s)
