"""Talking: one stream against a small core on a real socket."""

import asyncio

import grpc
import pytest
from hotseat import HotseatError, pb
from hotseat.talk import user_input

from tests.clients.conftest import connected
from tests.fakes.core import FakeCore, FakeTurn, StreamEnds, abort, failure

OPENING = pb.OpenConversation(conversation_id="c1")


def texts(events: list[pb.ConverseResponse]) -> list[str]:
    return [event.text_delta.text for event in events if event.HasField("text_delta")]


async def test_a_turn_is_yielded_from_its_start_to_its_completion() -> None:
    core = FakeCore()
    async with connected(core) as client, client.converse(OPENING) as talk:
        events = [event async for event in talk.ask("hello world")]

    assert talk.ready.conversation.conversation_id == "c1"
    kinds = [event.WhichOneof("event") for event in events]
    assert kinds == ["turn_started", *["text_delta"] * 4, "turn_completed"]
    assert "".join(texts(events)) == events[-1].turn_completed.text == "You said: hello world"


async def test_several_turns_run_one_after_another_on_one_stream() -> None:
    core = FakeCore()
    async with connected(core) as client, client.converse(OPENING) as talk:
        answers = ["".join(texts([e async for e in talk.ask(said)])) for said in ("one", "two")]

    assert answers == ["You said: one", "You said: two"]
    assert len({said.request_id for said in core.inputs}) == 2


async def test_options_delivery_and_request_id_reach_the_core() -> None:
    core = FakeCore()
    content = [pb.ContentBlock(text="look"), pb.ContentBlock(image=pb.Blob(media_type="image/png", data=b"x"))]
    options = pb.TurnOptions(temperature=0.0, max_output_tokens=9)
    async with connected(core) as client, client.converse(OPENING) as talk:
        asked = talk.ask(content, options=options, request_id="r1", delivery=pb.UserInput.DELIVERY_REJECT)
        _ = [event async for event in asked]

    assert core.inputs == [
        pb.UserInput(request_id="r1", content=content, options=options, delivery=pb.UserInput.DELIVERY_REJECT)
    ]


async def test_a_first_input_travels_with_the_opening() -> None:
    core = FakeCore()
    first = user_input("at once")
    async with connected(core) as client, client.converse(OPENING, first=first) as talk:
        events = [event async for event in talk.turn(first.request_id)]

    assert events[-1].turn_completed.text == "You said: at once"


async def test_events_of_other_turns_are_skipped() -> None:
    async def crowded(turn: FakeTurn) -> None:
        other = pb.TurnStarted(request_id="someone else's")
        await turn.context.write(pb.ConverseResponse(turn=70, turn_started=other))
        await turn.context.write(pb.ConverseResponse(turn=70, text_delta=pb.TextDelta(text="not for you")))
        done = pb.TurnCompleted(request_id="someone else's")
        await turn.context.write(pb.ConverseResponse(turn=70, turn_completed=done))
        await turn.context.write(pb.ConverseResponse(heartbeat=pb.Heartbeat()))
        await turn.started()
        await turn.text("for you")
        await turn.completed()

    async with connected(FakeCore(crowded)) as client, client.converse(OPENING) as talk:
        events = [event async for event in talk.ask("hi")]

    assert texts(events) == ["for you"]


async def test_a_turn_that_fails_before_it_starts_is_still_completed() -> None:
    async def full(turn: FakeTurn) -> None:
        await turn.failed(failure("POOL_FULL"))

    async with connected(FakeCore(full)) as client, client.converse(OPENING) as talk:
        events = [event async for event in talk.ask("hi")]

    assert [event.turn_completed.outcome for event in events] == [pb.TurnCompleted.OUTCOME_FAILED]


async def test_a_rejected_input_is_raised_and_the_stream_goes_on() -> None:
    async def reject_first(turn: FakeTurn) -> None:
        if turn.number == 1:
            rejected = pb.InputRejected(id=turn.input.request_id, error=failure("TURN_RUNNING", "busy", retry_s=1))
            await turn.context.write(pb.ConverseResponse(input_rejected=rejected))
        else:
            await turn.completed()

    async with connected(FakeCore(reject_first)) as client, client.converse(OPENING) as talk:
        with pytest.raises(HotseatError, match="busy") as caught:
            _ = [event async for event in talk.ask("one")]
        assert (caught.value.reason, caught.value.retry_delay) == ("TURN_RUNNING", 1.0)
        assert len([event async for event in talk.ask("two")]) == 1


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        (pb.GoAway.REASON_DRAINING, "POOL_DRAINING"),
        (pb.GoAway.REASON_TAKEN_OVER, "CONVERSATION_OWNED"),
        (pb.GoAway.REASON_EVICTED, "CONVERSATION_OWNED"),
    ],
)
async def test_a_stream_sent_away_before_the_turn_began_raises(why: pb.GoAway.Reason, reason: str) -> None:
    async def away(turn: FakeTurn) -> None:
        await turn.context.write(pb.ConverseResponse(go_away=pb.GoAway(reason=why)))

    async with connected(FakeCore(away)) as client, client.converse(OPENING) as talk:
        with pytest.raises(HotseatError) as caught:
            _ = [event async for event in talk.ask("hi")]

    assert caught.value.reason == reason


async def test_a_draining_server_may_end_the_running_turn_first() -> None:
    async def drains(turn: FakeTurn) -> None:
        await turn.started()
        await turn.context.write(pb.ConverseResponse(go_away=pb.GoAway(reason=pb.GoAway.REASON_DRAINING)))
        await turn.text("to the end")
        await turn.completed()

    async with connected(FakeCore(drains)) as client, client.converse(OPENING) as talk:
        assert texts([event async for event in talk.ask("hi")]) == ["to the end"]


async def test_an_interrupt_from_another_task_ends_the_turn() -> None:
    async def wait(turn: FakeTurn) -> None:
        await turn.started()
        await turn.interrupted.wait()
        await turn.completed(pb.TurnCompleted.OUTCOME_INTERRUPTED)

    core = FakeCore(wait)
    async with connected(core) as client, client.converse(OPENING) as talk, asyncio.TaskGroup() as tasks:
        async for event in talk.ask("hi", request_id="r1"):
            if event.HasField("turn_started"):
                tasks.create_task(talk.interrupt(request_id="r1"))
            last = event

    assert last.turn_completed.outcome == pb.TurnCompleted.OUTCOME_INTERRUPTED
    assert core.interrupts == [pb.Interrupt(request_id="r1")]


@pytest.mark.parametrize(
    ("decision", "kind"),
    [(pb.PermissionAllow(remember_rules=["Bash(ls:*)"]), "allow"), (pb.PermissionDeny(message="no"), "deny")],
)
async def test_a_permission_is_decided_while_the_turn_waits(
    decision: pb.PermissionAllow | pb.PermissionDeny, kind: str
) -> None:
    async def asks(turn: FakeTurn) -> None:
        await turn.started()
        await turn.send(permission_request=pb.PermissionRequest(permission_id="p1", tool_name="Bash"))
        answer = await turn.decisions.get()
        await turn.text(f"{answer.permission_id} {answer.WhichOneof('decision')}")
        await turn.completed()

    async with connected(FakeCore(asks)) as client, client.converse(OPENING) as talk:
        answered = []
        async for event in talk.ask("hi"):
            if event.HasField("permission_request"):
                await talk.decide(event.permission_request.permission_id, decision)
            answered.append(event)

    assert texts(answered) == [f"p1 {kind}"]


async def test_a_refused_opening_raises_its_reason() -> None:
    core = FakeCore()
    core.refuse_open = failure("POOL_DRAINING", "draining", retry_s=3)
    async with connected(core) as client:
        with pytest.raises(HotseatError, match="draining") as caught:
            async with client.converse(OPENING):
                pytest.fail("the block was entered")

    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.UNAVAILABLE, "POOL_DRAINING")
    assert caught.value.retry_delay == 3.0


async def test_a_stream_that_ends_in_mid_turn_raises() -> None:
    async def die(turn: FakeTurn) -> None:
        await turn.started()
        await abort(turn.context, failure("WORKER_LOST", "the CLI died"))

    async with connected(FakeCore(die)) as client, client.converse(OPENING) as talk:
        events = talk.ask("hi")
        assert (await anext(events)).HasField("turn_started")
        for _ in range(2):  # and so does saying more
            with pytest.raises(HotseatError, match="the CLI died") as caught:
                await anext(events)
            assert caught.value.reason == "WORKER_LOST"
            events = talk.ask("again")


async def test_a_stream_that_ends_well_before_its_turn_does_raises() -> None:
    async def leave(turn: FakeTurn) -> None:
        await turn.started()
        raise StreamEnds

    async with connected(FakeCore(leave)) as client, client.converse(OPENING) as talk:
        with pytest.raises(HotseatError, match="before the turn ended"):
            _ = [event async for event in talk.ask("hi")]


async def test_leaving_the_block_in_mid_turn_cancels_the_call() -> None:
    async def hang(turn: FakeTurn) -> None:
        await turn.started()
        await asyncio.Event().wait()

    core = FakeCore(hang)
    async with connected(core) as client:
        async with client.converse(OPENING) as talk:
            async for event in talk.ask("hi"):
                assert event.HasField("turn_started")
                break
        async with asyncio.timeout(1):
            await core.cancelled.wait()


async def test_leaving_the_block_between_turns_ends_the_call_without_a_cancellation() -> None:
    core = FakeCore()
    async with connected(core) as client:
        async with client.converse(OPENING) as talk:
            _ = [event async for event in talk.ask("hi")]
        async with asyncio.timeout(1):
            await core.finished.wait()

    assert not core.cancelled.is_set()


async def test_cancelling_the_task_that_reads_cancels_the_call() -> None:
    async def hang(turn: FakeTurn) -> None:
        await turn.started()
        await asyncio.Event().wait()

    core = FakeCore(hang)
    async with connected(core) as client:
        started = asyncio.Event()

        async def talk_on() -> None:
            async with client.converse(OPENING) as talk:
                async for _ in talk.ask("hi"):
                    started.set()

        async with asyncio.TaskGroup() as tasks:
            talking = tasks.create_task(talk_on())
            await started.wait()
            talking.cancel()
        async with asyncio.timeout(1):
            await core.cancelled.wait()


async def test_two_tasks_reading_one_stream_is_a_plain_mistake() -> None:
    async def hang(turn: FakeTurn) -> None:
        await turn.interrupted.wait()
        await turn.completed(pb.TurnCompleted.OUTCOME_INTERRUPTED)

    core = FakeCore(hang)
    async with connected(core) as client, client.converse(OPENING) as talk, asyncio.TaskGroup() as tasks:
        await talk.say(user_input("hi", request_id="r1"))

        async def read() -> list[pb.ConverseResponse]:
            return [event async for event in talk.turn("r1")]

        first = tasks.create_task(read())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="another task reads"):
            await read()
        await talk.interrupt()
        assert len(await first) == 1
