"""A channel whose every call shows a key."""

from collections.abc import Callable
from typing import Any, TypeAlias

import grpc.aio

from hotseat.renewed_channel import RenewedChannel

ApiKey: TypeAlias = "str | Callable[[], str]"  # a function is asked anew for each call
Metadata: TypeAlias = tuple[tuple[str, str], ...]


def metadata_of(api_key: str, tenant: str = "") -> Metadata:
    """What a call shows of its caller."""
    shown = (("authorization", f"Bearer {api_key}"),) if api_key else ()
    return (*shown, ("hotseat-tenant", tenant)) if tenant else shown


class KeyedChannel:
    """What stubs need of a channel. A call that brings metadata of its own shows those instead."""

    def __init__(self, channel: grpc.aio.Channel | RenewedChannel, metadata: Callable[[], Metadata]) -> None:
        self._channel = channel
        self._metadata = metadata

    def unary_unary(self, *described: Any, **how: Any) -> "_Method":
        """One request, one answer."""
        return _Method(self._channel.unary_unary(*described, **how), self._metadata)

    def unary_stream(self, *described: Any, **how: Any) -> "_Method":
        """One request, many answers."""
        return _Method(self._channel.unary_stream(*described, **how), self._metadata)

    def stream_unary(self, *described: Any, **how: Any) -> "_Method":
        """Many requests, one answer."""
        return _Method(self._channel.stream_unary(*described, **how), self._metadata)

    def stream_stream(self, *described: Any, **how: Any) -> "_Method":
        """Many of both."""
        return _Method(self._channel.stream_stream(*described, **how), self._metadata)


class _Method:
    __slots__ = ("_call", "_metadata")

    def __init__(self, call: Callable[..., Any], metadata: Callable[[], Metadata]) -> None:
        self._call = call
        self._metadata = metadata

    def __call__(self, *requests: Any, metadata: Metadata | None = None, **how: Any) -> Any:
        return self._call(*requests, metadata=self._metadata() if metadata is None else metadata, **how)
