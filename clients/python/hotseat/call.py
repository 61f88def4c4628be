"""One Converse call: what a stream needs of it, and gRPC's own."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import grpc
import grpc.aio

from hotseat import pb
from hotseat.errors import HotseatError

GrpcStream: TypeAlias = grpc.aio.StreamStreamCall[pb.ConverseRequest, pb.ConverseResponse]

_FAREWELL_S = 0.25


class Call(Protocol):
    """Messages both ways; one task reads and one writes at a time. Cancelling either loses nothing."""

    @property
    def is_reading(self) -> bool:
        """A message is being waited for."""

    def done(self) -> bool:
        """The call is over."""

    def add_done_callback(self, callback: Callable[[Any], None], /) -> None:
        """Have it called with the call, once that is over."""

    def cancel(self) -> object:
        """End the call at once."""

    async def hang_up(self) -> None:
        """The same, and wait until nobody reads."""

    async def read(self) -> pb.ConverseResponse | None:
        """Return the next message; None: the server has ended the stream. Raises HotseatError."""

    async def write(self, message: pb.ConverseRequest, /) -> None:
        """Send a message; it was handed to the transport when this returns. Raises HotseatError."""

    async def done_writing(self) -> None:
        """Say that no more is written. Raises HotseatError."""


class GrpcCall:
    """A call of grpc.aio."""

    def __init__(self, stream: GrpcStream) -> None:
        self._stream = stream
        self._reading: asyncio.Task[object] | None = None

    @property
    def is_reading(self) -> bool:
        """A message is being waited for."""
        return self._reading is not None

    def done(self) -> bool:
        """The call is over."""
        return self._stream.done()

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Have it called with the call, once that is over."""
        self._stream.add_done_callback(lambda _: callback(self))

    def cancel(self) -> object:
        """End the call at once."""
        return self._stream.cancel()

    async def hang_up(self) -> None:
        """The same, and wait until nobody reads."""
        self._stream.cancel()
        reading, self._reading = self._reading, None
        if reading is not None:
            await asyncio.wait([reading], timeout=_FAREWELL_S)
            reading.cancel()

    async def read(self) -> pb.ConverseResponse | None:
        """Return the next message; None: the server has ended the stream. Raises HotseatError."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._stream.read(), name="read a Converse stream")
        try:
            # Shielded: cancelling the read of a call cancels the call.
            message = await asyncio.shield(self._reading)
        except grpc.aio.AioRpcError as error:
            self._reading = None
            raise HotseatError.from_rpc(error) from error
        except asyncio.CancelledError:
            if self._reading is None or not self._reading.cancelled() or _is_being_cancelled():
                raise
            # grpc.aio's way to say that the server has cancelled the call.
            self._reading = None
            raise HotseatError("the server cancelled the stream", code=grpc.StatusCode.CANCELLED) from None
        self._reading = None
        return message if isinstance(message, pb.ConverseResponse) else None

    async def write(self, message: pb.ConverseRequest) -> None:
        """Send a message; it was handed to the transport when this returns. Raises HotseatError."""
        try:
            await self._stream.write(message)
        except grpc.aio.AioRpcError as error:
            raise HotseatError.from_rpc(error) from error
        except asyncio.InvalidStateError:  # the call has ended: say why, not that
            raise await self._ending() from None

    async def done_writing(self) -> None:
        """Say that no more is written. Raises HotseatError."""
        try:
            await self._stream.done_writing()
        except grpc.aio.AioRpcError as error:
            raise HotseatError.from_rpc(error) from error
        except asyncio.InvalidStateError:
            raise await self._ending() from None

    async def _ending(self) -> HotseatError:
        stream = self._stream
        initial, trailers = await stream.initial_metadata(), await stream.trailing_metadata()
        failure = grpc.aio.AioRpcError(await stream.code(), initial, trailers, details=await stream.details())
        return HotseatError.from_rpc(failure)


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
