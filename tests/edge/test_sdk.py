"""The stock OpenAI SDK against a real edge."""

import asyncio
from collections.abc import AsyncIterator

import openai
import pytest
from hotseat import pb
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessageParam

from tests.edge.conftest import Edge
from tests.fakes.core import FakeTurn, failure

MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hello world"}]


@pytest.fixture
async def sdk(edge: Edge) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{edge.url}/v1", api_key="unused", max_retries=0) as client:
        yield client


async def test_a_whole_answer(sdk: openai.AsyncOpenAI) -> None:
    answer = await sdk.chat.completions.create(model="claude-code", messages=MESSAGES)

    ChatCompletion.model_validate_json(answer.model_dump_json(), strict=True)
    assert answer.choices[0].message.content == "You said: hello world"
    assert answer.usage is not None
    assert answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens == 3


async def test_a_streamed_answer(sdk: openai.AsyncOpenAI) -> None:
    stream = await sdk.chat.completions.create(
        model="claude-code",
        messages=MESSAGES,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]

    for chunk in chunks:
        ChatCompletionChunk.model_validate_json(chunk.model_dump_json(), strict=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "You said: hello world"
    assert chunks[-1].usage is not None


async def test_the_sdk_s_own_stream_helper(sdk: openai.AsyncOpenAI) -> None:
    async with sdk.chat.completions.stream(model="claude-code", messages=MESSAGES) as stream:
        kinds = {event.type async for event in stream}
        final = await stream.get_final_completion()

    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert final.choices[0].message.content == "You said: hello world"


async def test_the_sync_sdk_streamed_and_whole(edge: Edge) -> None:
    def ask() -> tuple[str, str]:
        with openai.OpenAI(base_url=f"{edge.url}/v1", api_key="unused", max_retries=0) as client:
            whole = client.chat.completions.create(model="claude-code", messages=MESSAGES)
            stream = client.chat.completions.create(model="claude-code", messages=MESSAGES, stream=True)
            streamed = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
            return whole.choices[0].message.content or "", streamed

    assert await asyncio.to_thread(ask) == ("You said: hello world",) * 2


async def test_the_conversation_is_in_the_raw_response(sdk: openai.AsyncOpenAI) -> None:
    raw = await sdk.chat.completions.with_raw_response.create(
        model="claude-code:mine",
        messages=MESSAGES,
    )

    assert raw.headers["x-conversation-id"] == "mine"
    assert raw.request_id is not None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (failure("PROVIDER_LIMIT", httpStatus="429", retry_s=1), openai.RateLimitError),
        (failure("PROVIDER", httpStatus="529"), openai.InternalServerError),
        (failure("PROVIDER", httpStatus="500"), openai.InternalServerError),
        (failure("PROVIDER_AUTH", httpStatus="401"), openai.AuthenticationError),
        (failure("PROVIDER_AUTH", httpStatus="403"), openai.PermissionDeniedError),
        (failure("PROVIDER_REJECTED", httpStatus="400"), openai.BadRequestError),
        (failure("POOL_FULL"), openai.RateLimitError),
        (failure("TURN_RUNNING"), openai.ConflictError),
    ],
)
async def test_a_failed_turn_raises_the_sdk_s_own_class(
    edge: Edge, sdk: openai.AsyncOpenAI, error: pb.Error, kind: type[openai.APIStatusError]
) -> None:
    async def fail(turn: FakeTurn) -> None:
        await turn.started()
        await turn.failed(error)

    edge.core.script = fail
    with pytest.raises(kind) as caught:
        await sdk.chat.completions.create(model="claude-code", messages=MESSAGES)
    assert caught.value.code
    assert caught.value.request_id


async def test_a_turn_that_may_have_had_side_effects_is_not_retried_by_the_sdk(edge: Edge) -> None:
    async def fail(turn: FakeTurn) -> None:
        await turn.started()
        await turn.failed(failure("PROVIDER", httpStatus="500"))

    edge.core.script = fail
    async with openai.AsyncOpenAI(base_url=f"{edge.url}/v1", api_key="unused", max_retries=2) as patient:
        with pytest.raises(openai.InternalServerError):
            await patient.chat.completions.create(model="claude-code", messages=MESSAGES)
    assert len(edge.core.openings) == 1


async def test_a_failure_in_mid_stream_is_raised(edge: Edge, sdk: openai.AsyncOpenAI) -> None:
    async def fail(turn: FakeTurn) -> None:
        await turn.started()
        await turn.text("half")
        await turn.failed(failure("PROVIDER", "broken", httpStatus="500"))

    edge.core.script = fail
    stream = await sdk.chat.completions.create(model="claude-code", messages=MESSAGES, stream=True)
    with pytest.raises(openai.APIError, match="broken"):
        _ = [chunk async for chunk in stream]


async def test_models_are_listed_and_found(sdk: openai.AsyncOpenAI) -> None:
    listed = [model.id async for model in sdk.models.list()]

    assert listed == ["claude-code", "claude-code/sonnet", "claude-code/opus", "claude", "claude/haiku"]
    assert (await sdk.models.retrieve("claude-code/opus")).id == "claude-code/opus"
    assert (await sdk.models.retrieve("claude-code:my-conv")).id == "claude-code"
    with pytest.raises(openai.NotFoundError) as caught:
        await sdk.models.retrieve("no-such-model")
    assert caught.value.code == "model_not_found"
