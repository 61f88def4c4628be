"""One call and its answer, and what a failure of it becomes."""

from typing import TypeVar

import grpc.aio
from google.protobuf.message import Message

from hotseat.errors import HotseatError

_Response = TypeVar("_Response", bound=Message)


async def call(
    method: "grpc.aio.UnaryUnaryMultiCallable[Message, _Response]", request: Message, timeout_s: float
) -> _Response:
    """Return the answer. Raises HotseatError."""
    try:
        return await method(request, timeout=timeout_s)
    except grpc.aio.AioRpcError as error:
        raise HotseatError.from_rpc(error) from error
