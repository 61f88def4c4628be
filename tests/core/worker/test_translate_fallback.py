"""The CLI fell back to a call without streaming: its answer comes in whole blocks."""

import pytest
from hotseat_core.errors import Reason
from hotseat_core.events import (
    Outcome,
    TextDelta,
    ThinkingDelta,
    ToolCompleted,
    ToolInputCompleted,
    ToolStarted,
    Usage,
)
from hotseat_core.worker.translate import Ending, TurnTranslator

from tests.core.worker.speaking import (
    CLEAN,
    RESULT,
    Json,
    a_row,
    abandoned,
    block,
    broken,
    client_text,
    feed,
    results,
    said,
    start,
    text,
    told,
    u_row,
    use,
    whole,
)


def test_a_whole_message_that_was_never_streamed_is_told_at_once() -> None:
    translator = TurnTranslator()
    events = feed(translator, [whole("m1", text("All."), usage={"input_tokens": 1, "output_tokens": 2}), RESULT])
    assert events[0] == TextDelta("All.", 0)
    assert translator.ending == CLEAN
    assert translator.text == "All."
    assert translator.rows() == (a_row(text("All.")),)
    assert translator.usage == Usage(1, 2)
    assert translator.step_count == 1


def test_a_fallback_that_repeats_what_was_streamed_is_spliced() -> None:
    translator = TurnTranslator()
    events = feed(translator, [*broken("one ", "two "), whole("m2", text("one two three")), RESULT])
    assert told(events)[2:] == [TextDelta("three", 0)]
    assert translator.ending == CLEAN
    assert translator.text == "one two three"
    assert translator.rows() == (a_row(text("one two three")),)


def test_a_fallback_that_differs_fails_the_turn() -> None:
    translator = TurnTranslator()
    events = feed(translator, [*broken("one ", "two "), whole("m2", text("Another.")), RESULT])
    assert translator.ending is not None
    assert translator.ending.failure is not None
    assert translator.ending.failure.reason is Reason.ATTEMPT_ABANDONED
    assert translator.text == client_text(events) == "one two "


def test_a_fallback_comes_in_one_message_a_block() -> None:
    translator = TurnTranslator()
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    frames = [
        start("m1"),
        *block(0, "hm", kind="thinking"),
        *block(1, "one ", stop=False),
        *abandoned("m1", open_block=1),
        whole("m2", thought, usage={"input_tokens": 4, "output_tokens": 6}),
        whole("m2", text("one two"), usage={"input_tokens": 4, "output_tokens": 6}),
        whole("m2", use("t1", command="ls"), usage={"input_tokens": 4, "output_tokens": 6}),
        results(("t1", "x")),
        *said("m3", "Done."),
        RESULT,
    ]
    events = told(feed(translator, frames))
    assert events == [
        ThinkingDelta("hm", 0),
        TextDelta("one ", 1),
        TextDelta("two", 1),
        ToolStarted("t1", "Bash", 2),
        ToolInputCompleted("t1", '{"command":"ls"}'),
        ToolCompleted("t1", "x", is_error=False),
        TextDelta("Done.", 3),
    ]
    assert translator.ending == CLEAN
    assert translator.usage == Usage(4, 6)
    assert translator.step_count == 3
    assert translator.rows() == (
        a_row(thought, text("one two"), use("t1", command="ls")),
        u_row({"type": "tool_result", "tool_use_id": "t1", "content": "x", "is_error": False}),
        a_row(text("Done.")),
    )


@pytest.mark.parametrize("follower", [RESULT, start("m3"), whole("m3", text("More."))])
def test_a_fallback_is_judged_when_it_is_whole(follower: Json) -> None:
    translator = TurnTranslator()
    frames = [*broken("one "), whole("m2", {"type": "thinking", "thinking": "hm"}), whole("m2", use("t1")), follower]
    events = feed(translator, frames)
    assert translator.ending is not None
    assert translator.ending.failure is not None
    assert translator.ending.failure.reason is Reason.ATTEMPT_ABANDONED
    assert translator.text == client_text(events) == "one "


def test_a_fallback_that_was_truncated_ends_the_turn_with_all_its_blocks() -> None:
    translator = TurnTranslator()
    cut = {"stop_reason": "max_tokens"}
    frames = [whole("m1", text("First."), **cut), whole("m1", text("Second"), **cut), start("m2")]
    feed(translator, frames)
    assert translator.ending == Ending(Outcome.TRUNCATED)
    assert translator.text == "First.\n\nSecond"
    assert translator.rows() == (a_row(text("First."), text("Second")),)
