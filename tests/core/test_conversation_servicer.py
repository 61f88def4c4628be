"""ConversationService as its clients see it: the real server on a unix socket, on fake CLIs."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Self

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status
from hotseat import pb
from hotseat.client import Client
from hotseat.errors import HotseatError
from hotseat.v1.conversation_service_pb2_grpc import ConversationServiceStub
from hotseat_core import converse
from hotseat_core.errors import WorkerStartError
from hotseat_core.server import Core, serve
from hotseat_core.settings import CoreSettings

from tests.core.conftest import MakeCli, until

Open = pb.OpenConversation
ASKING = pb.ConversationSettings(permission_policy=pb.PermissionPolicy(mode=pb.PermissionPolicy.MODE_ASK))


class Line:
    """One Converse stream, message by message."""

    def __init__(self, stub: Any) -> None:
        self.call = stub.Converse()
        self.seen: list[pb.ConverseResponse] = []

    async def open(self, conversation_id: str = "c", **fields: Any) -> Self:
        """Open, and read ready."""
        await self.send(open=Open(conversation_id=conversation_id, **fields))
        await self.until("ready")
        return self

    async def send(self, **member: Any) -> None:
        await self.call.write(pb.ConverseRequest(**member))

    async def say(self, text: str, request_id: str = "", **fields: Any) -> str:
        """Send an input; return its request id."""
        request_id = request_id or str(uuid.uuid4())
        content = [pb.ContentBlock(text=text)]
        await self.send(user_input=pb.UserInput(request_id=request_id, content=content, **fields))
        return request_id

    async def read(self) -> pb.ConverseResponse | None:
        """Return the next message; None: the stream has ended well."""
        message = await self.call.read()
        if message is grpc.aio.EOF:
            return None
        assert isinstance(message, pb.ConverseResponse)
        self.seen.append(message)
        return message

    async def until(self, kind: str) -> pb.ConverseResponse:
        """Read up to the first message of a kind."""
        while (message := await self.read()) is not None:
            if message.WhichOneof("event") == kind:
                return message
        raise AssertionError(f"the stream ended before {kind}: {self.kinds}")

    async def rest(self) -> list[pb.ConverseResponse]:
        """Read to the end."""
        found = []
        while (message := await self.read()) is not None:
            found.append(message)
        return found

    async def ask(self, text: str, **fields: Any) -> pb.TurnCompleted:
        """Say something and read to the end of its turn."""
        request_id = await self.say(text, **fields)
        while True:
            done = (await self.until("turn_completed")).turn_completed
            if done.request_id == request_id:
                return done

    async def refused(self) -> tuple[grpc.StatusCode, str, dict[str, Any]]:
        """Read to the end, which is none; return its code, its reason and its details."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.rest()
        return outcome(caught.value)

    @property
    def kinds(self) -> list[str | None]:
        return [message.WhichOneof("event") for message in self.seen]

    @property
    def log(self) -> list[pb.ConverseResponse]:
        return [message for message in self.seen if message.sequence]


def outcome(error: grpc.aio.AioRpcError) -> tuple[grpc.StatusCode, str, dict[str, Any]]:
    status = rpc_status.from_call(error)  # type: ignore[arg-type] # it has what is needed of a call
    found: dict[str, Any] = {}
    for packed in status.details if status is not None else []:
        name = packed.TypeName().rpartition(".")[2]
        found[name] = getattr(error_details_pb2, name)()
        packed.Unpack(found[name])
    return error.code(), found["ErrorInfo"].reason if "ErrorInfo" in found else "", found


class House:
    """A core that serves, and ways to reach it."""

    def __init__(self, core: Core, channel: grpc.aio.Channel) -> None:
        self.core = core
        self.channel = channel
        self.stub: Any = ConversationServiceStub(channel)
        self.readers: list[asyncio.Task[Any]] = []  # of streams that outlive the block

    def line(self) -> Line:
        return Line(self.stub)

    def read_on(self, line: Line) -> asyncio.Task[tuple[grpc.StatusCode, str, dict[str, Any]]]:
        """Read to the end, which is none, while the server ends."""
        reading = asyncio.create_task(line.refused())
        self.readers.append(reading)
        return reading

    async def open(self, conversation_id: str = "c", **fields: Any) -> Line:
        return await self.line().open(conversation_id, **fields)

    async def refused(self, method: str, request: Any) -> tuple[grpc.StatusCode, str, dict[str, Any]]:
        """The end of a call that is refused."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await getattr(self.stub, method)(request)
        return outcome(caught.value)


OpenHouse = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def open_house(make_cli: MakeCli, tmp_path: Path) -> OpenHouse:
    """Serves on a unix socket (by default: 2 workers, no spares) until the block is left."""

    @asynccontextmanager
    async def opened(*faults: str, **fields: Any) -> AsyncIterator[House]:
        bounds: dict[str, Any] = {"pool_size": 2, "warm_workers": 0, "profile": "claude", "drain_timeout_ms": 50}
        settings = CoreSettings(
            socket=str(tmp_path / "core.sock"),
            data_dir=str(tmp_path / "data"),
            cli_path=str(make_cli(*faults)),
            credential={"ANTHROPIC_API_KEY": "sk-secret"},
            inherited_env={"PATH": os.environ["PATH"]},
            **(bounds | fields),
        )
        async with grpc.aio.insecure_channel(f"unix:{tmp_path}/core.sock") as channel:
            async with serve(settings) as core:
                house = House(core, channel)
                yield house
            await asyncio.gather(*house.readers)

    return opened


# ---- order


async def test_a_stream_begins_with_ready_and_carries_turns(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        ready = line.seen[0].ready
        assert ready.conversation.conversation_id == "c"
        assert ready.conversation.state == pb.Conversation.STATE_COLD
        assert (ready.first_sequence, ready.next_sequence) == (1, 1)
        assert ready.log_id
        done = await line.ask("good day")
        assert (done.text, done.outcome) == ("you said good day ", pb.TurnCompleted.OUTCOME_SUCCEEDED)
        assert line.kinds[1:] == ["turn_started", *["text_delta"] * 4, "usage", "turn_completed"]
        assert "".join(message.text_delta.text for message in line.seen) == done.text
        await line.ask("again")
        assert [message.sequence for message in line.log] == list(range(1, len(line.log) + 1))
        assert [message.turn for message in line.log] == [1] * 7 + [2] * (len(line.log) - 7)
        assert all(message.HasField("event_time") != message.HasField("text_delta") for message in line.log)


async def test_the_first_input_travels_with_the_opening(open_house: OpenHouse) -> None:
    async with open_house() as house:
        said = pb.UserInput(request_id=str(uuid.uuid4()), content=[pb.ContentBlock(text="hello")])
        line = await house.open(first_input=said)
        assert line.kinds == ["ready"]
        assert (await line.until("turn_completed")).turn_completed.request_id == said.request_id
        assert [message.sequence for message in line.log] == list(range(1, len(line.log) + 1))


async def test_a_first_input_that_makes_no_sense_is_rejected_after_ready(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open(first_input=pb.UserInput(request_id="x"))
        assert (await line.until("input_rejected")).input_rejected.id == "x"
        assert (await line.ask("hello")).text == "you said hello "


@pytest.mark.parametrize(
    "first", [{}, {"interrupt": pb.Interrupt()}, {"user_input": pb.UserInput(request_id=str(uuid.uuid4()))}]
)
async def test_a_stream_that_does_not_begin_with_open_is_refused(open_house: OpenHouse, first: dict[str, Any]) -> None:
    async with open_house() as house:
        line = house.line()
        await line.send(**first)
        code, reason, _ = await line.refused()
        assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "PROTOCOL_ORDER")


async def test_a_stream_without_a_word_is_refused(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = house.line()
        await line.call.done_writing()
        assert (await line.refused())[1] == "PROTOCOL_ORDER"


async def test_a_second_open_ends_the_stream(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        await line.send(open=Open(conversation_id="c"))
        assert (await line.refused())[1] == "PROTOCOL_ORDER"


async def test_an_opening_that_makes_no_sense_names_its_field(open_house: OpenHouse) -> None:
    async with open_house() as house:
        for opening, field in (
            (Open(conversation_id="no spaces"), "open.conversation_id"),
            (Open(settings=pb.ConversationSettings(profile="x")), "settings.profile"),
            (Open(history=[pb.HistoryMessage()]), "open.history[0].content"),
        ):
            line = house.line()
            await line.send(open=opening)
            code, reason, details = await line.refused()
            assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_MESSAGE")
            assert details["ErrorInfo"].domain == "hotseat"
            assert details["BadRequest"].field_violations[0].field == field


async def test_what_can_not_be_done_is_rejected_and_the_stream_goes_on(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        for member, rejected, reason in (
            ({"user_input": pb.UserInput(request_id="x")}, "x", pb.ERROR_REASON_INVALID_MESSAGE),
            ({}, "", pb.ERROR_REASON_INVALID_MESSAGE),
            ({"tool_result": pb.ToolResult(tool_call_id="t")}, "t", pb.ERROR_REASON_INVALID_MESSAGE),
            ({"update_settings": pb.UpdateSettings()}, "", pb.ERROR_REASON_INVALID_MESSAGE),
            (
                {"permission_decision": pb.PermissionDecision(permission_id="p", allow=pb.PermissionAllow())},
                "p",
                pb.ERROR_REASON_NOTHING_PENDING,
            ),
        ):
            await line.send(**member)
            found = await line.until("input_rejected")
            assert (found.input_rejected.id, found.input_rejected.error.reason) == (rejected, reason)
            assert found.sequence == 0
        await line.send(interrupt=pb.Interrupt())
        assert (await line.ask("hello")).text == "you said hello "


async def test_an_input_that_will_not_wait_is_rejected(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        await line.say("hang")
        await line.until("text_delta")
        now = await line.say("now", delivery=pb.UserInput.DELIVERY_REJECT)
        rejected = (await line.until("input_rejected")).input_rejected
        assert (rejected.id, rejected.error.reason) == (now, pb.ERROR_REASON_TURN_RUNNING)


# ---- the end of a stream


async def test_after_a_half_close_the_stream_ends_when_all_is_answered(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        said = [await line.say(text) for text in ("one", "two")]
        await line.call.done_writing()
        rest = await line.rest()
        done = [message.turn_completed.request_id for message in rest if message.HasField("turn_completed")]
        assert done == said
        assert await line.call.code() is grpc.StatusCode.OK


async def test_a_half_close_with_nothing_to_answer_ends_the_stream(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        await line.call.done_writing()
        assert await line.rest() == []


async def test_a_half_close_after_a_rejection_ends_the_stream(open_house: OpenHouse) -> None:
    async with open_house("exit") as house:
        line = await house.open()
        await line.say("hello")
        await line.call.done_writing()
        (rejected,) = await line.rest()
        assert rejected.input_rejected.error.reason == pb.ERROR_REASON_WORKER_START
        assert rejected.input_rejected.error.HasField("retry_delay")


async def test_a_client_that_comes_back_and_half_closes_gets_the_rest_of_its_turn(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open(client_id="A")
        request_id = await line.say("hang")
        await line.until("text_delta")
        line.call.cancel()
        back = await house.open(client_id="A", start_sequence=1, log_id=line.seen[0].ready.log_id)
        await back.send(interrupt=pb.Interrupt(request_id=request_id))
        await back.call.done_writing()
        rest = await back.rest()
        assert rest[0].turn_started.request_id == request_id
        assert rest[-1].turn_completed.outcome == pb.TurnCompleted.OUTCOME_INTERRUPTED


async def test_a_cancelled_stream_takes_its_turn_along_where_it_said_so(open_house: OpenHouse) -> None:
    async with open_house() as house:
        watching = await house.open()
        line = await house.open(detach_timeout=Duration())
        await line.say("hang")
        await watching.until("text_delta")
        line.call.cancel()
        done = (await watching.until("turn_completed")).turn_completed
        assert done.outcome == pb.TurnCompleted.OUTCOME_INTERRUPTED
        assert done.text == "so far"


async def test_a_cancelled_stream_leaves_its_turn_where_it_said_nothing(open_house: OpenHouse) -> None:
    async with open_house() as house:
        watching = await house.open()
        line = await house.open()
        await line.say("hang")
        await watching.until("text_delta")
        line.call.cancel()
        await watching.send(interrupt=pb.Interrupt())
        await watching.until("turn_completed")
        assert (await watching.ask("hello")).text == "you said hello "


# ---- replay


async def test_a_broken_stream_is_replayed_from_a_sequence(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        await line.ask("one")
        await line.ask("two")
        log_id = line.seen[0].ready.log_id
        for start in (1, 5, len(line.log)):
            replay = await house.open(start_sequence=start, log_id=log_id)
            assert replay.seen[0].ready.next_sequence == len(line.log) + 1
            await replay.call.done_writing()
            assert await replay.rest() == line.log[start - 1 :]


async def test_without_a_start_only_what_is_new_is_told(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        await line.ask("one")
        late = await house.open()
        await late.ask("two")
        assert late.log[0].sequence == len(line.log) + 1


@pytest.mark.parametrize(
    ("conversation_id", "fields", "code", "reason"),
    [
        ("c", {"start_sequence": 999}, grpc.StatusCode.OUT_OF_RANGE, "REPLAY_LOST"),
        ("c", {"start_sequence": 1, "log_id": "another"}, grpc.StatusCode.OUT_OF_RANGE, "REPLAY_LOST"),
        ("new", {"start_sequence": 2}, grpc.StatusCode.OUT_OF_RANGE, "REPLAY_LOST"),
        ("new", {"start_sequence": 1, "log_id": "lost"}, grpc.StatusCode.NOT_FOUND, "CONVERSATION_NOT_FOUND"),
    ],
)
async def test_a_replay_that_can_not_be_whole_is_refused(
    open_house: OpenHouse, conversation_id: str, fields: dict[str, Any], code: grpc.StatusCode, reason: str
) -> None:
    async with open_house() as house:
        await (await house.open()).ask("one")
        line = house.line()
        await line.send(open=Open(conversation_id=conversation_id, **fields))
        assert (await line.refused())[:2] == (code, reason)
        assert len(house.core.registry.list()) == 1, "nothing is made for who can't have it"


async def test_a_new_conversation_may_be_read_from_its_beginning(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open("new", start_sequence=1)
        await line.ask("hello")
        assert line.log[0].sequence == 1


async def test_a_reader_that_falls_behind_is_told_and_may_come_back(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house() as house:
        line = await house.open()
        log = house.core.registry.get("c").log
        monkeypatch.setattr(log, "_entries", type(log._entries)(maxlen=100))
        blocked = asyncio.Event()
        sending = converse.send

        async def send(stream: Any, message: pb.ConverseResponse) -> None:
            if message.HasField("text_delta"):
                await blocked.wait()
            await sending(stream, message)

        monkeypatch.setattr(converse, "send", send)
        watching = await house.open()
        await line.say("many 5000")
        await until(lambda: house.core.registry.get("c").turns != [] and not house.core.registry.get("c").is_busy)
        blocked.set()
        code, reason, details = await watching.refused()
        assert (code, reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "SLOW_READER")
        assert int(details["ErrorInfo"].metadata["firstSequence"]) > 1
        back = await house.open(start_sequence=log.first_sequence)
        assert (await back.until("turn_completed")).turn == 1


# ---- who may be there


async def test_observers_hear_everything_and_say_nothing(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open(client_id="A")
        watching = await house.open(disposition=Open.DISPOSITION_OBSERVE)
        await watching.say("let me", str(uuid.uuid4()))
        rejected = (await watching.until("input_rejected")).input_rejected
        assert rejected.error.reason == pb.ERROR_REASON_INVALID_MESSAGE
        await watching.call.done_writing()
        await line.ask("hello")
        await watching.until("turn_completed")
        assert watching.log == line.log


async def test_an_observer_of_nothing_is_refused(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = house.line()
        await line.send(open=Open(conversation_id="c", disposition=Open.DISPOSITION_OBSERVE))
        assert (await line.refused())[:2] == (grpc.StatusCode.NOT_FOUND, "CONVERSATION_NOT_FOUND")


async def test_a_second_owner_is_refused_and_may_take_over(open_house: OpenHouse) -> None:
    async with open_house() as house:
        first = await house.open(client_id="A")
        second = house.line()
        await second.send(open=Open(conversation_id="c", client_id="B"))
        code, reason, details = await second.refused()
        assert (code, reason) == (grpc.StatusCode.ABORTED, "CONVERSATION_OWNED")
        assert details["ErrorInfo"].metadata["conversationId"] == "c"
        third = await house.open(client_id="B", disposition=Open.DISPOSITION_TAKE_OVER)
        gone = (await first.until("go_away")).go_away
        assert gone.reason == pb.GoAway.REASON_TAKEN_OVER
        assert (await first.refused())[:2] == (grpc.StatusCode.ABORTED, "CONVERSATION_OWNED")
        assert (await third.ask("hello")).text == "you said hello "


async def test_settings_that_can_not_change_are_refused(open_house: OpenHouse) -> None:
    async with open_house() as house:
        await (await house.open()).ask("hello")
        line = house.line()
        await line.send(open=Open(conversation_id="c", settings=pb.ConversationSettings(profile="claude-code")))
        assert (await line.refused())[:2] == (grpc.StatusCode.FAILED_PRECONDITION, "SETTINGS_MISMATCH")


async def test_silence_is_broken_by_heartbeats(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open(heartbeat_interval=Duration(nanos=1))
        await line.say("hang")
        beat = await line.until("heartbeat")
        assert beat.sequence == 0
        assert beat.heartbeat.state == pb.Conversation.STATE_RUNNING
        assert beat.heartbeat.next_sequence == len(line.log) + 1


@pytest.mark.parametrize(
    ("sent", "interval_s"),
    [
        (None, 15.0),
        (Duration(), 1.0),
        (Duration(seconds=-5), 1.0),
        (Duration(seconds=2, nanos=500_000_000), 2.5),
        (Duration(seconds=9999), 300.0),
    ],
)
def test_the_interval_of_heartbeats_is_bounded(sent: Duration | None, interval_s: float) -> None:
    assert converse.heartbeat_interval(Open(heartbeat_interval=sent)) == interval_s


# ---- permissions


@pytest.mark.parametrize(
    ("decision", "text"),
    [
        ({"allow": pb.PermissionAllow()}, "it ran ls"),
        ({"allow": pb.PermissionAllow(updated_input_json='{"command":"pwd"}')}, "it ran pwd"),
        ({"deny": pb.PermissionDeny(message="not today")}, "it not today"),
        # Doubt refuses.
        ({}, "it The user refused."),
    ],
)
async def test_a_client_decides_on_tools(open_house: OpenHouse, decision: dict[str, Any], text: str) -> None:
    async with open_house() as house:
        line = await house.open(settings=ASKING)
        await line.say("tool ls")
        asked = (await line.until("permission_request")).permission_request
        assert (asked.tool_name, asked.input_json) == ("Bash", '{"command":"ls"}')
        assert asked.HasField("expire_time")
        state = (await house.stub.GetConversation(pb.GetConversationRequest(conversation_id="c"))).conversation.state
        assert state == pb.Conversation.STATE_REQUIRES_ACTION
        await line.send(permission_decision=pb.PermissionDecision(permission_id=asked.permission_id, **decision))
        assert (await line.until("turn_completed")).turn_completed.text == text


# ---- raw


async def test_the_clis_lines_come_outside_of_the_log(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open(include_raw=True)
        await line.ask("hello")
        raw = [message for message in line.seen if message.HasField("raw")]
        assert raw
        assert all(message.sequence == 0 for message in raw)
        assert [message.sequence for message in line.log] == list(range(1, len(line.log) + 1))


# ---- keeping house


async def test_conversations_are_read_listed_forked_and_deleted(open_house: OpenHouse) -> None:
    async with open_house() as house:
        for name in ("a", "b", "c"):
            await (await house.open(name)).ask("hello")
        found = (await house.stub.GetConversation(pb.GetConversationRequest(conversation_id="c"))).conversation
        assert (found.state, found.turn_count, found.usage.output_tokens) == (pb.Conversation.STATE_IDLE, 1, 7)
        assert found.worker_id

        first = await house.stub.ListConversations(pb.ListConversationsRequest(page_size=2))
        second = await house.stub.ListConversations(
            pb.ListConversationsRequest(page_size=2, page_token=first.next_page_token)
        )
        names = [found.conversation_id for page in (first, second) for found in page.conversations]
        assert names == ["c", "b", "a"]
        assert second.next_page_token == ""
        cold = await house.stub.ListConversations(pb.ListConversationsRequest(states=[pb.Conversation.STATE_COLD]))
        assert [found.conversation_id for found in cold.conversations] == ["a"]

        forked = await house.stub.ForkConversation(
            pb.ForkConversationRequest(conversation_id="c", new_conversation_id="d")
        )
        assert forked.conversation.conversation_id == "d"
        assert (await (await house.open("d")).ask("recall")).text == "u:hello | a:you said hello"

        await house.stub.DeleteConversation(pb.DeleteConversationRequest(conversation_id="c"))
        await house.stub.DeleteConversation(pb.DeleteConversationRequest(conversation_id="c", allow_missing=True))
        names = [found.id for found in house.core.registry.list()]
        assert sorted(names) == ["a", "b", "d"]


async def test_turns_are_read_and_listed(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        said = [(await line.ask(text)).request_id for text in ("one", "two", "three")]
        page = await house.stub.ListTurns(pb.ListTurnsRequest(conversation_id="c", page_size=2))
        assert [turn.request_id for turn in page.turns] == said[:2]
        rest = await house.stub.ListTurns(
            pb.ListTurnsRequest(conversation_id="c", page_size=2, page_token=page.next_page_token)
        )
        assert [turn.turn for turn in rest.turns] == [3]
        by_number = (await house.stub.GetTurn(pb.GetTurnRequest(conversation_id="c", turn=2))).turn
        by_request = (await house.stub.GetTurn(pb.GetTurnRequest(conversation_id="c", request_id=said[1]))).turn
        assert by_number == by_request
        assert by_number.input[0].text == "two"
        assert by_number.completed.text == "you said two "


@pytest.mark.parametrize(
    ("method", "request_", "code", "reason"),
    [
        ("GetConversation", pb.GetConversationRequest(), "INVALID_ARGUMENT", "INVALID_MESSAGE"),
        ("GetConversation", pb.GetConversationRequest(conversation_id="x"), "NOT_FOUND", "CONVERSATION_NOT_FOUND"),
        (
            "DeleteConversation",
            pb.DeleteConversationRequest(conversation_id="x"),
            "NOT_FOUND",
            "CONVERSATION_NOT_FOUND",
        ),
        ("ListConversations", pb.ListConversationsRequest(page_size=-1), "INVALID_ARGUMENT", "INVALID_MESSAGE"),
        ("ListConversations", pb.ListConversationsRequest(page_token="x"), "INVALID_ARGUMENT", "INVALID_MESSAGE"),
        ("GetTurn", pb.GetTurnRequest(conversation_id="c", turn=9), "NOT_FOUND", "CONVERSATION_NOT_FOUND"),
        ("GetTurn", pb.GetTurnRequest(conversation_id="c"), "NOT_FOUND", "CONVERSATION_NOT_FOUND"),
        ("ListTurns", pb.ListTurnsRequest(conversation_id="x"), "NOT_FOUND", "CONVERSATION_NOT_FOUND"),
        (
            "ForkConversation",
            pb.ForkConversationRequest(conversation_id="c", new_conversation_id="c"),
            "ALREADY_EXISTS",
            "CONVERSATION_EXISTS",
        ),
        (
            "ForkConversation",
            pb.ForkConversationRequest(conversation_id="c", turn=9),
            "INVALID_ARGUMENT",
            "INVALID_MESSAGE",
        ),
        (
            "ForkConversation",
            pb.ForkConversationRequest(conversation_id="c", new_conversation_id="no spaces"),
            "INVALID_ARGUMENT",
            "INVALID_MESSAGE",
        ),
    ],
)
async def test_a_call_that_can_not_be_says_why(
    open_house: OpenHouse, method: str, request_: Any, code: str, reason: str
) -> None:
    async with open_house() as house:
        await (await house.open()).ask("hello")
        found, why, _ = await house.refused(method, request_)
        assert (found.name, why) == (code, reason)


async def test_deleting_ends_the_streams_and_the_turn(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await house.open()
        await line.say("hang")
        await line.until("text_delta")
        await house.stub.DeleteConversation(pb.DeleteConversationRequest(conversation_id="c"))
        assert (await line.until("go_away")).go_away.reason == pb.GoAway.REASON_EVICTED
        assert (await line.refused())[0] is grpc.StatusCode.ABORTED
        assert "0 running" in repr(house.core.pool)


async def test_the_default_profile_is_listed_first(open_house: OpenHouse) -> None:
    async with open_house() as house:
        profiles = (await house.stub.ListProfiles(pb.ListProfilesRequest())).profiles
        assert [profile.name for profile in profiles] == ["claude", "claude-code"]


async def test_health_and_reflection_are_there(open_house: OpenHouse) -> None:
    async with open_house() as house:
        health: Any = health_pb2_grpc.HealthStub(house.channel)
        for service in ("", "hotseat.v1.ConversationService", "hotseat.v1.PoolService"):
            answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        channel: Any = house.channel
        reflection: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        call = reflection.ServerReflectionInfo()
        await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
        listed = {found.name for found in (await call.read()).list_services_response.service}
        assert {"hotseat.v1.ConversationService", "hotseat.v1.PoolService", "grpc.health.v1.Health"} <= listed
        await call.done_writing()


# ---- the server's end


async def test_a_drain_lets_turns_end_and_sends_streams_away(open_house: OpenHouse) -> None:
    async with open_house(drain_timeout_ms=30_000) as house:
        idle, line = await house.open("idle"), await house.open()
        await line.say("hang")
        await line.until("text_delta")
        house.core.pool.drain(30)
        refused = await house.open("late")
        await refused.say("hello")
        rejected = (await refused.until("input_rejected")).input_rejected
        assert rejected.error.reason == pb.ERROR_REASON_POOL_DRAINING
        await line.send(interrupt=pb.Interrupt())
        await line.until("turn_completed")
        lines = (idle, line, refused)
        endings = [house.read_on(found) for found in lines]
    assert [found.result()[:2] for found in endings] == [(grpc.StatusCode.UNAVAILABLE, "POOL_DRAINING")] * 3
    assert [found.seen[-1].go_away.reason for found in lines] == [pb.GoAway.REASON_DRAINING] * 3


async def test_a_drain_that_is_out_of_patience_interrupts(open_house: OpenHouse) -> None:
    async with open_house(drain_timeout_ms=50) as house:
        line = await house.open()
        await line.say("hang")
        await line.until("text_delta")
        reading = house.read_on(line)
    assert reading.result()[:2] == (grpc.StatusCode.UNAVAILABLE, "POOL_DRAINING")
    assert line.kinds[-2:] == ["turn_completed", "go_away"]
    assert line.seen[-2].turn_completed.outcome == pb.TurnCompleted.OUTCOME_INTERRUPTED


async def test_an_untested_cli_is_refused_unless_it_is_allowed(make_cli: MakeCli, tmp_path: Path) -> None:
    path = make_cli(version="1.0.0")
    settings = CoreSettings(
        socket=str(tmp_path / "core.sock"), data_dir=str(tmp_path / "data"), cli_path=str(path), warm_workers=0
    )
    with pytest.raises(WorkerStartError, match=r"version 1\.0\.0, which hotseat was not tested with"):
        async with serve(settings):
            pass


# ---- through the client


async def test_the_python_client_talks(open_house: OpenHouse) -> None:
    async with open_house() as house, Client(house.core.target) as client:
        async with client.converse(Open(conversation_id="c")) as talk:
            kinds = [event.WhichOneof("event") async for event in talk.ask("good day")]
            assert (kinds[0], kinds[-1]) == ("turn_started", "turn_completed")
            running = talk.ask("hang")
            async for event in running:
                if event.HasField("text_delta"):
                    await talk.interrupt()
            assert event.turn_completed.outcome == pb.TurnCompleted.OUTCOME_INTERRUPTED
        assert (await client.get_conversation("c")).turn_count == 2
        assert [found.conversation_id for found in (await client.list_conversations()).conversations] == ["c"]
        assert (await client.fork_conversation("c", turn=1, new_conversation_id="d")).conversation_id == "d"
        assert [profile.name for profile in await client.list_profiles()] == ["claude", "claude-code"]
        assert (await client.get_pool()).size.max_workers == 2
        await client.delete_conversation("c")
        with pytest.raises(HotseatError) as caught:
            await client.get_conversation("c")
        assert caught.value.reason == "CONVERSATION_NOT_FOUND"


async def test_many_clients_at_once_share_few_workers(open_house: OpenHouse) -> None:
    async with open_house() as house, Client(house.core.target) as client:

        async def one(number: int) -> str:
            async with client.converse(Open()) as talk:
                return [event async for event in talk.ask(f"hello {number}")][-1].turn_completed.text

        answers = await asyncio.gather(*(one(number) for number in range(12)))
        assert answers == [f"you said hello {number} " for number in range(12)]
        assert len(house.core.pool.workers()) <= 2
