"""A small core: real gRPC services on a real socket, answering from a script."""
# ruff: noqa: N802  # the generated base classes name the methods

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status.rpc_status import to_status
from hotseat import pb
from hotseat.errors import CODES
from hotseat.v1.conversation_service_pb2_grpc import (
    ConversationServiceServicer,
    add_ConversationServiceServicer_to_server,
)
from hotseat.v1.pool_service_pb2_grpc import PoolServiceServicer, add_PoolServiceServicer_to_server

Context = grpc.aio.ServicerContext[Any, Any]
Outcome = pb.TurnCompleted.Outcome


def failure(reason: str, message: str = "it failed", retry_s: float | None = None, **metadata: str) -> pb.Error:
    """An error as it stands in an event."""
    error = pb.Error(reason=f"ERROR_REASON_{reason}", message=message, metadata=metadata)
    if retry_s is not None:
        error.retry_delay.FromNanoseconds(int(retry_s * 1e9))
    return error


async def abort(context: Context, error: pb.Error) -> None:
    """End the call as the real core does: status, ErrorInfo and RetryInfo."""
    reason = pb.ErrorReason.Name(error.reason).removeprefix("ERROR_REASON_")
    details = [AnyMessage(), AnyMessage()]
    details[0].Pack(ErrorInfo(reason=reason, domain="hotseat", metadata=error.metadata))
    details[1].Pack(RetryInfo(retry_delay=error.retry_delay))
    kept = details if error.HasField("retry_delay") else details[:1]
    status = Status(code=CODES[reason].value[0], message=error.message, details=kept)
    await context.abort_with_status(to_status(status))


class StreamEnds(Exception):  # no error: a script's way to end the stream with OK
    """Raised by a script, ends the stream well, whatever runs."""


@dataclass
class FakeTurn:
    """One turn, for a script to fill with events."""

    opening: pb.OpenConversation
    input: pb.UserInput
    number: int
    context: Context
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)
    decisions: "asyncio.Queue[pb.PermissionDecision]" = field(default_factory=asyncio.Queue)
    _text: dict[int, str] = field(default_factory=dict)

    async def send(self, **event: Any) -> None:
        await send(self.context, pb.ConverseResponse(sequence=1, turn=self.number, **event))

    async def started(self, model: str = "demo-model") -> None:
        await self.send(turn_started=pb.TurnStarted(request_id=self.input.request_id, model=model))

    async def text(self, *deltas: str, block: int = 0) -> None:
        for delta in deltas:
            self._text[block] = self._text.get(block, "") + delta
            await self.send(text_delta=pb.TextDelta(text=delta, block=block))

    async def thinking(self, *deltas: str, block: int = 0) -> None:
        for delta in deltas:
            await self.send(thinking_delta=pb.ThinkingDelta(text=delta, block=block))

    async def completed(
        self,
        outcome: Outcome = pb.TurnCompleted.OUTCOME_SUCCEEDED,
        *,
        error: pb.Error | None = None,
        usage: pb.Usage | None = None,
    ) -> None:
        done = pb.TurnCompleted(
            request_id=self.input.request_id,
            outcome=outcome,
            text="\n\n".join(self._text.values()),
            usage=usage or pb.Usage(input_tokens=10, output_tokens=5, cache_read_tokens=3, cache_write_tokens=2),
            error=error,
        )
        await self.send(turn_completed=done)

    async def failed(self, error: pb.Error) -> None:
        await self.completed(pb.TurnCompleted.OUTCOME_FAILED, error=error)


Script = Callable[[FakeTurn], Awaitable[None]]


async def echo(turn: FakeTurn) -> None:
    """Answer `You said: ...`, one delta a word."""
    await turn.started()
    said = " ".join(block.text for block in turn.input.content if block.HasField("text"))
    words = f"You said: {said}".split(" ")
    await turn.text(words[0], *(f" {word}" for word in words[1:]))
    await turn.completed()


async def send(context: Context, message: pb.ConverseResponse) -> None:
    try:
        await context.write(message)
    except grpc.aio.InternalError:  # the client is gone
        raise asyncio.CancelledError from None


class FakeCore(ConversationServiceServicer, PoolServiceServicer):
    """Keeps what it was sent, and answers each input by `script`."""

    def __init__(self, script: Script = echo) -> None:
        self.script = script
        self.refuse_open: pb.Error | None = None
        self.streams = 0  # Converse calls that began, those that have said nothing yet included
        self.openings: list[pb.OpenConversation] = []
        self.inputs: list[pb.UserInput] = []
        self.interrupts: list[pb.Interrupt] = []
        self.cancelled = asyncio.Event()  # a Converse call was cancelled by its client
        self.finished = asyncio.Event()  # a Converse call ended with OK
        self.conversations: dict[str, pb.Conversation] = {}
        self.evicted: list[str] = []
        self.calls: list[str] = []
        self.unary_error: pb.Error | None = None
        self.unary_delay = 0.0
        self.pool_state = pb.Pool.STATE_ACTIVE
        self.profiles = [
            pb.Profile(name="claude-code", models=["sonnet", "opus"], has_workspace=True),
            pb.Profile(name="claude", models=["haiku"]),
        ]

    async def Converse(self, _: object, context: Context) -> None:
        try:
            await self._converse(context)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        self.finished.set()

    async def _converse(self, context: Context) -> None:
        self.streams += 1
        opening = (await context.read()).open
        self.openings.append(opening)
        if self.refuse_open is not None:
            await abort(context, self.refuse_open)
        conversation = self._open(opening)
        await send(context, pb.ConverseResponse(ready=pb.Ready(conversation=conversation, server_version="9.9")))
        inputs: asyncio.Queue[pb.UserInput | None] = asyncio.Queue()
        running: list[FakeTurn] = []
        if opening.HasField("first_input"):
            self.inputs.append(opening.first_input)
            inputs.put_nowait(opening.first_input)
        # No task group: what a script raises must reach gRPC bare, an abort above all.
        listening = asyncio.create_task(self._listen(context, inputs, running))
        try:
            while (said := await inputs.get()) is not None:
                conversation.turn_count += 1
                turn = FakeTurn(opening, said, conversation.turn_count, context)
                running[:] = [turn]
                await self.script(turn)
        except StreamEnds:
            return
        finally:
            listening.cancel()

    async def _listen(
        self, context: Context, inputs: "asyncio.Queue[pb.UserInput | None]", running: list[FakeTurn]
    ) -> None:
        while (message := await context.read()) is not grpc.aio.EOF:
            match message.WhichOneof("message"):
                case "user_input":
                    self.inputs.append(message.user_input)
                    inputs.put_nowait(message.user_input)
                case "interrupt":
                    self.interrupts.append(message.interrupt)
                    for turn in running:
                        turn.interrupted.set()
                case "permission_decision":
                    running[0].decisions.put_nowait(message.permission_decision)
        inputs.put_nowait(None)

    def _open(self, opening: pb.OpenConversation) -> pb.Conversation:
        conversation_id = opening.conversation_id or "conv-made-by-core"
        made = pb.Conversation(
            conversation_id=conversation_id, state=pb.Conversation.STATE_IDLE, settings=opening.settings
        )
        made.create_time.FromSeconds(1_700_000_000)
        made.update_time.FromSeconds(1_700_000_100)
        return self.conversations.setdefault(conversation_id, made)

    async def GetConversation(self, request: pb.GetConversationRequest, context: Context) -> pb.GetConversationResponse:
        await self._unary(context, "GetConversation")
        return pb.GetConversationResponse(conversation=await self._find(request.conversation_id, context))

    async def ListConversations(
        self, request: pb.ListConversationsRequest, context: Context
    ) -> pb.ListConversationsResponse:
        await self._unary(context, "ListConversations")
        start = int(request.page_token or 0)
        end = start + (request.page_size or 50)
        everything = list(self.conversations.values())
        token = str(end) if end < len(everything) else ""
        return pb.ListConversationsResponse(conversations=everything[start:end], next_page_token=token)

    async def DeleteConversation(
        self, request: pb.DeleteConversationRequest, context: Context
    ) -> pb.DeleteConversationResponse:
        await self._unary(context, "DeleteConversation")
        if not request.allow_missing:
            await self._find(request.conversation_id, context)
        self.conversations.pop(request.conversation_id, None)
        return pb.DeleteConversationResponse()

    async def ForkConversation(
        self, request: pb.ForkConversationRequest, context: Context
    ) -> pb.ForkConversationResponse:
        await self._unary(context, "ForkConversation")
        await self._find(request.conversation_id, context)
        made = self._open(pb.OpenConversation(conversation_id=request.new_conversation_id))
        made.turn_count = request.turn
        return pb.ForkConversationResponse(conversation=made)

    async def ListProfiles(self, request: pb.ListProfilesRequest, context: Context) -> pb.ListProfilesResponse:
        await self._unary(context, "ListProfiles")
        return pb.ListProfilesResponse(profiles=self.profiles)

    async def GetPool(self, request: pb.GetPoolRequest, context: Context) -> pb.GetPoolResponse:
        await self._unary(context, "GetPool")
        size = pb.PoolSize(max_workers=4, warm_workers=1, max_queue=128, idle_timeout=Duration(seconds=600))
        stats = pb.PoolStats(warm_workers=1, idle_workers=2, running_workers=1, hot_turn_count=7)
        return pb.GetPoolResponse(pool=pb.Pool(state=self.pool_state, size=size, stats=stats))

    async def ListWorkers(self, request: pb.ListWorkersRequest, context: Context) -> pb.ListWorkersResponse:
        await self._unary(context, "ListWorkers")
        return pb.ListWorkersResponse(workers=[pb.Worker(worker_id="w1", pid=42)])

    async def EvictConversation(
        self, request: pb.EvictConversationRequest, context: Context
    ) -> pb.EvictConversationResponse:
        await self._unary(context, "EvictConversation")
        conversation = self.conversations.get(request.conversation_id)
        if conversation is None:  # the pool knows workers alone
            return pb.EvictConversationResponse()
        if conversation.state == pb.Conversation.STATE_RUNNING and not request.force:
            await abort(context, failure("TURN_RUNNING", "a turn runs"))
        self.evicted.append(request.conversation_id)
        return pb.EvictConversationResponse(worker_id="w1")

    async def _unary(self, context: Context, method: str) -> None:
        self.calls.append(method)
        await asyncio.sleep(self.unary_delay)
        if self.unary_error is not None:
            await abort(context, self.unary_error)

    async def _find(self, conversation_id: str, context: Context) -> pb.Conversation:
        if conversation_id not in self.conversations:
            await abort(context, failure("CONVERSATION_NOT_FOUND", f"no conversation {conversation_id}"))
        return self.conversations[conversation_id]


@asynccontextmanager
async def serving(core: FakeCore, address: str = "127.0.0.1:0") -> AsyncIterator[str]:
    """Serve the core and yield the target that clients connect to."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 64 * 2**20)])
    add_ConversationServiceServicer_to_server(core, server)
    add_PoolServiceServicer_to_server(core, server)
    port = server.add_insecure_port(address)
    await server.start()
    try:
        yield address if address.startswith("unix:") else f"127.0.0.1:{port}"
    finally:
        await server.stop(None)
