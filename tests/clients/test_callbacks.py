"""Tools and permissions as callbacks of a talk, against a small core on a real socket."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest
from hotseat import Tool, pb

from tests.clients.conftest import connected
from tests.fakes.core import FakeCore, FakeTurn

OPENING = pb.OpenConversation(conversation_id="c1")
CALLS = [
    pb.ToolCall(tool_call_id="t1", name="double", input_json='{"n": 2}'),
    pb.ToolCall(tool_call_id="t2", name="double", input_json='{"n": "x"}'),
]


async def calling(turn: FakeTurn) -> None:
    """Call tools first, and tell the results then."""
    await turn.started()
    if turn.input.tool_results:
        results = {result.tool_call_id: result for result in turn.input.tool_results}
        await turn.text(" ".join(f"{name}={result.content[0].text}" for name, result in sorted(results.items())))
        return await turn.completed()
    completed = pb.TurnCompleted(
        request_id=turn.input.request_id, outcome=pb.TurnCompleted.OUTCOME_TOOL_CALLS, tool_calls=CALLS
    )
    await turn.send(turn_completed=completed)
    return None


def double(said: dict[str, Any]) -> str:
    if not isinstance(said["n"], int):
        raise TypeError("n is no number")
    return str(2 * said["n"])


async def test_tools_are_defined_and_run_and_the_turn_goes_on_with_their_results() -> None:
    core = FakeCore(calling)
    forced = pb.TurnOptions(temperature=0.5, tool_choice=pb.ToolChoice(mode=pb.ToolChoice.MODE_REQUIRED))
    tool = Tool("double", double, description="Twice.", input_schema={"type": "object"})
    async with connected(core) as client, client.converse(OPENING, tools=[tool]) as talk:
        events = [event async for event in talk.ask("go", options=forced)]

    assert [event.turn_completed.text for event in events if event.HasField("turn_completed")][
        -1
    ] == "t1=4 t2=n is no number"
    [definition] = core.openings[0].settings.tools
    assert (definition.name, definition.description, definition.input_schema_json) == (
        "double",
        "Twice.",
        '{"type": "object"}',
    )
    assert [result.is_error for result in core.inputs[1].tool_results] == [False, True]
    # What was forced once is not forced for ever; the other options hold.
    assert core.inputs[1].options == pb.TurnOptions(temperature=0.5)


async def test_calls_of_tools_that_the_talk_has_not_are_the_callers_to_run() -> None:
    core = FakeCore(calling)
    async with connected(core) as client, client.converse(OPENING, tools=[Tool("other", double)]) as talk:
        events = [event async for event in talk.ask("go")]
    assert list(events[-1].turn_completed.tool_calls) == CALLS
    assert len(core.inputs) == 1


async def test_calls_of_one_turn_run_at_the_same_time() -> None:
    met = asyncio.Barrier(2)

    async def meet(said: dict[str, Any]) -> str:
        async with asyncio.timeout(5):
            await met.wait()
        return str(said["n"])

    async with connected(FakeCore(calling)) as client, client.converse(OPENING, tools=[Tool("double", meet)]) as talk:
        events = [event async for event in talk.ask("go")]
    assert events[-1].turn_completed.text == "t1=2 t2=x"


async def asking(turn: FakeTurn) -> None:
    """Ask for a permission, and tell what was decided."""
    await turn.started()
    await turn.send(permission_request=pb.PermissionRequest(permission_id="p1", tool_name="Bash"))
    decision = await turn.decisions.get()
    await turn.text(decision.WhichOneof("decision") or "none")
    await turn.completed()


async def answer_of(core: FakeCore, on_permission: Any) -> str:
    async with connected(core) as client, client.converse(OPENING, on_permission=on_permission) as talk:
        return [event async for event in talk.ask("go")][-1].turn_completed.text


async def test_a_callback_decides() -> None:
    async def decide(request: pb.PermissionRequest) -> pb.PermissionAllow | pb.PermissionDeny:
        return pb.PermissionAllow() if request.tool_name == "Bash" else pb.PermissionDeny()

    assert await answer_of(FakeCore(asking), decide) == "allow"


async def test_a_callback_that_fails_refuses_and_is_raised_by_who_reads() -> None:
    decided: list[str | None] = []

    async def noting(turn: FakeTurn) -> None:
        await turn.started()
        await turn.send(permission_request=pb.PermissionRequest(permission_id="p1"))
        decided.append((await turn.decisions.get()).WhichOneof("decision"))
        await turn.completed()

    async def fail(_: pb.PermissionRequest) -> pb.PermissionAllow:
        raise LookupError("nobody is here")

    with pytest.raises(LookupError, match="nobody is here"):
        await answer_of(FakeCore(noting), fail)
    assert decided == ["deny"]


async def test_leaving_the_talk_stops_asking() -> None:
    pondering, stopped = asyncio.Event(), asyncio.Event()

    async def ponder(_: pb.PermissionRequest) -> pb.PermissionAllow:
        pondering.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return pb.PermissionAllow()

    async with connected(FakeCore(asking)) as client:
        async with client.converse(OPENING, on_permission=ponder) as talk, aclosing(talk.ask("go")) as events:
            async for event in events:
                if event.HasField("permission_request"):
                    break
            await pondering.wait()
        assert stopped.is_set()
