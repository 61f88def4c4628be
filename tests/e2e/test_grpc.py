"""The gRPC API against the real CLI: events, interrupts, forks, turns."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from hotseat import HotseatError, pb
from hotseat.talk import user_input

from tests.e2e.house import House, new_id, said, tag

pytestmark = pytest.mark.asyncio(loop_scope="session")

INTERRUPTED = pb.TurnCompleted.OUTCOME_INTERRUPTED
SUCCEEDED = pb.TurnCompleted.OUTCOME_SUCCEEDED


def opening(conversation: str = "", profile: str = "claude", **fields: Any) -> pb.OpenConversation:
    settings = pb.ConversationSettings(profile=profile)
    return pb.OpenConversation(conversation_id=conversation, settings=settings, **fields)


def text_of(events: Iterable[pb.ConverseResponse]) -> str:
    return "".join(event.text_delta.text for event in events)


def kinds(events: Iterable[pb.ConverseResponse]) -> list[str]:
    return [str(event.WhichOneof("event")) for event in events]


async def ask(house: House, conversation: str, text: str, profile: str = "claude") -> list[pb.ConverseResponse]:
    """One turn on a stream of its own."""
    async with asyncio.timeout(20), house.grpc.converse(opening(conversation, profile)) as talk:
        return [event async for event in talk.ask(text)]


async def first(events: AsyncIterator[pb.ConverseResponse], kind: str, seconds: float = 10) -> pb.ConverseResponse:
    """The next event of this kind."""
    async with asyncio.timeout(seconds):
        async for event in events:
            if event.WhichOneof("event") == kind:
                return event
    raise AssertionError(f"the stream ended without {kind}")


async def test_a_turn_s_events_come_in_order_and_without_gaps(house: House) -> None:
    conversation = new_id()
    events = await ask(house, conversation, f"[[think hm]] [[tokens 20]] [[usage in=3 out=4]] {tag()}")
    assert kinds(events)[0] == "turn_started"
    assert kinds(events)[-1] == "turn_completed"
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert {event.turn for event in events} == {1}
    assert "".join(event.thinking_delta.text for event in events) == "hm"
    assert kinds(events).count("text_delta") == 20
    completed = events[-1].turn_completed
    assert completed.outcome == SUCCEEDED
    assert completed.text == text_of(events) == " ".join(f"w{number}" for number in range(20))
    assert (completed.usage.input_tokens, completed.usage.output_tokens, completed.step_count) == (3, 4, 1)
    found = await house.grpc.get_conversation(conversation)
    assert (found.state, found.turn_count) == (pb.Conversation.STATE_IDLE, 1)


async def test_several_turns_go_over_one_stream(house: House) -> None:
    async with house.grpc.converse(opening()) as talk:
        texts = [f"[[say answer {number}]] {tag()}" for number in range(3)]
        for number, text in enumerate(texts):
            events = [event async for event in talk.ask(text)]
            assert text_of(events) == f"answer {number}"
            assert events[0].turn_started.worker_source == (
                pb.WORKER_SOURCE_HOT if number else events[0].turn_started.worker_source
            )
    assert len(said(house.asked(texts[-1])[-1].messages)) == 5


async def test_an_agent_s_tool_use_is_told(house: House) -> None:
    text = f'[[say first]] [[call Bash {{"command": "echo from-the-shell"}}]] [[then]] [[say second]] {tag()}'
    events = await ask(house, new_id(), text, "claude-code")
    by_kind = dict(zip(kinds(events), events, strict=True))
    started, whole, ended = (
        by_kind["tool_started"].tool_started,
        by_kind["tool_input_completed"].tool_input_completed,
        by_kind["tool_completed"].tool_completed,
    )
    assert started.name == "Bash"
    assert started.tool_use_id == whole.tool_use_id == ended.tool_use_id
    assert whole.input_json == '{"command": "echo from-the-shell"}'
    assert "".join(event.tool_input_delta.json for event in events) == whole.input_json
    assert ([block.text for block in ended.content], ended.is_error) == (["from-the-shell"], False)
    completed = events[-1].turn_completed
    assert (completed.text, completed.step_count) == ("first\n\nsecond", 2)


async def test_an_interrupt_stops_the_model_and_keeps_what_was_said(house: House) -> None:
    conversation, text = new_id(), f"[[tokens 5000]] [[delay 10]] {tag()}"
    async with house.grpc.converse(opening(conversation)) as talk:
        turn = talk.ask(text)
        events = []
        async with asyncio.timeout(10):
            async for event in turn:
                events.append(event)
                if kinds(events).count("text_delta") == 6:
                    break
            await talk.interrupt()
            await house.demo.wait_until(lambda: house.asked(text)[-1].client_gone, timeout=0.3)
            events += [event async for event in turn]
        completed = events[-1].turn_completed
        assert completed.outcome == INTERRUPTED
        assert completed.text == text_of(events)
        worker = await house.until_idle(conversation)
        following = f"[[say on]] {tag()}"
        assert text_of([event async for event in talk.ask(following)]) == "on"
    assert said(house.asked(following)[-1].messages) == [
        ("user", text),
        ("assistant", completed.text),
        ("user", following),
    ]
    assert (await house.until_idle(conversation)).pid == worker.pid


async def test_an_input_that_interrupts_takes_the_running_one_s_place(house: House) -> None:
    text, second = f"[[tokens 5000]] [[delay 10]] {tag()}", f"[[say instead]] {tag()}"
    async with house.grpc.converse(opening()) as talk, asyncio.timeout(20):
        turn = talk.ask(text)
        await first(turn, "text_delta")
        events = [event async for event in talk.ask(second, delivery=pb.UserInput.DELIVERY_INTERRUPT)]
    assert text_of(events) == "instead"
    turns = await list_turns(house, talk.ready.conversation.conversation_id)
    assert [found.completed.outcome for found in turns] == [INTERRUPTED, SUCCEEDED]


async def list_turns(house: House, conversation: str) -> list[pb.Turn]:
    stub = house.grpc._conversations
    listed = await stub.ListTurns(pb.ListTurnsRequest(conversation_id=conversation), timeout=10)
    return list(listed.turns)


async def test_turns_are_listed_and_read(house: House) -> None:
    conversation, texts = new_id(), [f"[[say answer {number}]] {tag()}" for number in range(2)]
    for text in texts:
        await ask(house, conversation, text)
    turns = await list_turns(house, conversation)
    assert [(found.turn, found.input[0].text, found.completed.text) for found in turns] == [
        (1, texts[0], "answer 0"),
        (2, texts[1], "answer 1"),
    ]
    request = pb.GetTurnRequest(conversation_id=conversation, request_id=turns[1].request_id)
    assert (await house.grpc._conversations.GetTurn(request, timeout=10)).turn == turns[1]


async def test_a_fork_begins_as_its_source_did_and_leaves_it_alone(house: House) -> None:
    conversation, texts = new_id(), [f"[[say answer {number}]] {tag()}" for number in range(2)]
    for text in texts:
        await ask(house, conversation, text)
    forked = await house.grpc.fork_conversation(conversation, turn=1)
    branch, main = f"[[say branch]] {tag()}", f"[[say main]] {tag()}"
    await ask(house, forked.conversation_id, branch)
    await ask(house, conversation, main)
    opened = [("user", texts[0]), ("assistant", "answer 0")]
    assert said(house.asked(branch)[-1].messages) == [*opened, ("user", branch)]
    assert said(house.asked(main)[-1].messages) == [
        *opened,
        ("user", texts[1]),
        ("assistant", "answer 1"),
        ("user", main),
    ]


async def test_a_deleted_conversation_ends_its_turn_and_its_worker(house: House) -> None:
    conversation, text = new_id(), f"[[tokens 5000]] [[delay 10]] {tag()}"
    async with house.grpc.converse(opening(conversation)) as talk:
        turn = talk.ask(text)
        await first(turn, "text_delta")
        worker = await house.worker(conversation)
        await house.grpc.delete_conversation(conversation)
        with pytest.raises(HotseatError):
            async with asyncio.timeout(10):
                [event async for event in turn]
    assert house.of(worker.worker_id) == []
    assert house.asked(text)[-1].client_gone
    with pytest.raises(HotseatError) as caught:
        await house.grpc.get_conversation(conversation)
    assert caught.value.reason == "CONVERSATION_NOT_FOUND"


async def test_conversations_are_listed_page_by_page(house: House) -> None:
    conversations = [new_id() for _ in range(3)]
    for conversation in conversations:
        await ask(house, conversation, f"[[say x]] {tag()}")
    page = await house.grpc.list_conversations(page_size=2)
    assert [found.conversation_id for found in page.conversations] == conversations[:0:-1]
    following = await house.grpc.list_conversations(page_size=2, page_token=page.next_page_token)
    assert following.conversations[0].conversation_id == conversations[0]


async def test_an_input_sent_twice_is_run_once(house: House) -> None:
    text = f"[[say once]] {tag()}"
    async with house.grpc.converse(opening()) as talk:
        given = user_input(text)
        for _ in range(2):
            await talk.send(pb.ConverseRequest(user_input=given))
        events = [event async for event in talk.turn(given.request_id)]
        assert text_of(events) == "once"
        assert text_of([event async for event in talk.ask(f"[[say next]] {tag()}")]) == "next"
    assert len(house.asked(text)) == 1


async def test_the_standard_health_service_says_that_it_serves(house: House) -> None:
    async with grpc.aio.insecure_channel(house.core.address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        for name in ("", "hotseat.v1.ConversationService", "hotseat.v1.PoolService"):
            answer = await stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=5)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
