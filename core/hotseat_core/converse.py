"""One Converse stream: what the client says goes to the conversation, what happens there goes to the client."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc
from hotseat.v1 import client_message_pb2 as client
from hotseat.v1 import conversation_service_pb2 as service
from hotseat.v1 import server_event_pb2 as events

from hotseat_core import convert
from hotseat_core.conversation.conversation import Conversation
from hotseat_core.conversation.registry import Registry
from hotseat_core.conversation.terms import Attachment, GoAwayReason, Queued, RawLine, Rejection, Repeated, SideMessage
from hotseat_core.errors import ConversationOwned, HotseatError, InvalidMessage, PoolDraining, ProtocolOrder
from hotseat_core.events import Failure
from hotseat_core.parse import turn_input

Stream: TypeAlias = "grpc.aio.ServicerContext[service.ConverseRequest, service.ConverseResponse]"

DEFAULT_HEARTBEAT_S = 15.0
_SHORTEST_HEARTBEAT_S, _LONGEST_HEARTBEAT_S = 1.0, 300.0


def heartbeat_interval(opened: client.OpenConversation) -> float:
    """Return the longest silence that this client wants, in seconds, within the server's bounds."""
    if not opened.HasField("heartbeat_interval"):
        return DEFAULT_HEARTBEAT_S
    wanted = opened.heartbeat_interval.seconds + opened.heartbeat_interval.nanos / 1e9
    return min(max(wanted, _SHORTEST_HEARTBEAT_S), _LONGEST_HEARTBEAT_S)


async def send(stream: Stream, message: service.ConverseResponse) -> None:
    """Write one message; a client that is gone counts as cancelled."""
    try:
        await stream.write(message)
    except grpc.aio.InternalError:
        raise asyncio.CancelledError from None


class Talk:
    """A stream that is attached to a conversation. One task reads, one writes."""

    def __init__(
        self,
        stream: Stream,
        registry: Registry,
        conversation: Conversation,
        attachment: Attachment,
        *,
        next_sequence: int,
        heartbeat_s: float,
    ) -> None:
        self._stream = stream
        self._registry = registry
        self._conversation = conversation
        self._attachment = attachment
        self._next = next_sequence  # of the log, to send
        self._heartbeat_s = heartbeat_s
        self._has_news = asyncio.Event()
        self._client_is_done = False  # it has half-closed
        self._client_has_left = False
        attachment.wake = self._has_news.set

    async def run(self) -> None:
        """Carry the stream both ways until the client has had all, or must go."""
        stop_listening = self._conversation.log.listen(self._has_news.set)
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(self._read(), name="read a Converse stream")
                await self._write()
                reading.cancel()
        finally:
            stop_listening()

    # ---- from the client

    async def _read(self) -> None:
        async for message in _messages(self._stream):
            if message.WhichOneof("message") == "open":
                raise ProtocolOrder("the stream is open already; only its first message may be open")
            self.take(message)
        self._client_is_done = True
        self._has_news.set()

    def take(self, message: service.ConverseRequest) -> None:
        """Do what the message asks; what can't be done is answered with input_rejected."""
        if message.HasField("leave"):
            self._client_has_left = True
            self._conversation.detach(self._attachment, for_good=True)
            self._has_news.set()
            return
        try:
            self._take(message)
        except HotseatError as exc:
            self._attachment.send(Rejection(_id_of(message), Failure.of(exc)))

    def _take(self, message: service.ConverseRequest) -> None:
        kind = message.WhichOneof("message")
        if kind is not None and self._attachment.is_observer:
            raise InvalidMessage("an observer may not say anything; open with another disposition")
        match kind:
            case "user_input":
                self._conversation.submit(self._attachment, turn_input(message.user_input))
            case "interrupt":
                self._conversation.interrupt(message.interrupt.turn, message.interrupt.request_id)
            case "permission_decision":
                self._decide(message.permission_decision)
            case "tool_result":
                problem = "tool_result is not served: send the result with the next input, in user_input.tool_results"
                raise InvalidMessage(problem, metadata={"field": kind})
            case "update_settings":
                raise InvalidMessage(f"{kind} is not supported yet", metadata={"field": kind})
            case _:
                raise InvalidMessage("a message says nothing: set one of its members", metadata={"field": "message"})

    def _decide(self, decision: client.PermissionDecision) -> None:
        permissions = self._conversation.permissions
        if decision.WhichOneof("decision") == "allow":
            allow = decision.allow
            permissions.allow(decision.permission_id, allow.updated_input_json, tuple(allow.remember_rules))
        else:
            # Doubt refuses: a decision that is unset, or that we do not know, counts as no.
            permissions.deny(decision.permission_id, decision.deny.message, interrupt=decision.deny.interrupt)

    # ---- to the client

    async def _write(self) -> None:
        while not self._client_has_left:
            self._has_news.clear()
            for entry in self._conversation.log.read(self._next):
                await send(self._stream, convert.response(entry))
                self._next = entry.sequence + 1
            while self._attachment.side:
                await send(self._stream, _side_message(self._attachment.side.popleft()))
            if self._attachment.go_away is not None:
                await self._go_away(self._attachment.go_away)
            if self._has_news.is_set():
                continue
            if self._client_is_done and not self._attachment.open_inputs and not self._attachment.is_observer:
                return
            await self._wait()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._heartbeat_s):
                await self._has_news.wait()
        except TimeoutError:
            state: Any = self._registry.describe(self._conversation).state.value
            beat = events.Heartbeat(next_sequence=self._next, state=state)
            await send(self._stream, service.ConverseResponse(heartbeat=beat))

    async def _go_away(self, reason: GoAwayReason) -> None:
        number: Any = reason.value
        await send(self._stream, service.ConverseResponse(go_away=events.GoAway(reason=number)))
        if reason is GoAwayReason.DRAINING:
            raise PoolDraining("the server drains; open again elsewhere, or later", retry_delay_s=1.0)
        raise ConversationOwned(
            "the conversation was taken over by another stream"
            if reason is GoAwayReason.TAKEN_OVER
            else "the conversation was deleted, or taken off its worker by an operator"
        )


async def first_message(stream: Stream) -> client.OpenConversation:
    """Return the open message. Raises ProtocolOrder where the stream begins with another, or with none."""
    message: Any = await stream.read()
    if message is grpc.aio.EOF or message.WhichOneof("message") != "open":
        raise ProtocolOrder("the first message of Converse must be open")
    opened: client.OpenConversation = message.open
    return opened


@contextlib.asynccontextmanager
async def attached(conversation: Conversation, attachment: Attachment) -> AsyncIterator[None]:
    """Detach when the stream is over, however it ends."""
    try:
        yield
    finally:
        conversation.detach(attachment)


async def _messages(stream: Stream) -> AsyncIterator[service.ConverseRequest]:
    while True:
        message: Any = await stream.read()
        if message is grpc.aio.EOF:
            return
        yield message


def _side_message(message: SideMessage) -> service.ConverseResponse:
    match message:
        case RawLine():
            return service.ConverseResponse(raw=events.RawMessage(json=message.json))
        case Repeated():
            return service.ConverseResponse(turn=message.turn, turn_completed=convert.turn_completed(message.completed))
        case Queued():
            return service.ConverseResponse(input_queued=convert.input_queued(message))
        case Rejection():
            rejected = events.InputRejected(id=message.id, error=convert.error(message.failure))
            return service.ConverseResponse(input_rejected=rejected)


def _id_of(message: service.ConverseRequest) -> str:
    match message.WhichOneof("message"):
        case "user_input":
            return message.user_input.request_id
        case "permission_decision":
            return message.permission_decision.permission_id
        case "tool_result":
            return message.tool_result.tool_call_id
    return ""
