"""Who may come in: by the name they call the server, and the page that they come from."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from hotseat_edge.gate import Gate, preflight
from hotseat_edge.openai.errors import ApiError
from hotseat_edge.settings import BadSetting, Settings, load

from tests.edge.conftest import HELLO, Edge

CHAT = "/v1/chat/completions"
APP = "https://app.example.com"


def outcome(gate: Gate, method: str = "GET", target: str | None = None, **headers: str) -> str | dict[str, str]:
    """What the gate allows, or the code of its refusal."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        return gate.check(method, given, target)
    except ApiError as error:
        return "bad_request" if error.status == 400 else str(error.code)


@pytest.mark.parametrize(
    ("host", "on_loopback", "for_all"),
    [
        ("localhost", True, True),
        ("LocalHost:3000", True, True),
        ("127.0.0.1:3000", True, True),
        ("127.8.9.1", True, True),
        ("[::1]:3000", True, True),
        ("own.example.com:443", True, True),
        ("a.b.wild.example", True, True),
        ("192.168.1.7:3000", False, True),
        ("[2001:db8::1]", False, True),
        ("wild.example", False, False),
        ("evil.com", False, False),
        ("0.0.0.0:3000", False, False),
        ("[::]", False, False),
        ("127.0.0.1.evil.com", False, False),
        ("localhost.", False, False),
        ("localhost.evil.com", False, False),
        ("own.example.com.evil.com", False, False),
        ("[::ffff:127.0.0.1]", False, True),
        ("127.1", False, False),
        ("2130706433", False, False),
        ("0x7f.1", False, False),
        ("localhost:3000:1", False, False),
        ("localhost@evil.com", False, False),
        ("localhost/evil", False, False),
        ("localhost, evil.com", False, False),
        ("local host", False, False),
        ("[localhost]", False, False),
        ("localhost\u00e9", False, False),
    ],
)
def test_a_server_answers_to_its_own_names(host: str, on_loopback: bool, for_all: bool) -> None:
    names = ("own.example.com", ".wild.example")
    for bound, expected in (("127.0.0.1", on_loopback), ("0.0.0.0", for_all)):
        found = outcome(Gate(bound, names, ()), Host=host)
        assert found == ({} if expected else "host_not_allowed"), bound
        assert outcome(Gate(bound, names, ()), Host="localhost", target=host) == found


def test_a_name_that_the_server_is_bound_to_is_its_own() -> None:
    assert outcome(Gate("Edge.internal", (), ()), Host="edge.internal:3000") == {}


def test_a_request_without_a_name_is_none() -> None:
    assert outcome(Gate("127.0.0.1", (), ())) == "bad_request"


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("POST", {}, {}),
        ("POST", {"Origin": "http://localhost:3000"}, {}),
        ("POST", {"Origin": "https://localhost:3000", "Sec_Fetch_Site": "same-origin"}, {}),
        ("POST", {"Origin": "http://localhost:3001"}, "origin_not_allowed"),
        ("POST", {"Origin": "http://localhost"}, "origin_not_allowed"),
        ("POST", {"Origin": "http://127.0.0.1:3000"}, "origin_not_allowed"),
        ("POST", {"Origin": "https://evil.com"}, "origin_not_allowed"),
        ("POST", {"Origin": "https://evil.com#localhost:3000"}, "origin_not_allowed"),
        ("POST", {"Origin": "null"}, "origin_not_allowed"),
        ("POST", {"Origin": ""}, "origin_not_allowed"),
        ("POST", {"Origin": APP + ".evil.com"}, "origin_not_allowed"),
        ("POST", {"Sec_Fetch_Site": "none"}, {}),
        ("POST", {"Sec_Fetch_Site": "cross-site"}, "origin_not_allowed"),
        ("POST", {"Sec_Fetch_Site": "same-site"}, "origin_not_allowed"),
        ("GET", {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}, "origin_not_allowed"),
        ("GET", {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}, {}),
        (
            "GET",
            {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"},
            "origin_not_allowed",
        ),
        (
            "POST",
            {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"},
            "origin_not_allowed",
        ),
    ],
)
def test_a_page_of_another_site_stays_outside(
    method: str, headers: dict[str, str], expected: str | dict[str, str]
) -> None:
    gate = Gate("127.0.0.1", (), (APP,))
    assert outcome(gate, method, Host="localhost:3000", **headers) == expected


def test_a_page_that_was_allowed_may_read_the_answers() -> None:
    allowed = outcome(Gate("127.0.0.1", (), (APP,)), "POST", Host="localhost", Origin=APP, Sec_Fetch_Site="cross-site")
    assert isinstance(allowed, dict)
    assert (allowed["Access-Control-Allow-Origin"], allowed["Vary"]) == (APP, "Origin")
    assert preflight("POST", {"Access-Control-Request-Method": "POST"}, allowed) is None
    assert preflight("OPTIONS", {}, allowed) is None


@pytest.mark.parametrize(
    ("wanted", "granted"),
    [("authorization, content-type, x-stainless-os", True), ("", True), ("a\r\nb: c", False), ("x" * 2000, False)],
)
def test_a_page_that_was_allowed_may_send_the_headers_that_it_asks_for(wanted: str, granted: bool) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": wanted}
    answer = preflight("OPTIONS", asked, {"Access-Control-Allow-Origin": APP})
    assert answer is not None
    assert answer["Access-Control-Allow-Headers"] == (wanted if granted else "")


class TestAServer:
    """The same, over HTTP."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(port=0, cors_origins=(APP,))

    @pytest.mark.parametrize(
        ("headers", "code"),
        [
            ({"Host": "evil.com"}, "host_not_allowed"),
            ({"Origin": "https://evil.com"}, "origin_not_allowed"),
            ({"Sec-Fetch-Site": "cross-site"}, "origin_not_allowed"),
        ],
    )
    @pytest.mark.parametrize("path", [CHAT, "/livez", "/no/such/path", "/metrics"])
    async def test_whatever_is_turned_away_reaches_no_route(
        self, edge: Edge, path: str, headers: Mapping[str, str], code: str
    ) -> None:
        for method in ("POST", "GET", "OPTIONS", "DELETE"):
            response = await edge.http.request(method, path, json=HELLO, headers=headers)
            assert (response.status_code, response.json()["error"]["code"]) == (403, code)
            assert response.headers["x-request-id"]
            assert not [name for name in response.headers if name.startswith("access-control-")]
        assert edge.core.openings == []

    async def test_a_foreign_page_is_told_no_before_it_sends(self, edge: Edge) -> None:
        asking = {"Origin": "https://evil.com", "Access-Control-Request-Method": "POST"}
        assert (await edge.http.options(CHAT, headers=asking)).status_code == 403

    async def test_an_allowed_page_asks_sends_and_reads(self, edge: Edge) -> None:
        asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        asking |= {"Access-Control-Request-Private-Network": "true"}
        asked = await edge.http.options(CHAT, headers={"Origin": APP} | asking)
        assert (asked.status_code, asked.content) == (204, b"")
        assert asked.headers["access-control-allow-origin"] == APP
        assert asked.headers["access-control-allow-headers"] == "authorization"
        assert asked.headers["access-control-allow-private-network"] == "true"
        headers = {"Origin": APP, "Sec-Fetch-Site": "cross-site"}
        for path, status in ((CHAT, 200), ("/nope", 404)):
            response = await edge.http.post(path, json=HELLO, headers=headers)
            assert (response.status_code, response.headers["access-control-allow-origin"]) == (status, APP)
        streamed = await edge.http.post(CHAT, json=HELLO | {"stream": True}, headers=headers)
        assert (streamed.status_code, streamed.headers["access-control-allow-origin"]) == (200, APP)

    async def test_requests_that_were_turned_away_are_counted_without_a_route(self, edge: Edge) -> None:
        await edge.http.get("/livez", headers={"Host": "evil.com"})
        told = (await edge.http.get("/metrics")).text
        assert 'hotseat_http_requests_total{method="GET",route="other",status="403"} 1.0' in told

    async def test_no_answer_may_be_framed_sniffed_or_taken_for_a_page(self, edge: Edge) -> None:
        answers: list[httpx.Response] = [
            await edge.http.post(CHAT, json=HELLO),
            await edge.http.post(CHAT, json=HELLO | {"stream": True}),
            await edge.http.get("/nope"),
            await edge.http.get("/livez", headers={"Host": "evil.com"}),
        ]
        for answer in answers:
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["server"] == "hotseat"


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("HOTSEAT_ALLOWED_HOSTS", "A.example.com, .b.example,10.0.0.1", ("a.example.com", ".b.example", "10.0.0.1")),
        ("HOTSEAT_ALLOWED_HOSTS", "fe80::1", ("fe80::1",)),
        ("HOTSEAT_CORS_ORIGINS", "https://a.example.com:8443,app://obsidian.md", ("https://a.example.com:8443", "app://obsidian.md")),
    ],
)  # fmt: skip
def test_names_and_origins_are_read_from_a_list(name: str, value: str, read: tuple[str, ...]) -> None:
    found: Any = load({name: value})
    assert read in (found.allowed_hosts, found.cors_origins)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOTSEAT_ALLOWED_HOSTS", "*"),
        ("HOTSEAT_ALLOWED_HOSTS", "localhost:3000"),
        ("HOTSEAT_ALLOWED_HOSTS", "https://a.example.com"),
        ("HOTSEAT_CORS_ORIGINS", "*"),
        ("HOTSEAT_CORS_ORIGINS", "https://*.example.com"),
        ("HOTSEAT_CORS_ORIGINS", "null"),
        ("HOTSEAT_CORS_ORIGINS", "app.example.com"),
        ("HOTSEAT_CORS_ORIGINS", "https://app.example.com/"),
    ],
)
def test_what_would_let_everybody_in_is_no_setting(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"^{name}=.*: expected "):
        load({name: value})
