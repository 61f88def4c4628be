"""The CLI's messages of a turn to events, by the exact JSON that the CLI was seen to send."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hotseat_core.errors import Reason
from hotseat_core.events import (
    Event,
    Notice,
    NoticeKind,
    Outcome,
    TextDelta,
    TextRetracted,
    ThinkingDelta,
    ToolCompleted,
    ToolInputCompleted,
    ToolInputDelta,
    ToolStarted,
    Usage,
    UsageReported,
)
from hotseat_core.worker.rows import Row
from hotseat_core.worker.translate import Ending, TurnTranslator

Json = dict[str, Any]
CLEAN = Ending(Outcome.SUCCEEDED, clean=True)
RESULT: Json = {"type": "result", "subtype": "success", "is_error": False, "result": "", "num_turns": 1}
RETRY: Json = {
    "type": "system",
    "subtype": "api_retry",
    "attempt": 1,
    "max_retries": 10,
    "retry_delay_ms": 550.2,
    "error_status": 529,
    "error": "overloaded",
}


def stream(event: Json, **beside: Any) -> Json:
    return {"type": "stream_event", "event": event, "parent_tool_use_id": None, **beside}


def start(message_id: str, **usage: int) -> Json:
    return stream({"type": "message_start", "message": {"id": message_id, "usage": usage}})


def block(index: int, *pieces: str, kind: str = "text", stop: bool = True) -> list[Json]:
    frames = [stream({"type": "content_block_start", "index": index, "content_block": {"type": kind, kind: ""}})]
    for piece in pieces:
        delta = {"type": f"{kind}_delta", kind: piece}
        frames.append(stream({"type": "content_block_delta", "index": index, "delta": delta}))
    return [*frames, stream({"type": "content_block_stop", "index": index})] if stop else frames


def tool(index: int, tool_id: str, *pieces: str, name: str = "Bash", stop: bool = True) -> list[Json]:
    opened = {"type": "tool_use", "id": tool_id, "name": name, "input": {}}
    frames = [stream({"type": "content_block_start", "index": index, "content_block": opened})]
    for piece in pieces:
        delta = {"type": "input_json_delta", "partial_json": piece}
        frames.append(stream({"type": "content_block_delta", "index": index, "delta": delta}))
    return [*frames, stream({"type": "content_block_stop", "index": index})] if stop else frames


def use(tool_id: str, **tool_input: str) -> Json:
    return {"type": "tool_use", "id": tool_id, "name": "Bash", "input": tool_input}


def text(said: str) -> Json:
    return {"type": "text", "text": said}


def whole(message_id: str, *content: Json, **fields: Any) -> Json:
    message = {"id": message_id, "model": "m", "role": "assistant", "content": list(content), "stop_reason": None}
    return {"type": "assistant", "message": message | fields, "parent_tool_use_id": None}


def results(*answers: tuple[str, str], is_error: bool = False) -> Json:
    blocks = [{"type": "tool_result", "tool_use_id": i, "content": c, "is_error": is_error} for i, c in answers]
    return {"type": "user", "message": {"role": "user", "content": blocks}, "parent_tool_use_id": None}


def stop(reason: str | None = "end_turn", **usage: int) -> list[Json]:
    delta = {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}
    return [stream(delta), stream({"type": "message_stop"})]


def said(message_id: str, *pieces: str, reason: str = "end_turn") -> list[Json]:
    """A message of one text block, as the CLI sends it."""
    return [start(message_id), *block(0, *pieces), whole(message_id, text("".join(pieces))), *stop(reason)]


def abandoned(message_id: str, from_block: int = 0, *, open_block: int | None = 0) -> list[Json]:
    """What the CLI sends when the provider broke off."""
    beside = {"abandoned_blocks": {"api_message_id": message_id, "from_block_index": from_block}}
    closing = [] if open_block is None else [stream({"type": "content_block_stop", "index": open_block})]
    return [*closing, stream({"type": "message_stop"}, **beside), RETRY]


def feed(translator: TurnTranslator, frames: Sequence[Json]) -> list[Event]:
    """Feed messages as the worker does: nothing after the ending."""
    events: list[Event] = []
    for frame in frames:
        if translator.ending is None:
            events += translator.feed(json.loads(json.dumps(frame)))
    return events


def told(events: Sequence[Event]) -> list[Event]:
    """The events that matter to a reader."""
    return [event for event in events if not isinstance(event, UsageReported | Notice)]


def client_text(events: Sequence[Event]) -> str:
    """The answer as a client puts it together."""
    blocks: dict[int, str] = {}
    for event in events:
        if isinstance(event, TextDelta):
            blocks[event.block] = blocks.get(event.block, "") + event.text
        elif isinstance(event, TextRetracted):
            blocks[event.block] = blocks[event.block][: event.kept_length]
    return "\n\n".join(said for _, said in sorted(blocks.items()) if said)


def a_row(*content: Json) -> Row:
    return Row("assistant", content)


def u_row(*content: Json) -> Row:
    return Row("user", content)


# ---- plain turns


def test_a_plain_answer() -> None:
    translator = TurnTranslator()
    frames = [
        {"type": "system", "subtype": "init", "session_id": "s"},
        start("m1", input_tokens=3, cache_read_input_tokens=2),
        *block(0, "Hel", "lo"),
        whole("m1", text("Hello")),
        *stop(output_tokens=9, cache_creation_input_tokens=4),
        RESULT,
    ]
    usage = Usage(3, 9, 2, 4)
    assert feed(translator, frames) == [TextDelta("Hel", 0), TextDelta("lo", 0), UsageReported(usage)]
    assert translator.ending == CLEAN
    assert translator.text == "Hello"
    assert translator.rows() == (a_row(text("Hello")),)
    assert (translator.usage, translator.step_count) == (usage, 1)


def test_an_answer_with_thinking_and_a_tool() -> None:
    translator = TurnTranslator()
    thought = {"type": "thinking", "thinking": "hm", "signature": "sig"}
    frames = [
        start("m1", input_tokens=1),
        *block(0, "hm", kind="thinking"),
        whole("m1", thought),
        *block(1, "Let me look."),
        whole("m1", text("Let me look.")),
        *tool(2, "t1", "", '{"comm', 'and":"ls"}'),
        whole("m1", use("t1", command="ls")),
        *stop("tool_use", output_tokens=5),
        results(("t1", "a.txt")),
        start("m2", input_tokens=2),
        *block(0, "One file."),
        whole("m2", text("One file.")),
        *stop(output_tokens=6),
        RESULT,
    ]
    assert feed(translator, frames) == [
        ThinkingDelta("hm", 0),
        TextDelta("Let me look.", 1),
        ToolStarted("t1", "Bash", 2),
        ToolInputDelta("t1", '{"comm'),
        ToolInputDelta("t1", 'and":"ls"}'),
        ToolInputCompleted("t1", '{"command":"ls"}'),
        UsageReported(Usage(1, 5)),
        ToolCompleted("t1", "a.txt", is_error=False),
        TextDelta("One file.", 3),
        UsageReported(Usage(2, 6)),
    ]
    assert translator.text == "Let me look.\n\nOne file."
    assert translator.rows() == (
        a_row(thought, text("Let me look."), use("t1", command="ls")),
        u_row({"type": "tool_result", "tool_use_id": "t1", "content": "a.txt", "is_error": False}),
        a_row(text("One file.")),
    )
    assert translator.usage == Usage(3, 11)
    assert translator.step_count == 2


def test_parallel_tools_whose_results_come_before_their_message_ends() -> None:
    translator = TurnTranslator()
    frames = [
        start("m1"),
        *tool(0, "t1", '{"command":"a"}'),
        whole("m1", use("t1", command="a")),
        *tool(1, "t2", stop=False),
        results(("t1", "first")),
        *tool(1, "t2", '{"command":"b"}')[1:],
        whole("m1", use("t2", command="b")),
        *stop("tool_use"),
        results(("t2", "second"), is_error=True),
        *said("m2", "Done."),
        RESULT,
    ]
    events = feed(translator, frames)
    assert [event for event in events if isinstance(event, ToolCompleted)] == [
        ToolCompleted("t1", "first", is_error=False),
        ToolCompleted("t2", "second", is_error=True),
    ]
    assert [row.role for row in translator.rows()] == ["assistant", "user", "assistant"]
    assert [block["id"] for block in translator.rows()[0].content] == ["t1", "t2"]
    assert [block["tool_use_id"] for block in translator.rows()[1].content] == ["t1", "t2"]
    assert translator.open_tools == set()


def test_what_a_tool_said_is_its_text_alone() -> None:
    translator = TurnTranslator()
    answer = [text("one"), {"type": "image", "source": {}}, text("two")]
    block_ = {"type": "tool_result", "tool_use_id": "t1", "content": answer}
    frames = [start("m1"), *tool(0, "t1"), {"type": "user", "message": {"role": "user", "content": [block_]}}]
    assert feed(translator, frames)[-1] == ToolCompleted("t1", "one\ntwo", is_error=False)


def test_a_tool_without_input_has_an_empty_object() -> None:
    assert feed(TurnTranslator(), [start("m1"), *tool(0, "t1")]) == [
        ToolStarted("t1", "Bash", 0),
        ToolInputCompleted("t1", "{}"),
    ]


def test_a_subagent_shows_its_tools_and_keeps_its_words() -> None:
    translator = TurnTranslator()
    inner_use = whole("s1", text("I look"), use("t2", command="ls")) | {"parent_tool_use_id": "t1"}
    frames = [
        start("m1"),
        *tool(0, "t1", "{}", name="Task"),
        whole("m1", use("t1")),
        *stop("tool_use"),
        stream({"type": "message_start", "message": {"id": "s1"}}) | {"parent_tool_use_id": "t1"},
        inner_use,
        results(("t2", "files")) | {"parent_tool_use_id": "t1"},
        results(("t1", "report")),
        *said("m2", "Done."),
        RESULT,
    ]
    events = told(feed(translator, frames))
    assert events[3:7] == [
        ToolStarted("t2", "Bash", 1, parent_tool_use_id="t1"),
        ToolInputCompleted("t2", '{"command":"ls"}'),
        ToolCompleted("t2", "files", is_error=False),
        ToolCompleted("t1", "report", is_error=False),
    ]
    assert translator.text == "Done."
    assert translator.step_count == 2
    assert [row.role for row in translator.rows()] == ["assistant", "user", "assistant"]


def test_a_user_message_in_words_is_nothing_new() -> None:
    frame = {"type": "user", "message": {"role": "user", "content": "Resume directly"}, "parent_tool_use_id": None}
    translator = TurnTranslator()
    assert feed(translator, [frame]) == []
    assert translator.rows() == ()


# ---- endings


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        ("end_turn", None),
        ("stop_sequence", None),
        ("tool_use", None),
        ("max_tokens", Ending(Outcome.TRUNCATED)),
        ("model_context_window_exceeded", Ending(Outcome.TRUNCATED)),
        ("refusal", Ending(Outcome.REFUSED)),
    ],
)
def test_a_stop_reason_after_which_the_cli_would_go_on_ends_the_turn(reason: str, ending: Ending | None) -> None:
    translator = TurnTranslator()
    feed(translator, said("m1", "text", reason=reason))
    assert translator.ending == ending
    assert translator.rows() == (a_row(text("text")),)


@pytest.mark.parametrize(
    ("fields", "reason", "metadata"),
    [
        (
            {"api_error_status": 429, "terminal_reason": "api_error", "result": "API Error: 429 slow down"},
            Reason.PROVIDER_LIMIT,
            {"httpStatus": "429", "terminalReason": "api_error"},
        ),
        (
            {"api_error_status": 529, "terminal_reason": "api_error"},
            Reason.PROVIDER,
            {"httpStatus": "529", "terminalReason": "api_error"},
        ),
        (
            {"api_error_status": 401, "terminal_reason": "api_error"},
            Reason.PROVIDER_AUTH,
            {"httpStatus": "401", "terminalReason": "api_error"},
        ),
        (
            {"terminal_reason": "prompt_too_long"},
            Reason.PROVIDER_REJECTED,
            {"httpStatus": "400", "terminalReason": "prompt_too_long"},
        ),
        (
            {"api_error_status": 413, "terminal_reason": "image_error"},
            Reason.PROVIDER_REJECTED,
            {"httpStatus": "413", "terminalReason": "image_error"},
        ),
        ({"terminal_reason": "api_error"}, Reason.PROVIDER, {"terminalReason": "api_error"}),
        ({"subtype": "error_max_turns"}, Reason.TURN_LIMIT, {}),
        ({"subtype": "error_during_execution", "errors": ["a", "b"]}, Reason.INTERNAL, {}),
    ],
)
def test_a_result_that_is_an_error_fails_the_turn(fields: Json, reason: Reason, metadata: dict[str, str]) -> None:
    translator = TurnTranslator()
    feed(translator, [RESULT | {"is_error": True} | fields])
    assert translator.ending is not None
    assert not translator.ending.clean
    assert translator.ending.failure is not None
    assert (translator.ending.failure.reason, translator.ending.failure.metadata) == (reason, metadata)


def test_the_cli_speaking_for_the_provider_is_no_answer() -> None:
    translator = TurnTranslator()
    synthetic = whole("x", text("Failed to authenticate. API Error: 401"), model="<synthetic>")
    frames = [
        synthetic | {"error": "authentication_failed"},
        RESULT | {"is_error": True, "result": "Failed to authenticate. API Error: 401 bad key"},
    ]
    assert feed(translator, frames) == []
    assert translator.text == ""
    assert translator.ending is not None
    assert translator.ending.failure is not None
    assert translator.ending.failure.reason is Reason.PROVIDER_AUTH


def test_a_turn_of_too_many_steps_ends_when_one_more_begins() -> None:
    translator = TurnTranslator(max_steps=1)
    step = [start("m1"), *tool(0, "t1"), whole("m1", use("t1")), *stop("tool_use"), results(("t1", "x"))]
    feed(translator, step)
    assert translator.ending is None
    feed(translator, [start("m2")])
    assert translator.ending is not None
    assert translator.ending.failure is not None
    assert translator.ending.failure.reason is Reason.TURN_LIMIT


# ---- retries before any answer


def test_a_retry_worth_waiting_for_is_noted() -> None:
    translator = TurnTranslator()
    (notice,) = feed(translator, [RETRY])
    assert isinstance(notice, Notice)
    assert notice.kind is NoticeKind.RETRYING
    assert notice.metadata["errorStatus"] == "529"
    assert translator.ending is None


@pytest.mark.parametrize(
    ("fields", "reason", "delay_s"),
    [
        ({"error_status": 401, "error": "authentication_failed"}, Reason.PROVIDER_AUTH, None),
        ({"error_status": 400, "error": "invalid_request"}, Reason.PROVIDER_REJECTED, None),
        ({"error_status": 429, "error": "rate_limit", "retry_delay_ms": 20_000.4}, Reason.PROVIDER_LIMIT, 21.0),
        ({"error_status": 529, "retry_delay_ms": 5001.0}, Reason.PROVIDER, 6.0),
        ({"error_status": None, "error": "unknown", "retry_delay_ms": 5001.0}, Reason.PROVIDER, 6.0),
    ],
)
def test_a_retry_that_is_hopeless_or_far_off_ends_the_turn(fields: Json, reason: Reason, delay_s: float | None) -> None:
    translator = TurnTranslator()
    feed(translator, [RETRY | fields])
    assert translator.ending is not None
    assert translator.ending.failure is not None
    assert (translator.ending.failure.reason, translator.ending.failure.retry_delay_s) == (reason, delay_s)


# ---- the provider broke off in mid-answer


def broken(*pieces: str) -> list[Json]:
    """An attempt that told these pieces and broke off."""
    return [start("m1"), *block(0, *pieces, stop=False), *abandoned("m1")]


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


# ---- the CLI fell back to a call without streaming


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


# ---- cut in the middle


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
