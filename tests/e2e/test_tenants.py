"""Two tenants in one house, through both doors; a key that is revoked in use; and no key in any log."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hotseat import Client, HotseatError, pb

from tests.e2e.house import House, new_id, running, tag, user
from tests.e2e.processes import until

STATIC = "a-static-key-of-the-settings-0123456789"


@dataclass
class Tenant:
    """Somebody with a key."""

    name: str
    key_id: str
    secret: str
    house: House

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}

    async def http(self, method: str, path: str, **fields: Any) -> httpx.Response:
        return await self.house.http.request(method, path, headers=self.headers, **fields)

    async def chat(self, messages: list[Any], conversation: str = "", **fields: Any) -> httpx.Response:
        headers = self.headers | ({"X-Conversation-ID": conversation} if conversation else {})
        body = {"model": "claude", "messages": messages, **fields}
        return await self.house.http.post("/v1/chat/completions", json=body, headers=headers)

    def client(self) -> Client:
        return Client(self.house.core.address, api_key=self.secret)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house in which every call needs a key, and that tells its log all that it ever tells."""
    async with running(
        tmp_path_factory.mktemp("tenants"), POOL_SIZE="3", HOTSEAT_API_KEY=STATIC, HOTSEAT_LOG_LEVEL="debug"
    ) as made:
        yield made


async def tenant(house: House, name: str, **fields: Any) -> Tenant:
    async with Client(house.core.address, api_key=STATIC) as admin:
        made = await admin.create_key(pb.CreateKeyRequest(name=name, tenant=name, **fields))
    return Tenant(name, made.key.key_id, made.secret, house)


pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_two_tenants_find_nothing_of_each_other(house: House) -> None:
    acme, umbrella = await tenant(house, "acme"), await tenant(house, "umbrella")
    same, words = new_id(), {acme.name: tag(), umbrella.name: tag()}
    for one in (acme, umbrella):
        answer = await one.chat([user(f"the word is {words[one.name]}")], same)
        assert answer.status_code == 200
    for one, foreign in ((acme, words["umbrella"]), (umbrella, words["acme"])):
        # What the model is shown is the tenant's own, though the conversation's name is the same.
        await one.chat([user(f"and now {tag()}")], same)
        asked = house.asked("and now")[-1]
        assert words[one.name] in json.dumps(asked.messages)
        assert foreign not in json.dumps(asked.messages)
        for path in ("/conversations", f"/conversations/{same}", "/v1/models"):
            assert foreign not in (await one.http("GET", path)).text
        async with one.client() as client:
            exported = b"".join([piece async for piece in client.export_conversation(same)])
            assert foreign.encode() not in exported


async def test_what_is_not_ones_own_does_not_exist(house: House) -> None:
    acme, umbrella = await tenant(house, "acme"), await tenant(house, "umbrella")
    mine = new_id()
    await acme.chat([user(tag())], mine)
    for method, path in (
        ("GET", f"/conversations/{mine}"),
        ("DELETE", f"/conversations/{mine}"),
        ("DELETE", f"/conversations/{mine}?purge=true&force=true"),
    ):
        answer = await umbrella.http(method, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "conversation_not_found")
    assert (await acme.http("GET", f"/conversations/{mine}")).status_code == 200
    async with umbrella.client() as client:
        assert mine not in {found.conversation_id for found in (await client.list_workers()).workers}


async def test_an_answer_under_an_idempotency_key_is_its_tenants_alone(house: House) -> None:
    acme, umbrella = await tenant(house, "acme"), await tenant(house, "umbrella")
    body = {"model": "claude", "messages": [user(f"[[n 3]] {tag()}")]}
    told = []
    for one in (acme, umbrella, acme):
        headers = one.headers | {"Idempotency-Key": "the-same"}
        answer = await house.http.post("/v1/chat/completions", json=body, headers=headers)
        assert answer.status_code == 200
        told.append((answer.headers["X-Conversation-ID"], answer.headers.get("Idempotent-Replayed")))
    assert told[0][0] == told[2][0] != told[1][0]
    assert [replayed for _, replayed in told] == [None, None, "true"]


async def test_a_key_that_is_revoked_loses_its_running_stream(house: House) -> None:
    acme = await tenant(house, "acme")
    word = tag()
    body = {"model": "claude", "messages": [user(f"[[tokens 2000]] [[delay 20]] {word}")], "stream": True}
    async with house.http.stream("POST", "/v1/chat/completions", json=body, headers=acme.headers) as answer:
        assert answer.status_code == 200
        lines = answer.aiter_lines()
        await anext(lines)
        async with Client(house.core.address, api_key=STATIC) as admin:
            await admin.revoke_key(acme.key_id)
        async with asyncio.timeout(15):
            rest = [line async for line in lines if line.startswith("data: ")]
    assert json.loads(rest[-1].removeprefix("data: "))["error"]["code"] == "invalid_api_key"
    assert (await acme.chat([user("more")])).status_code == 401


async def test_limits_reach_http(house: House) -> None:
    limited = await tenant(house, "limited", limits=pb.KeyLimits(tokens_per_day=5, requests_per_minute=9))
    first = await limited.chat([user(tag())])
    assert first.status_code == 200
    assert first.headers["x-ratelimit-limit-requests"] == "9"
    assert first.headers["x-ratelimit-remaining-requests"] == "8"
    second = await limited.chat([user(tag())])
    assert (second.status_code, second.json()["error"]["code"]) == (429, "insufficient_quota")
    assert second.headers["x-should-retry"] == "false"


async def test_the_calls_of_a_keys_turns_to_the_model_wait_for_one_another_and_for_no_other_keys(house: House) -> None:
    bounded = await tenant(house, "bounded", limits=pb.KeyLimits(concurrent_calls=1))
    other, (hanging, waiting) = await tenant(house, "unbounded"), (tag(), tag())
    first = asyncio.create_task(bounded.chat([user(f"[[hang after=1 secs=600]] {hanging}")]))
    await house.until_asked(hanging, deltas=1)
    second = asyncio.create_task(bounded.chat([user(waiting)]))
    log = house.directory / "core.log"
    await until(lambda: "waits for others of its key to end" in log.read_text(), 60, "a request waits")
    assert (await other.chat([user(tag())])).status_code == 200
    assert not house.asked(waiting)
    unbounded = pb.KeyLimitChanges(concurrent_calls=0)
    async with Client(house.core.address, api_key=STATIC) as admin:
        await admin.update_key(pb.UpdateKeyRequest(key_id=bounded.key_id, limits=unbounded))
    assert (await second).status_code == 200
    assert house.asked(waiting)
    first.cancel()


async def test_a_budget_that_is_spent_in_the_middle_of_a_turn_ends_it(house: House) -> None:
    spending, word = await tenant(house, "spending", limits=pb.KeyLimits(tokens_per_day=5)), tag()
    asked = f'[[call Bash {{"command": "true"}}]] [[then]] [[say done]] {word}'
    body = {"model": "claude-code", "messages": [user(asked)]}
    answer = await house.http.post("/v1/chat/completions", json=body, headers=spending.headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "insufficient_quota")
    assert len(house.asked(word)) == 1


async def test_no_key_is_in_any_log_or_worker(house: House) -> None:
    acme = await tenant(house, "acme")
    wrong = "hs_canary-that-opens-nothing-0123456789abcdef"
    for secret in (acme.secret, STATIC, wrong):
        headers = {"Authorization": f"Bearer {secret}"}
        await house.http.get("/v1/models", headers=headers)
        await house.http.get(f"/v1/models?key={secret}", headers=headers)
        await house.http.post("/v1/chat/completions", content=b"{", headers=headers)
        await house.http.get("/health", headers=headers | {"x-api-key": "another"})
        async with Client(house.core.address, api_key=secret) as client:
            try:
                await client.get_caller()
                await client.get_conversation("none")
            except HotseatError as error:
                assert secret not in str(error)  # noqa: PT017 - some of these succeed
    logged = (house.directory / "core.log").read_text() + (house.directory / "edge.log").read_text()
    environments = "".join(str(found) for found in house.processes())
    for secret in (acme.secret, STATIC):
        assert secret not in environments
        assert secret not in logged
    assert wrong not in logged
