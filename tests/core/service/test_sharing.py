"""Several streams on a conversation: replay, owners, observers, decisions."""

import asyncio
import uuid
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from hotseat import pb
from hotseat_core import converse

from tests.core.conftest import until
from tests.core.service.conftest import ASKING, Open, OpenHouse


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
        assert len((await house.core.registry.list("", 100, frozenset()))[0]) == 1, (
            "nothing is made for who can't have it"
        )


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
        log = (await house.core.registry.get("c")).log
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
        conversation = await house.core.registry.get("c")
        await until(lambda: conversation.turns != [] and not conversation.is_busy)
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


async def test_who_takes_over_has_the_inputs_of_who_had_to_go(open_house: OpenHouse) -> None:
    async with open_house() as house:
        first = await house.open(client_id="A", detach_timeout=Duration())
        await first.say("hang")
        await first.until("text_delta")
        second = await house.open(client_id="B", detach_timeout=Duration(), disposition=Open.DISPOSITION_TAKE_OVER)
        assert (await first.refused())[:2] == (grpc.StatusCode.ABORTED, "CONVERSATION_OWNED")
        conversation = await house.core.registry.get("c")
        assert conversation.is_busy
        second.call.cancel()
        await until(lambda: not conversation.is_busy)


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
