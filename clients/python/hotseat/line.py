"""One Converse stream, message by message, which outlives its connection where it may."""

import asyncio
from collections.abc import Callable

import grpc

from hotseat import pb
from hotseat.call import Call
from hotseat.errors import HotseatError

_FAREWELL_S = 0.25
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 0.5
# What gRPC says of a broken connection, by who noticed it first. Our servers' own statuses have a reason.
_BROKEN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    }
)
_MISHEARD_TIMES = 5
_LOST = frozenset({"REPLAY_LOST", "CONVERSATION_NOT_FOUND"})


class Line:
    """Reads and writes one stream; one task reads at a time, any task may write.

    With resume_s, a broken connection is made again for that many seconds: the stream goes on with the event after
    the last one that was read, and inputs that were not answered are said again, which the server knows by their
    request_id. Cancelling a reader loses nothing: the next one gets its message.
    """

    def __init__(self, open_call: Callable[[], Call], *, resume_s: float = 0.0) -> None:
        self.ready = pb.Ready()
        self.torn: set[str] = set()  # request ids of inputs some of whose events are lost
        self._open_call = open_call
        self._resume_s = resume_s
        self._call = open_call()
        self._writing = asyncio.Lock()  # two writes at once on one call kill it
        self._opening = pb.ConverseRequest()  # kept whole: histories may be long, and are copied once
        self._unanswered: dict[str, pb.UserInput] = {}  # by request id, in order
        self._decided: dict[str, pb.PermissionDecision] = {}  # of the running turn, by permission id
        self._resaid: set[str] = set()  # decisions said twice: the server may refuse the second one
        self._has_ended_writing = False
        self._is_resuming = False  # the present call has not been told all yet
        self._last = 0  # the sequence read last; 0: none, or none that is still kept

    @property
    def is_idle(self) -> bool:
        """Every input has got its answer, and nobody reads."""
        return not self._unanswered and not self._call.is_reading

    async def open(self, opening: pb.OpenConversation, first: pb.UserInput | None) -> None:
        """Open the conversation and learn its state."""
        opened = self._opening.open
        opened.CopyFrom(opening)
        patience_s = opened.detach_timeout.ToNanoseconds() / 1e9
        if opened.HasField("detach_timeout") and patience_s < self._resume_s:
            opened.detach_timeout.FromNanoseconds(int(self._resume_s * 1e9))
        if first is not None:
            opened.first_input.CopyFrom(first)
            self._unanswered[first.request_id] = opened.first_input
        try:
            await self._begin(self._opening)
        except HotseatError as error:
            if not self._may_resume(error):
                raise
            await self._resume(0.0)  # once: a server that is away is no broken connection

    async def read(self) -> pb.ConverseResponse | None:
        """Return the next message; None: the server has ended the stream."""
        while True:
            try:
                message = await self._call.read()
            except HotseatError as error:
                if not self._may_resume(error):
                    raise
                await self._resume(self._resume_s)
            else:
                if message is None or self._note(message):
                    return message

    async def write(self, request: pb.ConverseRequest) -> None:
        """Send a message; it was handed to the transport when this returns."""
        is_kept = self._keep(request)
        try:
            await self._send(request)
        except HotseatError as error:
            # Who reads makes the connection again, and says this again.
            if not is_kept or not self._may_resume(error):
                raise

    async def done_writing(self) -> None:
        """Half-close: the server ends the stream after the running turns."""
        self._has_ended_writing = True
        if self._is_resuming:
            return  # it is said once all else is
        try:
            await self._half_close()
        except HotseatError as error:
            # Who reads makes the connection again, and says this again.
            if not self._may_resume(error):
                raise

    async def finish(self) -> None:
        """Part in peace, so that the server sees an end and no cancellation."""
        if self._call.done():
            return
        try:
            async with asyncio.timeout(_FAREWELL_S):
                await self._half_close()
                while await self._call.read() is not None:
                    pass
        except (TimeoutError, HotseatError):
            return  # every answer was read: how the stream ends changes nothing for the caller

    async def aclose(self) -> None:
        """End the stream. Who might have come back says that it will not, so that its inputs end now."""
        try:
            if self._resume_s and self._unanswered and not self._call.done():
                await self._leave()
        finally:
            await self._call.hang_up()

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(_FAREWELL_S):
                await self._send(pb.ConverseRequest(leave=pb.Leave()))
                while await self._call.read() is not None:
                    pass
        except (TimeoutError, HotseatError):
            return  # the server hears of it when the call ends, and waits for detach_timeout

    # ---- one call

    async def _begin(self, opening: pb.ConverseRequest) -> None:
        await self._say_first(opening)
        answer = await self._call.read()
        if answer is None or not answer.HasField("ready"):
            raise HotseatError("the server did not answer open with ready", code=grpc.StatusCode.INTERNAL)
        self.ready = answer.ready

    async def _say_first(self, opening: pb.ConverseRequest) -> None:
        """Send the opening; where the call was refused meanwhile, what comes next says why.

        grpc.aio then may put an INTERNAL of its own in the place of the server's status, for good. The server has
        not got the message, so that another call may ask again.
        """
        for _ in range(_MISHEARD_TIMES):
            try:
                await self._send(opening)
            except HotseatError as error:
                if error.code is not grpc.StatusCode.INTERNAL or error.reason:
                    raise
            else:
                return
            await self._call.hang_up()
            self._call = self._open_call()
        await self._send(opening)

    async def _send(self, request: pb.ConverseRequest) -> None:
        call = self._call  # one that is made meanwhile has to hear its opening first
        async with self._writing:
            await call.write(request)

    async def _half_close(self) -> None:
        call = self._call
        async with self._writing:
            await call.done_writing()

    def _keep(self, request: pb.ConverseRequest) -> bool:
        """Remember what a broken connection must not swallow; whether this is such."""
        kind = request.WhichOneof("message")
        if kind == "user_input" and request.user_input.delivery != pb.UserInput.DELIVERY_STEER:
            self._unanswered[request.user_input.request_id] = request.user_input
            return True
        if kind == "permission_decision":
            self._decided[request.permission_decision.permission_id] = request.permission_decision
            return True
        return False

    def _note(self, message: pb.ConverseResponse) -> bool:
        """Take notice of a message; whether it is of interest to who reads."""
        if message.sequence:
            self._last = message.sequence
        kind = message.WhichOneof("event")
        if kind == "turn_completed":
            self._unanswered.pop(message.turn_completed.request_id, None)
            self._decided.clear()
            self._resaid.clear()
        elif kind == "input_rejected":
            self._unanswered.pop(message.input_rejected.id, None)
            return message.input_rejected.id not in self._resaid
        return True

    # ---- the next call, where one broke

    def _may_resume(self, error: HotseatError) -> bool:
        """Whether it was the connection that failed, not the server that refused."""
        return self._resume_s > 0 and error.code in _BROKEN and not error.reason

    async def _resume(self, patience_s: float) -> None:
        """Go on with a new call. Raises HotseatError where that can't be had in time."""
        self._is_resuming = True
        try:
            await self._call_again(patience_s)
        finally:
            self._is_resuming = False
        if self._has_ended_writing:
            await self.done_writing()

    async def _call_again(self, patience_s: float) -> None:
        loop = asyncio.get_running_loop()
        deadline, pause_s = loop.time() + patience_s, _FIRST_PAUSE_S
        while True:
            await self._call.hang_up()
            self._call = self._open_call()
            try:
                return await self._begin_again()
            except HotseatError as error:
                if error.reason in _LOST and self._last:
                    self._forget_place()
                    continue
                if not self._may_resume(error) or loop.time() + pause_s > deadline:
                    raise
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _begin_again(self) -> None:
        first, *others = self._unanswered.values() or [None]
        await self._begin(self._reopening(first))
        for said in others:
            await self._send(pb.ConverseRequest(user_input=said))
        for decision in list(self._decided.values()):
            self._resaid.add(decision.permission_id)
            await self._send(pb.ConverseRequest(permission_decision=decision))

    def _reopening(self, first: pb.UserInput | None) -> pb.ConverseRequest:
        request = pb.ConverseRequest(open=self._opening.open)
        opening = request.open
        if opening.after_request_id and self._last:
            # The stream has gone on from there: what matters from now on is where it stands.
            for field in ("after_request_id", "after_label", "history"):
                opening.ClearField(field)
        if not opening.after_request_id:
            opening.conversation_id = opening.conversation_id or self.ready.conversation.conversation_id
        opening.find_request = not opening.conversation_id
        if self._last:
            opening.start_sequence, opening.log_id = self._last + 1, self.ready.log_id
        elif first is None and not self.torn and opening.conversation_id:
            # Nothing was read yet: from where it was to begin.
            opening.start_sequence = opening.start_sequence or self.ready.next_sequence
            opening.log_id = self.ready.log_id
        if first is None:
            opening.ClearField("first_input")
        else:
            opening.first_input.CopyFrom(first)
        return request

    def _forget_place(self) -> None:
        """The log is gone: what was not answered is told by its end alone, lest something be told twice."""
        self._last = 0
        self.torn.update(self._unanswered)
