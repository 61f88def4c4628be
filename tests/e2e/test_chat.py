"""The stock OpenAI SDK against the whole house: real servers, the real CLI, a pretend model."""

import asyncio
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.e2e.house import House, new_id, tag, user

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORDS = " ".join(f"w{number}" for number in range(200))
BARE, AGENT = f"claude:{new_id()}", f"claude-code:{new_id()}"  # a conversation each, for all who do not mind its past
EITHER = pytest.mark.parametrize("model", [BARE, AGENT], ids=["claude", "claude-code"])


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def streamed(house: House, model: str, text: str, **fields: Any) -> list[ChatCompletionChunk]:
    stream = await house.sdk.chat.completions.create(model=model, messages=[user(text)], stream=True, **fields)
    return [chunk async for chunk in stream]


@EITHER
async def test_a_whole_answer(house: House, model: str) -> None:
    text = f"[[say hello there]] [[usage in=11 out=22 cr=33 cw=44]] {tag()}"
    answer = await house.sdk.chat.completions.create(model=model, messages=[user(text)])

    ChatCompletion.model_validate_json(answer.model_dump_json(), strict=True)
    assert answer.choices[0].message.content == "hello there"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == model
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (11 + 33 + 44, 22)
    assert answer.usage.total_tokens == 11 + 33 + 44 + 22
    assert answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens == 33


@EITHER
async def test_two_hundred_tokens_are_two_hundred_chunks(house: House, model: str) -> None:
    text = f"[[tokens 200]] [[usage in=5 out=200]] {tag()}"
    chunks = await streamed(house, model, text, stream_options={"include_usage": True})

    assert text_of(chunks) == WORDS
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert 190 <= len(pieces) <= 200
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (5, 200)


async def test_a_token_is_passed_on_when_it_is_said_not_when_the_answer_is_whole(house: House) -> None:
    word = tag()
    stream = await house.sdk.chat.completions.create(
        model=BARE, messages=[user(f"[[tokens 3]] [[hang after=2 secs=30]] {word}")], stream=True
    )
    async with asyncio.timeout(10):
        pieces = []
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                pieces.append(chunk.choices[0].delta.content)
            if len(pieces) == 2:
                break
    assert "".join(pieces) == "w0 w1"
    assert house.asked(word)[-1].ended_at is None
    await stream.close()
    await house.demo.wait_until(lambda: house.asked(word)[-1].client_gone, timeout=5)


async def test_thinking_is_streamed_beside_the_answer(house: House) -> None:
    chunks = await streamed(house, BARE, f"[[think let me see]] [[say done]] {tag()}")
    thoughts = [(chunk.choices[0].delta.model_extra or {}).get("reasoning_content", "") for chunk in chunks]
    assert "".join(thoughts) == "let me see"
    assert text_of(chunks) == "done"


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_at_its_limit_says_so(house: House, *, stream: bool) -> None:
    word = tag()
    said, reason = await asked(house, f"[[tokens 50]] {word}", stream=stream, max_tokens=7)
    assert said == "w0 w1 w2 w3 w4 w5 w6"
    assert reason == "length"
    # The CLI would have gone on by itself.
    assert [request.stop_reason for request in house.asked(word)] == ["max_tokens"]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_the_model_refuses_is_filtered(house: House, *, stream: bool) -> None:
    word = tag()
    _, reason = await asked(house, f"[[refuse]] [[say no]] {word}", stream=stream)
    assert reason == "content_filter"
    assert len(house.asked(word)) == 1


async def asked(house: House, text: str, *, stream: bool, **fields: Any) -> tuple[str, str | None]:
    """The text and the finish reason of an answer."""
    if stream:
        chunks = await streamed(house, BARE, text, **fields)
        return text_of(chunks), chunks[-1].choices[0].finish_reason
    answer = await house.sdk.chat.completions.create(model=BARE, messages=[user(text)], **fields)
    return answer.choices[0].message.content or "", answer.choices[0].finish_reason


async def test_the_synchronous_sdk_streamed_and_whole(house: House) -> None:
    def ask() -> tuple[str | None, str]:
        with house.openai() as client:
            whole = client.chat.completions.create(model=BARE, messages=[user(f"[[say one]] {tag()}")])
            stream = client.chat.completions.create(model=BARE, messages=[user(f"[[tokens 5]] {tag()}")], stream=True)
            return whole.choices[0].message.content, text_of(list(stream))

    assert await asyncio.to_thread(ask) == ("one", "w0 w1 w2 w3 w4")


async def test_the_raw_response_names_the_request_and_the_conversation(house: House) -> None:
    raw = await house.sdk.chat.completions.with_raw_response.create(
        model=BARE, messages=[user(f"[[say hi]] {tag()}")], extra_headers={"X-Request-ID": "req_of-mine"}
    )
    assert raw.headers["x-request-id"] == "req_of-mine"
    assert raw.headers["X-Conversation-ID"]
    assert int(raw.headers["openai-processing-ms"]) >= 0
    assert raw.parse().choices[0].message.content == "hi"


async def test_an_agent_s_own_tools_run_and_its_words_around_them_are_one_answer(house: House) -> None:
    word = tag()
    text = f'[[say first]] [[call Bash {{"command": "echo from-the-shell"}}]] [[then]] [[say second]] {word}'
    answer = await house.sdk.chat.completions.create(model=AGENT, messages=[user(text)])
    assert answer.choices[0].message.content == "first\n\nsecond"
    (result,) = [
        block
        for message in house.asked(word)[-1].messages
        for block in message["content"]
        if isinstance(block, dict) and block["type"] == "tool_result"
    ]
    # `echo` needs no permission in Claude Code.
    assert (result["content"], result.get("is_error")) == ("from-the-shell", False)
