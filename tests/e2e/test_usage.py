"""What an answer cost, and how little is said to the model besides what its client says."""

import json
from typing import Any

import pytest
from openai.types import CompletionUsage

from tests.e2e.house import House, new_id, tag, user

pytestmark = pytest.mark.asyncio(loop_scope="session")

COUNTS = "[[usage in=100 out=40 cr=30 cw=20 th=25]]"
TOOLS: Any = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]


def counted(usage: CompletionUsage | None) -> tuple[int, ...]:
    """Prompt, completion, total, cached, reasoning."""
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    assert usage.completion_tokens_details is not None
    return (
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.total_tokens,
        usage.prompt_tokens_details.cached_tokens or 0,
        usage.completion_tokens_details.reasoning_tokens or 0,
    )


async def test_usage_is_exact_whole_and_streamed(house: House) -> None:
    text = f"{COUNTS} [[think hm]] [[say ok]] {tag()}"
    whole = await house.sdk.chat.completions.create(model="claude", messages=[user(text)])
    assert counted(whole.usage) == (150, 40, 190, 30, 25)
    assert (whole.usage.model_extra or {})["cost"] > 0 if whole.usage else False
    stream = await house.sdk.chat.completions.create(
        model="claude", messages=[user(text)], stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert counted(chunks[-1].usage) == (150, 40, 190, 30, 25)
    assert chunks[-1].choices == []
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)


async def test_no_chunk_tells_usage_unasked(house: House) -> None:
    stream = await house.sdk.chat.completions.create(model="claude", messages=[user("hi")], stream=True)
    assert [chunk.usage async for chunk in stream if chunk.usage or not chunk.choices] == []


async def test_a_turn_that_ends_in_tool_calls_tells_its_own_and_no_other(house: House) -> None:
    text = f"{COUNTS} [[call add {{}}]] [[then]] [[usage in=7 out=8 cr=9 cw=0]] [[say done]] {tag()}"
    messages: list[Any] = [user(text)]
    first = await house.sdk.chat.completions.create(model="claude", messages=messages, tools=TOOLS)
    assert counted(first.usage) == (150, 40, 190, 30, 25)
    (call,) = first.choices[0].message.tool_calls or []
    messages += [first.choices[0].message.model_dump(exclude_none=True)]
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "3"}]
    second = await house.sdk.chat.completions.create(model="claude", messages=messages, tools=TOOLS)
    assert counted(second.usage) == (16, 8, 24, 9, 0)


async def test_an_agent_s_model_calls_are_added_up(house: House) -> None:
    text = f"{COUNTS} [[call Glob {{}}]] [[then]] {COUNTS} [[say done]] {tag()}"
    answer = await house.sdk.chat.completions.create(model="claude-code", messages=[user(text)])
    assert counted(answer.usage) == (300, 80, 380, 60, 50)


async def test_what_an_agent_does_is_told_beside_its_answer(house: House) -> None:
    text = f'[[call Glob {{"pattern": "*.none"}}]] [[then]] [[say done]] {tag()}'
    answer = await house.sdk.chat.completions.create(model="claude-code", messages=[user(text)])
    message = answer.choices[0].message
    assert (message.content, message.tool_calls) == ("done", None)
    assert (message.model_extra or {})["reasoning_content"].startswith("Glob: *.none")


async def test_a_plain_hi_is_sent_with_less_than_two_kilobytes_of_anything_else(house: House) -> None:
    text = f"hi {tag()}"
    for _ in range(2):  # a new conversation, and one that goes on
        await house.sdk.chat.completions.create(model=f"claude:{new_id()}", messages=[user(text)])
        body = house.asked(text)[-1].body or {}
        rest = len(json.dumps(body)) - len(json.dumps(text))
        assert rest <= 2048, f"{rest} bytes: {sorted((len(json.dumps(part)), name) for name, part in body.items())}"
