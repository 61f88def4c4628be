"""A channel whose calls go by the latest credentials."""

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio

_LONGEST_CALL_S = 3600.0  # of those under earlier credentials


class RenewedChannel:
    """What stubs need of a channel. Each call asks for the credentials; those that run go on under the earlier ones."""

    def __init__(
        self,
        credentials: Callable[[], grpc.ChannelCredentials],
        connect: Callable[[grpc.ChannelCredentials], grpc.aio.Channel],
        on_renewal: Callable[[], None],
    ) -> None:
        self._credentials = credentials
        self._connect = connect
        self._on_renewal = on_renewal
        self._shown = credentials()
        self._channel = connect(self._shown)
        self._leaving: set[asyncio.Task[None]] = set()

    def current(self) -> grpc.aio.Channel:
        """The channel under the credentials of now."""
        wanted = self._credentials()
        if wanted is not self._shown:
            leaving = asyncio.create_task(self._channel.close(_LONGEST_CALL_S), name="end calls of old credentials")
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)
            self._shown, self._channel = wanted, self._connect(wanted)
            self._on_renewal()
        return self._channel

    async def close(self) -> None:
        """End all calls, those under earlier credentials too."""
        for leaving in self._leaving:
            leaving.cancel()
        await asyncio.gather(self._channel.close(), *self._leaving, return_exceptions=True)

    def unary_unary(self, *described: Any, **how: Any) -> "_Method":
        """One request, one answer."""
        return _Method(self, "unary_unary", described, how)

    def unary_stream(self, *described: Any, **how: Any) -> "_Method":
        """One request, many answers."""
        return _Method(self, "unary_stream", described, how)

    def stream_unary(self, *described: Any, **how: Any) -> "_Method":
        """Many requests, one answer."""
        return _Method(self, "stream_unary", described, how)

    def stream_stream(self, *described: Any, **how: Any) -> "_Method":
        """Many of both."""
        return _Method(self, "stream_stream", described, how)


class _Method:
    __slots__ = ("_call", "_channel", "_described", "_how", "_kind", "_of")

    def __init__(self, of: RenewedChannel, kind: str, described: tuple[Any, ...], how: dict[str, Any]) -> None:
        self._of, self._kind, self._described, self._how = of, kind, described, how
        self._channel: grpc.aio.Channel | None = None
        self._call: Callable[..., Any]

    def __call__(self, *requests: Any, **how: Any) -> Any:
        channel = self._of.current()
        if channel is not self._channel:
            self._channel, self._call = channel, getattr(channel, self._kind)(*self._described, **self._how)
        return self._call(*requests, **how)
