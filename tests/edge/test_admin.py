"""/admin/pool: the pool seen, watched and steered; by programs and our own pages, and by no other site."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hotseat import pb
from hotseat_cli.operate import records
from hotseat_edge.pool_told import told
from hotseat_edge.recent import FirstToken, RecentFirstTokens
from hotseat_edge.settings import Settings

from tests.edge.conftest import Edge
from tests.fakes.core import failure

CSRF = {"X-Hotseat-CSRF": "1"}
FRIEND = "https://friend.example"


@pytest.fixture
def settings() -> Settings:
    return Settings(port=0, cors_origins=(FRIEND,))


async def watched(lines: AsyncIterator[str]) -> dict[str, Any]:
    """The next event."""
    async for line in lines:
        if line.startswith("data: "):
            found: dict[str, Any] = json.loads(line[6:])
            return found
    raise AssertionError("the stream has ended")


@pytest.mark.parametrize("message", [pb.Worker(worker_id="w", pid=7, profile="claude"), pb.Worker(), pb.QueuedTurn()])
def test_what_is_told_has_the_fields_of_the_command_s_json(message: pb.Worker | pb.QueuedTurn) -> None:
    ours = records.worker(message) if isinstance(message, pb.Worker) else records.queued_turn(message)
    assert set(told(message)) >= set(ours)


def test_times_lengths_and_states_are_told_in_plain_values() -> None:
    pool = pb.Pool(state=pb.Pool.STATE_DRAINING, start_time=Timestamp(seconds=1_700_000_000))
    pool.stats.oldest_queue_duration.FromMilliseconds(1500)
    shown = told(pool)
    assert (shown["state"], shown["start_time"], shown["start_retry_time"]) == (
        "draining",
        "2023-11-14T22:13:20Z",
        None,
    )
    assert shown["stats"]["oldest_queue_seconds"] == 1.5
    assert set(shown["size"]) >= set(records.pool(pool)["size"])


async def test_the_pool_is_shown_with_its_workers_and_who_waits(edge: Edge) -> None:
    edge.core.queued = [pb.QueuedTurn(position=1, conversation_id="c9")]
    edge.core.pool_stats.queued_turns = 1
    shown = (await edge.http.get("/admin/pool")).json()
    assert shown["pool"]["size"]["max_workers"] == 4
    assert [worker["worker_id"] for worker in shown["workers"]] == ["w1"]
    assert [turn["conversation_id"] for turn in shown["queued_turns"]] == ["c9"]


async def test_changes_are_told_as_they_happen_with_the_first_tokens_since(edge: Edge) -> None:
    async with asyncio.timeout(10), edge.http.stream("GET", "/admin/pool/events") as response:
        lines = response.aiter_lines()
        first = await watched(lines)
        assert first["pool"]["state"] == "active"
        assert first["first_tokens"] == []
        body = {"model": "claude", "messages": [{"role": "user", "content": "hi"}]}
        assert (await edge.http.post("/v1/chat/completions", json=body)).status_code == 200
        edge.core.change(pb.Worker(worker_id="w2", state=pb.Worker.STATE_RUNNING))
        second = await watched(lines)
        assert (second["pool"], [worker["state"] for worker in second["workers"]]) == (None, ["running"])
        assert len(second["first_tokens"]) == 1
        edge.core.end_watches()
        assert [line async for line in lines if line] == []


async def test_a_watch_that_the_core_fails_in_the_middle_ends_with_an_error_event(edge: Edge) -> None:
    async with asyncio.timeout(10), edge.http.stream("GET", "/admin/pool/events") as response:
        lines = response.aiter_lines()
        assert (await watched(lines))["queued_turns"] == []
        edge.core.pool_stats.queued_turns = 1
        edge.core.unary_error = failure("INTERNAL", "out of order")
        edge.core.change(state=pb.Pool.STATE_ACTIVE)  # the edge asks who waits, and is not told
        assert (await watched(lines))["error"]["code"] == "internal_error"
        assert [line async for line in lines if line] == []


async def test_a_pool_is_drained_resumed_and_resized(edge: Edge) -> None:
    drained = await edge.http.post("/admin/pool/drain", json={"grace_seconds": 5}, headers=CSRF)
    assert drained.json()["pool"]["state"] == "draining"
    assert edge.core.drains[0].grace_duration.seconds == 5
    assert (await edge.http.post("/admin/pool/resume", headers=CSRF)).json()["pool"]["state"] == "active"
    resized = await edge.http.post("/admin/pool/resize", json={"max_workers": 7}, headers=CSRF)
    assert resized.json()["pool"]["size"]["max_workers"] == 7
    assert not edge.core.resizes[0].HasField("warm_workers")


@pytest.mark.parametrize("body", [{"max_workers": 0}, {"max_workers": "3"}, {"workers": 3}, []])
async def test_a_size_that_is_none_is_refused(edge: Edge, body: object) -> None:
    answer = await edge.http.post("/admin/pool/resize", json=body, headers=CSRF)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_value")
    assert edge.core.resizes == []


@pytest.mark.parametrize("verb", ["drain", "resume", "resize"])
async def test_nothing_is_steered_without_the_header_that_no_form_can_send(edge: Edge, verb: str) -> None:
    answer = await edge.http.post(f"/admin/pool/{verb}", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf_header_missing")
    assert (edge.core.drains, edge.core.resizes) == ([], [])


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/events"), ("POST", "/drain"), ("POST", "/resume"), ("POST", "/resize")]
)
@pytest.mark.parametrize("origin", [FRIEND, "https://evil.example", "null"])
async def test_other_sites_may_not_even_where_they_may_converse(
    edge: Edge, method: str, path: str, origin: str
) -> None:
    answer = await edge.http.request(method, f"/admin/pool{path}", json={}, headers=CSRF | {"Origin": origin})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_not_allowed")


def test_first_tokens_are_told_once_and_the_latest_alone_are_kept() -> None:
    recent = RecentFirstTokens(clock=lambda: 5.0)
    for number in range(600):
        recent.note("hot", float(number), 0.0)
    mark, found = recent.since(0)
    assert (mark, len(found), found[-1].seconds) == (600, 500, 599.0)
    recent.note("warm", 0.5, 0.25)
    assert recent.since(mark)[1] == [FirstToken(5.0, 0.5, "warm", 0.25)]
    assert recent.since(601) == (601, [])
