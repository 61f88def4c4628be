"""What is told of an agent's own tools, and that it is found again in what clients send back."""

import json

import msgspec
import pytest
from hotseat import pb
from hotseat_edge.openai import activity
from hotseat_edge.openai.stream import Answer, ChunkWriter, Collector

R = pb.ConverseResponse


def uses(name: str, given: object, *, is_error: bool = False, tool: str = "t") -> list[R]:
    return [
        R(tool_started=pb.ToolStarted(tool_use_id=tool, name=name)),
        R(tool_input_delta=pb.ToolInputDelta(tool_use_id=tool, json="{")),
        R(tool_input_completed=pb.ToolInputCompleted(tool_use_id=tool, input_json=json.dumps(given))),
        R(tool_completed=pb.ToolCompleted(tool_use_id=tool, is_error=is_error)),
    ]


def text(words: str, block: int) -> R:
    return R(text_delta=pb.TextDelta(text=words, block=block))


def thought(words: str, block: int) -> R:
    return R(thinking_delta=pb.ThinkingDelta(text=words, block=block))


def answer(mode: activity.Mode, *, is_json: bool = False) -> Answer:
    return Answer("chatcmpl-1", 1, "claude-code", is_json, mode)


WORK = [
    *uses("Glob", {"pattern": "**/*.py"}),
    text("Found some.", 2),
    *uses("Bash", {"command": "make\n  all", "timeout": 5}, is_error=True),
    *uses("Read", {"file_path": "/x"}),
    text("All done.", 7),
]
SAID = "Found some.\n\nAll done."


def told(mode: activity.Mode, events: list[R], said: str, *, is_json: bool = False) -> tuple[str, str]:
    """What a stream shows, as (content, thinking)."""
    writer = ChunkWriter(answer(mode, is_json=is_json), include_usage=False)
    end = R(turn_completed=pb.TurnCompleted(outcome=pb.TurnCompleted.OUTCOME_SUCCEEDED, text=said))
    data = b"".join(writer.write(event) for event in [*events, end])
    deltas = [
        json.loads(line[6:])["choices"][0]["delta"] for line in data.split(b"\n\n") if line.startswith(b"data: {")
    ]
    assert not any("tool_calls" in delta for delta in deltas)
    return "".join(d.get("content") or "" for d in deltas), "".join(d.get("reasoning_content") or "" for d in deltas)


@pytest.mark.parametrize(
    ("name", "given", "line"),
    [
        ("Read", {"file_path": "/x", "limit": 3}, "Read: /x"),
        ("Bash", {"command": "ls", "description": "List files"}, "Bash: List files"),
        ("Bash", {"command": "a\n\n> b"}, "Bash: a > b"),
        ("Task", {"prompt": "x" * 300}, "Task: " + "x" * 159 + "…"),
        ("Odd", {"file_path": 5}, "Odd"),
        ("Odd", {}, "Odd"),
    ],
)
def test_a_line_says_which_tool_and_what_for(name: str, given: object, line: str) -> None:
    telling = activity.Activity()
    assert [telling.line(event) for event in uses(name, given)] == ["", "", line, ""]


def test_the_client_s_tools_are_not_told_of() -> None:
    telling = activity.Activity()
    started = R(tool_started=pb.ToolStarted(tool_use_id="t", name="add", client_tool=True))
    assert [telling.line(event) for event in [started, *uses("add", {})[1:]]] == [""] * 4


def test_a_stream_tells_it_beside_the_answer() -> None:
    content, thinking = told("reasoning", [thought("Hm.", 0), *WORK, thought("So.", 6)], SAID)
    assert content == SAID
    assert thinking == "Hm.\n\nGlob: **/*.py\n\nBash: make all\n\nBash failed\n\nRead: /x\n\nSo."


def test_a_stream_tells_nothing_where_it_is_off() -> None:
    assert told("off", WORK, SAID) == (SAID, "")


def test_a_stream_tells_it_among_the_words_of_the_answer() -> None:
    content, thinking = told("content", WORK, SAID)
    assert content.split("\n\n") == [
        *("> ⚙ Glob: **/*.py", "Found some.", "> ⚙ Bash: make all", "", "> ⚙ Bash failed", "", "> ⚙ Read: /x", ""),
        "All done.",
    ]
    assert thinking == ""
    assert activity.without(content) == SAID


def test_json_stays_json() -> None:
    assert told("content", [*uses("Read", {}), text("{}", 1)], "{}", is_json=True) == ("{}", "Read")


@pytest.mark.parametrize("mode", ["reasoning", "content", "off"])
def test_a_whole_answer_tells_the_same(mode: activity.Mode) -> None:
    collector = Collector(answer(mode))
    for event in WORK:
        collector.take(event)
    completed = pb.TurnCompleted(outcome=pb.TurnCompleted.OUTCOME_SUCCEEDED, text=SAID)
    message = msgspec.json.decode(collector.completion(completed))["choices"][0]["message"]
    assert activity.without(message["content"]) == SAID
    assert ("⚙" in message["content"]) == (mode == "content")
    assert ("reasoning_content" in message) == (mode == "reasoning")


def test_other_quotations_are_the_answer_s_own() -> None:
    words = "> a quotation\n\nand > ⚙ in a line\n\n> ⚙ at the end"
    assert activity.without(words) == words
