"""The CLI's messages of a turn to events."""

import pytest
from hotseat_core.errors import Reason
from hotseat_core.events import (
    Notice,
    NoticeKind,
    Outcome,
    TextDelta,
    ThinkingDelta,
    ToolCompleted,
    ToolInputCompleted,
    ToolInputDelta,
    ToolStarted,
    Usage,
    UsageReported,
)
from hotseat_core.worker.translate import Ending, TurnTranslator

from tests.core.worker.speaking import (
    CLEAN,
    RESULT,
    RETRY,
    Json,
    a_row,
    block,
    feed,
    results,
    said,
    start,
    stop,
    stream,
    text,
    told,
    tool,
    u_row,
    use,
    whole,
)


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
