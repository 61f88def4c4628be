"""Faults, pauses and hang-ups as a client meets them."""

import asyncio
import time

import aiohttp
import pytest
from hotseat_demo.reply import Cut, Reply, Text

from tests.demo.client import Client


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("status", "error_type"),
    [
        (429, "rate_limit_error"),
        (529, "overloaded_error"),
        (401, "authentication_error"),
        (400, "invalid_request_error"),
        (500, "api_error"),
    ],
)
async def test_an_http_error_has_the_form_of_the_api(
    client: Client, status: int, error_type: str, stream: bool
) -> None:
    answer = await client.ask(f"[[error {status} ra=3]]", stream=stream)
    assert (answer["status"], answer["error"]["type"], answer["headers"]["retry-after"]) == (status, error_type, "3")
    assert answer["request_id"] == answer["headers"]["request-id"]
    assert client.demo.requests[0].fault == "error"


async def test_a_counted_fault_spares_later_requests_until_the_reset(client: Client) -> None:
    statuses = [(await client.ask("[[error 529 x2]] hi"))["status"] for _ in range(3)]
    client.demo.reset()
    assert [*statuses, (await client.ask("[[error 529 x2]] hi"))["status"]] == [529, 529, 200, 529]


async def test_a_stream_can_end_in_an_error_event(client: Client) -> None:
    events = [event async for event in client.stream("[[sse-error api_error after=2]] [[tokens 5]]")]
    assert [e["type"] for e in events[3:]] == ["content_block_delta", "content_block_delta", "error"]
    assert events[-1]["error"]["type"] == "api_error"
    assert (await client.ask("[[sse-error]] x"))["status"] == 529


async def test_an_error_event_comes_even_after_the_last_delta(client: Client) -> None:
    events = [event async for event in client.stream("[[sse-error after=99]] [[tokens 1]]")]
    assert [event["type"] for event in events[-2:]] == ["content_block_stop", "error"]


async def test_a_cut_drops_the_connection_after_so_many_deltas(client: Client) -> None:
    got: list[str] = []
    keep = got.append  # what came before the cut

    async def read() -> None:
        async for event in client.stream("[[cut after=2]] [[tokens 5]]"):
            keep(event["type"])

    with pytest.raises(aiohttp.ClientPayloadError):
        await read()
    assert got.count("content_block_delta") == 2
    assert client.demo.requests[0].fault == "cut"
    assert client.demo.requests[0].client_gone is False


@pytest.mark.parametrize("stream", [True, False])
async def test_a_cut_before_the_first_byte_is_no_response(client: Client, stream: bool) -> None:
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.ask("[[cut]]", stream=stream)


async def test_a_stalled_stream_goes_on_after_its_time(client: Client) -> None:
    started = time.monotonic()
    assert len(await client.texts("[[hang after=1 secs=0.2]] [[tokens 3]]")) == 3
    assert time.monotonic() - started >= 0.2


async def test_pauses_are_kept(client: Client) -> None:
    started = time.monotonic()
    await client.texts("[[ttft 100]] [[delay 50]] [[tokens 3]]")
    assert time.monotonic() - started >= 0.2
    recorded = client.demo.requests[0]
    assert recorded.first_byte_at is not None
    assert recorded.first_byte_at - recorded.at >= 0.1


@pytest.mark.parametrize("text", ["[[hang]]", "[[hang after=2]] [[tokens 5]]", "[[delay 50]] [[tokens 1000]]"])
async def test_a_client_that_hangs_up_is_seen(client: Client, text: str) -> None:
    async def read() -> None:
        async for _ in client.stream(text):
            pass

    asking = asyncio.create_task(read())
    recorded = await client.demo.wait_for_request(1)
    if text != "[[hang]]":
        await client.demo.wait_until(lambda: recorded.deltas == 2)
    assert recorded.client_gone is False
    asking.cancel()
    await client.demo.wait_until(lambda: recorded.client_gone, timeout=2)
    assert recorded.client_gone_at is not None
    assert recorded.client_gone_at >= recorded.at
    assert recorded.stop_reason is None


async def test_a_client_that_reads_to_the_end_is_not_gone(client: Client) -> None:
    await client.texts("hello")
    await client.demo.wait_until(lambda: client.demo.requests[0].ended_at is not None)
    assert client.demo.requests[0].client_gone is False


async def test_queued_faults_are_acted_out(client: Client) -> None:
    client.demo.queue(
        Reply(blocks=(Text("a b c"),), faults=(Cut(1),)), {"text": "x", "faults": [{"type": "hang", "seconds": 0}]}
    )
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.texts("hi")
    assert await client.texts("hi") == ["x"]
