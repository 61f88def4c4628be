"""The one line that a request leaves in the edge's log."""

import asyncio
import logging

import pytest
from hotseat_edge.middleware import REQUEST_ENDED

from tests.edge.conftest import HELLO, Edge, post


async def lines(caplog: pytest.LogCaptureFixture, count: int) -> list[dict[str, object]]:
    """The fields of so many lines; they come once an answer is out."""
    async with asyncio.timeout(10):
        while True:
            found = [record.__dict__ for record in caplog.records if record.message == REQUEST_ENDED]
            if len(found) >= count:
                assert len(found) == count
                return found
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def all_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hotseat_edge.middleware")


async def test_a_turn_is_told_with_its_conversation_its_worker_and_the_id_that_the_core_logs_it_under(
    edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    response = await post(edge, HELLO, **{"X-Request-ID": "mine-1", "X-Conversation-ID": "talk"})
    assert response.status_code == 200
    (line,) = await lines(caplog, 1)
    assert (line["method"], line["route"], line["status"]) == ("POST", "/v1/chat/completions", 200)
    assert (line["request_id"], line["conversation"], line["tenant"]) == ("mine-1", "talk", "default")
    assert line["turn_request_id"] == edge.core.inputs[-1].request_id
    assert float(str(line["duration_ms"])) > 0


async def test_what_asks_for_no_turn_is_told_without_one(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    await edge.http.get("/livez")
    await edge.http.get("/v1/models/a-secret-name")
    live, missing = await lines(caplog, 2)
    assert (live["route"], live["status"], live["turn_request_id"], live["conversation"]) == ("/livez", 200, None, None)
    assert (missing["route"], missing["status"], missing["worker_source"]) == ("/v1/models/{id}", 404, None)


async def test_two_requests_of_one_connection_are_two_stories(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    await post(edge, HELLO)
    await edge.http.get("/livez")
    turn, live = await lines(caplog, 2)
    assert turn["turn_request_id"]
    assert live["turn_request_id"] is None


async def test_a_trace_that_the_client_has_begun_is_passed_on_and_told_though_the_edge_makes_none(
    edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    given = f"00-{trace_id}-00f067aa0ba902b7-01"
    await post(edge, HELLO, traceparent=given, tracestate="vendor=1")
    await post(edge, HELLO, traceparent="nonsense", tracestate="vendor=1")
    first, second = edge.core.inputs
    assert (first.trace_context.traceparent, first.trace_context.tracestate) == (given, "vendor=1")
    assert not second.HasField("trace_context")
    told, untold = await lines(caplog, 2)
    assert (told["trace_id"], untold["trace_id"]) == (trace_id, None)
