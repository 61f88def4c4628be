"""One Converse stream, as something to talk on."""

import uuid
from collections.abc import AsyncGenerator, Sequence

import grpc

from hotseat import pb
from hotseat.errors import CODES, HotseatError
from hotseat.line import Line
from hotseat.permissions import Decision, OnPermission, Permissions
from hotseat.tools import Content, Toolbox, going_on

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
    tool_results: Sequence[pb.ToolResult] = (),
) -> pb.UserInput:
    """Something the user says; a request_id is made where none is given."""
    blocks = [pb.ContentBlock(text=content)] if isinstance(content, str) else content
    return pb.UserInput(
        request_id=request_id or str(uuid.uuid4()),
        content=blocks,
        options=options,
        delivery=delivery,
        tool_results=tool_results,
    )


class Talk:
    """An open conversation; made by `Client.converse`.

    Inputs and interrupts may be sent from any task at any time; events are read by one task at a time.
    """

    def __init__(self, line: Line, *, tools: Toolbox | None = None, on_permission: OnPermission | None = None) -> None:
        self._line = line
        self._reading = False
        self._tools = tools or Toolbox()
        self._permissions = Permissions(on_permission, self.decide)

    @property
    def ready(self) -> pb.Ready:
        """The conversation's state when the stream was opened, the latest time."""
        return self._line.ready

    async def ask(
        self,
        content: Content = (),
        *,
        options: pb.TurnOptions | None = None,
        request_id: str | None = None,
        delivery: pb.UserInput.Delivery = pb.UserInput.DELIVERY_UNSPECIFIED,
        tool_results: Sequence[pb.ToolResult] = (),
    ) -> AsyncGenerator[pb.ConverseResponse, None]:
        """Say something, or what came of the tools that the last turn called; yield its events, turn_completed last.

        Where the model calls tools that this talk runs, the turns that go on with their results follow.

        A turn that fails is no exception: its turn_completed says so. HotseatError is raised where the
        input is rejected or the stream ends. To steer a running turn use `say`: it has no turn of its own.
        """
        asked = user_input(
            content, options=options, request_id=request_id, delivery=delivery, tool_results=tool_results
        )
        while True:
            await self.say(asked)
            calls: Sequence[pb.ToolCall] = ()
            async for event in self.turn(asked.request_id):
                if event.HasField("turn_completed"):
                    calls = event.turn_completed.tool_calls
                yield event
            if not self._tools.can_run(calls):
                return
            asked = user_input((), options=going_on(options), tool_results=await self._tools.results(calls))

    async def say(self, said: pb.UserInput) -> None:
        """Send an input without reading its turn; `turn` with its request_id reads it."""
        await self.send(pb.ConverseRequest(user_input=said))

    async def turn(self, request_id: str) -> AsyncGenerator[pb.ConverseResponse, None]:
        """Yield the events of the turn that this input began, turn_completed last; skip all others.

        Where it has to wait for a process, input_queued events with its place in the queue come first.
        An input that was said before its time, by whoever, and has its answer, yields that turn_completed alone.
        """
        number = 0
        while (event := await self._read()) is not None:
            kind = event.WhichOneof("event")
            if kind == "turn_started" and event.turn_started.request_id == request_id:
                number = event.turn
            elif kind == "turn_completed" and event.turn_completed.request_id == request_id:
                yield event
                return
            elif kind == "input_rejected" and event.input_rejected.id == request_id:
                raise HotseatError.from_error(event.input_rejected.error)
            elif kind == "go_away":
                _heed(event.go_away, started=number != 0)
            elif kind == "input_queued" and event.input_queued.request_id == request_id:
                yield event
            if number and event.turn == number and request_id not in self._line.torn:
                yield event
        raise HotseatError("the server ended the stream before the turn ended", code=grpc.StatusCode.UNAVAILABLE)

    async def events(self) -> AsyncGenerator[pb.ConverseResponse, None]:
        """Yield every event until the server ends the stream; for observers and for replay."""
        while (event := await self._read()) is not None:
            yield event

    async def interrupt(self, *, request_id: str = "", turn: int = 0) -> None:
        """Stop the running turn, or only the one named; it still ends with turn_completed."""
        await self.send(pb.ConverseRequest(interrupt=pb.Interrupt(request_id=request_id, turn=turn)))

    async def decide(self, permission_id: str, decision: Decision) -> None:
        """Answer a permission_request."""
        answer = pb.PermissionDecision(permission_id=permission_id)
        if isinstance(decision, pb.PermissionAllow):
            answer.allow.CopyFrom(decision)
        else:
            answer.deny.CopyFrom(decision)
        await self.send(pb.ConverseRequest(permission_decision=answer))

    async def send(self, request: pb.ConverseRequest) -> None:
        """Send any message; it was handed to the transport when this returns."""
        await self._line.write(request)

    async def done_writing(self) -> None:
        """Say that no more input comes: the server ends the stream after the running turns."""
        await self._line.done_writing()

    async def aclose(self) -> None:
        """Stop asking about permissions."""
        await self._permissions.aclose()

    async def finish(self) -> None:
        """Part in peace where nothing is left to read, so that the server sees an end and no cancellation."""
        if self._line.is_idle:
            await self._line.finish()

    async def _read(self) -> pb.ConverseResponse | None:
        if self._reading:
            raise RuntimeError("another task reads this stream; read one turn at a time")
        self._reading = True
        try:
            event = await self._line.read()
        finally:
            self._reading = False
        if event is not None:
            self._permissions.heed(event)
        return event


def _heed(notice: pb.GoAway, *, started: bool) -> None:
    """Raise, except where the server drains and lets the running turn end first."""
    if started and notice.reason == pb.GoAway.REASON_DRAINING:
        return
    reason, message = _GO_AWAY.get(notice.reason, ("POOL_DRAINING", "the server ends this stream; open it again"))
    raise HotseatError(message, code=CODES[reason], reason=reason)
