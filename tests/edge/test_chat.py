"""POST /v1/chat/completions through real sockets: what the core is asked, and what the client gets."""

import re
from typing import Any

import httpx
import pytest
from hotseat import pb

from tests.edge.conftest import HELLO, Edge, events, post
from tests.fakes.core import FakeTurn


def deltas(response: httpx.Response, key: str = "content") -> list[str]:
    chunks = [event for event in events(response) if event != "[DONE]" and event.get("choices")]
    return [piece for chunk in chunks if (piece := chunk["choices"][0]["delta"].get(key))]


async def test_a_whole_answer(edge: Edge) -> None:
    response = await post(edge, HELLO)

    assert response.status_code == 200
    answer = response.json()
    assert re.fullmatch(r"chatcmpl-[0-9a-f]{32}", answer.pop("id"))
    assert answer.pop("created") > 1_700_000_000
    assert answer == {
        "object": "chat.completion",
        "model": "claude-code",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "You said: hello world",
                    "refusal": None,
                    "annotations": [],
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 15,
            "completion_tokens": 5,
            "total_tokens": 20,
            "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
            "cost": 0.0,
        },
    }


async def test_a_streamed_answer_has_one_chunk_for_each_delta(edge: Edge) -> None:
    response = await post(edge, HELLO | {"stream": True})

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    *chunks, done = events(response)
    assert done == "[DONE]"
    assert len({(chunk["id"], chunk["created"], chunk["model"], chunk["object"]) for chunk in chunks}) == 1
    assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
        {"role": "assistant", "content": "", "refusal": None},
        {"content": "You"},
        {"content": " said:"},
        {"content": " hello"},
        {"content": " world"},
        {},
    ]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * 5 + ["stop"]
    assert not any("usage" in chunk for chunk in chunks)


async def test_usage_comes_last_where_it_is_asked_for(edge: Edge) -> None:
    response = await post(edge, HELLO | {"stream": True, "stream_options": {"include_usage": True}})

    *chunks, last, done = events(response)
    assert done == "[DONE]"
    assert all(chunk["usage"] is None for chunk in chunks)
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 20


@pytest.mark.parametrize("stream", [True, False])
async def test_what_the_core_is_asked(edge: Edge, stream: bool) -> None:
    body = {
        "model": "claude/haiku:c-1",
        "stream": stream,
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "two"},
            {"role": "developer", "content": [{"type": "text", "text": "and kind"}]},
            {"role": "user", "content": [{"type": "text", "text": "three"}]},
        ],
        "max_tokens": 50,
        "temperature": 0,
        "top_p": 0.5,
        "stop": "END",
        "reasoning_effort": "high",
    }
    response = await post(edge, body)

    assert response.headers["x-conversation-id"] == "c-1"
    [opening], [said] = edge.core.openings, edge.core.inputs
    assert (opening.conversation_id, opening.disposition) == ("c-1", pb.OpenConversation.DISPOSITION_OPEN_OR_CREATE)
    assert opening.settings == pb.ConversationSettings(
        profile="claude", model="haiku", system_prompt=pb.SystemPrompt(text="be brief\n\nand kind"), clear_tools=True
    )
    assert opening.HasField("detach_timeout")
    assert opening.detach_timeout.ToNanoseconds() == 3e9  # for broken connections; who hangs up leaves for good
    assert opening.history_policy == pb.HISTORY_POLICY_MATCH
    assert list(opening.history) == [
        pb.HistoryMessage(role=pb.HistoryMessage.ROLE_USER, content=[pb.HistoryBlock(text="one")]),
        pb.HistoryMessage(role=pb.HistoryMessage.ROLE_ASSISTANT, content=[pb.HistoryBlock(text="two")]),
    ]
    assert list(said.content) == [pb.ContentBlock(text="three")]
    assert said.options == pb.TurnOptions(
        temperature=0.0,
        top_p=0.5,
        max_output_tokens=50,
        stop_sequences=["END"],
        effort=pb.TurnOptions.EFFORT_HIGH,
        allow_retraction=not stream,
    )


async def test_a_request_says_nothing_that_its_client_did_not(edge: Edge) -> None:
    await post(edge, HELLO)

    [opening], [said] = edge.core.openings, edge.core.inputs
    assert opening.settings == pb.ConversationSettings(profile="claude-code")
    assert list(opening.history) == []
    assert said.options == pb.TurnOptions(allow_retraction=True)


async def test_a_conversation_is_named_by_header_or_made_and_returned(edge: Edge) -> None:
    named = await post(edge, HELLO, **{"X-Conversation-ID": "mine"})
    made = await post(edge, HELLO)

    assert named.headers["x-conversation-id"] == "mine"
    assert made.headers["x-conversation-id"] == "conv-made-by-core"
    assert [opening.conversation_id for opening in edge.core.openings] == ["mine", ""]  # the core names the second


@pytest.mark.parametrize("stream", [True, False])
async def test_text_blocks_are_joined_by_a_blank_line_and_thinking_stands_apart(edge: Edge, stream: bool) -> None:
    async def several(turn: FakeTurn) -> None:
        await turn.started()
        await turn.thinking("hm", "m", block=0)
        await turn.text("a", "b", block=1)
        await turn.send(text_delta=pb.TextDelta(text="a subagent's", block=1, parent_tool_use_id="t"))
        await turn.text("c", block=3)
        await turn.completed()

    edge.core.script = several
    response = await post(edge, HELLO | {"stream": stream})

    if stream:
        assert deltas(response) == ["a", "b", "\n\nc"]
        assert deltas(response, "reasoning_content") == ["hm", "m"]
    else:
        message = response.json()["choices"][0]["message"]
        assert (message["content"], message["reasoning_content"]) == ("ab\n\nc", "hmm")


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (pb.TurnCompleted.OUTCOME_SUCCEEDED, "stop"),
        (pb.TurnCompleted.OUTCOME_TRUNCATED, "length"),
        (pb.TurnCompleted.OUTCOME_REFUSED, "content_filter"),
    ],
)
async def test_each_outcome_has_its_finish_reason(edge: Edge, outcome: Any, reason: str) -> None:
    async def end(turn: FakeTurn) -> None:
        await turn.started()
        await turn.completed(outcome)

    edge.core.script = end
    whole = await post(edge, HELLO)
    streamed = await post(edge, HELLO | {"stream": True})

    assert whole.json()["choices"][0]["finish_reason"] == reason
    role, finish, _ = events(streamed)
    assert role["choices"][0]["delta"]["role"] == "assistant"
    assert finish["choices"][0]["finish_reason"] == reason


async def test_a_turn_that_somebody_else_stopped_is_an_error_and_no_short_answer(edge: Edge) -> None:
    async def stopped(turn: FakeTurn) -> None:
        await turn.started()
        if turn.input.content[0].text == "half":
            await turn.text("half an")
        await turn.completed(pb.TurnCompleted.OUTCOME_INTERRUPTED)

    edge.core.script = stopped
    whole = await post(edge, HELLO)
    assert (whole.status_code, whole.json()["error"]["code"]) == (503, "turn_interrupted")
    half = {"model": "claude", "stream": True, "messages": [{"role": "user", "content": "half"}]}
    streamed = await post(edge, half)
    assert '"turn_interrupted"' in streamed.text
    assert "[DONE]" not in streamed.text
    assert 'finish_reason":"' not in streamed.text


async def test_parameters_that_change_nothing_are_listed(edge: Edge) -> None:
    ignored = {"user": "u", "metadata": {"a": "b"}, "seed": 7, "frequency_penalty": 0, "made_up": [1]}
    response = await post(edge, HELLO | ignored | {"temperature": 1.5, "service_tier": None})

    assert response.status_code == 200
    listed = response.headers["x-ignored-params"].split(", ")
    assert sorted(listed) == sorted(ignored)
    assert response.headers["x-adjusted-params"] == "temperature"
    assert edge.core.inputs[0].options.temperature == 1.0


@pytest.mark.parametrize("name", ["gpt-4o", "--resume", "$(id)", "claude-code;rm", "claude-code/--x"])
async def test_an_unknown_model_is_not_found_and_never_reaches_the_core(edge: Edge, name: str) -> None:
    response = await post(edge, HELLO | {"model": name})

    error = response.json()["error"]
    assert (response.status_code, error["code"], error["param"]) == (404, "model_not_found", "model")
    assert edge.core.openings == []
