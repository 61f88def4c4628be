"""Converse as its clients see it: order, refusals, and the end of a stream."""

import uuid
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from hotseat import pb

from tests.core.service.conftest import Open, OpenHouse


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
