"""A talk for programs without asyncio."""

from collections.abc import Iterator, Sequence

from hotseat import pb
from hotseat import talk as asynchronous
from hotseat.loop_thread import LoopThread
from hotseat.permissions import Decision
from hotseat.tools import Content


class Talk:
    """An open conversation; made by `hotseat.sync.Client.converse`. `hotseat.Talk` says what each method does.

    Inputs and interrupts may be sent from any thread at any time; events are read by one thread at a time.
    """

    def __init__(self, loop: LoopThread, talk: asynchronous.Talk) -> None:
        self._loop = loop
        self._talk = talk

    @property
    def ready(self) -> pb.Ready:
        """The conversation's state when the stream was opened, the latest time."""
        return self._talk.ready

    def ask(
        self,
        content: Content = (),
        *,
        options: pb.TurnOptions | None = None,
        request_id: str | None = None,
        delivery: pb.UserInput.Delivery = pb.UserInput.DELIVERY_UNSPECIFIED,
        tool_results: Sequence[pb.ToolResult] = (),
    ) -> Iterator[pb.ConverseResponse]:
        """Say something, or what came of the tools that the last turn called; yield its events, turn_completed last."""
        return self._loop.each(
            self._talk.ask(
                content, options=options, request_id=request_id, delivery=delivery, tool_results=tool_results
            )
        )

    def say(self, said: pb.UserInput) -> None:
        """Send an input without reading its turn; `turn` with its request_id reads it."""
        self._loop.run(self._talk.say(said))

    def turn(self, request_id: str) -> Iterator[pb.ConverseResponse]:
        """Yield the events of the turn that this input began, turn_completed last; skip all others."""
        return self._loop.each(self._talk.turn(request_id))

    def events(self) -> Iterator[pb.ConverseResponse]:
        """Yield every event until the server ends the stream; for observers and for replay."""
        return self._loop.each(self._talk.events())

    def interrupt(self, *, request_id: str = "", turn: int = 0) -> None:
        """Stop the running turn, or only the one named; it still ends with turn_completed."""
        self._loop.run(self._talk.interrupt(request_id=request_id, turn=turn))

    def decide(self, permission_id: str, decision: Decision) -> None:
        """Answer a permission_request."""
        self._loop.run(self._talk.decide(permission_id, decision))

    def send(self, request: pb.ConverseRequest) -> None:
        """Send any message."""
        self._loop.run(self._talk.send(request))

    def done_writing(self) -> None:
        """Say that no more input comes: the server ends the stream after the running turns."""
        self._loop.run(self._talk.done_writing())
