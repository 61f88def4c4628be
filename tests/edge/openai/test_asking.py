"""Questions about tools, as chunks; and what may be answered to them."""

import json
from typing import Any

import pytest
from hotseat import pb
from hotseat_edge.openai import asking
from hotseat_edge.openai.errors import ApiError

ASK = pb.PermissionPolicy.MODE_ASK
QUESTION = pb.ConverseResponse(
    permission_request=pb.PermissionRequest(
        permission_id="p1",
        tool_use_id="t1",
        tool_name="Bash",
        input_json='{"command": "ls"}',
        description="List",
        suggested_rules=["Bash(ls:*)"],
    )
)
QUESTION.permission_request.expire_time.FromSeconds(1_800_000_000)
DONE = pb.ConverseResponse(tool_completed=pb.ToolCompleted(tool_use_id="t1"))


class _Plain:
    """An answer's own writer: it names each event."""

    def write(self, event: pb.ConverseResponse) -> bytes:
        return f"data: {json.dumps(event.WhichOneof('event'))}\n\n".encode()


def told(*events: pb.ConverseResponse) -> list[Any]:
    writer = asking.AskingWriter(_Plain(), {"id": "c1", "object": "chat.completion.chunk"})
    lines = b"".join(writer.write(event) for event in events).decode().split("\n\n")
    return [json.loads(line.removeprefix("data: ")) for line in lines if line]


def test_a_question_is_a_chunk_without_choices() -> None:
    plain, chunk = told(QUESTION)
    assert plain == "permission_request"
    assert chunk == {
        "id": "c1",
        "object": "chat.completion.chunk",
        "choices": [],
        "permission_request": {
            "id": "p1",
            "tool_use_id": "t1",
            "tool": "Bash",
            "input": {"command": "ls"},
            "description": "List",
            "suggested_rules": ["Bash(ls:*)"],
            "expires_at": 1_800_000_000,
        },
    }


@pytest.mark.parametrize(
    "end", [DONE, pb.ConverseResponse(requests_cancelled=pb.RequestsCancelled(permission_ids=["p1"]))]
)
def test_a_question_is_closed_once_when_its_tool_has_ended_or_it_is_withdrawn(end: pb.ConverseResponse) -> None:
    chunks = [chunk for chunk in told(QUESTION, end, end, DONE) if isinstance(chunk, dict)]
    assert [chunk.get("permission_closed") for chunk in chunks] == [None, {"id": "p1"}]


def test_what_is_no_question_is_left_to_the_answer_s_own_writer() -> None:
    cancelled = pb.ConverseResponse(requests_cancelled=pb.RequestsCancelled(permission_ids=["other"]))
    assert told(DONE, cancelled) == ["tool_completed", "requests_cancelled"]


@pytest.mark.parametrize(
    ("headers", "stream", "mode"),
    [
        ({}, False, None),
        ({"X-Hotseat-Permissions": "ask"}, True, ASK),
        ({"X-Hotseat-Permissions": " Deny "}, False, pb.PermissionPolicy.MODE_DENY),
        ({"X-Hotseat-Permissions": "accept-edits"}, True, pb.PermissionPolicy.MODE_ACCEPT_EDITS),
    ],
)
def test_a_request_may_say_who_decides(headers: dict[str, str], stream: bool, mode: int | None) -> None:
    found = asking.policy(headers, stream=stream)
    assert (found.mode if found is not None else None) == mode


@pytest.mark.parametrize(("wanted", "stream"), [("ask", False), ("bypass", True), ("", True)])
def test_a_mode_that_cannot_be_had_is_refused(wanted: str, stream: bool) -> None:
    with pytest.raises(ApiError) as caught:
        asking.policy({asking.PERMISSIONS_HEADER: wanted}, stream=stream)
    assert (caught.value.status, caught.value.param) == (400, asking.PERMISSIONS_HEADER)


@pytest.mark.parametrize(
    ("body", "decided"),
    [
        ({"decision": "allow"}, pb.PermissionAllow()),
        (
            {"decision": "allow", "input": {"command": "pwd"}, "remember_rules": ["Bash(ls:*)"]},
            pb.PermissionAllow(updated_input_json='{"command":"pwd"}', remember_rules=["Bash(ls:*)"]),
        ),
        ({"decision": "deny"}, pb.PermissionDeny()),
        ({"decision": "deny", "message": "no", "interrupt": True}, pb.PermissionDeny(message="no", interrupt=True)),
    ],
)
def test_a_decision_is_read(body: dict[str, Any], decided: object) -> None:
    assert asking.decision(json.dumps(body).encode()) == decided


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"decision": "maybe"}',
        b'{"decision": "allow", "inptu": {}}',
        b'{"decision": "allow", "input": []}',
        b'{"decision": "allow", "interrupt": true}',
        b'{"decision": "deny", "remember_rules": ["Bash"]}',
    ],
)
def test_a_decision_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        asking.decision(body)
    assert caught.value.status == 400
