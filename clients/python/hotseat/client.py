"""The client: one channel to one core."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from hotseat import pb
from hotseat.ahead import Ahead
from hotseat.archive_calls import ArchiveCalls
from hotseat.call import Call, GrpcCall
from hotseat.key_calls import KeyCalls
from hotseat.keyed import ApiKey, KeyedChannel, Metadata, metadata_of
from hotseat.line import Line
from hotseat.login_calls import LoginCalls
from hotseat.note_calls import NoteCalls
from hotseat.permissions import OnPermission
from hotseat.pool_calls import PoolCalls
from hotseat.renewed_channel import RenewedChannel
from hotseat.talk import Talk
from hotseat.tools import Tool, Toolbox
from hotseat.unary import call
from hotseat.v1.conversation_service_pb2_grpc import ConversationServiceStub

MAX_MESSAGE_BYTES = 64 * 2**20
KEEPALIVE_S = 30.0
# A refused connection is told at once; this is for hosts that say nothing, and for servers too busy to greet.
CONNECT_TIMEOUT_S = 5.0
_LONGEST_PAUSE_S = 1.0  # between attempts to connect
CALL_TIMEOUT_S = 30.0
_AHEAD_DELAY_S = 0.005
_PARTING_S = 1.0

_Response = TypeVar("_Response", bound=Message)


class Client(ArchiveCalls, NoteCalls, PoolCalls, KeyCalls, LoginCalls):
    """Talks to the core at `target` ("127.0.0.1:50051", "unix:/run/hotseat.sock").

    Make it inside a running event loop, share it among tasks, and close it, best with `async with`.
    It connects on first use, fails fast where the core is away, and reconnects by itself.
    Every method raises HotseatError.

    api_key: shown with every call; a function is asked anew for each. tenant: whom an admin's key acts for.
    credentials: for TLS; `hotseat.tls.credentials` makes them of files. A function is asked before each call: when it
    has others, new calls go by these, and those that run go on. It must not raise once it has returned some.
    opens_ahead: keep one stream open for the next conversation, which saves it about a millisecond; for servers that
    open many. open_call: begins Converse calls in place of gRPC, with this metadata; whoever passes it closes what it
    stands on after the client.
    """

    def __init__(
        self,
        target: str,
        *,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        keepalive_s: float = KEEPALIVE_S,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        call_timeout_s: float = CALL_TIMEOUT_S,
        opens_ahead: bool = False,
        credentials: grpc.ChannelCredentials | Callable[[], grpc.ChannelCredentials] | None = None,
        api_key: ApiKey = "",
        tenant: str = "",
        open_call: Callable[[Metadata], Call] | None = None,
    ) -> None:
        options = _options(max_message_bytes, keepalive_s, connect_timeout_s)
        self._ahead = Ahead(open_call or self._open_call, is_wanted=opens_ahead)
        secured = partial(grpc.aio.secure_channel, target, options=options)
        self._channel: Any  # all that stubs need of one
        if credentials is None:
            self._channel = grpc.aio.insecure_channel(target, options=options)
        elif isinstance(credentials, grpc.ChannelCredentials):
            self._channel = secured(credentials)
        else:
            self._channel = RenewedChannel(credentials, secured, self._ahead.drop)
        self._call_timeout_s = call_timeout_s
        self._metadata = _metadata(api_key, tenant)
        keyed: Any = KeyedChannel(self._channel, self._metadata)
        self._partings: set[asyncio.Task[None]] = set()
        self._conversations = ConversationServiceStub(keyed)
        PoolCalls.__init__(self, keyed, call_timeout_s)
        KeyCalls.__init__(self, keyed, call_timeout_s)
        LoginCalls.__init__(self, keyed, call_timeout_s)

    @property
    def dismissed_at(self) -> float:
        """By time.monotonic: when the server last sent a stream opened ahead away, which it does before it stops."""
        return self._ahead.dismissed_at

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the channel; calls that still run are cancelled."""
        ending = [*self._ahead.close(), *self._partings]
        if ending:
            await asyncio.wait(ending, timeout=_PARTING_S)
        await self._channel.close()

    @asynccontextmanager
    async def converse(
        self,
        opening: pb.OpenConversation,
        *,
        first: pb.UserInput | None = None,
        resume_s: float = 0.0,
        tools: Iterable[Tool] = (),
        on_permission: OnPermission | None = None,
    ) -> AsyncIterator[Talk]:
        """Open or attach to a conversation; leaving the block ends the stream.

        `first` travels together with the opening and saves a round trip: read it with `talk.turn`.
        What becomes of a turn that still runs when the block is left is `opening.detach_timeout`'s to say.

        resume_s: how long to try again where the connection breaks; nothing is lost or told twice then. A
        detach_timeout that is set is made as long at least, and counts for lost connections alone: leaving the
        block ends what runs at once.

        tools: offered to the model and run here. on_permission: decides on permission requests; what it raises
        refuses, and is raised by who reads the turn.
        """
        toolbox = Toolbox(tools)
        shown = self._metadata()
        line = Line(partial(self._ahead.take, shown), resume_s=resume_s)
        talk = Talk(line, tools=toolbox, on_permission=on_permission)
        try:
            await line.open(toolbox.define(opening), first)
            yield talk
            await talk.finish()
        finally:
            await self._part(line, talk, shown)

    def _open_call(self, metadata: Metadata) -> Call:
        return GrpcCall(self._conversations.Converse(metadata=metadata))

    async def _part(self, line: Line, talk: Talk, shown: Metadata) -> None:
        """End the stream, also for a caller that is cancelled meanwhile: the server must hear of it."""
        parting = asyncio.create_task(_end(line, talk), name="end a Converse stream")
        self._partings.add(parting)
        parting.add_done_callback(self._partings.discard)
        try:
            await asyncio.shield(parting)
        finally:
            # Once the caller has what it waited for, and is away.
            asyncio.get_running_loop().call_later(_AHEAD_DELAY_S, self._ahead.open, shown)

    async def get_conversation(self, conversation_id: str) -> pb.Conversation:
        """One conversation."""
        request = pb.GetConversationRequest(conversation_id=conversation_id)
        response: pb.GetConversationResponse = await self._call(self._conversations.GetConversation, request)
        return response.conversation

    async def list_conversations(
        self, *, page_size: int = 0, page_token: str = "", states: Sequence[pb.Conversation.State] = ()
    ) -> pb.ListConversationsResponse:
        """One page of conversations, the latest used first."""
        request = pb.ListConversationsRequest(page_size=page_size, page_token=page_token, states=states)
        response: pb.ListConversationsResponse = await self._call(self._conversations.ListConversations, request)
        return response

    async def delete_conversation(
        self, conversation_id: str, *, allow_missing: bool = False, only_if_idle: bool = False
    ) -> str:
        """Delete a conversation with its transcript and its files; return the worker that held it, "" if it was cold.

        Its turn ends if one runs; with `only_if_idle` the call fails then, and nothing is deleted.
        """
        request = pb.DeleteConversationRequest(
            conversation_id=conversation_id, allow_missing=allow_missing, only_if_idle=only_if_idle
        )
        response: pb.DeleteConversationResponse = await self._call(self._conversations.DeleteConversation, request)
        return response.worker_id

    async def fork_conversation(
        self, conversation_id: str, *, turn: int | None = None, new_conversation_id: str = ""
    ) -> pb.Conversation:
        """A new conversation that begins as this one did, up to `turn`, or to its last finished turn."""
        request = pb.ForkConversationRequest(
            conversation_id=conversation_id, turn=turn, new_conversation_id=new_conversation_id
        )
        response: pb.ForkConversationResponse = await self._call(self._conversations.ForkConversation, request)
        return response.conversation

    async def get_turn(self, conversation_id: str, *, turn: int = 0, request_id: str = "") -> pb.Turn:
        """One turn, by its number or by the input that began it."""
        request = pb.GetTurnRequest(conversation_id=conversation_id, turn=turn, request_id=request_id)
        response: pb.GetTurnResponse = await self._call(self._conversations.GetTurn, request)
        return response.turn

    async def list_turns(
        self, conversation_id: str, *, page_size: int = 0, page_token: str = ""
    ) -> pb.ListTurnsResponse:
        """One page of a conversation's turns, the first one first."""
        request = pb.ListTurnsRequest(conversation_id=conversation_id, page_size=page_size, page_token=page_token)
        response: pb.ListTurnsResponse = await self._call(self._conversations.ListTurns, request)
        return response

    async def find_turn(
        self, *, request_id: str = "", fingerprint: str = "", include_output: bool = False
    ) -> pb.GetTurnResponse:
        """The latest turn of any conversation that this input began, or one with this fingerprint, and where it is.

        One that waits for its turn to begin is found, too; its number is 0. include_output: with the answer's blocks.
        """
        request = pb.GetTurnRequest(request_id=request_id, fingerprint=fingerprint, include_output=include_output)
        response: pb.GetTurnResponse = await self._call(self._conversations.GetTurn, request)
        return response

    async def list_profiles(self, *, timeout_s: float | None = None) -> list[pb.Profile]:
        """The kinds of workers on offer, the default one first."""
        request = pb.ListProfilesRequest()
        response: pb.ListProfilesResponse = await self._call(self._conversations.ListProfiles, request, timeout_s)
        return list(response.profiles)

    async def _call(
        self,
        method: "grpc.aio.UnaryUnaryMultiCallable[Message, _Response]",
        request: Message,
        timeout_s: float | None = None,
    ) -> _Response:
        return await call(method, request, timeout_s or self._call_timeout_s)


async def _end(line: Line, talk: Talk) -> None:
    try:
        await talk.aclose()
    finally:
        await line.aclose()


def _metadata(api_key: ApiKey, tenant: str) -> Callable[[], Metadata]:
    if callable(api_key):
        return lambda: metadata_of(api_key(), tenant)
    fixed = metadata_of(api_key, tenant)
    return lambda: fixed


def _options(max_message_bytes: int, keepalive_s: float, connect_timeout_s: float) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_send_message_length", max_message_bytes),
        ("grpc.keepalive_time_ms", int(keepalive_s * 1000)),
        ("grpc.keepalive_timeout_ms", 10_000),
        # The least time that a connection attempt is given is also the most that it takes.
        ("grpc.min_reconnect_backoff_ms", int(connect_timeout_s * 1000)),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", int(_LONGEST_PAUSE_S * 1000)),
        # A core is reached directly, whatever HTTP_PROXY says about the web.
        ("grpc.enable_http_proxy", 0),
        # Two clients in one process share neither a connection nor its backoff.
        ("grpc.use_local_subchannel_pool", 1),
    ]
