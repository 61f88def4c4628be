"""Inputs that are said again: they are joined while they run, and answered once more after that."""

import asyncio
import uuid
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from hotseat import pb

from tests.core.conftest import until
from tests.core.service.conftest import House, Line, OpenHouse


def said(text: str, request_id: str, **fields: Any) -> pb.UserInput:
    return pb.UserInput(request_id=request_id, content=[pb.ContentBlock(text=text)], **fields)


async def completed(line: Line) -> pb.TurnCompleted:
    return (await line.until("turn_completed")).turn_completed


async def listed(house: House) -> list[str]:
    found, _ = await house.core.registry.list("", 100, frozenset())
    return [summary.conversation_id for summary in found]


async def running(house: House, request_id: str, **fields: Any) -> Line:
    """A stream whose input is being answered without end."""
    line = await house.open("c", first_input=said("hang", request_id), **fields)
    await line.until("text_delta")
    return line


async def test_an_input_that_has_its_answer_gets_it_once_more_outside_the_log(open_house: OpenHouse) -> None:
    async with open_house() as house:
        request_id = str(uuid.uuid4())
        first = await (await house.open()).ask("hello", request_id=request_id)
        again = await house.open()
        await again.say("hello", request_id)
        repeated = await again.until("turn_completed")
        assert (repeated.sequence, repeated.turn, repeated.turn_completed) == (0, 1, first)
        assert (await again.ask("and now?")).text == "you said and now? "


async def test_a_stream_that_joins_a_running_turn_gets_all_of_it(open_house: OpenHouse) -> None:
    async with open_house() as house:
        request_id = str(uuid.uuid4())
        line = await running(house, request_id)
        joined = await house.open("c", first_input=said("hang", request_id))
        await joined.until("text_delta")
        await line.send(interrupt=pb.Interrupt())
        assert await completed(line) == await completed(joined)
        assert joined.log == line.log


@pytest.mark.parametrize("leaves", ["cancels", "leaves for good"])
async def test_a_turn_that_somebody_joined_goes_on_without_who_asked_first(open_house: OpenHouse, leaves: str) -> None:
    async with open_house() as house:
        request_id = str(uuid.uuid4())
        line = await running(house, request_id, detach_timeout=Duration())
        joined = await house.open("c", first_input=said("hang", request_id), detach_timeout=Duration())
        await joined.until("text_delta")
        conversation = await house.core.registry.get("c")
        if leaves == "cancels":
            line.call.cancel()
            await until(lambda: not conversation.audience.waiting_for(request_id)[1:])
        else:
            await line.send(leave=pb.Leave())
            await line.rest()
        assert conversation.is_busy
        await joined.send(leave=pb.Leave())
        await joined.rest()
        await until(lambda: not conversation.is_busy)
        assert conversation.turns[-1].completed is not None
        assert conversation.turns[-1].completed.outcome.name == "INTERRUPTED"


async def test_who_leaves_for_good_is_not_waited_for(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await running(house, str(uuid.uuid4()), detach_timeout=Duration(seconds=60))
        await line.send(leave=pb.Leave())
        await line.rest()  # the stream ends well
        conversation = await house.core.registry.get("c")
        await until(lambda: not conversation.is_busy)


async def test_what_shall_run_to_its_end_does_so_though_its_client_leaves_for_good(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await running(house, str(uuid.uuid4()))
        await line.send(leave=pb.Leave())
        await line.rest()
        conversation = await house.core.registry.get("c")
        assert conversation.is_busy
        conversation.interrupt()
        await until(lambda: not conversation.is_busy)


async def test_a_stream_without_a_client_id_comes_back_by_its_request(open_house: OpenHouse) -> None:
    async with open_house() as house:
        request_id = str(uuid.uuid4())
        line = await running(house, request_id, detach_timeout=Duration(seconds=60))
        ready, last = line.seen[0].ready, line.log[-1].sequence
        line.call.cancel()
        conversation = await house.core.registry.get("c")
        await until(lambda: conversation.audience.is_empty)
        assert conversation.is_busy
        back = await house.open("c", first_input=said("hang", request_id), start_sequence=last + 1, log_id=ready.log_id)
        await back.send(interrupt=pb.Interrupt())
        await completed(back)
        assert [event.sequence for event in back.log] == list(range(last + 1, last + 1 + len(back.log)))


async def test_inputs_whose_stream_does_not_come_back_in_time_end(open_house: OpenHouse) -> None:
    async with open_house() as house:
        line = await running(house, str(uuid.uuid4()), detach_timeout=Duration(nanos=50_000_000))
        line.call.cancel()
        conversation = await house.core.registry.get("c")
        await until(lambda: not conversation.is_busy)


async def test_an_id_that_was_used_for_another_input_is_rejected(open_house: OpenHouse) -> None:
    async with open_house() as house:
        request_id = str(uuid.uuid4())
        line = await house.open("c", first_input=said("hang", request_id, fingerprint="a"))
        await line.until("text_delta")
        for fingerprint, text in (("b", "while it runs"), ("b", "after its end")):
            await line.say(text, request_id, fingerprint=fingerprint)
            error = (await line.until("input_rejected")).input_rejected.error
            assert error.reason == pb.ERROR_REASON_REQUEST_REUSED
            await line.send(interrupt=pb.Interrupt())
            if text == "while it runs":
                await completed(line)
        for fingerprint in ("a", ""):
            await line.say("hang", request_id, fingerprint=fingerprint)
            assert (await line.until("turn_completed")).sequence == 0


async def test_a_request_is_found_in_a_conversation_that_its_client_can_not_name(open_house: OpenHouse) -> None:
    async with open_house() as house:
        request_id = str(uuid.uuid4())
        line = await house.open("", first_input=said("hang", request_id))
        made = line.seen[0].ready.conversation.conversation_id
        await line.until("text_delta")
        joined = await house.open("", first_input=said("hang", request_id), find_request=True)
        assert joined.seen[0].ready.conversation.conversation_id == made
        await joined.send(interrupt=pb.Interrupt())
        await completed(joined)
        other = await house.open("", first_input=said("hello", request_id))  # it does not ask for that
        assert other.seen[0].ready.conversation.conversation_id != made
        assert len(await listed(house)) == 2


async def test_a_request_is_found_after_a_restart(open_house: OpenHouse) -> None:
    request_id = str(uuid.uuid4())
    async with open_house() as house:
        line = await house.open("", first_input=said("hello", request_id, fingerprint="f"))
        first = await completed(line)
        made = line.seen[0].ready.conversation.conversation_id
    async with open_house() as house:
        again = await house.open("", first_input=said("hello", request_id), find_request=True)
        assert again.seen[0].ready.conversation.conversation_id == made
        assert await completed(again) == first
        for wanted in (pb.GetTurnRequest(request_id=request_id), pb.GetTurnRequest(fingerprint="f")):
            found = await house.stub.GetTurn(wanted)
            assert (found.conversation_id, found.turn.completed) == (made, first)


async def test_one_request_made_many_times_at_once_is_run_once(open_house: OpenHouse) -> None:
    async with open_house() as house:
        request_id = str(uuid.uuid4())
        lines = await asyncio.gather(
            *(house.open("", first_input=said("hello", request_id), find_request=True) for _ in range(8))
        )
        assert len({(await completed(line)).text for line in lines}) == 1
        assert len(await listed(house)) == 1
        assert (await house.core.registry.summary(lines[0].seen[0].ready.conversation.conversation_id)).turn_count == 1


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"turn": 1}, grpc.StatusCode.INVALID_ARGUMENT),
        ({}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"request_id": str(uuid.uuid4()), "fingerprint": "f"}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"request_id": "no uuid"}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"request_id": str(uuid.uuid4())}, grpc.StatusCode.NOT_FOUND),
        ({"fingerprint": "f"}, grpc.StatusCode.NOT_FOUND),
    ],
)
async def test_a_turn_of_any_conversation_is_asked_for_by_what_began_it(
    open_house: OpenHouse, wanted: dict[str, Any], code: grpc.StatusCode
) -> None:
    async with open_house() as house:
        assert (await house.refused("GetTurn", pb.GetTurnRequest(**wanted)))[0] == code
