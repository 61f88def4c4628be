"""Keys over HTTP, before a core that has some."""

from typing import Any

import pytest
from hotseat import pb

from tests.edge.conftest import Edge

STEERING = {"X-Hotseat-CSRF": "1"}


async def make(edge: Edge, **wanted: Any) -> Any:
    answer = await edge.http.post("/admin/keys", json=wanted, headers=STEERING)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def test_a_key_is_made_with_its_secret_listed_without_and_revoked(edge: Edge) -> None:
    made = await make(edge, name="web", tenant="acme", limits={"usd_per_day": 2.5}, expires_in_seconds=3600)
    assert made["secret"] == "hs_secret-of-key_1"
    assert (made["key"]["name"], made["key"]["tenant"], made["key"]["scopes"]) == ("web", "acme", ["converse"])
    (wanted,) = edge.core.wanted
    assert (wanted.limits.usd_per_day, wanted.HasField("expire_time")) == (2.5, True)
    await make(edge, name="two", scopes=["converse", "admin"])
    await make(edge, name="three")
    edge.core.keys[0].use_today.CopyFrom(pb.KeyUse(request_count=3, token_count=500, cost_usd=0.25))
    listed = (await edge.http.get("/admin/keys")).json()
    assert [key["name"] for key in listed["keys"]] == ["web", "two", "three"]  # of every page
    assert listed["keys"][0]["use_today"] == {"request_count": 3, "token_count": 500, "cost_usd": 0.25}
    assert "secret" not in str(listed)
    revoked = await edge.http.delete("/admin/keys/key_1", headers=STEERING)
    assert revoked.json()["key"]["revoke_time"] == "2027-01-15T08:00:00Z"
    missing = await edge.http.delete("/admin/keys/none", headers=STEERING)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "key_not_found")


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"name": ""},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["root"]},
        {"name": "x", "limits": {"usd_per_day": -1}},
        {"name": "x", "limits": {"usd": 1}},
        {"name": "x", "expires_in_seconds": 0},
        {"name": "x", "nmae": "y"},
    ],
)
async def test_a_key_that_makes_no_sense_is_refused(edge: Edge, wanted: dict[str, Any]) -> None:
    answer = await edge.http.post("/admin/keys", json=wanted, headers=STEERING)
    assert (answer.status_code, edge.core.wanted) == (400, [])


@pytest.mark.parametrize(("method", "path"), [("POST", "/admin/keys"), ("DELETE", "/admin/keys/key_1")])
async def test_keys_are_changed_with_the_header_alone_and_from_our_own_pages(
    edge: Edge, method: str, path: str
) -> None:
    plain = await edge.http.request(method, path, json={"name": "x"})
    assert (plain.status_code, plain.json()["error"]["code"]) == (403, "csrf_header_missing")
    foreign = await edge.http.request(
        method, path, json={"name": "x"}, headers=STEERING | {"Origin": "http://x.example"}
    )
    assert foreign.status_code == 403
    assert edge.core.wanted == []
