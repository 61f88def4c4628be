"""The same client for programs without asyncio: `from hotseat.sync import Client`."""

import asyncio
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeAlias

import grpc

from hotseat import pb
from hotseat.client import CALL_TIMEOUT_S, KEEPALIVE_S, MAX_MESSAGE_BYTES
from hotseat.client import Client as AsyncClient
from hotseat.keyed import ApiKey
from hotseat.loop_thread import LoopThread
from hotseat.permissions import Decision
from hotseat.permissions import OnPermission as AsyncOnPermission
from hotseat.sync_talk import Talk
from hotseat.tools import Content, Tool

__all__ = ["Client", "Talk", "Tool"]

OnPermission: TypeAlias = Callable[[pb.PermissionRequest], Decision]


class Client:
    """Talks to the core at `target` ("127.0.0.1:50051", "unix:/run/hotseat.sock"), from any thread.

    Close it, best with `with`. It is the asyncio client on a loop in a thread of its own, so that it does all that
    one does; every method raises HotseatError. Callbacks run in threads of a pool.
    """

    def __init__(
        self,
        target: str,
        *,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        keepalive_s: float = KEEPALIVE_S,
        call_timeout_s: float = CALL_TIMEOUT_S,
        credentials: grpc.ChannelCredentials | Callable[[], grpc.ChannelCredentials] | None = None,
        api_key: ApiKey = "",
        tenant: str = "",
    ) -> None:
        """The options are those of `hotseat.Client`."""

        async def connect() -> AsyncClient:
            return AsyncClient(
                target,
                max_message_bytes=max_message_bytes,
                keepalive_s=keepalive_s,
                call_timeout_s=call_timeout_s,
                credentials=credentials,
                api_key=api_key,
                tenant=tenant,
            )

        self._loop = LoopThread("hotseat client")
        try:
            self._client = self._loop.run(connect())
        except BaseException:
            self._loop.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the channel and end the thread; calls that still run are cancelled."""
        if not self._loop.is_closed:
            try:
                self._loop.run(self._client.aclose())
            finally:
                self._loop.close()

    @contextmanager
    def converse(
        self,
        opening: pb.OpenConversation,
        *,
        first: pb.UserInput | None = None,
        resume_s: float = 0.0,
        tools: Iterable[Tool] = (),
        on_permission: OnPermission | None = None,
    ) -> Iterator[Talk]:
        """Open or attach to a conversation; leaving the block ends the stream. See `hotseat.Client.converse`."""
        conversing = self._client.converse(
            opening,
            first=first,
            resume_s=resume_s,
            tools=[_threaded(tool) for tool in tools],
            on_permission=None if on_permission is None else _threaded_decision(on_permission),
        )
        talk = Talk(self._loop, self._loop.run(conversing.__aenter__()))
        try:
            yield talk
        except BaseException:
            self._loop.run(conversing.__aexit__(*sys.exc_info()))
            raise
        self._loop.run(conversing.__aexit__(None, None, None))

    # ---- conversations

    def get_conversation(self, conversation_id: str) -> pb.Conversation:
        """One conversation."""
        return self._loop.run(self._client.get_conversation(conversation_id))

    def list_conversations(
        self, *, page_size: int = 0, page_token: str = "", states: Sequence[pb.Conversation.State] = ()
    ) -> pb.ListConversationsResponse:
        """One page of conversations, the latest used first."""
        return self._loop.run(
            self._client.list_conversations(page_size=page_size, page_token=page_token, states=states)
        )

    def delete_conversation(
        self, conversation_id: str, *, allow_missing: bool = False, only_if_idle: bool = False
    ) -> str:
        """Delete a conversation with its transcript and its files; return the worker that held it."""
        return self._loop.run(
            self._client.delete_conversation(conversation_id, allow_missing=allow_missing, only_if_idle=only_if_idle)
        )

    def fork_conversation(
        self, conversation_id: str, *, turn: int | None = None, new_conversation_id: str = ""
    ) -> pb.Conversation:
        """A new conversation that begins as this one did, up to `turn`, or to its last finished turn."""
        return self._loop.run(
            self._client.fork_conversation(conversation_id, turn=turn, new_conversation_id=new_conversation_id)
        )

    def get_turn(self, conversation_id: str, *, turn: int = 0, request_id: str = "") -> pb.Turn:
        """One turn, by its number or by the input that began it."""
        return self._loop.run(self._client.get_turn(conversation_id, turn=turn, request_id=request_id))

    def find_turn(self, *, request_id: str = "", fingerprint: str = "") -> pb.GetTurnResponse:
        """The latest turn of any conversation that this input began, or one with this fingerprint, and where it is."""
        return self._loop.run(self._client.find_turn(request_id=request_id, fingerprint=fingerprint))

    def list_turns(self, conversation_id: str, *, page_size: int = 0, page_token: str = "") -> pb.ListTurnsResponse:
        """One page of a conversation's turns, the first one first."""
        return self._loop.run(self._client.list_turns(conversation_id, page_size=page_size, page_token=page_token))

    def list_messages(
        self, conversation_id: str, *, page_size: int = 0, page_token: str = "", latest_first: bool = False
    ) -> pb.ListMessagesResponse:
        """One page of what was said."""
        return self._loop.run(
            self._client.list_messages(
                conversation_id, page_size=page_size, page_token=page_token, latest_first=latest_first
            )
        )

    def export_conversation(self, conversation_id: str) -> Iterator[bytes]:
        """All that is kept of a conversation, piece by piece."""
        return self._loop.each(self._client.export_conversation(conversation_id))

    def import_conversation(self, exported: bytes | Iterable[bytes], *, conversation_id: str = "") -> pb.Conversation:
        """Enter a conversation that was exported, whole or not at all; by default under the id that it had."""
        return self._loop.run(self._client.import_conversation(exported, conversation_id=conversation_id))

    def update_conversation(
        self,
        conversation_id: str,
        *,
        metadata: Mapping[str, str] | None = None,
        messages: Iterable[pb.HistoryMessage] = (),
    ) -> pb.Conversation:
        """Change a conversation between its turns: see `hotseat.Client.update_conversation`."""
        return self._loop.run(self._client.update_conversation(conversation_id, metadata=metadata, messages=messages))

    def update_turn_note(self, request_id: str, note: pb.TurnNote | None) -> None:
        """Keep a note with a turn, or none: see `hotseat.Client.update_turn_note`."""
        self._loop.run(self._client.update_turn_note(request_id, note))

    def list_workspaces(self, *, page_size: int = 0, page_token: str = "") -> pb.ListWorkspacesResponse:
        """One page of the workspaces that conversations have named."""
        return self._loop.run(self._client.list_workspaces(page_size=page_size, page_token=page_token))

    def delete_workspace(self, workspace: str) -> pb.DeleteWorkspaceResponse:
        """Remove a named workspace, by its id or name, unless a conversation works in it."""
        return self._loop.run(self._client.delete_workspace(workspace))

    def list_noted_turns(self, label: str, **options: Any) -> pb.ListNotedTurnsResponse:
        """One page of the turns whose notes have this label; the options of `hotseat.Client.list_noted_turns`."""
        return self._loop.run(self._client.list_noted_turns(label, **options))

    def list_profiles(self) -> list[pb.Profile]:
        """The kinds of workers on offer, the default one first."""
        return self._loop.run(self._client.list_profiles())

    # ---- the pool

    def get_pool(self) -> pb.Pool:
        """The pool's state, size and counters."""
        return self._loop.run(self._client.get_pool())

    def list_workers(self, *, page_size: int = 0, page_token: str = "") -> pb.ListWorkersResponse:
        """One page of workers, the longest idle first."""
        return self._loop.run(self._client.list_workers(page_size=page_size, page_token=page_token))

    def list_queued_turns(self, *, page_size: int = 0, page_token: str = "") -> pb.ListQueuedTurnsResponse:
        """One page of the turns that wait for a worker, next first."""
        return self._loop.run(self._client.list_queued_turns(page_size=page_size, page_token=page_token))

    def evict_conversation(self, conversation_id: str, *, force: bool = False) -> str:
        """Take a conversation off its worker and return the worker's id; "" if it was cold already."""
        return self._loop.run(self._client.evict_conversation(conversation_id, force=force))

    def drain_pool(self, *, grace_s: float | None = None) -> pb.Pool:
        """Let the pool take no new turns, and return it at once; watch_pool tells when it is DRAINED."""
        return self._loop.run(self._client.drain_pool(grace_s=grace_s))

    def resume_pool(self) -> pb.Pool:
        """Let a drained pool take turns again."""
        return self._loop.run(self._client.resume_pool())

    def resize_pool(self, **bounds: Any) -> pb.Pool:
        """Change the pool's bounds, those of `hotseat.Client.resize_pool`."""
        return self._loop.run(self._client.resize_pool(**bounds))

    def watch_pool(self, *, min_interval_s: float = 1.0) -> Iterator[pb.WatchPoolResponse]:
        """The pool and every worker, then what changes; it ends when the core stops, or when it is closed."""
        return self._loop.each(self._client.watch_pool(min_interval_s=min_interval_s))

    # ---- keys

    def get_caller(self) -> pb.GetCallerResponse:
        """Whom the core takes this client for, and what it may do."""
        return self._loop.run(self._client.get_caller())

    def create_key(self, request: pb.CreateKeyRequest) -> pb.CreateKeyResponse:
        """A new key with its secret, which is told here and never again."""
        return self._loop.run(self._client.create_key(request))

    def list_keys(self, *, page_size: int = 0, page_token: str = "") -> pb.ListKeysResponse:
        """One page of keys, revoked ones too, the oldest first."""
        return self._loop.run(self._client.list_keys(page_size=page_size, page_token=page_token))

    def update_key(self, request: pb.UpdateKeyRequest) -> pb.Key:
        """Change a key, and return it: what the request does not say stays."""
        return self._loop.run(self._client.update_key(request))

    def revoke_key(self, key_id: str) -> pb.Key:
        """Let a key open nothing any more, and end the streams that it has open."""
        return self._loop.run(self._client.revoke_key(key_id))

    def create_login(self, *, lifetime_s: float | None = None) -> pb.CreateLoginResponse:
        """A code that logs its holder in, once, as this client's key."""
        return self._loop.run(self._client.create_login(lifetime_s=lifetime_s))

    def create_session(self, *, code: str = "", lifetime_s: float | None = None) -> pb.CreateSessionResponse:
        """A session: by a code, which is spent with that, or as this client's key."""
        return self._loop.run(self._client.create_session(code=code, lifetime_s=lifetime_s))

    def end_session(self, secret: str) -> None:
        """End a session; one that has ended is no error."""
        self._loop.run(self._client.end_session(secret))


def _threaded(tool: Tool) -> Tool:
    async def run(said: dict[str, Any]) -> Content:
        outcome = await asyncio.to_thread(tool.run, said)
        return await outcome if inspect.isawaitable(outcome) else outcome

    return replace(tool, run=run)


def _threaded_decision(on_permission: OnPermission) -> AsyncOnPermission:
    async def decide(request: pb.PermissionRequest) -> Decision:
        return await asyncio.to_thread(on_permission, request)

    return decide
