"""The provider broke off in mid-answer: what was told is never contradicted."""

import pytest
from hotseat_core.errors import Reason
from hotseat_core.events import (
    Outcome,
    TextDelta,
    TextRetracted,
    ThinkingDelta,
    ToolCompleted,
    ToolInputDelta,
    ToolStarted,
)
from hotseat_core.worker.translate import TurnTranslator
from hotseat_core.worker.troubles import Troubles

from tests.core.worker.speaking import (
    CLEAN,
    RESULT,
    RETRY,
    a_row,
    abandoned,
    block,
    broken,
    client_text,
    feed,
    results,
    said,
    start,
    stop,
    stream,
    text,
    told,
    tool,
    use,
    whole,
)


@pytest.mark.parametrize(
    ("second", "more"),
    [
        (["one two three"], ["three"]),
        (["one ", "two ", "three"], ["three"]),
        (["o", "n", "e", " two three", " four"], ["three", " four"]),
        (["one two "], []),
    ],
)
def test_a_second_attempt_that_repeats_the_first_is_spliced(second: list[str], more: list[str]) -> None:
    translator = TurnTranslator()
    events = feed(translator, [*broken("one ", "two "), *said("m2", *second), RESULT])
    assert told(events) == [TextDelta("one ", 0), TextDelta("two ", 0), *(TextDelta(piece, 0) for piece in more)]
    assert translator.ending == CLEAN
    assert translator.text == client_text(events) == "".join(second)
    assert translator.rows() == (a_row(text("".join(second))),)
    assert translator.troubles == Troubles(retries=("529",), abandoned_count=1)


@pytest.mark.parametrize(("status", "counted"), [(529, "529"), (None, "none"), ("x", "none"), (10**9, "none")])
def test_the_cli_s_repetitions_are_counted_by_status(status: object, counted: str) -> None:
    translator = TurnTranslator()
    feed(translator, [RETRY | {"error_status": status}, *said("m1", "fine"), RESULT])
    assert translator.troubles == Troubles(retries=(counted,))


@pytest.mark.parametrize("second", [["one three"], ["one"], ["", "x"]])
def test_a_second_attempt_that_differs_fails_the_turn_and_is_not_told(second: list[str]) -> None:
    translator = TurnTranslator()
    events = feed(translator, [*broken("one ", "two "), *said("m2", *second), RESULT])
    assert told(events) == [TextDelta("one ", 0), TextDelta("two ", 0)]
    assert translator.ending is not None
    assert translator.ending.failure is not None
    assert translator.ending.failure.reason is Reason.ATTEMPT_ABANDONED
    assert translator.text == client_text(events) == "one two "


@pytest.mark.parametrize(
    ("second", "kept", "more"),
    [(["one three"], 5, ["hree"]), (["one", " then"], 5, ["hen"]), (["one"], 3, []), (["x", "y"], 0, ["x", "y"])],
)
def test_where_the_client_takes_text_back_it_is_retracted(second: list[str], kept: int, more: list[str]) -> None:
    translator = TurnTranslator(allow_retraction=True)
    events = feed(translator, [*broken("one ", "two "), *said("m2", *second), RESULT])
    assert told(events)[2:] == [TextRetracted(0, kept), *(TextDelta(piece, 0) for piece in more)]
    assert translator.text == client_text(events) == "".join(second)
    assert translator.ending == CLEAN


def test_a_second_attempt_without_the_text_of_the_first_fails_and_what_was_told_stays() -> None:
    translator = TurnTranslator()
    frames = [*broken("one "), start("m2"), *tool(0, "t1", "{}"), whole("m2", use("t1")), *stop("tool_use")]
    events = feed(translator, frames)
    assert translator.ending is not None
    assert translator.ending.outcome is Outcome.FAILED
    assert translator.text == client_text(events) == "one "


def test_a_second_attempt_without_the_text_of_the_first_retracts_it_all() -> None:
    translator = TurnTranslator(allow_retraction=True)
    frames = [*broken("one "), start("m2"), *tool(0, "t1", "{}"), whole("m2", use("t1")), *stop("tool_use")]
    events = feed(translator, frames)
    assert TextRetracted(0, 0) in events
    assert translator.text == client_text(events) == ""
    assert translator.ending is None


def test_a_new_message_start_alone_means_that_the_one_before_broke_off() -> None:
    translator = TurnTranslator()
    events = feed(translator, [start("m1"), *block(0, "one ", stop=False), RETRY, *said("m2", "one two"), RESULT])
    assert told(events) == [TextDelta("one ", 0), TextDelta("two", 0)]
    assert translator.text == "one two"


def test_several_attempts_that_broke_off_are_one_answer() -> None:
    translator = TurnTranslator()
    frames = [
        *broken("one "),
        start("m2"),
        *block(0, "one two ", stop=False),
        *abandoned("m2"),
        start("m3"),
        *block(0, "on", stop=False),
        *abandoned("m3"),
        *said("m4", "one two three"),
        RESULT,
    ]
    events = feed(translator, frames)
    assert told(events) == [TextDelta("one ", 0), TextDelta("two ", 0), TextDelta("three", 0)]
    assert translator.text == "one two three"
    assert translator.rows() == (a_row(text("one two three")),)


def test_thinking_may_differ_at_the_second_attempt() -> None:
    translator = TurnTranslator()
    frames = [
        start("m1"),
        *block(0, "so", kind="thinking"),
        *block(1, "Yes", stop=False),
        *abandoned("m1", open_block=1),
        start("m2"),
        *block(0, "else", kind="thinking"),
        *block(1, "Yes", "."),
        *stop(),
        RESULT,
    ]
    events = told(feed(translator, frames))
    assert events == [ThinkingDelta("so", 0), TextDelta("Yes", 1), ThinkingDelta("else", 2), TextDelta(".", 1)]
    assert translator.text == "Yes."


def test_a_tool_whose_call_was_abandoned_is_completed_as_failed() -> None:
    translator = TurnTranslator()
    frames = [
        start("m1"),
        *tool(0, "t1", '{"comm', stop=False),
        *abandoned("m1"),
        start("m2"),
        *tool(0, "t2", '{"command":"ls"}'),
        whole("m2", use("t2", command="ls")),
        *stop("tool_use"),
    ]
    events = told(feed(translator, frames))
    assert events[:3] == [
        ToolStarted("t1", "Bash", 0),
        ToolInputDelta("t1", '{"comm'),
        ToolCompleted("t1", "The provider broke off; the call was abandoned.", is_error=True),
    ]
    assert events[3] == ToolStarted("t2", "Bash", 1)
    assert translator.open_tools == {"t2"}


def test_blocks_before_the_break_stay() -> None:
    translator = TurnTranslator()
    frames = [
        start("m1"),
        *block(0, "Kept."),
        whole("m1", text("Kept.")),
        *block(1, "half", stop=False),
        *abandoned("m1", from_block=1, open_block=1),
        *said("m2", "half done"),
        RESULT,
    ]
    events = feed(translator, frames)
    assert told(events) == [TextDelta("Kept.", 0), TextDelta("half", 1), TextDelta(" done", 1)]
    assert translator.text == "Kept.\n\nhalf done"
    assert translator.rows() == (a_row(text("Kept."), text("half done")),)


def test_blocks_of_an_abandoned_message_leave_the_rows() -> None:
    translator = TurnTranslator()
    frames = [
        start("m1"),
        *block(0, "Same."),
        whole("m1", text("Same.")),
        *block(1, "ha", stop=False),
        *abandoned("m1", open_block=1),
        start("m2"),
        *block(0, "Same."),
        whole("m2", text("Same.")),
        *block(1, "half"),
        whole("m2", text("half")),
        *stop(),
        RESULT,
    ]
    events = feed(translator, frames)
    assert translator.rows() == (a_row(text("Same."), text("half")),)
    assert translator.text == client_text(events) == "Same.\n\nhalf"


def test_an_abandoned_message_that_names_none_leaves_the_results_of_tools() -> None:
    translator = TurnTranslator()
    frames = [
        start("m1"),
        *tool(0, "t1"),
        whole("m1", use("t1")),
        *stop("tool_use"),
        results(("t1", "x")),
        start("m2"),
        stream({"type": "message_stop"}, abandoned_blocks={}),
        *said("m3", "Done."),
        RESULT,
    ]
    feed(translator, frames)
    assert [row.role for row in translator.rows()] == ["assistant", "user", "assistant"]


def test_an_attempt_that_breaks_off_before_the_one_before_it_keeps_the_blocks_in_their_order() -> None:
    translator = TurnTranslator()
    frames = [
        start("m1"),
        *block(0, "First."),
        *block(1, "Sec", stop=False),
        *abandoned("m1", open_block=1),
        start("m2"),
        *block(0, "Fi", stop=False),
        *abandoned("m2"),
        start("m3"),
        *block(0, "First."),
        *block(1, "Second."),
        *stop(),
        RESULT,
    ]
    events = feed(translator, frames)
    assert told(events) == [TextDelta("First.", 0), TextDelta("Sec", 1), TextDelta("ond.", 1)]
    assert translator.text == client_text(events) == "First.\n\nSecond."
    assert translator.ending == CLEAN
