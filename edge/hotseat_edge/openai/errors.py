"""Every error that a client can get, as an OpenAI error object with its HTTP status."""

import math
from collections.abc import Mapping

import msgspec
from hotseat_serving.scrub import scrub

from hotseat_edge.limits import of_refusal

INVALID_REQUEST = "invalid_request_error"
SERVER_ERROR = "server_error"
_RATE_LIMIT = "rate_limit_error"
_AUTHENTICATION = "authentication_error"
_PERMISSION = "permission_error"
_OVERLOADED = "overloaded_error"


class ApiError(Exception):
    """A failed request: HTTP status, the fields of OpenAI's error object, and headers beside them."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = INVALID_REQUEST,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.message = scrub(message)  # a provider's words, or the client's own, may hold a key
        super().__init__(self.message)
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.headers: dict[str, str] = dict(headers or {})

    def body(self) -> bytes:
        """The JSON text that carries it."""
        fields = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return msgspec.json.encode({"error": fields})


def invalid(param: str, message: str, code: str = "invalid_value") -> ApiError:
    """A 400 that names the parameter."""
    return ApiError(message, code=code, param=param)


def unsupported(param: str, message: str) -> ApiError:
    """A 400 for a parameter, or a value of one, that this server cannot honour."""
    return ApiError(message, code="unsupported_parameter", param=param)


class Failure(msgspec.Struct, frozen=True):
    """What the core said, free of gRPC: the name of an ErrorReason, or of a gRPC code where it gave none."""

    reason: str
    message: str
    metadata: dict[str, str] = {}
    retry_delay: float | None = None


class _Shape(msgspec.Struct, frozen=True):
    status: int
    kind: str
    code: str


_SHAPES: dict[str, _Shape] = {
    # The names of ErrorReason.
    "INVALID_MESSAGE": _Shape(400, INVALID_REQUEST, "invalid_request"),
    "PROTOCOL_ORDER": _Shape(500, SERVER_ERROR, "internal_error"),
    "CONVERSATION_NOT_FOUND": _Shape(404, INVALID_REQUEST, "conversation_not_found"),
    "CONVERSATION_OWNED": _Shape(409, INVALID_REQUEST, "conversation_owned"),
    "CONVERSATION_EXISTS": _Shape(409, INVALID_REQUEST, "conversation_exists"),
    "TURN_RUNNING": _Shape(409, INVALID_REQUEST, "conversation_busy"),
    "SETTINGS_MISMATCH": _Shape(409, INVALID_REQUEST, "settings_mismatch"),
    "HISTORY_MISMATCH": _Shape(409, INVALID_REQUEST, "history_mismatch"),
    "REPLAY_LOST": _Shape(409, INVALID_REQUEST, "replay_lost"),
    "NOTHING_PENDING": _Shape(404, INVALID_REQUEST, "nothing_pending"),
    "TURN_LIMIT": _Shape(422, INVALID_REQUEST, "turn_limit_reached"),
    "POOL_FULL": _Shape(429, _RATE_LIMIT, "queue_full"),
    "QUEUE_TIMEOUT": _Shape(429, _RATE_LIMIT, "pool_exhausted"),
    "SLOW_READER": _Shape(503, SERVER_ERROR, "slow_reader"),
    "POOL_DRAINING": _Shape(503, SERVER_ERROR, "draining"),
    "WORKER_START": _Shape(503, SERVER_ERROR, "worker_start_failed"),
    "WORKER_LOST": _Shape(502, SERVER_ERROR, "worker_lost"),
    "PROVIDER": _Shape(502, SERVER_ERROR, "upstream_error"),
    "PROVIDER_LIMIT": _Shape(429, _RATE_LIMIT, "rate_limit_exceeded"),
    "PROVIDER_AUTH": _Shape(401, _AUTHENTICATION, "upstream_auth_error"),
    "PROVIDER_REJECTED": _Shape(400, INVALID_REQUEST, "upstream_rejected"),
    "STALLED": _Shape(504, SERVER_ERROR, "upstream_timeout"),
    "ATTEMPT_ABANDONED": _Shape(502, SERVER_ERROR, "upstream_broke_off"),
    "STORAGE_FAILED": _Shape(503, SERVER_ERROR, "storage_failed"),
    "UNAUTHENTICATED": _Shape(401, INVALID_REQUEST, "invalid_api_key"),
    "PERMISSION_DENIED": _Shape(403, _PERMISSION, "insufficient_scope"),
    "RATE_LIMITED": _Shape(429, _RATE_LIMIT, "rate_limit_exceeded"),
    "BUDGET_SPENT": _Shape(429, "insufficient_quota", "insufficient_quota"),
    "KEY_NOT_FOUND": _Shape(404, INVALID_REQUEST, "key_not_found"),
    "REQUEST_REUSED": _Shape(422, INVALID_REQUEST, "idempotency_key_reused"),
    "OUTPUT_INVALID": _Shape(502, SERVER_ERROR, "output_invalid"),
    "INTERNAL": _Shape(500, SERVER_ERROR, "internal_error"),
    # The names of gRPC codes, where no reason came with them.
    "UNAVAILABLE": _Shape(503, SERVER_ERROR, "core_unavailable"),
    "DEADLINE_EXCEEDED": _Shape(504, SERVER_ERROR, "core_timeout"),
    "RESOURCE_EXHAUSTED": _Shape(413, INVALID_REQUEST, "request_too_large"),
    "INVALID_ARGUMENT": _Shape(400, INVALID_REQUEST, "invalid_request"),
    "NOT_FOUND": _Shape(404, INVALID_REQUEST, "not_found"),
    "UNIMPLEMENTED": _Shape(501, SERVER_ERROR, "not_implemented"),
}
_TOO_MANY_CALLS = _Shape(503, SERVER_ERROR, "core_busy")
_UNKNOWN = _Shape(500, SERVER_ERROR, "internal_error")

# The same reason, told apart by the status that the provider answered with. 529 is no registered status.
_BY_PROVIDER_STATUS: dict[tuple[str, str], _Shape] = {
    ("PROVIDER", "529"): _Shape(503, _OVERLOADED, "overloaded"),
    ("PROVIDER", "504"): _Shape(504, SERVER_ERROR, "upstream_timeout"),
    ("PROVIDER_AUTH", "403"): _Shape(403, _PERMISSION, "upstream_auth_error"),
    ("PROVIDER_REJECTED", "404"): _Shape(404, INVALID_REQUEST, "model_not_found"),
    ("PROVIDER_REJECTED", "413"): _Shape(413, INVALID_REQUEST, "request_too_large"),
}

_NEVER_STARTED = frozenset({"POOL_FULL", "QUEUE_TIMEOUT", "POOL_DRAINING", "WORKER_START", "RATE_LIMITED"})
_AWAY_MESSAGE = "the core cannot be reached; it may be starting: try again in a moment"
_AUTH_MESSAGE = "the model's provider refused this server's own credential (not your API key); tell its operator"


def from_failure(failure: Failure, *, started: bool, side_effects: bool) -> ApiError:
    """The error for what the core said.

    `started`: the turn had begun. `side_effects`: if it had, tools may have run, and a retry would run them
    again; stock SDKs retry by themselves unless x-should-retry forbids it.
    """
    shape = _shape(failure)
    error = ApiError(_message(failure), status=shape.status, kind=shape.kind, code=shape.code)
    if shape.code == "upstream_auth_error" or (started and side_effects):
        error.headers["x-should-retry"] = "false"
    elif not started and (failure.reason in _NEVER_STARTED or shape.code in ("core_unavailable", "core_busy")):
        error.headers["x-should-retry"] = "true"
    if shape.code == "invalid_api_key":
        error.headers["WWW-Authenticate"] = "Bearer"
    if failure.reason == "BUDGET_SPENT":
        error.headers["x-should-retry"] = "false"  # before tomorrow
    if failure.reason == "RATE_LIMITED":
        error.headers |= of_refusal(failure.metadata)
    delay = failure.retry_delay
    if delay is None and shape.status == 429:
        delay = 1.0
    if delay is not None:
        error.headers["Retry-After"] = str(max(1, math.ceil(delay)))
        error.headers["retry-after-ms"] = str(max(1, math.ceil(delay * 1000)))
    return error


def _shape(failure: Failure) -> _Shape:
    status = failure.metadata.get("httpStatus", "")
    if failure.reason == "INVALID_MESSAGE" and failure.metadata.get("field", "").endswith("output_schema_json"):
        return _Shape(400, INVALID_REQUEST, "invalid_schema")
    by_status = _BY_PROVIDER_STATUS.get((failure.reason, status))
    if failure.reason == "RESOURCE_EXHAUSTED" and "oncurrent" in failure.message:  # gRPC's own words, without a reason
        return _TOO_MANY_CALLS
    if by_status is None and failure.reason == "PROVIDER_REJECTED" and "prompt is too long" in failure.message:
        return _Shape(400, INVALID_REQUEST, "context_length_exceeded")
    return by_status or _SHAPES.get(failure.reason, _UNKNOWN)


def _message(failure: Failure) -> str:
    if failure.reason == "UNAVAILABLE":
        return _AWAY_MESSAGE
    message = failure.message or "the server failed without saying why; its log says more"
    if failure.reason == "PROVIDER_AUTH":
        return f"{_AUTH_MESSAGE}: {message}"
    status = failure.metadata.get("httpStatus", "")
    if failure.reason.startswith("PROVIDER") and status and status not in message:
        return f"{message} (upstream status {status})"
    return message
