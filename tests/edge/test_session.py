"""The pages' sessions: a cookie that is of no use alone, and a header that only a page of this origin can send."""

from collections.abc import AsyncIterator

import httpx
import pytest
from hotseat import pb
from hotseat_edge import cookies
from hotseat_edge.app import serve
from hotseat_edge.settings import Settings

from tests.edge.conftest import Edge
from tests.fakes.core import FakeCore, serving

KEY = "hs_user"
ELSEWHERE = "https://app.example.com"


@pytest.fixture
async def keyed() -> AsyncIterator[Edge]:
    core = FakeCore()
    core.callers = {
        KEY: pb.GetCallerResponse(auth_mode=pb.AUTH_MODE_KEYS, tenant="acme", scopes=[pb.SCOPE_CONVERSE], key_name="me")
    }
    async with (
        serving(core) as target,
        serve(Settings(port=0, core_target=target, cors_origins=(ELSEWHERE,))) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as http,
    ):
        yield Edge(url, core, http)


async def log_in(edge: Edge, code: str = "", **headers: str) -> httpx.Response:
    return await edge.http.post("/login", json={"code": code}, headers={"X-Hotseat-CSRF": "1", **headers})


async def test_a_link_s_code_begins_a_session_once(keyed: Edge) -> None:
    keyed.core.logins.codes["hs_login_x"] = KEY
    answer = await log_in(keyed, "hs_login_x")
    told = answer.json()
    assert (answer.status_code, told["tenant"], told["scopes"], told["key_name"]) == (200, "acme", ["converse"], "me")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"hotseat_session_{keyed.port}=hs_session_")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert told["csrf"] not in cookie
    assert (await log_in(keyed, "hs_login_x")).status_code == 401


async def test_a_session_does_what_its_key_does_until_it_is_ended(keyed: Edge) -> None:
    half = (await log_in(keyed, Authorization=f"Bearer {KEY}")).json()["csrf"]
    assert (await keyed.http.get("/v1/models")).status_code == 401  # the cookie alone
    shown = {"X-Hotseat-CSRF": half}
    assert (await keyed.http.get("/v1/models", headers=shown)).status_code == 200
    assert (await keyed.http.get("/session", headers=shown)).json()["tenant"] == "acme"
    ended = await keyed.http.delete("/session", headers=shown)
    assert (ended.status_code, "Max-Age=0" in ended.headers["set-cookie"]) == (200, True)
    assert len(keyed.core.logins.ended) == 1
    assert KEY not in keyed.core.logins.ended


@pytest.mark.parametrize(
    "more",
    [
        {"Origin": ELSEWHERE},
        {"Sec-Fetch-Site": "same-site", "Origin": ELSEWHERE},
        {"X-Hotseat-CSRF": "1"},
        {"X-Hotseat-CSRF": ""},
        {"X-Hotseat-CSRF": "x" * 300},
    ],
)
async def test_no_page_of_another_origin_can_use_a_session_though_it_may_converse(
    keyed: Edge, more: dict[str, str]
) -> None:
    half = (await log_in(keyed, Authorization=f"Bearer {KEY}")).json()["csrf"]
    answer = await keyed.http.get("/v1/models", headers={"X-Hotseat-CSRF": half, **more})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"), [({"Origin": ELSEWHERE}, 403), ({"X-Hotseat-CSRF": ""}, 200), ({"Authorization": ""}, 401)]
)
async def test_only_our_own_pages_log_in(keyed: Edge, headers: dict[str, str], status: int) -> None:
    assert (await log_in(keyed, **{"Authorization": f"Bearer {KEY}", **headers})).status_code == status


async def test_without_the_header_nobody_logs_in(keyed: Edge) -> None:
    answer = await keyed.http.post("/login", json={}, headers={"Authorization": f"Bearer {KEY}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf_header_missing")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"code": 1}', b'{"key": "x"}'])
async def test_a_login_that_makes_no_sense_is_refused(keyed: Edge, body: bytes) -> None:
    headers = {"X-Hotseat-CSRF": "1", "Content-Type": "application/json"}
    assert (await keyed.http.post("/login", content=body, headers=headers)).status_code == 400


def test_a_cookie_is_secure_where_the_page_came_by_tls_and_is_its_port_s_own() -> None:
    plain = {"Host": "127.0.0.1:3000", "Origin": "http://127.0.0.1:3000"}
    secure = {"Host": "hotseat.example.com", "Origin": "https://hotseat.example.com"}
    kept = "x; Path=/; Max-Age=60; HttpOnly; SameSite=Strict"
    assert cookies.keeping(plain, "x", 60) == f"hotseat_session_3000={kept}"
    assert cookies.keeping(secure, "x", 60) == f"hotseat_session={kept}; Secure"


@pytest.mark.parametrize("cookie", ["", "hotseat_session", "=;;=", 'hotseat_session="\x00', "other=1"])
def test_a_cookie_that_is_none_is_no_session(cookie: str) -> None:
    assert cookies.session_in({"Host": "localhost", "Cookie": cookie, "X-Hotseat-CSRF": "abc"}) == ""
