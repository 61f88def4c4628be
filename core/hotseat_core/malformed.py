"""Bytes that are no message: refused as the caller's mistake, whatever service they were meant for."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from hotseat_core.errors import InvalidMessage
from hotseat_core.interceptors import Behaviour, Context, status_of

_Deserializer: TypeAlias = Callable[[bytes], object]
_Continuation: TypeAlias = Callable[[grpc.HandlerCallDetails], Awaitable["grpc.RpcMethodHandler[Any, Any] | None"]]


@dataclass(frozen=True)
class _Malformed:
    """Stands in for the one request of a call, which is parsed before any code of ours runs."""

    error: InvalidMessage


class MalformedInterceptor(grpc.aio.ServerInterceptor):
    """Ends calls whose requests do not parse with INVALID_ARGUMENT, where gRPC by itself would say UNKNOWN."""

    async def intercept_service(
        self, continuation: _Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Wrap how the method's requests are parsed, and what it does."""
        handler: Any = await continuation(handler_call_details)
        if handler is None or handler.request_deserializer is None:
            return handler  # type: ignore[no-any-return] # there is no such method, or it takes bytes
        parse = _careful(handler.request_deserializer)
        if not handler.request_streaming:
            parse = _patient(parse)
        name = next(kind for kind in _KINDS if getattr(handler, kind) is not None)
        behave = _wrapped(getattr(handler, name))
        return handler._replace(request_deserializer=parse, **{name: behave})  # type: ignore[no-any-return]


_KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


def _careful(deserialize: _Deserializer) -> _Deserializer:
    def parse(data: bytes) -> object:
        try:
            return deserialize(data)
        except DecodeError as exc:
            problem = "the request's bytes are no message of its type: not protobuf, cut off, nested deeper than 100 "
            raise InvalidMessage(f"{problem}levels, or with a text that is not UTF-8") from exc

    return parse


def _patient(deserialize: _Deserializer) -> _Deserializer:
    """Keep the failure until the call's own code can tell of it."""

    def parse(data: bytes) -> object:
        try:
            return deserialize(data)
        except InvalidMessage as error:
            return _Malformed(error)

    return parse


def _wrapped(behaviour: Any) -> Any:
    return _wrapped_generator(behaviour) if inspect.isasyncgenfunction(behaviour) else _wrapped_coroutine(behaviour)


def _wrapped_coroutine(behaviour: Behaviour) -> Behaviour:
    async def behave(request: Any, context: Context) -> Any:
        try:
            if isinstance(request, _Malformed):
                raise request.error
            return await behaviour(request, context)
        except InvalidMessage as error:
            return await context.abort_with_status(rpc_status.to_status(status_of(error)))

    return behave


def _wrapped_generator(behaviour: Callable[[Any, Context], AsyncIterator[Any]]) -> object:
    async def behave(request: Any, context: Context) -> AsyncIterator[Any]:
        try:
            if isinstance(request, _Malformed):
                raise request.error
            async for response in behaviour(request, context):
                yield response
        except InvalidMessage as error:
            await context.abort_with_status(rpc_status.to_status(status_of(error)))

    return behave
