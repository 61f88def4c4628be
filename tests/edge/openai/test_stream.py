"""The core's events as server-sent events and as one JSON text."""

import json
from typing import Any

import msgspec
import pytest
from hotseat import pb
from hotseat_edge.openai.errors import ApiError
from hotseat_edge.openai.stream import DONE, Answer, ChunkWriter, Collector, error_event, usage
from openai.types.chat import ChatCompletion, ChatCompletionChunk

ANSWER = Answer(id="chatcmpl-1", created=7, model='odd "name"\n')


def text(piece: str, block: int = 0, parent: str = "") -> pb.ConverseResponse:
    return pb.ConverseResponse(text_delta=pb.TextDelta(text=piece, block=block, parent_tool_use_id=parent))


def thinking(piece: str, block: int = 0, parent: str = "") -> pb.ConverseResponse:
    return pb.ConverseResponse(thinking_delta=pb.ThinkingDelta(text=piece, block=block, parent_tool_use_id=parent))


def completed(whole: str, outcome: Any = pb.TurnCompleted.OUTCOME_SUCCEEDED) -> pb.ConverseResponse:
    return pb.ConverseResponse(turn_completed=pb.TurnCompleted(text=whole, outcome=outcome))


def chunks(data: bytes) -> list[Any]:
    """What an SDK would see; every chunk is checked with its strict parser."""
    found = [block.removeprefix(b"data: ") for block in data.split(b"\n\n") if block]
    for chunk in found:
        if chunk != b"[DONE]":
            ChatCompletionChunk.model_validate_json(chunk, strict=True)
    return [chunk if chunk == b"[DONE]" else json.loads(chunk) for chunk in found]


def content(data: bytes, key: str = "content") -> str:
    found = [chunk["choices"][0]["delta"].get(key) or "" for chunk in chunks(data) if chunk != b"[DONE]"]
    return "".join(found)


@pytest.mark.parametrize("piece", ["a", "\n\r\t\0", '"\\', "\u2028\u2029", "é🙂", "data: x\n\n"])
def test_a_text_arrives_as_it_is_and_in_one_line(piece: str) -> None:
    data = ChunkWriter(ANSWER, include_usage=False).write(text(piece))

    assert content(data) == piece
    assert len(chunks(data)) == 2
    assert all(chunk["model"] == ANSWER.model for chunk in chunks(data))


@pytest.mark.parametrize(
    ("events", "whole"),
    [
        ([text("a"), text("b")], "ab"),
        ([text("a", 0), text("b", 2), text("c", 2)], "a\n\nbc"),
        ([text("", 0), text("a", 1), text("", 2), text("b", 3)], "a\n\nb"),
        ([text("a", 1), text("not mine", 1, "t"), text("b", 1)], "ab"),
        ([thinking("hm", 0), text("a", 1)], "a"),
        ([text("a", 5)], "a and the rest"),
        ([], "only the whole"),
        ([], ""),
    ],
)
def test_the_stream_adds_up_to_the_whole_answer(events: list[pb.ConverseResponse], whole: str) -> None:
    writer = ChunkWriter(ANSWER, include_usage=False)
    data = b"".join(writer.write(event) for event in [*events, completed(whole)])

    assert content(data) == whole
    assert data.endswith(DONE)


def test_thinking_has_its_own_blocks() -> None:
    writer = ChunkWriter(ANSWER, include_usage=False)
    events = [thinking("a", 0), thinking("b", 0), thinking("x", 0, "t"), text("answer", 1), thinking("c", 2)]
    data = b"".join(map(writer.write, events))

    assert content(data, "reasoning_content") == "ab\n\nc"
    assert content(data) == "answer"


def test_an_answer_without_text_still_has_its_role_and_its_end() -> None:
    data = ChunkWriter(ANSWER, include_usage=False).write(completed(""))

    role, end, _ = chunks(data)
    assert role["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert (end["choices"][0]["delta"], end["choices"][0]["finish_reason"]) == ({}, "stop")


@pytest.mark.parametrize(
    "event",
    [
        pb.ConverseResponse(turn_started=pb.TurnStarted()),
        pb.ConverseResponse(notice=pb.Notice()),
        pb.ConverseResponse(tool_started=pb.ToolStarted()),
        pb.ConverseResponse(),
        text(""),
    ],
)
def test_other_events_are_nothing_to_see(event: pb.ConverseResponse) -> None:
    assert ChunkWriter(ANSWER, include_usage=True).write(event) == b""


def test_usage_counts_the_cache_as_part_of_the_prompt() -> None:
    spent = usage(pb.Usage(input_tokens=1, cache_read_tokens=20, cache_write_tokens=300, output_tokens=4000))

    assert (spent["prompt_tokens"], spent["completion_tokens"], spent["total_tokens"]) == (321, 4000, 4321)
    assert spent["prompt_tokens_details"]["cached_tokens"] == 20


def test_a_whole_answer_is_what_the_completion_says() -> None:
    collector = Collector(ANSWER)
    for event in (thinking("hm", 0), text("a retracted "), thinking("so", 2)):
        collector.take(event)
    data = collector.completion(completed("the answer").turn_completed)

    ChatCompletion.model_validate_json(data, strict=True)
    message = msgspec.json.decode(data)["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("the answer", "hm\n\nso")


def test_an_error_event_is_an_error_object() -> None:
    [event] = error_event(ApiError("no", code="c", param="p")).split(b"\n\n")[:-1]
    assert json.loads(event.removeprefix(b"data: ")) == {
        "error": {"message": "no", "type": "invalid_request_error", "param": "p", "code": "c"}
    }
