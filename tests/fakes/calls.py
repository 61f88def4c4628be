"""How a small core answers calls: its failures as the real core sends them, its lists in pages."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status.rpc_status import to_status
from hotseat import pb
from hotseat.errors import CODES

Context = grpc.aio.ServicerContext[Any, Any]
Item = TypeVar("Item")


def failure(reason: str, message: str = "it failed", retry_s: float | None = None, **metadata: str) -> pb.Error:
    """An error as it stands in an event."""
    error = pb.Error(reason=f"ERROR_REASON_{reason}", message=message, metadata=metadata)
    if retry_s is not None:
        error.retry_delay.FromNanoseconds(int(retry_s * 1e9))
    return error


async def abort(context: Context, error: pb.Error) -> None:
    """End the call as the real core does: status, ErrorInfo and RetryInfo."""
    reason = pb.ErrorReason.Name(error.reason).removeprefix("ERROR_REASON_")
    details = [AnyMessage(), AnyMessage()]
    details[0].Pack(ErrorInfo(reason=reason, domain="hotseat", metadata=error.metadata))
    details[1].Pack(RetryInfo(retry_delay=error.retry_delay))
    kept = details if error.HasField("retry_delay") else details[:1]
    status = Status(code=CODES[reason].value[0], message=error.message, details=kept)
    await context.abort_with_status(to_status(status))


class Paged(Protocol):
    """A request for a page."""

    page_size: int
    page_token: str


def page(items: Sequence[Item], request: Paged) -> tuple[Sequence[Item], str]:
    """The page asked for, and the token of the next."""
    start = int(request.page_token or 0)
    end = start + (request.page_size or 50)
    return items[start:end], str(end) if end < len(items) else ""


class Calls:
    """Notes every call, and fails or delays them all where a test says so."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.unary_error: pb.Error | None = None
        self.unary_delay = 0.0

    async def unary(self, context: Context, method: str) -> None:
        self.calls.append(method)
        await asyncio.sleep(self.unary_delay)
        if self.unary_error is not None:
            await abort(context, self.unary_error)
