"""What every call goes through: a domain error becomes a gRPC status with its reason."""

import logging
import math
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from hotseat_core.errors import HotseatError, Reason

logger = logging.getLogger(__name__)

DOMAIN = "hotseat"

CODES: dict[Reason, grpc.StatusCode] = {
    Reason.INVALID_MESSAGE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.PROTOCOL_ORDER: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.CONVERSATION_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.CONVERSATION_OWNED: grpc.StatusCode.ABORTED,
    Reason.TURN_RUNNING: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.SETTINGS_MISMATCH: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.REPLAY_LOST: grpc.StatusCode.OUT_OF_RANGE,
    Reason.POOL_FULL: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.SLOW_READER: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.POOL_DRAINING: grpc.StatusCode.UNAVAILABLE,
    Reason.WORKER_START: grpc.StatusCode.UNAVAILABLE,
    Reason.WORKER_LOST: grpc.StatusCode.UNAVAILABLE,
    Reason.PROVIDER: grpc.StatusCode.UNAVAILABLE,
    Reason.PROVIDER_LIMIT: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.TURN_LIMIT: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.NOTHING_PENDING: grpc.StatusCode.NOT_FOUND,
    Reason.HISTORY_MISMATCH: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.QUEUE_TIMEOUT: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.PROVIDER_AUTH: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.PROVIDER_REJECTED: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.STALLED: grpc.StatusCode.DEADLINE_EXCEEDED,
    Reason.ATTEMPT_ABANDONED: grpc.StatusCode.UNAVAILABLE,
    Reason.INTERNAL: grpc.StatusCode.INTERNAL,
    Reason.CONVERSATION_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Reason.STORAGE_FAILED: grpc.StatusCode.UNAVAILABLE,
    Reason.REQUEST_REUSED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.OUTPUT_INVALID: grpc.StatusCode.UNAVAILABLE,
    Reason.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    Reason.PERMISSION_DENIED: grpc.StatusCode.PERMISSION_DENIED,
    Reason.RATE_LIMITED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.BUDGET_SPENT: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.KEY_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
}

# Strings: the classes are generic in the stubs alone.
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Behaviour: TypeAlias = Callable[[Any, Context], Awaitable[Any]]


class StatusInterceptor(grpc.aio.ServerInterceptor):
    """Ends a call that raised a HotseatError with its status, and one that failed otherwise with INTERNAL."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable["grpc.RpcMethodHandler[Any, Any] | None"]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Wrap the method's behaviour; only those that are coroutines, which all of ours are."""
        handler: Any = await continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith("/hotseat."):
            return handler  # type: ignore[no-any-return] # health and reflection end their calls themselves
        name = next(kind for kind in _KINDS if getattr(handler, kind) is not None)
        return handler._replace(**{name: _wrapped(getattr(handler, name))})  # type: ignore[no-any-return]


_KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


def _wrapped(behaviour: Behaviour) -> Behaviour:
    async def behave(request: Any, context: Context) -> Any:
        try:
            return await behaviour(request, context)
        except* HotseatError as group:
            error: HotseatError = _first(group)
        except* grpc.aio.AbortError:
            raise
        except* Exception as group:
            logger.exception("a call failed", exc_info=group)
            error = HotseatError("the server failed; its log says more")
        return await context.abort_with_status(rpc_status.to_status(status_of(error)))

    return behave


def status_of(error: HotseatError) -> status_pb2.Status:
    """Return the status that carries the error: ErrorInfo always, RetryInfo where a retry can help."""
    info = error_details_pb2.ErrorInfo(reason=error.reason.name, domain=DOMAIN, metadata=error.metadata)
    details = [_packed(info)]
    if "field" in error.metadata:
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=error.metadata["field"], description=error.message
        )
        details.append(_packed(error_details_pb2.BadRequest(field_violations=[violation])))
    if error.retry_delay_s is not None:
        nanos, seconds = math.modf(error.retry_delay_s)
        delay = duration_pb2.Duration(seconds=int(seconds), nanos=int(nanos * 1e9))
        details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    code = code_pb2.Code.Value(CODES[error.reason].name)
    return status_pb2.Status(code=code, message=error.message, details=details)


def _packed(message: Any) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def _first(group: BaseExceptionGroup[HotseatError]) -> HotseatError:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, HotseatError)  # noqa: S101 -- except* has split off everything else
    return found
