"""The one error that the client raises."""

from collections.abc import Mapping
from types import MappingProxyType

import grpc
import grpc.aio

from hotseat import pb, rpc_status

_Code = grpc.StatusCode
_PREFIX = "ERROR_REASON_"

CODES: Mapping[str, grpc.StatusCode] = MappingProxyType(
    {
        "INVALID_MESSAGE": _Code.INVALID_ARGUMENT,
        "PROTOCOL_ORDER": _Code.FAILED_PRECONDITION,
        "CONVERSATION_NOT_FOUND": _Code.NOT_FOUND,
        "CONVERSATION_OWNED": _Code.ABORTED,
        "TURN_RUNNING": _Code.FAILED_PRECONDITION,
        "SETTINGS_MISMATCH": _Code.FAILED_PRECONDITION,
        "REPLAY_LOST": _Code.OUT_OF_RANGE,
        "POOL_FULL": _Code.RESOURCE_EXHAUSTED,
        "SLOW_READER": _Code.RESOURCE_EXHAUSTED,
        "POOL_DRAINING": _Code.UNAVAILABLE,
        "WORKER_START": _Code.UNAVAILABLE,
        "WORKER_LOST": _Code.UNAVAILABLE,
        "PROVIDER": _Code.UNAVAILABLE,
        "PROVIDER_LIMIT": _Code.RESOURCE_EXHAUSTED,
        "TURN_LIMIT": _Code.FAILED_PRECONDITION,
        "NOTHING_PENDING": _Code.NOT_FOUND,
        "HISTORY_MISMATCH": _Code.FAILED_PRECONDITION,
        "QUEUE_TIMEOUT": _Code.RESOURCE_EXHAUSTED,
        "PROVIDER_AUTH": _Code.FAILED_PRECONDITION,
        "PROVIDER_REJECTED": _Code.INVALID_ARGUMENT,
        "STALLED": _Code.DEADLINE_EXCEEDED,
        "ATTEMPT_ABANDONED": _Code.UNAVAILABLE,
        "INTERNAL": _Code.INTERNAL,
        "CONVERSATION_EXISTS": _Code.ALREADY_EXISTS,
        "STORAGE_FAILED": _Code.UNAVAILABLE,
        "REQUEST_REUSED": _Code.FAILED_PRECONDITION,
        "OUTPUT_INVALID": _Code.UNAVAILABLE,
        "UNAUTHENTICATED": _Code.UNAUTHENTICATED,
        "PERMISSION_DENIED": _Code.PERMISSION_DENIED,
        "RATE_LIMITED": _Code.RESOURCE_EXHAUSTED,
        "BUDGET_SPENT": _Code.RESOURCE_EXHAUSTED,
        "KEY_NOT_FOUND": _Code.NOT_FOUND,
    }
)
"""The gRPC code that carries each reason, as proto/hotseat/v1/error.proto says."""


class HotseatError(Exception):
    """A call, an input or a turn failed.

    `reason` is the name of an ErrorReason without its prefix, or "" where the server gave none (it could
    not be reached, say). `retry_delay` is in seconds and set where trying again can help.
    """

    def __init__(
        self,
        message: str,
        *,
        code: grpc.StatusCode,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        retry_delay: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason
        self.metadata: dict[str, str] = dict(metadata or {})
        self.retry_delay = retry_delay

    def __repr__(self) -> str:
        return f"HotseatError({self.message!r}, code={self.code.name}, reason={self.reason!r})"

    @classmethod
    def from_error(cls, error: pb.Error) -> "HotseatError":
        """The failure inside an event."""
        # An unknown value comes from a newer server: its message and metadata still count.
        known = error.reason in pb.ErrorReason.values()
        reason = pb.ErrorReason.Name(error.reason).removeprefix(_PREFIX) if known else ""
        return cls(
            error.message,
            code=CODES.get(reason, _Code.UNKNOWN),
            reason=reason if reason in CODES else "",
            metadata=error.metadata,
            retry_delay=error.retry_delay.ToNanoseconds() / 1e9 if error.HasField("retry_delay") else None,
        )

    @classmethod
    def from_rpc(cls, error: grpc.RpcError) -> "HotseatError":
        """The failure that ended a call: what a stub of gRPC's raised, with asyncio or without."""
        if not isinstance(error, (grpc.aio.AioRpcError, grpc.Call)):  # made by somebody else: it has a text alone
            return cls(str(error), code=_Code.UNKNOWN)
        details = rpc_status.read(error.trailing_metadata())
        return cls(
            error.details() or error.code().name,
            code=error.code(),
            reason=details.reason,
            metadata=details.metadata,
            retry_delay=details.retry_delay,
        )
