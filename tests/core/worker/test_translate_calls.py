"""Turns that end with calls of the client's tools."""

from collections.abc import Sequence

import pytest
from hotseat_core.errors import Reason
from hotseat_core.events import (
    Event,
    Outcome,
    ToolCalled,
    ToolCompleted,
    ToolInputCompleted,
    ToolInputDelta,
    ToolStarted,
    Usage,
)
from hotseat_core.worker.translate import Ending, TurnTranslator

from tests.core.worker.speaking import (
    Json,
    a_row,
    abandoned,
    block,
    feed,
    results,
    start,
    stop,
    text,
    told,
    tool,
    u_row,
    use,
    whole,
)

CALLED = Ending(Outcome.TOOL_CALLS)


def of(*names: str, allow_retraction: bool = False) -> TurnTranslator:
    """A turn whose client runs these tools."""
    return TurnTranslator(allow_retraction=allow_retraction, is_client_tool=lambda name: name in names)


def calling(index: int, tool_id: str, *pieces: str, name: str = "look") -> list[Json]:
    """A call as it is streamed, and its block whole."""
    return tool(index, tool_id, *pieces, name=name)


def look(tool_id: str, **tool_input: str) -> Json:
    return use(tool_id, **tool_input) | {"name": "look"}


def calls_of(events: Sequence[Event]) -> list[ToolCalled]:
    return [event for event in events if isinstance(event, ToolCalled)]


def test_a_call_ends_the_turn_once_its_message_is_whole() -> None:
    translator = of("look")
    before = [
        start("m1", input_tokens=5),
        *block(0, "I look."),
        whole("m1", text("I look.")),
        *calling(1, "t1", '{"a"', ':"b"}'),
        whole("m1", look("t1", a="b")),
    ]
    events = feed(translator, before)
    assert told(events)[1:] == [
        ToolStarted("t1", "look", 1, client_tool=True),
        ToolInputDelta("t1", '{"a"'),
        ToolInputDelta("t1", ':"b"}'),
        ToolInputCompleted("t1", '{"a":"b"}'),
    ]
    assert translator.ending is None
    call = ToolCalled("t1", "look", '{"a":"b"}')
    assert told(feed(translator, stop("tool_use", output_tokens=7))) == [call]
    assert translator.ending == CALLED
    assert translator.calls == (call,)
    assert translator.rows() == (a_row(text("I look."), look("t1", a="b")),)
    assert translator.text == "I look."
    assert translator.usage == Usage(input_tokens=5, output_tokens=7)


def test_calls_of_one_message_come_together_and_in_their_order() -> None:
    translator = of("look")
    frames = [start("m1"), *calling(0, "t1"), whole("m1", look("t1")), *calling(1, "t2"), whole("m1", look("t2"))]
    events = feed(translator, [*frames, *stop("tool_use")])
    assert [call.tool_use_id for call in calls_of(events)] == ["t1", "t2"]
    assert [call.input_json for call in translator.calls] == ["{}", "{}"]
    assert translator.rows() == (a_row(look("t1"), look("t2")),)


def test_the_clis_own_tools_of_the_same_message_end_first() -> None:
    translator = of("look")
    frames = [start("m1"), *tool(0, "t1"), whole("m1", use("t1")), *calling(1, "t2"), whole("m1", look("t2"))]
    assert calls_of(feed(translator, [*frames, *stop("tool_use")])) == []
    assert translator.ending is None
    events = feed(translator, [results(("t1", "ran"))])
    assert told(events) == [ToolCompleted("t1", "ran", is_error=False), ToolCalled("t2", "look", "{}")]
    assert translator.ending == CALLED
    assert [row.role for row in translator.rows()] == ["assistant", "user"]


def test_what_the_cli_makes_up_for_a_call_is_no_result() -> None:
    translator = of("look", "made_up")
    frames = [start("m1"), *calling(0, "t1", name="made_up"), whole("m1", look("t1"))]
    assert feed(translator, [*frames, results(("t1", "no such tool"), is_error=True)])[-1:] != []
    feed(translator, stop("tool_use"))
    assert translator.ending == CALLED
    assert translator.rows() == (a_row(look("t1")),)


@pytest.mark.parametrize(("reason", "outcome"), [("max_tokens", Outcome.TRUNCATED), ("refusal", Outcome.REFUSED)])
def test_a_message_that_was_cut_has_no_calls(reason: str, outcome: Outcome) -> None:
    translator = of("look")
    frames = [start("m1"), *block(0, "hm"), whole("m1", text("hm")), *calling(1, "t1"), whole("m1", look("t1"))]
    events = feed(translator, [*frames, *stop(reason)])
    assert calls_of(events) == []
    assert translator.ending == Ending(outcome)
    assert translator.rows() == (a_row(text("hm")),)


def test_a_call_without_an_object_fails_the_turn() -> None:
    translator = of("look")
    feed(translator, [start("m1"), *calling(0, "t1", '{"a'), whole("m1", look("t1")), *stop("tool_use")])
    assert translator.ending is not None
    assert translator.ending.failure is not None
    assert translator.ending.failure.reason is Reason.PROVIDER


def test_a_call_that_was_told_and_is_abandoned_fails_the_turn() -> None:
    translator = of("look")
    feed(translator, [start("m1"), *calling(0, "t1", "{"), *abandoned("m1", open_block=None)])
    assert translator.ending is not None
    assert translator.ending.failure is not None
    assert translator.ending.failure.reason is Reason.ATTEMPT_ABANDONED


def test_where_it_may_be_taken_back_the_second_attempts_calls_count() -> None:
    translator = of("look", allow_retraction=True)
    events = feed(translator, [start("m1"), *calling(0, "t1", "{"), *abandoned("m1", open_block=None)])
    assert [event.tool_use_id for event in events if isinstance(event, ToolCompleted)] == ["t1"]
    feed(translator, [start("m2"), *calling(0, "t2"), whole("m2", look("t2")), *stop("tool_use")])
    assert [call.tool_use_id for call in translator.calls] == ["t2"]
    assert translator.rows() == (a_row(look("t2")),)


def test_a_message_that_was_not_streamed_is_whole_when_the_cli_runs_its_calls() -> None:
    translator = of("look")
    frames = [whole("m1", text("hm"), stop_reason="tool_use"), whole("m1", look("t1", a="b"), stop_reason="tool_use")]
    feed(translator, [*frames, whole("m1", look("t2"), stop_reason="tool_use")])
    assert translator.ending is None
    assert [call.tool_use_id for call in calls_of(translator.finish_whole())] == ["t1", "t2"]
    assert translator.ending == CALLED
    assert translator.rows() == (a_row(text("hm"), look("t1", a="b"), look("t2")),)
    assert translator.finish_whole() == []


def test_a_streamed_message_is_not_whole_when_the_cli_runs_its_first_call() -> None:
    translator = of("look")
    feed(translator, [start("m1"), *calling(0, "t1"), whole("m1", look("t1"))])
    assert translator.finish_whole() == []
    assert translator.ending is None


def test_without_tools_of_the_client_nothing_changes() -> None:
    translator = of()
    frames = [start("m1"), *tool(0, "t1"), whole("m1", use("t1")), *stop("tool_use"), results(("t1", "ran"))]
    feed(translator, frames)
    assert translator.ending is None
    assert translator.rows() == (a_row(use("t1")), u_row(results(("t1", "ran"))["message"]["content"][0]))
