"""ConversationService: the data plane."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

import grpc
from hotseat.v1 import client_message_pb2, server_event_pb2
from hotseat.v1 import conversation_service_pb2 as service
from hotseat_serving.tracing import Tracer

from hotseat_core import convert, convert_keys, convert_note, parse
from hotseat_core.access.account import Account
from hotseat_core.access.caller import Caller, caller
from hotseat_core.conversation.conversation import Conversation
from hotseat_core.conversation.log import EventLog
from hotseat_core.conversation.requests import Request
from hotseat_core.conversation.summary import State
from hotseat_core.conversation.tenants import Tenants
from hotseat_core.converse import Stream, Talk, attached, first_message, heartbeat_interval, send
from hotseat_core.errors import ConversationNotFound, HotseatError, InvalidMessage, ReplayLost
from hotseat_core.events import WorkerSource
from hotseat_core.note_servicer import NoteServicer
from hotseat_core.paging import page, page_size
from hotseat_core.pool.refusals import draining_error
from hotseat_core.worker.profile import PROFILES

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class ConversationServicer(NoteServicer):
    """Serves conversations out of the registry."""

    def __init__(
        self,
        tenants: Tenants,
        parser: parse.Parser,
        version: str,
        *,
        max_import_bytes: int,
        account: Callable[[Caller], Account],
        tracer: Tracer | None = None,
    ) -> None:
        super().__init__(tenants, parser, max_import_bytes)
        self._account = account
        self._tracer = tracer
        self._version = version
        self._unopened: set[asyncio.Timeout] = set()  # of streams that have said nothing yet
        self._is_draining = False

    async def Converse(self, request_iterator: object, context: Stream) -> None:  # noqa: ARG002, N802
        """Open or attach to one conversation and carry it both ways."""
        opened = await self._opened(context)
        disposition, attachment = self._parser.attachment(opened)
        if opened.conversation_id:
            parse.conversation_id(opened.conversation_id, "open.conversation_id")
        await self._check_replay(opened.conversation_id, opened.start_sequence, opened.log_id)
        attachment.account = self._account(caller())
        if self._tracer is not None:
            attachment.tracer, attachment.trace = self._tracer, parse.trace_of(context.invocation_metadata())
        request = _request_of(opened)
        conversation = await self._registry.open(opened.conversation_id, disposition, attachment, request)
        async with attached(conversation, attachment):
            log = conversation.log
            start = opened.start_sequence or conversation.start_of(request.request_id) or log.next_sequence
            talk = Talk(
                context,
                self._registry,
                conversation,
                attachment,
                next_sequence=start,
                heartbeat_s=heartbeat_interval(opened),
            )
            if opened.HasField("first_input"):
                talk.take(service.ConverseRequest(user_input=opened.first_input))
                await _give_way()
            await send(context, service.ConverseResponse(ready=self._ready(conversation, attachment.account)))
            await talk.run()

    def dismiss_unopened(self) -> None:
        """End the streams that have not said anything yet, now and from now on: clients open some ahead of need."""
        self._is_draining = True
        for waiting in self._unopened:
            waiting.reschedule(0)

    async def _opened(self, context: Stream) -> client_message_pb2.OpenConversation:
        try:
            async with asyncio.timeout(0 if self._is_draining else None) as waiting:
                self._unopened.add(waiting)
                try:
                    return await first_message(context)
                finally:
                    self._unopened.discard(waiting)
        except TimeoutError:
            raise draining_error(is_stopping=True) from None

    async def _check_replay(self, conversation_id: str, start_sequence: int, log_id: str) -> None:
        """Refuse a replay that can't be whole before anything else happens."""
        if not start_sequence:
            return
        try:
            log = (await self._registry.get(conversation_id)).log
        except ConversationNotFound:
            if log_id:
                raise
            log = EventLog()  # the one that it will have, if it is made
        if log_id and log_id != log.log_id:
            raise ReplayLost("the log that open.log_id names is not kept any more; open again without start_sequence")
        log.check_start(start_sequence)

    def _ready(self, conversation: Conversation, account: Account) -> server_event_pb2.Ready:
        summary = self._registry.describe(conversation)
        source: Any = (WorkerSource.HOT if summary.worker_id and conversation.turns else WorkerSource.NONE).value
        return server_event_pb2.Ready(
            conversation=convert.conversation(summary),
            log_id=conversation.log.log_id,
            first_sequence=conversation.log.first_sequence,
            next_sequence=conversation.log.next_sequence,
            worker_source=source,
            server_version=self._version,
            key_standing=convert_keys.standing(account.standing()),
        )

    async def GetConversation(  # noqa: N802
        self,
        request: service.GetConversationRequest,
        context: Context,  # noqa: ARG002
    ) -> service.GetConversationResponse:
        """Read one conversation."""
        summary = await self._registry.summary(parse.required_id(request.conversation_id))
        return service.GetConversationResponse(conversation=convert.conversation(summary))

    async def ListConversations(  # noqa: N802
        self,
        request: service.ListConversationsRequest,
        context: Context,  # noqa: ARG002
    ) -> service.ListConversationsResponse:
        """List the caller's conversations, the latest used first."""
        states = frozenset(state for state in State if state.value in request.states)
        size = page_size(request.page_size)
        found, next_token = await self._registry.list(request.page_token, size, states)
        return service.ListConversationsResponse(
            conversations=[convert.conversation(summary) for summary in found], next_page_token=next_token
        )

    async def DeleteConversation(  # noqa: N802
        self,
        request: service.DeleteConversationRequest,
        context: Context,  # noqa: ARG002
    ) -> service.DeleteConversationResponse:
        """Delete a conversation with its transcript and its files; end its turn if one runs."""
        conversation_id = parse.required_id(request.conversation_id)
        try:
            worker_id = await self._registry.delete(conversation_id, only_if_idle=request.only_if_idle)
        except ConversationNotFound:
            if not request.allow_missing:
                raise
            worker_id = ""
        return service.DeleteConversationResponse(worker_id=worker_id)

    async def ForkConversation(  # noqa: N802
        self,
        request: service.ForkConversationRequest,
        context: Context,  # noqa: ARG002
    ) -> service.ForkConversationResponse:
        """Make a new conversation out of the beginning of another."""
        if request.new_conversation_id:
            parse.conversation_id(request.new_conversation_id, "new_conversation_id")
        turn = request.turn if request.HasField("turn") else None
        made = await self._registry.fork(parse.required_id(request.conversation_id), turn, request.new_conversation_id)
        return service.ForkConversationResponse(conversation=convert.conversation(self._registry.describe(made)))

    async def GetTurn(  # noqa: N802
        self,
        request: service.GetTurnRequest,
        context: Context,  # noqa: ARG002
    ) -> service.GetTurnResponse:
        """Read one turn."""
        if not request.conversation_id:
            return await self._latest_turn(request)
        conversation = await self._registry.get(parse.required_id(request.conversation_id))
        for record in conversation.turns:
            if record.turn == request.turn or (not request.turn and record.request_id == request.request_id):
                return service.GetTurnResponse(turn=convert.turn(record), conversation_id=conversation.id)
        raise _no_turn(request)

    async def _latest_turn(self, request: service.GetTurnRequest) -> service.GetTurnResponse:
        if request.turn or bool(request.request_id) == bool(request.fingerprint):
            problem = "without conversation_id, a turn is asked for by request_id or by fingerprint"
            raise InvalidMessage(problem, metadata={"field": "conversation_id"})
        request_id = parse.request_id(request.request_id) if request.request_id else ""
        found = await self._registry.requests.turn(request_id, request.fingerprint, with_answer=request.include_output)
        if found is None:
            raise _no_turn(request)
        return convert_note.found_turn(found)

    async def ListTurns(  # noqa: N802
        self,
        request: service.ListTurnsRequest,
        context: Context,  # noqa: ARG002
    ) -> service.ListTurnsResponse:
        """List a conversation's turns, the first one first."""
        conversation = await self._registry.get(parse.required_id(request.conversation_id))
        chosen, next_token = page(
            conversation.turns, request.page_size, request.page_token, key=lambda record: str(record.turn)
        )
        return service.ListTurnsResponse(turns=[convert.turn(record) for record in chosen], next_page_token=next_token)

    async def ListProfiles(  # noqa: N802
        self,
        request: service.ListProfilesRequest,  # noqa: ARG002
        context: Context,  # noqa: ARG002
    ) -> service.ListProfilesResponse:
        """List the kinds of workers, the default one first."""
        default = self._parser.default_settings().profile
        offered = sorted(PROFILES.values(), key=lambda profile: profile.name != default)
        return service.ListProfilesResponse(profiles=[convert.profile(profile) for profile in offered])


async def _give_way() -> None:
    """Let a turn that was just submitted reach its worker: what a user waits for goes before what is only told."""
    for _ in range(4):
        await asyncio.sleep(0)


def _request_of(opened: client_message_pb2.OpenConversation) -> Request:
    """Return what identifies the first input; one that makes no sense is rejected when it is taken."""
    try:
        request_id = parse.request_id(opened.first_input.request_id) if opened.HasField("first_input") else ""
    except InvalidMessage:
        request_id = ""
    return Request(request_id, may_be_known=opened.find_request)


def _no_turn(request: service.GetTurnRequest) -> HotseatError:
    where = f"conversation {request.conversation_id} has" if request.conversation_id else "the conversations have"
    wanted = f"turn {request.turn}" if request.turn else f"turn of request {request.request_id!r}"
    if request.fingerprint:
        wanted = "turn with this fingerprint"
    return ConversationNotFound(f"{where} no {wanted}")
