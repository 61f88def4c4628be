"""Everything beside chat: conversations, models, health, and errors that are always JSON."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hotseat import pb
from hotseat_edge.app import serve
from hotseat_edge.settings import Settings

from tests.edge.conftest import Edge
from tests.fakes.core import FakeCore, failure, serving

HELLO = {"model": "claude-code", "messages": [{"role": "user", "content": "hi"}]}
CHAT = "/v1/chat/completions"


async def begin(edge: Edge, *names: str) -> None:
    for name in names:
        await edge.http.post(CHAT, json=HELLO | {"model": f"claude-code:{name}"})


def error_of(response: httpx.Response) -> dict[str, Any]:
    assert response.headers["content-type"].startswith("application/json")
    assert response.headers["x-request-id"]
    error: dict[str, Any] = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


async def test_conversations_are_listed_page_by_page(edge: Edge) -> None:
    await begin(edge, "a", "b", "c")
    first = (await edge.http.get("/conversations", params={"limit": 2})).json()
    rest = (await edge.http.get("/conversations", params={"limit": 2, "after": first["next_after"]})).json()

    assert [found["id"] for found in first["data"]] == ["a", "b"]
    assert (first["first_id"], first["last_id"], first["has_more"]) == ("a", "b", True)
    assert [found["id"] for found in rest["data"]] == ["c"]
    assert (rest["has_more"], rest["next_after"]) == (False, None)


async def test_no_conversations_are_an_empty_page(edge: Edge) -> None:
    page = (await edge.http.get("/conversations")).json()
    assert (page["data"], page["first_id"], page["has_more"]) == ([], None, False)


@pytest.mark.parametrize("limit", ["-1", "0", "1000000000", "x", "1.5", "\u0661"])
async def test_a_limit_that_is_none_is_refused(edge: Edge, limit: str) -> None:
    response = await edge.http.get("/conversations", params={"limit": limit})
    assert (response.status_code, error_of(response)["param"]) == (400, "limit")


async def test_one_conversation_is_shown(edge: Edge) -> None:
    await begin(edge, "a")
    found = (await edge.http.get("/conversations/a")).json()

    assert (found["id"], found["object"], found["state"], found["turn_count"]) == ("a", "conversation", "idle", 1)
    assert (found["profile"], found["created_at"], found["metadata"]) == ("claude-code", 1_700_000_000, {})
    assert (found["updated_at"], found["expires_at"]) == (1_700_000_100, 1_702_592_100)
    edge.core.conversations["a"].ClearField("expire_time")
    assert (await edge.http.get("/conversations/a")).json()["expires_at"] is None


async def test_a_conversation_is_shown_with_what_was_said(edge: Edge) -> None:
    await begin(edge, "a")
    roles = [pb.HistoryMessage.ROLE_USER, pb.HistoryMessage.ROLE_ASSISTANT] * 2
    edge.core.messages = [
        pb.ConversationMessage(message_id=f"{number}", role=role, content=[pb.HistoryBlock(text=f"said {number}")])
        for number, role in enumerate(roles)
    ]
    whole = (await edge.http.get("/conversations/a")).json()["messages"]
    assert [message["content"] for message in whole["data"]] == ["said 0", "said 1", "said 2", "said 3"]
    assert (whole["object"], whole["first_id"], whole["last_id"]) == ("list", "msg_0", "msg_3")
    assert (whole["has_more"], whole["next_after"]) == (False, None)
    first = (await edge.http.get("/conversations/a?limit=3&order=desc")).json()["messages"]
    rest = (await edge.http.get(f"/conversations/a?limit=3&order=desc&after={first['next_after']}")).json()["messages"]
    assert [message["content"] for message in first["data"] + rest["data"]] == ["said 3", "said 2", "said 1", "said 0"]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert [request.page_size for request in edge.core.listings] == [100, 3, 3]
    assert "messages" not in (await edge.http.get("/conversations/a?messages=false")).json()


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", f"limit={1001:013}", f"limit=0000000001{0:05000}", "order=up", "messages=perhaps"],
)
async def test_a_page_of_messages_that_can_not_be_is_refused(edge: Edge, query: str) -> None:
    await begin(edge, "a")
    response = await edge.http.get(f"/conversations/a?{query}")
    assert (response.status_code, error_of(response)["param"]) == (400, query.partition("=")[0])


async def test_deleting_evicts_and_purging_deletes(edge: Edge) -> None:
    await begin(edge, "a", "b")
    evicted = await edge.http.delete("/conversations/a")
    purged = await edge.http.delete("/conversations/b", params={"purge": "true"})

    assert evicted.json() == {"id": "a", "object": "conversation.evicted", "deleted": False, "evicted": True}
    assert purged.json() == {"id": "b", "object": "conversation.deleted", "deleted": True, "evicted": True}
    assert set(edge.core.conversations) == {"a"}


async def test_a_busy_conversation_is_evicted_by_force_alone(edge: Edge) -> None:
    await begin(edge, "a")
    edge.core.conversations["a"].state = pb.Conversation.STATE_RUNNING
    refused = await edge.http.delete("/conversations/a")
    forced = await edge.http.delete("/conversations/a?force=true")

    assert (refused.status_code, error_of(refused)["code"]) == (409, "conversation_busy")
    assert (forced.status_code, edge.core.evicted) == (200, ["a"])
    kept = await edge.http.delete("/conversations/a?purge=true")
    assert (kept.status_code, error_of(kept)["code"]) == (409, "conversation_busy")
    assert set(edge.core.conversations) == {"a"}
    purged = await edge.http.delete("/conversations/a?purge=true&force=true")
    assert (purged.status_code, edge.core.conversations) == (200, {})


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_an_unknown_conversation_is_404_and_a_bad_id_400(edge: Edge, method: str) -> None:
    unknown = await edge.http.request(method, "/conversations/nobody")
    bad = await edge.http.request(method, "/conversations/..%2f..%2fetc")

    assert (unknown.status_code, error_of(unknown)["code"]) == (404, "conversation_not_found")
    assert (bad.status_code, error_of(bad)["code"]) == (400, "invalid_conversation_id")


async def test_a_flag_that_is_none_is_refused(edge: Edge) -> None:
    response = await edge.http.delete("/conversations/a?force=maybe")
    assert (response.status_code, error_of(response)["param"]) == (400, "force")


async def test_a_failure_of_the_core_is_told_on_every_route(edge: Edge) -> None:
    edge.core.unary_error = failure("INVALID_MESSAGE", "page_token: not one of mine")
    for path in ("/conversations?after=x", "/conversations/a", "/v1/models", "/v1/models/claude"):
        response = await edge.http.get(path)
        assert (response.status_code, error_of(response)["code"]) == (400, "invalid_request")


async def test_health_tells_of_the_pool(edge: Edge) -> None:
    response = await edge.http.get("/health")
    health = response.json()

    assert (response.status_code, health["status"], health["core"], health["demo"]) == (200, "ok", "ok", False)
    assert (health["pool"]["max_workers"], health["pool"]["idle_timeout_seconds"]) == (4, 600.0)
    assert health["pool"]["workers"] == {"starting": 0, "warm": 1, "idle": 2, "running": 1, "stopping": 0}
    assert health["pool"]["turns"]["hot"] == 7
    assert (health["problems"], health["pool"]["containment"]) == ([], "watcher")
    assert health["pool"]["key_mode"] == "proxy"
    assert health["pool"]["sandbox"] == {"enabled": False, "reason": "HOTSEAT_SANDBOX=off"}
    assert health["uptime_seconds"] >= 0
    assert health["version"]


async def test_a_draining_pool_is_degraded_and_not_ready(edge: Edge) -> None:
    edge.core.pool_state = pb.Pool.STATE_DRAINING
    health, ready, live = [await edge.http.get(path) for path in ("/health", "/readyz", "/livez")]

    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    assert (ready.status_code, live.status_code) == (503, 200)
    assert (health.json()["problems"], ready.json()["problems"]) == (["draining"], ["draining"])


async def test_a_full_queue_is_degraded_and_still_ready(edge: Edge) -> None:
    edge.core.pool_stats.queued_turns = edge.core.pool_size.max_queue
    health, ready = [await edge.http.get(path) for path in ("/health", "/readyz")]

    assert (health.status_code, health.json()["status"], health.json()["problems"]) == (200, "degraded", ["queue_full"])
    assert (ready.status_code, ready.json()) == (200, {"status": "ok"})


async def test_a_pool_that_starts_no_processes_is_not_ready_once_it_has_none(edge: Edge) -> None:
    edge.core.pool_retry_time = Timestamp(seconds=2_000_000_000)
    health, ready = [await edge.http.get(path) for path in ("/health", "/readyz")]
    assert (health.json()["status"], health.json()["pool"]["starts_workers"], ready.status_code) == ("ok", False, 200)

    edge.core.pool_stats = pb.PoolStats(starting_workers=1)
    health, ready = [await edge.http.get(path) for path in ("/health", "/readyz")]
    assert (health.json()["status"], health.json()["problems"]) == ("degraded", ["workers_do_not_start"])
    assert (ready.status_code, ready.json()["problems"]) == (503, ["workers_do_not_start"])


async def test_a_core_that_is_away_is_told_within_a_second() -> None:
    settings = Settings(port=0, core_target="127.0.0.1:1", demo=True)
    async with serve(settings) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        async with asyncio.timeout(1.0):
            health, ready, live = [await http.get(path) for path in ("/health", "/readyz", "/livez")]

    assert (health.status_code, ready.status_code, live.status_code) == (503, 503, 200)
    assert (health.json()["core"], health.json()["pool"], health.json()["demo"]) == ("unreachable", None, True)
    assert (health.json()["problems"], ready.json()["problems"]) == (["core_unreachable"], ["core_unreachable"])


async def test_a_core_that_answers_no_probe_is_told_within_a_second(edge: Edge) -> None:
    edge.core.unary_delay = 30.0
    async with asyncio.timeout(1.0):
        response = await edge.http.get("/health")
    assert response.status_code == 503


async def test_a_core_that_stops_answering_in_the_middle_of_a_probe_is_away(edge: Edge) -> None:
    edge.core.knows_callers.clear()
    async with asyncio.timeout(9):  # a call to the core, without a probe's hurry, has thirty seconds
        response = await edge.http.get("/health")
    assert (response.status_code, response.json()["core"], response.json()["pool"]) == (503, "unreachable", None)


async def test_a_core_that_comes_back_is_found(tmp_path: Any) -> None:
    target = f"unix:{tmp_path}/core.sock"
    async with (
        serve(Settings(port=0, core_target=target)) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
    ):
        assert (await http.get("/readyz")).status_code == 503
        for _ in range(2):
            async with serving(FakeCore(), target), asyncio.timeout(3):
                while (await http.get("/readyz")).status_code != 200:  # noqa: ASYNC110  # gRPC tells nobody
                    await asyncio.sleep(0.02)
            assert (await http.get("/readyz")).status_code == 503


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "allow"),
    [
        ("GET", "/nothing", 404, "unknown_url", None),
        ("GET", "/v1/nope", 404, "unknown_url", None),
        ("POST", "/v1/v1/chat/completions", 404, "unknown_url", None),
        ("DELETE", CHAT, 405, "method_not_allowed", "GET,HEAD,POST"),
        ("PUT", "/conversations/a", 405, "method_not_allowed", "DELETE,GET,HEAD"),
        ("OPTIONS", CHAT, 405, "method_not_allowed", "GET,HEAD,POST"),
        ("GET", "/v1/models/no-such-model", 404, "model_not_found", None),
        ("GET", "/v1/models/claude-code:", 400, "invalid_model_suffix", None),
    ],
)
async def test_what_is_not_there_is_said_in_json(  # noqa: PLR0917  # columns of a table
    edge: Edge, method: str, path: str, status: int, code: str, allow: str | None
) -> None:
    response = await edge.http.request(method, path)
    assert (response.status_code, error_of(response)["code"]) == (status, code)
    assert response.headers.get("allow") == allow


@pytest.mark.parametrize(
    ("headers", "param"),
    [
        ({"Content-Type": "text/plain"}, "Content-Type"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "Content-Type"),
        ({"Content-Type": ""}, "Content-Type"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, "Content-Encoding"),
        ({"Content-Type": "application/json", "Content-Encoding": "br"}, "Content-Encoding"),
    ],
)
async def test_only_plain_json_is_taken(edge: Edge, headers: dict[str, str], param: str) -> None:
    response = await edge.http.post(CHAT, content=json.dumps(HELLO), headers=headers)
    assert (response.status_code, error_of(response)["param"]) == (415, param)
    assert edge.core.openings == []


async def test_a_charset_beside_the_media_type_is_fine(edge: Edge) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert (await edge.http.post(CHAT, content=json.dumps(HELLO), headers=headers)).status_code == 200


class TestWithASmallBody:
    """Bounds that a test can reach."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(port=0, max_body_bytes=1000, body_timeout_s=0.1)

    async def test_a_body_that_says_it_is_too_large_is_413_unread(self, edge: Edge) -> None:
        response = await edge.http.post(CHAT, json=HELLO | {"user": "u" * 2000})
        assert (response.status_code, error_of(response)["code"]) == (413, "request_too_large")

    async def test_a_body_of_unsaid_length_is_413_at_the_bound(self, edge: Edge) -> None:
        async def parts() -> Any:
            for _ in range(30):
                yield b" " * 100

        headers = {"Content-Type": "application/json"}
        response = await edge.http.post(CHAT, content=parts(), headers=headers)
        assert (response.status_code, error_of(response)["code"]) == (413, "request_too_large")

    async def test_a_body_that_does_not_come_is_408(self, edge: Edge) -> None:
        head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        head += "Content-Length: 100\r\n\r\n{"
        reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
        writer.write(head.encode())
        async with asyncio.timeout(5):
            answer = await reader.readuntil(b"}}")
        writer.close()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"request_timeout" in answer


@pytest.mark.parametrize(("given", "kept"), [("mine-1", True), ("x" * 10_000, False), ("a b", False), ("", False)])
async def test_a_client_s_request_id_comes_back_if_it_is_sane(edge: Edge, given: str, kept: bool) -> None:
    response = await edge.http.get("/livez", headers={"X-Request-ID": given[:8000]})
    assert (response.headers["x-request-id"] == given) is kept


async def test_every_response_tells_its_time_and_nothing_of_its_making(edge: Edge) -> None:
    for response in (await edge.http.get("/livez"), await edge.http.get("/nope")):
        assert int(response.headers["openai-processing-ms"]) >= 0
        assert response.headers["server"] == "hotseat"
        assert response.headers["x-content-type-options"] == "nosniff"


async def test_a_fault_of_ours_is_500_with_nothing_of_its_inside(
    edge: Edge, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("hotseat_edge.openai.request.build", broken)
    response = await edge.http.post(CHAT, json=HELLO)

    assert (response.status_code, error_of(response)["code"]) == (500, "internal_error")
    assert "secret" not in response.text
    assert response.headers["x-request-id"] in response.text
    assert "a secret" in caplog.text
