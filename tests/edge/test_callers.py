"""Every route, with every kind of key: who gets in, and whose key the core is shown."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hotseat import Client, pb
from hotseat_edge.app import application, serve
from hotseat_edge.callers import ADMIN, PUBLIC, key_in
from hotseat_edge.core_client import Core
from hotseat_edge.metrics import Metrics
from hotseat_edge.openai.errors import ApiError
from hotseat_edge.settings import BadSetting, Settings, load

from tests.edge.conftest import HELLO
from tests.fakes.core import FakeCore, FakeTurn, echo, serving

USER, KEEPER = "hs_user", "hs_keeper"
CALLERS = {
    USER: pb.GetCallerResponse(auth_mode=pb.AUTH_MODE_KEYS, tenant="acme", scopes=[pb.SCOPE_CONVERSE]),
    KEEPER: pb.GetCallerResponse(auth_mode=pb.AUTH_MODE_KEYS, tenant="default", scopes=[pb.SCOPE_ADMIN]),
}
BODIES = {
    "/v1/chat/completions": HELLO,
    "/v1/completions": {"model": "claude", "prompt": "hello"},
    "/v1/responses": {"model": "claude", "input": "hello"},
    "/login": {},
    "/admin/keys": {"name": "made"},
    "/admin/pool/drain": {},
    "/admin/pool/resize": {"max_workers": 3},
}


@dataclass
class Keyed:
    """An edge before a core that knows two keys."""

    core: FakeCore
    http: httpx.AsyncClient

    async def get(self, path: str, key: str = "", method: str = "GET", **more: Any) -> httpx.Response:
        headers = {"X-Hotseat-CSRF": "1"} | ({"Authorization": f"Bearer {key}"} if key else {})
        request = self.http.build_request(method, path, headers=headers, json=BODIES.get(path), **more)
        response = await self.http.send(request, stream=path == "/admin/pool/events")
        await response.aclose()  # one that has no end
        return response


@pytest.fixture
async def keyed() -> AsyncIterator[Keyed]:
    core = FakeCore()
    core.callers = dict(CALLERS)
    async with (
        serving(core) as target,
        serve(Settings(port=0, core_target=target)) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as http,
    ):
        yield Keyed(core, http)


async def routes() -> list[tuple[str, str]]:
    """Every method and path that the edge serves, with a word for each part that is open."""
    async with Client("127.0.0.1:1") as client:
        app = application(Settings(), Core(client, 0.0), Metrics())
    return [
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    ]


def path_of(canonical: str) -> str:
    words = {
        "{name}": "docs.js",
        "{path}": "icon.svg",
        "{id}": "claude-code",
        "{item}": "msg_1",
        "{permission_id}": "p1",
    }
    for part, word in words.items():
        canonical = canonical.replace(part, word)
    return canonical


async def test_every_route_needs_a_key_unless_it_is_public(keyed: Keyed) -> None:
    wrong = []
    for method, route in await routes():
        path = path_of(route)
        for key in ("", "hs_unknown", USER, KEEPER):
            status = (await keyed.get(path, key, method)).status_code
            if route in PUBLIC - {"/login"}:  # that takes a code where there is no key
                expected = status == 200
            elif key not in CALLERS:
                expected = status == 401
            elif route == "/admin/keys/{id}":
                expected = status == (404 if key == KEEPER else 403)
            elif route in ADMIN:
                expected = status == (200 if key == KEEPER else 403)
            else:
                expected = status not in (401, 403)
            if not expected:
                wrong.append((method, route, key, status))
    assert wrong == []


async def test_the_lists_of_exceptions_name_routes_that_exist() -> None:
    existing = {route for _, route in await routes()}
    assert existing >= PUBLIC | ADMIN


async def test_an_unknown_key_is_an_openai_error(keyed: Keyed) -> None:
    answer = await keyed.get("/v1/models", "hs_unknown")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (401, "invalid_api_key", "invalid_request_error")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_before_a_key_is_known_nothing_of_a_request_is_looked_at(keyed: Keyed) -> None:
    answer = await keyed.http.post("/v1/chat/completions", content=b"no json", headers={"Authorization": "Bearer x"})
    assert answer.status_code == 401
    assert keyed.core.openings == []


async def test_the_core_is_shown_the_key_of_each_request_and_no_other(keyed: Keyed) -> None:
    shown: dict[str, str] = {}

    async def script(turn: FakeTurn) -> None:
        text = turn.input.content[0].text
        shown[text] = keyed.core.key_of(turn.context)
        await echo(turn)

    keyed.core.script = script
    keyed.core.callers["hs_other"] = CALLERS[USER]

    async def ask(number: int) -> None:
        key = (USER, "hs_other")[number % 2]
        body = {"model": "claude", "messages": [{"role": "user", "content": str(number)}]}
        answer = await keyed.http.post("/v1/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 200

    for _ in range(3):  # streams that were opened ahead, too
        await asyncio.gather(*(ask(number) for number in range(8)))
    assert shown == {str(number): (USER, "hs_other")[number % 2] for number in range(8)}


async def test_a_key_is_asked_about_once_a_minute_at_most(keyed: Keyed) -> None:
    for _ in range(5):
        assert (await keyed.get("/v1/models", USER)).status_code == 200
    assert keyed.core.asked_for_caller == 1


async def test_a_key_that_is_revoked_reads_no_metrics_from_then_on(keyed: Keyed) -> None:
    assert (await keyed.get("/metrics", KEEPER)).status_code == 200
    del keyed.core.callers[KEEPER]
    assert (await keyed.get("/metrics", KEEPER)).status_code == 401
    assert (await keyed.get("/health", KEEPER)).json()["auth"] == "keys"
    assert "pool" not in (await keyed.get("/health", KEEPER)).json()


async def test_a_stranger_learns_from_health_whether_it_serves(keyed: Keyed) -> None:
    keyed.core.pool_size = pb.PoolSize()  # as the core tells strangers
    answer = (await keyed.get("/health")).json()
    assert answer == {"status": "ok", "core": "ok", "auth": "keys", "problems": []}


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({}, ""),
        ({"Authorization": "Bearer hs_a"}, "hs_a"),
        ({"Authorization": "bearer  hs_a "}, "hs_a"),
        ({"x-api-key": "hs_a"}, "hs_a"),
        ({"api-key": "hs_a"}, "hs_a"),
        ({"Authorization": "Bearer hs_a", "x-api-key": "hs_a"}, "hs_a"),
        ({"Authorization": "Basic aGVsbG8="}, "not-a-key"),
        ({"Authorization": "Bearer " + "x" * 513}, "not-a-key"),
        ({"Authorization": "Bearer h\xe9"}, "not-a-key"),
        ({"Authorization": "Bearer a\tb"}, "not-a-key"),
    ],
)
def test_the_key_of_a_request(headers: dict[str, str], key: str) -> None:
    assert key_in(headers) == key


def test_two_keys_are_none() -> None:
    with pytest.raises(ApiError) as caught:
        key_in({"Authorization": "Bearer one", "x-api-key": "two"})
    assert caught.value.status == 401


async def test_limits_are_told_as_openai_tells_them(keyed: Keyed) -> None:
    refused = pb.Error(
        reason=pb.ERROR_REASON_RATE_LIMITED,
        message="slow down",
        metadata={"requestLimit": "60", "requestsRemaining": "0", "requestsResetSeconds": "90.5"},
    )
    refused.retry_delay.FromSeconds(3)
    keyed.core.refuse_open = refused
    answer = await keyed.get("/v1/chat/completions", USER, "POST")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    told = {name: value for name, value in answer.headers.items() if name.startswith(("x-ratelimit", "retry", "x-sh"))}
    assert told == {
        "retry-after": "3",
        "retry-after-ms": "3000",
        "x-should-retry": "true",
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1m30s",
    }
    refused.reason = pb.ERROR_REASON_BUDGET_SPENT
    answer = await keyed.get("/v1/chat/completions", USER, "POST")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "insufficient_quota")
    assert answer.headers["x-should-retry"] == "false"


async def test_where_others_reach_the_edge_a_core_that_asks_nobody_will_not_do() -> None:
    core = FakeCore()
    core.callers = dict(CALLERS)
    async with (
        serving(core) as target,
        serve(Settings(host="0.0.0.0", port=0, core_target=target)) as url,
        httpx.AsyncClient(base_url=url.replace("0.0.0.0", "127.0.0.1"), trust_env=False) as http,
    ):
        core.callers = {}  # as a core whose data are gone
        answer = await http.get("/v1/models", headers={"Authorization": f"Bearer {USER}"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
        assert (await http.get("/livez")).status_code == 200


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"HOTSEAT_TLS_CERT": "a.pem"}, "HOTSEAT_TLS_CERT is of no use without HOTSEAT_TLS_KEY: set both"),
        ({"HOTSEAT_TLS_KEY": "a.pem"}, "HOTSEAT_TLS_KEY is of no use without HOTSEAT_TLS_CERT: set both"),
        ({"HOTSEAT_TLS_CLIENT_CA": "a.pem"}, "HOTSEAT_TLS_CLIENT_CA is of no use without HOTSEAT_TLS_CERT: set both"),
    ],
)
def test_half_a_certificate_is_refused(environment: dict[str, str], told: str) -> None:
    with pytest.raises(BadSetting) as caught:
        load(environment)
    assert str(caught.value) == told
