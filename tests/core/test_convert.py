"""Our values to the contract's messages."""

import msgspec
import pytest
from hotseat.v1 import content_pb2 as content
from hotseat.v1 import conversation_pb2 as conversations
from hotseat.v1 import conversation_service_pb2 as service
from hotseat.v1 import error_pb2 as errors
from hotseat.v1 import server_event_pb2 as events
from hotseat_core import convert
from hotseat_core import events as ours
from hotseat_core.conversation.log import Entry
from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.conversation.turn import TurnRecord
from hotseat_core.errors import Reason
from hotseat_core.parse import Parser
from hotseat_core.worker.profile import CLAUDE, CLAUDE_CODE
from hotseat_core.worker.rows import Row
from hotseat_core.worker.setup import PermissionMode, SessionSetup

USAGE = ours.Usage(1, 2, 3, 4, 0.5)
FAILURE = ours.Failure(Reason.PROVIDER_LIMIT, "slow down", {"httpStatus": "429"}, 2.5)
TOLD_USAGE = content.Usage(input_tokens=1, output_tokens=2, cache_read_tokens=3, cache_write_tokens=4, cost_usd=0.5)
TOLD_ERROR = errors.Error(
    reason=errors.ERROR_REASON_PROVIDER_LIMIT,
    message="slow down",
    metadata={"httpStatus": "429"},
    retry_delay=convert.duration(2.5),
)

TOLD_CALL = events.ToolCall(tool_call_id="t", tool_use_id="t", name="look", input_json="{}")

TABLE: list[tuple[ours.Event, dict[str, object]]] = [
    (ours.TextDelta("a", 1), {"text_delta": events.TextDelta(text="a", block=1)}),
    (ours.ThinkingDelta("a", 1), {"thinking_delta": events.ThinkingDelta(text="a", block=1)}),
    (ours.TextRetracted(1, 2), {"text_retracted": events.TextRetracted(block=1, kept_length=2)}),
    (
        ours.ToolStarted("t", "Bash", 1, "p"),
        {"tool_started": events.ToolStarted(tool_use_id="t", name="Bash", block=1, parent_tool_use_id="p")},
    ),
    (
        ours.ToolStarted("t", "look", 1, client_tool=True),
        {"tool_started": events.ToolStarted(tool_use_id="t", name="look", block=1, client_tool=True)},
    ),
    (ours.ToolCalled("t", "look", "{}"), {"tool_call": TOLD_CALL}),
    (ours.ToolInputDelta("t", "{"), {"tool_input_delta": events.ToolInputDelta(tool_use_id="t", json="{")}),
    (
        ours.ToolInputCompleted("t", "{}"),
        {"tool_input_completed": events.ToolInputCompleted(tool_use_id="t", input_json="{}")},
    ),
    (
        ours.ToolCompleted("t", "out", is_error=True),
        {
            "tool_completed": events.ToolCompleted(
                tool_use_id="t", content=[content.ContentBlock(text="out")], is_error=True
            )
        },
    ),
    (ours.ToolCompleted("t", "", is_error=False), {"tool_completed": events.ToolCompleted(tool_use_id="t")}),
    (
        ours.PermissionRequested("p", "t", "Bash", "{}", "why", ("Read",), 10.5),
        {
            "permission_request": events.PermissionRequest(
                permission_id="p",
                tool_use_id="t",
                tool_name="Bash",
                input_json="{}",
                description="why",
                suggested_rules=["Read"],
                expire_time=convert.timestamp(10.5),
            )
        },
    ),
    (ours.RequestsCancelled(("p",)), {"requests_cancelled": events.RequestsCancelled(permission_ids=["p"])}),
    (ours.UsageReported(USAGE), {"usage": TOLD_USAGE}),
    (
        ours.Notice(ours.NoticeKind.RETRYING, "m", {"a": "b"}),
        {"notice": events.Notice(kind=events.Notice.KIND_RETRYING, message="m", metadata={"a": "b"})},
    ),
    (
        ours.TurnStarted("r", "m", ours.WorkerSource.WARM, 0.25),
        {
            "turn_started": events.TurnStarted(
                request_id="r",
                model="m",
                worker_source=events.WORKER_SOURCE_WARM,
                queue_duration=convert.duration(0.25),
            )
        },
    ),
    (
        ours.TurnCompleted(
            "r", ours.Outcome.TOOL_CALLS, "", USAGE, 0.0, 1, None, (ours.ToolCalled("t", "look", "{}"),)
        ),
        {
            "turn_completed": events.TurnCompleted(
                request_id="r",
                outcome=events.TurnCompleted.OUTCOME_TOOL_CALLS,
                usage=TOLD_USAGE,
                duration=convert.duration(0.0),
                step_count=1,
                tool_calls=[TOLD_CALL],
            )
        },
    ),
    (
        ours.TurnCompleted("r", ours.Outcome.FAILED, "t", USAGE, 1.5, 3, FAILURE),
        {
            "turn_completed": events.TurnCompleted(
                request_id="r",
                outcome=events.TurnCompleted.OUTCOME_FAILED,
                text="t",
                usage=TOLD_USAGE,
                error=TOLD_ERROR,
                duration=convert.duration(1.5),
                step_count=3,
            )
        },
    ),
]


@pytest.mark.parametrize(("event", "told"), TABLE)
def test_an_event_is_told_at_its_place(event: ours.Event, told: dict[str, object]) -> None:
    found = convert.response(Entry(7, 2, event, 5.5))
    is_delta = type(event).__name__.endswith("Delta")
    time = None if is_delta else convert.timestamp(5.5)
    assert found == service.ConverseResponse(sequence=7, turn=2, event_time=time, **told)  # type: ignore[arg-type] # by name


def test_every_event_that_the_log_may_hold_is_in_the_table() -> None:
    kinds = {kind for kind in vars(ours).values() if isinstance(kind, type) and issubclass(kind, ours.Event)}
    assert {type(event) for event, _ in TABLE} == kinds - {ours.Event, ours.Raw}
    for kind in kinds:
        assert issubclass(kind, msgspec.Struct)


@pytest.mark.parametrize(
    ("kind", "theirs"),
    [
        (ours.WorkerSource, events.WorkerSource),
        (ours.Outcome, events.TurnCompleted.Outcome),
        (ours.NoticeKind, events.Notice.Kind),
    ],
)
def test_our_numbers_are_the_contracts(kind: type[ours.Outcome], theirs: type) -> None:
    names = {number: name for name, number in theirs.items()}  # type: ignore[attr-defined] # of a generated enum
    for member in kind:
        assert names[member.value].endswith(f"_{member.name}") or member.name == "NONE"


@pytest.mark.parametrize(
    ("seconds", "whole", "nanos"), [(0.0, 0, 0), (1.25, 1, 250_000_000), (2e9 + 0.5, 2 * 10**9, 500_000_000)]
)
def test_times_keep_their_fractions(seconds: float, whole: int, nanos: int) -> None:
    assert (convert.timestamp(seconds).seconds, convert.timestamp(seconds).nanos) == (whole, nanos)
    assert (convert.duration(seconds).seconds, convert.duration(seconds).nanos) == (whole, nanos)


def test_settings_are_told_as_they_would_be_sent() -> None:
    setup = SessionSetup("Be brief.", True, "opus", PermissionMode.PLAN, ("Read",), ("Rm",))
    held = ConversationSettings("claude-code", setup, "a/b", 5.0, 3, 9.0, 60.0, '{"type":"object"}')
    told = convert.settings(held)
    assert Parser("claude", PermissionMode.DENY).settings(told) == held
    assert told.system_prompt.mode == conversations.SystemPrompt.MODE_REPLACE


def test_a_turn_that_runs_is_not_completed() -> None:
    blocks = (
        {"type": "text", "text": "hi"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "xxxx"}},
        {"type": "document", "source": {"type": "url", "url": "https://x"}, "title": "x.pdf"},
    )
    record = TurnRecord(3, "r", Row("user", blocks), 5.5)
    told = convert.turn(record)
    assert not told.HasField("completed")
    assert (told.turn, told.request_id) == (3, "r")
    assert [block.WhichOneof("block") for block in told.input] == ["text", "image", "file"]
    assert told.input[1].image == content.Blob(media_type="image/png"), "the bytes are left out"
    assert told.input[2].file.filename == "x.pdf"


def test_profiles_are_told() -> None:
    assert convert.profile(CLAUDE_CODE).has_workspace
    assert convert.profile(CLAUDE) == conversations.Profile(
        name="claude",
        description=CLAUDE.description,
        models=CLAUDE.models,
        context_window=CLAUDE.context_window,
        max_output_tokens=CLAUDE.max_output_tokens,
    )
