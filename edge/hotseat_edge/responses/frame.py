"""The response object around the output: what was asked, how it stands, what it took. Pure."""

from typing import Any

import msgspec
from hotseat import pb

from hotseat_edge.openai.errors import ApiError

_INCOMPLETE = {
    pb.TurnCompleted.OUTCOME_TRUNCATED: "max_output_tokens",
    pb.TurnCompleted.OUTCOME_REFUSED: "content_filter",
}
_RATE_LIMITS = frozenset({"rate_limit_exceeded", "queue_full", "pool_exhausted"})


class Frame(msgspec.Struct, kw_only=True):
    """What every state of one response repeats."""

    id: str
    created_at: int
    model: str
    conversation_id: str = ""  # shown where the client has named one
    echo: dict[str, Any] = {}  # the request's fields, as the response tells them back

    def body(
        self,
        status: str,
        output: list[dict[str, Any]],
        *,
        usage: dict[str, Any] | None = None,
        error: dict[str, str] | None = None,
        reason: str = "",
        completed_at: int | None = None,
    ) -> dict[str, Any]:
        """The response object. reason: why it is incomplete."""
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created_at,
            "status": status,
            "completed_at": completed_at,
            "error": error,
            "incomplete_details": {"reason": reason} if reason else None,
            "model": self.model,
            "output": output,
            "usage": usage,
            "conversation": {"id": self.conversation_id} if self.conversation_id else None,
            **self.echo,
        }


def status_of(completed: pb.TurnCompleted) -> tuple[str, str]:
    """How a response stands after its turn, and why it is incomplete."""
    match completed.outcome:
        case pb.TurnCompleted.OUTCOME_FAILED:
            return "failed", ""
        case pb.TurnCompleted.OUTCOME_INTERRUPTED:
            return "cancelled", ""
        case outcome if reason := _INCOMPLETE.get(outcome):
            return "incomplete", reason
    return "completed", ""


def usage(spent: pb.Usage) -> dict[str, Any]:
    """What a turn spent; the provider's cache is part of the input."""
    given = spent.input_tokens + spent.cache_read_tokens + spent.cache_write_tokens
    return {
        "input_tokens": given,
        "input_tokens_details": {
            "cached_tokens": spent.cache_read_tokens,
            "cache_write_tokens": spent.cache_write_tokens,
        },
        "output_tokens": spent.output_tokens,
        "output_tokens_details": {"reasoning_tokens": spent.reasoning_tokens},
        "total_tokens": given + spent.output_tokens,
        "cost": spent.cost_usd,  # in US dollars; OpenAI has no such field
    }


def error_object(error: ApiError) -> dict[str, str]:
    """The error of a response that failed; OpenAI has few codes here."""
    if error.code in _RATE_LIMITS:
        code = "rate_limit_exceeded"
    else:
        code = "invalid_prompt" if error.status == 400 else "server_error"
    return {"code": code, "message": error.message}
