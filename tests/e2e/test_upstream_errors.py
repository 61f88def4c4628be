"""The provider's failures come back as what they are, in seconds, and cost the conversation nothing."""

import asyncio

import openai
import pytest

from tests.e2e.house import House, new_id, said, tag, user

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECONDS = 8.0
STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
WORKING = {False: new_id(), True: new_id()}  # two conversations for all: a failure must leave its worker in order


async def ask(house: House, text: str, *, stream: bool, conversation: str = "") -> str:
    """The answer's text, read to its end."""
    return "".join(await told(house, text, stream=stream, conversation=conversation))


async def told(
    house: House, text: str, *, stream: bool, conversation: str = "", into: list[str] | None = None
) -> list[str]:
    """The pieces of the answer; where it breaks off, `into` has those that came."""
    model = f"claude:{conversation or WORKING[stream]}"
    pieces = [] if into is None else into
    async with asyncio.timeout(SECONDS):
        if not stream:
            answer = await house.sdk.chat.completions.create(model=model, messages=[user(text)])
            return [answer.choices[0].message.content or ""]
        chunks = await house.sdk.chat.completions.create(model=model, messages=[user(text)], stream=True)
        async for chunk in chunks:
            pieces.append(chunk.choices[0].delta.content or "")
    return pieces


async def failures(house: House, directive: str) -> list[openai.APIStatusError]:
    """The errors that this directive ends in, asked for whole and streamed at the same time."""

    async def fail(*, stream: bool) -> openai.APIStatusError:
        with pytest.raises(openai.APIStatusError) as caught:
            await ask(house, f"[[{directive}]] {tag()}", stream=stream)
        return caught.value

    return list(await asyncio.gather(fail(stream=False), fail(stream=True)))


@pytest.mark.parametrize(
    ("directive", "kind", "status", "code"),
    [
        ("error 400", openai.BadRequestError, 400, "upstream_rejected"),
        ("error 401", openai.AuthenticationError, 401, "upstream_auth_error"),
        ("error 403", openai.PermissionDeniedError, 403, "upstream_auth_error"),
        ("error 404", openai.NotFoundError, 404, "model_not_found"),
        ("error 413", openai.APIStatusError, 413, "request_too_large"),
        ("error 500", openai.InternalServerError, 502, "upstream_error"),
        ("error 529", openai.InternalServerError, 503, "overloaded"),
    ],
)
async def test_an_error_of_the_provider_is_that_error(
    house: House, directive: str, kind: type[openai.APIStatusError], status: int, code: str
) -> None:
    for error in await failures(house, directive):
        assert isinstance(error, kind)
        assert (error.status_code, error.code) == (status, code)
        assert error.response.headers["x-request-id"]
        assert directive.split()[1] in error.message


@pytest.mark.parametrize(("directive", "seconds"), [("ra=1", 1), ("ra=20", 20), ("ra=3600", 3590), ("", 1)])
async def test_a_rate_limit_says_when_to_come_back(house: House, directive: str, seconds: int) -> None:
    for error in await failures(house, f"error 429 {directive}"):
        assert isinstance(error, openai.RateLimitError)
        assert (error.status_code, error.code) == (429, "rate_limit_exceeded")
        assert int(error.response.headers["Retry-After"]) >= seconds


@STREAMED
async def test_a_failed_turn_leaves_no_trace_and_the_worker_in_place(house: House, *, stream: bool) -> None:
    conversation, first, second = new_id(), f"[[say one]] {tag()}", f"[[say two]] {tag()}"
    await ask(house, first, stream=stream, conversation=conversation)
    worker = await house.until_idle(conversation)
    for status in (400, 401, 413):
        with pytest.raises(openai.APIStatusError):
            await ask(house, f"[[error {status}]] {tag()}", stream=stream, conversation=conversation)
    assert await ask(house, second, stream=stream, conversation=conversation) == "two"
    assert said(house.asked(second)[-1].messages) == [("user", first), ("assistant", "one"), ("user", second)]
    assert (await house.until_idle(conversation)).pid == worker.pid


@pytest.mark.parametrize("fault", ["error 529 x1", "error 500 x1", "error 429 ra=1 x1", "cut x1"])
async def test_a_failure_that_passes_is_not_the_client_s_business(house: House, fault: str) -> None:
    answers = [ask(house, f"[[{fault}]] [[say fine]] {tag()}", stream=stream) for stream in (False, True)]
    assert await asyncio.gather(*answers) == ["fine", "fine"]


@STREAMED
@pytest.mark.parametrize("fault", ["cut after=7 x1", "sse-error overloaded_error after=7 x1"])
async def test_an_answer_that_breaks_off_and_is_repeated_is_told_once(
    house: House, fault: str, *, stream: bool
) -> None:
    conversation, text = new_id(), f"[[{fault}]] [[delay 10]] [[tokens 20]] {tag()}"
    expected = " ".join(f"w{number}" for number in range(20))
    assert await ask(house, text, stream=stream, conversation=conversation) == expected
    assert len([request for request in house.demo.requests if text in str(request.body)]) == 2
    following = f"[[say next]] {tag()}"
    await ask(house, following, stream=stream, conversation=conversation)
    assert said(house.asked(following)[-1].messages) == [("user", text), ("assistant", expected), ("user", following)]


async def test_an_answer_that_never_stops_breaking_off_ends_in_an_error_after_its_text(house: House) -> None:
    pieces: list[str] = []
    with pytest.raises(openai.APIError) as caught:
        await told(house, f"[[cut after=7]] [[delay 10]] [[tokens 20]] {tag()}", stream=True, into=pieces)
    assert not isinstance(caught.value, openai.APIStatusError)  # it came as an event of the stream
    assert "w0 w1 w2 w3 w4 w5 w6".startswith("".join(pieces))
    assert len("".join(pieces)) >= len("w0 w1 w2")
    assert caught.value.code == "upstream_error"


def two_answers(house: House) -> None:
    """The next answer breaks off, and its repetition is another one."""
    house.demo.queue(
        {
            "blocks": [{"type": "text", "text": "one two three four five"}],
            "delay_ms": 10,
            "faults": [{"type": "cut", "after": 4}],
        },
        {"blocks": [{"type": "text", "text": "something else altogether"}]},
    )


async def test_another_answer_after_a_break_is_an_error_and_never_mixed_text(house: House) -> None:
    two_answers(house)
    pieces: list[str] = []
    with pytest.raises(openai.APIError) as caught:
        await told(house, tag(), stream=True, into=pieces)
    assert "one two three four five".startswith("".join(pieces))
    assert caught.value.code == "upstream_broke_off"


async def test_another_answer_after_a_break_is_the_answer_where_nothing_was_sent_yet(house: House) -> None:
    two_answers(house)
    assert await ask(house, tag(), stream=False) == "something else altogether"


async def test_an_error_after_the_first_byte_is_an_event_and_no_proper_end(house: House) -> None:
    text = f"[[cut after=4]] [[delay 10]] [[tokens 9]] {tag()}"
    body = {"model": "claude", "stream": True, "messages": [user(text)]}
    async with house.http.stream("POST", "/v1/chat/completions", json=body) as response:
        assert response.status_code == 200
        async with asyncio.timeout(SECONDS):
            lines = [line async for line in response.aiter_lines() if line.startswith("data: ")]
    assert lines[-1].startswith('data: {"error":')
    assert not any('"finish_reason":"' in line for line in lines)
