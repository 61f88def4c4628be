"""A reply as events and as one message."""

import pytest
from hotseat_demo.reply import Block, Reply, Text, Thinking, ToolUse, Usage, said
from hotseat_demo.stream import events, message, speak, split, usage

TOOL = ToolUse("add", {"a": 1, "b": "zwei \u20ac"}, id="toolu_1")


@pytest.mark.parametrize(
    "text", ["", "word", "two words", "  lead", "trail  ", "a\n\n  b\tc ", "x" * 100, "\u65e5\u672c\u8a9e" * 20]
)
def test_the_deltas_of_a_text_are_the_text(text: str) -> None:
    deltas = split(Text(text))
    assert "".join(deltas) == text
    assert all(len(delta.strip()) <= 24 for delta in deltas)


def test_each_token_is_one_delta() -> None:
    assert len(split(Text(" ".join(f"w{n}" for n in range(200))))) == 200


@pytest.mark.parametrize(
    ("blocks", "limits", "texts", "reason"),
    [
        ([Text("a b c")], {}, ["a b c"], "end_turn"),
        ([Text("a b c")], {"max_tokens": 2}, ["a b"], "max_tokens"),
        ([Text("a b c")], {"max_tokens": 3}, ["a b c"], "end_turn"),
        ([Thinking("x y"), Text("a b c")], {"max_tokens": 3}, ["x y", "a"], "max_tokens"),
        ([Thinking("x y"), Text("a b c")], {"max_tokens": 2}, ["x y"], "max_tokens"),
        ([Text("a b c")], {"stop_sequences": ["b"]}, ["a "], "stop_sequence"),
        ([Text("a b c")], {"stop_sequences": ["c", "b", ""]}, ["a "], "stop_sequence"),
        ([Text("a b c"), Text("d")], {"stop_sequences": ["b"]}, ["a "], "stop_sequence"),
        ([Text("a b c")], {"stop_sequences": ["c"], "max_tokens": 1}, ["a"], "max_tokens"),
        ([Text("a b c")], {"stop_sequences": ["z"]}, ["a b c"], "end_turn"),
    ],
)
def test_stop_sequences_and_the_token_limit_end_a_reply(
    blocks: list[Block], limits: dict[str, object], texts: list[str], reason: str
) -> None:
    spoken = speak(Reply(blocks=tuple(blocks)), **limits)  # type: ignore[arg-type]  # a table of keyword arguments
    assert ["".join(piece.deltas) for piece in spoken.pieces] == texts
    assert spoken.stop_reason == reason


def test_the_stop_sequence_that_ended_it_is_told() -> None:
    assert speak(said("a b c"), stop_sequences=["b"]).stop_sequence == "b"
    assert speak(said("a b c"), stop_sequences=["b"], max_tokens=0).stop_sequence is None


def test_a_tool_call_ends_in_tool_use_unless_told_otherwise() -> None:
    assert speak(Reply(blocks=(TOOL,))).stop_reason == "tool_use"
    assert speak(Reply(blocks=(TOOL,), stop_reason="pause_turn")).stop_reason == "pause_turn"


def test_a_message_holds_every_kind_of_block() -> None:
    spoken = speak(Reply(blocks=(Thinking("hm"), Text("hi"), TOOL)))
    whole = message(spoken, message_id="msg_1", model="m", usage={"input_tokens": 1, "output_tokens": 2})
    thinking, text, tool = whole["content"]
    assert thinking["thinking"] == "hm"
    assert thinking["signature"]
    assert text == {"type": "text", "text": "hi"}
    assert tool == {"type": "tool_use", "id": "toolu_1", "name": "add", "input": TOOL.input}
    assert (whole["stop_reason"], whole["stop_sequence"], whole["usage"]["output_tokens"]) == ("tool_use", None, 2)


def test_events_come_in_the_order_of_the_api() -> None:
    spoken = speak(Reply(blocks=(Thinking("hm"), Text("a b"), TOOL)))
    found = list(events(spoken, message_id="msg_1", model="m", usage={"input_tokens": 5, "output_tokens": 9}))
    assert [event["type"] for event in found[:3]] == ["message_start", "ping", "content_block_start"]
    assert found[0]["message"]["usage"] == {"input_tokens": 5, "output_tokens": 1}
    assert [event["index"] for event in found if event["type"] == "content_block_start"] == [0, 1, 2]
    assert [event["index"] for event in found if event["type"] == "content_block_stop"] == [0, 1, 2]
    assert [event["type"] for event in found[-2:]] == ["message_delta", "message_stop"]
    assert found[-2]["usage"]["output_tokens"] == 9


def test_deltas_join_to_the_block() -> None:
    spoken = speak(Reply(blocks=(Thinking("h m"), TOOL)))
    found = list(events(spoken, message_id="msg_1", model="m", usage={}))
    deltas = [event["delta"] for event in found if event["type"] == "content_block_delta"]
    assert "".join(d.get("thinking", "") for d in deltas) == "h m"
    assert [d["type"] for d in deltas if d["type"] == "signature_delta"] == ["signature_delta"]
    assert "".join(d.get("partial_json", "") for d in deltas) == '{"a": 1, "b": "zwei \u20ac"}'


def test_a_cut_tool_call_streams_part_of_its_json() -> None:
    spoken = speak(Reply(blocks=(ToolUse("add", {"text": "x" * 100}, id="toolu_1"),)), max_tokens=2)
    deltas = [
        e["delta"] for e in events(spoken, message_id="m", model="m", usage={}) if e["type"] == "content_block_delta"
    ]
    assert len(deltas) == 2
    assert spoken.stop_reason == "max_tokens"


def test_usage_is_estimated_unless_told() -> None:
    assert usage(said("x"), 10, 3)["input_tokens"] == 10
    told = usage(Reply(usage=Usage(0, 2, 3, 4, 5)), 10, 9)
    assert told == {
        "input_tokens": 0,
        "output_tokens": 2,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": 4,
        "output_tokens_details": {"thinking_tokens": 5},
    }
