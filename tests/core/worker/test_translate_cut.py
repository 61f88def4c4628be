"""A turn that is cut anywhere: its rows are whole and hold what the client has."""

from hotseat_core.events import (
    ToolInputCompleted,
)
from hotseat_core.worker.translate import TurnTranslator

from tests.core.worker.speaking import a_row, block, broken, feed, results, start, stop, stream, text, tool, use, whole


def test_cut_in_mid_text_the_rows_hold_what_the_client_has() -> None:
    translator = TurnTranslator()
    feed(translator, [start("m1"), *block(0, "so ", "far", stop=False)])
    assert translator.text == "so far"
    assert translator.rows() == (a_row(text("so far")),)


def test_cut_in_mid_thinking_nothing_is_left() -> None:
    translator = TurnTranslator()
    feed(translator, [start("m1"), *block(0, "so ", kind="thinking", stop=False)])
    assert translator.rows() == ()


def test_cut_in_mid_tool_input_the_text_before_it_is_left() -> None:
    translator = TurnTranslator()
    frames = [start("m1"), *block(0, "Look:"), whole("m1", text("Look:")), *tool(1, "t1", '{"comm', stop=False)]
    events = feed(translator, frames)
    assert not any(isinstance(event, ToolInputCompleted) for event in events)
    assert feed(translator, [stream({"type": "content_block_stop", "index": 1})]) == []
    assert translator.rows() == (a_row(text("Look:")),)
    assert translator.open_tools == {"t1"}


def test_cut_while_a_tool_runs_its_use_is_left_out() -> None:
    translator = TurnTranslator()
    frames = [
        start("m1"),
        *block(0, "Look:"),
        whole("m1", text("Look:")),
        *tool(1, "t1", "{}"),
        whole("m1", use("t1")),
        *stop("tool_use"),
    ]
    feed(translator, frames)
    assert translator.rows() == (a_row(text("Look:")),)


def test_cut_between_attempts_the_rows_hold_what_the_client_has() -> None:
    translator = TurnTranslator()
    feed(translator, broken("one ", "two "))
    assert translator.text == "one two "
    assert translator.rows() == (a_row(text("one two ")),)


def test_cut_at_a_second_attempt_that_is_behind_the_first_nothing_is_lost() -> None:
    translator = TurnTranslator()
    feed(translator, [*broken("one ", "two "), start("m2"), *block(0, "one", stop=False)])
    assert translator.text == "one two "
    assert translator.rows() == (a_row(text("one two ")),)


def test_the_clis_own_cut_of_a_message_adds_nothing() -> None:
    translator = TurnTranslator()
    frames = [start("m1"), *block(0, "par", stop=False), whole("m1", text("par")) | {"aborted": True}]
    feed(translator, frames)
    assert translator.rows() == (a_row(text("par")),)


# ---- who waits for whom


def test_while_a_tool_runs_the_model_is_not_expected_to_speak() -> None:
    translator = TurnTranslator()
    assert translator.is_silence_fine is False
    feed(translator, [start("m1"), *tool(0, "t1", '{"comm', stop=False)])
    assert translator.is_silence_fine is False, "the model has not finished the call"
    feed(translator, [*tool(0, "t1", 'and":"ls"}')[1:], whole("m1", use("t1")), *stop("tool_use")])
    assert translator.is_silence_fine is True
    feed(translator, [results(("t1", "x"))])
    assert translator.is_silence_fine is False
