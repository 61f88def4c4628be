"""One Converse stream, as something to talk on."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Sequence
from typing import TypeAlias

import grpc
import grpc.aio

from hotseat import pb
from hotseat.errors import CODES, HotseatError

ConverseCall: TypeAlias = grpc.aio.StreamStreamCall[pb.ConverseRequest, pb.ConverseResponse]
Content: TypeAlias = str | Sequence[pb.ContentBlock]

_FAREWELL_S = 0.25
_GO_AWAY = {
    pb.GoAway.REASON_DRAINING: ("POOL_DRAINING", "the server is draining; try again, or on another instance"),
    pb.GoAway.REASON_TAKEN_OVER: ("CONVERSATION_OWNED", "another client took the conversation over"),
    pb.GoAway.REASON_EVICTED: ("CONVERSATION_OWNED", "the conversation was evicted or deleted; open it again"),
}


def user_input(
    content: Content,
    *,
    options: pb.TurnOptions | None = None,
    request_id: str | None = None,
    delivery: pb.UserInput.Delivery = pb.UserInput.DELIVERY_UNSPECIFIED,
) -> pb.UserInput:
    """Something the user says; a request_id is made where none is given."""
    blocks = [pb.ContentBlock(text=content)] if isinstance(content, str) else content
    return pb.UserInput(request_id=request_id or str(uuid.uuid4()), content=blocks, options=options, delivery=delivery)


class Talk:
    """An open conversation; made by `Client.converse`.

    Inputs and interrupts may be sent from any task at any time; events are read by one task at a time.
    Cancelling a task that waits for an event ends the stream: that is how gRPC for asyncio works.
    """

    def __init__(self, call: ConverseCall) -> None:
        self._call = call
        self._writing = asyncio.Lock()  # two writes at once on one call kill it
        self._reading = False
        self._unfinished = 0  # turns asked for whose turn_completed was not read
        self.ready = pb.Ready()

    async def open(self, opening: pb.OpenConversation, first: pb.UserInput | None = None) -> None:
        """Open the conversation and learn its state; called once, by `Client.converse`."""
        request = pb.ConverseRequest(open=opening)
        if first is not None:
            request.open.first_input.CopyFrom(first)
            self._unfinished += 1
        await self.send(request)
        answer = await self._read()
        if answer is None or not answer.HasField("ready"):
            raise HotseatError("the server did not answer open with ready", code=grpc.StatusCode.INTERNAL)
        self.ready = answer.ready

    async def ask(
        self,
        content: Content,
        *,
        options: pb.TurnOptions | None = None,
        request_id: str | None = None,
        delivery: pb.UserInput.Delivery = pb.UserInput.DELIVERY_UNSPECIFIED,
    ) -> AsyncGenerator[pb.ConverseResponse, None]:
        """Say something and yield its turn's events, turn_completed last.

        A turn that fails is no exception: its turn_completed says so. HotseatError is raised where the
        input is rejected or the stream ends. To steer a running turn use `say`: it has no turn of its own.
        """
        asked = user_input(content, options=options, request_id=request_id, delivery=delivery)
        await self.say(asked)
        async for event in self.turn(asked.request_id):
            yield event

    async def say(self, said: pb.UserInput) -> None:
        """Send an input without reading its turn; `turn` with its request_id reads it."""
        if said.delivery != pb.UserInput.DELIVERY_STEER:
            self._unfinished += 1
        await self.send(pb.ConverseRequest(user_input=said))

    async def turn(self, request_id: str) -> AsyncGenerator[pb.ConverseResponse, None]:
        """Yield the events of the turn that this input began, turn_completed last; skip all others."""
        number = 0
        while (event := await self._read()) is not None:
            kind = event.WhichOneof("event")
            if kind == "turn_started" and event.turn_started.request_id == request_id:
                number = event.turn
            elif kind == "turn_completed" and event.turn_completed.request_id == request_id:
                self._unfinished -= 1
                yield event
                return
            elif kind == "input_rejected" and event.input_rejected.id == request_id:
                self._unfinished -= 1
                raise HotseatError.from_error(event.input_rejected.error)
            elif kind == "go_away":
                _heed(event.go_away, started=number != 0)
            if number and event.turn == number:
                yield event
        raise HotseatError("the server ended the stream before the turn ended", code=grpc.StatusCode.UNAVAILABLE)

    async def events(self) -> AsyncGenerator[pb.ConverseResponse, None]:
        """Yield every event until the server ends the stream; for observers and for replay."""
        while (event := await self._read()) is not None:
            yield event

    async def interrupt(self, *, request_id: str = "", turn: int = 0) -> None:
        """Stop the running turn, or only the one named; it still ends with turn_completed."""
        await self.send(pb.ConverseRequest(interrupt=pb.Interrupt(request_id=request_id, turn=turn)))

    async def decide(self, permission_id: str, decision: pb.PermissionAllow | pb.PermissionDeny) -> None:
        """Answer a permission_request."""
        answer = pb.PermissionDecision(permission_id=permission_id)
        if isinstance(decision, pb.PermissionAllow):
            answer.allow.CopyFrom(decision)
        else:
            answer.deny.CopyFrom(decision)
        await self.send(pb.ConverseRequest(permission_decision=answer))

    async def send(self, request: pb.ConverseRequest) -> None:
        """Send any message; it was handed to the transport when this returns."""
        try:
            async with self._writing:
                await self._call.write(request)
        except grpc.aio.AioRpcError as error:
            raise HotseatError.from_rpc(error) from error
        except asyncio.InvalidStateError:  # the call has ended: say why, not that
            raise await self._ending() from None

    async def finish(self) -> None:
        """Part in peace where nothing is left to read, so that the server sees an end and no cancellation."""
        if self._unfinished or self._reading or self._call.done():
            return
        try:
            async with asyncio.timeout(_FAREWELL_S), self._writing:
                await self._call.done_writing()
                while await self._read() is not None:
                    pass
        except (TimeoutError, HotseatError, asyncio.InvalidStateError):
            return  # every answer was read: how the stream ends changes nothing for the caller

    async def _read(self) -> pb.ConverseResponse | None:
        if self._reading:
            raise RuntimeError("another task reads this stream; read one turn at a time")
        self._reading = True
        try:
            message = await self._call.read()
        except grpc.aio.AioRpcError as error:
            raise HotseatError.from_rpc(error) from error
        finally:
            self._reading = False
        return message if isinstance(message, pb.ConverseResponse) else None

    async def _ending(self) -> HotseatError:
        code = await self._call.code()
        trailers = await self._call.trailing_metadata()
        initial = await self._call.initial_metadata()
        details = await self._call.details()
        return HotseatError.from_rpc(grpc.aio.AioRpcError(code, initial, trailers, details=details))


def _heed(notice: pb.GoAway, *, started: bool) -> None:
    """Raise, except where the server drains and lets the running turn end first."""
    if started and notice.reason == pb.GoAway.REASON_DRAINING:
        return
    reason, message = _GO_AWAY.get(notice.reason, ("POOL_DRAINING", "the server ends this stream; open it again"))
    raise HotseatError(message, code=CODES[reason], reason=reason)
