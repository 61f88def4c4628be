"""Every call, with every kind of key: who may make it, and whose conversations it reaches."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from hotseat import pb
from hotseat.v1 import conversation_service_pb2, key_service_pb2, login_service_pb2, pool_service_pb2
from hotseat.v1.conversation_service_pb2_grpc import ConversationServiceStub
from hotseat.v1.key_service_pb2_grpc import KeyServiceStub
from hotseat.v1.login_service_pb2_grpc import LoginServiceStub
from hotseat.v1.pool_service_pb2_grpc import PoolServiceStub
from hotseat_core.access.caller import Scope
from hotseat_core.access.key import Wanted
from hotseat_core.access.policy import NEEDS

from tests.core.service.conftest import House, Open, OpenHouse, is_misheard, outcome

NONE, WRONG, CONVERSE, OTHER, ADMIN = "none", "wrong", "converse", "other", "admin"
WHO = (NONE, WRONG, CONVERSE, OTHER, ADMIN)

UNKNOWN = (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")
DENIED = (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED")
NO_CONVERSATION = (grpc.StatusCode.NOT_FOUND, "CONVERSATION_NOT_FOUND")
NO_KEY = (grpc.StatusCode.NOT_FOUND, "KEY_NOT_FOUND")
NOTED = str(uuid.uuid4())  # a turn of "c", with a note
OK = (grpc.StatusCode.OK, "")

# What each kind of key gets: "c" is a conversation of the tenant that CONVERSE is of, and OTHER is of another one.
# The key ADMIN has that scope alone, and is of the tenant of CONVERSE.
OWN = {CONVERSE: OK, OTHER: NO_CONVERSATION, ADMIN: DENIED}
LISTED = {CONVERSE: OK, OTHER: OK, ADMIN: DENIED}
ANY = {CONVERSE: OK, OTHER: OK, ADMIN: OK}
STEERING = {CONVERSE: DENIED, OTHER: DENIED, ADMIN: OK}

CALLS: dict[str, tuple[Any, dict[str, tuple[grpc.StatusCode, str]]]] = {
    "Converse": (pb.ConverseRequest(open=Open(conversation_id="c", disposition=Open.DISPOSITION_OPEN)), OWN),
    "GetConversation": (pb.GetConversationRequest(conversation_id="c"), OWN),
    "ListConversations": (pb.ListConversationsRequest(), LISTED),
    "DeleteConversation": (pb.DeleteConversationRequest(conversation_id="c"), OWN),
    "ForkConversation": (pb.ForkConversationRequest(conversation_id="c"), OWN),
    "GetTurn": (pb.GetTurnRequest(conversation_id="c", turn=1), OWN),
    "ListTurns": (pb.ListTurnsRequest(conversation_id="c"), OWN),
    "ListMessages": (pb.ListMessagesRequest(conversation_id="c"), OWN),
    "ExportConversation": (pb.ExportConversationRequest(conversation_id="c"), OWN),
    "UpdateTurnNote": (pb.UpdateTurnNoteRequest(request_id=NOTED, note=pb.TurnNote(label="kept")), OWN),
    "ImportConversation": (pb.ImportConversationRequest(), LISTED),
    "ListNotedTurns": (pb.ListNotedTurnsRequest(label="kept"), LISTED),
    "UpdateConversation": (pb.UpdateConversationRequest(conversation_id="c", set_metadata=True), OWN),
    "ListWorkspaces": (pb.ListWorkspacesRequest(), LISTED),
    "DeleteWorkspace": (pb.DeleteWorkspaceRequest(workspace="none"), LISTED),
    "ListProfiles": (pb.ListProfilesRequest(), ANY),
    "GetPool": (pb.GetPoolRequest(), {NONE: OK, WRONG: OK, **ANY}),
    "ListWorkers": (pb.ListWorkersRequest(), ANY),
    "ListQueuedTurns": (pb.ListQueuedTurnsRequest(), ANY),
    "EvictConversation": (
        pb.EvictConversationRequest(conversation_id="c"),
        {CONVERSE: OK, OTHER: NO_CONVERSATION, ADMIN: OK},
    ),
    "DrainPool": (pb.DrainPoolRequest(), STEERING),
    "ResumePool": (pb.ResumePoolRequest(), STEERING),
    "ResizePool": (pb.ResizePoolRequest(), STEERING),
    "WatchPool": (pb.WatchPoolRequest(), ANY),
    "GetCaller": (pb.GetCallerRequest(), ANY),
    "CreateKey": (pb.CreateKeyRequest(), STEERING),
    "ListKeys": (pb.ListKeysRequest(), STEERING),
    "UpdateKey": (pb.UpdateKeyRequest(key_id="key_none"), {CONVERSE: DENIED, OTHER: DENIED, ADMIN: NO_KEY}),
    "RevokeKey": (pb.RevokeKeyRequest(key_id="key_none"), {CONVERSE: DENIED, OTHER: DENIED, ADMIN: NO_KEY}),
    "CreateLogin": (pb.CreateLoginRequest(), ANY),
    "CreateSession": (pb.CreateSessionRequest(), ANY),
    "EndSession": (pb.EndSessionRequest(secret="none"), {NONE: OK, WRONG: OK, **ANY}),
}


def every_method() -> dict[str, Any]:
    files = (conversation_service_pb2, pool_service_pb2, key_service_pb2, login_service_pb2)
    services = [service for file in files for service in file.DESCRIPTOR.services_by_name.values()]
    return {
        f"/{service.full_name}/{method.name}": method
        for service in services
        for method in service.methods_by_name.values()
    }


def test_the_table_and_the_policy_have_every_method() -> None:
    assert {path.rpartition("/")[2] for path in every_method()} == set(CALLS)
    assert set(every_method()) == set(NEEDS)


class Keyed:
    """A core with a key of every kind."""

    def __init__(self, house: House, secrets: dict[str, str]) -> None:
        self.house = house
        self.secrets = secrets
        channel = house.channel
        stubs = (ConversationServiceStub, PoolServiceStub, KeyServiceStub, LoginServiceStub)
        self.stubs = tuple(stub(channel) for stub in stubs)

    def metadata(self, who: str) -> tuple[tuple[str, str], ...]:
        return () if who == NONE else (("authorization", f"Bearer {self.secrets[who]}"),)

    def method(self, name: str) -> Any:
        return next(getattr(stub, name) for stub in self.stubs if hasattr(stub, name))

    async def call(self, name: str, request: Any, who: str, *more: tuple[str, str]) -> list[Any]:
        """Make the call, whatever its kind; return what came, the first message alone of those without an end."""
        descriptor = next(found for path, found in every_method().items() if path.endswith(f"/{name}"))
        metadata = (*self.metadata(who), *more)
        if descriptor.client_streaming and not descriptor.server_streaming:
            return [await self.method(name)(iter([request]), metadata=metadata)]
        if not descriptor.server_streaming:
            return [await self.method(name)(request, metadata=metadata)]
        if descriptor.client_streaming:
            call = self.method(name)(iter([request]), metadata=metadata)
            return [message async for message in call]
        call = self.method(name)(request, metadata=metadata)
        if name != "WatchPool":
            return [message async for message in call]
        first = await call.read()
        call.cancel()
        return [first]

    async def told(self, name: str, request: Any, who: str) -> tuple[grpc.StatusCode, str]:
        while True:
            try:
                await self.call(name, request, who)
            except grpc.aio.AioRpcError as error:
                if not is_misheard(error):
                    return outcome(error)[:2]
            else:
                return OK


@asynccontextmanager
async def keyed(open_house: OpenHouse, **fields: Any) -> AsyncIterator[Keyed]:
    async with open_house(**fields) as house:
        secrets = {WRONG: "hs_" + "x" * 43}
        for who, tenant, scope in (
            (CONVERSE, "acme", Scope.CONVERSE),
            (OTHER, "umbrella", Scope.CONVERSE),
            (ADMIN, "acme", Scope.ADMIN),
        ):
            wanted = Wanted(name=who, tenant=tenant, scopes=frozenset({scope}))
            secrets[who] = (await house.core.keyring.create(wanted))[1]
        yield Keyed(house, secrets)


async def say(keys: Keyed, who: str, conversation_id: str, text: str, request_id: str = "", **fields: Any) -> list[Any]:
    note = pb.TurnNote(label="kept") if request_id else None
    asked = pb.UserInput(request_id=request_id or str(uuid.uuid4()), content=[pb.ContentBlock(text=text)], note=note)
    opening = Open(conversation_id=conversation_id, first_input=asked, **fields)
    return await keys.call("Converse", pb.ConverseRequest(open=opening), who)


async def test_every_call_with_every_kind_of_key(open_house: OpenHouse) -> None:
    async with keyed(open_house) as keys:
        await say(keys, CONVERSE, "c", "hello", NOTED)
        pieces = await keys.call("ExportConversation", pb.ExportConversationRequest(conversation_id="c"), CONVERSE)
        exported = b"".join(piece.data for piece in pieces)
        wrong = {}
        for name, (request, expected) in CALLS.items():
            for who in WHO:
                if name == "ImportConversation":
                    request.CopyFrom(pb.ImportConversationRequest(conversation_id=f"i-{who}", data=exported))
                told = await keys.told(name, request, who)
                if told != expected.get(who, UNKNOWN):
                    wrong[name, who] = told
                if name == "DeleteConversation" and who == CONVERSE:
                    await say(keys, CONVERSE, "c", "hello again", NOTED)
            if name == "DrainPool":
                await keys.call("ResumePool", pb.ResumePoolRequest(), ADMIN)
        assert wrong == {}


async def test_two_tenants_never_meet(open_house: OpenHouse) -> None:
    async with keyed(open_house) as keys:
        for who, word in ((CONVERSE, "sentinel-acme"), (OTHER, "sentinel-umbrella")):
            heard = await say(keys, who, "same-name", f"remember {word}")
            assert heard[-1].turn_completed.text.strip() == f"you said remember {word}"
        for who, own, foreign in ((CONVERSE, "acme", "umbrella"), (OTHER, "umbrella", "acme")):
            answer = await say(keys, who, "same-name", "recall")
            assert f"sentinel-{own}" in answer[-1].turn_completed.text
            seen = [*answer, *await say(keys, who, "same-name", "hello", start_sequence=1)]
            for name in ("ListConversations", "ListWorkers", "WatchPool"):
                seen += await keys.call(name, CALLS[name][0], who)
            for name in ("GetConversation", "ListTurns", "ListMessages", "ExportConversation"):
                request = type(CALLS[name][0])(conversation_id="same-name")
                seen += await keys.call(name, request, who)
            assert f"sentinel-{foreign}" not in str(seen)
            assert foreign not in str(seen)


async def test_a_tenants_requests_and_histories_are_its_own(open_house: OpenHouse) -> None:
    async with keyed(open_house) as keys:
        asked = pb.UserInput(
            request_id=str(uuid.uuid4()), content=[pb.ContentBlock(text="hello")], fingerprint="the same"
        )
        first = pb.ConverseRequest(open=Open(first_input=asked, find_request=True))
        made: dict[str, list[str]] = {}
        for who in (CONVERSE, OTHER, CONVERSE):
            heard = await keys.call("Converse", first, who)
            made.setdefault(who, []).append(heard[0].ready.conversation.conversation_id)
        assert made[CONVERSE][0] == made[CONVERSE][1] != made[OTHER][0]
        for who in (CONVERSE, OTHER):
            for wanted in (pb.GetTurnRequest(request_id=asked.request_id), pb.GetTurnRequest(fingerprint="the same")):
                (found,) = await keys.call("GetTurn", wanted, who)
                assert found.conversation_id == made[who][0]
        # The whole of what one has said, told by another: it goes on with nothing of the first one's.
        said = [
            pb.HistoryMessage(role=pb.HistoryMessage.ROLE_USER, content=[pb.HistoryBlock(text="hello")]),
            pb.HistoryMessage(role=pb.HistoryMessage.ROLE_ASSISTANT, content=[pb.HistoryBlock(text="you said hello")]),
        ]
        heard = await say(keys, OTHER, "", "on", history=said)
        assert heard[0].ready.conversation.conversation_id == made[OTHER][0]


async def test_an_admin_sees_all_workers_and_acts_for_a_tenant_by_its_name(open_house: OpenHouse) -> None:
    async with keyed(open_house) as keys:
        await say(keys, CONVERSE, "a", "hello")
        await say(keys, OTHER, "b", "hello")
        (listed,) = await keys.call("ListWorkers", pb.ListWorkersRequest(), ADMIN)
        assert {(found.conversation_id, found.tenant) for found in listed.workers} == {("a", "acme"), ("b", "umbrella")}
        request, umbrella = pb.EvictConversationRequest(conversation_id="b"), ("hotseat-tenant", "umbrella")
        assert await keys.told("EvictConversation", request, ADMIN) == NO_CONVERSATION
        (gone,) = await keys.call("EvictConversation", request, ADMIN, umbrella)
        assert gone.worker_id
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await keys.call("ListWorkers", pb.ListWorkersRequest(), CONVERSE, umbrella)
        assert outcome(caught.value)[:2] == DENIED


async def test_a_stranger_learns_of_the_pool_whether_it_serves(open_house: OpenHouse) -> None:
    async with keyed(open_house) as keys:
        await say(keys, CONVERSE, "c", "hello")
        (told,) = await keys.call("GetPool", pb.GetPoolRequest(), NONE)
        assert told.pool == pb.Pool(state=pb.Pool.STATE_ACTIVE)
        (told,) = await keys.call("GetPool", pb.GetPoolRequest(), OTHER)
        assert told.pool.stats.idle_workers == 1


async def end_of(stream: Any) -> tuple[grpc.StatusCode, str]:
    async with asyncio.timeout(5):
        try:
            while await stream.read() is not grpc.aio.EOF:
                pass
        except grpc.aio.AioRpcError as error:
            return outcome(error)[:2]
    return OK


async def test_a_revoked_key_loses_the_streams_that_it_has_open(open_house: OpenHouse) -> None:
    async with keyed(open_house) as keys:
        call = keys.method("Converse")(metadata=keys.metadata(CONVERSE))
        await call.write(pb.ConverseRequest(open=Open(conversation_id="c")))
        assert (await call.read()).HasField("ready")
        watching = keys.method("WatchPool")(pb.WatchPoolRequest(), metadata=keys.metadata(CONVERSE))
        assert (await watching.read()).HasField("pool")
        key_id = next(key.key_id for key in keys.house.core.keyring.keys if key.name == CONVERSE)
        await keys.call("RevokeKey", pb.RevokeKeyRequest(key_id=key_id), ADMIN)
        for stream in (call, watching):
            assert await end_of(stream) == UNKNOWN
        assert await keys.told("ListProfiles", pb.ListProfilesRequest(), CONVERSE) == UNKNOWN
        assert await keys.told("ListProfiles", pb.ListProfilesRequest(), OTHER) == OK


async def test_a_key_that_is_changed_goes_by_its_new_limits_in_the_streams_that_it_has_open(
    open_house: OpenHouse,
) -> None:
    async with keyed(open_house) as keys:
        call = keys.method("Converse")(metadata=keys.metadata(CONVERSE))
        await call.write(pb.ConverseRequest(open=Open(conversation_id="c")))
        assert (await call.read()).HasField("ready")
        key_id = next(key.key_id for key in keys.house.core.keyring.keys if key.name == CONVERSE)
        limits = pb.KeyLimitChanges(requests_per_minute=1)
        (told,) = await keys.call("UpdateKey", pb.UpdateKeyRequest(key_id=key_id, name="renamed", limits=limits), ADMIN)
        assert (told.key.name, told.key.limits.requests_per_minute, told.key.tenant) == ("renamed", 1, "acme")
        for _ in range(2):
            text = pb.ContentBlock(text="hello")
            await call.write(pb.ConverseRequest(user_input=pb.UserInput(request_id=str(uuid.uuid4()), content=[text])))
        async with asyncio.timeout(20):
            while not (heard := await call.read()).HasField("input_rejected"):
                pass
        assert heard.input_rejected.error.reason == pb.ERROR_REASON_RATE_LIMITED
        (cleared,) = await keys.call(
            "UpdateKey", pb.UpdateKeyRequest(key_id=key_id, limits=pb.KeyLimitChanges(requests_per_minute=0)), ADMIN
        )
        assert cleared.key.limits == pb.KeyLimits()
        call.cancel()


async def test_a_key_that_loses_a_scope_loses_the_streams_that_it_has_open(open_house: OpenHouse) -> None:
    async with keyed(open_house) as keys:
        call = keys.method("Converse")(metadata=keys.metadata(CONVERSE))
        await call.write(pb.ConverseRequest(open=Open(conversation_id="c")))
        assert (await call.read()).HasField("ready")
        key_id = next(key.key_id for key in keys.house.core.keyring.keys if key.name == CONVERSE)
        await keys.call("UpdateKey", pb.UpdateKeyRequest(key_id=key_id, scopes=[pb.SCOPE_ADMIN]), ADMIN)
        assert await end_of(call) == UNKNOWN
        assert await keys.told("ListConversations", pb.ListConversationsRequest(), CONVERSE) == DENIED


@pytest.mark.parametrize(
    "shown",
    [
        [("authorization", "Basic aGVsbG86d29ybGQ=")],
        [("authorization", "Bearer")],
        [("authorization", "Bearer ")],
        [("authorization", "bearer hs_' OR 1=1--")],
        [("authorization", "Bearer " + "x" * 4000)],
        [("x-api-key", "hs_no")],
        [("authorization", "Bearer one"), ("x-api-key", "two")],
    ],
)
async def test_what_is_no_key_is_no_key_in_any_form(open_house: OpenHouse, shown: list[tuple[str, str]]) -> None:
    async with keyed(open_house) as keys:
        assert await keys.told("GetCaller", pb.GetCallerRequest(), CONVERSE) == OK
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await keys.call("GetCaller", pb.GetCallerRequest(), NONE, *shown)
        assert outcome(caught.value)[:2] == UNKNOWN


async def test_both_headers_that_clients_use_are_taken(open_house: OpenHouse) -> None:
    async with keyed(open_house) as keys:
        secret = keys.secrets[CONVERSE]
        for shown in (("x-api-key", secret), ("authorization", f"bearer {secret}")):
            (found,) = await keys.call("GetCaller", pb.GetCallerRequest(), NONE, shown)
            assert (found.tenant, list(found.scopes)) == ("acme", [pb.SCOPE_CONVERSE])


async def test_workspaces_that_two_tenants_call_the_same_are_two(open_house: OpenHouse) -> None:
    async with keyed(open_house) as keys:
        settings = pb.ConversationSettings(profile="claude-code", workspace="project")
        found = []
        for who, tenant in ((CONVERSE, "acme"), (OTHER, "umbrella")):
            heard = await say(keys, who, "c", "hello", settings=settings)
            assert heard[-1].turn_completed.outcome == pb.TurnCompleted.OUTCOME_SUCCEEDED
            workspace = (await keys.house.core.tenants.of(tenant).get("c")).runner.workspace
            assert workspace is not None
            assert workspace.is_dir()
            found.append(workspace)
        assert found[0].name == found[1].name
        assert found[0].parent != found[1].parent


async def test_a_session_does_what_its_key_does_and_ends_with_it(open_house: OpenHouse) -> None:
    async with keyed(open_house) as keys:
        (login,) = await keys.call("CreateLogin", pb.CreateLoginRequest(), CONVERSE)
        (session,) = await keys.call("CreateSession", pb.CreateSessionRequest(code=login.code), NONE)
        assert await keys.told("CreateSession", pb.CreateSessionRequest(code=login.code), NONE) == UNKNOWN
        keys.secrets["session"] = session.secret
        (caller,) = await keys.call("GetCaller", pb.GetCallerRequest(), "session")
        assert (caller.tenant, caller.key_name, list(caller.scopes)) == ("acme", CONVERSE, [pb.SCOPE_CONVERSE])
        for name in ("CreateLogin", "CreateSession"):  # it can't be made longer, or handed on
            assert await keys.told(name, CALLS[name][0], "session") == DENIED
        assert await keys.told("ListKeys", pb.ListKeysRequest(), "session") == DENIED
        (made,) = await keys.call("CreateSession", pb.CreateSessionRequest(), CONVERSE)
        keys.secrets["ended"] = made.secret
        assert await keys.told("GetCaller", pb.GetCallerRequest(), "ended") == OK
        await keys.call("EndSession", pb.EndSessionRequest(secret=made.secret), "ended")
        assert await keys.told("GetCaller", pb.GetCallerRequest(), "ended") == UNKNOWN
        await keys.call("RevokeKey", pb.RevokeKeyRequest(key_id=caller.key_id), ADMIN)
        assert await keys.told("GetCaller", pb.GetCallerRequest(), "session") == UNKNOWN


async def test_where_nobody_needs_a_key_there_is_nothing_to_log_in_to(open_house: OpenHouse) -> None:
    async with open_house() as house:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await LoginServiceStub(house.channel).CreateLogin(pb.CreateLoginRequest())
        assert outcome(caught.value)[:2] == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_MESSAGE")
