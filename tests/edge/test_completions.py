"""POST /v1/completions, over a small core, as the SDK reads it."""

from typing import Any

import httpx
import openai
import pytest
from openai.types import Completion

from tests.edge.conftest import Edge, events

PROMPT: dict[str, Any] = {"model": "claude", "prompt": "hello world"}


async def post(edge: Edge, **fields: Any) -> httpx.Response:
    return await edge.http.post("/v1/completions", json=PROMPT | fields)


async def test_a_whole_completion(edge: Edge) -> None:
    response = await post(edge, seed=5)
    assert response.headers["x-ignored-params"] == "seed"
    told = Completion.model_validate_json(response.text, strict=True)
    assert told.id.startswith("cmpl-")
    assert (told.object, told.model, told.choices[0].text) == ("text_completion", "claude", "You said: hello world")
    assert told.choices[0].finish_reason == "stop"
    assert told.usage is not None
    assert told.usage.total_tokens == 20


@pytest.mark.parametrize("stream", [True, False])
async def test_echo_puts_the_prompt_first(edge: Edge, *, stream: bool) -> None:
    response = await post(edge, prompt=["hello world"], echo=True, stream=stream)
    bodies = events(response)[:-1] if stream else [response.json()]
    said = "".join(body["choices"][0]["text"] for body in bodies)
    assert said == "hello worldYou said: hello world"


async def test_a_streamed_completion(edge: Edge) -> None:
    response = await post(edge, stream=True, stream_options={"include_usage": True})
    *chunks, usage, done = events(response)
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == "You said: hello world"
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert all(chunk["usage"] is None for chunk in chunks)
    assert (usage["choices"], usage["usage"]["total_tokens"], done) == ([], 20, "[DONE]")


async def test_the_sdk_reads_it(edge: Edge) -> None:
    async with openai.AsyncOpenAI(base_url=f"{edge.url}/v1", api_key="unused", max_retries=0) as sdk:
        whole = await sdk.completions.create(model="claude", prompt="hello world")
        stream = await sdk.completions.create(model="claude", prompt="hello world", stream=True)
        pieces = [chunk.choices[0].text async for chunk in stream]
    assert whole.choices[0].text == "".join(pieces) == "You said: hello world"
    assert len(pieces) > 2


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"prompt": ""}, "invalid_value", "prompt"),
        ({"prompt": []}, "invalid_value", "prompt"),
        ({"prompt": ["a", "b"]}, "invalid_value", "prompt"),
        ({"prompt": [1, 2]}, "invalid_type", "prompt[0]"),
        ({"prompt": None}, "invalid_type", "prompt"),
        ({"suffix": "x"}, "unsupported_parameter", "suffix"),
        ({"best_of": 2}, "unsupported_parameter", "best_of"),
        ({"n": 2}, "unsupported_parameter", "n"),
        ({"logprobs": 2}, "unsupported_parameter", "logprobs"),
        ({"max_tokens": 0}, "invalid_value", "max_tokens"),
        ({"stream_options": {"include_usage": True}}, "invalid_value", "stream_options"),
    ],
)
async def test_what_can_not_be_served_is_named(edge: Edge, fields: dict[str, Any], code: str, param: str) -> None:
    error = (await post(edge, **fields)).json()["error"]
    assert (error["code"], error["param"]) == (code, param)
