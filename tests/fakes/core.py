"""A small core: real gRPC services on a real socket, answering from a script."""
# ruff: noqa: N802  # the generated base classes name the methods

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from hotseat import pb
from hotseat.v1.conversation_service_pb2_grpc import (
    ConversationServiceServicer,
    add_ConversationServiceServicer_to_server,
)
from hotseat.v1.key_service_pb2_grpc import add_KeyServiceServicer_to_server
from hotseat.v1.login_service_pb2_grpc import add_LoginServiceServicer_to_server
from hotseat.v1.pool_service_pb2_grpc import add_PoolServiceServicer_to_server

from tests.fakes.archive import FakeArchive
from tests.fakes.calls import Context, abort, failure, page
from tests.fakes.keys import FakeKeys
from tests.fakes.logins import FakeLogins
from tests.fakes.pool import FakePool

__all__ = ["FakeCore", "FakeTurn", "Script", "StreamEnds", "abort", "echo", "failure", "send", "serving"]

_BUSY = {pb.Conversation.STATE_RUNNING, pb.Conversation.STATE_REQUIRES_ACTION}

Outcome = pb.TurnCompleted.Outcome


class StreamEnds(Exception):  # no error: a script's way to end the stream with OK
    """Raised by a script, ends the stream well, whatever runs."""


class ClientLeaves(Exception):  # neither
    """The client said that it goes for good."""


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

    async def queued(self, position: int, wait_s: float) -> None:
        told = pb.InputQueued(request_id=self.input.request_id, position=position)
        told.estimated_wait_duration.FromMilliseconds(int(wait_s * 1000))
        await send(self.context, pb.ConverseResponse(input_queued=told))

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


class FakeCore(FakeKeys, FakePool, FakeArchive, ConversationServiceServicer):
    """Keeps what it was sent, and answers each input by `script`."""

    def __init__(self, script: Script = echo) -> None:
        super().__init__()
        self.script = script
        self.logins = FakeLogins(self)
        self.refuse_open: pb.Error | None = None
        self.streams = 0  # Converse calls that began, those that have said nothing yet included
        self.openings: list[pb.OpenConversation] = []
        self.messages: list[pb.ConversationMessage] = []  # of every conversation
        self.listings: list[pb.ListMessagesRequest] = []
        self.inputs: list[pb.UserInput] = []
        self.interrupts: list[pb.Interrupt] = []
        self.cancelled = asyncio.Event()  # a Converse call was cancelled by its client
        self.left = asyncio.Event()  # a client said that it goes for good
        self.finished = asyncio.Event()  # a Converse call ended with OK
        self.turns: dict[str, list[pb.Turn]] = {}  # by conversation
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
        first = await context.read()
        if first is grpc.aio.EOF:
            return  # it was opened ahead of need
        opening = first.open
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
        answering = asyncio.create_task(self._answer(context, opening, conversation, inputs, running))
        try:
            await asyncio.wait([listening, answering], return_when=asyncio.FIRST_COMPLETED)
            if listening.done() and isinstance(listening.exception(), ClientLeaves):
                self.left.set()
                return
            await answering
        except StreamEnds:
            return
        finally:
            listening.cancel()
            answering.cancel()

    async def _answer(
        self,
        context: Context,
        opening: pb.OpenConversation,
        conversation: pb.Conversation,
        inputs: "asyncio.Queue[pb.UserInput | None]",
        running: list[FakeTurn],
    ) -> None:
        while (said := await inputs.get()) is not None:
            conversation.turn_count += 1
            turn = FakeTurn(opening, said, conversation.turn_count, context)
            running[:] = [turn]
            await self.script(turn)

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
                case "leave":
                    raise ClientLeaves
        inputs.put_nowait(None)

    def _open(self, opening: pb.OpenConversation) -> pb.Conversation:
        conversation_id = opening.conversation_id or "conv-made-by-core"
        made = pb.Conversation(
            conversation_id=conversation_id, state=pb.Conversation.STATE_IDLE, settings=opening.settings
        )
        made.create_time.FromSeconds(1_700_000_000)
        made.update_time.FromSeconds(1_700_000_100)
        made.expire_time.FromSeconds(1_702_592_100)
        return self.conversations.setdefault(conversation_id, made)

    async def GetConversation(self, request: pb.GetConversationRequest, context: Context) -> pb.GetConversationResponse:
        await self.unary(context, "GetConversation")
        return pb.GetConversationResponse(conversation=await self._find(request.conversation_id, context))

    async def ListConversations(
        self, request: pb.ListConversationsRequest, context: Context
    ) -> pb.ListConversationsResponse:
        await self.unary(context, "ListConversations")
        wanted = request.states
        everything = [found for found in self.conversations.values() if not wanted or found.state in wanted]
        chosen, token = page(everything, request)
        return pb.ListConversationsResponse(conversations=chosen, next_page_token=token)

    async def DeleteConversation(
        self, request: pb.DeleteConversationRequest, context: Context
    ) -> pb.DeleteConversationResponse:
        await self.unary(context, "DeleteConversation")
        if not request.allow_missing:
            found = await self._find(request.conversation_id, context)
            if request.only_if_idle and found.state in _BUSY:
                await abort(context, failure("TURN_RUNNING", "a turn runs; wait, or use force"))
        self.conversations.pop(request.conversation_id, None)
        return pb.DeleteConversationResponse(worker_id="w1")

    async def ListMessages(self, request: pb.ListMessagesRequest, context: Context) -> pb.ListMessagesResponse:
        await self.unary(context, "ListMessages")
        self.listings.append(request)
        start = int(request.page_token or 0)
        found = self.messages[::-1] if request.latest_first else self.messages
        end = start + request.page_size
        token = str(end) if end < len(found) else ""
        return pb.ListMessagesResponse(messages=found[start:end], next_page_token=token)

    async def ForkConversation(
        self, request: pb.ForkConversationRequest, context: Context
    ) -> pb.ForkConversationResponse:
        await self.unary(context, "ForkConversation")
        await self._find(request.conversation_id, context)
        made = self._open(pb.OpenConversation(conversation_id=request.new_conversation_id))
        made.turn_count = request.turn
        return pb.ForkConversationResponse(conversation=made)

    async def GetTurn(self, request: pb.GetTurnRequest, context: Context) -> pb.GetTurnResponse:
        await self.unary(context, "GetTurn")
        await self._find(request.conversation_id, context)
        for turn in self.turns.get(request.conversation_id, ()):
            if request.turn == turn.turn or (not request.turn and turn.request_id == request.request_id):
                return pb.GetTurnResponse(turn=turn)
        await abort(context, failure("CONVERSATION_NOT_FOUND", "no such turn"))
        raise AssertionError("an abort returns")

    async def ListTurns(self, request: pb.ListTurnsRequest, context: Context) -> pb.ListTurnsResponse:
        await self.unary(context, "ListTurns")
        await self._find(request.conversation_id, context)
        chosen, token = page(self.turns.get(request.conversation_id, []), request)
        return pb.ListTurnsResponse(turns=chosen, next_page_token=token)

    async def ListNotedTurns(self, request: pb.ListNotedTurnsRequest, context: Context) -> pb.ListNotedTurnsResponse:
        await self.unary(context, "ListNotedTurns")
        return pb.ListNotedTurnsResponse()

    async def ListProfiles(self, request: pb.ListProfilesRequest, context: Context) -> pb.ListProfilesResponse:
        await self.unary(context, "ListProfiles")
        return pb.ListProfilesResponse(profiles=self.profiles)

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
    add_KeyServiceServicer_to_server(core, server)
    add_LoginServiceServicer_to_server(core.logins, server)
    port = server.add_insecure_port(address)
    await server.start()
    try:
        yield address if address.startswith("unix:") else f"127.0.0.1:{port}"
    finally:
        await server.stop(None)
